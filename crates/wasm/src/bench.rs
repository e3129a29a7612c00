//! The packages `bench` and `bench-relaxed`: each kernel by itself, for `cargo xtask bench web`. No page loads them.
//!
//! Operands that many units share are prepared once, as in a lane. Everything else crosses from and to JavaScript in every
//! call, as with the peers.

use std::collections::BTreeMap;
use std::rc::Rc;

use adit_core::content_id::cbor_cid;
use adit_core::kernel::float::FloatMatrix;
use adit_core::kernel::{MissingBlock, PackedLayers, Product, Rows, Running};
use adit_core::random::SplitMix64;
use adit_core::sign::{Digest, LeaseId, SecretKey, Signature, signing_digest};
use adit_core::statement::Delivery;
use adit_core::{Cid, Unit};
use adit_cpu::{Cpu, Packed};
use js_sys::{Float32Array, Int32Array, Uint8Array};
use wasm_bindgen::prelude::*;

/// Test data of 0 ..= 127.
#[wasm_bindgen]
pub fn activations(seed: u32, count: usize) -> Vec<i8> {
    SplitMix64::new(seed.into()).activations(count)
}

/// Test data of −127 ..= 127.
#[wasm_bindgen]
pub fn weights(seed: u32, count: usize) -> Vec<i8> {
    SplitMix64::new(seed.into()).weights(count)
}

/// Products with a fixed int8 matrix B.
#[wasm_bindgen]
pub struct IntegerProduct {
    cpu: Cpu,
    b: Packed,
    k: usize,
    n: usize,
    sums: Vec<i32>,
}

#[wasm_bindgen]
impl IntegerProduct {
    /// Packs row-major `b`, k × n.
    #[wasm_bindgen(constructor)]
    pub fn new(b: &[i8], k: usize, n: usize) -> Result<IntegerProduct, JsError> {
        let cpu = Cpu::best()?;
        Ok(IntegerProduct { cpu, b: cpu.pack(b, k, n), k, n, sums: Vec::new() })
    }

    /// The backend that it computes with.
    #[wasm_bindgen(getter)]
    pub fn backend(&self) -> String {
        self.cpu.backend().name().into()
    }

    /// Multiplies row-major `a` by B into `out`: new memory for every result would cost a browser over a tenth of the time.
    pub fn multiply(&mut self, a: &[i8], out: &Int32Array) {
        let rows = a.len() / self.k;
        self.sums.resize(rows * self.n, 0);
        self.cpu.multiply(a, rows, &self.b, &mut self.sums);
        out.copy_from(&self.sums);
    }
}

/// Products with a fixed f32 matrix B.
#[wasm_bindgen]
pub struct FloatProduct {
    cpu: Cpu,
    b: FloatMatrix,
    sums: Vec<f32>,
}

#[wasm_bindgen]
impl FloatProduct {
    /// Keeps row-major `b`, k × n.
    #[wasm_bindgen(constructor)]
    pub fn new(b: Vec<f32>, k: usize, n: usize) -> Result<FloatProduct, JsError> {
        Ok(FloatProduct { cpu: Cpu::best()?, b: FloatMatrix { rows: k, cols: n, values: b }, sums: Vec::new() })
    }

    /// Multiplies row-major `a` by B into `out`.
    pub fn multiply(&mut self, a: &[f32], out: &Float32Array) {
        let rows = a.len() / self.b.rows;
        self.sums.resize(rows * self.b.cols, 0.0);
        self.cpu.multiply_f32(a, rows, &self.b, &mut self.sums);
        out.copy_from(&self.sums);
    }
}

/// The SHA-256 digests of messages of `length` bytes each.
#[wasm_bindgen]
pub fn digests(messages: &[u8], length: usize) -> Vec<u8> {
    let mut digests = vec![[0; 32]; messages.len() / length];
    adit_cpu::sha256_each(messages, length, &mut digests);
    digests.concat()
}

/// Signs one statement and checks its signature.
#[wasm_bindgen]
pub struct Signer {
    key: SecretKey,
    statement: Delivery,
}

#[wasm_bindgen]
impl Signer {
    /// Takes a secret key of 32 bytes.
    #[wasm_bindgen(constructor)]
    pub fn new(key: &[u8]) -> Result<Signer, JsError> {
        let statement =
            Delivery { lease: LeaseId([1; 16]), unit: cbor_cid(b"unit"), digest: Digest([2; 32]), length: 4 };
        Ok(Signer { key: SecretKey::from_bytes(key.try_into()?)?, statement })
    }

    /// The compressed public key.
    #[wasm_bindgen(getter)]
    pub fn public_key(&self) -> Vec<u8> {
        self.key.public_key().0.to_vec()
    }

    /// The digest that the signature covers, for peers to sign.
    #[wasm_bindgen(getter)]
    pub fn digest(&self) -> Vec<u8> {
        signing_digest(&self.statement).to_vec()
    }

    /// Signs the statement and returns r and s.
    pub fn sign(&self) -> Vec<u8> {
        self.key.sign(&self.statement).0.to_vec()
    }

    /// Whether this is the public key's signature of the statement.
    pub fn verify(&self, public_key: &[u8], signature: &[u8]) -> Result<bool, JsError> {
        let (key, signature) = (adit_core::sign::PublicKey::try_from(public_key)?, Signature::try_from(signature)?);
        Ok(key.verify(&self.statement, &signature).is_ok())
    }
}

/// A model of int8 layers.
#[wasm_bindgen]
pub struct Model {
    cpu: Cpu,
    prepared: Rc<PackedLayers<Packed>>,
}

#[wasm_bindgen]
impl Model {
    /// Packs the layers of an `mlp_i8` unit. `blocks` are its inputs in the order of [`Unit::blocks`].
    #[wasm_bindgen(constructor)]
    pub fn new(unit: &[u8], blocks: Vec<Uint8Array>) -> Result<Model, JsError> {
        let (cpu, unit) = (Cpu::best()?, Unit::from_bytes(unit)?);
        let cids = unit.blocks().into_iter().map(|(cid, _)| cid);
        let blocks: BTreeMap<Cid, Vec<u8>> = cids.zip(blocks.iter().map(Uint8Array::to_vec)).collect();
        let block = |cid: &Cid| blocks.get(cid).map(Vec::as_slice);
        let prepared = PackedLayers::new(&unit.weights(), unit.layers(), block, |b, k, n| {
            Ok::<_, MissingBlock>(cpu.pack(b, k, n))
        })?;
        Ok(Model { cpu, prepared: Rc::new(prepared) })
    }

    /// The last layer's sums plus bias for each row of `input`. This is inference alone: a unit's output has the sums of all
    /// layers and a digest of them.
    pub fn logits(&self, input: Vec<i8>) -> Vec<i32> {
        let [first, .., last] = &self.prepared.layers[..] else { return Vec::new() };
        let count = input.len() / first.k;
        let mut running = Running::new(Rc::clone(&self.prepared), Rows { count, input, ..Rows::default() }, Vec::new());
        while let Some(step) = running.step(count) {
            self.cpu.carry_out(step);
            running.advance();
        }
        let mut logits = Vec::with_capacity(count * last.n);
        for row in running.into_output().chunks_exact(self.prepared.output_width()) {
            logits.extend(row[row.len() - last.n..].iter().zip(&last.bias).map(|(sum, bias)| sum.wrapping_add(*bias)));
        }
        logits
    }
}
