//! Adds a movie; its identifiers follow from the sequence, so that workers never collide.

use datagen_service::TextKind;
use dataset::{Operation, wrote_one};
use stormdb_plugin_api::{
    Host, Json, Numeric, Outcome, Result, Rng, Session, Statement, describe::Class, params,
};

use crate::{
    catalogue::{Movie, MovieDocument, json},
    movies::Movies,
};

const SQL: &str = "WITH new AS ( \
         SELECT nextval('stormdb_imdb.movies_normalized_meta_ai_myid_seq')::integer AS id \
     ) \
     INSERT INTO stormdb_imdb.movies_normalized_meta \
         (ai_myid, imdb_id, title, imdb_rating, year, country, overview, json_column, upvotes, \
          downvotes) \
     SELECT id, 'tt' || lpad(id::text, greatest(7, length(id::text)), '0'), 'New Movie ' || id, \
         $1::numeric, $2::integer, $3::text, $4::text, $5::jsonb, 0, 0 FROM new";

#[derive(Clone, Copy)]
pub(crate) struct InsertMovie(Statement);

impl Operation<Movies> for InsertMovie {
    const NAME: &'static str = "insert-movie";
    const CLASS: Class = Class::Write;
    const ABOUT: &'static str =
        "Adds a movie; its identifiers follow from the sequence, so that workers never collide";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(
        &self,
        dataset: &Movies,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        // Like a loaded movie, with texts of its own.
        let Movie { year, country, genre, runtime, budget, revenue, .. } =
            dataset.catalogue.movie(dataset.any_movie(rng));
        let datagen = dataset.catalogue.datagen();
        let director = datagen.text(TextKind::Name, rng.u64(..), 0)?;
        let overview = datagen.text(TextKind::Paragraph, rng.u64(..), 0)?;
        let rating = Numeric::new(rng.i64(10..=100), 1);
        let document =
            json(&MovieDocument { genre, director: &director, budget, revenue, runtime })?;
        let written = params![&rating, year, country, &overview, Json(&document)];
        wrote_one(db.execute(self.0, written).await?)
    }
}
