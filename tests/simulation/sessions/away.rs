//! Who is gone and may come back: in which rooms they were, so that it is known what they miss.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::ledger::Addressees;

#[derive(Default)]
pub(super) struct Away {
    members: BTreeMap<String, Gone>,
    /// Their names by namespace and room.
    inside: BTreeMap<(String, String), BTreeSet<String>>,
    /// Until when they may come back, the first that may not any more in front.
    order: VecDeque<(u64, String)>,
}

struct Gone {
    until: u64,
    namespace: String,
    rooms: BTreeSet<String>,
}

impl Away {
    pub(super) fn insert(
        &mut self,
        sid: &str,
        namespace: &str,
        rooms: &BTreeSet<String>,
        until: u64,
    ) {
        for room in rooms {
            let key = (namespace.to_owned(), room.clone());
            self.inside.entry(key).or_default().insert(sid.to_owned());
        }
        let gone = Gone {
            until,
            namespace: namespace.to_owned(),
            rooms: rooms.clone(),
        };
        self.members.insert(sid.to_owned(), gone);
        self.order.push_back((until, sid.to_owned()));
    }

    pub(super) fn remove(&mut self, sid: &str) {
        let Some(gone) = self.members.remove(sid) else {
            return;
        };
        for room in gone.rooms {
            let key = (gone.namespace.clone(), room);
            let names = self.inside.get_mut(&key).expect("it was there");
            names.remove(sid);
            if names.is_empty() {
                self.inside.remove(&key);
            }
        }
    }

    /// Those whom a message is for.
    pub(super) fn meant(&mut self, namespace: &str, whom: &Addressees, now: u64) -> Vec<String> {
        self.forget(now);
        let all: BTreeSet<&String> = match &*whom.to {
            [] => self.members.keys().collect(),
            rooms => {
                let key = |room: &String| (namespace.to_owned(), room.clone());
                let rooms = rooms.iter().filter_map(|room| self.inside.get(&key(room)));
                rooms.flatten().collect()
            }
        };
        let meant = |sid: &&String| {
            let gone = &self.members[*sid];
            gone.namespace == namespace && whom.mean(&gone.rooms)
        };
        all.into_iter().filter(meant).cloned().collect()
    }

    fn forget(&mut self, now: u64) {
        while self.order.front().is_some_and(|(until, _)| *until <= now) {
            let Some((until, sid)) = self.order.pop_front() else {
                return;
            };
            // It may have come back and be gone again.
            if self
                .members
                .get(&sid)
                .is_some_and(|gone| gone.until == until)
            {
                self.remove(&sid);
            }
        }
    }
}
