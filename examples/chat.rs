//! A lobby: whatever one client sends, all others get.
//!
//! `cargo run --example chat`, then two clients: `websocat ws://127.0.0.1:3000`

use roomcast::{Event, Server};

fn main() -> std::io::Result<()> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or("127.0.0.1:3000".to_owned());
    Server::bind(address)?.run(|hub, event| match event {
        Event::Open { id } => {
            hub.join(id, "lobby");
        }
        Event::Text { id, text } => {
            hub.to("lobby").except(id).send(text);
        }
        Event::Room(change) => println!("{change}"),
        _ => {}
    })
}
