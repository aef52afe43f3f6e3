//! Procedures that decide while they go on, held to what they promise on many synthetic series and curves.

mod noise;
mod placement;
mod stopping;
