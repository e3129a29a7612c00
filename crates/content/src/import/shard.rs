//! A sharded folder: a tree (HAMT) in which the hash of a name determines its path.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::folder::link;
use super::{ImportError, Imported, node};
use crate::cid::Block;
use crate::dag_pb::Node;
use crate::profile::Profile;
use crate::slots::{HASH, Path, Slots};
use crate::unixfs::{Kind, UnixFs};

/// The slots of the shards that we write.
const FANOUT: u64 = 256;

pub(super) struct Shards<'a> {
    profile: &'a Profile,
    slots: Slots,
    entries: Vec<Entry<'a>>,
}

struct Entry<'a> {
    path: Path,
    name: &'a str,
    what: &'a Imported,
}

impl<'a> Shards<'a> {
    pub(super) fn new(profile: &'a Profile, entries: &'a BTreeMap<String, Imported>) -> Self {
        let entry = |(name, what): (&'a String, &'a Imported)| Entry { path: Path::of(name.as_bytes()), name, what };
        Shards { profile, slots: Slots::WRITTEN, entries: entries.iter().map(entry).collect() }
    }

    /// Writes all shards, children before parents.
    pub(super) fn write(&self, out: &mut Vec<Block>) -> Result<Imported, ImportError> {
        self.shard(self.entries.iter().collect(), 0, out)
    }

    /// The recursion is shallow, because a hash has bits for a few levels only.
    fn shard(&self, entries: Vec<&Entry<'_>>, level: u32, out: &mut Vec<Block>) -> Result<Imported, ImportError> {
        let mut slots: BTreeMap<u64, Vec<&Entry<'_>>> = BTreeMap::new();
        for entry in entries {
            let slot = entry.path.slot(self.slots, level).ok_or(ImportError::Collision)?;
            slots.entry(slot).or_default().push(entry);
        }
        let (mut links, mut field) = (Vec::with_capacity(slots.len()), vec![0u8; FANOUT as usize / 8]);
        for (slot, entries) in slots {
            let prefix = self.slots.prefix(slot);
            field[(FANOUT / 8 - 1 - slot / 8) as usize] |= 1 << (slot % 8);
            links.push(match entries.as_slice() {
                [only] => link(prefix + only.name, only.what),
                _ => link(prefix, &self.shard(entries, level + 1, out)?),
            });
        }
        let zeros = field.iter().take_while(|byte| **byte == 0).count();
        let data = Some(Bytes::from(field.split_off(zeros)));
        let (hash_type, fanout) = (Some(HASH), Some(FANOUT));
        let message = UnixFs { data, hash_type, fanout, ..UnixFs::new(Kind::Shard) };
        let (imported, block) = node(self.profile, Node { links, data: Some(message.encode()) });
        out.push(block);
        Ok(imported)
    }
}
