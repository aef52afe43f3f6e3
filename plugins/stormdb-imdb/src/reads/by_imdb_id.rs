//! One movie by its public identifier: a unique index.

use dataset::Operation;
use stormdb_plugin_api::{
    Error, Host, Outcome, Result, Rng, Session, Statement, describe::Class, params,
};

use crate::{catalogue::imdb_id, movies::Movies};

const SQL: &str = "SELECT ai_myid, title, imdb_rating, year, country \
     FROM stormdb_imdb.movies_normalized_meta WHERE imdb_id = $1";

#[derive(Clone, Copy)]
pub(crate) struct ByImdbId(Statement);

impl Operation<Movies> for ByImdbId {
    const NAME: &'static str = "by-imdb-id";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str = "One movie by its public identifier: a unique index";

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
        let imdb_id = imdb_id(movie);
        let rows = db.query(self.0, params![&imdb_id]).await?;
        let read: i32 = rows.one()?.get(0)?;
        if read != movie {
            return Err(Error::workload(format!("{imdb_id} is movie {read}, not {movie}")));
        }
        Ok(Outcome::read(1))
    }
}
