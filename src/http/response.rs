//! A response: what an application builds, and the bytes it becomes.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Cursor, Read};

/// Sent when a client waits for leave to send its body (RFC 9110 §10.1.1).
pub(crate) const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// An answer to a request, for [`Hub::respond`](crate::Hub::respond).
///
/// Content-Length, Connection, and the two fields that no page should be without
/// (`X-Content-Type-Options: nosniff`, `Referrer-Policy: no-referrer`) are added when it is sent;
/// a field that was set by hand stands. For HEAD the body is left out, its length is not.
///
/// ```
/// use roomcast::Response;
///
/// let response = Response::new(200)
///     .header("Content-Type", "application/json")
///     .body(r#"{"ok":true}"#);
/// assert_eq!(response.status(), 200);
/// ```
pub struct Response {
    status: u16,
    fields: Vec<(Cow<'static, str>, Cow<'static, str>)>,
    content: Content,
}

enum Content {
    Bytes(Vec<u8>),
    Stream(Stream),
}

/// A body that is read while it is sent.
pub(crate) struct Stream {
    pub(crate) source: Box<dyn Read + Send>,
    /// Bytes of it that have not been read yet.
    pub(crate) left: u64,
    /// Bytes that it takes in memory.
    pub(crate) held: usize,
}

impl Response {
    /// An empty answer with that status, a number of three digits (RFC 9110 §15).
    pub fn new(status: u16) -> Self {
        Self {
            status,
            fields: Vec::new(),
            content: Content::Bytes(Vec::new()),
        }
    }

    /// A line of plain text, as for an error.
    pub fn text(status: u16, text: impl fmt::Display) -> Self {
        Self::new(status)
            .header("Content-Type", "text/plain; charset=utf-8")
            .body(format!("{text}\n"))
    }

    /// Adds a field. One with a control character is left out and logged: it could forge others.
    #[must_use]
    pub fn header(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) -> Self {
        let (name, value) = (name.into(), value.into());
        if name.chars().chain(value.chars()).any(char::is_control) {
            log::error!("a header field with a control character is left out: {name:?}");
        } else {
            self.fields.push((name, value));
        }
        self
    }

    /// Sets the body to bytes that are at hand. Many of them are sent in pieces, as the socket
    /// takes them: `Config::max_backlog` does not hold for them, `Config::max_memory` does.
    #[must_use]
    pub fn body(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        if bytes.len() > LARGE_BODY {
            let (left, held) = (bytes.len() as u64, bytes.capacity());
            let source = Box::new(Cursor::new(bytes));
            self.content = Content::Stream(Stream { source, left, held });
            return self;
        }
        self.content = Content::Bytes(bytes);
        self
    }

    /// Sets a body of `len` bytes that is read from `source` in pieces, as the socket takes them.
    ///
    /// The source is read on the thread of the loop, at most 64 KiB a turn. When it fails or ends
    /// before `len` bytes the connection is cut, since the length has been promised already.
    #[must_use]
    pub fn stream(mut self, len: u64, source: impl Read + Send + 'static) -> Self {
        let source = Box::new(source);
        self.content = Content::Stream(Stream {
            source,
            left: len,
            held: 0,
        });
        self
    }

    /// The status it was made with.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The value of the first field of that name, in any case of letters.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        let (_, value) = fields.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    /// Reads the whole body into memory: for tests, and to pass a response on.
    ///
    /// # Errors
    /// What the source of a streamed body answers.
    pub fn into_bytes(self) -> io::Result<Vec<u8>> {
        match self.content {
            Content::Bytes(bytes) => Ok(bytes),
            Content::Stream(stream) => {
                let mut bytes = Vec::new();
                stream.source.take(stream.left).read_to_end(&mut bytes)?;
                Ok(bytes)
            }
        }
    }

    /// Whether the application wants the connection closed after it.
    pub(crate) fn closes(&self) -> bool {
        self.field("connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    /// Bytes that [`Response::encode`] will append at most.
    pub(crate) fn encoded_bound(&self) -> usize {
        let fields: usize = self
            .fields
            .iter()
            .map(|(name, value)| name.len() + value.len() + 4)
            .sum();
        let body = match &self.content {
            Content::Bytes(bytes) => bytes.len(),
            Content::Stream(_) => 0,
        };
        // The status line, the fields that are added, and a length of 20 digits.
        256 + fields + body
    }

    /// Writes the head, and the body if it is at hand; a body that must be read is handed back.
    pub(crate) fn encode(
        self,
        out: &mut Vec<u8>,
        keep_alive: bool,
        head_only: bool,
    ) -> Option<Stream> {
        self.encode_head(out, keep_alive);
        match self.content {
            _ if head_only => None,
            Content::Stream(stream) => Some(stream).filter(|stream| stream.left > 0),
            Content::Bytes(bytes) => {
                out.extend_from_slice(&bytes);
                None
            }
        }
    }

    fn encode_head(&self, out: &mut Vec<u8>, keep_alive: bool) {
        let reason = reason(self.status);
        out.extend_from_slice(format!("HTTP/1.1 {} {reason}\r\n", self.status).as_bytes());
        for (name, value) in &self.fields {
            encode_field(out, name, value);
        }
        for (name, value) in SAFE_FIELDS {
            if self.field(name).is_none() {
                encode_field(out, name, value);
            }
        }
        // RFC 9110 §8.6: no length where there can be no body.
        if !matches!(self.status, 204 | 304) && self.field("content-length").is_none() {
            encode_field(out, "Content-Length", &self.len().to_string());
        }
        if !keep_alive && !self.closes() {
            encode_field(out, "Connection", "close");
        }
        out.extend_from_slice(b"\r\n");
    }

    fn len(&self) -> u64 {
        match &self.content {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::Stream(stream) => stream.left,
        }
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("fields", &self.fields)
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

/// Appends one line of a head.
pub(crate) fn encode_field(out: &mut Vec<u8>, name: &str, value: &str) {
    for part in [name, ": ", value, "\r\n"] {
        out.extend_from_slice(part.as_bytes());
    }
}

/// What RFC 9110 §15 and RFC 6585 call a status; a client acts on the number alone.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "",
    }
}

/// Bytes of a body above which it is sent in pieces.
const LARGE_BODY: usize = 64 * 1024;

/// On every answer: no guessing of content types, no address of a page told to others.
const SAFE_FIELDS: [(&str, &str); 2] = [
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(response: Response, keep_alive: bool, head_only: bool, expected: &str) {
        let mut out = Vec::new();
        response.encode(&mut out, keep_alive, head_only);
        let safe = "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n";
        let sent = String::from_utf8(out).unwrap();
        assert_eq!(sent.replacen(safe, "<safe>", 1), expected);
    }

    #[test]
    fn a_response_is_written_with_its_length_and_the_safe_fields() {
        let hello = || Response::new(200).header("A", "b").body("hello");
        check(
            hello(),
            true,
            false,
            "HTTP/1.1 200 OK\r\nA: b\r\n<safe>Content-Length: 5\r\n\r\nhello",
        );
        check(
            hello(),
            true,
            true,
            "HTTP/1.1 200 OK\r\nA: b\r\n<safe>Content-Length: 5\r\n\r\n",
        );
        check(
            Response::new(404),
            false,
            false,
            "HTTP/1.1 404 Not Found\r\n<safe>Content-Length: 0\r\nConnection: close\r\n\r\n",
        );
        check(
            Response::new(204),
            true,
            false,
            "HTTP/1.1 204 No Content\r\n<safe>\r\n",
        );
    }

    #[test]
    fn a_field_set_by_hand_stands_and_a_forged_one_is_left_out() {
        let response = Response::new(200)
            .header("referrer-policy", "origin")
            .header("X", "a\r\nSet-Cookie: b");
        let mut out = Vec::new();
        response.encode(&mut out, true, false);
        let sent = String::from_utf8(out).unwrap();
        assert!(sent.contains("referrer-policy: origin\r\n") && !sent.contains("no-referrer"));
        assert!(!sent.contains("Set-Cookie"));
    }

    #[test]
    fn a_streamed_body_is_promised_by_its_length_and_handed_back() {
        let mut out = Vec::new();
        let response = Response::new(200).stream(3, &b"abcdef"[..]);
        let stream = response.encode(&mut out, true, false).unwrap();
        assert!(
            String::from_utf8(out)
                .unwrap()
                .contains("Content-Length: 3\r\n")
        );
        assert_eq!(stream.left, 3);
        assert_eq!(
            Response::new(200)
                .stream(3, &b"abcdef"[..])
                .into_bytes()
                .unwrap(),
            b"abc"
        );
    }
}
