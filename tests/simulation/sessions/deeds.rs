//! What clients do of their own accord, at random moments.

use serde_json::{Value, json};

use super::client::{Client, Emission};
use super::engine::{Engine, Packet};
use super::mark;
use super::packet::placeholder;
use super::stage::Stage;

/// What no client may send.
const GARBAGE: [&str; 7] = ["9", "2", "4x", "42", "42[]", "451-", "b*"];

impl Client {
    /// Does something.
    pub(super) fn act(&mut self, stage: &mut Stage) {
        // Much is on its way while it changes to a WebSocket.
        let engine = self.engine.as_ref();
        let pause = if engine.is_some_and(Engine::probes) {
            15
        } else {
            110
        };
        self.act_at = (stage.now + stage.scale.pause(stage, pause)).max(self.asleep_until);
        if stage.now < self.asleep_until {
            return;
        }
        if self.leaves || self.lurks || self.engine.is_none() && stage.one_in(2) {
            return;
        }
        match stage.below(100) {
            0..40 => self.say("say", stage),
            40..48 => self.say("whisper", stage),
            48..60 => self.visit("join", stage),
            60..66 => self.visit("leave", stage),
            66..70 => self.ask(stage),
            70..82 => self.upgrade(stage),
            82..85 => self.stall(stage),
            85..91 => self.cut(stage),
            91..93 => self.tell(json!(["kick", 0, stage.one_in(2)]), stage),
            93..95 => self.tell(json!(["drop", 0]), stage),
            95 => self.rage(stage),
            96 => self.sleep(stage),
            _ => self.go(stage),
        }
        self.attend(stage);
    }

    /// Publishes something, several at once at times.
    fn say(&mut self, name: &str, stage: &mut Stage) {
        let times = stage.pick(&[1, 1, 1, 2, 2, 4, 18]);
        for _ in 0..times {
            let number = self.count();
            let mark = (self.number, number);
            let (to, except) = self.whom(stage);
            let mut args = json!([name, number, to, except, mark.0, number, mark::text(mark)]);
            let blobs = mark::blobs(mark);
            let list = args.as_array_mut().unwrap();
            list.extend((0..blobs.len()).map(placeholder));
            self.emit_numbered(number, args, blobs, stage);
        }
    }

    fn visit(&mut self, how: &str, stage: &mut Stage) {
        let room = stage.scale.room(self.number, stage);
        self.tell(json!([how, 0, room]), stage);
    }

    fn ask(&mut self, stage: &mut Stage) {
        let (to, except) = self.whom(stage);
        self.tell(json!(["ask", 0, to, except]), stage);
    }

    /// Emits an event whose first argument becomes its number.
    fn tell(&mut self, mut args: Value, stage: &mut Stage) {
        let number = self.count();
        args[1] = json!(number);
        self.emit_numbered(number, args, Vec::new(), stage);
    }

    fn emit_numbered(&mut self, number: u32, args: Value, blobs: Vec<Vec<u8>>, stage: &mut Stage) {
        let ack = stage.one_in(2).then(|| {
            self.last_ack += 1;
            self.last_ack
        });
        let emission = Emission {
            number,
            ack,
            args,
            blobs,
        };
        self.emit(emission, stage);
    }

    fn count(&mut self) -> u32 {
        self.last_number += 1;
        self.last_number
    }

    fn upgrade(&mut self, stage: &mut Stage) {
        if let Some(engine) = &mut self.engine {
            engine.begin_upgrade(stage);
        }
    }

    pub(super) fn cut(&mut self, stage: &mut Stage) {
        if let Some(engine) = &mut self.engine {
            engine.cut(stage);
        }
    }

    fn stall(&mut self, stage: &mut Stage) {
        if let Some(engine) = &mut self.engine {
            engine.stall(stage);
        }
    }

    /// Its machine sleeps for a while, and its connections with it.
    fn sleep(&mut self, stage: &mut Stage) {
        if let Some(engine) = &mut self.engine {
            self.asleep_until = stage.now + 50 + stage.below(900) as u64;
            self.act_at = self.asleep_until;
            engine.sleep(self.asleep_until, stage);
        }
    }

    /// Sends what no client may.
    fn rage(&mut self, stage: &mut Stage) {
        let Some(engine) = &mut self.engine else {
            return;
        };
        engine.doomed = true;
        stage.count("rages");
        let packet = match stage.one_in(5) {
            true => Packet::Bytes(vec![4, 2]),
            false => Packet::Text(stage.pick(&GARBAGE).to_owned()),
        };
        engine.send(packet, stage);
    }

    /// Leaves, in order or by a crash.
    pub(super) fn go(&mut self, stage: &mut Stage) {
        let Some(engine) = &mut self.engine else {
            return;
        };
        stage.ledger.excuse((self.number, self.epoch));
        match stage.below(3) {
            0 => {
                stage.ledger.crashed.insert((self.number, self.epoch));
                return engine.crash(stage);
            }
            1 => engine.close(stage),
            _ => self.leave(true, stage),
        }
        stage.count("orderly leaves");
    }

    /// The end of it all: it goes, breaks off, or falls silent, and does not come back.
    pub(super) fn depart(&mut self, stage: &mut Stage) {
        self.stays_away = true;
        match stage.below(3) {
            0 => self.cut(stage),
            _ => self.go(stage),
        }
        self.attend(stage);
    }

    /// Rooms for a message, and rooms that do not get it.
    fn whom(&self, stage: &mut Stage) -> (Vec<String>, Vec<String>) {
        let room = |stage: &mut Stage| stage.scale.room(self.number, stage);
        let own = self.sid.clone();
        let to = match stage.below(10) {
            0..4 => stage.scale.hall(self.number),
            4 | 5 => vec![room(stage), room(stage)],
            6 => own.iter().cloned().collect(),
            _ => vec![room(stage)],
        };
        let except = match stage.below(6) {
            0 => vec![room(stage)],
            1 => own.into_iter().collect(),
            _ => Vec::new(),
        };
        (to, except)
    }
}
