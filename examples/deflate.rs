//! Every message goes back to its sender, compressed if it is long.
//!
//! `cargo run --features deflate --example deflate`, then open a WebSocket to ws://127.0.0.1:3000

use roomcast::{Compression, Config, Event, Server};

fn main() -> std::io::Result<()> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or("127.0.0.1:3000".to_owned());
    let mut server = Server::new(Config {
        compression: Some(Compression::deflate()),
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
