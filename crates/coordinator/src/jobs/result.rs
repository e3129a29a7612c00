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

/// One unit's part of the file, if the format has parts; `bias` is the last layer's.
pub(crate) fn part(template: &Unit, bias: &[i32], output: Vec<u8>) -> Vec<u8> {
    match template.kind().facts().result {
        ResultForm::Integers | ResultForm::Floats => output,
        ResultForm::Classes => {
            let width = template.output_width() as usize;
            let classes = template.layers().last().map_or(0, |layer| layer.weight.cols as usize);
            let rows = assemble::columns(&output, width, width - classes, width);
            intake::class_lines(rows, bias).into_bytes()
        }
        ResultForm::Gradient | ResultForm::Report => Vec::new(),
    }
}
