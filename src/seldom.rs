//! Lines of the log that a flood would repeat: the first is written at once, and those of the next
//! ten seconds are counted for the one that follows them.

use std::fmt;

/// When a line of one kind may be written again.
#[derive(Debug, Default)]
pub(crate) struct Seldom {
    next: u64,
    missed: u64,
}

/// What stands at the end of a line: how many like it were left out before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Missed(u64);

impl Seldom {
    /// Whether to write a line at that time, in milliseconds; if not it is counted.
    pub(crate) fn line(&mut self, now: u64) -> Option<Missed> {
        if now < self.next {
            self.missed += 1;
            return None;
        }
        self.next = now + PAUSE;
        Some(Missed(std::mem::take(&mut self.missed)))
    }
}

impl fmt::Display for Missed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => Ok(()),
            n => write!(f, "; {n} times more before"),
        }
    }
}

/// Milliseconds from one line to the next of its kind.
const PAUSE: u64 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_written_and_those_that_follow_are_counted() {
        let mut seldom = Seldom::default();
        let mut line = |now| seldom.line(now).map(|missed| missed.to_string());
        assert_eq!(line(5).as_deref(), Some(""));
        assert_eq!((line(6), line(10_004)), (None, None));
        assert_eq!(line(10_005).as_deref(), Some("; 2 times more before"));
        assert_eq!(line(30_000).as_deref(), Some(""));
    }
}
