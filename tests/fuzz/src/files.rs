//! Targets for the files that requesters upload.

use adit_coordinator::intake::{self, Format, IntakeError, Parsed};
use adit_core::Unit;
use adit_core::kind::{HashTree, MlpI8};

use crate::samples::{cuts, inputs, model};
use adit_support::files;

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
    // An accepted model makes a valid unit, if it is small enough.
    let Ok((model, input)) = intake::inference(parsed, input) else { return };
    let (x, _) = intake::operand_blocks(input, 1);
    let (layers, _) = intake::model_blocks(model);
    assert_eq!(Unit::MlpI8(MlpI8 { x, layers }).validate(), Ok(()));
}

pub(super) fn floats(bytes: &[u8]) {
    let Some(parsed) = parsed(Format::NpyFloats, bytes) else { return };
    let Parsed::Floats(matrix) = &parsed else { panic!("a .npy file of floats holds floats, not {parsed:?}") };
    assert_eq!(matrix.values.len(), matrix.rows * matrix.cols);
    assert!(matrix.values.iter().all(|value| value.is_finite()), "a number that is none");
    // An accepted product cannot overflow f32.
    if let Ok((a, b)) = intake::float_product(parsed.clone(), parsed.clone())
        && a.rows <= 64
    {
        let mut product = vec![0.0; a.rows * b.cols];
        adit_core::kernel::float::multiply(&a.values, a.rows, &b, &mut product);
        assert!(product.iter().all(|value| value.is_finite()), "a sum that is no number");
    }
}

pub(super) fn table(bytes: &[u8]) {
    let Some(parsed) = parsed(Format::Table, bytes) else { return };
    let Parsed::Data(intake::DataSet { table: Some((rows, columns)), .. }) = parsed else {
        panic!("a table has columns")
    };
    for column in columns {
        assert_eq!(column.integers.count + column.other + column.empty, rows, "cells are counted once");
    }
}

pub(super) fn blocks(bytes: &[u8]) {
    let Some(parsed) = parsed(Format::Blocks, bytes) else { return };
    let Parsed::Blocks(data) = parsed else { panic!("a list of blocks is one") };
    assert_eq!(data.blocks().map(|(_, bytes)| u64::from(bytes)).sum::<u64>(), data.bytes());
    let unit = Unit::HashTree(HashTree { data: data.run(0, 1), source: Some("https://gateway.example".into()) });
    assert_eq!(unit.validate(), Ok(()));
}

/// The parsed file. Asserts that an error has a code and a message.
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
        files::npy_with("int8", "(1L, 2L)", &[1, 2]),
        files::npy_with(">h", "(1, # a row\n 1)", &[0, 1]),
        files::npy_with("|b1", "(1, 1)", &[1]),
    ]
}

pub(super) fn floats_seeds() -> Vec<Vec<u8>> {
    let seed = |values: [f32; 4]| files::npy_floats(2, 2, &values);
    let big_endian: Vec<u8> = [1.0f32; 4].iter().flat_map(|value| value.to_be_bytes()).collect();
    let nan = seed([f32::NAN, f32::INFINITY, -0.0, 1e-45]);
    vec![seed([1.0, -2.5, 0.0, 3e38]), nan, files::npy_with(">f4", "(2, 2)", &big_endian), files::npy(2, 2, &[1; 4])]
}

pub(super) fn table_seeds() -> Vec<Vec<u8>> {
    let texts = [
        "a,b\n1,x\n-9223372036854775808,\n",
        "1,2\n3,4\n",
        "9223372036854775807,9223372036854775808\n",
        "1,5;2\n3;4,5\n",
    ];
    texts.iter().map(|text| text.as_bytes().to_vec()).chain(csv_seeds()).collect()
}

pub(super) fn blocks_seeds() -> Vec<Vec<u8>> {
    let cid = adit_core::content_id::block_cid(b"block");
    vec![format!("cid,bytes\n{cid},9\n{cid},9\n{cid},4\n").into_bytes(), format!("cid,bytes\n{cid},1048576\n").into()]
}

pub(super) fn csv_seeds() -> Vec<Vec<u8>> {
    let texts =
        ["a,b\n1,2\n", "\"x\",\"y\"\r\n\"1\",\" 127 \"\r\n", "1\n\n2\n", "1,2\n3\n", "NaN,1e5\n", "\u{feff}1,2\n"];
    let wide: Vec<u8> = "a;b\r1;2\r".encode_utf16().flat_map(u16::to_le_bytes).collect();
    texts.iter().map(|text| text.as_bytes().to_vec()).chain([inputs(), wide]).collect()
}

pub(super) fn safetensors_seeds() -> Vec<Vec<u8>> {
    let header = br#"{"__metadata__":{"format":"np"},"layers.0.weight":{"dtype":"I8","shape":[1,1],"data_offsets":[0,1]},"layers.0.bias":{"dtype":"I32","shape":[1],"data_offsets":[1,5]}}"#;
    let with_metadata = [&(header.len() as u64).to_le_bytes()[..], header, &[1, 2, 0, 0, 0]].concat();
    vec![model(), files::model(&[(vec![1, 2], vec![3])], [1, 1]), with_metadata]
}
