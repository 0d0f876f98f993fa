//! Tests against the public API and the real program, by behaviour.

mod floors;
mod simulation;
