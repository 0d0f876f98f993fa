//! The loop: sockets, the poll and the clock, and nothing else that has a meaning.
//!
//! A turn waits, accepts, reads into one shared buffer, lets the hub deliver, and writes what
//! came of it. Every socket is registered once, edge-triggered: what a turn leaves unread is
//! remembered in `carry`, since the kernel will not tell again.

mod accept;

use std::io::{self, ErrorKind, Read};
use std::net::{Shutdown, SocketAddr, ToSocketAddrs};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Poll, Token, Waker};
use rand::{TryRng, rngs::SysRng};

use crate::config::Config;
use crate::deliver;
use crate::event::{CloseReason, Event, Handler};
use crate::handle::Handle;
use crate::hub::Hub;
use crate::id::{Id, Sid};
use crate::table;
use crate::turn::Next;
use accept::Listeners;

/// A server: listeners, sockets, and the [`Hub`] that a handler works with.
///
/// ```no_run
/// use roomcast::{Event, Server};
///
/// fn main() -> std::io::Result<()> {
///     Server::bind("127.0.0.1:3000")?.run(|hub, event| match event {
///         Event::Open { id } => { hub.join(id, "lobby"); }
///         Event::Text { id, text } => { hub.to("lobby").except(id).send(text); }
///         Event::Room(change) => println!("{change}"),
///         _ => {}
///     })
/// }
/// ```
pub struct Server {
    poll: Poll,
    events: Events,
    handle: Handle,
    listeners: Listeners,
    /// By the keys of the hub.
    sockets: Vec<Option<TcpStream>>,
    buffer: Box<[u8]>,
    /// Sockets that may have more to read than the last turn took.
    carry: Vec<u32>,
    /// The memory of that list in the turn before.
    spare: Vec<u32>,
    hub: Hub,
    start: Instant,
}

impl Server {
    /// Listens on an address with the default [`Config`].
    ///
    /// # Errors
    /// What the system says: the port is taken, the address is not of this host, the name is
    /// unknown, or there are no file descriptors left.
    pub fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        let mut server = Self::new(Config::default())?;
        server.listen(address)?;
        Ok(server)
    }

    /// Makes a server that listens nowhere yet.
    ///
    /// # Errors
    /// When the system gives no poll.
    pub fn new(config: Config) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), Token(accept::WAKER))?;
        Ok(Self {
            events: Events::with_capacity(1024),
            handle: Handle::new(waker),
            listeners: Listeners::default(),
            sockets: Vec::new(),
            buffer: vec![0; BUFFER].into_boxed_slice(),
            carry: Vec::new(),
            spare: Vec::new(),
            hub: Hub::new(config, 0, Box::new(random_sids())),
            start: Instant::now(),
            poll,
        })
    }

    /// Listens on one more address, and tells which: a port 0 is known then.
    ///
    /// # Errors
    /// As for [`Server::bind`]; the server goes on without that address.
    pub fn listen(&mut self, address: impl ToSocketAddrs) -> io::Result<SocketAddr> {
        self.listeners.add(address, self.poll.registry())
    }

    /// Takes a listener that the program has made, or was given when it was started.
    ///
    /// On Linux connections inherit options of its socket: what the kernel may hold for a slow
    /// client (`SO_SNDBUF`, bytes), or how long it repeats what nobody acknowledges
    /// (`TCP_USER_TIMEOUT`, milliseconds), which the crate `socket2` sets.
    ///
    /// ```no_run
    /// # fn main() -> std::io::Result<()> {
    /// let listener = std::net::TcpListener::bind("127.0.0.1:3000")?;
    /// let mut server = roomcast::Server::new(roomcast::Config::default())?;
    /// server.adopt(listener)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the system refuses it, and when there are 63 listeners already.
    pub fn adopt(&mut self, listener: std::net::TcpListener) -> io::Result<SocketAddr> {
        self.listeners.adopt(listener, self.poll.registry())
    }

    /// The addresses it listens on, in the order of [`Server::listen`].
    pub fn local_addrs(&self) -> impl Iterator<Item = SocketAddr> {
        self.listeners.addrs()
    }

    /// A way in for other threads.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// The state; for what is to be done before the first event.
    pub fn hub(&mut self) -> &mut Hub {
        &mut self.hub
    }

    /// Runs until it is stopped, by [`Hub::stop`] or [`Handle::stop`].
    ///
    /// # Errors
    /// A failure of the poll; what peers do is never an error.
    pub fn run(mut self, mut handler: impl FnMut(&mut Hub, Event<'_>)) -> io::Result<()> {
        while self.turn(None, &mut handler)? {}
        Ok(())
    }

    /// Does one turn, waiting for at most so long; `false` when the server has stopped.
    ///
    /// # Errors
    /// As for [`Server::run`].
    pub fn turn(&mut self, wait: Option<Duration>, handler: Handler<'_>) -> io::Result<bool> {
        let patience = self.hub.patience().map(Duration::from_millis);
        let patience = if self.carry.is_empty() {
            patience
        } else {
            Some(Duration::ZERO)
        };
        let patience = patience
            .into_iter()
            .chain(wait)
            .chain(self.listeners.patience())
            .min();
        self.gather(patience, handler)?;
        let (begun, mut looks) = (self.hub.now, 0);
        while self.may_look(begun, looks) && self.gather(Some(Duration::ZERO), handler)? {
            looks += 1;
        }
        let resumed = deliver::resume(&mut self.hub, handler);
        self.carry
            .extend(resumed.into_iter().filter(|key| self.hub.list(*key, false)));
        self.hub.expire(handler);
        self.flush(handler);
        Ok(!self.hub.is_stopped())
    }

    /// Whether to look for more before all is written, which costs less than a write and goes out in
    /// the same ones. Who keeps the loop busy meanwhile does not keep it from writing.
    fn may_look(&self, begun: u64, looks: usize) -> bool {
        let most = self.hub.outboxes.receivers() / RECEIVERS_PER_LOOK;
        looks < most && self.hub.now <= begun + most as u64 && self.carry.is_empty()
    }

    /// Takes what comes within so much time; whether anything did.
    fn gather(&mut self, patience: Option<Duration>, handler: Handler<'_>) -> io::Result<bool> {
        match self.poll.poll(&mut self.events, patience) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
            _ => self.hub.now = self.start.elapsed().as_millis() as u64,
        }
        self.command(handler);
        self.accept();
        self.read_all(handler);
        Ok(!self.events.is_empty())
    }

    /// Does what other threads have asked for.
    fn command(&mut self, handler: Handler<'_>) {
        for command in self.handle.take() {
            command(&mut self.hub);
            deliver::drain(&mut self.hub, handler);
        }
    }

    fn accept(&mut self) {
        if self.hub.is_stopping() {
            return self.listeners.close();
        }
        self.listeners.notice(&self.events);
        while let Some(accepted) = self.listeners.accept() {
            match accepted {
                Ok((socket, addr)) => self.welcome(socket, addr),
                Err(error) => self.hub.cannot_accept(&error),
            }
        }
    }

    fn welcome(&mut self, socket: TcpStream, addr: SocketAddr) {
        // One that is turned away is dropped, and so closed.
        if let Some(id) = self.hub.accept(Some(addr.ip())) {
            log::debug!("connection {id} from {addr}");
            self.add(id, socket);
        }
    }

    fn add(&mut self, id: Id, mut socket: TcpStream) {
        let token = Token(id.key as usize);
        table::fit(&mut self.sockets, token.0, || None);
        let both = mio::Interest::READABLE | mio::Interest::WRITABLE;
        // Messages are small and wanted at once; they are gathered by the turn, not by the kernel.
        let begun = socket.set_nodelay(true);
        match begun.and_then(|()| self.poll.registry().register(&mut socket, token, both)) {
            Ok(()) => self.sockets[token.0] = Some(socket),
            Err(error) => {
                log::warn!("connection {id} is lost at once: {error}");
                self.hub.lose(id, CloseReason::Lost);
            }
        }
    }

    /// Reads once from every socket that has something, into the shared buffer.
    fn read_all(&mut self, handler: Handler<'_>) {
        let mut ready = std::mem::replace(&mut self.carry, std::mem::take(&mut self.spare));
        for event in self
            .events
            .iter()
            .filter(|event| event.token().0 < accept::FIRST_TOKEN)
        {
            let key = event.token().0 as u32;
            if event.is_writable() {
                self.hub.outboxes.unblock(key);
            }
            let closing = event.is_read_closed() || event.is_error();
            if (event.is_readable() || closing) && self.hub.list(key, closing) {
                ready.push(key);
            }
        }
        for key in ready.drain(..) {
            if self.hub.unlist(key) && self.read(key, handler) && self.hub.list(key, false) {
                self.carry.push(key);
            }
            if self.hub.is_laden() {
                self.flush(handler);
            }
        }
        ready.shrink_to(KEEP_KEYS);
        self.spare = ready;
    }

    /// Reads once; says whether there may be more. It is the others' turn first.
    fn read(&mut self, key: u32, handler: Handler<'_>) -> bool {
        let Some(Some(socket)) = self.sockets.get_mut(key as usize) else {
            return false;
        };
        match socket.read(&mut self.buffer) {
            Ok(n) if n > 0 => {
                deliver::receive(&mut self.hub, key, &mut self.buffer[..n], handler);
                // A short read has emptied the socket, unless the end of the stream is behind it.
                n == self.buffer.len() || self.hub.is_closing(key)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => false,
            Err(error) if error.kind() == ErrorKind::Interrupted => true,
            Ok(_) | Err(_) => {
                deliver::hang_up(&mut self.hub, key, handler);
                false
            }
        }
    }

    /// Writes what the turn produced, one call for each receiver.
    fn flush(&mut self, handler: Handler<'_>) {
        self.write_all();
        while self.hub.outboxes.has_more() {
            self.write_all();
        }
        self.hub.settle(handler);
        let (sockets, listeners) = (&mut self.sockets, &mut self.listeners);
        self.hub.reap(|key| {
            sockets[key as usize] = None;
            listeners.retry();
        });
    }

    fn write_all(&mut self) {
        let dirty = self.hub.outboxes.take_dirty();
        for key in &dirty {
            let Some(Some(socket)) = self.sockets.get_mut(*key as usize) else {
                continue;
            };
            if self.hub.flush(*key, socket) == Next::Shutdown
                && socket.shutdown(Shutdown::Write).is_err()
            {
                self.hub.cannot_shut_down(*key);
            }
        }
        self.hub.outboxes.give_back(dirty);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.handle.end();
    }
}

/// Names out of random bytes of the system, which is asked once for many of them.
fn random_sids() -> impl FnMut() -> Sid + Send {
    let mut names = [[0; 15]; NAMES];
    let mut fresh = 0;
    move || {
        if fresh == 0 {
            SysRng
                .try_fill_bytes(names.as_flattened_mut())
                .expect("the system has random numbers");
            fresh = NAMES;
        }
        fresh -= 1;
        Sid::new(names[fresh])
    }
}

/// Names for which the system is asked at a time.
const NAMES: usize = 32;
/// Bytes of one read, which is also what one peer may take of a turn.
const BUFFER: usize = 64 * 1024;
/// Of so many receivers one look more is taken whether something has come, before they are written
/// to, and a millisecond for what has. A look that finds nothing takes less than one write.
const RECEIVERS_PER_LOOK: usize = 64;
/// Sockets of a list whose memory is kept.
const KEEP_KEYS: usize = 1024;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    #[test]
    fn no_name_is_given_twice() {
        let mut names = super::random_sids();
        let given: HashSet<_> = (0..3 * super::NAMES)
            .map(|_| names().text().to_string())
            .collect();
        assert_eq!(given.len(), 3 * super::NAMES);
    }
}
