//! The way in from other threads: what is to be done is handed over, and the loop is woken.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mio::Waker;

use crate::hub::Hub;
use crate::id::Id;
use crate::ws::Message;

/// Reaches a running server from any thread; cheap to clone.
///
/// What is handed over is done in order, on the thread of the loop, before it reads again. After
/// the server has ended it is dropped.
///
/// ```no_run
/// let mut server = roomcast::Server::bind("127.0.0.1:3000")?;
/// let handle = server.handle();
/// std::thread::spawn(move || handle.to("clock").send("tick"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

pub(crate) type Command = Box<dyn FnOnce(&mut Hub) + Send>;

struct Shared {
    /// None after the server has ended.
    commands: Mutex<Option<Vec<Command>>>,
    waker: Waker,
}

impl Handle {
    pub(crate) fn new(waker: Waker) -> Self {
        let commands = Mutex::new(Some(Vec::new()));
        Self {
            shared: Arc::new(Shared { commands, waker }),
        }
    }

    /// Does anything with the hub, on its own thread.
    pub fn run(&self, command: impl FnOnce(&mut Hub) + Send + 'static) {
        let mut shared = self.commands();
        let Some(commands) = &mut *shared else { return };
        commands.push(Box::new(command));
        // One wake a batch: whoever finds the list empty wakes the loop for all that follow.
        if commands.len() == 1 {
            drop(shared);
            self.wake()
                .unwrap_or_else(|error| log::error!("the loop cannot be woken: {error}"));
        }
    }

    /// Begins a message to the members of a room.
    pub fn to(&self, room: impl Into<String>) -> Publish<'_> {
        Publish {
            handle: self,
            to: vec![room.into()],
            except: Vec::new(),
        }
    }

    /// Begins a message to every socket.
    pub fn everyone(&self) -> Publish<'_> {
        Publish {
            handle: self,
            to: Vec::new(),
            except: Vec::new(),
        }
    }

    /// Sends a message to one socket.
    pub fn send<'m>(&self, id: Id, message: impl Into<Message<'m>>) {
        let message = Owned::from(message.into());
        self.run(move |hub| _ = hub.send(id, message.borrow()));
    }

    /// Stops the server; see [`Hub::stop`].
    pub fn stop(&self) {
        self.run(Hub::stop);
    }

    /// What is to be done now.
    pub(crate) fn take(&self) -> Vec<Command> {
        let mut shared = self.commands();
        shared.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// The server has ended: what was not done, and all that follows, is dropped.
    pub(crate) fn end(&self) {
        let undone = self.commands().take();
        drop(undone);
    }

    fn wake(&self) -> io::Result<()> {
        self.shared.waker.wake()
    }

    /// A list of closures has no state that a panicking thread could have left half done.
    fn commands(&self) -> MutexGuard<'_, Option<Vec<Command>>> {
        self.shared
            .commands
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A message from another thread on its way; see [`Broadcast`](crate::Broadcast).
#[must_use = "nothing is sent before `send`"]
pub struct Publish<'h> {
    handle: &'h Handle,
    to: Vec<String>,
    except: Vec<String>,
}

impl Publish<'_> {
    /// Adds a room to those that get it.
    pub fn to(mut self, room: impl Into<String>) -> Self {
        self.to.push(room.into());
        self
    }

    /// Leaves out all members of a room.
    pub fn except(mut self, room: impl Into<String>) -> Self {
        self.except.push(room.into());
        self
    }

    /// Hands the message over; it is sent when the loop wakes.
    pub fn send<'m>(self, message: impl Into<Message<'m>>) {
        let message = Owned::from(message.into());
        let Self { handle, to, except } = self;
        handle.run(move |hub| {
            let all = to
                .iter()
                .fold(hub.everyone(), |broadcast, room| broadcast.to(room));
            let some = except
                .iter()
                .fold(all, |broadcast, room| broadcast.except(room));
            some.send(message.borrow());
        });
    }
}

/// A message that can go to another thread.
enum Owned {
    Text(String),
    Binary(Vec<u8>),
}

impl Owned {
    fn borrow(&self) -> Message<'_> {
        match self {
            Self::Text(text) => Message::Text(text),
            Self::Binary(bytes) => Message::Binary(bytes),
        }
    }
}

impl From<Message<'_>> for Owned {
    fn from(message: Message<'_>) -> Self {
        match message {
            Message::Text(text) => Self::Text(text.to_owned()),
            Message::Binary(bytes) => Self::Binary(bytes.to_owned()),
        }
    }
}
