//! Wrong input: each has its id and its exit code, nothing is executed, and nothing is lost.

mod configuration;
mod keeping;
mod lock;
mod plugins;
mod pretended;
mod storage;
mod targets;
