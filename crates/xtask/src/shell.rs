//! Runs other programs and prints their command lines.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::repo::Repo;

/// The cargo that started us, so that a `+toolchain` applies to everything that we start.
pub(crate) fn cargo(repo: &Repo) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(&repo.root);
    command
}

/// Runs a command with our own input and output; any exit status but success is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    println!("$ {}", shown(command));
    let status = command.status().with_context(|| format!("cannot start {}", name(command)))?;
    if !status.success() {
        bail!("{} failed: {status}", short(command));
    }
    Ok(())
}

/// Runs a command silently and returns its output. An exit status other than success is an error that quotes stderr.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot start {}", name(command)))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{} failed: {}\n{said}", shown(command), output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("{} printed something other than UTF-8", name(command)))
}

/// Finds a program on the search path.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    which::which(program).ok()
}

/// The command line as a person would type it, with its environment.
pub(crate) fn shown(command: &Command) -> String {
    let environment =
        command.get_envs().filter_map(|(key, value)| Some(format!("{}={}", key.display(), quoted(value?))));
    let words = std::iter::once(name(command)).chain(command.get_args().map(quoted));
    environment.chain(words).collect::<Vec<_>>().join(" ")
}

/// The program and its first argument.
fn short(command: &Command) -> String {
    let verb = command.get_args().next().unwrap_or_default();
    format!("{} {}", name(command), verb.to_string_lossy())
}

fn name(command: &Command) -> String {
    let path = PathBuf::from(command.get_program());
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    if word.is_empty() || word.contains(char::is_whitespace) { format!("'{word}'") } else { word.into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_it_would_be_typed() {
        let mut command = Command::new("/some/where/cargo");
        command.env("RUSTFLAGS", "-C target-feature=+simd128").arg("build");
        assert_eq!(shown(&command), "RUSTFLAGS='-C target-feature=+simd128' cargo build");
    }
}
