//! Gradients: honest outputs add up to the job's gradient, and wrong ones are found in whichever product they differ.

use std::collections::BTreeMap;

use adit_core::assemble::GradientSum;
use adit_core::kernel::gradient::{Layout, Tensor, transpose};
use adit_core::kernel::{Rows, Scalar, Weights, from_le_bytes, matmul_i8, to_le_bytes};
use adit_core::kind::GradientI8;
use adit_core::random::SplitMix64;
use adit_core::recheck::recheck;
use adit_core::sign::LeaseId;
use adit_core::statement::Verdict;
use adit_core::{Amount, Cid, Kind, Unit};
use adit_protocol::ErrorCode::*;
use adit_protocol::jobs::{FileInfo, JobState, JobWork};
use adit_protocol::mining::{Delivered, TaskGrant};
use adit_support::scene::LEASE_MS;
use adit_support::{Client, Server, files, without_admission};
use anyhow::{Context, Result, ensure};

const ROWS: usize = 200;
const DIMS: [usize; 4] = [24, 18, 14, 6];

struct Job {
    server: Server,
    honest: Client,
    number: u64,
}

type Layers = Vec<(Vec<i8>, Vec<i32>)>;

/// Weights and biases, samples, and targets.
fn data() -> (Layers, Vec<i8>, Vec<i8>) {
    let mut random = SplitMix64::new(11);
    let layers = DIMS.windows(2).map(|pair| {
        let bias = (0..pair[1]).map(|j| 200 - 37 * j as i32).collect();
        (random.weights(pair[0] * pair[1]), bias)
    });
    let layers = layers.collect();
    (layers, random.activations(ROWS * DIMS[0]), random.signed(ROWS * DIMS[3]))
}

impl Job {
    async fn start() -> Result<Self> {
        let server = Server::start_with(without_admission).await?;
        let honest = Client::new(&server, "honest", 200)?;
        let (layers, x, t) = data();
        let model = files::training_model(&layers, [3, 11], [5, 9]);
        let targets = files::npy(ROWS as u32, DIMS[3] as u32, &t);
        let job = honest.submit_gradient(model, files::csv(DIMS[0], &x), targets).await?;
        assert_eq!((job.kind, job.state), (Kind::GradientI8, JobState::Active));
        Ok(Job { server, honest, number: job.job })
    }

    async fn liar(&self, number: usize) -> Result<Client> {
        let mut liar = Client::new(&self.server, &format!("liar{number}"), number as u8 + 1)?;
        liar.open().await?;
        Ok(liar)
    }

    /// Once other leases have expired, lets the honest miner finish the job, and asserts that the result is correct.
    async fn ends_well(mut self) -> Result<()> {
        self.server.advance(LEASE_MS).await?;
        self.honest.open().await?;
        let delivered = self.honest.mine(&self.server.key()).await?;
        ensure!(delivered.iter().all(|answer| answer.verdict == Verdict::Valid));
        ensure!(delivered.len() > 1, "a job of several units");
        assert_eq!(self.honest.job(self.number).await?.state, JobState::Done);
        let result = files::i64_tensors(&self.honest.result(self.number).await?);
        assert_eq!(result, by_the_reference());
        self.server.assert_balanced().await
    }
}

/// The gradient of all samples in one batch, without units or miners.
fn by_the_reference() -> BTreeMap<String, Vec<i64>> {
    use adit_core::kernel::{PackedBack, PackedLayer, PackedLayers, Product, Running};
    use adit_core::unit::Requant;
    let (layers, x, t) = data();
    let (requant, scale) = (Requant { multiplier: 3, shift: 11 }, Requant { multiplier: 5, shift: 9 });
    let layer = |(index, (weights, bias)): (usize, (Vec<i8>, Vec<i32>))| {
        let (k, n) = (DIMS[index], DIMS[index + 1]);
        let transposed = Scalar.pack(&transpose(&weights, k, n), n, k);
        let back = (index > 0).then_some(PackedBack { transposed, scale });
        PackedLayer { packed: Scalar.pack(&weights, k, n), k, n, bias, requant: Some(requant), back }
    };
    let prepared = std::rc::Rc::new(PackedLayers { layers: layers.into_iter().enumerate().map(layer).collect() });
    let rows = Rows { count: ROWS, input: x, targets: t };
    let mut running = Running::new(prepared.clone(), rows.clone(), Vec::new());
    while let Some(step) = running.step(ROWS) {
        Scalar.carry_out(step);
        running.advance();
    }
    let mut sum = GradientSum::new(prepared.layout());
    sum.add(&prepared.layers, &rows, &to_le_bytes(&running.into_output()));
    let mut tensors = BTreeMap::from([("squared_error".to_owned(), vec![sum.squared_error])]);
    for (layer, (weights, biases)) in sum.weights.into_iter().zip(sum.biases).enumerate() {
        tensors.insert(format!("layers.{layer}.weight"), weights);
        tensors.insert(format!("layers.{layer}.bias"), biases);
    }
    tensors
}

#[tokio::test]
async fn units_add_up_to_the_gradient_of_all_samples() -> Result<()> {
    Job::start().await?.ends_well().await
}

/// A leased batch with its correct output.
struct Case {
    unit: Unit,
    weights: Weights,
    rows: Rows,
    layout: Layout,
    right: Vec<i32>,
}

impl Case {
    async fn lease(client: &mut Client) -> Result<(TaskGrant, Self)> {
        let grant = client.task(0).await?.and_then(|task| task.adit).context("no lease")?;
        let right = from_le_bytes(&client.compute(&grant).await?);
        let find = |cid: &Cid| client.block(cid);
        let (weights, rows) = (
            Weights::gather(&grant.unit.weights(), grant.unit.layers(), find)?,
            Rows::gather(grant.unit.input(), grant.unit.targets(), find)?,
        );
        let unit = grant.unit.clone();
        Ok((grant, Case { layout: unit.layout(), unit, weights, rows, right }))
    }

    fn with(&self, change: impl FnOnce(&mut Vec<i32>)) -> Vec<i32> {
        let mut output = self.right.clone();
        change(&mut output);
        output
    }

    /// The position of a tensor's value i, j in the output.
    fn at(&self, tensor: Tensor, i: usize, j: usize) -> usize {
        let (width, range) = (self.layout.row_width(), self.layout.range(tensor));
        match tensor {
            Tensor::Weights(layer) => self.rows.count * width + range.start + i * self.layout.dims(layer).1 + j,
            Tensor::Sums(_) | Tensor::Back(_) => i * width + range.start + j,
        }
    }

    /// The output for other rows: computed correctly, but from the wrong input.
    fn computed_from(&self, change: impl FnOnce(&mut Rows)) -> Vec<i32> {
        use adit_core::kernel::{Product, Running};
        let mut rows = self.rows.clone();
        change(&mut rows);
        let mut running = Running::new(std::rc::Rc::new(self.weights.packed(&Scalar)), rows, Vec::new());
        while let Some(step) = running.step(usize::MAX) {
            Scalar.carry_out(step);
            running.advance();
        }
        running.into_output()
    }
}

type Forgery = (&'static str, Tensor, fn(&Case) -> Vec<i32>);

const FORGERIES: [Forgery; 16] = [
    ("nothing but zeros", Tensor::Sums(0), |case| vec![0; case.right.len()]),
    ("a hidden sum", Tensor::Sums(1), |case| case.with(|out| out[case.at(Tensor::Sums(1), 2, 3)] += 1)),
    ("the prediction", Tensor::Sums(2), |case| case.with(|out| out[case.at(Tensor::Sums(2), 0, 5)] -= 1)),
    ("an error that flows back", Tensor::Back(2), |case| case.with(|out| out[case.at(Tensor::Back(2), 1, 0)] += 1)),
    ("the same by 2^31", Tensor::Back(1), |case| case.with(|out| out[case.at(Tensor::Back(1), 1, 7)] ^= i32::MIN)),
    ("no errors flow back", Tensor::Back(2), |case| {
        case.with(|out| {
            (0..case.rows.count).for_each(|i| (0..14).for_each(|j| out[case.at(Tensor::Back(2), i, j)] = 0))
        })
    }),
    ("one weight's gradient", Tensor::Weights(0), |case| {
        case.with(|out| out[case.at(Tensor::Weights(0), 23, 17)] += 1)
    }),
    ("the last weight's gradient", Tensor::Weights(2), |case| case.with(|out| *out.last_mut().expect("a value") -= 1)),
    ("an error of 2^31 there", Tensor::Weights(1), |case| {
        case.with(|out| out[case.at(Tensor::Weights(1), 0, 0)] ^= i32::MIN)
    }),
    ("the weights' gradients left out", Tensor::Weights(0), |case| {
        case.with(|out| out[case.rows.count * case.layout.row_width()..].fill(0))
    }),
    ("errors that cancel within a row", Tensor::Weights(1), |case| {
        case.with(|out| {
            out[case.at(Tensor::Weights(1), 4, 0)] += 1;
            out[case.at(Tensor::Weights(1), 4, 1)] -= 1;
        })
    }),
    ("errors that cancel within a column", Tensor::Weights(1), |case| {
        case.with(|out| {
            out[case.at(Tensor::Weights(1), 4, 2)] += 1;
            out[case.at(Tensor::Weights(1), 5, 2)] -= 1;
        })
    }),
    ("the last sample skipped in the weights' gradient", Tensor::Weights(2), |case| {
        // dW without the last row's outer product.
        let width = case.layout.row_width();
        let (k, n) = case.layout.dims(2);
        let last = case.rows.count - 1;
        let sums = &case.right[last * width..][..width];
        let activations = case.weights.layers[1].activations(&sums[case.layout.range(Tensor::Sums(1))]);
        let errors =
            case.weights.layers[2].errors(&sums[case.layout.range(Tensor::Sums(2))], &case.rows.targets[last * n..]);
        let outer = matmul_i8(&activations, &errors, k, 1, n);
        case.with(|out| {
            let start = case.at(Tensor::Weights(2), 0, 0);
            out[start..].iter_mut().zip(outer).for_each(|(value, part)| *value -= part);
        })
    }),
    ("targets that were never looked at", Tensor::Back(2), |case| case.computed_from(|rows| rows.targets.fill(0))),
    ("samples in another order", Tensor::Sums(0), |case| case.computed_from(|rows| rows.input.rotate_left(24))),
    ("the first tensors of the rows exchanged", Tensor::Sums(0), |case| {
        case.with(|out| out[..case.layout.row_width()].rotate_left(18))
    }),
];

#[tokio::test]
async fn wrong_gradients_are_found() -> Result<()> {
    let job = Job::start().await?;
    for (number, (name, tensor, forge)) in FORGERIES.iter().enumerate() {
        let mut liar = job.liar(number).await?;
        let (grant, case) = Case::lease(&mut liar).await?;
        let forged = forge(&case);
        ensure!(forged != case.right && forged.len() == case.right.len(), "{name}: no forgery at all");
        let bytes = to_le_bytes(&forged);
        let answer: Delivered = liar.deliver(&grant, bytes.clone()).await?.json()?;
        let receipt = &answer.receipt.receipt;
        assert_eq!((answer.verdict, answer.reward, receipt.bits), (Verdict::Invalid, Amount::ZERO, 64), "{name}");
        let shown = receipt.counterexample.with_context(|| format!("{name}: no counterexample"))?;
        assert_eq!(shown.tensor as usize, case.layout.number(*tensor), "{name}");
        assert_eq!(shown.got, forged[case.at(*tensor, shown.i as usize, shown.j as usize)], "{name}");
        recheck(receipt, &case.unit, |cid| liar.block(cid), &bytes, &[9; 32]).with_context(|| *name)?;
    }
    job.ends_well().await
}

#[tokio::test]
async fn orders_that_make_no_gradient_are_refused() -> Result<()> {
    let server = Server::start_with(without_admission).await?;
    let client = Client::new(&server, "requester", 1)?;
    let (layers, x, t) = data();
    let upload = async |name: &str, bytes: Vec<u8>| client.upload(name, bytes).await?.json::<FileInfo>();
    let training = upload("M.safetensors", files::training_model(&layers, [3, 11], [5, 9])).await?;
    let plain = upload("P.safetensors", files::model(&layers, [3, 11])).await?;
    let samples = upload("X.csv", files::csv(DIMS[0], &x)).await?;
    let targets = upload("T.npy", files::npy(ROWS as u32, 6, &t)).await?;
    let few = upload("F.npy", files::npy(ROWS as u32 / 2, 6, &t[..t.len() / 2])).await?;
    let order = |model: &FileInfo, input: &FileInfo, targets: &FileInfo| JobWork::GradientI8 {
        model: model.file,
        input: input.file,
        targets: targets.file,
    };
    for (work, code) in [
        (order(&plain, &samples, &targets), InvalidFile),
        (order(&samples, &training, &targets), InvalidFile),
        (order(&training, &samples, &few), InvalidShape),
        (order(&training, &targets, &targets), ValueOutOfRange),
        (order(&training, &samples, &training), InvalidFile),
    ] {
        let request = adit_protocol::jobs::JobRequest { demo: true, ..adit_protocol::jobs::JobRequest::new(work) };
        let request = client.as_operator(reqwest::Method::POST, adit_protocol::paths::JOBS).json(&request);
        assert_eq!(client.send(request).await?.code()?, code);
    }
    // The same model still works for inference.
    client.submit(JobWork::MlpI8 { model: training.file, input: samples.file }).await?;
    server.assert_balanced().await
}

/// The unit and the reference agree on the output's length.
#[test]
fn a_units_parameters_say_how_long_its_output_is() {
    let (layers, x, t) = data();
    let scale = Some(adit_core::unit::Requant { multiplier: 3, shift: 11 });
    let mut blocks: Vec<Vec<u8>> = Vec::new();
    let mut operand = |values: &[i8], cols: usize| {
        let bytes: Vec<u8> = values.iter().map(|value| *value as u8).collect();
        let rows = (values.len() / cols) as u32;
        let (operand, panels) = adit_core::split::cut(&bytes, rows, cols as u32, 64);
        blocks.extend(panels.into_iter().map(<[u8]>::to_vec));
        operand
    };
    let (x, t) = (operand(&x, DIMS[0]), operand(&t, DIMS[3]));
    let weights: Vec<_> = layers.iter().map(|(weights, bias)| operand(weights, bias.len())).collect();
    let layers = weights.into_iter().zip(&layers).enumerate().map(|(index, (weight, (_, bias)))| {
        blocks.push(to_le_bytes(bias));
        let bias = adit_core::content_id::block_cid(&blocks[blocks.len() - 1]);
        adit_core::unit::Layer { weight, bias, requant: scale, back: scale.filter(|_| index > 0) }
    });
    let layers = layers.collect();
    let unit = Unit::GradientI8(GradientI8 { x, t, layers });
    assert_eq!(unit.validate(), Ok(()));
    let find =
        |cid: &Cid| blocks.iter().find(|block| adit_core::content_id::block_cid(block) == *cid).map(Vec::as_slice);
    let output = unit.output(&Scalar, &LeaseId([0; 16]), find).expect("every block");
    assert_eq!(output.len() as u64, unit.output_bytes());
    let products = [24 * 18, 18 * 14, 14 * 6].map(|work| work * ROWS as u64);
    assert_eq!(unit.work(), 3 * products.iter().sum::<u64>() - products[0]);
    assert_eq!(Unit::from_bytes(&unit.to_bytes()), Ok(unit));
}
