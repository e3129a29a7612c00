//! The self test that every form of the product must pass.

use std::rc::Rc;

use adit_core::kernel::float::{self, FloatMatrix};
use adit_core::kernel::matmul_i8;
use adit_core::random::SplitMix64;

use crate::context::Context;
use crate::element::Element;
use crate::error::GpuError;
use crate::kernel::Numbers;
use crate::operand::PackedOperand;
use crate::product::{Pipeline, Product};

/// Whether small products are correct: extreme values, odd shapes, every lane of a workgroup.
pub(super) async fn passes(context: &Context, pipeline: &Rc<Pipeline>) -> Result<bool, GpuError> {
    let kernel = pipeline.kernel;
    let (m, k, n) = (kernel.rows * kernel.groups + 1, 37, kernel.strip() + 1);
    let mut values = SplitMix64::new(1);
    let mut a = values.signed((m * k) as usize);
    let mut b = values.signed((k * n) as usize);
    a[..k as usize].fill(i8::MIN);
    b.iter_mut().step_by(n as usize).for_each(|value| *value = i8::MIN);
    match kernel.dot.numbers() {
        Numbers::Integers => {
            let sums = multiply(context, pipeline, &a, &b, (m, k, n)).await?;
            Ok(sums == matmul_i8(&a, &b, m as usize, k as usize, n as usize))
        }
        Numbers::Floats => {
            // Small whole numbers, whose sums are exact in any order.
            let [a, b] = [a, b].map(|values| values.into_iter().map(f32::from).collect::<Vec<f32>>());
            let sums = multiply(context, pipeline, &a, &b, (m, k, n)).await?;
            let mut right = vec![0.0; sums.len()];
            float::multiply(&a, m as usize, &FloatMatrix { rows: k as usize, cols: n as usize, values: b }, &mut right);
            Ok(sums == right)
        }
    }
}

async fn multiply<T: Element>(
    context: &Context,
    pipeline: &Rc<Pipeline>,
    a: &[T],
    b: &[T],
    (m, k, n): (u32, u32, u32),
) -> Result<Vec<T::Sum>, GpuError> {
    let packed = PackedOperand::upload(context, pipeline.kernel, b, k, n)?;
    let mut sums = Vec::new();
    Product::start(context, pipeline, a, m, &packed)?.finish(&mut sums).await?;
    Ok(sums)
}
