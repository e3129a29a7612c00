//! Products of f32: honest outputs of every kernel pass, half precision and shortcuts do not, and bad luck is not
//! blamed.

use adit_core::kernel::float::{FloatMatrix, floats, multiply, to_bytes};
use adit_core::kind::MatmulF32;
use adit_core::random::SplitMix64;
use adit_core::recheck::{RecheckError, recheck};
use adit_core::statement::{Method, Verdict};
use adit_core::verify::{Counterexample, FLOAT_ROUNDS, SUSPECTS, TOLERANCE};
use adit_core::{Amount, Kind, Unit};
use adit_protocol::ErrorCode;
use adit_protocol::jobs::{FileInfo, JobRequest, JobState, JobWork};
use adit_protocol::mining::{Delivered, TaskGrant};
use adit_protocol::{TaskType, paths};
use adit_support::scene::LEASE_MS;
use adit_support::{Client, Server, files, without_admission};
use anyhow::{Context, Result, ensure};

const M: usize = 400;
const K: usize = 512;
const N: usize = 60;

fn matrix(seed: u64, rows: usize, cols: usize) -> FloatMatrix {
    let mut values = SplitMix64::new(seed);
    let mut value = || (values.draw() >> 40) as f32 / (1u64 << 23) as f32 - 1.0;
    FloatMatrix { rows, cols, values: (0..rows * cols).map(|_| value()).collect() }
}

async fn upload(client: &Client, matrix: &FloatMatrix) -> Result<FileInfo> {
    client.upload_as("npy_f32", files::npy_floats(matrix.rows, matrix.cols, &matrix.values)).await?.json()
}

struct Job {
    server: Server,
    honest: Client,
    number: u64,
}

impl Job {
    async fn start() -> Result<Self> {
        let server = Server::start_with(without_admission).await?;
        let honest = Client::new(&server, "honest", 200)?;
        let (a, b) = (upload(&honest, &matrix(1, M, K)).await?, upload(&honest, &matrix(2, K, N)).await?);
        let job = honest.submit(JobWork::MatmulF32 { a: a.file, b: b.file }).await?;
        assert_eq!((job.kind, job.task_type, job.state), (Kind::MatmulF32, TaskType::MatrixOps, JobState::Active));
        Ok(Job { server, honest, number: job.job })
    }

    async fn ends_well(mut self) -> Result<()> {
        self.server.advance(LEASE_MS).await?;
        self.honest.open().await?;
        let delivered = self.honest.mine(&self.server.key()).await?;
        for answer in &delivered {
            let receipt = &answer.receipt.receipt;
            let method = Method::Statistical { rounds: FLOAT_ROUNDS as u32, tolerance: TOLERANCE };
            assert_eq!((answer.verdict, receipt.method, receipt.bits), (Verdict::Valid, method, 0));
        }
        let file = self.honest.result(self.number).await?;
        let values = floats(&file[file.len() - 4 * M * N..]);
        let (a, b) = (matrix(1, M, K), matrix(2, K, N));
        let mut want = vec![0.0; M * N];
        multiply(&a.values, M, &b, &mut want);
        ensure!(values == want, "not the product of the honest miner");
        self.server.assert_balanced().await
    }
}

#[tokio::test]
async fn honest_products_are_paid() -> Result<()> {
    Job::start().await?.ends_well().await
}

/// The unit's rows, B, and the correct output.
struct Case {
    a: FloatMatrix,
    b: FloatMatrix,
    right: Vec<f32>,
}

impl Case {
    async fn lease(client: &mut Client) -> Result<(TaskGrant, Case)> {
        let grant = client.task(0).await?.and_then(|task| task.adit).context("no lease")?;
        let right = floats(&client.compute(&grant).await?);
        let Unit::MatmulF32(MatmulF32 { a, b }) = &grant.unit else { anyhow::bail!("another kind") };
        let (a, b) =
            (FloatMatrix::gather(a, |cid| client.block(cid))?, FloatMatrix::gather(b, |cid| client.block(cid))?);
        Ok((grant, Case { a, b, right }))
    }

    fn product(&self, a: &FloatMatrix, b: &FloatMatrix) -> Vec<f32> {
        let mut c = vec![0.0; a.rows * b.cols];
        multiply(&a.values, a.rows, b, &mut c);
        c
    }

    fn with(&self, change: impl FnOnce(&mut [f32])) -> Vec<f32> {
        let mut forged = self.right.clone();
        change(&mut forged);
        forged
    }

    /// The tolerance of a row.
    fn tolerance(&self, row: usize) -> f64 {
        let square = |v: &f32| f64::from(*v) * f64::from(*v);
        let energy = |l: usize| self.b.row(l).iter().map(square).sum::<f64>();
        let error: f64 = self.a.row(row).iter().enumerate().map(|(l, a)| square(a) * energy(l)).sum();
        f64::from(TOLERANCE) * (error * K as f64).sqrt() / f64::from(1 << 24)
    }
}

/// Operands with some bits of their fractions rounded away.
fn rounded(matrix: &FloatMatrix, bits: u32) -> FloatMatrix {
    let round = |value: &f32| f32::from_bits((value.to_bits() + (1 << (bits - 1))) & !((1 << bits) - 1));
    FloatMatrix { values: matrix.values.iter().map(round).collect(), ..*matrix }
}

type Forgery = (&'static str, fn(&Case) -> Vec<f32>);

const FORGERIES: &[Forgery] = &[
    ("operands in tf32", |case| case.product(&rounded(&case.a, 13), &rounded(&case.b, 13))),
    ("operands in bf16", |case| case.product(&rounded(&case.a, 16), &rounded(&case.b, 16))),
    ("a sixty-fourth of k skipped", |case| {
        let mut a = case.a.clone();
        a.values.chunks_mut(K).for_each(|row| row[K - K / 64..].fill(0.0));
        case.product(&a, &case.b)
    }),
    ("one element a hundredth too large", |case| case.with(|out| out[3] *= 1.01)),
    ("one element without a sign", |case| case.with(|out| out[5] = -out[5])),
    ("no number", |case| case.with(|out| out[7] = f32::NAN)),
    ("infinity", |case| case.with(|out| out[7] = f32::INFINITY)),
    ("rows exchanged", |case| case.with(|out| out[..2 * N].rotate_left(N))),
    ("columns exchanged", |case| case.with(|out| out.chunks_mut(N).for_each(|row| row.swap(0, 1)))),
    ("zeros", |case| case.with(|out| out.fill(0.0))),
    ("the absolute value", |case| case.with(|out| out.iter_mut().for_each(|value| *value = value.abs()))),
];

#[tokio::test]
async fn wrong_products_are_found() -> Result<()> {
    let job = Job::start().await?;
    for (number, (name, forge)) in FORGERIES.iter().enumerate() {
        let mut liar = Client::new(&job.server, &format!("liar{number}"), number as u8 + 1)?;
        liar.open().await?;
        let (grant, case) = Case::lease(&mut liar).await?;
        let bytes = to_bytes(&forge(&case));
        ensure!(bytes != to_bytes(&case.right), "{name}: no forgery at all");
        let answer: Delivered = liar.deliver(&grant, bytes.clone()).await?.json()?;
        assert_eq!((answer.verdict, answer.reward), (Verdict::Invalid, Amount::ZERO), "{name}");
        ensure!(answer.receipt.receipt.counterexample.is_some(), "{name}: no counterexample");
        recheck(&answer.receipt.receipt, &grant.unit, |cid| liar.block(cid), &bytes, &[9; 32])
            .with_context(|| *name)?;
    }
    job.ends_well().await
}

/// The first row may be bad luck, the others are not.
#[tokio::test]
async fn bad_luck_hides_no_wrong_row() -> Result<()> {
    let job = Job::start().await?;
    let mut liar = Client::new(&job.server, "liar", 1)?;
    liar.open().await?;
    let (grant, case) = Case::lease(&mut liar).await?;
    ensure!(case.a.rows > 2 * SUSPECTS, "the unit has too few rows");
    let forged = case.with(|out| {
        out[0] += (1.3 * case.tolerance(0)) as f32;
        out[N..].fill(0.0);
    });
    let bytes = to_bytes(&forged);
    let answer: Delivered = liar.deliver(&grant, bytes.clone()).await?.json()?;
    assert_eq!((answer.verdict, answer.reward), (Verdict::Invalid, Amount::ZERO));
    let mut receipt = answer.receipt.receipt;
    let shown = receipt.counterexample.context("no counterexample")?;
    ensure!(shown.i > 0 && f32::from_bits(shown.got as u32) == 0.0, "{shown:?}");
    recheck(&receipt, &grant.unit, |cid| liar.block(cid), &bytes, &[9; 32])?;
    receipt.counterexample = Some(Counterexample { want: shown.want ^ 1, ..shown });
    let refused = recheck(&receipt, &grant.unit, |cid| liar.block(cid), &bytes, &[9; 32]);
    assert_eq!(refused, Err(RecheckError::Counterexample));
    job.ends_well().await
}

/// Rows that exceed the tolerance only slightly do not pass, but prove nothing either.
#[tokio::test]
async fn what_may_be_bad_luck_decides_nothing() -> Result<()> {
    let job = Job::start().await?;
    let mut unlucky = Client::new(&job.server, "unlucky", 1)?;
    unlucky.open().await?;
    let (grant, case) = Case::lease(&mut unlucky).await?;
    // Each row passes with a probability of at most a tenth, and no row's error is large enough to prove fraud.
    let near = case.with(|out| {
        out.chunks_mut(N).enumerate().for_each(|(row, values)| values[0] += (1.2 * case.tolerance(row)) as f32);
    });
    let bytes = to_bytes(&near);
    let answer: Delivered = unlucky.deliver(&grant, bytes.clone()).await?.json()?;
    assert_eq!((answer.verdict, answer.reward), (Verdict::Inconclusive, Amount::ZERO));
    recheck(&answer.receipt.receipt, &grant.unit, |cid| unlucky.block(cid), &bytes, &[9; 32])?;
    job.ends_well().await
}

#[tokio::test]
async fn orders_that_make_no_product_are_refused() -> Result<()> {
    let server = Server::start_with(without_admission).await?;
    let client = Client::new(&server, "requester", 1)?;
    let f8: Vec<u8> = [1.0f64; 4].iter().flat_map(|value| value.to_le_bytes()).collect();
    for (file, code) in [
        (files::npy_floats(2, 2, &[1.0, f32::NAN, 0.0, 0.0]), ErrorCode::ValueOutOfRange),
        (files::npy_floats(2, 2, &[1.0, f32::NEG_INFINITY, 0.0, 0.0]), ErrorCode::ValueOutOfRange),
        (files::npy_with("<f8", "(2, 2)", &f8), ErrorCode::InvalidDtype),
        (files::npy(2, 2, &[1; 4]), ErrorCode::InvalidDtype),
        (files::npy_floats(2, 3, &[1.0; 4]), ErrorCode::InvalidFile),
    ] {
        assert_eq!(client.upload_as("npy_f32", file).await?.code()?, code);
    }
    let upload_filled = async |rows: usize, cols: usize, value: f32| -> Result<FileInfo> {
        upload(&client, &FloatMatrix { rows, cols, values: vec![value; rows * cols] }).await
    };
    let (wide, tall) = (upload_filled(1, 4_097, 1.0).await?, upload_filled(4_097, 1, 1.0).await?);
    let (large, small) = (upload_filled(2, 2, 1e30).await?, upload_filled(2, 2, 1.0).await?);
    let whole: FileInfo = client.upload("I.npy", files::npy(2, 2, &[1; 4])).await?.json()?;
    for (a, b, code) in [
        (&wide, &tall, ErrorCode::KTooLarge),
        (&large, &large, ErrorCode::ValueOutOfRange),
        (&small, &tall, ErrorCode::InvalidShape),
        (&small, &whole, ErrorCode::InvalidFile),
    ] {
        let work = JobWork::MatmulF32 { a: a.file, b: b.file };
        let request = JobRequest { demo: true, ..JobRequest::new(work) };
        let reply = client.send(client.as_operator(reqwest::Method::POST, paths::JOBS).json(&request)).await?;
        assert_eq!(reply.code()?, code, "{a:?} {b:?}");
    }
    Ok(())
}
