//! Puts a coordinator under load, in a process of its own, so that its processor time and memory can be measured apart.
//!
//! Units are real and small, outputs are computed beforehand, and every answer is a verdict sent after the commit.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use adit_coordinator::{Config, serve};
use adit_core::kernel::{matmul_i8, to_le_bytes};
use adit_core::statement::Verdict;
use adit_core::{Cid, Unit, split};
use adit_protocol::jobs::{FileInfo, JobWork};
use adit_protocol::mining::Delivered;
use adit_protocol::neonet::Task;
use adit_protocol::records::{LedgerTotals, Overview};
use adit_support::{Client, files};
use anyhow::{Context, Result, ensure};
use tokio::task::JoinHandle;

use crate::process::Process;

/// A job's shape: rows, inner dimension, columns. Its panels have eight rows.
pub const SHAPE: (usize, usize, usize) = (512, 64, 64);
/// Sessions at once, each with one lane.
pub const SESSIONS: usize = 32;
/// How long a driver without work waits before it asks again.
const NO_WORK: Duration = Duration::from_millis(5);
/// How often finished jobs are replaced.
const KEEP_UP: Duration = Duration::from_millis(200);

/// A coordinator in a child process.
pub struct Coordinator {
    /// The process.
    pub process: Process,
    /// Its URL.
    pub url: String,
    /// The operator's token.
    pub token: String,
}

impl Coordinator {
    /// Starts this program as a child, which must pass `serve DIR EPOCH_MS` to [`Coordinator::run`].
    pub fn start(data: &Path, epoch_ms: i64) -> Result<Self> {
        let process = Process::this(&["serve".as_ref(), data.as_os_str(), epoch_ms.to_string().as_ref()])?;
        let (address, token) = process.line.split_once(' ').context("the coordinator did not start")?;
        Ok(Coordinator { url: format!("http://{address}"), token: token.to_owned(), process })
    }

    /// Runs in the child: prints its address and token, and serves until its input ends.
    pub async fn run(arguments: &[String]) -> Result<()> {
        let [data, epoch_ms] = arguments else { anyhow::bail!("serve DIR EPOCH_MS") };
        let mut config = Config::new("127.0.0.1:0".parse()?, PathBuf::from(data));
        config.epoch_ms = epoch_ms.parse()?;
        let ready =
            |address, coordinator: &adit_coordinator::Coordinator| println!("{address} {}", coordinator.token());
        Ok(serve(config, ready, Process::parent_ended()).await?)
    }

    /// Stops it and waits until it has ended.
    pub fn stop(self) -> Result<()> {
        self.process.stop()
    }
}

/// The load: one product, submitted over and over, whose outputs are known.
pub struct Load {
    operator: Client,
    work: JobWork,
    output: Arc<Vec<u8>>,
    panels: Arc<Vec<u8>>,
    units: Arc<AtomicU64>,
    rows: Arc<AtomicU64>,
}

impl Load {
    /// Uploads the operands of the product.
    pub async fn new(coordinator: &Coordinator) -> Result<Self> {
        let (m, k, n) = SHAPE;
        let (a, b) = (files::values(1, m * k), files::values(2, k * n));
        let operator = Client::at(&coordinator.url, &coordinator.token, "operator", 1)?;
        let a_file: FileInfo = operator.upload("A.npy", files::npy(m as u32, k as u32, &a)).await?.json()?;
        let b_file: FileInfo = operator.upload("B.npy", files::npy(k as u32, n as u32, &b)).await?.json()?;
        Ok(Load {
            operator,
            work: JobWork::MatmulI8 { a: a_file.file, b: b_file.file },
            output: Arc::new(to_le_bytes(&matmul_i8(&a, &b, m, k, n))),
            panels: Arc::new(a.into_iter().map(|value| value as u8).collect()),
            units: Arc::default(),
            rows: Arc::default(),
        })
    }

    /// Submits jobs.
    pub async fn submit(&self, jobs: usize) -> Result<()> {
        for _ in 0..jobs {
            self.operator.submit(self.work.clone()).await?;
        }
        Ok(())
    }

    /// Submits a new job for every finished one, until `until`.
    pub async fn keep_up(&self, until: Instant) -> Result<()> {
        let mut submitted = 0;
        while Instant::now() < until {
            // Counted here, because asking the coordinator would add other load.
            let done = (self.rows.load(Ordering::Relaxed) / SHAPE.0 as u64) as usize;
            self.submit(done - submitted).await?;
            submitted = done;
            tokio::time::sleep(KEEP_UP).await;
        }
        Ok(())
    }

    /// Opens [`SESSIONS`] sessions, which mine until `until`.
    pub fn drive(&self, coordinator: &Coordinator, until: Instant) -> Vec<JoinHandle<Result<()>>> {
        let drive = |number: usize| {
            let name = format!("driver-{number}");
            let client = Client::at(&coordinator.url, &coordinator.token, &name, number as u8 + 1);
            let (output, panels) = (self.output.clone(), self.panels.clone());
            let (units, rows) = (self.units.clone(), self.rows.clone());
            tokio::spawn(async move { Driver { client: client?, output, panels, units, rows }.drive(until).await })
        };
        (0..SESSIONS).map(drive).collect()
    }

    /// The number of valid units so far.
    pub fn units(&self) -> u64 {
        self.units.load(Ordering::Relaxed)
    }

    async fn overview(&self) -> Result<Overview> {
        Ok(self.operator.api().overview().await?)
    }

    /// Fails unless the coordinator counted the same units as the drivers and its ledger is balanced.
    pub async fn is_in_order(&self) -> Result<()> {
        let (counted, units) = (self.overview().await?.verdicts.valid, self.units());
        ensure!(counted == units, "{counted} verdicts for {units} units");
        let ledger: LedgerTotals = self.operator.api().audit().await?;
        ensure!(ledger.balanced, "the ledger is not balanced");
        Ok(())
    }
}

/// A session that delivers precomputed outputs and goes on with the task in each answer.
struct Driver {
    client: Client,
    output: Arc<Vec<u8>>,
    panels: Arc<Vec<u8>>,
    units: Arc<AtomicU64>,
    rows: Arc<AtomicU64>,
}

impl Driver {
    async fn drive(mut self, until: Instant) -> Result<()> {
        self.client.open().await?;
        let mut task = self.client.task(0).await?;
        let mut panels: Vec<Cid> = Vec::new();
        while Instant::now() < until {
            let Some(Task { data, adit: Some(grant), .. }) = task else {
                tokio::time::sleep(NO_WORK).await;
                task = self.client.task(0).await?;
                continue;
            };
            ensure!(data["inner_size"] == SHAPE.1, "another job's unit");
            if panels.is_empty() {
                let panel_rows = grant.unit.input().panel_rows;
                panels = split::cut(&self.panels, SHAPE.0 as u32, SHAPE.1 as u32, panel_rows).0.panels;
            }
            let part = self.part(&panels, &grant.unit)?;
            let answer: Delivered = self.client.deliver(&grant, part).await?.json()?;
            ensure!(answer.verdict == Verdict::Valid, "{:?}", answer.verdict);
            self.units.fetch_add(1, Ordering::Relaxed);
            self.rows.fetch_add(grant.unit.input().rows.into(), Ordering::Relaxed);
            task = answer.next;
        }
        Ok(())
    }

    /// The unit's rows of the whole output. Its first panel says where they begin.
    fn part(&self, panels: &[Cid], unit: &Unit) -> Result<Vec<u8>> {
        let first = panels.iter().position(|panel| *panel == unit.input().panels[0]).context("an unknown panel")?;
        let start = first * unit.input().panel_rows as usize * SHAPE.2 * 4;
        Ok(self.output[start..start + unit.output_bytes() as usize].to_vec())
    }
}
