//! Listeners: what is accepted, how many of them in a turn, and what happens when no file
//! descriptors are left.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Registry, Token};

/// Tokens below are sockets.
pub(super) const FIRST_TOKEN: usize = usize::MAX - 64;
/// The token of the waker, above those of the listeners.
pub(super) const WAKER: usize = usize::MAX - 1;

/// Some listeners, edge-triggered like everything: who has more to accept is remembered.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    all: Vec<Listener>,
    /// How many may still be accepted in this turn.
    budget: usize,
    /// Since when the process has no file descriptors left; tried again when one is given back
    /// here, or after a while, and not for each that knocks meanwhile.
    starved: Option<Instant>,
}

#[derive(Debug)]
struct Listener {
    socket: TcpListener,
    addr: SocketAddr,
    ready: bool,
}

impl Listeners {
    /// Listens on the first address that can be had.
    pub(super) fn add(
        &mut self,
        address: impl ToSocketAddrs,
        registry: &Registry,
    ) -> io::Result<SocketAddr> {
        let mut last = io::Error::new(ErrorKind::InvalidInput, "no address to listen on");
        for addr in address.to_socket_addrs()? {
            match TcpListener::bind(addr) {
                Ok(socket) => return self.register(socket, registry),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Listens on a socket that listens already.
    pub(super) fn adopt(
        &mut self,
        listener: std::net::TcpListener,
        registry: &Registry,
    ) -> io::Result<SocketAddr> {
        listener.set_nonblocking(true)?;
        self.register(TcpListener::from_std(listener), registry)
    }

    pub(super) fn addrs(&self) -> impl Iterator<Item = SocketAddr> {
        self.all.iter().map(|listener| listener.addr)
    }

    /// Learns from the poll who has somebody waiting, and begins a turn.
    pub(super) fn notice(&mut self, events: &Events) {
        self.budget = BUDGET;
        for event in events.iter() {
            let listener = event
                .token()
                .0
                .checked_sub(FIRST_TOKEN)
                .and_then(|n| self.all.get_mut(n));
            if let Some(listener) = listener {
                listener.ready = true;
            }
        }
        self.starved = self.starved.filter(|since| since.elapsed() < STARVED);
    }

    /// The next connection of this turn, if there is one; or why there is none for a while.
    pub(super) fn accept(&mut self) -> Option<io::Result<(TcpStream, SocketAddr)>> {
        while let Some(listener) = self.all.iter_mut().find(|listener| listener.ready) {
            if self.budget == 0 || self.starved.is_some() {
                return None;
            }
            self.budget -= 1;
            match listener.socket.accept() {
                Ok(accepted) => return Some(Ok(accepted)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => listener.ready = false,
                Err(error) if is_peers_fault(&error) => {}
                Err(error) => {
                    self.starved = Some(Instant::now());
                    return Some(Err(error));
                }
            }
        }
        None
    }

    /// How long the poll may wait on behalf of the listeners.
    pub(super) fn patience(&self) -> Option<Duration> {
        let waiting = self.all.iter().any(|listener| listener.ready);
        match self.starved {
            _ if !waiting => None,
            Some(since) => Some(STARVED.saturating_sub(since.elapsed())),
            None => Some(Duration::ZERO),
        }
    }

    /// A connection was closed: perhaps another can be accepted.
    pub(super) fn retry(&mut self) {
        self.starved = None;
    }

    /// Accepts no more, for good.
    pub(super) fn close(&mut self) {
        self.all.clear();
    }

    fn register(&mut self, mut socket: TcpListener, registry: &Registry) -> io::Result<SocketAddr> {
        let token = Token(FIRST_TOKEN + self.all.len());
        if token.0 >= WAKER {
            return Err(io::Error::new(
                ErrorKind::QuotaExceeded,
                "at most 63 listeners",
            ));
        }
        registry.register(&mut socket, token, Interest::READABLE)?;
        let addr = socket.local_addr()?;
        self.all.push(Listener {
            socket,
            addr,
            ready: false,
        });
        Ok(addr)
    }
}

/// Failures of one connection, not of the listener (accept(2)).
fn is_peers_fault(error: &io::Error) -> bool {
    use ErrorKind::{
        ConnectionAborted, ConnectionReset, Interrupted, NetworkDown, NetworkUnreachable, TimedOut,
    };
    matches!(
        error.kind(),
        ConnectionAborted
            | ConnectionReset
            | Interrupted
            | NetworkDown
            | NetworkUnreachable
            | TimedOut
    )
}

/// Connections in a turn, so that a rush of them does not keep the others waiting.
const BUDGET: usize = 256;
/// How long to wait for file descriptors that nobody here gives back.
const STARVED: Duration = Duration::from_secs(1);
