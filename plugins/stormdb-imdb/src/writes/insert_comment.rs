//! Adds a comment to a movie.

use datagen_service::TextKind;
use dataset::{Operation, wrote_one};
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::{catalogue::imdb_id, movies::Movies};

const SQL: &str = "INSERT INTO stormdb_imdb.movies_normalized_user_comments \
     (ai_myid, rating, comment, imdb_id) VALUES ($1, $2, $3, $4)";

#[derive(Clone, Copy)]
pub(crate) struct InsertComment(Statement);

impl Operation<Movies> for InsertComment {
    const NAME: &'static str = "insert-comment";
    const CLASS: Class = Class::Write;
    const ABOUT: &'static str = "Adds a comment to a movie";

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
        let rating = rng.i32(1..=10);
        let comment = dataset.catalogue.datagen().text(TextKind::Sentence, rng.u64(..), 0)?;
        let imdb_id = imdb_id(movie);
        wrote_one(db.execute(self.0, params![movie, rating, &comment, &imdb_id]).await?)
    }
}
