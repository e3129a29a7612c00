/// Why the GPU gave no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GpuError {
    /// No adapter of the wanted sort is present, or this build has no backend for the platform.
    #[error("no {0} graphics adapter")]
    NoAdapter(&'static str),
    /// The driver refused something; the device may still work for other shapes.
    #[error("graphics driver: {0}")]
    Device(String),
    /// The device is gone (reset, driver restart, closed). Open a new one; packed operands of the old one are gone too.
    #[error("graphics device lost: {0}")]
    Lost(String),
    /// The adapter gave wrong results in the self test with every form of the kernel: it must not be used.
    #[error("graphics adapter {0} computes wrong products")]
    Wrong(String),
    /// More memory than the device, or this host, can give in one piece.
    #[error("{what} needs {bytes} bytes, the limit is {limit}")]
    TooLarge {
        /// Which buffer it is.
        what: &'static str,
        /// The size asked for.
        bytes: u64,
        /// The size there is.
        limit: u64,
    },
    /// The caller's slice does not have the length that its shape says.
    #[error("operand {operand} has {got} values, its shape {rows} x {cols} needs {want}")]
    Shape {
        /// `"a"` or `"b"`.
        operand: &'static str,
        /// Rows of the operand.
        rows: u32,
        /// Columns of the operand.
        cols: u32,
        /// The length given.
        got: u64,
        /// The length wanted.
        want: u64,
    },
    /// k is over what the kind allows: sums could leave 32 bits, or floats lose too many of theirs.
    #[error("k = {k} is over {most}")]
    KTooLarge {
        /// The inner dimension asked for.
        k: u32,
        /// The largest there is.
        most: u32,
    },
}
