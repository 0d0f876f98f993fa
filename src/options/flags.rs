//! The table of flags, one entry each: what it is called, what it says, what it does.

use std::ffi::{OsStr, OsString};
use std::time::Duration;

use super::{Options, is_origin};

/// One flag of the command line.
pub(super) struct Flag {
    pub(super) short: Option<char>,
    pub(super) long: &'static str,
    pub(super) help: &'static str,
    /// A variable that sets it too; the flag wins.
    pub(super) env: Option<&'static str>,
    pub(super) action: Action,
}

/// What a flag does.
pub(super) enum Action {
    /// It stands alone.
    Set(fn(&mut Options)),
    /// It takes a value, called so in the help; the error says what it must be.
    Value(
        &'static str,
        fn(&mut Options, OsString) -> Result<(), &'static str>,
    ),
}

pub(super) const FLAGS: [Flag; 30] = [
    Flag {
        short: Some('p'),
        long: "port",
        help: "listen on this port; 0 means any free one [3000]",
        env: Some("PORT"),
        action: Action::Value("PORT", |options, value| {
            let port = value.to_str().and_then(|text| text.parse().ok());
            options.port = port.ok_or("a number from 0 to 65535")?;
            Ok(())
        }),
    },
    Flag {
        short: None,
        long: "host",
        help: "listen on this address; 0.0.0.0 or :: means all [localhost]",
        env: Some("HOST"),
        action: Action::Value("HOST", |options, value| {
            let host = value.into_string().ok().filter(|host| !host.is_empty());
            options.host = host.ok_or("a name or an address")?;
            Ok(())
        }),
    },
    Flag {
        short: None,
        long: "dir",
        help: "serve this folder instead of the chat page; browsers keep nothing of it",
        env: None,
        action: Action::Value("PATH", |options, value| {
            options.dir = Some(value.into());
            Ok(())
        }),
    },
    Flag {
        short: None,
        long: "origin",
        help: "let pages of this origin connect: https://example.com, or *; repeatable",
        env: None,
        action: Action::Value("ORIGIN", |options, value| {
            let origin = value
                .into_string()
                .ok()
                .filter(|origin| origin == "*" || is_origin(origin));
            options
                .config
                .origins
                .push(origin.ok_or("an origin as https://example.com, or *")?);
            Ok(())
        }),
    },
    Flag {
        short: None,
        long: "echo",
        help: "send messages to their senders, too",
        env: None,
        action: Action::Set(|options| options.echo = true),
    },
    Flag {
        short: None,
        long: "history",
        help: "keep so many messages for who comes later [50]",
        env: None,
        action: Action::Value("COUNT", |options, value| {
            options.history = number(&value, 0, 10_000).ok_or("a number from 0 to 10000")? as usize;
            Ok(())
        }),
    },
    Flag {
        short: None,
        long: "max-text",
        help: "the longest message of the chat [65536]",
        env: None,
        action: Action::Value("BYTES", |options, value| {
            let bytes = number(&value, 1, 1 << 30).ok_or("a number from 1 to 1073741824")?;
            options.limits.max_text = bytes as usize;
            Ok(())
        }),
    },
    Flag {
        short: None,
        long: "chat-rate",
        help: "what one client may say and do in the chat in a second [100]",
        env: None,
        action: Action::Value("COUNT", |options, value| {
            options.limits.rate =
                number(&value, 1, 1_000_000).ok_or("a number from 1 to 1000000")? as u32;
            Ok(())
        }),
    },
    Flag {
        short: None,
        long: "no-recovery",
        help: "forget who loses its connection at once",
        env: None,
        action: Action::Set(|options| options.socketio.max_disconnection_duration = None),
    },
    Flag {
        short: None,
        long: "max-disconnection-duration",
        help: "how long a lost client may come back as who it was [120000]",
        env: None,
        action: Action::Value("MS", |options, value| {
            options.socketio.max_disconnection_duration = Some(milliseconds(&value)?);
            Ok(())
        }),
    },
    Flag {
        short: None,
        long: "ping-interval",
        help: "how often a client of Socket.IO is pinged [25000]",
        env: None,
        action: Action::Value("MS", |options, value| {
            options.socketio.ping_interval = milliseconds(&value)?;
            Ok(())
        }),
    },
    Flag {
        short: None,
        long: "ping-timeout",
        help: "how long its answer may take [20000]",
        env: None,
        action: Action::Value("MS", |options, value| {
            options.socketio.ping_timeout = milliseconds(&value)?;
            Ok(())
        }),
    },
    Flag {
        short: None,
        long: "connect-timeout",
        help: "how long it may be in no namespace [45000]",
        env: None,
        action: Action::Value("MS", |options, value| {
            options.socketio.connect_timeout = milliseconds(&value)?;
            Ok(())
        }),
    },
    Flag {
        short: None,
        long: "upgrade-timeout",
        help: "how long it may take to change to a WebSocket [10000]",
        env: None,
        action: Action::Value("MS", |options, value| {
            options.socketio.upgrade_timeout = milliseconds(&value)?;
            Ok(())
        }),
    },
    Flag {
        short: None,
        long: "max-http-buffer-size",
        help: "the longest message and the longest body [1000000]",
        env: None,
        action: Action::Value("BYTES", |options, value| {
            let bytes = number(&value, 1_000, 1 << 30).ok_or("a number from 1000 to 1073741824")?;
            options.socketio.max_http_buffer_size = bytes as usize;
            Ok(())
        }),
    },
    Flag {
        short: None,
        long: "max-backlog",
        help: "what may wait for one client that is slow [1048576]",
        env: None,
        action: Action::Value("BYTES", |options, value| {
            options.config.max_backlog = bytes(&value)?;
            Ok(())
        }),
    },
    Flag {
        short: None,
        long: "max-memory",
        help: "what is held for all clients together [67108864]",
        env: None,
        action: Action::Value("BYTES", |options, value| {
            options.config.max_memory = bytes(&value)?;
            Ok(())
        }),
    },
    Flag {
        short: None,
        long: "sndbuf",
        help: "what the kernel may hold for one that is slow [as the system is set]",
        env: None,
        action: Action::Value("BYTES", |options, value| {
            let bytes = number(&value, 4096, 1 << 30).ok_or("a number from 4096 to 1073741824")?;
            options.sndbuf = Some(bytes as usize);
            Ok(())
        }),
    },
    Flag {
        short: None,
        long: "max-connections",
        help: "connections at a time; fewer if the system allows fewer open files [100000]",
        env: None,
        action: Action::Value("COUNT", |options, value| {
            options.config.max_connections = count(&value)? as usize;
            Ok(())
        }),
    },
    Flag {
        short: None,
        long: "max-connections-per-address",
        help: "those of one address; behind a proxy see --trust-proxy [10000]",
        env: None,
        action: Action::Value("COUNT", |options, value| {
            options.config.max_connections_per_address = count(&value)? as usize;
            Ok(())
        }),
    },
    Flag {
        short: None,
        long: "connect-rate",
        help: "how many one address may open in a second [1000]",
        env: None,
        action: Action::Value("COUNT", |options, value| {
            options.config.connect_rate = count(&value)?;
            Ok(())
        }),
    },
    Flag {
        short: None,
        long: "trust-proxy",
        help: "count the clients of this proxy, as 10.0.0.1 or 10.0.0.0/8; repeatable",
        env: None,
        action: Action::Value("ADDRESS", |options, value| {
            let network = value.to_str().and_then(|text| text.parse().ok());
            options
                .config
                .trusted_proxies
                .push(network.ok_or("an address, or a network as 10.0.0.0/8")?);
            Ok(())
        }),
    },
    Flag {
        short: None,
        long: "message-rate",
        help: "messages in a second that a client may send before it is read slowly [10000]",
        env: None,
        action: Action::Value("COUNT", |options, value| {
            options.config.message_rate = count(&value)?;
            Ok(())
        }),
    },
    Flag {
        short: None,
        long: "request-rate",
        help: "and requests, on one connection [10000]",
        env: None,
        action: Action::Value("COUNT", |options, value| {
            options.config.request_rate = count(&value)?;
            Ok(())
        }),
    },
    Flag {
        short: None,
        long: "drain",
        help: "close the connections over so long when it is told to stop [0]",
        env: None,
        action: Action::Value("SECONDS", |options, value| {
            let seconds =
                number(&value, 0, 86_400).ok_or("a number of seconds, of a day at most")?;
            options.config.drain = Duration::from_secs(seconds);
            Ok(())
        }),
    },
    Flag {
        short: None,
        long: "transports",
        help: "polling, websocket, or both with a comma between [both]",
        env: None,
        action: Action::Value("LIST", |options, value| {
            let list = value.to_str().unwrap_or_default();
            let known = |name: &str| ["polling", "websocket"].contains(&name);
            if !list.split(',').all(known) {
                return Err("polling, websocket, or polling,websocket");
            }
            options.socketio.polling = list.contains("polling");
            options.socketio.websocket = list.contains("websocket");
            Ok(())
        }),
    },
    Flag {
        short: Some('v'),
        long: "verbose",
        help: "log connects, disconnects and what happens in the rooms",
        env: None,
        action: Action::Set(|options| options.verbose = true),
    },
    Flag {
        short: Some('q'),
        long: "quiet",
        help: "say nothing but errors",
        env: None,
        action: Action::Set(|options| options.quiet = true),
    },
    Flag {
        short: Some('h'),
        long: "help",
        help: "print this help",
        env: None,
        action: Action::Set(|options| options.help = true),
    },
    Flag {
        short: Some('V'),
        long: "version",
        help: "print the version",
        env: None,
        action: Action::Set(|options| options.version = true),
    },
];

fn milliseconds(value: &OsStr) -> Result<u64, &'static str> {
    number(value, 1, MAX_WAIT).ok_or("a number of milliseconds, of 30 days at most")
}

fn bytes(value: &OsStr) -> Result<usize, &'static str> {
    let bytes = number(value, 1_000, 1 << 40).ok_or("a number from 1000 to 1099511627776")?;
    usize::try_from(bytes).map_err(|_| "a number that this machine can address")
}

fn count(value: &OsStr) -> Result<u32, &'static str> {
    let count = number(value, 1, 1_000_000_000).ok_or("a number from 1 to 1000000000")?;
    Ok(count as u32)
}

fn number(value: &OsStr, least: u64, most: u64) -> Option<u64> {
    let number = value.to_str()?.parse().ok()?;
    (least..=most).contains(&number).then_some(number)
}

/// Milliseconds in 30 days, the longest wait of a server.
const MAX_WAIT: u64 = 30 * 86_400_000;
