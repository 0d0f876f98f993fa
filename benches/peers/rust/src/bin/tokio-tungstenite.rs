//! A relay on tokio-tungstenite: every message to all clients but its sender.
//!
//! A client is one task. It puts all messages that wait into the write buffer and flushes once, and
//! a message is shared by all receivers. The buffer for reading is as small as the manual advises
//! for many connections.

use std::io;

use futures_util::{SinkExt, StreamExt};
use roomcast_bench_peers::{Room, accept, listen, room, run};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, accept_async_with_config};

fn main() -> io::Result<()> {
    run(async {
        let (listener, room) = (listen().await?, room());
        for id in 0.. {
            let socket = accept(&listener).await?;
            let room = room.clone();
            tokio::task::spawn_local(async move {
                if let Err(error) = client(id, socket, room).await {
                    eprintln!("{error}");
                }
            });
        }
        Ok(())
    })
}

async fn client(id: u64, socket: TcpStream, room: Room<Utf8Bytes>) -> Result<(), Error> {
    let config = WebSocketConfig::default().read_buffer_size(4096);
    let mut socket = accept_async_with_config(socket, Some(config)).await?;
    let mut others = room.subscribe();
    loop {
        tokio::select! {
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => _ = room.send((id, text)),
                Some(Ok(_)) => {}
                // It is gone, in whatever way.
                Some(Err(_)) | None => return Ok(()),
            },
            first = others.recv() => {
                let mut next = first.ok();
                while let Some((sender, text)) = next {
                    put(&mut socket, id, sender, text).await?;
                    next = others.try_recv().ok();
                }
                socket.flush().await?;
            }
        }
    }
}

/// Puts a message of somebody else into the write buffer.
async fn put(
    socket: &mut WebSocketStream<TcpStream>,
    id: u64,
    sender: u64,
    text: Utf8Bytes,
) -> Result<(), Error> {
    match sender == id {
        true => Ok(()),
        false => socket.feed(Message::Text(text)).await,
    }
}
