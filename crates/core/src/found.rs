//! The result of looking for a block at a gateway.

use crate::content_id::{Cid, block_matches};

/// The result of looking for a block at a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<Block> {
    /// Its bytes.
    Present(Block),
    /// The gateway answers that it does not have the block.
    Absent,
    /// Anything else: an error, no answer, a redirect or the wrong bytes. None of these proves that the block is absent.
    Unknown,
}

impl<Block> Found<Block> {
    /// The block, if it was found.
    pub fn present(self) -> Option<Block> {
        match self {
            Found::Present(block) => Some(block),
            Found::Absent | Found::Unknown => None,
        }
    }

    /// What was found, without the bytes.
    pub fn state(&self) -> BlockState {
        match self {
            Found::Present(_) => BlockState::Present,
            Found::Absent => BlockState::Absent,
            Found::Unknown => BlockState::Unknown,
        }
    }
}

impl<Block: AsRef<[u8]>> Found<Block> {
    /// What one HTTP answer to a request for `cid` says. [`Found::Absent`] takes two such answers, some seconds apart.
    pub fn in_answer(cid: &Cid, status: u16, body: Block) -> Self {
        match status {
            200 if block_matches(cid, body.as_ref()) => Found::Present(body),
            404 | 410 => Found::Absent,
            _ => Found::Unknown,
        }
    }

    /// Borrows the bytes.
    pub fn as_slice(&self) -> Found<&[u8]> {
        match self {
            Found::Present(block) => Found::Present(block.as_ref()),
            Found::Absent => Found::Absent,
            Found::Unknown => Found::Unknown,
        }
    }
}

/// A block's state, which outputs of `hash_tree/2` encode as one byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum BlockState {
    /// The source has it.
    Present = 1,
    /// The source answers that it does not have it.
    Absent = 2,
    /// It could not be determined.
    Unknown = 3,
}

impl BlockState {
    /// The state that `byte` encodes, or `None` if it encodes none.
    pub fn from_byte(byte: u8) -> Option<Self> {
        [BlockState::Present, BlockState::Absent, BlockState::Unknown].into_iter().find(|state| *state as u8 == byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content_id::block_cid;

    #[test]
    fn only_the_right_bytes_are_present_and_only_404_and_410_are_absent() {
        let cid = block_cid(b"block");
        assert_eq!(Found::in_answer(&cid, 200, b"block"), Found::Present(b"block"));
        assert_eq!(Found::in_answer(&cid, 200, &b"other"[..]), Found::Unknown);
        for status in 100..600 {
            let want = if matches!(status, 404 | 410) { BlockState::Absent } else { BlockState::Unknown };
            assert_eq!(Found::in_answer(&cid, status, b"").state(), want, "{status}");
        }
    }

    #[test]
    fn three_bytes_are_states() {
        for byte in 0..=u8::MAX {
            let state = BlockState::from_byte(byte);
            assert_eq!(state.map(|state| state as u8), (1..=3).contains(&byte).then_some(byte));
        }
    }
}
