//! Operations on any store: putting bytes in, reading pieces of files, listing folders.

use std::collections::HashMap;

use super::{Blocks, Pin, Storage, StorageError, next};
use crate::cid::{Block, Cid};
use crate::import::FileBuilder;
use crate::name::ContentPath;
use crate::profile::Profile;
use crate::walk::{Entry, FileWalk, Found, Limits, List, Resolve, Stat, WalkError, stat};

/// A piece of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The file.
    pub cid: Cid,
    /// The whole file's bytes.
    pub size: u64,
    /// The bytes that were asked for, as far as there are any.
    pub bytes: Vec<u8>,
}

/// Some of the entries of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The folder.
    pub cid: Cid,
    /// The entries; their names are untrusted.
    pub entries: Vec<Entry>,
    /// Whether more follow.
    pub more: bool,
}

/// Stores bytes as a file, and pins it.
pub async fn put<S: Storage + ?Sized>(storage: &S, bytes: &[u8], profile: Profile) -> Result<Pin, StorageError> {
    let (mut blocks, mut file) = (Vec::new(), FileBuilder::new(profile));
    file.write(bytes, &mut blocks);
    let root = file.finish(&mut blocks).cid;
    let blocks: HashMap<Cid, Block> = blocks.into_iter().map(|block| (*block.cid(), block)).collect();
    storage.pin(root, Some(&blocks)).await
}

/// At most `max` bytes of a file, starting at byte `from`. Only blocks that hold some of them are requested.
pub async fn read<B: Blocks + ?Sized>(
    source: &B,
    path: &ContentPath,
    from: u64,
    max: usize,
) -> Result<Piece, StorageError> {
    let (cid, what) = look(source, path).await?;
    let size = match what {
        Stat::File(size) => size,
        Stat::Folder => return Err(no_file(cid, "a folder")),
        Stat::Symlink(_) => return Err(no_file(cid, "a symbolic link")),
    };
    let mut walk = FileWalk::over(cid, from..from.saturating_add(max as u64), Limits::default());
    let mut bytes = Vec::new();
    while let Some(piece) = next(&mut walk, source).await? {
        bytes.extend_from_slice(&piece);
    }
    Ok(Piece { cid, size, bytes })
}

/// At most `limit` entries of a folder, after the first `skip`.
pub async fn list<B: Blocks + ?Sized>(
    source: &B,
    path: &ContentPath,
    skip: usize,
    limit: usize,
) -> Result<Listing, StorageError> {
    let cid = resolve(source, path).await?.cid;
    let (mut walk, mut entries, mut at) = (List::new(cid, Limits::default()), Vec::new(), 0);
    while let Some(entry) = next(&mut walk, source).await? {
        if entries.len() == limit {
            return Ok(Listing { cid, entries, more: true });
        }
        if at >= skip {
            entries.push(entry);
        }
        at += 1;
    }
    Ok(Listing { cid, entries, more: false })
}

/// What a path names, and whether that is a file, a folder or a link.
pub async fn look<B: Blocks + ?Sized>(source: &B, path: &ContentPath) -> Result<(Cid, Stat), StorageError> {
    let cid = resolve(source, path).await?.cid;
    let block = match Block::inline(&cid) {
        Some(block) => block,
        None => source.block(&cid).await?,
    };
    Ok((cid, stat(&block)?))
}

/// What a path names, and the blocks on the way.
pub async fn resolve<B: Blocks + ?Sized>(source: &B, path: &ContentPath) -> Result<Found, StorageError> {
    let found = next(&mut Resolve::new(path), source).await?;
    found.ok_or_else(|| StorageError::missing(&path.root))
}

fn no_file(cid: Cid, what: &'static str) -> StorageError {
    WalkError::Other { cid: Box::new(cid), what, wanted: "a file" }.into()
}
