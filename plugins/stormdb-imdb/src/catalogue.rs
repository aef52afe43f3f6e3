//! The generated data as functions of seed and scale: what a loader writes and an operation asks
//! for.

use std::ops::RangeInclusive;

use datagen_service::{Datagen, Draws, TextKind, Texts};
use serde::Serialize;
use stormdb_plugin_api::{Error, Result};

/// Counted up when the same seed and scale give other data.
pub(crate) const FORMAT: i32 = 1;

pub(crate) const COUNTRIES: [&str; 8] = ["USA", "GBR", "FRA", "DEU", "ITA", "JPN", "AUS", "CAN"];
pub(crate) const GENRES: [&str; 8] =
    ["Action", "Comedy", "Crime", "Documentary", "Drama", "Horror", "Romance", "Thriller"];
pub(crate) const DEVICES: [&str; 5] = ["browser", "phone", "tablet", "television", "projector"];

/// Comments that every loaded movie has.
pub(crate) const COMMENTS_PER_MOVIE: i32 = 3;
/// How long a film is watched.
pub(crate) const VIEW_MINUTES: RangeInclusive<i32> = 30..=210;

/// The movie whose rating is the highest and stays so: at every scale, and while ratings are
/// changed, a query for a minimum rating finds a row.
pub(crate) const TOP_RATED: i32 = 1;
/// Its rating in hundredths.
pub(crate) const TOP_RATING: i32 = 1000;

const FIRST_YEAR: i32 = 1990;
const YEARS: i32 = 35;
/// Ids are `integer`; the cast has at most five rows per movie.
const MOST_MOVIES: i32 = i32::MAX / 5;
/// Cast rows of any four movies in a row.
const CAST_OF_FOUR: i32 = 2 + 3 + 4 + 5;

/// What a sequence of random numbers is for; the numbers are part of the data.
#[derive(Clone, Copy)]
pub(crate) enum Stream {
    Movie = 1,
    Title = 2,
    Overview = 3,
    Director = 4,
    ActorName = 5,
    Cast = 6,
    Character = 7,
    Comment = 8,
    CommentText = 9,
    View = 10,
    ViewToken = 11,
    Vote = 12,
}

/// The data of one seed and scale.
#[derive(Clone, Copy)]
pub(crate) struct Catalogue {
    movies: i32,
    seed: u64,
    datagen: Datagen,
}

/// A row of `movies_normalized_meta` without its texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Movie {
    pub(crate) year: i32,
    /// In hundredths.
    pub(crate) rating: i32,
    pub(crate) country: &'static str,
    pub(crate) genre: &'static str,
    /// In minutes.
    pub(crate) runtime: i32,
    pub(crate) budget: i64,
    pub(crate) revenue: i64,
    pub(crate) upvotes: i32,
    pub(crate) downvotes: i32,
}

/// `json_column` of a movie.
#[derive(Serialize)]
pub(crate) struct MovieDocument<'a> {
    pub(crate) genre: &'a str,
    pub(crate) director: &'a str,
    pub(crate) budget: i64,
    pub(crate) revenue: i64,
    pub(crate) runtime: i32,
}

/// `json_payload` of a view.
#[derive(Serialize)]
pub(crate) struct ViewDocument<'a> {
    pub(crate) imdb_id: &'a str,
    pub(crate) device: &'a str,
    pub(crate) minutes: i32,
}

impl dataset::Catalogue for Catalogue {
    fn scale(&self) -> u64 {
        self.movies.unsigned_abs().into()
    }

    fn seed(&self) -> u64 {
        self.seed
    }
}

impl Catalogue {
    pub(crate) fn new(scale: u64, seed: u64, datagen: Datagen) -> Result<Self> {
        match i32::try_from(scale) {
            Ok(movies @ 1..=MOST_MOVIES) => Ok(Self { movies, seed, datagen }),
            _ => {
                let message = format!("{scale} movies are not between 1 and {MOST_MOVIES}");
                Err(Error::config("scale", message))
            }
        }
    }

    pub(crate) fn datagen(&self) -> Datagen {
        self.datagen
    }

    /// The texts of one column in the rows `first` to `last`.
    pub(crate) fn texts(
        &self,
        kind: TextKind,
        stream: Stream,
        first: i32,
        last: i32,
    ) -> Result<Texts> {
        let mut texts = Texts::default();
        let rows = u64::from(first.cast_unsigned())..u64::from(last.cast_unsigned()) + 1;
        self.datagen.fill(kind, Draws::derive(self.seed, stream as u64), rows, &mut texts)?;
        Ok(texts)
    }

    /// Movies are numbered from 1.
    pub(crate) fn movies(&self) -> i32 {
        self.movies
    }

    /// Actors are numbered from 1.
    pub(crate) fn actors(&self) -> i32 {
        (self.movies / 2).max(1)
    }

    /// Users are numbered from 1; they have no table.
    pub(crate) fn users(&self) -> i32 {
        self.movies
    }

    /// The generator of one row.
    pub(crate) fn draws(&self, stream: Stream, row: i32) -> Draws {
        Draws::new(self.seed, stream as u64, u64::from(row.cast_unsigned()))
    }

    pub(crate) fn movie(&self, movie: i32) -> Movie {
        let mut draws = self.draws(Stream::Movie, movie);
        let budget = i64::from(draws.between(1, 2000)) * 100_000;
        Movie {
            year: FIRST_YEAR + movie % YEARS,
            rating: if movie == TOP_RATED { TOP_RATING } else { (movie % 100 + 1) * 10 },
            country: draws.pick(&COUNTRIES).copied().unwrap_or_default(),
            genre: draws.pick(&GENRES).copied().unwrap_or_default(),
            runtime: draws.between(70, 210),
            budget,
            revenue: budget * i64::from(draws.between(10, 500)) / 100,
            upvotes: draws.between(0, 9999),
            downvotes: draws.between(0, 999),
        }
    }

    pub(crate) fn title(&self, movie: i32) -> Result<String> {
        self.text(TextKind::Title, Stream::Title, movie)
    }

    pub(crate) fn overview(&self, movie: i32) -> Result<String> {
        self.text(TextKind::Paragraph, Stream::Overview, movie)
    }

    /// The actor at a position of a movie's cast; the same one twice only where there are fewer
    /// actors than positions.
    pub(crate) fn cast_actor(&self, movie: i32, position: i32) -> i32 {
        let mut draws = self.draws(Stream::Cast, movie);
        let actors = self.actors();
        let first = draws.between(0, actors - 1);
        let stride = draws.between(1, (actors / 5).max(1));
        let place =
            (i64::from(first) + i64::from(stride) * i64::from(position)) % i64::from(actors);
        // The remainder is below `actors`.
        1 + i32::try_from(place).unwrap_or(0)
    }

    fn text(&self, kind: TextKind, stream: Stream, row: i32) -> Result<String> {
        let seed = Draws::derive(self.seed, stream as u64);
        self.datagen.text(kind, seed, u64::from(row.cast_unsigned()))
    }
}

/// Two to five.
pub(crate) fn cast_size(movie: i32) -> i32 {
    2 + (movie - 1) % 4
}

/// The first cast row of a movie; its others follow.
pub(crate) fn first_cast_row(movie: i32) -> i32 {
    let before = movie - 1;
    let rest = before % 4;
    // Sizes are 2, 3, 4, 5, 2, …: the sum of the first `rest` of them.
    CAST_OF_FOUR * (before / 4) + 2 * rest + rest * (rest - 1) / 2 + 1
}

pub(crate) fn imdb_id(movie: i32) -> String {
    format!("tt{movie:07}")
}

pub(crate) fn actor_key(actor: i32) -> String {
    format!("nm{actor:07}")
}

/// A document as text.
pub(crate) fn json(document: &impl Serialize) -> Result<String> {
    serde_json::to_string(document)
        .map_err(|error| Error::workload(format!("a document has no JSON form: {error}")))
}
