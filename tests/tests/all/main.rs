//! The one binary of the workspace's own tests.

mod layers;
mod repository;
mod tidy;
