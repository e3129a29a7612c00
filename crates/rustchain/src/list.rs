//! An epoch's public list: each member's share, and how it follows. Anyone can recompute it, and a member its own row alone.
//!
//! A row is a leaf of an RFC 6962 tree (`adit_core::log`); the pool signs the root with the sums. A leaf is DAG-CBOR
//! `["adit/pool-share/1", epoch, member, address, score, slots, weight, share]`.

use adit_core::encoding::{Canonical, encode};
use adit_core::log::{Frontier, Hash, leaf_hash};
use adit_core::sign::{Digest, PublicKey, Signature, Statement};
use serde::{Deserialize, Serialize};

use crate::share::{self, MAX_FEE_BPS};
use crate::weight::weight;

/// The first element of a leaf.
const LEAF: &str = "adit/pool-share/1";
/// The statement's version.
pub const VERSION: u32 = 1;
/// The most rows of a list that is checked.
pub const MAX_ROWS: usize = 100_000;

/// A member's row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The member's id.
    pub member: String,
    /// The address that the device attested for.
    pub address: String,
    /// The device's score, in 1e-6.
    pub score: i64,
    /// Its counted slots.
    pub slots: i64,
    /// Its weight, in 1e-6.
    pub weight: i64,
    /// Its share, in µRTC.
    pub share: i64,
}

#[derive(Serialize)]
struct Leaf<'a>(&'a str, i64, &'a str, &'a str, i64, i64, i64, i64);

impl Canonical for Leaf<'_> {}

impl Row {
    /// The row's bytes in the log.
    pub fn leaf(&self, epoch: i64) -> Vec<u8> {
        encode(&Leaf(LEAF, epoch, &self.member, &self.address, self.score, self.slots, self.weight, self.share))
    }

    /// The row's hash in the log.
    pub fn hash(&self, epoch: i64) -> Hash {
        leaf_hash(&self.leaf(epoch))
    }
}

/// The statement about an epoch that the pool signs: `adit/pool-epoch/1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Epoch {
    /// [`VERSION`].
    pub version: u32,
    /// The pool's key.
    pub pool: PublicKey,
    /// The epoch.
    pub epoch: i64,
    /// The batch's number in the epoch. Late rewards are shared in a second batch.
    pub batch: i64,
    /// The reward before the fee, in µRTC.
    pub gross: i64,
    /// The fee, in basis points.
    pub fee_bps: i64,
    /// The fee, in µRTC.
    pub fee: i64,
    /// What stays in the pool because nobody had a weight, in µRTC.
    pub carry: i64,
    /// The sum of the weights, in 1e-6.
    pub total_weight: i64,
    /// The number of rows.
    pub members: i64,
    /// The root over the rows.
    pub root: Digest,
}

impl Canonical for Epoch {}

impl Statement for Epoch {
    const WHAT: &'static str = "pool-epoch";
}

/// An epoch's list as the pool publishes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// The sums.
    pub epoch: Epoch,
    /// The rows, sorted by member and address.
    pub rows: Vec<Row>,
    /// The pool's signature over the sums.
    pub signature: Signature,
}

/// What is wrong with a list. The fault is with the pool that published it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// The statement has another version.
    #[error("the list has version {0}, but this program checks version {VERSION}")]
    Version(u32),
    /// Too many rows.
    #[error("the list has more than {MAX_ROWS} rows")]
    TooLong,
    /// A sum is negative, or the fee is above its limit.
    #[error("the list has a negative sum, or a fee above {MAX_FEE_BPS} basis points")]
    OutOfRange,
    /// A row is a duplicate, or out of order.
    #[error("row {0} is a duplicate or out of order")]
    Order(usize),
    /// A weight does not follow from score and slots.
    #[error("row {row}: the weight is {found}, but score and slots give {expected}")]
    Weight {
        /// The row, from 0.
        row: usize,
        /// The weight in it.
        found: i64,
        /// The weight that the formula gives.
        expected: i64,
    },
    /// A share does not follow from the weights.
    #[error("row {row}: the share is {found} µRTC, but the weights give {expected}")]
    Share {
        /// The row, from 0.
        row: usize,
        /// The share in it.
        found: i64,
        /// The share that the formula gives.
        expected: i64,
    },
    /// A sum does not follow from the rows.
    #[error("{what} is {found}, but the rows give {expected}")]
    Sum {
        /// The sum's name.
        what: &'static str,
        /// The sum in the statement.
        found: i64,
        /// The sum of the rows.
        expected: i64,
    },
    /// The root is not that of the rows.
    #[error("the root is not that of the rows")]
    Root,
    /// The signature is not the pool's.
    #[error("the signature is not the pool's")]
    Signature,
    /// Another pool signed it.
    #[error("the list is signed by {found}, but you expect {expected}")]
    OtherPool {
        /// The signer.
        found: PublicKey,
        /// The key that the checker named.
        expected: PublicKey,
    },
}

/// The root over rows.
pub fn root(epoch: i64, rows: &[Row]) -> Hash {
    let mut log = Frontier::default();
    rows.iter().for_each(|row| drop(log.append(row.hash(epoch))));
    log.root()
}

/// Sorts the rows, sets their shares of a batch of an epoch's gross reward, and makes the statement.
pub fn close(
    pool: PublicKey,
    (epoch, batch): (i64, i64),
    gross: i64,
    fee_bps: i64,
    mut rows: Vec<Row>,
) -> (Epoch, Vec<Row>) {
    rows.sort_by(|a, b| (&a.member, &a.address).cmp(&(&b.member, &b.address)));
    let cut = share::cut(gross, fee_bps, &weights(&rows));
    rows.iter_mut().zip(&cut.shares).for_each(|(row, share)| row.share = *share);
    let total_weight = rows.iter().map(|row| row.weight).sum();
    let statement = Epoch {
        version: VERSION,
        pool,
        epoch,
        batch,
        gross,
        fee_bps,
        fee: cut.fee,
        carry: cut.carry,
        total_weight,
        members: rows.len() as i64,
        root: Digest(root(epoch, &rows)),
    };
    (statement, rows)
}

/// The id and the weight of each row, as [`share::cut`] wants them: equal remainders go to the lowest member, and among its
/// devices to the lowest address.
pub fn weights(rows: &[Row]) -> Vec<((&str, &str), i64)> {
    rows.iter().map(|row| ((row.member.as_str(), row.address.as_str()), row.weight)).collect()
}

impl List {
    /// Recomputes every weight and share, the sums and the root, and checks the signature. `pool` is the expected key, if the
    /// checker knows it.
    pub fn check(&self, pool: Option<&PublicKey>) -> Result<(), ListError> {
        let Epoch { version, gross, fee_bps, .. } = self.epoch;
        if version != VERSION {
            return Err(ListError::Version(version));
        }
        if self.rows.len() > MAX_ROWS {
            return Err(ListError::TooLong);
        }
        if gross < 0
            || !(0..=MAX_FEE_BPS).contains(&fee_bps)
            || self.rows.iter().any(|row| row.score < 0 || row.slots < 0)
        {
            return Err(ListError::OutOfRange);
        }
        self.check_rows()?;
        self.check_sums()?;
        if root(self.epoch.epoch, &self.rows) != self.epoch.root.0 {
            return Err(ListError::Root);
        }
        if let Some(expected) = pool.filter(|expected| **expected != self.epoch.pool) {
            return Err(ListError::OtherPool { found: self.epoch.pool, expected: *expected });
        }
        self.epoch.pool.verify(&self.epoch, &self.signature).map_err(|_| ListError::Signature)
    }

    fn check_rows(&self) -> Result<(), ListError> {
        for (index, pair) in self.rows.windows(2).enumerate() {
            if (&pair[0].member, &pair[0].address) >= (&pair[1].member, &pair[1].address) {
                return Err(ListError::Order(index + 1));
            }
        }
        for (row, given) in self.rows.iter().enumerate() {
            let expected = weight(given.score, given.slots);
            if given.weight != expected {
                return Err(ListError::Weight { row, found: given.weight, expected });
            }
        }
        Ok(())
    }

    fn check_sums(&self) -> Result<(), ListError> {
        let cut = share::cut(self.epoch.gross, self.epoch.fee_bps, &weights(&self.rows));
        for (row, (given, expected)) in self.rows.iter().zip(cut.shares).enumerate() {
            if given.share != expected {
                return Err(ListError::Share { row, found: given.share, expected });
            }
        }
        let total = self.rows.iter().map(|row| i128::from(row.weight)).sum::<i128>();
        let total = i64::try_from(total).unwrap_or(i64::MAX);
        let sums = [
            ("the fee", self.epoch.fee, cut.fee),
            ("the carry", self.epoch.carry, cut.carry),
            ("the total weight", self.epoch.total_weight, total),
            ("the number of rows", self.epoch.members, self.rows.len() as i64),
        ];
        match sums.into_iter().find(|(_, found, expected)| found != expected) {
            Some((what, found, expected)) => Err(ListError::Sum { what, found, expected }),
            None => Ok(()),
        }
    }
}
