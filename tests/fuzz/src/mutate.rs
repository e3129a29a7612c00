//! Mutates inputs, for tests without a coverage-guided fuzzer.

use adit_core::random::SplitMix64;

/// Boundary values of common integer types.
const INTERESTING: [u64; 10] = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff, u64::MAX];

/// Mutates inputs. The same seed makes the same changes.
pub struct Mutator(SplitMix64);

impl Mutator {
    /// A mutator with the seed `seed`.
    pub fn new(seed: u64) -> Self {
        Mutator(SplitMix64::new(seed))
    }

    /// One of `inputs`, changed in one to eight places.
    pub fn next(&mut self, inputs: &[Vec<u8>]) -> Vec<u8> {
        let mut input = self.one_of(inputs);
        for _ in 0..=self.below(8) {
            self.change(&mut input, inputs);
        }
        input
    }

    fn one_of(&mut self, inputs: &[Vec<u8>]) -> Vec<u8> {
        let at = self.below(inputs.len());
        inputs.get(at).cloned().unwrap_or_default()
    }

    fn change(&mut self, input: &mut Vec<u8>, others: &[Vec<u8>]) {
        let (from, to) = self.range(input.len());
        match self.below(7) {
            0 => input.iter_mut().skip(from).take(1).for_each(|byte| *byte ^= 1 << self.below(8)),
            1 => input.iter_mut().skip(from).take(1).for_each(|byte| *byte = self.0.draw() as u8),
            2 => {
                let value = INTERESTING[self.below(INTERESTING.len())].to_le_bytes();
                let width = 1 << self.below(4);
                input.splice(from..(from + width).min(input.len()), value.into_iter().take(width));
            }
            3 => drop(input.drain(from..to)),
            4 => {
                let again = input[from..to].to_vec();
                input.splice(from..from, again);
            }
            5 => input.truncate(to),
            _ => {
                let other = self.one_of(others);
                let (begin, end) = self.range(other.len());
                input.splice(from..to, other[begin..end].iter().copied());
            }
        }
    }

    /// A range within `length` bytes, more often short than long.
    fn range(&mut self, length: usize) -> (usize, usize) {
        let longest = if self.below(4) == 0 { length } else { 16 };
        let from = self.below(length + 1);
        (from, (from + self.below(longest + 1)).min(length))
    }

    fn below(&mut self, end: usize) -> usize {
        (self.0.draw() % end.max(1) as u64) as usize
    }
}
