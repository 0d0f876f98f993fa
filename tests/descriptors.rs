//! When the process has no file descriptors left: a limit of the whole process, which is why this
//! test has one of its own.

#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]
#![cfg(unix)]

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use rlimit::Resource;
use roomcast::{Config, Event, Hub, Response, Server};

const PATIENCE: Duration = Duration::from_secs(20);

/// Lets the process open so many files more.
fn allow(more: u64) {
    let (_, hard) = Resource::NOFILE.get().unwrap();
    Resource::NOFILE.set(hard, hard).unwrap();
    let lowest_free = File::open("/dev/null").unwrap().as_raw_fd() as u64;
    Resource::NOFILE
        .set((lowest_free + more).min(hard), hard)
        .unwrap();
}

fn knock(addr: SocketAddr) -> TcpStream {
    let client = TcpStream::connect(addr).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client
}

fn answer(hub: &mut Hub, event: Event<'_>) {
    if let Event::Request { id, .. } = event {
        hub.respond(id, Response::text(200, "here"));
    }
}

fn turn_until(server: &mut Server, mut done: impl FnMut(&mut Server) -> bool) {
    let end = Instant::now() + PATIENCE;
    while !done(server) {
        assert!(Instant::now() < end, "it never happened");
        server.turn(Some(PATIENCE), &mut answer).unwrap();
    }
}

/// Asks for a page, and gets it.
fn is_served(server: &mut Server, client: &mut TcpStream) {
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    let writes = server.hub().stats().writes;
    turn_until(server, |server| server.hub().stats().writes > writes);
    let mut page = [0; 512];
    let n = client.read(&mut page).unwrap();
    assert!(page[..n].ends_with(b"here\n"));
}

/// It looks for a descriptor once a second at most, whoever knocks, and else it rests.
fn rests(server: &mut Server, mut meanwhile: impl FnMut()) {
    let (begin, starved) = (Instant::now(), server.hub().stats().starved);
    for _ in 0..10 {
        meanwhile();
        server
            .turn(Some(Duration::from_millis(40)), &mut answer)
            .unwrap();
    }
    let looked = server.hub().stats().starved - starved;
    assert!(looked <= 1 + begin.elapsed().as_secs(), "{looked} times");
}

#[test]
fn accepting_pauses_while_there_are_no_file_descriptors_and_all_inside_are_served() {
    let mut server = Server::new(Config::default()).unwrap();
    let addr = server.listen("127.0.0.1:0").unwrap();
    let mut clients: Vec<_> = (0..8).map(|_| knock(addr)).collect();
    allow(3);
    turn_until(&mut server, |server| server.hub().stats().starved > 0);
    assert_eq!(server.hub().connections(), 3);
    let begin = Instant::now();
    rests(&mut server, || ());
    assert!(begin.elapsed() >= Duration::from_millis(300));
    clients[..3]
        .iter_mut()
        .for_each(|inside| is_served(&mut server, inside));
    rests(&mut server, || {
        allow(1);
        clients.push(knock(addr));
        allow(0);
    });
    assert_eq!(server.hub().connections(), 3);
    // One goes, and the one who waited longest is in, with the descriptor of the server's side.
    let leaves = clients.remove(0);
    leaves.shutdown(std::net::Shutdown::Both).unwrap();
    turn_until(&mut server, |server| server.hub().stats().accepted == 4);
    is_served(&mut server, &mut clients[2]);
    // Somebody else gives descriptors back: it looks by itself.
    allow(100);
    turn_until(&mut server, |server| server.hub().stats().accepted == 18);
    clients
        .iter_mut()
        .for_each(|client| is_served(&mut server, client));
}
