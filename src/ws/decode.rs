//! Frames in: unmasked in place, checked as they arrive (RFC 6455 §5, §8.1).
//!
//! A message that lies whole in the buffer is handed out where it lies, without a copy. Only a
//! message that is cut, by fragmentation or by the end of the buffer, is gathered in the decoder,
//! which is otherwise empty and need not exist. A head or a control frame that is cut is left
//! where it is: at most 131 bytes that the caller brings again with more behind them.
//!
//! A compressed message is gathered as it comes and inflated when it is whole: while it is not, it
//! costs the bytes that the peer has sent, and no inflater.

use std::str;

use super::{Codec, Opcode, Violation};

/// How long what a peer sends may be; checked against the declared length.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Bytes in the payload of one frame.
    pub(crate) frame: u64,
    /// Bytes in one message, all its frames together, as it comes and inflated.
    pub(crate) message: u64,
    /// Frames of one message.
    pub(crate) fragments: u32,
}

/// What arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Item<'a> {
    Text(&'a str),
    Binary(&'a [u8]),
    Ping(&'a [u8]),
    Pong,
    /// The code, if the frame had one, and the reason behind it.
    Close(Option<u16>, &'a str),
}

/// The part of a message that has arrived before the rest of it.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    /// What the unfinished message is; none between messages.
    kind: Option<Kind>,
    /// Whether that message is compressed.
    compressed: bool,
    /// The rest of the frame that is arriving.
    frame: Option<Rest>,
    /// The payload so far, unmasked.
    message: Vec<u8>,
    /// Bytes of `message` known to be UTF-8.
    checked: usize,
    /// Frames of the message so far.
    fragments: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Binary,
}

/// What is still to come of a frame whose head has been read.
#[derive(Clone, Copy, Debug)]
struct Rest {
    left: u64,
    /// The mask, turned so that its first byte is for the next byte.
    mask: [u8; 4],
    last: bool,
}

/// The head of a frame (§5.2).
#[derive(Clone, Copy, Debug)]
struct Head {
    last: bool,
    compressed: bool,
    opcode: Opcode,
    len: u64,
    mask: [u8; 4],
    /// Bytes that the head takes.
    size: usize,
}

impl Decoder {
    /// Takes one item from the front of `bytes`: how many bytes were used, and the item if it is
    /// whole. `(n, None)`: use up `n`, keep the rest and call again when there is more.
    /// After an error the connection must fail; the decoder is of no more use. There is a codec
    /// where compression was agreed on.
    pub(crate) fn decode<'a>(
        &'a mut self,
        bytes: &'a mut [u8],
        limits: Limits,
        codec: Option<&mut dyn Codec>,
    ) -> Result<(usize, Option<Item<'a>>), Violation> {
        self.forget_delivered();
        if self.frame.is_some() {
            return self.go_on(bytes, 0, limits, codec);
        }
        let Some(head) = parse_head(bytes, codec.is_some())? else {
            return Ok((0, None));
        };
        match head.opcode {
            Opcode::Close | Opcode::Ping | Opcode::Pong => control(head, bytes),
            _ => self.begin(head, bytes, limits, codec),
        }
    }

    /// Whether nothing is under way, so that the decoder can be dropped.
    pub(crate) fn is_empty(&self) -> bool {
        self.kind.is_none() && self.frame.is_none()
    }

    /// Bytes of the message so far, and those reserved for more.
    pub(crate) fn len(&self) -> usize {
        self.message.capacity()
    }

    /// Whether the head of a frame has come, and not all of its payload.
    pub(crate) fn is_within_frame(&self) -> bool {
        self.frame.is_some()
    }

    /// A gathered message is lent out until the next call or this one, which gives its memory back.
    pub(crate) fn forget_delivered(&mut self) {
        if self.is_empty() {
            *self = Self::default();
        }
    }

    fn begin<'a>(
        &'a mut self,
        head: Head,
        bytes: &'a mut [u8],
        limits: Limits,
        codec: Option<&mut dyn Codec>,
    ) -> Result<(usize, Option<Item<'a>>), Violation> {
        let kind = match (head.opcode, self.kind) {
            (Opcode::Continuation, Some(kind)) => kind,
            // RFC 6455 §5.4: fragments of one message are not mixed with those of another.
            (Opcode::Continuation, None) => return Err(Violation::Protocol("nothing to continue")),
            (_, Some(_)) => return Err(Violation::Protocol("a message within a message")),
            (Opcode::Text, None) => Kind::Text,
            (_, None) => Kind::Binary,
        };
        // Before a byte is reserved: what the peer only says it will send.
        let whole = self.message.len() as u64 + head.len;
        if head.len > limits.frame || whole > limits.message {
            return Err(Violation::TooLong);
        }
        let first = self.kind.is_none();
        let end = head.size as u64 + head.len;
        if first && head.last && !head.compressed && end <= bytes.len() as u64 {
            return in_place(kind, head, bytes);
        }
        self.fragments += 1;
        if self.fragments > limits.fragments.max(1) {
            return Err(Violation::TooManyFragments);
        }
        self.kind = Some(kind);
        self.compressed |= head.compressed;
        self.frame = Some(Rest {
            left: head.len,
            mask: head.mask,
            last: head.last,
        });
        self.go_on(bytes, head.size, limits, codec)
    }

    /// Gathers what there is of the frame that is arriving, from `start` on.
    fn go_on<'a>(
        &'a mut self,
        bytes: &'a mut [u8],
        start: usize,
        limits: Limits,
        codec: Option<&mut dyn Codec>,
    ) -> Result<(usize, Option<Item<'a>>), Violation> {
        let Some(rest) = &mut self.frame else {
            return Ok((start, None));
        };
        let there = bytes.len() - start;
        let n = usize::try_from(rest.left).map_or(there, |left| left.min(there));
        unmask(&mut bytes[start..start + n], rest.mask);
        rest.mask.rotate_left(n % 4);
        rest.left -= n as u64;
        let (whole, last) = (rest.left == 0, rest.last);
        self.message.extend_from_slice(&bytes[start..start + n]);
        if whole {
            self.frame = None;
        }
        match codec.filter(|_| self.compressed) {
            Some(codec) if whole && last => self.inflate(codec, limits)?,
            Some(_) => {}
            None => self.check_text(whole && last)?,
        }
        let item = (whole && last).then(|| self.deliver()).transpose()?;
        Ok((start + n, item))
    }

    /// RFC 6455 §8.1: fails at the first byte that cannot belong to UTF-8, whatever may follow.
    fn check_text(&mut self, whole: bool) -> Result<(), Violation> {
        if self.kind != Some(Kind::Text) {
            return Ok(());
        }
        match str::from_utf8(&self.message[self.checked..]) {
            Ok(_) => self.checked = self.message.len(),
            Err(error) if error.error_len().is_some() || whole => return Err(Violation::NotUtf8),
            Err(error) => self.checked += error.valid_up_to(),
        }
        Ok(())
    }

    fn inflate(&mut self, codec: &mut dyn Codec, limits: Limits) -> Result<(), Violation> {
        let compressed = std::mem::take(&mut self.message);
        let limit = usize::try_from(limits.message).unwrap_or(usize::MAX);
        codec.inflate(&compressed, &mut self.message, limit)
    }

    fn deliver(&mut self) -> Result<Item<'_>, Violation> {
        match self.kind.take() {
            Some(Kind::Text) => text(&self.message).map(Item::Text),
            _ => Ok(Item::Binary(&self.message)),
        }
    }
}

/// Reads the head of a frame; `None` until it is whole.
fn parse_head(bytes: &[u8], inflates: bool) -> Result<Option<Head>, Violation> {
    let &[first, second, ref rest @ ..] = bytes else {
        return Ok(None);
    };
    let opcode = opcode(first, inflates)?;
    let control = opcode as u8 & 8 != 0;
    // RFC 6455 §5.5: control frames are short and not fragmented. §5.1: clients mask.
    if control && (first & 0x80 == 0 || second & 0x7f > 125) {
        return Err(Violation::Protocol(
            "a control frame that is long or fragmented",
        ));
    }
    if second & 0x80 == 0 {
        return Err(Violation::Protocol("a frame that is not masked"));
    }
    let (len, size) = match (second & 0x7f, rest) {
        (126, &[a, b, ..]) => (u64::from(u16::from_be_bytes([a, b])), 4),
        (127, &[a, b, c, d, e, f, g, h, ..]) => (u64::from_be_bytes([a, b, c, d, e, f, g, h]), 10),
        (126 | 127, _) => return Ok(None),
        (len, _) => (u64::from(len), 2),
    };
    if len >> 63 != 0 {
        return Err(Violation::Protocol("a length with its highest bit set")); // §5.2
    }
    let Some(&[a, b, c, d]) = bytes.get(size..size + 4) else {
        return Ok(None);
    };
    let last = first & 0x80 != 0;
    Ok(Some(Head {
        last,
        compressed: first & COMPRESSED != 0,
        opcode,
        len,
        mask: [a, b, c, d],
        size: size + 4,
    }))
}

fn opcode(first: u8, inflates: bool) -> Result<Opcode, Violation> {
    // RFC 6455 §5.2: these bits are for extensions. RFC 7692 §6: the first of them may stand on the
    // first frame of a message, if that was agreed on, and on no other.
    let allowed = match first & 0x0f {
        1 | 2 if inflates => COMPRESSED,
        _ => 0,
    };
    if first & 0x70 & !allowed != 0 {
        return Err(Violation::Protocol("a reserved bit is set"));
    }
    match first & 0x0f {
        0 => Ok(Opcode::Continuation),
        1 => Ok(Opcode::Text),
        2 => Ok(Opcode::Binary),
        8 => Ok(Opcode::Close),
        9 => Ok(Opcode::Ping),
        10 => Ok(Opcode::Pong),
        _ => Err(Violation::Protocol("an unknown opcode")),
    }
}

fn in_place(
    kind: Kind,
    head: Head,
    bytes: &mut [u8],
) -> Result<(usize, Option<Item<'_>>), Violation> {
    let end = head.size + head.len as usize;
    let payload = &mut bytes[head.size..end];
    unmask(payload, head.mask);
    let item = match kind {
        Kind::Text => Item::Text(text(payload)?),
        Kind::Binary => Item::Binary(payload),
    };
    Ok((end, Some(item)))
}

fn control(head: Head, bytes: &mut [u8]) -> Result<(usize, Option<Item<'_>>), Violation> {
    let end = head.size + head.len as usize;
    let Some(payload) = bytes.get_mut(head.size..end) else {
        return Ok((0, None));
    };
    unmask(payload, head.mask);
    let item = match head.opcode {
        Opcode::Ping => Item::Ping(payload),
        Opcode::Pong => Item::Pong,
        _ => close(payload)?,
    };
    Ok((end, Some(item)))
}

/// RFC 6455 §5.5.1: nothing, or a code and a reason in UTF-8.
fn close(payload: &[u8]) -> Result<Item<'_>, Violation> {
    let &[high, low, ref reason @ ..] = payload else {
        return match payload.is_empty() {
            true => Ok(Item::Close(None, "")),
            false => Err(Violation::Protocol("half a close code")),
        };
    };
    let code = u16::from_be_bytes([high, low]);
    match sendable(code) {
        true => Ok(Item::Close(Some(code), text(reason)?)),
        false => Err(Violation::Protocol("a close code that may not be sent")),
    }
}

/// RFC 6455 §7.4: codes that stand in a close frame; 1004 to 1006 and 1015 never do.
pub(crate) fn sendable(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

fn text(bytes: &[u8]) -> Result<&str, Violation> {
    str::from_utf8(bytes).map_err(|_| Violation::NotUtf8)
}

/// §5.3, in words, several of which the compiler takes at once where it may.
fn unmask(bytes: &mut [u8], [a, b, c, d]: [u8; 4]) {
    let word = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let mut parts = bytes.chunks_exact_mut(size_of_val(&word));
    for part in &mut parts {
        let masked = u64::from_ne_bytes(part.try_into().expect("a part has the length of a word"));
        part.copy_from_slice(&(masked ^ word).to_ne_bytes());
    }
    for (byte, mask) in parts.into_remainder().iter_mut().zip(word.to_ne_bytes()) {
        *byte ^= mask;
    }
}

/// The first reserved bit: the message is compressed (RFC 7692 §6).
const COMPRESSED: u8 = 0x40;

#[cfg(test)]
mod tests;
