//! What clients write and read on their connections: requests, answers, frames.

use roomcast::sim::client_frame;

/// Stands between the packets of a body.
pub(crate) const SEPARATOR: char = '\x1e';

pub(crate) fn get(sid: Option<&str>) -> Vec<u8> {
    format!("GET {} HTTP/1.1\r\nHost: sim\r\n\r\n", path("polling", sid)).into()
}

pub(crate) fn post(sid: Option<&str>, body: &str) -> Vec<u8> {
    let (path, len) = (path("polling", sid), body.len());
    format!("POST {path} HTTP/1.1\r\nHost: sim\r\nContent-Length: {len}\r\n\r\n{body}").into()
}

/// Asks for a WebSocket of a session, or for a session on one.
pub(crate) fn engine(sid: Option<&str>) -> Vec<u8> {
    websocket(&path("websocket", sid))
}

pub(crate) fn websocket(path: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: sim\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    .into()
}

fn path(transport: &str, sid: Option<&str>) -> String {
    let sid = sid.map_or(String::new(), |sid| format!("&sid={sid}"));
    format!("/socket.io/?EIO=4&transport={transport}&t=x{sid}")
}

pub(crate) fn text(text: &str) -> Vec<u8> {
    client_frame(0x81, text.as_bytes())
}

pub(crate) fn binary(bytes: &[u8]) -> Vec<u8> {
    client_frame(0x82, bytes)
}

pub(crate) fn close() -> Vec<u8> {
    client_frame(0x88, b"")
}

pub(crate) fn pong(payload: &[u8]) -> Vec<u8> {
    client_frame(0x8a, payload)
}

/// Takes a whole answer off a buffer: its status and its body.
pub(crate) fn answer(buffer: &mut Vec<u8>) -> Option<(u16, String)> {
    let end = buffer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8(buffer[..end].to_vec()).unwrap();
    let status = head[9..12].parse().expect("a status");
    let len = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, len)| len.parse().unwrap());
    let body = buffer.get(end..end + len)?.to_vec();
    buffer.drain(..end + len);
    Some((status, String::from_utf8(body).unwrap()))
}

/// Takes a whole frame off a buffer: its opcode and its payload.
pub(crate) fn frame(buffer: &mut Vec<u8>) -> Option<(u8, Vec<u8>)> {
    let &[first, short, ..] = &buffer[..] else {
        return None;
    };
    assert_eq!(first & 0xf0, 0x80, "servers send whole frames");
    let (size, len) = match short {
        126 => {
            let len = buffer.get(2..4)?.try_into().unwrap();
            (4, usize::from(u16::from_be_bytes(len)))
        }
        len => (2, usize::from(len)),
    };
    let payload = buffer.get(size..size + len)?.to_vec();
    buffer.drain(..size + len);
    Some((first & 0x0f, payload))
}
