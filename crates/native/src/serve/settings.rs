//! A coordinator's settings, and where their values come from.
//!
//! One table names each setting: `epoch-seconds` in the file, `--epoch-seconds` as a flag, `ADIT_EPOCH_SECONDS` in the environment.
//! Flags override the environment, which overrides the file, which overrides the default.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use adit_coordinator::range::{Budget, DrainSeconds, EpochSeconds, MaxConnections, StorageSeconds, StoreGib};
use anyhow::{Context, Result, bail, ensure};
use tracing_subscriber::EnvFilter;

use super::log::Format;

/// One setting.
#[derive(Debug)]
pub(super) struct Setting {
    /// The name of the flag and the file's key. The variable's name is derived from it.
    pub(super) name: &'static str,
    /// The placeholder for its value in help texts.
    pub(super) value: &'static str,
    /// The default value; empty for none.
    pub(super) default: &'static str,
    /// Whether it may have several values: the flag repeated, commas in the environment, a list in the file.
    pub(super) many: bool,
    /// The help text.
    pub(super) help: &'static str,
    /// Checks a value.
    pub(super) check: fn(&str) -> Result<(), String>,
}

/// Every setting. The first is the directory that holds the file, unless `--config` or `ADIT_CONFIG` names one.
pub(super) const SETTINGS: [Setting; 15] = [
    Setting {
        name: "data",
        value: "DIR",
        default: ".adit",
        many: false,
        help: "The directory for database, key and token; made if it is not there",
        check: is::<PathBuf>,
    },
    Setting {
        name: "listen",
        value: "ADDRESS",
        default: "127.0.0.1:8000",
        many: false,
        help: "Where to listen; port 0 lets the system choose",
        check: is::<std::net::SocketAddr>,
    },
    Setting {
        name: "web",
        value: "DIR",
        default: "",
        many: false,
        help: "A folder with the built page to serve at /, instead of the page that the program holds",
        check: is::<PathBuf>,
    },
    Setting {
        name: "block-budget",
        value: "NNET",
        default: "1",
        many: false,
        help: "What an epoch may pay for sponsored work, in NNET, from 0 to 9223372036",
        check: is::<Budget>,
    },
    Setting {
        name: "epoch-seconds",
        value: "SECONDS",
        default: "600",
        many: false,
        help: "How long an epoch lasts, in seconds, from 1 to 31622400 (366 days)",
        check: is::<EpochSeconds>,
    },
    Setting {
        name: "storage-window-seconds",
        value: "SECONDS",
        default: "3600",
        many: false,
        help: "How often whoever holds replicas is asked to prove them, in seconds, from 1 to 86400",
        check: is::<StorageSeconds>,
    },
    Setting {
        name: "max-store-gib",
        value: "GIB",
        default: "32",
        many: false,
        help: "The most that the database may hold, in GiB, from 1 to 1048576; a fuller store refuses new jobs",
        check: is::<StoreGib>,
    },
    Setting {
        name: "host",
        value: "NAME",
        default: "",
        many: true,
        help: "A name under which this coordinator is reached, beside addresses and localhost; may be repeated",
        check: is::<String>,
    },
    Setting {
        name: "origin",
        value: "ORIGIN",
        default: "",
        many: true,
        help: "An origin whose pages may call while it listens on loopback (https://adit.example); may be repeated",
        check: origin,
    },
    Setting {
        name: "max-connections",
        value: "N",
        default: "4096",
        many: false,
        help: "The most connections at once, from 1 to 1000000, within what the system's limit of open files allows",
        check: is::<MaxConnections>,
    },
    Setting {
        name: "max-connections-per-block",
        value: "N",
        default: "256",
        many: false,
        help: "The most connections of one address block (an IPv4 /24, an IPv6 /56), from 1 to 1000000; a loopback address has half of all",
        check: is::<MaxConnections>,
    },
    Setting {
        name: "drain-seconds",
        value: "SECONDS",
        default: "10",
        many: false,
        help: "How long open requests may take to end when the coordinator stops, in seconds from 1 to 86400",
        check: is::<DrainSeconds>,
    },
    Setting {
        name: "source",
        value: "URL",
        default: "",
        many: true,
        help: "A gateway whose data jobs may ask about (URL/ipfs/CID?format=raw); may be repeated",
        check: source,
    },
    Setting {
        name: "log",
        value: "FORMAT",
        default: "human",
        many: false,
        help: "How to log: human, or json with one event per line",
        check: is::<Format>,
    },
    Setting {
        name: "log-level",
        value: "LEVEL",
        default: "info",
        many: false,
        help: "What to log: error, warn, info, debug, or a filter for each part of the program",
        check: is::<EnvFilter>,
    },
];

/// The file in the data directory.
const FILE: &str = "adit.toml";

fn is<T: FromStr<Err: Display>>(text: &str) -> Result<(), String> {
    text.parse::<T>().map(|_| ()).map_err(|error| error.to_string())
}

fn source(text: &str) -> Result<(), String> {
    let wrong = "not an http or https address without a slash at its end";
    if adit_core::unit::is_source(text) { Ok(()) } else { Err(wrong.to_owned()) }
}

fn origin(text: &str) -> Result<(), String> {
    let wrong = "not an origin: write a scheme and a host without a path, as https://adit.example";
    let is_host = |host: &str| !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/');
    if text.split_once("://").is_some_and(|(_, host)| is_host(host)) { Ok(()) } else { Err(wrong.to_owned()) }
}

impl Setting {
    /// The environment variable, as `ADIT_EPOCH_SECONDS`.
    pub(super) fn variable(&self) -> String {
        format!("ADIT_{}", self.name.replace('-', "_").to_uppercase())
    }

    /// The values in a text; none if it is empty.
    fn split(&self, text: &str) -> Vec<String> {
        let parts = if self.many { text.split(',').map(str::trim).collect() } else { vec![text] };
        parts.into_iter().filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Flag(&'static str),
    Variable(String),
    File(PathBuf),
    Default,
}

impl Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Flag(flag) => write!(f, "--{flag}"),
            Source::Variable(variable) => f.write_str(variable),
            Source::File(path) => write!(f, "{}", path.display()),
            Source::Default => f.write_str("default"),
        }
    }
}

/// Values by the names of settings.
pub(super) type Given = BTreeMap<String, Vec<String>>;

/// The value of every setting, and where it comes from.
#[derive(Debug)]
pub(super) struct Settings(BTreeMap<&'static str, (Vec<String>, Source)>);

impl Settings {
    /// Combines the layers. `config` is the file if one was named; `variable` reads the environment.
    pub(super) fn gather(
        flags: &Given,
        config: Option<&Path>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self> {
        let over_the_file = Layers { flags, variable: &variable, file: None };
        let (data, _) = over_the_file.value(&SETTINGS[0])?;
        let file = read(config, Path::new(&data.concat()))?;
        let layers = Layers { file: file.as_ref(), ..over_the_file };
        let values = SETTINGS.iter().map(|setting| Ok((setting.name, layers.value(setting)?)));
        values.collect::<Result<_>>().map(Settings)
    }

    /// Every value of a setting.
    pub(super) fn all<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Vec<T>> {
        let (values, source) = self.0.get(name).with_context(|| format!("there is no setting {name}"))?;
        let parse = |value: &String| value.parse().map_err(|error| anyhow::anyhow!("{source}: {name}: {error}"));
        values.iter().map(parse).collect()
    }

    /// The value of a setting, if it has one.
    pub(super) fn one<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<T>> {
        Ok(self.all(name)?.pop())
    }

    /// The value of a setting that always has one.
    pub(super) fn required<T: FromStr<Err: Display>>(&self, name: &str) -> Result<T> {
        self.one(name)?.with_context(|| format!("{name} has no value"))
    }

    /// The settings as a file, with the source of each value.
    pub(super) fn to_toml(&self) -> String {
        let mut text = String::new();
        for setting in &SETTINGS {
            let Some((values, source)) = self.0.get(setting.name) else { continue };
            let values: toml::Value =
                if setting.many { values.clone().into() } else { values.first().cloned().unwrap_or_default().into() };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{} = {values} # {source}", setting.name);
        }
        text
    }
}

/// The layers that values are taken from, in this order.
struct Layers<'a> {
    flags: &'a Given,
    variable: &'a dyn Fn(&str) -> Option<String>,
    file: Option<&'a (PathBuf, Given)>,
}

impl Layers<'_> {
    fn value(&self, setting: &Setting) -> Result<(Vec<String>, Source)> {
        let (values, source) = self.first(setting);
        for value in &values {
            let wrong = |error| anyhow::anyhow!("{source}: {} = {value:?}: {error}", setting.name);
            (setting.check)(value).map_err(wrong)?;
        }
        Ok((values, source))
    }

    fn first(&self, setting: &Setting) -> (Vec<String>, Source) {
        if let Some(values) = self.flags.get(setting.name) {
            return (values.clone(), Source::Flag(setting.name));
        }
        let name = setting.variable();
        if let Some(text) = (self.variable)(&name).filter(|text| !text.is_empty()) {
            return (setting.split(&text), Source::Variable(name));
        }
        if let Some((path, given)) = self.file
            && let Some(values) = given.get(setting.name)
        {
            return (values.clone(), Source::File(path.clone()));
        }
        (setting.split(setting.default), Source::Default)
    }
}

/// Reads the file that was named, which must exist, or the data directory's, which need not.
fn read(config: Option<&Path>, data: &Path) -> Result<Option<(PathBuf, Given)>> {
    let path = config.map_or_else(|| data.join(FILE), Path::to_owned);
    let text = match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && config.is_none() => return Ok(None),
        text => text.with_context(|| path.display().to_string())?,
    };
    let given = parse(&text).with_context(|| path.display().to_string())?;
    let elsewhere = config.is_none() && given.contains_key(SETTINGS[0].name);
    ensure!(!elsewhere, "{}: a file of the data directory cannot name another: remove `data`", path.display());
    Ok(Some((path, given)))
}

/// Parses a file. Unknown keys are an error that names them all.
fn parse(text: &str) -> Result<Given> {
    let table: toml::Table = text.parse()?;
    let known = |name: &str| SETTINGS.iter().find(|setting| setting.name == name);
    let unknown: Vec<&str> = table.keys().map(String::as_str).filter(|name| known(name).is_none()).collect();
    if !unknown.is_empty() {
        let names: Vec<&str> = SETTINGS.iter().map(|setting| setting.name).collect();
        bail!("unknown setting {}; the settings are {}", unknown.join(", "), names.join(", "));
    }
    let mut given = Given::new();
    for setting in &SETTINGS {
        if let Some(value) = table.get(setting.name) {
            given.insert(setting.name.to_owned(), values(setting, value)?);
        }
    }
    Ok(given)
}

fn values(setting: &Setting, value: &toml::Value) -> Result<Vec<String>> {
    let scalar = |value: &toml::Value| match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        _ => None,
    };
    match value {
        toml::Value::Array(items) if setting.many => {
            let values: Option<Vec<String>> = items.iter().map(scalar).collect();
            values.with_context(|| format!("{}: expected a list of strings", setting.name))
        }
        value => {
            let text =
                scalar(value).with_context(|| format!("{}: expected a string or a whole number", setting.name))?;
            Ok(setting.split(&text))
        }
    }
}

#[cfg(test)]
mod tests;
