//! A client of the simulation: it reads the bytes that were written to it, frame by frame.

use roomcast::sim::client_frame;

/// A client: what it still has to send, and what it has read.
#[derive(Default)]
pub(super) struct Client {
    /// Bytes on their way to the server, torn at will.
    pub(super) outgoing: Vec<u8>,
    pub(super) incoming: Vec<u8>,
    pub(super) greeted: bool,
    pub(super) texts: Vec<String>,
    pub(super) closed: bool,
    pub(super) sent: u32,
    /// It takes all that is written to it, at once.
    pub(super) keen: bool,
}

impl Client {
    /// Reads what was written to it: the answer to the handshake, then frames.
    pub(super) fn read(&mut self, bytes: &[u8]) {
        self.incoming.extend_from_slice(bytes);
        if !self.greeted {
            let Some(end) = self
                .incoming
                .windows(4)
                .position(|four| four == b"\r\n\r\n")
            else {
                return;
            };
            let in_time = !self.incoming.starts_with(b"HTTP/1.1 408 ");
            let status = if in_time {
                &b"HTTP/1.1 101 "[..]
            } else {
                b"HTTP/1.1 408 "
            };
            assert!(
                self.incoming.starts_with(status),
                "{}",
                self.incoming.escape_ascii()
            );
            if !in_time {
                return self.incoming.clear();
            }
            self.incoming.drain(..end + 4);
            self.greeted = true;
        }
        while let Some((opcode, payload)) = self.frame() {
            assert!(!self.closed, "a frame after the close frame");
            match opcode {
                1 => self.texts.push(String::from_utf8(payload).unwrap()),
                8 => self.closed = true,
                9 => self.outgoing.extend(client_frame(0x8a, &payload)),
                10 => {}
                _ => panic!("opcode {opcode}"),
            }
        }
    }

    pub(super) fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let &[first, len, ..] = &self.incoming[..] else {
            return None;
        };
        assert_eq!(
            first & 0xf0,
            0x80,
            "servers send whole frames without extensions"
        );
        let (size, len) = match len {
            126 => (
                4,
                usize::from(u16::from_be_bytes(
                    self.incoming.get(2..4)?.try_into().unwrap(),
                )),
            ),
            len => (2, usize::from(len)),
        };
        let payload = self.incoming.get(size..size + len)?.to_vec();
        self.incoming.drain(..size + len);
        Some((first & 0x0f, payload))
    }
}
