//! Operands in GPU memory.

use std::marker::PhantomData;

use crate::context::Context;
use crate::element::Element;
use crate::error::GpuError;
use crate::kernel::Kernel;
use crate::{layout, shape};

/// A right operand, `k x n`, uploaded in the kernel's layout. It belongs to the device that packed it. Clones share the
/// memory, which is freed with the last of them.
#[derive(Debug, Clone)]
pub struct PackedOperand<T> {
    pub(crate) buffer: wgpu::Buffer,
    pub(crate) k: u32,
    pub(crate) n: u32,
    numbers: PhantomData<T>,
}

impl<T: Element> PackedOperand<T> {
    /// Rows of the operand.
    pub fn k(&self) -> u32 {
        self.k
    }

    /// Columns of the operand.
    pub fn n(&self) -> u32 {
        self.n
    }

    /// The GPU memory that it takes, in bytes.
    pub fn bytes(&self) -> u64 {
        self.buffer.size()
    }

    /// Uploads `b` in the layout that `kernel` reads.
    pub(crate) fn upload(context: &Context, kernel: Kernel, b: &[T], k: u32, n: u32) -> Result<Self, GpuError> {
        shape::check("b", b, k, n)?;
        shape::check_k::<T>(k)?;
        context.check()?;
        let (width, words) = (kernel.strip(), kernel.words(k));
        let strip_bytes = u64::from(words) * u64::from(width) * 4;
        let bytes = strip_bytes * u64::from(n.div_ceil(width));
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST;
        let buffer = context.buffer("packed operand", bytes, usage)?;
        let mut strip = Vec::new();
        let cols = if words > 0 { n } else { 0 };
        for (i, first) in (0..cols).step_by(width as usize).enumerate() {
            let cols = first as usize..n.min(first.saturating_add(width)) as usize;
            layout::pack_strip(b, n as usize, cols, width as usize, words as usize, &mut strip);
            context.queue.write_buffer(&buffer, i as u64 * strip_bytes, &strip);
        }
        Ok(PackedOperand { buffer, k, n, numbers: PhantomData })
    }
}
