//! The fifteen reads, one file each.

pub(crate) mod actor_careers;
pub(crate) mod actor_filmography;
pub(crate) mod by_imdb_id;
pub(crate) mod country_and_year;
pub(crate) mod country_ranking;
pub(crate) mod genre;
pub(crate) mod genre_windows;
pub(crate) mod movie_analytics;
pub(crate) mod movie_cast;
pub(crate) mod movie_comments;
pub(crate) mod movie_details;
pub(crate) mod overview_search;
pub(crate) mod rating_at_least;
pub(crate) mod title_prefix;
pub(crate) mod year_trend;
