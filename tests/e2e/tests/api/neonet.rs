//! Replays NeoNet's own client call by call: no key, made-up results, claims in heartbeats. Every answer has the shape
//! of NeoNet's server, every reward is 0, and nothing is minted.

use adit_protocol::ErrorCode::{self, *};
use adit_protocol::paths::{self, with};
use adit_protocol::records::{LedgerTotals, Overview};
use adit_support::keyless::{Keyless, made_up};
use adit_support::shape::{has_shape, tokenomics};
use adit_support::{Client, Reply, Scene, files};
use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};

fn contributor() -> Value {
    json!({
        "id": "str", "wallet_address": "str", "cpu_cores": "int", "gpu_memory_mb": "int", "gpu_model": "str|null",
        "registered_at": "float", "total_compute_hours": "float", "total_tasks": "int", "total_rewards": "float",
        "is_active": "bool", "current_session": "str|null",
    })
}

fn task(contributor_id: &str) -> Value {
    json!({
        "task_id": "str", "session_id": "str", "contributor_id": contributor_id, "task_type": "str", "data": "dict",
        "description": "str", "created_at": "float", "status": "str", "base_reward": "float", "reward": "float",
        "reward_type": "str", "difficulty": "int", "timeout_seconds": 60,
    })
}

/// Fails unless the coordinator has issued only an epoch's budget, and paid and verified nothing.
async fn nothing_was_minted(scene: &Scene) -> Result<()> {
    let totals: LedgerTotals = scene.honest.api().audit().await?;
    ensure!(totals.balanced && totals.transfers == 1, "{totals:?}");
    ensure!(totals.accounts.iter().all(|total| total.kind != "miner"), "{totals:?}");
    let overview: Overview = scene.honest.api().overview().await?;
    assert_eq!((overview.verdicts.valid, overview.work_verified, overview.log_size), (0, 0, 0));
    scene.server.assert_balanced().await
}

#[tokio::test]
async fn a_client_without_key_is_served_in_its_shapes_and_paid_nothing() -> Result<()> {
    let scene = Scene::start().await?;
    let mut miner = Keyless::new(&scene.server, "Miner_X")?;

    let gas = miner.get(paths::GAS_INFO).await?;
    let shape = json!({
        "neo_transfer_fee": "float", "token_transfer_fee": "float", "active_providers": "int",
        "congestion_level": "str", "fee_model": "str",
    });
    has_shape(&gas, &shape, "gas")?;
    let fee = gas["neo_transfer_fee"].as_f64().context("a fee")?;
    ensure!(
        (0.001..=0.5).contains(&fee)
            && ["low", "medium", "high", "very_high"].contains(&gas["congestion_level"].as_str().unwrap_or_default())
    );

    let new = miner.register().await?;
    let shape = json!({
        "success": true, "message": "str", "contributor_id": "str", "next_step": "str",
        "tokenomics": tokenomics(), "note": "str",
    });
    has_shape(&new, &shape, "register")?;
    assert_eq!(new["contributor_id"], "miner_x");
    let again = miner.register().await?;
    has_shape(&again, &json!({ "success": false, "error": "str", "contributor": contributor() }), "register again")?;
    assert_eq!(again["error"], "Already registered");
    assert_eq!((&again["contributor"]["id"], &again["contributor"]["cpu_cores"]), (&json!("miner_x"), &json!(8)));

    let started = miner.start().await?;
    let shape = json!({
        "success": true, "session_id": "str", "message": "str", "initial_task": task("null"), "instructions": "str",
    });
    has_shape(&started, &shape, "start-session")?;
    assert_eq!(started["instructions"], "Send heartbeats to /ai-energy/heartbeat every 30 seconds");
    uuid_v4(&miner.session)?;
    let session = miner.session.clone();
    let again = miner.start().await?;
    has_shape(&again, &json!({ "success": false, "error": "str", "session_id": "str" }), "start again")?;
    assert_eq!((again["error"].as_str(), &miner.session), (Some("Session already active"), &session));

    for pass in 1..=6 {
        let given = miner.task().await?;
        has_shape(&given, &task("str"), "task")?;
        assert_eq!((given["contributor_id"].as_str(), given["status"].as_str()), (Some("miner_x"), Some("assigned")));
        assert_eq!((given["base_reward"].as_f64(), given["reward"].as_f64()), (Some(0.0), Some(0.0)));
        uuid_v4(given["task_id"].as_str().unwrap_or_default())?;
        assert_eq!(miner.task().await?, given, "the same task until it is submitted");
        let result = made_up(given["task_type"].as_str().unwrap_or_default());
        let refused: Value = miner.submit(&given, result.clone()).await?.json()?;
        has_shape(&refused, &json!({ "success": false, "error": "str", "reward": "float" }), "submit-result")?;
        assert_eq!(refused["reward"], 0.0);
        // NeoNet's server paid for a failed task at the second attempt.
        let refused: Value = miner.submit(&given, result).await?.json()?;
        assert_eq!((&refused["success"], &refused["reward"]), (&json!(false), &json!(0.0)));
        ensure!(miner.task().await?["task_id"] != given["task_id"]);
        if pass % 3 == 0 {
            let alive = miner.heartbeat(1_000_000).await?;
            let shape = json!({
                "success": true, "session_id": "str", "compute_time": "int", "tasks_completed": 0,
                "rewards_earned": "float", "next_task": "null", "status": "str",
            });
            has_shape(&alive, &shape, "heartbeat")?;
            assert_eq!((&alive["rewards_earned"], &alive["status"]), (&json!(0.0), &json!("active")));
        }
    }
    nothing_was_minted(&scene).await?;
    stops(&scene, &miner).await?;
    nothing_was_minted(&scene).await?;
    scene.ends_well().await
}

/// Stops a session twice, and reads what is public afterwards.
async fn stops(scene: &Scene, miner: &Keyless) -> Result<()> {
    let contributor_path = with(paths::CONTRIBUTOR, "Miner_X");
    let stats = miner.get(paths::STATS).await?;
    let active =
        json!({ "id": "str", "cpu_cores": "int", "gpu_memory_mb": "int", "total_tasks": 0, "total_rewards": "float" });
    let shape = json!({
        "total_contributors": 1, "active_sessions": 1, "total_compute_hours": "float", "total_tasks_completed": 0,
        "total_rewards_distributed": "float", "active_contributors": [active],
    });
    has_shape(&stats, &shape, "stats")?;
    assert_eq!(
        (&stats["total_rewards_distributed"], &stats["active_contributors"][0]["id"]),
        (&json!(0.0), &json!("miner_x..."))
    );

    scene.server.advance(60_000).await?;
    let summary = json!({
        "compute_hours": "float", "tasks_completed": 0, "rewards_earned": "float", "avg_cpu_usage": "float",
        "avg_gpu_usage": "float",
    });
    let shape = json!({ "success": true, "session_id": "str", "summary": summary, "message": "str" });
    let stopped = miner.stop().await?;
    has_shape(&stopped, &shape, "stop-session")?;
    assert_eq!(stopped["summary"]["rewards_earned"], 0.0);
    let hours = miner.get(&contributor_path).await?["contributor"]["total_compute_hours"].clone();
    ensure!(hours.as_f64().is_some_and(|hours| hours >= 60_000.0 / 3_600_000.0), "{hours}");
    // NeoNet's server added the hours again at every stop.
    scene.server.advance(60_000).await?;
    assert_eq!(miner.stop().await?, stopped);
    let shown = miner.get(&contributor_path).await?;
    let shape = json!({
        "contributor": contributor(), "current_session": "null", "balance": "float", "tokenomics": tokenomics(),
    });
    has_shape(&shown, &shape, "contributor")?;
    assert_eq!((&shown["contributor"]["total_compute_hours"], &shown["balance"]), (&hours, &json!(0.0)));
    assert_eq!((&shown["contributor"]["is_active"], &shown["contributor"]["total_tasks"]), (&json!(false), &json!(0)));
    let stats = miner.get("/api/ai-energy/stats").await?;
    assert_eq!((&stats["active_sessions"], &stats["active_contributors"]), (&json!(0), &json!([])));
    has_shape(&miner.get(paths::LEADERBOARD).await?, &json!({ "leaderboard": "list" }), "leaderboard")
}

#[tokio::test]
async fn the_originals_errors_keep_their_words() -> Result<()> {
    let scene = Scene::start().await?;
    let mut miner = Keyless::new(&scene.server, "Miner_X")?;
    let says = |reply: Reply, status: u16, detail: &str, code: ErrorCode| -> Result<()> {
        let body: Value = serde_json::from_slice(&reply.body)?;
        assert_eq!((reply.status.as_u16(), body["detail"].as_str()), (status, Some(detail)));
        assert_eq!(reply.code()?, code);
        Ok(())
    };
    let task = with(paths::TASK, "Miner_X");
    says(miner.client.get(&task).await?, 404, "Contributor not registered", NotRegistered)?;
    let start = miner.client.post(paths::START_SESSION, &json!({ "contributor_id": "Miner_X" })).await?;
    says(start, 400, "Not registered. Call /ai-energy/register first", RegisterFirst)?;
    says(miner.submit(&json!({ "task_id": "x" }), json!({})).await?, 404, "Contributor not registered", NotRegistered)?;
    miner.register().await?;
    says(miner.client.get(&task).await?, 400, "No active session. Start a session first.", NoSession)?;
    says(miner.submit(&json!({ "task_id": "x" }), json!({})).await?, 404, "Task not found", NoSuchTask)?;
    for path in [paths::HEARTBEAT, paths::STOP_SESSION] {
        let post = |session: &str| {
            miner
                .client
                .request(Method::POST, path)
                .json(&json!({ "contributor_id": "Miner_X", "session_id": session }))
        };
        says(miner.client.send(post("none")).await?, 400, "Session not found", NoSession)?;
        let mut other = Keyless::new(&scene.server, "Other")?;
        other.register().await?;
        other.start().await?;
        let reply = miner.client.send(post(&other.session)).await?;
        says(reply, 403, "Session belongs to another contributor", NotYourSession)?;
    }
    // An initial task belongs to its session. NeoNet's server accepted it from anyone.
    let initial = miner.start().await?["initial_task"].clone();
    let mut thief = Keyless::new(&scene.server, "Thief")?;
    thief.register().await?;
    thief.start().await?;
    says(thief.submit(&initial, made_up("matrix_ops")).await?, 404, "Task not found", NoSuchTask)?;
    // A keyless client cannot close a task leased to a key either.
    let keyed = scene.stranger("keyed", 1).await?;
    let leased = serde_json::to_value(keyed.task(0).await?.context("a task")?)?;
    let reply = thief.submit(&leased, made_up("matrix_ops")).await?;
    says(reply, 403, "Session belongs to another contributor", NotYourSession)?;
    nothing_was_minted(&scene).await?;
    scene.ends_well().await
}

#[tokio::test]
async fn every_kind_of_job_gives_a_task_of_the_originals() -> Result<()> {
    let scene = Scene::start().await?;
    let path = with(paths::JOB, &scene.job.to_string());
    scene.honest.send(scene.honest.as_operator(Method::DELETE, &path)).await?.json::<Value>()?;
    let mut miner = Keyless::new(&scene.server, "Miner_X")?;
    miner.register().await?;
    let started = miner.start().await?;
    ensure!(started.get("initial_task").is_none(), "{started}");
    // Without work NeoNet's client continues silently: only a 200 with a task counts as one.
    let reply = miner.client.get(&with(paths::TASK, "Miner_X")).await?;
    ensure!(reply.status == 204 && reply.headers.contains_key("retry-after"));
    let model = files::model(&[(vec![1; 40], vec![0; 5])], [1, 1]);
    scene.honest.submit_inference(model, files::csv(8, &[1; 800])).await?;
    let given = miner.task().await?;
    has_shape(&given, &task("str"), "task")?;
    assert_eq!(given["task_type"], "inference");
    assert_eq!((&given["data"]["input_size"], &given["data"]["batch_size"]), (&json!(8), &json!(8)));
    let refused: Value = miner.submit(&given, made_up("inference")).await?.json()?;
    assert_eq!((&refused["success"], &refused["reward"]), (&json!(false), &json!(0.0)));
    nothing_was_minted(&scene).await
}

#[tokio::test]
async fn a_registration_without_key_reserves_nothing() -> Result<()> {
    let scene = Scene::start().await?;
    let mut squatter = Keyless::new(&scene.server, "Wanted")?;
    squatter.register().await?;
    squatter.start().await?;
    // Afterwards a key can take the id and is paid under it.
    let mut owner = Client::new(&scene.server, "Wanted", 1)?;
    owner.open().await?;
    ensure!(owner.session != squatter.session, "the owner's session is its own");
    let delivered = owner.mine(&scene.server.key()).await?;
    ensure!(!delivered.is_empty());
    let shown = squatter.get(&with(paths::CONTRIBUTOR, "Wanted")).await?;
    assert_eq!(shown["contributor"]["total_tasks"], json!(delivered.len()));
    // The squatter's session earns nothing of that.
    let alive = squatter.heartbeat(1_000_000).await?;
    assert_eq!((&alive["rewards_earned"], &alive["tasks_completed"]), (&json!(0.0), &json!(0)));
    let leaders = squatter.get(paths::LEADERBOARD).await?;
    let entry = json!({
        "rank": 1, "id": "str", "total_tasks": "int", "total_compute_hours": "float", "total_rewards": "float",
    });
    has_shape(&leaders, &json!({ "leaderboard": [entry] }), "leaderboard")?;
    assert_eq!(leaders["leaderboard"].as_array().map(Vec::len), Some(1));
    scene.ends_well().await
}

/// A client with a key that makes only NeoNet's calls closes its task in NeoNet's shape.
#[tokio::test]
async fn a_verified_task_is_closed_in_the_originals_shape() -> Result<()> {
    let scene = Scene::start().await?;
    let mut miner = scene.stranger("Keyed", 1).await?;
    let given = miner.task(0).await?.context("a task")?;
    let grant = given.adit.clone().context("a lease")?;
    let body = json!({
        "contributor_id": "Keyed", "session_id": miner.session, "task_id": given.task_id, "result": {},
    });
    let early: Value = miner.post(paths::SUBMIT_RESULT, &body).await?.json()?;
    assert_eq!((&early["success"], &early["reward"]), (&json!(false), &json!(0.0)));
    let output = miner.compute(&grant).await?;
    miner.deliver(&grant, output).await?.json::<Value>()?;
    let closed: Value = miner.post(paths::SUBMIT_RESULT, &body).await?.json()?;
    let shape = json!({
        "success": true, "task_id": "str", "reward": "float", "total_rewards": "float", "balance": "float",
        "message": "str",
    });
    has_shape(&closed, &shape, "submit-result")?;
    assert_eq!(closed["reward"].as_f64(), Some(grant.lease.value.approximate_nnet()));
    assert_eq!(miner.post(paths::SUBMIT_RESULT, &body).await?.json::<Value>()?, closed, "asked again");
    scene.ends_well().await
}

fn uuid_v4(text: &str) -> Result<()> {
    let parts: Vec<usize> = text.split('-').map(str::len).collect();
    let hex = text.bytes().all(|b| b == b'-' || b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    ensure!(parts == [8, 4, 4, 4, 12] && hex && text.as_bytes()[14] == b'4', "{text}");
    Ok(())
}
