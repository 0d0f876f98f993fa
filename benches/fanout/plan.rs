//! What is measured, and how much of it.

use crate::servers::Writes;
use crate::table::Aim;

/// How much is measured.
pub(crate) struct Plan {
    /// Measured rounds of each row, after one that is not measured.
    pub(crate) rounds: usize,
    /// What is delivered in a round is divided by this.
    pub(crate) share: usize,
    /// Rows with more receivers are left out.
    pub(crate) max_receivers: usize,
    /// Connections that stay, for their memory.
    pub(crate) idle: usize,
    /// Times a thousand connections that come and go in a round.
    pub(crate) come_and_go: usize,
    pub(crate) stalled: Stalled,
    /// Messages during each flood.
    pub(crate) flooded: usize,
    /// Whether the command is built as it is released, for its size.
    pub(crate) release: bool,
    /// Measures only what has this in its name.
    pub(crate) only: Option<String>,
}

/// Receivers that read nothing, and the bytes their room gets.
#[derive(Clone, Copy)]
pub(crate) struct Stalled {
    pub(crate) receivers: usize,
    pub(crate) bytes: usize,
}

/// A row of the table: who sends how much to whom.
pub(crate) struct FanOut {
    pub(crate) name: &'static str,
    pub(crate) receivers: usize,
    pub(crate) publishers: usize,
    /// Messages that each publisher has under way at most.
    pub(crate) window: usize,
    /// Bytes of a message.
    pub(crate) size: usize,
    /// What the floor does that it is compared with.
    pub(crate) floor: Writes,
    pub(crate) aims: &'static [Aim],
    /// Whether it is measured with the servers of others, too.
    pub(crate) with_peers: bool,
}

impl Plan {
    pub(crate) const FULL: Self = Self {
        rounds: 10,
        share: 1,
        max_receivers: 10_000,
        idle: 10_000,
        come_and_go: 10,
        stalled: Stalled {
            receivers: 1000,
            bytes: 64 << 20,
        },
        flooded: 5000,
        release: true,
        only: None,
    };

    /// Proves that it runs.
    pub(crate) const QUICK: Self = Self {
        rounds: 3,
        share: 20,
        max_receivers: 1000,
        idle: 500,
        come_and_go: 1,
        stalled: Stalled {
            receivers: 100,
            bytes: 8 << 20,
        },
        flooded: 100,
        release: false,
        only: None,
    };

    /// With the servers of others, some of which take a hundred times as long.
    pub(crate) const PEERS: Self = Self {
        share: 4,
        come_and_go: 1,
        ..Self::FULL
    };

    pub(crate) const QUICK_PEERS: Self = Self {
        share: 40,
        ..Self::QUICK
    };

    /// Whether something is measured, by its name.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| name.contains(only))
    }

    /// The rows of fan-out that are measured.
    pub(crate) fn fan_out(&self) -> impl Iterator<Item = &'static FanOut> {
        let rows = FAN_OUT.iter();
        rows.filter(|row| row.receivers <= self.max_receivers && self.wants(row.name))
    }
}

impl FanOut {
    /// Messages of each publisher in a round, so that every round takes about as long: small
    /// messages share a write, large ones do not.
    pub(crate) fn messages(&self, share: usize) -> u32 {
        let under_way = self.publishers * self.window;
        let deliveries = (DELIVERIES * under_way.min(64)).min(MAX_BYTES / self.size);
        let messages = deliveries / self.receivers / self.publishers / share;
        // But so many that as much is under way as the row says.
        messages.max(self.window) as u32
    }
}

const FAN_OUT: [FanOut; 7] = [
    one_at_a_time(100, "one message at a time, 100 receivers"),
    one_at_a_time(1000, "one message at a time, 1,000 receivers"),
    one_at_a_time(10_000, "one message at a time, 10,000 receivers"),
    FanOut {
        name: "32 under way, 1,000 receivers",
        receivers: 1000,
        publishers: 2,
        window: 16,
        size: 32,
        floor: Writes::PerTurn,
        aims: &[Aim::Ratio(1.0), Aim::Ratio(1.15)],
        with_peers: true,
    },
    FanOut {
        name: "160 under way, 1,000 receivers",
        receivers: 1000,
        publishers: 10,
        window: 16,
        size: 32,
        floor: Writes::PerTurn,
        aims: &[Aim::Ratio(1.1), Aim::Ratio(1.5)],
        with_peers: true,
    },
    FanOut {
        name: "1,000 publishers, one message each",
        receivers: 1000,
        publishers: 1000,
        window: 1,
        size: 32,
        floor: Writes::PerTurn,
        aims: &[Aim::Ratio(1.1), Aim::Ratio(1.5)],
        with_peers: false,
    },
    FanOut {
        name: "messages of 16 KiB, 100 receivers",
        receivers: 100,
        publishers: 1,
        window: 1,
        size: 16 * 1024,
        floor: Writes::PerMessage,
        aims: &[Aim::Ratio(1.0), Aim::Ratio(1.05)],
        with_peers: false,
    },
];

const fn one_at_a_time(receivers: usize, name: &'static str) -> FanOut {
    FanOut {
        name,
        receivers,
        publishers: 1,
        window: 1,
        size: 32,
        floor: Writes::PerMessage,
        aims: &[Aim::Ratio(1.03), Aim::Ratio(1.05)],
        with_peers: receivers == 1000,
    }
}

/// Deliveries in a round of one message at a time.
const DELIVERIES: usize = 100_000;
/// Bytes that are delivered in a round at most.
const MAX_BYTES: usize = 1 << 30;
