//! Wrong outputs: each is judged invalid with a counterexample that the blocks confirm, earns nothing, and does not
//! keep others from the unit.

use adit_core::Amount;
use adit_core::kernel::{activate, matmul_i8, to_le_bytes};
use adit_core::random::SplitMix64;
use adit_core::recheck::{RecheckError, recheck};
use adit_core::statement::{Receipt, Verdict};
use adit_core::unit::Requant;
use adit_protocol::ErrorCode;
use adit_protocol::jobs::JobState;
use adit_protocol::mining::Delivered;
use adit_protocol::paths::{self, with};
use adit_support::scene::account;
use adit_support::{Client, Scene, Server, files, without_admission};
use anyhow::{Context, Result, ensure};

use crate::case::Case;

/// Coins of a checker that is not the coordinator.
const OWN_SEED: [u8; 32] = [77; 32];

/// A kind of wrong output, and the product in which it shows.
struct Forgery {
    name: &'static str,
    tensor: u32,
    forge: fn(&Case) -> Vec<i32>,
}

const fn forgery(name: &'static str, tensor: u32, forge: fn(&Case) -> Vec<i32>) -> Forgery {
    Forgery { name, tensor, forge }
}

const PRODUCTS: [Forgery; 22] = [
    forgery("random values", 0, |case| {
        let mut random = SplitMix64::new(5);
        case.right.iter().map(|_| random.draw() as i32).collect()
    }),
    forgery("nothing but zeros", 0, |case| vec![0; case.right.len()]),
    forgery("the first value, one more", 0, |case| case.with(|c| c[0] += 1)),
    forgery("the last value, one less", 0, |case| case.with(|c| *c.last_mut().expect("a value") -= 1)),
    forgery("an error of 2^31", 0, |case| case.with(|c| c[7] ^= i32::MIN)),
    forgery("an error of 2^30", 0, |case| case.with(|c| c[7] ^= 1 << 30)),
    forgery("an error of 2^31 - 1, a prime", 0, |case| case.with(|c| c[9] = c[9].wrapping_add(i32::MAX))),
    forgery("an error of 2^24 - 3, a prime", 0, |case| case.with(|c| c[9] += (1 << 24) - 3)),
    forgery("errors of 65537 everywhere", 0, |case| case.with(|c| c.iter_mut().for_each(|value| *value += 65_537))),
    forgery("errors that cancel in their row", 0, |case| {
        case.with(|c| {
            c[0] += 1;
            c[1] -= 1;
        })
    }),
    forgery("errors that cancel in their column", 0, |case| {
        let width = case.width();
        case.with(|c| {
            c[0] += 1;
            c[width] -= 1;
        })
    }),
    forgery("transposed", 0, |case| {
        let (m, n) = (case.rows, case.width());
        (0..m * n).map(|index| case.right[(index % m) * n + index / m]).collect()
    }),
    forgery("rows swapped", 0, |case| {
        let width = case.width();
        case.with(|c| c.rotate_left(width))
    }),
    forgery("columns moved by one, as with another n", 0, |case| case.with(|c| c.rotate_left(1))),
    forgery("negated", 0, |case| case.with(|c| c.iter_mut().for_each(|value| *value = -*value))),
    forgery("the first half of k skipped", 0, |case| case.over(|l| l >= case.layers[0].k / 2)),
    forgery("the last of k skipped", 0, |case| case.over(|l| l + 1 < case.layers[0].k)),
    forgery("one of 64 of k skipped", 0, |case| case.over(|l| l % 64 != 3)),
    forgery("sums saturated to 16 bits", 0, |case| {
        case.with(|c| c.iter_mut().for_each(|value| *value = (*value).clamp(-1 << 12, 1 << 12)))
    }),
    forgery("operands read as unsigned", 0, |case| {
        let (layer, widened) = (&case.layers[0], |value: &i8| i64::from(*value as u8));
        let sum = |i: usize, j: usize| -> i64 {
            let row = case.input[i * layer.k..][..layer.k].iter();
            row.enumerate().map(|(l, a)| widened(a) * i64::from(layer.weights[l * layer.n + j])).sum()
        };
        (0..case.right.len()).map(|index| sum(index / layer.n, index % layer.n) as i32).collect()
    }),
    forgery("bytes in the other order", 0, |case| case.with(|c| c.iter_mut().for_each(|v| *v = v.swap_bytes()))),
    forgery("the last row left out", 0, |case| {
        let width = case.width();
        case.with(|c| {
            let rows = c.len() - width;
            c[rows..].fill(0);
        })
    }),
];

const PERCEPTRONS: [Forgery; 16] = [
    forgery("a hidden layer, with the rest computed from it", 0, |case| {
        case.consistent_after(3, 0, |sums| sums[2] += 40_000)
    }),
    forgery("the second hidden layer, with the last computed from it", 1, |case| {
        case.consistent_after(3, 1, |sums| sums[0] -= 40_000)
    }),
    forgery("the whole first layer forgotten, the rest right of it", 0, |case| {
        case.consistent_after(0, 0, |sums| sums.fill(0))
    }),
    forgery("a change that no activation shows", 0, |case| {
        let (layer, start) = (&case.layers[0], case.at(0, 0));
        let requant = layer.requant.expect("a hidden layer");
        let mut activations = vec![0; layer.n];
        activate(&case.right[start..start + layer.n], &layer.bias, requant, &mut activations);
        let hidden = activations.iter().position(|activation| *activation == 0).expect("a sum under zero");
        case.with(|z| z[start + hidden] -= 1)
    }),
    forgery("the last layer, one more", 2, |case| case.with(|z| z[case.at(5, 2)] += 1)),
    forgery("the last layer, the same class", 2, |case| {
        let (start, n) = (case.at(5, 2), case.layers[2].n);
        case.with(|z| z[start..start + n].iter_mut().for_each(|value| *value += 1))
    }),
    forgery("the last layer of one row, zero", 2, |case| {
        let (start, n) = (case.at(9, 2), case.layers[2].n);
        case.with(|z| z[start..start + n].fill(0))
    }),
    forgery("rows swapped", 0, |case| {
        let width = case.width();
        case.with(|z| (0..width).for_each(|column| z.swap(column, width + column)))
    }),
    forgery("rows of zeros", 0, |case| {
        let width = case.width();
        case.with(|z| z[2 * width..5 * width].fill(0))
    }),
    forgery("sums after the bias", 0, |case| {
        case.with(|z| {
            for row in 0..case.rows {
                for (layer, of) in case.layers.iter().enumerate() {
                    let sums = z[case.at(row, layer)..].iter_mut().zip(&of.bias);
                    sums.for_each(|(sum, bias)| *sum += bias);
                }
            }
        })
    }),
    forgery("sums after the ReLU", 0, |case| case.with(|z| z.iter_mut().for_each(|value| *value = (*value).max(0)))),
    forgery("an error of 2^31 in a hidden layer", 0, |case| case.with(|z| z[case.at(1, 0)] ^= i32::MIN)),
    forgery("an error of 2^31 in the last layer", 2, |case| case.with(|z| z[case.at(1, 2)] ^= i32::MIN)),
    forgery("layers in another order", 0, |case| {
        let width = case.width();
        case.with(|z| z.chunks_mut(width).for_each(|row| row.rotate_right(case.layers[2].n)))
    }),
    forgery("the last of k skipped in the last layer", 2, |case| {
        let (before, last) = (&case.layers[1], &case.layers[2]);
        case.with(|z| {
            for row in 0..case.rows {
                let start = case.at(row, 1);
                let mut activations = vec![0; before.n];
                let requant = before.requant.expect("a hidden layer");
                activate(&z[start..start + before.n], &before.bias, requant, &mut activations);
                *activations.last_mut().expect("an activation") = 0;
                let sums = matmul_i8(&activations, &last.weights, 1, last.k, last.n);
                z[start + before.n..][..last.n].copy_from_slice(&sums);
            }
        })
    }),
    forgery("the second layer from sums that were not requantised", 1, |case| {
        let (before, next) = (&case.layers[0], &case.layers[1]);
        case.with(|z| {
            for row in 0..case.rows {
                let start = case.at(row, 0);
                let raw: Vec<i8> = z[start..start + before.n].iter().map(|sum| *sum as i8 & 127).collect();
                let sums = matmul_i8(&raw, &next.weights, 1, next.k, next.n);
                z[start + before.n..][..next.n].copy_from_slice(&sums);
            }
        })
    }),
];

/// Delivers a forgery as `liar` and checks all consequences.
async fn is_refused(scene: &Scene, liar: &mut Client, forgery: &Forgery) -> Result<()> {
    let case = Case::lease(liar).await?;
    let forged = (forgery.forge)(&case);
    ensure!(forged != case.right && forged.len() == case.right.len(), "no forgery at all");
    let bytes = to_le_bytes(&forged);
    let answer: Delivered = liar.deliver(&case.grant, bytes.clone()).await?.json()?;
    let receipt = answer.receipt.receipt.clone();
    answer.receipt.verify(&scene.server.key())?;
    assert_eq!((answer.verdict, receipt.verdict, answer.reward), (Verdict::Invalid, Verdict::Invalid, Amount::ZERO));
    assert_eq!(receipt.bits, 64);
    counterexample_follows(liar, &case, &receipt, &forged, forgery.tensor)?;
    // The liar gets another unit or none, so that others get this one.
    let next = answer.next.and_then(|task| task.adit);
    ensure!(next.is_none_or(|next| next.unit != case.grant.unit), "the same unit again");
    // A repeated delivery gets the same answer, and the correct output comes too late.
    let again: Delivered = liar.deliver(&case.grant, bytes).await?.json()?;
    assert_eq!(again.receipt.receipt, receipt);
    let second = liar.deliver(&case.grant, to_le_bytes(&case.right)).await?;
    assert_eq!(second.code()?, ErrorCode::SecondDigest);
    let output = with(paths::OUTPUT, &case.grant.lease.lease.to_string());
    assert_eq!(liar.get(&output).await?.code()?, ErrorCode::NotFinished, "a wrong output is not served");
    scene.earned_nothing(liar).await?;
    assert_eq!(account(liar).await?.map(|account| account.units_invalid), Some(1));
    scene.server.assert_balanced().await
}

/// Asserts that the counterexample is a wrong value, and that a check with other coins agrees.
fn counterexample_follows(liar: &Client, case: &Case, receipt: &Receipt, forged: &[i32], tensor: u32) -> Result<()> {
    let found = receipt.counterexample.context("no counterexample")?;
    let (row, column) = (found.i as usize, found.j as usize);
    let index = case.at(row, found.tensor as usize) + column;
    ensure!(found.tensor == tensor, "{found:?}");
    ensure!(found.got == forged[index] && found.got != found.want, "{found:?}");
    if tensor == 0 {
        assert_eq!(found.want, case.right[index]);
    }
    let check =
        |receipt: &Receipt| recheck(receipt, &case.grant.unit, |cid| liar.block(cid), &to_le_bytes(forged), &OWN_SEED);
    assert_eq!(check(receipt), Ok(()));
    let praised = Receipt { verdict: Verdict::Valid, counterexample: None, ..receipt.clone() };
    ensure!(matches!(check(&praised), Err(RecheckError::Wrong(_))), "our own coins find nothing");
    Ok(())
}

async fn all_are_refused(scene: Scene, forgeries: &[Forgery]) -> Result<()> {
    for (index, forgery) in forgeries.iter().enumerate() {
        let mut liar = scene.stranger(&format!("liar{index}"), index as u8 + 1).await?;
        is_refused(&scene, &mut liar, forgery).await.with_context(|| forgery.name)?;
    }
    let job = scene.honest.job(scene.job).await?;
    assert_eq!((job.units_invalid, job.units_valid), (forgeries.len() as u64, 0));
    scene.ends_well().await
}

#[tokio::test]
async fn wrong_products_are_found() -> Result<()> {
    all_are_refused(Scene::start().await?, &PRODUCTS).await
}

#[tokio::test]
async fn wrong_perceptrons_are_found() -> Result<()> {
    let mut random = SplitMix64::new(9);
    let (rows, dims) = (96, [20, 16, 12, 5]);
    let x = random.activations(rows * dims[0]);
    let layers: Vec<(Vec<i8>, Vec<i32>)> = dims
        .windows(2)
        .map(|pair| (random.weights(pair[0] * pair[1]), (0..pair[1]).map(|j| 1_000 + 37 * j as i32).collect()))
        .collect();
    let server = Server::start_with(without_admission).await?;
    let honest = Client::new(&server, "honest", 200)?;
    let job = honest.submit_inference(files::model(&layers, [1, 9]), files::csv(dims[0], &x)).await?.job;
    let liars = PERCEPTRONS.iter().enumerate();
    let scene = Scene { server, honest, job, product: Vec::new() };
    for (index, forgery) in liars {
        let mut liar = scene.stranger(&format!("liar{index}"), index as u8 + 1).await?;
        is_refused(&scene, &mut liar, forgery).await.with_context(|| forgery.name)?;
    }
    let Scene { server, mut honest, .. } = scene;
    server.advance(adit_support::scene::LEASE_MS).await?;
    honest.open().await?;
    honest.mine(&server.key()).await?;
    assert_eq!(honest.job(job).await?.state, JobState::Done);
    let mut expected = String::from("class\n");
    for row in x.chunks(dims[0]) {
        let mut activations = row.to_vec();
        for (index, (weights, bias)) in layers.iter().enumerate() {
            let sums = matmul_i8(&activations, weights, 1, activations.len(), bias.len());
            if index + 1 == layers.len() {
                expected += &format!("{}\n", adit_core::kernel::argmax(&sums, bias));
            } else {
                activations = vec![0; bias.len()];
                activate(&sums, bias, Requant { multiplier: 1, shift: 9 }, &mut activations);
            }
        }
    }
    assert_eq!(String::from_utf8(honest.result(job).await?)?, expected);
    server.assert_balanced().await
}

#[tokio::test]
async fn the_output_of_another_unit_is_wrong_and_its_signature_worthless() -> Result<()> {
    let scene = Scene::start().await?;
    let mut copier = scene.stranger("copier", 1).await?;
    let stale = scene.lease(&copier).await?;
    let output = copier.compute(&stale).await?;
    let answer: Delivered = copier.deliver(&stale, output.clone()).await?.json()?;
    assert_eq!(answer.verdict, Verdict::Valid);
    let grant = answer.next.and_then(|task| task.adit).context("another unit")?;
    ensure!(grant.unit != stale.unit);
    // The output and signature for the previous unit.
    let signed = copier.delivery(&stale, &output);
    let replayed = adit_core::statement::Delivery { lease: grant.lease.lease, ..signed.clone() };
    let body = output[..grant.unit.output_bytes() as usize].to_vec();
    let reply = copier.deliver_as(&replayed, &copier.key.sign(&signed), body.clone()).await?;
    assert_eq!(reply.code()?, ErrorCode::InvalidSignature);
    // With a new signature it is a wrong output.
    let answer: Delivered = copier.deliver(&grant, body).await?.json()?;
    assert_eq!((answer.verdict, answer.reward), (Verdict::Invalid, Amount::ZERO));
    scene.ends_well().await
}
