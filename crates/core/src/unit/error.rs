//! Why a unit cannot be computed.

/// Why a unit cannot be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// No kernel has this name.
    #[error("unknown kind")]
    UnknownKind,
    /// A dimension is zero where it may not be, or over its cap.
    #[error("a dimension is out of range (rows 1..=2^24, columns 1..=2^20, k 0..=131071)")]
    Dimension,
    /// Panels do not add up to the operand.
    #[error("panels do not add up to their operand")]
    Panels,
    /// A block is not a raw sha2-256 block of at most 1 MiB.
    #[error("an input is not a raw sha2-256 block of at most 1 MiB")]
    Block,
    /// Neighbouring operands do not fit each other.
    #[error("the operands' dimensions do not fit each other")]
    Mismatch,
    /// Requantisation parameters are out of range, missing, or present in a layer that has none.
    #[error("requantisation is out of range or in the wrong layer")]
    Requant,
    /// Too many layers, or none.
    #[error("a model has 1 to 32 layers")]
    Layers,
    /// Inputs or output are over their caps.
    #[error("the unit's inputs or output are too large")]
    TooLarge,
    /// The source is not the address of a gateway.
    #[error("the source is no http or https address of at most 200 printable characters without a slash at its end")]
    Source,
}
