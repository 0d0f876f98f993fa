//! How long a connection lasts, and several requests on it.

use super::End::{Closed, Open};
use super::{Case, table};

pub(super) fn cases() -> Vec<Case> {
    [
        options(),
        options_of_old_clients(),
        good_and_good(),
        good_and_bad(),
        good_and_the_end(),
    ]
    .concat()
}

fn options() -> Vec<Case> {
    table(
        "RFC 9112 §9.3, RFC 9110 §7.6.1: open unless one of the options is close, in any case",
        ["GET / HTTP/1.1\r\nHost: a\r\n", "\r\n\r\n"],
        &[
            (b"Connection: keep-alive", &[200], Open),
            (b"Connection:", &[200], Open),
            (b"Connection: closed", &[200], Open),
            (b"Connection: not close", &[200], Open),
            (b"Proxy-Connection: close", &[200], Open),
            (b"Keep-Alive: timeout=0, max=1", &[200], Open),
            (b"Connection: close", &[200], Closed),
            (b"connection:CLOSE", &[200], Closed),
            (b"Connection: x,\tClose ,y", &[200], Closed),
            (b"Connection: keep-alive, close", &[200], Closed),
            (
                b"Connection: close\r\nConnection: keep-alive",
                &[200],
                Closed,
            ),
            (b"Connection: \xff, close", &[200], Closed),
        ],
    )
}

/// The keep-alive of HTTP/1.0 is for a server that wishes to honor it; this one does not.
fn options_of_old_clients() -> Vec<Case> {
    table(
        "RFC 9112 §9.3: HTTP/1.0 ends with its answer",
        ["GET / HTTP/1.0\r\n", "\r\n\r\n"],
        &[
            (b"Connection: close", &[200], Closed),
            (b"Connection: keep-alive", &[200], Closed),
            (b"Host: a\r\nKeep-Alive: 300", &[200], Closed),
        ],
    )
}

fn good_and_good() -> Vec<Case> {
    table(
        "RFC 9112 §9.3.2 and §2.2: all are answered in order, with empty lines between or without",
        ["", "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"],
        &[
            (b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n", &[200, 200], Open),
            (b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n\r\n\r\n", &[200, 200], Open),
            (b"HEAD /1 HTTP/1.1\r\nHost: a\r\n\r\n", &[200, 200], Open),
            (
                b"POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
                &[200, 200],
                Open,
            ),
            (
                b"PUT /1 HTTP/1.1\r\nHost:\r\nTransfer-Encoding:chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
                &[200, 200],
                Open,
            ),
            (
                b"HEAD /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello\r\n",
                &[200, 200],
                Open,
            ),
            (
                b"GET /0 HTTP/1.1\r\nHost: a\r\n\r\nOPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
                &[200, 200, 200],
                Open,
            ),
        ],
    )
}

fn good_and_bad() -> Vec<Case> {
    table(
        "RFC 9112 §9.3.2 and §11.2: what is before the fault is answered, what is behind not read",
        [
            "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n",
        ],
        &[
            (b"GET /2 HTTP/1.1\r\n\r\n", &[200, 400], Closed),
            (b"GET /2 HTTP/1.1\nHost: a\n\n", &[200, 400], Closed),
            (b"\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n", &[200, 400], Closed),
            (b"BREW /2 HTTP/1.1\r\nHost: a\r\n\r\n", &[200, 501], Closed),
            (b"GET /2 HTTP/2.0\r\nHost: a\r\n\r\n", &[200, 505], Closed),
            (b"hello", &[200, 501], Closed),
            (
                b"POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello\0",
                &[200, 200, 400],
                Closed,
            ),
        ],
    )
}

fn good_and_the_end() -> Vec<Case> {
    table(
        "RFC 9112 §9.6: what comes behind the last request MUST NOT be processed",
        ["", "GET /behind HTTP/1.1\r\nHost: a\r\n\r\n"],
        &[
            (
                b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                &[200],
                Closed,
            ),
            (
                b"PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
                &[200],
                Closed,
            ),
            (
                b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.0\r\n\r\n",
                &[200, 200],
                Closed,
            ),
            (
                b"POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello",
                &[200],
                Closed,
            ),
            (b"POST / HTTP/1.0\r\n\r\n", &[200], Closed),
        ],
    )
}
