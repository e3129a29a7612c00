//! The paths that a coordinator serves. Parameters are in braces.

macro_rules! paths {
    ($($(#[$doc:meta])* $name:ident = $path:literal;)*) => {
        $($(#[$doc])* pub const $name: &str = $path;)*

        /// Every path.
        pub const ALL: &[&str] = &[$($name,)*];
    };
}

paths! {
    /// Registers a contributor.
    REGISTER = "/ai-energy/register";
    /// Opens a session.
    START_SESSION = "/ai-energy/start-session";
    /// A contributor's task; `?lane=k` asks for one lane's.
    TASK = "/ai-energy/task/{contributor_id}";
    /// Closes a task in NeoNet's shape.
    SUBMIT_RESULT = "/ai-energy/submit-result";
    /// Reports whether a session is still known. Renews nothing and pays nothing.
    HEARTBEAT = "/ai-energy/heartbeat";
    /// Returns a session's units while the session stays open. The body is its id, as plain text.
    RETURN_UNITS = "/ai-energy/return-units";
    /// Ends a session.
    STOP_SESSION = "/ai-energy/stop-session";
    /// The network's counters.
    STATS = "/ai-energy/stats";
    /// The contributors with the most verified work.
    LEADERBOARD = "/ai-energy/leaderboard";
    /// One contributor.
    CONTRIBUTOR = "/ai-energy/contributor/{contributor_id}";
    /// Network fees.
    GAS_INFO = "/api/gas/info";
    /// The fee of a transfer: `?token=NEO&amount=1.5`.
    GAS_ESTIMATE = "/api/gas/estimate";
    /// How much NNET was issued, and who holds it.
    TOKENOMICS = "/api/tokenomics";
    /// How much of the network its miners carry.
    DECENTRALIZATION = "/api/decentralization/status";

    /// Delivers an output.
    OUTPUT = "/v1/leases/{lease}/output";
    /// One lease's receipt.
    RECEIPT = "/v1/leases/{lease}/receipt";
    /// Receipts, newest first: `?miner=KEY&unit=CID&limit=N`.
    RECEIPTS = "/v1/receipts";
    /// The log's signed head.
    LOG_HEAD = "/v1/log/head";
    /// Proof that the log of `?from=` entries is a prefix of the log of `?to=` entries.
    LOG_CONSISTENCY = "/v1/log/consistency";
    /// A raw block: `?format=raw`.
    BLOCK = "/ipfs/{cid}";
    /// One unit's canonical bytes.
    UNIT = "/v1/units/{cid}";

    /// Uploads a file: `?name=A.npy`.
    FILES = "/v1/files";
    /// Estimates the price and size of a job without submitting it.
    ESTIMATE = "/v1/estimate";
    /// Estimates a job whose files are described instead of uploaded.
    ESTIMATE_DESCRIBED = "/v1/estimate/described";
    /// Submits a job (POST), lists jobs (GET).
    JOBS = "/v1/jobs";
    /// Shows a job (GET), cancels it (DELETE).
    JOB = "/v1/jobs/{job}";
    /// A finished job's result file.
    JOB_RESULT = "/v1/jobs/{job}/result";

    /// The coordinator's key, version and current figures.
    OVERVIEW = "/v1/overview";
    /// Work and verdicts of the last minutes, step by step: `?minutes=N`.
    ACTIVITY = "/v1/activity";
    /// One miner's account: `{key}` is its public key.
    ACCOUNT = "/v1/accounts/{key}";
    /// The name under which a miner is listed.
    ACCOUNT_NAME = "/v1/accounts/{key}/name";
    /// What a miner earns, with its last days: `?days=N`.
    EARNINGS = "/v1/accounts/{key}/earnings";
    /// The network now, and day by day: `?days=N`.
    STATISTICS = "/v1/statistics";
    /// The miners seen lately. Needs the token.
    MINERS = "/v1/miners";
    /// The ledger's totals by account kind.
    LEDGER = "/v1/ledger";
    /// Epochs, newest first.
    EPOCHS = "/v1/epochs";

    /// Stores content with miners (POST), lists what is stored (GET).
    STORAGE_PINS = "/v1/storage/pins";
    /// One of them (GET); ends it (DELETE).
    STORAGE_PIN = "/v1/storage/pins/{pin}";
    /// Its content, from the coordinator or its holders.
    STORAGE_CONTENT = "/v1/storage/pins/{pin}/content";
    /// Asks for a replica to hold.
    STORAGE_REPLICAS = "/v1/storage/replicas";
    /// A replica's bytes, while it is being handed out (GET); given back to the coordinator (PUT).
    STORAGE_REPLICA = "/v1/storage/replicas/{cid}";
    /// Says that a replica arrived whole.
    STORAGE_HELD = "/v1/storage/replicas/{cid}/held";
    /// Says which replicas are lost, before the coordinator finds out.
    STORAGE_LOSSES = "/v1/storage/losses";
    /// A holder's challenge, if one is due.
    STORAGE_CHALLENGE = "/v1/storage/challenge";
    /// Answers a challenge.
    STORAGE_ANSWER = "/v1/storage/leases/{lease}/answer";
    /// The replicas that a challenge is drawn over.
    STORAGE_HOLDINGS = "/v1/storage/holdings/{cid}";
    /// What a key holds and has proven.
    STORAGE_HOLDER = "/v1/storage/holders/{key}";
    /// The holders by score.
    STORAGE_HOLDERS = "/v1/storage/holders";
    /// What an original miner says of itself.
    MINING_REPORT = "/mining/report";

    /// Whether the coordinator is alive.
    HEALTH = "/healthz";
    /// Prometheus metrics.
    METRICS = "/metrics";
    /// The description of the API.
    OPENAPI = "/openapi.json";
}

/// Header: the id of the session that asks for a task, which is a bearer secret.
pub const SESSION_HEADER: &str = "adit-session";
/// Header: the miner's signature over its delivery, in hex.
pub const SIGNATURE_HEADER: &str = "adit-signature";
/// Header: the output's BLAKE3 digest, in hex.
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
