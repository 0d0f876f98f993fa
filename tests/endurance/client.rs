//! One client of the chat: at the plain door, of Socket.IO by WebSocket, or of Socket.IO by polling.
//! All three say and hear the same, JSON arrays that begin with the name of an event.

use std::collections::VecDeque;
use std::net::SocketAddr;

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use crate::wire::{Frame, Wire};

/// How a client talks to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    SocketIo,
    Polling,
}

/// How it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It says so, and waits for the answer.
    Goodbye,
    /// It sends no more, and reads to the end.
    HalfClose,
    /// It is gone from one moment to the next.
    Vanish,
    /// So it is, and leaves half a message behind.
    Torn,
    /// By a reset, as what it was sent is not read.
    Reset,
}

/// A client that is in a room.
pub(crate) struct Client {
    kind: Kind,
    wire: Wire,
    /// Where it polls.
    path: String,
    /// What the last poll brought that is not heard yet.
    polled: VecDeque<Vec<u8>>,
    /// Its public name.
    pub(crate) sid: String,
}

impl Manner {
    /// One that is possible for such a client. Without its connection a client that polls is no
    /// more gone than between two polls; only one whose poll is cut off is.
    pub(crate) fn any(kind: Kind, random: &mut ChaCha8Rng) -> Self {
        let most = if kind == Kind::Polling { 2 } else { 5 };
        match random.random_range(0..most) {
            0 => Self::Goodbye,
            1 => Self::Vanish,
            2 => Self::HalfClose,
            3 => Self::Torn,
            _ => Self::Reset,
        }
    }
}

impl Client {
    /// Knocks, and does not wait for the answer.
    pub(crate) fn knock(kind: Kind, addr: SocketAddr) -> Self {
        let mut wire = Wire::connect(addr);
        match kind {
            Kind::Plain => wire.upgrade("/ws"),
            Kind::SocketIo => wire.upgrade("/socket.io/?EIO=4&transport=websocket"),
            Kind::Polling => wire.send(get(POLLING)),
        }
        Self {
            kind,
            wire,
            path: String::new(),
            polled: VecDeque::new(),
            sid: String::new(),
        }
    }

    /// Waits for the answer, and joins a room.
    #[track_caller]
    pub(crate) fn enter(&mut self, room: &str) {
        if self.kind == Kind::Polling {
            let (status, open) = self.wire.answer();
            assert_eq!(status, 200);
            let open = String::from_utf8(open).unwrap();
            self.path = format!("{POLLING}&sid={}", between(&open, "\"sid\":\"", "\""));
        } else {
            self.wire.upgraded();
        }
        if self.kind == Kind::SocketIo {
            assert!(self.packet().starts_with(b"0{"));
        }
        if self.kind != Kind::Plain {
            self.send(&["40"]);
            assert!(self.packet().starts_with(b"40{"));
        }
        self.say(&[format!("[\"join\",\"{room}\"]"), "[\"whoami\"]".to_owned()]);
        let who = String::from_utf8(self.hear()).unwrap();
        assert!(who.contains(&format!(",[\"{room}\"]")), "{who}");
        self.sid = between(&who, "[\"whoami\",\"", "\"").to_owned();
    }

    /// Says some events at once.
    pub(crate) fn say(&mut self, events: &[String]) {
        match self.kind {
            Kind::Plain => self.wire.send_texts(events),
            Kind::SocketIo | Kind::Polling => {
                let packets: Vec<_> = events.iter().map(|event| format!("42{event}")).collect();
                self.send(&packets);
            }
        }
    }

    /// The next event.
    #[track_caller]
    pub(crate) fn hear(&mut self) -> Vec<u8> {
        loop {
            let mut packet = self.packet();
            if self.kind == Kind::Plain {
                return packet;
            }
            match &*packet {
                b"2" => self.send(&["3"]),
                b"6" => {}
                _ => {
                    let text = String::from_utf8_lossy(&packet);
                    assert!(packet.starts_with(b"42["), "no event: {text}");
                    return packet.split_off(2);
                }
            }
        }
    }

    /// Leaves.
    #[track_caller]
    pub(crate) fn leave(mut self, manner: Manner) {
        match (manner, self.kind) {
            (Manner::Goodbye, Kind::Polling) => self.send(&["1"]),
            (Manner::Vanish, Kind::Polling) => {
                // With nothing to answer it by, the next poll is held.
                self.hear();
                self.wire.send(get(&self.path));
            }
            (Manner::Goodbye, kind) => {
                if kind == Kind::SocketIo {
                    self.send(&["41"]);
                }
                self.wire
                    .send(roomcast::sim::client_frame(0x88, &1000_u16.to_be_bytes()));
                while !matches!(self.wire.frame(), Frame::Close) {}
                self.wire.ended();
            }
            (Manner::HalfClose, _) => {
                self.wire.end();
                self.wire.ended();
            }
            (Manner::Vanish, _) => {}
            (Manner::Torn, _) => self.wire.send(HALF),
            (Manner::Reset, _) => self.wire.ignores_something(),
        }
    }

    /// Sends packets of Engine.IO at once.
    fn send(&mut self, packets: &[impl AsRef<str>]) {
        if self.kind != Kind::Polling {
            return self.wire.send_texts(packets.iter().map(AsRef::as_ref));
        }
        let packets: Vec<_> = packets.iter().map(AsRef::as_ref).collect();
        let (path, body) = (&self.path, packets.join("\x1e"));
        let len = body.len();
        self.wire.send(format!(
            "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {len}\r\n\r\n{body}"
        ));
        let (status, body) = self.wire.answer();
        assert_eq!((status, &*body), (200, &b"ok"[..]));
    }

    /// The next packet, or the next message at the plain door.
    #[track_caller]
    fn packet(&mut self) -> Vec<u8> {
        if self.kind != Kind::Polling {
            loop {
                match self.wire.frame() {
                    Frame::Text(text) => return text,
                    // Nobody stays for so long that it has to be answered.
                    Frame::Ping => {}
                    Frame::Close => panic!("it was closed"),
                }
            }
        }
        while self.polled.is_empty() {
            self.wire.send(get(&self.path));
            let (status, body) = self.wire.answer();
            assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
            let packets = body.split(|byte| *byte == 0x1e);
            self.polled.extend(packets.map(<[u8]>::to_vec));
        }
        self.polled.pop_front().unwrap()
    }
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let (_, rest) = text.split_once(before).unwrap();
    rest.split_once(after).unwrap().0
}

const POLLING: &str = "/socket.io/?EIO=4&transport=polling";
/// A frame of a text of 100 bytes, up to the first four.
const HALF: [u8; 10] = [0x81, 0x80 | 100, 0, 0, 0, 0, b'h', b'a', b'l', b'f'];
