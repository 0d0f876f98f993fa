//! A relay on socketioxide: every event "m" to all others in the room.
//!
//! On hyper alone, WebSockets only, with room for all packets that are under way, and a buffer for
//! reading that is as small as its manual advises for many connections.

use std::io;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use roomcast_bench_peers::{accept, listen, run};
use socketioxide::extract::{Data, SocketRef};
use socketioxide::{SocketIo, TransportType};

fn main() -> io::Result<()> {
    run(async {
        let (service, io) = SocketIo::builder()
            .transports([TransportType::Websocket])
            .max_buffer_size(4096)
            .ws_read_buffer_size(4096)
            // No ping comes in the middle of a round.
            .ping_interval(Duration::from_secs(3600))
            .build_svc();
        io.ns("/", async |socket: SocketRef| {
            socket.join("lobby");
            socket.on("m", async |socket: SocketRef, Data::<String>(text)| {
                let sent = socket.to("lobby").emit("m", &text).await;
                if let Err(error) = sent {
                    eprintln!("{error}");
                }
            });
        });
        let listener = listen().await?;
        loop {
            let socket = TokioIo::new(accept(&listener).await?);
            let connection = http1::Builder::new().serve_connection(socket, service.clone());
            tokio::spawn(async move {
                if let Err(error) = connection.with_upgrades().await {
                    eprintln!("{error}");
                }
            });
        }
    })
}
