//! Membership by proof of a key: joining, getting a new token, leaving.

use adit_rustchain::epoch::epoch;
use adit_rustchain::member::{Ask, Join, Mode, VERSION, Wish, is_signed};
use adit_rustchain::{Address, Code, PublicKey, Refusal, Signature};
use data_encoding::BASE64URL_NOPAD;
use futures::future::BoxFuture;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::books::{Entry, Failure};
use super::challenge::{Purpose, consume_for, give};
use super::epochs::Terms;
use crate::pool::PoolApp;
use crate::pool::state::Joined;
use crate::pool::store::{epochs, members, wallets};
use crate::random;
use crate::store::{Db, DbError};

/// The most wallets in the pool.
const MOST: i64 = 10_000;
/// The most pooled wallets of one member.
const MOST_OF_MEMBER: usize = 64;

/// The warning before joining in pooled mode.
pub(crate) const FOR_GOOD: &str = "a node binds a device's serial number to the first wallet that it attests for, for good: \
    nobody can undo that, so this device will always earn for the pool's sub-wallet; when you leave, you get its key";
/// The note before joining in direct mode.
pub(crate) const TAKES_NOTHING: &str =
    "the node pays your own wallet; the pool relays and counts your attestations, and takes nothing";

/// A challenge and the terms that a member signs.
pub(crate) struct Offer {
    pub(crate) challenge: String,
    pub(crate) fee_bps: i64,
    pub(crate) modes: Vec<&'static str>,
}

pub(crate) async fn offer(pool: &PoolApp) -> Result<Offer, Failure> {
    let challenge = give(pool, Purpose::Membership).await?;
    let now = epoch(pool.clock.now_ms().div_euclid(1_000));
    let fee_bps = epochs::fee_bps(&mut *pool.books.read().await?, now).await?.unwrap_or(0);
    let mut modes = vec![Mode::Direct.name()];
    if pool.terms.wallets.is_some() {
        modes.push(Mode::Pooled.name());
    }
    Ok(Offer { challenge, fee_bps, modes })
}

/// A statement and its signature, in hex, as JSON.
#[derive(Deserialize)]
struct Signed<T> {
    statement: T,
    signature: String,
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<(T, Signature), Refusal> {
    let signed: Signed<T> = serde_json::from_slice(body)
        .map_err(|error| Refusal::saying(Code::InvalidJsonObject, format!("not a signed statement: {error}")))?;
    let signature = signed.signature.parse().map_err(|_| Code::InvalidSignatureType)?;
    Ok((signed.statement, signature))
}

/// A member's wallet and its token.
#[derive(Clone, Debug)]
pub(crate) struct Welcome {
    pub(crate) joined: Joined,
    pub(crate) token: String,
}

/// Adds a member's wallet. Joining again with a direct or unused one replaces its token and payout address. Refuses a
/// statement that is malformed, not signed, or for other terms.
pub(crate) async fn join(pool: &PoolApp, body: &[u8]) -> Result<Welcome, Failure> {
    let (join, signature): (Join, _) = read(body)?;
    may_speak(pool, &join.pool, join.version)?;
    if !is_signed(&join.public_key, &join, &signature) {
        return Err(Code::InvalidSignature.into());
    }
    join.payout.parse::<Address>().map_err(|error| Refusal::saying(Code::InvalidMiner, error.to_string()))?;
    if join.mode == Mode::Pooled && pool.terms.wallets.is_none() {
        let text = "this pool makes no sub-wallets: it has no node, or its operator set no passphrase for their secret";
        return Err(Refusal::saying(Code::InvalidJsonObject, text).into());
    }
    let token = new_token()?;
    let statement = String::from_utf8_lossy(body).into_owned();
    let entry = Enter { join, statement, token: hash_of(&token), terms: pool.terms.clone() };
    let joined = pool.books.write(entry).await??;
    Ok(Welcome { joined, token })
}

/// Whether a statement is for this pool, in a version that it takes.
pub(super) fn may_speak(pool: &PoolApp, named: &adit_core::PublicKey, version: u32) -> Result<(), Refusal> {
    if version != VERSION {
        return Err(Refusal::saying(
            Code::InvalidJsonObject,
            format!("this pool accepts version {VERSION} of the statement"),
        ));
    }
    if *named != pool.terms.key.public_key() {
        return Err(Refusal::saying(Code::InvalidJsonObject, "this statement was signed for another pool"));
    }
    Ok(())
}

fn new_token() -> Result<String, Refusal> {
    let random = random::secret();
    let random =
        random.map_err(|_| Refusal::saying(Code::InternalError, "the operating system gives no random bytes"))?;
    Ok(BASE64URL_NOPAD.encode(&random))
}

fn hash_of(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// The wallet of a token. Refuses a token that is unknown or was replaced.
pub(crate) async fn holder(pool: &PoolApp, token: &str) -> Result<Joined, Failure> {
    let refused =
        || Refusal::saying(Code::SignedEnrollmentRequired, "this token is unknown, or was replaced by a new one");
    if token.len() != 43 {
        return Err(refused().into());
    }
    let found = wallets::holder(&mut *pool.books.read().await?, &hash_of(token)).await?;
    Ok(found.ok_or_else(refused)?)
}

struct Enter {
    join: Join,
    statement: String,
    token: [u8; 32],
    terms: Terms,
}

impl Entry for Enter {
    type Output = Result<Joined, Refusal>;
    fn apply<'a>(&'a self, db: &'a mut Db, now_ms: i64) -> BoxFuture<'a, Result<Self::Output, DbError>> {
        Box::pin(async move {
            let join = &self.join;
            if let Err(refusal) = consume_for(db, &join.challenge.to_string(), Purpose::Membership, now_ms).await? {
                return Ok(Err(refusal));
            }
            let fee_bps = epochs::fee_bps(db, epoch(now_ms.div_euclid(1_000))).await?.unwrap_or(0);
            if join.fee_bps != fee_bps {
                let text = format!("the fee is {fee_bps} basis points, and you signed {}", join.fee_bps);
                return Ok(Err(Refusal::saying(Code::InvalidJsonObject, text)));
            }
            if wallets::sub_wallet(db, &join.payout).await?.is_some() {
                let text = "this payout address is a wallet of the pool: name one of your own";
                return Ok(Err(Refusal::saying(Code::InvalidMiner, text)));
            }
            let member = join.public_key.address().to_string();
            let wallet = match self.wallet(db, &member).await? {
                Ok(wallet) => wallet,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let joined = Joined {
                wallet,
                member,
                mode: join.mode.name().into(),
                payout: join.payout.clone(),
                state: "active".into(),
                joined_at_ms: now_ms,
                leaving_at_ms: None,
            };
            wallets::insert_joined(db, &joined, &self.token, &self.statement).await?;
            Ok(Ok(joined))
        })
    }
}

impl Enter {
    /// A direct member's own wallet. A pooled member gets a new sub-wallet, or one that it has not used yet, so that joining
    /// repeatedly makes no wallets.
    async fn wallet(&self, db: &mut Db, member: &str) -> Result<Result<String, Refusal>, DbError> {
        let Some(secret) = self.terms.wallets.as_ref().filter(|_| self.join.mode == Mode::Pooled) else {
            return Ok(Ok(member.to_owned()));
        };
        let had = wallets::pooled_of(db, member).await?;
        for joined in had.iter().filter(|joined| joined.state == "active") {
            if members::member(db, &joined.wallet).await?.is_none() {
                return Ok(Ok(joined.wallet.clone()));
            }
        }
        if had.len() >= MOST_OF_MEMBER || wallets::count_joined(db).await? >= MOST {
            return Ok(Err(Code::PoolFull.into()));
        }
        let index = wallets::next_index(db).await?;
        let Ok(number) = u32::try_from(index) else { return Ok(Err(Code::PoolFull.into())) };
        let address = secret.key(number).address().to_string();
        wallets::insert_sub_wallet(db, index, &address).await?;
        Ok(Ok(address))
    }
}

/// The answer to a member's wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Granted {
    /// A new token.
    Token(String),
    /// The wallet no longer attests. Once it is swept, the member gets its key. Holds a message.
    Leaving(String),
    /// The swept wallet's Ed25519 seed, in hex.
    Key(String),
}

/// Grants a member's wish about its wallet. Refuses a statement that is malformed, or not signed by the wallet's member.
pub(crate) async fn ask(pool: &PoolApp, body: &[u8]) -> Result<Granted, Failure> {
    let (ask, signature): (Ask, _) = read(body)?;
    may_speak(pool, &ask.pool, ask.version)?;
    if !is_signed(&ask.public_key, &ask, &signature) {
        return Err(Code::InvalidSignature.into());
    }
    let token = new_token()?;
    let granted = pool.books.write(Grant { hash: hash_of(&token), token, ask, terms: pool.terms.clone() }).await??;
    Ok(granted)
}

struct Grant {
    ask: Ask,
    token: String,
    hash: [u8; 32],
    terms: Terms,
}

impl Entry for Grant {
    type Output = Result<Granted, Refusal>;
    fn apply<'a>(&'a self, db: &'a mut Db, now_ms: i64) -> BoxFuture<'a, Result<Self::Output, DbError>> {
        Box::pin(async move {
            let Ask { challenge, public_key, wallet, wish, .. } = &self.ask;
            if let Err(refusal) = consume_for(db, &challenge.to_string(), Purpose::Membership, now_ms).await? {
                return Ok(Err(refusal));
            }
            let joined = wallets::joined(db, wallet).await?;
            let Some(joined) = joined.filter(|joined| is_members(joined, public_key)) else {
                return Ok(Err(Refusal::saying(
                    Code::PubkeyAddressMismatch,
                    "this wallet does not belong to this key",
                )));
            };
            match (*wish, joined.state.as_str()) {
                (Wish::Token, "active") => {
                    wallets::set_token(db, wallet, &self.hash).await?;
                    Ok(Ok(Granted::Token(self.token.clone())))
                }
                (Wish::Token, _) => {
                    Ok(Err(Refusal::saying(Code::InvalidMiner, "this wallet is leaving the pool or has left it")))
                }
                (Wish::Leave, "left") => self.key(db).await,
                (Wish::Leave, _) if !joined.is_pooled() => {
                    wallets::set_state(db, wallet, "left", now_ms).await?;
                    Ok(Ok(Granted::Leaving("the wallet is your own: there is no key to hand over".into())))
                }
                (Wish::Leave, _) => {
                    wallets::set_state(db, wallet, "leaving", now_ms).await?;
                    let text = "the wallet no longer attests; once its last epoch is settled, or after 30 days, the pool pays \
                        what it owes you and empties the wallet; ask again then to get its key";
                    Ok(Ok(Granted::Leaving(text.into())))
                }
            }
        })
    }
}

fn is_members(joined: &Joined, key: &PublicKey) -> bool {
    joined.member == key.address().to_string()
}

impl Grant {
    async fn key(&self, db: &mut Db) -> Result<Result<Granted, Refusal>, DbError> {
        let found = wallets::sub_wallet(db, &self.ask.wallet).await?;
        let index = found.and_then(|found| u32::try_from(found.idx).ok());
        let Some((secret, index)) = self.terms.wallets.as_ref().zip(index) else {
            return Ok(Err(Refusal::saying(Code::InvalidMiner, "the pool does not hold this wallet's key")));
        };
        Ok(Ok(Granted::Key(hex::encode(*secret.key(index).seed()))))
    }
}
