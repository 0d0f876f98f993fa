//! What can be set, and why each default is what it is.

use std::time::Duration;

use crate::network::Network;
use crate::ws::Compression;

/// Limits and deadlines of a server; all of them hold from the first byte of a connection.
/// A deadline of more than 30 days is one of 30 days.
///
/// ```
/// let config = roomcast::Config { max_message: 64 * 1024, ..roomcast::Config::default() };
/// let mut server = roomcast::Server::new(config)?;
/// server.listen("127.0.0.1:0")?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Connections at a time; 100,000. More are closed as soon as they are accepted. Each that is
    /// idle takes 128 bytes here and some kilobytes of the kernel, so that this many fit into a
    /// gigabyte. There are no more sessions of Socket.IO either. The `roomcast` command takes fewer where the system gives fewer open files.
    pub max_connections: usize,
    /// Connections at a time from one address, or from one network of 2⁶⁴ addresses of IPv6;
    /// 10,000, so that a benchmark on one machine runs and it takes ten addresses to fill the
    /// server. More are closed as soon as they are accepted. Lower it where clients come by
    /// themselves. Behind a proxy all connections have the proxy's address: name it in
    /// `trusted_proxies`, or make this as large as `max_connections`.
    pub max_connections_per_address: usize,
    /// Connections that one address may open in a second, counted over ten of them; 1,000, which
    /// lets all of an address come back at once and keeps a flood of them at a few hundredths of a
    /// processor. More are closed as soon as they are accepted. From 6,554 on there is no such limit.
    pub connect_rate: u32,
    /// Bytes in the head of a request; 8,192, as most servers take. More is 431, or 414 when the
    /// request line alone is longer. Raise it for clients with very long cookies.
    pub max_head: usize,
    /// Header fields in a request; 64. More is 431.
    pub max_headers: usize,
    /// Bytes in the body of a request, which is held in memory; 1,000,000. More is 413.
    pub max_body: usize,
    /// Bytes in one message of a WebSocket, its fragments together; 1,000,000. More closes with
    /// 1009. Lower it where messages are small: it bounds what one client can make the server hold.
    pub max_message: usize,
    /// Bytes in one frame of a WebSocket; 1,000,000. More closes with 1009.
    pub max_frame: usize,
    /// Frames of one message of a WebSocket; 1,024, so that one of a megabyte may come in frames of
    /// a kilobyte. More closes with 1008.
    pub max_fragments: u32,
    /// Requests that one connection may send in a second, ten seconds' worth of them at once;
    /// 10,000, which no browser comes near. Beyond, it is read more slowly and nothing is lost. From
    /// 250,000 on there is no such limit.
    pub request_rate: u32,
    /// Frames that one WebSocket may send in a second, ten seconds' worth of them at once, pings and
    /// fragments included; 10,000, which costs a few hundredths of a processor where a message goes
    /// to few, and leaves a benchmark alone. Beyond, it is read more slowly and nothing is lost.
    /// Lower it to some tens where people type. From 250,000 on there is no such limit.
    pub message_rate: u32,
    /// Bytes that wait for one slow receiver; 1 MiB. Beyond, the connection is closed with 1008
    /// and the reason "too slow", unless a room says otherwise ([`Policy`](crate::Policy)). Lower it on
    /// small machines with many clients.
    pub max_backlog: usize,
    /// Bytes that are held for all clients together, shared messages counted once; 64 MiB, which a
    /// machine of 256 MB has. It bounds what slow receivers have not taken, what has come of messages
    /// and requests that are not whole, and what layers keep: for clients that poll, and for those
    /// that may come back. Beyond, layers forget what is missed first; then those are closed for
    /// whom most is held. Lower it on a smaller machine.
    pub max_memory: usize,
    /// From the first byte of a head to its end; 10 s, then 408. Also how long a new connection
    /// may stay silent.
    pub head_timeout: Duration,
    /// For the body of a request; 30 s, then 408. Raise it for large bodies on slow links.
    pub body_timeout: Duration,
    /// From the first byte of a message of a WebSocket to its last; 45 s, then it is closed with
    /// 1008. Also for half a frame, and for fragments with pings between them. Raise it for large
    /// messages on slow links: a megabyte in that time is 180 kbit/s.
    pub message_timeout: Duration,
    /// How long an application may take to answer a request; 60 s, then 503. Long polling needs
    /// more than one of its polls takes.
    pub answer_timeout: Duration,
    /// How long a connection is kept for a next request; 60 s, a browser's habit.
    pub keep_alive: Duration,
    /// How long a peer may take nothing of what waits for it; 30 s, then it is cut: the download
    /// that nobody reads, and the WebSocket whose peer sends and does not read.
    pub write_timeout: Duration,
    /// Silence on a WebSocket after which it is pinged; 25 s, below the 30 s after which some
    /// proxies forget a connection.
    pub ping_interval: Duration,
    /// How long a ping may stay unanswered; 20 s, then the connection is closed.
    pub ping_timeout: Duration,
    /// How long the peer may take for its part of a close, and all of them when the server stops; 5 s.
    pub close_timeout: Duration,
    /// Over how long connections are closed when the server stops; none: all at once. With some
    /// seconds clients come back one after the other, to another server or to the next one at this
    /// address, and each is served until its turn. Make it as long as that server needs to let all
    /// of them in, and the supervisor's patience longer.
    pub drain: Duration,
    /// Origins whose pages may open a WebSocket, or poll, besides those of the same host, each in
    /// full as in `https://example.com`, or `*` for all; none. Clients that send no Origin are no
    /// browsers and are let in. The first time that an origin is refused the log says so.
    pub origins: Vec<String>,
    /// How messages are compressed where a client offers it (RFC 7692), by
    /// `Compression::deflate` with the Cargo feature `deflate`; not at all. Turn it on for large
    /// text on slow links. `max_message` then holds for a message as it comes and inflated.
    pub compression: Option<Compression>,
    /// Proxies that are believed when they say whose request they pass on, in X-Forwarded-For;
    /// none. Their connections count for that client, in the two limits for an address and in the
    /// log: each while a request is answered, a WebSocket until it ends. For `connect_rate` the
    /// first request on a connection opens it, and a WebSocket is opened; further requests on one
    /// that the proxy has kept open nothing. A client beyond the limits gets 503 with Retry-After,
    /// and that connection is closed.
    ///
    /// The client is the last address in that field which is no trusted proxy, so what clients put
    /// there themselves has no effect; nor has the field from any other peer. `Forwarded` (RFC 7239)
    /// is not read. A proxy itself, and a client that it does not name by an address, is not limited
    /// but by `max_connections`: list no network that clients are in.
    pub trusted_proxies: Vec<Network>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_connections: 100_000,
            max_connections_per_address: 10_000,
            connect_rate: 1000,
            max_head: 8192,
            max_headers: 64,
            max_body: 1_000_000,
            max_message: 1_000_000,
            max_frame: 1_000_000,
            max_fragments: 1024,
            request_rate: 10_000,
            message_rate: 10_000,
            max_backlog: 1 << 20,
            max_memory: 64 << 20,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            message_timeout: Duration::from_secs(45),
            answer_timeout: Duration::from_secs(60),
            keep_alive: Duration::from_secs(60),
            write_timeout: Duration::from_secs(30),
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            close_timeout: Duration::from_secs(5),
            drain: Duration::ZERO,
            origins: Vec::new(),
            compression: None,
            trusted_proxies: Vec::new(),
        }
    }
}
