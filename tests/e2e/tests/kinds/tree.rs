//! Hash trees over data sets: uploaded ones, and the coordinator's own log.

use adit_core::kernel::hash_tree::{LEAF_BYTES, leaf, root};
use adit_core::recheck::recheck;
use adit_core::sign::LeaseId;
use adit_core::statement::{Method, Verdict};
use adit_core::{Amount, Kind};
use adit_protocol::jobs::{DataPlace, FileInfo, JobRequest, JobState, JobView, JobWork};
use adit_protocol::mining::{Delivered, TaskGrant};
use adit_protocol::{ErrorCode, TaskType, paths};
use adit_support::scene::LEASE_MS;
use adit_support::{Client, Server, files, without_admission};
use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// Sixteen leaves.
const BLOCK: usize = 16 * LEAF_BYTES as usize;

async fn submit_data(client: &Client, format: &str, bytes: Vec<u8>) -> Result<JobView> {
    let file: FileInfo = client.upload_as(format, bytes).await?.json()?;
    client.submit(JobWork::HashTree { data: DataPlace::File { file: file.file } }).await
}

pub(crate) async fn report(client: &Client, job: u64) -> Result<Value> {
    Ok(serde_json::from_slice(&client.result(job).await?)?)
}

#[tokio::test]
async fn a_data_set_is_hashed_and_its_columns_are_summed_up() -> Result<()> {
    let server = Server::start_with(without_admission).await?;
    let mut miner = Client::new(&server, "miner", 1)?;
    let rows: String = (0..60_000i64).map(|row| format!("{row},{},note {row}\n", row * row % 1_000 - 500)).collect();
    let job = submit_data(&miner, "table", format!("id,amount,note\n{rows}").into_bytes()).await?;
    assert_eq!((job.kind, job.task_type, job.state), (Kind::HashTree, TaskType::DataValidation, JobState::Active));
    miner.open().await?;
    let delivered = miner.mine(&server.key()).await?;
    ensure!(delivered.len() > 1 && delivered.iter().all(|answer| answer.verdict == Verdict::Valid));
    let receipt = &delivered[0].receipt.receipt;
    ensure!(matches!(receipt.method, Method::Sampled { sampled: 16.., of: 16.. }) && receipt.bits == 0, "{receipt:?}");
    let report = report(&miner, job.job).await?;
    assert_eq!((&report["intact"], &report["blocks_missing"]), (&Value::from(true), &Value::from(0)));
    let (table, amount) = (&report["table"], &report["table"]["columns"][1]);
    assert_eq!((table["rows"].as_u64(), amount["name"].as_str()), (Some(60_000), Some("amount")));
    let amounts: Vec<i64> = (0..60_000i64).map(|row| row * row % 1_000 - 500).collect();
    assert_eq!(amount["sum"], amounts.iter().sum::<i64>().to_string());
    assert_eq!(amount["sum_of_squares"], amounts.iter().map(|x| x * x).sum::<i64>().to_string());
    let (min, max) = (amounts.iter().min().map(i64::to_string), amounts.iter().max().map(i64::to_string));
    assert_eq!((amount["min"].as_str(), amount["max"].as_str()), (min.as_deref(), max.as_deref()));
    assert_eq!(
        (&table["columns"][2]["integers"], &table["columns"][2]["other"]),
        (&Value::from(0), &Value::from(60_000))
    );
    let segments = report["segments"].as_array().context("segments")?;
    assert_eq!(segments.len(), delivered.len());
    ensure!(segments.iter().all(|segment| segment["miner"] == miner.key.public_key().to_string()));
    server.assert_balanced().await
}

/// A lane gets only kinds that it names, and old miners get those that they have always had.
#[tokio::test]
async fn lanes_get_the_kinds_that_they_compute() -> Result<()> {
    let server = Server::start_with(without_admission).await?;
    let mut miner = Client::new(&server, "miner", 1)?;
    submit_data(&miner, "data", files::bytes(1, 3 * BLOCK)).await?;
    miner
        .submit_matmul(files::npy(64, 64, &files::values(1, 4_096)), files::npy(64, 64, &files::values(2, 4_096)))
        .await?;
    miner.open().await?;
    let kind = async |lane: u32, kinds: &str| -> Result<Option<Kind>> {
        let reply = miner.ask_for(lane, kinds).await?;
        if reply.status == 204 {
            return Ok(None);
        }
        let task: adit_protocol::neonet::Task = reply.json()?;
        Ok(task.adit.map(|grant| grant.kind))
    };
    assert_eq!(kind(0, "matmul_i8/1,mlp_i8/1").await?, Some(Kind::MatmulI8));
    assert_eq!(kind(1, "hash_tree/1").await?, Some(Kind::HashTree));
    assert_eq!(kind(2, "hash_tree/2,made_up,%25").await?, None);
    let old = miner.request(reqwest::Method::GET, &format!("{}?lane=3", paths::with(paths::TASK, "miner")));
    let old: adit_protocol::neonet::Task =
        miner.send(old.header(paths::SESSION_HEADER, &miner.session)).await?.json()?;
    assert_eq!(old.adit.map(|grant| grant.kind), Some(Kind::MatmulI8));
    Ok(())
}

/// Appends the root that fits the leaves, as a liar would.
fn sealed(mut output: Vec<u8>) -> Vec<u8> {
    let leaves = output.len() - 32;
    let root = root(&output[..leaves]);
    output[leaves..].copy_from_slice(&root);
    output
}

/// A name, whether one value can show the lie, and a function that makes the output from the correct one, the blocks
/// and the lease.
type Forgery = (&'static str, fn(&[u8], &[u8], LeaseId) -> Vec<u8>);

fn leaves_of(data: &[u8], lease: LeaseId, from: u64) -> Vec<u8> {
    let chunks = data.chunks(LEAF_BYTES as usize).zip(from..);
    let mut output: Vec<u8> = chunks.flat_map(|(chunk, index)| leaf(&lease, index, chunk)).collect();
    output.extend([0; 32]);
    sealed(output)
}

const FORGERIES: &[Forgery] = &[
    ("random digests", |right, _, _| sealed(files::bytes(5, right.len()))),
    ("one bit of one leaf", |right, _, _| {
        let mut forged = right.to_vec();
        forged[40] ^= 1;
        sealed(forged)
    }),
    ("leaves of another lease", |_, data, _| leaves_of(data, LeaseId([1; 16]), 0)),
    ("leaves counted from one", |_, data, lease| leaves_of(data, lease, 1)),
    ("plain digests, which the blocks' names give away", |_, data, _| {
        let digests = data.chunks(LEAF_BYTES as usize).flat_map(adit_core::content_id::sha256);
        sealed(digests.chain([0; 32]).collect())
    }),
    ("two leaves exchanged", |right, _, _| {
        let mut forged = right.to_vec();
        forged[..64].rotate_left(32);
        sealed(forged)
    }),
    ("data that was damaged", |_, data, lease| {
        let mut data = data.to_vec();
        data[100] ^= 1;
        leaves_of(&data, lease, 0)
    }),
    ("a root of something else", |right, _, _| {
        let mut forged = right.to_vec();
        forged[right.len() - 1] ^= 1;
        forged
    }),
    ("a block that is said to be missing", |right, _, _| {
        let mut forged = right.to_vec();
        forged[..32].fill(0);
        sealed(forged)
    }),
    ("zeros", |right, _, _| vec![0; right.len()]),
];

#[tokio::test]
async fn wrong_trees_are_found() -> Result<()> {
    let server = Server::start_with(without_admission).await?;
    let mut honest = Client::new(&server, "honest", 200)?;
    // A unit is half of it: sixteen leaves, all of which are checked.
    let job = submit_data(&honest, "data", files::bytes(3, 2 * BLOCK)).await?;
    for (number, (name, forge)) in FORGERIES.iter().enumerate() {
        let mut liar = Client::new(&server, &format!("liar{number}"), number as u8 + 1)?;
        liar.open().await?;
        let (grant, right) = lease(&mut liar).await?;
        let unit: Vec<u8> = grant.inputs.iter().filter_map(|input| liar.block(&input.cid)).flatten().copied().collect();
        let forged = forge(&right, &unit, grant.lease.lease);
        ensure!(forged != right && forged.len() == right.len(), "{name}: no forgery at all");
        let answer: Delivered = liar.deliver(&grant, forged.clone()).await?.json()?;
        let receipt = &answer.receipt.receipt;
        assert_eq!((answer.verdict, answer.reward), (Verdict::Invalid, Amount::ZERO), "{name}");
        ensure!(receipt.counterexample.is_some(), "{name}: no counterexample");
        recheck(receipt, &grant.unit, |cid| liar.block(cid), &forged, &[9; 32]).with_context(|| *name)?;
    }
    server.advance(LEASE_MS).await?;
    honest.open().await?;
    honest.mine(&server.key()).await?;
    assert_eq!(honest.job(job.job).await?.state, JobState::Done);
    server.assert_balanced().await
}

/// A lease and its correct output.
async fn lease(client: &mut Client) -> Result<(TaskGrant, Vec<u8>)> {
    let grant = client.task(0).await?.and_then(|task| task.adit).context("no lease")?;
    let right = client.compute(&grant).await?;
    Ok((grant, right))
}

#[tokio::test]
async fn the_log_is_hashed_as_network_protection() -> Result<()> {
    let server = Server::start_with(without_admission).await?;
    let mut miner = Client::new(&server, "miner", 1)?;
    let matrix = files::npy(600, 64, &files::values(1, 600 * 64));
    miner.submit_matmul(matrix, files::npy(64, 64, &files::values(2, 4_096))).await?;
    miner.open().await?;
    let units = miner.mine(&server.key()).await?;
    let count = units.len() as u64;
    let work = |first, count| JobWork::HashTree { data: DataPlace::Log { first, count } };
    let job = miner.submit(work(0, count)).await?;
    assert_eq!(job.task_type, TaskType::NetworkProtection);
    let task = miner.task(0).await?.context("no task")?;
    assert_eq!(task.task_type, "network_protection");
    let answers = miner.mine(&server.key()).await?;
    ensure!(answers.iter().all(|answer| answer.verdict == Verdict::Valid) && !answers.is_empty());
    // The bytes are those of the public receipts.
    let entries: Vec<u8> = units.iter().flat_map(|unit| adit_core::encoding::encode(&unit.receipt.receipt)).collect();
    assert_eq!(u64::from(job.rows), entries.len() as u64);
    for (first, count) in [(0, 0), (0, 1_000_000), (u64::MAX, 2), (1 << 40, 1)] {
        let request = JobRequest { demo: true, ..JobRequest::new(work(first, count)) };
        let reply = miner.send(miner.as_operator(reqwest::Method::POST, paths::JOBS).json(&request)).await?;
        assert_eq!(reply.code()?, ErrorCode::InvalidParameter, "{first} {count}");
    }
    Ok(())
}

#[tokio::test]
async fn a_job_is_called_what_it_is() -> Result<()> {
    let server = Server::start_with(without_admission).await?;
    let mut miner = Client::new(&server, "miner", 1)?;
    let layers = vec![(files::values(5, 12).into_iter().map(|v| v.max(-127)).collect(), vec![0; 3])];
    let model: FileInfo = miner.upload("M.safetensors", files::model(&layers, [3, 9])).await?.json()?;
    let input: FileInfo = miner.upload("X.csv", files::csv(4, &[1; 400])).await?.json()?;
    let order = |task_type| JobRequest {
        demo: true,
        task_type,
        ..JobRequest::new(JobWork::MlpI8 { model: model.file, input: input.file })
    };
    let submit = |order| miner.send(miner.as_operator(reqwest::Method::POST, paths::JOBS).json(&order));
    for wrong in [TaskType::MatrixOps, TaskType::ModelTraining, TaskType::FederatedLearning, TaskType::DataValidation] {
        assert_eq!(submit(order(Some(wrong))).await?.code()?, ErrorCode::InvalidParameter, "{wrong:?}");
    }
    let job: JobView = submit(order(Some(TaskType::FraudDetection))).await?.json()?;
    assert_eq!(job.task_type, TaskType::FraudDetection);
    miner.open().await?;
    assert_eq!(miner.task(0).await?.context("no task")?.task_type, "fraud_detection");
    Ok(())
}
