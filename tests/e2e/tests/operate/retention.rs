//! What has ended is deleted some time later, except for what a receipt names.

use adit_core::statement::Verdict;
use adit_protocol::ErrorCode;
use adit_protocol::jobs::JobView;
use adit_protocol::paths::{self, with};
use adit_protocol::records::ReceiptList;
use adit_support::{Client, Scene, Server};
use anyhow::{Result, ensure};
use reqwest::Method;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

fn rows(server: &Server, what: &str) -> Result<i64> {
    let database = rusqlite::Connection::open(server.data().join("adit.sqlite"))?;
    Ok(database.query_row(&format!("SELECT COUNT(*) FROM {what}"), [], |row| row.get(0))?)
}

/// Lets ten strangers take leases and leave in two ways: some end their sessions, the others are never heard of again.
async fn leave_leases(scene: &Scene) -> Result<()> {
    for number in 0..10 {
        let stranger = scene.stranger(&format!("stranger-{number}"), 10 + number).await?;
        // None is left once all panels are leased.
        stranger.ask(0).await?;
        if number % 2 == 0 {
            let stop =
                serde_json::json!({ "contributor_id": format!("stranger-{number}"), "session_id": stranger.session });
            ensure!(stranger.post(paths::STOP_SESSION, &stop).await?.status == 200);
        }
    }
    Ok(())
}

/// Fails unless every receipt of the honest miner proves its output, and the mathematics too while the blocks are there.
async fn receipts_recheck(scene: &Scene, with_output: bool) -> Result<usize> {
    let list: ReceiptList = scene.receipts(&scene.honest.key.public_key()).await?;
    for proven in &list.receipts {
        proven.verify(&scene.server.key())?;
        ensure!(proven.receipt.verdict == Verdict::Valid);
        let unit = scene.honest.api().unit(&proven.receipt.unit).await?;
        let gathered = scene.honest.api().output(proven.receipt.lease).await;
        ensure!(gathered.is_ok() == with_output, "{:?}", gathered.err());
        if let Ok(output) = gathered {
            let mut blocks = std::collections::HashMap::new();
            for (cid, _) in unit.blocks() {
                blocks.insert(cid, scene.honest.api().block(&cid).await?);
            }
            let find = |cid: &adit_core::Cid| blocks.get(cid).map(Vec::as_slice);
            adit_core::recheck::recheck(&proven.receipt, &unit, find, &output, &[9; 32])?;
        }
    }
    Ok(list.receipts.len())
}

#[tokio::test]
async fn what_ended_goes_and_what_receipts_need_stays() -> Result<()> {
    let mut scene = Scene::start().await?;
    leave_leases(&scene).await?;
    scene.server.advance(adit_support::scene::LEASE_MS).await?;
    leave_leases(&scene).await?;
    scene.server.advance(adit_support::scene::LEASE_MS).await?;
    let over = rows(&scene.server, "lease WHERE verdict IS NULL")?;
    ensure!(over >= 8 && rows(&scene.server, "unit WHERE state = 'returned'")? > 0, "{over} leases ran out");
    scene.honest.open().await?;
    scene.honest.mine(&scene.server.key()).await?;
    let receipts = receipts_recheck(&scene, true).await?;
    ensure!(receipts > 0);

    // An hour later nothing is gone. A day after the last session ended, everything is but what the receipts speak of.
    scene.server.advance(HOUR_MS).await?;
    ensure!(rows(&scene.server, "lease WHERE verdict IS NULL")? == over);
    scene.server.advance(DAY_MS + HOUR_MS).await?;
    scene.server.advance(HOUR_MS).await?;
    for table in ["lease WHERE verdict IS NULL", "session", "lane", "lane_speed", "challenge", "returned"] {
        ensure!(rows(&scene.server, table)? == 0, "{table} has {} rows", rows(&scene.server, table)?);
    }
    assert_eq!(rows(&scene.server, "unit")?, receipts as i64);
    assert_eq!(rows(&scene.server, "miner")?, 1, "strangers without a valid output are forgotten");
    assert_eq!(receipts_recheck(&scene, true).await?, receipts);
    scene.server.assert_balanced().await?;

    // A week after the job's end its result goes, a few pieces at a time; receipts stay.
    scene.server.advance(7 * DAY_MS).await?;
    for table in ["output", "block", "job_block", "file", "file_piece", "forgotten_job", "forgotten_file"] {
        ensure!(rows(&scene.server, table)? == 0, "{table} has {} rows", rows(&scene.server, table)?);
    }
    let result = with(paths::JOB_RESULT, &scene.job.to_string());
    let reply = scene.honest.send(scene.honest.as_operator(Method::GET, &result)).await?;
    assert_eq!(reply.code()?, ErrorCode::ResultGone);
    assert_eq!(receipts_recheck(&scene, false).await?, receipts);
    let job: JobView = scene.honest.job(scene.job).await?;
    ensure!(job.panels_done == job.panels);
    scene.server.assert_balanced().await
}

/// A file that is uploaded again while its pieces are being deleted is whole.
#[tokio::test]
async fn a_file_that_is_wanted_again_is_kept() -> Result<()> {
    let server = Server::start().await?;
    let client = Client::new(&server, "requester", 1)?;
    let (a, b) = (adit_support::files::values(1, 64 * 48), adit_support::files::values(2, 48 * 40));
    let (a, b) = (adit_support::files::npy(64, 48, &a), adit_support::files::npy(48, 40, &b));
    client.upload("A.npy", a.clone()).await?;
    server.advance(8 * DAY_MS).await?;
    ensure!(rows(&server, "file")? == 0);
    client.submit_matmul(a, b).await?;
    ensure!(rows(&server, "file")? == 2 && rows(&server, "file_piece")? == 2);
    server.assert_balanced().await
}
