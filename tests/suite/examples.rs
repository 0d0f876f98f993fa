//! Every example does what its first line says, run as its second line says.

use std::io::{BufRead, BufReader, Lines};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Instant;

use tungstenite::Message;

use crate::support::{PATIENCE, Socket, hear, open, say};

/// A running example; killed when it is dropped.
struct Example {
    child: Child,
    addr: SocketAddr,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Example {
    /// Starts an example at an address that was free a moment ago, and waits until it listens.
    fn start(name: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        // Built by `cargo test` beside the program.
        let folder = Path::new(env!("CARGO_BIN_EXE_roomcast")).with_file_name("examples");
        let mut command = Command::new(folder.join(name));
        let mut child = command
            .arg(free.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let start = Instant::now();
        while TcpStream::connect(free).is_err() {
            assert!(start.elapsed() < PATIENCE, "{name} does not listen");
            assert!(child.try_wait().unwrap().is_none(), "{name} has ended");
            std::thread::yield_now();
        }
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            child,
            addr: free,
            lines,
        }
    }

    fn open(&self) -> Socket {
        open(self.addr, "/")
    }

    /// The next lines that it prints, without the names of sockets.
    fn said(&mut self, count: usize) -> Vec<String> {
        let lines = self.lines.by_ref().take(count).map(|line| line.unwrap());
        lines
            .map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "))
            .collect()
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn chat_sends_to_all_others_and_prints_the_room_events() {
    let mut chat = Example::start("chat");
    let mut one = chat.open();
    let own = chat.said(4);
    assert_eq!(own[2..], ["create-room lobby", "join-room lobby"]);
    let mut two = chat.open();
    assert_eq!(chat.said(3)[2], "join-room lobby");
    say(&mut one, "from one");
    assert_eq!(hear(&mut two), "from one");
    say(&mut two, "from two");
    assert_eq!(hear(&mut one), "from two");
}

#[test]
fn echo_sends_everything_back() {
    let echo = Example::start("echo");
    let mut one = echo.open();
    say(&mut one, "text");
    assert_eq!(hear(&mut one), "text");
    let long = Message::binary(vec![7; 15 << 20]);
    one.send(long.clone()).unwrap();
    assert!(one.read().unwrap() == long);
}

#[cfg(feature = "deflate")]
#[test]
fn deflate_sends_everything_back_also_to_who_does_not_compress() {
    let deflate = Example::start("deflate");
    let mut one = deflate.open();
    let text = "long ".repeat(1000);
    say(&mut one, text.clone());
    assert!(hear(&mut one) == text);
}

#[test]
fn relay_sends_everything_to_all_others() {
    let relay = Example::start("relay");
    let (mut one, mut two) = (relay.open(), relay.open());
    // Both are open before either speaks: a second round trip proves it of the second.
    say(&mut two, "from two");
    assert_eq!(hear(&mut one), "from two");
    one.send(Message::binary(vec![1, 2])).unwrap();
    assert_eq!(two.read().unwrap(), Message::binary(vec![1, 2]));
}

#[test]
fn clock_publishes_from_a_thread() {
    let clock = Example::start("clock");
    let mut one = clock.open();
    let (first, second): (u64, u64) = (
        hear(&mut one).parse().unwrap(),
        hear(&mut one).parse().unwrap(),
    );
    assert!(first < second, "{first}, {second}");
}

#[test]
fn rooms_prints_what_happens_in_them() {
    let mut rooms = Example::start("rooms");
    let mut one = rooms.open();
    rooms.said(2);
    say(&mut one, "kitchen");
    assert_eq!(rooms.said(2), ["create-room kitchen", "join-room kitchen"]);
    say(&mut one, "kitchen");
    assert_eq!(rooms.said(2), ["leave-room kitchen", "delete-room kitchen"]);
}

#[test]
fn socketio_lets_in_who_has_the_token_and_counts_who_gets_what_is_said() {
    let example = Example::start("socketio");
    let enter = || {
        let mut client = open(example.addr, "/socket.io/?EIO=4&transport=websocket");
        hear(&mut client);
        say(&mut client, "40");
        assert_eq!(hear(&mut client), "44{\"message\":\"wrong token\"}");
        say(&mut client, "40{\"token\":\"secret\"}");
        assert!(hear(&mut client).starts_with("40{\"sid\":"));
        client
    };
    let (mut one, mut two) = (enter(), enter());
    say(&mut one, "427[\"say\",\"hello\"]");
    assert_eq!(hear(&mut one), "437[1]");
    assert_eq!(hear(&mut two), "42[\"said\",\"hello\"]");
}

#[test]
fn every_example_is_under_forty_lines() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines < 40, "{} has {lines} lines", path.display());
    }
}
