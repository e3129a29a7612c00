//! Errors of the graphics kernels.

/// Why the GPU gave no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GpuError {
    /// No adapter of the chosen sort is present, or this build has no backend for the platform.
    #[error("no {0} graphics adapter")]
    NoAdapter(&'static str),
    /// The driver refused an operation. The device may still work for other shapes.
    #[error("graphics driver: {0}")]
    Device(String),
    /// The device is gone: reset, closed, or its driver restarted. Open a new one and pack its operands again.
    #[error("graphics device lost: {0}")]
    Lost(String),
    /// The adapter failed the self test with every form of the kernel and must not be used.
    #[error("graphics adapter {0} computes wrong products")]
    Wrong(String),
    /// A buffer exceeds what the device or this host can allocate.
    #[error("{what} needs {bytes} bytes, the limit is {limit}")]
    TooLarge {
        /// The buffer.
        what: &'static str,
        /// The requested size.
        bytes: u64,
        /// The largest possible size.
        limit: u64,
    },
    /// The length of a slice does not match its shape.
    #[error("operand {operand} has {got} values, its shape {rows} x {cols} needs {want}")]
    Shape {
        /// `"a"` or `"b"`.
        operand: &'static str,
        /// Rows of the operand.
        rows: u32,
        /// Columns of the operand.
        cols: u32,
        /// The length of the slice.
        got: u64,
        /// The length that the shape needs.
        want: u64,
    },
    /// k is larger than the kind allows: integer sums could overflow, or float sums become too inexact.
    #[error("k = {k} is over {most}")]
    KTooLarge {
        /// The requested inner dimension.
        k: u32,
        /// The largest allowed.
        most: u32,
    },
}
