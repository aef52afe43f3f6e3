//! Movies of some years ranked within their genre: thirteen window functions.

use dataset::{Operation, found};
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::movies::Movies;

const SQL: &str = "SELECT ai_myid, title, genre, year, imdb_rating, \
         row_number() OVER by_rating AS place, \
         rank() OVER by_rating AS rank, \
         dense_rank() OVER by_rating AS dense_rank, \
         percent_rank() OVER by_rating AS percentile, \
         cume_dist() OVER by_rating AS share, \
         ntile(10) OVER by_rating AS decile, \
         lag(imdb_rating, 1, 0) OVER by_year AS rating_before, \
         lead(imdb_rating, 1, 0) OVER by_year AS rating_after, \
         first_value(title) OVER by_rating AS best, \
         last_value(title) OVER whole AS worst, \
         nth_value(title, 2) OVER whole AS second_best, \
         avg(imdb_rating) OVER (PARTITION BY genre ORDER BY year, ai_myid \
             ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS moving_rating, \
         sum(upvotes) OVER by_year AS upvotes_so_far \
     FROM (SELECT ai_myid, title, year, imdb_rating, upvotes, json_column ->> 'genre' AS genre \
           FROM stormdb_imdb.movies_normalized_meta WHERE year BETWEEN $1 AND $2) AS released \
     WINDOW by_rating AS (PARTITION BY genre ORDER BY imdb_rating DESC, ai_myid), \
         by_year AS (PARTITION BY genre ORDER BY year, ai_myid), \
         whole AS (PARTITION BY genre ORDER BY imdb_rating DESC, ai_myid \
             ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) \
     ORDER BY genre, place LIMIT 25";

#[derive(Clone, Copy)]
pub(crate) struct GenreWindows(Statement);

impl Operation<Movies> for GenreWindows {
    const NAME: &'static str = "genre-windows";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str =
        "Movies of some years ranked within their genre: thirteen window functions";

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
        let (before, after) = (rng.i32(0..=2), rng.i32(0..=2));
        let rows = db.query(self.0, params![movie.year - before, movie.year + after]).await?;
        found(&rows, 1)
    }
}
