//! Chunked bodies, and leave to send a body.

use super::End::{Closed, Open};
use super::{Case, table};

pub(super) fn cases() -> Vec<Case> {
    [
        sizes(),
        sizes_that_are_none(),
        extensions(),
        chunks_that_do_not_end(),
        trailers(),
        trailers_that_are_none(),
        expectations(),
        leave_to_send(),
    ]
    .concat()
}

const CHUNKED: &str = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

fn sizes() -> Vec<Case> {
    table(
        "RFC 9112 §7.1: hexadecimal digits; a body that gets too long is 413",
        [CHUNKED, ""],
        &[
            (b"0\r\n\r\n", &[200], Open),
            (b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", &[200], Open),
            (b"a\r\nhellohello\r\n0\r\n\r\n", &[200], Open),
            (b"A\r\nhellohello\r\n0\r\n\r\n", &[200], Open),
            (b"005\r\nhello\r\n0000\r\n\r\n", &[200], Open),
            (b"33\r\nhellohello\r\n0\r\n\r\n", &[413], Closed),
            (b"5\r\nhello\r\n2e\r\nhello\r\n0\r\n\r\n", &[413], Closed),
            (b"100000005\r\nhello\r\n0\r\n\r\n", &[413], Closed),
            (b"ffffffffffffffff\r\nhello\r\n0\r\n\r\n", &[413], Closed),
        ],
    )
}

/// A size of more than 16 digits is none here, though zeros before it are in the grammar.
fn sizes_that_are_none() -> Vec<Case> {
    table(
        "RFC 9112 §7.1: anything else is 400",
        [CHUNKED, "hello\r\n0\r\n\r\n"],
        &[
            (b"-5\r\n", &[400], Closed),
            (b"+5\r\n", &[400], Closed),
            (b"0x5\r\n", &[400], Closed),
            (b"5h\r\n", &[400], Closed),
            (b"g\r\n", &[400], Closed),
            (b"5.0\r\n", &[400], Closed),
            (b"5,5\r\n", &[400], Closed),
            (b"5 5\r\n", &[400], Closed),
            (b" 5\r\n", &[400], Closed),
            (b"5 \r\n", &[400], Closed),
            (b"5\n", &[400], Closed),
            (b"5\r", &[400], Closed),
            (b"\r\n", &[400], Closed),
            (b"\r\n5\r\n", &[400], Closed),
            (b";a\r\n", &[400], Closed),
            (b"10000000000000005\r\n", &[400], Closed),
            (b"00000000000000005\r\n", &[400], Closed),
        ],
    )
}

/// What they say is read over (MUST), so their grammar is not held to more than that it is text.
fn extensions() -> Vec<Case> {
    table(
        "RFC 9112 §7.1.1: extensions are ignored",
        [CHUNKED, "\r\nhello\r\n0\r\n\r\n"],
        &[
            (b"5;a", &[200], Open),
            (b"5;a=b;c=d", &[200], Open),
            (b"5;a=\"b;\xc3\xa4 c\"", &[200], Open),
            (b"5 \t; a = b", &[200], Open),
            (b"5;a=\"\n\"", &[400], Closed),
            (b"5;a=\"\r\"", &[400], Closed),
            (b"5;a=\0", &[400], Closed),
            (b"5;\x1b[2J", &[400], Closed),
        ],
    )
}

fn chunks_that_do_not_end() -> Vec<Case> {
    table(
        "RFC 9112 §7.1: CR LF behind every chunk",
        [CHUNKED, "0\r\n\r\n"],
        &[
            (b"5\r\nhello", &[400], Closed),
            (b"5\r\nhello\n", &[400], Closed),
            (b"5\r\nhello\r", &[400], Closed),
            (b"5\r\nhello\n\r", &[400], Closed),
            (b"4\r\nhello\r\n", &[400], Closed),
            (b"5\r\nhell\r\n", &[400], Closed),
        ],
    )
}

fn trailers() -> Vec<Case> {
    table(
        "RFC 9112 §7.1.2, RFC 9110 §6.5.1: not acted on, least of all those that frame or route",
        [CHUNKED, "\r\n\r\n"],
        &[
            (b"5\r\nhello\r\n0\r\nX: y", &[200], Open),
            (b"5\r\nhello\r\n0\r\nX:\r\nx: \xff\r\nY:z", &[200], Open),
            (b"5\r\nhello\r\n0\r\nContent-Length: 50", &[200], Open),
            (b"5\r\nhello\r\n0\r\nTransfer-Encoding: gzip", &[200], Open),
            (b"5\r\nhello\r\n0\r\nHost: b\r\nHost: c", &[200], Open),
            (b"5\r\nhello\r\n0\r\nConnection: close", &[200], Open),
            (b"5\r\nhello\r\n0\r\nExpect: more", &[200], Open),
        ],
    )
}

fn trailers_that_are_none() -> Vec<Case> {
    table(
        "RFC 9112 §7.1.2 and §5: a trailer is a field as any other",
        [CHUNKED, ""],
        &[
            (b"0\r\n", &[400], Closed),
            (b"0\r\n\r", &[400], Closed),
            (b"0\r\n\n", &[400], Closed),
            (b"0\r\nX: y\n\r\n", &[400], Closed),
            (b"0\r\nX\r\n\r\n", &[400], Closed),
            (b"0\r\n: y\r\n\r\n", &[400], Closed),
            (b"0\r\nX : y\r\n\r\n", &[400], Closed),
            (b"0\r\n X: y\r\n\r\n", &[400], Closed),
            (b"0\r\nX: y\r\n z\r\n\r\n", &[400], Closed),
            (b"0\r\nX: y\rZ: a\r\n\r\n", &[400], Closed),
            (b"0\r\nX: \0\r\n\r\n", &[400], Closed),
        ],
    )
}

/// Other expectations MAY be 417. Whoever has them may wait with the body, so it is the last answer.
fn expectations() -> Vec<Case> {
    table(
        "RFC 9110 §10.1.1: leave is asked for by 100-continue, in any case",
        [
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect:",
            "\r\n\r\nhello",
        ],
        &[
            (b" 100-continue", &[100, 200], Open),
            (b"100-CONTINUE", &[100, 200], Open),
            (b" 100-continue, ,100-continue", &[100, 200], Open),
            (b"", &[200], Open),
            (b" more", &[417], Closed),
            (b" 100-continue, more", &[417], Closed),
            (b" 100-continue\r\nExpect: more", &[417], Closed),
            (b" 100-continue=1", &[417], Closed),
        ],
    )
}

fn leave_to_send() -> Vec<Case> {
    table(
        "RFC 9110 §10.1.1: not in HTTP/1.0 (MUST), nor where there is no body or it is refused",
        ["", ""],
        &[
            (
                b"PUT / HTTP/1.1\r\nHost:\r\nExpect:100-continue\r\nTransfer-Encoding:chunked\r\n\r\n0\r\n\r\n",
                &[100, 200],
                Open,
            ),
            (
                b"POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
                &[200],
                Closed,
            ),
            (
                b"GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
                &[200],
                Open,
            ),
            (
                b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 51\r\n\r\n",
                &[413],
                Closed,
            ),
        ],
    )
}
