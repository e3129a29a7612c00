//! The steps and buffers of a model, made once and used for all its rows.

use adit_core::kernel::gradient::Tensor;
use adit_core::kernel::pass::RowPass;
use wgpu::BufferUsages as Usage;

use super::Layer;
use crate::device::GpuDevice;
use crate::error::GpuError;
use crate::kernel::{Kernel, Numbers};
use crate::operand::PackedOperand;
use crate::product::cut::Extent;

/// The most rows at once: WebGPU dispatches at most 65,535 workgroups in one dimension.
pub(super) const MOST_ROWS: usize = 1 << 15;
/// The largest buffer, so that the buffers of two lanes fit on any adapter.
const MOST_BYTES: u64 = 64 << 20;
/// The alignment that WebGPU demands of uniforms.
const UNIFORM_BYTES: usize = 256;

/// A length that is either the number of rows or fixed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Length {
    Rows,
    Of(u32),
}

/// Which operand is packed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Side {
    Left,
    Right,
}

/// A tensor's number: A_l has l, then come the targets, then D_l.
type Values = usize;

/// One dispatch.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// Packs `lines` lines of `values_of_line` values, row by row or transposed.
    Gather { from: Values, stride: u32, to: Side, lines: Length, values_of_line: Length, across: bool },
    /// Multiplies the packed left operand with weights, by their index in [`weights`], or with the packed right
    /// operand.
    Multiply { m: Length, k: Length, n: u32, weights: Option<usize>, tensor: Tensor },
    /// Computes values from the last sums.
    Follow { to: Values, other: Values, bias: usize, cols: u32, multiplier: u32, shift: u32, how: u32 },
}

/// Steps and their buffers.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    pub(super) buffers: Buffers,
    kernel: Kernel,
    most_rows: u32,
    weights: Vec<wgpu::Buffer>,
}

#[derive(Debug)]
pub(super) struct Buffers {
    pub(super) values: Vec<wgpu::Buffer>,
    pub(super) uniforms: wgpu::Buffer,
    pub(super) sums: wgpu::Buffer,
    pub(super) staging: wgpu::Buffer,
    /// The bind group of every step.
    pub(super) bound: Vec<wgpu::BindGroup>,
}

/// The tensor number of the targets.
pub(super) fn targets(layers: &[Layer]) -> Values {
    layers.len()
}

fn errors(layers: &[Layer], layer: usize) -> Values {
    layers.len() + 1 + layer
}

/// Rows of bytes padded to whole words.
pub(super) fn words_of_rows(values: &[i8], width: usize) -> Vec<u8> {
    let stride = width.next_multiple_of(4);
    let mut words = vec![0; values.len() / width.max(1) * stride];
    for (to, from) in words.chunks_exact_mut(stride.max(1)).zip(values.chunks_exact(width.max(1))) {
        to.iter_mut().zip(from).for_each(|(to, from)| *to = *from as u8);
    }
    words
}

/// The packed weights of all layers, forwards and then backwards.
fn weights(layers: &[Layer]) -> impl Iterator<Item = &PackedOperand<i8>> {
    let back = layers.iter().filter_map(|layer| layer.back.as_ref()).map(|back| &back.transposed);
    layers.iter().map(|layer| &layer.packed).chain(back)
}

/// The number of values in a row, by tensor number.
fn widths(layers: &[Layer], gradient: bool) -> Vec<u32> {
    let inputs = layers.iter().map(|layer| layer.k as u32);
    let outputs = layers.iter().map(|layer| layer.n as u32);
    let targets = outputs.clone().next_back();
    inputs.chain(targets.into_iter().chain(outputs).filter(|_| gradient)).collect()
}

/// The steps for the formulas of `adit_core::kernel` and `adit_core::kernel::gradient`.
fn steps(layers: &[Layer], gradient: bool) -> Vec<Step> {
    const ACTIVATIONS: u32 = 0;
    const AGAINST_TARGETS: u32 = 1;
    const THROUGH_ACTIVATIONS: u32 = 2;
    let (mut steps, widths) = (Vec::new(), widths(layers, gradient));
    let gather = |from: Values, to, across| {
        let (width, stride) = (Length::Of(widths[from]), widths[from].next_multiple_of(4));
        let (lines, values_of_line) = if across { (width, Length::Rows) } else { (Length::Rows, width) };
        Step::Gather { from, stride, to, lines, values_of_line, across }
    };
    for (index, layer) in layers.iter().enumerate() {
        let (k, n) = (layer.k as u32, layer.n as u32);
        steps.push(gather(index, Side::Left, false));
        let tensor = Tensor::Sums(index);
        steps.push(Step::Multiply { m: Length::Rows, k: Length::Of(k), n, weights: Some(index), tensor });
        let Some(requant) = layer.requant else { continue };
        let (multiplier, shift) = (requant.multiplier, u32::from(requant.shift));
        let (to, other, how) = if index + 1 < layers.len() {
            (index + 1, index, ACTIVATIONS)
        } else {
            (errors(layers, index), targets(layers), AGAINST_TARGETS)
        };
        steps.push(Step::Follow { to, other, bias: index, cols: n, multiplier, shift, how });
    }
    if !gradient {
        return steps;
    }
    let mut backwards = layers.iter().filter(|layer| layer.back.is_some()).count();
    for (index, layer) in layers.iter().enumerate().rev() {
        let Some(back) = &layer.back else { continue };
        let (k, n) = (layer.k as u32, layer.n as u32);
        backwards -= 1;
        steps.push(gather(errors(layers, index), Side::Left, false));
        let (weights, tensor) = (Some(layers.len() + backwards), Tensor::Back(index));
        steps.push(Step::Multiply { m: Length::Rows, k: Length::Of(n), n: k, weights, tensor });
        let (multiplier, shift) = (back.scale.multiplier, u32::from(back.scale.shift));
        let (to, other) = (errors(layers, index - 1), index);
        steps.push(Step::Follow { to, other, bias: index, cols: k, multiplier, shift, how: THROUGH_ACTIVATIONS });
    }
    for (index, layer) in layers.iter().enumerate() {
        steps.push(gather(index, Side::Left, true));
        steps.push(gather(errors(layers, index), Side::Right, true));
        let (m, tensor) = (Length::Of(layer.k as u32), Tensor::Weights(index));
        steps.push(Step::Multiply { m, k: Length::Rows, n: layer.n as u32, weights: None, tensor });
    }
    steps
}

impl Length {
    fn at(self, rows: u32) -> u32 {
        match self {
            Length::Rows => rows,
            Length::Of(length) => length,
        }
    }
}

/// The sizes of buffers for a number of rows.
struct Sizes {
    values: Vec<u64>,
    left: u64,
    right: u64,
    sums: u64,
    staging: u64,
}

impl Sizes {
    fn of(kernel: Kernel, layers: &[Layer], gradient: bool, rows: u32) -> Sizes {
        let values = widths(layers, gradient);
        let values = values.iter().map(|width| u64::from(rows) * u64::from(width.next_multiple_of(4))).collect();
        let mut sizes = Sizes { values, left: 0, right: 0, sums: 0, staging: 0 };
        for step in steps(layers, gradient) {
            let Step::Multiply { m, k, n, weights, .. } = step else { continue };
            let extent = Extent::of(kernel, m.at(rows), k.at(rows), n);
            let whole = extent.whole();
            sizes.left = sizes.left.max(extent.row_bytes(whole));
            sizes.sums = sizes.sums.max(extent.sum_bytes(whole));
            sizes.staging += u64::from(m.at(rows)) * u64::from(n.div_ceil(4)) * 16;
            if weights.is_none() {
                let strips = u64::from(n.div_ceil(kernel.strip())) * u64::from(kernel.strip());
                sizes.right = sizes.right.max(strips * u64::from(kernel.words(rows)) * 4);
            }
        }
        sizes
    }

    fn largest(&self) -> u64 {
        let values = self.values.iter().copied().max().unwrap_or(0);
        values.max(self.left).max(self.right).max(self.sums).max(self.staging)
    }
}

impl Buffers {
    fn new(
        device: &GpuDevice,
        steps: &[Step],
        sizes: &Sizes,
        model: &[wgpu::Buffer],
        biases: &[wgpu::Buffer],
    ) -> Result<Buffers, GpuError> {
        let context = device.context();
        let storage = |what, bytes| context.buffer(what, bytes, Usage::STORAGE | Usage::COPY_DST | Usage::COPY_SRC);
        let values: Vec<wgpu::Buffer> =
            sizes.values.iter().map(|bytes| storage("values", *bytes)).collect::<Result<_, _>>()?;
        let (left, right) = (storage("left", sizes.left)?, storage("right", sizes.right)?);
        let sums = storage("sums", sizes.sums)?;
        let staging = context.buffer("staging", sizes.staging, Usage::MAP_READ | Usage::COPY_DST)?;
        let bytes = (steps.len() * UNIFORM_BYTES) as u64;
        let uniforms = context.buffer("uniforms", bytes, Usage::UNIFORM | Usage::COPY_DST)?;
        let bind = |(index, step): (usize, &Step)| {
            let (compute, buffers): (_, Vec<&wgpu::Buffer>) = match step {
                Step::Gather { from, to, .. } => {
                    let to = if *to == Side::Left { &left } else { &right };
                    (&device.small().gather, vec![&values[*from], to])
                }
                Step::Multiply { weights, .. } => {
                    let right = weights.map_or(&right, |weights| &model[weights]);
                    (&device.pipeline(Numbers::Integers).compute, vec![&left, right, &sums])
                }
                Step::Follow { to, other, bias, .. } => {
                    (&device.small().follow, vec![&sums, &biases[*bias], &values[*other], &values[*to]])
                }
            };
            context.bind_at(compute, &uniforms, (index * UNIFORM_BYTES) as u64, &buffers)
        };
        let bound = steps.iter().enumerate().map(bind).collect();
        Ok(Buffers { values, uniforms, sums, staging, bound })
    }
}

impl Plan {
    /// Whether the buffers for `rows` rows fit the device.
    pub(super) fn fits(device: &GpuDevice, layers: &[Layer], gradient: bool, rows: u32) -> bool {
        let kernel = device.pipeline(Numbers::Integers).kernel;
        Sizes::of(kernel, layers, gradient, rows).largest() <= MOST_BYTES.min(device.context().max_bytes())
    }

    pub(super) fn new(
        device: &GpuDevice,
        pass: &RowPass<'_, PackedOperand<i8>>,
        most_rows: u32,
    ) -> Result<Plan, GpuError> {
        let (context, kernel) = (device.context(), device.pipeline(Numbers::Integers).kernel);
        let layers = pass.layers;
        let steps = steps(layers, pass.is_gradient());
        let sizes = Sizes::of(kernel, layers, pass.is_gradient(), most_rows);
        let mut biases = Vec::new();
        for layer in layers {
            let bytes = adit_core::kernel::to_le_bytes(&layer.bias);
            let bias = context.buffer("bias", bytes.len() as u64, Usage::STORAGE | Usage::COPY_DST)?;
            context.queue.write_buffer(&bias, 0, &bytes);
            biases.push(bias);
        }
        let weights: Vec<wgpu::Buffer> = weights(layers).map(|packed| packed.buffer.clone()).collect();
        let buffers = Buffers::new(device, &steps, &sizes, &weights, &biases)?;
        Ok(Plan { steps, buffers, kernel, most_rows, weights })
    }

    /// Whether the plan is for these layers and large enough. Packed weights belong to one model, so they identify it.
    pub(super) fn serves(&self, layers: &[Layer], rows: u32) -> bool {
        rows <= self.most_rows && weights(layers).map(|packed| &packed.buffer).eq(&self.weights)
    }

    fn extent(&self, step: &Step, rows: u32) -> Option<Extent> {
        let Step::Multiply { m, k, n, .. } = step else { return None };
        Some(Extent::of(self.kernel, m.at(rows), k.at(rows), *n))
    }

    /// The size of a product's sums in bytes, without padding rows.
    pub(super) fn sum_bytes(&self, step: &Step, rows: u32) -> u64 {
        let Step::Multiply { m, .. } = step else { return 0 };
        u64::from(m.at(rows)) * self.sum_stride(step) as u64 * 4
    }

    /// The distance between rows of a product's sums.
    pub(super) fn sum_stride(&self, step: &Step) -> usize {
        let Step::Multiply { n, .. } = step else { return 0 };
        n.next_multiple_of(4) as usize
    }

    /// The uniforms of all steps for `rows` rows.
    pub(super) fn uniforms(&self, rows: u32) -> Vec<u8> {
        let mut bytes = vec![0; self.steps.len() * UNIFORM_BYTES];
        for (step, bytes) in self.steps.iter().zip(bytes.chunks_exact_mut(UNIFORM_BYTES)) {
            let words = match *step {
                Step::Multiply { .. } => {
                    let uniform = self.extent(step, rows).map(|extent| extent.uniform(extent.whole()));
                    bytes[..32].copy_from_slice(&uniform.unwrap_or_default());
                    continue;
                }
                Step::Gather { stride, to, lines, values_of_line, across, .. } => {
                    let (of_line, of_value) = if across { (1, stride) } else { (stride, 1) };
                    let words = self.kernel.words(values_of_line.at(rows));
                    [lines.at(rows), values_of_line.at(rows), of_line, of_value, self.tile(to), words, 0, 0]
                }
                Step::Follow { cols, multiplier, shift, how, .. } => {
                    [rows, cols, cols.next_multiple_of(4), cols.div_ceil(4), multiplier, shift, how, 0]
                }
            };
            bytes.chunks_exact_mut(4).zip(words).for_each(|(bytes, word)| bytes.copy_from_slice(&word.to_le_bytes()));
        }
        bytes
    }

    /// Workgroups in x and y.
    pub(super) fn workgroups(&self, step: &Step, rows: u32) -> [u32; 2] {
        match *step {
            Step::Multiply { .. } => self.extent(step, rows).map_or([0, 0], |extent| extent.workgroups(extent.whole())),
            Step::Gather { to, lines, values_of_line, .. } => {
                let words = self.kernel.words(values_of_line.at(rows)) * self.tile(to);
                [words.div_ceil(256), lines.at(rows).div_ceil(self.tile(to))]
            }
            Step::Follow { cols, .. } => [cols.div_ceil(4).div_ceil(64), rows],
        }
    }

    /// The number of lines in a tile.
    fn tile(&self, side: Side) -> u32 {
        match side {
            Side::Left => self.kernel.height(),
            Side::Right => self.kernel.strip(),
        }
    }
}
