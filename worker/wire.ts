/** What the coordinator says over HTTP and the miner in its notices: the JSON of crates/protocol and crates/miner. */

/** NNET as a decimal string, never a float. */
export type Amount = string;
/** Lowercase hex. */
export type Hex = string;
/** Version 1, base32. */
export type Cid = string;

export type Verdict = "valid" | "invalid" | "inconclusive" | "too_late";

export interface Account {
  contributor: string;
  key: Hex;
  /** Base rewards of the open epoch: an upper bound of what it will pay. */
  pending: Amount;
  posted: Amount;
  confidence_bps: number;
  units_valid: number;
  units_invalid: number;
  work_verified: number;
}

export interface Receipt {
  version: number;
  coordinator: Hex;
  log_index: number;
  lease: Hex;
  unit: Cid;
  kind: string;
  miner: Hex;
  output_digest: Hex;
  output_bytes: number;
  delivery_signature: Hex;
  verdict: Verdict;
  counterexample: { tensor: number; i: number; j: number; got: number; want: number } | null;
  /** Multiply-accumulates. */
  work: number;
  price_version: number;
  value: Amount;
  confidence_bps: number;
  epoch: number;
  method:
    | "freivalds"
    | "recomputed"
    | { sampled: { sampled: number; of: number } }
    | { statistical: { rounds: number; tolerance: number } };
  bits: number;
  at_ms: number;
}

/** A receipt with its path in the log and the log's signed head. */
export interface ProvenReceipt {
  receipt: Receipt;
  path: Hex[];
  head: { version: number; coordinator: Hex; size: number; root: Hex; previous: Cid | null; at_ms: number };
  head_signature: Hex;
}

export interface Overview {
  coordinator_key: Hex;
  version: string;
  uptime_ms: number;
  epoch: number;
  epoch_ends_in_ms: number;
  epoch_budget: Amount;
  epoch_value: Amount;
  jobs_active: number;
  jobs_total: number;
  sessions_open: number;
  leases_live: number;
  verdicts: { valid: number; invalid: number; inconclusive: number; too_late: number; expired: number };
  work_verified: number;
  work_per_s: number;
  log_size: number;
  stored_bytes: number;
}

export interface Activity {
  step_ms: number;
  steps: { at_ms: number; work: number; valid: number; invalid: number; inconclusive: number; too_late: number }[];
}

/** What NeoNet's call says of a contributor. */
export interface Contributor {
  id: string;
  wallet_address: string;
  total_tasks: number;
  total_compute_hours: number;
  is_active: boolean;
}

export interface Job {
  job: number;
  name: string | null;
  kind: string;
  state: "active" | "done" | "cancelled";
  demo: boolean;
  sponsored: boolean;
  rows: number;
  panels: number;
  panels_done: number;
  panels_leased: number;
  units_valid: number;
  units_invalid: number;
  leases_expired: number;
  work: number;
  spent: Amount;
  /** Why nothing moves, where nothing moves. */
  stuck: string | null;
  result_bytes: number | null;
  created_at_ms: number;
  ended_at_ms: number | null;
}

export interface MinerView {
  account: Account;
  sessions: number;
  leases_live: number;
  leases_expired: number;
  seen_ms_ago: number;
  work_per_s: number;
}

export interface EpochView {
  epoch: number;
  budget: Amount;
  value: Amount;
  paid: Amount;
  carried: Amount;
  miners: number;
  opened_at_ms: number;
  closed_at_ms: number | null;
}

export interface LedgerTotals {
  accounts: { kind: string; accounts: number; balance: Amount }[];
  transfers: number;
  balanced: boolean;
}

export interface SessionSummary {
  compute_hours: number;
  tasks_completed: number;
  rewards_earned: number;
}

export type LaneState = "starting" | "idle" | "fetching" | "computing" | "delivering" | "waiting" | "off";

export interface LaneStatus {
  lane: number;
  device: string;
  /** Once chosen. */
  backend: string | null;
  why: string;
  state: LaneState;
  /** 0 to 1 of the unit under way. */
  progress: number;
  /** Multiply-accumulates a second of computing. */
  work_per_s: number;
  units_valid: number;
}

export interface Status {
  account: Account | null;
  lanes: LaneStatus[];
  units_valid: number;
  units_invalid: number;
  work_verified: number;
  /** Multiply-accumulates a second, over the last ten seconds of verified units. */
  work_per_s: number;
  earned: Amount;
  duty: number;
  paused: string[];
  uptime_ms: number;
}

/** Something that happened to the miner. */
export type Notice =
  | { notice: "gas" }
  | { notice: "registered"; contributor: string; coordinator_key: Hex }
  | { notice: "session_started"; resumed: boolean }
  | ({ notice: "lane" } & LaneStatus)
  | { notice: "task_started"; lane: number; lease: Hex; task_type: string; job: number; work: number }
  | { notice: "task_computed"; lane: number; lease: Hex; busy_ms: number }
  | { notice: "verdict"; lane: number; verdict: Verdict; reward: Amount; receipt: ProvenReceipt }
  | { notice: "task_dropped"; lane: number; reason: string }
  | { notice: "retry"; reason: string; in_ms: number }
  | { notice: "no_work"; lane: number; in_ms: number }
  | ({ notice: "status" } & Status)
  | { notice: "stopped"; summary: SessionSummary | null }
  | { notice: "fatal"; reason: string };
