//! In which form a receiver gets a large message: compressed if that was agreed on with it and
//! makes the message shorter, else plain (RFC 7692).
//!
//! A message that may be compressed is kept as it is until the end of the turn, and each form of
//! it is made when the first receiver needs it: once, however many there are. Where compression is
//! not configured no message is large, and nothing here is asked for any receiver.

use crate::config::Config;
use crate::hub::{Encoded, Form, Hub};
use crate::outbox::{Outboxes, Run};
use crate::policy::Lot;
use crate::rooms::Audience;
use crate::ws::{self, Codec, Decoder, Item, Message, Opcode, Refusal, Violation};

/// What compresses and inflates, and the large messages of this turn.
#[derive(Debug)]
pub(crate) struct Compressor {
    codec: Option<Box<dyn Codec>>,
    /// Bytes from which on a message is large.
    threshold: usize,
    messages: Vec<Large>,
    /// Bytes of those messages.
    pub(crate) kept: usize,
    /// Bytes that were inflated out of the read that is being taken apart.
    inflated: usize,
    /// Messages that were compressed so far.
    pub(crate) count: u64,
}

/// A message that some of its receivers may get compressed.
#[derive(Debug)]
struct Large {
    opcode: Opcode,
    payload: Vec<u8>,
    /// Plain, and compressed for each window from 9 bits to 15.
    forms: [Option<Run>; FORMS],
}

impl Compressor {
    pub(crate) fn new(config: &Config) -> Self {
        let compression = config.compression.as_ref();
        Self {
            codec: compression.map(|compression| (compression.codec)()),
            threshold: compression.map_or(usize::MAX, |compression| compression.threshold),
            messages: Vec::new(),
            kept: 0,
            inflated: 0,
            count: 0,
        }
    }

    /// Whether a message is kept, since some may get it compressed.
    #[inline]
    pub(crate) fn takes(&self, message: Message<'_>) -> bool {
        message.payload().len() >= self.threshold
    }

    /// Judges what a client offers: the answer, and the window it has for what it gets.
    pub(crate) fn agree(&self, offers: &str) -> Result<Option<(String, u8)>, Refusal> {
        match &self.codec {
            Some(codec) if !offers.is_empty() => codec.agree(offers),
            _ => Ok(None),
        }
    }

    /// Another read begins, which may be inflated as far as any.
    pub(crate) fn begin_read(&mut self) {
        self.inflated = 0;
    }

    /// Whether so much was inflated out of one read that it is the turn of the others.
    pub(crate) fn is_spent(&self) -> bool {
        self.inflated > MAX_INFLATED
    }

    /// The batch has ended, and all ranges of it.
    pub(crate) fn forget(&mut self) {
        self.messages = Vec::new();
        self.kept = 0;
    }

    /// A form of a message, made if it is the first time; `None` when the batch is full.
    fn form(&mut self, message: u32, window: u8, outboxes: &mut Outboxes) -> Option<Run> {
        let at = usize::from(window.saturating_sub(LEAST_WINDOW - 1));
        let made = self.messages[message as usize].forms[at];
        made.or_else(|| self.make(message, window, at, outboxes))
    }

    #[inline(never)]
    fn make(&mut self, n: u32, window: u8, at: usize, outboxes: &mut Outboxes) -> Option<Run> {
        let message = &self.messages[n as usize];
        let codec = self.codec.as_mut().filter(|_| window > 0);
        let shorter = codec.and_then(|codec| codec.deflate(&message.payload, window));
        let (opcode, len) = (message.opcode, message.payload.len());
        let run = match &shorter {
            Some(bytes) => outboxes.encode(ws::frame_len(bytes.len()), |batch| {
                ws::compressed_frame(batch, opcode, bytes)
            }),
            None if window > 0 => self.form(n, 0, outboxes),
            None => outboxes.encode(ws::frame_len(len), |batch| {
                ws::frame(batch, opcode, &message.payload)
            }),
        };
        self.count += u64::from(shorter.is_some());
        self.messages[n as usize].forms[at] = run;
        run
    }
}

impl Hub {
    /// Keeps a large message until the end of the turn; `None` when not all forms of it would fit.
    pub(crate) fn keep_large(&mut self, message: Message<'_>) -> Option<Form> {
        let payload = message.payload().to_vec();
        if !self.outboxes.has_room(FORMS * ws::frame_len(payload.len())) {
            return None;
        }
        self.compressor.kept += payload.len();
        self.compressor.messages.push(Large {
            opcode: message.opcode(),
            payload,
            forms: [None; FORMS],
        });
        Some(Form::Large(self.compressor.messages.len() as u32 - 1))
    }

    /// The range of the batch that one receiver gets.
    #[inline]
    pub(crate) fn form_for(&mut self, key: u32, message: Encoded) -> Option<Run> {
        match message.form {
            Form::Run(run) => Some(run),
            Form::Large(large) => {
                let window = self.conns[key as usize].window;
                self.compressor.form(large, window, &mut self.outboxes)
            }
        }
    }

    /// Queues a large message for each receiver; says how many there are.
    pub(crate) fn publish_large(
        &mut self,
        audience: &Audience,
        message: Message<'_>,
        lot: Option<Lot>,
    ) -> usize {
        let Some(Form::Large(large)) = self.keep_large(message) else {
            return 0;
        };
        let mut count = 0;
        self.rooms.for_each_slot(audience, |key| {
            let window = self.conns[key as usize].window;
            let run = self.compressor.form(large, window, &mut self.outboxes);
            run.into_iter().for_each(|run| {
                self.outboxes.send(key, run, lot);
                count += 1;
            });
        });
        self.stats.delivered += count as u64;
        count
    }

    /// Takes one item from the front of what a WebSocket has sent.
    pub(crate) fn decode<'a>(
        &mut self,
        key: u32,
        decoder: &'a mut Decoder,
        bytes: &'a mut [u8],
    ) -> Result<(usize, Option<Item<'a>>), Violation> {
        let limits = ws::Limits {
            frame: self.config.max_frame as u64,
            message: self.config.max_message as u64,
            fragments: self.config.max_fragments,
        };
        if self.conns[key as usize].window == 0 {
            return decoder.decode(bytes, limits, None);
        }
        let codec = self.compressor.codec.as_mut();
        let decoded = decoder.decode(bytes, limits, codec.map(|codec| &mut **codec as _));
        self.compressor.inflated += match &decoded {
            Ok((_, Some(Item::Text(text)))) => text.len(),
            Ok((_, Some(Item::Binary(bytes)))) => bytes.len(),
            _ => 0,
        };
        decoded
    }
}

/// Zlib's smallest window in bits.
const LEAST_WINDOW: u8 = 9;
/// Plain, and seven windows.
const FORMS: usize = 8;
/// Bytes of messages out of one read of a peer that compresses; other peers' reads are 64 KiB.
const MAX_INFLATED: usize = 1 << 20;
