//! `cargo xtask up`: the whole of Adit on one machine.

mod children;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::repo::Repo;
use crate::{native, setup, web};
use children::{Children, Ended, Interrupt};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// End when the demonstration job has ended; succeed only if its result is right.
    ///
    /// Uses a free port and a temporary data folder, and needs no terminal.
    #[arg(long)]
    once: bool,
}

const LISTEN: &str = "127.0.0.1:8000";
const EXAMPLE: &str = "examples/digits";
const HEALTHY_WITHIN: Duration = Duration::from_secs(30);
const JOB_WITHIN: Duration = Duration::from_secs(300);

pub(crate) fn run(repo: &Repo, args: &Args) -> Result<()> {
    setup::minimal(repo)?;
    web::run(repo)?;
    let adit = native::build(repo)?;
    if args.once { once(repo, &adit) } else { stay(repo, &adit) }
}

/// The demonstration from beginning to end, with a program that is built already.
pub(crate) fn once(repo: &Repo, adit: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let free = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let site = Site { repo, adit, listen: free, data: folder.path().join("data") };
    let mut children = Children::new(Interrupt::listen()?);
    let result = demonstrate(&site, &mut children);
    children.stop_all().and(result)?;
    println!("\nThe demonstration job ended with the right result.");
    Ok(())
}

fn demonstrate(site: &Site<'_>, children: &mut Children) -> Result<()> {
    site.open(children)?;
    let output = site.data.with_file_name("classes.csv");
    children.start("mine", &mut site.mine())?;
    children.start("submit", &mut site.submit(&output))?;
    match children.wait_for("submit", JOB_WITHIN)? {
        Ended::Itself => compare(&output, &site.repo.root.join(EXAMPLE).join("expected.csv")),
        Ended::Interrupted => bail!("interrupted before the job had ended"),
    }
}

/// Runs until the person presses Ctrl-C.
fn stay(repo: &Repo, adit: &Path) -> Result<()> {
    let data = repo.root.join(".adit");
    let site = Site { repo, adit, listen: LISTEN.to_owned(), data };
    let mut children = Children::new(Interrupt::listen()?);
    let result = serve_and_mine(&site, &mut children);
    // A submission that was cut short has not stopped cleanly, and that is all right here.
    if let Err(error) = children.stop_all() {
        println!("{error:#}");
    }
    result
}

fn serve_and_mine(site: &Site<'_>, children: &mut Children) -> Result<()> {
    site.open(children)?;
    println!("\nOpen {}/ and press Start to mine with this browser too. Ctrl-C ends it all.\n", site.url());
    children.start("mine", &mut site.mine())?;
    children.start("submit", &mut site.submit(&site.data.join("classes.csv")))?;
    children.wait_for("submit", JOB_WITHIN)?;
    children.wait_for_interrupt()
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

    /// Starts the coordinator and waits until it answers and serves the page.
    fn open(&self, children: &mut Children) -> Result<()> {
        fs::create_dir_all(&self.data)?;
        children.start("serve", &mut self.serve())?;
        let started = Instant::now();
        while ureq::get(format!("{}/healthz", self.url())).call().is_err() {
            children.check()?;
            ensure!(started.elapsed() < HEALTHY_WITHIN, "the coordinator does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        ureq::get(format!("{}/", self.url())).call().context("the coordinator has no page")?;
        Ok(())
    }

    fn serve(&self) -> Command {
        let mut command = Command::new(self.adit);
        command.args(["serve", "--listen", &self.listen]);
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
        command.arg("--model").arg(example.join("digits.safetensors"));
        command.arg("--input").arg(example.join("digits.csv"));
        command.arg("-o").arg(output);
        command
    }
}

fn compare(output: &Path, expected: &Path) -> Result<()> {
    let read = |path: &Path| fs::read(path).with_context(|| path.display().to_string());
    ensure!(read(output)? == read(expected)?, "the job's result is not {}", expected.display());
    Ok(())
}
