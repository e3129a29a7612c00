/**
 * The JSON of crates/protocol and crates/miner. Made by `cargo xtask wire` from the types' schemas: change the Rust types
 * and run it again.
 */

/** A miner's account. */
export interface Account {
  /** Its confidence in the open epoch, in basis points. */
  confidence_bps: number;
  /** The contributor's id. */
  contributor: string;
  /** What the open epoch would pay if it closed now: after confidence, and after the budget is shared. */
  expected?: Amount;
  /** The miner's public key. */
  key: PublicKey;
  /** The name under which the miner is listed, if it chose one. */
  name: string | null;
  /** The counter of that choice. The next one needs a higher counter. */
  name_counter?: number;
  /** Time until the open epoch closes and pays. */
  next_payment_ms?: number;
  /** The base rewards of the open epoch: the most that it can pay. */
  pending: Amount;
  /** What was paid. */
  posted: Amount;
  /** Refused outputs. */
  units_invalid: number;
  /** Verified units. */
  units_valid: number;
  /** Multiply-accumulates verified. */
  work_verified: number;
}

/** The balance of an account kind. */
export interface AccountTotal {
  /** The number of accounts of this kind. */
  accounts: number;
  /** Their balance. */
  balance: Amount;
  /** `issuance`, `budget`, `escrow`, `requester`, `miner`, … */
  kind: string;
}

/** What was verified recently, in complete steps of equal length. */
export interface Activity {
  /** The length of a step. */
  step_ms: number;
  /** The steps in order, including those without receipts. */
  steps: ActivityStep[];
}

/** The receipts of a step. */
export interface ActivityStep {
  /** When it began (Unix, ms). */
  at_ms: number;
  /** Outputs that could not be decided. */
  inconclusive: number;
  /** Invalid outputs. */
  invalid: number;
  /** Valid outputs that came after another one. */
  too_late: number;
  /** Valid outputs. */
  valid: number;
  /** Multiply-accumulates of valid outputs. */
  work: number;
}

/** An amount of NNET: a decimal number with at most nine places. */
export type Amount = string;

/** How long a person pauses a miner. */
export type Break = "quarter_hour" | "hour" | "tomorrow";

/** A content identifier, version 1, in base32. */
export type Cid = string;

/** A step of the coordinator's wall clock. Deadlines were moved with it. */
export interface ClockStep {
  /** By how much it was set, forward or back. */
  by_ms: number;
  /** Time since the coordinator noticed. */
  ms_ago: number;
}

/** A contributor as NeoNet shows it. */
export interface Contributor {
  /** A claim. */
  cpu_cores: number;
  /** Always null: a session's id is its owner's secret. */
  current_session: string | null;
  /** A claim. */
  gpu_memory_mb: number;
  /** A claim. */
  gpu_model: string | null;
  /** The id. */
  id: string;
  /** Whether a session is open. */
  is_active: boolean;
  /** When the contributor registered (Unix, s). */
  registered_at: number;
  /** Hours in sessions. */
  total_compute_hours: number;
  /** NNET paid. */
  total_rewards: number;
  /** Verified units. */
  total_tasks: number;
  /** The payout address, or the id without one. */
  wallet_address: string;
}

/** GET contributor. */
export interface ContributorResponse {
  /** NNET paid. */
  balance: number;
  /** The record. */
  contributor: Contributor;
  /** Always null: a session's id is its owner's secret. */
  current_session: string | null;
  /** The ledger's totals under NeoNet's names. */
  tokenomics: Record<string, unknown>;
}

/** A wrong value of an output and the right one, which anyone with the blocks can recompute. */
export interface Counterexample {
  /** The delivered value; the bits of an f32. */
  got: number;
  /** Row of the tensor. */
  i: number;
  /** Column within the tensor: of an f32 product, that of the value which is furthest off. */
  j: number;
  /**
   * Which product is wrong: the layer's index, 0 for a single product, or the number of a gradient's tensor. For a
   * tree, 0 stands for the leaves and 1 for the root, both in rows of eight words.
   */
  tensor: number;
  /** The right value, given the delivered sums before it; the bits of an f32, rounded from f64. */
  want: number;
}

/** Where a data set is. */
export type DataPlace =
  /** At the coordinator, as an uploaded file. */
  | { at: "file"; file: Cid }
  /** At a gateway. Miners fetch its blocks there, and so does the coordinator for those that it samples. */
  | { at: "source"; blocks: Cid; source: string }
  /** A part of the coordinator's own log: the entries' canonical bytes, one after the other. */
  | { at: "log"; count: number; first: number };

/** A day (UTC). */
export interface Day {
  /** When it began (Unix, ms). */
  at_ms: number;
  /** What miners were paid. */
  paid: Amount;
  /** Verified units. */
  units: number;
  /** Their work. */
  work: number;
}

/** What a miner may do until a fact changes or `next_change_ms` is reached. */
export interface Decision {
  /** The fraction of the time that lanes may work, from 0 to 1; 0 if it pauses. */
  duty: number;
  /** When the decision changes if nothing but time does. */
  next_change_ms: number | null;
  /** Every reason to pause that holds, the person's own first; none if it may work. */
  pauses: Pause[];
  /** Facts that a rule asks about and the host does not know. They do not pause the miner. */
  unknown: Fact[];
}

/** A 32-byte digest: lowercase hex. */
export type Digest = string;

/** What a miner earns. */
export interface Earnings {
  /** What was paid on the last days (UTC) in order. The last one is today. */
  days: PaidDay[];
  /** What the open epoch would pay if it closed now. */
  expected: Amount;
  /** Time until the open epoch closes and pays. */
  next_payment_ms: number;
  /** What was paid. */
  posted: Amount;
}

/** What ends a pause. */
export type Ends =
  /** Time. */
  | { at_ms: number; ends: "at"; minute: number | null }
  /** The next day, at a time that is not known here. */
  | { ends: "next_day" }
  /** Nobody uses the device for this long. */
  | { after_ms: number; ends: "idle" }
  /** The device is plugged in. */
  | { ends: "plugged_in" }
  /** The page is visible. */
  | { ends: "visible" }
  /** Other programs leave the processor alone. */
  | { ends: "calm" }
  /** The connection is not billed by volume. */
  | { ends: "unmetered" }
  /** The miner's memory falls to this. */
  | { bytes: number; ends: "less_memory" }
  /** The device cools down to this. */
  | { celsius: number; ends: "cooler" };

/** A page of epochs, newest first. */
export interface EpochList {
  /** The epochs. */
  epochs: EpochView[];
  /** The `?before=` of the next page; null on the last one. */
  next: number | null;
}

/** An epoch. */
export interface EpochView {
  /** Its budget, including what was carried over to it. */
  budget: Amount;
  /** What it carried over to the next. */
  carried: Amount;
  /** When it closed (Unix, ms). */
  closed_at_ms: number | null;
  /** Its number. */
  epoch: number;
  /** How many miners it paid. */
  miners: number;
  /** When it began (Unix, ms). */
  opened_at_ms: number;
  /** What it paid. */
  paid: Amount;
  /** The base rewards of its valid sponsored units. */
  value: Amount;
}

/** What a job would cost. */
export interface Estimate {
  /** The work of all checks, in the same unit. */
  check_work: number;
  /** About how long these lanes take, sharing their time with the jobs that are active now; null without lanes. */
  expected_ms: number | null;
  /** The kind. */
  kind: Kind;
  /** The lanes whose speed at the kind is known now. */
  lanes?: number;
  /** How many bytes miners upload. */
  output_bytes: number;
  /** Panels: a unit holds at least one. */
  panels: number;
  /** The price of all units. */
  price: Amount;
  /** The version of the price list. */
  price_version: number;
  /** Input rows. */
  rows: number;
  /** About how many units it will be cut into for these lanes. */
  units?: number;
  /** Multiply-accumulates, or the bytes of a data set. */
  work: number;
}

/** A fact that a rule asks about. */
export type Fact = "local_time" | "idle" | "battery" | "hidden" | "pressure" | "metered" | "data" | "memory" | "temperature";

/** The facts of one moment, in whole numbers; null where the host cannot know. */
export interface Facts {
  /** The device's temperature in °C. */
  celsius: number | null;
  /** Whether the last decision paused because of the temperature. */
  cooling?: boolean;
  /** Bytes received and sent on this local day. */
  data_bytes: number | null;
  /** Whether the page is hidden. */
  hidden: boolean | null;
  /** For how long nobody has used the device. */
  idle_ms: number | null;
  /** The time of the local week. */
  local: LocalTime | null;
  /** The miner's memory. */
  memory_bytes: number | null;
  /** Whether the connection is billed by volume. */
  metered: boolean | null;
  /** The current time, on the clock that all instants here use. */
  now_ms?: number;
  /** Whether it runs on battery. */
  on_battery: boolean | null;
  /** Until when a person paused the miner. */
  paused_until_ms: number | null;
  /** Whether other programs need the processor. */
  pressure: boolean | null;
}

/** The content of a file. */
export type FileContent =
  /** An i8 matrix (`.npy`). */
  | { cols: number; rows: number; type: "matrix" }
  /** Activations, 0..=127 (`.csv`). */
  | { cols: number; rows: number; type: "samples" }
  /** A quantised perceptron (`.safetensors`). */
  | { dims: number[]; type: "model" }
  /** An f32 matrix (`.npy`). */
  | { cols: number; rows: number; type: "floats" }
  /** A data set. */
  | { bytes: number; columns: number | null; type: "data" }
  /** The list of blocks of a data set that is held elsewhere. */
  | { blocks: number; bytes: number; type: "blocks" };

/** What an uploaded file holds. */
export interface FileInfo {
  /** Its content. */
  content: FileContent;
  /** The file's name: a CID of a BLAKE3 digest, which also covers the options for reading the file. */
  file: Cid;
  /** How a table was read: encoding, delimiter, header row, rows and columns, in one line. */
  reading: string | null;
}

/** GET gas/info. */
export interface GasInfo {
  /** Miners with valid outputs in this epoch or the one before. */
  active_providers: number;
  /** `low`, `medium`, `high` or `very_high`. */
  congestion_level: string;
  /** `EIP-1559 Dynamic`. */
  fee_model: string;
  /** The fee of a NEO transfer, in NEO. */
  neo_transfer_fee: number;
  /** The fee of a token transfer, in NEO. */
  token_transfer_fee: number;
}

/** Whether the coordinator is healthy. The response's status is 503 if it is not. */
export interface Health {
  /** The last change of the wall clock since the start. */
  clock_step: ClockStep | null;
  /** The coordinator's key. */
  coordinator_key: PublicKey;
  /** Time since the database last committed. */
  last_commit_ms_ago?: number;
  /** The last write that failed since the start. */
  last_error: WriteError | null;
  /** `ok`, `failing` while the database accepts no writes, or `stalled` while a write does not finish. */
  status: string;
}

/** What a job is for, and for whom. */
export interface JobAbout {
  /** What the job is for: one line of at most 1,000 bytes. */
  description: string | null;
  /** An http or https address with more about it, of at most 500 bytes. */
  link: string | null;
  /** Whether the requester declares the computation and its result open to everybody. */
  open_source?: boolean;
  /** Who wants it done: one line of at most 100 bytes. */
  requester: string | null;
}

/** A page of jobs, newest first. */
export interface JobList {
  /** The jobs. */
  jobs: JobView[];
  /** The `?before=` of the next page; null on the last one. */
  next: number | null;
}

/** A job to be estimated or submitted. */
export interface JobRequest {
  /** What it is for and for whom, for display. */
  about?: JobAbout;
  /** The requester's escrow. Without one the job is sponsored and draws on the epoch's budget. */
  budget: Amount | null;
  /** Whether this is a demonstration, whose units are leased even if they are too small to be worth delegating. */
  demo?: boolean;
  /** The job's name, for display. */
  name: string | null;
  /** How much of the miners' time it gets compared with other jobs. */
  priority?: Priority;
  /** NeoNet's name for the work, if it is not the kind's usual one: `fraud_detection` for an inference. */
  task_type: TaskType | null;
  /** What to compute. */
  work: JobWork;
}

/** A job's state. */
export type JobState = "active" | "done" | "cancelled";

/** A job as anyone may see it. */
export interface JobView {
  /** What it is for and for whom, in its requester's words. */
  about?: JobAbout;
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
  /** Leases that expired without an output. */
  leases_expired: number;
  /** Its name, for display. */
  name: string | null;
  /** All panels. */
  panels: number;
  /** The panels of verified units. */
  panels_done: number;
  /** The panels of leased units. */
  panels_leased: number;
  /** How much of the miners' time it gets compared with other jobs. */
  priority?: Priority;
  /** The size of the result file, once it is known. */
  result_bytes: number | null;
  /** Input rows, or the bytes of a data set. */
  rows: number;
  /** The base rewards of its verified units. */
  spent: Amount;
  /** Whether it draws on the epoch's budget. */
  sponsored: boolean;
  /** Its state. */
  state: JobState;
  /** Why the job does not advance and what to do next, if it does not. */
  stuck: string | null;
  /** NeoNet's name for the work. */
  task_type: TaskType;
  /** Refused outputs. */
  units_invalid: number;
  /** Verified units. */
  units_valid: number;
  /** The job's work: multiply-accumulates, or bytes. */
  work: number;
}

/** What a job computes, from uploaded files. */
export type JobWork =
  /** C = A · B. */
  | { a: Cid; b: Cid; kind: "matmul_i8/1" }
  /** Classes of samples. */
  | { input: Cid; kind: "mlp_i8/1"; model: Cid }
  /** A model's gradient over all samples. */
  | { input: Cid; kind: "gradient_i8/1"; model: Cid; targets: Cid }
  /** C = A · B in f32, within a tolerance. */
  | { a: Cid; b: Cid; kind: "matmul_f32/1" }
  /** Whether a data set is there and intact. */
  | { data: DataPlace; kind: "hash_tree/1" }
  /** Whether a data set at a gateway is there and intact. */
  | { blocks: Cid; kind: "hash_tree/2"; source: string };

/** A kernel with a fixed version. */
export type Kind = "matmul_i8/1" | "mlp_i8/1" | "gradient_i8/1" | "matmul_f32/1" | "hash_tree/1" | "hash_tree/2" | "store/1";

/** How a lane is doing. */
export interface LaneStatus {
  /** The backend, once chosen. */
  backend: string | null;
  /** `cpu` or `gpu`. */
  device: string;
  /** Its number. */
  lane: number;
  /** How much of the unit under way is computed, 0.0 ..= 1.0. */
  progress: number;
  /** `starting`, `idle`, `fetching`, `computing`, `delivering`, `waiting`, `off`. */
  state: string;
  /** Verified units of this run. */
  units_valid: number;
  /** Why this one was chosen, or why there is none. */
  why: string;
  /** Multiply-accumulates per second of computing, as measured on its units. */
  work_per_s: number;
}

/** A miner that chose a name. */
export interface Leader {
  /** The key, which tells them apart. */
  key: PublicKey;
  /** The name. Several miners may have chosen the same. */
  name: string;
  /** Verified units. */
  units_valid: number;
  /** Their work. */
  work_verified: number;
}

/** GET leaderboard. */
export interface Leaderboard {
  /** By verified work, most first. */
  leaderboard: LeaderboardEntry[];
}

/** A place on the leaderboard. */
export interface LeaderboardEntry {
  /** The id's first eight characters, `...`, and its last four. */
  id: string;
  /** From 1. */
  rank: number;
  /** Hours in sessions. */
  total_compute_hours: number;
  /** NNET paid. */
  total_rewards: number;
  /** Verified units. */
  total_tasks: number;
}

/** A lease's id: lowercase hex. */
export type LeaseId = string;

/** The ledger's totals. Only issuance is negative; all accounts add up to zero. */
export interface LedgerTotals {
  /** The balance of each account kind. */
  accounts: AccountTotal[];
  /** When the last audit began (Unix, ms); null until the first one since the start has ended. */
  audited_at_ms: number | null;
  /**
   * Whether the balances add up to zero now, and the last audit found that they follow from the transfers and that
   * every other promise holds. Audits run in the background and when an operator asks for one.
   */
  balanced: boolean;
  /** The number of transfers so far. */
  transfers: number;
}

/**
 * A time of the local week, from the host's calendar. When the clock is set or daylight saving begins or ends, the
 * host decides again.
 */
export interface LocalTime {
  /** Minutes since Monday, 0:00: from 0 to 10,079. */
  minute: number;
  /** When the next minute begins. */
  next_minute_ms: number;
}

/** The log's state after a group of receipts. Signed by the coordinator. */
export interface LogHead {
  /** The time (Unix, ms). */
  at_ms: number;
  /** The coordinator whose log it is. */
  coordinator: PublicKey;
  /** The CID of the previous head; the first has none. */
  previous: Cid | null;
  /** The root over all entries. */
  root: Digest;
  /** The number of entries. */
  size: number;
  /** `STATEMENT_VERSION`. */
  version: number;
}

/** How an output was checked. */
export type Method =
  /** Every product by Freivalds in Z/2^64, with everything elementwise recomputed. */
  | "freivalds"
  /** The whole output recomputed. */
  | "recomputed"
  /**
   * A sample of leaves and the root hashed again. If a fraction f of the leaves is wrong, the sample misses it with a
   * probability of about (1 − f)^sampled.
   */
  | { sampled: { of: number; sampled: number } }
  /**
   * Freivalds with normal coins. A row whose error is κ times the tolerance passes with a probability of at most
   * (0.8/κ)^rounds.
   */
  | { statistical: { rounds: number; tolerance: number } };

/** The miners that called recently. */
export interface MinerList {
  /** Most recent first. */
  miners: MinerView[];
  /** The `?before=` of the next page, an opaque cursor; null on the last one. */
  next: string | null;
}

/** A miner as the operator sees it. */
export interface MinerView {
  /** Its account. */
  account: Account;
  /** Leases that expired without an output. */
  leases_expired: number;
  /** Live leases. */
  leases_live: number;
  /** Time since its last call. */
  seen_ms_ago: number;
  /** Open sessions. */
  sessions: number;
  /** Multiply-accumulates a second of all its lanes, as the coordinator measured them. */
  work_per_s: number;
}

/** Chooses the name under which a coordinator lists a miner. Signed by the miner's key. */
export interface NameChoice {
  /** The coordinator that lists it. */
  coordinator: PublicKey;
  /** Higher than that of every earlier choice. */
  counter: number;
  /** The name; absent, the miner is not listed. */
  name: string | null;
  /** The key that signs. */
  public_key: PublicKey;
}

/** Something that happened. */
export type Notice =
  /** The network's fees. */
  | GasInfo & { notice: "gas" }
  /** The coordinator has registered the contributor. */
  | { contributor: string; coordinator_key: PublicKey; notice: "registered" }
  /** A session is open. */
  | { notice: "session_started"; resumed: boolean }
  /**
   * What a page posts with `sendBeacon` when it is closed without stopping, so that its units go back at once. The
   * body is the session's secret, so it is not shown to people.
   */
  | { body: string; notice: "beacon"; url: string }
  /** A lane has a backend, or has lost it. */
  | LaneStatus & { notice: "lane" }
  /** Many of a unit's input bytes have to be fetched from the network. */
  | { bytes: number; job: number; lane: number; notice: "fetching" }
  /** A unit is being computed. */
  | { about: TaskAbout | null; job: number; kind: Kind; lane: number; lease: LeaseId; notice: "task_started"; task_type: string; work: number }
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
  /** There is work, but the coordinator leases no unit to this lane yet. */
  | { in_ms: number; lane: number; notice: "limited"; reason: string }
  /** The status: every second, and after every verdict. */
  | Status & { notice: "status" }
  /** The session has ended. */
  | { notice: "stopped"; summary: SessionSummary | null }
  /** The miner cannot go on. */
  | { notice: "fatal"; reason: string };

/** The coordinator's key, version and current figures. */
export interface Overview {
  /** The coordinator's key. */
  coordinator_key: PublicKey;
  /** The open epoch. */
  epoch: number;
  /** Its budget, including what was carried over. */
  epoch_budget: Amount;
  /** Time until it closes. */
  epoch_ends_in_ms: number;
  /** The base rewards of its valid sponsored units so far. */
  epoch_value: Amount;
  /** Active jobs. */
  jobs_active: number;
  /** All jobs. */
  jobs_total: number;
  /** Live leases. */
  leases_live: number;
  /** Entries in the log. */
  log_size: number;
  /** Open sessions. */
  sessions_open: number;
  /** Bytes of blocks and outputs stored. */
  stored_bytes: number;
  /** The limit on them. Once it is reached, uploads and jobs are refused. */
  stored_bytes_max: number | null;
  /** Time since it started. */
  uptime_ms: number;
  /** Verdicts so far. */
  verdicts: Verdicts;
  /** The program's version. */
  version: string;
  /** Multiply-accumulates a second, verified in the last ten seconds. */
  work_per_s: number;
  /** Multiply-accumulates verified so far. */
  work_verified: number;
}

/** What a miner was paid on a day (UTC). */
export interface PaidDay {
  /** When it began (Unix, ms). */
  at_ms: number;
  /** What was paid. */
  paid: Amount;
}

/** A reason to pause, and its end. */
export type Pause = Ends & { reason: Reason };

/**
 * How much of the miners' time a job gets compared with others: normal priority gets four times as much as low, and
 * high sixteen times as much as low.
 */
export type Priority = "low" | "normal" | "high";

/** A receipt with its proof, which anyone can check under the coordinator's key. */
export interface ProvenReceipt {
  /** The head of a log that includes it. */
  head: LogHead;
  /** The coordinator's signature over the head. */
  head_signature: Signature;
  /** The entry's audit path, bottom up. */
  path: Digest[];
  /** The log entry. */
  receipt: Receipt;
}

/** A compressed secp256k1 public key: lowercase hex. */
export type PublicKey = string;

/** Why a miner pauses. */
export type Reason = "you" | "hours" | "in_use" | "battery" | "hidden" | "pressure" | "metered" | "data" | "memory" | "heat";

/** States a verdict: an entry of the coordinator's log. */
export interface Receipt {
  /** The time (Unix, ms). */
  at_ms: number;
  /** Bits of soundness; 0 if the method has none. */
  bits: number;
  /** The miner's confidence in this epoch, in basis points. */
  confidence_bps: number;
  /** The coordinator that states it. */
  coordinator: PublicKey;
  /** A wrong value of an invalid output, which anyone can recompute. */
  counterexample: Counterexample | null;
  /** The miner's signature over its `Delivery`. */
  delivery_signature: Signature;
  /** The epoch that pays for it. */
  epoch: number;
  /** The unit's kind. */
  kind: Kind;
  /** The lease that the output was delivered for. */
  lease: LeaseId;
  /** The entry's index in the log. */
  log_index: number;
  /** How it was checked. */
  method: Method;
  /** The miner that delivered. */
  miner: PublicKey;
  /** The output's length in bytes. */
  output_bytes: number;
  /** The output's BLAKE3 digest. */
  output_digest: Digest;
  /** The version of the price list. */
  price_version: number;
  /** The unit's CID. */
  unit: Cid;
  /** The base reward v_u of that work, never more than the lease's. */
  value: Amount;
  /** The verdict. */
  verdict: Verdict;
  /** `STATEMENT_VERSION`. */
  version: number;
  /**
   * The work that was done, in the kind's [unit of work](Kind::work_unit): the whole unit's, or for data at an
   * external source the bytes that the output reports present.
   */
  work: number;
}

/** A page of receipts, newest first. */
export interface ReceiptList {
  /** The `?before=` of the next page, a log index; null on the last one. */
  next: number | null;
  /** The receipts, each with its proof. */
  receipts: ProvenReceipt[];
}

/** When a miner may work, as a person chose it. The default never pauses. */
export interface Rules {
  /** By how much the device must then cool down, in °C: from 1 to 30. */
  cooling_celsius?: number;
  /** The fraction of the time that lanes work while nobody does, above 0 and up to 1. */
  duty_idle?: number;
  /** The fraction of the time that lanes work while somebody uses the device, from 0 to 1; 0 pauses. */
  duty_in_use?: number;
  /** The parts of the local week in which it works; empty for all of it. At most 80. */
  hours?: Span[];
  /** How long nobody must use the device before it counts as idle: from 60,000 (a minute) to 86,400,000 (a day). */
  idle_after_ms?: number;
  /** The temperature at which it pauses, in °C: from 30 to 110. */
  max_celsius: number | null;
  /** The most bytes received and sent in a day: from 1,000,000 to 10^15. */
  max_data_bytes: number | null;
  /** The most memory of the miner, in bytes: from 64,000,000 to 16 * 10^12. */
  max_memory_bytes: number | null;
  /** Whether to pause on battery. */
  pause_on_battery?: boolean;
  /** Whether to pause on a connection that is billed by volume. */
  pause_on_metered?: boolean;
  /** Whether to pause while other programs need the processor. */
  pause_under_pressure?: boolean;
  /** Whether to pause while the page is hidden. */
  pause_when_hidden?: boolean;
}

/** What a session did. */
export interface SessionSummary {
  /** Always 0, because it would be a claim. */
  avg_cpu_usage: number;
  /** Always 0, because it would be a claim. */
  avg_gpu_usage: number;
  /** Hours in the session. */
  compute_hours: number;
  /** NNET, pending and paid. */
  rewards_earned: number;
  /** Verified units. */
  tasks_completed: number;
}

/** A low-s secp256k1 signature, r then s: lowercase hex. */
export type Signature = string;

/** A miner's name, signed by its key. */
export interface SignedName {
  /** The signature by the statement's `public_key`. */
  signature: Signature;
  /** The signed statement. */
  statement: NameChoice;
}

/**
 * A part of the week: from one minute until just before another. It runs past Sunday's midnight if it ends before it
 * begins.
 */
export interface Span {
  /** Its first minute, from 0 to 10,079. */
  from: number;
  /** The minute after its last, from 0 to 10,080. */
  to: number;
}

/** The network now, and day by day. */
export interface Statistics {
  /** The last days (UTC) in order, including those without work. The last one is today. */
  days: Day[];
  /** Active jobs. */
  jobs_now: number;
  /** The newest receipt, with its proof. */
  last_receipt: ProvenReceipt | null;
  /** Miners that chose a name, by verified work, most first. Others are not listed. */
  leaders: Leader[];
  /** Open sessions of miners. */
  miners_now: number;
  /** Units verified since the beginning. */
  units_valid: number;
  /** Their work: multiply-accumulates, or bytes. */
  work_verified: number;
}

/** How a miner is doing. */
export interface Status {
  /** Its account as the coordinator last gave it, plus the rewards since. */
  account: Account | null;
  /** The fraction of the time that lanes may work, 0.0 ..= 1.0. */
  duty: number;
  /** Base rewards of this run. */
  earned: Amount;
  /** Its lanes. */
  lanes: LaneStatus[];
  /** Why it pauses; empty if it does not. */
  paused: string[];
  /** Refused outputs of this run. */
  units_invalid: number;
  /** Verified units of this run. */
  units_valid: number;
  /** Time since it started. */
  uptime_ms: number;
  /** Multiply-accumulates a second, verified in the last ten seconds. */
  work_per_s: number;
  /** Multiply-accumulates verified in this run. */
  work_verified: number;
}

/** What a unit is part of, for display. A part is a panel of the job. */
export interface TaskAbout {
  /** What the job is for and for whom, in its requester's words. */
  job: JobAbout;
  /** The job's name. */
  name: string | null;
  /** The unit's first part, from 1. */
  part: number;
  /** How many parts the job has. */
  parts: number;
  /** How many of them were verified when the unit was leased. */
  parts_done: number;
  /** How many parts the unit holds. */
  unit_parts: number;
}

/** A name for work, as requesters choose it. */
export type TaskType = "matrix_ops" | "inference" | "fraud_detection" | "gradient_compute" | "data_validation" | "network_protection" | "model_training" | "federated_learning";

/** The coordinator's verdict on an output. */
export type Verdict = "valid" | "invalid" | "inconclusive" | "too_late";

/** Verdicts by kind. */
export interface Verdicts {
  /** Leases that expired without an output. */
  expired: number;
  /** Outputs that could not be decided. */
  inconclusive: number;
  /** Invalid outputs. */
  invalid: number;
  /** Valid outputs that came after another one. */
  too_late: number;
  /** Valid outputs. */
  valid: number;
}

/** A write that failed. */
export interface WriteError {
  /** Why it failed. */
  error: string;
  /** Time since then. */
  ms_ago: number;
}
