//! What is held for clients, in bytes, all of it together: packets that wait for polls, and packets
//! of which parts are missing. It is exact, and what many wait for counts once, as long as one of
//! them does: each piece takes its weight back when it is dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The sum. All clones of it are one.
#[derive(Clone, Debug, Default)]
pub(super) struct Meter(Arc<AtomicUsize>);

/// A part of the sum, until it is dropped.
#[derive(Debug)]
pub(super) struct Weight {
    bytes: usize,
    meter: Meter,
}

impl Meter {
    /// Counts a piece of so many bytes, and what it takes besides.
    pub(super) fn weigh(&self, bytes: usize) -> Weight {
        let bytes = bytes + OVERHEAD;
        self.0.fetch_add(bytes, Relaxed);
        Weight {
            bytes,
            meter: self.clone(),
        }
    }

    pub(super) fn total(&self) -> usize {
        self.0.load(Relaxed)
    }
}

impl Drop for Weight {
    fn drop(&mut self) {
        self.meter.0.fetch_sub(self.bytes, Relaxed);
    }
}

/// Bytes that a piece takes beside its own.
pub(super) const OVERHEAD: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_many_wait_for_counts_once_until_none_does() {
        let meter = Meter::default();
        let one = Arc::new(meter.weigh(1000));
        let (other, alone) = (Arc::clone(&one), meter.weigh(1));
        assert_eq!(meter.total(), 1001 + 2 * OVERHEAD);
        drop(one);
        assert_eq!(meter.total(), 1001 + 2 * OVERHEAD);
        drop(other);
        assert_eq!(meter.total(), 1 + OVERHEAD);
        drop(alone);
        assert_eq!(meter.total(), 0);
    }
}
