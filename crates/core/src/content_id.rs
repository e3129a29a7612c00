//! Content identifiers (CIDs): the names of blocks, outputs and statements.
//!
//! Inputs are raw sha2-256 blocks, so that any IPFS gateway can serve them; bulk outputs are named by BLAKE3, because
//! hashing must not cost more than checking; statements are DAG-CBOR with sha2-256. The codes are those of the multiformats table.

use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

use data_encoding::BASE32_NOPAD;
use multihash::Multihash;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};

/// A content identifier, version 1. JSON carries it as base32 text, DAG-CBOR as a link.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cid(cid::Cid);

impl Cid {
    /// The identifier in its binary form.
    pub fn to_bytes(&self) -> alloc::vec::Vec<u8> {
        self.0.to_bytes()
    }

    /// The digest of the content, without the prefix.
    pub fn digest(&self) -> &[u8] {
        self.0.hash().digest()
    }
}

/// The multibase prefix of lower-case base32 without padding. Other bases would only make the browser's download larger.
const BASE32: char = 'b';

impl fmt::Display for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{BASE32}{}", BASE32_NOPAD.encode(&self.0.to_bytes()).to_ascii_lowercase())
    }
}

impl fmt::Debug for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The text is not a version 1 content identifier in base32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a version 1 content identifier in base32")]
pub struct ParseCidError;

impl FromStr for Cid {
    type Err = ParseCidError;
    fn from_str(text: &str) -> Result<Self, ParseCidError> {
        // Only one spelling: another base or upper case would name the same content twice.
        let digits = text.strip_prefix(BASE32).filter(|digits| !digits.bytes().any(|byte| byte.is_ascii_uppercase()));
        let digits = digits.ok_or(ParseCidError)?.to_ascii_uppercase();
        let bytes = BASE32_NOPAD.decode(digits.as_bytes()).map_err(|_| ParseCidError)?;
        let cid = cid::Cid::try_from(bytes).map_err(|_| ParseCidError)?;
        let same = cid.version() == cid::Version::V1 && Cid(cid).to_string() == text;
        if same { Ok(Cid(cid)) } else { Err(ParseCidError) }
    }
}

impl Serialize for Cid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { self.0.serialize(serializer) }
    }
}

impl<'de> Deserialize<'de> for Cid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
        } else {
            // Version 0 has no base32 text, so a signed statement could not be shown.
            let cid = cid::Cid::deserialize(deserializer)?;
            if cid.version() == cid::Version::V1 { Ok(Cid(cid)) } else { Err(de::Error::custom(ParseCidError)) }
        }
    }
}

const RAW: u64 = 0x55;
const DAG_CBOR: u64 = 0x71;
const SHA2_256: u64 = 0x12;
const BLAKE3: u64 = 0x1e;

/// The largest input block, in bytes: every IPFS implementation transfers blocks of this size.
pub const MAX_BLOCK_BYTES: usize = 1 << 20;

/// SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The CID of an input block.
pub fn block_cid(bytes: &[u8]) -> Cid {
    cid_v1(RAW, SHA2_256, sha256(bytes))
}

/// The CID of an encoded unit or statement.
pub fn cbor_cid(bytes: &[u8]) -> Cid {
    cid_v1(DAG_CBOR, SHA2_256, sha256(bytes))
}

/// The CID of an output, from its BLAKE3 digest.
pub fn output_cid(digest: [u8; 32]) -> Cid {
    cid_v1(RAW, BLAKE3, digest)
}

/// Whether `cid` names `bytes`; false for a hash or codec that Adit does not use for blocks.
pub fn block_matches(cid: &Cid, bytes: &[u8]) -> bool {
    bytes.len() <= MAX_BLOCK_BYTES && *cid == block_cid(bytes)
}

/// Whether `cid` has the form of an input block's CID: version 1, raw, sha2-256.
pub fn is_block_cid(cid: &Cid) -> bool {
    let cid = &cid.0;
    let sha2_256 = cid.hash().code() == SHA2_256 && cid.hash().size() == 32;
    cid.version() == cid::Version::V1 && cid.codec() == RAW && sha2_256
}

fn cid_v1(codec: u64, hash: u64, digest: [u8; 32]) -> Cid {
    // A 32-byte digest always fits the 64-byte multihash, so the fallback is never taken.
    Cid(cid::Cid::new_v1(codec, Multihash::wrap(hash, &digest).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cids_match_those_of_ipfs() {
        // Base32 of 01 55 12 20 ‖ SHA-256 for an empty block and for "hello world", computed by another program.
        assert_eq!(block_cid(b"").to_string(), "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku");
        assert_eq!(
            block_cid(b"hello world").to_string(),
            "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
        );
    }

    #[test]
    fn a_cid_matches_only_the_bytes_it_names() {
        let cid = block_cid(b"panel");
        assert!(block_matches(&cid, b"panel"));
        assert!(!block_matches(&cid, b"pane1"));
        assert!(!block_matches(&output_cid(sha256(b"panel")), b"panel"));
    }

    #[test]
    fn only_one_spelling_is_accepted() {
        let cid = block_cid(b"panel");
        assert_eq!(cid.to_string().parse(), Ok(cid));
        let v0 = "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n";
        for text in ["", "b", &cid.to_string().to_uppercase(), v0] {
            assert_eq!(text.parse::<Cid>(), Err(ParseCidError), "{text}");
        }
    }

    #[test]
    fn version_0_is_refused_in_dag_cbor() {
        let cid = block_cid(b"panel");
        let encoded = crate::encoding::encode(&cid);
        assert_eq!(crate::encoding::decode(&encoded), Ok(cid));
        // Tag 42, then 35 bytes: the prefix 0 and a bare multihash.
        let version_0 = [&[0xd8, 0x2a, 0x58, 35, 0, 0x12, 0x20][..], cid.digest()].concat();
        assert!(crate::encoding::decode::<Cid>(&version_0).is_err());
    }
}
