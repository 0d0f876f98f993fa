//! The program under test as a child process.

use std::{
    io::{BufRead, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
    thread,
};

/// A running server program, which ends with its value.
pub(crate) struct Program {
    path: String,
    process: Child,
    pub(crate) address: String,
}

impl Program {
    pub(crate) fn start(path: &str, flags: &[&str]) -> Self {
        let command = Command::new(path)
            .args(flags)
            .stdout(Stdio::piped())
            .spawn();
        let mut process = command.expect("a program to start");
        let mut lines = BufReader::new(process.stdout.take().expect("it is piped"));
        let address = address(&mut lines);
        thread::spawn(move || lines.lines().for_each(drop));
        let path = path.to_owned();
        Self {
            path,
            process,
            address,
        }
    }

    /// Ends it at once, as a crash would, and starts another one on its port.
    pub(crate) fn restart(self) -> Self {
        let (path, port) = (self.path.clone(), self.port().to_owned());
        drop(self);
        Self::start(&path, &["--port", &port])
    }

    fn port(&self) -> &str {
        self.address.rsplit(':').next().expect("it has a port")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The address in the first line that has one.
fn address(lines: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    while !line.contains("http://localhost:") {
        line.clear();
        let read = lines.read_line(&mut line).expect("its output is text");
        assert!(read > 0, "the program ended before it listened");
    }
    let start = line.find("http://").expect("it is there");
    line[start..]
        .split_whitespace()
        .next()
        .expect("it is there")
        .to_owned()
}
