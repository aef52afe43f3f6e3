//! The newest comments of a movie: an ordered scan of a composite index.

use dataset::{Operation, found};
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::{catalogue::COMMENTS_PER_MOVIE, movies::Movies};

const SQL: &str = "SELECT comment_id, rating, comment, comment_add_time \
     FROM stormdb_imdb.movies_normalized_user_comments \
     WHERE ai_myid = $1 ORDER BY comment_add_time DESC LIMIT 15";

#[derive(Clone, Copy)]
pub(crate) struct MovieComments(Statement);

impl Operation<Movies> for MovieComments {
    const NAME: &'static str = "movie-comments";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str =
        "The newest comments of a movie: an ordered scan of a composite index";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(
        &self,
        dataset: &Movies,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        let rows = db.query(self.0, params![dataset.any_movie(rng)]).await?;
        found(&rows, COMMENTS_PER_MOVIE.unsigned_abs().into())
    }
}
