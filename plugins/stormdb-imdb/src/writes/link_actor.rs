//! Puts an actor into the cast of a movie, where that role is not there yet.

use datagen_service::TextKind;
use dataset::Operation;
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::movies::Movies;

const SQL: &str = "INSERT INTO stormdb_imdb.movies_normalized_cast \
         (ai_actor_id, ai_myid, actor_character) \
     VALUES ($1, $2, $3) ON CONFLICT (ai_myid, ai_actor_id, actor_character) DO NOTHING";

#[derive(Clone, Copy)]
pub(crate) struct LinkActor(Statement);

impl Operation<Movies> for LinkActor {
    const NAME: &'static str = "link-actor";
    const CLASS: Class = Class::Write;
    const ABOUT: &'static str =
        "Puts an actor into the cast of a movie, where that role is not there yet";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(
        &self,
        dataset: &Movies,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        let (actor, movie) = (dataset.any_actor(rng), dataset.any_movie(rng));
        let character = dataset.catalogue.datagen().text(TextKind::Name, rng.u64(..), 0)?;
        // Nothing is written where the role is there already.
        let written = db.execute(self.0, params![actor, movie, &character]).await?;
        Ok(Outcome::written(written))
    }
}
