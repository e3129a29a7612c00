//! The log of a real exchange: it has every request with its id, and no secret.

use std::net::SocketAddr;

use adit_protocol::paths::{self, with};
use adit_support::program::{self, Served};
use adit_support::{Client, files};
use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

const ID: &str = "x-request-id";

/// The log lines up to the request `last`.
async fn lines(served: &mut Served, last: &str) -> Result<Vec<Value>> {
    served.program().line(last).await?;
    let said = served.program().said();
    said.iter().map(|line| serde_json::from_str(line).with_context(|| line.clone())).collect()
}

/// The events of one request.
fn of<'a>(lines: &'a [Value], id: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["span"]["id"] == id).collect()
}

async fn start(data: &TempDir) -> Result<Option<Served>> {
    let Some(program) = program::find()? else { return Ok(None) };
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    // At the most verbose level.
    let flags = ["--log", "json", "--log-level", "trace"];
    Served::start_with(&program, any_port, data.path(), &flags).await.map(Some)
}

#[tokio::test]
async fn the_log_of_an_exchange_holds_every_request_and_no_secret() -> Result<()> {
    let data = TempDir::new()?;
    let Some(mut served) = start(&data).await? else { return Ok(()) };
    let mut miner = Client::at(&served.url, &served.token, "SecretName-of-a-contributor", 1)?;
    let (a, b) = (files::values(1, 64 * 48), files::values(2, 48 * 40));
    let job = miner.submit_matmul(files::npy(64, 48, &a), files::npy(48, 40, &b)).await?.job;

    let mut secrets = vec![served.token.clone(), "secretname".into(), hex::encode(miner.key.to_bytes())];
    let challenge = miner.register().await?;
    let statement = miner.start_statement(&challenge);
    let signature = miner.key.sign(&statement);
    let started: Value = miner.start_with(statement, signature).await?.json()?;
    let session = started["session_id"].as_str().context("no session")?.to_owned();
    secrets.extend([hex::encode(challenge.challenge.0), signature.to_string(), session.clone()]);
    miner.session = session;

    let task = miner.task(0).await?.context("no task")?;
    let grant = task.adit.context("no lease")?;
    let output = miner.compute(&grant).await?;
    let delivery = miner.delivery(&grant, &output);
    let signature = miner.key.sign(&delivery);
    let delivered = miner.deliver_as(&delivery, &signature, output).await?;
    ensure!(delivered.status == 200, "{delivered:?}");
    secrets.extend([delivery.digest.to_string(), signature.to_string(), grant.signature.to_string(), task.task_id]);

    let body = json!({ "contributor_id": miner.contributor, "session_id": miner.session });
    for path in [paths::HEARTBEAT, paths::STOP_SESSION] {
        ensure!(miner.post(path, &body).await?.status == 200);
    }
    let keyless = json!({ "contributor_id": "keyless", "gpu_model": "secretmodel" });
    miner.post(paths::REGISTER, &keyless).await?;
    let started: Value = miner.post(paths::START_SESSION, &keyless).await?.json()?;
    secrets.extend([started["session_id"].as_str().context("no session")?.to_owned(), "secretmodel".into()]);

    // Secrets in the wrong places: a path, a query, a wrong token, a broken body, a request's id.
    secrets.push("misplaced".into());
    miner.get("/v1/misplaced").await?;
    miner.get("/v1/jobs/misplaced?token=misplaced").await?;
    miner.send(miner.request(Method::GET, paths::MINERS).bearer_auth("misplaced")).await?;
    miner.send(miner.request(Method::POST, paths::REGISTER).body("{\"misplaced\": misplaced")).await?;
    let reply = miner.send(miner.request(Method::GET, paths::HEALTH).header(ID, "misplaced \"}")).await?;
    let id = reply.headers.get(ID).context("no id")?.to_str()?;
    ensure!(id.len() == 32 && !id.contains("misplaced"), "{id}");
    let show = miner.request(Method::GET, &with(paths::JOB, &job.to_string())).header(ID, "the-last.one_7");
    let shown = miner.send(show).await?;
    assert_eq!(shown.headers.get(ID).context("no id")?, "the-last.one_7");

    let lines = lines(&mut served, "the-last.one_7").await?;
    let text = serde_json::to_string(&lines)?.to_lowercase();
    for secret in secrets {
        ensure!(secret.len() > 6 && !text.contains(&secret.to_lowercase()), "{secret} is in the log");
    }
    // Every answer has one line, with the id that the client was given.
    let last = of(&lines, "the-last.one_7");
    assert_eq!(last.len(), 1);
    assert_eq!((&last[0]["span"]["method"], &last[0]["span"]["route"]), (&json!("GET"), &json!(paths::JOB)));
    ensure!(last[0]["status"] == 200 && last[0]["duration_ms"].as_f64().is_some_and(|ms| ms > 0.0), "{last:?}");
    let put = delivered.headers.get(ID).context("no id")?.to_str()?;
    ensure!(of(&lines, put).iter().any(|line| line["span"]["route"] == paths::OUTPUT && line["status"] == 200));
    let statuses = lines.iter().filter_map(|line| line["status"].as_u64());
    assert_eq!(statuses.filter(|status| [401, 403, 404, 415, 400, 422].contains(status)).count(), 4);
    Ok(())
}

#[tokio::test]
async fn database_errors_carry_the_id_of_their_request() -> Result<()> {
    let data = TempDir::new()?;
    let Some(mut served) = start(&data).await? else { return Ok(()) };
    let client = Client::at(&served.url, &served.token, "unlucky", 1)?;
    rusqlite::Connection::open(data.path().join("adit.sqlite"))?.execute_batch("DROP TABLE challenge")?;
    let body = json!({ "contributor_id": "unlucky", "adit": { "public_key": client.key.public_key() } });
    let request = client.request(Method::POST, paths::REGISTER).json(&body).header(ID, "unlucky-7");
    assert_eq!(client.send(request).await?.status, 500);
    let lines = lines(&mut served, "\"status\":500").await?;
    let told = of(&lines, "unlucky-7");
    ensure!(told.len() >= 2, "{lines:#?}");
    ensure!(told.iter().any(|line| line["message"] == "an operation failed in the database"), "{told:#?}");
    Ok(())
}
