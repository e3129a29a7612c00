//! A leased unit with everything that a test needs to forge its output.

use adit_core::Cid;
use adit_core::kernel::{activate, from_le_bytes, gather, matmul_i8};
use adit_core::unit::Requant;
use adit_protocol::mining::TaskGrant;
use adit_support::Client;
use anyhow::{Context, Result};

/// A leased unit with its operands and its correct output.
pub(crate) struct Case {
    pub(crate) grant: TaskGrant,
    pub(crate) input: Vec<i8>,
    pub(crate) rows: usize,
    pub(crate) layers: Vec<Layer>,
    pub(crate) right: Vec<i32>,
}

pub(crate) struct Layer {
    pub(crate) weights: Vec<i8>,
    pub(crate) k: usize,
    pub(crate) n: usize,
    pub(crate) bias: Vec<i32>,
    pub(crate) requant: Option<Requant>,
}

impl Case {
    /// Leases a unit for `client` and computes it.
    pub(crate) async fn lease(client: &mut Client) -> Result<Self> {
        let grant = client.task(0).await?.and_then(|task| task.adit).context("no lease")?;
        let right = from_le_bytes(&client.compute(&grant).await?);
        let find = |cid: &Cid| client.block(cid);
        let mut layers = Vec::new();
        for (index, weight) in grant.unit.weights().into_iter().enumerate() {
            let (bias, requant) = match grant.unit.layers().get(index) {
                Some(layer) => (from_le_bytes(client.block(&layer.bias).context("a bias")?), layer.requant),
                None => (Vec::new(), None),
            };
            let (k, n) = (weight.rows as usize, weight.cols as usize);
            layers.push(Layer { weights: gather(weight, find)?, k, n, bias, requant });
        }
        let input = gather(grant.unit.input(), find)?;
        Ok(Case { rows: grant.unit.input().rows as usize, grant, input, layers, right })
    }

    /// The number of i32 values in an output row.
    pub(crate) fn width(&self) -> usize {
        self.layers.iter().map(|layer| layer.n).sum()
    }

    /// The position of a row's sums of a layer.
    pub(crate) fn at(&self, row: usize, layer: usize) -> usize {
        row * self.width() + self.layers[..layer].iter().map(|layer| layer.n).sum::<usize>()
    }

    pub(crate) fn with(&self, change: impl FnOnce(&mut Vec<i32>)) -> Vec<i32> {
        let mut output = self.right.clone();
        change(&mut output);
        output
    }

    /// A product's output with sums over a part of k.
    pub(crate) fn over(&self, taken: impl Fn(usize) -> bool) -> Vec<i32> {
        let layer = &self.layers[0];
        let mut input = self.input.clone();
        for (index, value) in input.iter_mut().enumerate() {
            if !taken(index % layer.k) {
                *value = 0;
            }
        }
        matmul_i8(&input, &layer.weights, self.rows, layer.k, layer.n)
    }

    /// An output with one changed sum, from which all later layers are computed correctly.
    pub(crate) fn consistent_after(&self, row: usize, layer: usize, change: impl FnOnce(&mut [i32])) -> Vec<i32> {
        self.with(|output| {
            let start = self.at(row, layer);
            change(&mut output[start..start + self.layers[layer].n]);
            for index in layer..self.layers.len() - 1 {
                let (this, next) = (&self.layers[index], &self.layers[index + 1]);
                let start = self.at(row, index);
                let mut activations = vec![0; this.n];
                let requant = this.requant.expect("a hidden layer");
                activate(&output[start..start + this.n], &this.bias, requant, &mut activations);
                let sums = matmul_i8(&activations, &next.weights, 1, next.k, next.n);
                output[start + this.n..][..next.n].copy_from_slice(&sums);
            }
        })
    }
}
