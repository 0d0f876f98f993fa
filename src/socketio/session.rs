//! One Engine.IO session as data: how it is reached, what waits for it, which deadlines it has.

use std::sync::Arc;

use super::engine;
use super::queues::{OVERHEAD, Packets, Queue, Range};
use crate::{Hub, Id, Sid, Weight};

/// A client's connection, whatever carries it at the moment.
#[derive(Debug)]
pub(super) struct Session {
    /// Private: who knows it can speak as this client.
    pub(super) sid: Sid,
    pub(super) carrier: Carrier,
    /// The first of its sockets; most clients are in one namespace. The others are in `work`.
    socket: Option<u32>,
    /// When it is pinged next, or the answer to a ping must be here.
    pub(super) beat: u64,
    /// A ping is out, and nothing has come since.
    pub(super) pinged: bool,
    /// Its client takes bytes as text only.
    pub(super) base64: bool,
    /// Its client takes few packets with one poll.
    pub(super) few: bool,
    /// All that was sent to it when it ended has been written.
    pub(super) flushed: bool,
    /// It is over; what is queued goes with the next poll.
    pub(super) over: bool,
    /// It stands in the list of sessions whose poll may be answered.
    pub(super) dirty: bool,
    /// What is unfinished; none for one that is idle.
    work: Option<Box<Work>>,
}

/// What a session holds while something is unfinished.
#[derive(Debug)]
pub(super) struct Work {
    /// The POST under way: its head is here, its body is not.
    pub(super) post: Option<Id>,
    /// Where the page comes from whose requests wait, if it needs leave to read the answers.
    pub(super) origin: Option<Box<str>>,
    /// The WebSocket it may change to.
    pub(super) probe: Option<Id>,
    /// The sockets behind the first, in the order of connecting.
    others: Vec<u32>,
    /// Packets that wait for a poll.
    pub(super) queue: Queue,
    /// Namespaces that were left, and until when packets for them are late and no error.
    left: Vec<(Arc<str>, u64)>,
    /// A packet whose binary parts have not all come.
    pub(super) partial: Option<Partial>,
    /// Until when it must be in a namespace, must have changed to its WebSocket, is remembered
    /// although it is over: times on the hub's clock, or `NEVER`.
    pub(super) connect: u64,
    pub(super) upgrade: u64,
    pub(super) end: u64,
}

/// What carries packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carrier {
    /// Requests; one may be held until there is something to answer.
    Polling {
        held: Option<Id>,
    },
    WebSocket(Id),
    /// The plain door: one socket in the root namespace, and none of the packets of Engine.IO.
    Plain(Id),
}

/// A packet as it is queued; shared by all receivers of a broadcast.
#[derive(Clone, Debug)]
pub(super) enum Frame {
    Text(Arc<str>),
    Binary(Arc<[u8]>),
}

/// A packet that waits for attachments.
#[derive(Debug)]
pub(super) struct Partial {
    pub(super) text: String,
    pub(super) missing: usize,
    pub(super) attachments: Vec<Vec<u8>>,
    weight: Weight,
}

/// A time on the hub's clock that does not come.
pub(super) const NEVER: u64 = u64::MAX;

/// What an idle session holds.
static NOTHING: Work = Work::nothing();

impl Session {
    pub(super) fn new(sid: Sid, carrier: Carrier, ping: u64, connect: u64) -> Self {
        let mut session = Self {
            sid,
            carrier,
            socket: None,
            beat: ping,
            pinged: false,
            base64: false,
            few: false,
            flushed: false,
            over: false,
            dirty: false,
            work: None,
        };
        session.work_mut().connect = connect;
        session
    }

    /// What is unfinished, to be looked at.
    pub(super) fn work(&self) -> &Work {
        self.work.as_deref().unwrap_or(&NOTHING)
    }

    /// What is unfinished, to be changed; [`Session::tidy`] when something is done.
    pub(super) fn work_mut(&mut self) -> &mut Work {
        self.work.get_or_insert_with(|| Box::new(Work::nothing()))
    }

    /// Gives back the memory of what is done.
    pub(super) fn tidy(&mut self, now: u64) {
        let Some(work) = &mut self.work else { return };
        work.left.retain(|(_, until)| *until > now);
        if work.is_done() {
            self.work = None;
        }
    }

    /// Its sockets in the order of connecting: one for each namespace.
    pub(super) fn sockets(&self) -> impl Iterator<Item = u32> {
        self.socket
            .into_iter()
            .chain(self.work().others.iter().copied())
    }

    pub(super) fn add_socket(&mut self, key: u32) {
        match self.socket {
            None => self.socket = Some(key),
            Some(_) => self.work_mut().others.push(key),
        }
    }

    pub(super) fn remove_socket(&mut self, key: u32) {
        let mut left = self.sockets().filter(|known| *known != key);
        let (first, others) = (left.next(), left.collect::<Vec<_>>());
        self.socket = first;
        if !self.work().others.is_empty() {
            self.work_mut().others = others;
        }
    }

    pub(super) fn take_sockets(&mut self) -> Vec<u32> {
        let sockets = self.sockets().collect();
        self.socket = None;
        if !self.work().others.is_empty() {
            self.work_mut().others = Vec::new();
        }
        sockets
    }

    /// The next of its deadlines.
    pub(super) fn deadline(&self) -> u64 {
        let work = self.work();
        self.beat.min(work.connect).min(work.upgrade).min(work.end)
    }

    /// The body of the next poll: all that waits, or as much as its client takes.
    pub(super) fn next_body(&mut self, packets: &mut Packets) -> Option<String> {
        if self.is_queue_empty() {
            return None;
        }
        let most = if self.few { FEW } else { usize::MAX };
        let frames = self.work_mut().queue.take(most, packets);
        let parts: Vec<_> = frames.iter().map(Frame::part).collect();
        Some(parts.join("\u{1e}"))
    }

    /// Queues an event for a poll; one of a lot may have others dropped, so that no more than half
    /// of `limit` waits. Says how many those are.
    pub(super) fn push(&mut self, range: Range, limit: usize, packets: &mut Packets) -> usize {
        self.work_mut().queue.push_within(range, limit, packets)
    }

    /// Bytes that wait for its polls.
    pub(super) fn waiting(&self) -> usize {
        self.work().queue.bytes()
    }

    /// Queues a packet that overtakes all others.
    pub(super) fn push_first(&mut self, range: Range, packets: &mut Packets) {
        self.work_mut().queue.push_first(range, packets);
    }

    /// Bytes that are held for it, about: what others wait for as well is counted with each.
    pub(super) fn held_for(&self) -> usize {
        self.waiting() + self.partial()
    }

    /// Bytes of a packet of which parts are missing.
    pub(super) fn partial(&self) -> usize {
        let partial = self.work().partial.as_ref();
        partial.map_or(0, |partial| partial.weight.bytes())
    }

    pub(super) fn forget_queue(&mut self, packets: &mut Packets) {
        if !self.is_queue_empty() {
            self.work_mut().queue.clear(packets);
        }
    }

    pub(super) fn is_queue_empty(&self) -> bool {
        self.work().queue.is_empty()
    }

    /// Whether nothing that was sent to it is known to wait.
    pub(super) fn is_flushed(&self, hub: &Hub) -> bool {
        match self.carrier {
            Carrier::Polling { .. } => self.is_queue_empty(),
            Carrier::WebSocket(id) | Carrier::Plain(id) => hub.is_idle(id),
        }
    }

    /// Packets for this namespace may still be under way.
    pub(super) fn has_left(&mut self, namespace: Arc<str>, now: u64) {
        let left = &mut self.work_mut().left;
        left.retain(|(_, until)| *until > now);
        left.push((namespace, now + LATE));
    }

    /// Whether it is in as many namespaces as it may be, or has left as many just now: one that goes
    /// in and out all the time has to pause.
    pub(super) fn is_everywhere(&self, now: u64) -> bool {
        let lately = |(_, until): &&(Arc<str>, u64)| *until > now;
        let left = self.work().left.iter().filter(lately).count();
        self.sockets().count().max(left) >= MAX_NAMESPACES
    }

    pub(super) fn left_lately(&self, namespace: &str, now: u64) -> bool {
        let left = |(known, until): &(Arc<str>, u64)| **known == *namespace && *until > now;
        self.work().left.iter().any(left)
    }

    pub(super) fn set_origin(&mut self, origin: Option<&str>) {
        if self.work().origin.as_deref() != origin {
            self.work_mut().origin = origin.map(Box::from);
        }
    }

    pub(super) fn held(&self) -> Option<Id> {
        match self.carrier {
            Carrier::Polling { held } => held,
            Carrier::WebSocket(_) | Carrier::Plain(_) => None,
        }
    }
}

impl Frame {
    /// The packet as a part of a body.
    fn part(&self) -> String {
        match self {
            Self::Text(text) => text.to_string(),
            Self::Binary(bytes) => engine::binary(bytes),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }
}

impl Partial {
    pub(super) fn new(hub: &Hub, text: &str, missing: usize) -> Self {
        Self {
            text: text.to_owned(),
            missing,
            attachments: Vec::new(),
            weight: hub.weigh(text.len() + OVERHEAD),
        }
    }

    /// Takes the next attachment.
    pub(super) fn push(&mut self, bytes: Vec<u8>) {
        self.weight
            .set(self.weight.bytes() + bytes.len() + OVERHEAD);
        self.attachments.push(bytes);
    }
}

impl Work {
    const fn nothing() -> Self {
        Self {
            post: None,
            origin: None,
            probe: None,
            others: Vec::new(),
            queue: Queue::new(),
            left: Vec::new(),
            partial: None,
            connect: NEVER,
            upgrade: NEVER,
            end: NEVER,
        }
    }

    fn is_done(&self) -> bool {
        let timeless = self.connect == NEVER && self.upgrade == NEVER && self.end == NEVER;
        timeless
            && self.post.is_none()
            && self.origin.is_none()
            && self.probe.is_none()
            && self.others.is_empty()
            && self.queue.is_empty()
            && self.left.is_empty()
            && self.partial.is_none()
    }
}

/// Packets in the body of one poll of a client by python-socketio, which gives up on more.
const FEW: usize = 16;
/// Namespaces that one client may be in at a time.
const MAX_NAMESPACES: usize = 256;
/// Milliseconds for which packets may still be under way for a namespace that was left.
const LATE: u64 = 5_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, Sim};

    #[test]
    fn an_idle_session_takes_80_bytes_and_holds_nothing() {
        assert!(size_of::<Session>() <= 80, "{}", size_of::<Session>());
        let (sid, carrier) = (Sid::new([0; 15]), Carrier::Polling { held: None });
        let mut session = Session::new(sid, carrier, 1000, 2000);
        assert_eq!(session.deadline(), 1000);
        session.beat = 9000;
        assert_eq!(
            session.deadline(),
            2000,
            "it must be in a namespace by then"
        );
        session.work_mut().connect = NEVER;
        let (mut sim, mut packets) = (Sim::new(Config::default()), Packets::default());
        let range = packets.add(sim.hub(), &[Frame::Text("4hello".into())], None);
        session.push(range, 1000, &mut packets);
        session.has_left("/x".into(), 100);
        assert!(session.left_lately("/x", 100) && !session.left_lately("/y", 100));
        assert_eq!(session.held_for(), 6);
        assert_eq!(session.next_body(&mut packets).as_deref(), Some("4hello"));
        assert_eq!((session.held_for(), packets.bytes()), (0, 0));
        session.tidy(100);
        assert!(session.work.is_some());
        session.tidy(100 + LATE);
        assert!(session.work.is_none());
    }

    #[test]
    fn sockets_are_known_in_the_order_of_connecting() {
        let (sid, carrier) = (Sid::new([0; 15]), Carrier::Polling { held: None });
        let mut session = Session::new(sid, carrier, NEVER, NEVER);
        [7, 3, 9, 1]
            .into_iter()
            .for_each(|key| session.add_socket(key));
        for (gone, left) in [(3, &[7, 9, 1][..]), (7, &[9, 1]), (7, &[9, 1]), (9, &[1])] {
            session.remove_socket(gone);
            assert_eq!(session.sockets().collect::<Vec<_>>(), left);
        }
        session.tidy(0);
        assert!(session.work.is_none(), "one takes no more than none");
        session.remove_socket(1);
        assert_eq!(session.sockets().count(), 0);
    }
}
