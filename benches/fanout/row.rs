//! One row of the table: what is sent, what was measured, and how it is printed.

use std::fmt;
use std::time::Duration;

/// What is sent in a round.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) receivers: usize,
    pub(crate) publishers: usize,
    /// Messages that each publisher has under way at most.
    pub(crate) window: usize,
    /// Bytes of a message.
    pub(crate) size: usize,
    /// Messages of each publisher.
    pub(crate) messages: u32,
}

/// One round of the server, and the one of the floor behind it.
pub(crate) struct Round {
    pub(crate) deliveries: u64,
    pub(crate) took: Duration,
    pub(crate) writes: u64,
    /// Nanoseconds on a processor; none where the system does not tell.
    pub(crate) server: Option<u64>,
    pub(crate) floor: Option<u64>,
    /// Of each delivery, in nanoseconds.
    pub(crate) latencies: Vec<u32>,
}

/// The medians of some rounds.
pub(crate) struct Row {
    load: Load,
    rate: f64,
    server: Option<f64>,
    floor: Option<f64>,
    ratio: Option<f64>,
    writes: f64,
    /// Of all deliveries of all rounds: nanoseconds that half of them, and all but 1 %, took at most.
    p50: u32,
    p99: u32,
}

impl Load {
    pub(crate) fn new(receivers: usize, publishers: usize, window: usize, size: usize) -> Self {
        let window = window.min(MAX_UNDER_WAY / size / publishers);
        // So that every round takes about as long: small messages share a write, large ones do not.
        let deliveries = (DELIVERIES * (window * publishers).min(8)).min(MAX_BYTES / size);
        Self {
            receivers,
            publishers,
            window,
            size,
            messages: (deliveries / receivers / publishers) as u32,
        }
    }

    /// A part of it, for a quick run.
    pub(crate) fn divided(self, by: u32) -> Self {
        let messages = (self.messages / by).max(1);
        Self { messages, ..self }
    }

    /// As much, from one publisher.
    pub(crate) fn by_one(&self) -> Self {
        Self {
            publishers: 1,
            window: self.under_way(),
            messages: self.messages * self.publishers as u32,
            ..*self
        }
    }

    /// Messages that are under way at most.
    pub(crate) fn under_way(&self) -> usize {
        self.window * self.publishers
    }
}

impl Row {
    pub(crate) fn new(load: Load, rounds: &[Round]) -> Self {
        let each = |of: fn(&Round) -> Option<f64>| median(rounds.iter().filter_map(of).collect());
        let mut latencies: Vec<_> = rounds.iter().flat_map(|round| &round.latencies).collect();
        latencies.sort_unstable();
        Self {
            rate: each(|round| Some(round.deliveries as f64 / round.took.as_secs_f64()))
                .unwrap_or(0.0),
            server: each(|round| Some(round.server? as f64 / round.deliveries as f64)),
            floor: each(|round| Some(round.floor? as f64 / round.deliveries as f64)),
            ratio: each(|round| Some(round.server? as f64 / round.floor? as f64)),
            writes: each(|round| Some(round.writes as f64 / round.deliveries as f64))
                .unwrap_or(0.0),
            p50: *latencies[latencies.len() / 2],
            p99: *latencies[latencies.len() * 99 / 100],
            load,
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_dash = |value: Option<f64>, digits: usize| {
            value.map_or("-".to_owned(), |value| format!("{value:.digits$}"))
        };
        let Load {
            receivers,
            publishers,
            size,
            ..
        } = self.load;
        write!(
            f,
            "{receivers:>9} {publishers:>10} {:>9} {size:>6} {:>12.0} {:>10} {:>9} {:>6} {:>8.3} {:>10.1} {:>10.1}",
            self.load.under_way(),
            self.rate,
            or_dash(self.server, 0),
            or_dash(self.floor, 0),
            or_dash(self.ratio, 2),
            self.writes,
            f64::from(self.p50) / 1e3,
            f64::from(self.p99) / 1e3,
        )
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// The names of the columns.
pub(crate) const HEADER: &str = "
                               bytes /  deliveries    server     floor  server   writes /   latency, us
receivers publishers under way message    / second  ns/deliv. ns/deliv. / floor  delivery      p50      p99";

/// Deliveries in a round of one message at a time.
const DELIVERIES: usize = 100_000;
/// Bytes that are delivered in a round at most.
const MAX_BYTES: usize = 1 << 30;
/// Bytes under way to each receiver at most: well below what the kernel buffers and what the server
/// lets a slow receiver keep.
const MAX_UNDER_WAY: usize = 512 * 1024;
