//! Tables as samples, totals and lists: read correctly, or refused with advice that settles it.

use super::*;

fn options(said: &[(&str, &str)]) -> adit_table::Options {
    let mut options = adit_table::Options::default();
    said.iter().for_each(|(name, value)| options.set(name, value).expect("an option"));
    options
}

fn as_said(format: Format, bytes: &[u8], said: &[(&str, &str)]) -> Result<(Parsed, String), IntakeError> {
    let reading = Reading::new(format, options(said)).expect("a table");
    read(&reading, bytes).map(|(parsed, decision)| (parsed, decision.expect("of a table").to_string()))
}

/// Rows, names and integer sums of a table.
type Summary = (u64, Vec<Option<String>>, Vec<i128>);

fn totals(name: &str, said: &[(&str, &str)]) -> Result<Summary, IntakeError> {
    let (Parsed::Data(DataSet { table: Some((rows, columns)), .. }), _) = as_said(Format::Table, &vector(name), said)?
    else {
        panic!("a table has columns");
    };
    let sums = columns.iter().map(|column| column.integers.sum).collect();
    Ok((rows, columns.into_iter().map(|column| column.name).collect(), sums))
}

fn names<const N: usize>(names: [&str; N]) -> Vec<Option<String>> {
    names.iter().map(|name| Some((*name).to_owned())).collect()
}

#[test]
fn samples_under_default_names_are_never_one_too_many() {
    let six = parse(Format::Csv, &vector("samples6.csv")).expect("six samples");
    let doubtful = vector("samples6-range-header.csv");
    let refused = parse(Format::Csv, &doubtful).expect_err("names or values");
    assert_eq!((refused.code(), refused.to_string().contains("--header yes")), ("table_header", true), "{refused}");
    let (named, said) = as_said(Format::Csv, &doubtful, &[("header", "yes")]).expect("six samples");
    assert_eq!(named, six);
    assert_eq!(said, "UTF-8, comma, header row \"0 … 63\", 6 rows of 64 columns");
    let (Parsed::Samples(seven), said) = as_said(Format::Csv, &doubtful, &[("header", "no")]).expect("as it is said")
    else {
        panic!("samples");
    };
    assert_eq!((seven.rows, said.contains("no header row")), (7, true));
}

#[test]
fn small_inputs_that_failed_are_right_or_refused() {
    assert_eq!(totals("years-header.csv", &[]), Ok((2, names(["region", "2023", "2024"]), vec![0, 4, 6])));
    assert_eq!(totals("semicolon.csv", &[]), Ok((2, names(["a", "b"]), vec![4, 6])));
    let latin = totals("latin1-header.csv", &[]).expect_err("no UTF-8");
    assert!(latin.to_string().contains("line 1") && latin.to_string().contains("--encoding latin1"), "{latin}");
    assert_eq!(totals("latin1-header.csv", &[("encoding", "latin1")]), Ok((2, names(["prix_é", "b"]), vec![4, 6])));
    let counts = totals("counts-header.csv", &[]).expect_err("counts");
    assert!(counts.to_string().contains("number of rows") && counts.to_string().contains("--header"), "{counts}");
    let named = (2, names(["2", "2", "red", "blue"]), vec![4, 6, 1, 1]);
    assert_eq!(totals("counts-header.csv", &[("header", "yes")]), Ok(named));
    assert_eq!(totals("semicolon-decimal.csv", &[]), Ok((2, vec![None, None], vec![0, 0])));
    let short = totals("cr-line-ends.csv", &[]);
    assert_eq!(short, Err(IntakeError::CsvWidth { line: 3, expected: 2, got: 1 }));
}

#[test]
fn an_index_is_no_sample_and_a_gzip_is_no_table() {
    let refused = |bytes: &[u8]| parse(Format::Csv, bytes).expect_err("no samples").to_string();
    let index = refused(b",a\n0,5\n1,6\n");
    assert!(index.starts_with("line 1, column 1") && index.contains("index=False"), "{index}");
    let gzip = refused(b"\x1f\x8b\x08\x00");
    assert!(gzip.contains("gzip") && gzip.contains("gunzip"), "{gzip}");
    assert!(refused(b"1;2\n").contains("--delimiter"), "{}", refused(b"1;2\n"));
    let utf_16: Vec<u8> = "a,b\n1,2\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (samples, said) = as_said(Format::Csv, &utf_16, &[]).expect("samples");
    assert_eq!(samples, Parsed::Samples(Matrix { rows: 1, cols: 2, values: vec![1, 2] }));
    assert_eq!(said, "UTF-16LE without a mark, comma, header row \"a, b\", 1 row of 2 columns");
}

#[test]
fn a_list_of_blocks_is_a_table_too() {
    let cid = block_cid(b"block");
    for text in [format!("cid;bytes\r{cid};9\r{cid};4\r"), format!("\"cid\"\t\"bytes\"\r\n{cid}\t9\r\n{cid}\t4")] {
        let Ok(Parsed::Blocks(blocks)) = parse(Format::Blocks, text.as_bytes()) else { panic!("{text:?}") };
        assert_eq!((blocks.rows, blocks.panel_rows), (13, 9));
    }
    let unnamed = format!("{cid},9\n{cid},9\n");
    assert_eq!(code(parse(Format::Blocks, unnamed.as_bytes())), "block_list");
    let refused = as_said(Format::Blocks, format!("cid,bytes\n{cid},9\n").as_bytes(), &[("header", "no")]);
    assert_eq!(refused.expect_err("a header is needed").code(), "block_list");
}
