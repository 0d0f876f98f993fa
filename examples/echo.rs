//! Every message goes back to its sender.
//!
//! `cargo run --example echo`, then `websocat ws://127.0.0.1:3000`

use roomcast::{Event, Server};

fn main() -> std::io::Result<()> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or("127.0.0.1:3000".to_owned());
    Server::bind(address)?.run(|hub, event| match event {
        Event::Text { id, text } => {
            hub.send(id, text);
        }
        Event::Binary { id, bytes } => {
            hub.send(id, bytes);
        }
        _ => {}
    })
}
