//! The command line as it is documented: what each command prints, writes and ends with.

mod config;
mod exports;
mod health;
mod lifecycle;
mod output;
mod overrides;
mod pg;
mod plan;
mod plugin;
mod runs;
mod spelling;
mod trust;
