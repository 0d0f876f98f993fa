//! How the program ends when it is told to, by the signals of a terminal and of a supervisor.

use std::io::Read;
use std::net::TcpStream;
use std::process::Command;

use crate::program::Program;
use crate::support::{Http, closing, hear, open, say};

/// Sends a signal by its name.
#[track_caller]
pub(crate) fn send(program: &Program, signal: &str) {
    let pid = program.pid().to_string();
    let kill = Command::new("kill").args(["-s", signal, &pid]).status();
    assert!(kill.unwrap().success());
}

#[test]
fn a_signal_closes_every_socket_in_order() {
    for signal in ["TERM", "INT"] {
        let program = Program::start(&[]);
        let mut sockets = [(); 3].map(|()| open(program.addr(), "/ws"));
        let idle = Http::connect(program.addr());
        send(&program, signal);
        for socket in &mut sockets {
            assert_eq!(closing(socket), Some((1001, "server stops".to_owned())));
        }
        drop((sockets, idle));
        let ended = program.ended();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(ended.err, [""; 0]);
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let program = Program::start(&[]);
        let mut socket = open(program.addr(), "/ws");
        send(&program, signal);
        // Read past the client, which would answer the close; the server waits for that answer.
        let mut close = [0; 4];
        socket.get_mut().read_exact(&mut close).unwrap();
        assert_eq!((close[0], &close[2..]), (0x88, &1001_u16.to_be_bytes()[..]));
        send(&program, signal);
        assert_eq!(program.ended().code, Some(code));
    }
}

#[test]
fn a_drain_serves_who_is_in_and_a_second_signal_ends_it() {
    let program = Program::start(&["--drain", "86400", "-v"]);
    while !program.logged().starts_with("info: room for ") {}
    let mut socket = open(program.addr(), "/ws");
    send(&program, "TERM");
    while !program.logged().contains("are closed within 86400000 ms") {}
    say(&mut socket, r#"["whoami"]"#);
    assert!(hear(&mut socket).starts_with(r#"["whoami","#));
    // Who comes now is not let in: nobody listens any more.
    let gone = TcpStream::connect(program.addr()).and_then(|mut late| late.read(&mut [0]));
    assert!(matches!(gone, Ok(0) | Err(_)));
    send(&program, "TERM");
    assert_eq!(program.ended().code, Some(143));
}
