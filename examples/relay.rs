//! Every message goes to everybody else, and nothing back to its sender.
//!
//! `cargo run --example relay`, then two clients: `websocat ws://127.0.0.1:3000`

use roomcast::{Event, Server};

fn main() -> std::io::Result<()> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or("127.0.0.1:3000".to_owned());
    Server::bind(address)?.run(|hub, event| match event {
        Event::Text { id, text } => {
            hub.everyone().except(id).send(text);
        }
        Event::Binary { id, bytes } => {
            hub.everyone().except(id).send(bytes);
        }
        _ => {}
    })
}
