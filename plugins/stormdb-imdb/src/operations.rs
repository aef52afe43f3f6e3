//! The list of operations; adding one is a file and a line here.

use stormdb_plugin_api::{Error, Host, Outcome, Result, Rng, Session, describe::Class};

use crate::{dataset::Dataset, operation::Operation, reads, writes};

macro_rules! operations {
    ($($class:ident::$file:ident::$operation:ident),* $(,)?) => {
        /// All operations with their statements.
        #[derive(Clone, Copy)]
        pub(crate) struct Operations {
            $($file: $class::$file::$operation,)*
        }

        /// The index of an operation in the description.
        enum Index {
            $($operation,)*
        }

        impl Operations {
            /// Names and classes, in the order of their indexes.
            pub(crate) fn list() -> Vec<(&'static str, Class)> {
                vec![$((
                    <$class::$file::$operation as Operation>::NAME,
                    <$class::$file::$operation as Operation>::CLASS,
                ),)*]
            }

            pub(crate) fn register(host: &Host) -> Self {
                Self { $($file: Operation::register(host),)* }
            }

            pub(crate) async fn execute(
                &self,
                index: u32,
                dataset: &Dataset,
                db: &mut Session<'_>,
                rng: &mut Rng,
            ) -> Result<Outcome> {
                match index {
                    $(i if i == Index::$operation as u32 => {
                        self.$file.execute(dataset, db, rng).await
                    })*
                    unknown => Err(Error::protocol(format!("there is no operation {unknown}"))),
                }
            }
        }
    };
}

operations! {
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
