//! Messages of this turn that the same receivers get: given out together, not one by one.
//!
//! Whoever has much to send to a room sends it in one turn, and all members get all of it but what
//! they sent themselves. So a message is only noted, with who is left out; who gets it is looked at
//! once for all of them, when something else is queued or the turn ends. A room in which everyone
//! says something costs as much as there is said and are listening, not one times the other.

use super::{Outboxes, Run};
use crate::rooms::Members;

/// What has not been given to its receivers yet.
#[derive(Debug, Default)]
pub(super) struct Fanout {
    members: Members,
    /// Messages that lie one behind the other in the batch.
    run: Option<Run>,
    /// Who of the members does not get which part, in the order of the batch.
    left_out: Vec<(u32, Run)>,
}

impl Fanout {
    pub(super) fn is_empty(&self) -> bool {
        self.run.is_none()
    }

    pub(super) fn receivers(&self) -> usize {
        self.run.map_or(0, |_| self.members.len())
    }

    /// Bytes of the list.
    pub(super) fn memory(&self) -> usize {
        self.left_out.len() * size_of::<(u32, Run)>()
    }

    /// Bytes of it that a key will get.
    pub(super) fn waiting(&self, key: u32) -> usize {
        let Some(run) = self.run.filter(|_| self.members.contains(key)) else {
            return 0;
        };
        let own = self.left_out.iter().filter(|(sender, _)| *sender == key);
        run.len() - own.map(|(_, run)| run.len()).sum::<usize>()
    }

    /// Notes a message that lies behind the others, if it has the same receivers.
    fn extend(&mut self, members: &Members, run: Run) -> bool {
        match &mut self.run {
            Some(whole) if whole.end == run.start && self.members == *members => {
                whole.end = run.end;
                true
            }
            _ => false,
        }
    }

    fn leave_out(&mut self, key: u32, run: Run) {
        match self.left_out.last_mut() {
            Some((last, part)) if *last == key && part.end == run.start => part.end = run.end,
            _ => self.left_out.push((key, run)),
        }
    }

    /// Calls for each part that a member gets, for those of the first so many words, who are no
    /// members any more then.
    #[inline]
    fn give(&mut self, words: usize, mut visit: impl FnMut(u32, Run)) {
        let Some(whole) = self.run else { return };
        self.left_out
            .sort_unstable_by_key(|(key, run)| (*key, run.start));
        let mut left_out = self.left_out.iter().peekable();
        self.members.for_each_of(words, |key| {
            let mut rest = whole;
            while let Some((_, own)) = left_out.next_if(|(sender, _)| *sender == key) {
                let before = Run {
                    end: own.start,
                    ..rest
                };
                if !before.is_empty() {
                    visit(key, before);
                }
                rest.start = own.end;
            }
            if !rest.is_empty() {
                visit(key, rest);
            }
        });
        let passed = self.left_out.len() - left_out.len();
        self.left_out.drain(..passed);
        self.members.forget(words);
        if self.members.is_empty() {
            self.run = None;
            // Its memory is for the next one, unless a great many had something to say.
            self.left_out.shrink_to(KEEP_LEFT_OUT);
        }
    }
}

impl Outboxes {
    /// Queues a range of the batch for all members but one; says how many there are.
    pub(crate) fn fan_out(&mut self, members: &Members, but: Option<u32>, run: Run) -> usize {
        let but = but.filter(|but| members.contains(*but));
        let count = members.len() - usize::from(but.is_some());
        if count > 0 {
            if !self.fanout.extend(members, run) {
                self.give_out();
                self.fanout.members.copy(members);
                self.fanout.run = Some(run);
            }
            but.into_iter()
                .for_each(|but| self.fanout.leave_out(but, run));
        }
        count
    }

    /// Gives each receiver its parts of what was noted, before anything else is queued for it.
    #[inline]
    pub(super) fn give_out(&mut self) {
        if !self.fanout.is_empty() {
            self.give_out_to(usize::MAX);
        }
    }

    /// Does so for some: those whose keys are in the first so many words of the members.
    #[inline(never)]
    pub(super) fn give_out_to(&mut self, words: usize) {
        let mut fanout = std::mem::take(&mut self.fanout);
        fanout.give(words, |key, part| self.push(key, part));
        self.fanout = fanout;
    }

    /// Whether somebody is still to get what was noted in this turn.
    pub(crate) fn has_more(&self) -> bool {
        !self.fanout.is_empty()
    }
}

/// Entries of a list that is kept.
const KEEP_LEFT_OUT: usize = 1024;

#[cfg(test)]
mod tests {
    use rand::rngs::ChaCha8Rng;
    use rand::{RngExt, SeedableRng};

    use super::super::Flushed;
    use super::*;

    /// Outboxes, and what each key is to get, byte by byte.
    struct Model {
        outboxes: Outboxes,
        expected: Vec<Vec<u8>>,
        number: u8,
    }

    impl Model {
        fn new(keys: usize) -> Self {
            let mut outboxes = Outboxes::new(1 << 20);
            (0..keys as u32).for_each(|key| outboxes.open(key));
            Self {
                outboxes,
                expected: vec![Vec::new(); keys],
                number: 0,
            }
        }

        fn encode(&mut self, len: usize) -> (Run, Vec<u8>) {
            self.number = self.number.wrapping_add(1);
            let bytes = vec![self.number; len];
            let run = self.outboxes.encode(len, |batch| batch.extend(&bytes));
            (run.unwrap(), bytes)
        }

        fn fan_out(&mut self, members: &[u32], but: Option<u32>, len: usize) {
            let mut set = Members::default();
            members.iter().for_each(|key| set.insert(*key));
            let (run, bytes) = self.encode(len);
            let mut count = 0;
            for key in members.iter().filter(|key| Some(**key) != but) {
                self.expected[*key as usize].extend(&bytes);
                count += 1;
            }
            assert_eq!(self.outboxes.fan_out(&set, but, run), count);
        }

        fn push(&mut self, key: u32, len: usize) {
            let (run, bytes) = self.encode(len);
            self.outboxes.push(key, run);
            self.expected[key as usize].extend(&bytes);
        }

        fn check(&self) {
            for (key, expected) in self.expected.iter().enumerate() {
                assert_eq!(self.outboxes.waiting(key as u32), expected.len());
                assert_eq!(self.outboxes.is_empty(key as u32), expected.is_empty());
            }
        }

        fn write_all(&mut self) {
            let dirty = self.outboxes.take_dirty();
            for key in &dirty {
                let mut got = Vec::new();
                assert_eq!(self.outboxes.flush(*key, &mut got), Flushed::All);
                let expected = std::mem::take(&mut self.expected[*key as usize]);
                assert_eq!(got, expected, "of key {key}");
            }
        }

        /// Says how often a write was called.
        fn end_turn(&mut self) -> usize {
            let before = self.outboxes.writes;
            self.write_all();
            while self.outboxes.has_more() {
                self.write_all();
            }
            self.outboxes.seal();
            assert!(self.expected.iter().all(Vec::is_empty));
            (self.outboxes.writes - before) as usize
        }
    }

    #[test]
    fn everyone_gets_what_each_message_alone_would_have_brought_in_the_order_of_sending() {
        for seed in 0..300 {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let keys = random.random_range(1..900);
            let mut model = Model::new(keys as usize);
            let mut members: Vec<u32> = (0..keys).collect();
            for _ in 0..random.random_range(1..60) {
                let key = random.random_range(0..keys);
                let len = random.random_range(1..20);
                match random.random_range(0..40) {
                    0 => members.retain(|member| *member != key),
                    1 => members = vec![key],
                    2 => members = (0..keys).collect(),
                    3 => model.push(key, len),
                    4 => _ = model.end_turn(),
                    5 => model.check(),
                    6 => model.fan_out(&members, None, len),
                    _ => model.fan_out(&members, Some(key), len),
                }
            }
            model.check();
            model.end_turn();
        }
    }

    #[test]
    fn a_room_in_which_everyone_speaks_is_walked_once() {
        let mut model = Model::new(50);
        let members: Vec<u32> = (0..50).collect();
        for sender in 0..50 {
            model.fan_out(&members, Some(sender), 3);
            assert!(model.outboxes.dirty.is_empty(), "it was walked already");
        }
        assert_eq!(model.outboxes.fanout.left_out.len(), 50);
        model.check();
        assert_eq!(model.end_turn(), 50);
    }

    #[test]
    fn what_is_noted_counts_before_it_is_given_out() {
        let mut model = Model::new(3);
        assert!(!model.outboxes.is_dirty());
        model.fan_out(&[0, 1, 2], Some(1), 5);
        model.fan_out(&[0, 1, 2], Some(2), 5);
        assert!(model.outboxes.is_dirty(), "there is something to write");
        assert_eq!(model.outboxes.receivers(), 3);
        assert!(model.outboxes.unsealed() > 10, "who is left out is a list");
        assert!(model.outboxes.exceeds(0, 9) && !model.outboxes.exceeds(1, 9));
    }

    #[test]
    fn who_speaks_several_times_in_a_row_is_left_out_of_all_that_at_once() {
        let mut model = Model::new(3);
        for _ in 0..100 {
            model.fan_out(&[0, 1, 2], Some(1), 3);
        }
        assert_eq!(model.outboxes.fanout.left_out.len(), 1);
        model.end_turn();
        assert!(model.outboxes.fanout.left_out.is_empty());
    }

    #[test]
    fn the_first_of_a_large_room_are_written_to_before_the_last_are_looked_at() {
        let mut model = Model::new(1000);
        let members: Vec<u32> = (0..1000).collect();
        model.fan_out(&members, Some(999), 3);
        model.write_all();
        assert_eq!(model.outboxes.writes, 256);
        assert!(model.outboxes.has_more());
        model.check();
        model.end_turn();
        assert_eq!(model.outboxes.writes, 999);
    }

    #[test]
    fn who_is_gone_gets_nothing_that_was_noted_before() {
        let mut model = Model::new(2);
        model.fan_out(&[0, 1], None, 3);
        model.outboxes.close(1);
        model.expected[1].clear();
        model.check();
        assert_eq!(model.end_turn(), 1);
    }
}
