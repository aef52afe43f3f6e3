//! The indexes, built after the load.

use stormdb_plugin_api::{Host, Result, Session, SetupPart};

/// Index, table and columns (or access method and columns).
struct Index {
    name: &'static str,
    unique: bool,
    on: &'static str,
}

const fn index(name: &'static str, on: &'static str) -> Index {
    Index { name, unique: false, on }
}

const fn unique(name: &'static str, on: &'static str) -> Index {
    Index { name, unique: true, on }
}

/// Those that take longest come first. Unique indexes named `…_pkey` become primary keys at the
/// end of the set-up.
const INDEXES: [Index; 22] = [
    unique(
        "movies_normalized_cast_ai_myid_actor_character_key",
        "movies_normalized_cast (ai_myid, ai_actor_id, actor_character)",
    ),
    index(
        "movies_normalized_meta_json_column_idx",
        "movies_normalized_meta USING gin (json_column)",
    ),
    index("movies_normalized_cast_actor_character_idx", "movies_normalized_cast (actor_character)"),
    index("movies_normalized_cast_ai_myid_idx", "movies_normalized_cast (ai_myid)"),
    index(
        "movies_normalized_cast_ai_actor_id_ai_myid_idx",
        "movies_normalized_cast (ai_actor_id, ai_myid)",
    ),
    unique("movies_normalized_cast_pkey", "movies_normalized_cast (inc_id)"),
    unique("voting_count_history_pkey", "voting_count_history (title, ai_myid, store_time)"),
    index("voting_count_history_ai_myid_idx", "voting_count_history (ai_myid)"),
    unique("movies_normalized_user_comments_pkey", "movies_normalized_user_comments (comment_id)"),
    index(
        "movies_normalized_user_comments_comment_add_time_idx",
        "movies_normalized_user_comments (comment_add_time)",
    ),
    index(
        "movies_normalized_user_comments_ai_myid_comment_add_time_idx",
        "movies_normalized_user_comments (ai_myid, comment_add_time)",
    ),
    unique("movies_viewed_logs_pkey", "movies_viewed_logs (view_id)"),
    index(
        "movies_viewed_logs_ai_myid_watched_time_idx",
        "movies_viewed_logs (ai_myid, watched_time)",
    ),
    index("movies_viewed_logs_watched_time_idx", "movies_viewed_logs (watched_time)"),
    index("movies_viewed_logs_watched_user_id_idx", "movies_viewed_logs (watched_user_id)"),
    unique("movies_normalized_meta_pkey", "movies_normalized_meta (ai_myid)"),
    unique("movies_normalized_meta_imdb_id_key", "movies_normalized_meta (imdb_id)"),
    // The operator class lets a prefix search use the index whatever the database's collation.
    index("movies_normalized_meta_title_idx", "movies_normalized_meta (title varchar_pattern_ops)"),
    index("movies_normalized_meta_imdb_rating_idx", "movies_normalized_meta (imdb_rating)"),
    index(
        "movies_normalized_meta_country_year_imdb_rating_idx",
        "movies_normalized_meta (country, year, imdb_rating)",
    ),
    unique("movies_normalized_actors_pkey", "movies_normalized_actors (ai_actor_id)"),
    unique("movies_normalized_actors_actor_id_key", "movies_normalized_actors (actor_id)"),
];

/// Builds the indexes of this part that are not there yet.
pub(super) async fn run(part: SetupPart, host: &Host, db: &mut Session<'_>) -> Result<()> {
    let (first, step) = (part.part as usize, (part.parts as usize).max(1));
    let total = INDEXES.len() as u64;
    for Index { name, unique, on } in INDEXES.iter().skip(first).step_by(step) {
        let unique = if *unique { "UNIQUE " } else { "" };
        let sql = format!("CREATE {unique}INDEX IF NOT EXISTS {name} ON stormdb_imdb.{on}");
        db.script(&sql).await?;
        host.progress(1, total, "indexes");
    }
    Ok(())
}
