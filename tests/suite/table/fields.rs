//! Names and values of header fields, and the Host field.

use super::End::{Closed, Open};
use super::{Case, table};

pub(super) fn cases() -> Vec<Case> {
    [
        names(),
        values(),
        folded_lines(),
        hosts(),
        hosts_that_are_none(),
        hosts_of_old_clients(),
    ]
    .concat()
}

fn names() -> Vec<Case> {
    table(
        "RFC 9110 §5.1, RFC 9112 §5.1: a token and a colon, MUST be 400 with a space between",
        ["GET / HTTP/1.1\r\nHost: a\r\n", "\r\n\r\n"],
        &[
            (b"x!#$%&'*+-.^_`|~9: y", &[200], Open),
            (b": y", &[400], Closed),
            (b"X", &[400], Closed),
            (b"X y", &[400], Closed),
            (b"X : y", &[400], Closed),
            (b"X\t: y", &[400], Closed),
            (b"X Y: z", &[400], Closed),
            (b"X(1): y", &[400], Closed),
            (b"X/Y: z", &[400], Closed),
            (b"X@: y", &[400], Closed),
            (b"\"X\": y", &[400], Closed),
            (b"X\xc3\xa4: y", &[400], Closed),
            (b"X\0: y", &[400], Closed),
            (b"X\x7f: y", &[400], Closed),
        ],
    )
}

/// Control characters besides CR, LF and NUL MAY be kept in a safe context; there is none here.
fn values() -> Vec<Case> {
    table(
        "RFC 9110 §5.5: visible letters, spaces, tabs, and bytes above ASCII; NUL MUST NOT pass",
        ["GET / HTTP/1.1\r\nHost: a\r\n", "\r\n\r\n"],
        &[
            (b"X:", &[200], Open),
            (b"X:y", &[200], Open),
            (b"X: \t y z \t ", &[200], Open),
            (b"X: \"a\\\"b:c\", (d)", &[200], Open),
            (b"X: \xc3\xa4\x80\xff", &[200], Open),
            (b"X: y\r\nX: z\r\nx: y", &[200], Open),
            (b"X: a\0b", &[400], Closed),
            (b"X: \x01", &[400], Closed),
            (b"X: a\x0bb", &[400], Closed),
            (b"X: \x1b[2J", &[400], Closed),
            (b"X: \x7f", &[400], Closed),
        ],
    )
}

/// A folded line MUST be refused or be unfolded; a space before the first field likewise (§2.2).
fn folded_lines() -> Vec<Case> {
    table(
        "RFC 9112 §5.2 and §2.2: chosen: a line that begins with a space is 400",
        ["GET / HTTP/1.1\r\n", "\r\n\r\n"],
        &[
            (b"Host: a\r\nX: y\r\n z", &[400], Closed),
            (b"Host: a\r\nX: y\r\n\tz", &[400], Closed),
            (b"Host: a\r\nX:\r\n y", &[400], Closed),
            (b"Host: a\r\nX: y\r\n ", &[400], Closed),
            (b"Host:\r\n a", &[400], Closed),
            (b" Host: a", &[400], Closed),
            (b" X: y\r\nHost: a", &[400], Closed),
            (b"\t\r\nHost: a", &[400], Closed),
        ],
    )
}

/// A server MAY refuse an empty host, or have a default (RFC 9112 §3.3); this one has.
fn hosts() -> Vec<Case> {
    table(
        "RFC 9112 §3.2, RFC 9110 §7.2: a host and perhaps a port",
        ["GET / HTTP/1.1\r\n", "\r\n\r\n"],
        &[
            (b"Host: a.example:8080", &[200], Open),
            (b"hOST:a", &[200], Open),
            (b"Host: 127.0.0.1", &[200], Open),
            (b"Host: [::1]:3000", &[200], Open),
            (b"Host: [::ffff:1.2.3.4]", &[200], Open),
            (b"Host: a_b-c.~d!e%20", &[200], Open),
            (b"Host: a:", &[200], Open),
            (b"Host:", &[200], Open),
        ],
    )
}

fn hosts_that_are_none() -> Vec<Case> {
    table(
        "RFC 9112 §3.2: none, more than one, or one that is no host MUST be 400",
        ["GET /host HTTP/1.1\r\n", "\r\n\r\n"],
        &[
            (b"X: y", &[400], Closed),
            (b"Host: a\r\nHost: a", &[400], Closed),
            (b"Host: a\r\nX: y\r\nhost: b", &[400], Closed),
            (b"Host: a b", &[400], Closed),
            (b"Host: a, b", &[400], Closed),
            (b"Host: a/b", &[400], Closed),
            (b"Host: http://a", &[400], Closed),
            (b"Host: a@b", &[400], Closed),
            (b"Host: a?b", &[400], Closed),
            (b"Host: a#b", &[400], Closed),
            (b"Host: a\\b", &[400], Closed),
            (b"Host: \"a\"", &[400], Closed),
            (b"Host: a:b", &[400], Closed),
            (b"Host: a:-1", &[400], Closed),
            (b"Host: a:80:80", &[400], Closed),
            (b"Host: ::1", &[400], Closed),
            (b"Host: [::1", &[400], Closed),
            (b"Host: [::1]a", &[400], Closed),
            (b"Host: [a]", &[400], Closed),
            (b"Host: []", &[400], Closed),
            (b"Host: a%", &[400], Closed),
            (b"Host: a%zz", &[400], Closed),
            (b"Host: \xc3\xa4", &[400], Closed),
        ],
    )
}

fn hosts_of_old_clients() -> Vec<Case> {
    table(
        "RFC 9112 §3.2: HTTP/1.0 may go without; what it says is held to the same rules",
        ["GET /", "\r\n\r\n"],
        &[
            (b" HTTP/1.0", &[200], Closed),
            (b" HTTP/1.0\r\nHost: b", &[200], Closed),
            (b" HTTP/1.0\r\nHost: a\r\nHost: a", &[400], Closed),
            (b" HTTP/1.0\r\nHost: a/b", &[400], Closed),
            (b" HTTP/1.2", &[400], Closed),
        ],
    )
}
