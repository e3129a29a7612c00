//! Why intake refuses a file.

use adit_core::unit::{MAX_K, MAX_LAYERS};
use adit_protocol::ErrorCode;
use adit_table::TableError;

/// Why intake refuses a file. The fault is the requester's; the message says what to do next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntakeError {
    /// The format's name is unknown.
    #[error("unknown file format {name:?}: send .npy, .csv or .safetensors")]
    UnknownFormat {
        /// The name given, shortened.
        name: String,
    },

    /// The file has no `.npy` magic, or its version is not 1.0, 2.0 or 3.0.
    #[error("not a .npy file of version 1.0 to 3.0: write it with numpy.save")]
    NotNpy,
    /// The header does not parse, or is larger or deeper than any numpy writes for a matrix.
    #[error("the .npy header is not one that numpy writes for a matrix: write the file with numpy.save")]
    NpyHeader,
    /// The array holds Python objects.
    #[error("the array holds pickled Python objects, which are never loaded: convert it with A.astype(numpy.int8)")]
    NpyPickled,
    /// The array holds booleans.
    #[error("the array holds booleans, which are a mask and no numbers: convert it with A.astype(numpy.int8)")]
    NpyMask,
    /// The values are not integers.
    #[error("dtype {dtype} is not an integer type: scale and round it with numpy.rint(A * s).astype(numpy.int8)")]
    NpyDtype {
        /// The dtype, as numpy writes it.
        dtype: String,
    },
    /// The array is not a matrix.
    #[error("the array has {dimensions} dimensions and must have 2: reshape it with A.reshape(rows, columns)")]
    NotTwoDimensional {
        /// The number of dimensions.
        dimensions: usize,
    },
    /// The data ends before the shape is filled.
    #[error("the file is truncated ({got} of {expected} bytes of data): send it again, whole")]
    Truncated {
        /// Bytes the shape needs.
        expected: u64,
        /// Bytes in the file.
        got: u64,
    },
    /// Data follows the end of the array.
    #[error("{extra} bytes follow the end of the data: send one array per file, as numpy.save writes it")]
    TrailingBytes {
        /// The number of extra bytes.
        extra: u64,
    },
    /// A value does not fit in an i8.
    #[error("A[{row}, {col}] is {value}, outside -128..=127: scale A, then convert it with A.astype(numpy.int8)")]
    ValueRange {
        /// Row, counted from 0.
        row: usize,
        /// Column, counted from 0.
        col: usize,
        /// The value.
        value: i128,
    },

    /// A cell is not an integer in 0..=127.
    #[error("line {line}, column {column}: {cell:?} is not an integer from 0 to 127{}", advice(*.line, *.column, .cell))]
    CsvCell {
        /// Line, counted from 1.
        line: u64,
        /// Column, counted from 1.
        column: usize,
        /// The cell's text, shortened.
        cell: String,
    },
    /// The file is not a table, or can be read in more than one way.
    #[error(transparent)]
    Table(TableError),
    /// An option says how to read a table, but the file is not one.
    #[error("{option} says how to read a table, but a file of format {format} is none: leave it out")]
    NotATable {
        /// The first option.
        option: &'static str,
        /// The format's name.
        format: &'static str,
    },
    /// A row is longer or shorter than the first.
    #[error("line {line} has {got} columns, but the first line has {expected}: give every line the same number")]
    CsvWidth {
        /// Line, counted from 1.
        line: u64,
        /// Columns in the first line.
        expected: u64,
        /// Columns in this line.
        got: u64,
    },

    /// A list of blocks is malformed.
    #[error("line {line}: {wrong}; write the line `cid,bytes`, then each block's CID and size, in order")]
    BlockList {
        /// Line, counted from 1.
        line: u64,
        /// What is wrong.
        wrong: &'static str,
    },
    /// A value is NaN or infinite.
    #[error("A[{row}, {col}] is {value}: send finite numbers")]
    NotFinite {
        /// Row, counted from 0.
        row: usize,
        /// Column, counted from 0.
        col: usize,
        /// The value, as it prints.
        value: String,
    },
    /// The dtype is not float32.
    #[error("dtype {dtype} is not float32: convert it with A.astype(numpy.float32)")]
    NpyNotFloat {
        /// The dtype, as numpy writes it.
        dtype: String,
    },
    /// Sums could overflow f32.
    #[error("sums over {k} products of up to {largest} could overflow float32: scale the operands down")]
    FloatOverflow {
        /// Columns of A.
        k: u64,
        /// The largest product, as it prints.
        largest: String,
    },

    /// The `.safetensors` frame or header is malformed, or the data's length does not match the header.
    #[error("not a complete .safetensors file ({reason}): write it with the safetensors library")]
    SafetensorsHeader {
        /// What is wrong, shortened.
        reason: String,
    },
    /// The file has a tensor that does not belong to a perceptron.
    #[error("unknown tensor {name:?}: a model has layers.N.weight, .bias, .requant and, for training, .back")]
    UnknownTensor {
        /// The tensor's name, shortened.
        name: String,
    },
    /// A required tensor is missing.
    #[error(
        "tensor {name} is missing: layers are numbered from 0, and all but the last have a requant; for training, \
             the last has one too, and all but the first have a back"
    )]
    MissingTensor {
        /// The tensor's name.
        name: String,
    },
    /// A tensor has the wrong type.
    #[error("tensor {name} is {got}, but must be {expected}")]
    TensorDtype {
        /// The tensor's name.
        name: String,
        /// The types allowed.
        expected: &'static str,
        /// The type found.
        got: String,
    },
    /// A tensor has the wrong shape.
    #[error("tensor {name} has shape {got:?}, but must have {expected}")]
    TensorShape {
        /// The tensor's name.
        name: String,
        /// The shape required.
        expected: String,
        /// The shape found.
        got: Vec<usize>,
    },
    /// The model has no layers or too many.
    #[error("a model has 1 to {MAX_LAYERS} layers")]
    LayerCount,
    /// A weight is −128.
    #[error("{name}[{row}, {col}] is -128: quantise weights symmetrically, to -127..=127")]
    WeightRange {
        /// The tensor's name.
        name: String,
        /// Row, counted from 0.
        row: usize,
        /// Column, counted from 0.
        col: usize,
    },
    /// A multiplier is outside 1..=2^31 − 1, or a shift outside 1..=62.
    #[error("{name} is ({multiplier}, {shift}): the multiplier must be 1 to 2147483647, the shift 1 to 62")]
    RequantRange {
        /// The tensor's name.
        name: String,
        /// The multiplier given.
        multiplier: i64,
        /// The shift given.
        shift: i64,
    },
    /// Sums could overflow an i32: 127 · Σ|W_ij| + |b_j| > 2^31 − 1.
    #[error("sums of layers.{layer}, column {col}, could reach {bound} and overflow an i32: lower its weights or bias")]
    BiasOverflow {
        /// Layer, counted from 0.
        layer: usize,
        /// Column, counted from 0.
        col: usize,
        /// The bound 127 · Σ|W_ij| + |b_j|.
        bound: i64,
    },

    /// The file has no rows or no columns.
    #[error("the file has no rows or no columns: send at least one value")]
    Empty,
    /// A dimension exceeds its limit.
    #[error("{got} {what}, but at most {max} are allowed: split the work into several jobs")]
    DimensionTooLarge {
        /// The dimension.
        what: &'static str,
        /// Its size.
        got: u64,
        /// The limit.
        max: u64,
    },
    /// Sums over k products could overflow an i32, or exceed what the f32 check tolerates.
    #[error("inner dimension k = {k}, but at most {max} is allowed: split it into several jobs and add their results")]
    InnerDimensionTooLarge {
        /// Columns of A, or inputs of a layer.
        k: u64,
        /// The limit.
        max: u32,
    },
    /// The shared operands leave no room for a unit's own rows.
    #[error("every unit needs {bytes} bytes, but at most {max} fit: cut B into column blocks, or use a smaller model")]
    InputsTooLarge {
        /// Bytes of B or of the model.
        bytes: u64,
        /// The limit.
        max: u64,
    },
    /// The sums of a gradient's weights do not fit in a unit's output.
    #[error(
        "the gradient of this model's weights takes {bytes} bytes, but at most {max} fit in a unit: train it in parts"
    )]
    GradientTooLarge {
        /// Bytes of the sums of all weights.
        bytes: u64,
        /// The limit.
        max: u64,
    },
    /// Two inputs of a job do not fit each other.
    #[error("{left}, but {right}: {rule}")]
    ShapeMismatch {
        /// The first input.
        left: String,
        /// The second input.
        right: String,
        /// What makes them fit.
        rule: &'static str,
    },
    /// An input cannot play its role.
    #[error("{role} must be {wanted}")]
    WrongInput {
        /// The input's role.
        role: &'static str,
        /// What it must be.
        wanted: &'static str,
    },
    /// A sample is negative.
    #[error("the input is {value} at [{row}, {col}]: samples are activations, 0 to 127")]
    SampleRange {
        /// Row, counted from 0.
        row: usize,
        /// Column, counted from 0.
        col: usize,
        /// The value.
        value: i8,
    },
}

impl IntakeError {
    /// The stable code that programs match on.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownFormat { .. } => "unknown_format",
            Self::NotNpy => "not_npy",
            Self::NpyHeader => "npy_header",
            Self::NpyPickled => "npy_pickled",
            Self::NpyMask => "npy_mask",
            Self::NpyDtype { .. } => "npy_dtype",
            Self::NotTwoDimensional { .. } => "not_two_dimensional",
            Self::Truncated { .. } => "truncated",
            Self::TrailingBytes { .. } => "trailing_bytes",
            Self::ValueRange { .. } => "value_range",
            Self::CsvCell { .. } => "csv_cell",
            Self::Table(error) => error.code(),
            Self::NotATable { .. } => "not_a_table",
            Self::CsvWidth { .. } => "csv_width",
            Self::BlockList { .. } => "block_list",
            Self::NotFinite { .. } => "not_finite",
            Self::NpyNotFloat { .. } => "npy_not_float",
            Self::FloatOverflow { .. } => "float_overflow",
            Self::SafetensorsHeader { .. } => "safetensors_header",
            Self::UnknownTensor { .. } => "unknown_tensor",
            Self::MissingTensor { .. } => "missing_tensor",
            Self::TensorDtype { .. } => "tensor_dtype",
            Self::TensorShape { .. } => "tensor_shape",
            Self::LayerCount => "layer_count",
            Self::WeightRange { .. } => "weight_range",
            Self::RequantRange { .. } => "requant_range",
            Self::BiasOverflow { .. } => "bias_overflow",
            Self::Empty => "empty",
            Self::DimensionTooLarge { .. } => "dimension_too_large",
            Self::InnerDimensionTooLarge { .. } => "inner_dimension_too_large",
            Self::InputsTooLarge { .. } => "inputs_too_large",
            Self::GradientTooLarge { .. } => "gradient_too_large",
            Self::ShapeMismatch { .. } => "shape_mismatch",
            Self::WrongInput { .. } => "wrong_input",
            Self::SampleRange { .. } => "sample_range",
        }
    }

    /// The error code of the answer that refuses the file.
    pub const fn error_code(&self) -> ErrorCode {
        match self {
            Self::NpyMask | Self::NpyDtype { .. } | Self::NpyNotFloat { .. } | Self::TensorDtype { .. } => {
                ErrorCode::InvalidDtype
            }
            Self::NotFinite { .. }
            | Self::FloatOverflow { .. }
            | Self::ValueRange { .. }
            | Self::CsvCell { .. }
            | Self::WeightRange { .. }
            | Self::RequantRange { .. }
            | Self::SampleRange { .. } => ErrorCode::ValueOutOfRange,
            Self::BiasOverflow { .. } => ErrorCode::BiasOverflow,
            Self::InnerDimensionTooLarge { .. } => ErrorCode::KTooLarge,
            Self::NotTwoDimensional { .. }
            | Self::CsvWidth { .. }
            | Self::TensorShape { .. }
            | Self::Empty
            | Self::DimensionTooLarge { .. }
            | Self::InputsTooLarge { .. }
            | Self::GradientTooLarge { .. }
            | Self::ShapeMismatch { .. }
            | Self::LayerCount => ErrorCode::InvalidShape,
            Self::NotATable { .. } => ErrorCode::InvalidParameter,
            Self::UnknownFormat { .. }
            | Self::NotNpy
            | Self::NpyHeader
            | Self::NpyPickled
            | Self::Truncated { .. }
            | Self::TrailingBytes { .. }
            | Self::Table(_)
            | Self::BlockList { .. }
            | Self::SafetensorsHeader { .. }
            | Self::UnknownTensor { .. }
            | Self::MissingTensor { .. }
            | Self::WrongInput { .. } => ErrorCode::InvalidFile,
        }
    }

    pub(super) fn unknown_format(name: &str) -> Self {
        Self::UnknownFormat { name: shortened(name) }
    }

    pub(super) fn unknown_tensor(name: &str) -> Self {
        Self::UnknownTensor { name: shortened(name) }
    }

    pub(super) fn safetensors(reason: impl ToString) -> Self {
        Self::SafetensorsHeader { reason: shortened(&reason.to_string()) }
    }

    pub(super) fn csv_cell(line: u64, column: usize, cell: &str) -> Self {
        Self::CsvCell { line, column, cell: shortened(cell) }
    }

    pub(super) fn npy_dtype(dtype: &str) -> Self {
        Self::NpyDtype { dtype: shortened(dtype) }
    }

    pub(super) fn npy_not_float(dtype: &str) -> Self {
        Self::NpyNotFloat { dtype: shortened(dtype) }
    }
}

impl From<TableError> for IntakeError {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Width { line, expected, got, counts: false } => {
                Self::CsvWidth { line, expected: expected as u64, got: got as u64 }
            }
            TableError::Columns { got, max } => {
                Self::DimensionTooLarge { what: "columns", got: got as u64, max: max as u64 }
            }
            TableError::Empty => Self::Empty,
            other => Self::Table(other),
        }
    }
}

/// A hint at what is wrong with a cell that is not a sample.
fn advice(line: u64, column: usize, cell: &str) -> &'static str {
    if cell.is_empty() && line == 1 && column == 1 {
        return "; if the column is an index without a name, write the file without it (pandas: index=False)";
    }
    if cell.contains([';', '\t', '|']) {
        "; if it holds several cells, name what separates them with --delimiter"
    } else {
        ""
    }
}

pub(super) fn at_most(what: &'static str, got: u64, max: u64) -> Result<(), IntakeError> {
    if got > max { Err(IntakeError::DimensionTooLarge { what, got, max }) } else { Ok(()) }
}

pub(super) fn inner_dimension(k: u64) -> Result<(), IntakeError> {
    inner_dimension_up_to(k, MAX_K)
}

pub(super) fn inner_dimension_up_to(k: u64, max: u32) -> Result<(), IntakeError> {
    if k > u64::from(max) { Err(IntakeError::InnerDimensionTooLarge { k, max }) } else { Ok(()) }
}

/// Cuts untrusted text short for use in a message.
fn shortened(text: &str) -> String {
    const MAX_CHARS: usize = 100;
    let mut short: String = text.chars().take(MAX_CHARS).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
