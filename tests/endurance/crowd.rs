//! Some clients in a room of their own, what they say, and how each of them checks what it hears.

use std::net::SocketAddr;

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use crate::client::{Client, Kind, Manner};

/// A room and all who are in it.
pub(crate) struct Crowd {
    room: String,
    members: Vec<Member>,
    /// How many messages each of them has said.
    said: u64,
}

struct Member {
    client: Client,
    manner: Manner,
    /// The number of the last message that it heard; the server counts all of them.
    last: u64,
}

/// Who speaks, and what: all of it begins with the name of the event and the room.
struct Speech {
    speaker: usize,
    events: Vec<String>,
}

impl Crowd {
    /// So many clients knock all at once, and come in.
    pub(crate) fn gather(
        number: u64,
        kinds: &[Kind],
        addr: SocketAddr,
        random: &mut ChaCha8Rng,
    ) -> Self {
        let room = format!("crowd-{number}");
        let mut members: Vec<_> = kinds
            .iter()
            .map(|kind| Member {
                client: Client::knock(*kind, addr),
                manner: Manner::any(*kind, random),
                last: 0,
            })
            .collect();
        for member in &mut members {
            member.client.enter(&room);
        }
        // Who has the last word says goodbye.
        members[0].manner = Manner::Goodbye;
        Self {
            room,
            members,
            said: 0,
        }
    }

    pub(crate) fn manners(&self) -> impl Iterator<Item = Manner> {
        self.members.iter().map(|member| member.manner)
    }

    /// Some say something, several messages at once, and all the others hear it: every message
    /// once, those of one sender in order, and the same order for all. Says how many were heard.
    pub(crate) fn talk(&mut self, random: &mut ChaCha8Rng) -> u64 {
        let speakers = rand::seq::index::sample(random, self.members.len(), SPEAKERS);
        let speeches: Vec<_> = speakers
            .into_iter()
            .map(|speaker| self.speech(speaker, random))
            .collect();
        for speech in &speeches {
            self.members[speech.speaker].client.say(&speech.events);
        }
        self.said += BURST as u64;
        let sids: Vec<_> = self
            .members
            .iter()
            .map(|member| member.client.sid.clone())
            .collect();
        let mut heard = 0;
        for (listener, member) in self.members.iter_mut().enumerate() {
            let others: Vec<_> = speeches
                .iter()
                .filter(|speech| speech.speaker != listener)
                .collect();
            heard += member.listen(&others, &sids);
        }
        heard
    }

    /// All go, each in its own manner. They are told something before: who does not read it goes by
    /// a reset.
    pub(crate) fn disperse(mut self, random: &mut ChaCha8Rng) {
        let speech = self.speech(0, random);
        self.members[0].client.say(&speech.events[..1]);
        for member in self.members {
            member.client.leave(member.manner);
        }
    }

    /// What a member says next: its own place, the count of its messages, and some more, mostly
    /// little.
    fn speech(&self, speaker: usize, random: &mut ChaCha8Rng) -> Speech {
        let room = &self.room;
        let event = |n| {
            let more = match random.random_range(0..100) {
                0 => random.random_range(1000..4000),
                _ => random.random_range(0..120),
            };
            let letter = char::from(b'a' + (n % 26) as u8);
            let more = String::from(letter).repeat(more);
            format!("[\"room message\",\"{room}\",\"{speaker} {n} {more}\"]")
        };
        let events = (self.said..).take(BURST).map(event).collect();
        Speech { speaker, events }
    }
}

impl Member {
    /// Hears all that others say; says how many messages that was.
    #[track_caller]
    fn listen(&mut self, speeches: &[&Speech], sids: &[String]) -> u64 {
        let mut next = vec![0; speeches.len()];
        let all = speeches.len() * BURST;
        for _ in 0..all {
            let event = String::from_utf8(self.client.hear()).unwrap();
            let place = speeches.iter().zip(&next).position(|(speech, next)| {
                let said = speech.events.get(*next);
                said.is_some_and(|said| event.starts_with(&said[..said.len() - 1]))
            });
            let place = place.unwrap_or_else(|| panic!("not what comes next: {event}"));
            let speech = speeches[place];
            let said = speech.events[next[place]].len() - 1;
            next[place] += 1;
            // What the server adds: the number and the sender, and the offset where it is kept.
            let added = event[said..].strip_prefix(',').unwrap();
            let (number, sender) = added.trim_end_matches(']').split_once(",\"").unwrap();
            let number = number.parse().unwrap();
            assert!(self.last < number, "{number} behind {}", self.last);
            assert!(sender.starts_with(&sids[speech.speaker]), "from {sender}");
            self.last = number;
        }
        all as u64
    }
}

/// How many speak at once, and how many messages each of them says then.
const SPEAKERS: usize = 8;
const BURST: usize = 4;
