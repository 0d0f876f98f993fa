//! The rules of HTTP as a table: the bytes of a case, the status of every answer to them, and what
//! the connection is good for afterwards.
//!
//! The judge is the RFC that a group names, not the server; where the RFC leaves it open, a comment
//! says what was chosen. Every case is sent whole, with a good request right behind it in the same
//! read, and byte by byte, with a turn of the loop after each; the answers must be the same.

mod bodies;
mod connection;
mod fields;
mod framing;
mod limits;
mod line;
mod smuggling;
mod upgrade;

use std::collections::HashSet;
use std::fmt;

use roomcast::sim::client_frame;
use roomcast::{Config, Event, Hub, Response, Sim};

use End::{Closed, Open, Socket};

/// What a connection is good for behind a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// A good request is answered.
    Open,
    /// The server has closed its side, and a good request is not answered.
    Closed,
    /// It is a WebSocket: a ping is answered.
    Socket,
}

/// Bytes, the statuses of the answers in order, and the end. A 100 is due only when the body has not
/// come with the head, so only when the case is sent byte by byte (RFC 9110 §10.1.1).
type Row<'a> = (&'a [u8], &'a [u16], End);

#[derive(Clone)]
struct Case {
    /// The paragraphs that decide it.
    rule: &'static str,
    bytes: Vec<u8>,
    statuses: Vec<u16>,
    end: End,
}

/// Cases that have in common what stands before and behind them.
fn table(rule: &'static str, [before, behind]: [&str; 2], rows: &[Row<'_>]) -> Vec<Case> {
    let case = |(bytes, statuses, end): &Row<'_>| Case {
        rule,
        bytes: [before.as_bytes(), bytes, behind.as_bytes()].concat(),
        statuses: statuses.to_vec(),
        end: *end,
    };
    rows.iter().map(case).collect()
}

fn all() -> Vec<Case> {
    [
        line::cases(),
        fields::cases(),
        framing::cases(),
        bodies::cases(),
        connection::cases(),
        upgrade::cases(),
        limits::cases(),
        smuggling::cases(),
    ]
    .concat()
}

#[test]
fn every_case_has_its_statuses_and_its_end_whole_and_byte_by_byte() {
    let cases = all();
    let faults: Vec<_> = cases.iter().filter_map(|case| case.judge().err()).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    assert!(cases.len() >= 150, "only {} cases", cases.len());
}

#[test]
fn the_table_is_not_one_case_in_many_clothes() {
    let cases = all();
    let different: HashSet<_> = cases.iter().map(|case| &case.bytes).collect();
    assert_eq!(different.len(), cases.len(), "a case stands there twice");
    let count = |end| cases.iter().filter(|case| case.end == end).count();
    assert!(count(Open) >= 40 && count(Closed) >= 80 && count(Socket) >= 2);
    let statuses: HashSet<_> = cases.iter().flat_map(|case| &case.statuses).collect();
    for status in [100, 101, 200, 400, 413, 414, 417, 426, 431, 501, 505] {
        assert!(statuses.contains(&status), "nothing is answered {status}");
    }
}

#[test]
fn a_case_that_is_not_as_expected_is_told_with_its_bytes() {
    let get: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let wrong: [Row<'_>; 5] = [
        (get, &[400], Open),
        (get, &[200], Closed),
        (get, &[200], Socket),
        (get, &[], Open),
        (get, &[200, 200], Open),
    ];
    for case in table("a rule", ["", ""], &wrong) {
        let fault = case.judge().unwrap_err();
        assert!(fault.starts_with("a rule: GET / HTTP/1.1\\r\\n"), "{fault}");
        assert!(fault.contains("HTTP/1.1 200 OK\\r\\n"), "{fault}");
    }
    assert_eq!(
        table("", ["", ""], &[(get, &[200], Open)])[0].judge(),
        Ok(())
    );
}

/// Bodies are bounded so that one byte too many is not a million.
fn config() -> Config {
    Config {
        max_body: 50,
        ..Config::default()
    }
}

/// Answers every request with what it was.
#[expect(clippy::needless_pass_by_value, reason = "that is what a handler is")]
fn report(hub: &mut Hub, event: Event<'_>) {
    if let Event::Request { id, request } = event {
        let asked = format!("{} {}", request.method(), request.path());
        let response = Response::new(200).header("Asked", asked);
        hub.respond(id, response.body(request.body()));
    }
}

/// An answer as it came.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    /// All answers, and what stands behind the one that changes the protocol.
    fn read_all(mut bytes: &[u8]) -> (Vec<Self>, &[u8]) {
        let mut answers = Vec::new();
        while let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let (head, rest) = bytes.split_at(end + 4);
            let mut answer = Self {
                status: std::str::from_utf8(&head[9..12]).unwrap().parse().unwrap(),
                head: String::from_utf8(head.to_vec()).unwrap(),
                body: Vec::new(),
            };
            let (body, rest) = rest.split_at(answer.body_len());
            answer.body = body.to_vec();
            answers.push(answer);
            bytes = rest;
            if answers.last().is_some_and(|last| last.status == 101) {
                break;
            }
        }
        (answers, bytes)
    }

    fn field(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// Which request it answers, if the application was asked.
    fn asked(&self) -> Option<&str> {
        self.field("Asked")
    }

    /// RFC 9112 §6.3: an answer to HEAD has no body, whatever its length says.
    fn body_len(&self) -> usize {
        match self.asked() {
            Some(asked) if asked.starts_with("HEAD ") => 0,
            _ => self
                .field("Content-Length")
                .map_or(0, |len| len.parse().unwrap()),
        }
    }

    fn closes(&self) -> bool {
        self.field("Connection") == Some("close")
    }

    /// What is wrong with it whatever was asked.
    fn fault(&self) -> Option<&'static str> {
        let hello = b"hello".repeat(self.body.len() / 5);
        let whole = self.body == hello || self.body.starts_with(b"GET /smuggled");
        // RFC 9110 §15.5.22, RFC 6455 §4.4.
        let upgrade = [self.field("Upgrade"), self.field("Sec-WebSocket-Version")];
        match self.status {
            200 if self.asked().is_none_or(|asked| asked.contains("smuggled")) => {
                Some("a request was seen where there is none")
            }
            200 if !whole => Some("the body is not the one that was sent"),
            426 if upgrade != [Some("websocket"), Some("13")] => {
                Some("it does not say what would do")
            }
            _ => None,
        }
    }
}

impl Case {
    /// Sends it whole and torn.
    fn judge(&self) -> Result<(), String> {
        // Nobody needs leave to send what has come already.
        let statuses = self.statuses.iter().copied();
        let whole: Vec<_> = statuses.filter(|status| *status != 100).collect();
        let whole = self.play(&whole, usize::MAX)?;
        let mut torn = self.play(&self.statuses, 1)?;
        torn.retain(|answer| answer.status != 100);
        match whole == torn {
            true => Ok(()),
            false => Err(format!("{self}: {whole:?} when whole, and torn {torn:?}")),
        }
    }

    /// Sends it, and behind it what tries the connection, in pieces of that size.
    fn play(&self, statuses: &[u16], size: usize) -> Result<Vec<Answer>, String> {
        let mut sim = Sim::new(config());
        let id = sim.connect();
        for piece in [self.bytes.clone(), self.probe()].concat().chunks(size) {
            sim.receive(id, piece, &mut report);
            sim.end_turn(&mut report);
        }
        let came = sim.take(id);
        let (mut answers, rest) = Answer::read_all(&came);
        let probed = answers.last().and_then(Answer::asked) == Some("GET /probe");
        answers.truncate(answers.len() - usize::from(probed));
        let end = match (probed, sim.is_shut(id), rest) {
            (true, false, []) => Some(Open),
            (false, true, []) => Some(Closed),
            (false, false, b"\x8a\x05probe") => Some(Socket),
            _ => None,
        };
        let got: Vec<_> = answers.iter().map(|answer| answer.status).collect();
        // RFC 9112 §9.6: the last answer, and no other, says that it is the last.
        let said = answers
            .iter()
            .map(Answer::closes)
            .rposition(|closes| closes);
        let last = (end == Some(Closed)).then(|| got.len() - 1);
        let fault = answers.iter().find_map(Answer::fault);
        if got == statuses && end == Some(self.end) && said == last && fault.is_none() {
            return Ok(answers);
        }
        let [fault, came] = [
            fault.unwrap_or("not as expected"),
            &came.escape_ascii().to_string(),
        ];
        Err(format!(
            "{self}: {statuses:?} expected, and came {got:?} {end:?}; {fault}:\n{came}"
        ))
    }

    /// What is answered behind it if the connection is what it should be, or is still open.
    fn probe(&self) -> Vec<u8> {
        match self.end {
            Socket => client_frame(0x89, b"probe"),
            Open | Closed => b"GET /probe HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(),
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rule, bytes, end) = (self.rule, self.bytes.escape_ascii(), self.end);
        write!(f, "{rule}: {bytes} ({end:?})")
    }
}
