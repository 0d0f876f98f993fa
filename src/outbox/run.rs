//! Where in the batch of a turn something stands.

use std::ops::Range;

/// A range of the batch of this turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Run {
    pub(super) const EMPTY: Self = Self {
        start: u32::MAX,
        end: u32::MAX,
    };

    /// This range, up to the end of one behind it.
    pub(crate) fn through(self, last: Self) -> Self {
        Self {
            end: last.end,
            ..self
        }
    }

    pub(super) fn is_empty(self) -> bool {
        self.start == self.end
    }

    pub(super) fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    pub(super) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}
