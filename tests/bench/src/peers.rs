//! Runs tests/bench/peers.py as a process that takes orders, so that contenders can take turns.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Value, json};

/// The variable that names an interpreter with numpy, onnx and onnxruntime.
pub const PYTHON: &str = "ADIT_PYTHON";

/// The Python peers, if there is an interpreter for them.
pub struct Peers(Option<Process>);

struct Process {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    versions: String,
}

#[derive(Deserialize)]
struct Answer {
    ms: f64,
    sha256: String,
}

impl Peers {
    /// Starts the process. Without an interpreter it prints that the peers are skipped.
    pub fn start() -> Result<Self> {
        let Some(python) = std::env::var_os(PYTHON) else {
            eprintln!("skipped: numpy and onnxruntime, because {PYTHON} names no interpreter");
            return Ok(Peers(None));
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers.py");
        let mut command = Command::new(python);
        command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context("cannot start the peers' interpreter")?;
        let orders = child.stdin.take().context("no input")?;
        let mut answers = BufReader::new(child.stdout.take().context("no output")?);
        let mut line = String::new();
        answers.read_line(&mut line)?;
        let versions: Value = serde_json::from_str(&line).context("the peers did not start")?;
        Ok(Peers(Some(Process { child, orders, answers, versions: versions.to_string() })))
    }

    /// Whether there are any.
    pub fn are_there(&self) -> bool {
        self.0.is_some()
    }

    /// Their versions.
    pub fn versions(&self) -> &str {
        self.0.as_ref().map_or("no peers in Python", |process| &process.versions)
    }

    /// Runs `peer` on a product and returns its milliseconds and the SHA-256 of the result.
    pub fn run(&mut self, peer: &str, m: usize, k: usize, n: usize) -> Result<(f64, String)> {
        let process = self.0.as_mut().context("no peers in Python")?;
        writeln!(process.orders, "{}", json!({ "peer": peer, "m": m, "k": k, "n": n }))?;
        let mut line = String::new();
        process.answers.read_line(&mut line)?;
        let Answer { ms, sha256 } = serde_json::from_str(&line).with_context(|| format!("{peer} gave no answer"))?;
        Ok((ms, sha256))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may already have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
