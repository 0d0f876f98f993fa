//! What is set on a listener, and so on its connections: by the command, and by a program of one's own.

use std::fs;
use std::net::{SocketAddr, TcpListener};

use roomcast::{Config, Server};

use crate::program::Program;
use crate::support::{Running, echo, hear, open, say};

/// Of a connection of the program: bytes that the kernel holds since the peer has not taken them.
fn unsent(program: &Program, peer: SocketAddr) -> usize {
    let ends = [program.port, peer.port()].map(|port| format!(":{port:04X}"));
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let mut rows = table.lines().map(|row| row.split_whitespace());
    let queues = rows.find_map(|mut row| {
        let (local, remote) = (row.nth(1)?, row.next()?);
        let found = local.ends_with(&ends[0]) && remote.ends_with(&ends[1]);
        row.nth(1).filter(|_| found)
    });
    let (unsent, _) = queues.unwrap().split_once(':').unwrap();
    usize::from_str_radix(unsent, 16).unwrap()
}

#[test]
fn the_kernel_holds_no_more_for_a_slow_client_than_it_is_told_to() {
    let program = Program::start(&["--sndbuf", "16384"]);
    let stalled = open(program.addr(), "/ws");
    let [mut speaker, mut reader] = [(); 2].map(|()| open(program.addr(), "/ws"));
    let text = "x".repeat(60_000);
    for _ in 0..20 {
        say(&mut speaker, format!(r#"["chat message","{text}"]"#));
        assert!(hear(&mut reader).contains(&text));
    }
    // What has come to the reader was offered to the other one, too: 1.2 MB.
    let unsent = unsent(&program, stalled.get_ref().0.local_addr().unwrap());
    assert!((1..200_000).contains(&unsent), "{unsent} bytes");
}

#[test]
fn a_listener_that_the_program_has_made_is_served() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let mut server = Server::new(Config::default()).unwrap();
    assert_eq!(server.adopt(listener).unwrap(), addr);
    assert_eq!(server.local_addrs().collect::<Vec<_>>(), [addr]);
    let _running = Running::run(server, addr, echo);
    let mut client = open(addr, "/");
    say(&mut client, "hello");
    assert_eq!(hear(&mut client), "hello");
}
