//! The real program as a child process that tests can kill.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};

/// How long the program may take to become ready or to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program: the path in ADIT_BIN, else beside the tests. `None` skips a test; with CI set, a missing program fails
/// it.
pub fn find() -> Result<Option<PathBuf>> {
    let beside = std::env::current_exe()?.parent().and_then(Path::parent).map(|folder| folder.join("adit"));
    let given = std::env::var_os("ADIT_BIN").map(PathBuf::from);
    let found = given.or(beside).filter(|program| program.is_file());
    if found.is_none() {
        ensure!(std::env::var_os("CI").is_none(), "the program is missing: build it, or set ADIT_BIN");
        eprintln!("SKIPPED: the program is missing; build it with `cargo build -p adit-native`, or set ADIT_BIN");
    }
    Ok(found)
}

/// A running program and the lines that it printed.
pub struct Program {
    child: Child,
    said: Arc<Mutex<Vec<String>>>,
}

impl Program {
    /// Starts it.
    pub fn start(program: &Path, arguments: &[&str]) -> Result<Self> {
        Self::start_into(program, arguments, Stdio::piped(), Stdio::piped())
    }

    /// Starts it with other streams as standard output and standard error. Only lines from pipes are read.
    pub fn start_into(program: &Path, arguments: &[&str], out: Stdio, err: Stdio) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(out).stderr(err).kill_on_drop(true);
        let mut child = command.spawn().with_context(|| format!("{} cannot be started", program.display()))?;
        let said = Arc::new(Mutex::new(Vec::new()));
        if let Some(out) = child.stdout.take() {
            listen(out, said.clone());
        }
        if let Some(err) = child.stderr.take() {
            listen(err, said.clone());
        }
        Ok(Program { child, said })
    }

    /// Its process id.
    pub fn id(&self) -> Result<u32> {
        self.child.id().context("the program has ended")
    }

    /// Every line so far.
    pub fn said(&self) -> Vec<String> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for a line that contains `text`.
    pub async fn line(&mut self, text: &str) -> Result<String> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            if let Some(line) = self.said().into_iter().find(|line| line.contains(text)) {
                return Ok(line);
            }
            if let Some(status) = self.child.try_wait()? {
                // Its last lines may still be on their way.
                tokio::time::sleep(Duration::from_millis(100)).await;
                if !self.said().iter().any(|line| line.contains(text)) {
                    bail!("the program ended with {status} before it printed {text:?}: {:#?}", self.said());
                }
            }
            ensure!(tokio::time::Instant::now() < deadline, "the program did not print {text:?}: {:#?}", self.said());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Kills it with SIGKILL.
    pub async fn kill(mut self) -> Result<()> {
        self.child.kill().await?;
        Ok(())
    }

    /// Sends SIGTERM, as service managers do.
    #[cfg(unix)]
    pub async fn tell_to_stop(&self) -> Result<()> {
        let id = self.id()?.to_string();
        ensure!(Command::new("kill").args(["-TERM", &id]).status().await?.success());
        Ok(())
    }

    /// Sends SIGTERM and waits until it ends.
    #[cfg(unix)]
    pub async fn terminate(&mut self) -> Result<ExitStatus> {
        self.tell_to_stop().await?;
        self.ended().await
    }

    /// Waits until it ends.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        Ok(ended.with_context(|| format!("the program does not end: {:#?}", self.said()))??)
    }
}

fn listen(stream: impl AsyncRead + Unpin + Send + 'static, said: Arc<Mutex<Vec<String>>>) {
    tokio::spawn(async move {
        let mut lines = BufReader::new(stream).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            said.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    });
}

/// A coordinator in a process of its own.
pub struct Served {
    /// Its URL.
    pub url: String,
    /// The operator's token.
    pub token: String,
    address: SocketAddr,
    program: Program,
}

impl Served {
    /// Starts `adit serve` on a directory. With port 0 the system chooses a port.
    pub async fn start(program: &Path, listen: SocketAddr, data: &Path) -> Result<Self> {
        Self::start_with(program, listen, data, &[]).await
    }

    /// Starts `adit serve` with additional flags.
    pub async fn start_with(program: &Path, listen: SocketAddr, data: &Path, flags: &[&str]) -> Result<Self> {
        let (listen, folder) = (listen.to_string(), data.to_str().context("a path that is not UTF-8")?);
        let arguments = [&["serve", "--listen", &listen, "--data", folder], flags].concat();
        let mut program = Program::start(program, &arguments)?;
        let line = program.line("Coordinator on http://").await?;
        let (_, rest) = line.split_once("http://").context("no address")?;
        let address = rest.split(',').next().unwrap_or_default().parse()?;
        let token = std::fs::read_to_string(data.join("admin.token"))?.trim().to_owned();
        Ok(Served { url: format!("http://{address}"), token, address, program })
    }

    /// Kills it and starts it again on the same directory and port.
    pub async fn killed_and_started(self, program: &Path, data: &Path, flags: &[&str]) -> Result<Self> {
        self.program.kill().await?;
        Self::start_with(program, self.address, data, flags).await
    }

    /// Kills it.
    pub async fn killed(self) -> Result<()> {
        self.program.kill().await
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    pub fn program(&mut self) -> &mut Program {
        &mut self.program
    }
}
