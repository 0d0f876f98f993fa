//! What a message says: who sent it, which of theirs it is, and a text that no other one has.
//!
//! It is all letters, so that it stands in JSON as it is.

/// Who, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) publisher: u32,
    pub(crate) number: u32,
}

/// The texts behind the stamps of messages of one size.
pub(crate) struct Filler {
    /// Long enough for each text to begin at another place of it.
    letters: Vec<u8>,
    len: usize,
}

impl Stamp {
    pub(crate) const LEN: usize = 16;

    pub(crate) fn bytes(self) -> [u8; Self::LEN] {
        let both = u64::from(self.publisher) << 32 | u64::from(self.number);
        std::array::from_fn(|at| b'a' + (both >> (60 - 4 * at) & 15) as u8)
    }

    /// None if these are not the letters of a stamp.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let (publisher, number) = bytes.split_first_chunk()?;
        Some(Self {
            publisher: word(*publisher)?,
            number: word(number.try_into().ok()?)?,
        })
    }
}

impl Filler {
    pub(crate) fn new(size: usize) -> Self {
        assert!(size >= Stamp::LEN, "a stamp is in each message");
        let len = size - Stamp::LEN;
        let letter = |at: usize| b'A' + (at * at % PLACES * 7 % 26) as u8;
        Self {
            letters: (0..len + PLACES).map(letter).collect(),
            len,
        }
    }

    /// The text of one message.
    pub(crate) fn of(&self, stamp: Stamp) -> &[u8] {
        let place = stamp.publisher as usize * 17 + stamp.number as usize;
        &self.letters[place % PLACES..][..self.len]
    }
}

/// The number in eight letters from `a` to `p`, all at once: every receiver does it for every message.
fn word(letters: [u8; 8]) -> Option<u32> {
    let digits = u64::from_be_bytes(letters).wrapping_sub(u64::from_be_bytes([b'a'; 8]));
    if digits & 0xf0f0_f0f0_f0f0_f0f0 != 0 {
        return None;
    }
    let bytes = (digits | digits >> 4) & 0x00ff_00ff_00ff_00ff;
    let halves = (bytes | bytes >> 8) & 0x0000_ffff_0000_ffff;
    Some((halves | halves >> 16) as u32)
}

/// Different beginnings of texts; a prime, so that neighbours differ.
const PLACES: usize = 251;
