//! The tables of a job: read here before anything is sent, with the coordinator's own reader.

use std::io;
use std::path::{Path, PathBuf};

use adit_coordinator::intake::{self, Format, Reading};
use adit_fetch::Body;
use adit_protocol::jobs::{FileContent, FileInfo};
use adit_table::{Decimal, Delimiter, Limits, Options, Table, TableError, TextEncoding};
use anyhow::{Context, Result, bail, ensure};

use super::input::Input;
use super::work::{Work, is_csv};

/// How to read the tables of a job, where a file can be read in two ways. Holds for all of them.
#[derive(clap::Args)]
pub(super) struct TableArgs {
    /// Whether the first line of a table holds names [default: decided from the file, refused in doubt]
    #[arg(long, value_name = "yes|no", value_parser = ["yes", "no"])]
    header: Option<String>,
    /// What separates the cells: comma, semicolon, tab or pipe [default: what cuts every line alike]
    #[arg(long, value_name = "NAME")]
    delimiter: Option<Delimiter>,
    /// The encoding, as in latin1 or utf-16le [default: UTF-8, or UTF-16 where the bytes show it]
    #[arg(long, value_name = "NAME")]
    encoding: Option<TextEncoding>,
    /// The decimal mark: point or comma
    #[arg(long, value_name = "NAME")]
    decimal: Option<Decimal>,
}

impl TableArgs {
    pub(super) fn options(&self) -> Options {
        let header = self.header.as_deref().map(|said| said == "yes");
        Options { header, delimiter: self.delimiter, encoding: self.encoding, decimal: self.decimal }
    }
}

/// The right classes of samples.
#[derive(clap::Args)]
pub(super) struct LabelArgs {
    /// The right classes, .csv: prints the accuracy, or precision and recall for fraud, which is class 1
    #[arg(long, value_name = "FILE")]
    pub(super) labels: Option<PathBuf>,
    /// The column of the labels, by its name, or by its number from 1 if it has none
    #[arg(long, value_name = "NAME", requires = "labels")]
    pub(super) column: Option<String>,
}

/// What is known of a job's tables before anything is sent.
pub(super) struct Tables {
    options: Options,
    /// How each file was read here, if it is a table.
    said: Vec<Option<String>>,
    pub(super) labels: Option<Labels>,
}

/// The place of the samples among the files of a classification.
const SAMPLES: usize = 1;

impl Tables {
    /// Reads every table here, says how, and refuses what the coordinator would refuse later.
    pub(super) fn look(work: &Work, inputs: &[Input], say: impl Fn(String) + Copy) -> Result<Self> {
        let options = work.options();
        let is_told = options.pairs().first().map(|(option, _)| *option);
        if let Some(option) = is_told.filter(|_| work.labels().is_none() && !inputs.iter().any(is_table)) {
            bail!("--{option} says how to read a table, but no file here is a .csv");
        }
        let (mut said, mut rows) = (vec![None; inputs.len()], None);
        for (place, input) in inputs.iter().enumerate().filter(|(_, input)| is_table(input)) {
            let bytes = bytes(&input.body).with_context(|| input.name.clone())?;
            let table = Table::read(&bytes, &options, Limits::default()).with_context(|| input.name.clone())?;
            say(format!("reading {}: {}", input.name, table.decision()));
            said[place] = Some(table.decision().to_string());
            rows = rows.or((place == SAMPLES).then_some(table.decision().rows));
        }
        let read = |(file, column)| Labels::read(file, column, &options, rows, say);
        let tables = Tables { options, said, labels: work.labels().map(read).transpose()? };
        tables.count(inputs.get(SAMPLES).map(|samples| samples.name.as_str()), rows)?;
        Ok(tables)
    }

    /// Reads an input as the coordinator does.
    pub(super) fn read(&self, place: usize, input: &Input) -> Result<FileContent> {
        let format: Format = input.format.unwrap_or(&input.name).parse()?;
        let options = if is_table(input) { self.options } else { Options::default() };
        let bytes = bytes(&input.body)?;
        let (parsed, _) = intake::read(&Reading::new(format, options)?, &bytes)?;
        let content = parsed.content();
        self.counted(place, &input.name, &content)?;
        Ok(content)
    }

    /// How an input is to be read, if options say so and it is a table.
    pub(super) fn options(&self, input: &Input) -> Vec<(&'static str, String)> {
        if is_table(input) { self.options.pairs() } else { Vec::new() }
    }

    /// Checks that the coordinator read a file as we did, and counts the labels against samples that are not a table.
    pub(super) fn fit(&self, place: usize, name: &str, info: &FileInfo) -> Result<()> {
        match (self.said.get(place).and_then(Option::as_ref), &info.reading) {
            (Some(_), None) if !self.options.is_empty() => {
                bail!("{name}: this coordinator takes no options for tables; it must be upgraded")
            }
            (Some(ours), Some(theirs)) if ours != theirs => bail!("{name}: the coordinator reads it as {theirs}"),
            _ => {}
        }
        self.counted(place, name, &info.content)
    }

    /// Counts the labels against samples that are not a table.
    fn counted(&self, place: usize, name: &str, content: &FileContent) -> Result<()> {
        match content {
            FileContent::Samples { rows, .. } | FileContent::Matrix { rows, .. } if place == SAMPLES => {
                self.count(Some(name), Some((*rows).into()))
            }
            _ => Ok(()),
        }
    }

    fn count(&self, samples: Option<&str>, rows: Option<u64>) -> Result<()> {
        let (Some(labels), Some(samples), Some(rows)) = (&self.labels, samples, rows) else { return Ok(()) };
        labels.fit(samples, rows)
    }
}

/// Whether the coordinator reads an input as a table.
fn is_table(input: &Input) -> bool {
    let by_name = || is_csv(Path::new(&input.name));
    input.format.map_or_else(by_name, |format| matches!(format, "csv" | "table" | "blocks"))
}

/// The bytes of an input, which can be read again for its upload.
fn bytes(body: &Body) -> io::Result<Vec<u8>> {
    match body {
        Body::Whole(bytes) => Ok(bytes.to_vec()),
        Body::Chunked(upload) => {
            let mut bytes = Vec::new();
            upload.open()?.read_to_end(&mut bytes)?;
            Ok(bytes)
        }
    }
}

/// The names of columns of labels.
const NAMES: [&str; 8] = ["label", "labels", "class", "classes", "target", "targets", "y", "category"];

/// Labels, one for each sample, in order.
pub(super) struct Labels {
    file: PathBuf,
    pub(super) classes: Vec<u32>,
}

impl Labels {
    /// Reads the labels of `rows` samples, if that is known, and says how. Without a `column` it is the only one, or the
    /// one with the name of labels.
    fn read(
        file: &Path,
        column: Option<&str>,
        options: &Options,
        rows: Option<u64>,
        say: impl Fn(String),
    ) -> Result<Self> {
        let named = || file.display().to_string();
        let bytes = std::fs::read(file).with_context(named)?;
        let table = match settled(&bytes, options, rows) {
            // If a cell below a doubtful line is not a class, report that mistake first.
            Err(doubt @ TableError::Header { .. }) => {
                let header = Options { header: Some(true), ..*options };
                let below = Table::read(&bytes, &header, Limits::default()).with_context(named)?;
                classes(&below, below.column(column, &NAMES).with_context(named)?).with_context(named)?;
                return Err(doubt).with_context(named);
            }
            read => read.with_context(named)?,
        };
        say(format!("reading {}: {}", file.display(), table.decision()));
        let column = table.column(column, &NAMES).with_context(named)?;
        let classes = classes(&table, column).with_context(named)?;
        Ok(Labels { file: file.to_owned(), classes })
    }

    /// Checks that there is one label for each of `rows` samples.
    fn fit(&self, samples: &str, rows: u64) -> Result<()> {
        let (labels, file) = (self.classes.len() as u64, self.file.display());
        let hint = if labels.abs_diff(rows) == 1 {
            "; is a line of names read as values in one of them, or the other way round? Say --header yes or no"
        } else {
            ""
        };
        ensure!(labels == rows, "{file}: {labels} labels, but {samples} has {rows} samples{hint}");
        Ok(())
    }
}

/// Reads labels. Whether a doubtful first line holds names is known from the number of samples.
fn settled<'a>(bytes: &'a [u8], options: &Options, rows: Option<u64>) -> Result<Table<'a>, TableError> {
    let read = |header| Table::read(bytes, &Options { header, ..*options }, Limits::default());
    let table = read(options.header);
    let (Err(TableError::Header { .. }), Some(rows)) = (&table, rows) else { return table };
    let mut fitting = [true, false].into_iter().filter_map(|said| read(Some(said)).ok());
    fitting.find(|table| table.decision().rows == rows).map_or(table, Ok)
}

/// The classes in a column.
pub(super) fn classes(table: &Table<'_>, column: usize) -> Result<Vec<u32>> {
    let (mut rows, mut classes) = (table.rows(), Vec::new());
    while let Some(row) = rows.next()? {
        let cell = row.cell(column);
        let refused =
            || format!("line {}, column {}: {cell:?} is not a class, an integer from 0", row.line(), column + 1);
        classes.push(cell.parse().with_context(refused)?);
    }
    Ok(classes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/tables").join(name)
    }

    fn labels(name: &str, column: Option<&str>) -> Result<Vec<u32>> {
        Labels::read(&vector(name), column, &Options::default(), None, |_| ()).map(|labels| labels.classes)
    }

    #[test]
    fn labels_go_by_the_name_of_their_column() {
        let right = [3, 4, 1, 5, 9, 2];
        for name in ["labels6.csv", "labels6-two-columns.csv", "labels6-with-index.csv"] {
            assert_eq!(labels(name, None).unwrap(), right, "{name}");
        }
        assert_eq!(labels("labels6-two-columns.csv", Some("image")).unwrap(), [0, 1, 2, 3, 4, 5]);
        let refused = format!("{:#}", labels("labels6-two-columns.csv", Some("digit")).unwrap_err());
        assert!(refused.contains("image, label") && refused.contains("--column"), "{refused}");
    }

    #[test]
    fn labels_and_samples_are_counted_before_anything_is_sent() {
        let labels = Labels::read(&vector("labels6.csv"), None, &Options::default(), None, |_| ()).unwrap();
        labels.fit("X.csv", 6).unwrap();
        let refused = labels.fit("X.csv", 7).unwrap_err().to_string();
        assert!(
            refused.contains("6 labels") && refused.contains("7 samples") && refused.contains("--header"),
            "{refused}"
        );
    }

    #[test]
    fn a_cell_that_is_no_class_is_named_by_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("labels.csv");
        for (text, line) in [("class\r3\rx\r", 3), ("class\n\n3\n-1\n", 4), ("class\r\n3.0\r\n", 2)] {
            std::fs::write(&file, text).unwrap();
            let refused = Labels::read(&file, None, &Options::default(), None, |_| ()).map(|_| ()).unwrap_err();
            assert!(format!("{refused:#}").contains(&format!("line {line}, column 1")), "{refused:#}");
        }
    }

    #[test]
    fn the_number_of_samples_tells_whether_a_first_zero_is_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("labels.csv");
        std::fs::write(&file, "0\n3\n4\n").unwrap();
        let read = |rows| Labels::read(&file, None, &Options::default(), rows, |_| ()).map(|labels| labels.classes);
        assert_eq!(read(Some(2)).unwrap(), [3, 4]);
        assert_eq!(read(Some(3)).unwrap(), [0, 3, 4]);
        for unknown in [None, Some(7)] {
            let refused = format!("{:#}", read(unknown).unwrap_err());
            assert!(refused.contains("--header yes"), "{refused}");
        }
    }

    #[test]
    fn a_coordinator_that_reads_a_table_differently_is_found_out() {
        let info = |reading: Option<&str>| FileInfo {
            file: adit_core::content_id::output_cid([0; 32]),
            content: FileContent::Samples { rows: 6, cols: 64 },
            reading: reading.map(str::to_owned),
        };
        let options = Options { header: Some(true), ..Options::default() };
        let mut tables = Tables { options, said: vec![None, Some("UTF-8".into())], labels: None };
        assert!(tables.fit(1, "X.csv", &info(Some("UTF-8"))).is_ok());
        assert!(tables.fit(0, "M.safetensors", &info(None)).is_ok());
        assert!(tables.fit(1, "X.csv", &info(Some("UTF-16LE"))).is_err());
        // An older coordinator, which reads tables its own way.
        assert!(tables.fit(1, "X.csv", &info(None)).is_err());
        tables.options = Options::default();
        assert!(tables.fit(1, "X.csv", &info(None)).is_ok());
    }
}
