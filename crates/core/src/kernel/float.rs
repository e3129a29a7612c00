//! Products of f32 matrices: specified in [`crate::kind::matmul_f32`].

use alloc::vec;
use alloc::vec::Vec;

use super::buffer::sized;
use super::inputs::MissingBlock;
use crate::content_id::Cid;
use crate::unit::operand::Operand;

/// The largest inner dimension.
pub const MAX_K: u32 = 4096;
/// The most products that the reference adds to one partial sum.
pub const BLOCK: usize = 32;

/// A row-major matrix of f32.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FloatMatrix {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub cols: usize,
    /// rows × cols values.
    pub values: Vec<f32>,
}

impl FloatMatrix {
    /// Gathers an operand of four-byte values from its blocks.
    pub fn gather<'a>(operand: &Operand, block: impl Fn(&Cid) -> Option<&'a [u8]>) -> Result<Self, MissingBlock> {
        let mut bytes = Vec::with_capacity(operand.bytes() as usize);
        for (cid, size) in operand.blocks() {
            let panel = block(&cid).filter(|panel| panel.len() == size as usize).ok_or(MissingBlock(cid))?;
            bytes.extend_from_slice(panel);
        }
        let (rows, cols) = (operand.rows as usize, operand.cols as usize / 4);
        Ok(FloatMatrix { rows, cols, values: floats(&bytes) })
    }

    /// A row.
    pub fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.cols..][..self.cols]
    }
}

/// Little-endian bytes as f32 values; up to three bytes at the end are ignored.
pub fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

/// f32 values as little-endian bytes.
pub fn to_bytes(values: &[f32]) -> Vec<u8> {
    let mut bytes = vec![0; 4 * values.len()];
    bytes.as_chunks_mut().0.iter_mut().zip(values).for_each(|(bytes, value)| *bytes = value.to_le_bytes());
    bytes
}

/// The reference: writes rows × n sums of row-major `a` (rows × k) times `b` (k × n).
pub fn multiply(a: &[f32], rows: usize, b: &FloatMatrix, out: &mut [f32]) {
    let (k, n) = (b.rows, b.cols);
    let mut block = vec![0f32; n];
    for row in 0..rows {
        let sums = &mut out[row * n..][..n];
        sums.fill(0.0);
        for first in (0..k).step_by(BLOCK) {
            block.fill(0.0);
            for l in first..k.min(first + BLOCK) {
                let left = a[row * k + l];
                block.iter_mut().zip(b.row(l)).for_each(|(sum, right)| *sum += left * right);
            }
            sums.iter_mut().zip(&block).for_each(|(sum, block)| *sum += block);
        }
    }
}

/// A product under way, some rows at a time. Drop it to stop.
#[derive(Debug)]
pub struct FloatProduct {
    a: FloatMatrix,
    n: usize,
    done_rows: usize,
    output: Vec<f32>,
}

/// Rows to multiply next, and where their sums go.
#[derive(Debug)]
pub struct FloatStep<'a> {
    /// The rows, row-major.
    pub left: &'a [f32],
    /// The number of rows.
    pub rows: usize,
    /// Where the rows × n sums go.
    pub sums: &'a mut [f32],
}

impl FloatProduct {
    /// Starts on the rows of `a`, times a matrix of `n` columns. The output is written to `buffer`, whatever its length and its
    /// values, if it is large enough.
    pub fn new(a: FloatMatrix, n: usize, buffer: Vec<f32>) -> Self {
        let output = sized(buffer, a.rows * n);
        FloatProduct { a, n, done_rows: 0, output }
    }

    /// The number of finished rows.
    pub fn done_rows(&self) -> usize {
        self.done_rows
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.a.rows
    }

    /// Multiply-accumulates for one row.
    pub fn work_per_row(&self) -> u64 {
        self.a.cols as u64 * self.n as u64
    }

    /// The next rows, at most `max_rows`; `None` when the product is finished. The rows count as finished immediately.
    pub fn step(&mut self, max_rows: usize) -> Option<FloatStep<'_>> {
        let rows = max_rows.max(1).min(self.a.rows - self.done_rows);
        if rows == 0 {
            return None;
        }
        let first = self.done_rows;
        self.done_rows += rows;
        let (k, n) = (self.a.cols, self.n);
        let left = &self.a.values[first * k..][..rows * k];
        Some(FloatStep { left, rows, sums: &mut self.output[first * n..][..rows * n] })
    }

    /// The output.
    pub fn into_output(self) -> Vec<f32> {
        self.output
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_do_not_change_the_product() {
        let value = |index: usize| (index % 11) as f32 - 5.0;
        let a = FloatMatrix { rows: 7, cols: 70, values: (0..490).map(value).collect() };
        let b = FloatMatrix { rows: 70, cols: 3, values: (0..210).map(value).collect() };
        let mut product = FloatProduct::new(a.clone(), b.cols, vec![f32::NAN; 30]);
        while let Some(FloatStep { left, rows, sums }) = product.step(3) {
            multiply(left, rows, &b, sums);
        }
        let sums = product.into_output();
        // Sums of integers this small are exact in any order.
        for (index, sum) in sums.iter().enumerate() {
            let (i, j) = (index / 3, index % 3);
            assert_eq!(*sum, (0..70).map(|l| a.row(i)[l] * b.row(l)[j]).sum::<f32>());
        }
    }
}
