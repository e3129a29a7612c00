//! What public reads cost: every GET of the table of calls is held to a number of steps of SQLite's virtual machine, and
//! a long history costs what a short one does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use adit_core::content_id::{block_cid, output_cid};
use adit_core::kind::MatmulI8;
use adit_core::kind::store::{DRAWS, Holding, Holdings, Store, StoreUnit, WINDOW_MS};
use adit_core::sign::{Digest, LeaseId, SecretKey};
use adit_core::split::cut;
use adit_core::statement::{LogHead, Method, Receipt, STATEMENT_VERSION, Verdict};
use adit_core::{Amount, Cid, Kind, PublicKey, Signature, Unit, encoding};
use adit_protocol::paths::{self, with};
use adit_protocol::storage::Reported;
use axum::body::Body;
use axum::http::Request;
use tower::ServiceExt;

use crate::store::{Db, bring_up_to, sql};
use crate::{Clock, Config, Coordinator, calls};

/// The most steps that a read may take.
const MOST: u64 = 20_000;
/// The same for the list of miners, which operators alone may read.
const MOST_OF_OPERATORS: u64 = 100_000;
/// The version of the schema that the history is written in. What comes after is the migrations' work.
const VERSION: usize = 4;
const NOW_MS: i64 = 1_800_000_000_000;
const HISTORY: &str = include_str!("reads/history.sql");
/// The version that has the tables of storage, and what is in them.
const STORAGE_VERSION: usize = 15;
const STORAGE: &str = include_str!("reads/storage.sql");

/// A read as a URL, and whether it needs the operator's token.
struct Read {
    path: &'static str,
    url: String,
    session: Option<&'static str>,
}

fn read(path: &'static str, url: impl Into<String>) -> Read {
    Read { path, url: url.into(), session: None }
}

fn key() -> SecretKey {
    SecretKey::from_bytes(&[7; 32]).unwrap()
}

fn template() -> Unit {
    let (a, b) = (cut(&[1; 64 * 3], 64, 3, 8).0, cut(&[2; 12], 3, 4, 3).0);
    Unit::MatmulI8(MatmulI8 { a, b })
}

/// The name of an item of the history, as its SQL makes it.
fn miner(number: u64) -> PublicKey {
    PublicKey(format!("{number:033x}").into_bytes().try_into().unwrap())
}

fn lease(number: u64) -> LeaseId {
    LeaseId(format!("{number:016x}").into_bytes().try_into().unwrap())
}

/// The list of replicas of a challenge.
fn holdings() -> Holdings {
    Holdings(vec![Holding { root: output_cid(*b"root0000000000000000000000000012"), length: 64 }])
}

fn challenge() -> StoreUnit {
    let holdings = encoding::cid_of(&holdings());
    StoreUnit::V1(Store { holdings, s: DRAWS, seed: [0; 32], window_ms: WINDOW_MS })
}

/// The reads of storage: what is stored, who holds it, and what a holder is asked.
fn storage_reads() -> Vec<Read> {
    let arriving = output_cid(*b"root0000000000000000000000000032").to_string();
    let by = |session, path| Read { session: Some(session), ..read(path, path) };
    vec![
        read(paths::STORAGE_PINS, paths::STORAGE_PINS),
        read(paths::STORAGE_PIN, with(paths::STORAGE_PIN, "1")),
        read(paths::STORAGE_CONTENT, with(paths::STORAGE_CONTENT, "1")),
        Read { session: Some("s00000031"), ..read(paths::STORAGE_REPLICA, with(paths::STORAGE_REPLICA, &arriving)) },
        by("s00000021", paths::STORAGE_CHALLENGE),
        by("s00000011", paths::STORAGE_CHALLENGE),
        read(paths::STORAGE_HOLDINGS, with(paths::STORAGE_HOLDINGS, &encoding::cid_of(&holdings()).to_string())),
        read(paths::UNIT, with(paths::UNIT, &challenge().cid().to_string())),
        read(paths::STORAGE_HOLDER, with(paths::STORAGE_HOLDER, &miner(0).to_string())),
        read(paths::STORAGE_HOLDERS, format!("{}?limit=100", paths::STORAGE_HOLDERS)),
    ]
}

/// Every public read, some in several ways. A new GET fails the test until it is here.
fn reads(receipts: u64, unit: &Cid, block: &Cid) -> Vec<Read> {
    let newest = lease(receipts - 5).to_string();
    let mut reads = vec![
        Read { session: Some("s00000021"), ..read(paths::TASK, with(paths::TASK, "c00000022") + "?lane=1") },
        Read { session: Some("s00000021"), ..read(paths::TASK, with(paths::TASK, "c00000022") + "?lane=1") },
        read(paths::TASK, with(paths::TASK, "c00000042")),
        read(paths::STATS, paths::STATS),
        read(paths::STATISTICS, format!("{}?days=90", paths::STATISTICS)),
        read(paths::EARNINGS, with(paths::EARNINGS, &miner(0).to_string()) + "?days=90"),
        read(paths::LEADERBOARD, format!("{}?limit=100", paths::LEADERBOARD)),
        read(paths::CONTRIBUTOR, with(paths::CONTRIBUTOR, "c00000000")),
        read(paths::GAS_INFO, paths::GAS_INFO),
        read(paths::GAS_ESTIMATE, format!("{}?token=NEO&amount=1", paths::GAS_ESTIMATE)),
        read(paths::TOKENOMICS, paths::TOKENOMICS),
        read(paths::DECENTRALIZATION, paths::DECENTRALIZATION),
        read(paths::OUTPUT, with(paths::OUTPUT, &lease(0).to_string())),
        read(paths::RECEIPT, with(paths::RECEIPT, &newest)),
        read(paths::LOG_HEAD, paths::LOG_HEAD),
        read(
            paths::LOG_CONSISTENCY,
            format!("{}?from={}&to={receipts}", paths::LOG_CONSISTENCY, receipts / 3 / 1_024 * 1_024),
        ),
        read(paths::BLOCK, with(paths::BLOCK, &block.to_string()) + "?format=raw"),
        read(paths::UNIT, with(paths::UNIT, &unit.to_string())),
        read(paths::JOB, with(paths::JOB, "3")),
        read(paths::JOB_RESULT, with(paths::JOB_RESULT, "1")),
        read(paths::OVERVIEW, paths::OVERVIEW),
        read(paths::ACCOUNT, with(paths::ACCOUNT, &miner(0).to_string())),
        read(paths::MINERS, paths::MINERS),
        read(paths::MINERS, format!("{}?before={}-{}", paths::MINERS, NOW_MS - 100_000, miner(0))),
        read(paths::LEDGER, paths::LEDGER),
        read(paths::EPOCHS, paths::EPOCHS),
        read(paths::EPOCHS, format!("{}?before={}", paths::EPOCHS, receipts / 40)),
        read(paths::HEALTH, paths::HEALTH),
        read(paths::METRICS, paths::METRICS),
        read(paths::JOBS, paths::JOBS),
        read(paths::JOBS, format!("{}?before={}", paths::JOBS, receipts / 40 - 10)),
        read(paths::JOBS, format!("{}?ended=false", paths::JOBS)),
        read(paths::JOBS, format!("{}?ended=true&limit=20", paths::JOBS)),
    ];
    let of = [
        String::new(),
        format!("&miner={}", miner(0)),
        format!("&unit={unit}"),
        format!("&miner={}&unit={unit}", miner(0)),
    ];
    reads.extend(of.iter().map(|of| read(paths::RECEIPTS, format!("{}?limit=100{of}", paths::RECEIPTS))));
    reads.extend([1, 7, 60].map(|minutes| read(paths::ACTIVITY, format!("{}?minutes={minutes}", paths::ACTIVITY))));
    let stats = ["/api/ai-energy/stats"].map(|path| read(path, path));
    let leaders = ["/api/ai-energy/leaderboard"].map(|path| read(path, path));
    let supply = ["/ai-energy/tokenomics", "/api/ai-energy/tokenomics", "/halving-info"].map(|path| read(path, path));
    reads.into_iter().chain(stats).chain(leaders).chain(supply).chain(storage_reads()).collect()
}

/// Writes a history with this many receipts.
async fn write_history(data: &Path, receipts: u64, unit: &Unit, block: (&Cid, &[u8])) {
    std::fs::write(data.join(crate::directory::KEY), hex::encode([7; 32])).unwrap();
    let mut db = Db::open(&data.join(crate::directory::DATABASE), false).unwrap();
    bring_up_to(&mut db, VERSION).await.unwrap();
    let plan = hex::encode(template().to_bytes());
    let size = format!("CREATE TEMP TABLE size AS SELECT {receipts} AS n, {NOW_MS} AS now_ms, x'{plan}' AS template");
    db.batch(&format!("{size}; BEGIN; {HISTORY}")).unwrap();
    let text = "UPDATE unit SET cid = $1 WHERE id = 0";
    sql(text).bind(unit.cid().to_string()).execute(&mut db).await.unwrap();
    db.batch("INSERT INTO output (unit, piece, bytes) SELECT id, 0, zeroblob(128) FROM unit WHERE job = 1 AND id < 8")
        .unwrap();
    db.batch("UPDATE unit SET job = 3 WHERE job = 1 AND first >= 64").unwrap();
    sql("INSERT INTO block (cid, bytes) VALUES ($1, $2)")
        .bind(block.0.to_string())
        .bind(block.1)
        .execute(&mut db)
        .await
        .unwrap();
    // The receipts that lists show.
    let shown = [(1, 0), (10, 3), (10, 0), (100, 0)];
    let shown: BTreeSet<u64> =
        shown.iter().flat_map(|(every, of)| (0..receipts).rev().filter(move |i| i % every == *of).take(102)).collect();
    for index in shown {
        let receipt = encoding::encode(&receipt(index, unit));
        let text = "UPDATE receipt SET bytes = $2 WHERE log_index = $1";
        sql(text).bind(index as i64).bind(receipt).execute(&mut db).await.unwrap();
    }
    let head = LogHead {
        version: STATEMENT_VERSION,
        coordinator: key().public_key(),
        size: receipts,
        root: Digest([0; 32]),
        previous: None,
        at_ms: NOW_MS,
    };
    let text = "INSERT INTO log_head (size, head, signature) VALUES ($1, $2, $3)";
    let signature = key().sign(&head);
    let query = sql(text).bind(receipts as i64).bind(encoding::encode(&head)).bind(&signature.0[..]);
    query.execute(&mut db).await.unwrap();
    db.batch("COMMIT").unwrap();
    write_storage(&mut db).await;
}

/// Adds what miners hold, in the schema of its first version.
async fn write_storage(db: &mut Db) {
    bring_up_to(db, STORAGE_VERSION).await.unwrap();
    let reported = Reported {
        uptime_hours: 1.0,
        peers_connected: 1.0,
        data_pinned_mb: 1.0,
        bandwidth_served_mb: 1.0,
        mining_score: 1.0,
    };
    let (piece, said) = (block_cid(&[0; 64]), serde_json::to_string(&reported).unwrap());
    db.batch("ALTER TABLE temp.size ADD COLUMN piece TEXT; ALTER TABLE temp.size ADD COLUMN said TEXT").unwrap();
    let text = "UPDATE temp.size SET piece = $1, said = $2";
    sql(text).bind(piece.to_string()).bind(said).execute(&mut *db).await.unwrap();
    db.batch(&format!("BEGIN; {STORAGE}")).unwrap();
    let text = "INSERT INTO storage_holdings (cid, bytes) VALUES ($1, $2)";
    let query = sql(text).bind(encoding::cid_of(&holdings()).to_string()).bind(encoding::encode(&holdings()));
    query.execute(&mut *db).await.unwrap();
    let text = "UPDATE storage_lease SET cid = $1, unit = $2 WHERE held_window = 0";
    let query = sql(text).bind(challenge().cid().to_string()).bind(challenge().to_bytes());
    query.execute(&mut *db).await.unwrap();
    db.batch("COMMIT").unwrap();
}

fn receipt(index: u64, unit: &Unit) -> Receipt {
    Receipt {
        version: STATEMENT_VERSION,
        coordinator: key().public_key(),
        log_index: index,
        lease: lease(index),
        unit: unit.cid(),
        kind: Kind::MatmulI8,
        miner: miner(0),
        output_digest: Digest([0; 32]),
        output_bytes: 0,
        delivery_signature: Signature([0; 64]),
        verdict: Verdict::Valid,
        counterexample: None,
        work: 1,
        price_version: 1,
        value: Amount::ZERO,
        confidence_bps: 5_000,
        epoch: 0,
        method: Method::Freivalds,
        bits: 64,
        at_ms: NOW_MS,
    }
}

/// The steps of each read over a history of this many receipts.
async fn steps(receipts: u64) -> BTreeMap<String, u64> {
    let folder = tempfile::tempdir().unwrap();
    let unit = template().run(0, 8);
    let block = (template().blocks()[0].0, [1; 24]);
    write_history(folder.path(), receipts, &unit, (&block.0, &block.1)).await;
    let mut config = Config::new("127.0.0.1:0".parse().unwrap(), folder.path().to_owned());
    (config.durable, config.conduct.first_in_flight) = (false, 100);
    config.clock = Clock::standing_still(NOW_MS);
    let coordinator = Coordinator::open(&config).await.unwrap();
    let router = coordinator.router(None);
    let counted = &coordinator.app.store.steps;
    let mut found = BTreeMap::new();
    let reads = reads(receipts, &unit.cid(), &block.0);
    let known: BTreeSet<&str> = reads.iter().map(|read| read.path).collect();
    assert_eq!(known, calls().reads().into_iter().collect(), "a read that is not held to its steps");
    for (number, read) in reads.into_iter().enumerate() {
        let request = Request::get(&read.url).header("host", "localhost");
        let request = request.header("authorization", format!("Bearer {}", coordinator.token()));
        let request = match read.session {
            Some(session) => request.header(paths::SESSION_HEADER, session),
            None => request,
        };
        counted.take();
        let answer = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let status = answer.status();
        let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        let text = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
        assert_eq!(status, 200, "{}: {text}", read.url);
        let statements = counted.take();
        let steps: u64 = statements.values().sum();
        let most = if read.path == paths::MINERS { MOST_OF_OPERATORS } else { MOST };
        assert!(steps <= most, "{} takes {steps} steps: {statements:#?}", read.url);
        found.insert(format!("{number:02} {}", read.path), steps);
    }
    coordinator.close().await;
    found
}

#[tokio::test]
async fn a_read_costs_what_it_answers() {
    let (short, long) = (steps(10_000).await, steps(250_000).await);
    let mut grown = Vec::new();
    for (read, steps) in &long {
        let before = short[read];
        println!("{read}: {before} steps of a short history, {steps} of a long one");
        // A proof grows with the logarithm of the log.
        if *steps > before + before / 2 + 100 {
            grown.push(read);
        }
    }
    assert!(grown.is_empty(), "these cost more the longer the history is: {grown:?}");
}
