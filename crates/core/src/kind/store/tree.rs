//! BLAKE3's own tree over a replica: the path of a chunk, and what a holder keeps so that it finds one quickly.
//!
//! Of n chunks the left part has the largest power of two below n. Source: BLAKE3 specification, section 2.1; the chaining values
//! of subtrees are those of the crate's `hazmat`.

use alloc::vec;
use alloc::vec::Vec;

use blake3::Hasher;
use blake3::hazmat::{ChainingValue, HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root};

/// The bytes of a chunk; the last of a replica may be shorter.
pub const CHUNK_BYTES: u64 = 1_024;
/// The bytes of a group, whose chaining value a holder keeps.
pub const GROUP_BYTES: u64 = 64 << 10;
/// The bytes of a chaining value.
pub const VALUE_BYTES: u64 = 32;

const GROUP_CHUNKS: u64 = GROUP_BYTES / CHUNK_BYTES;

/// Where a chunk stands in a replica's tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    chunk: u64,
    bytes: u64,
    /// From the leaf to the root: the sibling's chunks, and whether it is the right one.
    siblings: Vec<Sibling>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sibling {
    first: u64,
    count: u64,
    is_right: bool,
}

impl Path {
    /// The path of `chunk` in a replica of `length` bytes.
    pub fn of(length: u64, chunk: u64) -> Self {
        let (mut first, mut count, mut siblings) = (0, length.div_ceil(CHUNK_BYTES).max(1), Vec::new());
        while count > 1 {
            let left = left_part(count);
            let is_right = chunk < first + left;
            if is_right {
                siblings.push(Sibling { first: first + left, count: count - left, is_right });
                count = left;
            } else {
                siblings.push(Sibling { first, count: left, is_right });
                (first, count) = (first + left, count - left);
            }
        }
        siblings.reverse();
        let bytes = length.saturating_sub(chunk * CHUNK_BYTES).min(CHUNK_BYTES);
        Path { chunk, bytes, siblings }
    }

    /// The bytes of the chunk and of its siblings' chaining values.
    pub fn answer_bytes(&self) -> u64 {
        self.bytes + VALUE_BYTES * self.siblings.len() as u64
    }

    /// Whether the chunk and the chaining values in `opening` lead to `root`.
    pub fn leads_to(&self, root: &[u8], opening: &[u8]) -> bool {
        let Some((chunk, values)) = opening.split_at_checked(self.bytes as usize) else { return false };
        let (values, rest) = values.as_chunks::<32>();
        let Some((last, inner)) = self.siblings.split_last() else {
            return opening.len() as u64 == self.bytes && blake3::hash(chunk).as_bytes() == root;
        };
        if values.len() != self.siblings.len() || !rest.is_empty() {
            return false;
        }
        let mut value = chaining_value(self.chunk, chunk);
        for (sibling, other) in inner.iter().zip(values) {
            value = if sibling.is_right { merge(&value, other) } else { merge(other, &value) };
        }
        let other = &values[inner.len()];
        let (left, right) = if last.is_right { (&value, other) } else { (other, &value) };
        merge_subtrees_root(left, right, Mode::Hash).as_bytes() == root
    }
}

/// The largest power of two below `count` > 1.
fn left_part(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

fn merge(left: &ChainingValue, right: &ChainingValue) -> ChainingValue {
    merge_subtrees_non_root(left, right, Mode::Hash)
}

/// The chaining value of the subtree over `bytes`, which begins with the chunk `first` and is not all of the replica.
fn chaining_value(first: u64, bytes: &[u8]) -> ChainingValue {
    let mut hasher = Hasher::new();
    hasher.set_input_offset(first * CHUNK_BYTES);
    hasher.update(bytes);
    hasher.finalize_non_root()
}

/// What a holder keeps of a replica beside its bytes: the chaining value of every group. So an opening rehashes one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups {
    length: u64,
    values: Vec<ChainingValue>,
}

impl Groups {
    /// The groups of a replica of `length` bytes, from what [`Groups::to_bytes`] gave.
    pub fn from_bytes(length: u64, bytes: &[u8]) -> Option<Self> {
        let (values, rest) = bytes.as_chunks::<32>();
        let fits = rest.is_empty() && values.len() as u64 == length.div_ceil(GROUP_BYTES);
        fits.then(|| Groups { length, values: values.to_vec() })
    }

    /// The chaining values one after the other.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.values.concat()
    }

    /// The bytes of the replica.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The bytes of the group that an opening of `chunk` reads: where they begin, and how many they are.
    pub fn group(&self, chunk: u64) -> (u64, u64) {
        let first = chunk / GROUP_CHUNKS * GROUP_BYTES;
        (first, self.length.saturating_sub(first).min(GROUP_BYTES))
    }

    /// Whether `group` is what the replica has around `chunk`. A replica of one group is known by its root alone.
    pub fn holds(&self, chunk: u64, group: &[u8]) -> bool {
        let (first, bytes) = self.group(chunk);
        let whole = bytes == self.length;
        let value = self.values.get((chunk / GROUP_CHUNKS) as usize);
        group.len() as u64 == bytes && (whole || value == Some(&chaining_value(first / CHUNK_BYTES, group)))
    }

    /// The chunk and its siblings' chaining values; `group` holds the [bytes around it](Groups::group).
    pub fn open(&self, chunk: u64, group: &[u8]) -> Option<Vec<u8>> {
        let (first, bytes) = self.group(chunk);
        if group.len() as u64 != bytes || chunk >= self.length.div_ceil(CHUNK_BYTES) {
            return None;
        }
        let path = Path::of(self.length, chunk);
        let within = |chunk: u64, count: u64| {
            let from = (chunk * CHUNK_BYTES - first) as usize;
            &group[from..(from + (count * CHUNK_BYTES) as usize).min(group.len())]
        };
        let mut opening = within(chunk, 1).to_vec();
        for sibling in &path.siblings {
            let is_inside = sibling.first * CHUNK_BYTES >= first && sibling.first * CHUNK_BYTES < first + bytes;
            let value = match is_inside && sibling.count <= GROUP_CHUNKS {
                true => chaining_value(sibling.first, within(sibling.first, sibling.count)),
                false => self.value(sibling.first, sibling.count),
            };
            opening.extend_from_slice(&value);
        }
        Some(opening)
    }

    /// The chaining value of a subtree of whole groups.
    fn value(&self, first: u64, count: u64) -> ChainingValue {
        if count <= GROUP_CHUNKS {
            return self.values[(first / GROUP_CHUNKS) as usize];
        }
        let left = left_part(count);
        merge(&self.value(first, left), &self.value(first + left, count - left))
    }
}

/// Hashes a replica as it arrives.
#[derive(Clone, Debug, Default)]
pub struct GroupHasher {
    whole: Hasher,
    group: Vec<u8>,
    length: u64,
    values: Vec<ChainingValue>,
}

impl GroupHasher {
    /// Takes the next bytes.
    pub fn update(&mut self, mut bytes: &[u8]) {
        self.whole.update(bytes);
        self.length += bytes.len() as u64;
        while !bytes.is_empty() {
            let room = GROUP_BYTES as usize - self.group.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.group.extend_from_slice(now);
            bytes = later;
            if self.group.len() as u64 == GROUP_BYTES {
                self.close_group();
            }
        }
    }

    fn close_group(&mut self) {
        let first = self.values.len() as u64 * GROUP_CHUNKS;
        self.values.push(chaining_value(first, &self.group));
        self.group.clear();
    }

    /// The root and the groups.
    pub fn finish(mut self) -> ([u8; 32], Groups) {
        if !self.group.is_empty() {
            self.close_group();
        }
        (*self.whole.finalize().as_bytes(), Groups { length: self.length, values: self.values })
    }
}

/// The root of `bytes`, and its groups.
pub fn hash(bytes: &[u8]) -> ([u8; 32], Groups) {
    let mut hasher = GroupHasher { values: vec![], ..GroupHasher::default() };
    hasher.update(bytes);
    hasher.finish()
}
