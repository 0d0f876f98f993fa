//! Frames out: never masked, never fragmented (RFC 6455 §5.1, §5.4).

use super::Opcode;

/// A message to be sent: text or bytes. `&str`, `&String`, `&[u8]`, `&Vec<u8>` and byte arrays turn into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// A text message.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
}

impl<'a> From<&'a str> for Message<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Message<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Message<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Binary(bytes)
    }
}

impl<'a> From<&'a Vec<u8>> for Message<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::Binary(bytes)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Message<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::Binary(bytes)
    }
}

impl Message<'_> {
    pub(crate) fn opcode(&self) -> Opcode {
        match self {
            Self::Text(_) => Opcode::Text,
            Self::Binary(_) => Opcode::Binary,
        }
    }

    pub(crate) fn payload(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }
}

/// Appends one whole frame.
pub(crate) fn frame(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8]) {
    out.reserve(frame_len(payload.len()));
    out.push(0x80 | opcode as u8);
    // RFC 6455 §5.2: the shortest of the three forms of a length.
    match payload.len() {
        len @ 0..=125 => out.push(len as u8),
        len @ 126..=0xffff => {
            out.push(126);
            out.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            out.push(127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
}

/// Appends one whole frame whose payload is compressed, which its first reserved bit says
/// (RFC 7692 §6).
pub(crate) fn compressed_frame(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8]) {
    let start = out.len();
    frame(out, opcode, payload);
    out[start] |= 0x40;
}

/// Bytes that [`frame`] will append for a payload of `len` bytes.
pub(crate) fn frame_len(len: usize) -> usize {
    let head = match len {
        0..=125 => 2,
        126..=0xffff => 4,
        _ => 10,
    };
    head + len
}

/// Appends a close frame; the reason is cut at a letter so that it fits (§5.5: 125 bytes in all).
pub(crate) fn close(out: &mut Vec<u8>, code: u16, reason: &str) {
    let mut end = reason.len().min(123);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    let payload = [&code.to_be_bytes()[..], &reason.as_bytes()[..end]].concat();
    frame(out, Opcode::Close, &payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(opcode: Opcode, payload: &[u8], head: &[u8]) {
        let mut out = Vec::new();
        frame(&mut out, opcode, payload);
        assert_eq!(out, [head, payload].concat());
        assert_eq!(out.len(), frame_len(payload.len()));
    }

    #[test]
    fn a_length_takes_the_shortest_form() {
        check(Opcode::Text, b"Hello", &[0x81, 5]); // RFC 6455 §5.7
        check(Opcode::Binary, &[7; 125], &[0x82, 125]);
        check(Opcode::Binary, &[7; 126], &[0x82, 126, 0, 126]);
        check(Opcode::Binary, &[7; 256], &[0x82, 126, 1, 0]); // §5.7
        check(Opcode::Binary, &[7; 65535], &[0x82, 126, 255, 255]);
        check(
            Opcode::Binary,
            &[7; 65536],
            &[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0],
        ); // §5.7
        check(Opcode::Ping, b"", &[0x89, 0]);
        check(Opcode::Pong, b"Hello", &[0x8a, 5]);
    }

    #[test]
    fn a_close_frame_carries_its_code_and_a_reason_that_fits() {
        let closed = |code, reason: &str| {
            let mut out = Vec::new();
            close(&mut out, code, reason);
            out
        };
        assert_eq!(closed(1000, "bye"), b"\x88\x05\x03\xe8bye");
        let long = closed(1008, &"ä".repeat(100));
        assert_eq!(long.len(), 2 + 2 + 122);
        assert!(str::from_utf8(&long[4..]).is_ok());
    }
}
