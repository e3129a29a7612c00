//! The flags of `adit serve`: one for each setting, and two for the settings as a whole.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches};

use super::settings::{Given, SETTINGS, Setting};

/// Run a coordinator on an embedded database.
///
/// The directory holds everything: the database, the coordinator's key, and the token for operators' commands.
#[derive(Default)]
pub(crate) struct Args {
    /// The settings' file, if one was named.
    pub(super) config: Option<PathBuf>,
    /// Whether to print the settings instead of serving.
    pub(super) print_config: bool,
    /// The settings that were given as flags.
    pub(super) flags: Given,
}

impl clap::Args for Args {
    fn augment_args(command: Command) -> Command {
        let config = Arg::new("config").long("config").value_name("FILE").env("ADIT_CONFIG");
        let config =
            config.value_parser(clap::value_parser!(PathBuf)).help("The settings' file [default: DIR/adit.toml]");
        let print = Arg::new("print-config").long("print-config").action(ArgAction::SetTrue);
        command
            .about("Run a coordinator: hand out units, verify every output, keep the ledger")
            .after_help(
                "Flags override the environment, which overrides the file, which overrides the defaults. A file's keys are \
                 the flags' names; --print-config shows each value and where it comes from.",
            )
            .args(SETTINGS.iter().map(flag))
            .arg(config)
            .arg(print.help("Print the settings as a file, each with where it comes from"))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// A setting's flag. The default is in its help only, so that a flag that was given can be told from one that was not.
fn flag(setting: &'static Setting) -> Arg {
    let default = if setting.default.is_empty() { String::new() } else { format!(" [default: {}]", setting.default) };
    let check = setting.check;
    Arg::new(setting.name)
        .long(setting.name)
        .value_name(setting.value)
        .action(if setting.many { ArgAction::Append } else { ArgAction::Set })
        .value_parser(move |text: &str| check(text).map(|()| text.to_owned()))
        .help(format!("{}{default} [env: {}]", setting.help, setting.variable()))
}

impl FromArgMatches for Args {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut args = Args::default();
        args.update_from_arg_matches(matches)?;
        Ok(args)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.config = matches.get_one("config").cloned();
        self.print_config = matches.get_flag("print-config");
        for setting in &SETTINGS {
            if let Some(values) = matches.get_many::<String>(setting.name) {
                self.flags.insert(setting.name.to_owned(), values.cloned().collect());
            }
        }
        Ok(())
    }
}
