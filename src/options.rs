//! The command line: one table, from which both the parsing and the help text come.

mod flags;

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::Arg;
use roomcast::{Config, socketio};

use crate::limits::Limits;
use crate::page::DOOR;
use flags::{Action, FLAGS, Flag};

/// What the command was asked to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) dir: Option<PathBuf>,
    pub(crate) config: Config,
    pub(crate) sndbuf: Option<usize>,
    pub(crate) echo: bool,
    pub(crate) history: usize,
    pub(crate) limits: Limits,
    pub(crate) socketio: socketio::Options,
    pub(crate) verbose: bool,
    pub(crate) quiet: bool,
    pub(crate) help: bool,
    pub(crate) version: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            host: LOCALHOST.to_owned(),
            port: 3000,
            dir: None,
            config: Config::default(),
            sndbuf: None,
            echo: false,
            history: 50,
            limits: Limits {
                max_text: 65_536,
                rate: 100,
            },
            socketio: socketio::Options {
                plain_path: Some(DOOR.to_owned()),
                max_disconnection_duration: Some(120_000),
                ..socketio::Options::default()
            },
            verbose: false,
            quiet: false,
            help: false,
            version: false,
        }
    }
}

/// Both addresses of this machine for itself.
pub(crate) const LOCALHOST: &str = "localhost";

impl Options {
    /// Reads the environment, then the arguments; the error is one line for the user.
    pub(crate) fn read(
        args: impl IntoIterator<Item = OsString>,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, String> {
        let mut options = Self::default();
        for flag in &FLAGS {
            if let Some((name, value)) = flag.env.and_then(|name| Some((name, variable(name)?))) {
                flag.set(&mut options, name, value)?;
            }
        }
        let mut parser = lexopt::Parser::from_args(args);
        while let Some(arg) = parser.next().map_err(said)? {
            let Some(flag) = FLAGS.iter().find(|flag| flag.is(&arg)) else {
                return Err(said(arg.unexpected()));
            };
            match flag.action {
                Action::Set(set) => set(&mut options),
                Action::Value(..) => {
                    let value = parser.value().map_err(said)?;
                    flag.set(&mut options, &format!("--{}", flag.long), value)?;
                }
            }
        }
        Ok(options)
    }

    /// Reads what this process was called with.
    pub(crate) fn of_this_process() -> Result<Self, String> {
        Self::read(env::args_os().skip(1), |name| {
            env::var_os(name).filter(|value| !value.is_empty())
        })
    }
}

impl Flag {
    fn is(&self, arg: &Arg<'_>) -> bool {
        match *arg {
            Arg::Short(letter) => self.short == Some(letter),
            Arg::Long(name) => self.long == name,
            Arg::Value(_) => false,
        }
    }

    fn set(&self, options: &mut Options, name: &str, value: OsString) -> Result<(), String> {
        let Action::Value(_, set) = self.action else {
            return Ok(());
        };
        let shown = value.to_string_lossy().into_owned();
        set(options, value).map_err(|wanted| format!("{name} wants {wanted}, not '{shown}'"))
    }

    fn usage(&self) -> String {
        let short = self
            .short
            .map_or_else(|| "    ".to_owned(), |short| format!("-{short}, "));
        match self.action {
            Action::Set(_) => format!("{short}--{}", self.long),
            Action::Value(value, _) => format!("{short}--{} {value}", self.long),
        }
    }
}

/// The help text.
pub(crate) fn help() -> String {
    let mut text = String::from(
        "roomcast: a push server with rooms, and a chat page\n\nUsage: roomcast [options]\n\nOptions:\n",
    );
    let widths = FLAGS.iter().map(|flag| flag.usage().len());
    let width = widths.max().unwrap_or_default();
    for flag in &FLAGS {
        let env = flag
            .env
            .map_or_else(String::new, |name| format!(" (or ${name})"));
        text.push_str(&format!("  {:<width$}  {}{env}\n", flag.usage(), flag.help));
    }
    text
}

fn said(error: impl std::fmt::Display) -> String {
    format!("{error}; see roomcast --help")
}

/// A scheme and a host, with no path behind: as browsers write it (RFC 6454 §6.2).
fn is_origin(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, host)| {
        !scheme.is_empty() && !host.is_empty() && !host.contains(['/', '*'])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn read(args: &[&str], env: &[(&str, &str)]) -> Result<Options, String> {
        let variable = |name: &str| {
            env.iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.into())
        };
        Options::read(args.iter().map(OsString::from), variable)
    }

    #[track_caller]
    fn refused(args: &[&str], env: &[(&str, &str)], words: &str) {
        let error = read(args, env).unwrap_err();
        assert!(error.contains(words), "{error}");
        assert!(!error.contains('\n'), "one line: {error}");
    }

    #[test]
    fn a_flag_comes_before_the_environment_and_that_before_the_default() {
        assert_eq!(read(&[], &[]).unwrap(), Options::default());
        assert_eq!(read(&[], &[("PORT", "1"), ("HOST", "::")]).unwrap().port, 1);
        assert_eq!(read(&["-p2"], &[("PORT", "1")]).unwrap().port, 2);
        assert_eq!(
            read(&["--port=3", "--host", "a"], &[("HOST", "b")])
                .unwrap()
                .host,
            "a"
        );
        let origins = read(&["--origin", "https://a.example", "--origin", "*"], &[])
            .unwrap()
            .config
            .origins;
        assert_eq!(origins, ["https://a.example", "*"]);
        let options = read(&["-qv", "--dir", "x"], &[]).unwrap();
        assert!(options.quiet && options.verbose && options.dir == Some("x".into()));
    }

    #[test]
    fn limits_are_those_of_the_server() {
        let all = [
            "--max-connections=1",
            "--max-connections-per-address=2",
            "--connect-rate=3",
            "--message-rate=4",
            "--request-rate=5",
            "--drain=6",
            "--max-backlog=7000",
            "--max-memory=8000",
            "--trust-proxy=127.0.0.1",
            "--trust-proxy=fd00::/8",
        ];
        let expected = Config {
            max_connections: 1,
            max_connections_per_address: 2,
            connect_rate: 3,
            message_rate: 4,
            request_rate: 5,
            drain: Duration::from_secs(6),
            max_backlog: 7000,
            max_memory: 8000,
            trusted_proxies: vec!["127.0.0.1".parse().unwrap(), "fd00::/8".parse().unwrap()],
            ..Config::default()
        };
        assert_eq!(read(&all, &[]).unwrap().config, expected);
    }

    #[test]
    fn the_numbers_of_socket_io_have_their_official_names() {
        let defaults = read(&[], &[]).unwrap().socketio;
        assert_eq!(defaults.max_disconnection_duration, Some(120_000));
        let all = [
            "--ping-interval=1",
            "--ping-timeout=2",
            "--connect-timeout=3",
            "--upgrade-timeout=4",
            "--max-http-buffer-size=5000",
            "--max-disconnection-duration=6",
            "--transports=websocket",
        ];
        let expected = socketio::Options {
            ping_interval: 1,
            ping_timeout: 2,
            connect_timeout: 3,
            upgrade_timeout: 4,
            max_http_buffer_size: 5000,
            max_disconnection_duration: Some(6),
            polling: false,
            ..defaults
        };
        assert_eq!(read(&all, &[]).unwrap().socketio, expected);
        let off = read(&["--no-recovery", "--echo", "--history=7"], &[]).unwrap();
        assert_eq!(off.socketio.max_disconnection_duration, None);
        assert!(off.echo && off.history == 7);
        let chat = read(&["--max-text=3", "--chat-rate=4"], &[])
            .unwrap()
            .limits;
        let expected = Limits {
            max_text: 3,
            rate: 4,
        };
        assert_eq!(chat, expected);
    }

    #[test]
    fn what_is_wrong_is_told_in_one_line() {
        refused(&["--frob"], &[], "'--frob'");
        refused(&["-x"], &[], "'-x'");
        refused(&["file"], &[], "\"file\"");
        refused(&["--port"], &[], "--port");
        refused(
            &["--port", "70000"],
            &[],
            "--port wants a number from 0 to 65535, not '70000'",
        );
        refused(&[], &[("PORT", "abc")], "PORT wants a number");
        refused(
            &["--origin", "example.com"],
            &[],
            "--origin wants an origin as https://example.com",
        );
        refused(
            &["--origin", "http://localhost:*"],
            &[],
            "--origin wants an origin",
        );
        refused(
            &["--trust-proxy", "10.1.2.3/8"],
            &[],
            "--trust-proxy wants an address, or a network as 10.0.0.0/8, not '10.1.2.3/8'",
        );
        refused(&["--verbose=yes"], &[], "verbose");
        refused(&["--ping-interval", "0"], &[], "a number of milliseconds");
        refused(
            &["--transports", "carrier"],
            &[],
            "--transports wants polling",
        );
        refused(&["--max-http-buffer-size", "1k"], &[], "1000 to 1073741824");
        refused(&["--history", "-1"], &[], "--history wants a number");
    }

    #[test]
    fn the_help_names_every_flag() {
        let help = help();
        assert!(
            FLAGS
                .iter()
                .all(|flag| help.contains(&format!("--{}", flag.long)) && help.contains(flag.help))
        );
        assert!(help.lines().all(|line| line.len() <= 120));
    }
}
