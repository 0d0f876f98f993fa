//! Who is measured: the floor, our own servers, and those of others.
//!
//! Each is a program that relays what a client sends to all others. It says the port it listens on
//! in its first line, and runs until it is ended.

mod floor;
pub(crate) mod own;
pub(crate) mod peers;
pub(crate) mod process;

use std::ffi::OsString;
use std::io;

use crate::clients::wire::Wire;
pub(crate) use floor::Writes;
use own::Own;

/// A server that can be started.
pub(crate) struct Program {
    pub(crate) name: String,
    pub(crate) wire: Wire,
    command: Vec<OsString>,
    /// If it fails, the bench has failed; a peer that fails is named and left out.
    pub(crate) is_own: bool,
}

impl Program {
    pub(crate) fn own(own: Own) -> io::Result<Self> {
        let (name, wire) = match own {
            Own::Floor(_) => ("floor", Wire::Floor),
            Own::Relay | Own::PatientRelay | Own::Flooded => ("relay", Wire::WebSocket),
            Own::SocketIo | Own::PatientSocketIo | Own::Recovery => ("Socket.IO", Wire::SocketIo),
        };
        let this = std::env::current_exe()?;
        Ok(Self {
            name: name.to_owned(),
            wire,
            command: vec![this.into(), "--serve".into(), own.word().into()],
            is_own: true,
        })
    }
}

/// Both kinds of floor.
pub(crate) struct Floors {
    per_message: Program,
    per_turn: Program,
}

impl Floors {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            per_message: Program::own(Own::Floor(Writes::PerMessage))?,
            per_turn: Program::own(Own::Floor(Writes::PerTurn))?,
        })
    }

    pub(crate) fn that_writes(&self, writes: Writes) -> &Program {
        match writes {
            Writes::PerMessage => &self.per_message,
            Writes::PerTurn => &self.per_turn,
        }
    }
}
