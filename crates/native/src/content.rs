//! `adit content`: files and folders as IPFS names them, packed into CARs, unpacked again, and sealed.

mod archive;
mod embedded;
mod files;
#[cfg(feature = "serve")]
mod gateway;
#[cfg(feature = "jobs")]
mod holders;
mod import;
mod keys;
mod modes;
mod noted;
#[cfg(feature = "jobs")]
mod put;
mod sealing;
mod source;
mod stored;
#[cfg(test)]
mod tests;
mod unpack;
mod wanted;

use std::path::PathBuf;

use adit_content::profile::PROFILES;
use adit_content::seal::Recipient;
use adit_content::walk::stat;
use adit_content::{Cid, ContentPath, Limits, List, Profile, Stat, Walk, name};
use anyhow::{Context, Result};
use serde_json::json;

use crate::output::Output;
use crate::stop::Stopped;
use crate::{show, stop};
use archive::Archive;
use import::{Pack, Plan};
#[cfg(feature = "mcp")]
pub(crate) use modes::{Opened, Place};
use source::{Source, Stored, find};

/// Name, keep, fetch, pack, unpack and seal files and folders as IPFS does.
///
/// `import` names what it is given by its CID, the same that other IPFS programs give under the same profile, and packs it
/// into a CAR with `--car`. `export` and `ls` read a CAR, and check every block of it.
///
/// `add` keeps a file or folder in a folder of this program's own, and `get`, `cat` and `ls` give it back by its CID. What is
/// pinned stays until it is unpinned, and is whole or not there at all.
///
/// `seal` encrypts a file so that any age tool opens it with the right key. Keys come from one secret that is made when it is
/// first used: `key export` prints what to keep in a safe place.
///
/// Examples:
///
///   adit content import photos --car photos.car
///
///   adit content ls photos.car
///
///   adit content export photos.car -o copy
///
///   adit content add photos
///
///   adit content get bafybeihmztar2fdsbq7osgkrsvhjt46a7n2rvulq3ouclvhvlern7qcbe4 -o photos
///
///   adit content seal report.pdf -o report.pdf.age
///
///   adit content open report.pdf.age -o report.pdf
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
    /// Print what happened as one JSON object
    #[arg(long, global = true)]
    json: bool,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Name a file or folder by its CID, and pack it into a CAR
    ///
    /// A folder is taken with everything in it, hidden files too; symbolic links are taken as links. A CAR is written from the
    /// files in a second pass, so memory stays small, and a file that changes meanwhile is an error.
    Import {
        /// The file or folder
        path: PathBuf,
        /// How files are cut and folders written; another profile gives another CID
        #[arg(long, value_name = "NAME", default_value = PROFILES[0].name, value_parser = profile())]
        profile: String,
        /// Write all blocks into this CAR; `-` is standard output
        #[arg(long, value_name = "FILE")]
        car: Option<PathBuf>,
        /// Replace the CAR if it exists
        #[arg(long)]
        force: bool,
    },
    /// Print a file's or folder's CID, and nothing else
    Cid {
        /// The file or folder
        path: PathBuf,
        /// How files are cut and folders written
        #[arg(long, value_name = "NAME", default_value = PROFILES[0].name, value_parser = profile())]
        profile: String,
    },
    /// Write what a CAR holds as a file or folder
    ///
    /// Nothing is written outside the output, no link may lead out of it, and it appears whole or not at all.
    Export {
        /// The CAR
        car: PathBuf,
        /// Where the file or folder goes; a file also to `-`, standard output
        #[arg(short, long, value_name = "PATH")]
        output: PathBuf,
        /// Only what this path inside the CAR names
        #[arg(long, value_name = "PATH", default_value = "")]
        path: String,
        /// Replace the output file if it exists; folders are never replaced
        #[arg(long)]
        force: bool,
        /// The most bytes to write: a small CAR may unfold into a huge file
        #[arg(long, value_name = "BYTES", default_value_t = 64 << 30)]
        max_bytes: u64,
    },
    #[command(flatten)]
    Kept(stored::Action),
    /// Serve what is kept to others, as an IPFS gateway
    ///
    /// It serves everything in the folder of mode embedded, pinned or not, as raw blocks, CARs, files and folders, to whoever
    /// can reach the address. Sealed files stay sealed, and browsers run no script in it. Ctrl-C ends it.
    #[cfg(feature = "serve")]
    Gateway(gateway::Args),
    /// List a folder, in a CAR or by its CID
    Ls {
        /// The CAR, or CID/PATH
        what: PathBuf,
        /// The folder's path in the CAR
        #[arg(long, value_name = "PATH", default_value = "")]
        path: String,
        #[command(flatten)]
        place: modes::Place,
    },
    /// Encrypt a file: for yourself, for others, or with a passphrase
    Seal(sealing::SealArgs),
    /// Decrypt a file that was sealed with age or Fernet
    Open(sealing::OpenArgs),
    /// Store a file or folder with miners, as replicas that are proven every hour
    ///
    /// The price is shown first. Every piece goes to different keys, each with an encrypted replica of its own, and to different
    /// networks as far as there are any. The coordinator keeps a copy; without it, the content comes back from the miners.
    #[cfg(feature = "jobs")]
    Put(put::PutArgs),
    /// List what is stored with miners
    #[cfg(feature = "jobs")]
    Stored(put::StoredArgs),
    /// List who holds what is stored, those who proved most first
    #[cfg(feature = "jobs")]
    Holders(holders::HoldersArgs),
    /// Fetch something stored with miners as a CAR
    #[cfg(feature = "jobs")]
    Back(put::BackArgs),
    /// End something that is stored with miners; what was proven stays paid
    #[cfg(feature = "jobs")]
    Drop(put::OneArgs),
    /// Show, rotate, export and import the secret that files are sealed with
    Key(keys::Args),
}

fn profile() -> clap::builder::PossibleValuesParser {
    clap::builder::PossibleValuesParser::new(PROFILES.map(|profile| profile.name))
}

pub(crate) async fn run(args: Args) -> Result<()> {
    // The gateway waits for Ctrl-C itself, to finish its answers first.
    #[cfg(feature = "serve")]
    if matches!(args.action, Action::Gateway(_)) {
        return act(args).await;
    }
    tokio::select! {
        done = act(args) => done,
        () = stop::signal() => Err(Stopped("Stopped; no result was written".into()).into()),
    }
}

async fn act(args: Args) -> Result<()> {
    let json = args.json;
    match args.action {
        Action::Import { path, profile, car, force } => import(path, &profile, car, force, json).await,
        Action::Cid { path, profile } => {
            let profile: Profile = profile.parse()?;
            let plan = apart(move || Plan::make(&path, profile, Pack::No)).await?;
            let found = json!({ "cid": plan.root.cid.to_string(), "profile": profile.name });
            if json { show::json(&found) } else { Ok(show::result(plan.root.cid)?) }
        }
        Action::Export { car, output, path, force, max_bytes } => {
            let open = move || {
                let mut archive = Archive::open(&car)?;
                let root = find_in(&mut archive, &path)?;
                Ok((archive, root))
            };
            unpack::export(open, unpack::To { path: output, force, max_bytes, json }).await
        }
        #[cfg(feature = "serve")]
        Action::Gateway(args) => gateway::run(args).await,
        Action::Kept(action) => stored::run(action, json).await,
        Action::Ls { what, path, place } => {
            let entries = if what.is_file() {
                apart(move || list(&mut Archive::open(&what)?, &path)).await?
            } else {
                let at = stored::path_of(&what)?;
                let mut source = Stored::of(place.open()?.blocks());
                apart(move || {
                    let root = find(&mut source, &at)?;
                    list_folder(&mut source, root)
                })
                .await?
            };
            let lines: Vec<String> = entries.iter().map(Listed::to_string).collect();
            match json {
                true => show::json(&json!({ "entries": entries })),
                false if lines.is_empty() => Ok(()),
                false => Ok(show::result(lines.join("\n"))?),
            }
        }
        Action::Seal(args) => sealing::seal(args, json).await,
        Action::Open(args) => sealing::open(args, json).await,
        Action::Key(args) => keys::run(args, json).await,
        #[cfg(feature = "jobs")]
        Action::Put(args) => put::put(args, json).await,
        #[cfg(feature = "jobs")]
        Action::Stored(args) => put::stored(args, json).await,
        #[cfg(feature = "jobs")]
        Action::Holders(args) => holders::list(args, json).await,
        #[cfg(feature = "jobs")]
        Action::Back(args) => put::back(args, json).await,
        #[cfg(feature = "jobs")]
        Action::Drop(args) => put::drop(args, json).await,
    }
}

async fn import(path: PathBuf, profile: &str, car: Option<PathBuf>, force: bool, json: bool) -> Result<()> {
    let profile: Profile = profile.parse()?;
    let output = match &car {
        Some(car) => Some(Output::prepare(car, force).await?),
        None => None,
    };
    let pack = if car.is_some() { Pack::Yes } else { Pack::No };
    let plan = apart(move || Plan::make(&path, profile, pack)).await?;
    let (root, bytes) = (plan.root, plan.bytes);
    let mut report = json!({ "cid": root.cid.to_string(), "profile": profile.name, "bytes": bytes });
    let mut text = format!("{}\n{profile}, {bytes} bytes", root.cid);
    let mut standard = false;
    if let (Some(output), Some(car)) = (&output, &car) {
        let ((), written) = files::write_to(output, move |out| plan.write(out)).await?;
        standard = output.is_standard();
        report["car"] = json!(car);
        report["car_bytes"] = json!(written);
        text = format!("{text}\n{} ({written} bytes)", car.display());
    }
    if standard {
        show::message(if json { report.to_string() } else { text });
        return Ok(());
    }
    if json { show::json(&report) } else { Ok(show::result(text)?) }
}

/// An entry of a folder.
#[derive(serde::Serialize)]
struct Listed {
    name: String,
    cid: String,
    /// `file`, `folder`, `link`, or `missing` where the CAR lacks the block.
    kind: &'static str,
    /// A file's bytes.
    bytes: Option<u64>,
}

impl std::fmt::Display for Listed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bytes = self.bytes.map(|bytes| bytes.to_string()).unwrap_or_else(|| self.kind.to_owned());
        // A stranger's name may hold characters that move a terminal's cursor.
        let name: String = self.name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        write!(f, "{bytes:>14}  {}  {name}", self.cid)
    }
}

/// Finds what a path in a CAR names.
fn find_in(archive: &mut Archive, path: &str) -> Result<Cid> {
    let root = archive.root()?;
    find(archive, &ContentPath { root, names: name::names(path) })
}

fn list(archive: &mut Archive, path: &str) -> Result<Vec<Listed>> {
    let root = find_in(archive, path)?;
    list_folder(archive, root)
}

fn list_folder(source: &mut impl Source, root: Cid) -> Result<Vec<Listed>> {
    let (mut walk, mut entries) = (List::new(root, Limits::default()), Vec::new());
    while let Some(entry) = walk.next_from(|cid| source.block(cid))? {
        anyhow::ensure!(entries.len() < unpack::MAX_ENTRIES, "the folder has more than {} names", unpack::MAX_ENTRIES);
        let found = source.look(&entry.cid)?.map(|block| stat(&block)).transpose()?;
        let (kind, bytes) = match found {
            Some(Stat::File(bytes)) => ("file", Some(bytes)),
            Some(Stat::Folder) => ("folder", None),
            Some(Stat::Symlink(_)) => ("link", None),
            None => ("missing", None),
        };
        entries.push(Listed { name: entry.name, cid: entry.cid.to_string(), kind, bytes });
    }
    Ok(entries)
}

/// Runs work that reads files on a thread of its own, so that Ctrl-C is noticed meanwhile.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await?
}

/// Parses the recipients that a person named.
fn recipients(named: &[String]) -> Result<Vec<Recipient>> {
    named.iter().map(|text| text.parse().with_context(|| text.clone())).collect()
}
