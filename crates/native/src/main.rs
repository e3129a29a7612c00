//! `adit`: mine verified work, hand it out, submit it, check its receipts.
//!
//! Each command has a file, and each capability a feature. Without features the program mines and verifies on machines that
//! have no TLS, graphics or room for a coordinator.

// The macros panic when nobody reads their output; `show` does not.
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

mod account;
mod amount;
mod attest;
#[cfg(feature = "serve")]
mod backup;
mod bench;
#[cfg(feature = "completions")]
mod completions;
#[cfg(feature = "content")]
mod content;
mod doctor;
mod engines;
mod home;
#[cfg(feature = "jobs")]
mod jobs;
#[cfg(feature = "mcp")]
mod mcp;
mod mine;
#[cfg(any(feature = "content", feature = "jobs"))]
mod output;
#[cfg(feature = "serve")]
mod pool;
mod report;
#[cfg(feature = "serve")]
mod serve;
mod server;
#[cfg(feature = "serve")]
mod service;
mod show;
mod stop;
#[cfg(feature = "store")]
mod store;
#[cfg(feature = "jobs")]
mod submit;
mod text;
mod tour;
mod verify;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use show::Unwritten;
use stop::Stopped;

/// Mine useful, verified work with the device you have.
///
/// Exit status: 0 done, 1 something failed (the last line says what and what to do), 2 wrong usage, 130 stopped by
/// Ctrl-C before the end. With --json, what failed is a line of JSON on standard error: {"error": text, "exit_status": number}.
#[derive(Parser)]
#[command(name = "adit", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Mine: compute units for a coordinator and be paid for what it verifies
    Mine(mine::Args),
    /// Show what your key has earned and when it is paid next, or choose the name it is listed under
    Account(account::Args),
    /// Attest this device to a RustChain node or a pool
    Attest(attest::Args),
    /// Run a pool of RustChain miners, or check an epoch's list
    #[cfg(feature = "serve")]
    Pool(pool::Args),
    /// Store: hold sealed replicas for a coordinator and be paid for proving them
    #[cfg(feature = "store")]
    Store(store::Args),
    /// Run a coordinator: hand out units, verify every output, keep the ledger
    #[cfg(feature = "serve")]
    Serve(serve::Args),
    /// Write a coordinator's directory into one file, while it runs or not
    #[cfg(feature = "serve")]
    Backup(backup::BackupArgs),
    /// Restore a coordinator's directory from a backup, after checking all of it
    #[cfg(feature = "serve")]
    Restore(backup::RestoreArgs),
    /// Submit a job and wait for its result
    #[cfg(feature = "jobs")]
    Submit(submit::Args),
    /// List, show, cancel jobs and fetch their results
    #[cfg(feature = "jobs")]
    Jobs(jobs::Args),
    /// Name, pack, unpack and seal files and folders as IPFS does
    #[cfg(feature = "content")]
    Content(content::Args),
    /// Let agents mine, store content and submit jobs, over the Model Context Protocol
    #[cfg(feature = "mcp")]
    Mcp(Box<mcp::Args>),
    /// Check a receipt: signatures, log, amount, and the mathematics with coins of your own
    Verify(verify::Args),
    /// Let systemd run a miner or a coordinator
    #[cfg(feature = "serve")]
    Service(service::Args),
    /// Check what this machine can mine with and what is missing
    Doctor(doctor::Args),
    /// Measure this machine's backends and show which one a miner would choose
    Bench(bench::Args),
    /// Print completions for a shell
    #[cfg(feature = "completions")]
    Completions(completions::ShellArgs),
    /// Write the manual pages into a directory
    #[cfg(feature = "completions")]
    Man(completions::ManArgs),
}

/// The exit status after a failure.
const FAILED: u8 = 1;
/// The exit status after Ctrl-C, as shells report it.
const STOPPED: u8 = 130;

fn main() -> ExitCode {
    #[cfg(feature = "gpu")]
    adit_gpu::without_desktop();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(_) if tour::is_wanted() => return tour::show().map_or_else(|error| fail(&error), |()| ExitCode::SUCCESS),
        Err(error) => return explain(&error),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    let result = runtime.block_on(async {
        match cli.command {
            Command::Mine(args) => mine::run(args).await,
            Command::Account(args) => account::run(args).await,
            Command::Attest(args) => attest::run(args).await,
            #[cfg(feature = "serve")]
            Command::Pool(args) => pool::run(args).await,
            #[cfg(feature = "store")]
            Command::Store(args) => store::run(args).await,
            #[cfg(feature = "serve")]
            Command::Serve(args) => serve::run(args).await,
            #[cfg(feature = "serve")]
            Command::Backup(args) => backup::back_up(&args),
            #[cfg(feature = "serve")]
            Command::Restore(args) => backup::restore(&args).await,
            #[cfg(feature = "jobs")]
            Command::Submit(args) => submit::run(args).await,
            #[cfg(feature = "jobs")]
            Command::Jobs(args) => jobs::run(args).await,
            #[cfg(feature = "content")]
            Command::Content(args) => content::run(args).await,
            #[cfg(feature = "mcp")]
            Command::Mcp(args) => mcp::run(*args).await,
            Command::Verify(args) => verify::run(args).await,
            #[cfg(feature = "serve")]
            Command::Service(args) => service::run(args),
            Command::Doctor(args) => doctor::run(args).await,
            Command::Bench(args) => bench::run(args),
            #[cfg(feature = "completions")]
            Command::Completions(args) => completions::print(&args),
            #[cfg(feature = "completions")]
            Command::Man(args) => completions::write_manual(&args),
        }
    });
    // Nobody waits for requests that are still under way.
    runtime.shutdown_background();
    let code = result.map_or_else(|error| fail(&error), |()| ExitCode::SUCCESS);
    show::finish();
    code
}

/// Shows help or the version, or what is wrong with the arguments.
fn explain(error: &clap::Error) -> ExitCode {
    if error.use_stderr() && wants_json() {
        let text = error.render().to_string();
        return failed(text.trim().trim_start_matches("error: "), error.exit_code() as u8);
    }
    match error.print().and_then(|()| std::io::stdout().flush()) {
        Err(unwritten) if !error.use_stderr() => fail(&Unwritten::from(unwritten).into()),
        _ => ExitCode::from(error.exit_code() as u8),
    }
}

fn fail(error: &anyhow::Error) -> ExitCode {
    if error.downcast_ref().is_some_and(Unwritten::reader_is_gone) {
        return ExitCode::SUCCESS;
    }
    let text = format!("{error:#}");
    match error.is::<Stopped>() {
        true if wants_json() => failed(&text, STOPPED),
        false if wants_json() => failed(&text, FAILED),
        true => {
            show::message(text);
            ExitCode::from(STOPPED)
        }
        false => {
            show::message(format_args!("error: {text}"));
            ExitCode::from(FAILED)
        }
    }
}

/// Whether the command was asked for JSON. It may have failed before its arguments were understood.
fn wants_json() -> bool {
    std::env::args_os().skip(1).take_while(|word| word != "--").any(|word| word == "--json")
}

/// Says as JSON what failed.
fn failed(error: &str, exit_status: u8) -> ExitCode {
    show::message(serde_json::json!({ "error": error, "exit_status": exit_status }));
    ExitCode::from(exit_status)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }

    /// Whoever gives a number learns from the help which ones are taken.
    #[test]
    fn every_number_has_its_range_in_the_help() {
        let mut commands = vec![super::Cli::command()];
        while let Some(command) = commands.pop() {
            commands.extend(command.get_subcommands().cloned());
            for argument in command.get_arguments() {
                let names: Vec<_> =
                    argument.get_value_names().unwrap_or_default().iter().map(|name| name.as_str()).collect();
                let numbers =
                    ["N", "MB", "MS", "PART", "SPAN", "SIZE", "CELSIUS", "NNET", "SECONDS", "GIB", "COUNT", "INDEX"];
                let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
                let ranged = ["from ", "at least ", "above "].iter().any(|words| help.contains(words));
                assert!(ranged || !names.iter().any(|name| numbers.contains(name)), "{}: {help}", argument.get_id());
            }
        }
    }

    /// A global flag and an argument of one subcommand must not share a name: clap would take one for the other.
    #[cfg(feature = "jobs")]
    #[test]
    fn no_kind_of_work_reuses_the_name_of_a_common_flag() {
        let words = ["adit", "submit", "validate", "X.csv", "-o", "r.json", "--data", "d"];
        let matches = super::Cli::command().try_get_matches_from(words).unwrap();
        let (_, submit) = matches.subcommand().unwrap();
        let (_, validate) = submit.subcommand().unwrap();
        let path = |name| validate.get_one::<std::path::PathBuf>(name).map(|path| path.display().to_string());
        assert_eq!((path("set").as_deref(), path("data").as_deref()), (Some("X.csv"), Some("d")));
        for work in super::Cli::command().find_subcommand("submit").unwrap().get_subcommands() {
            let own: Vec<&str> = work.get_arguments().map(|argument| argument.get_id().as_str()).collect();
            assert!(!own.iter().any(|name| ["data", "url", "budget", "demo", "name"].contains(name)), "{own:?}");
        }
    }
}
