//! x
#![cfg_attr(test, allow(clippy::unwrap_used))]
mod http;
mod ws;
pub use http::{Request, Response};
pub use ws::{Message, Violation};
