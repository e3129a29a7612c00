//! CAR, version 1: a sequence of blocks. Specification: <https://ipld.io/specs/transport/car/carv1/>.
//!
//! The reader takes bytes in any pieces and hashes every block before it passes it on; it holds at most one section. No
//! published crate does both without tying itself to a runtime.

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use crate::cid::{self, Block, BlockError, Cid, CidError, MAX_BLOCK_BYTES, MAX_INLINE_BYTES};
use crate::protobuf::put_varint;

/// The largest header, in bytes: room for more than a thousand roots.
pub const MAX_HEADER_BYTES: usize = 64 << 10;
/// The largest section: an identifier and a block.
const MAX_SECTION_BYTES: usize = MAX_BLOCK_BYTES + MAX_INLINE_BYTES + 32;
/// The most bytes of the varint that holds a length; they hold up to 2^35.
const MAX_VARINT_BYTES: usize = 5;

/// How a header begins in CBOR: a map of one field in version 2, of two in version 1.
const MAPS: [u8; 2] = [0xa1, 0xa2];

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    roots: Vec<Cid>,
    version: u64,
}

/// Why bytes are not a CAR.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CarError {
    /// The bytes end before the CAR does.
    #[error("the CAR is truncated")]
    Truncated,
    /// A length is not terminated.
    #[error("a length in the CAR is not terminated")]
    Varint,
    /// A length is not in its shortest form.
    #[error("a length in the CAR is not written in its shortest form")]
    Padded,
    /// There is padding between blocks.
    #[error("the CAR holds an empty section: it is padded or damaged")]
    Empty,
    /// A section is too large.
    #[error("a section of the CAR has {0} bytes; the limit is {max}", max = MAX_SECTION_BYTES)]
    Large(u64),
    /// The header cannot be read.
    #[error("this is not a CAR: its header cannot be read")]
    Header,
    /// It is a CAR of another version.
    #[error("this is a CAR of version {0}; only version 1 is supported")]
    Version(u64),
    /// A block's identifier cannot be read.
    #[error("a block of the CAR: {0}")]
    Cid(#[from] CidError),
    /// A block is not what its identifier says.
    #[error(transparent)]
    Block(#[from] BlockError),
}

/// A CAR's first bytes.
pub fn header(roots: &[Cid]) -> Bytes {
    let header = Header { roots: roots.to_vec(), version: 1 };
    // Identifiers and a number always have an encoding.
    let header = serde_ipld_dagcbor::to_vec(&header).unwrap_or_default();
    let mut out = Vec::with_capacity(header.len() + MAX_VARINT_BYTES);
    put_varint(&mut out, header.len() as u64);
    out.extend_from_slice(&header);
    out.into()
}

/// The bytes of a section before its block's bytes: their length and the identifier.
pub fn section(block: &Block) -> Bytes {
    let cid = block.cid().to_bytes();
    let mut out = Vec::with_capacity(cid.len() + MAX_VARINT_BYTES);
    put_varint(&mut out, (cid.len() + block.bytes().len()) as u64);
    out.extend_from_slice(&cid);
    out.into()
}

/// Reads a CAR.
#[derive(Default)]
pub struct CarReader {
    buffer: BytesMut,
    roots: Option<Vec<Cid>>,
    read: u64,
}

impl CarReader {
    /// At the start of a CAR.
    pub fn new() -> Self {
        CarReader::default()
    }

    /// Takes the next bytes. Call [`CarReader::block`] until it returns nothing before the next call.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The roots, once the header was read.
    pub fn roots(&self) -> Option<&[Cid]> {
        self.roots.as_deref()
    }

    /// The offset of the next section, in bytes.
    pub fn offset(&self) -> u64 {
        self.read
    }

    /// The next block; `None` if more bytes are needed.
    pub fn block(&mut self) -> Result<Option<Block>, CarError> {
        if self.roots.is_none() {
            let Some(header) = self.take(MAX_HEADER_BYTES)? else { return Ok(None) };
            self.roots = Some(roots(&header)?);
        }
        let Some(section) = self.take(MAX_SECTION_BYTES)? else { return Ok(None) };
        let mut rest = section.as_ref();
        let cid = cid::read(&mut rest)?;
        let bytes = section.slice(section.len() - rest.len()..);
        Ok(Some(Block::verify(cid, bytes)?))
    }

    /// Ends the CAR; fails if it is incomplete.
    pub fn finish(self) -> Result<(), CarError> {
        if self.roots.is_some() && self.buffer.is_empty() { Ok(()) } else { Err(CarError::Truncated) }
    }

    /// The next section without its length, if all of it is there.
    fn take(&mut self, max: usize) -> Result<Option<Bytes>, CarError> {
        let Some((length, before)) = length(&self.buffer)? else { return Ok(None) };
        if length == 0 {
            return Err(CarError::Empty);
        }
        if length > max as u64 {
            return Err(if self.roots.is_none() { CarError::Header } else { CarError::Large(length) });
        }
        // Refuses a page of HTML at once, instead of taking its first letter for a length and waiting for that many bytes.
        if self.roots.is_none() && self.buffer.get(before).is_some_and(|byte| !MAPS.contains(byte)) {
            return Err(CarError::Header);
        }
        let whole = before + length as usize;
        if self.buffer.len() < whole {
            return Ok(None);
        }
        self.read += whole as u64;
        Ok(Some(self.buffer.split_to(whole).freeze().slice(before..)))
    }
}

/// A length, and the number of bytes that encode it; `None` if it continues beyond `bytes`.
fn length(bytes: &[u8]) -> Result<Option<(u64, usize)>, CarError> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(MAX_VARINT_BYTES).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if *byte < 0x80 {
            return if *byte == 0 && index > 0 { Err(CarError::Padded) } else { Ok(Some((value, index + 1))) };
        }
    }
    if bytes.len() < MAX_VARINT_BYTES { Ok(None) } else { Err(CarError::Varint) }
}

fn roots(header: &[u8]) -> Result<Vec<Cid>, CarError> {
    #[derive(Deserialize)]
    struct Any {
        version: u64,
    }
    let version = serde_ipld_dagcbor::from_slice::<Any>(header).map_err(|_| CarError::Header)?.version;
    if version != 1 {
        return Err(CarError::Version(version));
    }
    serde_ipld_dagcbor::from_slice::<Header>(header).map(|header| header.roots).map_err(|_| CarError::Header)
}
