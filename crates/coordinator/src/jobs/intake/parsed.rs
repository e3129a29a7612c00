//! The content of an uploaded file, parsed and checked.

use adit_core::kernel::float::FloatMatrix;
use adit_core::reduce::Reduction;
use adit_core::unit::{MAX_COLS, MAX_ROWS, Operand, Requant};
use adit_protocol::jobs::FileContent;

use super::error::{IntakeError, at_most};

/// The content of a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Parsed {
    /// A matrix of −128..=127.
    Matrix(Matrix),
    /// Samples of 0..=127, one per row.
    Samples(Matrix),
    /// A quantised perceptron.
    Model(Model),
    /// A matrix of f32.
    Floats(FloatMatrix),
    /// A data set.
    Data(DataSet),
    /// The blocks of a data set held elsewhere.
    Blocks(Operand),
}

/// A data set, with column statistics if it is a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataSet {
    /// The bytes; never empty.
    pub bytes: Vec<u8>,
    /// The number of rows, and the columns, if it is a table.
    pub table: Option<(u64, Vec<Column>)>,
}

/// A row-major matrix: rows 1..=2^24, columns 1..=2^20, `values.len()` = rows · cols.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// The number of rows.
    pub rows: u32,
    /// The number of columns.
    pub cols: u32,
    /// The values, row by row.
    pub values: Vec<i8>,
}

/// A quantised perceptron of 1 to 32 layers that fit each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// The layers, from input to output.
    pub layers: Vec<ModelLayer>,
}

/// One layer. No sum in it overflows an i32: 127 · Σ|W_ij| + |b_j| ≤ 2^31 − 1 in every column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelLayer {
    /// Inputs, 1..=131 071.
    pub k: u32,
    /// Outputs, 1..=2^18.
    pub n: u32,
    /// k × n, row-major, −127..=127.
    pub weights: Vec<i8>,
    /// One value per output.
    pub bias: Vec<i32>,
    /// Scales sums to the next layer's activations; in the last layer of a model to train, to the prediction.
    pub requant: Option<Requant>,
    /// Scales errors back to the previous layer, in a model to train.
    pub back: Option<Requant>,
}

/// Statistics of one column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// The column's name, if the table has a header.
    pub name: Option<String>,
    /// Empty cells.
    pub empty: u64,
    /// Cells that are not 64-bit integers.
    pub other: u64,
    /// The integers, reduced.
    pub integers: Reduction,
}

impl Parsed {
    /// What the file holds, in short.
    pub fn content(&self) -> FileContent {
        match self {
            Parsed::Matrix(matrix) => FileContent::Matrix { rows: matrix.rows, cols: matrix.cols },
            Parsed::Samples(samples) => FileContent::Samples { rows: samples.rows, cols: samples.cols },
            Parsed::Model(model) => {
                let outputs = model.layers.iter().map(|layer| layer.n);
                FileContent::Model { dims: std::iter::once(model.inputs()).chain(outputs).collect() }
            }
            Parsed::Floats(floats) => FileContent::Floats { rows: floats.rows as u32, cols: floats.cols as u32 },
            Parsed::Data(data) => FileContent::Data {
                bytes: data.bytes.len() as u64,
                columns: data.table.as_ref().map(|(_, columns)| columns.len() as u32),
            },
            Parsed::Blocks(data) => {
                FileContent::Blocks { blocks: data.panels.len() as u32, bytes: u64::from(data.rows) }
            }
        }
    }

    pub(super) fn into_matrix(self, role: &'static str) -> Result<Matrix, IntakeError> {
        match self {
            Parsed::Matrix(matrix) | Parsed::Samples(matrix) => Ok(matrix),
            _ => Err(IntakeError::WrongInput { role, wanted: "a .npy file of integers" }),
        }
    }

    pub(super) fn into_samples(self) -> Result<Matrix, IntakeError> {
        let matrix = self.into_matrix("the input")?;
        if let Some(index) = matrix.values.iter().position(|value| *value < 0) {
            return Err(IntakeError::SampleRange {
                row: index / matrix.cols as usize,
                col: index % matrix.cols as usize,
                value: matrix.values[index],
            });
        }
        Ok(matrix)
    }
}

impl Model {
    /// Values per sample.
    pub fn inputs(&self) -> u32 {
        self.layers.first().map_or(0, |layer| layer.k)
    }

    /// Sums per output row: Σ n over the layers.
    pub fn output_width(&self) -> u64 {
        self.layers.iter().map(|layer| u64::from(layer.n)).sum()
    }
}

/// Checks a matrix's dimensions against their limits.
pub(super) fn dimensions(rows: u64, cols: u64) -> Result<(u32, u32), IntakeError> {
    if rows == 0 || cols == 0 {
        return Err(IntakeError::Empty);
    }
    at_most("rows", rows, u64::from(MAX_ROWS))?;
    at_most("columns", cols, u64::from(MAX_COLS))?;
    Ok((rows as u32, cols as u32))
}
