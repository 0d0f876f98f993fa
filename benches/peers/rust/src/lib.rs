//! What the relays have in common: one thread, a listener, and the room as a channel.

use std::io;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;

/// One thread, as the other servers have and as there is one processor for it: no work is stolen
/// and nobody is woken on another one.
///
/// # Errors
/// What the system says.
pub fn run(serve: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build()?;
    let tasks = tokio::task::LocalSet::new();
    tasks.block_on(&runtime, serve)
}

/// Listens on any port, and says which in the first line.
///
/// # Errors
/// What the system says.
pub async fn listen() -> io::Result<TcpListener> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    Ok(listener)
}

/// The next client. Its messages are small and wanted at once.
///
/// # Errors
/// What the system says.
pub async fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    let (socket, _) = listener.accept().await?;
    socket.set_nodelay(true)?;
    Ok(socket)
}

/// A room: what is sent goes to all that listen, with the number of its sender.
pub type Room<T> = broadcast::Sender<(u64, T)>;

/// A room that keeps more messages than are ever under way.
#[must_use]
pub fn room<T: Clone>() -> Room<T> {
    broadcast::channel(4096).0
}
