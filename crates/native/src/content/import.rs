//! Imports a file or folder of this machine as blocks.
//!
//! The first pass hashes everything, and keeps the nodes, which are small, and the place of each leaf in its file. The second
//! writes the CAR, root first: it reads the leaves again, and fails if one has changed.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;

use adit_content::car;
use adit_content::import::{Layout, leaf, symlink};
use adit_content::{Block, Cid, Dag, FolderBuilder, Imported, Limits, Profile, Walk};
use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;

/// The deepest folder that is imported.
const MAX_DEPTH: u32 = 200;

/// Whether the plan must be able to give blocks, for a CAR or for storage.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pack {
    Yes,
    No,
}

/// What the first pass found.
pub(super) struct Plan {
    pub(super) root: Imported,
    /// The bytes of all files.
    pub(super) bytes: u64,
    profile: Profile,
    pack: Pack,
    nodes: HashMap<Cid, Block>,
    leaves: HashMap<Cid, Spot>,
    files: Vec<PathBuf>,
}

/// The place of a leaf's bytes.
struct Spot {
    file: usize,
    offset: u64,
    bytes: usize,
}

impl Plan {
    /// Hashes everything at `path`.
    pub(super) fn make(path: &Path, profile: Profile, pack: Pack) -> Result<Self> {
        let root = Imported { cid: Cid::default(), size: 0, tsize: 0 };
        let (nodes, leaves) = (HashMap::new(), HashMap::new());
        let mut plan = Plan { root, bytes: 0, profile, pack, nodes, leaves, files: Vec::new() };
        // A link that a person names is followed; those in a folder are not.
        let found = fs::metadata(path).with_context(|| path.display().to_string())?;
        plan.root = if found.is_dir() { plan.folder(path, 0)? } else { plan.file(path)? };
        Ok(plan)
    }

    fn entry(&mut self, path: &Path, depth: u32) -> Result<Imported> {
        let named = || path.display().to_string();
        let found = fs::symlink_metadata(path).with_context(named)?;
        if found.is_symlink() {
            let target = fs::read_link(path).with_context(named)?;
            let target =
                target.to_str().with_context(|| format!("{}: the link's target is not UTF-8", path.display()))?;
            let (imported, block) = symlink(&self.profile, target);
            self.keep(vec![block]);
            return Ok(imported);
        }
        if found.is_dir() {
            return self.folder(path, depth + 1);
        }
        ensure!(found.is_file(), "{} is neither a file, a folder nor a link: leave it out", path.display());
        self.file(path)
    }

    fn folder(&mut self, path: &Path, depth: u32) -> Result<Imported> {
        let named = || path.display().to_string();
        ensure!(depth <= MAX_DEPTH, "{}: folders are nested more than {MAX_DEPTH} deep", path.display());
        let mut folder = FolderBuilder::new(self.profile);
        for entry in fs::read_dir(path).with_context(named)? {
            let path = entry.with_context(named)?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let name = name.with_context(|| format!("{}: the name is not UTF-8", path.display()))?;
            let imported = self.entry(&path, depth)?;
            folder.add(name, imported).with_context(named)?;
        }
        let mut blocks = Vec::new();
        let imported = folder.finish(&mut blocks).with_context(named)?;
        self.keep(blocks);
        Ok(imported)
    }

    fn file(&mut self, path: &Path) -> Result<Imported> {
        let named = || path.display().to_string();
        let mut file = File::open(path).with_context(named)?;
        let (mut layout, mut offset, number) = (Layout::new(self.profile), 0u64, self.files.len());
        self.files.push(path.to_owned());
        let threads = thread::available_parallelism().map_or(1, usize::from);
        loop {
            let pieces = pieces(&mut file, self.profile.chunk_bytes, threads).with_context(named)?;
            let ended = pieces.last().is_none_or(|piece| piece.len() < self.profile.chunk_bytes);
            for (imported, _) in leaves(&self.profile, pieces) {
                let bytes = imported.size as usize;
                if self.pack == Pack::Yes {
                    self.leaves.entry(imported.cid).or_insert(Spot { file: number, offset, bytes });
                }
                offset += bytes as u64;
                let mut blocks = Vec::new();
                layout.push(imported, &mut blocks);
                self.keep(blocks);
            }
            if ended {
                break;
            }
        }
        let mut blocks = Vec::new();
        let imported = layout.finish(&mut blocks);
        self.keep(blocks);
        self.bytes += imported.size;
        Ok(imported)
    }

    fn keep(&mut self, blocks: Vec<Block>) {
        if self.pack == Pack::Yes {
            self.nodes.extend(blocks.into_iter().map(|block| (*block.cid(), block)));
        }
    }

    /// Writes the CAR.
    pub(super) fn write(&self, out: &mut dyn Write) -> Result<()> {
        out.write_all(&car::header(&[self.root.cid]))?;
        let mut walk = Dag::new(self.root.cid, Limits::default());
        while let Some(block) = walk.next_from(|cid| self.block(cid))? {
            out.write_all(&car::section(&block))?;
            out.write_all(block.bytes())?;
        }
        Ok(())
    }

    /// A block that the first pass found. Error: its file has changed since.
    pub(super) fn block(&self, cid: &Cid) -> Result<Block> {
        if let Some(block) = self.nodes.get(cid) {
            return Ok(block.clone());
        }
        let spot = self.leaves.get(cid).context("a block is missing")?;
        let path = &self.files[spot.file];
        let changed = || format!("{} changed while it was read: import it again", path.display());
        let mut bytes = vec![0; spot.bytes];
        let mut file = File::open(path).with_context(changed)?;
        file.seek(SeekFrom::Start(spot.offset)).with_context(changed)?;
        file.read_exact(&mut bytes).with_context(changed)?;
        let (imported, block) = leaf(&self.profile, bytes.into());
        if imported.cid != *cid {
            bail!(changed());
        }
        Ok(block)
    }
}

/// The next pieces of a file. Only at its end is the last one shorter than the others.
fn pieces(file: &mut File, bytes: usize, most: usize) -> std::io::Result<Vec<Bytes>> {
    let mut pieces = Vec::with_capacity(most);
    while pieces.len() < most {
        let mut piece = Vec::with_capacity(bytes);
        file.take(bytes as u64).read_to_end(&mut piece)?;
        let ended = piece.len() < bytes;
        if !piece.is_empty() {
            pieces.push(piece.into());
        }
        if ended {
            break;
        }
    }
    Ok(pieces)
}

/// Hashes pieces in parallel, and returns their leaves in order.
fn leaves(profile: &Profile, pieces: Vec<Bytes>) -> Vec<(Imported, Block)> {
    if pieces.len() < 2 {
        return pieces.into_iter().map(|piece| leaf(profile, piece)).collect();
    }
    thread::scope(|scope| {
        let workers: Vec<_> = pieces.iter().map(|piece| scope.spawn(|| leaf(profile, piece.clone()))).collect();
        // The work of a thread that panicked is done again here, where the panic is seen.
        workers
            .into_iter()
            .zip(&pieces)
            .map(|(worker, piece)| worker.join().unwrap_or_else(|_| leaf(profile, piece.clone())))
            .collect()
    })
}
