//! Prints the JSON schemas of everything that a page receives, the miner's notices and the coordinator's answers, and the
//! paths that a coordinator serves. `cargo xtask wire` turns both into TypeScript.

use adit_miner::notice::Notice;
use adit_miner::rules::{Break, Decision, Facts, Rules};
use adit_protocol::jobs::{Estimate, FileInfo, JobList, JobRequest};
use adit_protocol::neonet::{ContributorResponse, Leaderboard};
use adit_protocol::records::{Activity, EpochList, Health, LedgerTotals, MinerList, Overview, ReceiptList};
use adit_protocol::statistics::{Earnings, SignedName, Statistics};
use utoipa::OpenApi;

/// The types whose schemas are printed; schemas that they refer to are included.
#[derive(OpenApi)]
#[openapi(components(schemas(
    Activity,
    Break,
    ContributorResponse,
    Decision,
    Earnings,
    EpochList,
    Estimate,
    Facts,
    FileInfo,
    Health,
    JobList,
    JobRequest,
    Leaderboard,
    LedgerTotals,
    MinerList,
    Notice,
    Overview,
    ReceiptList,
    Rules,
    SignedName,
    Statistics,
)))]
struct Wire;

fn main() -> Result<(), serde_json::Error> {
    let components = Wire::openapi().components.unwrap_or_default();
    println!("{}", serde_json::to_string(&(components.schemas, adit_protocol::paths::ALL))?);
    Ok(())
}
