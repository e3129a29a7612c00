//! The true history: records every answer of the coordinator, even those that the network then loses, and checks each
//! against the rules.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use adit_core::kernel::{self, Scalar, matmul_i8};
use adit_core::log::Frontier;
use adit_core::sign::LeaseId;
use adit_core::statement::{ProvenReceipt, Receipt, Verdict};
use adit_core::{Cid, PublicKey, split};
use adit_protocol::ErrorCode;
use adit_protocol::mining::{Delivered, TaskGrant};
use adit_protocol::records::SignedHead;
use adit_support::books::{Part, epoch_rewards};
use adit_support::{Reply, files};
use anyhow::{Context, Result, bail, ensure};

use crate::wire::{BUDGET, FIRST_IN_FLIGHT};

/// A lease younger than this is live, and its session is not idle.
const YOUNG_MS: i64 = 30_000;
/// No unit is overdue before this, however fast its holder.
const OVERDUE_MS: i64 = 5_000;
/// The time without calls after which a session ends.
const IDLE_MS: i64 = 600_000;
/// The length of the first quarantine.
const QUARANTINE_MS: i64 = 600_000;

/// A job and its progress.
pub(crate) struct Job {
    pub(crate) id: u64,
    pub(crate) sponsored: bool,
    pub(crate) cancelled: bool,
    sought: Sought,
    panels: Vec<Cid>,
    done: BTreeSet<Cid>,
    panel_count: u32,
}

/// What a job asks for.
pub(crate) struct Sought {
    /// The job's rows.
    input: Vec<u8>,
    row_bytes: u32,
    /// The correct result and its columns. A tree's result depends on the leases.
    product: Option<(Vec<i32>, usize)>,
}

impl Sought {
    pub(crate) fn product((rows, inner, columns): (u32, u32, u32), a: &[i8], b: &[i8]) -> Self {
        let product = matmul_i8(a, b, rows as usize, inner as usize, columns as usize);
        let input = a.iter().map(|value| *value as u8).collect();
        Sought { input, row_bytes: inner, product: Some((product, columns as usize)) }
    }

    pub(crate) fn tree(data: Vec<u8>) -> Self {
        Sought { input: data, row_bytes: 1, product: None }
    }
}

impl Job {
    pub(crate) fn new(id: u64, panel_count: u32, sponsored: bool, sought: Sought) -> Self {
        Job { id, sponsored, cancelled: false, sought, panels: Vec::new(), done: BTreeSet::new(), panel_count }
    }

    pub(crate) fn is_open(&self) -> bool {
        !self.cancelled && self.done.len() < self.panel_count as usize
    }

    /// The correct output of a unit: its rows of the product, or its leaves.
    fn output(&mut self, grant: &TaskGrant) -> Result<Vec<u8>> {
        let (input, Sought { input: bytes, row_bytes, product }) = (grant.unit.input(), &self.sought);
        let rows = (bytes.len() / *row_bytes as usize) as u32;
        let (whole, blocks) = split::cut(bytes, rows, *row_bytes, input.panel_rows);
        let first = whole.panels.iter().position(|panel| *panel == input.panels[0]).context("an unknown panel")?;
        ensure!(whole.panels[first..].starts_with(&input.panels), "a unit's panels are not a run of its job's");
        let output = match product {
            Some((product, columns)) => {
                let start = first * input.panel_rows as usize * columns;
                kernel::to_le_bytes(&product[start..start + input.rows as usize * columns])
            }
            None => {
                let named: HashMap<Cid, &[u8]> = whole.panels.iter().copied().zip(blocks).collect();
                grant.unit.output(&Scalar, &grant.lease.lease, |cid| named.get(cid).copied())?
            }
        };
        self.panels = whole.panels;
        Ok(output)
    }

    /// Whether this is the correct result file.
    pub(crate) fn is_result(&self, file: &[u8]) -> bool {
        match &self.sought.product {
            Some((product, _)) => files::npy_values(file) == *product,
            None => {
                let report: serde_json::Value = serde_json::from_slice(file).unwrap_or_default();
                report["intact"] == true && report["bytes"] == self.sought.input.len()
            }
        }
    }
}

/// A lease.
pub(crate) struct Lease {
    pub(crate) grant: TaskGrant,
    pub(crate) actor: usize,
    pub(crate) right: Vec<u8>,
    job: usize,
    pub(crate) session: String,
    pub(crate) lane: u32,
    issued_ms: i64,
    /// Whether its session was stopped.
    stopped: bool,
    judged: Option<Box<Receipt>>,
}

impl Lease {
    pub(crate) fn is_judged(&self) -> bool {
        self.judged.is_some()
    }
}

/// A key's earnings and record.
#[derive(Clone, Default)]
pub(crate) struct Account {
    part: Part,
    good: i64,
    bad: i64,
    posted: i64,
    /// When its outputs were judged, and whether they were correct.
    verdicts: Vec<(i64, bool)>,
}

impl Account {
    pub(crate) fn pending(&self) -> i64 {
        self.part.value
    }

    pub(crate) fn posted(&self) -> i64 {
        self.posted
    }

    fn wrong(&self) -> usize {
        self.verdicts.iter().filter(|(_, right)| !right).count()
    }

    /// Whether the last two outputs were wrong, which quarantines a miner whatever came before.
    fn is_surely_quarantined(&self, now_ms: i64) -> bool {
        matches!(self.verdicts.as_slice(), [.., (_, false), (at_ms, false)] if now_ms < at_ms + QUARANTINE_MS)
    }
}

pub(crate) struct Truth {
    pub(crate) coordinator: PublicKey,
    pub(crate) jobs: Vec<Job>,
    pub(crate) leases: Vec<Lease>,
    pub(crate) accounts: BTreeMap<usize, Account>,
    by_id: HashMap<LeaseId, usize>,
    receipts: Vec<Receipt>,
    epoch: u64,
    budget: i64,
}

impl Truth {
    pub(crate) fn new(coordinator: PublicKey) -> Self {
        let (jobs, leases, receipts, accounts) = (Vec::new(), Vec::new(), Vec::new(), BTreeMap::new());
        let by_id = HashMap::new();
        Truth { coordinator, jobs, leases, accounts, by_id, receipts, epoch: 0, budget: BUDGET.nano() }
    }

    /// Records a lease. Asserts that nobody has done its panels, that the miner's record allows it, and that a repeated
    /// answer is the same.
    pub(crate) fn leased(
        &mut self,
        actor: usize,
        session: &str,
        lane: u32,
        grant: TaskGrant,
        now_ms: i64,
    ) -> Result<usize> {
        self.coordinator.verify(&grant.lease, &grant.signature).context("the lease's signature")?;
        ensure!(grant.unit.cid() == grant.lease.unit, "the lease is for another unit");
        if let Some(index) = self.by_id.get(&grant.lease.lease) {
            let lease = &self.leases[*index];
            ensure!(lease.actor == actor && lease.grant.lease == grant.lease, "somebody else's lease");
            ensure!(lease.session == session && lease.lane == lane, "another lane's lease");
            ensure!(lease.judged.is_none(), "a lease that was delivered is given out again");
            return Ok(*index);
        }
        let job = self.jobs.iter().position(|job| job.id == grant.job).context("a lease of an unknown job")?;
        ensure!(!self.jobs[job].cancelled, "a lease of a cancelled job");
        let panels = &grant.unit.input().panels;
        ensure!(panels.iter().all(|panel| !self.jobs[job].done.contains(panel)), "a lease of what is done");
        let account = self.accounts.entry(actor).or_default();
        ensure!(!account.is_surely_quarantined(now_ms), "a lease for a miner in quarantine");
        let allowed = FIRST_IN_FLIGHT as usize + account.verdicts.len();
        let (mut under_way, mut same_lane, mut seconds) = (0, 0, 0);
        for other in self.leases.iter().filter(|lease| Self::is_surely_live(lease, &self.jobs, now_ms)) {
            under_way += usize::from(other.actor == actor);
            same_lane += usize::from(other.session == session && other.lane == lane);
            let shared = other.job == job && other.grant.unit.input().panels.iter().any(|panel| panels.contains(panel));
            if !shared {
                continue;
            }
            // An overdue unit may be leased to a second miner, whole.
            let is_second = other.grant.lease.unit == grant.lease.unit && other.actor != actor;
            ensure!(is_second && now_ms - other.issued_ms >= OVERDUE_MS, "panels are leased twice");
            seconds += 1;
        }
        ensure!(seconds < 2, "a unit has three leases");
        ensure!(under_way < allowed, "{under_way} leases under way, {allowed} allowed");
        ensure!(same_lane == 0, "a lane has two leases");
        let (issued_ms, session) = (now_ms, session.to_owned());
        let right = self.jobs[job].output(&grant)?;
        self.by_id.insert(grant.lease.lease, self.leases.len());
        self.leases.push(Lease { grant, actor, right, job, session, lane, issued_ms, stopped: false, judged: None });
        Ok(self.leases.len() - 1)
    }

    /// Whether the lease must be live.
    fn is_surely_live(lease: &Lease, jobs: &[Job], now_ms: i64) -> bool {
        let job = &jobs[lease.job];
        let done = lease.grant.unit.input().panels.iter().any(|panel| job.done.contains(panel));
        let young_ms = YOUNG_MS.min(lease.grant.lease.ttl_ms as i64);
        lease.judged.is_none() && !lease.stopped && !job.cancelled && !done && now_ms < lease.issued_ms + young_ms
    }

    pub(crate) fn session_stopped(&mut self, session: &str) {
        self.leases.iter_mut().filter(|lease| lease.session == session).for_each(|lease| lease.stopped = true);
    }

    /// Records that a miner was refused work.
    pub(crate) fn refused(&self, actor: usize, code: ErrorCode) -> Result<()> {
        let account = self.accounts.get(&actor).cloned().unwrap_or_default();
        match code {
            ErrorCode::NoSession | ErrorCode::NotYourSession | ErrorCode::TooManyLeases => Ok(()),
            ErrorCode::Quarantined => {
                ensure!(account.wrong() >= 2, "in quarantine for {} wrong outputs", account.wrong());
                Ok(())
            }
            code => bail!("asking for work: {}", code.name()),
        }
    }

    /// Records the answer to an output signed by its lease's key, and returns the verdict, if there is one.
    pub(crate) fn delivered(
        &mut self,
        lease: usize,
        output: &[u8],
        reply: &Reply,
        now_ms: i64,
    ) -> Result<Option<Delivered>> {
        let held = &self.leases[lease];
        let job = &self.jobs[held.job];
        let right = held.right == output;
        let done = held.grant.unit.input().panels.iter().any(|panel| job.done.contains(panel));
        // The lease expired or its session ended, so another miner may have had the unit since.
        let lasts_ms = (held.grant.lease.ttl_ms as i64).min(IDLE_MS);
        let over = held.stopped || now_ms >= held.issued_ms + lasts_ms;
        let digest = *blake3::hash(output).as_bytes();
        if reply.status != 200 {
            match reply.code()? {
                ErrorCode::SecondDigest => {
                    let judged = held.judged.as_ref().context("the first digest is called the second")?;
                    ensure!(judged.output_digest.0 != digest, "the same digest is called another");
                }
                ErrorCode::LeaseExpired => {
                    ensure!(held.judged.is_none() && (done || job.cancelled), "a wanted output is turned away");
                }
                code => bail!("a delivery: {}", code.name()),
            }
            return Ok(None);
        }
        let answer: Delivered = reply.json()?;
        self.is_proven(&answer.receipt)?;
        let receipt = &answer.receipt.receipt;
        ensure!(receipt.output_digest.0 == digest, "a receipt for another output");
        if let Some(judged) = &held.judged {
            ensure!(**judged == *receipt, "another receipt for the same lease");
            return Ok(Some(answer));
        }
        match receipt.verdict {
            Verdict::Valid => ensure!(right && !done && !job.cancelled, "valid: right {right}, done {done}"),
            Verdict::Invalid => ensure!(!right, "a right output is refused"),
            Verdict::TooLate => {
                ensure!(right && (done || over || job.cancelled), "too late: right {right}, done {done}, over {over}");
            }
            Verdict::Inconclusive => bail!("an exact kind is decided"),
        }
        self.judged(lease, answer.receipt.receipt.clone(), answer.reward.nano(), now_ms)?;
        Ok(Some(answer))
    }

    fn is_proven(&self, proven: &ProvenReceipt) -> Result<()> {
        proven.verify(&self.coordinator).context("the receipt's proof")
    }

    /// Records a new verdict.
    fn judged(&mut self, lease: usize, receipt: Receipt, reward: i64, now_ms: i64) -> Result<()> {
        let held = &mut self.leases[lease];
        let job = &mut self.jobs[held.job];
        let value = held.grant.lease.value.nano();
        let (valid, invalid) = (receipt.verdict == Verdict::Valid, receipt.verdict == Verdict::Invalid);
        ensure!(receipt.log_index == self.receipts.len() as u64, "the log has a gap, or a place twice");
        ensure!(receipt.lease == held.grant.lease.lease && receipt.value.nano() == value, "another lease's receipt");
        ensure!(receipt.epoch == self.epoch && receipt.counterexample.is_some() == invalid, "{receipt:?}");
        ensure!(reward == if valid { value } else { 0 }, "the reward is {reward} of {value}");
        let account = self.accounts.entry(held.actor).or_default();
        if valid {
            job.done.extend(held.grant.unit.input().panels.iter().copied());
            account.good += value;
            *(if job.sponsored { &mut account.part.value } else { &mut account.posted }) += value;
        }
        if invalid {
            account.bad += value;
        }
        if valid || invalid {
            account.verdicts.push((now_ms, valid));
        }
        held.judged = Some(Box::new(receipt.clone()));
        self.receipts.push(receipt);
        Ok(())
    }

    /// Records that an epoch has closed and paid what it owed.
    pub(crate) fn epoch_is(&mut self, epoch: u64, due: bool) -> Result<()> {
        ensure!(epoch == self.epoch + u64::from(due), "epoch {epoch} after {}, due: {due}", self.epoch);
        if !due {
            return Ok(());
        }
        let parts: Vec<Part> = self.accounts.values().map(|account| account.part).collect();
        let rewards = epoch_rewards(self.budget, &parts);
        for (account, reward) in self.accounts.values_mut().zip(&rewards) {
            account.posted += reward;
            account.part.earlier_good += std::mem::take(&mut account.good);
            account.part.earlier_bad += std::mem::take(&mut account.bad);
            account.part.value = 0;
        }
        self.budget += BUDGET.nano() - rewards.iter().sum::<i64>();
        self.epoch = epoch;
        Ok(())
    }

    /// Asserts that the signed head covers exactly the receipts given out, in their order.
    pub(crate) fn log_is(&self, reply: &Reply) -> Result<()> {
        if self.receipts.is_empty() {
            ensure!(reply.status == 404, "a head without receipts");
            return Ok(());
        }
        let SignedHead { head, signature } = reply.json()?;
        self.coordinator.verify(&head, &signature)?;
        let mut frontier = Frontier::load(0, |_| Err(())).ok().context("an empty log")?;
        for receipt in &self.receipts {
            frontier.append(receipt.leaf());
        }
        ensure!((head.size, head.root.0) == (frontier.size(), frontier.root()), "the head is of another log");
        Ok(())
    }

    /// The base rewards of all correct outputs and the number of verdicts, for a summary.
    pub(crate) fn verdicts(&self) -> [usize; 3] {
        let count = |verdict| self.receipts.iter().filter(|receipt| receipt.verdict == verdict).count();
        [count(Verdict::Valid), count(Verdict::Invalid), count(Verdict::TooLate)]
    }
}
