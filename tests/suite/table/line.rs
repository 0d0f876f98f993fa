//! The request line, and where lines end.

use super::End::{Closed, Open};
use super::{Case, table};

pub(super) fn cases() -> Vec<Case> {
    [
        methods(),
        targets(),
        left_to_the_application(),
        absolute_targets(),
        servers_and_tunnels(),
        versions(),
        without_a_version(),
        spaces(),
        line_ends(),
        empty_lines(),
    ]
    .concat()
}

fn methods() -> Vec<Case> {
    table(
        "RFC 9110 §9.1, RFC 9112 §3.1: a token, in the right case; what is not implemented is 501",
        ["", " / HTTP/1.1\r\nHost: a\r\n\r\n"],
        &[
            (b"GET", &[200], Open),
            (b"HEAD", &[200], Open),
            (b"POST", &[200], Open),
            (b"PUT", &[200], Open),
            (b"PATCH", &[200], Open),
            (b"DELETE", &[200], Open),
            (b"OPTIONS", &[200], Open),
            (b"TRACE", &[501], Closed),
            (b"get", &[501], Closed),
            (b"Get", &[501], Closed),
            (b"BREW", &[501], Closed),
            (b"!#$%&'*+-.^_`|~9", &[501], Closed),
            (b"", &[400], Closed),
            (b"G(T", &[400], Closed),
            (b"GET:", &[400], Closed),
            (b"G\xc4T", &[400], Closed),
            (b"\0GET", &[400], Closed),
            (b"\x16\x03\x01\x02", &[400], Closed),
        ],
    )
}

fn targets() -> Vec<Case> {
    table(
        "RFC 9112 §3.2.1: a path and a query; a line that is not so is 400",
        ["GET ", " HTTP/1.1\r\nHost: a\r\n\r\n"],
        &[
            (b"/a/b?c=d&e=/?", &[200], Open),
            (b"//a//", &[200], Open),
            (b"/a;b=c:@!$'()*+,-._~", &[200], Open),
            (b"/%41%c3%A4%00?%20", &[200], Open),
            (b"/?http://b/", &[200], Open),
            (b"", &[400], Closed),
            (b"a", &[400], Closed),
            (b"?a", &[400], Closed),
            (b"\\a", &[400], Closed),
            (b"/a b", &[400], Closed),
            (b"/a\tb", &[400], Closed),
            (b"/a\rb", &[400], Closed),
            (b"/a\0b", &[400], Closed),
            (b"/a\x1b[2J", &[400], Closed),
            (b"/a\x7f", &[400], Closed),
            (b"/a#b", &[400], Closed),
            (b"/\xff", &[400], Closed),
        ],
    )
}

/// Not in the grammar of RFC 3986, but browsers send the first two (they take what stands in the
/// address bar) and curl the last. Nobody can take it for another request, so it is put before the
/// application, which decodes paths anyhow; a folder answers 404.
fn left_to_the_application() -> Vec<Case> {
    table(
        "RFC 9112 §3: SHOULD be 400; chosen: what frames nothing is passed on",
        ["GET ", " HTTP/1.1\r\nHost: a\r\n\r\n"],
        &[
            (b"/100%?%zz", &[200], Open),
            (b"/?{a|b}^[c]`", &[200], Open),
            (b"/\xc3\xa4", &[200], Open),
        ],
    )
}

/// https is taken too: without TLS of its own this server stands behind a gateway that it has to
/// trust (§7.4), and which may pass on what it got.
fn absolute_targets() -> Vec<Case> {
    table(
        "RFC 9112 §3.2.2, RFC 9110 §4.2: a host, perhaps a port, no user",
        ["GET ", " HTTP/1.1\r\nHost: a\r\n\r\n"],
        &[
            (b"http://b/c?d", &[200], Open),
            (b"HTTP://b", &[200], Open),
            (b"http://b:80?c", &[200], Open),
            (b"http://[::1]:3000/", &[200], Open),
            (b"https://b/", &[200], Open),
            (b"http:///c", &[400], Closed),
            (b"http://", &[400], Closed),
            (b"http://:80/", &[400], Closed),
            (b"http://user@b/", &[400], Closed),
            (b"http://user:word@b/", &[400], Closed),
            (b"http://b:c/", &[400], Closed),
            (b"http://[::1/", &[400], Closed),
            (b"http://b#c", &[400], Closed),
            (b"http:/b", &[400], Closed),
            (b"ftp://b/", &[400], Closed),
            (b"b:80", &[400], Closed),
            (b"*", &[400], Closed),
        ],
    )
}

/// CONNECT is for proxies (RFC 9110 §9.3.6): a method that is not implemented.
fn servers_and_tunnels() -> Vec<Case> {
    table(
        "RFC 9112 §3.2.3, §3.2.4: an authority is for CONNECT, an asterisk for OPTIONS only",
        ["", " HTTP/1.1\r\nHost: a\r\n\r\n"],
        &[
            (b"OPTIONS *", &[200], Open),
            (b"OPTIONS http://b", &[200], Open),
            (b"OPTIONS **", &[400], Closed),
            (b"POST *", &[400], Closed),
            (b"CONNECT b:443", &[501], Closed),
            (b"CONNECT /", &[501], Closed),
        ],
    )
}

fn versions() -> Vec<Case> {
    table(
        "RFC 9112 §2.3, RFC 9110 §2.5: a later 1.x is read as 1.1; another major version is 505",
        ["GET /version ", "\r\nHost: a\r\n\r\n"],
        &[
            (b"HTTP/1.0", &[200], Closed),
            (b"HTTP/1.1", &[200], Open),
            (b"HTTP/1.2", &[200], Open),
            (b"HTTP/1.9", &[200], Open),
            (b"HTTP/0.9", &[505], Closed),
            (b"HTTP/2.0", &[505], Closed),
            (b"HTTP/3.1", &[505], Closed),
            (b"http/1.1", &[400], Closed),
            (b"Http/1.1", &[400], Closed),
            (b"HTTP/1", &[400], Closed),
            (b"HTTP/2", &[400], Closed),
            (b"HTTP/1.10", &[400], Closed),
            (b"HTTP/01.1", &[400], Closed),
            (b"HTTP/1.x", &[400], Closed),
            (b"HTTP/1,1", &[400], Closed),
            (b"HTTP/-1.1", &[400], Closed),
            (b"HTTPS/1.1", &[400], Closed),
            (b"ICE/1.0", &[400], Closed),
            (b"", &[400], Closed),
        ],
    )
}

fn without_a_version() -> Vec<Case> {
    table(
        "RFC 9112 §3: no request line of HTTP/1; RFC 9113 §3.4: HTTP/2 begins so as to fail",
        ["", "\r\n\r\n"],
        &[
            (b"GET /", &[400], Closed),
            (b"GET", &[400], Closed),
            (b"hello", &[400], Closed),
            (b"PRI * HTTP/2.0\r\n\r\nSM", &[505], Closed),
        ],
    )
}

/// Lenient parsing is allowed, and how two servers come to read two different targets.
fn spaces() -> Vec<Case> {
    table(
        "RFC 9112 §3: one space between the parts, else SHOULD be 400",
        ["", "\r\nHost: a\r\n\r\n"],
        &[
            (b" GET / HTTP/1.1", &[400], Closed),
            (b"GET  / HTTP/1.1", &[400], Closed),
            (b"GET /  HTTP/1.1", &[400], Closed),
            (b"GET / HTTP/1.1 ", &[400], Closed),
            (b"GET\t/ HTTP/1.1", &[400], Closed),
            (b"GET /\tHTTP/1.1", &[400], Closed),
            (b"GET / HTTP/1.1\t", &[400], Closed),
            (b"GET\x0b/ HTTP/1.1", &[400], Closed),
            (b"GET / HTTP/1.1 HTTP/1.1", &[400], Closed),
            (b"GET /a /b HTTP/1.1", &[400], Closed),
            (b"GET /a /b HTTP/2.0", &[400], Closed),
        ],
    )
}

/// A bare LF MAY be taken for the end of a line; it is not, since servers differ in that.
fn line_ends() -> Vec<Case> {
    table(
        "RFC 9112 §2.2: lines end in CR LF; a bare CR MUST NOT pass",
        ["GET / HTTP/1.1", ""],
        &[
            (b"\nHost: a\n\n", &[400], Closed),
            (b"\nHost: a\r\n\r\n", &[400], Closed),
            (b"\r\nHost: a\n\r\n", &[400], Closed),
            (b"\r\nHost: a\r\n\n", &[400], Closed),
            (b"\r\nHost: a\n\n", &[400], Closed),
            (b"\rHost: a\r\r", &[400], Closed),
            (b"\r\r\nHost: a\r\n\r\n", &[400], Closed),
            (b"\r\nHost: a\r\r\n\r\n", &[400], Closed),
            (b"\r\nHost: a\r\nX: a\rb\r\n\r\n", &[400], Closed),
            (b"\r\nHost: a\r\nX: \ra\r\n\r\n", &[400], Closed),
            (b"\r\nHost: a\r\n\r\r\n", &[400], Closed),
        ],
    )
}

/// How many empty lines is left open: as many as fit in a head.
fn empty_lines() -> Vec<Case> {
    table(
        "RFC 9112 §2.2: an empty line before a request SHOULD be ignored",
        ["", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"],
        &[
            (b"\r\n", &[200], Open),
            (b"\r\n\r\n\r\n", &[200], Open),
            (b"\n", &[400], Closed),
            (b"\r", &[400], Closed),
            (b"\r\n \r\n", &[400], Closed),
            (b"\r\n\n", &[400], Closed),
        ],
    )
}
