//! Packets of Socket.IO, a line of input each: by a WebSocket if it begins with `w` (or with `b`, for
//! bytes), by the plain door if it begins with `p`, by a POST otherwise. Nobody may come to harm, and whoever came has gone in the end.

#![no_main]

use libfuzzer_sys::fuzz_target;
use roomcast::sim::{Sim, client_frame};
use roomcast::socketio::{Event, Io, Options, Socket, SocketIo};
use roomcast::{Config, Id};

/// What the application remembers.
#[derive(Default)]
struct App {
    /// How many have come and not gone.
    count: i64,
    /// Who has to wait until somebody speaks.
    waiting: Vec<Socket>,
}

fn handle(io: &mut Io<'_>, event: Event<'_>, app: &mut App) {
    match event {
        Event::Connect { .. } => app.count += 1,
        Event::Disconnect { .. } => app.count -= 1,
        Event::Authorize { socket, auth, .. } if auth.contains("wait") => {
            io.defer(socket);
            app.waiting.push(socket);
        }
        Event::Authorize { socket, auth, .. } if auth.contains("no") => {
            io.refuse(socket, "no", "");
        }
        Event::Message {
            socket,
            name,
            args,
            ack,
        } => {
            app.waiting.pop().map(|socket| io.admit(socket));
            io.join(socket, name);
            io.around(socket).to(name).emit("event", args);
            match name {
                "a" => _ = io.around(socket).ask("a", args, 1000),
                "d" => _ = io.disconnect(socket, false),
                "v" => _ = io.around(socket).volatile().emit("v", args),
                _ => {}
            }
            if let Some(ack) = ack {
                io.answer(ack, args);
            }
        }
        _ => {}
    }
}

fn post(
    sim: &mut Sim,
    sid: &str,
    body: &[u8],
    handler: &mut dyn FnMut(&mut roomcast::Hub, roomcast::Event<'_>),
) {
    let id = sim.connect();
    let len = body.len();
    let head = format!(
        "POST /socket.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: a\r\nContent-Length: {len}\r\n\r\n"
    );
    sim.receive(id, &[head.as_bytes(), body].concat(), handler);
}

fn poll(
    sim: &mut Sim,
    sid: &str,
    handler: &mut dyn FnMut(&mut roomcast::Hub, roomcast::Event<'_>),
) -> Id {
    let id = sim.connect();
    let head = format!("GET /socket.io/?EIO=4&transport=polling{sid} HTTP/1.1\r\nHost: a\r\n\r\n");
    sim.receive(id, head.as_bytes(), handler);
    sim.end_turn(handler);
    id
}

fuzz_target!(|bytes: &[u8]| {
    let mut io = SocketIo::with(Options {
        max_disconnection_duration: Some(1000),
        plain_path: Some("/ws".to_owned()),
        ..Options::default()
    })
    .namespaces_where(|name| name.len() < 4);
    let mut app = App::default();
    let mut handler = |hub: &mut roomcast::Hub, event: roomcast::Event<'_>| {
        io.drive(hub, event, |io, event| handle(io, event, &mut app));
    };
    let mut sim = Sim::new(Config::default());
    let line = sim.open("/socket.io/?EIO=4&transport=websocket", &mut handler);
    let plain = sim.open("/ws", &mut handler);
    let first = poll(&mut sim, "", &mut handler);
    let answer = String::from_utf8_lossy(&sim.take(first)).into_owned();
    let sid = answer
        .split("\"sid\":\"")
        .nth(1)
        .map_or("", |rest| &rest[..20])
        .to_owned();
    for packet in bytes.split(|byte| *byte == b'\n') {
        match packet.split_first() {
            Some((b'w', text)) => sim.receive(line, &client_frame(0x81, text), &mut handler),
            Some((b'p', text)) => sim.receive(plain, &client_frame(0x81, text), &mut handler),
            Some((b'b', bytes)) => sim.receive(line, &client_frame(0x82, bytes), &mut handler),
            _ => post(&mut sim, &sid, packet, &mut handler),
        }
    }
    poll(&mut sim, &format!("&sid={sid}"), &mut handler);
    for _ in 0..8 {
        sim.advance(100_000);
        sim.end_turn(&mut handler);
        sim.end_turn(&mut handler);
    }
    assert_eq!(sim.hub().connections(), 0);
    assert_eq!(app.count, 0);
});
