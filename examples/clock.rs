//! A thread of the program publishes to a room of the server.
//!
//! `cargo run --example clock`, then `websocat ws://127.0.0.1:3000`

use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use roomcast::{Event, Server};

fn main() -> std::io::Result<()> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or("127.0.0.1:3000".to_owned());
    let server = Server::bind(address)?;
    let handle = server.handle();
    thread::spawn(move || {
        loop {
            let now = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            handle.to("clock").send(&now.as_secs().to_string());
            thread::sleep(Duration::from_secs(1));
        }
    });
    server.run(|hub, event| {
        if let Event::Open { id } = event {
            hub.join(id, "clock");
        }
    })
}
