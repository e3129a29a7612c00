//! `adit completions` and `adit man`: shell completions and manual pages, made from the command line's definition.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::CommandFactory;
use clap_complete::Shell;

use crate::{Cli, show};

/// Print completions for a shell: `adit completions bash > /etc/bash_completion.d/adit`.
#[derive(clap::Args)]
pub(crate) struct ShellArgs {
    /// The shell
    shell: Shell,
}

/// Write the manual pages, one for each command.
#[derive(clap::Args)]
pub(crate) struct ManArgs {
    /// Where to write them; `man -l DIR/adit.1` shows the first
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

pub(crate) fn print(args: &ShellArgs) -> Result<()> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "adit", &mut text);
    Ok(show::result(String::from_utf8_lossy(&text).trim_end())?)
}

pub(crate) fn write_manual(args: &ManArgs) -> Result<()> {
    std::fs::create_dir_all(&args.directory).with_context(|| args.directory.display().to_string())?;
    clap_mangen::generate_to(Cli::command(), &args.directory).with_context(|| args.directory.display().to_string())?;
    Ok(show::result(args.directory.display())?)
}
