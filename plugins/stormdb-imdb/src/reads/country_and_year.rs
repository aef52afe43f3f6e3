//! The best movies of a country in a year: a composite index.

use dataset::{Operation, found};
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::movies::Movies;

const SQL: &str = "SELECT ai_myid, title, imdb_rating FROM stormdb_imdb.movies_normalized_meta \
     WHERE country = $1 AND year = $2 ORDER BY imdb_rating DESC LIMIT 10";

#[derive(Clone, Copy)]
pub(crate) struct CountryAndYear(Statement);

impl Operation<Movies> for CountryAndYear {
    const NAME: &'static str = "country-and-year";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str = "The best movies of a country in a year: a composite index";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(
        &self,
        dataset: &Movies,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        let movie = dataset.catalogue.movie(dataset.any_movie(rng));
        let rows = db.query(self.0, params![movie.country, movie.year]).await?;
        found(&rows, 1)
    }
}
