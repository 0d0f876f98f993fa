//! Every message goes back to its sender, however long: up to 16 MiB.
//!
//! `cargo run --example echo`, then `websocat ws://127.0.0.1:3000`

use roomcast::{Config, Event, Server};

fn main() -> std::io::Result<()> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or("127.0.0.1:3000".to_owned());
    let mut server = Server::new(Config {
        max_message: 16 << 20,
        max_frame: 16 << 20,
        max_fragments: 65_536,
        max_backlog: 32 << 20, // what goes back waits until the client takes it
        ..Config::default()
    })?;
    server.listen(address)?;
    server.run(|hub, event| match event {
        Event::Text { id, text } => {
            hub.send(id, text);
        }
        Event::Binary { id, bytes } => {
            hub.send(id, bytes);
        }
        _ => {}
    })
}
