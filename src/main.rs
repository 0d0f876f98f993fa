//! The `roomcast` command: the chat, at an address, until a signal ends it.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod chat;
mod history;
mod limits;
mod logger;
mod names;
mod options;
mod page;
mod people;
mod places;

use std::io::{self, ErrorKind, Write};
use std::net::TcpListener;
use std::process::ExitCode;
use std::thread;

use log::LevelFilter;
use roomcast::{Config, Handle, Server, socketio::SocketIo};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use socket2::SockRef;

use chat::Chat;
use options::{LOCALHOST, Options};
use page::Site;

fn main() -> ExitCode {
    let options = match Options::of_this_process() {
        Ok(options) => options,
        Err(why) => return complain(&why, 2),
    };
    if options.help {
        return say(&options::help());
    }
    if options.version {
        return say(&format!("roomcast {}\n", env!("CARGO_PKG_VERSION")));
    }
    logger::start(level(&options));
    match serve(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => complain(&why, 1),
    }
}

/// Serves until the end; the error is one line for the user.
fn serve(options: &Options) -> Result<(), String> {
    let site = match &options.dir {
        None => Site::Page,
        Some(dir) => Site::folder(dir).map_err(|error| format!("--dir: {error}"))?,
    };
    let server = listen(options).map_err(|error| no_address(options, &error))?;
    stop_on_signals(server.handle())
        .map_err(|error| format!("signals cannot be caught: {error}"))?;
    if !options.quiet {
        banner(options, &server);
    }
    let mut io = SocketIo::with(options.socketio.clone());
    let mut chat = Chat::new(site, options.echo, options.history, options.limits);
    server
        .run(|hub, event| io.drive(hub, event, |io, event| chat.handle(io, event)))
        .map_err(|error| format!("the loop failed: {error}"))
}

fn listen(options: &Options) -> io::Result<Server> {
    let max = options.socketio.max_http_buffer_size;
    let config = Config {
        max_body: max,
        max_message: max,
        max_frame: max,
        max_backlog: Config::default().max_backlog.max(2 * max),
        ..options.config.clone()
    };
    let mut server = Server::new(bounded(config))?;
    if options.host != LOCALHOST {
        let host = options.host.trim_start_matches('[').trim_end_matches(']');
        server.adopt(bind((host, options.port), options)?)?;
        return Ok(server);
    }
    let first = bind(("127.0.0.1", options.port), options)?;
    let port = server.adopt(first)?.port();
    match bind(("::1", port), options).and_then(|second| server.adopt(second)) {
        // A machine without IPv6.
        Err(error)
            if !matches!(
                error.kind(),
                ErrorKind::AddrInUse | ErrorKind::PermissionDenied
            ) =>
        {
            log::debug!("not on ::1: {error}");
            Ok(server)
        }
        // A browser may try either address: both must be ours. Any free port means another one then.
        Err(_) if options.port == 0 => listen(options),
        Err(error) => Err(error),
        Ok(_) => Ok(server),
    }
}

/// A listener, whose connections inherit what is set here.
fn bind(address: (&str, u16), options: &Options) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    if let Some(bytes) = options.sndbuf {
        SockRef::from(&listener).set_send_buffer_size(bytes)?;
    }
    Ok(listener)
}

/// Takes all the open files that there may be, and no more clients than these are for.
fn bounded(config: Config) -> Config {
    let files = match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(files) => files as usize,
        Err(error) => {
            log::warn!("the limit of open files is unknown: {error}");
            return config;
        }
    };
    // Files that are served, the poll, the listeners and the streams of this process take some.
    let clients = (files - files / 8).saturating_sub(16).max(1);
    let max_connections = clients.min(config.max_connections);
    log::info!("room for {max_connections} clients; {files} files may be open");
    Config {
        max_connections,
        ..config
    }
}

fn no_address(options: &Options, error: &io::Error) -> String {
    let Options { host, port, .. } = options;
    match error.kind() {
        ErrorKind::AddrInUse => {
            format!("port {port} of {host} is taken; choose another with --port or $PORT")
        }
        ErrorKind::PermissionDenied => {
            format!("port {port} of {host} is not allowed; choose another with --port or $PORT")
        }
        _ => format!("cannot listen on {host}, port {port}: {error}; see --host and --port"),
    }
}

/// Says where the page is, once it is there. A script can wait for this line.
fn banner(options: &Options, server: &Server) {
    let Some(address) = server.local_addrs().next() else {
        return;
    };
    let host = match &*options.host {
        "0.0.0.0" | "::" | "[::]" => LOCALHOST,
        host => host,
    };
    let host = if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    say(&format!(
        "roomcast {}: open http://{host}:{}\n",
        env!("CARGO_PKG_VERSION"),
        address.port()
    ));
}

/// The first signal stops the server in order, the second ends the process at once.
fn stop_on_signals(handle: Handle) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    thread::spawn(move || {
        let mut signals = signals.forever();
        signals.next();
        handle.stop();
        if let Some(signal) = signals.next() {
            std::process::exit(128 + signal);
        }
    });
    Ok(())
}

fn level(options: &Options) -> LevelFilter {
    match options {
        Options { verbose: true, .. } => LevelFilter::Info,
        Options { quiet: true, .. } => LevelFilter::Error,
        _ => LevelFilter::Warn,
    }
}

/// Prints and flushes; a closed pipe is nobody's error.
fn say(text: &str) -> ExitCode {
    let mut out = io::stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    ExitCode::SUCCESS
}

fn complain(why: &str, code: u8) -> ExitCode {
    let _ = writeln!(io::stderr(), "roomcast: {why}");
    ExitCode::from(code)
}
