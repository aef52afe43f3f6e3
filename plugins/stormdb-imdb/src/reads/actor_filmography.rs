//! The newest movies of an actor.

use dataset::{Operation, found};
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::{catalogue::cast_size, movies::Movies};

const SQL: &str = "SELECT movie.ai_myid, movie.title, movie.year, played.actor_character \
     FROM stormdb_imdb.movies_normalized_cast AS played \
     JOIN stormdb_imdb.movies_normalized_meta AS movie USING (ai_myid) \
     WHERE played.ai_actor_id = $1 ORDER BY movie.year DESC, movie.ai_myid DESC LIMIT 20";

#[derive(Clone, Copy)]
pub(crate) struct ActorFilmography(Statement);

impl Operation<Movies> for ActorFilmography {
    const NAME: &'static str = "actor-filmography";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str = "The newest movies of an actor";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(
        &self,
        dataset: &Movies,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        // An actor of some movie; not every actor has one.
        let movie = dataset.any_movie(rng);
        let position = rng.i32(0..cast_size(movie));
        let actor = dataset.catalogue.cast_actor(movie, position);
        let rows = db.query(self.0, params![actor]).await?;
        found(&rows, 1)
    }
}
