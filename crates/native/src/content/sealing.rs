//! `adit content seal` and `adit content open`: encrypt and decrypt a file with age or Fernet.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use adit_content::seal::{self, Key, Lock, MOST_WORK, fernet};
use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::{files, keys, recipients};
use crate::home::random;
use crate::output::Output;
use crate::show;

/// The environment variable with the passphrase for files; `ADIT_PASSPHRASE` is for keys.
const FILE_PASSPHRASE: &str = "ADIT_CONTENT_PASSPHRASE";

#[derive(clap::Args)]
pub(crate) struct SealArgs {
    /// The file
    file: PathBuf,
    /// Where the sealed file goes; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Seal for this recipient too, an age public key; may be repeated
    #[arg(long = "to", value_name = "age1…")]
    to: Vec<String>,
    /// Seal with the passphrase in ADIT_CONTENT_PASSPHRASE, and for no key
    #[arg(long, conflicts_with_all = ["to", "fernet"])]
    passphrase: bool,
    /// Write a Fernet token, as the original's programs read it; at most 64 MiB
    #[arg(long, conflicts_with = "to")]
    fernet: bool,
    /// Replace the output file if it exists
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    key: keys::Place,
}

#[derive(clap::Args)]
pub(crate) struct OpenArgs {
    /// The sealed file
    file: PathBuf,
    /// Where the opened file goes; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Open with the passphrase in ADIT_CONTENT_PASSPHRASE
    #[arg(long)]
    passphrase: bool,
    /// Replace the output file if it exists
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    key: keys::Place,
}

pub(super) async fn seal(args: SealArgs, json: bool) -> Result<()> {
    let output = Output::prepare(&args.output, args.force).await?;
    let mut from = open_file(&args.file)?;
    if args.fernet {
        let key = args.key.open_or_make()?;
        let (newest, key) = (key.newest, key.secret.fernet(key.newest));
        let sealed = files::write_to(&output, move |out| {
            let mut plain = Vec::new();
            from.take(fernet::MAX_BYTES as u64 + 1).read_to_end(&mut plain)?;
            ensure!(plain.len() <= fernet::MAX_BYTES, "a Fernet token holds at most {} bytes", fernet::MAX_BYTES);
            let mut vector = [0; 16];
            random(&mut vector)?;
            let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
            Ok(out.write_all(fernet::seal(&key, now, vector, &plain).as_bytes())?)
        });
        let ((), bytes) = sealed.await?;
        return report(&output, &args.output, bytes, &format!("Fernet, version {newest} of your key"), json);
    }
    let (lock, whom) = if args.passphrase {
        (Lock::Passphrase { text: passphrase()?.into(), work: MOST_WORK }, "age, with a passphrase".to_owned())
    } else {
        let key = args.key.open_or_make()?;
        let mut all = recipients(&args.to)?;
        all.push(key.secret.recipient(key.newest));
        let others = if args.to.is_empty() { String::new() } else { format!(" and {} others", args.to.len()) };
        (Lock::Recipients(all), format!("age, for version {} of your key{others}", key.newest))
    };
    let sealed = files::write_to(&output, move |out| Ok(seal::seal(&lock, &mut from, out)?));
    let (_, bytes) = sealed.await?;
    report(&output, &args.output, bytes, &whom, json)
}

pub(super) async fn open(args: OpenArgs, json: bool) -> Result<()> {
    let output = Output::prepare(&args.output, args.force).await?;
    let mut from = open_file(&args.file)?;
    let named = args.file.display().to_string();
    let is_fernet = from.fill_buf().is_ok_and(|start| start.starts_with(b"gAAAA"));
    if is_fernet {
        let key = args.key.open()?;
        let opened = files::write_to(&output, move |out| {
            let keys: Vec<_> = (1..=key.newest).rev().map(|version| key.secret.fernet(version)).collect();
            let mut token = Vec::new();
            from.take(fernet::MAX_BYTES as u64 * 2).read_to_end(&mut token)?;
            let plain = fernet::open(keys.iter().map(|key| &**key), &token).context(named)?;
            Ok(out.write_all(&plain)?)
        });
        let ((), bytes) = opened.await?;
        return report(&output, &args.output, bytes, "opened and checked", json);
    }
    let keys = if args.passphrase {
        vec![Key::Passphrase(passphrase()?.into())]
    } else {
        let key = args.key.open()?;
        key.secret.keys(key.newest)
    };
    let opened = files::write_to(&output, move |out| seal::open(&keys, from, out).context(named));
    let (_, bytes) = opened.await?;
    report(&output, &args.output, bytes, "opened and checked", json)
}

fn open_file(path: &Path) -> Result<BufReader<Box<dyn Read + Send>>> {
    let from: Box<dyn Read + Send> = match path.as_os_str() == "-" {
        true => Box::new(std::io::stdin()),
        false => Box::new(File::open(path).with_context(|| path.display().to_string())?),
    };
    Ok(BufReader::with_capacity(1 << 17, from))
}

fn passphrase() -> Result<String> {
    let text = std::env::var(FILE_PASSPHRASE).ok().filter(|text| !text.is_empty());
    text.with_context(|| format!("set {FILE_PASSPHRASE} to the file's passphrase"))
}

fn report(output: &Output, named: &Path, bytes: u64, how: &str, json: bool) -> Result<()> {
    let report = json!({ "output": named, "bytes": bytes, "how": how });
    let text = format!("{} ({bytes} bytes): {how}", named.display());
    if output.is_standard() {
        show::message(if json { report.to_string() } else { text });
        return Ok(());
    }
    if json { show::json(&report) } else { Ok(show::result(text)?) }
}
