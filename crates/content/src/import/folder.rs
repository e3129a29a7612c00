//! A folder: one block if it is small, shards otherwise.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::shard::Shards;
use super::{ImportError, Imported, node};
use crate::cid::Block;
use crate::dag_pb::{Link, Node};
use crate::name::check_name;
use crate::profile::{Estimate, LARGEST_FOLDER, Profile};
use crate::protobuf::varint_len;
use crate::unixfs::{Kind, UnixFs};

/// Takes the entries of a folder, in any order, and makes its blocks.
pub struct FolderBuilder {
    profile: Profile,
    entries: BTreeMap<String, Imported>,
}

impl FolderBuilder {
    /// An empty folder.
    pub fn new(profile: Profile) -> Self {
        FolderBuilder { profile, entries: BTreeMap::new() }
    }

    /// Adds an entry.
    pub fn add(&mut self, name: &str, what: Imported) -> Result<(), ImportError> {
        check_name(name)?;
        if self.entries.insert(name.to_owned(), what).is_some() {
            return Err(ImportError::Duplicate(name.to_owned()));
        }
        Ok(())
    }

    /// Ends the folder, and adds its blocks to `out`, the root last.
    pub fn finish(self, out: &mut Vec<Block>) -> Result<Imported, ImportError> {
        if self.estimate() > LARGEST_FOLDER {
            return self.finish_in_shards(out);
        }
        let links = self.entries.iter().map(|(name, what)| link(name.clone(), what)).collect();
        let message = UnixFs::new(Kind::Directory).encode();
        let (imported, block) = node(&self.profile, Node { links, data: Some(message) });
        out.push(block);
        Ok(imported)
    }

    /// As [`finish`](FolderBuilder::finish), with shards however small the folder is.
    pub fn finish_in_shards(self, out: &mut Vec<Block>) -> Result<Imported, ImportError> {
        Shards::new(&self.profile, &self.entries).write(out)
    }

    fn estimate(&self) -> usize {
        let entries = self.entries.iter();
        match self.profile.estimate {
            Estimate::Links => entries.map(|(name, what)| name.len() + what.cid.encoded_len()).sum(),
            Estimate::Block => {
                let field = |length: usize| 1 + varint_len(length as u64) + length;
                let link = |(name, what): (&String, &Imported)| {
                    field(field(what.cid.encoded_len()) + field(name.len()) + 1 + varint_len(what.tsize))
                };
                field(UnixFs::new(Kind::Directory).encode().len()) + entries.map(link).sum::<usize>()
            }
        }
    }
}

pub(super) fn link(name: String, what: &Imported) -> Link {
    Link { cid: what.cid, name: Some(Bytes::from(name)), tsize: Some(what.tsize) }
}
