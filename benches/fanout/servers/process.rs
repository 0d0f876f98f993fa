//! A server that runs: a process on a processor of its own, and what the system says of it.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};

use super::Program;
use crate::clients::crowd::Crowd;
use crate::clients::greeting;
use crate::clients::wire::Wire;
use crate::machine::Process;

/// It ends when this is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) wire: Wire,
    pub(crate) address: SocketAddr,
    pub(crate) process: Process,
}

impl Server {
    pub(crate) fn start(program: &Program) -> io::Result<Self> {
        let (child, line) = spawn(&program.command)?;
        let process = Process(child.id());
        // So that it is ended if it has said something else.
        let mut server = Self {
            child,
            wire: program.wire,
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            process,
        };
        let port = line.trim_end().parse();
        server
            .address
            .set_port(port.map_err(|_| io::Error::other("it does not say where it listens"))?);
        Ok(server)
    }

    /// Lets clients in, and waits until the server has nothing more to do.
    pub(crate) fn let_in(&self, count: usize) -> io::Result<Vec<TcpStream>> {
        let mut sockets = greeting::open(self.wire, self.address, count)?;
        self.process.rest()?;
        if self.wire == Wire::SocketIo {
            greeting::answer_pings(&mut sockets)?;
        }
        Ok(sockets)
    }

    /// The same, as a crowd.
    pub(crate) fn crowd(&self, count: usize) -> io::Result<Crowd> {
        Crowd::new(self.let_in(count)?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Starts a command, on the processor of servers if there is one, and waits for its first line.
pub(crate) fn spawn(command: &[OsString]) -> io::Result<(Child, String)> {
    let words = crate::machine::on_servers_core().into_iter();
    let mut words = words.chain(command.iter().cloned());
    let mut child = Command::new(words.next().expect("a command has a name"))
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    let stdout = child.stdout.take().expect("it is piped");
    match BufReader::new(stdout).read_line(&mut line) {
        Ok(n) if n > 0 => Ok((child, line)),
        _ => {
            end(&mut child);
            Err(io::Error::other("it does not start"))
        }
    }
}

pub(crate) fn end(child: &mut Child) {
    // It may have ended by itself; then there is nothing to be done about it.
    let _ = child.kill();
    let _ = child.wait();
}
