//! Actors with several films: span, best and worst, debut and latest, ranks and deciles.

use dataset::{Operation, found};
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::movies::Movies;

const SQL: &str = "WITH films AS ( \
         SELECT DISTINCT ai_actor_id, ai_myid FROM stormdb_imdb.movies_normalized_cast \
     ), careers AS ( \
         SELECT ai_actor_id, count(*) AS films, min(year) AS debut, max(year) AS latest, \
             max(year) - min(year) AS span, avg(imdb_rating) AS rating, \
             max(imdb_rating) AS best, min(imdb_rating) AS worst \
         FROM films JOIN stormdb_imdb.movies_normalized_meta USING (ai_myid) \
         GROUP BY ai_actor_id HAVING count(*) >= $1 \
     ) \
     SELECT ai_actor_id, actor_name, films, debut, latest, span, rating, best, worst, \
         rank() OVER (ORDER BY films DESC) AS place_by_films, \
         rank() OVER (ORDER BY rating DESC) AS place_by_rating, \
         ntile(10) OVER (ORDER BY rating DESC) AS decile \
     FROM careers JOIN stormdb_imdb.movies_normalized_actors USING (ai_actor_id) \
     ORDER BY films DESC, rating DESC, ai_actor_id LIMIT 20";

#[derive(Clone, Copy)]
pub(crate) struct ActorCareers(Statement);

impl Operation<Movies> for ActorCareers {
    const NAME: &'static str = "actor-careers";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str =
        "Actors with several films: span, best and worst, debut and latest, ranks and deciles";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(
        &self,
        dataset: &Movies,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        // In a small data set nobody has so many films.
        let films = rng.i64(3..=5).min(dataset.most_films.into());
        let rows = db.query(self.0, params![films]).await?;
        found(&rows, 1)
    }
}
