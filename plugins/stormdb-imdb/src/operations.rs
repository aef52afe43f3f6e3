//! The list of operations; adding one is a file and a line here.

use crate::{movies::Movies, reads, writes};

dataset::operations! {
    Movies;
    reads::title_prefix::TitlePrefix,
    reads::rating_at_least::RatingAtLeast,
    reads::country_and_year::CountryAndYear,
    reads::by_imdb_id::ByImdbId,
    reads::genre::Genre,
    reads::overview_search::OverviewSearch,
    reads::movie_cast::MovieCast,
    reads::movie_details::MovieDetails,
    reads::actor_filmography::ActorFilmography,
    reads::movie_comments::MovieComments,
    reads::country_ranking::CountryRanking,
    reads::year_trend::YearTrend,
    reads::movie_analytics::MovieAnalytics,
    reads::genre_windows::GenreWindows,
    reads::actor_careers::ActorCareers,
    writes::insert_comment::InsertComment,
    writes::rate_movie::RateMovie,
    writes::insert_movie::InsertMovie,
    writes::touch_comment::TouchComment,
    writes::insert_actor::InsertActor,
    writes::link_actor::LinkActor,
    writes::log_view::LogView,
}
