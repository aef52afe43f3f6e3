//! The movies of a country ranked in several ways: window functions.

use dataset::{Operation, found};
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::movies::Movies;

const SQL: &str = "SELECT ai_myid, title, year, imdb_rating, \
         row_number() OVER by_rating AS place, \
         rank() OVER (PARTITION BY year ORDER BY imdb_rating DESC) AS place_in_year, \
         dense_rank() OVER (ORDER BY upvotes DESC) AS place_by_upvotes, \
         lag(imdb_rating) OVER by_rating AS better, \
         lead(imdb_rating) OVER by_rating AS worse, \
         avg(imdb_rating) OVER (PARTITION BY year) AS rating_of_year, \
         percent_rank() OVER (ORDER BY imdb_rating) AS percentile \
     FROM stormdb_imdb.movies_normalized_meta WHERE country = $1 \
     WINDOW by_rating AS (ORDER BY imdb_rating DESC, ai_myid) \
     ORDER BY place LIMIT 20";

#[derive(Clone, Copy)]
pub(crate) struct CountryRanking(Statement);

impl Operation<Movies> for CountryRanking {
    const NAME: &'static str = "country-ranking";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str = "The movies of a country ranked in several ways: window functions";

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
        let rows = db.query(self.0, params![movie.country]).await?;
        found(&rows, 1)
    }
}
