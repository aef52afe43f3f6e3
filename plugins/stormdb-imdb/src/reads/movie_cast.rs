//! The cast of a movie: a join with the actors.

use dataset::{Operation, found};
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::{catalogue::cast_size, movies::Movies};

const SQL: &str = "SELECT actor.ai_actor_id, actor.actor_name, played.actor_character \
     FROM stormdb_imdb.movies_normalized_cast AS played \
     JOIN stormdb_imdb.movies_normalized_actors AS actor USING (ai_actor_id) \
     WHERE played.ai_myid = $1 ORDER BY played.inc_id LIMIT 5";

#[derive(Clone, Copy)]
pub(crate) struct MovieCast(Statement);

impl Operation<Movies> for MovieCast {
    const NAME: &'static str = "movie-cast";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str = "The cast of a movie: a join with the actors";

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
        let rows = db.query(self.0, params![movie]).await?;
        found(&rows, cast_size(movie).unsigned_abs().into())
    }
}
