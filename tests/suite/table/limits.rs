//! What is too long, and what is just not.

use super::End::{Closed, Open};
use super::{Case, table};

pub(super) fn cases() -> Vec<Case> {
    [
        request_lines(),
        whole_heads(),
        many_fields(),
        chunked_bodies(),
    ]
    .concat()
}

fn letters(count: usize) -> String {
    "x".repeat(count)
}

fn request_lines() -> Vec<Case> {
    let [target, method] = [8000 - "GET / HTTP/1.1".len(), 9000].map(letters);
    table(
        "RFC 9112 §3: a line of 8000 bytes SHOULD do; too long a target MUST be 414, a method 501",
        ["", " HTTP/1.1\r\nHost: a\r\n\r\n"],
        &[
            (format!("GET /{target}").as_bytes(), &[200], Open),
            (format!("GET /{method}").as_bytes(), &[414], Closed),
            (format!("GET /?{method}").as_bytes(), &[414], Closed),
            (
                format!("\r\nGET http://{method}/").as_bytes(),
                &[414],
                Closed,
            ),
            (format!("{method} /").as_bytes(), &[501], Closed),
            ("\r\n".repeat(5000).as_bytes(), &[431], Closed),
        ],
    )
}

/// RFC 9110 §5.4 lets a server choose how much; here it is 8192 bytes.
fn whole_heads() -> Vec<Case> {
    let frame = ["GET / HTTP/1.1\r\nHost: a\r\n", "\r\n\r\n"];
    let left = 8192 - frame.concat().len();
    let long = letters(left);
    table(
        "RFC 6585 §5: too large a field, or too many together, is 431",
        frame,
        &[
            (format!("X: {}", &long[3..]).as_bytes(), &[200], Open),
            (format!("X: {}", &long[2..]).as_bytes(), &[431], Closed),
            (format!("{long}: y").as_bytes(), &[431], Closed),
            ("X: y\r\n".repeat(1400).as_bytes(), &[431], Closed),
            (format!("X: {long}xxxx\nY: z").as_bytes(), &[431], Closed),
        ],
    )
}

/// And how many: 64 with the Host.
fn many_fields() -> Vec<Case> {
    table(
        "RFC 6585 §5: too many fields are 431",
        ["GET / HTTP/1.1\r\nHost: a\r\n", "\r\n"],
        &[
            ("X: y\r\n".repeat(63).as_bytes(), &[200], Open),
            ("X: y\r\n".repeat(64).as_bytes(), &[431], Closed),
        ],
    )
}

fn chunked_bodies() -> Vec<Case> {
    let [fits, long] = [100, 3000].map(letters);
    table(
        "RFC 9112 §7.1.1, RFC 6585 §5: extensions and trailers have a limit, and a 4xx beyond",
        [
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
            "\r\n\r\n",
        ],
        &[
            (
                format!("5;{fits}\r\nhello\r\n0;{fits}").as_bytes(),
                &[200],
                Open,
            ),
            (format!("5;{long}\r\nhello\r\n0").as_bytes(), &[400], Closed),
            (
                format!("5\r\nhello\r\n0\r\nX: {fits}").as_bytes(),
                &[200],
                Open,
            ),
            (
                format!("5\r\nhello\r\n0\r\nX: {long}").as_bytes(),
                &[431],
                Closed,
            ),
            (
                format!("0\r\n{}X: y", "X: y\r\n".repeat(400)).as_bytes(),
                &[431],
                Closed,
            ),
        ],
    )
}
