//! Which rooms a socket was in when an event went out: what it joined and left, by the positions of
//! the log, so that who comes back gets what was for it then and nothing else.
//!
//! Kept with recovery only, for as far back as the log reaches. Knows positions and names; no log.

use std::collections::VecDeque;

/// The latest changes of the rooms of one socket, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Moves {
    list: VecDeque<Move>,
    /// Up to this position the changes are not known any more.
    forgotten: u64,
}

#[derive(Clone, Debug)]
struct Move {
    /// The last event before it.
    position: u64,
    room: String,
    joined: bool,
}

impl Moves {
    /// Adds a change behind the event at a position, and forgets what is before the log's first.
    pub(super) fn push(&mut self, room: &str, joined: bool, position: u64, first: u64) {
        let old = |oldest: &Move| oldest.position < first;
        while self.list.front().is_some_and(old) {
            self.list.pop_front();
        }
        if self.list.len() == MAX_MOVES {
            let oldest = self.list.pop_front();
            self.forgotten = oldest.map_or(self.forgotten, |oldest| oldest.position);
        }
        self.list.push_back(Move {
            position,
            room: room.to_owned(),
            joined,
        });
    }

    /// Whether the rooms are known for all events behind a position.
    pub(super) fn reach(&self, position: u64) -> bool {
        self.forgotten <= position
    }

    /// Roughly the bytes that it takes.
    pub(super) fn size(&self) -> usize {
        let names = self.list.iter().map(|one| one.room.len());
        names.sum::<usize>() + self.list.len() * size_of::<Move>()
    }

    /// Takes back, the last first, the changes that came behind the event at a position.
    pub(super) fn undo(&mut self, rooms: &mut Vec<String>, position: u64) {
        let behind = |last: &Move| last.position >= position;
        while self.list.back().is_some_and(behind) {
            let Some(Move { room, joined, .. }) = self.list.pop_back() else {
                return;
            };
            match joined {
                true => rooms.retain(|known| *known != room),
                false => rooms.push(room),
            }
        }
    }
}

/// Changes that are kept for one socket; whoever has more of them and misses an event before is
/// taken for somebody new.
const MAX_MOVES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_are_known_as_of_any_event_that_is_kept() {
        let mut moves = Moves::default();
        moves.push("lobby", true, 1, 1);
        moves.push("attic", true, 2, 1);
        moves.push("lobby", false, 3, 1);
        let mut rooms = vec!["attic".to_owned()];
        for (position, expected) in [
            (4, &["attic"][..]),
            (3, &["attic", "lobby"]),
            (2, &["lobby"]),
            (1, &[]),
        ] {
            moves.undo(&mut rooms, position);
            assert_eq!(rooms, expected, "when the event {position} went out");
        }
    }

    #[test]
    fn no_more_is_kept_than_the_log_and_the_bound_allow() {
        let mut moves = Moves::default();
        (0..10).for_each(|position| moves.push("lobby", position % 2 == 0, position, position));
        assert_eq!(moves.list.len(), 1);
        assert!(moves.reach(0));
        (0..MAX_MOVES).for_each(|n| moves.push("attic", n % 2 == 0, 20, 1));
        assert_eq!(moves.list.len(), MAX_MOVES);
        assert!(moves.reach(9) && !moves.reach(8));
    }
}
