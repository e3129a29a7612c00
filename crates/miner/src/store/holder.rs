//! A holder's turn: report lost replicas, answer a challenge, give back what is wanted, take another replica.

use adit_client::{ClientError, Sleep};
use adit_core::Cid;
use adit_core::kind::store::tree::hash;
use adit_core::kind::store::{DRAWS, Holdings, MAX_ANSWER_BYTES, MAX_REPLICA_BYTES, StoreUnit};
use adit_core::sign::{Digest, LeaseId};
use adit_core::statement::{Delivery, Verdict};
use adit_fetch::Fetch;
use adit_protocol::ErrorCode;
use adit_protocol::storage::{Assignment, Challenge};

use super::door::Door;
use super::{Event, Figures, HoldError, Loss, Place, PlaceError, Shelf};
use crate::driver::Runtime;

/// The longest pause between two looks at the replicas, and after a failure, in ms.
const LONGEST_MS: u64 = 60_000;
/// How often a holder asks whether anything is wanted of it at all, in ms.
const ASKING_MS: u64 = 600_000;
/// How long a turn spends on taking replicas before it asks again for a challenge, in ms.
const TAKING_MS: u64 = 20_000;
/// The most replicas of one report of losses.
const MOST_LOST: usize = 1_000;

/// Holds replicas in a place, for the coordinator behind a door.
pub struct Holder<F, S, P, R, T> {
    door: Door<F, S>,
    shelf: Shelf<P>,
    runtime: R,
    tell: T,
    /// The most bytes to hold.
    share: u64,
    figures: Figures,
    /// A lease that cannot be answered, because some of its replicas are lost.
    given_up: Option<LeaseId>,
    /// When it last asked that.
    asked_ms: Option<u64>,
}

impl<F: Fetch, S: Sleep, P: Place, R: Runtime, T: Fn(&Figures, Event<'_>)> Holder<F, S, P, R, T> {
    /// A holder of at most `share` bytes, which tells `tell` what happens.
    pub fn new(door: Door<F, S>, shelf: Shelf<P>, runtime: R, share: u64, tell: T) -> Self {
        let figures = Figures::default();
        let mut holder = Holder { door, shelf, runtime, tell, share, figures, given_up: None, asked_ms: None };
        holder.count();
        holder
    }

    /// What happened since the start.
    pub fn figures(&self) -> Figures {
        self.figures
    }

    /// Holds until `enough` says so. What fails is tried again; an error is one that cannot get better by that.
    pub async fn hold(&mut self, enough: impl Fn(&Figures) -> bool) -> Result<(), HoldError> {
        let mut failures = 0u32;
        loop {
            let pause = match self.turn().await {
                Ok(pause) => {
                    failures = 0;
                    pause
                }
                Err(error) => {
                    self.failed(error)?;
                    failures += 1;
                    (1_000 << failures.min(6)).min(LONGEST_MS)
                }
            };
            if enough(&self.figures) {
                return Ok(());
            }
            self.idle(pause).await;
        }
    }

    /// Gives up everything that is held, and frees its room.
    pub async fn quit(&mut self) -> Result<(), HoldError> {
        let session = self.door.session().await?;
        for some in self.shelf.all().chunks(MOST_LOST) {
            self.door.remote.losses(&session, some.to_vec()).await?;
        }
        self.keep_only(&[]).await
    }

    fn tell(&self, event: Event<'_>) {
        (self.tell)(&self.figures, event);
    }

    fn count(&mut self) {
        (self.figures.replicas, self.figures.bytes) = self.shelf.size();
        self.figures.earned_ever = self.shelf.earned();
    }

    /// One turn; returns how long to wait for the next, in ms.
    async fn turn(&mut self) -> Result<u64, HoldError> {
        let session = self.door.session().await?;
        let coordinator = self.door.coordinator()?;
        self.tell(Event::Registered(coordinator));
        self.shelf.bind(coordinator).await?;
        let gone = self.shelf.gone().await;
        self.lose(&session, gone, Loss::Gone).await?;
        let pause = self.attend(&session).await?;
        self.free_all().await?;
        let until = self.runtime.now_ms() + TAKING_MS.min(pause);
        while self.figures.bytes < self.share && self.take(&session, until).await? && self.runtime.now_ms() < until {}
        Ok(pause.min(LONGEST_MS))
    }

    /// Answers a challenge and gives back what is wanted; returns when to ask again.
    async fn attend(&mut self, session: &str) -> Result<u64, HoldError> {
        let wish = match self.door.remote.storage_wish(session).await? {
            Ok(wish) => wish,
            Err(wait_ms) => return Ok(wait_ms),
        };
        if let Some(challenge) = wish.challenge.filter(|challenge| self.given_up != Some(challenge.lease.lease)) {
            self.answer(session, challenge).await?;
        }
        for replica in wish.wanted {
            let Some(bytes) = self.shelf.read(&replica).await else { continue };
            self.door.remote.give_back(session, &replica, bytes).await?;
            self.tell(Event::GaveBack(&replica));
        }
        Ok(wish.retry_after_ms)
    }

    /// Answers a challenge. If it cannot, it reports the replicas that failed instead: a wrong answer would lower its confidence.
    async fn answer(&mut self, session: &str, challenge: Challenge) -> Result<(), HoldError> {
        let began_ms = self.runtime.now_ms();
        let store = self.checked(&challenge)?;
        let holdings = self.door.remote.holdings(&store).await?;
        let (answer, lost) = self.openings(&challenge.unit, &holdings).await;
        if !lost.is_empty() {
            self.given_up = Some(challenge.lease.lease);
            return self.lose(session, lost, Loss::Damaged).await;
        }
        if answer.len() as u64 != challenge.answer_bytes {
            return Err(HoldError::Wrong("the coordinator asks for an answer of another length"));
        }
        let delivery = Delivery {
            lease: challenge.lease.lease,
            unit: challenge.unit.cid(),
            digest: Digest(hash(&answer).0),
            length: answer.len() as u64,
        };
        let signature = self.door.name.key.sign(&delivery);
        let answered = self.door.remote.answer(&delivery, &signature, answer).await?;
        if answered.receipt.verify(&self.door.coordinator()?).is_err() {
            return Err(HoldError::Wrong("the coordinator's receipt does not hold"));
        }
        let reward = answered.reward.nano();
        self.shelf.earn(reward).await?;
        self.figures.windows += 1;
        self.figures.passed += u64::from(answered.verdict == Verdict::Valid);
        self.figures.earned += reward;
        self.count();
        self.tell(Event::Answered(&answered, self.runtime.now_ms().saturating_sub(began_ms)));
        let roots: Vec<Cid> = holdings.0.iter().map(|holding| holding.root).collect();
        self.keep_only(&roots).await
    }

    async fn keep_only(&mut self, roots: &[Cid]) -> Result<(), HoldError> {
        let released = self.shelf.keep_only(roots).await?;
        self.count();
        if released > 0 {
            self.tell(Event::Released(released));
        }
        Ok(())
    }

    /// Frees all room if the coordinator counts on none of the replicas. It sends no challenge then that would say so.
    async fn free_all(&mut self) -> Result<(), HoldError> {
        let now = self.runtime.now_ms();
        if self.figures.replicas == 0 || self.asked_ms.is_some_and(|at| now < at + ASKING_MS) {
            return Ok(());
        }
        self.asked_ms = Some(now);
        let view = self.door.remote.holder(&self.door.name.key.public_key()).await?;
        if view.held_bytes == 0 { self.keep_only(&[]).await } else { Ok(()) }
    }

    /// Checks that a challenge is signed, meant for this key, and within the limits. Returns the CID of its list of replicas.
    fn checked(&self, challenge: &Challenge) -> Result<Cid, HoldError> {
        let Challenge { lease, signature, unit, answer_bytes, .. } = challenge;
        let StoreUnit::V1(store) = unit;
        let must = |holds: bool, otherwise| if holds { Ok(()) } else { Err(HoldError::Wrong(otherwise)) };
        let signed = self.door.coordinator()?.verify(lease, signature).is_ok();
        must(signed, "the coordinator did not sign this challenge")?;
        must(lease.miner == self.door.name.key.public_key(), "this challenge is for another key")?;
        must(lease.unit == unit.cid(), "this challenge is not the one of its lease")?;
        let is_small = store.s <= DRAWS && *answer_bytes <= MAX_ANSWER_BYTES;
        must(is_small, "this challenge asks for too much")?;
        Ok(store.holdings)
    }

    /// The answer, and the replicas whose chunks could not be opened.
    async fn openings(&self, unit: &StoreUnit, holdings: &Holdings) -> (Vec<u8>, Vec<Cid>) {
        let (mut answer, mut lost) = (Vec::new(), Vec::new());
        for position in unit.challenge().positions(holdings.chunks()) {
            let Some((holding, chunk)) = holdings.find(position) else { continue };
            match self.shelf.open_chunk(&holding.root, chunk).await {
                Some(opening) => answer.extend(opening),
                None if lost.contains(&holding.root) => {}
                None => lost.push(holding.root),
            }
        }
        (answer, lost)
    }

    async fn lose(&mut self, session: &str, replicas: Vec<Cid>, why: Loss) -> Result<(), HoldError> {
        if replicas.is_empty() {
            return Ok(());
        }
        for some in replicas.chunks(MOST_LOST) {
            self.door.remote.losses(session, some.to_vec()).await?;
        }
        let bytes = self.shelf.bytes_of(&replicas);
        self.shelf.forget(&replicas).await?;
        self.count();
        self.tell(Event::Lost(replicas.len() as u64, bytes, why));
        Ok(())
    }

    /// Takes one replica; false if there is none to take, or if it is not whole by `until_ms`.
    async fn take(&mut self, session: &str, until_ms: u64) -> Result<bool, HoldError> {
        let Some(Assignment { replica, bytes, .. }) = self.door.remote.assignment(session, self.share).await? else {
            return Ok(false);
        };
        if !(1..=MAX_REPLICA_BYTES).contains(&bytes) {
            return Err(HoldError::Wrong("the coordinator offers a replica of no size or too large"));
        }
        if !self.shelf.has(&replica) {
            match self.fetch(session, &replica, bytes, until_ms).await {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                Err(HoldError::Place(PlaceError::Full(why))) => return self.full(session, replica, &why).await,
                Err(error) => return Err(error),
            }
        }
        self.door.remote.held(session, &replica).await?;
        self.count();
        self.tell(Event::Held(&replica, bytes));
        Ok(true)
    }

    /// Fetches a replica, or goes on fetching it; false if it is not whole by `until_ms`.
    async fn fetch(&mut self, session: &str, replica: &Cid, bytes: u64, until_ms: u64) -> Result<bool, HoldError> {
        let mut arriving = self.shelf.arriving(replica, bytes).await?;
        if arriving.had() < bytes {
            let mut body = self.door.remote.replica(session, replica, arriving.had()).await?;
            while let Some(chunk) = body.chunk().await? {
                arriving.write(&chunk).await?;
                if self.runtime.now_ms() > until_ms {
                    break;
                }
            }
        }
        if !arriving.finish().await? {
            return Ok(false);
        }
        self.shelf.keep(replica, bytes).await?;
        Ok(true)
    }

    /// There is no room for a replica: it goes back, so that somebody else holds it, and no other is taken.
    async fn full(&mut self, session: &str, replica: Cid, why: &str) -> Result<bool, HoldError> {
        self.share = self.figures.bytes;
        self.shelf.forget(&[replica]).await?;
        self.door.remote.losses(session, vec![replica]).await?;
        self.tell(Event::Full(why));
        Ok(false)
    }

    /// Waits for `pause`. Meanwhile it checks one replica, so that damage is reported before a challenge finds it.
    async fn idle(&mut self, pause_ms: u64) {
        let until_ms = self.runtime.now_ms() + pause_ms;
        if let Some(replica) = self.shelf.look().await
            && let Ok(session) = self.door.session().await
            && let Err(error) = self.lose(&session, vec![replica], Loss::Seen).await
        {
            self.tell(Event::Failed(&error));
        }
        self.runtime.sleep(until_ms.saturating_sub(self.runtime.now_ms())).await;
    }

    /// What a failure means: a session that has ended is opened again, and what cannot get better ends the holder.
    fn failed(&mut self, error: HoldError) -> Result<(), HoldError> {
        use ErrorCode::{ContributorTaken, InvalidContributor, NoSession, NotYourSession};
        match &error {
            HoldError::Foreign(_) | HoldError::Strange { .. } => return Err(error),
            HoldError::Client(ClientError::Refused { code: NoSession | NotYourSession, .. }) => self.door.forget(),
            HoldError::Client(ClientError::Refused { code: ContributorTaken | InvalidContributor, .. }) => {
                return Err(error);
            }
            _ => self.tell(Event::Failed(&error)),
        }
        Ok(())
    }
}
