//! Tables of scikit-learn and statsmodels: pandas and ours agree on rows, names and sums, or ours refuses.
//!
//! Ignored by default, because it installs both packages from PyPI, once, below the target directory:
//! `cargo test -p adit-table --test real_tables -- --ignored --nocapture`.

use std::path::{Path, PathBuf};
use std::process::Command;

use adit_table::{Limits, Options, Table};
use serde_json::Value;

/// A change of a version makes a new environment.
const PACKAGES: [&str; 3] = ["pandas==3.1.1", "scikit-learn==1.9.1", "statsmodels==0.15.0"];

/// The interpreter with the packages, set up at the first call.
fn python() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(PACKAGES.join("-").replace("==", "_"));
    let (python, done) = (folder.join("bin/python"), folder.join(".done"));
    let run = |command: &mut Command| assert!(command.status().expect("python3 is there").success(), "{command:?}");
    if !done.is_file() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(PACKAGES));
        std::fs::write(done, "").expect("the folder is ours");
    }
    python
}

/// What pandas read of each table.
fn summaries() -> Vec<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real_tables.py");
    let output = Command::new(python()).arg(script).output().expect("python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The sum of a column, if every cell that is not missing is a number.
fn sums(table: &Table<'_>) -> Vec<Option<f64>> {
    let mut sums = vec![Some(0.0); table.decision().columns];
    let mut rows = table.rows();
    while let Some(row) = rows.next().expect("it was read before") {
        for (sum, cell) in sums.iter_mut().zip(row.cells()) {
            let missing = ["", "NA", "NaN", "nan"].contains(&cell);
            let value = if missing { Some(0.0) } else { table.number(cell) };
            *sum = sum.zip(value).map(|(sum, value)| sum + value);
        }
    }
    sums
}

/// The delimiter to give pandas, so that it reads the same cells.
fn by(table: &Table<'_>) -> String {
    table.decision().delimiter.map_or("comma".into(), |delimiter| delimiter.to_string())
}

fn agrees(table: &Table<'_>, pandas: &Value) -> Result<(), String> {
    let decision = table.decision();
    if pandas["rows"] != decision.rows {
        return Err(format!("{} rows, pandas has {}", decision.rows, pandas["rows"]));
    }
    let Some(names) = &decision.names else { return Err("pandas takes the first line for names".into()) };
    for (index, (name, theirs)) in names.iter().zip(pandas["names"].as_array().expect("names")).enumerate() {
        let theirs = theirs.as_str().expect("a name").trim();
        // pandas gives this name to a column without one, and numbers names that appear again.
        let unnamed = name.is_empty() && theirs == format!("Unnamed: {index}");
        let again = theirs.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('.'));
        if name != theirs && !unnamed && !again {
            return Err(format!("column {index} is {name:?}, pandas says {theirs:?}"));
        }
    }
    for (index, (ours, theirs)) in sums(table).into_iter().zip(pandas["sums"].as_array().expect("sums")).enumerate() {
        let Some(theirs) = theirs.as_f64() else { continue };
        let close = ours.is_some_and(|ours| (ours - theirs).abs() <= 1e-9 * theirs.abs().max(1.0));
        if !close {
            return Err(format!("column {index} sums to {ours:?}, pandas says {theirs}"));
        }
    }
    Ok(())
}

#[test]
#[ignore = "installs scikit-learn, statsmodels and pandas from PyPI: run it with --ignored"]
fn pandas_and_ours_agree_or_ours_refuses() {
    let (mut same, mut refused, mut wrong) = (0, 0, Vec::new());
    let summaries = summaries();
    for pandas in &summaries {
        let path = Path::new(pandas["path"].as_str().expect("a path"));
        let name = path.file_name().expect("a file").to_string_lossy();
        let bytes = std::fs::read(path).expect("pandas read it");
        match Table::read(&bytes, &Options::default(), Limits::default()) {
            Err(error) => {
                refused += 1;
                println!("refused {name}: {error}");
            }
            Ok(table) => match agrees(&table, &pandas["by"][by(&table)]) {
                Ok(()) => {
                    same += 1;
                    println!("reading {name}: {}", table.decision());
                }
                Err(difference) => wrong.push(format!("{name}: {difference} ({})", table.decision())),
            },
        }
    }
    println!("{same} of {} read alike, {refused} refused", summaries.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(summaries.len() > 30 && same > refused, "too few are read: {same} of {}", summaries.len());
}
