//! The constants of a kind, which are known before it has a unit.

use crate::amount::Amount;
use crate::task_type::TaskType;

/// A kind's constants.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// Its name with its version, as units, receipts and the database spell it.
    pub name: &'static str,
    /// What a unit's work counts.
    pub work_unit: &'static str,
    /// What an engine needs in order to compute it.
    pub primitive: Primitive,
    /// The price of 2^20 units of work.
    pub price: Amount,
    /// Work in the first unit for a lane of unknown speed: a fraction of a second for the slowest browser or connection.
    pub first_work: u64,
    /// The speed, in work per second, by which the lease of a lane of unknown speed is timed.
    pub slowest: u64,
    /// The most input rows of one unit.
    pub max_rows: u32,
    /// The task type of its jobs unless the requester chooses another.
    pub task_type: TaskType,
    /// Other task types that a requester may choose.
    pub other_task_types: &'static [TaskType],
    /// What it computes, in one line for display.
    pub summary: &'static str,
    /// The file that a job's outputs become.
    pub result: ResultForm,
}

/// What an engine computes units with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Primitive {
    /// Products of int8 matrices with sums in i32.
    Int8,
    /// Products of f32 matrices.
    Float,
    /// SHA-256 of leaves.
    Hash,
    /// Nothing: bytes are held.
    Holding,
}

/// The file that a job's outputs become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultForm {
    /// A `.npy` array of i32: the outputs in the order of their panels.
    Integers,
    /// A `.npy` array of f32: the same.
    Floats,
    /// A `.csv` file with one class a line.
    Classes,
    /// A `.safetensors` file of the outputs' sum.
    Gradient,
    /// A report in JSON on what was found.
    Report,
}

impl ResultForm {
    /// The file's media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            ResultForm::Integers | ResultForm::Floats | ResultForm::Gradient => "application/octet-stream",
            ResultForm::Classes => "text/csv",
            ResultForm::Report => "application/json",
        }
    }
}

/// [`Facts::work_unit`] of kinds that multiply.
pub(crate) const MULTIPLY_ACCUMULATES: &str = "multiply-accumulates";
