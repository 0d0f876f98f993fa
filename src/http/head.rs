//! The head of a request: parsed by httparse, then held to the rules that keep two servers from
//! reading one stream of bytes as different requests (RFC 9112 §11.2).

use std::str;

use httparse::{EMPTY_HEADER, Error, Status};

use super::{Fault, authority};

/// How large a head may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Bytes from the request line to the empty line, both included.
    pub(crate) bytes: usize,
    /// Number of header fields.
    pub(crate) fields: usize,
}

/// A request as an application sees it: the head, and the whole body behind it.
///
/// All of it is borrowed from the read buffer; copy what must outlive the event.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    method: &'a str,
    target: &'a str,
    minor: u8,
    fields: &'a [httparse::Header<'a>],
    body: &'a [u8],
}

impl<'a> Request<'a> {
    /// The method in the letters it was sent with: `GET`, `HEAD`, `POST`, …
    pub fn method(&self) -> &'a str {
        self.method
    }

    /// Where the request goes, without the query and still percent-encoded: `/a%20b`.
    pub fn path(&self) -> &'a str {
        match self.local_target().split('?').next() {
            None | Some("") => "/",
            Some(path) => path,
        }
    }

    /// What stands behind the first `?` of the target, still percent-encoded.
    pub fn query(&self) -> Option<&'a str> {
        self.local_target().split_once('?').map(|(_, query)| query)
    }

    /// The first field of that name, in any case of letters; `None` if it is absent or not UTF-8.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers(name).next()
    }

    /// Every field of that name in the order sent; values that are not UTF-8 are passed over.
    pub fn headers(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.values(name)
            .filter_map(|value| str::from_utf8(value).ok())
    }

    /// Whether one of the comma-separated values of a field is that word, in any case of letters.
    pub fn lists(&self, name: &str, word: &str) -> bool {
        self.members(name)
            .any(|member| member.eq_ignore_ascii_case(word.as_bytes()))
    }

    /// Whether the client holds the version of that entity tag already: `None` if it does not say
    /// so by If-None-Match (RFC 9110 §13.1.2, weak comparison).
    ///
    /// The tag stands in its quotes, as in the ETag field.
    pub fn has_version(&self, tag: &str) -> Option<bool> {
        let mut known = self
            .headers("if-none-match")
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .peekable();
        known.peek()?;
        Some(known.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag))
    }

    /// The host, with its port if one was named, that the client believes to talk to.
    pub fn host(&self) -> &'a str {
        // RFC 9112 §3.2.2: the authority of an absolute target wins over the Host field.
        match self.absolute() {
            Some(rest) => &rest[..rest.find(['/', '?']).unwrap_or(rest.len())],
            None => self.header("host").unwrap_or(""),
        }
    }

    /// The bytes of the body; empty when there is none, or when it has not come yet
    /// ([`Event::Upload`](crate::Event::Upload)).
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// The subprotocols that the client of a WebSocket offers, in its order of preference.
    pub fn protocols(&self) -> impl Iterator<Item = &'a str> {
        self.headers("sec-websocket-protocol")
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .filter(|name| !name.is_empty())
    }

    pub(crate) fn with_body<'b>(&'b self, body: &'b [u8]) -> Request<'b> {
        Request { body, ..*self }
    }

    /// Whether the request asks for another protocol on this connection (RFC 9110 §7.8).
    pub(crate) fn wants_websocket(&self) -> bool {
        self.minor == 1 && self.lists("upgrade", "websocket") && self.lists("connection", "upgrade")
    }

    /// RFC 9112 §9.3: 1.1 stays open unless it says `close`; 1.0 closes, since nobody asks otherwise.
    fn keeps_alive(&self) -> bool {
        self.minor == 1 && !self.lists("connection", "close")
    }

    /// Every value of that name, also those that are not UTF-8.
    fn values(&self, name: &str) -> impl DoubleEndedIterator<Item = &'a [u8]> {
        self.fields
            .iter()
            .filter(move |field| field.name.eq_ignore_ascii_case(name))
            .map(|field| field.value)
    }

    /// RFC 9110 §5.3 and §5.6.1: the fields of a name are one list, whose empty members are none.
    pub(crate) fn members(&self, name: &str) -> impl DoubleEndedIterator<Item = &'a [u8]> {
        self.values(name)
            .flat_map(|value| value.split(|&byte| byte == b','))
            .map(<[u8]>::trim_ascii)
            .filter(|member| !member.is_empty())
    }

    fn absolute(&self) -> Option<&'a str> {
        if self.target.starts_with('/') {
            return None;
        }
        let (scheme, rest) = self.target.split_once("://")?;
        (scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"))
            .then_some(rest)
    }

    fn local_target(&self) -> &'a str {
        match self.absolute() {
            Some(rest) => rest.find(['/', '?']).map_or("", |at| &rest[at..]),
            None => self.target,
        }
    }

    /// RFC 9112 §3.2: exactly one Host field in 1.1, never two, and one that can be a host.
    fn check_host(&self) -> Result<(), Fault> {
        let mut hosts = self
            .fields
            .iter()
            .filter(|field| field.name.eq_ignore_ascii_case("host"));
        match (hosts.next(), hosts.next()) {
            (None, _) if self.minor == 0 => Ok(()),
            (None, _) => Err(Fault::Malformed("the Host field is missing")),
            (Some(_), Some(_)) => Err(Fault::Malformed("more than one Host field")),
            (Some(host), None) if authority::is_host_field(host.value) => Ok(()),
            (Some(_), None) => Err(Fault::Malformed("the Host field is no host")),
        }
    }

    fn check_method(&self) -> Result<(), Fault> {
        match METHODS.contains(&self.method) {
            true => Ok(()),
            false => Err(UNKNOWN_METHOD),
        }
    }

    /// RFC 9112 §3.2: a path, a URI of http, or an asterisk for OPTIONS; none has a fragment.
    fn check_target(&self) -> Result<(), Fault> {
        let known = match self.absolute() {
            Some(_) => authority::is_authority(self.host().as_bytes()),
            None => self.target.starts_with('/') || (self.target, self.method) == ("*", "OPTIONS"),
        };
        match known && !self.target.contains('#') {
            true => Ok(()),
            false => Err(Fault::Malformed("the request target is no path")),
        }
    }
}

/// What a whole head says.
#[derive(Debug)]
pub(crate) struct Head<'a> {
    pub(crate) request: Request<'a>,
    /// How long the body is, or how that will be learnt.
    pub(crate) framing: Framing,
    /// Whether another request may follow on this connection.
    pub(crate) keep_alive: bool,
    /// Whether the client waits for `100 Continue` before it sends the body.
    pub(crate) expects_continue: bool,
    /// Bytes of the head; the body begins there.
    pub(crate) len: usize,
}

/// How the body of a request is delimited (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Length(u64),
    Chunked,
}

/// RFC 9110 §2.5: a later minor version of HTTP/1 is read as the highest that is known here. Its
/// digit is changed where it stands, in front of [`parse`], since httparse knows no other.
pub(crate) fn lower_version(bytes: &mut [u8]) {
    let start = bytes.iter().position(|byte| !b"\r\n".contains(byte));
    let line = &mut bytes[start.unwrap_or(0)..];
    let len = line.iter().position(|&byte| byte == b'\r');
    match line[..len.unwrap_or(0)].split_last_mut() {
        Some((minor @ b'2'..=b'9', rest)) if rest.ends_with(b" HTTP/1.") => *minor = b'1',
        _ => {}
    }
}

/// Parses a head from the first byte of a request; `Ok(None)` until its empty line has arrived.
///
/// `fields` is room for the header fields; it is filled up to `limits.fields`.
pub(crate) fn parse<'a>(
    bytes: &'a [u8],
    limits: Limits,
    fields: &'a mut Vec<httparse::Header<'a>>,
) -> Result<Option<Head<'a>>, Fault> {
    let Some((len, lines)) = head_len(bytes, limits.bytes)? else {
        return Ok(None);
    };
    fields.resize(lines.min(limits.fields), EMPTY_HEADER);
    let mut parsed = httparse::Request::new(fields);
    match parsed.parse(&bytes[..len]) {
        Ok(Status::Complete(_)) => {}
        Ok(Status::Partial) => return Err(Fault::Malformed("the head ends too early")),
        Err(error) => return Err(refusal(error, &bytes[..len])),
    }
    let (Some(method), Some(target), Some(minor)) = (parsed.method, parsed.path, parsed.version)
    else {
        return Err(Fault::Malformed("the request line is not whole"));
    };
    let request = Request {
        method,
        target,
        minor,
        fields: parsed.headers,
        body: &[],
    };
    request.check_method()?;
    request.check_target()?;
    request.check_host()?;
    Ok(Some(Head {
        framing: framing(&request)?,
        expects_continue: expects_continue(&request)?,
        keep_alive: request.keeps_alive(),
        len,
        request,
    }))
}

/// Finds the end of the head, and how many fields it has at most. Refuses what httparse would let
/// pass: a line that ends in LF alone.
fn head_len(bytes: &[u8], limit: usize) -> Result<Option<(usize, usize)>, Fault> {
    let (mut line_start, mut lines) = (0, 0);
    let mut seen_request_line = false;
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
        if at + 1 > limit {
            break;
        }
        // RFC 9112 §2.2 lets a recipient take a bare LF; two that disagree are how requests are smuggled.
        if at == 0 || bytes[at - 1] != b'\r' {
            return Err(Fault::Malformed("a line of the head does not end in CR LF"));
        }
        let empty = at == line_start + 1;
        if empty && seen_request_line {
            return Ok(Some((at + 1, lines)));
        }
        lines += usize::from(seen_request_line);
        seen_request_line |= !empty;
        line_start = at + 1;
    }
    match bytes.len() >= limit {
        true if seen_request_line => Err(Fault::HeadTooLarge),
        true => Err(too_long(&bytes[line_start..limit])),
        false => Ok(None),
    }
}

/// What to say of a request line that does not end in time. RFC 9112 §3: a longer target than can be
/// read is 414, a longer method than any that is known 501.
fn too_long(line: &[u8]) -> Fault {
    match line.contains(&b' ') {
        true => Fault::TargetTooLong,
        false if line.trim_ascii().is_empty() => Fault::HeadTooLarge,
        false => UNKNOWN_METHOD,
    }
}

fn refusal(error: Error, head: &[u8]) -> Fault {
    match error {
        Error::TooManyHeaders => Fault::HeadTooLarge,
        Error::Version if names_a_version(head) => Fault::Version,
        Error::Version => Fault::Malformed("the request line names no version of HTTP"),
        Error::HeaderName => Fault::Malformed("a header field has no proper name"),
        Error::HeaderValue => Fault::Malformed("a header field has a forbidden character"),
        Error::NewLine | Error::Status | Error::Token => Fault::Malformed("this is not HTTP"),
    }
}

/// Whether the request line is three words, the last `HTTP/digit.digit`: a version, if not one of ours.
fn names_a_version(head: &[u8]) -> bool {
    let mut lines = head.split(|byte| b"\r\n".contains(byte));
    let line = lines.find(|line| !line.is_empty()).unwrap_or_default();
    let words: Vec<_> = line.split(|&byte| byte == b' ').collect();
    matches!(words[..], [_, _, [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]]
        if major.is_ascii_digit() && minor.is_ascii_digit())
}

/// RFC 9112 §6: which of the two ways of telling a body's length is used; both at once is an attack.
fn framing(request: &Request<'_>) -> Result<Framing, Fault> {
    let mut codings = request.values("transfer-encoding");
    let mut lengths = request.values("content-length");
    match (codings.next(), lengths.next()) {
        (None, None) => Ok(Framing::Length(0)),
        (Some(_), Some(_)) => Err(Fault::Malformed(
            "both Transfer-Encoding and Content-Length",
        )),
        (Some(_), None) if request.minor == 0 => {
            Err(Fault::Malformed("Transfer-Encoding in HTTP/1.0"))
        }
        (Some(_), None) => coding(request),
        (None, Some(_)) if lengths.next().is_some() => {
            Err(Fault::Malformed("more than one Content-Length"))
        }
        (None, Some(digits)) => length(digits).map(Framing::Length),
    }
}

/// RFC 9112 §6.3: a body that is not in chunks at last has no end that can be known, which is 400;
/// §6.1: what is in chunks of something unknown is 501; §7.1: nothing is in chunks twice.
fn coding(request: &Request<'_>) -> Result<Framing, Fault> {
    let codings: Vec<_> = request.members("transfer-encoding").collect();
    let is_chunked = |coding: &&[u8]| coding.eq_ignore_ascii_case(b"chunked");
    match (codings.iter().position(is_chunked), codings.len()) {
        (Some(0), 1) => Ok(Framing::Chunked),
        (Some(first), len) if first + 1 == len => Err(Fault::NotImplemented(
            "the only transfer coding known here is chunked",
        )),
        _ => Err(Fault::Malformed("chunked is not the last transfer coding")),
    }
}

/// RFC 9110 §8.6: digits and nothing else, so no sign, which `parse` alone would take.
fn length(digits: &[u8]) -> Result<u64, Fault> {
    str::from_utf8(digits)
        .ok()
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|text| text.parse().ok())
        .ok_or(Fault::Malformed("the Content-Length is no number"))
}

/// RFC 9110 §10.1.1: not in HTTP/1.0; and nothing else that may be expected is met.
fn expects_continue(request: &Request<'_>) -> Result<bool, Fault> {
    let mut expected = request.members("expect").peekable();
    let expects = expected.peek().is_some();
    match expected.all(|member| member.eq_ignore_ascii_case(b"100-continue")) {
        true => Ok(expects && request.minor == 1),
        false => Err(Fault::Expectation),
    }
}

/// The methods that an application may be asked; CONNECT and TRACE are for proxies.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

const UNKNOWN_METHOD: Fault = Fault::NotImplemented("this method is not known here");

#[cfg(test)]
mod tests;
