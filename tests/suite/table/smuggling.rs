//! Bytes that another server may read as other requests than this one: what is refused here, or has
//! one meaning only. A request for `/smuggled` is never seen.

use super::End::{Closed, Open};
use super::{Case, table};

pub(super) fn cases() -> Vec<Case> {
    [
        two_framings(),
        hidden_codings(),
        hidden_lengths(),
        other_names(),
        hidden_in_chunks(),
        hidden_in_bodies(),
    ]
    .concat()
}

const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

fn two_framings() -> Vec<Case> {
    table(
        "RFC 9112 §11.2 and §6.3: CL.TE, TE.CL, two lengths, two hosts",
        ["POST / HTTP/1.1\r\nHost: a\r\n", SMUGGLED],
        &[
            (
                b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG",
                &[400],
                Closed,
            ),
            (
                b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n1\r\nG\r\n0\r\n\r\n",
                &[400],
                Closed,
            ),
            (
                b"Content-Length: 0\r\nContent-Length: 35\r\n\r\n",
                &[400],
                Closed,
            ),
            (
                b"Content-Length: 35\r\nContent-Length: 0\r\n\r\n",
                &[400],
                Closed,
            ),
            (b"Content-Length: 0, 35\r\n\r\n", &[400], Closed),
            (b"Host: b\r\nContent-Length: 0\r\n\r\n", &[400], Closed),
        ],
    )
}

fn hidden_codings() -> Vec<Case> {
    table(
        "RFC 9112 §11.2 and §5.1: TE.TE: a coding that only one of two servers sees",
        [
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n",
            "\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
        ],
        &[
            (b"Transfer-Encoding : chunked", &[400], Closed),
            (b"Transfer-Encoding\t: chunked", &[400], Closed),
            (b"Transfer-Encoding: xchunked", &[400], Closed),
            (b"Transfer-Encoding:\tchunked", &[400], Closed),
            (b"Transfer-Encoding:\x0bchunked", &[400], Closed),
            (b"Transfer-Encoding:\x0cchunked", &[400], Closed),
            (b"Transfer-Encoding: \0chunked", &[400], Closed),
            (b"Transfer-Encoding: chunked\x0b", &[400], Closed),
            (b"Transfer-Encoding:\r\n chunked", &[400], Closed),
            (b"Transfer-Encoding\r\n : chunked", &[400], Closed),
            (
                b"Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
                &[400],
                Closed,
            ),
            (
                b"Transfer-Encoding: chunked\r\nTransfer-encoding: x",
                &[400],
                Closed,
            ),
            (b" Transfer-Encoding: chunked", &[400], Closed),
            (b"X: y\nTransfer-Encoding: chunked", &[400], Closed),
            (b"X: y\rTransfer-Encoding: chunked", &[400], Closed),
            (b"X: y\r\n\x0bTransfer-Encoding: chunked", &[400], Closed),
            (b"\xe2\x80\x8bTransfer-Encoding: chunked", &[400], Closed),
        ],
    )
}

fn hidden_lengths() -> Vec<Case> {
    table(
        "RFC 9112 §11.2 and §5.1: CL.0: a length that only one of two servers sees",
        ["POST / HTTP/1.1\r\nHost: a\r\n", SMUGGLED],
        &[
            (b"Content-Length : 35\r\n\r\n", &[400], Closed),
            (b"Content-Length: 35\x0b\r\n\r\n", &[400], Closed),
            (b"Content-Length:\n35\r\n\r\n", &[400], Closed),
            (b"Content-Length:\r\n 35\r\n\r\n", &[400], Closed),
            (b"Content-Length\0: 35\r\n\r\n", &[400], Closed),
            (b"X: y\rContent-Length: 35\r\n\r\n", &[400], Closed),
            (b"Content-Length: 3 6\r\n\r\n", &[400], Closed),
        ],
    )
}

/// A field of another name is another field, also where a gateway turns `_` into `-` (RFC 3875).
fn other_names() -> Vec<Case> {
    table(
        "RFC 9110 §5.1: names are compared letter by letter, but for their case",
        [
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n",
            "\r\n\r\nhello",
        ],
        &[
            (b"Transfer_Encoding: chunked", &[200], Open),
            (b"X-Transfer-Encoding: chunked", &[200], Open),
            (b"Transfer-Encoding-: chunked", &[200], Open),
            (b"Content_Length: 50\r\nContent-Length-: 60", &[200], Open),
            (b"Connection: Content-Length, Host", &[200], Open),
            (b"X-HTTP-Method-Override: TRACE", &[200], Open),
            (b"X-Forwarded-Host: b/c\r\nForwarded: \"", &[200], Open),
        ],
    )
}

fn hidden_in_chunks() -> Vec<Case> {
    table(
        "RFC 9112 §7.1: a chunk whose end only one of two servers sees",
        [
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
            SMUGGLED,
        ],
        &[
            (b"0\n\n", &[400], Closed),
            (b"0\r\r\n\r\n", &[400], Closed),
            (b"0;\n\r\n\r\n", &[400], Closed),
            (b"0\x0b\r\n\r\n", &[400], Closed),
            (b"0_0\r\n\r\n", &[400], Closed),
            (b"-0\r\n\r\n", &[400], Closed),
            (b"0x0\r\n\r\n", &[400], Closed),
            (b"5\r\nhelloXX0\r\n\r\n", &[400], Closed),
            (b"5\r\nhello0\r\n\r\n\r\n", &[400], Closed),
            (b"0\r\nX: y\n\n", &[400], Closed),
            (b"0\r\nX: y\r\r\n", &[400], Closed),
        ],
    )
}

fn hidden_in_bodies() -> Vec<Case> {
    table(
        "RFC 9112 §6: a body is no request, whatever it looks like",
        ["GET / HTTP/1.1\r\nHost: a\r\n", SMUGGLED],
        &[
            (b"Content-Length: 35\r\n\r\n", &[200], Open),
            (b"Content-Length: 5\r\n\r\nhello\r\nX", &[200, 501], Closed),
            (
                b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n\n",
                &[200, 400],
                Closed,
            ),
        ],
    )
}
