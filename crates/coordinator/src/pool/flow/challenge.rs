//! Challenges: the pool's own in local mode, else the node's.

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

/// The most challenges that are kept. A member holds one for at most five minutes.
const MOST: i64 = 200_000;
/// Challenges that were used or have expired are told from unknown ones for this long, in ms.
const REMEMBERED_MS: i64 = 600_000;

/// A challenge that was given.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) nonce: String,
    pub(crate) miner: Option<String>,
    pub(crate) now_s: i64,
}

/// What answers a request for a challenge.
pub(crate) enum Answer {
    Own(Given),
    Node(Relayed),
}

/// Gives a challenge, or has the node give one. A pooled member's is bound to its sub-wallet, whatever it asks for.
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

/// What a challenge is for that answers no attestation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Membership,
}

impl Purpose {
    /// Stands where a miner's name does. No miner has a space in its name.
    fn name(self) -> &'static str {
        match self {
            Purpose::Membership => "for membership",
        }
    }
}

/// Gives a challenge for this purpose.
pub(super) async fn give(pool: &PoolApp, purpose: Purpose) -> Result<String, Failure> {
    Ok(insert(pool, Some(purpose.name().into())).await?.0)
}

async fn insert(pool: &PoolApp, miner: Option<String>) -> Result<(String, i64), Failure> {
    let nonce = random::secret().map_err(|_| Refusal::saying(Code::InternalError, "the system gives no randomness"))?;
    let nonce = hex::encode(nonce);
    let now_ms = pool.books.write(Give { nonce: nonce.clone(), miner }).await?;
    Ok((nonce, now_ms.ok_or(Code::PoolFull)?))
}

/// The miner that a request names; an empty body names none.
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
    /// The time; `None` if there is no room.
    type Output = Option<i64>;
    fn apply<'a>(&'a self, db: &'a mut Db, now_ms: i64) -> BoxFuture<'a, Result<Option<i64>, DbError>> {
        Box::pin(async move {
            let forgotten = store::forget_challenges(db, now_ms - REMEMBERED_MS).await?;
            if forgotten == 0 && store::challenges(db, MOST).await? > MOST {
                return Ok(None);
            }
            store::insert_challenge(db, &self.nonce, self.miner.as_deref(), now_ms + CHALLENGE_S * 1_000).await?;
            Ok(Some(now_ms))
        })
    }
}

/// Uses a challenge of the pool's own up. One that was made for another miner stays as it is.
pub(super) async fn consume(
    db: &mut Db,
    nonce: &str,
    miner: &MinerId,
    now_ms: i64,
) -> Result<Result<(), Refusal>, DbError> {
    use_up(db, nonce, now_ms, |bound| bound.is_none_or(|bound| bound == miner.as_str())).await
}

/// Uses a challenge up that was given for this purpose alone.
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
