/**
 * The JSON of crates/protocol and crates/miner. Made by `cargo xtask wire` from the types' schemas: change the Rust types
 * and run it again.
 */

/** A miner's account. */
export interface Account {
  /** Confidence in the open epoch. */
  confidence_bps: number;
  /** The contributor's id. */
  contributor: string;
  /** The key. */
  key: PublicKey;
  /** Base rewards of the open epoch: an upper bound of what it will pay. */
  pending: Amount;
  /** Paid. */
  posted: Amount;
  /** Refused outputs. */
  units_invalid: number;
  /** Verified units. */
  units_valid: number;
  /** Multiply-accumulates verified. */
  work_verified: number;
}

/** One account kind's balance. */
export interface AccountTotal {
  /** Accounts of this kind. */
  accounts: number;
  /** Their balance. */
  balance: Amount;
  /** `issuance`, `budget`, `escrow`, `requester`, `miner`, … */
  kind: string;
}

/** What was verified lately, in steps of equal length that have passed. */
export interface Activity {
  /** The length of a step. */
  step_ms: number;
  /** In order, those without receipts too. */
  steps: ActivityStep[];
}

/** The receipts of a step. */
export interface ActivityStep {
  /** When it began (Unix, ms). */
  at_ms: number;
  /** Undecided ones. */
  inconclusive: number;
  /** Invalid outputs. */
  invalid: number;
  /** Valid, but another was first. */
  too_late: number;
  /** Valid outputs. */
  valid: number;
  /** Multiply-accumulates of valid outputs. */
  work: number;
}

/** An amount of NNET: a decimal number with at most nine places. */
export type Amount = string;

/** A content identifier, version 1, in base32. */
export type Cid = string;

/** A contributor as the original shows it. */
export interface Contributor {
  /** Claimed. */
  cpu_cores: number;
  /** The open session, shown only to its owner: always null here. */
  current_session: string | null;
  /** Claimed. */
  gpu_memory_mb: number;
  /** Claimed. */
  gpu_model: string | null;
  /** The id. */
  id: string;
  /** Whether a session is open. */
  is_active: boolean;
  /** Unix seconds. */
  registered_at: number;
  /** Hours in sessions. */
  total_compute_hours: number;
  /** NNET posted. */
  total_rewards: number;
  /** Verified units. */
  total_tasks: number;
  /** The payout address, else the id. */
  wallet_address: string;
}

/** GET contributor. */
export interface ContributorResponse {
  /** NNET posted. */
  balance: number;
  /** The record. */
  contributor: Contributor;
  /** Always null: a session's id is its owner's secret. */
  current_session: string | null;
  /** The ledger's facts in the original's names. */
  tokenomics: Record<string, unknown>;
}

/** One wrong value of an output, with the right one: anyone who holds the blocks can recompute it. */
export interface Counterexample {
  /** The delivered value. */
  got: number;
  /** Row of the tensor. */
  i: number;
  /** Column within the tensor. */
  j: number;
  /**
   * Which product: the layer's number from 0; 0 for a product alone; a gradient's tensors have numbers of their own.
   * Of a tree, 0 are the leaves and 1 is the root, rows of eight words.
   */
  tensor: number;
  /** Σ_l of the products that belong there, of the delivered sums before. */
  want: number;
}

/** A 32-byte digest: lowercase hex. */
export type Digest = string;

/** Epochs, newest first. */
export interface EpochList {
  /** The epochs. */
  epochs: EpochView[];
}

/** An epoch. */
export interface EpochView {
  /** Its budget, with what was carried over. */
  budget: Amount;
  /** What it carried over. */
  carried: Amount;
  /** When it was closed (Unix, ms). */
  closed_at_ms: number | null;
  /** Its number. */
  epoch: number;
  /** Miners that were paid. */
  miners: number;
  /** When it began (Unix, ms). */
  opened_at_ms: number;
  /** What it paid. */
  paid: Amount;
  /** Base rewards of its valid sponsored units. */
  value: Amount;
}

/** GET gas/info. */
export interface GasInfo {
  /** Miners with valid outputs in this epoch or the one before. */
  active_providers: number;
  /** `low`, `medium`, `high` or `very_high`. */
  congestion_level: string;
  /** `EIP-1559 Dynamic`. */
  fee_model: string;
  /** NEO. */
  neo_transfer_fee: number;
  /** NEO. */
  token_transfer_fee: number;
}

/** A list of jobs, newest first. */
export interface JobList {
  /** The jobs. */
  jobs: JobView[];
}

/** A job's state. */
export type JobState = "active" | "done" | "cancelled";

/** A job as anyone may see it. */
export interface JobView {
  /** When it was submitted (Unix, ms). */
  created_at_ms: number;
  /** Whether it is a demonstration. */
  demo: boolean;
  /** When it ended (Unix, ms). */
  ended_at_ms: number | null;
  /** Its number. */
  job: number;
  /** Its kind. */
  kind: Kind;
  /** Leases that ended without an output. */
  leases_expired: number;
  /** For people. */
  name: string | null;
  /** Panels in all. */
  panels: number;
  /** Panels of verified units. */
  panels_done: number;
  /** Panels of units under way. */
  panels_leased: number;
  /** The result file's size, once done. */
  result_bytes: number | null;
  /** Input rows; of a data set, bytes. */
  rows: number;
  /** Base rewards of its verified units. */
  spent: Amount;
  /** Whether it draws on the block budget. */
  sponsored: boolean;
  /** Its state. */
  state: JobState;
  /** Why nothing moves, where nothing moves; what to do next. */
  stuck: string | null;
  /** What the original calls it. */
  task_type: TaskType;
  /** Refused outputs. */
  units_invalid: number;
  /** Verified units. */
  units_valid: number;
  /** Multiply-accumulates in all. */
  work: number;
}

/** A kernel with a fixed version. */
export type Kind = "matmul_i8/1" | "mlp_i8/1" | "gradient_i8/1" | "matmul_f32/1" | "hash_tree/1";

/** How a lane is doing. */
export interface LaneStatus {
  /** The backend, once chosen. */
  backend: string | null;
  /** `cpu` or `gpu`. */
  device: string;
  /** Its number. */
  lane: number;
  /** 0.0 ..= 1.0 of the unit under way. */
  progress: number;
  /** `starting`, `idle`, `fetching`, `computing`, `delivering`, `waiting`, `off`. */
  state: string;
  /** Verified units of this run. */
  units_valid: number;
  /** Why this one, or why none. */
  why: string;
  /** Measured on its units: multiply-accumulates a second of computing. */
  work_per_s: number;
}

/** A lease's id: lowercase hex. */
export type LeaseId = string;

/** The ledger's totals. Issuance is the only account below zero; all of them add up to zero. */
export interface LedgerTotals {
  /** Balance by account kind. */
  accounts: AccountTotal[];
  /** Whether balances add up to zero and replaying the transfers gives every one of them. */
  balanced: boolean;
  /** Transfers so far. */
  transfers: number;
}

/** The log's state after a group of receipts: signed by the coordinator. */
export interface LogHead {
  /** When (Unix, ms). */
  at_ms: number;
  /** Whose log. */
  coordinator: PublicKey;
  /** CID of the head before, absent in the first. */
  previous: Cid | null;
  /** Root over all entries. */
  root: Digest;
  /** Entries. */
  size: number;
  /** `STATEMENT_VERSION`. */
  version: number;
}

/** How an output was checked. */
export type Method =
  /** Every product, by Freivalds in Z/2^64; everything elementwise recomputed. */
  | "freivalds"
  /** Recomputed whole. */
  | "recomputed"
  /**
   * Some leaves rehashed, and the root: a part f of wrong ones is missed with a probability of about (1 −
   * f)^sampled.
   */
  | { sampled: { of: number; sampled: number } }
  /**
   * By Freivalds with normal coins: a row that is off by κ tolerances passes with a probability of at most
   * (0.8/κ)^rounds.
   */
  | { statistical: { rounds: number; tolerance: number } };

/** The miners seen lately. */
export interface MinerList {
  /** Most recent first. */
  miners: MinerView[];
}

/** A miner as its operator sees it. */
export interface MinerView {
  /** Its account. */
  account: Account;
  /** Leases that ended without an output. */
  leases_expired: number;
  /** Leases under way. */
  leases_live: number;
  /** Since its last call. */
  seen_ms_ago: number;
  /** Open sessions. */
  sessions: number;
  /** Measured by the coordinator: multiply-accumulates a second of all its lanes. */
  work_per_s: number;
}

/** Something that happened. */
export type Notice =
  /** The network's fees. */
  | GasInfo & { notice: "gas" }
  /** The coordinator knows the contributor. */
  | { contributor: string; coordinator_key: PublicKey; notice: "registered" }
  /** A session is open. */
  | { notice: "session_started"; resumed: boolean }
  /** A lane has a backend, or none. */
  | LaneStatus & { notice: "lane" }
  /** A unit is being computed. */
  | { job: number; lane: number; lease: LeaseId; notice: "task_started"; task_type: string; work: number }
  /** A unit is computed. */
  | { busy_ms: number; lane: number; lease: LeaseId; notice: "task_computed" }
  /** The coordinator's verdict. */
  | { lane: number; notice: "verdict"; receipt: ProvenReceipt; reward: Amount; verdict: Verdict }
  /** A unit was given up. */
  | { lane: number; notice: "task_dropped"; reason: string }
  /** A call failed and will be tried again. */
  | { in_ms: number; notice: "retry"; reason: string }
  /** There is no work for a lane. */
  | { in_ms: number; lane: number; notice: "no_work" }
  /** From time to time, and after every verdict. */
  | Status & { notice: "status" }
  /** The session has ended. */
  | { notice: "stopped"; summary: SessionSummary | null }
  /** The miner cannot go on; what to do next. */
  | { notice: "fatal"; reason: string };

/** Who the coordinator is and what it is doing. */
export interface Overview {
  /** The coordinator's key. */
  coordinator_key: PublicKey;
  /** The epoch that is open. */
  epoch: number;
  /** Its block budget, with what was carried over. */
  epoch_budget: Amount;
  /** What is left of it. */
  epoch_ends_in_ms: number;
  /** Base rewards of its valid sponsored units so far. */
  epoch_value: Amount;
  /** Jobs that are active. */
  jobs_active: number;
  /** Jobs in all. */
  jobs_total: number;
  /** Leases under way. */
  leases_live: number;
  /** Entries in the log. */
  log_size: number;
  /** Sessions that are open. */
  sessions_open: number;
  /** Bytes of blocks and outputs stored. */
  stored_bytes: number;
  /** Since it started. */
  uptime_ms: number;
  /** Verdicts so far. */
  verdicts: Verdicts;
  /** The program's version. */
  version: string;
  /** Multiply-accumulates verified in the last ten seconds, a second. */
  work_per_s: number;
  /** Multiply-accumulates verified so far. */
  work_verified: number;
}

/** A receipt that anyone can check under the coordinator's key: entry, path, signed head. */
export interface ProvenReceipt {
  /** The head of a log that holds it. */
  head: LogHead;
  /** The coordinator's signature over the head. */
  head_signature: Signature;
  /** Its audit path, bottom up. */
  path: Digest[];
  /** The entry. */
  receipt: Receipt;
}

/** A compressed secp256k1 public key: lowercase hex. */
export type PublicKey = string;

/** The coordinator's statement of a verdict: an entry of its log. */
export interface Receipt {
  /** When (Unix, ms). */
  at_ms: number;
  /** To how many bits; 0 where the method has none. */
  bits: number;
  /** The miner's confidence in this epoch. */
  confidence_bps: number;
  /** Who states it. */
  coordinator: PublicKey;
  /** For an invalid output of an exact kind: a value that anyone can recompute. */
  counterexample: Counterexample | null;
  /** The miner's signature over its `Delivery`. */
  delivery_signature: Signature;
  /** The epoch that pays it. */
  epoch: number;
  /** The unit's kind. */
  kind: Kind;
  /** The lease that was fulfilled. */
  lease: LeaseId;
  /** The entry's place in the log. */
  log_index: number;
  /** How it was checked. */
  method: Method;
  /** Who delivered. */
  miner: PublicKey;
  /** The output's length in bytes. */
  output_bytes: number;
  /** BLAKE3 of the output. */
  output_digest: Digest;
  /** Version of the price list. */
  price_version: number;
  /** The unit's CID. */
  unit: Cid;
  /** Base reward v_u. */
  value: Amount;
  /** What was found. */
  verdict: Verdict;
  /** `STATEMENT_VERSION`. */
  version: number;
  /** Multiply-accumulates, or bytes: `Kind::work_unit`. */
  work: number;
}

/** Receipts, newest first. */
export interface ReceiptList {
  /** The receipts, each with its proof. */
  receipts: ProvenReceipt[];
}

/** What a session did. */
export interface SessionSummary {
  /** Always 0: it was only ever a claim. */
  avg_cpu_usage: number;
  /** Always 0: it was only ever a claim. */
  avg_gpu_usage: number;
  /** Hours. */
  compute_hours: number;
  /** NNET, pending and posted. */
  rewards_earned: number;
  /** Verified units. */
  tasks_completed: number;
}

/** A low-s secp256k1 signature, r then s: lowercase hex. */
export type Signature = string;

/** How a miner is doing. */
export interface Status {
  /** Its account, as the coordinator last said, with the rewards since. */
  account: Account | null;
  /** The part of the time that lanes may work, 0.0 ..= 1.0. */
  duty: number;
  /** Base rewards of this run. */
  earned: Amount;
  /** Its lanes. */
  lanes: LaneStatus[];
  /** Why it pauses, where it pauses. */
  paused: string[];
  /** Refused ones. */
  units_invalid: number;
  /** Verified units of this run. */
  units_valid: number;
  /** Since it started. */
  uptime_ms: number;
  /** Multiply-accumulates a second, over the last ten seconds of verified units. */
  work_per_s: number;
  /** Multiply-accumulates verified in this run. */
  work_verified: number;
}

/** A task type of the original's. */
export type TaskType = "matrix_ops" | "inference" | "fraud_detection" | "gradient_compute" | "data_validation" | "network_protection" | "model_training" | "federated_learning";

/** What the coordinator found. */
export type Verdict = "valid" | "invalid" | "inconclusive" | "too_late";

/** Verdicts by kind. */
export interface Verdicts {
  /** Leases that ended without an output. */
  expired: number;
  /** Undecided ones. */
  inconclusive: number;
  /** Invalid outputs. */
  invalid: number;
  /** Valid, but another was first. */
  too_late: number;
  /** Valid outputs. */
  valid: number;
}
