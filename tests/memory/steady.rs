//! What a message costs that is delivered by a server which has been at it for a while: nothing of
//! the heap, whatever the number of receivers.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use roomcast::sim::{Sim, client_frame};
use roomcast::socketio::{Event as Said, Options, SocketIo};
use roomcast::{Config, Event, Hub, Server};

use crate::{HEAP, PATIENCE, SLACK, alone, grew_at_most};

/// Turns before anything is counted: tables and buffers grow to what they need.
const WARM: usize = 10;
const ROUNDS: usize = 20;

/// A server that is turned by the test, and clients with real sockets.
struct World {
    server: Server,
    clients: Vec<TcpStream>,
}

impl World {
    fn new(count: usize, hello: &[u8], handler: &mut dyn FnMut(&mut Hub, Event<'_>)) -> Self {
        let mut server = Server::new(Config::default()).unwrap();
        let address = server.listen("127.0.0.1:0").unwrap();
        let mut world = Self {
            server,
            clients: Vec::new(),
        };
        for _ in 0..count {
            let client = world.enter(address, hello, handler);
            world.clients.push(client);
        }
        world
    }

    fn enter(
        &mut self,
        address: SocketAddr,
        hello: &[u8],
        handler: &mut dyn FnMut(&mut Hub, Event<'_>),
    ) -> TcpStream {
        let mut client = TcpStream::connect(address).unwrap();
        client
            .write_all(
                b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\n\
                  Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                  Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            )
            .unwrap();
        client.write_all(hello).unwrap();
        client.set_nonblocking(true).unwrap();
        let mut answer = Vec::new();
        while !self.quiet(handler) || answer.is_empty() {
            _ = client.read_to_end(&mut answer);
        }
        client.set_nonblocking(false).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        client
    }

    /// Turns the server until nothing comes any more; whether it was so at once.
    fn quiet(&mut self, handler: &mut dyn FnMut(&mut Hub, Event<'_>)) -> bool {
        let before = self.server.hub().stats();
        let wait = Some(Duration::from_millis(1));
        self.server.turn(wait, handler).unwrap();
        self.server.hub().stats() == before
    }

    /// Bytes that are allocated while the first client says something and all others get it.
    fn cost(&mut self, said: &[u8], handler: &mut dyn FnMut(&mut Hub, Event<'_>)) -> usize {
        let delivered = self.server.hub().stats().delivered;
        let others = self.clients.len() as u64 - 1;
        self.clients[0].write_all(said).unwrap();
        let before = HEAP.total_allocated();
        while self.server.hub().stats().delivered < delivered + others {
            let wait = Some(Duration::from_secs(1));
            self.server.turn(wait, handler).unwrap();
        }
        let cost = HEAP.total_allocated() - before;
        let mut heard = [0; 1024];
        for client in &mut self.clients[1..] {
            assert!(client.read(&mut heard).unwrap() > 0);
        }
        cost
    }
}

/// Bytes for a message in a steady state, in a room of so many: the median, since the thread of
/// another test may be on its way.
fn cost(
    count: usize,
    hello: &[u8],
    said: &[u8],
    handler: &mut dyn FnMut(&mut Hub, Event<'_>),
) -> usize {
    let mut world = World::new(count, hello, handler);
    for _ in 0..WARM {
        world.cost(said, handler);
    }
    let mut costs: Vec<_> = (0..ROUNDS).map(|_| world.cost(said, handler)).collect();
    costs.sort_unstable();
    costs[ROUNDS / 2]
}

#[test]
fn a_message_to_a_room_allocates_nothing() {
    let _alone = alone();
    let said = client_frame(0x81, b"hello, all of you");
    let mut relay = |hub: &mut Hub, event: Event<'_>| match event {
        Event::Open { id } => _ = hub.join(id, "lobby"),
        Event::Text { id, text } => _ = hub.to("lobby").except(id).send(text),
        _ => {}
    };
    assert_eq!(cost(100, b"", &said, &mut relay), 0);
}

#[test]
fn an_event_of_socket_io_allocates_as_much_for_one_as_for_many() {
    let _alone = alone();
    let hello = client_frame(0x81, b"40");
    let said = client_frame(0x81, b"42[\"hi\",{\"a\":1}]");
    let [few, many] = [2, 100].map(|count| {
        let mut io = SocketIo::new();
        let mut relay = |hub: &mut Hub, event: Event<'_>| {
            io.drive(hub, event, |io, event| match event {
                Said::Connect { socket, .. } => _ = io.join(socket, "lobby"),
                Said::Message {
                    socket, name, args, ..
                } => _ = io.to("lobby").except(socket).emit(name, args),
                _ => {}
            });
        };
        cost(count, &hello, &said, &mut relay)
    });
    assert_eq!(few, many);
}

#[test]
fn clients_that_come_and_go_leave_nothing() {
    let _alone = alone();
    for recovery in [None, Some(50)] {
        let mut sim = Sim::new(Config::default());
        let mut io = SocketIo::with(Options {
            max_disconnection_duration: recovery,
            ..Options::default()
        });
        let mut visit = |count: usize| {
            for n in 0..count {
                let mut handler = |hub: &mut Hub, event: Event<'_>| io.drive(hub, event, |_, _| {});
                let web = n % 3 > 0;
                let id = match web {
                    true => sim.open("/socket.io/?EIO=4&transport=websocket", &mut handler),
                    false => sim.open("/elsewhere", &mut handler),
                };
                sim.text(id, "40", &mut handler);
                sim.end_turn(&mut handler);
                sim.hang_up(id, &mut handler);
                sim.advance(10);
                sim.end_turn(&mut handler);
                sim.take(id);
            }
            HEAP.allocated()
        };
        let before = visit(1000);
        grew_at_most(SLACK, before, visit(10_000));
    }
}
