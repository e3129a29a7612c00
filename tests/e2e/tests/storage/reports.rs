//! The original's reports: answered in its shapes, shown as said, paid nothing.

use adit_protocol::paths;
use adit_support::{Client, Server};
use anyhow::{Result, ensure};
use serde_json::{Value, json};

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
        ensure!(reply.status == 400, "{wrong}");
        ensure!(serde_json::from_slice::<Value>(&reply.body)? == json!({ "error": "Missing required fields" }));
    }
    server.assert_balanced().await
}
