use adit_core::kernel::matmul_i8;
use adit_core::vectors::Generator;

use super::GpuDevice;
use crate::error::GpuError;

/// Computes a small product: extremes, odd shapes, every lane of a workgroup. [`GpuError::Wrong`] if it comes out
/// wrong.
pub(super) async fn run(device: &GpuDevice) -> Result<(), GpuError> {
    let kernel = device.kernel();
    let (m, k, n) = (kernel.rows * kernel.groups + 1, 37, kernel.strip() + 1);
    let mut values = Generator::new(1);
    let mut a = values.signed((m * k) as usize);
    let mut b = values.signed((k * n) as usize);
    a[..k as usize].fill(i8::MIN);
    b.iter_mut().step_by(n as usize).for_each(|value| *value = i8::MIN);
    let packed = device.pack(&b, k, n)?;
    let mut sums = Vec::new();
    device.multiply(&a, m, &packed, &mut sums).await?;
    if sums == matmul_i8(&a, &b, m as usize, k as usize, n as usize) {
        Ok(())
    } else {
        Err(GpuError::Wrong(device.facts().name.clone()))
    }
}
