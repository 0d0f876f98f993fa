//! How far a peer is ahead of the rate that it may go at, in four bytes.
//!
//! What it uses at a rate of so many a second takes so much time. Kept is when all of it will have
//! been worked off, in units of four microseconds that wrap around after 4.77 hours. Who sends
//! nothing for just that long may have to pause once, and loses nothing; pings are sent more often.

/// What a peer has used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    /// When it will no more be ahead.
    even: u32,
}

impl Bucket {
    /// One of which nothing is used at that time, in milliseconds.
    pub(crate) fn new(now: u64) -> Self {
        Self { even: clock(now) }
    }

    /// Uses so many, at a rate of so many a second; `now` in milliseconds. A rate of more than
    /// 250,000 is none.
    pub(crate) fn spend(&mut self, now: u64, count: usize, rate: u32) {
        let cost = (count as u64).saturating_mul(SECOND) / u64::from(rate.max(1));
        let ahead = self.units(now).saturating_add(cost).min(MOST);
        self.even = clock(now).wrapping_add(ahead as u32);
    }

    /// Milliseconds that it is ahead.
    pub(crate) fn ahead(self, now: u64) -> u64 {
        self.units(now) * 1000 / SECOND
    }

    fn units(self, now: u64) -> u64 {
        let ahead = u64::from(self.even.wrapping_sub(clock(now)));
        // More than there can be is a time that has passed.
        if ahead <= MOST { ahead } else { 0 }
    }
}

fn clock(now: u64) -> u32 {
    (now * SECOND / 1000) as u32
}

/// Units of a second.
const SECOND: u64 = 250_000;
/// Nobody is further ahead than twenty seconds, whatever was used at once.
const MOST: u64 = 20 * SECOND;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_is_worked_off_at_the_rate() {
        for start in [0, 17_179_000, 17_179_869, 1 << 40] {
            let mut bucket = Bucket::new(start);
            assert_eq!(bucket.ahead(start), 0);
            (0..50).for_each(|_| bucket.spend(start, 1, 10));
            assert_eq!(bucket.ahead(start), 5000);
            assert_eq!(bucket.ahead(start + 4999), 1);
            assert_eq!(bucket.ahead(start + 5000), 0);
            assert_eq!(bucket.ahead(start + 3_600_000), 0);
        }
    }

    #[test]
    fn what_is_not_used_is_not_saved_up_and_the_most_is_twenty_seconds() {
        let mut bucket = Bucket::new(60_000);
        bucket.spend(60_000, 10, 10);
        assert_eq!(bucket.ahead(60_000), 1000);
        bucket.spend(60_500, usize::MAX, 1);
        assert_eq!(bucket.ahead(60_500), 20_000);
        bucket.spend(60_500, 1000, u32::MAX);
        assert_eq!(bucket.ahead(80_500), 0);
    }
}
