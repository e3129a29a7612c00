//! Result files: from verified outputs, unit by unit where their rows are the file's.

mod tree;

use adit_core::Unit;
use adit_core::assemble::{self, GradientSum};
use adit_core::kind::{HashTree, MatmulF32, MatmulI8, MlpI8};

use super::check::{Checker, last_bias, load_weights};
use crate::intake;
use crate::store::db::DbError;
use crate::store::jobs::{UnitRow, unit_of};
use crate::store::log::corrupt;
use crate::store::{Store, blocks};

/// Makes one job's result file.
#[derive(Clone)]
pub(crate) struct ResultFile {
    job: i64,
    template: Unit,
    /// The last layer's.
    bias: Vec<i32>,
}

impl ResultFile {
    pub(crate) async fn new(store: &Store, job: i64, template: Unit) -> Result<Self, DbError> {
        let bias = last_bias(&mut *store.read().await?, &template).await?;
        Ok(ResultFile { job, template, bias })
    }

    /// What comes before the first unit's part.
    pub(crate) fn head(&self) -> Vec<u8> {
        match &self.template {
            Unit::MatmulI8(MatmulI8 { a, b }) => intake::npy_i32_header(a.rows, b.cols),
            Unit::MlpI8(_) => intake::CLASSES_HEADER.as_bytes().to_vec(),
            Unit::MatmulF32(MatmulF32 { a, b }) => intake::npy_f32_header(a.rows, b.cols / 4),
            Unit::GradientI8(_) | Unit::HashTree(_) => Vec::new(),
        }
    }

    /// A unit's part, where the file has one for each.
    pub(crate) fn part(&self, output: Vec<u8>) -> Vec<u8> {
        match &self.template {
            Unit::MatmulI8(_) | Unit::MatmulF32(_) => output,
            Unit::MlpI8(MlpI8 { layers, .. }) => {
                let width = self.template.output_width() as usize;
                let classes = layers.last().map_or(0, |layer| layer.weight.cols as usize);
                let rows = assemble::columns(&output, width, width - classes, width);
                intake::class_lines(rows, &self.bias).into_bytes()
            }
            Unit::GradientI8(_) | Unit::HashTree(_) => Vec::new(),
        }
    }

    /// What is said of all units together, where that is the file.
    pub(crate) async fn tail(&self, store: &Store, checker: &Checker, units: &[UnitRow]) -> Result<Vec<u8>, DbError> {
        match &self.template {
            Unit::GradientI8(_) => {}
            Unit::HashTree(HashTree { data, source }) => {
                return tree::report(store, self.job, data, source.as_deref(), units).await;
            }
            _ => return Ok(Vec::new()),
        }
        let weights = load_weights(&mut *store.read().await?, &self.template).await?;
        let layers: Vec<_> = weights.layers.iter().map(|layer| layer.without_weights()).collect();
        let mut sum = GradientSum::new(self.template.layout());
        for unit in units {
            let rows = checker.rows(&unit_of(&self.template, unit.run())).await?;
            let output = blocks::output(&mut *store.read().await?, unit.id).await?;
            sum.add(&layers, &rows, &output);
        }
        intake::gradient_file(&sum).map_err(|_| corrupt("a gradient does not fit its file"))
    }
}
