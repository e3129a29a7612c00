//! Intake against files that other programs wrote: arrays saved by numpy, and the examples' models and samples with the
//! classes that their scripts computed.

use std::path::Path;

use adit_coordinator::intake::{self, CLASSES_HEADER, Format, Matrix, Parsed};
use adit_core::content_id::block_cid;
use adit_core::kind::MlpI8;
use adit_core::sign::LeaseId;
use adit_core::unit::Unit;
use adit_core::{Cid, assemble, kernel};

fn fixture(name: &str) -> Vec<u8> {
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name))
}

fn example(name: &str) -> Vec<u8> {
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name))
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn intake_reads_what_numpy_writes() {
    let signed = Matrix { rows: 3, cols: 5, values: (0..15).map(|i| (i * 17 - 128) as i8).collect() };
    let unsigned = Matrix { rows: 3, cols: 5, values: (0..15).map(|i| i * 9).collect() };
    for (name, expected) in [
        ("good_i1.npy", &signed),
        ("good_i1_fortran.npy", &signed),
        ("good_i1_version_2.npy", &signed),
        ("good_i1_version_3.npy", &signed),
        ("good_i2.npy", &signed),
        ("good_i4_big_endian.npy", &signed),
        ("good_i8_fortran.npy", &signed),
        ("good_u1.npy", &unsigned),
        ("good_u8_big_endian.npy", &unsigned),
    ] {
        assert_eq!(intake::parse(Format::Npy, &fixture(name)), Ok(Parsed::Matrix(expected.clone())), "{name}");
    }
}

#[test]
fn arrays_that_are_not_int8_matrices_are_refused_with_a_reason() {
    for (name, code, says) in [
        ("bad_bool.npy", "npy_mask", "A.astype(numpy.int8)"),
        ("bad_complex.npy", "npy_dtype", "'<c8'"),
        ("bad_datetime.npy", "npy_dtype", "'<M8[ns]'"),
        ("bad_empty.npy", "empty", "no rows or no columns"),
        ("bad_float.npy", "npy_dtype", "numpy.rint"),
        ("bad_int16_range.npy", "value_range", "A[0, 0] is -384"),
        ("bad_int64_range_fortran.npy", "value_range", "A[2, 4] is 1099511627776"),
        ("bad_nan.npy", "npy_dtype", "'<f8'"),
        ("bad_one_dimension.npy", "not_two_dimensional", "has 1 dimensions"),
        ("bad_pickled.npy", "npy_pickled", "astype"),
        ("bad_structured.npy", "npy_dtype", "structured"),
        ("bad_text.npy", "npy_dtype", "'<U4'"),
        ("bad_three_dimensions.npy", "not_two_dimensional", "has 3 dimensions"),
        ("bad_uint8_range.npy", "value_range", "A[2, 4] is 128"),
        ("bad_zero_dimensions.npy", "not_two_dimensional", "has 0 dimensions"),
    ] {
        let error = intake::parse(Format::Npy, &fixture(name)).expect_err(name);
        assert_eq!(error.code(), code, "{name}");
        assert!(error.to_string().contains(says), "{name}: {error}");
    }
}

#[test]
fn classes_match_those_of_the_examples_scripts() {
    classes_are_expected("digits/digits-mlp.safetensors", "digits/digits.csv", "digits/expected.csv");
    classes_are_expected("fraud/fraud-mlp.safetensors", "fraud/transactions.csv", "fraud/expected.csv");
}

fn classes_are_expected(model: &str, samples: &str, expected: &str) {
    let model = intake::parse(Format::Safetensors, &example(model)).expect("a good model");
    let samples = intake::parse(Format::Csv, &example(samples)).expect("good samples");
    let (model, samples) = intake::inference(model, samples).expect("they fit");
    let bias = model.layers.last().expect("a layer").bias.clone();
    let width = model.output_width() as usize;

    let panel_rows = intake::input_panel_rows(samples.rows, samples.cols, model.output_width());
    let (x, mut blocks) = intake::operand_blocks(samples, panel_rows);
    let (layers, shared) = intake::model_blocks(model);
    blocks.extend(shared);
    let unit = Unit::MlpI8(MlpI8 { x, layers });
    assert_eq!(unit.validate(), Ok(()));

    let block = |cid: &Cid| blocks.iter().find(|block| block_cid(block) == *cid).map(Vec::as_slice);
    let output = unit.output(&kernel::Scalar, &LeaseId([0; 16]), block).expect("every block is there");
    let rows = assemble::columns(&output, width, width - bias.len(), width);
    let classes = format!("{CLASSES_HEADER}{}", intake::class_lines(rows, &bias));
    assert_eq!(classes.as_bytes(), example(expected), "{expected}");
}
