//! Clients of Socket.IO with a password are in one room; who says something hears how many got it.
//!
//! `cargo run --example socketio`, then `io("http://127.0.0.1:3000", { auth: { token: "secret" } })`

use roomcast::Server;
use roomcast::socketio::{Event, SocketIo};
use serde_json::Value;

fn main() -> std::io::Result<()> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or("127.0.0.1:3000".to_owned());
    let mut io = SocketIo::new();
    Server::bind(address)?.run(|hub, event| {
        io.drive(hub, event, |io, event| match event {
            Event::Authorize { socket, auth, .. } => {
                let auth: Value = serde_json::from_str(auth).unwrap_or_default();
                if auth["token"] != "secret" {
                    io.refuse(socket, "wrong token", "");
                }
            }
            Event::Connect { socket, .. } => _ = io.join(socket, "lobby"),
            Event::Message {
                socket,
                name: "say",
                args,
                ack: Some(ack),
            } => {
                let count = io.to("lobby").except(socket).emit("said", args);
                io.answer(ack, (count,));
            }
            _ => {}
        });
    })
}
