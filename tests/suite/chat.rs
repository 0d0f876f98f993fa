//! The events of the chat, through the real program.

mod people;
mod socketio;

use crate::program::Program;
use crate::support::{Socket, hear, open, say};
use tungstenite::Message;

/// A client and the name that the server calls it by.
struct Client {
    socket: Socket,
    sid: String,
}

impl Client {
    fn open(program: &Program) -> Self {
        let mut socket = open(program.addr(), "/ws");
        say(&mut socket, r#"["whoami"]"#);
        let answer = hear(&mut socket);
        let sid = answer.strip_prefix(r#"["whoami",""#).unwrap();
        let sid = sid.strip_suffix(r#"",[]]"#).unwrap().to_owned();
        assert_eq!(sid.len(), 20);
        Self { socket, sid }
    }

    fn say(&mut self, text: &str) {
        say(&mut self.socket, text);
    }

    /// The next message is this; `SENDER` in it stands for the name of another client.
    #[track_caller]
    fn hears(&mut self, expected: &str, sender: &Self) {
        assert_eq!(
            hear(&mut self.socket),
            expected.replace("SENDER", &sender.sid)
        );
    }

    /// What it says is refused with these words, and the connection lives.
    #[track_caller]
    fn is_refused(&mut self, text: &str, words: &str) {
        self.say(text);
        self.hears_refusal(words);
    }

    #[track_caller]
    fn hears_refusal(&mut self, words: &str) {
        let answer = hear(&mut self.socket);
        assert!(answer.starts_with(r#"["error",""#), "{answer}");
        assert!(answer.contains(words), "{answer}");
    }

    /// It is in these rooms besides its own, and nothing else has come for it.
    #[track_caller]
    fn is_in(&mut self, rooms: &str) {
        self.say(r#"["whoami"]"#);
        let expected = format!(r#"["whoami","{}",{rooms}]"#, self.sid);
        assert_eq!(hear(&mut self.socket), expected);
    }
}

fn clients<const N: usize>(program: &Program) -> [Client; N] {
    std::array::from_fn(|_| Client::open(program))
}

#[test]
fn a_chat_message_reaches_all_others_with_its_number_and_its_sender() {
    let program = Program::start(&[]);
    let [mut one, mut two, mut three] = clients(&program);
    one.say(r#"["chat message","hello"]"#);
    for other in [&mut two, &mut three] {
        other.hears(r#"["chat message","hello",1,"SENDER"]"#, &one);
    }
    two.say(r#" [ "chat message" , "and \u0068ello \u00fc" ] "#);
    for other in [&mut one, &mut three] {
        other.hears(
            r#"["chat message","and \u0068ello \u00fc",2,"SENDER"]"#,
            &two,
        );
    }
    for client in [&mut one, &mut two, &mut three] {
        client.is_in("[]");
    }
}

#[test]
fn what_looks_like_a_script_passes_through_unchanged() {
    let program = Program::start(&[]);
    let [mut one, mut two] = clients(&program);
    for text in [
        r#""<img src=x onerror=alert(1)>""#,
        r#""</script>&amp;\u2028\"'""#,
        r#""""#,
        r#""\ud83d\ude00""#,
    ] {
        one.say(&format!(r#"["chat message",{text}]"#));
        let heard = hear(&mut two.socket);
        assert!(
            heard.starts_with(&format!(r#"["chat message",{text},"#)),
            "{heard}"
        );
    }
}

#[test]
fn a_room_message_reaches_the_other_members_only() {
    let program = Program::start(&[]);
    let [mut one, mut two, mut stranger] = clients(&program);
    for member in [&mut one, &mut two] {
        member.say(r#"["join","kitchen"]"#);
        member.is_in(r#"["kitchen"]"#);
    }
    one.say(r#"["room message","kitchen","dinner"]"#);
    two.hears(r#"["room message","kitchen","dinner",1,"SENDER"]"#, &one);
    one.is_in(r#"["kitchen"]"#);
    stranger.is_in("[]");
    stranger.is_refused(
        r#"["room message","kitchen","me too"]"#,
        "not in the room kitchen",
    );
    stranger.is_refused(r#"["leave","kitchen"]"#, "not in the room kitchen");
    two.say(r#"["leave","kitchen"]"#);
    two.is_in("[]");
    one.say(r#"["room message","kitchen","anybody?"]"#);
    one.is_in(r#"["kitchen"]"#);
    two.is_in("[]");
    two.is_refused(
        r#"["room message","kitchen","I left"]"#,
        "not in the room kitchen",
    );
}

#[test]
fn joining_twice_is_joining_once() {
    let program = Program::start(&[]);
    let [mut one, mut two] = clients(&program);
    for room in ["kitchen", "cellar", "kitchen"] {
        one.say(&format!(r#"["join","{room}"]"#));
    }
    one.is_in(r#"["kitchen","cellar"]"#);
    two.say(r#"["join","kitchen"]"#);
    two.say(r#"["room message","kitchen","once"]"#);
    one.hears(r#"["room message","kitchen","once",1,"SENDER"]"#, &two);
    one.is_in(r#"["kitchen","cellar"]"#);
}

#[test]
fn a_private_message_reaches_one_and_needs_its_name() {
    let program = Program::start(&[]);
    let [mut one, mut two, mut three] = clients(&program);
    one.say(&format!(r#"["private message","{}","psst"]"#, two.sid));
    let expected = format!(r#"["private message","{}","psst",1,"SENDER"]"#, two.sid);
    two.hears(&expected, &one);
    one.is_in("[]");
    three.say(r#"["join","kitchen"]"#);
    for nobody in [
        "\"AAAAAAAAAAAAAAAAAAAA\"",
        "\"kitchen\"",
        "\"\"",
        "7",
        "null",
    ] {
        let text = format!(r#"["private message",{nobody},"psst"]"#);
        one.is_refused(&text, "nobody of that id is here");
    }
    three.is_in(r#"["kitchen"]"#);
    let gone = two.sid.clone();
    two.socket.close(None).unwrap();
    assert!(crate::support::closing(&mut two.socket).is_none());
    let text = format!(r#"["private message","{gone}","psst"]"#);
    one.is_refused(&text, "nobody of that id is here");
}

#[test]
fn a_message_that_its_sender_named_is_said_once() {
    let program = Program::start(&[]);
    let [mut one, mut two] = clients(&program);
    let named = |text: &str, owner: &Client| {
        let name = format!("{}-0", owner.sid);
        format!(r#"["chat message","{text}","{name}"]"#)
    };
    let (of_one, of_two) = (named("once", &one), named("mine", &two));
    one.is_refused(&of_two, "somebody else's");
    one.say(&of_one);
    one.say(&of_one);
    // Back on another connection, while the old one is not known to be gone.
    two.say(&of_one);
    one.is_in("[]");
    two.hears(r#"["chat message","once",1,"SENDER"]"#, &one);
    two.is_in("[]");
    two.say(&of_two);
    one.hears(r#"["chat message","mine",2,"SENDER"]"#, &two);
}

#[test]
fn nobody_reads_along_in_the_room_of_somebody_else() {
    let program = Program::start(&[]);
    let [mut one, mut two, mut spy] = clients(&program);
    let own = |client: &Client| format!(r#"["join","{}"]"#, client.sid);
    spy.is_refused(&own(&one), "somebody's own");
    spy.is_refused(&own(&spy), "somebody's own");
    two.say(&format!(r#"["private message","{}","psst"]"#, one.sid));
    assert!(hear(&mut one.socket).contains("psst"));
    spy.is_in("[]");
    let into = format!(r#"["room message","{}","hello"]"#, one.sid);
    spy.is_refused(&into, "not in the room");
    let leave = format!(r#"["leave","{}"]"#, one.sid);
    one.is_refused(&leave, "not in the room");
    one.is_in("[]");
}

#[test]
fn the_names_of_rooms_are_checked() {
    let program = Program::start(&[]);
    let [mut one] = clients(&program);
    let long = "x".repeat(65);
    for name in ["", "a\\nb", "\\u0000", &long] {
        one.is_refused(&format!(r#"["join","{name}"]"#), "the name of a room");
    }
    one.is_refused(r#"["join",7]"#, "the name of a room is a text");
    for n in 0..32 {
        one.say(&format!(r#"["join","room {n}"]"#));
    }
    one.is_refused(r#"["join","one more"]"#, "32 rooms already");
}

#[test]
fn junk_is_answered_with_an_error_and_the_connection_lives() {
    let program = Program::start(&[]);
    let [mut one, mut two] = clients(&program);
    for junk in ["", "hello", "{}", "[", "null", r#"["a"]x"#, "[[[[[["] {
        one.is_refused(junk, "a message is one JSON array");
    }
    one.is_refused("[]", "begins with the name of an event");
    one.is_refused("[1]", "the name of an event is a string");
    one.is_refused(r#"["frob"]"#, "no such event");
    one.is_refused(r#"["__proto__",{}]"#, "no such event");
    one.is_refused(r#"["chat message"]"#, "other arguments");
    one.is_refused(r#"["chat message","a","b","c"]"#, "other arguments");
    one.is_refused(r#"["chat message",{"a":1}]"#, "a message is a text");
    one.is_refused(&"[".repeat(500_000), "nested too deep");
    one.socket.send(Message::binary(vec![1, 2, 3])).unwrap();
    one.hears_refusal("a message is text");
    one.say(r#"["chat message","still here"]"#);
    two.hears(r#"["chat message","still here",1,"SENDER"]"#, &one);
}
