//! The whole server above the sockets, under simulated networks and a clock that is turned by hand.
//!
//! `sockets` are WebSockets on the core alone, step by step; `sessions` are clients of Socket.IO.

#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]

#[cfg(feature = "socketio")]
mod sessions;
mod sockets;
