//! The one binary of the workspace's own tests.

#![cfg(test)]

mod faults;
mod layers;
mod repository;
mod tidy;
