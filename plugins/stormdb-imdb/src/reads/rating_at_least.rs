//! The best movies from a minimum rating on: an ordered index scan.

use dataset::{Operation, found};
use stormdb_plugin_api::{
    Error, Host, Numeric, Outcome, Result, Rng, Session, Statement, describe::Class, params,
};

use crate::movies::Movies;

const SQL: &str = "SELECT ai_myid, title, year, imdb_rating \
     FROM stormdb_imdb.movies_normalized_meta \
     WHERE imdb_rating >= $1 ORDER BY imdb_rating DESC LIMIT 15";

#[derive(Clone, Copy)]
pub(crate) struct RatingAtLeast(Statement);

impl Operation<Movies> for RatingAtLeast {
    const NAME: &'static str = "rating-at-least";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str = "The best movies from a minimum rating on: an ordered index scan";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(
        &self,
        _dataset: &Movies,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        // The top-rated movie is above every minimum.
        let minimum = Numeric::new(rng.i64(60..100), 1);
        let rows = db.query(self.0, params![&minimum]).await?;
        let lowest = rows.iter().last().map(|row| row.get::<f64>(3)).transpose()?;
        if lowest.is_some_and(|lowest| minimum.to_f64().is_ok_and(|minimum| lowest < minimum)) {
            return Err(Error::workload(format!(
                "a movie below the rating {} came",
                minimum.as_str()
            )));
        }
        found(&rows, 1)
    }
}
