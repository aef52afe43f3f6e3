//! The indexes of the six tables.

use dataset::Index;

/// Those that take longest come first.
pub(super) const INDEXES: [Index; 22] = [
    Index::unique(
        "movies_normalized_cast_ai_myid_actor_character_key",
        "movies_normalized_cast (ai_myid, ai_actor_id, actor_character)",
    ),
    Index::new(
        "movies_normalized_meta_json_column_idx",
        "movies_normalized_meta USING gin (json_column)",
    ),
    Index::new(
        "movies_normalized_cast_actor_character_idx",
        "movies_normalized_cast (actor_character)",
    ),
    Index::new("movies_normalized_cast_ai_myid_idx", "movies_normalized_cast (ai_myid)"),
    Index::new(
        "movies_normalized_cast_ai_actor_id_ai_myid_idx",
        "movies_normalized_cast (ai_actor_id, ai_myid)",
    ),
    Index::unique("movies_normalized_cast_pkey", "movies_normalized_cast (inc_id)"),
    Index::unique("voting_count_history_pkey", "voting_count_history (title, ai_myid, store_time)"),
    Index::new("voting_count_history_ai_myid_idx", "voting_count_history (ai_myid)"),
    Index::unique(
        "movies_normalized_user_comments_pkey",
        "movies_normalized_user_comments (comment_id)",
    ),
    Index::new(
        "movies_normalized_user_comments_comment_add_time_idx",
        "movies_normalized_user_comments (comment_add_time)",
    ),
    Index::new(
        "movies_normalized_user_comments_ai_myid_comment_add_time_idx",
        "movies_normalized_user_comments (ai_myid, comment_add_time)",
    ),
    Index::unique("movies_viewed_logs_pkey", "movies_viewed_logs (view_id)"),
    Index::new(
        "movies_viewed_logs_ai_myid_watched_time_idx",
        "movies_viewed_logs (ai_myid, watched_time)",
    ),
    Index::new("movies_viewed_logs_watched_time_idx", "movies_viewed_logs (watched_time)"),
    Index::new("movies_viewed_logs_watched_user_id_idx", "movies_viewed_logs (watched_user_id)"),
    Index::unique("movies_normalized_meta_pkey", "movies_normalized_meta (ai_myid)"),
    Index::unique("movies_normalized_meta_imdb_id_key", "movies_normalized_meta (imdb_id)"),
    // The operator class lets a prefix search use the index whatever the database's collation.
    Index::new(
        "movies_normalized_meta_title_idx",
        "movies_normalized_meta (title varchar_pattern_ops)",
    ),
    Index::new("movies_normalized_meta_imdb_rating_idx", "movies_normalized_meta (imdb_rating)"),
    Index::new(
        "movies_normalized_meta_country_year_imdb_rating_idx",
        "movies_normalized_meta (country, year, imdb_rating)",
    ),
    Index::unique("movies_normalized_actors_pkey", "movies_normalized_actors (ai_actor_id)"),
    Index::unique("movies_normalized_actors_actor_id_key", "movies_normalized_actors (actor_id)"),
];
