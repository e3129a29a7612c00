//! Hash trees over data at a gateway: what is there, what is not, and what nobody can tell.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use adit_coordinator::{BlockAnswer, BlockSource, Patience, Sources};
use adit_core::content_id::block_cid;
use adit_core::encoding::{decode, encode};
use adit_core::kernel::Scalar;
use adit_core::kernel::hash_tree::{LEAF_BYTES, root};
use adit_core::kind::{HashTree, HashTree2};
use adit_core::recheck::{RecheckError, recheck};
use adit_core::reward::base_reward;
use adit_core::statement::{Lease, Verdict};
use adit_core::{Amount, BlockState, Cid, Kind, Unit};
use adit_protocol::jobs::{DataPlace, FileInfo, JobRequest, JobState, JobView, JobWork};
use adit_protocol::mining::{Delivered, TaskGrant};
use adit_protocol::{ErrorCode, paths};
use adit_support::scene::LEASE_MS;
use adit_support::{Client, Server, files};
use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use futures::future::BoxFuture;
use rusqlite::Connection;
use serde_json::Value;

use crate::tree::report;

/// Sixteen leaves.
const BLOCK: usize = 16 * LEAF_BYTES as usize;
/// Longer than the first pause of a job, and than a miner is kept from a unit that it could not decide.
const LATER_MS: i64 = 40_000;

/// Asks gateways as the program does.
struct Over(reqwest::Client);

impl BlockSource for Over {
    fn ask<'a>(&'a self, source: &'a str, cid: &'a Cid) -> BoxFuture<'a, Option<BlockAnswer>> {
        let request = self.0.get(format!("{source}/ipfs/{cid}?format=raw")).send();
        async move {
            let answer = request.await.ok()?;
            Some((answer.status().as_u16(), answer.bytes().await.ok()?.to_vec()).into())
        }
        .boxed()
    }
}

/// How the gateway answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    Right,
    Status(u16),
    WrongBytes,
    Redirect,
    Nothing,
}

/// A gateway's blocks, and how it answers: for all of them, and for some.
#[derive(Clone)]
struct Answers {
    data: Arc<Vec<(Cid, Vec<u8>)>>,
    says: Arc<Mutex<Script>>,
}

struct Script {
    all: Says,
    but: Vec<(Cid, Says)>,
}

impl Answers {
    fn script(&self) -> MutexGuard<'_, Script> {
        self.says.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer(State(answers): State<Answers>, uri: Uri) -> Response {
    let block = answers.data.iter().find(|(cid, _)| uri.path().ends_with(&cid.to_string()));
    let says = {
        let script = answers.script();
        let other = script.but.iter().find(|(cid, _)| uri.path().ends_with(&cid.to_string()));
        other.map_or(script.all, |(_, says)| *says)
    };
    match (says, block) {
        (Says::Right, Some((_, bytes))) => bytes.clone().into_response(),
        (Says::Right, None) => StatusCode::NOT_FOUND.into_response(),
        (Says::Status(status), _) => StatusCode::from_u16(status).unwrap_or_default().into_response(),
        (Says::WrongBytes, _) => vec![0; BLOCK].into_response(),
        // The redirect leads to the right answer.
        (Says::Redirect, _) => (StatusCode::FOUND, [(header::LOCATION, "/right")]).into_response(),
        (Says::Nothing, _) => futures::future::pending().await,
    }
}

/// A gateway with a data set, and a coordinator that may ask it.
struct Audit {
    server: Server,
    source: String,
    answers: Answers,
    /// The blocks that the gateway holds.
    blocks: Vec<Cid>,
}

impl Audit {
    async fn start() -> Result<Self> {
        let data = files::bytes(4, 64 * BLOCK);
        let data: Vec<(Cid, Vec<u8>)> = data.chunks(BLOCK).map(|block| (block_cid(block), block.to_vec())).collect();
        let blocks = data.iter().map(|(cid, _)| *cid).collect();
        let answers =
            Answers { data: Arc::new(data), says: Arc::new(Mutex::new(Script { all: Says::Right, but: Vec::new() })) };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let source = format!("http://{}", listener.local_addr()?);
        let gateway = Router::new().fallback(answer).with_state(answers.clone());
        tokio::spawn(async move { axum::serve(listener, gateway).await });
        let sources = sources(&source)?;
        let server = Server::start_with(|config| config.sources = sources).await?;
        Ok(Audit { server, source, answers, blocks })
    }

    /// Stops the coordinator, changes its database, and starts it again.
    async fn restart(self, change: impl FnOnce(&Path) -> Result<()>) -> Result<Self> {
        let (sources, mut changed) = (sources(&self.source)?, Ok(()));
        let server = self.server.restart(|config| {
            changed = change(&config.data.join("adit.sqlite"));
            config.sources = sources;
        });
        let server = server.await?;
        changed?;
        Ok(Audit { server, ..self })
    }

    fn says(&self, all: Says, but: &[(Cid, Says)]) {
        *self.answers.script() = Script { all, but: but.to_vec() };
    }

    async fn submit_at(&self, client: &Client, source: &str, blocks: &[Cid]) -> Result<adit_support::Reply> {
        let lines: String = blocks.iter().map(|cid| format!("{cid},{BLOCK}\n")).collect();
        let list: FileInfo = client.upload_as("blocks", format!("cid,bytes\n{lines}").into_bytes()).await?.json()?;
        let work = JobWork::HashTree2 { source: source.to_owned(), blocks: list.file };
        let request = JobRequest::new(work);
        client.send(client.as_operator(reqwest::Method::POST, paths::JOBS).json(&request)).await
    }

    async fn submit(&self, client: &Client, blocks: &[Cid]) -> Result<JobView> {
        self.submit_at(client, &self.source, blocks).await?.json()
    }
}

fn sources(source: &str) -> Result<Sources> {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let http = http.timeout(Duration::from_secs(2)).build()?;
    let patience = Patience { second_look_ms: 10, ..Patience::default() };
    Ok(Sources::new(vec![source.to_owned()], Over(http)).with_patience(patience))
}

async fn lease(client: &Client) -> Result<TaskGrant> {
    client.task(0).await?.and_then(|task| task.adit).context("no lease")
}

/// The output of a miner that reports the same state for every block.
fn claim(grant: &TaskGrant, state: BlockState) -> Vec<u8> {
    let mut output = grant.unit.output(&Scalar, &grant.lease.lease, |_| None).unwrap_or_default();
    output[..grant.unit.input().panels.len()].fill(state as u8);
    output
}

#[tokio::test]
async fn what_a_gateway_holds_is_audited_and_what_it_lacks_is_named() -> Result<()> {
    let audit = Audit::start().await?;
    let mut miner = Client::new(&audit.server, "miner", 1)?;
    let gone = block_cid(b"never stored");
    let mut blocks = audit.blocks.clone();
    blocks[7] = gone;
    audit.says(Says::Right, &[(blocks[9], Says::Status(410))]);
    let job = audit.submit(&miner, &blocks).await?;
    assert_eq!(job.kind, Kind::HashTree2);
    miner.open().await?;
    let delivered = miner.mine(&audit.server.key()).await?;
    ensure!(!delivered.is_empty() && delivered.iter().all(|answer| answer.verdict == Verdict::Valid), "{delivered:?}");
    let work: u64 = delivered.iter().map(|answer| answer.receipt.receipt.work).sum();
    assert_eq!(work, 62 * BLOCK as u64);
    for answer in &delivered {
        assert_eq!(answer.reward, base_reward(Kind::HashTree2, answer.receipt.receipt.work));
    }
    let report = report(&miner, job.job).await?;
    assert_eq!((&report["intact"], &report["source"]), (&Value::from(false), &Value::from(audit.source.clone())));
    let missing = Value::from(vec![gone.to_string(), blocks[9].to_string()]);
    assert_eq!(
        (&report["missing"], &report["absent"], &report["blocks_unknown"]),
        (&missing, &missing, &Value::from(0))
    );
    assert_eq!(report["bytes_present"], work);
    audit.server.assert_balanced().await
}

/// Requesters may name the first version, as they always did. What is leased is the second, to lanes that compute it.
#[tokio::test]
async fn data_elsewhere_is_leased_as_the_second_version_alone() -> Result<()> {
    let audit = Audit::start().await?;
    let mut miner = Client::new(&audit.server, "miner", 1)?;
    let lines: String = audit.blocks.iter().map(|cid| format!("{cid},{BLOCK}\n")).collect();
    let list: FileInfo = miner.upload_as("blocks", format!("cid,bytes\n{lines}").into_bytes()).await?.json()?;
    let data = DataPlace::Source { source: audit.source.clone(), blocks: list.file };
    let job = miner.submit(JobWork::HashTree { data }).await?;
    assert_eq!(job.kind, Kind::HashTree2);
    miner.open().await?;
    assert_eq!(miner.ask_for(0, "matmul_i8/1,hash_tree/1").await?.status, 204);
    let task: adit_protocol::neonet::Task = miner.ask_for(1, "hash_tree/2").await?.json()?;
    assert_eq!(task.adit.map(|grant| grant.kind), Some(Kind::HashTree2));
    Ok(())
}

/// Nothing is paid for a gateway's errors, nobody is blamed, and the job goes on when the gateway does.
#[tokio::test]
async fn a_gateway_that_gives_no_answer_decides_nothing() -> Result<()> {
    let audit = Audit::start().await?;
    let mut miner = Client::new(&audit.server, "miner", 1)?;
    let job = audit.submit(&miner, &audit.blocks[..8]).await?.job;
    miner.open().await?;
    for says in [Says::Status(503), Says::Status(500), Says::Redirect, Says::WrongBytes, Says::Nothing] {
        audit.says(says, &[]);
        let grant = lease(&miner).await?;
        let output = miner.compute(&grant).await?;
        let blocks = grant.unit.input().panels.len();
        ensure!(output[..blocks].iter().all(|state| *state == BlockState::Unknown as u8), "{says:?}: {output:?}");
        let answer: Delivered = miner.deliver(&grant, output.clone()).await?.json()?;
        let receipt = &answer.receipt.receipt;
        assert_eq!((answer.verdict, answer.reward), (Verdict::Inconclusive, Amount::ZERO), "{says:?}");
        assert_eq!((receipt.work, receipt.value, receipt.counterexample), (0, Amount::ZERO, None));
        recheck(receipt, &grant.unit, |cid| miner.block(cid), &output, &[9; 32])?;
        // The job waits, and says why.
        ensure!(answer.next.is_none() && miner.task(0).await?.is_none(), "{says:?}: it is tried again at once");
        let stuck = miner.job(job).await?.stuck.context("it moves")?;
        ensure!(stuck.contains("gave no answer"), "{stuck}");
        audit.server.advance(1_000_000).await?;
        miner.open().await?;
    }
    // Five failures in a row did not count against the miner.
    audit.says(Says::Right, &[]);
    let delivered = miner.mine(&audit.server.key()).await?;
    ensure!(!delivered.is_empty() && delivered.iter().all(|answer| answer.verdict == Verdict::Valid));
    let job = miner.job(job).await?;
    assert_eq!((job.state, job.units_invalid, job.leases_expired), (JobState::Done, 0, 0));
    assert_eq!(report(&miner, job.job).await?["intact"], Value::from(true));
    audit.server.assert_balanced().await
}

/// A claim that everything is missing costs nothing to make. It decides and earns nothing, and the unit goes to others.
#[tokio::test]
async fn a_claim_that_blocks_are_missing_is_looked_into() -> Result<()> {
    let audit = Audit::start().await?;
    let mut honest = Client::new(&audit.server, "honest", 2)?;
    let job = audit.submit(&honest, &audit.blocks).await?;
    for (key, state) in [(3, BlockState::Absent), (4, BlockState::Unknown)] {
        let mut lazy = Client::new(&audit.server, &format!("lazy{key}"), key)?;
        lazy.open().await?;
        let grant = lease(&lazy).await?;
        let answer: Delivered = lazy.deliver(&grant, claim(&grant, state)).await?.json()?;
        assert_eq!((answer.verdict, answer.reward), (Verdict::Inconclusive, Amount::ZERO), "{state:?}");
        ensure!(answer.receipt.receipt.counterexample.is_none());
        ensure!(answer.next.is_none_or(|next| next.adit.is_some_and(|next| next.lease.unit != grant.lease.unit)));
    }
    // The gateway answers the coordinator, so the job does not wait.
    ensure!(honest.job(job.job).await?.stuck.is_none_or(|stuck| !stuck.contains("gave no answer")));
    audit.server.advance(LEASE_MS).await?;
    honest.open().await?;
    honest.mine(&audit.server.key()).await?;
    let job = honest.job(job.job).await?;
    assert_eq!((job.state, job.units_invalid), (JobState::Done, 0));
    assert_eq!(report(&honest, job.job).await?["intact"], Value::from(true));
    audit.server.assert_balanced().await
}

/// A page may not read a gateway that sends no CORS headers. Such a miner waits longer each time; others go on meanwhile.
#[tokio::test]
async fn a_miner_that_alone_cannot_reach_the_source_waits() -> Result<()> {
    let audit = Audit::start().await?;
    let mut page = Client::new(&audit.server, "page", 1)?;
    let mut native = Client::new(&audit.server, "native", 2)?;
    let job = audit.submit(&native, &audit.blocks).await?.job;
    page.open().await?;
    for wait_ms in [15_000, 30_000, 60_000] {
        let grant = lease(&page).await?;
        let answer: Delivered = page.deliver(&grant, claim(&grant, BlockState::Unknown)).await?.json()?;
        assert_eq!((answer.verdict, answer.next), (Verdict::Inconclusive, None));
        // The clock runs on meanwhile.
        audit.server.advance(wait_ms / 2).await?;
        ensure!(page.task(0).await?.is_none(), "it is asked again within {wait_ms} ms");
        audit.server.advance(wait_ms / 2).await?;
    }
    native.open().await?;
    let delivered = native.mine(&audit.server.key()).await?;
    ensure!(!delivered.is_empty() && delivered.iter().all(|answer| answer.verdict == Verdict::Valid));
    assert_eq!(native.job(job).await?.state, JobState::Done);
    audit.server.assert_balanced().await
}

/// An error in the coordinator's own look is not a verdict, whatever the miner says.
#[tokio::test]
async fn what_the_coordinator_cannot_see_is_not_decided() -> Result<()> {
    let audit = Audit::start().await?;
    let mut miner = Client::new(&audit.server, "miner", 1)?;
    audit.submit(&miner, &audit.blocks[..8]).await?;
    miner.open().await?;
    for state in [BlockState::Present, BlockState::Absent] {
        let grant = lease(&miner).await?;
        let output = match state {
            BlockState::Present => miner.compute(&grant).await?,
            state => claim(&grant, state),
        };
        audit.says(Says::Status(503), &[]);
        let answer: Delivered = miner.deliver(&grant, output).await?.json()?;
        assert_eq!((answer.verdict, answer.reward), (Verdict::Inconclusive, Amount::ZERO), "{state:?}");
        audit.says(Says::Right, &[]);
        audit.server.advance(LATER_MS).await?;
    }
    audit.server.assert_balanced().await
}

/// A data set that is gone is an answer, and no work.
#[tokio::test]
async fn absence_is_an_answer_and_pays_nothing() -> Result<()> {
    let audit = Audit::start().await?;
    let mut miner = Client::new(&audit.server, "miner", 1)?;
    audit.says(Says::Status(404), &[]);
    let job = audit.submit(&miner, &audit.blocks[..8]).await?;
    miner.open().await?;
    let delivered = miner.mine(&audit.server.key()).await?;
    for answer in &delivered {
        let receipt = &answer.receipt.receipt;
        assert_eq!((answer.verdict, answer.reward, receipt.work), (Verdict::Valid, Amount::ZERO, 0));
    }
    let report = report(&miner, job.job).await?;
    assert_eq!((&report["blocks_absent"], &report["bytes_present"]), (&Value::from(8), &Value::from(0)));
    audit.server.assert_balanced().await
}

/// A name, and a function that makes the output from the correct one and the number of its blocks.
type Forgery = (&'static str, fn(&[u8], usize) -> Vec<u8>);

/// An output that contradicts itself is wrong without a look at the gateway, and a receipt that calls it right is refuted.
#[tokio::test]
async fn outputs_that_contradict_themselves_are_wrong() -> Result<()> {
    let audit = Audit::start().await?;
    let client = Client::new(&audit.server, "requester", 9)?;
    audit.submit(&client, &audit.blocks).await?;
    let forgeries: [Forgery; 4] = [
        ("zeros", |right, _| vec![0; right.len()]),
        ("a state that is none", |right, _| [&[4], &right[1..]].concat()),
        ("an absent block with digests", |right, blocks| sealed([&[2], &right[1..]].concat(), blocks)),
        ("a present block without digests", |right, blocks| {
            let mut forged = right.to_vec();
            forged[blocks..blocks + 32].fill(0);
            sealed(forged, blocks)
        }),
    ];
    for (number, (name, forge)) in forgeries.into_iter().enumerate() {
        let mut liar = Client::new(&audit.server, &format!("liar{number}"), number as u8 + 1)?;
        liar.open().await?;
        let grant = lease(&liar).await?;
        let right = liar.compute(&grant).await?;
        // All leaves of a unit of a few blocks are looked at.
        let forged = forge(&right, grant.unit.input().panels.len());
        let answer: Delivered = liar.deliver(&grant, forged.clone()).await?.json()?;
        assert_eq!((answer.verdict, answer.reward), (Verdict::Invalid, Amount::ZERO), "{name}");
        let mut receipt = answer.receipt.receipt;
        recheck(&receipt, &grant.unit, |cid| liar.block(cid), &forged, &[9; 32]).with_context(|| name)?;
        receipt.verdict = Verdict::Valid;
        let refuted = recheck(&receipt, &grant.unit, |cid| liar.block(cid), &forged, &[9; 32]);
        ensure!(matches!(refuted, Err(RecheckError::Wrong(_))), "{name}: {refuted:?}");
    }
    audit.server.assert_balanced().await
}

/// Appends the root that fits the leaves, as a liar would.
fn sealed(mut output: Vec<u8>, blocks: usize) -> Vec<u8> {
    let leaves = output.len() - 32;
    let root = root(&output[blocks..leaves]);
    output[leaves..].copy_from_slice(&root);
    output
}

/// The steps to version 4 of the schema.
const TO_VERSION_4: [&str; 4] = [
    include_str!("../../../../crates/coordinator/src/store/schema.sql"),
    include_str!("../../../../crates/coordinator/src/store/migrations/2-base-fee.sql"),
    include_str!("../../../../crates/coordinator/src/store/migrations/3-conduct.sql"),
    include_str!("../../../../crates/coordinator/src/store/migrations/4-kinds.sql"),
];

/// A program before `hash_tree/2` left a job over data elsewhere and a live lease of it.
fn back_to_version_4(file: &Path) -> Result<()> {
    let now = Connection::open(file)?;
    let template: Vec<u8> = now.query_row("SELECT template FROM job_template", [], |row| row.get(0))?;
    let Unit::HashTree2(HashTree2 { data, source }) = decode(&template)? else { anyhow::bail!("another kind") };
    let first = Unit::HashTree(HashTree { data, source: Some(source) });
    let run: (u32, u32) = now.query_row("SELECT first, count FROM unit", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    drop(now);

    let before = file.with_extension("before");
    let db = Connection::open(&before)?;
    db.execute_batch(&TO_VERSION_4.concat())?;
    db.execute("ATTACH ?1 AS now", [file.to_str()])?;
    for table in texts(&db, "SELECT name FROM main.sqlite_master WHERE type = 'table'")? {
        let both = format!(
            "SELECT name FROM pragma_table_info('{table}', 'main') WHERE name IN
             (SELECT name FROM pragma_table_info('{table}', 'now'))"
        );
        let columns = texts(&db, &both)?.join(", ");
        let (place, from) = if table == "job" {
            (format!("{columns}, template"), "now.job JOIN now.job_template ON job = id".to_owned())
        } else {
            (columns, format!("now.{table}"))
        };
        db.execute_batch(&format!("INSERT INTO main.{table} ({place}) SELECT {place} FROM {from}"))?;
    }
    db.execute("UPDATE main.job SET kind = 'hash_tree/1', template = ?1", [encode(&first)])?;
    db.execute("UPDATE main.unit SET cid = ?1", [first.run(run.0, run.1).cid().to_string()])?;
    db.pragma_update(None, "user_version", 4)?;
    drop(db);
    Ok(std::fs::rename(before, file)?)
}

fn texts(db: &Connection, query: &str) -> Result<Vec<String>> {
    let mut statement = db.prepare(query)?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[tokio::test]
async fn a_job_over_data_elsewhere_goes_on_as_the_second_version() -> Result<()> {
    let audit = Audit::start().await?;
    let mut miner = Client::new(&audit.server, "miner", 1)?;
    let job = audit.submit(&miner, &audit.blocks).await?.job;
    miner.open().await?;
    let grant = miner.task(0).await?.and_then(|task| task.adit).context("no lease")?;
    let audit = audit.restart(back_to_version_4).await?;
    audit.server.assert_balanced().await?;
    miner.move_to(&audit.server);
    assert_eq!(miner.job(job).await?.kind, Kind::HashTree2);

    // Units leased under the first version may still be delivered, and their receipts recheck as such.
    let Unit::HashTree2(HashTree2 { data, source }) = grant.unit.clone() else { anyhow::bail!("another kind") };
    let unit = Unit::HashTree(HashTree { data, source: Some(source) });
    let lease = Lease { unit: unit.cid(), ..grant.lease.clone() };
    let old = TaskGrant { kind: unit.kind(), unit: unit.clone(), lease, ..grant };
    let output = miner.compute(&old).await?;
    let answer: Delivered = miner.deliver(&old, output.clone()).await?.json()?;
    assert_eq!((answer.verdict, answer.receipt.receipt.kind), (Verdict::Valid, Kind::HashTree));
    assert_eq!(miner.api().unit(&unit.cid()).await?, unit);
    recheck(&answer.receipt.receipt, &unit, |cid| miner.block(cid), &output, &[9; 32])?;

    // The rest is leased as the second version alone.
    assert_eq!(miner.ask_for(1, "hash_tree/1").await?.status, 204);
    let delivered = miner.mine(&audit.server.key()).await?;
    ensure!(!delivered.is_empty() && delivered.iter().all(|answer| answer.receipt.receipt.kind == Kind::HashTree2));
    let report: serde_json::Value = serde_json::from_slice(&miner.result(job).await?)?;
    assert_eq!((&report["intact"], &report["bytes_present"]), (&true.into(), &report["bytes"]));
    audit.server.assert_balanced().await
}

#[tokio::test]
async fn a_source_that_nobody_listed_is_not_asked() -> Result<()> {
    let audit = Audit::start().await?;
    let client = Client::new(&audit.server, "requester", 1)?;
    for source in ["http://127.0.0.1:1", "http://169.254.169.254", "file:///etc/passwd", ""] {
        let reply = audit.submit_at(&client, source, &audit.blocks).await?;
        assert_eq!(reply.code()?, ErrorCode::InvalidParameter, "{source}");
    }
    Ok(())
}
