//! What is counted, for who watches over a server.

/// Counters since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Connections that were accepted.
    pub accepted: u64,
    /// Connections that were closed at once since there were `Config::max_connections`.
    pub full: u64,
    /// Connections that were closed at once since their address had
    /// `Config::max_connections_per_address`; through a trusted proxy, requests refused for that.
    pub crowded: u64,
    /// Connections that were closed at once since their address went beyond `Config::connect_rate`;
    /// through a trusted proxy, requests refused for that.
    pub rushed: u64,
    /// Times that accepting paused, for up to a second, since the system had no file descriptor left.
    pub starved: u64,
    /// WebSockets that were opened.
    pub opened: u64,
    /// Messages that came in on WebSockets.
    pub received: u64,
    /// Messages queued for receivers: one broadcast to a hundred counts a hundred.
    pub delivered: u64,
    /// System calls that wrote to a connection.
    pub writes: u64,
    /// Messages that were compressed: a broadcast to a hundred counts once, or once for each size
    /// of window that its receivers have.
    pub compressed: u64,
    /// Requests that were refused before an application saw them whole.
    pub refused: u64,
    /// WebSockets closed because the peer broke the protocol.
    pub violations: u64,
    /// WebSockets closed because a ping was not answered, or a message not whole, in time.
    pub timed_out: u64,
    /// Connections over HTTP closed because no next request came in time.
    pub idled: u64,
    /// Connections over HTTP closed because the peer took nothing of an answer in time.
    pub untaken: u64,
    /// Bodies with more packets than a layer takes, as `socketio::Options::max_packets`.
    pub crammed: u64,
    /// Times that a connection was not read for a tenth of a second, since it sent faster than
    /// `Config::request_rate` or `Config::message_rate`.
    pub slowed: u64,
    /// Pings whose pong was left out, since the peer took nothing and has sent another ping.
    pub skipped_pongs: u64,
    /// Messages that slow receivers missed, as the [`Policy`](crate::Policy) of their room says: one
    /// for each.
    pub dropped: u64,
    /// Connections closed because the peer did not take what was sent.
    pub too_slow: u64,
    /// Connections closed because more was held for all clients than `Config::max_memory`.
    pub cut: u64,
}
