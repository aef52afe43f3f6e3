//! Six years in a row with their movies: a recursive series joined with aggregates.

use dataset::Operation;
use stormdb_plugin_api::{
    Error, Host, Outcome, Result, Rng, Session, Statement, describe::Class, params,
};

use crate::movies::Movies;

const SQL: &str = "WITH RECURSIVE series (year) AS ( \
         SELECT $1::integer UNION ALL SELECT year + 1 FROM series WHERE year < $1::integer + 5 \
     ), released AS ( \
         SELECT year, count(*) AS movies, avg(imdb_rating) AS rating, sum(upvotes) AS upvotes \
         FROM stormdb_imdb.movies_normalized_meta \
         WHERE year BETWEEN $1::integer AND $1::integer + 5 GROUP BY year \
     ) \
     SELECT series.year, coalesce(movies, 0) AS movies, rating, upvotes, \
         sum(coalesce(movies, 0)) OVER (ORDER BY series.year)::bigint AS movies_so_far, \
         avg(rating) OVER (ORDER BY series.year ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) \
             AS moving_rating \
     FROM series LEFT JOIN released USING (year) ORDER BY series.year";

const YEARS: i32 = 6;

#[derive(Clone, Copy)]
pub(crate) struct YearTrend(Statement);

impl Operation<Movies> for YearTrend {
    const NAME: &'static str = "year-trend";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str =
        "Six years in a row with their movies: a recursive series joined with aggregates";

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
        let first = movie.year - rng.i32(0..YEARS);
        let rows = db.query(self.0, params![first]).await?;
        let movies: i64 = match rows.iter().last() {
            Some(last) => last.get(4)?,
            None => 0,
        };
        if rows.len() != u64::from(YEARS.unsigned_abs()) || movies == 0 {
            let found = rows.len();
            return Err(Error::workload(format!(
                "{YEARS} years with movies from {first} on were expected, {found} came with \
                 {movies} movies"
            )));
        }
        Ok(Outcome::read(rows.len()))
    }
}
