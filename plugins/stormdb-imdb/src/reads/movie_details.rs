//! A movie's page: the movie, then its whole cast, in two queries.

use dataset::{Operation, found};
use stormdb_plugin_api::{
    Error, Host, Outcome, Result, Rng, Session, Statement, describe::Class, params,
};

use crate::{catalogue::cast_size, movies::Movies};

const MOVIE: &str = "SELECT ai_myid, imdb_id, title, imdb_rating, year, country, overview, \
     json_column, upvotes, downvotes FROM stormdb_imdb.movies_normalized_meta WHERE ai_myid = $1";
const CAST: &str = "SELECT actor.ai_actor_id, actor.actor_name, played.actor_character \
     FROM stormdb_imdb.movies_normalized_cast AS played \
     JOIN stormdb_imdb.movies_normalized_actors AS actor USING (ai_actor_id) \
     WHERE played.ai_myid = $1 ORDER BY actor.actor_name";

#[derive(Clone, Copy)]
pub(crate) struct MovieDetails {
    movie: Statement,
    cast: Statement,
}

impl Operation<Movies> for MovieDetails {
    const NAME: &'static str = "movie-details";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str = "A movie's page: the movie, then its whole cast, in two queries";

    fn register(host: &Host) -> Self {
        Self { movie: host.statement(MOVIE), cast: host.statement(CAST) }
    }

    async fn execute(
        &self,
        dataset: &Movies,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        let movie = dataset.any_movie(rng);
        let read: i32 = db.query(self.movie, params![movie]).await?.one()?.get(0)?;
        if read != movie {
            return Err(Error::workload(format!("movie {read} came, {movie} was asked for")));
        }
        let cast = db.query(self.cast, params![movie]).await?;
        let cast = found(&cast, cast_size(movie).unsigned_abs().into())?;
        Ok(Outcome::read(1 + cast.rows_read))
    }
}
