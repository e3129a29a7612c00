//! A known table, written in every form, is read with its own cells or refused; never with others.

use adit_table::{Limits, Options, Table, TableError};
use proptest::prelude::*;

/// A table as its author knows it.
#[derive(Clone, Debug)]
struct Known {
    names: Option<Vec<String>>,
    rows: Vec<Vec<String>>,
}

/// How it is written.
#[derive(Clone, Copy, Debug)]
struct Form {
    delimiter: char,
    line_end: &'static str,
    last_end: bool,
    quotes: Quotes,
    encoding: &'static str,
    mark: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Quotes {
    Needed,
    Words,
    All,
}

const ENCODINGS: [&str; 4] = ["utf-8", "utf-16le", "utf-16be", "windows-1252"];

fn form() -> impl Strategy<Value = Form> {
    let delimiter = prop::sample::select(vec![',', ';', '\t', '|']);
    let line_end = prop::sample::select(vec!["\n", "\r\n", "\r"]);
    let quotes = prop::sample::select(vec![Quotes::Needed, Quotes::Words, Quotes::All]);
    let encoding = prop::sample::select(ENCODINGS.to_vec());
    (delimiter, line_end, any::<bool>(), quotes, encoding, any::<bool>()).prop_map(
        |(delimiter, line_end, last_end, quotes, encoding, mark)| Form {
            delimiter,
            line_end,
            last_end,
            quotes,
            encoding,
            mark,
        },
    )
}

/// The cells of a column are all of one kind.
fn cell(kind: usize) -> BoxedStrategy<String> {
    match kind {
        0 => (0u8..128).prop_map(|value| value.to_string()).boxed(),
        1 => (-500i32..500).prop_map(|value| value.to_string()).boxed(),
        2 => (-99i32..99, 0u8..100).prop_map(|(whole, part)| format!("{whole}.{part:02}")).boxed(),
        3 => (0i32..99, 0u8..100).prop_map(|(whole, part)| format!("{whole},{part:02}")).boxed(),
        4 => (1u8..29, 1u8..13).prop_map(|(day, month)| format!("2024-{month:02}-{day:02}")).boxed(),
        5 => "[A-Za-zéü]([a-zéü ,;|\"'\n]{0,6}[a-zéü])?".boxed(),
        _ => prop_oneof!["[A-Z][a-z]{2,5}", Just(String::new())].boxed(),
    }
}

/// Names of every kind: words, counts, years, dates, symbols, and an index without a name.
fn names(kind: usize, columns: usize) -> Vec<String> {
    let name = |index: usize| match kind {
        0 => format!("p{index}"),
        1 => index.to_string(),
        // 1, or 1 and 2, would be taken for values by any reader.
        2 if columns > 2 => (index + 1).to_string(),
        3 => (2019 + index).to_string(),
        4 => format!("2020-{:02}", index + 1),
        5 => ["€", "$", "%", "°", "§"][index % 5].to_owned(),
        6 if index == 0 && columns > 1 => String::new(),
        6 => format!("x {index}"),
        7 if index == 0 => "id".to_owned(),
        7 => (2019 + index).to_string(),
        _ => format!("x{index}"),
    };
    (0..columns).map(name).collect()
}

fn known() -> impl Strategy<Value = Known> {
    let kinds = prop::collection::vec(0usize..7, 1..5);
    (kinds, 1usize..7, prop::option::of(0usize..8)).prop_flat_map(|(kinds, rows, header)| {
        // One column whose cells contain a delimiter looks like several columns to any reader.
        let kinds: Vec<usize> = if kinds.len() == 1 { vec![kinds[0] % 3] } else { kinds };
        // Dates above nothing but dates tell no reader anything.
        let dates = kinds.iter().all(|kind| *kind == 4);
        let columns = kinds.len();
        let header = header.map(|kind| names(if dates && matches!(kind, 4 | 5) { 0 } else { kind }, columns));
        let row = kinds.into_iter().map(cell).collect::<Vec<_>>();
        prop::collection::vec(row, rows).prop_map(move |rows| Known { names: header.clone(), rows })
    })
}

fn written(known: &Known, form: Form) -> Vec<u8> {
    let cell = |cell: &String| {
        let needs = cell.contains(['"', '\n', '\r', form.delimiter]);
        let is_word = cell.parse::<f64>().is_err();
        let quoted = match form.quotes {
            Quotes::All => true,
            Quotes::Words => needs || is_word,
            Quotes::Needed => needs,
        };
        if quoted { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.clone() }
    };
    let line = |cells: &Vec<String>| cells.iter().map(cell).collect::<Vec<_>>().join(&form.delimiter.to_string());
    let mut text = known.names.iter().chain(&known.rows).map(line).collect::<Vec<_>>().join(form.line_end);
    if form.last_end {
        text.push_str(form.line_end);
    }
    let marked = if form.mark { format!("\u{feff}{text}") } else { text.clone() };
    match form.encoding {
        "utf-16le" => marked.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "utf-16be" => marked.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        "windows-1252" => text.chars().map(|c| if c == '€' { 0x80 } else { c as u8 }).collect(),
        _ => marked.into_bytes(),
    }
}

/// The options that describe a form completely.
fn said(known: &Known, form: Form) -> Options {
    let mut options = Options { header: Some(known.names.is_some()), ..Options::default() };
    options.set("encoding", form.encoding).expect("an encoding");
    options.set("delimiter", &form.delimiter.to_string()).expect("a delimiter");
    options
}

fn read(bytes: &[u8], options: &Options) -> Result<Known, TableError> {
    let table = Table::read(bytes, options, Limits::default())?;
    let (mut rows, mut all) = (table.rows(), Vec::new());
    while let Some(row) = rows.next()? {
        all.push(row.cells().map(str::to_owned).collect());
    }
    assert_eq!(all.len() as u64, table.decision().rows, "rows are counted as they are read");
    Ok(Known { names: table.decision().names.clone(), rows: all })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_table_is_read_with_its_own_cells_or_refused(known in known(), form in form()) {
        let bytes = written(&known, form);
        if let Ok(found) = read(&bytes, &Options::default()) {
            prop_assert_eq!(&found.names, &known.names, "{}", String::from_utf8_lossy(&bytes));
            prop_assert_eq!(&found.rows, &known.rows, "{}", String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn options_settle_every_doubt(known in known(), form in form()) {
        let bytes = written(&known, form);
        let found = read(&bytes, &said(&known, form));
        prop_assert!(found.is_ok(), "{:?}", found);
        let found = found.expect("a table");
        prop_assert_eq!(&found.names, &known.names);
        prop_assert_eq!(&found.rows, &known.rows);
    }

    /// The everyday form: words above at least one column of numbers is never refused.
    #[test]
    fn names_above_numbers_are_read_in_every_form(
        values in prop::collection::vec((0u8..128, 0u8..128), 1..9), form in form(),
    ) {
        let rows: Vec<Vec<String>> = values.iter().map(|(a, b)| vec![a.to_string(), b.to_string()]).collect();
        let known = Known { names: Some(names(0, 2)), rows };
        let found = read(&written(&known, form), &Options::default()).expect("nothing is in doubt");
        prop_assert_eq!((found.names, found.rows), (known.names, known.rows));
    }

    #[test]
    fn noise_does_no_harm(noise in prop::collection::vec(any::<u8>(), 0..200), text in "[0-9a-z,;|\t\"\r\n.]{0,80}") {
        for bytes in [&noise[..], text.as_bytes()] {
            if let Ok(found) = read(bytes, &Options::default()) {
                prop_assert!(found.rows.iter().all(|row| row.len() == found.rows[0].len()));
            }
        }
    }
}
