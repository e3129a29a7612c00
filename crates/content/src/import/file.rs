//! A file as a balanced tree: all leaves have the same depth, and all nodes of a row but the last are full.

use bytes::{Bytes, BytesMut};

use super::{Imported, leaf, node};
use crate::cid::Block;
use crate::dag_pb::{Link, Node};
use crate::profile::Profile;
use crate::unixfs::{Kind, UnixFs};

/// Takes a file's bytes in any pieces and makes its blocks.
pub struct FileBuilder {
    profile: Profile,
    piece: BytesMut,
    layout: Layout,
}

impl FileBuilder {
    /// An empty file.
    pub fn new(profile: Profile) -> Self {
        FileBuilder { profile, piece: BytesMut::new(), layout: Layout::new(profile) }
    }

    /// Takes the next bytes, and adds the blocks that are complete to `out`.
    pub fn write(&mut self, mut bytes: &[u8], out: &mut Vec<Block>) {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(self.profile.chunk_bytes - self.piece.len()));
            self.piece.extend_from_slice(now);
            if self.piece.len() == self.profile.chunk_bytes {
                self.cut(out);
            }
            bytes = later;
        }
    }

    /// Ends the file, and adds the last blocks to `out`, the root last.
    pub fn finish(mut self, out: &mut Vec<Block>) -> Imported {
        if !self.piece.is_empty() || self.layout.is_empty() {
            self.cut(out);
        }
        self.layout.finish(out)
    }

    fn cut(&mut self, out: &mut Vec<Block>) {
        let (imported, block) = leaf(&self.profile, self.piece.split().freeze());
        out.push(block);
        self.layout.push(imported, out);
    }
}

/// Combines leaves, in order, into a file. It holds at most one node of each row.
pub struct Layout {
    profile: Profile,
    rows: Vec<Vec<Imported>>,
}

impl Layout {
    /// A file without leaves.
    pub fn new(profile: Profile) -> Self {
        Layout { profile, rows: Vec::new() }
    }

    fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Takes the next leaf, and adds the nodes that are complete to `out`.
    pub fn push(&mut self, leaf: Imported, out: &mut Vec<Block>) {
        self.push_to(0, leaf, out);
    }

    fn push_to(&mut self, row: usize, child: Imported, out: &mut Vec<Block>) {
        match self.rows.get_mut(row) {
            None => self.rows.push(vec![child]),
            // A full row becomes a node only when there is one more, because a whole file of one full row has no row above.
            Some(full) if full.len() == self.profile.width => {
                let (parent, block) = parent(&self.profile, &std::mem::replace(full, vec![child]));
                out.push(block);
                self.push_to(row + 1, parent, out);
            }
            Some(open) => open.push(child),
        }
    }

    /// Ends the file, and adds the open nodes to `out`. Without leaves, the file is empty.
    pub fn finish(mut self, out: &mut Vec<Block>) -> Imported {
        let mut row = 0;
        loop {
            let Some(open) = self.rows.get(row) else {
                let (imported, block) = leaf(&self.profile, Bytes::new());
                out.push(block);
                return imported;
            };
            match open.as_slice() {
                [only] if row + 1 == self.rows.len() => return *only,
                children => {
                    let (parent, block) = parent(&self.profile, children);
                    out.push(block);
                    self.push_to(row + 1, parent, out);
                    row += 1;
                }
            }
        }
    }
}

fn parent(profile: &Profile, children: &[Imported]) -> (Imported, Block) {
    let link = |child: &Imported| Link { cid: child.cid, name: Some(Bytes::new()), tsize: Some(child.tsize) };
    let blocksizes: Vec<u64> = children.iter().map(|child| child.size).collect();
    let size = blocksizes.iter().sum();
    let message = UnixFs { filesize: Some(size), blocksizes, ..UnixFs::new(Kind::File) };
    let links = children.iter().map(link).collect();
    let (imported, block) = node(profile, Node { links, data: Some(message.encode()) });
    (Imported { size, ..imported }, block)
}
