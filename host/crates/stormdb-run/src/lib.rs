//! The vocabulary of a run: configuration asked, bands planned, events seen, record kept.

pub mod config;
pub mod plan;
pub mod secret;

pub mod ending;
pub mod event;
pub mod evidence;
pub mod latency;
pub mod measurement;
pub mod record;

pub mod assess;
pub mod comparison;
pub mod confirmation;
pub mod course;
pub mod percentile;
pub mod questions;
pub mod reached;
pub mod recommend;
pub mod threshold;

pub mod exit;
