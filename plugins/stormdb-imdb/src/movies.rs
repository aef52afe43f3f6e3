//! The loaded data, as the workers know it: found in the database, never assumed.

use stormdb_plugin_api::{Error, Host, Result, Rng, Session, params};

use crate::{SCHEMA, catalogue::Catalogue, setup::DATASET};

/// What operations draw from.
#[derive(Clone, Copy)]
pub(crate) struct Movies {
    /// The functions that the loaded rows were made with.
    pub(crate) catalogue: Catalogue,
    /// The most films of one actor.
    pub(crate) most_films: i32,
}

impl Movies {
    /// Finds the loaded data, which may have another scale and seed than was asked for.
    pub(crate) async fn find(asked: &Catalogue, host: &Host, db: &mut Session<'_>) -> Result<Self> {
        let loaded = DATASET.attach(asked, "movies", host, db).await?;
        let catalogue = Catalogue::new(loaded.scale, loaded.seed, asked.datagen())?;
        verify(&catalogue, db).await?;
        Ok(Self { catalogue, most_films: most_films(db).await? })
    }

    /// A loaded movie.
    pub(crate) fn any_movie(&self, rng: &mut Rng) -> i32 {
        rng.i32(1..=self.catalogue.movies())
    }

    /// A loaded actor.
    pub(crate) fn any_actor(&self, rng: &mut Rng) -> i32 {
        rng.i32(1..=self.catalogue.actors())
    }
}

/// The loaded movies are all there; those that a run added have higher numbers.
async fn verify(catalogue: &Catalogue, db: &mut Session<'_>) -> Result<()> {
    let sql = "SELECT count(*) FROM stormdb_imdb.movies_normalized_meta \
               WHERE ai_myid BETWEEN 1 AND $1";
    let found: i64 = db.sql(sql, params![catalogue.movies()]).await?.one()?.get(0)?;
    if found == i64::from(catalogue.movies()) {
        return Ok(());
    }
    Err(Error::workload(format!(
        "schema {SCHEMA} holds {found} of the {} movies that were loaded: run once with --rebuild",
        catalogue.movies()
    )))
}

async fn most_films(db: &mut Session<'_>) -> Result<i32> {
    let sql = "SELECT coalesce(max(films), 0)::integer FROM ( \
                   SELECT count(DISTINCT ai_myid) AS films \
                   FROM stormdb_imdb.movies_normalized_cast GROUP BY ai_actor_id) AS careers";
    db.sql(sql, &[]).await?.one()?.get(0)
}
