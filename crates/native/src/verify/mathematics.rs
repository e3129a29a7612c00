//! The mathematics of a receipt, with the unit, its inputs and the output from wherever they are to be had.

use std::collections::{BTreeMap, BTreeSet};

use adit_core::content_id::{MAX_BLOCK_BYTES, block_matches};
use adit_core::recheck::recheck;
use adit_core::statement::{Method, Receipt, Verdict};
use adit_core::unit::MAX_OUTPUT_BYTES;
use adit_core::{Cid, Unit};
use adit_protocol::paths::{self, with};
use anyhow::{Context, Result};
use futures::stream::{self, StreamExt, TryStreamExt};

use crate::http::{self, Http};
use crate::report::Finding;

const ABOUT: &str = "mathematics";
/// The largest encoding of a unit.
const MAX_UNIT_BYTES: usize = 8 << 20;
/// Blocks that are asked for at once.
const AT_ONCE: usize = 8;

/// Fetches everything, holds it against its digests, and checks the output with coins drawn here.
pub(super) async fn look(http: &Http, server: &str, gateways: &[String], receipt: &Receipt) -> Finding {
    let (unit, blocks, output) = match gather(http, server, gateways, receipt).await {
        Ok(gathered) => gathered,
        Err(error) => {
            let advice = "outputs are stored for a while only; --offline looks at the receipt alone";
            return Finding::failed(ABOUT, format!("could not be looked at: {error:#}")).advise(advice);
        }
    };
    let mut seed = [0; 32];
    if let Err(error) = getrandom::fill(&mut seed) {
        return Finding::failed(ABOUT, format!("the operating system gives no random bytes: {error}"));
    }
    let checked = recheck(receipt, &unit, |cid| blocks.get(cid).map(Vec::as_slice), &output, &seed);
    match (checked, receipt.verdict) {
        (Err(error), _) => Finding::failed(ABOUT, error.to_string()),
        (Ok(()), Verdict::Inconclusive) => Finding::skipped(ABOUT, "the receipt itself says that nothing was decided"),
        (Ok(()), Verdict::Invalid) => match receipt.counterexample {
            Some(e) => Finding::ok(
                ABOUT,
                format!(
                    "the output is wrong: product {} has {} at ({}, {}), {} is right",
                    e.tensor, e.got, e.i, e.j, e.want
                ),
            ),
            None => Finding::ok(ABOUT, "the output is wrong"),
        },
        (Ok(()), _) => Finding::ok(ABOUT, held(&unit, &blocks)),
    }
}

/// What was found to hold, and how surely.
fn held(unit: &Unit, blocks: &BTreeMap<Cid, Vec<u8>>) -> String {
    let here = unit.input().panels.iter().filter(|cid| blocks.contains_key(cid)).count();
    let (rows, all) = (unit.input().rows, unit.input().panels.len());
    match unit.method(1).0 {
        Method::Sampled { .. } if here < all => format!(
            "the root, and the leaves of the {here} of {all} blocks that are to be had, hashed again here; whether the others \
             were missing then nobody can tell now"
        ),
        Method::Sampled { of, .. } => {
            format!("all {of} leaves and the root over them are those of the blocks at hand, hashed again here")
        }
        Method::Statistical { rounds, tolerance } => format!(
            "{rows} rows are within {tolerance} times the rounding that is usual, under coins drawn just now: a row that is \
             off by κ times as much passes with a chance of at most (0.8/κ)^{rounds}"
        ),
        Method::Freivalds | Method::Recomputed => format!(
            "{} products over {rows} rows hold under coins drawn just now: a wrong output passes with a chance of at most 2^-64",
            unit.weights().len()
        ),
    }
}

type Gathered = (Unit, BTreeMap<Cid, Vec<u8>>, Vec<u8>);

async fn gather(http: &Http, server: &str, gateways: &[String], receipt: &Receipt) -> Result<Gathered> {
    let url = format!("{server}{}", with(paths::UNIT, &receipt.unit.to_string()));
    let unit = http::get_bytes(http, &url, MAX_UNIT_BYTES).await?;
    let unit = Unit::from_bytes(&unit).with_context(|| format!("{url} gives no unit"))?;
    let wanted: BTreeSet<Cid> = unit.blocks().into_iter().map(|(cid, _)| cid).collect();
    let source = unit.source();
    let fetched = wanted.into_iter().map(|cid| async move {
        match source {
            // What the source does not give is what the unit may have asked about.
            Some(source) => Ok(block(http, source, &[], cid).await.ok()),
            None => block(http, server, gateways, cid).await.map(Some),
        }
    });
    let blocks: Vec<_> = stream::iter(fetched).buffer_unordered(AT_ONCE).try_collect().await?;
    let blocks = blocks.into_iter().flatten().collect();
    let url = format!("{server}{}", with(paths::OUTPUT, &receipt.lease.to_string()));
    let output = http::get_bytes(http, &url, MAX_OUTPUT_BYTES as usize).await?;
    Ok((unit, blocks, output))
}

/// A block from the first source that has it.
async fn block(http: &Http, server: &str, gateways: &[String], cid: Cid) -> Result<(Cid, Vec<u8>)> {
    let mut failed = anyhow::anyhow!("there is nobody to ask for block {cid}");
    for source in gateways.iter().map(|gateway| gateway.trim_end_matches('/')).chain([server]) {
        let url = format!("{source}{}?format=raw", with(paths::BLOCK, &cid.to_string()));
        match http::get_bytes(http, &url, MAX_BLOCK_BYTES).await {
            Ok(bytes) if block_matches(&cid, &bytes) => return Ok((cid, bytes)),
            Ok(_) => failed = anyhow::anyhow!("{url} gives other bytes than the name says"),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}
