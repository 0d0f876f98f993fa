//! HTTP/1.1 as bytes: a request's head, its body, a response (RFC 9110, RFC 9112).
//!
//! Nothing here sees a socket or a clock. A decoder gets all bytes that have not been used up and
//! says how many it used; "not yet" is `Ok(None)`. The grammar of the head is httparse's; what
//! httparse leaves to its users stands here: which lengths are believed, which are an attempt to
//! smuggle a second request, and what is too much.

mod authority;
mod body;
mod head;
mod response;

use std::fmt;

pub(crate) use body::Body;
pub use head::Request;
pub(crate) use head::{Framing, Head, Limits, lower_version, parse};
pub use response::Response;
pub(crate) use response::{CONTINUE, Stream, encode_field};

/// Why a request is refused before an application sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Not HTTP, or ambiguous enough to smuggle a request.
    Malformed(&'static str),
    /// The head or the body did not arrive in time.
    Timeout,
    /// The body is, or declares to be, longer than the limit.
    BodyTooLarge,
    /// The request line alone is longer than a head may be.
    TargetTooLong,
    /// An expectation besides `100-continue` (RFC 9110 §10.1.1).
    Expectation,
    /// More bytes or more fields than a head may have (RFC 6585 §5).
    HeadTooLarge,
    /// A transfer coding or a method this server does not know.
    NotImplemented(&'static str),
    /// Another major version of HTTP than 1.
    Version,
}

impl Fault {
    /// The status of the answer; the connection closes after it.
    pub(crate) fn status(self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::Timeout => 408,
            Self::BodyTooLarge => 413,
            Self::TargetTooLong => 414,
            Self::Expectation => 417,
            Self::HeadTooLarge => 431,
            Self::NotImplemented(_) => 501,
            Self::Version => 505,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed(why) | Self::NotImplemented(why) => why,
            Self::Timeout => "the request did not arrive in time",
            Self::BodyTooLarge => "the body is too large",
            Self::TargetTooLong => "the request target is too long",
            Self::Expectation => "the only expectation met here is 100-continue",
            Self::HeadTooLarge => "the request head is too large",
            Self::Version => "this server speaks HTTP/1.1",
        })
    }
}
