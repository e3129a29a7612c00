//! Tells a holder what is wanted of it: the challenge that is due, if any, and the replicas to give back.

use adit_core::kind::store::{DRAWS, Store, StoreUnit, work};
use adit_core::reward::{PRICE_VERSION, base_reward};
use adit_core::sign::LeaseId;
use adit_core::statement::{Lease, STATEMENT_VERSION};
use adit_core::{Amount, Cid, Kind, encoding};
use adit_protocol::ErrorCode;
use adit_protocol::storage::{Challenge, StorageWish};
use futures::future::BoxFuture;

use super::Asker;
use super::tend::fail;
use crate::app::App;
use crate::batch::{Batch, Operation};
use crate::content::Storage;
use crate::content::state::ChallengeState;
use crate::content::store::holders::{self, HolderRow};
use crate::content::store::leases::{self, ChallengeRow};
use crate::content::store::replicas;
use crate::error::{Failure, Refusal};
use crate::people::flow::open::open_session;
use crate::random::random;
use crate::store::{Db, DbError, corrupt};

/// A holder's request. Seed and moment are secret until they are used.
struct Ask {
    asker: Asker,
    terms: Storage,
    seed: [u8; 32],
    /// The draw from which a window's moment follows.
    moment: u64,
    lease: LeaseId,
}

/// What the holder gets.
struct Asked {
    lease: Option<ChallengeRow>,
    wanted: Vec<Cid>,
    now_ms: i64,
}

/// Finds what is wanted of a holder now.
pub(crate) async fn wish(app: &App, asker: Asker) -> Result<StorageWish, Failure> {
    let [seed, moment, lease] = [random()?, random()?, random()?];
    let first = |bytes: [u8; 32]| -> [u8; 16] { std::array::from_fn(|i| bytes[i]) };
    let moment = u128::from_le_bytes(first(moment)) as u64;
    let ask = Ask { asker, terms: app.storage, seed, moment, lease: LeaseId(first(lease)) };
    let (Asked { lease, wanted, now_ms }, _) = app.store.write(ask).await?;
    let challenge = match lease {
        Some(row) => Some(challenge(app, &row, now_ms).await?),
        None => None,
    };
    Ok(StorageWish { challenge, wanted, retry_after_ms: app.storage.retry_after_ms() })
}

/// Signs the lease of a challenge.
async fn challenge(app: &App, row: &ChallengeRow, now_ms: i64) -> Result<Challenge, Failure> {
    let unit = StoreUnit::from_bytes(&row.unit).map_err(|_| corrupt("a challenge does not decode"))?;
    let mut db = app.store.read().await?;
    let held = stored_holdings(&mut db, &unit.challenge().holdings).await?;
    let lease = statement(app, row, &unit)?;
    Ok(Challenge {
        signature: app.key.sign(&lease),
        answer_bytes: unit.challenge().answer_bytes(&held),
        expires_in_ms: (row.deadline_ms - now_ms).max(0) as u64,
        lease,
        unit,
    })
}

fn statement(app: &App, row: &ChallengeRow, unit: &StoreUnit) -> Result<Lease, DbError> {
    Ok(Lease {
        version: STATEMENT_VERSION,
        coordinator: app.public_key,
        lease: row.id()?,
        unit: unit.cid(),
        miner: row.miner()?,
        value: Amount::from_nano(row.value),
        price_version: PRICE_VERSION,
        ttl_ms: row.ttl_ms as u64,
    })
}

/// Loads the list of replicas with this CID.
pub(super) async fn stored_holdings(db: &mut Db, cid: &Cid) -> Result<adit_core::kind::store::Holdings, DbError> {
    let bytes = leases::holdings(db, cid).await?.ok_or_else(|| corrupt("a list of replicas is missing"))?;
    encoding::decode(&bytes).map_err(|_| corrupt("a list of replicas does not decode"))
}

/// The canonical bytes of a list of replicas.
pub(crate) async fn holdings(app: &App, cid: &Cid) -> Result<Vec<u8>, Failure> {
    let found = leases::holdings(&mut *app.store.read().await?, cid).await?;
    Ok(found.ok_or_else(|| Refusal::new(ErrorCode::NoSuchBlock, "no challenge was drawn over a list with this CID"))?)
}

/// The canonical bytes of a challenge.
pub(crate) async fn unit_bytes(db: &mut Db, cid: &Cid) -> Result<Option<Vec<u8>>, DbError> {
    leases::unit(db, cid).await
}

impl Operation for Ask {
    type Output = Asked;
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<Asked, Failure>> {
        Box::pin(async move {
            let Asker { key, contributor, session } = &self.asker;
            open_session(batch, contributor, session).await?;
            let holder = holders::see(batch.db, &key.0, contributor, batch.now_ms).await?;
            let lease = self.challenge(batch, holder).await?;
            let wanted = replicas::wanted(batch.db, &key.0).await?;
            let wanted = wanted.iter().map(|row| row.holding().map(|holding| holding.root));
            Ok(Asked { lease, wanted: wanted.collect::<Result<_, _>>()?, now_ms: batch.now_ms })
        })
    }
}

impl Ask {
    /// The holder's live lease, or the one that is due now.
    async fn challenge(&self, batch: &mut Batch<'_>, mut holder: HolderRow) -> Result<Option<ChallengeRow>, Failure> {
        if let Some(id) = &holder.lease {
            let row = leases::lease(batch.db, id).await?.ok_or(DbError::RowNotFound)?;
            if row.state == ChallengeState::Live && batch.now_ms <= row.deadline_ms {
                return Ok(Some(row));
            }
            fail(batch, &row).await?;
            holder = holders::holder(batch.db, &holder.key).await?.ok_or(DbError::RowNotFound)?;
        }
        let Some(schedule) = holder.schedule() else { return Ok(None) };
        let step = schedule.ask(batch.now_ms, &self.terms, self.moment);
        holder.due_window = step.schedule.window;
        holder.due_at_ms = step.schedule.due_at_ms;
        holder.asked = i64::from(step.schedule.asked);
        holder.missed += step.missed;
        let lease = match step.due {
            Some(window) => self.lease(batch, &mut holder, window).await?,
            None => None,
        };
        holders::put(batch.db, &holder).await?;
        Ok(lease)
    }

    /// Leases a window's challenge; `None` if the holder holds nothing.
    async fn lease(
        &self,
        batch: &mut Batch<'_>,
        holder: &mut HolderRow,
        window: i64,
    ) -> Result<Option<ChallengeRow>, Failure> {
        let held = replicas::holdings(batch.db, &holder.key).await?;
        if !held.are_valid() {
            return Ok(None);
        }
        let holdings = encoding::cid_of(&held);
        leases::insert_holdings(batch.db, &holdings, &encoding::encode(&held)).await?;
        replicas::ask_all(batch.db, &holder.key, window).await?;
        // A replica is paid only for a window that directly follows one that it passed.
        let paid_bytes = replicas::due_pay(batch.db, &holder.key, window).await?.iter().map(|(_, bytes)| bytes).sum();
        let work = work(paid_bytes, self.terms.window_ms);
        let unit = StoreUnit::V1(Store { holdings, s: DRAWS, seed: self.seed, window_ms: self.terms.window_ms });
        let row = ChallengeRow {
            id: self.lease.0.to_vec(),
            miner: holder.key.clone(),
            cid: unit.cid().to_string(),
            unit: unit.to_bytes(),
            held_window: window,
            held_bytes: held.bytes() as i64,
            work: work as i64,
            value: base_reward(Kind::Store, work).nano(),
            ttl_ms: self.terms.answer_ms as i64,
            deadline_ms: batch.now_ms + self.terms.answer_ms as i64,
            state: ChallengeState::Live,
            digest: None,
        };
        leases::insert(batch.db, &row).await?;
        holder.lease = Some(row.id.clone());
        Ok(Some(row))
    }
}
