//! What the real program does when nobody reads what it prints: it goes on, and says so where it can.

use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use adit_protocol::paths;
use adit_support::program::{self, Program};
use adit_support::{Client, Server, files};
use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

/// Where lines get lost.
#[derive(Clone, Copy, Debug)]
enum Hole {
    /// A pipe whose reader is gone.
    Closed,
    /// A disk without room.
    Full,
}

impl Hole {
    const ALL: [Hole; 2] = [Hole::Closed, Hole::Full];

    fn open(self) -> Result<Stdio> {
        Ok(match self {
            Hole::Closed => std::io::pipe()?.1.into(),
            Hole::Full => File::options().write(true).open("/dev/full")?.into(),
        })
    }
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path that is not UTF-8")
}

/// Runs the program to its end with one stream into a hole.
async fn run(program: &Path, arguments: &[&str], out: Stdio, err: Stdio) -> Result<(Option<i32>, String)> {
    let mut program = Program::start_into(program, arguments, out, err)?;
    let code = program.ended().await?.code();
    // Its last line may still be on its way.
    tokio::time::sleep(Duration::from_millis(100)).await;
    Ok((code, program.said().join("\n")))
}

#[tokio::test]
async fn a_coordinator_outlives_its_log() -> Result<()> {
    let Some(program) = program::find()? else { return Ok(()) };
    for (hole, level) in Hole::ALL.into_iter().flat_map(|hole| ["info", "error"].map(|level| (hole, level))) {
        let data = TempDir::new()?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let flags = ["--listen", &address.to_string(), "--data", text(data.path())?, "--log-level", level];
        let arguments = [&["serve"][..], &flags].concat();
        let mut served = Program::start_into(&program, &arguments, Stdio::null(), hole.open()?)?;
        let url = format!("http://{address}{}", paths::METRICS);
        let metrics = loop {
            ensure!(served.is_running()?, "{hole:?} at {level} ends the coordinator");
            match reqwest::get(&url).await {
                Ok(answer) => break answer.text().await?,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        // The two lines that it says on its start.
        let lost = metrics.lines().find_map(|line| line.strip_prefix("adit_log_lines_lost_total "));
        ensure!(lost.context("no count")?.parse::<u64>()? >= 2, "{metrics}");
        for _ in 0..20 {
            ensure!(reqwest::get(&url).await?.status() == 200);
        }
        ensure!(served.terminate().await?.success(), "{hole:?} at {level}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_mines_on_and_fails_in_the_end() -> Result<()> {
    let Some(program) = program::find()? else { return Ok(()) };
    for (hole, flag) in [(Hole::Full, "--plain"), (Hole::Closed, "--json")] {
        let (server, folder) = (Server::start().await?, TempDir::new()?);
        let operator = Client::new(&server, "operator", 1)?;
        let (a, b) = (files::values(1, 64 * 48), files::values(2, 48 * 40));
        let mut jobs = Vec::new();
        for _ in 0..3 {
            jobs.push(operator.submit_matmul(files::npy(64, 48, &a), files::npy(48, 40, &b)).await?.job);
        }
        let key = folder.path().join("miner.key");
        let flags = ["--cpu", "1", "--gpu", "off", "--max-units", "3", "--key", text(&key)?, flag];
        let arguments = [&["mine", "--server", &server.url][..], &flags].concat();
        let (code, said) = run(&program, &arguments, hole.open()?, Stdio::piped()).await?;
        ensure!(code == Some(1) && said.contains("lines could not be written to standard output"), "{code:?}: {said}");
        let mut delivered = 0;
        for job in jobs {
            delivered += operator.job(job).await?.units_valid;
        }
        ensure!(delivered == 3, "{hole:?}: {delivered} units: {said}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_nobody_gets_is_a_failure_unless_the_reader_had_enough() -> Result<()> {
    let Some(program) = program::find()? else { return Ok(()) };
    let server = Server::start().await?;
    let operator = Client::new(&server, "operator", 1)?;
    let a = files::values(1, 16);
    operator.submit_matmul(files::npy(4, 4, &a), files::npy(4, 4, &a)).await?;
    for arguments in [&["jobs", "list", "--server", &server.url][..], &["submit", "--help"], &["--version"]] {
        let (code, said) = run(&program, arguments, Hole::Full.open()?, Stdio::piped()).await?;
        let told = said.starts_with("error: the result cannot be written to standard output: No space left");
        ensure!(code == Some(1) && told, "{arguments:?} ends with {code:?}: {said}");
        let (code, said) = run(&program, arguments, Hole::Closed.open()?, Stdio::piped()).await?;
        ensure!(code == Some(0) && said.is_empty(), "{arguments:?} ends with {code:?}: {said}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_gives_its_result_whether_its_notes_are_read_or_not() -> Result<()> {
    let Some(program) = program::find()? else { return Ok(()) };
    let (server, folder) = (Server::start().await?, TempDir::new()?);
    let file = |name: &str| folder.path().join(name);
    let a = files::values(1, 16);
    std::fs::write(file("A.npy"), files::npy(4, 4, &a))?;
    for (number, hole) in Hole::ALL.into_iter().enumerate() {
        let (input, output) = (file("A.npy"), file(&format!("{number}.npy")));
        let (server_data, input) = (text(server.data())?, text(&input)?);
        let work = ["submit", "matmul", input, input, "-o", text(&output)?];
        let arguments = [&work[..], &["--server", &server.url, "--data", server_data]].concat();
        // As in `adit submit … 2>&1 | head -1`.
        let (code, _) = run(&program, &arguments, hole.open()?, hole.open()?).await?;
        ensure!(code == Some(0), "{hole:?}: {code:?}");
        assert_eq!(files::npy_values(&std::fs::read(&output)?), adit_core::kernel::matmul_i8(&a, &a, 4, 4, 4));
    }
    Ok(())
}

#[tokio::test]
async fn doctor_names_a_log_that_cannot_be_written() -> Result<()> {
    let Some(program) = program::find()? else { return Ok(()) };
    let arguments = ["doctor", "--server", "http://127.0.0.1:9"];
    for (err, found) in [(Hole::Full.open()?, "standard error takes no messages"), (Stdio::null(), "takes messages")] {
        let (_, said) = run(&program, &arguments, Stdio::piped(), err).await?;
        ensure!(said.contains(found), "{said}");
    }
    Ok(())
}
