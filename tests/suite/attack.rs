//! What a hostile or an unlucky peer does, and what must not come of it.

use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use roomcast::sim::client_frame;
use roomcast::{Config, Event, Hub, Id, Response, Server, Sim};

/// Answers every request with its path.
#[expect(clippy::needless_pass_by_value, reason = "that is what a handler is")]
fn echo_path(hub: &mut Hub, event: Event<'_>) {
    if let Event::Request { id, request } = event {
        hub.respond(id, Response::text(200, request.path()));
    }
}

/// Does turns until nothing is to be done at once.
fn settle(sim: &mut Sim, handler: &mut dyn FnMut(&mut Hub, Event<'_>)) {
    sim.end_turn(handler);
    for _ in 0..10_000 {
        if sim.patience() != Some(0) {
            return;
        }
        sim.end_turn(handler);
    }
    panic!("the loop never rests");
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")
}

#[test]
fn the_size_of_a_chunk_cannot_be_a_line_without_end() {
    let mut sim = Sim::new(Config::default());
    for line in ["1;\n", "\r\n", ";a\r\n", "1;a\nb\r\n"] {
        let id = sim.connect();
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        sim.receive(id, format!("{head}{line}").as_bytes(), &mut echo_path);
        settle(&mut sim, &mut echo_path);
        let answer = sim.take(id);
        assert!(answer.starts_with(b"HTTP/1.1 400 "), "{line:?}");
    }
}

#[test]
fn who_reads_is_not_cut_however_many_pieces_its_messages_are_in() {
    let mut sim = Sim::new(Config::default());
    let mut relay = |hub: &mut Hub, event: Event<'_>| {
        if let Event::Text { text, .. } = event {
            hub.to(&text[..1]).send(text);
        }
    };
    let publisher = sim.open("/", &mut relay);
    let readers: Vec<Id> = ["a", "b"]
        .iter()
        .map(|room| {
            let id = sim.open("/", &mut relay);
            sim.hub().join(id, room);
            id
        })
        .collect();
    let pair = [
        client_frame(0x81, b"a 100 bytes"),
        client_frame(0x81, b"b 100 bytes"),
    ];
    for turn in 0..100 {
        sim.receive(publisher, &pair.concat().repeat(1000), &mut relay);
        sim.end_turn(&mut relay);
        for id in &readers {
            assert_eq!(sim.take(*id).len(), 13_000, "turn {turn}");
        }
        sim.advance(200);
    }
}

#[test]
fn what_two_slow_receivers_leave_does_not_keep_what_lies_between() {
    let mut sim = Sim::new(Config::default());
    let mut quiet = roomcast::sim::quiet;
    let ids: Vec<Id> = (0..3).map(|_| sim.open("/", &mut quiet)).collect();
    sim.set_room(ids[0], 0);
    sim.set_room(ids[2], 0);
    let large = vec![7; 100_000];
    for _ in 0..100 {
        sim.hub().send(ids[0], "first");
        sim.hub().send(ids[1], &large);
        sim.hub().send(ids[2], "last");
        sim.end_turn(&mut quiet);
    }
    assert_eq!(sim.hub().backlog(), 100 * (7 + 6));
}

#[test]
fn a_rush_of_requests_is_answered_as_fast_as_the_answers_are_taken() {
    let mut sim = Sim::new(Config::default());
    let mut page = |hub: &mut Hub, event: Event<'_>| {
        if let Event::Request { id, .. } = event {
            hub.respond(id, Response::new(200).body(vec![b'x'; 50_000]));
        }
    };
    let id = sim.connect();
    sim.set_room(id, 0);
    sim.receive(id, get("/").repeat(2000).as_bytes(), &mut page);
    settle(&mut sim, &mut page);
    assert!(sim.hub().backlog() < 200_000, "{}", sim.hub().backlog());
    let mut taken = 0;
    for _ in 0..10_000 {
        sim.set_room(id, 100_000);
        settle(&mut sim, &mut page);
        taken += sim.take(id).len();
    }
    assert!(sim.is_connected(id));
    assert!(taken > 2000 * 50_000, "{taken}");
}

#[test]
fn a_large_body_reaches_who_takes_it_slowly() {
    let mut sim = Sim::new(Config::default());
    let mut large = |hub: &mut Hub, event: Event<'_>| {
        if let Event::Request { id, .. } = event {
            hub.respond(id, Response::new(200).body(vec![b'x'; 5_000_000]));
        }
    };
    let id = sim.connect();
    sim.set_room(id, 0);
    sim.receive(id, get("/").as_bytes(), &mut large);
    settle(&mut sim, &mut large);
    let mut taken = 0;
    for _ in 0..100 {
        sim.advance(10_000);
        sim.set_room(id, 100_000);
        settle(&mut sim, &mut large);
        taken += sim.take(id).len();
    }
    assert!(taken > 5_000_000, "{taken}");
}

#[test]
fn a_wait_of_years_is_a_long_one() {
    let forever = Config {
        answer_timeout: Duration::MAX,
        keep_alive: Duration::from_secs(86_400 * 365),
        ..Config::default()
    };
    let mut sim = Sim::new(forever);
    let mut late = roomcast::sim::quiet;
    let id = sim.connect();
    sim.receive(id, get("/").as_bytes(), &mut late);
    for hour in 0..48 {
        sim.advance(3_600_000);
        sim.end_turn(&mut late);
        assert!(sim.is_connected(id) && sim.take(id).is_empty(), "{hour}");
    }
    assert!(sim.hub().respond(id, Response::new(204)));
    for _ in 0..48 {
        sim.advance(3_600_000);
        sim.end_turn(&mut late);
    }
    assert!(sim.is_connected(id));
}

#[test]
fn a_refusal_after_a_head_request_has_its_body() {
    let mut sim = Sim::new(Config::default());
    let id = sim.connect();
    let requests = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n\r\n";
    sim.receive(id, requests.as_bytes(), &mut echo_path);
    settle(&mut sim, &mut echo_path);
    let answer = String::from_utf8(sim.take(id)).unwrap();
    assert!(
        answer.ends_with("\r\n\r\nthe Host field is missing\n"),
        "{answer}"
    );
}

#[test]
fn the_reason_of_a_close_cannot_forge_a_line_of_a_log() {
    let mut sim = Sim::new(Config::default());
    let mut log = String::new();
    let mut handler = |_: &mut Hub, event: Event<'_>| {
        if let Event::Close { reason, .. } = event {
            log = reason.to_string();
        }
    };
    let id = sim.open("/", &mut handler);
    let close = [&1000_u16.to_be_bytes()[..], b"a\nerror: b\x1b[2J"].concat();
    sim.receive(id, &client_frame(0x88, &close), &mut handler);
    assert!(!log.contains(char::is_control), "{log:?}");
}

#[test]
fn who_closes_its_side_after_many_requests_gets_all_answers() {
    let mut sim = Sim::new(Config::default());
    let mut stream = |hub: &mut Hub, event: Event<'_>| {
        if let Event::Request { id, .. } = event {
            hub.respond(
                id,
                Response::new(200).stream(100_000, std::io::repeat(b'x')),
            );
        }
    };
    let id = sim.connect();
    sim.receive(id, get("/").repeat(5).as_bytes(), &mut stream);
    sim.hang_up(id, &mut stream);
    settle(&mut sim, &mut stream);
    assert!(sim.take(id).len() > 500_000);
    assert!(!sim.is_connected(id));
}

#[test]
fn half_a_request_before_the_end_is_not_waited_for() {
    let mut sim = Sim::new(Config::default());
    let id = sim.connect();
    sim.receive(
        id,
        format!("{}GET /half", get("/")).as_bytes(),
        &mut echo_path,
    );
    sim.hang_up(id, &mut echo_path);
    settle(&mut sim, &mut echo_path);
    assert!(sim.take(id).ends_with(b"\r\n\r\n/\n"));
    assert!(!sim.is_connected(id));
}

/// A WebSocket client that sees bytes.
fn dial(addr: SocketAddr) -> TcpStream {
    let mut socket = TcpStream::connect(addr).unwrap();
    let head = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    socket.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    socket
}

/// Reads one frame: its first byte and its payload.
fn read_frame(socket: &mut impl Read) -> std::io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 2];
    socket.read_exact(&mut head)?;
    let len = match head[1] {
        126 => {
            let mut len = [0; 2];
            socket.read_exact(&mut len)?;
            usize::from(u16::from_be_bytes(len))
        }
        127 => {
            let mut len = [0; 8];
            socket.read_exact(&mut len)?;
            u64::from_be_bytes(len) as usize
        }
        len => usize::from(len),
    };
    let mut payload = vec![0; len];
    socket.read_exact(&mut payload)?;
    Ok((head[0], payload))
}

const SENDERS: usize = 4;
const MESSAGES: u32 = 6000;

/// Publishes numbered messages of random lengths, in writes of random lengths.
fn publish(addr: SocketAddr, sender: u8) {
    let mut random = ChaCha8Rng::seed_from_u64(u64::from(sender));
    let mut socket = dial(addr);
    let mut bytes = Vec::new();
    for number in 0..MESSAGES {
        let len = random.random_range(0..[30, 300, 5000][number as usize % 3]);
        let body = [&[sender][..], &number.to_be_bytes(), &vec![sender; len]].concat();
        bytes.extend(client_frame(0x82, &body));
        if random.random_ratio(1, 5) || number + 1 == MESSAGES {
            for part in bytes.chunks(random.random_range(1..20_000)) {
                socket.write_all(part).unwrap();
            }
            bytes.clear();
        }
    }
    socket.write_all(&client_frame(0x88, b"")).unwrap();
    while read_frame(&mut socket).is_ok() {}
}

/// Reads to the end; checks that all that came is whole and in order, and says how much came.
fn follow(mut socket: TcpStream, pauses: bool, seed: u64) -> u32 {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut next = [0; SENDERS];
    let mut buffered = std::io::BufReader::new(&mut socket);
    while next != [MESSAGES; SENDERS] {
        let Ok((first, payload)) = read_frame(&mut buffered) else {
            break;
        };
        assert_eq!(first, 0x82, "reader {seed} at {next:?}: {payload:?}");
        let sender = payload[0];
        let number = u32::from_be_bytes(payload[1..5].try_into().unwrap());
        assert_eq!(number, next[usize::from(sender)], "reader {seed}");
        assert!(payload[5..].iter().all(|byte| *byte == sender));
        next[usize::from(sender)] += 1;
        if pauses && random.random_ratio(1, 200) {
            thread::park_timeout(Duration::from_millis(random.random_range(0..60)));
        }
    }
    next.iter().sum()
}

#[test]
fn readers_on_real_sockets_get_all_in_order_and_then_the_loop_rests() {
    // Nobody is cut here, however the threads are scheduled: all that waits has to arrive.
    let patient = Config {
        max_backlog: 64 << 20,
        max_memory: 256 << 20,
        ..Config::default()
    };
    let mut server = Server::new(patient).unwrap();
    let addr = server.listen("127.0.0.1:0").unwrap();
    let mut handler = |hub: &mut Hub, event: Event<'_>| match event {
        Event::Text { id, text } => _ = hub.join(id, text) && hub.send(id, "in"),
        Event::Binary { bytes, .. } => _ = hub.to("room").send(bytes),
        _ => {}
    };
    let (backlogged, something_waits) = mpsc::channel();
    let clients = thread::spawn(move || {
        let mut something_waits = Some(something_waits);
        let readers: Vec<_> = (0..8)
            .map(|seed| {
                let mut socket = dial(addr);
                socket.write_all(&client_frame(0x81, b"room")).unwrap();
                assert_eq!(read_frame(&mut socket).unwrap().1, b"in");
                let first = something_waits.take();
                thread::spawn(move || {
                    // The first reads nothing until the server has had to keep something for it.
                    first.map(|something_waits| something_waits.recv());
                    follow(socket, seed % 2 == 1, seed)
                })
            })
            .collect();
        let senders: Vec<_> = (0..SENDERS as u8)
            .map(|sender| thread::spawn(move || publish(addr, sender)))
            .collect();
        senders
            .into_iter()
            .for_each(|sender| sender.join().unwrap());
        let counts = readers.into_iter().map(|reader| reader.join().unwrap());
        counts.collect::<Vec<u32>>()
    });
    let mut backlogged = Some(backlogged);
    while !clients.is_finished() {
        server
            .turn(Some(Duration::from_millis(5)), &mut handler)
            .unwrap();
        if server.hub().backlog() > 0 {
            backlogged.take().map(|first| first.send(()));
        }
    }
    let counts = clients.join().unwrap();
    let all = SENDERS as u32 * MESSAGES;
    assert!(counts.iter().all(|count| *count == all), "{counts:?}");
    assert!(backlogged.is_none(), "nobody was slow: nothing was tried");
    let start = Instant::now();
    while server.hub().connections() > 0 {
        server
            .turn(Some(Duration::from_millis(5)), &mut handler)
            .unwrap();
        assert!(start.elapsed() < Duration::from_secs(20));
    }
    assert_eq!(server.hub().backlog(), 0);
    let _idle = dial_and_turn(&mut server, addr, &mut handler);
    let start = Instant::now();
    for _ in 0..5 {
        server
            .turn(Some(Duration::from_millis(40)), &mut handler)
            .unwrap();
    }
    assert!(
        start.elapsed() >= Duration::from_millis(160),
        "{:?}",
        start.elapsed()
    );
}

fn dial_and_turn(
    server: &mut Server,
    addr: SocketAddr,
    handler: &mut dyn FnMut(&mut Hub, Event<'_>),
) -> TcpStream {
    let client = thread::spawn(move || dial(addr));
    while !client.is_finished() {
        server
            .turn(Some(Duration::from_millis(5)), &mut *handler)
            .unwrap();
    }
    client.join().unwrap()
}
