//! `cargo xtask up`: runs a coordinator, a job and a miner on this machine.

mod children;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::repo::Repo;
use crate::{native, setup, web};
use children::{Children, Ended, Interrupt};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Stop when the demonstration job has ended; succeed only if its result is correct
    ///
    /// Uses a free port and a temporary data folder, and needs no terminal.
    #[arg(long)]
    once: bool,
}

const LISTEN: &str = "127.0.0.1:8000";
const EXAMPLE: &str = "examples/digits";
const HEALTHY_WITHIN: Duration = Duration::from_secs(30);
const JOB_WITHIN: Duration = Duration::from_secs(300);
const BETWEEN_JOBS: Duration = Duration::from_secs(2);
/// Rows and columns of the matrices in the jobs after the demonstration.
const MATRIX: usize = 1_024;

pub(crate) fn run(repo: &Repo, args: &Args) -> Result<()> {
    setup::minimal(repo)?;
    web::run(repo)?;
    let adit = native::build(repo)?;
    if args.once { once(repo, &adit) } else { stay(repo, &adit) }
}

/// Runs the demonstration once with a program that is already built.
pub(crate) fn once(repo: &Repo, adit: &Path) -> Result<()> {
    once_with(repo, adit, Command::new(adit).arg("mine"))
}

/// Runs the demonstration once with another miner; the coordinator's address is added to its command.
pub(crate) fn once_with(repo: &Repo, adit: &Path, mine: &mut Command) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let free = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let site = Site { repo, adit, listen: free, data: folder.path().join("data") };
    let mut children = Children::new(Interrupt::listen()?);
    let result = demonstrate(&site, mine, &mut children);
    children.stop_all().and(result)?;
    println!("\nThe demonstration job ended with the correct result.");
    Ok(())
}

fn demonstrate(site: &Site<'_>, mine: &mut Command, children: &mut Children) -> Result<()> {
    site.open(children)?;
    let output = site.data.with_file_name("classes.csv");
    children.start("mine", mine.args(["--server", &site.url()]))?;
    children.start("submit", &mut site.submit(&output))?;
    match children.wait_for("submit", JOB_WITHIN)? {
        Ended::Itself => compare(&output, &site.repo.root.join(EXAMPLE).join("expected.csv")),
        Ended::Interrupted => bail!("interrupted before the job had ended"),
    }
}

/// Runs until Ctrl-C.
fn stay(repo: &Repo, adit: &Path) -> Result<()> {
    let data = repo.root.join(".adit");
    let site = Site { repo, adit, listen: LISTEN.to_owned(), data };
    let mut children = Children::new(Interrupt::listen()?);
    let result = serve_and_mine(&site, &mut children);
    // Ctrl-C interrupts a submission, which then reports a failure. That is expected here.
    if let Err(error) = children.stop_all() {
        println!("{error:#}");
    }
    result
}

fn serve_and_mine(site: &Site<'_>, children: &mut Children) -> Result<()> {
    site.open(children)?;
    println!("\nOpen {}/ and press Start to mine with this browser too. Ctrl-C ends it all.\n", site.url());
    // Throttled to half, so that a browser gets work and processor time too.
    children.start("mine", site.mine().args(["--throttle", "0.5"]))?;
    let classes = site.data.join("classes.csv");
    children.start("submit", &mut site.submit(&classes))?;
    if let Ended::Interrupted = children.wait_for("submit", JOB_WITHIN)? {
        return Ok(());
    }
    println!("\nThe job's result is in {}. More jobs follow, so that you can join.\n", classes.display());
    site.write_matrices()?;
    for round in 0u64.. {
        let mut submit = if round % 2 == 0 { site.submit_product() } else { site.submit(&classes) };
        children.start("submit", submit.arg("--json").stdout(Stdio::null()))?;
        if let Ended::Interrupted = children.wait_for("submit", JOB_WITHIN)? {
            break;
        }
        children.pause(BETWEEN_JOBS);
    }
    Ok(())
}

/// A coordinator's address and folders, and the program that serves them.
struct Site<'a> {
    repo: &'a Repo,
    adit: &'a Path,
    listen: String,
    data: PathBuf,
}

impl Site<'_> {
    fn url(&self) -> String {
        format!("http://{}", self.listen)
    }

    /// Starts the coordinator and waits until it answers, with the page.
    fn open(&self, children: &mut Children) -> Result<()> {
        fs::create_dir_all(&self.data)?;
        children.start("serve", &mut self.serve())?;
        let started = Instant::now();
        while ureq::get(format!("{}/healthz", self.url())).call().is_err() {
            children.check()?;
            ensure!(started.elapsed() < HEALTHY_WITHIN, "the coordinator does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        ureq::get(format!("{}/", self.url())).call().context("the coordinator serves no page")?;
        Ok(())
    }

    fn serve(&self) -> Command {
        let mut command = Command::new(self.adit);
        command.args(["serve", "--log-level", "warn", "--listen", &self.listen]);
        command.arg("--data").arg(&self.data).arg("--web").arg(self.repo.dist());
        command
    }

    fn mine(&self) -> Command {
        let mut command = Command::new(self.adit);
        command.args(["mine", "--server", &self.url()]);
        command
    }

    fn submit(&self, output: &Path) -> Command {
        let example = self.repo.root.join(EXAMPLE);
        let mut command = Command::new(self.adit);
        command.args(["submit", "infer", "--demo", "--server", &self.url()]);
        command.arg("--data").arg(&self.data);
        command.arg("--model").arg(example.join("digits-mlp.safetensors"));
        command.arg("--input").arg(example.join("digits.csv"));
        command.arg("--labels").arg(example.join("labels.csv"));
        command.arg("-o").arg(output).arg("--force");
        command
    }

    /// Writes two matrices, for jobs that take longer than the digits.
    fn write_matrices(&self) -> Result<()> {
        for (name, seed) in [("A.npy", 1), ("B.npy", 2)] {
            fs::write(self.data.join(name), matrix(seed))?;
        }
        Ok(())
    }

    fn submit_product(&self) -> Command {
        let mut command = Command::new(self.adit);
        command.args(["submit", "matmul", "--demo", "--server", &self.url()]);
        command.arg("--data").arg(&self.data);
        command.arg(self.data.join("A.npy")).arg(self.data.join("B.npy"));
        command.arg("-o").arg(self.data.join("C.npy")).arg("--force");
        command
    }
}

/// A random square int8 matrix in NumPy's format 1.0.
fn matrix(seed: u64) -> Vec<u8> {
    let text = format!("{{'descr': '|i1', 'fortran_order': False, 'shape': ({MATRIX}, {MATRIX}), }}");
    // The format pads magic, version, length and header to a multiple of 64 bytes and ends them with a newline.
    let header = format!("{text:<117}\n");
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    let mut state = seed;
    file.extend((0..MATRIX * MATRIX).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    }));
    file
}

fn compare(output: &Path, expected: &Path) -> Result<()> {
    let read = |path: &Path| fs::read(path).with_context(|| path.display().to_string());
    ensure!(read(output)? == read(expected)?, "the job's result differs from {}", expected.display());
    Ok(())
}
