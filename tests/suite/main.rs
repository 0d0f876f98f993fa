//! Tests against the public API and the real program, by behaviour.

#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]

mod attack;
mod deadlines;
mod floors;
mod fuzz;
mod simulation;
