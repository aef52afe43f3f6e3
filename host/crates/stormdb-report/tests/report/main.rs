//! Reports of hand-made records: every face, and that all of them say the same.

mod exports;
mod faces;
mod hostile;
mod live;
mod record;
mod runs;
mod verdict;
