//! Logs that a user watched a movie.

use datagen_service::TextKind;
use dataset::{Operation, wrote_one};
use stormdb_plugin_api::{
    Host, Json, Outcome, Result, Rng, Session, Statement, describe::Class, params,
};

use crate::{
    catalogue::{DEVICES, VIEW_MINUTES, ViewDocument, imdb_id, json},
    movies::Movies,
};

const SQL: &str = "INSERT INTO stormdb_imdb.movies_viewed_logs (ai_myid, imdb_id, watched_time, \
         watched_user_id, time_watched_sec, encoded_data, json_payload) \
     VALUES ($1, $2, now(), $3, $4, $5, $6)";

#[derive(Clone, Copy)]
pub(crate) struct LogView(Statement);

impl Operation<Movies> for LogView {
    const NAME: &'static str = "log-view";
    const CLASS: Class = Class::Write;
    const ABOUT: &'static str = "Logs that a user watched a movie";

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
        let user = rng.i32(1..=dataset.catalogue.users());
        let minutes = rng.i32(VIEW_MINUTES);
        let device = DEVICES[rng.usize(..DEVICES.len())];
        let token = dataset.catalogue.datagen().text(TextKind::Token, rng.u64(..), 0)?;
        let imdb_id = imdb_id(movie);
        let payload = json(&ViewDocument { imdb_id: &imdb_id, device, minutes })?;
        let written = params![movie, &imdb_id, user, minutes * 60, &token, Json(&payload)];
        wrote_one(db.execute(self.0, written).await?)
    }
}
