//! A relay on fastwebsockets: every message to all clients but its sender.
//!
//! It has no write buffer and no upgrade of its own: those of tokio and hyper are beside it, as in
//! its examples. A client is two tasks, of which one writes all messages that wait and flushes once.

use std::io;

use fastwebsockets::upgrade::{UpgradeFut, upgrade};
use fastwebsockets::{
    FragmentCollectorRead, Frame, OpCode, Payload, WebSocketError, WebSocketWrite,
};
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use roomcast_bench_peers::{Room, accept, listen, room, run};
use tokio::io::{AsyncWrite, BufWriter};
use tokio::sync::broadcast;

fn main() -> io::Result<()> {
    run(async {
        let (listener, room) = (listen().await?, room());
        for id in 0.. {
            let socket = TokioIo::new(accept(&listener).await?);
            let room = room.clone();
            let service = service_fn(move |request| enter(id, request, room.clone()));
            tokio::task::spawn_local(async move {
                let connection = http1::Builder::new().serve_connection(socket, service);
                if let Err(error) = connection.with_upgrades().await {
                    eprintln!("{error}");
                }
            });
        }
        Ok(())
    })
}

async fn enter(
    id: u64,
    mut request: Request<Incoming>,
    room: Room<Bytes>,
) -> Result<Response<Empty<Bytes>>, WebSocketError> {
    let (response, socket) = upgrade(&mut request)?;
    tokio::task::spawn_local(async move {
        // An error is that the client is gone, in whatever way.
        let _ = client(id, socket, room).await;
    });
    Ok(response)
}

async fn client(id: u64, socket: UpgradeFut, room: Room<Bytes>) -> Result<(), WebSocketError> {
    let others = room.subscribe();
    let (reads, writes) = socket.await?.split(|stream| {
        let (reads, writes) = tokio::io::split(stream);
        (reads, BufWriter::with_capacity(BUFFER, writes))
    });
    let writer = tokio::task::spawn_local(write(id, writes, others));
    let mut reads = FragmentCollectorRead::new(reads);
    loop {
        let answer = |_: Frame<'_>| async { Ok::<_, WebSocketError>(()) };
        match reads.read_frame(&mut { answer }).await {
            Ok(frame) if frame.opcode == OpCode::Text => {
                let text = Bytes::copy_from_slice(&frame.payload);
                _ = room.send((id, text));
            }
            Ok(frame) if frame.opcode != OpCode::Close => {}
            _ => break,
        }
    }
    writer.abort();
    Ok(())
}

async fn write<W: AsyncWrite + Unpin>(
    id: u64,
    mut writes: WebSocketWrite<W>,
    mut others: broadcast::Receiver<(u64, Bytes)>,
) -> Result<(), WebSocketError> {
    while let Ok(first) = others.recv().await {
        let mut next = Some(first);
        while let Some((sender, text)) = next {
            if sender != id {
                writes
                    .write_frame(Frame::text(Payload::Borrowed(&text)))
                    .await?;
            }
            next = others.try_recv().ok();
        }
        writes.flush().await?;
    }
    Ok(())
}

/// Enough for all small messages of a turn.
const BUFFER: usize = 8 * 1024;
