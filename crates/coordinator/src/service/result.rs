//! Result files: from verified outputs, unit by unit where their rows are the file's.

mod tree;

use adit_core::Unit;
use adit_core::assemble::{self, GradientSum};
use adit_core::kind::ResultForm;

use super::check::{Checker, last_bias, load_weights};
use crate::intake;
use crate::store::db::DbError;
use crate::store::jobs::{UnitRow, unit_of};
use crate::store::log::corrupt;
use crate::store::{Store, blocks};

/// What comes before the first unit's part in the result file of `template`'s job.
pub(crate) fn head(template: &Unit) -> Vec<u8> {
    let (rows, cols) = (template.input().rows, template.output_width() as u32);
    match template.kind().facts().result {
        ResultForm::Integers => intake::npy_i32_header(rows, cols),
        ResultForm::Floats => intake::npy_f32_header(rows, cols),
        ResultForm::Classes => intake::CLASSES_HEADER.as_bytes().to_vec(),
        ResultForm::Gradient | ResultForm::Report => Vec::new(),
    }
}

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

    fn form(&self) -> ResultForm {
        self.template.kind().facts().result
    }

    /// What comes before the first unit's part.
    pub(crate) fn head(&self) -> Vec<u8> {
        head(&self.template)
    }

    /// A unit's part, where the file has one for each.
    pub(crate) fn part(&self, output: Vec<u8>) -> Vec<u8> {
        match self.form() {
            ResultForm::Integers | ResultForm::Floats => output,
            ResultForm::Classes => {
                let width = self.template.output_width() as usize;
                let classes = self.template.layers().last().map_or(0, |layer| layer.weight.cols as usize);
                let rows = assemble::columns(&output, width, width - classes, width);
                intake::class_lines(rows, &self.bias).into_bytes()
            }
            ResultForm::Gradient | ResultForm::Report => Vec::new(),
        }
    }

    /// What is said of all units together, where that is the file.
    pub(crate) async fn tail(&self, store: &Store, checker: &Checker, units: &[UnitRow]) -> Result<Vec<u8>, DbError> {
        match self.form() {
            ResultForm::Integers | ResultForm::Floats | ResultForm::Classes => Ok(Vec::new()),
            ResultForm::Gradient => self.gradient(store, checker, units).await,
            ResultForm::Report => {
                tree::report(store, self.job, self.template.input(), self.template.source(), units).await
            }
        }
    }

    async fn gradient(&self, store: &Store, checker: &Checker, units: &[UnitRow]) -> Result<Vec<u8>, DbError> {
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
