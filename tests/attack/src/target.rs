//! A coordinator under attack, in a directory of its own.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use adit_core::sign::SecretKey;
use adit_protocol::jobs::JobView;
use adit_protocol::mining::TaskGrant;
use adit_support::mortal::any_port;
use adit_support::program::{Program, Served};
use adit_support::{Client, files};
use anyhow::{Context, Result};
use tempfile::TempDir;

/// The coordinator.
pub(crate) struct Target {
    pub(crate) served: Served,
    pub(crate) data: TempDir,
    program: PathBuf,
}

impl Target {
    pub(crate) async fn start(program: &Path, flags: &[&str]) -> Result<Self> {
        let data = TempDir::new()?;
        let served = Served::start_with(program, any_port(), data.path(), flags).await?;
        Ok(Target { served, data, program: program.to_owned() })
    }

    /// A client with its own key.
    pub(crate) fn client(&self, name: &str, key: u16) -> Result<Client> {
        let mut client = Client::at(&self.served.url, &self.served.token, name, 1)?;
        let mut secret = [1; 32];
        secret[..2].copy_from_slice(&key.to_be_bytes());
        client.key = SecretKey::from_bytes(&secret)?;
        Ok(client)
    }

    /// Submits a product of `rows` rows; inner dimension and columns are `size`.
    pub(crate) async fn product(&self, rows: u32, size: u32) -> Result<JobView> {
        let a = files::npy(rows, size, &files::values(1, (rows * size) as usize));
        let b = files::npy(size, size, &files::values(2, (size * size) as usize));
        self.client("requester", 60_000)?.submit_matmul(a, b).await
    }

    /// Starts `adit mine`, on one core, with additional flags.
    pub(crate) fn mine(&self, flags: &[&str]) -> Result<Program> {
        let key = self.data.path().join("miner.key");
        let key = key.to_str().context("a path that is not UTF-8")?;
        let arguments =
            ["mine", "--server", &self.served.url, "--cpu", "1", "--gpu", "off", "--plain", "--id", "m", "--key", key];
        Program::start(&self.program, &[&arguments[..], flags].concat())
    }

    /// The resident memory of the coordinator in MiB.
    pub(crate) fn memory_mib(&mut self) -> Result<u64> {
        let status = self.proc("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib / 1_024)
    }

    /// The processor time that the coordinator has used.
    pub(crate) fn processor_time(&mut self) -> Result<Duration> {
        let stat = self.proc("stat")?;
        // The program's name, in parentheses, may hold spaces.
        let (_, rest) = stat.rsplit_once(')').context("no name")?;
        // User and system time are fields 14 and 15 of proc_pid_stat(5); the rest begins with field 3.
        let mut fields = rest.split_whitespace().skip(11);
        let mut ticks = || fields.next().context("no processor time")?.parse::<u64>().context("not a number");
        Ok(Duration::from_millis((ticks()? + ticks()?) * 1_000 / rustix::param::clock_ticks_per_second()))
    }

    fn proc(&mut self, file: &str) -> Result<String> {
        let id = self.served.program().id()?;
        Ok(std::fs::read_to_string(format!("/proc/{id}/{file}"))?)
    }
}

/// A lease for a lane, if one is given.
pub(crate) async fn lease(client: &Client, lane: u32) -> Result<Option<TaskGrant>> {
    let reply = client.ask(lane).await?;
    if reply.status != 200 {
        return Ok(None);
    }
    Ok(reply.json::<adit_protocol::neonet::Task>()?.adit)
}

/// The milliseconds of an exchange, and its status.
pub(crate) async fn timed(client: &Client, path: &str) -> Result<(u128, u16)> {
    let began = Instant::now();
    let status = client.get(path).await?.status.as_u16();
    Ok((began.elapsed().as_millis(), status))
}
