//! The one binary of the workspace's own tests.

mod documented;
mod layers;
mod repository;
mod tidy;
