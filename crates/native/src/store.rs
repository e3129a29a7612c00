//! `adit store`: holds sealed replicas for a coordinator, and proves on request that it still has them.

mod args;
mod holder;
mod session;
mod shelf;
mod told;

use std::time::Duration;

use anyhow::{Result, bail};

pub(crate) use args::Args;
use args::Mode;
use holder::Holder;
use session::Door;
use shelf::Shelf;
use told::Told;

use crate::home::{Home, KeyFile, PASSPHRASE};
use crate::server::connect;
use crate::stop;

/// The longest pause after a failed turn.
const LONGEST: Duration = Duration::from_secs(60);

pub(crate) async fn run(mut args: Args) -> Result<()> {
    args.take_env_file()?;
    explain_mode(&args)?;
    let home = Home::find(args.key.as_deref())?;
    let passphrase = std::env::var(PASSPHRASE).ok().filter(|passphrase| !passphrase.is_empty());
    let key = KeyFile::open_or_make(home.key(), passphrase.as_deref())?;
    let told = Told::new(args.json);
    let folder = args.folder.clone().unwrap_or_else(|| home.replicas());
    let shelf = Shelf::open(&folder, home.shelf())?;
    told.begins(&args, &folder, &key.key.public_key());
    for line in args.unused() {
        told.note(&line);
    }
    let remote = connect(args.coordinator.trim_end_matches('/'))?;
    let door = Door::new(remote, key.key, args.id.clone(), home.known(), args.coordinator_key)?;
    let mut holder = Holder::new(door, shelf, args.share, told.clone());
    let held = tokio::select! {
        held = hold(&mut holder, args.max_windows) => held,
        () = stop::signal() => Ok(()),
    };
    told.ends(holder.figures());
    held
}

/// Takes turns until `max_windows` windows have a verdict. A turn that fails is tried again.
async fn hold(holder: &mut Holder, max_windows: Option<u64>) -> Result<()> {
    let mut failures = 0u32;
    loop {
        let pause = match holder.turn().await {
            Ok(pause) => {
                failures = 0;
                pause
            }
            Err(error) => {
                holder.failed(&error)?;
                failures += 1;
                Duration::from_secs(1 << failures.min(6)).min(LONGEST)
            }
        };
        if max_windows.is_some_and(|most| holder.figures().windows >= most) {
            return Ok(());
        }
        holder.idle(pause).await;
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
