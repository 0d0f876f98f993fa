//! Every wait for a peer, each with its default, whatever the peer does meanwhile: one that sends a
//! byte now and then to be waited for on, too. On the virtual clock.

use roomcast::sim::{Sim, client_frame};
use roomcast::{Config, Event, Hub, Id, Response};

/// A wait: how it begins, what the peer does each second from then on, and after how many seconds
/// the server has closed its side, or the whole connection where that side is closed already.
struct Wait {
    name: &'static str,
    seconds: u64,
    begin: fn(&mut Sim) -> Id,
    each_second: fn(&mut Sim, Id, u64),
}

const WAITS: &[Wait] = &[
    Wait {
        name: "for the first byte of a new connection: head_timeout",
        seconds: 10,
        begin: Sim::connect,
        each_second: nothing,
    },
    Wait {
        name: "for a head that trickles: head_timeout",
        seconds: 10,
        begin: Sim::connect,
        each_second: |sim, id, _| send(sim, id, b"G"),
    },
    Wait {
        name: "for a head behind empty lines: head_timeout",
        seconds: 10,
        begin: Sim::connect,
        each_second: |sim, id, _| send(sim, id, b"\r\n"),
    },
    Wait {
        name: "for a body that trickles: body_timeout",
        seconds: 30,
        begin: |sim| {
            asks(
                sim,
                "POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n",
            )
        },
        each_second: |sim, id, _| send(sim, id, b"x"),
    },
    Wait {
        name: "for a body in chunks that trickles: body_timeout",
        seconds: 30,
        begin: |sim| {
            asks(
                sim,
                "POST /now HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
            )
        },
        each_second: |sim, id, _| send(sim, id, b"1\r\nx\r\n"),
    },
    Wait {
        name: "for an answer of the application: answer_timeout",
        seconds: 60,
        begin: |sim| asks(sim, "GET /never HTTP/1.1\r\nHost: a\r\n\r\n"),
        each_second: nothing,
    },
    Wait {
        name: "for a next request: keep_alive",
        seconds: 60,
        begin: |sim| asks(sim, "GET /now HTTP/1.1\r\nHost: a\r\n\r\n"),
        each_second: nothing,
    },
    Wait {
        name: "for a download that nobody reads: write_timeout",
        seconds: 30,
        begin: |sim| asks_deaf(sim, "GET /large HTTP/1.1\r\nHost: a\r\n\r\n"),
        each_second: |sim, id, _| send(sim, id, b"GET /now HTTP/1.1\r\nHost: a\r\n\r\n"),
    },
    Wait {
        name: "for a last answer that nobody reads: write_timeout",
        seconds: 30,
        begin: |sim| {
            asks_deaf(
                sim,
                "GET /now HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            )
        },
        each_second: |sim, id, _| send(sim, id, b"x"),
    },
    Wait {
        name: "for answers that nobody reads who asks for more: write_timeout",
        seconds: 30,
        begin: |sim| asks_deaf(sim, "GET /now HTTP/1.1\r\nHost: a\r\n\r\n"),
        each_second: |sim, id, _| send(sim, id, b"GET /now HTTP/1.1\r\nHost: a\r\n\r\n"),
    },
    Wait {
        name: "for answers that nobody reads, before a next request: keep_alive",
        seconds: 60,
        begin: |sim| asks_deaf(sim, "GET /now HTTP/1.1\r\nHost: a\r\n\r\n"),
        each_second: nothing,
    },
    Wait {
        name: "for a pong: ping_interval and ping_timeout",
        seconds: 25 + 20,
        begin: open,
        each_second: nothing,
    },
    Wait {
        name: "for half the head of a frame: message_timeout",
        seconds: 45,
        begin: open,
        each_second: |sim, id, n| {
            send(
                sim,
                id,
                &[0x82, 0xff][(n as usize).min(1)..][..usize::from(n < 2)],
            )
        },
    },
    Wait {
        name: "for a frame that trickles: message_timeout",
        seconds: 45,
        begin: |sim| opened(sim, &client_frame(0x82, &[7; 200])[..8]),
        each_second: |sim, id, _| send(sim, id, b"x"),
    },
    Wait {
        name: "for the rest of a message, with pings between: message_timeout",
        seconds: 45,
        begin: |sim| opened(sim, &client_frame(0x01, b"half")),
        each_second: |sim, id, _| send(sim, id, &client_frame(0x89, b"")),
    },
    Wait {
        name: "for a message in fragments without end: message_timeout",
        seconds: 45,
        begin: |sim| opened(sim, &client_frame(0x01, b"a")),
        each_second: |sim, id, _| send(sim, id, &client_frame(0x00, b"a")),
    },
    Wait {
        name: "for a WebSocket that sends and does not read: write_timeout, close_timeout",
        seconds: 30 + 5,
        begin: |sim| {
            let id = open(sim);
            sim.set_room(id, 0);
            sim.hub().send(id, "hello");
            id
        },
        each_second: |sim, id, _| send(sim, id, &client_frame(0x81, b"a")),
    },
    Wait {
        name: "for the close of a peer that goes on sending: close_timeout",
        seconds: 5,
        begin: |sim| {
            let id = open(sim);
            sim.hub().close(id, 1000, "");
            id
        },
        each_second: |sim, id, _| send(sim, id, &client_frame(0x81, b"a")),
    },
    Wait {
        name: "for the end of a peer behind the last answer: write_timeout",
        seconds: 30,
        begin: |sim| {
            asks(
                sim,
                "POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n",
            )
        },
        each_second: |sim, id, _| send(sim, id, &[7; 1000]),
    },
    Wait {
        name: "for the end of a peer behind our last frame: close_timeout",
        seconds: 5,
        begin: |sim| opened(sim, &client_frame(0x88, b"\x03\xe8")),
        each_second: |sim, id, _| send(sim, id, b"x"),
    },
];

/// Answers `/now` at once, streams `/large`, and never answers anything else.
fn app(hub: &mut Hub, event: Event<'_>) {
    if let Event::Request { id, request } = event {
        match request.path() {
            "/now" => _ = hub.respond(id, Response::text(200, "now")),
            "/large" => {
                hub.respond(id, Response::new(200).stream(1 << 20, std::io::repeat(7)));
            }
            _ => {}
        }
    }
}

fn nothing(_: &mut Sim, _: Id, _: u64) {}

fn send(sim: &mut Sim, id: Id, bytes: &[u8]) {
    if !bytes.is_empty() {
        sim.receive(id, bytes, &mut app);
    }
}

fn open(sim: &mut Sim) -> Id {
    sim.open("/", &mut app)
}

fn opened(sim: &mut Sim, bytes: &[u8]) -> Id {
    let id = open(sim);
    send(sim, id, bytes);
    id
}

fn asks(sim: &mut Sim, request: &str) -> Id {
    let id = sim.connect();
    send(sim, id, request.as_bytes());
    id
}

fn asks_deaf(sim: &mut Sim, request: &str) -> Id {
    let id = sim.connect();
    sim.set_room(id, 0);
    send(sim, id, request.as_bytes());
    id
}

/// Seconds until the wait is over.
fn seconds(wait: &Wait) -> u64 {
    let mut sim = Sim::new(Config::default());
    let id = (wait.begin)(&mut sim);
    sim.end_turn(&mut app);
    let shut = sim.is_shut(id);
    for second in 0..1000 {
        (wait.each_second)(&mut sim, id, second);
        sim.end_turn(&mut app);
        sim.advance(1000);
        sim.end_turn(&mut app);
        if !sim.is_connected(id) || !shut && sim.is_shut(id) {
            return second + 1;
        }
    }
    panic!("{}: never ends", wait.name);
}

#[test]
fn every_wait_has_an_end_under_95_seconds() {
    for wait in WAITS {
        let seconds = seconds(wait);
        println!("{seconds:>4} s  {}", wait.name);
        assert!(
            (wait.seconds..wait.seconds + 2).contains(&seconds),
            "{}: {seconds}",
            wait.name
        );
        assert!(seconds < 95, "{}: {seconds}", wait.name);
    }
}

#[test]
fn who_asks_for_nothing_more_and_who_takes_nothing_are_counted() {
    let mut sim = Sim::new(Config::default());
    let mut large = |hub: &mut Hub, event: Event<'_>| {
        if let Event::Request { id, .. } = event {
            hub.respond(id, Response::new(200).body(vec![b'x'; 5_000_000]));
        }
    };
    let (idle, stuck) = (sim.connect(), sim.connect());
    sim.set_room(stuck, 0);
    sim.receive(stuck, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", &mut large);
    for _ in 0..100 {
        sim.end_turn(&mut large);
        sim.advance(1000);
    }
    assert!(!sim.is_connected(idle) && !sim.is_connected(stuck));
    let stats = sim.hub().stats();
    assert_eq!((stats.idled, stats.untaken), (1, 1));
}
