//! `store/1`: chunks of the replicas that a miner holds, drawn in secret, with the paths that prove them.
//!
//! A *replica* is a piece of content under a stream cipher whose key only the coordinator can derive ([`replica`]), named by its
//! BLAKE3 CID. A challenge draws [`DRAWS`] chunks of 1,024 bytes over all replicas of one miner, and the answer gives each chunk
//! with the BLAKE3 chaining values that lead to its replica's root ([`tree`]). All of them must hold: the check needs the
//! roots and nothing else.
//!
//! With T chunks in all replicas and j from 0, x_j is the first 8 bytes, big-endian, of
//! SHA-256(`adit/challenge/1` ‖ 0x00 ‖ seed ‖ j as u32 little-endian), and the position p_j = ⌊x_j · T / 2^64⌋ counts chunks through
//! the replicas in order.
//!
//! No lane computes it, so it is not among [`Kind::ALL`](super::Kind::ALL) and no [`Unit`](crate::Unit): it is due in seconds, a
//! late answer is never paid, and nobody else can be asked.

pub mod holdings;
#[cfg(feature = "replica")]
pub mod replica;
pub mod score;
pub mod tree;

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::facts::{Facts, Primitive, ResultForm};
use crate::amount::Amount;
use crate::content_id::Cid;
use crate::encoding::{self, Canonical, DecodeError};
use crate::task_type::TaskType;
use crate::verify::method::Method;

pub use holdings::{Holding, Holdings, MAX_REPLICA_BYTES, MAX_REPLICAS};
use tree::{CHUNK_BYTES, Path};

/// Chunks of one challenge.
pub const DRAWS: u32 = 64;
/// How often a holder is asked, in ms.
pub const WINDOW_MS: u64 = 3_600_000;
/// The longest answer that anyone accepts, in bytes: 64 chunks of the largest replica take 94,208.
pub const MAX_ANSWER_BYTES: u64 = 100_000;

/// One nano-NNET holds a MiB for about a second.
pub(crate) const FACTS: Facts = Facts {
    name: "store/1",
    work_unit: "MiB-seconds",
    primitive: Primitive::Holding,
    price: Amount::from_nano(1_000_000),
    first_work: 0,
    slowest: 1,
    max_rows: 0,
    task_type: TaskType::DataValidation,
    other_task_types: &[],
    summary: "Sealed replicas held and proven",
    result: ResultForm::Report,
};

/// A challenge, encoded as units are: under its kind's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum StoreUnit {
    /// The first version.
    #[serde(rename = "store/1")]
    V1(Store),
}

/// What one challenge asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// The CID of the [`Holdings`].
    pub holdings: Cid,
    /// Chunks to draw.
    pub s: u32,
    /// The seed that draws them, 64 hex digits in JSON.
    #[serde(with = "seed")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub seed: [u8; 32],
    /// How long a passed challenge stands for, in ms.
    pub window_ms: u64,
}

impl Canonical for StoreUnit {}

impl StoreUnit {
    /// The unit that `bytes` spell canonically.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        encoding::decode(bytes)
    }

    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        encoding::encode(self)
    }

    /// The unit's id.
    pub fn cid(&self) -> Cid {
        encoding::cid_of(self)
    }

    /// The challenge.
    pub fn challenge(&self) -> &Store {
        let StoreUnit::V1(store) = self;
        store
    }
}

/// Why an answer proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// The list of replicas is not the one that the challenge names.
    #[error("the replicas are not those of the challenge")]
    OtherHoldings,
    /// The answer has another length than the chunks and paths that were drawn.
    #[error("the answer has the wrong length")]
    Length,
    /// A chunk does not lead to its replica's root.
    #[error("draw {0} does not lead to its replica's root")]
    Draw(u32),
}

impl Store {
    /// The drawn positions among `chunks` chunks.
    pub fn positions(&self, chunks: u64) -> impl Iterator<Item = u64> {
        let seed = self.seed;
        (0..self.s).map(move |draw| position(&seed, draw, chunks))
    }

    /// The exact length of the answer in bytes.
    pub fn answer_bytes(&self, holdings: &Holdings) -> u64 {
        let drawn = self.positions(holdings.chunks()).filter_map(|position| holdings.find(position));
        drawn.map(|(holding, chunk)| Path::of(holding.length, chunk).answer_bytes()).sum()
    }

    /// Checks an answer: every chunk against its replica's root, all or nothing.
    pub fn check(&self, holdings: &Holdings, answer: &[u8]) -> Result<(), Unproven> {
        if encoding::cid_of(holdings) != self.holdings || !holdings.are_valid() {
            return Err(Unproven::OtherHoldings);
        }
        let mut rest = answer;
        for (draw, position) in (0..).zip(self.positions(holdings.chunks())) {
            let (holding, chunk) = holdings.find(position).ok_or(Unproven::OtherHoldings)?;
            let path = Path::of(holding.length, chunk);
            let (opening, others) = rest.split_at_checked(path.answer_bytes() as usize).ok_or(Unproven::Length)?;
            if !path.leads_to(holding.root.digest(), opening) {
                return Err(Unproven::Draw(draw));
            }
            rest = others;
        }
        if rest.is_empty() { Ok(()) } else { Err(Unproven::Length) }
    }

    /// How it is checked.
    pub fn method(&self, holdings: &Holdings) -> Method {
        Method::Sampled { sampled: u64::from(self.s), of: holdings.chunks() }
    }
}

/// ⌊x_j · T / 2^64⌋. Its bias is below T / 2^64.
fn position(seed: &[u8; 32], draw: u32, chunks: u64) -> u64 {
    let hash = Sha256::new().chain_update(b"adit/challenge/1\0").chain_update(seed).chain_update(draw.to_le_bytes());
    let digest: [u8; 32] = hash.finalize().into();
    let [a, b, c, d, e, f, g, h, ..] = digest;
    let x = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
    ((u128::from(x) * u128::from(chunks)) >> 64) as u64
}

/// What it is worth to have held `bytes` for a window: ⌊bytes · seconds / 2^20⌋ MiB-seconds.
///
/// ```
/// use adit_core::kind::store::{WINDOW_MS, work};
/// use adit_core::{reward::base_reward, Kind};
/// assert_eq!(work(16 << 20, WINDOW_MS), 57_600);
/// assert_eq!(base_reward(Kind::Store, work(1 << 30, WINDOW_MS)).nano(), 3_515_625);
/// ```
pub fn work(bytes: u64, window_ms: u64) -> u64 {
    let work = u128::from(bytes) * u128::from(window_ms) / (1_000 << 20);
    u64::try_from(work).unwrap_or(u64::MAX)
}

/// The most that can be missing after `draws` draws in a row that held, in parts per million, said with an error of 2^-20:
/// ⌈20 · ln 2 · 10^6 / draws⌉. A miner that lacks the fraction f passes with (1 − f)^draws ≤ e^(−f·draws).
///
/// ```
/// use adit_core::kind::store::missing_at_most_ppm;
/// assert_eq!([0, 64, 1_536, 46_080].map(missing_at_most_ppm), [1_000_000, 216_609, 9_026, 301]);
/// ```
pub const fn missing_at_most_ppm(draws: u64) -> u32 {
    const TWENTY_LN_2_PPM: u64 = 13_862_944;
    if draws == 0 {
        return 1_000_000;
    }
    let ppm = TWENTY_LN_2_PPM.div_ceil(draws);
    if ppm < 1_000_000 { ppm as u32 } else { 1_000_000 }
}

/// The size of a drawn chunk.
pub const fn chunk_bytes() -> u64 {
    CHUNK_BYTES
}

mod seed {
    use alloc::string::String;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(seed: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&hex::encode(seed))
        } else {
            serializer.serialize_bytes(seed)
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
        let bytes = if deserializer.is_human_readable() {
            hex::decode(String::deserialize(deserializer)?).map_err(de::Error::custom)?
        } else {
            serde_bytes::ByteBuf::deserialize(deserializer)?.into_vec()
        };
        bytes.try_into().map_err(|_| de::Error::custom("a seed has 32 bytes"))
    }
}

#[cfg(test)]
mod tests;
