//! `adit attest`: says to a RustChain node or a pool what this device is, measured anew for each challenge, and signs it.

mod checks;
mod host;
mod round;

use std::path::PathBuf;
use std::time::Duration;

use adit_rustchain::attestation::ROUND_S;
use adit_rustchain::{Address, MinerId, Verdict};
use anyhow::{Result, bail, ensure};

use crate::home::{Home, PASSPHRASE, RustchainKey};
use crate::server::http;
use crate::text::clean;
use crate::{show, stop};
use checks::Translation;
use round::{Ended, Miner, Outcome};

/// Attest this device to a RustChain node or a pool, every ten minutes.
///
/// Each round asks for a challenge bound to your wallet, measures the device anew (about 3 s), signs, and submits. What is
/// sent is shown before the first submission. Serial numbers are not sent; network cards and the host's name leave as hashes
/// under a salt of your key. A virtual machine or an emulator is recognised and earns weight 0. What the node pays is RTC,
/// for its own reasons: Adit pays nothing for a claim about hardware.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The RustChain node
    #[arg(long, value_name = "URL", conflicts_with = "pool", required_unless_present = "pool")]
    node: Option<String>,
    /// A pool; may be repeated: the next one is asked when one does not answer
    #[arg(long, value_name = "URL")]
    pool: Vec<String>,
    /// End after one round
    #[arg(long)]
    once: bool,
    /// Show what is sent in every round, not in the first alone
    #[arg(long)]
    show_payload: bool,
    /// Your miner's key file, beside which the RustChain key is kept; set ADIT_PASSPHRASE to seal it
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// A label of this device [default: made of your key]
    #[arg(long, value_name = "NAME")]
    label: Option<MinerId>,
    /// Attest for this sub-wallet of a pool that you joined; --pool is then URL/t/TOKEN, and the pool signs
    #[arg(long, value_name = "ADDRESS", requires = "pool")]
    sub_wallet: Option<Address>,
    /// Send the serial number of this machine as it is. A node ties a serial number to a wallet for good, and nobody can
    /// undo that
    #[arg(long)]
    bind_serial: bool,
    /// Print each round as a line of JSON
    #[arg(long)]
    json: bool,
}

/// How often a refused round is repeated with a fresh challenge.
const FRESH_TRIES: u32 = 3;
/// The wait after a server that did not answer, in seconds; it doubles up to ten minutes.
const SILENT_S: u64 = 5;
const MOST_SILENT_S: u64 = 600;

pub(crate) async fn run(args: Args) -> Result<()> {
    let home = Home::find(args.key.as_deref())?;
    let passphrase = std::env::var(PASSPHRASE).ok().filter(|passphrase| !passphrase.is_empty());
    let key = RustchainKey::open_or_make(&home.rustchain_key(), passphrase.as_deref())?;
    let servers: Vec<String> =
        args.node.iter().chain(&args.pool).map(|url| url.trim_end_matches('/').to_owned()).collect();
    for server in &servers {
        ensure!(
            server.starts_with("http://") || server.starts_with("https://"),
            "{} must begin with https:// or http://",
            clean(server)
        );
    }
    if !args.json {
        introduce(&key, &servers);
    }
    let translation = Translation::measure(&key.secret.public_key().to_string());
    let address = key.secret.address();
    let label =
        args.label.as_ref().map_or_else(|| format!("adit-{}", &address.to_string()[3..11]), ToString::to_string);
    let miner = Miner {
        http: http()?,
        miner: args.sub_wallet.unwrap_or(address).into(),
        signs: args.sub_wallet.is_none(),
        label,
        device: host::device(args.bind_serial),
        signals: host::signals(&key.secret),
        key: key.secret,
        translation,
    };
    let rounds = attest(&args, &servers, &miner);
    tokio::select! {
        ended = rounds => ended,
        () = stop::signal() => Ok(()),
    }
}

fn introduce(key: &RustchainKey, servers: &[String]) {
    let sealed = if key.is_sealed { "sealed" } else { "not sealed: set ADIT_PASSPHRASE to seal it" };
    let made = if key.made { ", made now: keep a copy of it" } else { "" };
    show::message(format_args!("[OK] Wallet {} (key {}, {sealed}{made})", key.secret.address(), key.path.display()));
    for server in servers.iter().filter(|server| server.starts_with("http://")) {
        show::message(format_args!(
            "warning: {} is asked in the clear: whoever is between can read what is sent; nobody can change it, because it is signed",
            clean(server)
        ));
    }
}

/// Rounds until one may not be repeated.
async fn attest(args: &Args, servers: &[String], miner: &Miner) -> Result<()> {
    let (mut fresh, mut silent_s, mut at, mut shown) = (0, SILENT_S, 0, false);
    loop {
        let server = &servers[at % servers.len()];
        let shows = args.show_payload || !shown;
        let ended = miner.round(server, |payload| {
            if shows && !args.json {
                show::message(format_args!("This is sent to {}, signed:\n{payload}", clean(server)));
            }
        });
        let wait_s = match ended.await {
            Ended::Accepted(outcome) => {
                report(args, server, &outcome)?;
                (fresh, silent_s, shown) = (0, SILENT_S, true);
                if args.once {
                    return Ok(());
                }
                ROUND_S as u64
            }
            Ended::Never(sentence) => bail!("{}", clean(&sentence)),
            Ended::Fresh(sentence) if fresh >= FRESH_TRIES => {
                bail!("{}; {FRESH_TRIES} fresh challenges did not help", clean(&sentence))
            }
            Ended::Fresh(sentence) => {
                fresh += 1;
                say(args, &sentence, u64::from(2 * fresh));
                u64::from(2 * fresh)
            }
            Ended::Later(sentence, wait_s) => {
                ensure!(!args.once, "{}; try again in {wait_s} s", clean(&sentence));
                say(args, &sentence, wait_s);
                wait_s
            }
            Ended::Silent(sentence) => {
                // The next pool in order is asked at once; after the last one it is time to wait.
                at += 1;
                if !at.is_multiple_of(servers.len()) {
                    say(args, &sentence, 0);
                    continue;
                }
                ensure!(!args.once, "{}", clean(&sentence));
                say(args, &sentence, silent_s);
                let wait_s = silent_s;
                silent_s = (silent_s * 2).min(MOST_SILENT_S);
                wait_s
            }
        };
        tokio::time::sleep(Duration::from_secs(wait_s)).await;
    }
}

fn say(args: &Args, sentence: &str, wait_s: u64) {
    let sentence = clean(sentence);
    if args.json {
        show::message(serde_json::json!({ "event": "waiting", "reason": sentence, "wait_s": wait_s }));
    } else {
        show::message(format_args!("{sentence}; next try in {wait_s} s"));
    }
}

/// Shows a round: what was measured, and what the server makes of it.
fn report(args: &Args, server: &str, outcome: &Outcome) -> Result<()> {
    if args.json {
        let checks: serde_json::Map<_, _> = outcome
            .checks
            .iter()
            .map(|found| {
                (found.name.to_owned(), serde_json::json!({ "verdict": found.verdict.name(), "found": found.found }))
            })
            .collect();
        return show::json(&serde_json::json!({
            "server": server,
            "wallet": outcome.miner,
            "ticket": outcome.accepted.ticket,
            "fingerprint_passed": outcome.accepted.fingerprint_passed,
            "checks": checks,
            "counted": outcome.counted,
            "reason": outcome.reason,
            "weight": outcome.weight,
            "next_round_s": ROUND_S,
        }));
    }
    for found in &outcome.checks {
        let name = found.name.replace('_', " ");
        show::result(format_args!("  {name:<19} {:<20} {}", found.verdict, clean(&found.found)))?;
        if let (Verdict::Failed, Some(advice)) = (found.verdict, found.advice) {
            show::result(format_args!("  {:<19} {advice}", ""))?;
        }
    }
    let ticket = clean(&outcome.accepted.ticket);
    let verdict =
        if outcome.accepted.fingerprint_passed { "fingerprint passed" } else { "fingerprint refused: weight 0" };
    show::result(format_args!("[OK] Accepted by {}, {ticket}; {verdict}", clean(server)))?;
    if let Some(reason) = &outcome.reason {
        show::result(format_args!("     It counts nothing: {}", clean(reason)))?;
    }
    if let Some(name) = outcome.suspect {
        show::result(format_args!(
            "     A node of RustChain refuses names that contain `{name}`; you may rename the host"
        ))?;
    }
    if let Some(weight) = &outcome.weight {
        show::result(format_args!("     Weight in the pool: {weight}"))?;
    }
    Ok(())
}
