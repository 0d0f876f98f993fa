//! Who has got what: order, number and latency of every delivery, and how much is under way.

use crate::frame::Stamp;
use crate::row::Load;

/// The books of one round.
pub(crate) struct Tally {
    pub(crate) publishers: usize,
    /// Messages that each publisher sends.
    pub(crate) messages: u32,
    /// By receiver and publisher: the number of the message that must come next.
    next: Vec<u32>,
    /// By publisher: those receivers of each message under way that have not got it.
    missing: Vec<Vec<u32>>,
    receivers: u32,
    /// By publisher: messages that have reached everyone. They do so in order.
    complete: Vec<u32>,
    deliveries: u64,
    /// Nanoseconds, in no order.
    pub(crate) latencies: Vec<u32>,
}

impl Tally {
    /// For so many sockets that listen; those that publish do not get their own.
    pub(crate) fn new(sockets: usize, load: &Load) -> Self {
        let Load {
            receivers,
            publishers,
            window,
            messages,
            ..
        } = *load;
        Self {
            publishers,
            messages,
            next: vec![0; sockets * publishers],
            missing: vec![vec![receivers as u32; window]; publishers],
            receivers: receivers as u32,
            complete: vec![0; publishers],
            deliveries: 0,
            latencies: Vec::with_capacity(receivers * publishers * messages as usize),
        }
    }

    /// A message has come.
    pub(crate) fn take(&mut self, socket: usize, stamp: Stamp, now: u64) {
        let publisher = stamp.publisher as usize;
        assert!(publisher < self.publishers, "a publisher that is none");
        let next = self.next[socket * self.publishers + publisher];
        assert_eq!(
            stamp.number, next,
            "socket {socket} of publisher {publisher}: lost, doubled or out of order"
        );
        self.latencies.push(now.saturating_sub(stamp.sent) as u32);
        self.count(socket, publisher);
    }

    /// A message has come that says nothing of itself.
    pub(crate) fn count(&mut self, socket: usize, publisher: usize) {
        let next = &mut self.next[socket * self.publishers + publisher];
        let ring = &mut self.missing[publisher];
        let window = ring.len();
        let missing = &mut ring[*next as usize % window];
        *next += 1;
        *missing -= 1;
        self.deliveries += 1;
        if *missing == 0 {
            *missing = self.receivers;
            self.complete[publisher] += 1;
        }
    }

    /// How many messages a publisher may have sent by now.
    pub(crate) fn allowed(&self, publisher: usize) -> u32 {
        let window = self.missing[publisher].len() as u32;
        self.messages.min(self.complete[publisher] + window)
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.complete.iter().all(|count| *count == self.messages)
    }

    /// What was delivered in all, checked once more against what was sent.
    pub(crate) fn deliveries(&self) -> u64 {
        let sent = u64::from(self.messages) * self.publishers as u64;
        assert_eq!(
            self.deliveries,
            sent * u64::from(self.receivers),
            "the exact number"
        );
        self.deliveries
    }
}
