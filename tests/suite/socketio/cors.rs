//! Which pages may read the answers to polls: the fields of every answer, also of those that had
//! to wait.

use roomcast::{Config, Id, Sim};

use super::{World, field};

const FRIEND: &str = "https://friend.example";

fn listing(origins: &[&str]) -> World {
    let mut world = World::new(false);
    world.sim = Sim::new(Config {
        origins: origins.iter().map(|&origin| origin.to_owned()).collect(),
        ..Config::default()
    });
    world
}

/// The fields of CORS in an answer.
fn fields(world: &mut World, id: Id) -> Vec<String> {
    let answer = String::from_utf8(world.sim.take(id)).unwrap();
    let head = answer.split("\r\n\r\n").next().unwrap();
    assert!(head.starts_with("HTTP/1.1 "), "no answer: {head}");
    let ours = [
        "Access-Control-Allow-Origin",
        "Access-Control-Allow-Cred",
        "Vary",
    ];
    head.lines()
        .filter(|line| ours.iter().any(|name| line.starts_with(name)))
        .map(str::to_owned)
        .collect()
}

/// What a page of that origin is told with the answer to a handshake.
#[track_caller]
fn check(origins: &[&str], origin: &str, expected: &[&str]) {
    let mut world = listing(origins);
    let id = world.begin("GET", "", &format!("Origin: {origin}"), "");
    assert_eq!(fields(&mut world, id), expected, "{origins:?} {origin}");
}

#[test]
fn who_is_listed_may_read_and_who_is_named_may_send_cookies() {
    let allow = &*format!("Access-Control-Allow-Origin: {FRIEND}");
    let (vary, cookies) = ("Vary: Origin", "Access-Control-Allow-Credentials: true");
    check(&[FRIEND], FRIEND, &[vary, allow, cookies]);
    check(&["*", FRIEND], FRIEND, &[vary, allow, cookies]);
    check(&["*"], FRIEND, &[vary, allow]);
    check(&["https://other.example"], FRIEND, &[vary]);
    check(&[], FRIEND, &[]);
    let own = "Access-Control-Allow-Origin: http://a";
    check(&[FRIEND], "http://a", &[vary, own]);
    check(&[], "http://a", &[]);
}

#[test]
fn an_answer_that_had_to_wait_has_them_too() {
    let mut world = listing(&[FRIEND]);
    let page = &*format!("Origin: {FRIEND}");
    let expected = [
        "Vary: Origin".to_owned(),
        format!("Access-Control-Allow-Origin: {FRIEND}"),
        "Access-Control-Allow-Credentials: true".to_owned(),
    ];
    let opened = world.ask("GET", "", "");
    let sid = &*format!("&sid={}", field(&opened, "sid"));
    let poll = world.begin("GET", sid, page, "");
    assert_eq!(world.ask("POST", sid, "40"), "ok");
    assert_eq!(fields(&mut world, poll), expected);
    let poll = world.begin("GET", sid, page, "");
    let half = world.begin("POST", sid, &format!("{page}\r\nContent-Length: 9"), "");
    let late = world.begin("POST", sid, &format!("{page}\r\nContent-Length: 9"), "");
    for id in [poll, half, late] {
        assert_eq!(fields(&mut world, id), expected);
    }
}

#[test]
fn a_page_asks_before_and_is_told() {
    let mut world = listing(&[FRIEND]);
    for (origin, count) in [(FRIEND, 2), ("https://evil.example", 0)] {
        let id = world.begin("OPTIONS", "", &format!("Origin: {origin}"), "");
        let mut told = fields(&mut world, id);
        assert_eq!(
            told.remove(0),
            "Vary: Origin, Access-Control-Request-Headers"
        );
        assert_eq!(told.len(), count, "{told:?}");
    }
}
