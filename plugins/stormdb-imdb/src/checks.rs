//! Conditions that hold on freshly loaded data and that no operation breaks.

use stormdb_plugin_api::{Result, Session, describe::Check};

/// Each condition with the number of rows that break it.
const CONDITIONS: [(&str, &str); 6] = [
    (
        "movie-ids-agree",
        "SELECT count(*) FROM stormdb_imdb.movies_normalized_meta \
         WHERE imdb_id <> 'tt' || lpad(ai_myid::text, greatest(7, length(ai_myid::text)), '0')",
    ),
    (
        "cast-has-movies",
        "SELECT count(*) FROM stormdb_imdb.movies_normalized_cast AS linked WHERE NOT EXISTS ( \
             SELECT FROM stormdb_imdb.movies_normalized_meta AS movie \
             WHERE movie.ai_myid = linked.ai_myid)",
    ),
    (
        "cast-has-actors",
        "SELECT count(*) FROM stormdb_imdb.movies_normalized_cast AS linked WHERE NOT EXISTS ( \
             SELECT FROM stormdb_imdb.movies_normalized_actors AS actor \
             WHERE actor.ai_actor_id = linked.ai_actor_id)",
    ),
    (
        "comments-have-movies",
        "SELECT count(*) FROM stormdb_imdb.movies_normalized_user_comments AS said \
         WHERE NOT EXISTS ( \
             SELECT FROM stormdb_imdb.movies_normalized_meta AS movie \
             WHERE movie.ai_myid = said.ai_myid AND movie.imdb_id = said.imdb_id)",
    ),
    (
        "views-agree-with-their-payload",
        "SELECT count(*) FROM stormdb_imdb.movies_viewed_logs \
         WHERE json_imdb_id IS DISTINCT FROM imdb_id",
    ),
    (
        "top-rating-kept",
        "SELECT count(*) FROM stormdb_imdb.movies_normalized_meta \
         WHERE ai_myid = 1 AND imdb_rating <> 10",
    ),
];

pub(crate) async fn run(db: &mut Session<'_>) -> Result<Vec<Check>> {
    let mut checks = Vec::with_capacity(CONDITIONS.len());
    for (name, sql) in CONDITIONS {
        let broken: i64 = db.sql(sql, &[]).await?.one()?.get(0)?;
        checks.push(Check {
            name: name.to_owned(),
            passed: broken == 0,
            finding: format!("{broken} rows break it"),
        });
    }
    Ok(checks)
}
