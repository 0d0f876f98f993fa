//! What a peer reads: the messages that the server wrote to it, inflated, by their numbers.

use roomcast::sim::client_frame;
use roomcast::{Compression, Config, Event, Id, Sim};

use super::frames::Frames;

/// One peer.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    frames: Frames,
    /// The number of a message of several frames, and how many of them have come.
    part: (u64, u8),
}

/// Inflates messages: a server reads what a client sends, and so it can read what is sent to one.
pub(crate) struct Inflater {
    sim: Sim,
    id: Id,
}

impl Reader {
    /// The numbers of the messages that have become whole.
    pub(crate) fn read(&mut self, bytes: &[u8], inflater: &mut Option<Inflater>) -> Vec<u64> {
        self.frames.feed(bytes);
        let mut numbers = Vec::new();
        while let Some((first, payload)) = self.frames.next() {
            let payload = match (first & 0x40, inflater.as_mut()) {
                (0, _) => payload,
                (_, Some(inflater)) => inflater.inflate(first, &payload),
                (_, None) => panic!("compressed, and that was not agreed on"),
            };
            match first & !0x40 {
                0x81 | 0x82 => numbers.extend(self.take(&payload)),
                0x88..=0x8a => {}
                first => panic!("a frame begins with {first:x}"),
            }
        }
        numbers
    }

    /// The number of a message, when its last frame has come.
    fn take(&mut self, payload: &[u8]) -> Option<u64> {
        let text = std::str::from_utf8(payload).expect("a message of ours");
        let mut words = text.split(' ').map(|word| word.parse::<u64>().ok());
        let mut next = || words.next().flatten().expect("numbers at the beginning");
        let (number, part, parts) = (next(), next() as u8, next() as u8);
        let before = std::mem::replace(&mut self.part, (number, part + 1));
        match part {
            0 => assert!(before.1 == 0, "{before:?}: its other frames have not come"),
            part => assert_eq!(before, (number, part), "frames that go together"),
        }
        if part + 1 < parts {
            return None;
        }
        self.part = (0, 0);
        Some(number)
    }
}

/// A message as [`Reader`] knows it; one of several frames is made of several.
pub(crate) fn text(number: u64, part: u8, parts: u8, len: usize) -> String {
    format!("{number} {part} {parts} {}", "x".repeat(len))
}

impl Inflater {
    pub(crate) fn new(compression: Compression) -> Self {
        let mut sim = Sim::new(Config {
            compression: Some(compression),
            ..Config::default()
        });
        let id = sim.connect();
        sim.receive(id, super::script::UPGRADE_DEFLATE, &mut |_, _| {});
        Self { sim, id }
    }

    fn inflate(&mut self, first: u8, payload: &[u8]) -> Vec<u8> {
        let mut inflated = None;
        let frame = client_frame(first, payload);
        self.sim.receive(self.id, &frame, &mut |_, event| {
            inflated = match event {
                Event::Text { text, .. } => Some(text.as_bytes().to_vec()),
                Event::Binary { bytes, .. } => Some(bytes.to_vec()),
                event => panic!("{event:?}"),
            }
        });
        inflated.expect("a message, whole")
    }
}
