//! `adit`: mine verified work, hand it out, submit it, check its receipts.

mod jobs;
mod remote;
mod serve;
mod submit;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Mine useful, verified work with the device you have.
///
/// Exit status: 0 done, 1 something failed (the last line says what and what to do), 2 wrong usage.
#[derive(Parser)]
#[command(name = "adit", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a coordinator: hand out units, verify every output, keep the ledger
    Serve(serve::Args),
    /// Submit a job and wait for its result
    Submit(submit::Args),
    /// List, show, cancel jobs and fetch their results
    Jobs(jobs::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    let result = runtime.block_on(async {
        match cli.command {
            Command::Serve(args) => serve::run(args).await,
            Command::Submit(args) => submit::run(args).await,
            Command::Jobs(args) => jobs::run(args).await,
        }
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::FAILURE
}
