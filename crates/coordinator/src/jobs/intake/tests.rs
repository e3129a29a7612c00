use adit_core::content_id::block_cid;
use adit_core::kind::MlpI8;
use adit_core::sign::LeaseId;
use adit_core::split::whole_panel_rows;
use adit_core::unit::Unit;
use adit_core::{assemble, kernel};
use npyz::WriterBuilder as _;
use proptest::prelude::*;
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use super::*;

type Tensor = (String, Dtype, Vec<usize>, Vec<u8>);

mod models;
mod npy;
mod tables;

/// A small input that failed once.
fn vector(name: &str) -> Vec<u8> {
    let path = format!("{}/../../tests/vectors/tables/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn code(parsed: Result<Parsed, IntakeError>) -> &'static str {
    let error = parsed.expect_err("a bad file is refused");
    assert!(error.to_string().len() < 400, "{error}");
    error.code()
}

fn npy_of(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

fn npy_header(descr: &str, shape: &str) -> String {
    format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n")
}

fn npy(header: &str, data: &[u8]) -> &'static str {
    code(parse(Format::Npy, &npy_of(header, data)))
}

fn csv(text: &str) -> Result<Parsed, IntakeError> {
    parse(Format::Csv, text.as_bytes())
}

fn tensor(name: &str, dtype: Dtype, shape: &[usize], data: Vec<u8>) -> Tensor {
    (name.into(), dtype, shape.to_vec(), data)
}

fn safetensors_of(tensors: &[Tensor]) -> Vec<u8> {
    let views = tensors.iter().map(|(name, dtype, shape, data)| {
        (name.as_str(), TensorView::new(*dtype, shape.clone(), data).expect("data fits its shape"))
    });
    safetensors::serialize(views, None).expect("a file is written")
}

/// A 2 → 3 → 1 model. Each bad model differs from it in one place.
fn small_model() -> Vec<Tensor> {
    vec![
        tensor("layers.0.weight", Dtype::I8, &[2, 3], vec![1, 2, 3, 0xff, 0xfe, 0x81]),
        tensor("layers.0.bias", Dtype::I32, &[3], kernel::to_le_bytes(&[10, -20, 30])),
        tensor("layers.0.requant", Dtype::I32, &[2], kernel::to_le_bytes(&[1 << 30, 33])),
        tensor("layers.1.weight", Dtype::I8, &[3, 1], vec![5, 6, 7]),
        tensor("layers.1.bias", Dtype::I32, &[1], kernel::to_le_bytes(&[-1])),
    ]
}

/// The small model with one tensor replaced or added.
fn model_with(changed: Tensor) -> Vec<u8> {
    let mut tensors = small_model();
    tensors.retain(|(name, ..)| *name != changed.0);
    tensors.push(changed);
    safetensors_of(&tensors)
}

fn model_without(name: &str) -> Vec<u8> {
    let tensors: Vec<Tensor> = small_model().into_iter().filter(|tensor| tensor.0 != name).collect();
    safetensors_of(&tensors)
}

fn model(bytes: &[u8]) -> &'static str {
    code(parse(Format::Safetensors, bytes))
}

/// A `.safetensors` frame around any header.
fn framed(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

#[test]
fn formats_go_by_name_and_extension() {
    assert_eq!("npy".parse(), Ok(Format::Npy));
    assert_eq!("data/X.small.CSV".parse(), Ok(Format::Csv));
    assert_eq!("model.safetensors".parse(), Ok(Format::Safetensors));
    for name in ["", "npz", "model.npy.gz", &"x".repeat(5000)] {
        let error = name.parse::<Format>().expect_err("no such format");
        assert_eq!(error.code(), "unknown_format");
        assert!(error.to_string().len() < 400);
    }
}

#[test]
fn bad_npy_headers_are_refused() {
    let i1 = |shape| npy_header("'|i1'", shape);
    assert_eq!(code(parse(Format::Npy, b"")), "not_npy");
    assert_eq!(code(parse(Format::Npy, b"PK\x03\x04 an archive of arrays")), "not_npy");
    assert_eq!(code(parse(Format::Npy, b"\x93NUMPY\x04\x00\x00\x00\x00\x00")), "not_npy");
    assert_eq!(npy("", b""), "npy_header");
    assert_eq!(npy("{'descr': '|i1', 'shape': (1, 1), }", b"1"), "npy_header");
    assert_eq!(npy("{'descr': '|i1', 'fortran_order': 1, 'shape': (1, 1), }", b"1"), "npy_header");
    assert_eq!(npy(&i1("(-1, 1)"), b"1"), "npy_header");
    assert_eq!(npy(&i1("(1.0, 1)"), b"1"), "npy_header");
    assert_eq!(npy(&i1("'1, 1'"), b"1"), "npy_header");
    assert_eq!(npy(&npy_header("'|i3'", "(1, 1)"), b"123"), "npy_header");
    assert_eq!(npy(&npy_header("'<U99999999999'", "(1, 1)"), b"123"), "npy_dtype");
    assert_eq!(npy(&npy_header("'|O'", "(1, 1)"), b"\x80\x03]q\x00."), "npy_pickled");
}

#[test]
fn npy_headers_cannot_be_bombs() {
    let i1 = |shape: &str| npy_header("'|i1'", shape);
    // Headers over the limit, with either width of the length field, and a length without text.
    assert_eq!(npy(&format!("{}{}", i1("(1, 1)"), " ".repeat(1024)), b"1"), "npy_header");
    assert_eq!(code(parse(Format::Npy, b"\x93NUMPY\x02\x00\xff\xff\xff\xff{")), "npy_header");
    assert_eq!(code(parse(Format::Npy, b"\x93NUMPY\x01\x00\xff\x00{")), "truncated");
    // Nested literals take the parser exponential time; long shapes overflow a u64.
    for open in ["[", "(", "{"] {
        assert_eq!(npy(&open.repeat(400), b""), "npy_header");
        assert_eq!(npy(&i1(&open.repeat(40)), b""), "npy_header");
    }
    assert_eq!(npy(&i1("(4294967296, 4294967296)"), b""), "npy_header");
    assert_eq!(npy(&i1("(0xffffffffff, 0xffffffffff)"), b""), "npy_header");
    assert_eq!(npy(&i1("(1e9, 1e99999999)"), b""), "npy_header");
    // The largest dimensions that get through.
    assert_eq!(npy(&i1("(999999999999, 99999)"), b"1"), "dimension_too_large");
    assert_eq!(npy(&i1("(9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9)"), b"1"), "not_two_dimensional");
}

#[test]
fn npy_sizes_are_checked_before_the_data_is_read() {
    let i2 = |shape| npy_header("'<i2'", shape);
    assert_eq!(npy(&i2("(2, 2)"), &[0; 7]), "truncated");
    assert_eq!(npy(&i2("(2, 2)"), &[0; 9]), "trailing_bytes");
    assert_eq!(npy(&i2("(2, 0)"), &[]), "empty");
    assert_eq!(npy(&i2("(16777217, 1)"), &[]), "dimension_too_large");
    assert_eq!(npy(&i2("(1, 1048577)"), &[]), "dimension_too_large");
    assert_eq!(npy(&i2("(16777216, 1048576)"), &[]), "truncated");
}

#[test]
fn bad_samples_are_refused_by_line_and_column() {
    let refused = |text: &str| csv(text).expect_err("a bad file is refused");
    let cell = |line, column, cell: &str| IntakeError::CsvCell { line, column, cell: cell.into() };
    assert_eq!(refused("0,1\n2,128\n"), cell(2, 2, "128"));
    assert_eq!(refused("a,b\n1,2\n\n3,-1\n"), cell(4, 2, "-1"));
    assert_eq!(refused("1,2\r\n\r\n3,-1\r\n"), cell(3, 2, "-1"));
    assert_eq!(refused("1,2\n3,\n"), cell(2, 2, ""));
    assert_eq!(refused("1,NaN\n"), cell(1, 2, "NaN"));
    assert_eq!(refused("1.0,2\n"), cell(1, 1, "1.0"));
    assert_eq!(refused("1;2\n"), cell(1, 1, "1;2"));
    assert_eq!(refused("a,b\nc,d\n"), cell(2, 1, "c"));
    assert_eq!(refused(",a\n0,1\n"), cell(1, 1, ""));
    assert_eq!(refused("1,2\n3,\"4\n5,6\n"), cell(2, 2, "4\n5,6"));
    assert_eq!(refused("1,2\n3\n"), IntakeError::CsvWidth { line: 2, expected: 2, got: 1 });
    assert_eq!(refused("1,2\r\n\n3\r\n"), IntakeError::CsvWidth { line: 3, expected: 2, got: 1 });
    assert_eq!(refused("a,b\n1,2,3\n").code(), "csv_width");
    assert_eq!(refused("").code(), "empty");
    assert_eq!(refused("a,b\n").code(), "empty");
    assert_eq!(refused(&"1,".repeat(131_072)).code(), "inner_dimension_too_large");
    assert_eq!(code(parse(Format::Csv, b"\x93NUMPY\x01\x00,\xff\xfe\n1,2\n")), "csv_cell");
    assert!(refused(&format!("1,{}\n", "9".repeat(10_000))).to_string().len() < 400);
}

#[test]
fn samples_may_have_a_line_of_names() {
    let expected = Parsed::Samples(Matrix { rows: 2, cols: 3, values: vec![0, 1, 127, 3, 4, 5] });
    for text in
        ["0,1,127\n3,4,5\n", "a,b,c\n0,1,127\n3,4,5", "\u{feff}\"x 1\", y ,z\r\n 0, 1 ,\"127\"\r\n\r\n3,4,5\r\n"]
    {
        assert_eq!(csv(text), Ok(expected.clone()), "{text:?}");
    }
}

fn matrix(rows: u32, cols: u32, value: i8) -> Matrix {
    Matrix { rows, cols, values: vec![value; rows as usize * cols as usize] }
}

#[test]
fn a_product_takes_operands_that_fit() {
    let refused = |a: Parsed, b: Parsed| product(a, b).expect_err("they do not fit").code();
    let of = |rows, cols| Parsed::Matrix(matrix(rows, cols, -1));
    assert!(product(of(2, 131_071), of(131_071, 1)).is_ok());
    assert_eq!(refused(of(2, 3), of(2, 3)), "shape_mismatch");
    assert_eq!(refused(of(2, 131_072), of(131_072, 1)), "inner_dimension_too_large");
    assert_eq!(refused(of(1, 256), of(256, 1 << 20)), "inputs_too_large");
    let model = Parsed::Model(Model { layers: Vec::new() });
    assert_eq!(refused(model.clone(), of(1, 1)), "wrong_input");
    assert_eq!(refused(of(1, 1), model), "wrong_input");
}

#[test]
fn inference_takes_a_model_and_samples_that_fit() {
    let model = parse(Format::Safetensors, &safetensors_of(&small_model())).expect("a good model");
    let refused = |model: &Parsed, input: Parsed| inference(model.clone(), input).expect_err("they do not fit");
    assert!(inference(model.clone(), Parsed::Matrix(matrix(4, 2, 127))).is_ok());
    assert!(inference(model.clone(), Parsed::Samples(matrix(4, 2, 0))).is_ok());
    assert_eq!(refused(&model, Parsed::Samples(matrix(4, 3, 0))).code(), "shape_mismatch");
    assert_eq!(refused(&model, model.clone()).code(), "wrong_input");
    assert_eq!(refused(&Parsed::Samples(matrix(4, 2, 0)), Parsed::Samples(matrix(4, 2, 0))).code(), "wrong_input");
    let mut negative = matrix(4, 2, 0);
    negative.values[5] = -1;
    assert_eq!(refused(&model, Parsed::Matrix(negative)), IntakeError::SampleRange { row: 2, col: 1, value: -1 });
    let layer = |k: u32, n: u32| ModelLayer {
        k,
        n,
        weights: vec![0; k as usize * n as usize],
        bias: vec![0; n as usize],
        requant: None,
        back: None,
    };
    let large = Parsed::Model(Model { layers: vec![layer(2, 1 << 17), layer(1 << 17, 1 << 11)] });
    assert_eq!(refused(&large, Parsed::Samples(matrix(1, 2, 0))).code(), "inputs_too_large");
}

#[test]
fn cut_files_make_a_unit_whose_output_gives_the_classes() {
    let Ok(Parsed::Model(model)) = parse(Format::Safetensors, &safetensors_of(&small_model())) else {
        panic!("the model is good");
    };
    let bias = model.layers[1].bias.clone();
    let samples = Matrix { rows: 20, cols: 2, values: (0..40).collect() };
    let panel_rows = input_panel_rows(samples.rows, samples.cols, model.output_width());
    let (x, mut blocks) = operand_blocks(samples, panel_rows);
    assert_eq!(x.panels.len(), 3);
    let (layers, shared) = model_blocks(model);
    let unit = Unit::MlpI8(MlpI8 { x, layers });
    assert_eq!(unit.validate(), Ok(()));
    let named: Vec<_> = shared.iter().chain(&blocks).map(|block| (block_cid(block), block.len() as u32)).collect();
    assert_eq!(unit.blocks(), named);
    blocks.extend(shared);
    let find = |cid: &adit_core::Cid| blocks.iter().find(|block| block_cid(block) == *cid).map(Vec::as_slice);
    let output = unit.output(&kernel::Scalar, &LeaseId([0; 16]), find).expect("every block is there");
    let lines = class_lines(assemble::columns(&output, 4, 3, 4), &bias);
    assert_eq!(lines, "0\n".repeat(20));
}

#[test]
fn panels_are_small_enough_for_the_widest_output() {
    for (rows, cols, width) in [(1 << 24, 1, 1 << 20), (1 << 24, 1, 1), (100, 131_071, 1 << 23), (1, 1, 1)] {
        let panel_rows = input_panel_rows(rows, cols, width);
        assert!(panel_rows >= 1);
        assert!(u64::from(panel_rows.min(rows)) * width * 4 <= adit_core::unit::MAX_OUTPUT_BYTES);
        assert!(u64::from(panel_rows.min(rows)) * u64::from(cols) <= MAX_BLOCK_BYTES as u64);
    }
    assert!(whole_panel_rows(MAX_COLS) == 1);
}

#[test]
fn result_files_have_the_formats_that_other_programs_read() {
    let mut file = npy_i32_header(2, 3);
    file.extend(kernel::to_le_bytes(&[1, -2, 3, 4, 5, -128]));
    let expected = Matrix { rows: 2, cols: 3, values: vec![1, -2, 3, 4, 5, -128] };
    assert_eq!(parse(Format::Npy, &file), Ok(Parsed::Matrix(expected)));
    assert!(String::from_utf8_lossy(&file).contains("{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3, ), }"));
    let sums = kernel::to_le_bytes(&[1, 5, 5, 9, 0, 0]);
    assert_eq!(class_lines(sums.chunks_exact(12), &[0, 0, 0]), "1\n0\n");
    assert_eq!(class_lines(sums.chunks_exact(12), &[0, 0, 1]), "2\n0\n");
}

fn written<T: npyz::Serialize>(dtype: &str, shape: &[u64], order: npyz::Order, values: Vec<T>) -> Vec<u8> {
    let dtype = npyz::DType::new_scalar(dtype.parse().expect("a type"));
    let mut bytes = Vec::new();
    let options = npyz::WriteOptions::new().dtype(dtype).shape(shape).order(order);
    let mut writer = options.writer(&mut bytes).begin_nd().expect("a Vec takes every write");
    writer.extend(values).expect("a Vec takes every write");
    writer.finish().expect("as many values as the shape says");
    bytes
}

fn stored(matrix: &Matrix, order: npyz::Order) -> Vec<i8> {
    let (rows, cols) = (matrix.rows as usize, matrix.cols as usize);
    match order {
        npyz::Order::C => matrix.values.clone(),
        npyz::Order::Fortran => (0..rows * cols).map(|at| matrix.values[at % rows * cols + at / rows]).collect(),
    }
}

fn any_matrix(low: i8) -> impl Strategy<Value = Matrix> {
    (1u32..9, 1u32..9).prop_flat_map(move |(rows, cols)| {
        let values = prop::collection::vec(low..=127, (rows * cols) as usize);
        values.prop_map(move |values| Matrix { rows, cols, values })
    })
}

/// Valid files of every format, for the tests to damage.
fn good_file(index: usize) -> (Format, Vec<u8>) {
    match index {
        0 => (Format::Npy, written::<i8>("|i1", &[2, 3], npyz::Order::C, vec![1, 2, 3, 4, 5, 6])),
        1 => (Format::Npy, written::<i64>(">i8", &[2, 3], npyz::Order::Fortran, vec![1, 2, 3, 4, 5, 6])),
        2 => (Format::Csv, b"a,b\n1,2\n\"3\",4\n".to_vec()),
        _ => (Format::Safetensors, safetensors_of(&small_model())),
    }
}

proptest! {
    #[test]
    fn every_integer_npy_round_trips(matrix in any_matrix(i8::MIN), fortran: bool) {
        let order = if fortran { npyz::Order::Fortran } else { npyz::Order::C };
        let shape = [matrix.rows.into(), matrix.cols.into()];
        let values = stored(&matrix, order);
        let files = [
            written("|i1", &shape, order, values.clone()),
            written("<i2", &shape, order, values.iter().map(|v| i16::from(*v)).collect::<Vec<i16>>()),
            written(">i2", &shape, order, values.iter().map(|v| i16::from(*v)).collect::<Vec<i16>>()),
            written("<i4", &shape, order, values.iter().map(|v| i32::from(*v)).collect::<Vec<i32>>()),
            written(">i8", &shape, order, values.iter().map(|v| i64::from(*v)).collect::<Vec<i64>>()),
        ];
        for file in files {
            prop_assert_eq!(parse(Format::Npy, &file), Ok(Parsed::Matrix(matrix.clone())));
        }
    }

    #[test]
    fn every_unsigned_npy_round_trips(matrix in any_matrix(0), fortran: bool) {
        let order = if fortran { npyz::Order::Fortran } else { npyz::Order::C };
        let shape = [matrix.rows.into(), matrix.cols.into()];
        let values = stored(&matrix, order);
        let files = [
            written("|u1", &shape, order, values.iter().map(|v| *v as u8).collect::<Vec<u8>>()),
            written("<u2", &shape, order, values.iter().map(|v| *v as u16).collect::<Vec<u16>>()),
            written(">u4", &shape, order, values.iter().map(|v| *v as u32).collect::<Vec<u32>>()),
            written("<u8", &shape, order, values.iter().map(|v| *v as u64).collect::<Vec<u64>>()),
        ];
        for file in files {
            prop_assert_eq!(parse(Format::Npy, &file), Ok(Parsed::Matrix(matrix.clone())));
        }
    }

    #[test]
    fn a_value_out_of_range_is_reported_with_its_place(
        matrix in any_matrix(i8::MIN), at: prop::sample::Index, over in 128i64.., fortran: bool,
    ) {
        let order = if fortran { npyz::Order::Fortran } else { npyz::Order::C };
        let mut wide = Matrix { values: vec![0; matrix.values.len()], ..matrix };
        let at = at.index(wide.values.len());
        wide.values[at] = 1;
        let shape = [wide.rows.into(), wide.cols.into()];
        let values: Vec<i64> = stored(&wide, order).iter().map(|v| if *v == 1 { over } else { 0 }).collect();
        let (row, col) = (at / wide.cols as usize, at % wide.cols as usize);
        let refused = Err(IntakeError::ValueRange { row, col, value: over.into() });
        prop_assert_eq!(parse(Format::Npy, &written("<i8", &shape, order, values)), refused);
    }

    #[test]
    fn samples_round_trip(matrix in any_matrix(0), names: bool, crlf: bool) {
        // A first sample that looks like names is refused, unless an option says that it is a sample.
        let first = &matrix.values[..matrix.cols as usize];
        prop_assume!(names || first.len() == 1 && first != [0] || !first.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1)));
        prop_assume!(names || first != [(matrix.rows - 1) as i8, 1] && first != [(matrix.rows - 1) as i8, 2]);
        let row = |row: &[i8]| row.iter().map(|v| v.to_string()).collect::<Vec<_>>().join(",");
        let mut lines: Vec<String> = matrix.values.chunks(matrix.cols as usize).map(row).collect();
        if names {
            lines.insert(0, (0..matrix.cols).map(|col| format!("p{col}")).collect::<Vec<_>>().join(","));
        }
        let text = lines.join(if crlf { "\r\n" } else { "\n" });
        prop_assert_eq!(csv(&text), Ok(Parsed::Samples(matrix)));
    }

    #[test]
    fn damaged_files_do_no_harm(
        file in 0usize..4,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        end: prop::sample::Index,
    ) {
        let (format, mut bytes) = good_file(file);
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        for bytes in [&bytes[..], &bytes[..end.index(bytes.len())]] {
            // A damaged file may still parse. It must not cause a panic, a hang or a matrix of the wrong size.
            if let Ok(Parsed::Matrix(matrix) | Parsed::Samples(matrix)) = parse(format, bytes) {
                prop_assert_eq!(matrix.values.len(), matrix.rows as usize * matrix.cols as usize);
            }
        }
    }

    #[test]
    fn noise_does_no_harm(
        noise in prop::collection::vec(any::<u8>(), 0..300), literal in "[\\[\\](){}0-9a-z'\", :.+ejx_-]{0,200}",
    ) {
        for format in Format::ALL {
            let _ = parse(format, &noise);
        }
        let _ = parse(Format::Npy, &npy_of(&literal, &noise));
        let _ = parse(Format::Npy, &npy_of(&npy_header("'|i1'", &literal), &noise));
        let _ = parse(Format::Safetensors, &framed(&literal, &noise));
    }
}

fn filled(rows: u32, cols: u32, value: i8) -> Parsed {
    Parsed::Matrix(Matrix { rows, cols, values: vec![value; (rows * cols) as usize] })
}
