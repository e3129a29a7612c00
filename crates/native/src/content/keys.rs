//! `adit content key`: the secret that files are sealed with.
//!
//! Two kinds of program read an exported secret. `adit content key import` reads the line that begins with [`SECRET`]; to age
//! tools that line is a comment, and they read the private keys below it.

use std::fmt::Write as _;
use std::path::PathBuf;

use adit_content::seal::Secret;
use anyhow::{Context, Result, ensure};
use serde_json::json;
use zeroize::Zeroizing;

use super::{apart, files};
use crate::home::{ContentKey, Home, PASSPHRASE};
use crate::output::Output;
use crate::show;

/// The beginning of the line with the secret.
const SECRET: &str = "# adit-content-secret: ";
/// The largest export that is read.
const MAX_EXPORT_BYTES: u64 = 1 << 20;

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Show the public key that files are sealed for, which others may have
    Show {
        #[command(flatten)]
        key: Place,
    },
    /// Seal with a new key from now on; every key before it still opens
    Rotate {
        #[command(flatten)]
        key: Place,
    },
    /// Write the secret and its private keys into a file, to keep or to move
    ///
    /// Whoever has that file opens everything that was sealed with the secret. Age tools read it with `age -d -i FILE`.
    Export {
        /// Where it goes; only you may read it
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// Replace the output file if it exists
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        key: Place,
    },
    /// Import an exported secret, on a machine that has none
    Import {
        /// The exported file
        file: PathBuf,
        #[command(flatten)]
        key: Place,
    },
}

/// Where the secret is kept.
#[derive(clap::Args)]
pub(crate) struct Place {
    /// The file with the secret; by default content.key beside the miner's key. ADIT_PASSPHRASE seals it
    #[arg(long = "key-file", value_name = "FILE")]
    key_file: Option<PathBuf>,
}

impl Place {
    fn path(&self) -> Result<PathBuf> {
        self.key_file.clone().map_or_else(|| Home::find(None).map(|home| home.content_key()), Ok)
    }

    pub(super) fn open(&self) -> Result<ContentKey> {
        let path = self.path()?;
        let key = ContentKey::open(&path, own_passphrase().as_deref())?;
        key.with_context(|| {
            format!("{}: there is no content key yet: seal a file to make one, or import one", path.display())
        })
    }

    pub(super) fn open_or_make(&self) -> Result<ContentKey> {
        let key = ContentKey::open_or_make(&self.path()?, own_passphrase().as_deref())?;
        if key.made {
            let path = key.path.display();
            show::message(format_args!("A new content key is in {path}. Keep a copy: adit content key export -o FILE"));
        }
        Ok(key)
    }
}

fn own_passphrase() -> Option<String> {
    std::env::var(PASSPHRASE).ok().filter(|text| !text.is_empty())
}

pub(super) async fn run(args: Args, json: bool) -> Result<()> {
    match args.action {
        Action::Show { key } => shown(&key.open_or_make()?, json),
        Action::Rotate { key } => {
            let mut key = key.open()?;
            key.rotate(own_passphrase().as_deref())?;
            shown(&key, json)
        }
        Action::Export { output, force, key } => {
            let (key, to) = (key.open()?, Output::prepare(&output, force).await?.secret());
            let text = exported(&key)?;
            files::write_to(&to, move |out| Ok(out.write_all(text.as_bytes())?)).await?;
            if to.is_standard() {
                return Ok(());
            }
            let said = format!("{}: whoever has this file opens what you sealed", output.display());
            if json {
                show::json(&json!({ "output": output, "versions": key.newest }))
            } else {
                Ok(show::result(said)?)
            }
        }
        Action::Import { file, key } => {
            let path = key.path()?;
            let key = apart(move || {
                let (secret, newest) = imported(&file)?;
                let key = ContentKey { secret, newest, path, made: false };
                let stored = key.store_new(own_passphrase().as_deref())?;
                let there = key.path.display();
                ensure!(stored, "{there} holds a key already: move it away first, or what it sealed cannot be opened");
                Ok(key)
            });
            shown(&key.await?, json)
        }
    }
}

fn shown(key: &ContentKey, json: bool) -> Result<()> {
    let (version, recipient, path) = (key.newest, key.secret.recipient(key.newest).to_string(), &key.path);
    if json {
        return show::json(&json!({ "version": version, "recipient": recipient, "key_file": path }));
    }
    Ok(show::result(format_args!("{recipient}\nversion {version}, in {}", path.display()))?)
}

pub(super) fn exported(key: &ContentKey) -> Result<Zeroizing<String>> {
    let mut text =
        Zeroizing::new(String::from("# Adit content key. Whoever has this file opens what was sealed with it.\n"));
    let secret = Zeroizing::new(hex::encode(key.secret.bytes()));
    writeln!(text, "{SECRET}{} {}", *secret, key.newest)?;
    for version in (1..=key.newest).rev() {
        writeln!(text, "# version {version}: {}", key.secret.recipient(version))?;
        writeln!(text, "{}", *key.secret.private_text(version))?;
    }
    Ok(text)
}

pub(super) fn imported(file: &std::path::Path) -> Result<(Secret, u32)> {
    let named = || file.display().to_string();
    let size = std::fs::metadata(file).with_context(named)?.len();
    ensure!(size <= MAX_EXPORT_BYTES, "{} is not an exported content key", named());
    let text = Zeroizing::new(std::fs::read_to_string(file).with_context(named)?);
    let line = text.lines().find_map(|line| line.strip_prefix(SECRET));
    let line = line.with_context(|| format!("{} is not an exported content key", named()))?;
    let (secret, newest) = line.split_once(' ').with_context(named)?;
    let bytes = Zeroizing::new(hex::decode(secret).ok().with_context(named)?);
    Ok((Secret::from_slice(&bytes).with_context(named)?, newest.trim().parse().with_context(named)?))
}
