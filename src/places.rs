//! Where clients are: the place of everyone, and rooms by their names. What an argument means there,
//! or in words why it means nothing.

use roomcast::socketio::{Broadcast, Io, Socket};
use serde_json::value::RawValue;

use crate::limits::{Refusal, room, string};

/// The place that everybody is in; no room has this name.
pub(crate) const EVERYONE: &str = "";

/// Begins an event for a place.
pub(crate) fn at<'i>(io: &'i mut Io<'_>, place: &str) -> Broadcast<'i> {
    match place {
        EVERYONE => io.everyone(),
        room => io.to(room),
    }
}

/// The place that an argument names, if the sender is in it.
pub(crate) fn place_of(io: &Io<'_>, socket: Socket, place: &RawValue) -> Result<String, Refusal> {
    match string(place).as_deref() {
        Some(EVERYONE) => Ok(EVERYONE.to_owned()),
        _ => member_of(io, socket, place),
    }
}

/// The room that an argument names, if the sender is in it.
pub(crate) fn member_of(io: &Io<'_>, socket: Socket, name: &RawValue) -> Result<String, Refusal> {
    let room = room(name)?;
    match rooms_of(io, socket).any(|joined| joined == room) {
        true => Ok(room),
        false => Err(format!("you are not in the room {room}")),
    }
}

/// The public name that an argument is, if that socket is here.
pub(crate) fn somebody(io: &Io<'_>, to: &RawValue) -> Result<Socket, Refusal> {
    let to = string(to).and_then(|to| io.find(&to));
    to.ok_or_else(|| "nobody of that id is here".to_owned())
}

/// The name of a message may begin with the id of its sender; with somebody else's it may not.
pub(crate) fn may_use(io: &Io<'_>, socket: Socket, offset: Option<&str>) -> Result<(), Refusal> {
    let owner = offset.and_then(|offset| io.find(offset.get(..20)?));
    match owner.is_none_or(|owner| owner == socket) {
        true => Ok(()),
        false => Err("this id of a message is somebody else's".to_owned()),
    }
}

/// The rooms of a socket besides its own.
pub(crate) fn rooms_of(io: &Io<'_>, socket: Socket) -> impl Iterator<Item = String> {
    let own = name(io, socket);
    let rooms = io.rooms_of(socket).into_iter().map(|room| room.to_string());
    rooms.filter(move |room| *room != own)
}

/// The public name of a socket.
pub(crate) fn name(io: &Io<'_>, socket: Socket) -> String {
    io.sid(socket)
        .map_or_else(String::new, |sid| sid.to_string())
}
