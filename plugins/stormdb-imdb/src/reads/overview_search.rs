//! Movies whose overview has a word anywhere: a scan, since no index serves it.

use dataset::{Operation, found};
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::movies::Movies;

const SQL: &str = "SELECT ai_myid, title, overview FROM stormdb_imdb.movies_normalized_meta \
     WHERE overview ILIKE $1 LIMIT 5";

#[derive(Clone, Copy)]
pub(crate) struct OverviewSearch(Statement);

impl Operation<Movies> for OverviewSearch {
    const NAME: &'static str = "overview-search";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str =
        "Movies whose overview has a word anywhere: a scan, since no index serves it";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(
        &self,
        dataset: &Movies,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        let overview = dataset.catalogue.overview(dataset.any_movie(rng))?;
        let longest = overview.split([' ', '.']).max_by_key(|word| word.len()).unwrap_or_default();
        let rows = db.query(self.0, params![&format!("%{longest}%")]).await?;
        found(&rows, 1)
    }
}
