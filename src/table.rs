//! How tables by key grow: to four times the size, never to twice.
//!
//! What a table has room for and does not use is no memory yet: the system gives a page when it is
//! written. But what it has grown out of is left to the allocator, in holes that nothing else fits;
//! of tables that double they are as large as all that is used, and of these a third of it.

use slab::Slab;

/// Makes a table so long that it has a place for a key.
pub(crate) fn fit<T>(table: &mut Vec<T>, key: usize, empty: impl FnMut() -> T) {
    if key < table.len() {
        return;
    }
    if key >= table.capacity() {
        table.reserve_exact(step(key + 1) - table.len());
    }
    table.resize_with(key + 1, empty);
}

/// Makes room for one more entry.
pub(crate) fn make_room<T>(slab: &mut Slab<T>) {
    if slab.len() == slab.capacity() {
        slab.reserve_exact(step(slab.len() + 1) - slab.len());
    }
}

/// The next power of four.
fn step(len: usize) -> usize {
    let power = len.next_power_of_two();
    power << (power.trailing_zeros() % 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_grow_to_powers_of_four_and_only_when_they_are_full() {
        let (mut table, mut slab) = (Vec::new(), Slab::new());
        let mut sizes = Vec::new();
        for key in 0..5000 {
            fit(&mut table, key, || 0_u8);
            make_room(&mut slab);
            slab.insert(());
            assert_eq!(table.len(), key + 1);
            assert_eq!(table.capacity(), slab.capacity());
            sizes.push(table.capacity());
        }
        sizes.dedup();
        assert_eq!(sizes, [1, 4, 16, 64, 256, 1024, 4096, 16384]);
        fit(&mut table, 7, || 0);
        assert_eq!(table.len(), 5000);
    }
}
