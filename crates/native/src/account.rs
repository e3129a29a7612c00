//! `adit account`: what a key has earned, and the name it is listed under.

use std::fmt;
use std::path::PathBuf;

use adit_core::PublicKey;
use adit_core::statement::NameChoice;
use adit_protocol::records::Account;
use adit_protocol::statistics::SignedName;
use anyhow::{Context, Result, ensure};

use crate::amount::{clock, nnet};
use crate::home::{Home, KeyFile, Known, PASSPHRASE};
use crate::server::{DEFAULT_SERVER, Remote, Sources, connect_to};
use crate::show;
use crate::text::clean;

/// Show what your key has earned and when it is paid next, or choose the name it is listed under.
///
/// A miner has no name and is listed nowhere until it chooses one. A name is signed by the key, and several miners may
/// choose the same.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// List the miner under this name: one line of at most 40 bytes
    #[arg(long, value_name = "TEXT", conflicts_with = "no_name")]
    name: Option<String>,
    /// List the miner no longer
    #[arg(long)]
    no_name: bool,
    /// The coordinator
    #[arg(long, value_name = "URL", env = "ADIT_SERVER", default_value = DEFAULT_SERVER)]
    server: String,
    /// The coordinator's public key [default: the one kept when mining for that server]
    #[arg(long, value_name = "HEX")]
    coordinator_key: Option<PublicKey>,
    /// The miner's key file
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    let home = Home::find(args.key.as_deref())?;
    let path = home.key();
    ensure!(path.exists(), "there is no key at {}: `adit mine` makes one, or name one with --key", path.display());
    let passphrase = std::env::var(PASSPHRASE).ok().filter(|passphrase| !passphrase.is_empty());
    let key = KeyFile::open_or_make(path, passphrase.as_deref())?;
    let remote = connect_to(&args.server, &Sources::default())?;
    let mut account = remote.account(&key.key.public_key()).await?;
    if args.name.is_some() || args.no_name {
        account = choose(&remote, &args, &home, &key, &account).await?;
    }
    if args.json { show::json(&account) } else { Ok(show::result(Shown(&account))?) }
}

/// Signs the choice for the coordinator that is pinned, if one is, or the one that answers.
async fn choose(remote: &Remote, args: &Args, home: &Home, key: &KeyFile, account: &Account) -> Result<Account> {
    let said = remote.overview().await?.coordinator_key;
    let pinned = args.coordinator_key.or(Known::load(home.known())?.get(&args.server));
    ensure!(pinned.is_none_or(|pinned| pinned == said), "{} has another key than the one kept for it", args.server);
    let counter = account.name_counter.checked_add(1).context("the name cannot be changed any more")?;
    let (coordinator, public_key) = (said, key.key.public_key());
    let statement = NameChoice { coordinator, public_key, name: args.name.clone(), counter };
    let signature = key.key.sign(&statement);
    Ok(remote.choose_name(&SignedName { statement, signature }).await?)
}

/// An account for people.
struct Shown<'a>(&'a Account);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let account = self.0;
        let name = account.name.as_deref().map_or("none; --name chooses one".into(), clean);
        writeln!(f, "key          {}", account.key)?;
        writeln!(f, "id           {}", clean(&account.contributor))?;
        writeln!(f, "name         {name}")?;
        writeln!(f, "paid         {}", nnet(account.posted))?;
        writeln!(f, "next         {} in {}", nnet(account.expected), clock(account.next_payment_ms))?;
        write!(f, "units        {} verified, {} refused", account.units_valid, account.units_invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_core::Amount;
    use adit_core::sign::SecretKey;

    #[test]
    fn an_account_says_what_was_paid_and_what_comes_when() {
        let account = Account {
            contributor: "miner\u{1b}[2J".into(),
            key: SecretKey::from_bytes(&[7; 32]).unwrap().public_key(),
            pending: Amount::from_nano(9),
            posted: Amount::from_nano(2_000_000_000),
            confidence_bps: 5_000,
            units_valid: 12,
            units_invalid: 1,
            work_verified: 1,
            expected: Amount::from_nano(65_000_000),
            next_payment_ms: 754_000,
            name: Some("Ada".into()),
            name_counter: 1,
        };
        let text = Shown(&account).to_string();
        for words in ["name         Ada", "2.000000 NNET", "0.065000 NNET in 12:34", "12 verified, 1 refused"] {
            assert!(text.contains(words), "{words} is not in\n{text}");
        }
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
}
