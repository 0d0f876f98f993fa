//! The four events of rooms, which are those of the Socket.IO adapter.

use std::fmt;

use crate::id::{RoomName, Sid};

/// What changed in the rooms.
///
/// Written out it reads `create-room lobby`, `join-room lobby -_8BAgMEBQYHCAkKCwwN`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomEvent<I> {
    /// `create-room`: the room is there; its first member joins next.
    Create {
        /// The room's name.
        room: RoomName,
    },
    /// `delete-room`: the last member has left.
    Delete {
        /// The room's name.
        room: RoomName,
    },
    /// `join-room`: a member is in the room now.
    Join {
        /// The room's name.
        room: RoomName,
        /// Who joined.
        id: I,
        /// The public name of who joined.
        sid: Sid,
    },
    /// `leave-room`: a member is no longer in the room.
    Leave {
        /// The room's name.
        room: RoomName,
        /// Who left.
        id: I,
        /// The public name of who left.
        sid: Sid,
    },
}

impl<I> fmt::Display for RoomEvent<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { room } => write!(f, "create-room {room}"),
            Self::Delete { room } => write!(f, "delete-room {room}"),
            Self::Join { room, sid, .. } => write!(f, "join-room {room} {sid}"),
            Self::Leave { room, sid, .. } => write!(f, "leave-room {room} {sid}"),
        }
    }
}
