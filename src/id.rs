//! Names of connections: [`Id`], which the program uses, and [`Sid`], which the world may see.
//!
//! An `Id` is small and can be guessed; it never leaves the process. A `Sid` is random; who knows
//! it can write to that socket, as with a telephone number. Neither makes its own numbers: the
//! generation is counted by the hub, the bytes are handed in.

use std::fmt;
use std::ops::Deref;
use std::str;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// Something that has a small number of its own among all that are present: a slab key.
pub trait Slot: Copy + Eq {
    /// The number, unique among those present at a time; a table of that length is kept.
    fn slot(self) -> usize;
}

impl Slot for u32 {
    fn slot(self) -> usize {
        self as usize
    }
}

impl Slot for usize {
    fn slot(self) -> usize {
        self
    }
}

/// One connection and never another: its key in the slab and the generation of that key.
///
/// The `Id` of a connection that is gone stays valid to use: every method answers a quiet `false`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id {
    pub(crate) key: u32,
    pub(crate) generation: u32,
}

impl Slot for Id {
    fn slot(self) -> usize {
        self.key as usize
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({}.{})", self.key, self.generation)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.key, self.generation)
    }
}

/// The public, unguessable name of a socket: 15 random bytes, written as 20 letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sid([u8; 15]);

impl Sid {
    /// Makes a name of 15 bytes, which should come from the system's generator.
    pub fn new(bytes: [u8; 15]) -> Self {
        Self(bytes)
    }

    /// Reads the 20 letters of URL-safe base64 (RFC 4648 §5); `None` if it is anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 15];
        (text.len() == 20 && URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) == Ok(15))
            .then_some(Self(bytes))
    }

    /// The 20 letters.
    pub fn text(&self) -> RoomName {
        let mut letters = [0; 20];
        match URL_SAFE_NO_PAD.encode_slice(self.0, &mut letters) {
            Ok(20) => RoomName::Own(letters),
            _ => unreachable!("15 bytes are 20 letters"),
        }
    }

    /// Bytes that are as good as a hash, being random already.
    pub(crate) fn hash(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// The name of a room, as text; cheap to clone.
#[derive(Clone)]
pub enum RoomName {
    /// The room that a socket has to itself, named like it: 20 letters of ASCII.
    Own([u8; 20]),
    /// Any other.
    Shared(std::sync::Arc<str>),
}

impl Deref for RoomName {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Own(letters) => str::from_utf8(letters).unwrap_or(""),
            Self::Shared(name) => name,
        }
    }
}

impl PartialEq for RoomName {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for RoomName {}

impl PartialEq<str> for RoomName {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl PartialEq<&str> for RoomName {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

impl fmt::Debug for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sid_is_20_letters_both_ways() {
        let sid = Sid::new([0xfb, 0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
        assert_eq!(sid.to_string(), "-_8BAgMEBQYHCAkKCwwN");
        assert_eq!(Sid::parse("-_8BAgMEBQYHCAkKCwwN"), Some(sid));
        for other in [
            "",
            "lobby",
            "+/8BAgMEBQYHCAkKCwwN",
            "-_8BAgMEBQYHCAkKCww",
            "-_8BAgMEBQYHCAkKCwwNa",
        ] {
            assert_eq!(Sid::parse(other), None, "{other}");
        }
    }
}
