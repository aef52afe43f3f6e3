//! Well-rated movies with their cast, comments and viewers: several aggregates joined and ranked.

use dataset::{Operation, found};
use stormdb_plugin_api::{
    Host, Numeric, Outcome, Result, Rng, Session, Statement, describe::Class, params,
};

use crate::movies::Movies;

const SQL: &str = "WITH rated AS ( \
         SELECT ai_myid, title, year, imdb_rating, upvotes \
         FROM stormdb_imdb.movies_normalized_meta WHERE imdb_rating >= $1 \
     ), casts AS ( \
         SELECT ai_myid, count(*) AS cast_size \
         FROM stormdb_imdb.movies_normalized_cast JOIN rated USING (ai_myid) GROUP BY ai_myid \
     ), comments AS ( \
         SELECT ai_myid, count(*) AS comments, avg(rating) AS rating, \
             max(comment_add_time) AS newest \
         FROM stormdb_imdb.movies_normalized_user_comments JOIN rated USING (ai_myid) \
         GROUP BY ai_myid \
     ), views AS ( \
         SELECT ai_myid, count(DISTINCT watched_user_id) AS viewers \
         FROM stormdb_imdb.movies_viewed_logs JOIN rated USING (ai_myid) GROUP BY ai_myid \
     ) \
     SELECT ai_myid, title, year, imdb_rating, coalesce(cast_size, 0) AS cast_size, \
         coalesce(comments, 0) AS comments, comments.rating AS comment_rating, newest, \
         coalesce(viewers, 0) AS viewers, \
         ntile(4) OVER (ORDER BY imdb_rating DESC, ai_myid) AS quartile, \
         percent_rank() OVER (ORDER BY imdb_rating) AS percentile, \
         rank() OVER (PARTITION BY year ORDER BY coalesce(viewers, 0) DESC) AS popularity_in_year \
     FROM rated LEFT JOIN casts USING (ai_myid) LEFT JOIN comments USING (ai_myid) \
     LEFT JOIN views USING (ai_myid) \
     ORDER BY imdb_rating DESC, viewers DESC, ai_myid LIMIT 15";

#[derive(Clone, Copy)]
pub(crate) struct MovieAnalytics(Statement);

impl Operation<Movies> for MovieAnalytics {
    const NAME: &'static str = "movie-analytics";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str = "Well-rated movies with their cast, comments and viewers: several aggregates joined and ranked";

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
        found(&rows, 1)
    }
}
