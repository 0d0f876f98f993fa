//! Requests for another protocol.

use super::End::{Closed, Open, Socket};
use super::{Case, table};

pub(super) fn cases() -> Vec<Case> {
    [
        handshakes(),
        keys(),
        versions(),
        no_handshakes(),
        other_requests(),
    ]
    .concat()
}

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

fn handshakes() -> Vec<Case> {
    let rest =
        format!("\r\nHost: a\r\nSec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n");
    table(
        "RFC 6455 §4.2.1, RFC 9110 §7.8: both fields are lists in any case",
        ["GET / HTTP/1.1\r\n", &rest],
        &[
            (b"Upgrade: websocket\r\nConnection: Upgrade", &[101], Socket),
            (
                b"upgrade:WebSocket\r\nconnection:keep-alive, UPGRADE",
                &[101],
                Socket,
            ),
            (
                b"Connection: x\r\nUpgrade: h2c, websocket\r\nConnection: upgrade",
                &[101],
                Socket,
            ),
            (
                b"Upgrade: h2c\r\nUpgrade: websocket\r\nConnection: Upgrade",
                &[101],
                Socket,
            ),
            (
                b"Upgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 0",
                &[101],
                Socket,
            ),
        ],
    )
}

fn keys() -> Vec<Case> {
    table(
        "RFC 6455 §4.2.1: one key, 16 bytes in base64, else 400",
        [
            "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\n",
            "\r\n\r\n",
        ],
        &[
            (b"sec-websocket-key:  AAAAAAAAAAAAAAAAAAAAAA==\t", &[101], Socket),
            (b"X: y", &[400], Closed),
            (b"Sec-WebSocket-Key:", &[400], Closed),
            (b"Sec-WebSocket-Key: hello", &[400], Closed),
            (b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ", &[400], Closed),
            (b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSE=", &[400], Closed),
            (b"Sec-WebSocket-Key: ****************", &[400], Closed),
            (
                b"Sec-WebSocket-Key:AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Key:AAAAAAAAAAAAAAAAAAAAAA==",
                &[400],
                Closed,
            ),
        ],
    )
}

/// A version that is missing or named twice is no 13 either, and is told the one that would do.
fn versions() -> Vec<Case> {
    let key = format!("\r\nSec-WebSocket-Key: {KEY}\r\n\r\n");
    table(
        "RFC 6455 §4.4: another version is 426 with the right one",
        [
            "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
            &key,
        ],
        &[
            (b"Sec-WebSocket-Version: 12", &[426], Closed),
            (b"Sec-WebSocket-Version: 8", &[426], Closed),
            (b"Sec-WebSocket-Version: 013", &[426], Closed),
            (b"Sec-WebSocket-Version: 13, 8", &[426], Closed),
            (
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13",
                &[426],
                Closed,
            ),
            (b"Sec-WebSocket-Version:", &[426], Closed),
            (b"X: y", &[426], Closed),
        ],
    )
}

/// What only half asks for a WebSocket, or asks with HTTP/1.0 (MUST), is answered as what it is.
fn no_handshakes() -> Vec<Case> {
    let rest =
        format!("\r\nHost: a\r\nSec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n");
    table(
        "RFC 9110 §7.8: a wish for another protocol may be ignored, and must be in HTTP/1.0",
        ["", &rest],
        &[
            (b"GET / HTTP/1.1\r\nUpgrade: websocket", &[200], Open),
            (b"GET / HTTP/1.1\r\nConnection: Upgrade", &[200], Open),
            (
                b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: keep-alive",
                &[200],
                Open,
            ),
            (
                b"GET / HTTP/1.1\r\nUpgrade: websocket/13\r\nConnection: Upgrade",
                &[200],
                Open,
            ),
            (
                b"GET / HTTP/1.0\r\nUpgrade: websocket\r\nConnection: Upgrade",
                &[200],
                Closed,
            ),
            (
                b"POST / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade",
                &[400],
                Closed,
            ),
            (
                b"DELETE / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade",
                &[400],
                Closed,
            ),
            (
                b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nHost: b",
                &[400],
                Closed,
            ),
            (
                b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nOrigin: http://b",
                &[403],
                Closed,
            ),
        ],
    )
}

fn other_requests() -> Vec<Case> {
    table(
        "RFC 9110 §7.8: a protocol that is not known is ignored; a body comes before any change",
        [
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n",
            "",
        ],
        &[
            (
                b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
                &[200],
                Open,
            ),
            (b"Upgrade: TLS/1.2\r\n\r\n", &[200], Open),
            (
                b"Upgrade: websocket\r\nContent-Length: 5\r\n\r\nhello",
                &[200],
                Open,
            ),
        ],
    )
}
