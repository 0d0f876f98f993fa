//! WebSocket as bytes (RFC 6455): the opening handshake, frames in, frames out, and what is
//! compressed in them (RFC 7692).
//!
//! Slices in, values out: no socket, no clock, no randomness (a server does not mask, §5.1).

mod compression;
mod decode;
#[cfg(feature = "deflate")]
mod deflate;
mod encode;
mod handshake;

use std::fmt;

pub(crate) use compression::Codec;
pub use compression::Compression;
pub(crate) use decode::{Decoder, Item, Limits, sendable};
pub use encode::Message;
pub(crate) use encode::{close, compressed_frame, frame, frame_len};
pub(crate) use handshake::{Refusal, accept_key, same_host, switching};

/// What a frame is (RFC 6455 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opcode {
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

/// How a peer broke the protocol; each has its close code (RFC 6455 §7.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A frame that the protocol forbids: 1002.
    Protocol(&'static str),
    /// Text, or the reason of a close, that is not UTF-8: 1007.
    NotUtf8,
    /// A message that is not compressed as was agreed (RFC 7692): 1007.
    NotDeflate,
    /// A frame or a message longer than the limit: 1009.
    TooLong,
    /// A message in more frames than the limit: 1008.
    TooManyFragments,
}

impl Violation {
    /// The code that the close frame carries.
    pub fn close_code(self) -> u16 {
        match self {
            Self::Protocol(_) => 1002,
            Self::NotUtf8 | Self::NotDeflate => 1007,
            Self::TooLong => 1009,
            Self::TooManyFragments => 1008,
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Protocol(why) => why,
            Self::NotUtf8 => "text is not UTF-8",
            Self::NotDeflate => "a compressed message is damaged",
            Self::TooLong => "message too long",
            Self::TooManyFragments => "a message in too many fragments",
        })
    }
}
