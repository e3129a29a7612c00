//! `adit attest`: measures this device for each challenge of a RustChain node or pool, signs the result and submits it.

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
/// Each round requests a challenge for your wallet, measures the device (about 3 s), signs the result and submits it. The
/// first payload is shown before it is sent. Serial numbers are not sent unless you pass --bind-serial. The addresses of
/// network cards and the host's name are sent as hashes with a salt derived from your key. Virtual machines and emulators
/// are detected where they show themselves, and get weight 0. The node pays RTC by its own rules; Adit pays nothing for a
/// claim about hardware.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The RustChain node's URL
    #[arg(long, value_name = "URL", conflicts_with = "pool", required_unless_present = "pool")]
    node: Option<String>,
    /// A pool's URL; repeat it to name pools that are tried in turn when one does not answer
    #[arg(long, value_name = "URL")]
    pool: Vec<String>,
    /// Stop after one accepted round, and fail instead of waiting for a server
    #[arg(long)]
    once: bool,
    /// Show the payload in every round, not only until the first is accepted
    #[arg(long)]
    show_payload: bool,
    /// Your miner's key file; the RustChain key is stored beside it, sealed if ADIT_PASSPHRASE is set
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// A label for this device [default: adit- and the start of your address]
    #[arg(long, value_name = "NAME")]
    label: Option<MinerId>,
    /// The sub-wallet to attest for, in a pool that you joined; --pool is then URL/t/TOKEN, and the pool signs
    #[arg(long, value_name = "ADDRESS", requires = "pool")]
    sub_wallet: Option<Address>,
    /// Send this machine's serial number, unhashed. A node binds a serial number to a wallet for good, and nobody can undo
    /// that
    #[arg(long)]
    bind_serial: bool,
    /// Print each round as one line of JSON
    #[arg(long)]
    json: bool,
}

/// How many times in a row a refused round is repeated with a new challenge.
const FRESH_TRIES: u32 = 3;
/// The first wait after no server answered, in seconds. It doubles up to [`MOST_SILENT_S`].
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
    let made = if key.made { ", just made: keep a copy of it" } else { "" };
    show::message(format_args!("[OK] Wallet {} (key {}, {sealed}{made})", key.secret.address(), key.path.display()));
    for server in servers.iter().filter(|server| server.starts_with("http://")) {
        show::message(format_args!(
            "warning: {} is not encrypted: others on the network can read what is sent, but not change it, as it is signed",
            clean(server)
        ));
    }
}

/// Runs rounds until one is refused for good, or with `--once` until one is accepted.
async fn attest(args: &Args, servers: &[String], miner: &Miner) -> Result<()> {
    let (mut fresh, mut silent_s, mut at, mut shown) = (0, SILENT_S, 0, false);
    loop {
        let server = &servers[at % servers.len()];
        let shows = args.show_payload || !shown;
        let ended = miner.round(server, |payload| {
            if shows && !args.json {
                show::message(format_args!("Sending this to {}:\n{payload}", clean(server)));
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
                bail!("{}; {FRESH_TRIES} retries with new challenges did not help", clean(&sentence))
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
                // Tries the next pool at once, and waits after the last one.
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

/// Prints a round: what was measured, and the server's verdict.
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
        show::result(format_args!("     It does not count: {}", clean(reason)))?;
    }
    if let Some(name) = outcome.suspect {
        show::result(format_args!(
            "     RustChain nodes give weight 0 to host and processor names that contain `{name}`"
        ))?;
    }
    if let Some(weight) = &outcome.weight {
        show::result(format_args!("     Weight in the pool: {weight}"))?;
    }
    Ok(())
}
