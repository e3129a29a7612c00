use crate::device::GpuDevice;
use crate::error::GpuError;
use crate::{layout, shape};

/// A right operand, `k x n`, uploaded once in the kernel's layout. Cloning it is cheap and copies no data; the memory
/// is given back with the last clone. It belongs to the device that packed it.
#[derive(Debug, Clone)]
pub struct PackedOperand {
    pub(crate) buffer: wgpu::Buffer,
    pub(crate) k: u32,
    pub(crate) n: u32,
}

impl PackedOperand {
    /// Rows of the operand.
    pub fn k(&self) -> u32 {
        self.k
    }

    /// Columns of the operand.
    pub fn n(&self) -> u32 {
        self.n
    }

    /// Bytes of GPU memory it takes.
    pub fn bytes(&self) -> u64 {
        self.buffer.size()
    }
}

impl GpuDevice {
    /// Uploads `b` (`k x n` row-major) in the layout that the kernel reads. Keep the result for as long as more rows
    /// may come for it.
    ///
    /// Errors: [`GpuError::Shape`], [`GpuError::KTooLarge`], [`GpuError::TooLarge`].
    pub fn pack(&self, b: &[i8], k: u32, n: u32) -> Result<PackedOperand, GpuError> {
        shape::check("b", b, k, n)?;
        shape::check_k(k)?;
        self.check()?;
        let kernel = self.kernel();
        let (width, words) = (kernel.strip(), layout::words(k));
        let strip_bytes = u64::from(words) * u64::from(width) * 4;
        let bytes = strip_bytes * u64::from(n.div_ceil(width));
        let buffer =
            self.buffer("packed operand", bytes, wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST)?;
        let mut strip = Vec::new();
        let cols = if words > 0 { n } else { 0 };
        for (i, first) in (0..cols).step_by(width as usize).enumerate() {
            let cols = first as usize..n.min(first.saturating_add(width)) as usize;
            layout::pack_strip(b, n as usize, cols, width as usize, words as usize, &mut strip);
            self.queue().write_buffer(&buffer, i as u64 * strip_bytes, &strip);
        }
        Ok(PackedOperand { buffer, k, n })
    }
}
