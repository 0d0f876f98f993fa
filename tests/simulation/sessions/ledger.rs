//! What everybody must get, and what the server must have heard: worked out from the events of the
//! application alone.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use roomcast::RoomEvent;
use roomcast::socketio::{Reason, Socket};

use super::away::Away;
use super::door;
use super::mark::Mark;
use super::world::DURATION;

/// A client, and which of its connections.
pub(super) type Who = (usize, u32);

#[derive(Default)]
pub(super) struct Ledger {
    pub(super) recovery: bool,
    /// So much is kept for those who come back that nothing is dropped for its size.
    pub(super) ample: bool,
    /// So little may wait for a client that it may be cut for it.
    pub(super) narrow: bool,
    /// Little memory is there for all together.
    pub(super) tight: bool,
    /// A socket of the plain door had trouble before it was told who it is.
    pub(super) nameless: bool,
    pub(super) live: BTreeMap<Socket, Present>,
    pub(super) dead: BTreeSet<Socket>,
    /// By namespace and name.
    pub(super) rooms: BTreeMap<(String, String), BTreeSet<Socket>>,
    /// The same by socket.
    inside: BTreeMap<Socket, BTreeSet<String>>,
    /// By public name: a socket that comes back goes on under its own.
    pub(super) members: BTreeMap<String, Member>,
    away: Away,
    /// Names of sessions that clients were told.
    pub(super) sessions: Vec<String>,
    /// When each event went out that has a position; the first has the position 1.
    times: Vec<u64>,
    /// Sent by clients and not heard yet.
    under_way: BTreeMap<Who, VecDeque<u32>>,
    /// Connections that may end: they broke, or their clients wanted or deserved it.
    excused: BTreeSet<Who>,
    recovered: BTreeMap<Who, bool>,
    /// Connections that ended with their programs, without a word.
    pub(super) crashed: BTreeSet<Who>,
}

/// A socket that is connected.
#[derive(Debug)]
pub(super) struct Present {
    pub(super) sid: String,
    pub(super) who: Who,
    pub(super) namespace: String,
}

/// A socket over all its connections.
#[derive(Debug, Default)]
pub(super) struct Member {
    namespace: String,
    expected: Vec<Mark>,
    /// So many of them have come.
    taken: usize,
    /// None while it is connected.
    gone: Option<Gone>,
    /// Somebody came back as this one, and was taken for somebody new.
    spent: bool,
}

#[derive(Debug)]
struct Gone {
    time: u64,
    reason: Reason,
    rooms: BTreeSet<String>,
}

/// What a client says of who it was.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) was: String,
    pub(super) offset: Option<String>,
}

/// Whom a message is for.
#[derive(Debug, Default)]
pub(super) struct Addressees {
    pub(super) to: Vec<String>,
    pub(super) except: Vec<String>,
}

impl Ledger {
    /// A client has handed a message to its transport.
    pub(super) fn sent(&mut self, who: Who, number: u32) {
        self.under_way.entry(who).or_default().push_back(number);
    }

    /// The application has it.
    pub(super) fn heard(&mut self, socket: Socket, number: u32) {
        let who = self.live[&socket].who;
        let next = self.under_way.entry(who).or_default().pop_front();
        assert_eq!(next, Some(number), "{who:?}: lost, doubled or out of order");
    }

    pub(super) fn is_all_heard(&self, who: Who) -> bool {
        self.under_way.get(&who).is_none_or(VecDeque::is_empty)
    }

    pub(super) fn excuse(&mut self, who: Who) {
        self.excused.insert(who);
    }

    /// The application has published a message that is kept for those who come back.
    pub(super) fn publish(&mut self, namespace: &str, whom: &Addressees, mark: Mark, now: u64) {
        self.times.push(now);
        for socket in self.present(namespace, whom) {
            let member = self.members.get_mut(&self.live[&socket].sid);
            member.expect("a member").expected.push(mark);
        }
        for sid in self.away.meant(namespace, whom, now) {
            let member = self.members.get_mut(&sid);
            member.expect("a member").expected.push(mark);
        }
    }

    /// Something else was sent that has a position.
    pub(super) fn pass(&mut self, now: u64) {
        self.times.push(now);
    }

    /// A client has got a message.
    pub(super) fn received(&mut self, sid: &str, mark: Mark) {
        let member = self
            .members
            .get_mut(sid)
            .expect("a client has a known name");
        let next = member.expected.get(member.taken);
        assert_eq!(next, Some(&mark), "{sid}: lost, doubled or out of order");
        member.taken += 1;
    }

    pub(super) fn lacks(&self, sid: &str) -> &[Mark] {
        let member = &self.members[sid];
        &member.expected[member.taken..]
    }

    /// Who is connected, as far as a message to these rooms is concerned.
    pub(super) fn present(&self, namespace: &str, whom: &Addressees) -> BTreeSet<Socket> {
        let all: BTreeSet<Socket> = match &*whom.to {
            [] => self.live.keys().copied().collect(),
            rooms => {
                let key = |room: &String| (namespace.to_owned(), room.clone());
                let rooms = rooms.iter().filter_map(|room| self.rooms.get(&key(room)));
                rooms.flatten().copied().collect()
            }
        };
        let meant = |socket: &Socket| {
            let present = self.live.get(socket);
            let here = present.is_some_and(|present| present.namespace == namespace);
            here && whom.mean(&self.rooms_of(*socket))
        };
        all.into_iter().filter(meant).collect()
    }

    pub(super) fn rooms_of(&self, socket: Socket) -> BTreeSet<String> {
        self.inside.get(&socket).cloned().unwrap_or_default()
    }

    /// What the server says of rooms.
    pub(super) fn note(&mut self, namespace: &str, change: RoomEvent<Socket>) {
        let key = |room: &str| (namespace.to_owned(), room.to_owned());
        match change {
            RoomEvent::Create { room } => {
                let before = self.rooms.insert(key(&room), BTreeSet::new());
                assert!(before.is_none(), "{room} was there");
            }
            RoomEvent::Delete { room } => {
                let members = self.rooms.remove(&key(&room));
                assert_eq!(members, Some(BTreeSet::new()), "{room} had members");
            }
            RoomEvent::Join { room, id, .. } => {
                assert!(!self.dead.contains(&id), "who is gone joins {room}");
                let members = self.rooms.get_mut(&key(&room)).expect("a room");
                assert!(members.insert(id), "joined {room} twice");
                self.inside.entry(id).or_default().insert(room.to_string());
            }
            RoomEvent::Leave { room, id, .. } => {
                let members = self.rooms.get_mut(&key(&room)).expect("a room");
                assert!(members.remove(&id), "left {room} twice");
                let inside = self.inside.get_mut(&id).expect("it was there");
                inside.remove(&*room);
                if inside.is_empty() {
                    self.inside.remove(&id);
                }
            }
        }
    }

    pub(super) fn connect(
        &mut self,
        socket: Socket,
        present: Present,
        claim: Option<&Claim>,
        recovered: bool,
        now: u64,
    ) {
        let rooms = self.rooms_of(socket);
        assert!(rooms.contains(&present.sid), "a socket is in its own room");
        if let Some(claim) = claim {
            self.judge(claim, recovered, now);
            assert!(!recovered || claim.was == present.sid, "another name");
        }
        let fresh = || Member {
            namespace: present.namespace.clone(),
            ..Member::default()
        };
        let member = self
            .members
            .entry(present.sid.clone())
            .or_insert_with(fresh);
        assert_eq!(member.namespace, present.namespace, "back elsewhere");
        let gone = member.gone.take();
        self.away.remove(&present.sid);
        assert_eq!(gone.is_some(), recovered, "a name that was known");
        if let Some(gone) = gone {
            assert_eq!(gone.rooms, rooms, "the rooms are as they were");
        }
        self.recovered.insert(present.who, recovered);
        assert!(self.live.insert(socket, present).is_none(), "came twice");
    }

    /// Whether a client had to be taken for who it was.
    fn judge(&mut self, claim: &Claim, recovered: bool, now: u64) {
        let member = self.members.get_mut(&claim.was).expect("a name was given");
        let gone = member.gone.as_ref().expect("its old connection has ended");
        let may =
            self.recovery && !member.spent && may_pass(gone.reason) && now < gone.time + DURATION;
        assert!(may || !recovered, "{claim:?} is back, and must not be");
        let offset = claim.offset.as_deref();
        let position = offset.map_or(0, |hex| {
            usize::from_str_radix(hex.rsplit('.').next().unwrap(), 16).unwrap()
        });
        // Events are kept for as long as sockets are: what an older one missed may be dropped.
        let kept = self
            .times
            .get(position)
            .is_none_or(|time| now < time + DURATION);
        assert!(
            recovered || !may || !self.ample || !kept,
            "{claim:?} is lost"
        );
        member.spent |= !recovered;
    }

    /// A socket is gone; its rooms are those that it had before.
    pub(super) fn disconnect(
        &mut self,
        socket: Socket,
        reason: Reason,
        rooms: BTreeSet<String>,
        now: u64,
    ) -> Present {
        let present = self.live.remove(&socket).expect("who goes was there");
        assert!(self.dead.insert(socket), "gone twice");
        assert!(self.rooms_of(socket).is_empty(), "gone, and in a room");
        let nameless = self.nameless && present.who.0 >= door::FIRST;
        let excused = nameless || self.excused.contains(&present.who) || self.may_end(reason);
        assert!(excused, "{:?} ends for no reason: {reason}", present.who);
        let member = self.members.get_mut(&present.sid).expect("a member");
        // Who came by the plain door cannot come back.
        let can_come_back = present.who.0 < door::FIRST;
        if self.recovery && can_come_back && may_pass(reason) {
            let (sid, namespace) = (&present.sid, &present.namespace);
            self.away.insert(sid, namespace, &rooms, now + DURATION);
        }
        let gone = Gone {
            time: now,
            reason,
            rooms,
        };
        assert!(member.gone.replace(gone).is_none());
        present
    }

    /// Whether this may befall anybody.
    fn may_end(&self, reason: Reason) -> bool {
        // Where memory is short a connection is also cut in the middle of a request; its client then
        // comes back before the server has missed it.
        let cut = self.narrow && reason == Reason::TransportError
            || self.tight && reason == Reason::TransportClose;
        cut || reason == Reason::ClientNamespaceDisconnect
            || reason == Reason::ServerNamespaceDisconnect
    }

    /// What the application was told of a connection that its client has now.
    pub(super) fn was_recovered(&self, who: Who) -> bool {
        self.recovered[&who]
    }
}

impl Addressees {
    pub(super) fn mean(&self, rooms: &BTreeSet<String>) -> bool {
        let among = |names: &[String]| names.iter().any(|name| rooms.contains(name));
        (self.to.is_empty() || among(&self.to)) && !among(&self.except)
    }
}

fn may_pass(reason: Reason) -> bool {
    !matches!(
        reason,
        Reason::ParseError | Reason::ClientNamespaceDisconnect | Reason::ServerNamespaceDisconnect
    )
}
