//! The service of the plugin `stormdb-datagen`: deterministic texts, many per call.
//!
//! A text is a function of its kind, a seed and an index, so that loaders can make any part of a
//! column on their own, and a worker can make the one text that it needs again:
//!
//! ```
//! # use datagen_service::{Datagen, TextKind, Texts};
//! # use stormdb_plugin_api::{Host, Result};
//! fn titles(host: &Host) -> Result<()> {
//!     let datagen = Datagen::import(host)?;
//!     let mut titles = Texts::default();
//!     datagen.fill(TextKind::Title, 42, 1..501, &mut titles)?;
//!     assert_eq!(titles.get(6), Some(datagen.text(TextKind::Title, 42, 7)?.as_str()));
//!     Ok(())
//! }
//! ```

mod addresses;
mod draws;
mod texts;
mod zipf;

use std::ops::Range;

use abi_stable::{StableAbi, std_types::RResult};
use stormdb_plugin_api::{Error, Host, Result, Service, abi::error::AbiError, guarded};

pub use crate::{addresses::Address, draws::Draws, texts::Texts, zipf::Zipf};

/// The plugin that exports the service.
pub const PLUGIN: &str = "stormdb-datagen";

/// What a text is like. All texts are ASCII letters, digits, blanks and `.`, `,`, `'`, `-`.
#[repr(u8)]
#[derive(StableAbi, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextKind {
    /// A person: first and last name.
    Name = 0,
    /// A film or book: one to five words.
    Title = 1,
    /// One sentence, under 120 bytes.
    Sentence = 2,
    /// Two to four sentences.
    Paragraph = 3,
    /// 32 letters and digits.
    Token = 4,
}

/// How texts are made; [`DatagenV1::of`] puts it behind the border.
pub trait TextSource: 'static {
    /// Appends one text to `text`; the same draws give the same text.
    fn write(kind: TextKind, draws: &mut Draws, text: &mut String);
}

/// The table of functions that crosses the border.
#[repr(C)]
#[derive(StableAbi)]
pub struct DatagenV1 {
    /// Adds the texts of `kind` and `seed` with the indexes from `first` on, `count` of them.
    fill: extern "C" fn(
        kind: TextKind,
        seed: u64,
        first: u64,
        count: u32,
        texts: &mut Texts,
    ) -> RResult<(), AbiError>,
}

impl DatagenV1 {
    /// The table of a source.
    #[must_use]
    pub const fn of<S: TextSource>() -> Self {
        Self { fill: fill::<S> }
    }
}

extern "C" fn fill<S: TextSource>(
    kind: TextKind,
    seed: u64,
    first: u64,
    count: u32,
    texts: &mut Texts,
) -> RResult<(), AbiError> {
    guarded("fill", || {
        let mut text = String::new();
        for offset in 0..u64::from(count) {
            text.clear();
            // Indexes wrap, so that any start is allowed.
            let mut draws = Draws::new(seed, kind as u64, first.wrapping_add(offset));
            S::write(kind, &mut draws, &mut text);
            texts.push(&text);
        }
        Ok(())
    })
}

impl Service for DatagenV1 {
    const ID: &'static str = "stormdb.datagen.v1";
}

/// The service, as its callers see it.
#[derive(Clone, Copy)]
pub struct Datagen(&'static DatagenV1);

impl Datagen {
    /// Asks the host for the service; the plugin must declare the dependency.
    ///
    /// # Errors
    /// The plugin is absent, or exports another version.
    pub fn import(host: &Host) -> Result<Self> {
        host.service::<DatagenV1>(PLUGIN).map(Self)
    }

    /// Replaces `texts` by those with the given indexes.
    ///
    /// # Errors
    /// More than 2^32 texts are asked for, or the plugin fails.
    pub fn fill(
        self,
        kind: TextKind,
        seed: u64,
        indexes: Range<u64>,
        texts: &mut Texts,
    ) -> Result<()> {
        texts.clear();
        let count = u32::try_from(indexes.end.saturating_sub(indexes.start)).map_err(|_large| {
            Error::workload(format!("{indexes:?} are too many texts for one call"))
        })?;
        (self.0.fill)(kind, seed, indexes.start, count, texts)
            .into_result()
            .map_err(Error::from)?;
        if texts.len() != count as usize {
            return Err(Error::workload(format!(
                "{PLUGIN} made {} texts, {count} were asked for",
                texts.len()
            )));
        }
        Ok(())
    }

    /// One text.
    ///
    /// # Errors
    /// As [`fill`](Self::fill).
    pub fn text(self, kind: TextKind, seed: u64, index: u64) -> Result<String> {
        let mut texts = Texts::default();
        (self.0.fill)(kind, seed, index, 1, &mut texts).into_result().map_err(Error::from)?;
        Ok(texts.get(0).unwrap_or_default().to_owned())
    }
}
