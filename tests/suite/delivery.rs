//! Who gets what: rooms, order, other threads, and receivers that do not read.

use std::thread;

use roomcast::{Config, Event, Hub, Sim, sim};
use tungstenite::{Error, Message};

use crate::support::{PATIENCE, Running, Socket, closing, hear, open, say};

/// Everybody joins the room that the path names; what one says, the others in it get.
fn relay(hub: &mut Hub, event: Event<'_>) {
    match event {
        Event::Open { id } => _ = hub.join(id, "lobby"),
        Event::Text { id, text: "leave" } => _ = hub.leave(id, "lobby"),
        Event::Text { id, text: "echo" } => _ = hub.send(id, "echo"),
        Event::Text { id, text } => _ = hub.to("lobby").except(id).send(text),
        _ => {}
    }
}

fn relaying() -> Running {
    let config = Config {
        close_timeout: PATIENCE,
        ..Config::default()
    };
    Running::start(config, relay)
}

/// Opens sockets that are all in the lobby when this returns.
fn members<const N: usize>(server: &Running) -> [Socket; N] {
    std::array::from_fn(|_| {
        let mut socket = open(server.addr, "/");
        synchronize(&mut socket);
        socket
    })
}

/// Whatever was sent to this socket so far has come, for the answer to this comes behind it.
#[track_caller]
fn synchronize(socket: &mut Socket) {
    say(socket, "echo");
    assert_eq!(hear(socket), "echo");
}

#[test]
fn a_message_reaches_all_other_members_once_and_not_its_sender() {
    let server = relaying();
    let [mut sender, mut left, mut one, mut two] = members(&server);
    say(&mut left, "leave");
    synchronize(&mut left);
    say(&mut sender, "dinner is ready");
    for receiver in [&mut one, &mut two] {
        assert_eq!(hear(receiver), "dinner is ready");
    }
    // Nothing but the answer to this: not to the sender, not twice, not to who has left.
    for socket in [&mut sender, &mut left, &mut one, &mut two] {
        synchronize(socket);
    }
    // Six answers to "echo" that were no broadcasts before, and the two.
    assert_eq!(server.ask(|hub| hub.stats().delivered), 4 + 1 + 2 + 4);
}

#[test]
fn every_receiver_gets_the_messages_of_each_sender_in_order() {
    const EACH: usize = 1000;
    let server = relaying();
    let senders: [Socket; 3] = members(&server);
    let receivers: [Socket; 2] = members(&server);
    let sending = senders.into_iter().enumerate().map(|(name, mut socket)| {
        thread::spawn(move || {
            (0..EACH).for_each(|n| say(&mut socket, format!("{name} {n}")));
            expect_in_order(&mut socket, 2 * EACH);
        })
    });
    let threads: Vec<_> = sending.collect();
    for mut socket in receivers {
        expect_in_order(&mut socket, 3 * EACH);
    }
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
}

/// Reads so many messages, and no more; those of each sender are numbered without a gap.
fn expect_in_order(socket: &mut Socket, count: usize) {
    let mut next = [0; 3];
    for _ in 0..count {
        let text = hear(socket);
        let (name, n) = text.split_once(' ').unwrap();
        let next = &mut next[name.parse::<usize>().unwrap()];
        assert_eq!(n, next.to_string());
        *next += 1;
    }
    synchronize(socket);
}

#[test]
fn a_receiver_that_does_not_read_is_closed_and_the_others_lose_nothing() {
    let server = relaying();
    let [mut sender, mut one, mut two, slow] = members(&server);
    let mut sent = 0;
    while server.ask(|hub| hub.stats().too_slow) == 0 {
        assert!(sent < 1000, "the kernel takes more than 64 MB");
        publish(&mut sender, sent, [&mut one, &mut two]);
        sent += 1;
    }
    assert_eq!(server.ask(|hub| hub.rooms().len("lobby")), 3);
    for n in sent..sent + 20 {
        publish(&mut sender, n, [&mut one, &mut two]);
    }
    assert!(read_on(slow) <= sent);
    assert_eq!(server.ask(|hub| hub.stats().too_slow), 1);
    assert_eq!(server.ask(|hub| hub.backlog()), 0);
    [sender, one, two].iter_mut().for_each(synchronize);
}

/// 64 KB that begin with zeros and end with their number.
fn large(n: usize) -> String {
    format!("{n:065000}")
}

/// Sends 64 KB to the lobby, and does not go on before those that read have it.
#[track_caller]
fn publish(sender: &mut Socket, n: usize, readers: [&mut Socket; 2]) {
    let text = large(n);
    say(sender, &text);
    for reader in readers {
        assert!(hear(reader) == text, "message {n}");
    }
}

/// Reads what had been sent, without a gap, and the close behind it; says how much it was.
fn read_on(mut slow: Socket) -> usize {
    for n in 0.. {
        match slow.read().unwrap() {
            Message::Text(text) => assert!(text.as_str() == large(n), "message {n}"),
            Message::Close(Some(frame)) => {
                assert_eq!((frame.code.into(), &*frame.reason), (1008, "too slow"));
                assert!(matches!(slow.read(), Err(Error::ConnectionClosed)));
                return n;
            }
            other => panic!("not a text: {other:?}"),
        }
    }
    unreachable!("it reads until the close")
}

#[test]
fn a_receiver_that_reads_late_but_in_time_loses_nothing() {
    let config = Config {
        max_backlog: 64 << 20,
        ..Config::default()
    };
    let server = Running::start(config, relay);
    let [mut sender, mut one, mut two, mut late] = members(&server);
    let mut sent = 0;
    while server.ask(|hub| hub.backlog()) < 2 << 20 {
        assert!(sent < 1000, "the kernel takes more than 64 MB");
        publish(&mut sender, sent, [&mut one, &mut two]);
        sent += 1;
    }
    for n in 0..sent {
        assert!(hear(&mut late) == large(n), "message {n}");
    }
    synchronize(&mut late);
    assert_eq!(
        server.ask(|hub| (hub.backlog(), hub.stats().too_slow)),
        (0, 0)
    );
}

#[test]
fn other_threads_publish_and_send_in_order() {
    let server = relaying();
    let [mut one, mut two] = members(&server);
    let handle = server.handle.clone();
    thread::spawn(move || {
        for n in 0..1000 {
            handle.to("lobby").send(&n.to_string());
        }
        handle.everyone().except("lobby").send("nobody");
        handle.to("nowhere").send("nobody");
        handle.to("lobby").to("lobby").send("once");
        handle.everyone().send(b"\x01\x02");
    });
    for socket in [&mut one, &mut two] {
        for n in 0..1000 {
            assert_eq!(hear(socket), n.to_string());
        }
        assert_eq!(hear(socket), "once");
        assert_eq!(socket.read().unwrap(), Message::binary(vec![1, 2]));
        synchronize(socket);
    }
}

#[test]
fn another_thread_sends_to_one_socket_and_closes_it() {
    let (found, ids) = std::sync::mpsc::channel();
    let server = Running::start(Config::default(), move |hub, event| {
        if let Event::Open { id } = event {
            found.send(id).unwrap();
        }
        relay(hub, event);
    });
    let [mut one, mut other] = members(&server);
    let id = ids.recv_timeout(PATIENCE).unwrap();
    server.handle.send(id, "only you");
    assert_eq!(hear(&mut one), "only you");
    server.handle.run(move |hub| _ = hub.close(id, 4001, "go"));
    assert_eq!(closing(&mut one), Some((4001, "go".to_owned())));
    server.handle.send(id, "nobody is there");
    synchronize(&mut other);
}

#[test]
fn a_close_tells_how_much_was_never_written() {
    let mut sim = Sim::new(Config::default());
    let mut told = Vec::new();
    let mut handler = |_: &mut Hub, event: Event<'_>| {
        if let Event::Close { unsent, .. } = event {
            told.push(unsent);
        }
    };
    let [fast, slow] = [(); 2].map(|()| sim.open("/", &mut handler));
    sim.set_room(slow, 3);
    sim.hub().everyone().send("hello");
    sim.end_turn(&mut handler);
    sim.hang_up(fast, &mut handler);
    sim.hang_up(slow, &mut handler);
    sim.end_turn(&mut handler);
    assert_eq!(
        told,
        [0, 4],
        "a frame of seven bytes, of which three were taken"
    );
}

#[test]
fn a_client_that_asks_for_more_than_may_wait_has_to_take_some_of_it_first() {
    for hangs_up in [false, true] {
        let (mut sim, mut asked, mut closed) = (Sim::new(Config::default()), 0, false);
        let answer = "x".repeat(1_000_000);
        let mut handler = |hub: &mut Hub, event: Event<'_>| match event {
            Event::Text { id, .. } => {
                asked += 1;
                hub.send(id, &answer);
            }
            Event::Close { .. } => closed = true,
            _ => {}
        };
        let id = sim.open("/", &mut handler);
        let questions: Vec<_> = (0..600)
            .flat_map(|_| sim::client_frame(0x81, b"?"))
            .collect();
        let mut taken = 0;
        for part in questions.chunks(questions.len() / 10) {
            sim.receive(id, part, &mut handler);
            sim.end_turn(&mut handler);
            taken = taken.max(sim.take(id).len());
        }
        if hangs_up {
            sim.hang_up(id, &mut handler);
        }
        while sim.patience() == Some(0) {
            sim.end_turn(&mut handler);
            taken = taken.max(sim.take(id).len());
        }
        assert_eq!((asked, closed), (600, hangs_up));
        assert!(taken <= 3 << 20, "{taken} bytes in one turn");
    }
}
