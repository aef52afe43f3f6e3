//! Adds an actor; the identifiers follow from the sequence, so that workers never collide.

use datagen_service::TextKind;
use dataset::{Operation, wrote_one};
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::movies::Movies;

const SQL: &str = "WITH new AS ( \
         SELECT nextval('stormdb_imdb.movies_normalized_actors_ai_actor_id_seq')::integer AS id \
     ) \
     INSERT INTO stormdb_imdb.movies_normalized_actors (ai_actor_id, actor_id, actor_name) \
     SELECT id, 'nm' || lpad(id::text, greatest(7, length(id::text)), '0'), $1::text FROM new";

#[derive(Clone, Copy)]
pub(crate) struct InsertActor(Statement);

impl Operation<Movies> for InsertActor {
    const NAME: &'static str = "insert-actor";
    const CLASS: Class = Class::Write;
    const ABOUT: &'static str =
        "Adds an actor; the identifiers follow from the sequence, so that workers never collide";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(
        &self,
        dataset: &Movies,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        let name = dataset.catalogue.datagen().text(TextKind::Name, rng.u64(..), 0)?;
        wrote_one(db.execute(self.0, params![&name]).await?)
    }
}
