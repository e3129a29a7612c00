//! The API's description: OpenAPI 3.1 of every call, from the types that the handlers use.

mod call;

use std::sync::LazyLock;

use adit_core::sign::Digest;
use adit_core::statement::ProvenReceipt;
use adit_core::{Cid, PublicKey, Signature};
use adit_protocol::jobs::{Estimate, FileInfo, JobList, JobRequest, JobView};
use adit_protocol::mining::Delivered;
use adit_protocol::neonet::*;
use adit_protocol::paths;
use adit_protocol::records::*;
use axum::Json;
use utoipa::openapi::HttpMethod::{Delete, Get, Post, Put};
use utoipa::openapi::{InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder};

use call::Call;

pub(super) async fn document() -> Json<&'static OpenApi> {
    static DOCUMENT: LazyLock<OpenApi> = LazyLock::new(describe);
    Json(&DOCUMENT)
}

fn describe() -> OpenApi {
    let license = LicenseBuilder::new().name("MIT OR Apache-2.0").build();
    let info = InfoBuilder::new().title("Adit coordinator").version(env!("CARGO_PKG_VERSION")).license(Some(license));
    let info = info.description(Some(
        "Jobs are cut into units, leased to miners, verified on delivery and paid for. Amounts are decimal strings of \
         NNET except in the calls of NeoNet, whose clients expect numbers. Every error has a stable code.",
    ));
    let (paths, components) =
        call::put_together([neonet(), mining(), jobs(), records()].into_iter().flatten().collect());
    OpenApiBuilder::new().info(info.build()).paths(paths).components(Some(components)).build()
}

/// The original's calls.
fn neonet() -> Vec<Call> {
    let call = |method, path, summary| Call::new(method, path, "neonet", summary);
    let session = "The session's id: with it, the task is leased and paid.";
    vec![
        call(Post, paths::REGISTER, "Registers a contributor; with a key, asks for a challenge.")
            .takes::<RegisterRequest>()
            .gives::<RegisterResponse>("New, or registered before (`success` false)."),
        call(Post, paths::START_SESSION, "Opens a session; with a key, by a signed statement.")
            .takes::<StartSessionRequest>()
            .gives::<StartSessionResponse>("New, or open before (`success` false)."),
        call(Get, paths::TASK, "A lane's task: the one that it has, or another.")
            .query::<u32>("lane", "The lane's number, from 0.")
            .header::<String>(paths::SESSION_HEADER, session)
            .gives::<Task>("The task.")
            .or_nothing("There is no work: see Retry-After."),
        call(Post, paths::SUBMIT_RESULT, "Closes a task in the original's shape. What is not verified earns nothing.")
            .takes::<SubmitResultRequest>()
            .gives::<SubmitResultResponse>("Whether it is verified."),
        call(Post, paths::HEARTBEAT, "Says that a miner lives. Pays nothing.")
            .takes::<HeartbeatRequest>()
            .gives::<HeartbeatResponse>("The session's figures."),
        call(Post, paths::STOP_SESSION, "Ends a session; its leases go back.")
            .takes::<StopSessionRequest>()
            .gives::<StopSessionResponse>("What the session did."),
        call(Get, paths::STATS, "The network's counters.").gives::<Stats>("The counters."),
        call(Get, paths::LEADERBOARD, "The contributors with the most verified work.")
            .query::<u32>("limit", "At most so many, 1 to 100; 10 unless told.")
            .gives::<Leaderboard>("The contributors."),
        call(Get, paths::CONTRIBUTOR, "One contributor.").gives::<ContributorResponse>("Its record."),
        call(Get, paths::GAS_INFO, "Network fees by EIP-1559's recurrence over verified work; a quote.")
            .gives::<GasInfo>("The fees."),
        call(Get, paths::GAS_ESTIMATE, "What a transfer takes.")
            .query::<String>("token", "`NEO` or another token. Required.")
            .query::<String>("amount", "Digits with at most nine decimal places. Required.")
            .gives::<GasEstimate>("The fee and its parts."),
        call(Get, paths::TOKENOMICS, "What was issued and who holds it.").gives::<Tokenomics>("The ledger's facts."),
        call(Get, paths::DECENTRALIZATION, "How far the network is in its miners' hands.")
            .gives::<DecentralizationStatus>("The phase, by miners with valid outputs."),
    ]
}

/// Deliveries, receipts, the log, blocks and units.
fn mining() -> Vec<Call> {
    let call = |method, path, summary| Call::new(method, path, "mining", summary);
    vec![
        call(Put, paths::OUTPUT, "Delivers a unit's output. Asked again: the same answer.")
            .header::<Signature>(paths::SIGNATURE_HEADER, "Signature over lease, unit, digest and length. Required.")
            .header::<Digest>(paths::DIGEST_HEADER, "BLAKE3 of the body. Required.")
            .takes_bytes("The output, with its exact Content-Length.")
            .gives::<Delivered>("The verdict, its receipt, and the next task."),
        call(Get, paths::OUTPUT, "The output behind a valid receipt.")
            .gives_bytes("application/octet-stream", "Rows of little-endian i32."),
        call(Get, paths::RECEIPT, "A lease's receipt.").gives::<ProvenReceipt>("The receipt with its proof."),
        call(Get, paths::RECEIPTS, "Receipts, newest first.")
            .query::<PublicKey>("miner", "One miner's alone.")
            .query::<Cid>("unit", "One unit's alone.")
            .query::<u32>("limit", "At most so many, 1 to 100; 20 unless told.")
            .gives::<ReceiptList>("The receipts."),
        call(Get, paths::LOG_HEAD, "The log's signed head.").gives::<SignedHead>("The head."),
        call(Get, paths::LOG_CONSISTENCY, "Proof that one log is a prefix of another (RFC 6962, 2.1.2).")
            .query::<u64>("from", "Entries of the shorter, from 1. Required.")
            .query::<u64>("to", "Entries of the longer, at most the log's size. Required.")
            .gives::<ConsistencyProof>("The proof."),
        call(Get, paths::BLOCK, "A raw sha2-256 block, as a trustless gateway gives it.")
            .query::<String>("format", "`raw`, unless the Accept header asks for application/vnd.ipld.raw.")
            .gives_bytes("application/vnd.ipld.raw", "The block."),
        call(Get, paths::UNIT, "A unit's canonical bytes.").gives_bytes("application/vnd.ipld.dag-cbor", "DAG-CBOR."),
    ]
}

/// What requesters call.
fn jobs() -> Vec<Call> {
    let call = |method, path, summary| Call::new(method, path, "jobs", summary);
    vec![
        call(Post, paths::FILES, "Uploads an input: .npy, .csv or .safetensors.")
            .by_operator()
            .query::<String>("name", "The file's name, whose extension says what it is. Required.")
            .takes_bytes("The file.")
            .gives::<FileInfo>("What it holds, and its name in jobs."),
        call(Post, paths::ESTIMATE, "Price and size of a job before it is sent.")
            .by_operator()
            .takes::<JobRequest>()
            .gives::<Estimate>("The estimate."),
        call(Post, paths::JOBS, "Submits a job.").by_operator().takes::<JobRequest>().gives::<JobView>("The job."),
        call(Get, paths::JOBS, "Jobs, newest first.").gives::<JobList>("At most 200 jobs."),
        call(Get, paths::JOB, "A job, and why it does not move where it does not.").gives::<JobView>("The job."),
        call(Delete, paths::JOB, "Cancels a job. What was verified stays paid.")
            .by_operator()
            .gives::<JobView>("The job."),
        call(Get, paths::JOB_RESULT, "A finished job's result file.")
            .by_operator()
            .gives_bytes("application/octet-stream", "A .npy file, or a .csv file of classes (text/csv)."),
    ]
}

/// What anyone may read, and what operators and their monitors look at.
fn records() -> Vec<Call> {
    let call = |path, summary| Call::new(Get, path, "records", summary);
    vec![
        call(paths::OVERVIEW, "Who the coordinator is and what it is doing.").gives::<Overview>("The overview."),
        call(paths::ACTIVITY, "Work and verdicts of the last minutes, in sixty steps.")
            .query::<u32>("minutes", "So many minutes, 1 to 60; 10 unless told.")
            .gives::<Activity>("The steps that have passed."),
        call(paths::ACCOUNT, "One miner's account.").gives::<Account>("The account."),
        call(paths::MINERS, "The miners seen lately.").by_operator().gives::<MinerList>("Most recent first."),
        call(paths::LEDGER, "The ledger's totals, and whether it holds what it promises.")
            .gives::<LedgerTotals>("The totals."),
        call(paths::EPOCHS, "Epochs, newest first.").gives::<EpochList>("At most 50 epochs."),
        call(paths::HEALTH, "Whether the coordinator lives and its database answers.").gives::<Health>("It does."),
        call(paths::METRICS, "Prometheus metrics.").gives_bytes("text/plain", "Prometheus' text format."),
        call(paths::OPENAPI, "This document.").gives::<serde_json::Value>("OpenAPI 3.1."),
    ]
}
