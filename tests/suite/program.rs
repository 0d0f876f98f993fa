//! The real program as a child process: what it is told, what it says, how it ends.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use crate::support::PATIENCE;

/// A running program; killed when it is dropped.
pub(crate) struct Program {
    child: Child,
    /// The port in its banner; 0 if it was told to say nothing.
    pub(crate) port: u16,
    out: Receiver<String>,
    err: Receiver<String>,
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// None if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) out: Vec<String>,
    pub(crate) err: Vec<String>,
}

impl Program {
    /// Starts it, with these variables only for its address.
    pub(crate) fn spawn(args: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_roomcast"))
            .args(args)
            .env_remove("PORT")
            .env_remove("HOST")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            out: lines(child.stdout.take().unwrap()),
            err: lines(child.stderr.take().unwrap()),
            port: 0,
            child,
        }
    }

    /// Starts it on any free port and waits for its banner.
    #[track_caller]
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut program = Self::spawn(&[&["--port", "0"], args].concat(), &[]);
        program.read_banner();
        program
    }

    /// Waits for the banner, which says where it is.
    #[track_caller]
    pub(crate) fn read_banner(&mut self) -> String {
        let banner = self.out.recv_timeout(PATIENCE).expect("a banner");
        let (_, port) = banner.rsplit_once(':').unwrap();
        self.port = port.parse().unwrap();
        banner
    }

    /// Where it listens.
    pub(crate) fn addr(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next line on standard error.
    #[track_caller]
    pub(crate) fn logged(&self) -> String {
        self.err.recv_timeout(PATIENCE).expect("a line of the log")
    }

    /// Waits for its end; what it said that was not read before.
    #[track_caller]
    pub(crate) fn ended(mut self) -> Ended {
        let (out, err) = (drain(&self.out), drain(&self.err));
        let code = self.child.wait().unwrap().code();
        Ended { code, out, err }
    }

    /// Whether it has ended already.
    pub(crate) fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads lines in a thread, since a pipe has no deadline.
fn lines(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (line, lines) = mpsc::channel();
    thread::spawn(move || {
        let all = BufReader::new(pipe).lines().map_while(Result::ok);
        all.take_while(|text| line.send(text.clone()).is_ok())
            .count();
    });
    lines
}

/// All lines up to the end of the stream, which is the end of the program.
#[track_caller]
fn drain(lines: &Receiver<String>) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        match lines.recv_timeout(PATIENCE) {
            Ok(line) => all.push(line),
            Err(mpsc::RecvTimeoutError::Disconnected) => return all,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("it does not end; so far: {all:?}"),
        }
    }
}
