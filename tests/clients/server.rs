//! The application that the clients of Socket.IO are tested against: everything a client can ask
//! of a server, by name. `clients-server --port 0 [--ping-interval MS] [--ping-timeout MS]`

use std::collections::HashMap;
use std::io::Write;
use std::str::FromStr;

use roomcast::socketio::{Ack, Answer, Args, Event, Io, Options, Socket, SocketIo};
use roomcast::{Config, Response, Server};

/// Polls that were made of a room, by the number of their question.
#[derive(Default)]
struct App {
    asked: HashMap<u64, Socket>,
    polled: HashMap<u64, Ack>,
}

impl App {
    fn handle(&mut self, io: &mut Io<'_>, event: Event<'_>) {
        match event {
            Event::Authorize {
                socket,
                namespace: "/admin",
                auth,
            } if !auth.contains("\"token\":\"secret\"") => {
                io.refuse(socket, "not allowed", "{\"code\":7}");
            }
            Event::Core(roomcast::Event::Request { id, .. }) => {
                io.hub().respond(id, Response::text(404, "not here"));
            }
            Event::Message {
                socket,
                name,
                args,
                ack,
            } => self.take(io, socket, name, args, ack),
            Event::Disconnect {
                namespace,
                sid,
                reason,
                ..
            } => say(&format!("gone {namespace} {sid} {reason}")),
            Event::Answers {
                question, answers, ..
            } => self.settle(io, question, &answers),
            _ => {}
        }
    }

    fn take(
        &mut self,
        io: &mut Io<'_>,
        socket: Socket,
        name: &str,
        args: Args<'_>,
        ack: Option<Ack>,
    ) {
        match name {
            "join" => _ = io.join(socket, &first(args)),
            "leave" => _ = io.leave(socket, &first(args)),
            "room" => {
                _ = io
                    .around(socket)
                    .to(&first(args))
                    .except(socket)
                    .emit("room", rest(args))
            }
            "all" => _ = io.around(socket).emit("all", args),
            "kick" => _ = io.disconnect(socket, false),
            "kickall" => _ = io.disconnect(socket, true),
            "drop" => _ = io.drop_transport(socket),
            "ask" => self.ask(io, socket, args),
            "burst" => (0..count(args)).for_each(|n| _ = io.emit(socket, "tick", (n,))),
            "poll" => return self.poll(io, socket, args, ack),
            "echo" if ack.is_some() => {}
            "echo" => _ = io.emit(socket, "echo", args),
            _ => return,
        }
        if let Some(ack) = ack {
            io.answer(
                ack,
                if name == "echo" {
                    args
                } else {
                    Args::default()
                },
            );
        }
    }

    fn ask(&mut self, io: &mut Io<'_>, socket: Socket, args: Args<'_>) {
        let question = match args.json() {
            "" => io.to(socket).ask("question", ("life",), 5000),
            _ => io.to(socket).ask("question", args, 5000),
        };
        self.asked.insert(question, socket);
    }

    fn poll(&mut self, io: &mut Io<'_>, socket: Socket, args: Args<'_>, ack: Option<Ack>) {
        let question = io
            .around(socket)
            .to(&first(args))
            .ask("question", rest(args), 500);
        self.polled.extend(ack.map(|ack| (question, ack)));
    }

    fn settle(&mut self, io: &mut Io<'_>, question: u64, answers: &[Answer]) {
        if let Some(ack) = self.polled.remove(&question) {
            let firsts: Vec<serde_json::Value> = answers
                .iter()
                .filter_map(|answer| value(answer.args()))
                .collect();
            io.answer(ack, (firsts,));
        } else if let (Some(socket), Some(answer)) = (self.asked.remove(&question), answers.first())
        {
            io.emit(socket, "answered", answer.args());
        }
    }
}

/// The first argument, as a text.
fn first(args: Args<'_>) -> String {
    value(args)
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn value(args: Args<'_>) -> Option<serde_json::Value> {
    args.parse::<Vec<serde_json::Value>>()
        .ok()?
        .into_iter()
        .next()
}

/// The arguments behind the first one, as they came.
fn rest(args: Args<'_>) -> Args<'_> {
    args.skip(1)
}

fn count(args: Args<'_>) -> u64 {
    args.parse::<(u64,)>().map_or(0, |(count,)| count)
}

/// Prints a line at once; whoever reads them may be gone.
fn say(line: &str) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn option<T: FromStr>(name: &str) -> Option<T> {
    let mut args = std::env::args().skip_while(|arg| arg != name).skip(1);
    args.next()?.parse().ok()
}

fn main() -> std::io::Result<()> {
    let defaults = Options::default();
    let options = Options {
        ping_interval: option("--ping-interval").unwrap_or(defaults.ping_interval),
        max_disconnection_duration: std::env::args()
            .any(|arg| arg == "--recovery")
            .then_some(120_000),
        connect_timeout: option("--connect-timeout").unwrap_or(defaults.connect_timeout),
        upgrade_timeout: option("--upgrade-timeout").unwrap_or(defaults.upgrade_timeout),
        ping_timeout: option("--ping-timeout").unwrap_or(defaults.ping_timeout),
        ..defaults
    };
    let mut io = SocketIo::with(options)
        .namespace("/chat2")
        .namespace("/admin");
    let config = Config {
        origins: option("--origin").into_iter().collect(),
        ..Config::default()
    };
    let mut server = Server::new(config)?;
    let port = option("--port").unwrap_or(0);
    let address = server.listen(("127.0.0.1", port))?;
    say(&format!("listening on http://localhost:{}", address.port()));
    let mut app = App::default();
    server.run(|hub, event| io.drive(hub, event, |io, event| app.handle(io, event)))
}
