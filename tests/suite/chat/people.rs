//! People in the chat: names, who is there, what was said before they came, and what is too much.

use super::{Client, clients};
use crate::program::Program;
use crate::support::{closing, hear};

fn named<const N: usize>(program: &Program, names: [&str; N]) -> [Client; N] {
    names.map(|name| {
        let mut client = Client::open(program);
        client.asks(
            &format!(r#"["name","{name}"]"#),
            &format!(r#"["name","{name}"]"#),
        );
        client
    })
}

impl Client {
    #[track_caller]
    fn asks(&mut self, text: &str, expected: &str) {
        self.say(text);
        assert_eq!(hear(&mut self.socket), expected);
    }
}

#[test]
fn people_are_seen_coming_being_called_otherwise_and_going() {
    let program = Program::start(&[]);
    let [mut nobody] = clients(&program);
    let [mut ada, mut bob] = named(&program, ["Ada", "Bob"]);
    nobody.hears(r#"["joined","","SENDER","Ada"]"#, &ada);
    for other in [&mut ada, &mut nobody] {
        other.hears(r#"["joined","","SENDER","Bob"]"#, &bob);
    }
    let (a, b) = (ada.sid.clone(), bob.sid.clone());
    ada.asks(
        r#"["who",""]"#,
        &format!(r#"["who",[["{a}","Ada"],["{b}","Bob"]],2,0]"#),
    );
    bob.asks(r#"["name"," ADA "]"#, r#"["name","ADA-2"]"#);
    ada.hears(r#"["renamed","SENDER","ADA-2","Bob"]"#, &bob);
    nobody.hears(r#"["renamed","SENDER","ADA-2","Bob"]"#, &bob);
    nobody.say(r#"["join","kitchen"]"#);
    nobody.is_refused(r#"["name","\u202eevil"]"#, "can be seen");
    ada.is_refused(r#"["who","kitchen"]"#, "not in the room");
    ada.say(r#"["join","kitchen"]"#);
    ada.is_in(r#"["kitchen"]"#);
    nobody.hears(r#"["joined","kitchen","SENDER","Ada"]"#, &ada);
    ada.say(r#"["typing","kitchen"]"#);
    nobody.hears(r#"["typing","kitchen","SENDER","Ada"]"#, &ada);
    ada.say(r#"["leave","kitchen"]"#);
    nobody.hears(r#"["left","kitchen","SENDER","Ada"]"#, &ada);
    ada.is_refused(r#"["typing","kitchen"]"#, "not in the room");
    bob.socket.close(None).unwrap();
    assert!(closing(&mut bob.socket).is_none());
    ada.hears(r#"["left","","SENDER","ADA-2"]"#, &bob);
    ada.is_in("[]");
}

#[test]
fn a_message_says_what_its_sender_is_called() {
    let program = Program::start(&[]);
    let [mut ada, mut bob] = named(&program, ["Ada", "Bob"]);
    ada.hears(r#"["joined","","SENDER","Bob"]"#, &bob);
    ada.say(r#"["chat message","hello"]"#);
    bob.hears(
        r#"["chat message","hello",1,"SENDER",{"name":"Ada"}]"#,
        &ada,
    );
    ada.say(&format!(r#"["private message","{}","psst"]"#, bob.sid));
    let expected = format!(
        r#"["private message","{}","psst",2,"SENDER",{{"name":"Ada"}}]"#,
        bob.sid
    );
    bob.hears(&expected, &ada);
}

#[test]
fn who_joins_a_room_and_says_how_far_it_has_read_gets_the_rest() {
    let program = Program::start(&["--history=2"]);
    let [mut one, mut two] = clients(&program);
    one.say(r#"["join","kitchen"]"#);
    for n in 1..=4 {
        one.say(&format!(r#"["room message","kitchen","{n}"]"#));
    }
    one.is_in(r#"["kitchen"]"#);
    for (offset, expected) in [(0, &["3", "4"][..]), (1, &["gap", "3", "4"]), (3, &["4"])] {
        two.say(&format!(r#"["join","kitchen",{offset}]"#));
        for text in expected {
            let heard = hear(&mut two.socket);
            let begin = match *text {
                "gap" => format!(r#"["gap","kitchen",{offset}]"#),
                n => format!(
                    r#"["room message","kitchen","{n}",{n},"{}",{{"at":1"#,
                    one.sid
                ),
            };
            assert!(heard.starts_with(&begin), "{heard}");
        }
        two.is_in(r#"["kitchen"]"#);
    }
    two.is_refused(r#"["join","kitchen","x"]"#, "is a number");
}

#[test]
fn every_message_may_have_a_name_and_is_said_once_under_it() {
    let program = Program::start(&[]);
    let [mut one, mut two] = clients(&program);
    for member in [&mut one, &mut two] {
        member.say(r#"["join","kitchen"]"#);
        member.is_in(r#"["kitchen"]"#);
    }
    let room = format!(r#"["room message","kitchen","soup","{}-1"]"#, one.sid);
    let private = format!(
        r#"["private message","{}","psst","{}-2"]"#,
        two.sid, one.sid
    );
    for text in [&room, &room, &private, &private] {
        one.say(text);
    }
    one.is_in(r#"["kitchen"]"#);
    two.hears(r#"["room message","kitchen","soup",1,"SENDER"]"#, &one);
    assert!(hear(&mut two.socket).contains("psst"));
    two.is_in(r#"["kitchen"]"#);
}

#[test]
fn what_is_too_long_or_too_fast_is_refused_in_words() {
    let program = Program::start(&["--max-text=10", "--chat-rate=1"]);
    let [mut one, mut two] = clients(&program);
    one.is_refused(r#"["chat message","12345678901"]"#, "at most 10 bytes");
    // Nine more may come at once; however long all of them take, it is not for a hundred seconds.
    for n in 0..100 {
        one.say(&format!(r#"["chat message","{n}"]"#));
    }
    one.hears_refusal("too fast: 1 in a second");
    for n in 0..9 {
        assert!(hear(&mut two.socket).starts_with(&format!(r#"["chat message","{n}","#)));
    }
    two.say(r#"["chat message","I may"]"#);
    let mut heard = hear(&mut one.socket);
    while heard.contains("too fast") {
        heard = hear(&mut one.socket);
    }
    assert!(heard.starts_with(r#"["chat message","I may","#), "{heard}");
}
