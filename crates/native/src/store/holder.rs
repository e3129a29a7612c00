//! A holder's turn: report lost replicas, answer a challenge, give back what is wanted, take another replica.

use std::time::{Duration, Instant};

use adit_client::ClientError;
use adit_core::Cid;
use adit_core::kind::store::tree::hash;
use adit_core::kind::store::{DRAWS, Holdings, MAX_ANSWER_BYTES, MAX_REPLICA_BYTES, StoreUnit};
use adit_core::sign::{Digest, LeaseId};
use adit_core::statement::{Delivery, Verdict};
use adit_protocol::ErrorCode;
use adit_protocol::storage::{Assignment, Challenge};
use anyhow::{Context, Result, ensure};

use super::session::Door;
use super::shelf::{Foreign, Shelf};
use super::told::{Figures, Told};

/// The longest pause between two turns.
const LONGEST: Duration = Duration::from_secs(60);
/// How often a holder asks whether the coordinator still counts on any of its replicas.
const ASKING: Duration = Duration::from_secs(600);
/// How long a turn spends on taking replicas before it asks again for a challenge.
const TAKING: Duration = Duration::from_secs(20);

pub(super) struct Holder {
    door: Door,
    shelf: Shelf,
    share: u64,
    told: Told,
    figures: Figures,
    /// A lease that cannot be answered, because some of its replicas are lost.
    given_up: Option<LeaseId>,
    /// When it last asked that.
    asked: Option<Instant>,
}

impl Holder {
    pub(super) fn new(door: Door, shelf: Shelf, share: u64, told: Told) -> Self {
        let mut holder = Holder { door, shelf, share, told, figures: Figures::default(), given_up: None, asked: None };
        holder.count();
        holder
    }

    pub(super) fn figures(&self) -> Figures {
        self.figures
    }

    fn count(&mut self) {
        (self.figures.replicas, self.figures.bytes) = self.shelf.size();
    }

    /// Takes a turn, and returns how long to wait for the next.
    pub(super) async fn turn(&mut self) -> Result<Duration> {
        let session = self.door.session().await?;
        self.shelf.bind(self.door.coordinator().context("no session")?)?;
        let gone = self.shelf.gone();
        self.lose(&session, gone, "their files are gone").await?;
        let pause = self.attend(&session).await?;
        self.free_all().await?;
        let until = Instant::now() + TAKING.min(pause);
        while self.figures.bytes < self.share && self.take(&session, until).await? && Instant::now() < until {}
        Ok(pause.min(LONGEST))
    }

    /// Answers a challenge and gives back what is wanted; returns when to ask again.
    async fn attend(&mut self, session: &str) -> Result<Duration> {
        let wish = match self.door.remote.storage_wish(session).await? {
            Ok(wish) => wish,
            Err(wait_ms) => return Ok(Duration::from_millis(wait_ms)),
        };
        if let Some(challenge) = wish.challenge.filter(|challenge| self.given_up != Some(challenge.lease.lease)) {
            self.answer(session, challenge).await?;
        }
        for replica in wish.wanted {
            let Ok(bytes) = self.shelf.read(&replica) else { continue };
            self.door.remote.give_back(session, &replica, bytes).await?;
            self.told.gave_back(&replica.to_string());
        }
        Ok(Duration::from_millis(wish.retry_after_ms))
    }

    /// Answers a challenge. If it cannot, it reports the replicas that failed instead: a wrong answer would lower its confidence.
    async fn answer(&mut self, session: &str, challenge: Challenge) -> Result<()> {
        let began = Instant::now();
        let store = self.checked(&challenge)?;
        let holdings = self.door.remote.holdings(&store).await?;
        let (answer, lost) = self.openings(&challenge.unit, &holdings);
        if !lost.is_empty() {
            self.given_up = Some(challenge.lease.lease);
            return self.lose(session, lost, "they are damaged").await;
        }
        ensure!(answer.len() as u64 == challenge.answer_bytes, "the coordinator expects an answer of another length");
        let delivery = Delivery {
            lease: challenge.lease.lease,
            unit: challenge.unit.cid(),
            digest: Digest(hash(&answer).0),
            length: answer.len() as u64,
        };
        let signature = self.door.key.sign(&delivery);
        let answered = self.door.remote.answer(&delivery, &signature, answer).await?;
        let receipt = &answered.receipt;
        if let Some(coordinator) = self.door.coordinator() {
            receipt.verify(&coordinator).context("the coordinator's receipt is not valid")?;
        }
        self.figures.windows += 1;
        self.figures.passed += u64::from(answered.verdict == Verdict::Valid);
        self.figures.earned += answered.reward.nano();
        self.told.answered(&answered, began.elapsed().as_millis() as u64);
        let roots: Vec<Cid> = holdings.0.iter().map(|holding| holding.root).collect();
        self.keep_only(&roots)
    }

    fn keep_only(&mut self, roots: &[Cid]) -> Result<()> {
        let released = self.shelf.keep_only(roots)?;
        if released > 0 {
            self.told.released(released);
        }
        self.count();
        Ok(())
    }

    /// Frees all room if the coordinator counts on none of the replicas. It sends no challenge then that would say so.
    async fn free_all(&mut self) -> Result<()> {
        if self.figures.replicas == 0 || self.asked.is_some_and(|at| at.elapsed() < ASKING) {
            return Ok(());
        }
        self.asked = Some(Instant::now());
        let view = self.door.remote.holder(&self.door.key.public_key()).await?;
        if view.held_bytes == 0 { self.keep_only(&[]) } else { Ok(()) }
    }

    /// Checks that a challenge is signed, meant for this key, and within the limits. Returns the CID of its list of replicas.
    fn checked(&self, challenge: &Challenge) -> Result<Cid> {
        let Challenge { lease, signature, unit, answer_bytes, .. } = challenge;
        let StoreUnit::V1(store) = unit;
        let coordinator = self.door.coordinator().context("no session")?;
        ensure!(coordinator.verify(lease, signature).is_ok(), "the coordinator did not sign this challenge");
        ensure!(lease.miner == self.door.key.public_key(), "this challenge is for another key");
        ensure!(lease.unit == unit.cid(), "this challenge is not the leased one");
        ensure!(store.s <= DRAWS && *answer_bytes <= MAX_ANSWER_BYTES, "this challenge asks for too much");
        Ok(store.holdings)
    }

    /// The answer, and the replicas whose chunks could not be opened.
    fn openings(&self, unit: &StoreUnit, holdings: &Holdings) -> (Vec<u8>, Vec<Cid>) {
        let (mut answer, mut lost) = (Vec::new(), Vec::new());
        for position in unit.challenge().positions(holdings.chunks()) {
            let Some((holding, chunk)) = holdings.find(position) else { continue };
            match self.shelf.open_chunk(&holding.root, chunk) {
                Some(opening) => answer.extend(opening),
                None if lost.contains(&holding.root) => {}
                None => lost.push(holding.root),
            }
        }
        (answer, lost)
    }

    async fn lose(&mut self, session: &str, replicas: Vec<Cid>, why: &str) -> Result<()> {
        if replicas.is_empty() {
            return Ok(());
        }
        for some in replicas.chunks(1_000) {
            self.door.remote.losses(session, some.to_vec()).await?;
        }
        self.shelf.forget(&replicas)?;
        self.count();
        self.told.lost(replicas.len(), why);
        Ok(())
    }

    /// Takes one replica; false if there is none to take, or if it is not whole by `until`.
    async fn take(&mut self, session: &str, until: Instant) -> Result<bool> {
        let Some(Assignment { replica, bytes, .. }) = self.door.remote.assignment(session, self.share).await? else {
            return Ok(false);
        };
        ensure!((1..=MAX_REPLICA_BYTES).contains(&bytes), "the coordinator offers a replica of {bytes} bytes");
        if !self.shelf.has(&replica) {
            let mut arriving = self.shelf.arriving(&replica, bytes)?;
            if arriving.had < bytes {
                let mut body = self.door.remote.replica(session, &replica, arriving.had).await?;
                while let Some(chunk) = body.chunk().await? {
                    arriving.write(&chunk)?;
                    if Instant::now() > until {
                        break;
                    }
                }
            }
            if !arriving.finish()? {
                return Ok(false);
            }
            self.shelf.keep(&replica, bytes)?;
        }
        self.door.remote.held(session, &replica).await?;
        self.count();
        self.told.held(&replica.to_string(), bytes, self.figures);
        Ok(true)
    }

    /// Waits for `pause`. Meanwhile it checks one replica, so that damage is reported before a challenge finds it.
    pub(super) async fn idle(&mut self, pause: Duration) {
        let until = Instant::now() + pause;
        if let Some(replica) = self.shelf.look()
            && let Ok(session) = self.door.session().await
            && let Err(error) = self.lose(&session, vec![replica], "a routine check found damage").await
        {
            self.told.failed(&format!("{error:#}"));
        }
        tokio::time::sleep_until(until.into()).await;
    }

    /// Decides what a failure means. A session that has ended is opened again; an error that no retry can mend is returned.
    pub(super) fn failed(&mut self, error: &anyhow::Error) -> Result<()> {
        if let Some(foreign) = error.downcast_ref::<Foreign>() {
            anyhow::bail!("{foreign}");
        }
        if let Some(ClientError::Refused { code, .. }) = error.downcast_ref() {
            match code {
                ErrorCode::NoSession | ErrorCode::NotYourSession => {
                    self.door.forget();
                    return Ok(());
                }
                ErrorCode::ContributorTaken | ErrorCode::InvalidContributor => anyhow::bail!("{error:#}"),
                _ => {}
            }
        }
        self.told.failed(&format!("{error:#}"));
        Ok(())
    }
}
