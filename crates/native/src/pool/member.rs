//! `adit pool join`, `token` and `leave`: what a member asks of a pool.

use std::path::PathBuf;

use adit_core::sign::Statement;
use adit_rustchain::Address;
use adit_rustchain::member::{Ask, Join, Mode, VERSION, Wish, sign};
use anyhow::{Context, Result, ensure};
use serde::Serialize;
use serde_json::Value;

use super::server::Server;
use crate::home::{Home, PASSPHRASE, RustchainKey};
use crate::show;
use crate::text::clean;

// The flags of all three commands. A doc comment here would replace the help of the commands.
#[derive(clap::Args)]
pub(crate) struct Who {
    /// The pool's URL
    #[arg(long, value_name = "URL")]
    pool: String,
    /// Your miner's key file; the RustChain key is stored beside it, sealed if ADIT_PASSPHRASE is set
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
}

/// Join a pool: it makes a sub-wallet for one device, signs its attestations, shares the rewards and pays you.
///
/// A node binds a device's serial number to the first wallet that it attests for, for good. For a pooled device that is the
/// pool's sub-wallet, and you get its key when you leave. Join once for each device. Anyone with the token that you get can
/// attest as the device, so give it to its miner only.
#[derive(clap::Args)]
pub(crate) struct JoinArgs {
    #[command(flatten)]
    who: Who,
    /// The RTC address that you are paid to [default: the address of your RustChain key]
    #[arg(long, value_name = "ADDRESS")]
    payout: Option<String>,
    /// Attest with your own wallet, which the node pays; the token then only identifies you to the pool
    #[arg(long)]
    direct: bool,
    /// Agree that the node binds the device's serial number to the pool's sub-wallet for good
    #[arg(long)]
    yes: bool,
}

/// Ask a pool for a new token of a device, or for its wallet's key.
#[derive(clap::Args)]
pub(crate) struct AskArgs {
    #[command(flatten)]
    who: Who,
    /// The device's wallet
    #[arg(long, value_name = "ADDRESS")]
    wallet: Address,
}

pub(crate) async fn join(args: JoinArgs) -> Result<()> {
    let member = Member::of(&args.who)?;
    let offer = member.server.offer().await?;
    let mode = if args.direct { Mode::Direct } else { Mode::Pooled };
    let text = |value: &Value| clean(value.as_str().unwrap_or_default());
    for warning in offer.answer["warnings"][mode.name()].as_array().into_iter().flatten() {
        show::message(format_args!("note: {}", text(warning)));
    }
    let fee_bps = offer.answer["fee_bps"].as_i64().context("the pool names no fee")?;
    show::message(format_args!("fee: {}.{:02} % of what the node pays", fee_bps / 100, fee_bps % 100));
    ensure!(
        args.direct || args.yes,
        "not joined yet: repeat this with --yes if you agree that it is for good, or with --direct"
    );
    let payout = args.payout.unwrap_or_else(|| member.key.secret.address().to_string());
    payout.parse::<Address>().with_context(|| format!("{} is not an RTC address", clean(&payout)))?;
    let statement = Join {
        challenge: offer.challenge,
        fee_bps,
        mode,
        payout,
        pool: offer.pool,
        public_key: member.key.secret.public_key(),
        version: VERSION,
    };
    let answer = member.send("/api/join", &statement).await?;
    if args.who.json {
        return show::json(&answer);
    }
    let token = text(&answer["token"]);
    show::result(format_args!("[OK] Joined {} as {}", clean(&member.server.url), text(&answer["member"])))?;
    if let Some(wallet) = answer["sub_wallet"].as_str() {
        show::result(format_args!("     Sub-wallet {}", clean(wallet)))?;
    }
    show::result(format_args!("     Token {token}"))?;
    show::result(format_args!("     Set your miner's node to {}/t/{token}", clean(&member.server.url)))?;
    Ok(())
}

pub(crate) async fn token(args: AskArgs) -> Result<()> {
    let answer = ask(&args, Wish::Token).await?;
    if args.who.json {
        return show::json(&answer);
    }
    let token = answer["token"].as_str().context("the pool gave no token")?;
    show::result(format_args!("[OK] Token {}; the old one is no longer valid", clean(token)))?;
    Ok(())
}

pub(crate) async fn leave(args: AskArgs) -> Result<()> {
    let answer = ask(&args, Wish::Leave).await?;
    if args.who.json {
        return show::json(&answer);
    }
    let sentence = match answer["seed"].as_str() {
        Some(seed) => format!("wallet {} is now yours; its Ed25519 seed is {}", args.wallet, clean(seed)),
        None => clean(answer["message"].as_str().unwrap_or("the wallet is leaving the pool")),
    };
    show::result(format_args!("[OK] {sentence}"))?;
    Ok(())
}

async fn ask(args: &AskArgs, wish: Wish) -> Result<Value> {
    let member = Member::of(&args.who)?;
    let offer = member.server.offer().await?;
    let statement = Ask {
        challenge: offer.challenge,
        pool: offer.pool,
        public_key: member.key.secret.public_key(),
        wallet: args.wallet.to_string(),
        version: VERSION,
        wish,
    };
    member.send("/api/member", &statement).await
}

struct Member {
    server: Server,
    key: RustchainKey,
}

impl Member {
    fn of(who: &Who) -> Result<Self> {
        let server = Server::at(&who.pool)?;
        let home = Home::find(who.key.as_deref())?;
        let passphrase = std::env::var(PASSPHRASE).ok().filter(|passphrase| !passphrase.is_empty());
        let key = RustchainKey::open_or_make(&home.rustchain_key(), passphrase.as_deref())?;
        if server.url.starts_with("http://") {
            show::message(format_args!(
                "warning: {} is not encrypted: others on the network can read your token, and a key that you get",
                clean(&server.url)
            ));
        }
        Ok(Member { server, key })
    }

    async fn send<T: Statement + Serialize>(&self, path: &str, statement: &T) -> Result<Value> {
        self.server.send(path, statement, &sign(&self.key.secret, statement).to_string()).await
    }
}
