//! SHA-256 of many leaves at once, one per invocation. Source: FIPS 180-4, sections 5.1.1, 5.3.3 and 6.2.2.

use adit_core::kernel::hash_tree::{Leaves, head};
use adit_core::log::Hash;
use adit_core::sha256::{INITIAL, ROUNDS};
use wgpu::BufferUsages as Usage;

use crate::context::Context;
use crate::device::GpuDevice;
use crate::error::GpuError;

/// Bytes in a block.
const BLOCK: usize = 64;
/// Invocations in a workgroup.
const WORKGROUP: u32 = 64;

/// The compiled kernel.
#[derive(Debug)]
pub(crate) struct Hashing(wgpu::ComputePipeline);

impl Hashing {
    pub(crate) async fn compile(context: &Context) -> Result<Hashing, GpuError> {
        Ok(Hashing(context.pipeline("sha256", &wgsl(), "main").await?))
    }
}

impl GpuDevice {
    /// The digests of leaves.
    ///
    /// Errors: [`GpuError::TooLarge`], [`GpuError::Device`], [`GpuError::Lost`].
    pub async fn hash(&self, leaves: Leaves<'_>) -> Result<Vec<Hash>, GpuError> {
        let context = self.context();
        context.check()?;
        let count = leaves.bytes.len();
        let messages = padded(&leaves);
        let digest_bytes = (count * size_of::<Hash>()) as u64;
        let shape = context.buffer("shape", 32, Usage::UNIFORM | Usage::COPY_DST)?;
        let input = context.buffer("leaves", messages.len() as u64, Usage::STORAGE | Usage::COPY_DST)?;
        let output = context.buffer("digests", digest_bytes, Usage::STORAGE | Usage::COPY_SRC)?;
        let staging = context.buffer("staging", digest_bytes, Usage::MAP_READ | Usage::COPY_DST)?;
        let blocks = messages.len() / BLOCK / count.max(1);
        let words = [count as u32, blocks as u32].map(u32::to_le_bytes);
        context.queue.write_buffer(&shape, 0, words.as_flattened());
        context.queue.write_buffer(&input, 0, &messages);
        let compute = &self.hashing().0;
        let bound = context.bind(compute, &shape, &[&input, &output]);
        let mut encoder = context.device.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            pass.set_pipeline(compute);
            pass.set_bind_group(0, &bound, &[]);
            pass.dispatch_workgroups((count as u32).div_ceil(WORKGROUP), 1, 1);
        }
        encoder.copy_buffer_to_buffer(&output, 0, &staging, 0, digest_bytes);
        let index = context.queue.submit([encoder.finish()]);
        context.mapped(index, context.map(&staging, digest_bytes)).await?;
        let mut digests = Vec::new();
        context.read(&staging, digest_bytes, |bytes| digests = bytes.as_chunks().0.to_vec())?;
        Ok(digests)
    }
}

/// The messages concatenated, each padded: the leaf's prefix, its bytes, a one bit and zeros, the length.
fn padded(leaves: &Leaves<'_>) -> Vec<u8> {
    let mut messages = Vec::new();
    for (index, bytes) in (leaves.first..).zip(&leaves.bytes) {
        let (start, head) = (messages.len(), head(&leaves.lease, index, bytes.len()));
        let length = head.len() + bytes.len();
        messages.extend_from_slice(&head);
        messages.extend_from_slice(bytes);
        messages.push(0x80);
        messages.resize(start + (length + 9).next_multiple_of(BLOCK) - 8, 0);
        messages.extend_from_slice(&(8 * length as u64).to_be_bytes());
    }
    messages
}

/// The shader, with unrolled rounds, so that the message's words stay in registers.
fn wgsl() -> String {
    let loads: String = (0..16).map(|t| format!("        var w{t} = flipped(messages[at + {t}u]);\n")).collect();
    let round = |(t, k): (usize, &u32)| -> String {
        let (word, near, middle, far) = (t % 16, (t + 14) % 16, (t + 9) % 16, (t + 1) % 16);
        let extended = if t < 16 {
            String::new()
        } else {
            format!("        w{word} += small1(w{near}) + w{middle} + small0(w{far});\n")
        };
        // The eight variables rotate from round to round.
        let [a, b, c, d, e, f, g, h] = std::array::from_fn(|place| format!("s{}", (place + 64 - t) % 8));
        format!(
            "{extended}        {h} += large1({e}) + (({e} & {f}) ^ (~{e} & {g})) + {k}u + w{word};\n        {d} += {h};\n        {h} += large0({a}) + (({a} & {b}) ^ ({a} & {c}) ^ ({b} & {c}));\n"
        )
    };
    let rounds: String = ROUNDS.iter().enumerate().map(round).collect();
    let state: String = INITIAL.iter().enumerate().map(|(i, word)| format!("    var h{i} = {word}u;\n")).collect();
    let begin: String = (0..8).map(|i| format!("        var s{i} = h{i};\n")).collect();
    let end: String = (0..8).map(|i| format!("        h{i} += s{i};\n")).collect();
    let store: String = (0..8).map(|i| format!("    digests[leaf.x * 8u + {i}u] = flipped(h{i});\n")).collect();
    format!(
        "
struct Shape {{
    messages: u32,
    blocks: u32,
}}
@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> messages: array<u32>;
@group(0) @binding(2) var<storage, read_write> digests: array<u32>;

fn right(x: u32, bits: u32) -> u32 {{ return (x >> bits) | (x << (32u - bits)); }}
fn small0(x: u32) -> u32 {{ return right(x, 7u) ^ right(x, 18u) ^ (x >> 3u); }}
fn small1(x: u32) -> u32 {{ return right(x, 17u) ^ right(x, 19u) ^ (x >> 10u); }}
fn large0(x: u32) -> u32 {{ return right(x, 2u) ^ right(x, 13u) ^ right(x, 22u); }}
fn large1(x: u32) -> u32 {{ return right(x, 6u) ^ right(x, 11u) ^ right(x, 25u); }}
fn flipped(x: u32) -> u32 {{ return (right(x, 8u) & 0xff00ff00u) | (right(x, 24u) & 0x00ff00ffu); }}

@compute @workgroup_size({WORKGROUP})
fn main(@builtin(global_invocation_id) leaf: vec3<u32>) {{
    if (leaf.x >= shape.messages) {{
        return;
    }}
    var at = leaf.x * shape.blocks * 16u;
{state}    for (var block = 0u; block < shape.blocks; block += 1u) {{
{loads}{begin}{rounds}{end}        at += 16u;
    }}
{store}}}
"
    )
}
