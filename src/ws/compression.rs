//! Compression of messages as the rest of the server sees it (RFC 7692): what is asked of whoever
//! can do it, and no deflate.
//!
//! Who can is made by the feature `deflate`, in a file of its own; without it nobody makes a
//! [`Compression`], and nothing is agreed on with any client.

use super::{Refusal, Violation};

/// How messages are compressed where a client offers it (RFC 7692), for
/// [`Config::compression`](crate::Config::compression).
///
/// It is made by `Compression::deflate`, which is there with the Cargo feature `deflate`.
///
/// A message is compressed at most once for all its receivers, so each is compressed without the
/// ones before it, and clients are told to do likewise: a connection keeps no memory for it. JSON
/// shrinks to a quarter or less, and takes 10 microseconds and 5 more for each kilobyte.
///
/// Do not send a secret in one message with what somebody else chooses: who can count the bytes on
/// the wire learns from them how much the two are alike.
#[derive(Clone, Debug)]
pub struct Compression {
    pub(crate) threshold: usize,
    pub(crate) codec: fn() -> Box<dyn Codec>,
}

/// There is one codec, so two that differ do so by their threshold.
impl PartialEq for Compression {
    fn eq(&self, other: &Self) -> bool {
        self.threshold == other.threshold
    }
}

impl Eq for Compression {}

impl Compression {
    /// Sends messages of fewer bytes than this as they are; 1,024, since below a packet of the
    /// network nobody gains. Raise it if time is dearer than bytes.
    pub fn threshold(self, bytes: usize) -> Self {
        Self {
            threshold: bytes,
            ..self
        }
    }
}

/// Compresses and inflates the messages of all connections, one after the other.
pub(crate) trait Codec: std::fmt::Debug + Send {
    /// Judges the field Sec-WebSocket-Extensions of a client: the answer to the first offer that
    /// can be met, and the bits of the window that the client has for what it gets.
    fn agree(&self, offers: &str) -> Result<Option<(String, u8)>, Refusal>;

    /// Compresses a message for a window of so many bits; `None` if that makes it no shorter.
    fn deflate(&mut self, payload: &[u8], window: u8) -> Option<Vec<u8>>;

    /// Inflates a whole message into `out`, which is empty, and stops beyond `limit` bytes.
    fn inflate(&mut self, payload: &[u8], out: &mut Vec<u8>, limit: usize)
    -> Result<(), Violation>;
}
