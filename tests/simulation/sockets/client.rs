//! A client of the simulation: it reads the bytes that were written to it, frame by frame.

use roomcast::sim::client_frame;

use crate::wire;

/// A client: what it still has to send, and what it has read.
#[derive(Default)]
pub(crate) struct Client {
    /// Bytes on their way to the server, torn at will.
    pub(crate) outgoing: Vec<u8>,
    pub(crate) incoming: Vec<u8>,
    pub(crate) greeted: bool,
    pub(crate) pings: u32,
    pub(crate) texts: Vec<String>,
    pub(crate) bytes: Vec<Vec<u8>>,
    pub(crate) closed: bool,
    pub(crate) sent: u32,
    /// It takes all that is written to it, at once.
    pub(crate) keen: bool,
}

impl Client {
    /// Reads what was written to it: the answer to the handshake, then frames.
    pub(crate) fn read(&mut self, bytes: &[u8]) {
        self.incoming.extend_from_slice(bytes);
        if !self.greeted {
            match wire::answer(&mut self.incoming) {
                None => return,
                Some((101, _)) => self.greeted = true,
                // Its request did not come whole in time.
                Some((status, _)) => return assert_eq!(status, 408),
            }
        }
        while let Some((opcode, payload)) = wire::frame(&mut self.incoming) {
            assert!(!self.closed, "a frame after the close frame");
            match opcode {
                1 => self.texts.push(String::from_utf8(payload).unwrap()),
                2 => self.bytes.push(payload),
                8 => self.closed = true,
                9 => {
                    self.pings += 1;
                    self.outgoing.extend(client_frame(0x8a, &payload));
                }
                10 => {}
                _ => panic!("opcode {opcode}"),
            }
        }
    }
}
