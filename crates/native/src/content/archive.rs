//! A CAR on this machine: checked as a whole, then read block by block.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use adit_content::car::CarReader;
use adit_content::{Block, Cid};
use anyhow::{Context, Result, bail, ensure};

use super::source::Source;

/// How many bytes are read at once.
const PIECE_BYTES: usize = 256 << 10;
/// The most blocks of a CAR.
const MAX_BLOCKS: usize = 8 << 20;

/// A CAR in which every block matches its CID.
pub(super) struct Archive {
    path: PathBuf,
    file: File,
    roots: Vec<Cid>,
    /// Where each block's bytes begin, and how many there are.
    blocks: HashMap<Cid, (u64, usize)>,
}

impl Archive {
    /// Reads the whole CAR and checks every block.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let named = || path.display().to_string();
        let mut file = File::open(path).with_context(named)?;
        ensure!(
            file.metadata().is_ok_and(|found| found.is_file()),
            "{}: a CAR is read twice, so it must be a file",
            named()
        );
        let (mut reader, mut blocks, mut piece) = (CarReader::new(), HashMap::new(), vec![0; PIECE_BYTES]);
        loop {
            let read = file.read(&mut piece).with_context(named)?;
            if read == 0 {
                break;
            }
            reader.feed(&piece[..read]);
            while let Some(block) = reader.block().with_context(named)? {
                ensure!(blocks.len() < MAX_BLOCKS, "{}: more than {MAX_BLOCKS} blocks", named());
                let bytes = block.bytes().len();
                blocks.insert(*block.cid(), (reader.offset() - bytes as u64, bytes));
            }
        }
        let roots = reader.roots().map(<[Cid]>::to_vec).unwrap_or_default();
        reader.finish().with_context(named)?;
        Ok(Archive { path: path.to_owned(), file, roots, blocks })
    }

    /// The CAR's one root.
    pub(super) fn root(&self) -> Result<Cid> {
        match self.roots.as_slice() {
            [root] => Ok(*root),
            roots => bail!("{} has {} roots; only a CAR with one root is read", self.path.display(), roots.len()),
        }
    }
}

impl Source for Archive {
    fn missing(&self, cid: &Cid) -> String {
        format!("{} lacks block {cid}: it holds only a part of the content", self.path.display())
    }

    fn look(&mut self, cid: &Cid) -> Result<Option<Block>> {
        if let Some(block) = Block::inline(cid) {
            return Ok(Some(block));
        }
        let Some((offset, length)) = self.blocks.get(cid) else { return Ok(None) };
        let mut bytes = vec![0; *length];
        let read = self.file.seek(SeekFrom::Start(*offset)).and_then(|_| self.file.read_exact(&mut bytes));
        read.with_context(|| self.path.display().to_string())?;
        // The file may have changed since it was checked.
        let block = Block::verify(*cid, bytes.into());
        Ok(Some(block.with_context(|| format!("{} changed while it was read", self.path.display()))?))
    }
}
