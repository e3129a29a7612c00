//! Attacks a coordinator and a miner, both the real program, and prints what was tried and what held.
//!
//! Each attack starts a coordinator of its own on loopback, in a directory that is deleted afterwards. Callers at many
//! addresses are imitated as a proxy on loopback would report them, with `X-Forwarded-For`. Figures are read from
//! outside: answers, files, and what Linux reports about the process.

mod attacks;
mod target;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use serde_json::json;

use attacks::{ATTACKS, Attack};

/// The longest that one attack may take.
const PATIENCE: Duration = Duration::from_secs(180);
/// Connections that an attack may hold open at once.
const DESCRIPTORS: u64 = 8_192;

/// Attack a coordinator and a miner, and print a table of what was tried and what held.
///
/// Ends with status 1 if anything did not hold.
#[derive(Parser)]
struct Args {
    /// The program under attack [default: `adit` beside this program]
    #[arg(long, value_name = "FILE", env = "ADIT_BIN")]
    adit: Option<PathBuf>,
    /// Run only the attacks whose name contains this text; may be repeated
    #[arg(long, value_name = "TEXT")]
    only: Vec<String>,
    /// The built page, for the attacks of a web page
    #[arg(long, value_name = "DIR", default_value = "www/dist")]
    web: PathBuf,
    /// Print the table as JSON
    #[arg(long)]
    json: bool,
}

/// What one attack tries, and its outcome.
struct Row {
    name: &'static str,
    tried: &'static str,
    outcome: Result<attacks::Outcome>,
    seconds: f64,
}

impl Row {
    fn holds(&self) -> bool {
        self.outcome.as_ref().is_ok_and(|outcome| outcome.held)
    }

    fn seen(&self) -> String {
        match &self.outcome {
            Ok(outcome) => outcome.seen.clone(),
            Err(error) => format!("the attack broke off: {error:#}"),
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Args::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &Args) -> Result<bool> {
    let stage = attacks::Stage { program: program(args)?, web: std::path::absolute(&args.web)? };
    raise_descriptors()?;
    let wanted = |attack: &&Attack| args.only.is_empty() || args.only.iter().any(|text| attack.name.contains(text));
    let wanted: Vec<&Attack> = ATTACKS.iter().filter(wanted).collect();
    ensure!(!wanted.is_empty(), "no attack has such a name; there are: {}", names());
    let mut rows = Vec::new();
    for attack in wanted {
        eprintln!("{} …", attack.name);
        let began = Instant::now();
        let outcome = tokio::time::timeout(PATIENCE, (attack.run)(&stage)).await;
        let outcome = outcome.context("no end within 3 minutes").and_then(|outcome| outcome);
        rows.push(Row { name: attack.name, tried: attack.tried, outcome, seconds: began.elapsed().as_secs_f64() });
    }
    if args.json {
        print_json(&rows)
    } else {
        print_table(&rows)
    }
    Ok(rows.iter().all(Row::holds))
}

fn program(args: &Args) -> Result<PathBuf> {
    let beside = std::env::current_exe()?.with_file_name("adit");
    let program = args.adit.clone().unwrap_or(beside);
    ensure!(program.is_file(), "{} is missing: `cargo xtask attack` builds it", program.display());
    Ok(program)
}

fn names() -> String {
    ATTACKS.iter().map(|attack| attack.name).collect::<Vec<_>>().join(", ")
}

/// Raises the limit of this process, so that the coordinator's is the one that is reached.
fn raise_descriptors() -> Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let current = Some(maximum.unwrap_or(DESCRIPTORS).min(DESCRIPTORS));
    setrlimit(Resource::Nofile, Rlimit { current, maximum }).context("the limit on descriptors cannot be raised")
}

fn print_table(rows: &[Row]) {
    println!("| attack | tried | seen | held | seconds |\n|---|---|---|---|---|");
    for row in rows {
        let held = if row.holds() { "yes" } else { "NO" };
        println!("| {} | {} | {} | {held} | {:.1} |", row.name, row.tried, row.seen(), row.seconds);
    }
    let held = rows.iter().filter(|row| row.holds()).count();
    println!("\n{held} of {} held", rows.len());
}

fn print_json(rows: &[Row]) {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            json!({ "attack": row.name, "tried": row.tried, "seen": row.seen(), "held": row.holds(), "seconds": row.seconds })
        })
        .collect();
    println!("{:#}", json!(rows));
}
