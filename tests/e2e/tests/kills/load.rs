//! The load while the coordinator dies: a requester submits jobs and miners mine. Each repeats a call until it is
//! answered, and records every answer.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use adit_client::ClientError;
use adit_core::kernel::matmul_i8;
use adit_core::random::SplitMix64;
use adit_core::sign::LeaseId;
use adit_core::statement::{ProvenReceipt, Receipt, Verdict};
use adit_core::{Amount, Cid};
use adit_protocol::ErrorCode;
use adit_protocol::jobs::{FileInfo, JobList, JobRequest, JobState, JobView, JobWork};
use adit_protocol::mining::{Delivered, TaskGrant};
use adit_protocol::neonet::Task;
use adit_protocol::paths::{self, with};
use adit_support::mortal::Mortal;
use adit_support::{Client, Reply, files};
use anyhow::{Context, Result, bail, ensure};
use reqwest::Method;
use tokio::task::JoinHandle;

/// The most unfinished jobs at once.
const JOBS_AT_ONCE: usize = 3;
/// The pause before a call is repeated.
const AWAY: Duration = Duration::from_millis(15);

const SUBMITTING: u8 = 0;
const DRAINING: u8 = 1;
const OVER: u8 = 2;

/// A job and its correct result.
#[derive(Clone)]
pub(crate) struct Job {
    pub(crate) id: u64,
    pub(crate) sponsored: bool,
    pub(crate) product: Vec<i32>,
}

/// A verdict that a miner was given.
#[derive(Clone)]
pub(crate) struct Told {
    pub(crate) receipt: Receipt,
    pub(crate) sponsored: bool,
}

impl Told {
    pub(crate) fn value(&self) -> i64 {
        self.receipt.value.nano()
    }
}

/// The record of all calls and answers.
#[derive(Default)]
pub(crate) struct Load {
    stage: AtomicU8,
    jobs: Mutex<Vec<Job>>,
    /// Each lease with its job, and its receipt unless no answer came.
    leases: Mutex<BTreeMap<LeaseId, (TaskGrant, Option<Receipt>)>>,
    /// Verdicts given since the last death.
    fresh: Mutex<Vec<Receipt>>,
}

/// The requester and the miners.
pub(crate) struct UnderWay {
    requester: JoinHandle<Result<()>>,
    miners: Vec<JoinHandle<Result<Client>>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether an error means that there was no complete answer.
fn is_away(error: &anyhow::Error) -> bool {
    let of_api = |cause: &ClientError| matches!(cause, ClientError::Away { .. });
    error.chain().any(|cause| cause.is::<reqwest::Error>() || cause.downcast_ref().is_some_and(of_api))
}

/// Repeats a call until it is answered.
async fn answered<T, F: Future<Output = Result<T>>>(ask: impl Fn() -> F) -> Result<T> {
    loop {
        match ask().await {
            Err(error) if is_away(&error) => tokio::time::sleep(AWAY).await,
            answer => return answer,
        }
    }
}

impl Load {
    pub(crate) fn start(self: &Arc<Self>, mortal: &Mortal, miners: u8) -> Result<UnderWay> {
        let (load, client) = (self.clone(), mortal.client("requester", 100)?);
        let requester = tokio::spawn(async move { load.submit(&client).await });
        let miner = |number: u8| {
            let (load, client) = (self.clone(), mortal.client(&format!("miner-{number}"), number)?);
            Ok(tokio::spawn(async move { load.mine(client, u64::from(number)).await }))
        };
        Ok(UnderWay { requester, miners: (1..=miners).map(miner).collect::<Result<_>>()? })
    }

    /// Submits no more jobs from now on.
    pub(crate) fn submits_no_more(&self) {
        self.stage.store(DRAINING, Ordering::Relaxed);
    }

    /// Ends the load and returns the miners' clients.
    pub(crate) async fn ends(&self, under_way: UnderWay) -> Result<Vec<Client>> {
        self.stage.store(OVER, Ordering::Relaxed);
        under_way.requester.await??;
        let mut miners = Vec::new();
        for miner in under_way.miners {
            miners.push(miner.await??);
        }
        Ok(miners)
    }

    fn stage(&self) -> u8 {
        self.stage.load(Ordering::Relaxed)
    }

    pub(crate) fn jobs(&self) -> Vec<Job> {
        locked(&self.jobs).clone()
    }

    /// Asserts that every verdict given since the last death is unchanged, and returns their number.
    pub(crate) async fn verdicts_stand(&self, reader: &Client) -> Result<usize> {
        let fresh = std::mem::take(&mut *locked(&self.fresh));
        for told in &fresh {
            let stored =
                stored(reader, &told.lease).await?.with_context(|| format!("the receipt is lost: {told:?}"))?;
            ensure!(stored == *told, "the receipt changed from {told:?} to {stored:?}");
        }
        Ok(fresh.len())
    }

    /// Every verdict on a miner's outputs, including those whose answer was lost.
    pub(crate) async fn verdicts_of(&self, miner: &Client) -> Result<Vec<Told>> {
        let key = miner.key.public_key();
        let leases: Vec<_> =
            locked(&self.leases).values().filter(|(grant, _)| grant.lease.miner == key).cloned().collect();
        let sponsored: BTreeMap<u64, bool> = self.jobs().iter().map(|job| (job.id, job.sponsored)).collect();
        let mut verdicts = Vec::new();
        for (grant, told) in leases {
            let stored = stored(miner, &grant.lease.lease).await?;
            ensure!(told.is_none() || told == stored, "the receipt changed from {told:?} to {stored:?}");
            if let Some(receipt) = stored.filter(|receipt| receipt.verdict == Verdict::Valid) {
                ensure!(receipt.value == grant.lease.value, "{receipt:?}");
                let sponsored = *sponsored.get(&grant.job).context("a lease of an unknown job")?;
                verdicts.push(Told { receipt, sponsored });
            }
        }
        Ok(verdicts)
    }

    async fn submit(&self, client: &Client) -> Result<()> {
        let mut random = SplitMix64::new(5);
        for number in 0.. {
            while self.stage() == SUBMITTING && self.open_jobs(client).await? >= JOBS_AT_ONCE {
                tokio::time::sleep(AWAY).await;
            }
            if self.stage() != SUBMITTING {
                break;
            }
            let (m, k, n) = (64 + 8 * (random.draw() % 16) as u32, 256, 64 + (random.draw() % 64) as u32);
            let (a, b) = (files::values(random.draw(), (m * k) as usize), files::values(8, (k * n) as usize));
            let product = matmul_i8(&a, &b, m as usize, k as usize, n as usize);
            let (a, b) = (uploaded(client, files::npy(m, k, &a)).await?, uploaded(client, files::npy(k, n, &b)).await?);
            let budget = (number % 3 == 2).then(|| Amount::from_nano(1_000_000_000));
            let (name, sponsored) = (Some(format!("job-{number}")), budget.is_none());
            let request = JobRequest { demo: true, budget, name, ..JobRequest::new(JobWork::MatmulI8 { a, b }) };
            let id = submitted(client, &request).await?;
            locked(&self.jobs).push(Job { id, sponsored, product });
        }
        Ok(())
    }

    async fn open_jobs(&self, client: &Client) -> Result<usize> {
        let list = listed(client).await?;
        Ok(list.jobs.iter().filter(|job| job.state == JobState::Active).count())
    }

    async fn mine(&self, mut client: Client, seed: u64) -> Result<Client> {
        let mut random = SplitMix64::new(seed);
        while self.stage() != OVER {
            // Asking again gives the same task, so nothing has to be remembered.
            let reply = answered(|| client.ask(0)).await?;
            match refusal(&reply)? {
                None if reply.status == 204 => tokio::time::sleep(AWAY).await,
                None => {
                    let grant = reply.json::<Task>()?.adit.context("a task without a lease")?;
                    self.work(&mut client, grant, &mut random).await?;
                }
                Some(ErrorCode::NoSession | ErrorCode::NotRegistered | ErrorCode::NotYourSession) => {
                    opened(&mut client).await?
                }
                Some(ErrorCode::TooManyLeases | ErrorCode::TooManyRequests) => tokio::time::sleep(AWAY).await,
                Some(code) => bail!("asking for work: {}", code.name()),
            }
        }
        Ok(client)
    }

    /// Computes, and delivers until there is an answer. Sometimes delivers again.
    async fn work(&self, client: &mut Client, grant: TaskGrant, random: &mut SplitMix64) -> Result<()> {
        let lease = grant.lease.lease;
        locked(&self.leases).entry(lease).or_insert((grant.clone(), None));
        let output = computed(client, &grant).await?;
        for _ in 0..=u64::from(random.draw().is_multiple_of(4)) {
            let reply = answered(|| client.deliver(&grant, output.clone())).await?;
            match refusal(&reply)? {
                None => self.told(&lease, reply.json()?)?,
                Some(ErrorCode::LeaseExpired) => return Ok(()),
                Some(code) => bail!("a delivery: {}", code.name()),
            }
        }
        Ok(())
    }

    fn told(&self, lease: &LeaseId, answer: Delivered) -> Result<()> {
        let receipt = answer.receipt.receipt;
        ensure!(receipt.lease == *lease, "another lease's receipt");
        ensure!(matches!(receipt.verdict, Verdict::Valid | Verdict::TooLate), "a correct output: {receipt:?}");
        let mut leases = locked(&self.leases);
        let (_, told) = leases.get_mut(lease).context("an unknown lease")?;
        match told {
            Some(told) => ensure!(*told == receipt, "another receipt for the same lease"),
            None => {
                *told = Some(receipt.clone());
                locked(&self.fresh).push(receipt);
            }
        }
        Ok(())
    }
}

/// The code of an error, `None` for other answers.
fn refusal(reply: &Reply) -> Result<Option<ErrorCode>> {
    if reply.status.is_success() { Ok(None) } else { reply.code().map(Some) }
}

async fn opened(client: &mut Client) -> Result<()> {
    loop {
        match client.open().await {
            Err(error) if is_away(&error) => tokio::time::sleep(AWAY).await,
            // A challenge works once. If the answer to a start was lost, it takes a new one.
            Err(error) if format!("{error:#}").contains("challenge_used") => {}
            opened => return opened,
        }
    }
}

async fn computed(client: &mut Client, grant: &TaskGrant) -> Result<Vec<u8>> {
    loop {
        match client.compute(grant).await {
            Err(error) if is_away(&error) => tokio::time::sleep(AWAY).await,
            output => return output,
        }
    }
}

async fn uploaded(client: &Client, bytes: Vec<u8>) -> Result<Cid> {
    Ok(answered(|| client.upload("A.npy", bytes.clone())).await?.json::<FileInfo>()?.file)
}

async fn listed(client: &Client) -> Result<JobList> {
    answered(|| client.get(paths::JOBS)).await?.json()
}

/// Submits a job exactly once: if no answer came, it looks for the job before it submits again.
async fn submitted(client: &Client, request: &JobRequest) -> Result<u64> {
    loop {
        let sent = client.send(client.as_operator(Method::POST, paths::JOBS).json(request)).await;
        match sent.and_then(|reply| reply.json::<JobView>()) {
            Ok(job) => return Ok(job.job),
            Err(error) if is_away(&error) => tokio::time::sleep(AWAY).await,
            Err(error) => return Err(error),
        }
        let list = listed(client).await?;
        if let Some(job) = list.jobs.iter().find(|job| job.name == request.name) {
            return Ok(job.job);
        }
    }
}

/// A lease's receipt, if there is one, after its proof has been checked.
async fn stored(reader: &Client, lease: &LeaseId) -> Result<Option<Receipt>> {
    let reply = reader.get(&with(paths::RECEIPT, &lease.to_string())).await?;
    if reply.status == 404 {
        return Ok(None);
    }
    let proven: ProvenReceipt = reply.json()?;
    proven.verify(&proven.head.coordinator)?;
    Ok(Some(proven.receipt))
}
