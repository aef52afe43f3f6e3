//! Movies whose title begins with a word: an index search by prefix.

use dataset::{Operation, found};
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::movies::Movies;

const SQL: &str = "SELECT ai_myid, title, year, imdb_rating \
     FROM stormdb_imdb.movies_normalized_meta \
     WHERE title LIKE $1 LIMIT 10";

#[derive(Clone, Copy)]
pub(crate) struct TitlePrefix(Statement);

impl Operation<Movies> for TitlePrefix {
    const NAME: &'static str = "title-prefix";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str = "Movies whose title begins with a word: an index search by prefix";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(
        &self,
        dataset: &Movies,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        let title = dataset.catalogue.title(dataset.any_movie(rng))?;
        let first = title.split(' ').next().unwrap_or_default();
        let rows = db.query(self.0, params![&format!("{first}%")]).await?;
        found(&rows, 1)
    }
}
