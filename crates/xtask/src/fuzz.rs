//! `cargo xtask fuzz`: runs every decoder under libFuzzer.
//!
//! No nightly compiler is needed: the coverage counters are LLVM flags, which stable rustc passes on. The build gets a
//! target directory of its own because the flags change every crate, and an explicit `--target` so that build scripts
//! do not get them and still link.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::repo::Repo;
use crate::shell::{self, cargo};
use crate::stages::{Outcome, Stages};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How long to fuzz each target, in seconds
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u32,
    /// Fuzz only these targets
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,
    /// Run one saved input again
    #[arg(long, value_name = "FILE")]
    replay: Option<PathBuf>,
}

/// Counters at branches, a table of their addresses, and callbacks that report the operands of comparisons.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// The most time for one input, in seconds, and the most memory, in MiB.
const LIMITS: [&str; 2] = ["-timeout=10", "-rss_limit_mb=2048"];

/// The variable that names the target to run; tests/fuzz/src/lib.rs reads it.
const TARGET: &str = "ADIT_FUZZ";
/// The variable that names the folder for the target's seeds.
const SEEDS: &str = "ADIT_FUZZ_SEEDS";

pub(crate) fn run(repo: &Repo, args: &Args) -> Result<()> {
    let fuzzer = Fuzzer::build(repo)?;
    let names = fuzzer.targets()?;
    if let Some(unknown) = args.only.iter().find(|name| !names.contains(name)) {
        bail!("there is no target {unknown}; there are {}", names.join(", "));
    }
    if let Some(file) = &args.replay {
        return fuzzer.replay(&names, args, file);
    }
    let mut stages = Stages::default();
    for name in names.iter().filter(|name| args.only.is_empty() || args.only.contains(name)) {
        stages.run(name, || fuzzer.feed(name, args.seconds));
    }
    stages.finish()
}

/// The instrumented program and its folders.
struct Fuzzer {
    program: PathBuf,
    /// Holds a folder per target in each of `corpus` (inputs that reach new code), `findings` (inputs that failed),
    /// `seeds` and `logs`.
    home: PathBuf,
    /// Inputs in the repository that once failed.
    known: PathBuf,
}

impl Fuzzer {
    fn build(repo: &Repo) -> Result<Self> {
        let (home, host) = (repo.target.join("fuzz"), host(repo)?);
        let build = home.join("build");
        let mut command = cargo(repo);
        command.args([
            "build",
            "--profile",
            "ci",
            "--package",
            "adit-fuzz",
            "--bin",
            "fuzz",
            "--features",
            "libfuzzer",
        ]);
        command.args(["--target", &host]).env("RUSTFLAGS", COVERAGE).env("CARGO_TARGET_DIR", &build);
        shell::run(&mut command).context("libFuzzer is C++: it needs a compiler, `apt install g++`")?;
        let program = build.join(&host).join("ci").join(format!("fuzz{}", std::env::consts::EXE_SUFFIX));
        Ok(Fuzzer { program, home, known: repo.root.join("tests/fuzz/known") })
    }

    fn targets(&self) -> Result<Vec<String>> {
        let names = shell::capture(Command::new(&self.program).env_remove(TARGET))?;
        Ok(names.lines().map(str::to_owned).collect())
    }

    fn folder(&self, what: &str, name: &str) -> Result<PathBuf> {
        let folder = self.home.join(what).join(name);
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        Ok(folder)
    }

    fn feed(&self, name: &str, seconds: u32) -> Result<Outcome> {
        let (corpus, seeds) = (self.folder("corpus", name)?, self.folder("seeds", name)?);
        let (findings, log) = (self.folder("findings", name)?, self.folder("logs", name)?.join("last.log"));
        let mut command = Command::new(&self.program);
        command.env(TARGET, name).env(SEEDS, &seeds).args(LIMITS).arg(format!("-max_total_time={seconds}"));
        command.arg("-print_final_stats=1").arg(format!("-artifact_prefix={}/", findings.display()));
        // libFuzzer writes new inputs to the first folder, and refuses folders that do not exist.
        command.args([&corpus, &seeds]).args(Some(self.known.join(name)).filter(|known| known.is_dir()));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(fs::File::create(&log)?);
        let ended = command.status();
        let said = fs::read_to_string(&log).with_context(|| log.display().to_string())?;
        println!("{}", Figures::of(&said));
        if ended.context("cannot start the fuzzer")?.success() {
            ensure!(Figures::of(&said).coverage > 0, "the coverage counters stayed at 0, see {}", log.display());
            return Ok(Outcome::Done);
        }
        bail!("{}", blame(name, &said, &log))
    }

    fn replay(&self, names: &[String], args: &Args, file: &Path) -> Result<()> {
        // A finding's folder has the name of its target.
        let folder = file.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
        let name = args.only.first().cloned().or(folder).filter(|name| names.contains(name));
        let name = name.context("cannot tell the target from the path: name it with --only")?;
        shell::run(Command::new(&self.program).env(TARGET, name).args(LIMITS).arg(file))
    }
}

/// The counts that libFuzzer printed.
struct Figures {
    coverage: u64,
    executions: u64,
    per_s: u64,
}

impl Figures {
    fn of(said: &str) -> Self {
        let last = |before: &str| {
            let after = said.rsplit_once(before).map_or("", |(_, after)| after).trim_start();
            after.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok()).unwrap_or(0)
        };
        Figures {
            coverage: last(" cov:"),
            executions: last("stat::number_of_executed_units:"),
            per_s: last("stat::average_exec_per_sec:"),
        }
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} inputs, {} a second, {} places reached", self.executions, self.per_s, self.coverage)
    }
}

/// An error message: how to run the input again, then why the target failed.
fn blame(name: &str, said: &str, log: &Path) -> String {
    let why: Vec<&str> = said.lines().skip_while(|line| !line.contains("panicked at")).take(3).collect();
    let why = if why.is_empty() { said.lines().find(|line| line.contains("ERROR")).into_iter().collect() } else { why };
    let saved = said.lines().find_map(|line| line.split_once("Test unit written to ")).map(|(_, file)| file.trim());
    let again = match saved {
        Some(file) => format!("input saved; replay it: cargo xtask fuzz --only {name} --replay {file}"),
        None => format!("no input was saved, see {}", log.display()),
    };
    format!("{again}\n{}", why.join("\n"))
}

/// The target triple of this machine.
fn host(repo: &Repo) -> Result<String> {
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    let said = shell::capture(rustc.current_dir(&repo.root).arg("-vV"))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    Ok(host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "#2\tINITED cov: 5 ft: 6 corp: 1/1b exec/s: 0 rss: 30Mb\n#9\tNEW    cov: 8 ft: 9 corp: 2/2b\n\
        thread '<unnamed>' panicked at core/src/x.rs:1:1:\nno\nnote: y\nArtifact: Test unit written to /f/csv/crash-1\n\
        stat::number_of_executed_units: 900\nstat::average_exec_per_sec:     450\n";

    #[test]
    fn the_output_of_the_fuzzer_is_summarised() {
        assert_eq!(Figures::of(SAID).to_string(), "900 inputs, 450 a second, 8 places reached");
        let blame = blame("csv", SAID, Path::new("log"));
        assert!(blame.starts_with("input saved; replay it: cargo xtask fuzz --only csv --replay /f/csv/crash-1\n"));
        assert!(blame.contains("core/src/x.rs:1:1"), "{blame}");
    }
}
