//! x
#![cfg_attr(test, allow(clippy::unwrap_used))]
mod audience;
mod config;
mod http;
mod id;
mod joined;
mod outbox;
mod rooms;
mod sids;
mod timer;
mod ws;
pub use audience::Audience;
pub use http::{Request, Response};
pub use id::{Id, RoomName, Sid, Slot};
pub use rooms::{RoomEvent, Rooms};
pub use ws::{Message, Violation};
