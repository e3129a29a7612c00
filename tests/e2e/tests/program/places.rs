//! The places into which the real program puts results.

use std::path::Path;
use std::process::{Output, Stdio};

use adit_core::content_id::output_cid;
use adit_core::kernel::matmul_i8;
use adit_protocol::ErrorCode;
use adit_protocol::jobs::{FileInfo, JobRequest, JobState, JobWork};
use adit_support::program::{self, Program};
use adit_support::{Client, Server, files};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// A coordinator, and a folder with a matrix whose square is asked for.
struct Desk {
    program: std::path::PathBuf,
    server: Server,
    folder: TempDir,
    matrix: Vec<i8>,
}

impl Desk {
    async fn start() -> Result<Option<Self>> {
        let Some(program) = program::find()? else { return Ok(None) };
        let (server, folder, matrix) = (Server::start().await?, TempDir::new()?, files::values(1, 16));
        std::fs::write(folder.path().join("A.npy"), files::npy(4, 4, &matrix))?;
        Ok(Some(Desk { program, server, folder, matrix }))
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn flags(&self) -> Result<[&str; 4]> {
        Ok(["--server", &self.server.url, "--data", text(self.server.data())?])
    }

    /// Runs `adit` in the folder.
    async fn adit(&self, arguments: &[&str], input: &[u8]) -> Result<Output> {
        let mut command = Command::new(&self.program);
        command.args(arguments).args(self.flags()?).current_dir(self.folder.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let mut stdin = child.stdin.take().context("no standard input")?;
        // A program that does not read it has closed it.
        let _ = stdin.write_all(input).await;
        drop(stdin);
        Ok(child.wait_with_output().await?)
    }

    /// Submits the square, with its result to `output`.
    async fn square(&self, output: &str, flags: &[&str]) -> Result<Output> {
        self.adit(&[&["submit", "matmul", "A.npy", "A.npy", "-o", output][..], flags].concat(), &[]).await
    }

    fn is_right(&self, result: &[u8]) -> Result<()> {
        ensure!(files::npy_values(result) == matmul_i8(&self.matrix, &self.matrix, 4, 4, 4), "{result:?}");
        Ok(())
    }

    fn names(&self) -> Result<Vec<String>> {
        let names =
            std::fs::read_dir(self.folder.path())?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let mut names: Vec<String> = names.collect::<std::io::Result<_>>()?;
        names.sort();
        Ok(names)
    }
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path that is not UTF-8")
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_goes_through_standard_output_and_an_input_through_standard_input() -> Result<()> {
    let Some(desk) = Desk::start().await? else { return Ok(()) };
    let piped = desk.square("-", &[]).await?;
    ensure!(piped.status.success() && told(&piped).contains("Result: -"), "{}", told(&piped));
    desk.is_right(&piped.stdout)?;
    let matrix = files::npy(4, 4, &desk.matrix);
    let words = ["submit", "matmul", "-", "A.npy", "-o", "-", "--json", "--format", "npy"];
    let piped = desk.adit(&words, &matrix).await?;
    desk.is_right(&piped.stdout).with_context(|| told(&piped))?;
    let report: serde_json::Value = serde_json::from_slice(&piped.stderr).with_context(|| told(&piped))?;
    let job = report["job"]["job"].to_string();
    let fetched = desk.adit(&["jobs", "result", &job, "-o", "-"], &[]).await?;
    desk.is_right(&fetched.stdout).with_context(|| told(&fetched))?;
    let nameless = desk.adit(&["submit", "matmul", "-", "A.npy", "-o", "-"], &matrix).await?;
    ensure!(nameless.status.code() == Some(1) && told(&nameless).contains("give it with --format"), "{nameless:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_cannot_work_is_refused_before_a_job_is_sent() -> Result<()> {
    let Some(desk) = Desk::start().await? else { return Ok(()) };
    std::fs::write(desk.path("C.npy"), "precious")?;
    let refusals = [("C.npy", "--force replaces it"), ("none/C.npy", "there is no folder none"), (".", "is a folder")];
    for (place, why) in refusals {
        let refused = desk.square(place, &[]).await?;
        ensure!(refused.status.code() == Some(1) && told(&refused).contains(why), "{place}: {}", told(&refused));
    }
    ensure!(std::fs::read(desk.path("C.npy"))? == b"precious");
    let digits = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/digits");
    let (model, samples) = (digits.join("digits-mlp.safetensors"), digits.join("digits.csv"));
    std::fs::write(desk.path("few.csv"), "label\n1\n")?;
    for labels in ["none.csv", "few.csv"] {
        let files = ["--model", text(&model)?, "--input", text(&samples)?, "--labels", labels, "-o", "Y.csv"];
        let refused = desk.adit(&[&["submit", "infer"][..], &files].concat(), &[]).await?;
        ensure!(refused.status.code() == Some(1) && told(&refused).contains(labels), "{labels}: {}", told(&refused));
    }
    std::fs::remove_file(desk.path("few.csv"))?;
    let operator = Client::new(&desk.server, "operator", 1)?;
    ensure!(operator.api().jobs().await?.jobs.is_empty());
    let forced = desk.square("C.npy", &["--force"]).await?;
    ensure!(forced.status.success(), "{}", told(&forced));
    desk.is_right(&std::fs::read(desk.path("C.npy"))?)?;
    assert_eq!(desk.names()?, ["A.npy", "C.npy"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_estimate_sends_no_file() -> Result<()> {
    let Some(desk) = Desk::start().await? else { return Ok(()) };
    let asked = desk.square("C.npy", &["--estimate", "--json"]).await?;
    let report: Value = serde_json::from_slice(&asked.stdout).with_context(|| told(&asked))?;
    let operator = Client::new(&desk.server, "operator", 1)?;
    let file = output_cid(*blake3::hash(&std::fs::read(desk.path("A.npy"))?).as_bytes());
    let job = JobRequest::new(JobWork::MatmulI8 { a: file, b: file });
    let unknown = operator.api().estimate(&job).await.expect_err("nothing was uploaded");
    ensure!(unknown.code() == Some(ErrorCode::NoSuchFile), "{unknown}");
    // The coordinator says the same of the file itself.
    let sent: FileInfo = operator.upload("A.npy", files::npy(4, 4, &desk.matrix)).await?.json()?;
    assert_eq!(
        (sent.file, serde_json::to_value(operator.api().estimate(&job).await?)?),
        (file, report["estimate"].clone())
    );
    std::fs::write(desk.path("B.npy"), files::npy(2, 8, &desk.matrix))?;
    let refused = desk.adit(&["submit", "matmul", "A.npy", "B.npy", "-o", "C.npy", "--estimate"], &[]).await?;
    ensure!(refused.status.code() == Some(1) && told(&refused).contains("do not fit"), "{}", told(&refused));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_is_written_to_and_a_link_stays() -> Result<()> {
    let Some(desk) = Desk::start().await? else { return Ok(()) };
    ensure!(Command::new("mkfifo").arg(desk.path("pipe")).status().await?.success());
    let pipe = desk.path("pipe");
    let reader = tokio::task::spawn_blocking(move || std::fs::read(pipe));
    let piped = desk.square("pipe", &[]).await?;
    ensure!(piped.status.success(), "{}", told(&piped));
    desk.is_right(&reader.await??)?;
    std::os::unix::fs::symlink("C.npy", desk.path("link"))?;
    let linked = desk.square("link", &[]).await?;
    ensure!(linked.status.success(), "{}", told(&linked));
    desk.is_right(&std::fs::read(desk.path("C.npy"))?)?;
    ensure!(std::fs::read_link(desk.path("link"))? == Path::new("C.npy"));
    assert_eq!(desk.names()?, ["A.npy", "C.npy", "link", "pipe"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_ends_the_waiting_and_says_how_to_fetch_the_result() -> Result<()> {
    let Some(desk) = Desk::start().await? else { return Ok(()) };
    let (input, output) = (desk.path("A.npy"), desk.path("my C.npy"));
    // A demonstration waits for a miner, and there is none.
    let work = ["submit", "matmul", text(&input)?, text(&input)?, "-o", text(&output)?, "--demo"];
    let mut submit = Program::start(&desk.program, &[&work[..], &desk.flags()?].concat())?;
    submit.line("0 of 1 panels done").await?;
    let id = submit.id()?.to_string();
    ensure!(Command::new("kill").args(["-INT", &id]).status().await?.success());
    assert_eq!(submit.ended().await?.code(), Some(130));
    let command = format!("adit jobs result 1 -o '{}'", output.display());
    ensure!(submit.line("Stopped waiting; job 1 goes on").await?.contains(&command), "{:?}", submit.said());
    assert_eq!(desk.names()?, ["A.npy"]);
    let operator = Client::new(&desk.server, "operator", 1)?;
    ensure!(operator.job(1).await?.state == JobState::Active);
    Ok(())
}
