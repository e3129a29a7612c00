//! Builds result files from verified outputs, unit by unit where the rows match the file's.

pub(crate) mod tree;

use adit_core::Unit;
use adit_core::assemble;
use adit_core::kind::ResultForm;

use crate::jobs::intake;

/// The start of a result file, before the first unit's part.
pub(crate) fn head(template: &Unit) -> Vec<u8> {
    let (rows, cols) = (template.input().rows, template.output_width() as u32);
    match template.kind().facts().result {
        ResultForm::Integers => intake::npy_i32_header(rows, cols),
        ResultForm::Floats => intake::npy_f32_header(rows, cols),
        ResultForm::Classes => intake::CLASSES_HEADER.as_bytes().to_vec(),
        ResultForm::Gradient | ResultForm::Report => Vec::new(),
    }
}

/// The file's length, if it is known before the work is done.
pub(crate) fn length(template: &Unit) -> Option<u64> {
    match template.kind().facts().result {
        ResultForm::Integers | ResultForm::Floats => Some(head(template).len() as u64 + template.output_bytes()),
        ResultForm::Classes | ResultForm::Gradient | ResultForm::Report => None,
    }
}

/// One unit's part of the file, made as the unit's output is read.
pub(crate) struct Part {
    form: ResultForm,
    /// The beginning of a row.
    begun: Vec<u8>,
}

impl Part {
    pub(crate) fn new(template: &Unit) -> Self {
        Part { form: template.kind().facts().result, begun: Vec::new() }
    }

    /// What the next bytes of the output add to the file; `bias` is the last layer's.
    pub(crate) fn next(&mut self, template: &Unit, bias: &[i32], bytes: Vec<u8>) -> Vec<u8> {
        match self.form {
            ResultForm::Integers | ResultForm::Floats => bytes,
            ResultForm::Classes => {
                let width = template.output_width() as usize;
                let classes = template.layers().last().map_or(0, |layer| layer.weight.cols as usize);
                self.begun.extend_from_slice(&bytes);
                let whole = self.begun.len() - self.begun.len() % (4 * width.max(1));
                let rows = assemble::columns(&self.begun[..whole], width, width - classes, width);
                let lines = intake::class_lines(rows, bias).into_bytes();
                self.begun.drain(..whole);
                lines
            }
            ResultForm::Gradient | ResultForm::Report => Vec::new(),
        }
    }
}
