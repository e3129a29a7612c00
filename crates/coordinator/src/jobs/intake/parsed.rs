//! What a file held, once it is parsed and checked.

use adit_core::kernel::float::FloatMatrix;
use adit_core::unit::{MAX_COLS, MAX_ROWS, Operand, Requant};

use super::error::{IntakeError, at_most};
use super::table::Column;

/// What a file held.
#[derive(Clone, Debug, PartialEq)]
pub enum Parsed {
    /// A matrix of −128..=127.
    Matrix(Matrix),
    /// Samples of 0..=127, one a row.
    Samples(Matrix),
    /// A quantised perceptron.
    Model(Model),
    /// A matrix of f32.
    Floats(FloatMatrix),
    /// A data set.
    Data(DataSet),
    /// The blocks of a data set that is held elsewhere.
    Blocks(Operand),
}

/// A data set, and what its columns hold if it is a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataSet {
    /// Its bytes, at least one.
    pub bytes: Vec<u8>,
    /// Rows and columns.
    pub table: Option<(u64, Vec<Column>)>,
}

/// A row-major matrix: rows 1..=2^24, columns 1..=2^20, `values.len()` = rows · cols.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// Rows.
    pub rows: u32,
    /// Columns.
    pub cols: u32,
    /// Row after row.
    pub values: Vec<i8>,
}

/// A quantised perceptron whose layers fit each other, 1 to 32 of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// From the input on.
    pub layers: Vec<ModelLayer>,
}

/// One layer. No sum of it can leave an i32: 127 · Σ|W_ij| + |b_j| ≤ 2^31 − 1 in every column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelLayer {
    /// Inputs, 1..=131 071.
    pub k: u32,
    /// Outputs, 1..=2^18.
    pub n: u32,
    /// k × n, row-major, −127..=127.
    pub weights: Vec<i8>,
    /// One for each output.
    pub bias: Vec<i32>,
    /// How the sums become the next layer's activations; in the last layer, the prediction of a model to be trained.
    pub requant: Option<Requant>,
    /// How errors become those of the layer before, in a model to be trained.
    pub back: Option<Requant>,
}

impl Parsed {
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
    /// Values of one sample.
    pub fn inputs(&self) -> u32 {
        self.layers.first().map_or(0, |layer| layer.k)
    }

    /// Sums of one output row: Σ n over the layers.
    pub fn output_width(&self) -> u64 {
        self.layers.iter().map(|layer| u64::from(layer.n)).sum()
    }
}

/// Dimensions of a matrix within their caps.
pub(super) fn dimensions(rows: u64, cols: u64) -> Result<(u32, u32), IntakeError> {
    if rows == 0 || cols == 0 {
        return Err(IntakeError::Empty);
    }
    at_most("rows", rows, u64::from(MAX_ROWS))?;
    at_most("columns", cols, u64::from(MAX_COLS))?;
    Ok((rows as u32, cols as u32))
}
