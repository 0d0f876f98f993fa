//! The client's side of long-polling: one GET and one POST at a time, on connections that are kept
//! or not.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::engine::{Engine, Packet, State};
use super::network::{Cut, Line};
use super::stage::Stage;
use crate::wire;

#[derive(Default)]
pub(super) struct Polling {
    pub(super) get: Option<Line>,
    pub(super) post: Option<Line>,
    /// It begins no further poll: the change to a WebSocket is under way.
    pub(super) pausing: bool,
    /// A connection on which nothing follows the POST under way: its client has said so.
    last: Option<Line>,
    /// Connections that are kept for a next request.
    spare: Vec<Line>,
}

impl Polling {
    pub(super) fn is_idle(&self) -> bool {
        self.get.is_none() && self.post.is_none()
    }

    pub(super) fn is_used(&self, line: Line) -> bool {
        self.get == Some(line) || self.post == Some(line)
    }

    pub(super) fn is_spare(&self, line: Line) -> bool {
        self.spare.contains(&line)
    }

    pub(super) fn forget(&mut self, line: Line) {
        self.spare.retain(|spare| *spare != line);
    }
}

impl Engine {
    pub(super) fn poll(&mut self, stage: &mut Stage) {
        let bytes = wire::get(self.sid.as_deref());
        self.polling.get = Some(self.ask(stage, &bytes));
        stage.count("polls");
    }

    pub(super) fn flush_by_post(&mut self, stage: &mut Stage) {
        if self.polling.post.is_some() || self.sid.is_none() {
            return;
        }
        self.in_flight = self.writable();
        let parts: Vec<_> = self.buffer[..self.in_flight].iter().map(part).collect();
        let body = parts.join(&wire::SEPARATOR.to_string());
        let bytes = wire::post(self.sid.as_deref(), &body);
        let line = self.ask(stage, &bytes);
        self.polling.post = Some(line);
        if stage.one_in(8) {
            self.polling.last = Some(line);
            stage.cut(line, Cut::Half);
            stage.count("half-closes behind a post");
        }
        stage.count(match parts.len() {
            1 => "posts of one packet",
            _ => "posts of several packets",
        });
    }

    /// Writes a request to a connection that is free, or to a new one.
    fn ask(&mut self, stage: &mut Stage, bytes: &[u8]) -> Line {
        match self.polling.spare.pop() {
            None => self.line(stage, bytes),
            Some(line) => {
                stage.write(line, bytes);
                line
            }
        }
    }

    pub(super) fn read_answer(&mut self, line: Line, stage: &mut Stage) {
        let Some((status, body)) = self.lines.get_mut(&line).and_then(wire::answer) else {
            return;
        };
        let is_post = self.polling.post == Some(line);
        self.spare(line, stage);
        match (status, is_post) {
            (200, true) => {
                assert_eq!(body, "ok");
                self.polling.post = None;
                self.posted(stage);
            }
            (200, false) => self.polled(&body, stage),
            _ => {
                stage.count("refused requests");
                self.shut(true, stage);
            }
        }
    }

    fn spare(&mut self, line: Line, stage: &mut Stage) {
        let last = self.polling.last.take_if(|last| *last == line);
        if last.is_none() && !stage.one_in(4) {
            return self.polling.spare.push(line);
        }
        self.lines.remove(&line);
        stage.close(line);
    }

    fn posted(&mut self, stage: &mut Stage) {
        self.buffer.drain(..self.in_flight);
        self.in_flight = 0;
        self.drained(stage);
        self.change_if_paused(stage);
    }

    fn polled(&mut self, body: &str, stage: &mut Stage) {
        let packets: Vec<_> = body.split(wire::SEPARATOR).collect();
        if packets.len() >= 16 {
            stage.count("full polls");
        }
        for packet in packets {
            match packet {
                _ if self.state == State::Closed => return,
                "1" => return self.shut(false, stage),
                packet => self.packet(packet, stage),
            }
        }
        self.polling.get = None;
        match self.polling.pausing {
            _ if self.state == State::Closed => {}
            true => self.change_if_paused(stage),
            false => self.poll(stage),
        }
    }
}

fn part(packet: &Packet) -> String {
    match packet {
        Packet::Text(text) => text.clone(),
        Packet::Bytes(bytes) => format!("b{}", STANDARD.encode(bytes)),
    }
}
