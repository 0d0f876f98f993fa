//! The frames of the bench: written masked, read unmasked, and nothing that is not needed for it.
//!
//! All messages of a round have one size. So a frame has one head, which is compared, and a receiver
//! keeps of a frame that is cut only where it stands and the first bytes.

/// How all frames of a round look.
pub(crate) struct Shape {
    /// The head of a frame from the server: binary, whole, not masked.
    head: Vec<u8>,
    /// Bytes of a frame from the server.
    pub(crate) len: usize,
    /// A frame from a client, but for the stamp.
    masked: Vec<u8>,
}

/// What a message says of itself in its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) publisher: u32,
    pub(crate) number: u32,
    /// Nanoseconds on the clock of the bench.
    pub(crate) sent: u64,
}

/// Where a receiver stands in its stream of frames.
#[derive(Default)]
pub(crate) struct Reader {
    /// Bytes of the frame under way that have come; less than a whole frame.
    there: usize,
    /// The first of them: the head and the stamp.
    first: [u8; MAX_HEAD + Stamp::LEN],
}

impl Shape {
    pub(crate) fn new(size: usize) -> Self {
        assert!((Stamp::LEN..=0xffff).contains(&size), "a size of two forms");
        let short = size < 126;
        let mut head = vec![0x82];
        match short {
            true => head.push(size as u8),
            false => head.extend([126, (size >> 8) as u8, size as u8]),
        }
        let mut masked = head.clone();
        masked[1] |= 0x80;
        masked.extend(MASK);
        masked.extend((0..size).map(|at| MASK[at % 4]));
        Self {
            len: head.len() + size,
            head,
            masked,
        }
    }

    /// Appends a frame as a client sends it.
    pub(crate) fn publish(&self, out: &mut Vec<u8>, stamp: Stamp) {
        let start = out.len() + self.head.len() + MASK.len();
        out.extend_from_slice(&self.masked);
        for (byte, stamp) in out[start..].iter_mut().zip(stamp.bytes()) {
            *byte ^= stamp;
        }
    }

    /// So many frames as a server sends them, all with the same stamp.
    pub(crate) fn ready(&self, count: usize) -> Vec<u8> {
        let mut frame = self.head.clone();
        frame.resize(self.len, 0);
        frame.repeat(count)
    }
}

impl Reader {
    /// Takes bytes as they come; calls back for each frame that is whole.
    pub(crate) fn read(&mut self, shape: &Shape, mut bytes: &[u8], mut each: impl FnMut(Stamp)) {
        let prefix = shape.head.len() + Stamp::LEN;
        while !bytes.is_empty() {
            let n = bytes.len().min(shape.len - self.there);
            if self.there < prefix {
                let end = prefix.min(self.there + n);
                self.first[self.there..end].copy_from_slice(&bytes[..end - self.there]);
            }
            self.there += n;
            bytes = &bytes[n..];
            if self.there == shape.len {
                self.there = 0;
                let (head, stamp) = self.first[..prefix].split_at(shape.head.len());
                assert_eq!(head, shape.head, "this is not a frame of this round");
                each(Stamp::parse(stamp));
            }
        }
    }
}

impl Stamp {
    const LEN: usize = 16;

    fn bytes(self) -> [u8; Self::LEN] {
        let who = u64::from(self.publisher) << 32 | u64::from(self.number);
        (u128::from(who) << 64 | u128::from(self.sent)).to_be_bytes()
    }

    fn parse(bytes: &[u8]) -> Self {
        let bytes = bytes.try_into().expect("a stamp has its length");
        let all = u128::from_be_bytes(bytes);
        Self {
            publisher: (all >> 96) as u32,
            number: (all >> 64) as u32,
            sent: all as u64,
        }
    }
}

/// Bytes of the longest head from the server.
const MAX_HEAD: usize = 4;
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
