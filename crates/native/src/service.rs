//! `adit service`: lets systemd run a miner or a coordinator.

mod unit;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use directories::BaseDirs;
use serde::Serialize;

use crate::{Cli, show};

/// Let systemd run a miner or a coordinator: now, after a crash, and after every start of the machine.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Write a unit, enable it and start it
    Install(Install),
    /// Show what is installed and whether it runs
    Status(Status),
    /// Stop a unit that was installed here, and take it away
    Remove(Remove),
}

/// Whose services they are.
#[derive(clap::Args)]
struct Place {
    /// A service of the whole system, as a user of its own, instead of your own service; needs root
    #[arg(long)]
    system: bool,
    /// Keep the unit in this folder and leave systemd alone: for images, packages and tests
    #[arg(long, value_name = "DIR")]
    units: Option<PathBuf>,
}

#[derive(clap::Args)]
#[command(override_usage = "adit service install [--system] [--dry-run] <mine|serve> [FLAGS]...")]
struct Install {
    #[command(flatten)]
    place: Place,
    /// Print the unit and change nothing
    #[arg(long)]
    dry_run: bool,
    /// The program that the unit runs [default: this one]
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// What to run
    what: What,
    /// Flags of `adit mine` or `adit serve`, as you would type them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    flags: Vec<String>,
}

#[derive(clap::Args)]
struct Status {
    #[command(flatten)]
    place: Place,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
struct Remove {
    #[command(flatten)]
    place: Place,
    /// What to remove
    what: What,
}

/// What can be a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// A miner
    Mine,
    /// A coordinator
    Serve,
}

impl What {
    const ALL: [What; 2] = [What::Mine, What::Serve];

    /// The command's name.
    fn word(self) -> &'static str {
        match self {
            What::Mine => "mine",
            What::Serve => "serve",
        }
    }
}

/// Which systemd: the system's, or the one of the person who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Person,
    System,
}

/// Where the units are and who runs them.
struct Manager {
    scope: Scope,
    folder: PathBuf,
    /// None leaves systemd alone.
    systemctl: Option<&'static str>,
}

pub(crate) fn run(args: Args) -> Result<()> {
    match args.action {
        Action::Install(args) => install(&args),
        Action::Status(args) => status(&args),
        Action::Remove(args) => remove(&args),
    }
}

fn install(args: &Install) -> Result<()> {
    is_understood(args.what, &args.flags)?;
    let program = match &args.program {
        Some(program) => program.clone(),
        None => std::env::current_exe().context("this program does not know where it is: name it with --program")?,
    };
    let scope = args.place.scope();
    let words = unit::command(args.what, scope, &args.flags, &std::env::current_dir()?, &home()?);
    let text = unit::text(args.what, scope, &program, &words)?;
    if args.dry_run {
        return Ok(show::result(text.trim_end())?);
    }
    let manager = args.place.manager()?;
    let path = manager.write(args.what, &text)?;
    show::message(format_args!("wrote {}", path.display()));
    manager.tell(&["daemon-reload"])?;
    manager.tell(&["enable", "--now", args.what.unit()])?;
    show::result(manager.now_what(args.what))?;
    Ok(())
}

fn remove(args: &Remove) -> Result<()> {
    let manager = args.place.manager()?;
    let path = manager.path(args.what);
    ensure!(path.exists(), "nothing to remove: there is no {}", path.display());
    is_ours(&path)?;
    manager.tell(&["disable", "--now", args.what.unit()])?;
    fs::remove_file(&path).with_context(|| format!("{} cannot be removed", path.display()))?;
    manager.tell(&["daemon-reload"])?;
    Ok(show::result(format_args!("Removed {}. Keys and data stay where they are.", path.display()))?)
}

/// What is known of one unit.
#[derive(Serialize)]
struct State {
    unit: &'static str,
    path: PathBuf,
    installed: bool,
    /// In systemd's words; none without systemd.
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    active: Option<String>,
}

fn status(args: &Status) -> Result<()> {
    let manager = args.place.manager()?;
    let states = What::ALL.into_iter().map(|what| manager.state(what)).collect::<Result<Vec<_>>>()?;
    if args.json {
        return show::json(&states);
    }
    for state in states {
        let path = state.path.display();
        let text = match (state.installed, state.active, state.enabled) {
            (false, ..) => format!("{}: not installed", state.unit),
            (true, Some(active), Some(enabled)) => format!("{}: {active}, {enabled} ({path})", state.unit),
            _ => format!("{}: installed ({path})", state.unit),
        };
        show::result(text)?;
    }
    Ok(())
}

/// Fails with the command's own error if it does not accept its flags.
fn is_understood(what: What, flags: &[String]) -> Result<()> {
    let words = ["adit", what.word()].into_iter().chain(flags.iter().map(String::as_str));
    if let Err(error) = Cli::try_parse_from(words) {
        let (word, said) = (what.word(), error.render());
        bail!("`adit {word}` does not take these flags (those of `service install` come before `{word}`): {said}");
    }
    Ok(())
}

/// The folder of a person's data.
fn home() -> Result<PathBuf> {
    let directories = directories::ProjectDirs::from("", "", "adit").context("this account has no home directory")?;
    Ok(directories.data_local_dir().to_owned())
}

fn is_ours(path: &Path) -> Result<()> {
    let text = fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    ensure!(
        text.starts_with(unit::MARK),
        "{} was not written by `adit service install`: it stays as it is",
        path.display()
    );
    Ok(())
}

impl Place {
    fn scope(&self) -> Scope {
        if self.system { Scope::System } else { Scope::Person }
    }

    fn manager(&self) -> Result<Manager> {
        let scope = self.scope();
        if let Some(folder) = &self.units {
            return Ok(Manager { scope, folder: folder.clone(), systemctl: None });
        }
        // sd_booted(3)
        let runs = cfg!(target_os = "linux") && Path::new("/run/systemd/system").is_dir();
        ensure!(
            runs,
            "systemd does not run here; `adit service install --dry-run` prints the unit, for another machine"
        );
        let folder = match scope {
            Scope::System => PathBuf::from("/etc/systemd/system"),
            Scope::Person => {
                BaseDirs::new().context("this account has no home directory")?.config_dir().join("systemd/user")
            }
        };
        Ok(Manager { scope, folder, systemctl: Some("systemctl") })
    }
}

impl Manager {
    fn path(&self, what: What) -> PathBuf {
        self.folder.join(what.unit())
    }

    /// Writes the unit, but not over somebody else's.
    fn write(&self, what: What, text: &str) -> Result<PathBuf> {
        let path = self.path(what);
        if path.exists() {
            is_ours(&path)?;
        }
        let hint = if self.scope == Scope::System { ": run it as root" } else { "" };
        let written = fs::create_dir_all(&self.folder).and_then(|()| fs::write(&path, text));
        written.with_context(|| format!("{} cannot be written{hint}", path.display()))?;
        Ok(path)
    }

    fn command(&self, words: &[&str]) -> Option<Command> {
        let mut command = Command::new(self.systemctl?);
        if self.scope == Scope::Person {
            command.arg("--user");
        }
        command.args(words);
        Some(command)
    }

    /// Gives systemd a command; its error messages are shown unchanged.
    fn tell(&self, words: &[&str]) -> Result<()> {
        let Some(mut command) = self.command(words) else { return Ok(()) };
        let status = command.status().context("systemctl cannot be started")?;
        ensure!(status.success(), "systemctl {} failed", words.join(" "));
        Ok(())
    }

    /// The one word that systemd answers about a unit, whatever the exit status.
    fn ask(&self, question: &str, what: What) -> Option<String> {
        let output = self.command(&[question, what.unit()])?.output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned()).filter(|word| !word.is_empty())
    }

    fn state(&self, what: What) -> Result<State> {
        let path = self.path(what);
        let installed = path.try_exists().with_context(|| path.display().to_string())?;
        let ask = |question| self.ask(question, what).filter(|_| installed);
        Ok(State { unit: what.unit(), installed, enabled: ask("is-enabled"), active: ask("is-active"), path })
    }

    /// What was done, how to look at it, and how to undo it.
    fn now_what(&self, what: What) -> String {
        let (flag, user) = if self.scope == Scope::System { (" --system", "") } else { ("", " --user") };
        let unit = what.unit();
        if self.systemctl.is_none() {
            return format!("{unit} is written; systemd was left alone.");
        }
        let mut text = format!(
            "{unit} runs, and starts with the machine.\n  look at it:  adit service status{flag}; journalctl{user} -u {unit}\n  \
             undo it:     adit service remove{flag} {}",
            what.word()
        );
        if self.scope == Scope::Person {
            text = text.replace("starts with the machine", "starts when you log in");
            text.push_str("\n  let it run while you are logged out:  loginctl enable-linger");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(folder: &Path) -> Place {
        Place { system: false, units: Some(folder.to_owned()) }
    }

    fn wish(folder: &Path, flags: &[&str]) -> Install {
        let flags = flags.iter().map(ToString::to_string).collect();
        Install { place: place(folder), dry_run: false, program: None, what: What::Mine, flags }
    }

    #[test]
    fn a_unit_comes_and_goes_and_strangers_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("adit-mine.service");
        install(&wish(folder.path(), &["--cpu", "1"])).unwrap();
        install(&wish(folder.path(), &["--cpu", "2"])).unwrap();
        assert!(fs::read_to_string(&path).unwrap().contains(" mine --cpu 2 --plain\n"));
        let state = place(folder.path()).manager().unwrap().state(What::Mine).unwrap();
        assert!(state.installed && state.active.is_none());
        remove(&Remove { place: place(folder.path()), what: What::Mine }).unwrap();
        assert!(!path.exists());
        let gone = remove(&Remove { place: place(folder.path()), what: What::Mine }).unwrap_err();
        assert!(gone.to_string().starts_with("nothing to remove"), "{gone}");

        fs::write(&path, "[Service]\nExecStart=/bin/true\n").unwrap();
        let refused = install(&wish(folder.path(), &[])).unwrap_err();
        assert!(refused.to_string().contains("was not written by"), "{refused}");
        let refused = remove(&Remove { place: place(folder.path()), what: What::Mine }).unwrap_err();
        assert!(refused.to_string().contains("it stays as it is"), "{refused}");
        assert!(path.exists());
    }

    #[test]
    fn wrong_flags_and_dry_runs_write_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let error = install(&wish(folder.path(), &["--no-such-flag"])).unwrap_err().to_string();
        assert!(error.contains("--no-such-flag") && error.contains("come before `mine`"), "{error}");
        install(&Install { dry_run: true, ..wish(folder.path(), &[]) }).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn systemd_is_asked_as_the_person_or_as_the_system() {
        for (scope, expected) in [(Scope::Person, "--user enable --now x"), (Scope::System, "enable --now x")] {
            let manager = Manager { scope, folder: PathBuf::new(), systemctl: Some("systemctl") };
            let command = manager.command(&["enable", "--now", "x"]).unwrap();
            let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
            assert_eq!(words.join(" "), expected);
        }
    }
}
