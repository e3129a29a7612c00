//! `adit store`: holds sealed replicas for a coordinator, and proves on request that it still has them.

mod args;
mod folder;
mod told;

use std::cell::RefCell;
use std::time::{Duration, Instant};

use adit_miner::driver::Runtime;
use adit_miner::machine::default_contributor;
use adit_miner::store::{Door, Event, Figures, HoldError, Holder, Name, Shelf};
use anyhow::{Result, bail};

pub(crate) use args::Args;
use args::Mode;
use folder::Folder;
use told::Told;

use crate::home::{Home, KeyFile, Known, PASSPHRASE};
use crate::server::connect;
use crate::stop;

pub(crate) async fn run(mut args: Args) -> Result<()> {
    args.take_env_file()?;
    explain_mode(&args)?;
    let home = Home::find(args.key.as_deref())?;
    let passphrase = std::env::var(PASSPHRASE).ok().filter(|passphrase| !passphrase.is_empty());
    let key = KeyFile::open_or_make(home.key(), passphrase.as_deref())?.key;
    let told = Told::new(args.json);
    let folder = args.folder.clone().unwrap_or_else(|| home.replicas());
    let shelf = Shelf::open(Folder::open(&folder, home.shelf())?).await?;
    told.begins(&args, &folder, &key.public_key());
    for line in args.unused() {
        told.note(&line);
    }
    let remote = connect(args.coordinator.trim_end_matches('/'))?;
    let server = remote.server().to_owned();
    let known = RefCell::new(Known::load(home.known())?);
    let pinned = args.coordinator_key.or_else(|| known.borrow().get(&server));
    let contributor = args.id.clone().unwrap_or_else(|| default_contributor(&key.public_key()));
    let door = Door::new(remote, Name { key, contributor, origin: "native".into() }, pinned);
    let tell = |figures: &Figures, event: Event<'_>| {
        if let Event::Registered(key) = event
            && let Err(error) = known.borrow_mut().pin(&server, key)
        {
            told.note(&format!("{error:#}"));
        }
        told.happened(figures, &event);
    };
    let mut holder = Holder::new(door, shelf, Clock(Instant::now()), args.share, tell);
    let most = args.max_windows.unwrap_or(u64::MAX);
    let held = tokio::select! {
        held = holder.hold(|figures| figures.windows >= most) => held,
        () = stop::signal() => Ok(()),
    };
    told.ends(holder.figures());
    held.map_err(explained)
}

/// The error with the flags that help.
fn explained(error: HoldError) -> anyhow::Error {
    match &error {
        HoldError::Foreign(_) => anyhow::anyhow!("{error}: give another --key and --folder for this one"),
        HoldError::Strange { .. } => {
            anyhow::anyhow!("{error}: if its owner says that it changed, give the new one with --coordinator-key")
        }
        _ => error.into(),
    }
}

/// This process's clock.
struct Clock(Instant);

impl Runtime for Clock {
    fn now_ms(&self) -> u64 {
        self.0.elapsed().as_millis() as u64
    }

    async fn sleep(&self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    fn random(&self) -> u64 {
        // Without randomness retries are only spread less.
        getrandom::u64().unwrap_or_default()
    }
}

/// Refuses the original's modes that hold no replicas, and says why: nothing in them could be proved or paid.
fn explain_mode(args: &Args) -> Result<()> {
    match args.mode {
        Mode::Embedded => Ok(()),
        Mode::Gateway => bail!(
            "a gateway serves what others store, so there is nothing to prove and nothing to earn: use --mode embedded to \
             hold replicas in a folder of your own"
        ),
        Mode::Pinning => bail!(
            "a pinning service holds the bytes, and this program could not read them within 30 s of a challenge: use --mode \
             embedded to hold replicas in a folder of your own"
        ),
        Mode::Local => bail!(
            "replicas are files of this program, not blocks of the IPFS node at {}: use --mode embedded, beside the node if \
             you run one",
            args.ipfs_api_url
        ),
    }
}
