//! The frames in what a server has written to one peer. Of what comes before a WebSocket opens only
//! the end is looked for.

#[derive(Debug, Default)]
pub(crate) struct Frames {
    bytes: Vec<u8>,
    open: bool,
    closed: bool,
}

impl Frames {
    /// Those of a WebSocket that is open.
    pub(crate) fn opened() -> Self {
        Self {
            open: true,
            ..Self::default()
        }
    }

    /// More was written.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        if !self.open {
            self.look_for_frames();
        }
    }

    /// The next frame, if all of it is here: its first byte, and its payload.
    pub(crate) fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        if !self.open || self.bytes.len() < 2 {
            return None;
        }
        let (head, len) = match self.bytes[1] {
            126 => (
                4,
                usize::from(u16::from_be_bytes(*self.bytes[2..].first_chunk()?)),
            ),
            len => (2, usize::from(len)),
        };
        assert_ne!(self.bytes[1], 127, "no message is that long");
        if self.bytes.len() < head + len {
            return None;
        }
        let frame: Vec<_> = self.bytes.drain(..head + len).collect();
        assert!(!self.closed, "nothing follows a close frame");
        self.closed = frame[0] == 0x88;
        assert!(frame[0] < 0x88 || len <= 125, "a control frame is short");
        Some((frame[0], frame[head..].to_vec()))
    }

    /// Drops what belongs to HTTP, up to the head that opens the WebSocket.
    fn look_for_frames(&mut self) {
        const HEAD: &[u8] = b"HTTP/1.1 101 ";
        let find = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).position(|at| at == what);
        match find(&self.bytes, HEAD) {
            None => {
                let end = self.bytes.len().saturating_sub(HEAD.len());
                self.bytes.drain(..end);
            }
            Some(start) => {
                if let Some(len) = find(&self.bytes[start..], b"\r\n\r\n") {
                    self.bytes.drain(..start + len + 4);
                    self.open = true;
                }
            }
        }
    }
}
