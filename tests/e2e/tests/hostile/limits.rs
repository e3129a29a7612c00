//! Clients that call too often, leave too much state, lie or hoard: each is told why and when to return, and no other
//! client is affected.

use adit_coordinator::{Clock, Conduct, Config, Limits, Rate};
use adit_core::Signature;
use adit_core::statement::Verdict;
use adit_protocol::ErrorCode;
use adit_protocol::mining::{Delivered, TaskGrant};
use adit_protocol::paths::{self, with};
use adit_support::{Client, Reply, Scene, Server, without_admission};
use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;

const NEVER: Rate = Rate { per_s: 1, burst: 5 };

/// A scene with a changed configuration.
async fn scene(change: impl FnOnce(&mut Config)) -> Result<Scene> {
    Scene::on(Server::start_with(change).await?).await
}

/// Calls through a proxy on loopback that names the caller.
async fn call_from(client: &Client, address: &str, path: &str) -> Result<Reply> {
    client.send(client.request(Method::GET, path).header("x-forwarded-for", address)).await
}

/// Asserts the error's code, and returns the seconds of its Retry-After.
fn told_to_wait(reply: &Reply, code: ErrorCode) -> Result<u64> {
    ensure!(reply.code()? == code, "{:?}", reply.code());
    let seconds = reply.headers.get("retry-after").context("no Retry-After")?.to_str()?.parse()?;
    ensure!(seconds > 0);
    Ok(seconds)
}

fn wrong(mut output: Vec<u8>) -> Vec<u8> {
    output[0] ^= 1;
    output
}

#[tokio::test]
async fn a_block_that_calls_too_often_waits_and_nobody_else_does() -> Result<()> {
    let scene = scene(|config| config.limits.block = Rate { per_s: 1, burst: 20 }).await?;
    let client = &scene.honest;
    for host in 0..20 {
        ensure!(call_from(client, &format!("203.0.113.{host}"), paths::HEALTH).await?.status == 200);
    }
    let refused = call_from(client, "203.0.113.99", paths::HEALTH).await?;
    ensure!(told_to_wait(&refused, ErrorCode::TooManyRequests)? <= 2);
    // The body was not read: it is not even JSON.
    let body = client.request(Method::POST, paths::HEARTBEAT).body("{").header("x-forwarded-for", "203.0.113.4");
    told_to_wait(&client.send(body).await?, ErrorCode::TooManyRequests)?;
    ensure!(call_from(client, "198.51.100.1", paths::HEALTH).await?.status == 200);
    ensure!(client.get(paths::HEALTH).await?.status == 200);
    scene.ends_well().await
}

#[tokio::test]
async fn a_live_leases_delivery_is_taken_when_everything_else_is_refused() -> Result<()> {
    let scene = scene(|config| config.limits.all = Rate { per_s: 1, burst: 60 }).await?;
    let mut miner = scene.stranger("miner", 3).await?;
    let grant = scene.lease(&miner).await?;
    let output = miner.compute(&grant).await?;
    while miner.get(paths::HEALTH).await?.status == 200 {}
    told_to_wait(&miner.ask(1).await?, ErrorCode::TooManyRequests)?;
    let reply = miner.post(paths::REGISTER, &json!({ "contributor_id": "late" })).await?;
    told_to_wait(&reply, ErrorCode::TooManyRequests)?;
    let answer: Delivered = miner.deliver(&grant, output.clone()).await?.json()?;
    ensure!(answer.verdict == Verdict::Valid);
    // The lease has ended, and a lease that never existed is refused alike.
    told_to_wait(&miner.deliver(&grant, output).await?, ErrorCode::TooManyRequests)?;
    let path = with(paths::OUTPUT, "none");
    told_to_wait(&miner.send(miner.request(Method::PUT, &path)).await?, ErrorCode::TooManyRequests)?;
    Ok(())
}

/// A PUT counts as any request until it proves that it is a delivery: by length, live lease and signature.
#[tokio::test]
async fn a_put_is_not_a_delivery_before_it_is_signed() -> Result<()> {
    const BURST: usize = 24;
    let still = Clock::standing_still(1_780_000_000_000);
    let change = |config: &mut Config| config.limits.block = Rate { per_s: 1, burst: BURST as u32 };
    let scene = Scene::on(Server::start_in(TempDir::new()?, still, change).await?).await?;
    let mut miner = scene.stranger("miner", 3).await?;
    let grant = scene.lease(&miner).await?;
    let output = miner.compute(&grant).await?;
    let delivery = miner.delivery(&grant, &output);
    let put = async |path: &str, signature: Option<Signature>, body: Vec<u8>| {
        let mut request = miner.request(Method::PUT, path).header("x-forwarded-for", "203.0.113.5");
        request = request.header(paths::DIGEST_HEADER, delivery.digest.to_string());
        if let Some(signature) = signature {
            request = request.header(paths::SIGNATURE_HEADER, signature.to_string());
        }
        miner.send(request.body(body)).await
    };
    let path = with(paths::OUTPUT, &delivery.lease.to_string());
    let (own, forged) = (miner.key.sign(&delivery), scene.honest.key.sign(&delivery));
    let mut passed = 0;
    for _ in 0..BURST {
        for reply in [
            put(&path, None, output.clone()).await?,
            put(&path, Some(forged), output.clone()).await?,
            put(&path, Some(own), output[1..].to_vec()).await?,
            put(&with(paths::OUTPUT, "none"), Some(own), output.clone()).await?,
            put(paths::FILES, Some(own), output.clone()).await?,
        ] {
            ensure!(reply.status.is_client_error(), "{}", reply.status);
            passed += usize::from(reply.status != 429);
        }
    }
    ensure!(passed == BURST, "{passed} of {} passed", 5 * BURST);
    told_to_wait(&put(&path, None, output.clone()).await?, ErrorCode::TooManyRequests)?;
    let answer: Delivered = put(&path, Some(own), output.clone()).await?.json()?;
    ensure!(answer.verdict == Verdict::Valid);
    scene.ends_well().await
}

#[tokio::test]
async fn a_key_that_asks_too_often_waits() -> Result<()> {
    let scene = scene(|config| config.limits.key = NEVER).await?;
    let miner = scene.stranger("miner", 3).await?;
    for _ in 0..5 {
        scene.lease(&miner).await?;
    }
    told_to_wait(&miner.ask(0).await?, ErrorCode::TooManyRequests)?;
    scene.lease(&scene.stranger("other", 4).await?).await?;
    Ok(())
}

#[tokio::test]
async fn what_passers_by_leave_is_bounded() -> Result<()> {
    let limits = Limits { block_joins: Rate { per_s: 1, burst: 12 }, keyless_sessions: 3, ..Limits::default() };
    let scene = scene(|config| config.limits = limits).await?;
    let join = async |path: &str, body: serde_json::Value| {
        let request = scene.honest.request(Method::POST, path).json(&body).header("x-forwarded-for", "203.0.113.1");
        scene.honest.send(request).await
    };
    for number in 0..8 {
        let body =
            json!({ "contributor_id": format!("c{number}"), "adit": { "public_key": scene.honest.key.public_key() } });
        ensure!(join(paths::REGISTER, body).await?.status == 200);
    }
    for number in 0..3 {
        let body = json!({ "contributor_id": format!("c{number}") });
        ensure!(join(paths::START_SESSION, body).await?.status == 200);
    }
    let one_more = join(paths::START_SESSION, json!({ "contributor_id": "c3" })).await?;
    told_to_wait(&one_more, ErrorCode::TooManyRequests)?;
    told_to_wait(&join(paths::REGISTER, json!({ "contributor_id": "c9" })).await?, ErrorCode::TooManyRequests)?;
    // A copy replaces the one before, which is gone.
    for _ in 0..5 {
        let task: adit_protocol::neonet::Task = scene.honest.get(&with(paths::TASK, "c0")).await?.json()?;
        let result =
            json!({ "contributor_id": "c0", "task_id": task.task_id, "session_id": task.session_id, "result": {} });
        ensure!(scene.honest.post(paths::SUBMIT_RESULT, &result).await?.status == 200);
    }
    scene.honest.get(&with(paths::TASK, "c0")).await?;
    let rows = |table: &str| -> Result<i64> {
        let database = rusqlite::Connection::open(scene.server.data().join("adit.sqlite"))?;
        Ok(database.query_row(&format!("SELECT COUNT(*) FROM {table}"), [], |row| row.get(0))?)
    };
    ensure!((rows("contributor")?, rows("challenge")?, rows("session")?, rows("keyless_task")?) == (8, 8, 3, 3));
    // Challenges expire, then sessions with their ids, and last what remains of the sessions.
    scene.server.advance(130_000).await?;
    ensure!((rows("contributor")?, rows("challenge")?) == (8, 0));
    scene.server.advance(600_000).await?;
    ensure!((rows("contributor")?, rows("session")?, rows("keyless_task")?) == (0, 3, 0));
    scene.server.advance(25 * 3_600_000).await?;
    ensure!(rows("session")? == 0);
    scene.ends_well().await
}

#[tokio::test]
async fn a_miner_without_a_lease_is_forgotten_and_one_with_a_record_is_not() -> Result<()> {
    let mut scene = scene(|_| {}).await?;
    scene.stranger("passer-by", 3).await?;
    scene.honest.open().await?;
    scene.honest.mine(&scene.server.key()).await?;
    for _ in 0..3 {
        scene.server.advance(25 * 3_600_000).await?;
    }
    ensure!(scene.honest.get(&with(paths::CONTRIBUTOR, "passer-by")).await?.status == 404);
    ensure!(scene.honest.get(&with(paths::CONTRIBUTOR, "honest")).await?.status == 200);
    scene.server.assert_balanced().await
}

#[tokio::test]
async fn checks_in_vain_have_a_budget() -> Result<()> {
    let rate = Rate { per_s: 1, burst: 5_000 };
    let scene = scene(|config| config.limits.wasted_bytes = rate).await?;
    let mut vandal = scene.stranger("vandal", 3).await?;
    let grant = scene.lease(&vandal).await?;
    let output = vandal.compute(&grant).await?;
    let delivery = vandal.delivery(&grant, &output);
    let signature = vandal.key.sign(&delivery);
    let damaged = loop {
        let reply = vandal.deliver_as(&delivery, &signature, wrong(output.clone())).await?;
        if reply.code()? != ErrorCode::DigestMismatch {
            break reply;
        }
    };
    told_to_wait(&damaged, ErrorCode::TooManyRequests)?;
    // Other miners are checked as before.
    let mut other = scene.stranger("other", 4).await?;
    let grant = scene.lease(&other).await?;
    let output = other.compute(&grant).await?;
    ensure!(other.deliver(&grant, output).await?.status == 200);
    scene.ends_well().await
}

/// Delivers an output through a proxy that names the caller.
async fn deliver_from(client: &Client, address: &str, grant: &TaskGrant, output: Vec<u8>) -> Result<Reply> {
    let delivery = client.delivery(grant, &output);
    let request = client.request(Method::PUT, &with(paths::OUTPUT, &delivery.lease.to_string()));
    let request = request.header(paths::SIGNATURE_HEADER, client.key.sign(&delivery).to_string());
    let request = request.header(paths::DIGEST_HEADER, delivery.digest.to_string());
    client.send(request.header("x-forwarded-for", address).body(output)).await
}

/// A figure of the coordinator's metrics.
async fn metric(client: &Client, name: &str) -> Result<u64> {
    let text = String::from_utf8(client.get(paths::METRICS).await?.body)?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).context("no such metric")?;
    Ok(line.parse()?)
}

/// Fresh keys cost nothing, so the budget for checks in vain is their address block's.
#[tokio::test]
async fn wrong_outputs_of_fresh_keys_have_a_budget() -> Result<()> {
    const BURST: u32 = 30_000;
    let still = Clock::standing_still(1_780_000_000_000);
    let change = |config: &mut Config| config.limits.block_wasted_bytes = Rate { per_s: 1, burst: BURST };
    let scene = Scene::on(Server::start_in(TempDir::new()?, still, change).await?).await?;
    let (mut left, mut judged) = (i64::from(BURST), 0);
    for key in 1..=20 {
        let liar = scene.stranger(&format!("liar{key}"), key).await?;
        let grant = scene.lease(&liar).await?;
        let zeros = vec![0; grant.unit.output_bytes() as usize];
        // The unit's rows and its output, and the shared matrix twice.
        let cost = grant.unit.input().bytes() + grant.unit.output_bytes() + 2 * 48 * 40;
        let reply = deliver_from(&liar, &format!("203.0.113.{key}"), &grant, zeros).await?;
        ensure!((reply.status == 200) == (left >= 0), "{} with {left} bytes left", reply.status);
        if reply.status == 200 {
            ensure!(reply.json::<Delivered>()?.receipt.receipt.counterexample.is_some());
            left -= cost as i64;
            judged += 1;
        } else {
            told_to_wait(&reply, ErrorCode::TooManyRequests)?;
        }
        // It holds its lease no longer.
        let body = json!({ "contributor_id": liar.contributor, "session_id": liar.session });
        ensure!(liar.post(paths::STOP_SESSION, &body).await?.status == 200);
    }
    ensure!((2..10).contains(&judged), "{judged} wrong outputs were checked");
    let wasted = metric(&scene.honest, "adit_check_bytes_wasted_total").await?;
    ensure!(wasted as i64 == i64::from(BURST) - left, "{wasted}");
    // An honest miner in another block is checked as before.
    let mut other = scene.stranger("other", 99).await?;
    let grant = scene.lease(&other).await?;
    let output = other.compute(&grant).await?;
    ensure!(deliver_from(&other, "198.51.100.7", &grant, output).await?.status == 200);
    scene.ends_well().await
}

/// New coins after a wrong output are folded for a delivery, not for a lease.
#[tokio::test]
async fn a_wrong_output_folds_no_coins() -> Result<()> {
    let scene = scene(|_| {}).await?;
    let liar = scene.stranger("liar", 3).await?;
    let grant = scene.lease(&liar).await?;
    let zeros = vec![0; grant.unit.output_bytes() as usize];
    let answer: Delivered = liar.deliver(&grant, zeros).await?.json()?;
    ensure!(answer.verdict == Verdict::Invalid && answer.next.is_some());
    let mut other = scene.stranger("other", 4).await?;
    let grant = scene.lease(&other).await?;
    for _ in 0..5 {
        scene.lease(&other).await?;
        ensure!(metric(&scene.honest, "adit_coins_folded_total").await? == 1);
    }
    let output = other.compute(&grant).await?;
    ensure!(other.deliver(&grant, output).await?.json::<Delivered>()?.verdict == Verdict::Valid);
    ensure!(metric(&scene.honest, "adit_coins_folded_total").await? == 2);
    scene.ends_well().await
}

#[tokio::test]
async fn a_liar_is_quarantined_and_comes_back() -> Result<()> {
    let scene = scene(without_admission).await?;
    let mut liar = scene.stranger("liar", 3).await?;
    let mut first: Option<TaskGrant> = None;
    for lane in 0..3 {
        let grant = liar.task(lane).await?.and_then(|task| task.adit).context("no lease")?;
        let output = liar.compute(&grant).await?;
        match &first {
            // Keep one lease for later.
            None => first = Some(grant),
            Some(_) => {
                let answer: Delivered = liar.deliver(&grant, wrong(output)).await?.json()?;
                ensure!(answer.verdict == Verdict::Invalid && answer.receipt.receipt.counterexample.is_some());
                ensure!(answer.next.is_some() == (lane == 1), "{:?}", answer.next);
            }
        }
    }
    let seconds = told_to_wait(&liar.ask(5).await?, ErrorCode::Quarantined)?;
    ensure!((500..=600).contains(&seconds), "{seconds}");
    // It may still deliver the lease that it holds, and is paid if the output is correct.
    let grant = first.context("a lease")?;
    let output = liar.compute(&grant).await?;
    let answer: Delivered = liar.deliver(&grant, output).await?.json()?;
    ensure!(answer.verdict == Verdict::Valid && answer.reward == grant.lease.value && answer.next.is_none());
    // Another session with the same key is the same miner.
    liar.open().await?;
    told_to_wait(&liar.ask(6).await?, ErrorCode::Quarantined)?;
    scene.server.advance(601_000).await?;
    liar.open().await?;
    scene.lease(&liar).await?;
    scene.ends_well().await
}

#[tokio::test]
async fn a_hoarder_gets_fewer_leases_and_an_honest_miner_more() -> Result<()> {
    let conduct = Conduct { first_in_flight: 2, unproven_part: 1, ..Conduct::default() };
    let scene = scene(|config| config.conduct = conduct).await?;
    let mut miner = scene.stranger("miner", 3).await?;
    scene.lease(&miner).await?;
    ensure!(miner.task(1).await?.is_some());
    told_to_wait(&miner.ask(2).await?, ErrorCode::TooManyLeases)?;
    // Both expire: it may have one.
    scene.server.advance(300_000).await?;
    let grant = scene.lease(&miner).await?;
    told_to_wait(&miner.ask(1).await?, ErrorCode::TooManyLeases)?;
    let output = miner.compute(&grant).await?;
    let answer: Delivered = miner.deliver(&grant, output).await?.json()?;
    ensure!(answer.next.is_some());
    ensure!(miner.task(1).await?.is_some());
    told_to_wait(&miner.ask(2).await?, ErrorCode::TooManyLeases)?;
    scene.ends_well().await
}

#[tokio::test]
async fn sessions_that_end_with_leases_under_way_cost_some() -> Result<()> {
    let conduct = Conduct { first_in_flight: 2, unproven_part: 1, ..Conduct::default() };
    let scene = scene(|config| config.conduct = conduct).await?;
    let mut miner = scene.stranger("miner", 3).await?;
    scene.lease(&miner).await?;
    let body = json!({ "contributor_id": miner.contributor, "session_id": miner.session });
    ensure!(miner.post(paths::STOP_SESSION, &body).await?.status == 200);
    miner.open().await?;
    scene.lease(&miner).await?;
    told_to_wait(&miner.ask(1).await?, ErrorCode::TooManyLeases)?;
    Ok(())
}
