//! Gives challenges, and uses them up: the node's if the pool has one, else its own.

use adit_rustchain::attestation::CHALLENGE_S;
use adit_rustchain::{Code, Json, MinerId, Refusal};
use futures::future::BoxFuture;

use super::books::{Entry, Failure};
use super::node::{self, Relayed};
use crate::pool::PoolApp;
use crate::pool::state::Joined;
use crate::pool::store;
use crate::random;
use crate::store::{Db, DbError};

/// The most challenges that are stored.
const MOST: i64 = 200_000;
/// How long an expired challenge is stored, in ms, so that a second use is told from an unknown challenge.
const REMEMBERED_MS: i64 = 600_000;

/// A challenge of the pool's own.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) nonce: String,
    pub(crate) miner: Option<String>,
    pub(crate) now_s: i64,
}

/// The answer to a request for a challenge.
pub(crate) enum Answer {
    Own(Given),
    Node(Relayed),
}

/// Gives a challenge, or relays the request to the node. A pooled member's is bound to its sub-wallet, whatever it names.
pub(crate) async fn challenge(pool: &PoolApp, holder: Option<&Joined>, body: &[u8]) -> Result<Answer, Failure> {
    let miner = miner_of(body)?;
    if let Some(upstream) = &pool.node {
        pool.allow(|allowance, now_ms| allowance.challenge(now_ms))?;
        let path = adit_rustchain::calls::CHALLENGE.to_owned();
        let body = match holder.filter(|holder| holder.is_pooled()) {
            Some(holder) => Json::object([("miner", holder.wallet.as_str().into())]).canonical().into_bytes(),
            None => body.to_vec(),
        };
        return Ok(Answer::Node(node::relay(upstream, path, body).await?));
    }
    let miner = miner.map(|miner| miner.to_string());
    let (nonce, now_ms) = insert(pool, miner.clone()).await?;
    Ok(Answer::Own(Given { nonce, miner, now_s: now_ms / 1_000 }))
}

/// The purpose of a challenge that is not for an attestation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Membership,
}

impl Purpose {
    /// The text stored in place of a miner's name. It has a space, which no miner's name has.
    fn name(self) -> &'static str {
        match self {
            Purpose::Membership => "for membership",
        }
    }
}

/// Gives a challenge for `purpose`.
pub(super) async fn give(pool: &PoolApp, purpose: Purpose) -> Result<String, Failure> {
    Ok(insert(pool, Some(purpose.name().into())).await?.0)
}

async fn insert(pool: &PoolApp, miner: Option<String>) -> Result<(String, i64), Failure> {
    let nonce = random::secret()
        .map_err(|_| Refusal::saying(Code::InternalError, "the operating system gives no random bytes"))?;
    let nonce = hex::encode(nonce);
    let now_ms = pool.books.write(Give { nonce: nonce.clone(), miner }).await?;
    Ok((nonce, now_ms.ok_or(Code::PoolFull)?))
}

/// The miner that a request names, if any. The body may be empty.
fn miner_of(body: &[u8]) -> Result<Option<MinerId>, Refusal> {
    if body.is_empty() {
        return Ok(None);
    }
    let json = Json::parse(body).map_err(|error| Refusal::saying(Code::InvalidJsonObject, error.to_string()))?;
    let object = json.as_object().ok_or(Code::InvalidJsonObject)?;
    let named = ["miner", "miner_id"].iter().find_map(|key| object.get(*key).filter(|value| !value.is_null()));
    let Some(named) = named else { return Ok(None) };
    let name = named.as_text().ok_or(Code::InvalidMiner)?;
    let miner = name.parse::<MinerId>().map_err(|_| Code::InvalidMiner)?;
    if miner.is_solana() { Err(Code::InvalidMinerWalletFormat.into()) } else { Ok(Some(miner)) }
}

struct Give {
    nonce: String,
    miner: Option<String>,
}

impl Entry for Give {
    /// The time, in Unix ms; `None` if too many challenges are stored.
    type Output = Option<i64>;
    fn apply<'a>(&'a self, db: &'a mut Db, now_ms: i64) -> BoxFuture<'a, Result<Option<i64>, DbError>> {
        Box::pin(async move {
            let forgotten = store::forget_challenges(db, now_ms - REMEMBERED_MS).await? as i64;
            if store::counter(db, "challenges").await? - forgotten >= MOST {
                store::count(db, "challenges", -forgotten).await?;
                return Ok(None);
            }
            store::count(db, "challenges", 1 - forgotten).await?;
            store::insert_challenge(db, &self.nonce, self.miner.as_deref(), now_ms + CHALLENGE_S * 1_000).await?;
            Ok(Some(now_ms))
        })
    }
}

/// Uses up a challenge of the pool's own. Refuses one that is bound to another miner, and leaves it unused.
pub(super) async fn consume(
    db: &mut Db,
    nonce: &str,
    miner: &MinerId,
    now_ms: i64,
) -> Result<Result<(), Refusal>, DbError> {
    use_up(db, nonce, now_ms, |bound| bound.is_none_or(|bound| bound == miner.as_str())).await
}

/// Uses up a challenge that was given for `purpose`. Refuses any other.
pub(super) async fn consume_for(
    db: &mut Db,
    nonce: &str,
    purpose: Purpose,
    now_ms: i64,
) -> Result<Result<(), Refusal>, DbError> {
    use_up(db, nonce, now_ms, |bound| bound == Some(purpose.name())).await
}

async fn use_up(
    db: &mut Db,
    nonce: &str,
    now_ms: i64,
    is_for: impl FnOnce(Option<&str>) -> bool,
) -> Result<Result<(), Refusal>, DbError> {
    let refused = |code: Code| Ok(Err(Refusal::new(code)));
    let Some(challenge) = store::challenge(db, nonce).await? else { return refused(Code::ChallengeInvalid) };
    if challenge.is_used {
        return refused(Code::NonceReplay);
    }
    if challenge.expires_at_ms <= now_ms {
        return refused(Code::ChallengeInvalid);
    }
    if !is_for(challenge.miner.as_deref()) {
        return refused(Code::NonceIdentityMismatch);
    }
    if store::use_challenge(db, nonce).await? { Ok(Ok(())) } else { refused(Code::NonceReplay) }
}
