//! From the first byte to the last: heartbeats, stopping in order, and that nothing stays behind.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use roomcast::{CloseReason, Config, Event, Hub, RoomEvent};
use tungstenite::Message;

use crate::handshake::handshake;
use crate::support::{
    Http, PATIENCE, Running, closing, connect, echo, hear, open, rest, say, server, turn_until,
};

#[test]
fn a_client_that_answers_no_ping_is_closed() {
    let config = Config {
        ping_interval: Duration::from_millis(10),
        ping_timeout: Duration::from_millis(10),
        ..Config::default()
    };
    let (closed, reasons) = std::sync::mpsc::channel();
    let server = Running::start(config, move |_, event| {
        if let Event::Close { reason, .. } = event {
            closed.send(reason).unwrap();
        }
    });
    let mut raw = connect(server.addr);
    raw.write_all(handshake("X: y").as_bytes()).unwrap();
    assert!(rest(raw).ends_with(b"\r\n\r\n\x89\x00\x88\x13\x03\xf0ping not answered"));
    let reason = reasons.recv_timeout(PATIENCE).unwrap();
    assert_eq!(reason, CloseReason::TimedOut);
    assert_eq!(server.ask(|hub| hub.stats().timed_out), 1);
}

#[test]
fn a_client_that_answers_pings_stays() {
    let config = Config {
        ping_interval: Duration::from_millis(1),
        ping_timeout: PATIENCE,
        ..Config::default()
    };
    let server = Running::start(config, echo);
    let mut socket = open(server.addr, "/");
    for _ in 0..20 {
        assert!(matches!(socket.read().unwrap(), Message::Ping(_)));
        socket.flush().unwrap();
    }
    say(&mut socket, "still here");
    assert_eq!(hear(&mut socket), "still here");
}

#[test]
fn stopping_closes_every_socket_with_1001_and_every_request_with_503() {
    let (asked, requests) = std::sync::mpsc::channel();
    let server = Running::start(Config::default(), move |_, event| {
        if let Event::Request { id, .. } = event {
            asked.send(id).unwrap();
        }
    });
    let mut sockets = [(); 3].map(|()| open(server.addr, "/"));
    let mut waiting = Http::connect(server.addr);
    waiting.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    requests.recv_timeout(PATIENCE).unwrap();
    let mut silent = connect(server.addr);
    let handle = server.handle.clone();
    thread::spawn(move || handle.stop());
    for socket in &mut sockets {
        assert_eq!(closing(socket), Some((1001, "server stops".to_owned())));
    }
    assert_eq!(waiting.answer().status, 503);
    assert_eq!(waiting.rest(), b"");
    assert!(matches!(silent.read(&mut [0]), Ok(0) | Err(_)));
    let (addr, handle) = (server.addr, server.handle.clone());
    drop((sockets, waiting));
    server.join();
    assert!(TcpStream::connect(addr).is_err(), "nobody listens any more");
    handle.everyone().send("to nobody");
    handle.stop();
}

#[test]
fn a_client_that_does_not_answer_the_close_holds_up_the_stop_only_so_long() {
    let config = Config {
        close_timeout: Duration::from_millis(20),
        ..Config::default()
    };
    let server = Running::start(config, |hub, event| {
        if let Event::Text { .. } = event {
            hub.stop();
        }
    });
    let mut socket = open(server.addr, "/");
    say(&mut socket, "stop");
    server.join();
}

#[test]
fn a_client_that_answers_the_close_and_stays_connected_does_not_hold_up_the_stop() {
    let config = Config {
        close_timeout: 2 * PATIENCE,
        ..Config::default()
    };
    let server = Running::start(config, echo);
    let mut socket = open(server.addr, "/");
    let handle = server.handle.clone();
    thread::spawn(move || handle.stop());
    assert!(matches!(socket.read(), Ok(Message::Close(_))));
    socket.flush().unwrap();
    let begin = Instant::now();
    server.join();
    assert!(begin.elapsed() < PATIENCE, "it was waited for");
}

#[test]
fn the_application_hears_of_the_stop_before_its_sockets_close() {
    let (told, events) = std::sync::mpsc::channel();
    let server = Running::start(Config::default(), move |hub, event| match event {
        Event::Open { id } => _ = hub.join(id, "lobby"),
        Event::Stop => {
            hub.everyone().send("goodbye");
            told.send("stop".to_owned()).unwrap();
        }
        Event::Close { reason, .. } => told.send(reason.to_string()).unwrap(),
        _ => {}
    });
    let mut socket = open(server.addr, "/");
    server.handle.stop();
    assert_eq!(hear(&mut socket), "goodbye");
    assert_eq!(closing(&mut socket).unwrap().0, 1001);
    drop(socket);
    server.join();
    assert_eq!(
        events.iter().collect::<Vec<_>>(),
        ["stop", "server stopped"]
    );
}

#[test]
fn what_is_handed_over_after_the_end_is_dropped() {
    let server = Running::start(Config::default(), echo);
    let handle = server.handle.clone();
    handle.stop();
    server.join();
    let thing = Arc::new(());
    for _ in 0..10 {
        let thing = Arc::clone(&thing);
        handle.run(move |_| drop(thing));
    }
    assert_eq!(Arc::strong_count(&thing), 1);
}

/// Counts what is there by what the events say.
#[derive(Default)]
struct Census {
    rooms: isize,
    members: isize,
    opened: usize,
    closed: usize,
}

impl Census {
    fn count(&mut self, hub: &mut Hub, event: Event<'_>) {
        match event {
            Event::Open { id } => {
                self.opened += 1;
                hub.join(id, "lobby");
            }
            Event::Close { .. } => self.closed += 1,
            Event::Room(RoomEvent::Create { .. }) => self.rooms += 1,
            Event::Room(RoomEvent::Delete { .. }) => self.rooms -= 1,
            Event::Room(RoomEvent::Join { .. }) => self.members += 1,
            Event::Room(RoomEvent::Leave { .. }) => self.members -= 1,
            event => echo(hub, event),
        }
    }
}

/// Comes and goes, each time in another way; says whether a WebSocket was open in between.
fn visit(addr: SocketAddr, n: usize) -> bool {
    if n % 4 == 3 {
        let mut raw = connect(addr);
        raw.write_all(b"GET / HTTP/1.1\r\nHo").unwrap();
        return false;
    }
    let mut socket = open(addr, "/");
    say(&mut socket, "hello");
    match n % 4 {
        // In order.
        0 => {
            assert_eq!(hear(&mut socket), "hello");
            socket.close(None).unwrap();
            assert_eq!(closing(&mut socket), None);
        }
        // Without a close, and with bytes that were not read.
        1 => {}
        // One side, then all of it.
        _ => {
            assert_eq!(hear(&mut socket), "hello");
            socket.get_mut().0.shutdown(Shutdown::Write).unwrap();
            assert_eq!(rest(socket.get_mut()), b"");
        }
    }
    true
}

#[test]
fn two_thousand_visitors_leave_nothing_behind() {
    const THREADS: usize = 4;
    const EACH: usize = 500;
    let (mut server, addr) = server(Config::default());
    let finished = Arc::new(AtomicUsize::new(0));
    let visitors = [(); THREADS].map(|()| {
        let (finished, handle) = (Arc::clone(&finished), server.handle());
        thread::spawn(move || {
            let opened = (0..EACH).filter(|n| visit(addr, *n)).count();
            handle.run(move |_| _ = finished.fetch_add(1, Ordering::SeqCst));
            opened
        })
    });
    let mut census = Census::default();
    turn_until(
        &mut server,
        &mut |hub, event| census.count(hub, event),
        |server| finished.load(Ordering::SeqCst) == THREADS && server.hub().connections() == 0,
    );
    let opened: usize = visitors
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .sum();
    assert_eq!((census.opened, census.closed), (opened, opened));
    assert_eq!((census.rooms, census.members), (0, 0));
    let hub = server.hub();
    assert_eq!(hub.stats().accepted, (THREADS * EACH) as u64);
    assert_eq!((hub.backlog(), hub.rooms().population()), (0, 0));
    assert!(hub.rooms().is_empty("lobby"));
}
