//! Tests against the public API and the real program, by behaviour.

#![allow(clippy::unwrap_used)]

mod deadlines;
mod floors;
mod fuzz;
mod simulation;
