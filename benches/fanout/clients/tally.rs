//! Who has got what: the order and number of every delivery, and how much is under way.

use std::io;
use std::time::Instant;

use super::text::Stamp;
use super::wrong;

/// What is sent in a round.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    /// Who gets each message. There is one socket more, since nobody gets its own.
    pub(crate) receivers: usize,
    pub(crate) publishers: usize,
    /// Messages that each publisher has under way at most.
    pub(crate) window: usize,
    /// Messages of each publisher.
    pub(crate) messages: u32,
}

/// The books of one round.
pub(crate) struct Tally {
    load: Load,
    /// By receiver and publisher: the number of the message that must come next.
    next: Vec<u32>,
    /// By publisher: those receivers of each message under way that have not got it.
    missing: Vec<Vec<usize>>,
    /// By publisher: messages that have reached everyone. They do so in order.
    complete: Vec<u32>,
    /// When the first delivery of the round came.
    pub(crate) first: Option<Instant>,
}

impl Load {
    pub(crate) fn deliveries(&self) -> f64 {
        (self.receivers * self.publishers) as f64 * f64::from(self.messages)
    }
}

impl Tally {
    pub(crate) fn new(load: Load) -> Self {
        let Load {
            receivers,
            publishers,
            window,
            ..
        } = load;
        Self {
            load,
            next: vec![0; (receivers + 1) * publishers],
            missing: vec![vec![receivers; window]; publishers],
            complete: vec![0; publishers],
            first: None,
        }
    }

    pub(crate) fn publishers(&self) -> usize {
        self.load.publishers
    }

    /// A message has come.
    pub(crate) fn take(&mut self, socket: usize, stamp: Stamp) -> io::Result<()> {
        let (publisher, publishers) = (stamp.publisher as usize, self.load.publishers);
        if publisher >= publishers || publisher == socket {
            return Err(wrong(format!("client {socket} got {stamp:?}")));
        }
        let next = &mut self.next[socket * publishers + publisher];
        if stamp.number != *next {
            let what = "lost, doubled or out of order";
            return Err(wrong(format!(
                "client {socket} got {stamp:?} and not number {next}: {what}"
            )));
        }
        *next += 1;
        self.first.get_or_insert_with(Instant::now);
        self.count(publisher, stamp.number);
        Ok(())
    }

    fn count(&mut self, publisher: usize, number: u32) {
        let missing = &mut self.missing[publisher][number as usize % self.load.window];
        *missing -= 1;
        if *missing == 0 {
            *missing = self.load.receivers;
            self.complete[publisher] += 1;
        }
    }

    /// How many messages a publisher may have sent by now.
    pub(crate) fn allowed(&self, publisher: usize) -> u32 {
        let window = self.load.window as u32;
        self.load.messages.min(self.complete[publisher] + window)
    }

    pub(crate) fn is_complete(&self) -> bool {
        let messages = self.load.messages;
        self.complete.iter().all(|count| *count == messages)
    }
}
