//! Connections that ask for nothing: they end, they are few, and they keep neither others from calling nor the program
//! from stopping.

use std::path::Path;

use adit_protocol::ErrorCode::Unavailable;
use adit_protocol::paths::HEALTH;
use adit_support::program::{self, Program, Served};
use adit_support::raw::{self, Connection};
use adit_support::{Client, Server};
use anyhow::{Context, Result, ensure};
use reqwest::StatusCode;
use tokio::process::Command;

/// The beginning of a request's head.
const HALF: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nx-wait";

async fn half_a_request(url: &str) -> Result<Connection> {
    let mut connection = Connection::open(url).await?;
    connection.write(HALF).await;
    Ok(connection)
}

#[tokio::test]
async fn heads_that_never_end_and_idle_connections_are_closed() -> Result<()> {
    let server = Server::start_with(|config| config.connections.head_ms = 100).await?;
    for beginning in [&b""[..], b"GET", HALF] {
        let mut connection = Connection::open(&server.url).await?;
        connection.write(beginning).await;
        ensure!(connection.answer().await?.is_none(), "{beginning:?}");
    }
    // It stays open for another request, but not for ever: the end of the answer is the end of the connection.
    let mut idle = Connection::open(&server.url).await?;
    idle.write(b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n").await;
    assert_eq!(idle.answer().await?.context("no answer")?.status, 200);
    server.assert_balanced().await
}

#[tokio::test]
async fn connections_beyond_the_cap_are_refused_and_places_become_free() -> Result<()> {
    // One address of loopback has half of all.
    let server = Server::start_with(|config| config.connections.most = 6).await?;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(half_a_request(&server.url).await?);
    }
    let refused = Connection::open(&server.url).await?.answer().await?.context("no answer")?;
    assert_eq!(refused.code()?, Unavailable);
    ensure!(refused.headers.contains_key("retry-after"));
    assert_eq!(health(&server.url, [127, 0, 0, 2]).await?, StatusCode::OK);
    held.pop();
    while health(&server.url, [127, 0, 0, 1]).await? != StatusCode::OK {}
    drop(held);
    server.assert_balanced().await
}

/// The answer to a caller at this address.
async fn health(url: &str, from: [u8; 4]) -> Result<StatusCode> {
    let caller = reqwest::Client::builder().local_address(std::net::IpAddr::from(from)).build()?;
    Ok(caller.get(format!("{url}{HEALTH}")).send().await?.status())
}

/// Starts the real program in a shell that changes what it may use.
async fn serve_under(shell: &str, program: &Path, data: &Path) -> Result<(Program, String)> {
    let (script, data) = (format!("{shell}; exec \"$0\" \"$@\""), data.to_str().context("a path that is not UTF-8")?);
    let program = program.to_str().context("a path that is not UTF-8")?;
    let served = ["-c", &script, program, "serve", "--listen", "127.0.0.1:0", "--data", data, "--drain-seconds", "1"];
    let mut program = Program::start(Path::new("sh"), &served)?;
    let line = program.line("Coordinator on http://").await?;
    let (_, rest) = line.split_once("http://").context("no address")?;
    Ok((program, format!("http://{}", rest.split(',').next().unwrap_or_default())))
}

/// More of them than the program may open files: others are answered all the while, and it stops within its deadline.
#[tokio::test]
async fn half_requests_from_one_address_stop_nobody_and_nothing() -> Result<()> {
    let Some(program) = program::find()? else { return Ok(()) };
    let data = tempfile::TempDir::new()?;
    let (mut program, url) = serve_under("ulimit -n 256", &program, data.path()).await?;
    let mut held = Vec::new();
    for _ in 0..300 {
        held.push(half_a_request(&url).await?);
    }
    for _ in 0..3 {
        assert_eq!(health(&url, [127, 0, 0, 2]).await?, StatusCode::OK);
    }
    ensure!(program.said().iter().any(|line| line.contains("connections are turned away")), "{:#?}", program.said());
    ensure!(program.terminate().await?.success());
    program.line("Stopped; everything that was accepted is stored").await?;
    drop(held);
    Ok(())
}

#[tokio::test]
async fn a_second_signal_ends_the_program_at_once() -> Result<()> {
    let Some(path) = program::find()? else { return Ok(()) };
    let data = tempfile::TempDir::new()?;
    let listen = "127.0.0.1:0".parse()?;
    let mut served = Served::start_with(&path, listen, data.path(), &["--drain-seconds", "80000"]).await?;
    let held = half_a_request(&served.url).await?;
    assert_eq!(health(&served.url, [127, 0, 0, 1]).await?, StatusCode::OK);
    served.program().tell_to_stop().await?;
    served.program().line("a second signal ends the program at once").await?;
    ensure!(served.program().is_running()?);
    assert_eq!(served.program().terminate().await?.code(), Some(130));
    drop(held);
    // What was accepted is stored.
    let again = Served::start(&path, listen, data.path()).await?;
    ensure!(Client::at(&again.url, &again.token, "reader", 9)?.api().ledger().await?.balanced);
    again.killed().await
}

/// File descriptors run out: the program says so once, and accepts connections again as soon as it can.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_lack_of_file_descriptors_is_reported_and_survived() -> Result<()> {
    let Some(path) = program::find()? else { return Ok(()) };
    let data = tempfile::TempDir::new()?;
    let mut served = Served::start(&path, "127.0.0.1:0".parse()?, data.path()).await?;
    let id = served.program().id()?.to_string();
    let limit = |files: &str| Command::new("prlimit").args(["--pid", &id, files]).status();
    ensure!(limit("--nofile=4:").await?.success());
    let mut waiting = Connection::open(&served.url).await?;
    served.program().line("no connection can be accepted").await?;
    ensure!(limit("--nofile=256:").await?.success());
    served.program().line("connections are accepted again").await?;
    waiting.write(&raw::request("GET", HEALTH, &[("host", "127.0.0.1")], b"")).await;
    assert_eq!(waiting.answer().await?.context("no answer")?.status, 200);
    let said = served.program().said();
    assert_eq!(said.iter().filter(|line| line.contains("no connection can be accepted")).count(), 1);
    served.killed().await
}
