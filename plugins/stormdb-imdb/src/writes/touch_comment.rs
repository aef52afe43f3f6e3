//! Marks one comment of a movie as changed.

use dataset::{Operation, wrote_one};
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::{catalogue::COMMENTS_PER_MOVIE, movies::Movies};

const SQL: &str = "UPDATE stormdb_imdb.movies_normalized_user_comments \
     SET comment_update_time = now() WHERE comment_id = ( \
         SELECT comment_id FROM stormdb_imdb.movies_normalized_user_comments \
         WHERE ai_myid = $1 ORDER BY comment_id LIMIT 1 OFFSET $2)";

#[derive(Clone, Copy)]
pub(crate) struct TouchComment(Statement);

impl Operation<Movies> for TouchComment {
    const NAME: &'static str = "touch-comment";
    const CLASS: Class = Class::Write;
    const ABOUT: &'static str = "Marks one comment of a movie as changed";

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
        let comment = rng.i64(0..COMMENTS_PER_MOVIE.into());
        wrote_one(db.execute(self.0, params![movie, comment]).await?)
    }
}
