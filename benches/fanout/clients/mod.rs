//! The load: clients that publish, and check each byte of what they get.

pub(crate) mod crowd;
pub(crate) mod greeting;
pub(crate) mod tally;
mod text;
pub(crate) mod wire;

use std::io::{self, ErrorKind};

/// The error of a message that is lost, doubled, out of order or damaged: the bench must fail.
pub(crate) fn wrong(what: impl Into<String>) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what.into())
}
