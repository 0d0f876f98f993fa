//! The rooms of one member in the order of joining; 16 bytes, and no heap for none or one.

/// Room keys, each at most once.
#[derive(Debug, Default)]
pub(crate) enum Joined {
    #[default]
    None,
    One(u32),
    #[expect(
        clippy::box_collection,
        reason = "half the size of each member, most are in one room"
    )]
    Many(Box<Vec<u32>>),
}

impl Joined {
    /// Appends a room that is not there yet.
    pub(crate) fn push(&mut self, room: u32) {
        match self {
            Self::None => *self = Self::One(room),
            Self::One(first) => *self = Self::Many(Box::new(vec![*first, room])),
            Self::Many(rooms) => rooms.push(room),
        }
    }

    /// Puts a room that is not there yet before all others.
    pub(crate) fn push_front(&mut self, room: u32) {
        match self {
            Self::None => *self = Self::One(room),
            Self::One(first) => *self = Self::Many(Box::new(vec![room, *first])),
            Self::Many(rooms) => rooms.insert(0, room),
        }
    }

    pub(crate) fn remove(&mut self, room: u32) {
        if let Self::Many(rooms) = self {
            rooms.retain(|known| *known != room);
        }
        match self {
            Self::One(only) if *only == room => *self = Self::None,
            Self::Many(rooms) if rooms.len() == 1 => *self = Self::One(rooms[0]),
            _ => {}
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::None)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        match self {
            Self::None => &[],
            Self::One(room) => std::slice::from_ref(room),
            Self::Many(rooms) => &rooms[..],
        }
        .iter()
        .copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_joining_is_kept() {
        let mut joined = Joined::default();
        for room in [5, 3, 9] {
            joined.push(room);
        }
        joined.push_front(1);
        joined.remove(3);
        joined.remove(4);
        assert_eq!(joined.iter().collect::<Vec<_>>(), [1, 5, 9]);
        joined.remove(1);
        joined.remove(9);
        assert!(matches!(joined, Joined::One(5)));
        joined.remove(5);
        assert!(matches!(joined, Joined::None));
        assert_eq!(size_of::<Joined>(), 16);
    }
}
