//! Content identifiers (CIDs) of every version, codec and base, and blocks whose bytes were checked against theirs.

use adit_core::content_id::sha256;
use bytes::Bytes;
use multihash::Multihash;

/// A content identifier with room for an inline block of 128 bytes.
pub type Cid = cid::CidGeneric<MAX_INLINE_BYTES>;

pub use cid::Version;

/// The codec of plain bytes.
pub const RAW: u64 = 0x55;
/// The codec of UnixFS nodes.
pub const DAG_PB: u64 = 0x70;
/// The codec of DAG-CBOR.
pub const DAG_CBOR: u64 = 0x71;

const IDENTITY: u64 = 0x00;
const SHA2_256: u64 = 0x12;
const BLAKE3: u64 = 0x1e;

/// The most bytes that an identifier may contain instead of a hash.
pub const MAX_INLINE_BYTES: usize = 128;
/// The largest block that is read or passed on, in bytes.
pub const MAX_BLOCK_BYTES: usize = 2 << 20;
/// The longest identifier that is read as text.
const MAX_TEXT_BYTES: usize = 512;

/// Why a text or bytes are not a content identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CidError {
    /// The text is too long.
    #[error("the identifier is longer than {MAX_TEXT_BYTES} characters")]
    Long,
    /// It cannot be read.
    #[error("not a content identifier: {0}")]
    Malformed(String),
}

/// Reads an identifier's text, of either version and in any base.
pub fn parse(text: &str) -> Result<Cid, CidError> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(CidError::Long);
    }
    let cid = Cid::try_from(text).map_err(malformed)?;
    // The library ignores bytes after the identifier.
    if cid.version() == Version::V0 || cid::multibase::decode(text).is_ok_and(|(_, bytes)| bytes == cid.to_bytes()) {
        return Ok(cid);
    }
    Err(CidError::Malformed("bytes follow it".into()))
}

/// Reads the identifier at the start of `bytes`, and advances `bytes` past it.
pub fn read(bytes: &mut &[u8]) -> Result<Cid, CidError> {
    Cid::read_bytes(bytes).map_err(malformed)
}

/// Reads an identifier that takes up all of `bytes`.
pub fn read_whole(mut bytes: &[u8]) -> Result<Cid, CidError> {
    let cid = read(&mut bytes)?;
    if bytes.is_empty() { Ok(cid) } else { Err(CidError::Malformed("bytes follow it".into())) }
}

fn malformed(error: cid::Error) -> CidError {
    CidError::Malformed(error.to_string())
}

/// Why bytes are not the block that an identifier names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// The block is too large.
    #[error("block {cid} has {bytes} bytes; the limit is {MAX_BLOCK_BYTES}")]
    Large {
        /// The block's identifier.
        cid: Box<Cid>,
        /// Its length in bytes.
        bytes: usize,
    },
    /// The bytes do not match the identifier.
    #[error("the bytes are not those of block {0}: they were damaged or forged on the way")]
    Mismatch(Box<Cid>),
    /// The hash is unknown, or too short to prove anything.
    #[error("block {0} is named by an unsupported or shortened hash: sha2-256, BLAKE3 and identity are supported")]
    Hash(Box<Cid>),
}

/// Bytes that hash to their identifier. There is no other way to make one.
#[derive(Clone, PartialEq, Eq)]
pub struct Block {
    cid: Cid,
    bytes: Bytes,
}

impl Block {
    /// Hashes `bytes` and compares.
    pub fn verify(cid: Cid, bytes: Bytes) -> Result<Self, BlockError> {
        if bytes.len() > MAX_BLOCK_BYTES {
            return Err(BlockError::Large { cid: Box::new(cid), bytes: bytes.len() });
        }
        let hash = cid.hash();
        let same = match (hash.code(), hash.digest().len()) {
            (SHA2_256, 32) => hash.digest() == sha256(&bytes),
            (BLAKE3, 32) => hash.digest() == blake3::hash(&bytes).as_bytes(),
            (IDENTITY, _) => hash.digest() == bytes,
            _ => return Err(BlockError::Hash(Box::new(cid))),
        };
        if same { Ok(Block { cid, bytes }) } else { Err(BlockError::Mismatch(Box::new(cid))) }
    }

    /// The block that an identifier contains instead of a hash.
    pub fn inline(cid: &Cid) -> Option<Self> {
        let hash = cid.hash();
        (hash.code() == IDENTITY).then(|| Block { cid: *cid, bytes: Bytes::copy_from_slice(hash.digest()) })
    }

    /// Names new bytes by their sha2-256. Version 0 has no codec but dag-pb.
    pub(crate) fn make(version: Version, codec: u64, bytes: Bytes) -> Self {
        // A digest of 32 bytes fits, so the fallback is never taken.
        let hash = Multihash::wrap(SHA2_256, &sha256(&bytes)).unwrap_or_default();
        let cid = match version {
            Version::V0 if codec == DAG_PB => Cid::new_v0(hash).unwrap_or_else(|_| Cid::new_v1(codec, hash)),
            _ => Cid::new_v1(codec, hash),
        };
        Block { cid, bytes }
    }

    /// The identifier that the bytes hash to.
    pub fn cid(&self) -> &Cid {
        &self.cid
    }

    /// The bytes, which hash to the identifier.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

impl std::fmt::Debug for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} bytes)", self.cid, self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inline(bytes: usize) -> String {
        let text = [&[1, 0x55, 0][..], &varint(bytes), &vec![7; bytes]].concat();
        format!("f{}", hex::encode(text))
    }

    fn varint(value: usize) -> Vec<u8> {
        if value < 0x80 { vec![value as u8] } else { vec![value as u8 | 0x80, (value >> 7) as u8] }
    }

    #[test]
    fn both_versions_are_read_and_nothing_after_them() {
        for text in [
            "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD",
            "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e",
            "bafkr4iadfwe3hd55w3s4wdrfmn5uiqocewrs5ghva5m3iphx45ofge4vga",
            "bafkqaaa",
        ] {
            let cid = parse(text).unwrap();
            assert_eq!(cid.to_string(), text);
            assert_eq!(read_whole(&cid.to_bytes()), Ok(cid));
            assert!(read_whole(&[cid.to_bytes(), vec![0]].concat()).is_err());
        }
        let hex = "f01551220b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";
        assert_eq!(parse(hex).unwrap().to_string(), "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e");
        for text in ["", "b", "Qm", "bafk", "http://x", &format!("{hex}00"), &"b".repeat(600)] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_identifier_carries_128_bytes_and_not_129() {
        assert_eq!(Block::inline(&parse(&inline(128)).unwrap()).unwrap().bytes().len(), 128);
        assert!(parse(&inline(129)).is_err());
    }

    #[test]
    fn a_block_is_only_what_its_name_says() {
        let bytes = Bytes::from_static(b"hello world");
        let good = Block::make(Version::V1, RAW, bytes.clone());
        assert_eq!(Block::verify(*good.cid(), bytes.clone()), Ok(good.clone()));
        let other = Block::verify(*good.cid(), Bytes::from_static(b"hello worlD"));
        assert_eq!(other, Err(BlockError::Mismatch(Box::new(*good.cid()))));
        // A shortened digest proves less, so it is refused, and so is an unknown hash.
        for (code, length) in [(SHA2_256, 20), (BLAKE3, 16), (0x13, 32), (0xb220, 32)] {
            let cid = Cid::new_v1(RAW, Multihash::wrap(code, &good.cid().hash().digest()[..length]).unwrap());
            assert_eq!(Block::verify(cid, bytes.clone()), Err(BlockError::Hash(Box::new(cid))));
        }
        let large = Bytes::from(vec![0; MAX_BLOCK_BYTES + 1]);
        let named = *Block::make(Version::V1, RAW, large.clone()).cid();
        assert!(matches!(Block::verify(named, large), Err(BlockError::Large { .. })));
    }
}
