//! What requesters upload.

use adit_coordinator::intake::{self, Format, IntakeError, Parsed};
use adit_core::Unit;

use super::samples::{cuts, inputs, model};
use crate::files;

pub(super) fn npy(bytes: &[u8]) {
    match parsed(Format::Npy, bytes) {
        Some(Parsed::Matrix(matrix)) => {
            let square = intake::product(Parsed::Matrix(matrix.clone()), Parsed::Matrix(matrix.clone()));
            assert_eq!(square.is_ok(), matrix.rows == matrix.cols && matrix.cols <= adit_core::unit::MAX_K);
            cuts(matrix);
        }
        Some(other) => panic!("a .npy file holds a matrix, not {other:?}"),
        None => {}
    }
}

pub(super) fn csv(bytes: &[u8]) {
    match parsed(Format::Csv, bytes) {
        Some(Parsed::Samples(matrix)) => {
            assert!(matrix.values.iter().all(|value| *value >= 0), "samples are not negative");
            cuts(matrix);
        }
        Some(other) => panic!("a .csv file holds samples, not {other:?}"),
        None => {}
    }
}

pub(super) fn safetensors(bytes: &[u8]) {
    let Some(parsed) = parsed(Format::Safetensors, bytes) else { return };
    let Parsed::Model(model) = &parsed else { panic!("a .safetensors file holds a model, not {parsed:?}") };
    let rows = files::csv(model.inputs() as usize, &vec![1; model.inputs() as usize]);
    let input = intake::parse(Format::Csv, &rows).expect("one sample");
    // A model that was taken makes a unit that holds, if it is small enough.
    let Ok((model, input)) = intake::inference(parsed, input) else { return };
    let (x, _) = intake::operand_blocks(input, 1);
    let (layers, _) = intake::model_blocks(model);
    assert_eq!(Unit::MlpI8 { x, layers }.validate(), Ok(()));
}

/// What the file holds; an error has a code and a sentence.
fn parsed(format: Format, bytes: &[u8]) -> Option<Parsed> {
    let said = |error: &IntakeError| assert!(!error.code().is_empty() && !error.to_string().is_empty());
    intake::parse(format, bytes).inspect_err(said).ok()
}

pub(super) fn npy_seeds() -> Vec<Vec<u8>> {
    vec![
        files::npy(3, 2, &files::values(1, 6)),
        files::npy_with("<i2", "(2, 2)", &[1, 0, 2, 0, 0xff, 0xff, 4, 0]),
        files::npy_with(">i4", "(1, 1)", &[0, 0, 0, 5]),
        files::npy_with("<u8", "(1, 1)", &[7, 0, 0, 0, 0, 0, 0, 0]),
        files::npy_with("<f4", "(1, 1)", &[0; 4]),
        files::npy_with("|O", "(1, 1)", &[0; 8]),
        files::npy_with("<M8[ns]", "(1, 1)", &[0; 8]),
    ]
}

pub(super) fn csv_seeds() -> Vec<Vec<u8>> {
    let texts =
        ["a,b\n1,2\n", "\"x\",\"y\"\r\n\"1\",\" 127 \"\r\n", "1\n\n2\n", "1,2\n3\n", "NaN,1e5\n", "\u{feff}1,2\n"];
    texts.iter().map(|text| text.as_bytes().to_vec()).chain([inputs()]).collect()
}

pub(super) fn safetensors_seeds() -> Vec<Vec<u8>> {
    let header = br#"{"__metadata__":{"format":"np"},"layers.0.weight":{"dtype":"I8","shape":[1,1],"data_offsets":[0,1]},"layers.0.bias":{"dtype":"I32","shape":[1],"data_offsets":[1,5]}}"#;
    let with_metadata = [&(header.len() as u64).to_le_bytes()[..], header, &[1, 2, 0, 0, 0]].concat();
    vec![model(), files::model(&[(vec![1, 2], vec![3])], [1, 1]), with_metadata]
}
