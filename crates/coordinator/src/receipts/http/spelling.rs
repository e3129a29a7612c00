//! The names under which blocks are asked for at a gateway.
//!
//! Inside Adit a block has one name. Others spell it in any base of the multibase table, as version 0, or with the codec
//! of what is in it. A block is found by its hash, so all of these name the same bytes.

use adit_core::Cid;
use cid::Version;
use cid::multibase;

/// The longest name. A sha2-256 block has 46 to 300 characters, depending on the base.
const LONGEST: usize = 512;
/// Codec and hash functions of the multiformats table.
const RAW: u64 = 0x55;
const IDENTITY: u64 = 0x00;
const SHA2_256: u64 = 0x12;

/// What a content identifier asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// The block of this name, raw and sha2-256.
    Block(Cid),
    /// The bytes that the identifier itself holds, as its digest.
    Inline(Cid),
    /// Content of another hash function, which no coordinator stores as a block.
    Foreign,
}

/// What `text` asks for; `None` if it is not a content identifier.
pub(super) fn named(text: &str) -> Option<Named> {
    // The parser also takes a path, and would look for the identifier in it.
    if text.len() > LONGEST || text.contains('/') {
        return None;
    }
    let found = cid::Cid::try_from(text).ok()?;
    // The parser lets bytes follow the digest, and a version 0 in another base than its own.
    let is_whole = || multibase::decode(text).is_ok_and(|(_, bytes)| bytes == found.to_bytes());
    let is_spelled_right = match found.version() {
        Version::V0 => Version::is_v0_str(text),
        Version::V1 => is_whole(),
    };
    if !is_spelled_right {
        return None;
    }
    let our_name = |codec| cid::Cid::new_v1(codec, *found.hash()).to_string().parse().ok();
    match (found.hash().code(), found.hash().size()) {
        (SHA2_256, 32) => our_name(RAW).map(Named::Block),
        (IDENTITY, _) => our_name(found.codec()).map(Named::Inline),
        _ => Some(Named::Foreign),
    }
}

#[cfg(test)]
mod tests {
    use adit_core::content_id::{block_cid, output_cid};
    use cid::multibase::Base;

    use super::*;

    /// "hello world", encoded by another program: raw, then as dag-pb and dag-cbor, then version 0.
    #[test]
    fn one_block_has_many_names() {
        let cid = block_cid(b"hello world");
        for name in [
            "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e",
            "BAFKREIFZJUT3TE2NHYEKKLSS27NH3K72YSCO7Y32KOAO5EEI66WOF36N5E",
            "f01551220b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9",
            "F01551220B94D27B9934D3E08A52E52D7DA7DABFAC484EFE37A5380EE9088F7ACE2EFCDE9",
            "k2cwued9o1pvrt3q271rrqbo49x30tbxwpoeaq75z14e5ui2rzygpbe1",
            "zb2rhj7crUKTQYRGCRATFaQ6YFLTde2YzdqbbhAASkL9uRDXn",
            "uAVUSILlNJ7mTTT4IpS5S19p9q_rEhO_jelOA7pCI96zi783p",
            "bafybeifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e",
            "k2jmtxvzdh31wdobmmkk6r1ort6878dnwbztw7afic4arrehud5eg4q1",
            "zdj7WhuEjrB52m1BisYCtmjH1hSKa7yZ3jEZ9JcXaFRD51wVz",
            "bafyreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e",
            "QmaozNR7DZHQK1ZcU9p7QdrshMvXqWK6gpu5rmrkPdT3L4",
        ] {
            assert_eq!(named(name), Some(Named::Block(cid)), "{name}");
        }
    }

    #[test]
    fn an_identifier_may_hold_its_bytes() {
        let Some(Named::Inline(empty)) = named("bafkqaaa") else { panic!("the probe of gateways") };
        assert_eq!((empty.digest(), empty.to_string().as_str()), (&[][..], "bafkqaaa"));
        let Some(Named::Inline(hello)) = named("bafkqabtimvwgy3yk") else { panic!() };
        assert_eq!(hello.digest(), b"hello\n");
    }

    #[test]
    fn other_hashes_are_foreign_and_other_texts_are_no_names() {
        assert_eq!(named(&output_cid([7; 32]).to_string()), Some(Named::Foreign));
        let cid = block_cid(b"block").to_string();
        let longer = multibase::encode(Base::Base16Lower, [&block_cid(b"block").to_bytes()[..], &[0]].concat());
        let v0 = "QmaozNR7DZHQK1ZcU9p7QdrshMvXqWK6gpu5rmrkPdT3L4";
        for text in [
            "",
            "b",
            "z",
            "..",
            "../admin.token",
            "index.html",
            &cid[1..],
            &format!("{cid}a"),
            &cid[..cid.len() - 1],
            &format!("/ipfs/{cid}"),
            &format!("{cid}/x"),
            &v0[1..],
            &longer,
            // Version 0 has one base.
            "bciqlstjhxgju2pqiuuxffv62pwv7vree57rxuu4a52iir55m4lx432i",
            &"f".repeat(513),
            &format!("z{}", "1".repeat(100_000)),
            "ñ",
        ] {
            assert_eq!(named(text), None, "{text}");
        }
    }
}
