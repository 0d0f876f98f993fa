//! Content-Length and Transfer-Encoding: which of them says how long a body is.

use super::End::{Closed, Open};
use super::{Case, table};

pub(super) fn cases() -> Vec<Case> {
    [
        lengths(),
        lengths_that_are_none(),
        no_length(),
        codings(),
        codings_that_do_not_end(),
        unknown_codings(),
        both(),
        codings_of_old_clients(),
        bodies_of_any_method(),
    ]
    .concat()
}

const HELLO: [&str; 2] = [
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:",
    "\r\n\r\nhello",
];

const CHUNKS: [&str; 2] = [
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:",
    "\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
];

fn lengths() -> Vec<Case> {
    table(
        "RFC 9110 §8.6: digits; what is longer than a body may be is 413 (§15.5.14)",
        HELLO,
        &[
            (b" 5", &[200], Open),
            (b"5", &[200], Open),
            (b"\t 5 \t", &[200], Open),
            (b" 00000000000000000000000005", &[200], Open),
            (b" 51", &[413], Closed),
            (b" 4294967301", &[413], Closed),
            (b" 18446744073709551615", &[413], Closed),
        ],
    )
}

/// The same value again MAY be taken for one; it is refused, since a proxy that adds up or takes one
/// of two is what smuggling is made of. What has no 64 bits is no number here.
fn lengths_that_are_none() -> Vec<Case> {
    table(
        "RFC 9112 §6.3: an invalid length MUST be 400 and the end of the connection",
        HELLO,
        &[
            (b"", &[400], Closed),
            (b" +5", &[400], Closed),
            (b" -5", &[400], Closed),
            (b" -0", &[400], Closed),
            (b" 0x5", &[400], Closed),
            (b" 5.0", &[400], Closed),
            (b" 5e0", &[400], Closed),
            (b" 5 5", &[400], Closed),
            (b" 5;", &[400], Closed),
            (b" '5'", &[400], Closed),
            (b" five", &[400], Closed),
            (b" \xef\xbc\x95", &[400], Closed),
            (b" 5, 5", &[400], Closed),
            (b" 5, 6", &[400], Closed),
            (b" 5,", &[400], Closed),
            (b" 5\r\nContent-Length: 5", &[400], Closed),
            (b" 5\r\nX: y\r\ncontent-length: 6", &[400], Closed),
            (b" 18446744073709551616", &[400], Closed),
            (b" 18446744073709551621", &[400], Closed),
            (b" 99999999999999999999999999999999", &[400], Closed),
        ],
    )
}

/// 411 would be allowed; a POST of nothing is common.
fn no_length() -> Vec<Case> {
    table(
        "RFC 9112 §6.3: a request without either has no body",
        ["", "\r\n\r\n"],
        &[
            (b"POST /none HTTP/1.1\r\nHost: a", &[200], Open),
            (
                b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0",
                &[200],
                Open,
            ),
            (
                b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0",
                &[200],
                Open,
            ),
            (
                b"GET / HTTP/1.1\r\nHost: a\r\nTE: trailers, chunked",
                &[200],
                Open,
            ),
        ],
    )
}

fn codings() -> Vec<Case> {
    table(
        "RFC 9112 §7: chunked, in any case; RFC 9110 §5.6.1: empty members of a list are none",
        CHUNKS,
        &[
            (b" chunked", &[200], Open),
            (b"chunked", &[200], Open),
            (b"\tChUnKeD \t", &[200], Open),
            (b" chunked,", &[200], Open),
            (b" , ,chunked", &[200], Open),
        ],
    )
}

fn codings_that_do_not_end() -> Vec<Case> {
    table(
        "RFC 9112 §6.3 and §7: MUST be 400 unless chunked, bare, is the last, and no other",
        CHUNKS,
        &[
            (b"", &[400], Closed),
            (b" ,", &[400], Closed),
            (b" gzip", &[400], Closed),
            (b" identity", &[400], Closed),
            (b" chunked, gzip", &[400], Closed),
            (b" chunked, identity", &[400], Closed),
            (b" chunked, chunked", &[400], Closed),
            (b" chunked, gzip, chunked", &[400], Closed),
            (b" chunked\r\nTransfer-Encoding: chunked", &[400], Closed),
            (b" chunked\r\nTransfer-Encoding: gzip", &[400], Closed),
            (b" chunked;a=b", &[400], Closed),
            (b" \"chunked\"", &[400], Closed),
            (b" chunked gzip", &[400], Closed),
            (b" xchunked", &[400], Closed),
            (b" chunked\xa0", &[400], Closed),
        ],
    )
}

fn unknown_codings() -> Vec<Case> {
    table(
        "RFC 9112 §6.1: a coding that is not known SHOULD be 501",
        CHUNKS,
        &[
            (b" gzip, chunked", &[501], Closed),
            (b" deflate;a=b,CHUNKED", &[501], Closed),
            (b" identity, chunked", &[501], Closed),
            (b" gzip\r\nTransfer-Encoding: chunked", &[501], Closed),
        ],
    )
}

/// MAY be read by Transfer-Encoding alone; either way the connection MUST be closed.
fn both() -> Vec<Case> {
    table(
        "RFC 9112 §6.1: chosen: both Transfer-Encoding and Content-Length is 400",
        ["POST / HTTP/1.1\r\nHost: a\r\n", "\r\n\r\n0\r\n\r\n"],
        &[
            (
                b"Content-Length: 5\r\nTransfer-Encoding: chunked",
                &[400],
                Closed,
            ),
            (
                b"Transfer-Encoding: chunked\r\nX: y\r\nContent-Length: 0",
                &[400],
                Closed,
            ),
            (
                b"Transfer-Encoding: gzip, chunked\r\nContent-Length: 5",
                &[400],
                Closed,
            ),
        ],
    )
}

fn codings_of_old_clients() -> Vec<Case> {
    table(
        "RFC 9112 §6.1: Transfer-Encoding in HTTP/1.0 MUST be faulty, and the connection end",
        ["POST / HTTP/1.0\r\n", "\r\n\r\n5\r\nhello\r\n0\r\n\r\n"],
        &[
            (b"Transfer-Encoding: chunked", &[400], Closed),
            (
                b"Connection: keep-alive\r\nTransfer-Encoding: chunked",
                &[400],
                Closed,
            ),
        ],
    )
}

fn bodies_of_any_method() -> Vec<Case> {
    table(
        "RFC 9112 §6: what frames a body does so whatever the method, also of GET and HEAD",
        [
            "",
            " / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        ],
        &[
            (b"GET", &[200], Open),
            (b"HEAD", &[200], Open),
            (b"PUT", &[200], Open),
            (b"DELETE", &[200], Open),
            (b"OPTIONS", &[200], Open),
        ],
    )
}
