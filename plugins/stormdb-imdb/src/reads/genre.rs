//! The most liked movies of a genre: JSON containment, which the GIN index serves.

use dataset::{Operation, found};
use serde::Serialize;
use stormdb_plugin_api::{
    Host, Json, Outcome, Result, Rng, Session, Statement, describe::Class, params,
};

use crate::{catalogue::json, movies::Movies};

const SQL: &str = "SELECT ai_myid, title, upvotes, json_column \
     FROM stormdb_imdb.movies_normalized_meta \
     WHERE json_column @> $1 ORDER BY upvotes DESC LIMIT 10";

/// What the documents must contain.
#[derive(Serialize)]
struct Wanted {
    genre: &'static str,
}

#[derive(Clone, Copy)]
pub(crate) struct Genre(Statement);

impl Operation<Movies> for Genre {
    const NAME: &'static str = "genre";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str =
        "The most liked movies of a genre: JSON containment, which the GIN index serves";

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
        let document = json(&Wanted { genre: movie.genre })?;
        let rows = db.query(self.0, params![Json(&document)]).await?;
        found(&rows, 1)
    }
}
