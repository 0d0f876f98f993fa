//! What happens in the rooms: a client joins the room it names, and leaves it when it names it again.
//!
//! `cargo run --example rooms`, then `websocat ws://127.0.0.1:3000`

use roomcast::{Event, Server};

fn main() -> std::io::Result<()> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or("127.0.0.1:3000".to_owned());
    Server::bind(address)?.run(|hub, event| match event {
        Event::Text { id, text } => {
            let _ = hub.join(id, text) || hub.leave(id, text);
        }
        // create-room, delete-room, join-room, leave-room: each change, in order.
        Event::Room(change) => println!("{change}"),
        _ => {}
    })
}
