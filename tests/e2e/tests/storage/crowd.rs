//! A crowd that would rather be paid than hold: without data, with holes, with somebody else's replica, with one copy for ten keys,
//! replaying, late, fetching on demand, and answering from the public content. None earns more than an honest holder for each
//! byte that it keeps, and honest ones lose nothing when the coordinator restarts.

use adit_core::Cid;
use adit_core::random::SplitMix64;
use adit_protocol::paths::{self, with};
use adit_protocol::storage::{Answered, Challenge};
use adit_support::Holder;
use anyhow::{Context, Result, ensure};
use reqwest::Method;

use crate::town::Town;

const PIECE_BYTES: usize = 1 << 20;
const WINDOWS: u64 = 12;
const WINDOW_MS: u64 = 600_000;
const STEP_MS: i64 = 50_000;

/// What a holder does with its replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Honest,
    /// Keeps nothing and answers with zeros.
    Empty,
    /// Keeps 99 %.
    Holes,
    /// Keeps the replica of the first of its friends instead of its own.
    OneCopy,
    /// Keeps its first answer instead of the replica.
    Replays,
    /// Answers rightly, and too late.
    Late,
    /// Keeps nothing and asks for the replica when it is challenged.
    OnDemand,
    /// Keeps nothing and answers from the content, which anyone may have.
    Gateway,
}

const CROWD: [(Way, u8); 8] = [
    (Way::Honest, 4),
    (Way::Empty, 1),
    (Way::Holes, 4),
    (Way::OneCopy, 10),
    (Way::Replays, 1),
    (Way::Late, 1),
    (Way::OnDemand, 1),
    (Way::Gateway, 1),
];

struct Actor {
    way: Way,
    holder: Holder,
    kept: u64,
    earned: i64,
    first: Option<Vec<u8>>,
}

impl Actor {
    /// Throws away what it does not want to keep.
    fn arrange(&mut self, friends: Option<&[u8]>, random: &mut SplitMix64) {
        let own = self.holder.replicas.values_mut().next();
        let Some(own) = own else { return };
        self.kept = own.len() as u64;
        match self.way {
            Way::Honest | Way::Late => {}
            Way::Holes => {
                for chunk in own.chunks_mut(1_024).filter(|_| random.draw().is_multiple_of(100)) {
                    self.kept -= chunk.len() as u64;
                    chunk.fill(0);
                }
            }
            Way::OneCopy => {
                // The ten of them keep one replica together.
                self.kept = if friends.is_none() { own.len() as u64 } else { 0 };
                if let Some(first) = friends {
                    own.copy_from_slice(first);
                }
            }
            Way::Empty | Way::Replays | Way::OnDemand | Way::Gateway => self.kept = 0,
        }
    }

    async fn answer(&mut self, challenge: &Challenge, town: &Town, content: &[u8]) -> Result<()> {
        let right = self.holder.openings(challenge).await?;
        let answer = match self.way {
            Way::Honest | Way::Holes | Way::OneCopy => right,
            Way::Empty => vec![0; right.len()],
            Way::Replays => self.first.get_or_insert(right).clone(),
            Way::Late => {
                town.server.clock().advance(30_001);
                right
            }
            Way::OnDemand => self.fetch(challenge).await?.unwrap_or_else(|| vec![0; right.len()]),
            Way::Gateway => {
                let (cid, held) = self.holder.replicas.pop_first().context("no replica")?;
                self.holder.replicas.insert(cid, content.to_vec());
                let answer = self.holder.openings(challenge).await?;
                self.holder.replicas.insert(cid, held);
                answer
            }
        };
        let reply = self.holder.send(challenge, answer).await?;
        if reply.status == 200 {
            self.earned += reply.json::<Answered>()?.reward.nano();
        }
        Ok(())
    }

    /// The answer from a replica that is fetched again, which must not be given.
    async fn fetch(&self, challenge: &Challenge) -> Result<Option<Vec<u8>>> {
        let cid: Cid = *self.holder.replicas.keys().next().context("no replica")?;
        let path = with(paths::STORAGE_REPLICA, &cid.to_string());
        let request = self.holder.client.request(Method::GET, &path);
        let request = request.header(paths::SESSION_HEADER, &self.holder.client.session);
        let reply = self.holder.client.send(request).await?;
        if reply.status == 200 { Ok(Some(self.holder.openings(challenge).await?)) } else { Ok(None) }
    }
}

async fn crowd(town: &Town, random: &mut SplitMix64) -> Result<Vec<Actor>> {
    let (mut actors, mut key) = (Vec::new(), 0);
    for (way, count) in CROWD {
        let mut friends: Option<Vec<u8>> = None;
        for _ in 0..count {
            key += 1;
            let mut holder = town.holder(&format!("holder_{key}"), key).await?;
            ensure!(holder.take(u64::MAX).await? == 1, "{way:?} got no replica");
            let mut actor = Actor { way, holder, kept: 0, earned: 0, first: None };
            actor.arrange(friends.as_deref(), random);
            if way == Way::OneCopy && friends.is_none() {
                friends = actor.holder.replicas.values().next().cloned();
            }
            actors.push(actor);
        }
    }
    Ok(actors)
}

async fn live(seed: u64) -> Result<()> {
    let change = |config: &mut adit_coordinator::Config| {
        config.storage = adit_coordinator::Storage { window_ms: WINDOW_MS, ..Default::default() };
        config.limits.block_joins.burst = 10_000;
        config.epoch_ms = 300 * 24 * 3_600_000;
    };
    let mut town = Town::start_with(change).await?;
    let keys: u32 = CROWD.iter().map(|(_, count)| u32::from(*count)).sum();
    let (_, content) = town.put(PIECE_BYTES, keys).await?;
    let mut random = SplitMix64::new(seed);
    let mut actors = crowd(&town, &mut random).await?;
    let steps = WINDOWS * WINDOW_MS / STEP_MS as u64;
    let restart_at = random.draw() % steps;
    for step in 0..steps {
        for actor in &mut actors {
            if let Some(challenge) = actor.holder.challenge().await? {
                actor.answer(&challenge, &town, &content).await?;
            }
        }
        if step == restart_at {
            town = Town { server: town.server.restart(change).await?, operator: town.operator };
            actors.iter_mut().for_each(|actor| actor.holder.client.move_to(&town.server));
        }
        town.server.advance(STEP_MS).await?;
    }
    town.server.assert_balanced().await?;
    settle(&actors).await
}

/// Compares what each way earned with what an honest holder earned, for each byte kept.
async fn settle(actors: &[Actor]) -> Result<()> {
    let of = |way: Way| actors.iter().filter(move |actor| actor.way == way);
    let sum = |way: Way| of(way).fold((0i128, 0i128), |(e, k), a| (e + i128::from(a.earned), k + i128::from(a.kept)));
    for honest in of(Way::Honest) {
        let view = honest.holder.view().await?;
        ensure!(view.failed == 0 && view.replicas == 1, "an honest holder failed: {view:?}");
        ensure!(view.passed + 1 >= WINDOWS, "an honest holder lost windows: {view:?}");
        ensure!(honest.earned > 0);
    }
    let (honest_earned, honest_kept) = sum(Way::Honest);
    for (way, _) in CROWD.into_iter().filter(|(way, _)| *way != Way::Honest) {
        let (earned, kept) = sum(way);
        ensure!(kept > 0 || earned == 0, "{way:?} earned {earned} for nothing");
        ensure!(earned * honest_kept <= honest_earned * kept, "{way:?} earned {earned} with {kept} bytes");
    }
    let (holes, _) = sum(Way::Holes);
    ensure!(holes * 100 < honest_earned * 95, "one chunk in a hundred was not missed: {holes} of {honest_earned}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_paid_for_bytes_that_it_does_not_hold() -> Result<()> {
    for seed in 1..=2 {
        live(seed).await.with_context(|| format!("seed {seed}"))?;
    }
    Ok(())
}
