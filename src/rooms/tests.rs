//! The four events in their order, and 100,000 random operations against a plain model.

use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

use super::*;

fn sid(n: u32) -> Sid {
    let mut bytes = [0; 15];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    Sid::new(bytes)
}

/// Rooms that remember what they said, members named A to Z in the log.
#[derive(Default)]
struct Logged {
    rooms: Rooms<u32>,
    log: Vec<String>,
}

impl Logged {
    fn does(
        &mut self,
        action: impl FnOnce(&mut Rooms<u32>, &mut dyn FnMut(RoomEvent<u32>)) -> bool,
    ) -> bool {
        action(&mut self.rooms, &mut |event| {
            self.log.push(event.to_string())
        })
    }

    /// What was said since the last time.
    #[track_caller]
    fn said(&mut self, expected: &[&str]) {
        let mut log = std::mem::take(&mut self.log).join(", ");
        for (n, name) in ["S", "T"].iter().enumerate() {
            log = log.replace(&sid(n as u32).to_string(), name);
        }
        assert_eq!(log, expected.join(", "));
    }
}

const S: u32 = 0;
const T: u32 = 1;

#[test]
fn events_come_in_the_order_of_the_adapter() {
    let mut it = Logged::default();
    it.does(|rooms, hook| rooms.enter(S, sid(S), hook));
    it.does(|rooms, hook| rooms.enter(T, sid(T), hook));
    it.said(&[
        "create-room S, join-room S S",
        "create-room T, join-room T T",
    ]);
    assert!(it.does(|rooms, hook| rooms.join(S, "R", hook)));
    assert!(!it.does(|rooms, hook| rooms.join(S, "R", hook)));
    assert!(it.does(|rooms, hook| rooms.join(T, "R", hook)));
    assert!(it.does(|rooms, hook| rooms.join(S, "R2", hook)));
    it.said(&[
        "create-room R",
        "join-room R S",
        "join-room R T",
        "create-room R2",
        "join-room R2 S",
    ]);
    assert!(it.does(|rooms, hook| rooms.leave(S, "R2", hook)));
    assert!(!it.does(|rooms, hook| rooms.leave(S, "R2", hook)));
    assert!(!it.does(|rooms, hook| rooms.leave(S, "none", hook)));
    it.said(&["leave-room R2 S", "delete-room R2"]);
    it.does(|rooms, hook| rooms.join(S, "R3", hook));
    it.said(&["create-room R3", "join-room R3 S"]);
    assert!(it.does(|rooms, hook| rooms.exit(S, hook)));
    it.said(&[
        "leave-room S S, delete-room S",
        "leave-room R S",
        "leave-room R3 S, delete-room R3",
    ]);
    assert!(!it.does(|rooms, hook| rooms.exit(S, hook)));
    assert!(!it.does(|rooms, hook| rooms.join(S, "R", hook)));
    it.said(&[]);
}

#[test]
fn who_is_only_introduced_may_join_rooms_before_its_own() {
    let mut it = Logged::default();
    assert!(it.rooms.introduce(S, sid(S)));
    assert!(!it.rooms.introduce(T, sid(S)), "a name that is taken");
    it.said(&[]);
    assert!(it.does(|rooms, hook| rooms.join(S, "M", hook)));
    assert!(it.does(|rooms, hook| rooms.join_own(S, hook)));
    assert!(!it.does(|rooms, hook| rooms.join_own(S, hook)));
    it.said(&[
        "create-room M",
        "join-room M S",
        "create-room S",
        "join-room S S",
    ]);
    assert!(it.does(|rooms, hook| rooms.exit(S, hook)));
    it.said(&[
        "leave-room M S",
        "delete-room M",
        "leave-room S S",
        "delete-room S",
    ]);
}

#[test]
fn a_visited_own_room_is_a_room_like_others() {
    let mut it = Logged::default();
    it.does(|rooms, hook| rooms.enter(S, sid(S), hook));
    it.does(|rooms, hook| rooms.join(S, "R", hook));
    it.does(|rooms, hook| rooms.enter(T, sid(T), hook));
    it.log.clear();
    let own = sid(S).to_string();
    assert!(it.does(|rooms, hook| rooms.join(T, &own, hook)));
    assert_eq!(it.rooms.len(&own), 2);
    it.said(&["join-room S T"]);
    it.does(|rooms, hook| rooms.exit(S, hook));
    it.said(&["leave-room S S", "leave-room R S", "delete-room R"]);
    // The name lives on with its visitor, and who comes back under it joins that room.
    assert!(it.does(|rooms, hook| rooms.enter(S, sid(S), hook)));
    it.said(&["join-room S S"]);
}

#[test]
fn an_audience_is_a_union_less_the_excepted_each_once() {
    let mut it = Logged::default();
    for n in 0..4 {
        it.does(|rooms, hook| rooms.enter(n, sid(n), hook));
    }
    for (n, room) in [(0, "a"), (1, "a"), (1, "b"), (2, "b")] {
        it.does(|rooms, hook| rooms.join(n, room, hook));
    }
    let rooms = &it.rooms;
    let reached = |to: &[&str], except: &[&str]| {
        let resolve = |names: &[&str]| names.iter().map(|name| rooms.resolve(name)).collect();
        let audience = Audience {
            to: resolve(to),
            except: resolve(except),
        };
        let mut ids = rooms.members(&audience);
        ids.sort_unstable();
        ids
    };
    let own = sid(1).to_string();
    assert_eq!(reached(&[], &[]), [0, 1, 2, 3]);
    assert_eq!(reached(&["a", "b", "a"], &[]), [0, 1, 2]);
    assert_eq!(reached(&["a", &own, "b"], &["b"]), [0]);
    assert_eq!(reached(&[&own], &[]), [1]);
    assert_eq!(reached(&[], &[&own]), [0, 2, 3]);
    assert!(reached(&["none"], &[]).is_empty());
    assert_eq!(reached(&["none", "a"], &["none"]), [0, 1]);
}

/// The same rules in the plainest words: lists, searched from the front.
#[derive(Default)]
struct Model {
    /// Members and their rooms, both in their order of coming.
    members: Vec<(u32, Vec<String>)>,
    log: Vec<String>,
}

impl Model {
    fn size(&self, room: &str) -> usize {
        self.members
            .iter()
            .filter(|(_, rooms)| rooms.iter().any(|name| name == room))
            .count()
    }

    fn rooms(&mut self, id: u32) -> Option<&mut Vec<String>> {
        self.members
            .iter_mut()
            .find(|(member, _)| *member == id)
            .map(|(_, rooms)| rooms)
    }

    fn enter(&mut self, id: u32) -> bool {
        if self.rooms(id).is_some() {
            return false;
        }
        self.members.push((id, Vec::new()));
        self.join(id, &sid(id).to_string())
    }

    fn join(&mut self, id: u32, room: &str) -> bool {
        let new = self.size(room) == 0;
        let Some(rooms) = self.rooms(id) else {
            return false;
        };
        if rooms.iter().any(|name| name == room) {
            return false;
        }
        rooms.push(room.to_owned());
        if new {
            self.log.push(format!("create-room {room}"));
        }
        self.log.push(format!("join-room {room} {}", sid(id)));
        true
    }

    fn leave(&mut self, id: u32, room: &str) -> bool {
        let Some(rooms) = self.rooms(id) else {
            return false;
        };
        let Some(at) = rooms.iter().position(|name| name == room) else {
            return false;
        };
        rooms.remove(at);
        self.log.push(format!("leave-room {room} {}", sid(id)));
        if self.size(room) == 0 {
            self.log.push(format!("delete-room {room}"));
        }
        true
    }

    fn exit(&mut self, id: u32) -> bool {
        let Some(rooms) = self.rooms(id).map(|rooms| rooms.clone()) else {
            return false;
        };
        for room in rooms {
            self.leave(id, &room);
        }
        self.members.retain(|(member, _)| *member != id);
        true
    }
}

#[test]
fn a_hundred_thousand_operations_agree_with_a_plain_model() {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let (mut it, mut model) = (Logged::default(), Model::default());
    for step in 0..100_000 {
        let id = random.random_range(0..24);
        let other = sid(random.random_range(0..24)).to_string();
        let named = format!("room {}", random.random_range(0..12));
        let room = if random.random_ratio(1, 4) {
            &other
        } else {
            &named
        };
        let (did, expected) = match random.random_range(0..20) {
            0..=1 => (
                it.does(|rooms, hook| rooms.enter(id, sid(id), hook)),
                model.enter(id),
            ),
            2 => (it.does(|rooms, hook| rooms.exit(id, hook)), model.exit(id)),
            3..=12 => (
                it.does(|rooms, hook| rooms.join(id, room, hook)),
                model.join(id, room),
            ),
            _ => (
                it.does(|rooms, hook| rooms.leave(id, room, hook)),
                model.leave(id, room),
            ),
        };
        assert_eq!(did, expected, "step {step}");
        assert_eq!(it.log, model.log, "step {step}");
        assert_eq!(it.rooms.len(room), model.size(room), "step {step}");
        let rooms: Vec<_> = it.rooms.rooms_of(id).map(|name| name.to_string()).collect();
        assert_eq!(
            rooms,
            model.rooms(id).cloned().unwrap_or_default(),
            "step {step}"
        );
        let present = model.members.iter().any(|(member, _)| *member == id);
        assert_eq!(
            it.rooms.find(&sid(id).to_string()),
            present.then_some(id),
            "step {step}"
        );
        it.log.clear();
        model.log.clear();
    }
    assert_eq!(it.rooms.population(), model.members.len());
}

#[test]
fn a_member_takes_forty_bytes() {
    assert_eq!(size_of::<Option<Member<crate::id::Id>>>(), 40);
}
