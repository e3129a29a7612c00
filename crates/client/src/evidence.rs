//! Lets anyone check a receipt: fetches its unit, inputs and output, and checks them with the checker's own coins.

use std::collections::{BTreeMap, BTreeSet};

use adit_core::recheck::{RecheckError, recheck};
use adit_core::statement::{Method, Receipt, Verdict};
use adit_core::verify::Counterexample;
use adit_core::{Cid, Unit};
use adit_fetch::{Fetch, Reach};
use futures::stream::{self, StreamExt, TryStreamExt};

use crate::retry::{Repeat, Sleep};
use crate::{Client, ClientError};

/// Blocks that are fetched at once.
const AT_ONCE: usize = 8;

/// Where to fetch what a receipt refers to, and how much of it to load.
#[derive(Clone, Debug)]
pub struct Gather<'a> {
    /// IPFS gateways to ask for input blocks before the coordinator.
    pub gateways: &'a [String],
    /// The output, if the caller has it already.
    pub output: Option<Vec<u8>>,
    /// The most bytes of inputs and output to load.
    pub max_bytes: u64,
}

impl Default for Gather<'_> {
    fn default() -> Self {
        Gather { gateways: &[], output: None, max_bytes: u64::MAX }
    }
}

/// Everything that a receipt refers to.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The unit.
    pub unit: Unit,
    /// Its input blocks. Blocks of data at an external source may be missing.
    pub blocks: BTreeMap<Cid, Vec<u8>>,
    /// The output.
    pub output: Vec<u8>,
}

/// What a check confirmed of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// The receipt itself says that nothing was decided.
    Undecided,
    /// The output is wrong, as the receipt says.
    Wrong(Option<Counterexample>),
    /// Every product holds, with a chance of error of at most 2^-64.
    Products {
        /// Products that were checked.
        products: usize,
        /// Rows of the input.
        rows: u32,
    },
    /// Every row is within the tolerance of the product.
    Floats {
        /// Rows of the input.
        rows: u32,
        /// Rounds of the check.
        rounds: u32,
        /// The tolerance in units of the usual rounding.
        tolerance: u32,
    },
    /// The root and the leaves of every available block are right.
    Tree {
        /// Leaves of the whole tree.
        leaves: u64,
        /// Bytes of the data.
        bytes: u32,
        /// Blocks that were available.
        here: usize,
        /// Blocks of the data.
        blocks: usize,
    },
}

impl<F: Fetch, S: Sleep> Client<F, S> {
    /// Fetches the unit, inputs and output of a receipt. Unit and blocks match their names; [`Evidence::recheck`] checks the
    /// output against its digest.
    pub async fn gather(&self, receipt: &Receipt, wanted: Gather<'_>) -> Result<Evidence, ClientError> {
        let unit = self.unit(&receipt.unit).await?;
        let (bytes, most) = (unit.input_bytes().saturating_add(unit.output_bytes()), wanted.max_bytes);
        if bytes > most {
            return Err(ClientError::TooMuch { bytes, most });
        }
        let names: BTreeSet<Cid> = unit.blocks().into_iter().map(|(cid, _)| cid).collect();
        let fetched = names.into_iter().map(|cid| self.input(cid, unit.source(), wanted.gateways));
        let blocks: Vec<_> = stream::iter(fetched).buffer_unordered(AT_ONCE).try_collect().await?;
        let output = match wanted.output {
            Some(output) => output,
            None => self.output(receipt.lease).await?,
        };
        Ok(Evidence { unit, blocks: blocks.into_iter().flatten().collect(), output })
    }

    /// An input block from the first place that has it.
    async fn input(
        &self,
        cid: Cid,
        source: Option<&str>,
        gateways: &[String],
    ) -> Result<Option<(Cid, Vec<u8>)>, ClientError> {
        if let Some(source) = source {
            // The coordinator chose the source; the caller chose coordinator and gateways.
            let chosen =
                source == self.server || gateways.iter().any(|gateway| gateway.trim_end_matches('/') == source);
            let reach = if chosen { Reach::Anywhere } else { Reach::Public };
            return match self.block_from(source, reach, &cid, Repeat::Harmless).await {
                Ok(bytes) => Ok(Some((cid, bytes))),
                Err(error @ ClientError::NotPublic(_)) => Err(error),
                // Any other failure leaves the block missing: whether the source has it may be the unit's question.
                Err(_) => Ok(None),
            };
        }
        for gateway in gateways {
            // A gateway is not retried: the next one or the coordinator has the block too.
            if let Ok(bytes) = self.block_from(gateway, Reach::Anywhere, &cid, Repeat::Never).await {
                return Ok(Some((cid, bytes)));
            }
        }
        Ok(Some((cid, self.block(&cid).await?)))
    }
}

impl Evidence {
    /// Checks the output against the inputs, and both against the receipt. `seed` is fresh randomness that nobody else knows.
    pub fn recheck(&self, receipt: &Receipt, seed: &[u8; 32]) -> Result<Confirmed, RecheckError> {
        recheck(receipt, &self.unit, |cid| self.blocks.get(cid).map(Vec::as_slice), &self.output, seed)?;
        Ok(match receipt.verdict {
            Verdict::Inconclusive => Confirmed::Undecided,
            Verdict::Invalid => Confirmed::Wrong(receipt.counterexample),
            Verdict::Valid | Verdict::TooLate => self.held(),
        })
    }

    fn held(&self) -> Confirmed {
        let (input, products) = (self.unit.input(), self.unit.weights().len());
        let rows = input.rows;
        match self.unit.method(1).0 {
            Method::Sampled { of, .. } => {
                let here = input.panels.iter().filter(|cid| self.blocks.contains_key(cid)).count();
                Confirmed::Tree { leaves: of, bytes: rows, here, blocks: input.panels.len() }
            }
            Method::Statistical { rounds, tolerance } => Confirmed::Floats { rows, rounds, tolerance },
            Method::Freivalds | Method::Recomputed => Confirmed::Products { products, rows },
        }
    }
}
