//! Cuts a product into parts that fit a slice and the device's buffers.

use std::ops::Range;

use crate::kernel::{Dot, Kernel};

/// The largest buffer of rows, and of sums, for one cut: enough to keep any GPU busy.
const MAX_CUT_BYTES: u64 = 16 << 20;

/// A whole product in the kernel's units: tiles of rows, strips of columns, words along k.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    kernel: Kernel,
    cols: u32,
    tiles: u32,
    strips: u32,
    words: u32,
}

/// A box of a product, computed by one dispatch. The host adds up boxes that are neighbours along k.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(super) first_tile: u32,
    pub(super) tiles: u32,
    pub(super) first_strip: u32,
    pub(super) strips: u32,
    pub(super) first_word: u32,
    pub(super) words: u32,
}

impl Extent {
    pub(crate) fn of(kernel: Kernel, m: u32, k: u32, n: u32) -> Extent {
        Extent {
            kernel,
            cols: n,
            tiles: m.div_ceil(kernel.height()),
            strips: n.div_ceil(kernel.strip()),
            words: kernel.words(k),
        }
    }

    /// The whole product as one cut.
    pub(crate) fn whole(&self) -> Cut {
        let Extent { tiles, strips, words, .. } = *self;
        Cut { first_tile: 0, tiles, first_strip: 0, strips, first_word: 0, words }
    }

    /// The multiply-adds of a cut, padding included.
    pub(crate) fn work_of(&self, cut: Cut) -> u64 {
        self.work(cut.tiles, cut.strips, cut.words)
    }

    pub(crate) fn row_bytes(&self, cut: Cut) -> u64 {
        u64::from(cut.tiles) * u64::from(self.kernel.height()) * u64::from(cut.words) * 4
    }

    pub(crate) fn sum_bytes(&self, cut: Cut) -> u64 {
        u64::from(cut.tiles) * u64::from(self.kernel.height()) * u64::from(self.width_quads(cut)) * 16
    }

    /// The uniform that describes a cut to the kernel.
    pub(crate) fn uniform(&self, cut: Cut) -> [u8; 32] {
        let width = self.width_quads(cut);
        let words = [cut.first_strip, width, cut.tiles, self.cols, cut.first_word, cut.words, self.words, 0];
        let mut bytes = [0; 32];
        bytes.chunks_exact_mut(4).zip(words).for_each(|(bytes, word)| bytes.copy_from_slice(&word.to_le_bytes()));
        bytes
    }

    /// Workgroups in x and y.
    pub(crate) fn workgroups(&self, cut: Cut) -> [u32; 2] {
        [cut.strips, self.kernel.groups_for(cut.tiles)]
    }

    /// The columns of a cut's sums, in groups of four, rounded up.
    pub(crate) fn width_quads(&self, cut: Cut) -> u32 {
        let strip = self.kernel.strip();
        (self.cols - cut.first_strip * strip).min(cut.strips * strip).div_ceil(4)
    }

    /// The first row and column of a cut.
    pub(super) fn corner(&self, cut: Cut) -> (usize, usize) {
        let (row, col) = (cut.first_tile * self.kernel.height(), cut.first_strip * self.kernel.strip());
        (row as usize, col as usize)
    }

    /// The multiply-adds of `tiles` × `strips` × `words`.
    fn work(&self, tiles: u32, strips: u32, words: u32) -> u64 {
        let entry = u64::from(self.kernel.height()) * u64::from(self.kernel.strip());
        let in_word = if self.kernel.dot == Dot::Float { 1 } else { 4 };
        entry * u64::from(tiles) * u64::from(strips) * u64::from(words) * in_word
    }
}

impl Cut {
    pub(super) fn tiles(&self) -> Range<usize> {
        self.first_tile as usize..(self.first_tile + self.tiles) as usize
    }

    pub(super) fn words(&self) -> Range<usize> {
        self.first_word as usize..(self.first_word + self.words) as usize
    }
}

/// Cuts a product into bands of tiles, these into runs of strips, and a strip that is still too much into runs of
/// words.
#[derive(Debug)]
pub(super) struct Cuts {
    extent: Extent,
    max_bytes: u64,
    at: Cut,
}

impl Cuts {
    pub(super) fn new(extent: Extent, max_bytes: u64) -> Cuts {
        let at = Cut { first_tile: 0, tiles: 0, first_strip: 0, strips: 0, first_word: 0, words: 0 };
        Cuts { extent, max_bytes: max_bytes.min(MAX_CUT_BYTES), at }
    }

    pub(super) fn extent(&self) -> Extent {
        self.extent
    }

    /// The multiply-adds of the whole product.
    pub(super) fn work(&self) -> u64 {
        self.extent.work(self.extent.tiles, self.extent.strips, self.extent.words)
    }

    /// The most bytes of rows, and of sums, in any cut.
    pub(super) fn max_bytes(&self) -> (u64, u64) {
        let whole = self.extent.whole();
        (self.extent.row_bytes(whole).min(self.max_bytes), self.extent.sum_bytes(whole).min(self.max_bytes))
    }

    /// The next cut, of at most `budget` multiply-adds unless even the smallest cut has more. `None` at the end.
    pub(super) fn next(&mut self, budget: u64) -> Option<Cut> {
        let Extent { kernel, tiles, strips, words, .. } = self.extent;
        if self.work() == 0 || self.at.first_tile == tiles {
            return None;
        }
        let at = &mut self.at;
        let fit = |share: u64, left: u32| (share.min(u64::from(left)) as u32).max(1);
        if at.tiles == 0 {
            // A band is as high as the budget allows over all its columns, and one tile at least.
            let by_work = budget / self.extent.work(1, strips, words);
            let by_rows = self.max_bytes / (u64::from(kernel.height()) * u64::from(words) * 4);
            let by_sums =
                self.max_bytes / (u64::from(kernel.height()) * u64::from(strips) * u64::from(kernel.strip()) * 4);
            at.tiles = fit(by_work.min(by_rows).min(by_sums), tiles - at.first_tile);
        }
        if at.strips == 0 {
            let by_work = budget / self.extent.work(at.tiles, 1, words);
            let by_sums =
                self.max_bytes / (u64::from(at.tiles) * u64::from(kernel.height()) * u64::from(kernel.strip()) * 4);
            at.strips = fit(by_work.min(by_sums), strips - at.first_strip);
        }
        let turn = kernel.turn();
        at.words = fit(budget / self.extent.work(at.tiles, at.strips, turn), (words - at.first_word) / turn) * turn;
        let cut = *at;
        at.first_word += cut.words;
        if at.first_word == words {
            (at.first_word, at.first_strip, at.strips) = (0, at.first_strip + cut.strips, 0);
        }
        if at.first_strip == strips {
            (at.first_strip, at.first_tile, at.tiles) = (0, at.first_tile + cut.tiles, 0);
        }
        Some(cut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Family;

    const KERNEL: Kernel =
        Kernel { rows: 8, cols: 8, lanes: 16, groups: 1, dot: Dot::Packed, family: Family::Registers };

    /// Every word of every tile and strip is in exactly one cut, and only a smallest cut may exceed the budget.
    fn covers(m: u32, k: u32, n: u32, budget: u64, max_bytes: u64) -> usize {
        let extent = Extent::of(KERNEL, m, k, n);
        let mut cuts = Cuts::new(extent, max_bytes);
        let mut seen = vec![0u8; (extent.tiles * extent.strips * extent.words) as usize];
        let mut count = 0;
        while let Some(cut) = cuts.next(budget) {
            count += 1;
            let smallest = cut.tiles == 1 && cut.strips == 1 && cut.words == 1;
            assert!(extent.work_of(cut) <= budget || smallest, "{cut:?}");
            assert!(extent.row_bytes(cut) <= max_bytes && extent.sum_bytes(cut) <= max_bytes, "{cut:?}");
            for tile in cut.tiles() {
                for strip in cut.first_strip..cut.first_strip + cut.strips {
                    for word in cut.words() {
                        seen[(tile * extent.strips as usize + strip as usize) * extent.words as usize + word] += 1;
                    }
                }
            }
        }
        assert!(seen.iter().all(|&times| times == 1));
        count
    }

    #[test]
    fn cuts_cover_the_product_once_within_budget() {
        assert_eq!(covers(1, 1, 1, 1 << 40, 1 << 20), 1);
        assert_eq!(covers(100, 70, 300, 1 << 40, 1 << 20), 1);
        assert!(covers(100, 70, 300, 1 << 18, 1 << 20) > 1);
        assert!(covers(33, 4096, 300, 1 << 20, 1 << 20) > 30);
        assert!(covers(9, 131_071, 1, 1, 1 << 20) > 1000);
        assert!(covers(1000, 64, 1000, 1 << 40, 1 << 14) > 100);
    }

    #[test]
    fn runs_of_words_are_whole_turns() {
        let kernel = Kernel { rows: 16, cols: 8, lanes: 16, groups: 1, dot: Dot::Float, family: Family::Quads };
        let mut cuts = Cuts::new(Extent::of(kernel, 20, 4094, 200), 1 << 20);
        let mut words = 0;
        while let Some(cut) = cuts.next(16 * 128 * 7) {
            assert!(cut.words.is_multiple_of(4) && cut.first_word.is_multiple_of(4), "{cut:?}");
            words += cut.words;
        }
        assert_eq!(words, 2 * 2 * 4096);
    }

    #[test]
    fn nothing_to_do_is_no_cut() {
        for (m, k, n) in [(0, 1, 1), (1, 0, 1), (1, 1, 0)] {
            assert_eq!(covers(m, k, n, 1 << 40, 1 << 20), 0);
        }
    }
}
