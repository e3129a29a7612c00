//! Sizes of web packages and bundles, compressed as they are sent, and their budgets.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::stamp::files_under;

#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
}

struct Row {
    what: String,
    weight: Weight,
    budget: u64,
}

/// Size in bytes, on disk and as sent.
#[derive(Default, Clone, Copy)]
pub(crate) struct Weight {
    plain: u64,
    sent: u64,
}

impl Table {
    pub(crate) fn add(&mut self, what: &str, weight: Weight, budget_kb: u64) {
        let budget = budget_kb * 1000;
        self.rows.push(Row { what: what.to_owned(), weight, budget });
    }

    /// Prints the table and fails if a row is over its budget.
    pub(crate) fn finish(self) -> Result<()> {
        println!("\n{:<24} {:>10} {:>10} {:>10}", "size in kB", "plain", "sent", "budget");
        for row in &self.rows {
            println!("{}", row.shown());
        }
        let heavy: Vec<_> = self.rows.iter().filter(|row| row.is_over()).collect();
        if !heavy.is_empty() {
            let names: Vec<_> = heavy.iter().map(|row| row.what.as_str()).collect();
            bail!("over budget: {}", names.join(", "));
        }
        Ok(())
    }
}

impl Row {
    fn is_over(&self) -> bool {
        self.weight.sent > self.budget
    }

    fn shown(&self) -> String {
        let kb = |bytes: u64| format!("{:.1}", bytes as f64 / 1000.0);
        let Weight { plain, sent } = self.weight;
        let mark = if self.is_over() { "  OVER" } else { "" };
        let budget = self.budget / 1000;
        format!("{:<24} {:>10} {:>10} {budget:>10}{mark}", self.what, kb(plain), kb(sent))
    }
}

/// Whether browsers request the file: not type declarations and dotfiles.
pub(crate) fn is_sent(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    !name.starts_with('.') && [".html", ".css", ".js", ".wasm", ".svg", ".json"].iter().any(|end| name.ends_with(end))
}

/// Whether the file counts towards its bundle's size: web packages have budgets of their own.
pub(crate) fn is_bundled(path: &Path) -> bool {
    is_sent(path) && path.extension().is_none_or(|end| end != "wasm")
}

/// The total size of a folder's files for which `counts` holds, each compressed with gzip on its own.
pub(crate) fn folder(folder: &Path, counts: impl Fn(&Path) -> bool) -> Result<Weight> {
    total(folder, counts, |file| Ok(gzip(&fs::read(file)?)?.len() as u64))
}

/// The total size of a built site, as browsers that accept Brotli receive it.
pub(crate) fn site(folder: &Path, counts: impl Fn(&Path) -> bool) -> Result<Weight> {
    total(folder, counts, |file| Ok(fs::metadata(twin(file, "br"))?.len()))
}

fn total(folder: &Path, counts: impl Fn(&Path) -> bool, sent: impl Fn(&Path) -> Result<u64>) -> Result<Weight> {
    let mut total = Weight::default();
    for file in files_under(folder, &[])?.iter().filter(|file| counts(file)) {
        total.plain += fs::metadata(file)?.len();
        total.sent += sent(file)?;
    }
    Ok(total)
}

/// Writes compressed copies beside a file, which the coordinator sends instead of it.
pub(crate) fn compress(file: &Path) -> Result<()> {
    let bytes = fs::read(file)?;
    fs::write(twin(file, "gz"), gzip(&bytes)?)?;
    Ok(fs::write(twin(file, "br"), brotli(&bytes)?)?)
}

fn twin(file: &Path, ending: &str) -> PathBuf {
    PathBuf::from(format!("{}.{ending}", file.display()))
}

fn brotli(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &*bytes, &mut packed, &BrotliEncoderParams::default())?;
    Ok(packed)
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_budget_is_an_error_that_names_the_row() {
        let mut table = Table::default();
        table.add("light", Weight { plain: 9999, sent: 1000 }, 1);
        table.add("heavy", Weight { plain: 9999, sent: 1001 }, 1);
        let error = table.finish().expect_err("one row is over");
        assert_eq!(error.to_string(), "over budget: heavy");
    }

    #[test]
    fn only_what_is_sent_counts() -> Result<()> {
        let folder = tempfile::tempdir()?;
        for name in ["a.js", "a.d.ts", ".stamp", "a.wasm"] {
            fs::write(folder.path().join(name), "12345678")?;
        }
        assert_eq!(super::folder(folder.path(), is_sent)?.plain, 16);
        Ok(())
    }

    #[test]
    fn a_site_weighs_what_its_copies_do() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("a.js");
        fs::write(&file, "again and ".repeat(1000))?;
        compress(&file)?;
        let weight = site(folder.path(), is_sent)?;
        assert_eq!(weight.plain, 10_000);
        assert_eq!(weight.sent, fs::metadata(folder.path().join("a.js.br"))?.len());
        assert!(weight.sent < 100 && folder.path().join("a.js.gz").is_file());
        Ok(())
    }
}
