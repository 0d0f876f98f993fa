//! x
#![cfg_attr(test, allow(clippy::unwrap_used))]
mod broadcast;
mod config;
mod conn;
mod deliver;
mod ending;
mod event;
#[cfg(feature = "files")]
pub mod files;
mod handle;
mod http;
mod hub;
mod id;
mod outbox;
mod rooms;
mod server;
pub mod sim;
mod timer;
mod turn;
mod ws;

pub use broadcast::{Broadcast, Who};
pub use config::Config;
pub use event::{CloseReason, Event};
pub use handle::{Handle, Publish};
pub use http::{Request, Response};
pub use hub::{Encoded, Hub, Stats};
pub use id::{Id, RoomName, Sid, Slot};
pub use rooms::{Audience, RoomEvent, Rooms};
pub use server::Server;
pub use sim::Sim;
pub use ws::{Message, Violation};
