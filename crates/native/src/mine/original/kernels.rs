//! What NeoNet's client computes for each task type, in f32, from the server's data if the server sends any.
//!
//! NeoNet's client draws unseeded normal numbers if its server sends no data, so nobody can recompute a result. This one draws them
//! too, and computes with them. Where NeoNet's client makes a figure up (its integrity score), a real one of the same data takes
//! its place; where it ignores the server's data, that data is used.

use adit_core::content_id::sha256;
use adit_core::random::SplitMix64;
use serde_json::{Map, Value, json};

/// The most elements of a matrix that a server may ask for.
const MAX_ELEMENTS: usize = 1 << 20;
/// The most passes.
const MAX_PASSES: u64 = 1_000;

/// The result of a task, with the fields that NeoNet's server wants, or why there is none.
pub(super) fn compute(task_type: &str, data: &Value, random: &mut SplitMix64) -> Result<Map<String, Value>, String> {
    let result = match task_type {
        "fraud_detection" => fraud_detection(data, random)?,
        "model_training" => model_training(data, random)?,
        "network_protection" => network_protection(data)?,
        "data_validation" => data_validation(data, random)?,
        "inference" => inference(data, random)?,
        "federated_learning" => federated_learning(data, random)?,
        "gradient_compute" => gradient_compute(data, random)?,
        "matrix_ops" => matrix_ops(data, random)?,
        other => {
            let a = normal(random, 100 * 100);
            json!({ "result_hash": digest(&by_own_transpose(&a, 100)), "task_type": other })
        }
    };
    match result {
        Value::Object(fields) => Ok(fields),
        _ => Err("a kernel returned something that is not an object".to_owned()),
    }
}

/// |z| of each amount; above 0.8 is fraud. Without transactions, the mean of 32 random features takes the place of |z|.
fn fraud_detection(data: &Value, random: &mut SplitMix64) -> Result<Value, String> {
    let amounts: Option<Vec<f32>> = data["transactions"].as_array().map(|transactions| {
        transactions.iter().map(|transaction| transaction["amount"].as_f64().unwrap_or_default() as f32).collect()
    });
    let scores: Vec<f32> = match amounts {
        Some(amounts) if !amounts.is_empty() => standardised(&amounts).into_iter().map(f32::abs).collect(),
        _ => {
            let count = size(data, "tx_count", 100, MAX_ELEMENTS / 32)?;
            normal(random, count * 32).chunks(32).map(mean_abs).collect()
        }
    };
    let frauds = scores.iter().filter(|score| **score > 0.8).count();
    Ok(json!({ "results_hash": digest(&scores), "fraud_count": frauds, "analyzed": scores.len() }))
}

/// W of 256 × 128; every pass W ← W − 0.01 · N.
fn model_training(data: &Value, random: &mut SplitMix64) -> Result<Value, String> {
    let epochs = passes(data, "epochs", 10)?;
    let weights = walk(random, 256 * 128, epochs, 0.01);
    Ok(json!({ "weights_hash": digest(&weights), "epochs_completed": epochs, "final_loss": mean_abs(&weights) }))
}

/// SHA-256 of each block that the server sent: height, little-endian, then hash. A digest that begins with 00 does not count.
fn network_protection(data: &Value) -> Result<Value, String> {
    let blocks = data["blocks"].as_array().ok_or("the server sent no blocks")?;
    let heights: Vec<i64> = blocks.iter().map(|block| block["height"].as_i64().unwrap_or_default()).collect();
    let good = blocks.iter().zip(&heights).filter(|(block, height)| {
        let text = block["hash"].as_str().unwrap_or_default();
        sha256(&[&height.to_le_bytes()[..], text.as_bytes()].concat())[0] != 0
    });
    let validated = good.count();
    let range = [heights.iter().min().copied().unwrap_or(0), heights.iter().max().copied().unwrap_or(0)];
    let hash = short(&sha256(validated.to_string().as_bytes()));
    Ok(json!({ "blocks_validated": validated, "range": range, "validation_hash": hash }))
}

/// Records of 64 normal numbers, column by column; the score is the fraction within three standard deviations.
fn data_validation(data: &Value, random: &mut SplitMix64) -> Result<Value, String> {
    let records = size(data, "records", 1_000, MAX_ELEMENTS / 64)?;
    let values = normal(random, records * 64);
    let columns = (0..64).map(|column| values.iter().skip(column).step_by(64).copied().collect::<Vec<f32>>());
    let scores: Vec<f32> = columns.flat_map(|column| standardised(&column)).collect();
    let within = scores.iter().filter(|z| z.abs() <= 3.0).count();
    let score = within as f64 / scores.len().max(1) as f64;
    let hash = short(&sha256(&bytes(&scores)));
    Ok(json!({ "integrity_score": score, "records_checked": records, "validation_hash": hash }))
}

/// softmax(X · W) with X of batch × input and W = 0.01 · N of input × 10.
fn inference(data: &Value, random: &mut SplitMix64) -> Result<Value, String> {
    let input = size(data, "input_size", 64, 4_096)?;
    let batch = size(data, "batch_size", 16, MAX_ELEMENTS / input.max(1))?;
    let (x, mut w) = (normal(random, batch * input), normal(random, input * 10));
    w.iter_mut().for_each(|weight| *weight *= 0.01);
    let mut output = product(&x, &w, input, 10);
    output.chunks_mut(10).for_each(softmax);
    let confidence = output.iter().copied().fold(0.0, f32::max);
    let predictions: Vec<usize> = output.chunks(10).take(5).map(argmax).collect();
    Ok(json!({ "output_hash": digest(&output), "predictions": predictions, "confidence": confidence }))
}

/// W of 64 × 32; five passes W ← W − 0.001 · N.
fn federated_learning(data: &Value, random: &mut SplitMix64) -> Result<Value, String> {
    let samples = size(data, "local_data_size", 1_000, usize::MAX)?;
    let weights = walk(random, 64 * 32, 5, 0.001);
    Ok(json!({ "weights_hash": digest(&weights), "local_samples": samples, "local_loss": mean_abs(&weights) }))
}

/// A matrix for each pair of neighbouring layers; the norm is the root of the sum of all squares.
fn gradient_compute(data: &Value, random: &mut SplitMix64) -> Result<Value, String> {
    let given = data["layer_dims"].as_array().map(|dims| dims.iter().map(Value::as_u64).collect::<Option<Vec<u64>>>());
    let dims =
        given.unwrap_or_else(|| Some(vec![128, 64, 32])).ok_or("layer_dims holds something that is not a size")?;
    let sizes = dims.windows(2).map(|pair| pair[0].checked_mul(pair[1]));
    let elements = sizes.clone().try_fold(0u64, |sum, size| sum.checked_add(size?));
    let elements = elements.filter(|elements| *elements <= MAX_ELEMENTS as u64).ok_or("layer_dims is too large")?;
    let gradient = normal(random, elements as usize);
    let norm = gradient.iter().map(|value| f64::from(*value) * f64::from(*value)).sum::<f64>().sqrt();
    Ok(json!({ "gradient_hash": digest(&gradient), "gradient_norm": norm, "layers_computed": sizes.count() }))
}

/// A ← A · Aᵀ / n, `operations` times.
fn matrix_ops(data: &Value, random: &mut SplitMix64) -> Result<Value, String> {
    let n = size(data, "matrix_size", 256, 1_024)?;
    let operations = passes(data, "operations", 5)?.min(64);
    let mut a = normal(random, n * n);
    for _ in 0..operations {
        a = by_own_transpose(&a, n);
        a.iter_mut().for_each(|value| *value /= n as f32);
    }
    let norm = a.iter().map(|value| f64::from(*value) * f64::from(*value)).sum::<f64>().sqrt();
    Ok(json!({ "result_hash": digest(&a), "final_norm": norm, "operations_done": operations }))
}

/// A size that the server sent, or `default`.
fn size(data: &Value, name: &str, default: usize, most: usize) -> Result<usize, String> {
    match &data[name] {
        Value::Null => Ok(default),
        value => {
            let size = value.as_u64().and_then(|size| usize::try_from(size).ok());
            size.filter(|size| (1..=most).contains(size)).ok_or_else(|| format!("{name} is out of range"))
        }
    }
}

fn passes(data: &Value, name: &str, default: usize) -> Result<u64, String> {
    size(data, name, default, MAX_PASSES as usize).map(|passes| passes as u64)
}

/// Normal numbers by the Box–Muller transform.
fn normal(random: &mut SplitMix64, count: usize) -> Vec<f32> {
    let mut uniform = || ((random.draw() >> 11) + 1) as f64 / (1u64 << 53) as f64;
    let mut values = Vec::with_capacity(count + 1);
    while values.len() < count {
        let (radius, angle) = ((-2.0 * uniform().ln()).sqrt(), std::f64::consts::TAU * uniform());
        values.extend([(radius * angle.cos()) as f32, (radius * angle.sin()) as f32]);
    }
    values.truncate(count);
    values
}

fn walk(random: &mut SplitMix64, count: usize, passes: u64, step: f32) -> Vec<f32> {
    let mut weights = normal(random, count);
    for _ in 0..passes {
        weights.iter_mut().zip(normal(random, count)).for_each(|(weight, drawn)| *weight -= step * drawn);
    }
    weights
}

/// A · B, with A of `inner` columns and B of `columns`.
fn product(a: &[f32], b: &[f32], inner: usize, columns: usize) -> Vec<f32> {
    let mut c = vec![0.0; a.len() / inner * columns];
    for (row, out) in a.chunks(inner).zip(c.chunks_mut(columns)) {
        for (left, line) in row.iter().zip(b.chunks(columns)) {
            out.iter_mut().zip(line).for_each(|(sum, right)| *sum += left * right);
        }
    }
    c
}

/// A · Aᵀ for a square A.
fn by_own_transpose(a: &[f32], n: usize) -> Vec<f32> {
    let transposed: Vec<f32> = (0..n * n).map(|place| a[place % n * n + place / n]).collect();
    product(a, &transposed, n, n)
}

fn softmax(row: &mut [f32]) {
    let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    row.iter_mut().for_each(|value| *value = (*value - most).exp());
    let sum: f32 = row.iter().sum();
    row.iter_mut().for_each(|value| *value /= sum);
}

fn argmax(row: &[f32]) -> usize {
    row.iter().enumerate().fold(0, |best, (place, value)| if *value > row[best] { place } else { best })
}

/// Each value's distance from the mean in standard deviations; 0 if all values are equal.
fn standardised(values: &[f32]) -> Vec<f32> {
    let count = values.len().max(1) as f32;
    let mean = values.iter().sum::<f32>() / count;
    let deviation = (values.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / count).sqrt();
    values.iter().map(|value| if deviation > 0.0 { (value - mean) / deviation } else { 0.0 }).collect()
}

fn mean_abs(values: &[f32]) -> f32 {
    values.iter().map(|value| value.abs()).sum::<f32>() / values.len().max(1) as f32
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// SHA-256 of the values, little-endian.
fn digest(values: &[f32]) -> String {
    hex::encode(sha256(&bytes(values)))
}

fn short(digest: &[u8; 32]) -> String {
    hex::encode(&digest[..8])
}

#[cfg(test)]
mod tests;
