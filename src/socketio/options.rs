//! What can be set, by the names and the defaults of the reference server.

/// Options of a [`SocketIo`](super::SocketIo); all times in milliseconds, and one of more than 30
/// days is one of 30 days. What waits for polls is bounded as what waits for sockets, by
/// `max_backlog` and `max_memory` of [`Config`](crate::Config); packets that are not whole count as
/// well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Where it is served, with slashes at both ends; `/socket.io/`.
    pub path: String,
    /// How often a client is pinged; 25,000.
    pub ping_interval: u64,
    /// How long a ping may stay unanswered; 20,000, then the session ends with `ping timeout`.
    pub ping_timeout: u64,
    /// How long a session may be in no namespace; 45,000.
    pub connect_timeout: u64,
    /// How long the change from polling to a WebSocket may take; 10,000.
    pub upgrade_timeout: u64,
    /// Bytes in one message or one body; 1,000,000. The limits of [`Config`](crate::Config) hold
    /// as well: this is what clients are told.
    pub max_http_buffer_size: usize,
    /// Packets in one body of a client that polls; 10,000. More ends its session with `parse
    /// error`. All of a body is done at once, so that this bounds how long the others wait for it:
    /// some ten milliseconds. The packets count for `Config::message_rate`.
    pub max_packets: usize,
    /// For how long a client that lost its connection may come back and get what it missed; none:
    /// recovery is off, as it adds an argument to every event, which listeners of clients see. The
    /// reference takes 120,000 when it is on.
    pub max_disconnection_duration: Option<u64>,
    /// Bytes of events that are kept for such clients, all together; 8 MiB.
    pub recovery_budget: usize,
    /// Whether a client that is recovered enters without [`Event::Authorize`](super::Event); true.
    pub skip_middlewares: bool,
    /// Where WebSockets without the protocol are let in: their messages are JSON arrays, `["event",
    /// argument, …]`, both ways, and they are sockets of the root namespace. None.
    pub plain_path: Option<String>,
    /// Whether clients may use long-polling; true.
    pub polling: bool,
    /// Whether clients may use a WebSocket; true.
    pub websocket: bool,
}

impl Options {
    /// The same with times that can be added to a clock.
    pub(super) fn bounded(mut self) -> Self {
        let times = [
            &mut self.ping_interval,
            &mut self.ping_timeout,
            &mut self.connect_timeout,
            &mut self.upgrade_timeout,
        ];
        let times = times
            .into_iter()
            .chain(&mut self.max_disconnection_duration);
        times.for_each(|time| *time = (*time).min(MAX_TIME));
        self
    }
}

/// As for the deadlines of [`Config`](crate::Config).
const MAX_TIME: u64 = 30 * 86_400_000;

impl Default for Options {
    fn default() -> Self {
        Self {
            path: "/socket.io/".to_owned(),
            ping_interval: 25_000,
            ping_timeout: 20_000,
            connect_timeout: 45_000,
            upgrade_timeout: 10_000,
            max_http_buffer_size: 1_000_000,
            max_packets: 10_000,
            max_disconnection_duration: None,
            recovery_budget: 8 << 20,
            skip_middlewares: true,
            plain_path: None,
            polling: true,
            websocket: true,
        }
    }
}
