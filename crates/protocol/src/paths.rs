//! Every path that a coordinator serves. Parameters are in braces.

/// Registers a contributor.
pub const REGISTER: &str = "/ai-energy/register";
/// Opens a session.
pub const START_SESSION: &str = "/ai-energy/start-session";
/// A contributor's task; `?lane=k` asks for one lane's.
pub const TASK: &str = "/ai-energy/task/{contributor_id}";
/// Closes a task in the original's shape.
pub const SUBMIT_RESULT: &str = "/ai-energy/submit-result";
/// Says that the miner lives. Renews nothing and pays nothing.
pub const HEARTBEAT: &str = "/ai-energy/heartbeat";
/// Ends a session.
pub const STOP_SESSION: &str = "/ai-energy/stop-session";
/// The network's counters.
pub const STATS: &str = "/ai-energy/stats";
/// The contributors with the most verified work.
pub const LEADERBOARD: &str = "/ai-energy/leaderboard";
/// One contributor.
pub const CONTRIBUTOR: &str = "/ai-energy/contributor/{contributor_id}";
/// Network fees.
pub const GAS_INFO: &str = "/api/gas/info";

/// Delivers an output.
pub const OUTPUT: &str = "/v1/leases/{lease}/output";
/// One lease's receipt.
pub const RECEIPT: &str = "/v1/leases/{lease}/receipt";
/// Receipts, newest first: `?miner=KEY&limit=N`.
pub const RECEIPTS: &str = "/v1/receipts";
/// The log's signed head.
pub const LOG_HEAD: &str = "/v1/log/head";
/// Proof that the log of `?from=` entries is a prefix of the log of `?to=` entries.
pub const LOG_CONSISTENCY: &str = "/v1/log/consistency";
/// A raw block: `?format=raw`.
pub const BLOCK: &str = "/ipfs/{cid}";
/// One unit's canonical bytes.
pub const UNIT: &str = "/v1/units/{cid}";

/// Uploads a file: `?name=A.npy`.
pub const FILES: &str = "/v1/files";
/// Price and size of a job before it is sent.
pub const ESTIMATE: &str = "/v1/estimate";
/// Submits a job (POST), lists jobs (GET).
pub const JOBS: &str = "/v1/jobs";
/// Shows a job (GET), cancels it (DELETE).
pub const JOB: &str = "/v1/jobs/{job}";
/// A finished job's result file.
pub const JOB_RESULT: &str = "/v1/jobs/{job}/result";

/// Who the coordinator is and what it is doing.
pub const OVERVIEW: &str = "/v1/overview";
/// One miner's account: `{key}` is its public key.
pub const ACCOUNT: &str = "/v1/accounts/{key}";
/// The miners seen lately. Needs the token.
pub const MINERS: &str = "/v1/miners";
/// The ledger's totals by account kind.
pub const LEDGER: &str = "/v1/ledger";
/// Epochs, newest first.
pub const EPOCHS: &str = "/v1/epochs";

/// Liveness.
pub const HEALTH: &str = "/healthz";
/// Prometheus metrics.
pub const METRICS: &str = "/metrics";
/// The API's description.
pub const OPENAPI: &str = "/openapi.json";

/// Header: the session that asks for a task (a bearer secret: the session's id).
pub const SESSION_HEADER: &str = "adit-session";
/// Header: hex of the miner's signature over its delivery.
pub const SIGNATURE_HEADER: &str = "adit-signature";
/// Header: hex of the output's BLAKE3 digest.
pub const DIGEST_HEADER: &str = "adit-digest";

/// `template` with its one `{parameter}` replaced. The value must be safe in a path: an id, a key or a CID.
///
/// ```
/// use adit_protocol::paths::{with, JOB};
/// assert_eq!(with(JOB, "7"), "/v1/jobs/7");
/// ```
pub fn with(template: &str, value: &str) -> alloc::string::String {
    match (template.find('{'), template.find('}')) {
        (Some(open), Some(close)) => alloc::format!("{}{value}{}", &template[..open], &template[close + 1..]),
        _ => template.into(),
    }
}
