//! The original's reports: answered in its shapes, shown as said, paid nothing.

use adit_core::Amount;
use adit_protocol::{ErrorCode, paths};
use adit_support::{Client, Server};
use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::town::Town;

#[tokio::test]
async fn both_shapes_are_answered_with_no_reward() -> Result<()> {
    let server = Server::start().await?;
    let client = Client::new(&server, "miner", 1)?;
    let program = json!({
        "miner_id": "miner_host", "uptime_hours": 9_000.0, "peers_connected": 900, "data_pinned_mb": 1e6,
        "bandwidth_served_mb": 0.0, "mining_score": 1e9, "timestamp": "2026-01-01T00:00:00"
    });
    let page = json!({ "address": "0xab", "uptime": 2, "peers": 3, "dataPinned": 4, "score": 120, "signature": "00" });
    for (path, body) in [(paths::MINING_REPORT, &program), (paths::MINING_REPORT, &page), ("/api/mining/report", &page)]
    {
        let answer: Value = client.post(path, body).await?.json()?;
        ensure!(answer["success"] == true && answer["rewards"] == 0, "{answer}");
        ensure!(answer["reportId"].as_str().is_some_and(|id| id.len() == 36) && answer["message"].is_string());
    }
    for wrong in [json!({}), json!({ "miner_id": "x" }), json!([1]), json!({ "address": "0xab", "uptime": 1 })] {
        let reply = client.post(paths::MINING_REPORT, &wrong).await?;
        assert_eq!(reply.code()?, ErrorCode::InvalidParameter, "{wrong}");
        ensure!(serde_json::from_slice::<Value>(&reply.body)?["error"] == "Missing required fields");
    }
    server.assert_balanced().await
}

#[tokio::test(flavor = "multi_thread")]
async fn holders_are_ranked_by_what_they_proved() -> Result<()> {
    let town = Town::start().await?;
    town.put(5_000, 2).await?;
    let mut boaster = town.holder("boaster", 1).await?;
    boaster.take(1 << 30).await?;
    town.pass(&boaster).await?;
    let mut honest = town.holder("honest", 2).await?;
    honest.take(1 << 30).await?;
    town.pass(&honest).await?;
    town.pass(&honest).await?;
    let owed = town.owed(&boaster).await?;
    let report = json!({
        "miner_id": "boaster", "uptime_hours": 9_000.0, "peers_connected": 900, "data_pinned_mb": 1e6,
        "bandwidth_served_mb": 5.0, "mining_score": 1e12, "timestamp": "2026-01-01T00:00:00"
    });
    ensure!(town.operator.post(paths::MINING_REPORT, &report).await?.status == 200);
    let ranked = town.operator.api().holders().await?.holders;
    let names: Vec<&str> = ranked.iter().map(|holder| holder.contributor.as_str()).collect();
    ensure!(names == ["honest", "boaster"], "{names:?}");
    // ⌊n · (2^30 + 5,000) · 10^6 / 2^30⌋, for two windows and for one.
    ensure!((ranked[0].score_micro, ranked[1].score_micro) == (2_000_009, 1_000_004), "{ranked:?}");
    ensure!(ranked[0].reported.is_none());
    let said = ranked[1].reported.as_ref();
    ensure!(said.is_some_and(|said| said.peers_connected == 900.0 && said.mining_score == 1e12), "{said:?}");
    ensure!(owed == (Amount::ZERO, Amount::ZERO) && town.owed(&boaster).await? == owed, "a report was paid");
    town.server.assert_balanced().await
}
