//! Headers as numpy reads them, of every age and writer.

use super::*;

/// A `.npy` file of version 2.0.
fn npy_2(header: &str, data: &[u8]) -> Vec<u8> {
    let length = (header.len() as u32).to_le_bytes();
    [b"\x93NUMPY\x02\x00", &length[..], header.as_bytes(), data].concat()
}

fn matrix(values: &[i8]) -> Result<Parsed, IntakeError> {
    Ok(Parsed::Matrix(Matrix { rows: 1, cols: values.len() as u32, values: values.to_vec() }))
}

#[test]
fn headers_of_every_age_are_read() {
    for header in [
        "{'descr': '|i1', 'fortran_order': False, 'shape': (1, 3), }\n",
        "{'descr': '|i1', 'fortran_order': False, 'shape': (1L, 3L), }          \n",
        "{u'shape': (1, 3), u\"fortran_order\": False, u'descr': u'|i1'}\n",
        "{'descr': 'int8',\n 'fortran_order': False, # row by row\n 'shape':\t(1,\r\n3)}\n",
        "{'descr': 'b', 'fortran_order': False, 'shape': (1, 3)}",
        "{'descr':'<i1','fortran_order':False,'shape':(1,3),}\n   \n",
    ] {
        assert_eq!(parse(Format::Npy, &npy_of(header, &[1, 2, 0xfd])), matrix(&[1, 2, -3]), "{header:?}");
        assert_eq!(parse(Format::Npy, &npy_2(header, &[1, 2, 0xfd])), matrix(&[1, 2, -3]), "{header:?}");
    }
}

#[test]
fn types_go_by_every_name_that_numpy_has_for_them() {
    let types = [
        ("<h", &[1u8, 0, 0xfe, 0xff][..]),
        (">h", &[0, 1, 0xff, 0xfe]),
        ("int16", &[1, 0, 0xfe, 0xff]),
        ("=i2", &[1, 0, 0xfe, 0xff]),
        (">int16", &[0, 1, 0xff, 0xfe]),
        ("i", &[1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff]),
        (">i4", &[0, 0, 0, 1, 0xff, 0xff, 0xff, 0xfe]),
        ("l", &[1, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    ];
    for (name, data) in types {
        let header = npy_header(&format!("'{name}'"), "(1, 2)");
        assert_eq!(parse(Format::Npy, &npy_of(&header, data)), matrix(&[1, -2]), "{name}");
    }
    for (name, data) in [("B", &[1u8, 2][..]), ("uint16", &[1, 0, 2, 0]), (">H", &[0, 1, 0, 2])] {
        let header = npy_header(&format!("'{name}'"), "(1, 2)");
        assert_eq!(parse(Format::Npy, &npy_of(&header, data)), matrix(&[1, 2]), "{name}");
    }
    let floats =
        |name: &str, data: &[u8]| parse(Format::NpyFloats, &npy_of(&npy_header(&format!("'{name}'"), "(1, 1)"), data));
    for (name, data) in [("float32", [0u8, 0, 0xc0, 0x3f]), ("f", [0, 0, 0xc0, 0x3f]), (">f", [0x3f, 0xc0, 0, 0])] {
        assert_eq!(
            floats(name, &data),
            Ok(Parsed::Floats(FloatMatrix { rows: 1, cols: 1, values: vec![1.5] })),
            "{name}"
        );
    }
}

#[test]
fn padded_headers_are_read_up_to_what_numpy_reads() {
    let text = "{'descr': '|i1', 'fortran_order': False, 'shape': (1, 3), }";
    for length in [128, 4096, 10_000] {
        let header = format!("{text:<0$}\n", length - 1);
        assert_eq!(parse(Format::Npy, &npy_of(&header, &[1, 2, 3])), matrix(&[1, 2, 3]), "{length}");
        assert_eq!(parse(Format::Npy, &npy_2(&header, &[1, 2, 3])), matrix(&[1, 2, 3]), "{length}");
    }
    assert_eq!(code(parse(Format::Npy, &npy_2(&format!("{text:<0$}\n", 10_000), &[1, 2, 3]))), "npy_header");
}

#[test]
fn what_holds_no_numbers_has_its_own_sentence() {
    let said = |descr: &str| {
        let file = npy_of(&npy_header(descr, "(1, 1)"), &[1]);
        parse(Format::Npy, &file).expect_err("no numbers").to_string()
    };
    for mask in ["'|b1'", "'?'", "'bool'"] {
        assert!(said(mask).contains("mask") && said(mask).contains("A.astype(numpy.int8)"), "{}", said(mask));
    }
    for object in ["'|O'", "'object'", "'O'"] {
        assert!(said(object).contains("pickled"), "{}", said(object));
    }
    assert_eq!(code(parse(Format::Npy, b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n")), "npy_pickled");
    assert_eq!(npy(&npy_header("[('a', '<i4'), ('b', 'u1', (2, 2))]", "(1, 1)"), b"1"), "npy_dtype");
    for other in ["'<f8'", "'<M8[ns]'", "'|S5'", "'<U3'", "'<c16'", "'float64'", "'|V8'"] {
        assert_eq!(npy(&npy_header(other, "(1, 1)"), b"1"), "npy_dtype", "{other}");
    }
    for none in ["'<i3'", "'x'", "''", "'<'", "'int9'", "1", "True"] {
        assert_eq!(npy(&npy_header(none, "(1, 1)"), b"1"), "npy_header", "{none}");
    }
}

#[test]
fn headers_that_numpy_refuses_are_refused() {
    for header in [
        "{'descr': '|i1', 'descr': '|i1', 'fortran_order': False, 'shape': (1, 1)}",
        "{'descr': '|i1', 'fortran_order': False, 'shape': (1, 1), 'extra': 1}",
        "{'descr': '|i1', 'fortran_order': False, 'shape': [1, 1]}",
        "{'descr': '|i1', 'fortran_order': False, 'shape': (1, True)}",
        "{'descr': '|i1', 'fortran_order': False, 'shape': (1, 1)} {}",
        "('|i1', False, (1, 1))",
    ] {
        assert_eq!(npy(header, b"1"), "npy_header", "{header}");
    }
    assert_eq!(npy("{'descr': '|i1', 'fortran_order': False, 'shape': (1)}", b"1"), "npy_header");
    assert_eq!(npy("{'descr': '|i1', 'fortran_order': False, 'shape': (1,)}", b"1"), "not_two_dimensional");
    assert_eq!(npy("{'descr': '|i1', 'fortran_order': False, 'shape': ()}", b"1"), "not_two_dimensional");
}

#[test]
fn what_numpy_wrote_under_python_2_is_multiplied() {
    let (old, right) = (vector("py2-long.npy"), vector("right.npy"));
    let (a, b) = (parse(Format::Npy, &old).expect("a matrix"), parse(Format::Npy, &right).expect("a matrix"));
    let (a, b) = product(a, b).expect("they fit");
    let cell = |row: u32, col: u32| {
        let at = |matrix: &Matrix, row: u32, col: u32| i32::from(matrix.values[(row * matrix.cols + col) as usize]);
        (0..a.cols).map(|k| at(&a, row, k) * at(&b, k, col)).sum::<i32>()
    };
    let rows: Vec<Vec<i32>> = (0..a.rows).map(|row| (0..b.cols).map(|col| cell(row, col)).collect()).collect();
    assert_eq!(rows, [[32, 38, 44, 50], [-28, -33, -38, -43]]);
}
