//! A server in a process of its own, so that its processor time and memory can be measured apart.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

/// A child process that serves until its input ends.
pub struct Process {
    child: Child,
    /// The first line that it printed.
    pub line: String,
}

impl Process {
    /// Starts a program, which must print a line once it is ready, and end when its input ends.
    pub fn start(command: &mut Command) -> Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        Ok(Process { child, line: line.trim().to_owned() })
    }

    /// Starts this program again with these arguments.
    pub fn this(arguments: &[&std::ffi::OsStr]) -> Result<Self> {
        Self::start(Command::new(std::env::current_exe()?).args(arguments))
    }

    /// Waits, in the child, until the input ends.
    pub async fn parent_ended() {
        let _ = tokio::task::spawn_blocking(|| std::io::stdin().lines().count()).await;
    }

    /// Its processor time so far, user and system, in seconds.
    pub fn processor_s(&self) -> Result<f64> {
        let stat = std::fs::read_to_string(self.proc("stat"))?;
        let fields: Vec<&str> = stat.rsplit_once(')').context("stat")?.1.split_whitespace().collect();
        // Fields 14 and 15 in proc(5), in ticks of 1/100 s.
        Ok((fields[11].parse::<f64>()? + fields[12].parse::<f64>()?) / 100.0)
    }

    /// Its resident memory in bytes, without mapped files.
    pub fn resident_bytes(&self) -> Result<u64> {
        let status = std::fs::read_to_string(self.proc("status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).context("no RssAnon")?;
        let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kilobytes << 10)
    }

    /// The number of files and sockets that it has open.
    pub fn open_files(&self) -> Result<usize> {
        Ok(std::fs::read_dir(self.proc("fd"))?.count())
    }

    fn proc(&self, file: &str) -> String {
        format!("/proc/{}/{file}", self.child.id())
    }

    /// Stops it and waits until it has ended.
    pub fn stop(mut self) -> Result<()> {
        drop(self.child.stdin.take());
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may already have ended.
        drop(self.child.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
