//! The rules of a holder's life, each broken once.

use adit_core::Amount;
use adit_core::kind::store::work;
use adit_core::reward::base_reward;
use adit_core::statement::Verdict;
use adit_core::{Cid, Kind};
use adit_protocol::ErrorCode;
use adit_protocol::paths::{self, with};
use adit_protocol::storage::Answered;
use anyhow::{Context, Result, ensure};
use reqwest::Method;

use crate::town::{Town, WINDOW_MS};

const SHARE: u64 = 1 << 30;

#[tokio::test(flavor = "multi_thread")]
async fn a_window_is_paid_if_it_follows_on_a_passed_one() -> Result<()> {
    let town = Town::start().await?;
    town.put(5_000, 1).await?;
    let mut holder = town.holder("holder", 1).await?;
    ensure!(holder.challenge().await?.is_none(), "asked before it held anything");
    ensure!(holder.take(SHARE).await? == 1);
    let first = town.pass(&holder).await?;
    ensure!((first.verdict, first.reward, first.missing_at_most_ppm) == (Verdict::Valid, Amount::ZERO, 216_609));
    let receipt = &first.receipt;
    receipt.verify(&town.server.key())?;
    ensure!(receipt.receipt.strength() == "64 of 5 leaves", "{}", receipt.receipt.strength());
    let second = town.pass(&holder).await?;
    let worth = base_reward(Kind::Store, work(5_000, WINDOW_MS as u64));
    ensure!(worth.nano() == 16 && second.reward == worth, "{second:?}");
    ensure!(town.owed(&holder).await? == (worth, Amount::ZERO));
    let view = holder.view().await?;
    ensure!((view.passed, view.failed, view.draws, view.replicas) == (2, 0, 128, 1), "{view:?}");
    ensure!(view.score_micro == 2_000_009, "{view:?}");
    ensure!(view.proves.contains("not where they lie"));
    town.server.assert_balanced().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_answer_is_never_paid_and_its_window_has_failed() -> Result<()> {
    let town = Town::start().await?;
    town.put(5_000, 1).await?;
    let mut holder = town.holder("holder", 1).await?;
    holder.take(SHARE).await?;
    town.pass(&holder).await?;
    let challenge = town.until_asked(&holder).await?;
    let answer = holder.openings(&challenge).await?;
    // The same lease is given again, and nobody else gets it.
    ensure!(holder.challenge().await?.map(|again| again.lease.lease) == Some(challenge.lease.lease));
    town.server.clock().advance(31_000);
    let late = holder.send(&challenge, answer.clone()).await?;
    ensure!(late.code()? == ErrorCode::LeaseExpired);
    town.server.upkeep().await?;
    ensure!(holder.send(&challenge, answer).await?.code()? == ErrorCode::LeaseExpired);
    let view = holder.view().await?;
    ensure!((view.passed, view.failed, view.draws) == (1, 1, 0), "{view:?}");
    // The next one does not follow on a passed one.
    ensure!(town.pass(&holder).await?.reward == Amount::ZERO);
    ensure!(town.pass(&holder).await?.reward.nano() == 16);
    town.server.assert_balanced().await
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_answers_are_found_out() -> Result<()> {
    let town = Town::start().await?;
    town.put(300_000, 2).await?;
    let (mut holder, mut other) = (town.holder("holder", 1).await?, town.holder("other", 2).await?);
    holder.take(SHARE).await?;
    other.take(SHARE).await?;
    let earlier = town.until_asked(&holder).await?;
    let old = holder.openings(&earlier).await?;
    holder.answer(&earlier).await?;
    // The answer to another seed, which has the right length only by chance, and one of another replica.
    let challenge = town.until_asked(&holder).await?;
    let right = holder.openings(&challenge).await?;
    ensure!(holder.send(&challenge, right[1..].to_vec()).await?.code()? == ErrorCode::WrongLength);
    let stranger = other.send(&challenge, right.clone()).await?;
    ensure!(stranger.code()? == ErrorCode::InvalidSignature, "a foreign key answered");
    let mut replayed = old;
    replayed.resize(right.len(), 0);
    let found: Answered = holder.send(&challenge, replayed).await?.json()?;
    ensure!((found.verdict, found.reward) == (Verdict::Invalid, Amount::ZERO));
    // One answer a lease: the right one comes too late now.
    ensure!(holder.send(&challenge, right).await?.code()? == ErrorCode::SecondDigest);
    let view = holder.view().await?;
    ensure!((view.passed, view.failed, view.failed_twice()) == (1, 1, false), "{view:?}");
    // The second time its replicas are lost, and made again for somebody else.
    holder.replicas.clear();
    let challenge = town.until_asked(&holder).await?;
    let found: Answered = holder.send(&challenge, holder.openings(&challenge).await?).await?.json()?;
    ensure!(found.verdict == Verdict::Invalid);
    let view = holder.view().await?;
    ensure!((view.replicas, view.held_bytes) == (0, 0), "{view:?}");
    ensure!(holder.take(SHARE).await? == 0, "it got a piece again that it had lost");
    let mut third = town.holder("third", 3).await?;
    ensure!(third.take(SHARE).await? == 1);
    town.server.assert_balanced().await
}

trait Twice {
    fn failed_twice(&self) -> bool;
}

impl Twice for adit_protocol::storage::HolderView {
    fn failed_twice(&self) -> bool {
        self.replicas == 0
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_differ_and_are_handed_out_once() -> Result<()> {
    let town = Town::start().await?;
    let (_, content) = town.put(100_000, 2).await?;
    let (mut one, mut two) = (town.holder("one", 1).await?, town.holder("two", 2).await?);
    let first = one.take_one(SHARE).await?.context("no replica")?;
    let path = with(paths::STORAGE_REPLICA, &first.to_string());
    let ask = |holder: &adit_support::Holder, range: &str| {
        let request = holder.client.request(Method::GET, &path).header(paths::SESSION_HEADER, &holder.client.session);
        request.header("range", range.to_owned())
    };
    // It may be fetched in parts until it has arrived, by its holder alone.
    let part = one.client.send(ask(&one, "bytes=70000-")).await?;
    ensure!(part.status == 206 && part.body == one.replicas[&first][70_000..]);
    ensure!(two.client.send(ask(&two, "bytes=0-")).await?.code()? == ErrorCode::NoSuchReplica);
    // While it is on its way, the same one is assigned.
    ensure!(one.take_one(SHARE).await? == Some(first));
    one.client.api().held(&one.client.session, &first).await?;
    two.take(SHARE).await?;
    let (a, b) = (&one.replicas[&first], two.replicas.values().next().context("none")?);
    ensure!(a != b && *a != content && *b != content, "the replicas are not distinct");
    ensure!(one.take(SHARE).await? == 0, "one key got two replicas of a piece");
    let again = one.client.send(ask(&one, "bytes=0-")).await?;
    ensure!(again.code()? == ErrorCode::ReplicaHandedOut);
    ensure!(one.view().await?.replicas == 0, "the assignment goes on");
    ensure!(town.holder("three", 3).await?.take(SHARE).await? == 1);
    town.server.assert_balanced().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_that_stays_open_is_no_copy() -> Result<()> {
    let town = Town::start().await?;
    town.put(16 << 20, 1).await?;
    let holder = town.holder("holder", 1).await?;
    let (api, session) = (holder.client.api(), &holder.client.session);
    let assigned = api.assignment(session, SHARE).await?.context("no replica")?;
    // It reads a little, says that it has all, and reads on when it is challenged.
    let mut body = api.replica(session, &assigned.replica, 0).await?;
    let mut read = body.chunk().await?.context("nothing came")?.len() as u64;
    api.held(session, &assigned.replica).await?;
    town.until_asked(&holder).await?;
    while let Ok(Some(chunk)) = body.chunk().await {
        read += chunk.len() as u64;
    }
    ensure!(read < assigned.bytes, "the whole replica came after it had been reported as held");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn moments_are_drawn_and_not_told() -> Result<()> {
    let town = Town::start().await?;
    town.put(5_000, 3).await?;
    let (mut early, mut late) = (0, 0);
    for key in 1..=3 {
        let mut holder = town.holder(&format!("holder_{key}"), key).await?;
        holder.take(SHARE).await?;
        let began_ms = town.server.clock().now_ms();
        for _ in 0..8 {
            // What it is told before its moment is the same at any distance from it.
            let told = holder.client.api().storage_wish(&holder.client.session).await?;
            ensure!(told.err().is_none_or(|wait_ms| wait_ms == 60_000), "it was told when to come");
            let challenge = town.until_asked(&holder).await?;
            let into_ms = (town.server.clock().now_ms() - began_ms) % WINDOW_MS;
            if into_ms < WINDOW_MS / 2 {
                early += 1
            } else {
                late += 1
            }
            holder.answer(&challenge).await?;
            town.step().await?;
        }
    }
    ensure!(early > 0 && late > 0, "{early} moments in first halves of their windows, {late} in second ones");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loss_that_is_reported_is_not_blamed() -> Result<()> {
    let town = Town::start().await?;
    let (pin, _) = town.put(40 << 20, 1).await?;
    ensure!(pin.pieces == 3);
    let mut holder = town.holder("holder", 1).await?;
    ensure!(holder.take(SHARE).await? == 3);
    town.pass(&holder).await?;
    let lost: Cid = *holder.replicas.keys().next().context("none")?;
    let bytes = holder.replicas.remove(&lost).context("none")?.len() as u64;
    let answer = holder.client.api().losses(&holder.client.session, vec![lost, lost]).await?;
    ensure!(answer.given_up == 1);
    let second = town.pass(&holder).await?;
    let left = (40 << 20) - bytes;
    ensure!(second.reward == base_reward(Kind::Store, work(left, WINDOW_MS as u64)), "{second:?}");
    ensure!(holder.view().await?.failed == 0);
    ensure!(town.holder("other", 2).await?.take(SHARE).await? == 1);
    let pin = town.operator.api().pin(pin.pin).await?;
    ensure!((pin.lost, pin.held) == (1, 3), "{pin:?}");
    town.server.assert_balanced().await
}

#[tokio::test(flavor = "multi_thread")]
async fn new_keys_begin_with_64_mib() -> Result<()> {
    let town = Town::start().await?;
    town.put(90 << 20, 1).await?;
    let mut holder = town.holder("holder", 1).await?;
    ensure!(holder.take(SHARE).await? == 4);
    ensure!(holder.view().await?.held_bytes == 64 << 20);
    for _ in 0..24 {
        town.pass(&holder).await?;
    }
    ensure!(holder.view().await?.allowed_bytes == 128 << 20);
    ensure!(holder.take(SHARE).await? == 2);
    town.server.assert_balanced().await
}

#[tokio::test(flavor = "multi_thread")]
async fn content_comes_back_from_its_holders() -> Result<()> {
    let town = Town::start().await?;
    let (pin, content) = town.put(20 << 20, 2).await?;
    let fetch = || async { Ok::<_, anyhow::Error>(town.operator.api().pin_content(pin.pin).await?.whole().await?) };
    ensure!(fetch().await? == content);
    let (mut one, mut two) = (town.holder("one", 1).await?, town.holder("two", 2).await?);
    one.take(SHARE).await?;
    two.take(SHARE).await?;
    let db = rusqlite::Connection::open(town.server.data().join("adit.sqlite"))?;
    db.execute("DELETE FROM storage_part", [])?;
    let refused = town.operator.api().pin_content(pin.pin).await.err().context("content out of nothing")?;
    ensure!(refused.to_string().contains("2 of 2 pieces were requested from their holders"), "{refused}");
    let (api, session) = (two.client.api(), two.client.session.clone());
    let wish = api.storage_wish(&session).await?.ok().context("nothing wanted")?;
    ensure!(wish.wanted.len() == 2);
    // Damaged bytes are refused; the right ones are opened.
    let damaged = vec![0; two.replicas[&wish.wanted[0]].len()];
    ensure!(api.give_back(&session, &wish.wanted[0], damaged).await.is_err());
    for wanted in wish.wanted {
        api.give_back(&session, &wanted, two.replicas[&wanted].clone()).await?;
    }
    ensure!(fetch().await? == content);
    ensure!(one.client.api().storage_wish(&one.client.session).await?.is_err(), "what is there is still wanted");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_the_coordinator_costs_a_holder_nothing() -> Result<()> {
    let Town { server, .. } = {
        let town = Town::start().await?;
        town.put(5_000, 1).await?;
        town
    };
    let operator = adit_support::Client::new(&server, "operator", 99)?;
    let town = Town { server, operator };
    let mut holder = town.holder("holder", 1).await?;
    holder.take(SHARE).await?;
    town.pass(&holder).await?;
    let challenge = town.until_asked(&holder).await?;
    let Town { server, .. } = town;
    let server = server.restart(|config| config.epoch_ms = 300 * 24 * WINDOW_MS).await?;
    holder.client.move_to(&server);
    let answered = holder.answer(&challenge).await?;
    ensure!((answered.verdict, answered.reward.nano()) == (Verdict::Valid, 16));
    server.assert_balanced().await
}
