//! The chat as clients of Socket.IO find it, beside those of the plain door.

use super::Client;
use crate::program::Program;
use crate::support::{Socket, closing, hear, open, say};

/// A client of Socket.IO over a WebSocket, and the names that it got.
struct Io {
    socket: Socket,
    sid: String,
    pid: String,
}

impl Io {
    fn open(program: &Program, auth: &str) -> Self {
        let path = "/socket.io/?EIO=4&transport=websocket";
        let mut socket = open(program.addr(), path);
        assert!(hear(&mut socket).starts_with("0{\"sid\":\""));
        say(&mut socket, format!("40{auth}"));
        let mut client = Self {
            socket,
            sid: String::new(),
            pid: String::new(),
        };
        if !auth.contains("\"pid\"") {
            client.is_welcomed();
        }
        client
    }

    fn is_welcomed(&mut self) {
        let welcome = self.hear();
        let field = |name: &str| {
            let (_, rest) = welcome.split_once(&format!("\"{name}\":\""))?;
            Some(rest.split('"').next()?.to_owned())
        };
        self.sid = field("sid").unwrap_or_else(|| panic!("{welcome}"));
        self.pid = field("pid").unwrap_or_default();
    }

    fn hear(&mut self) -> String {
        hear(&mut self.socket)
    }

    /// What it sends is answered so.
    #[track_caller]
    fn asks(&mut self, text: &str, expected: &str) {
        say(&mut self.socket, text);
        assert_eq!(self.hear(), expected);
    }
}

#[test]
fn every_kind_of_client_shares_one_chat() {
    let program = Program::start(&["--no-recovery"]);
    let mut plain = Client::open(&program);
    let mut io = Io::open(&program, "");
    io.asks(r#"421["chat message","hello"]"#, r#"431[{"id":1}]"#);
    let expected = format!(r#"["chat message","hello",1,"{}"]"#, io.sid);
    assert_eq!(hear(&mut plain.socket), expected);
    plain.say(r#"["chat message", "hi"]"#);
    let expected = format!(r#"42["chat message","hi",2,"{}"]"#, plain.sid);
    assert_eq!(io.hear(), expected);
    plain.say(r#"["join","kitchen"]"#);
    plain.is_in(r#"["kitchen"]"#);
    io.asks(r#"422["join","kitchen"]"#, r#"432[{"rooms":["kitchen"]}]"#);
    io.asks(
        r#"423["room message","kitchen","dinner"]"#,
        r#"433[{"id":3}]"#,
    );
    let expected = format!(r#"["room message","kitchen","dinner",3,"{}"]"#, io.sid);
    assert_eq!(hear(&mut plain.socket), expected);
    plain.say(&format!(r#"["private message","{}","psst"]"#, io.sid));
    assert!(io.hear().starts_with("42[\"private message\","));
    let me = format!(r#"434["{}",["kitchen"]]"#, io.sid);
    io.asks(r#"424["whoami"]"#, &me);
}

#[test]
fn what_is_refused_is_told_in_the_ack_or_by_an_event() {
    let program = Program::start(&["--no-recovery"]);
    let mut io = Io::open(&program, "");
    let no = "you are not in the room kitchen";
    io.asks(
        r#"421["leave","kitchen"]"#,
        &format!(r#"431[{{"error":"{no}"}}]"#),
    );
    io.asks(
        r#"42["leave","kitchen"]"#,
        &format!(r#"42["error","{no}"]"#),
    );
    say(&mut io.socket, r#"42["whoami"]"#);
    assert_eq!(io.hear(), format!(r#"42["whoami","{}",[]]"#, io.sid));
}

#[test]
fn a_message_that_is_sent_twice_is_said_once() {
    let program = Program::start(&["--no-recovery"]);
    let (mut one, mut two) = (Io::open(&program, ""), Io::open(&program, ""));
    for n in 1..=2 {
        let answer = format!(r#"43{n}[{{"id":1}}]"#);
        let text = format!(r#"42{n}["chat message","hello","{}-1"]"#, one.sid);
        one.asks(&text, &answer);
    }
    // Nobody else can take that name beforehand.
    let stolen = format!(r#"427["chat message","stolen","{}-2"]"#, one.sid);
    let refusal = r#"437[{"error":"this id of a message is somebody else's"}]"#;
    say(&mut two.socket, stolen);
    let heard = format!(r#"42["chat message","hello",1,"{}"]"#, one.sid);
    assert_eq!([two.hear(), two.hear()], [&*heard, refusal]);
    let long = "x".repeat(65);
    let refusal = r#"433[{"error":"the id of a message is a text of 64 bytes at most"}]"#;
    one.asks(&format!(r#"423["chat message","hello","{long}"]"#), refusal);
}

#[test]
fn who_says_how_far_it_has_read_gets_the_rest() {
    let program = Program::start(&["--no-recovery", "--history", "2"]);
    let mut one = Io::open(&program, "");
    for n in 1..=3 {
        let text = format!(r#"420["chat message","{n}"]"#);
        one.asks(&text, &format!(r#"430[{{"id":{n}}}]"#));
    }
    let said = |n: u64| format!(r#"42["chat message","{n}",{n},"{}"]"#, one.sid);
    for (offset, expected) in [(0, vec![2, 3]), (2, vec![3]), (3, vec![])] {
        let auth = format!("{{\"serverOffset\":{offset}}}");
        let mut two = Io::open(&program, &auth);
        for n in expected {
            assert_eq!(two.hear(), said(n));
        }
        let me = format!(r#"430["{}",[]]"#, two.sid);
        two.asks(r#"420["whoami"]"#, &me);
    }
}

#[test]
fn who_brings_a_name_that_is_refused_is_told_why_and_is_a_guest() {
    let program = Program::start(&["--no-recovery"]);
    let guest = |called: &str| {
        let mut guest = Io::open(&program, r#"{"name":"\u202eevil"}"#);
        let why = guest.hear();
        assert!(
            why.starts_with(r#"42["error","a name has 1 to 32"#),
            "{why}"
        );
        assert_eq!(guest.hear(), format!(r#"42["name","{called}"]"#));
        guest
    };
    let mut one = guest("guest");
    let two = guest("guest-2");
    let joined = format!(r#"42["joined","","{}","guest-2"]"#, two.sid);
    assert_eq!(one.hear(), joined);
}

#[test]
fn a_number_of_another_run_of_the_server_is_none_of_this() {
    let program = Program::start(&["--no-recovery"]);
    let mut one = Io::open(&program, "");
    one.asks(r#"421["join","x"]"#, r#"431[{"rooms":["x"]}]"#);
    one.asks(r#"422["room message","x","in x"]"#, r#"432[{"id":1}]"#);
    one.asks(r#"423["chat message","to all"]"#, r#"433[{"id":2}]"#);
    let to_all = format!(r#"42["chat message","to all",2,"{}"]"#, one.sid);
    let in_x = format!(r#"42["room message","x","in x",1,"{}",{{"at":"#, one.sid);
    let mut two = Io::open(&program, r#"{"serverOffset":2,"run":1}"#);
    let told = two.hear();
    let run = told.strip_prefix(r#"42["run","#).unwrap().replace(']', "");
    assert_eq!(two.hear(), to_all, "2 was the number of another one");
    say(&mut two.socket, r#"424["join","x",1,1]"#);
    assert!(two.hear().starts_with(&in_x), "so was 1");
    assert_eq!(two.hear(), r#"434[{"rooms":["x"]}]"#);
    let auth = format!(r#"{{"serverOffset":2,"run":{run}}}"#);
    let mut three = Io::open(&program, &auth);
    assert_eq!(three.hear(), told);
    let join = format!(r#"425["join","x",1,{run}]"#);
    three.asks(&join, r#"435[{"rooms":["x"]}]"#);
    let refusal = r#"436[{"error":"how far it has been read is a number"}]"#;
    three.asks(r#"426["join","x",1,"?"]"#, refusal);
    say(&mut three.socket, r#"427["join","x",1,2,3]"#);
    assert!(three.hear().contains("join has other arguments"));
}

#[test]
fn echo_sends_messages_to_their_senders_too() {
    let program = Program::start(&["--echo", "--no-recovery"]);
    let mut one = Io::open(&program, "");
    let echo = format!(r#"42["chat message","hello",1,"{}"]"#, one.sid);
    one.asks(r#"42["chat message","hello"]"#, &echo);
    one.asks(r#"421["join","x"]"#, r#"431[{"rooms":["x"]}]"#);
    let echo = format!(r#"42["room message","x","hello",2,"{}"]"#, one.sid);
    one.asks(r#"42["room message","x","hello"]"#, &echo);
    let echo = format!(
        r#"42["private message","{}","hello",3,"{}"]"#,
        one.sid, one.sid
    );
    let to_itself = format!(r#"42["private message","{}","hello"]"#, one.sid);
    one.asks(&to_itself, &echo);
}

#[test]
fn a_client_that_lost_its_connection_comes_back_as_who_it_was() {
    for (flags, recovered) in [(&[][..], true), (&["--no-recovery"], false)] {
        let program = Program::start(flags);
        let (mut one, mut two) = (Io::open(&program, ""), Io::open(&program, ""));
        one.asks(r#"421["join","kitchen"]"#, r#"431[{"rooms":["kitchen"]}]"#);
        two.asks(r#"421["join","kitchen"]"#, r#"431[{"rooms":["kitchen"]}]"#);
        assert_eq!(one.pid.len() == 20, recovered);
        let (sid, auth) = (one.sid, format!("{{\"pid\":\"{}\"}}", one.pid));
        one.socket.close(None).unwrap();
        assert!(closing(&mut one.socket).is_none());
        two.asks(
            r#"422["room message","kitchen","missed"]"#,
            r#"432[{"id":1}]"#,
        );
        if !recovered {
            continue;
        }
        let mut back = Io::open(&program, &auth);
        assert!(
            back.hear()
                .starts_with(r#"42["room message","kitchen","missed",1,"#)
        );
        back.is_welcomed();
        assert_eq!(back.sid, sid);
        let me = format!(r#"430["{sid}",["kitchen"]]"#);
        back.asks(r#"420["whoami"]"#, &me);
    }
}

#[test]
fn the_official_numbers_are_those_that_clients_are_told() {
    let flags = [
        "--ping-interval=1234",
        "--ping-timeout=567",
        "--max-http-buffer-size=5000",
        "--transports=websocket",
    ];
    let program = Program::start(&flags);
    let path = "/socket.io/?EIO=4&transport=websocket";
    let mut socket = open(program.addr(), path);
    let rules = "\"upgrades\":[],\"pingInterval\":1234,\"pingTimeout\":567,\"maxPayload\":5000}";
    assert!(hear(&mut socket).ends_with(rules));
    say(&mut socket, "4".repeat(5001));
    assert_eq!(closing(&mut socket).unwrap().0, 1009);
    let mut http = crate::support::Http::connect(program.addr());
    let refused = http.get("/socket.io/?EIO=4&transport=polling");
    let refused = refused.text();
    assert!(
        refused.contains("{\"code\":0,\"message\":\"Transport unknown\"}"),
        "{refused}"
    );
}
