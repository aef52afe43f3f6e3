//! Sets the rating of a movie and adds upvotes.

use dataset::{Operation, wrote_one};
use stormdb_plugin_api::{
    Host, Numeric, Outcome, Result, Rng, Session, Statement, describe::Class, params,
};

use crate::{
    catalogue::{TOP_RATED, TOP_RATING},
    movies::Movies,
};

const SQL: &str = "UPDATE stormdb_imdb.movies_normalized_meta \
     SET imdb_rating = $2, upvotes = upvotes + $3 WHERE ai_myid = $1";

#[derive(Clone, Copy)]
pub(crate) struct RateMovie(Statement);

impl Operation<Movies> for RateMovie {
    const NAME: &'static str = "rate-movie";
    const CLASS: Class = Class::Write;
    const ABOUT: &'static str = "Sets the rating of a movie and adds upvotes";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(
        &self,
        dataset: &Movies,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        let movie = dataset.any_movie(rng);
        let drawn = rng.i32(100..=TOP_RATING);
        let rating = if movie == TOP_RATED { TOP_RATING } else { drawn };
        let rating = Numeric::new(rating.into(), 2);
        let upvotes = rng.i32(1..=50);
        wrote_one(db.execute(self.0, params![movie, &rating, upvotes]).await?)
    }
}
