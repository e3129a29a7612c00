//! Pooled mode: what arrives is compared, shared and paid out.

use adit_rustchain::list::List;
use adit_rustchain::member::Wish;
use adit_rustchain::weight::weight;

use super::chain::CONFIRMS_MS;
use super::membership::{Device, Pooled};
use super::*;

async fn lists_of(pooled: &Pooled, epoch: i64) -> Vec<List> {
    let mut lists = Vec::new();
    for batch in 0.. {
        let request = Request::builder().uri(format!("/api/epochs/{epoch}?batch={batch}")).body(Body::empty()).unwrap();
        let response = pooled.world.pool.router().oneshot(request).await.unwrap();
        if response.status() != 200 {
            break;
        }
        let bytes = to_bytes(response.into_body(), 16 << 20).await.unwrap();
        let list: List = serde_json::from_slice(&bytes).unwrap();
        list.check(Some(&pooled.world.pool.public_key())).unwrap();
        lists.push(list);
    }
    lists
}

/// A day of 144 slots, then nine epochs with a slot or two, both settlements in turn; every µRTC is shared and paid.
#[tokio::test]
async fn ten_epochs_are_settled_shared_and_paid_out() {
    let pooled = Pooled::new(|config| config.fee_payout = Some(SecretKey::from_seed([99; 32]).address())).await;
    let devices = [pooled.join(1).await, pooled.join(2).await, pooled.join(3).await];
    for slot in 0..144 {
        for (index, device) in devices.iter().enumerate() {
            if slot % [1, 2, 12][index] == 0 {
                assert_eq!(pooled.attest(device).await.0, 200, "slot {slot}");
            }
        }
        if slot % 48 == 0 {
            pooled.upkeep().await;
        }
        pooled.world.next_slot();
    }
    for epoch in EPOCH..EPOCH + 10 {
        let now_ms = pooled.now_ms();
        {
            let chain = &mut locked(&pooled.node.state).chain;
            chain.confirm(now_ms);
            if epoch % 2 == 0 { chain.settle_admin(epoch, now_ms) } else { chain.settle_blocks(epoch, now_ms) }
        }
        pooled.upkeep().await;
        if epoch < EPOCH + 9 {
            for device in &devices {
                assert_eq!(pooled.attest(device).await.0, 200, "epoch {epoch}");
            }
            pooled.next_epoch();
        }
    }
    for _ in 0..4 {
        pooled.world.clock.advance(CONFIRMS_MS);
        let now_ms = pooled.now_ms();
        locked(&pooled.node.state).chain.confirm(now_ms);
        pooled.upkeep().await;
    }
    let lists = lists_of(&pooled, EPOCH).await;
    assert_eq!(lists.len(), 2, "weights at the end, and one batch");
    assert_eq!(lists[0].epoch.gross, 0);
    let slots: std::collections::BTreeSet<_> = lists[1].rows.iter().map(|row| row.slots).collect();
    // The first epoch was settled by blocks before two of the wallets were known; whoever was credited shares.
    assert!(slots.is_subset(&[144, 72, 12].into()) && !slots.is_empty(), "{slots:?}");
    let chain = &locked(&pooled.node.state).chain;
    let credited: i64 = chain.settled.values().sum();
    let fee: i64 = chain
        .settled
        .iter()
        .fold(std::collections::BTreeMap::new(), |mut sums, ((_, epoch), micro)| {
            *sums.entry(*epoch).or_insert(0) += *micro;
            sums
        })
        .values()
        .map(|gross: &i64| gross / 100)
        .sum();
    let paid: i64 = devices.iter().map(|device| chain.paid_to(&device.payout())).sum();
    let dust: i64 = devices.iter().map(|device| chain.paid_to(&device.wallet())).sum();
    assert_eq!(dust, 3, "a µRTC made each wallet known");
    assert_eq!(chain.paid_to(&SecretKey::from_seed([99; 32]).address().to_string()), fee);
    assert_eq!(paid, credited - fee + dust, "all is paid out");
}

#[tokio::test]
async fn shares_follow_weights_and_late_credits_use_the_same() {
    let pooled = Pooled::new(|_| {}).await;
    let (one, two) = (pooled.join(1).await, pooled.join(2).await);
    for _ in 0..4 {
        assert_eq!(pooled.attest(&one).await.0, 200);
        pooled.world.next_slot();
    }
    assert_eq!(pooled.attest(&two).await.0, 200);
    pooled.next_epoch();
    let now_ms = pooled.now_ms();
    locked(&pooled.node.state).chain.reward(&one.wallet(), EPOCH, 700_000, now_ms);
    // The second is there, but was not credited: it shares nothing yet.
    pooled.upkeep().await;
    // It attests on, which changes nothing of an epoch that is over.
    assert_eq!(pooled.attest(&two).await.0, 200);
    locked(&pooled.node.state).chain.reward(&two.wallet(), EPOCH, 300_001, now_ms);
    pooled.upkeep().await;
    let lists = lists_of(&pooled, EPOCH).await;
    let rows = |list: &List| list.rows.iter().map(|row| (row.slots, row.share)).collect::<Vec<_>>();
    assert_eq!(rows(&lists[1]), [(4, 693_000)]);
    let (first, second) = (weight(1_000_000, 4), weight(1_000_000, 1));
    let net = 300_001 - 3_000;
    let expected = adit_rustchain::share::cut(net, 0, &[("1", first), ("2", second)]).shares;
    let mut late = rows(&lists[2]);
    late.sort_unstable();
    assert_eq!(late, [(1, expected[1]), (4, expected[0])]);
    assert_eq!(lists[2].epoch.gross, 300_001);
    pooled.upkeep().await;
    assert_eq!(lists_of(&pooled, EPOCH).await.len(), 3, "nothing is shared twice");
}

/// The score of an epoch is the mean over its counted slots: a failed attestation at the end takes nothing from them.
#[tokio::test]
async fn one_failed_attestation_does_not_take_the_day() {
    let pooled = Pooled::new(|_| {}).await;
    let (honest, vm) = (pooled.join(1).await, pooled.join(2).await);
    assert_eq!(pooled.attest(&honest).await.0, 200);
    pooled.world.next_slot();
    let alarmed = Device { rig: Rig { indicators: vec!["KVM"], ..honest.rig.clone() }, ..honest.clone() };
    assert_eq!(pooled.attest(&alarmed).await.0, 200);
    let vm = Device { rig: Rig { indicators: vec!["KVM"], ..vm.rig.clone() }, ..vm };
    assert_eq!(pooled.attest(&vm).await.0, 200);
    let now = pooled.world.get(&format!("/api/miner/{}", honest.wallet())).await;
    assert_eq!(float(&now, "hardware_score"), 0.0, "what is shown is the last attestation");
    pooled.next_epoch();
    pooled.upkeep().await;
    let list = &lists_of(&pooled, EPOCH).await[0];
    let rows: Vec<_> = list.rows.iter().map(|row| (row.address.clone(), row.score, row.slots)).collect();
    assert_eq!(rows, [(honest.wallet(), 1_000_000, 1)], "the virtual machine has no counted slot, so no row");
}

#[tokio::test]
async fn a_wallet_that_does_not_add_up_pays_nothing_and_says_so() {
    let pooled = Pooled::new(|_| {}).await;
    let device = pooled.join(1).await;
    assert_eq!(pooled.attest(&device).await.0, 200);
    pooled.next_epoch();
    let now_ms = pooled.now_ms();
    {
        let chain = &mut locked(&pooled.node.state).chain;
        chain.reward(&device.wallet(), EPOCH, 500_000, now_ms);
        // More than the history says.
        *chain.balances.get_mut(&device.wallet()).unwrap() += 7;
    }
    for _ in 0..3 {
        pooled.upkeep().await;
    }
    let wallets = pooled.world.get("/api/sub-wallets").await;
    let row = wallets.as_list().unwrap().iter().find(|row| text(row, "address") == device.wallet()).unwrap();
    assert_eq!(text(row, "state"), "unreconciled");
    assert!(text(row, "reason").contains("500000") && text(row, "reason").contains("500007"), "{row:?}");
    assert!(locked(&pooled.node.state).chain.pending.iter().all(|pending| pending.from != device.wallet()));
    *locked(&pooled.node.state).chain.balances.get_mut(&device.wallet()).unwrap() -= 7;
    pooled.upkeep().await;
    let paid = locked(&pooled.node.state).chain.pending.iter().find(|pending| pending.from == device.wallet()).cloned();
    assert_eq!(paid.map(|pending| pending.micro), Some(495_000));
}

/// An answer that is lost, then a transfer that is voided: the same bytes again, and the money back.
#[tokio::test]
async fn an_unknown_outcome_sends_the_same_bytes_again() {
    let pooled = Pooled::new(|_| {}).await;
    let device = pooled.join(1).await;
    assert_eq!(pooled.attest(&device).await.0, 200);
    pooled.next_epoch();
    let now_ms = pooled.now_ms();
    locked(&pooled.node.state).chain.reward(&device.wallet(), EPOCH, 500_000, now_ms);
    pooled.node.lose_transfers(true);
    pooled.upkeep().await;
    let transfers = |pooled: &Pooled| {
        let chain = &locked(&pooled.node.state).chain;
        chain.pending.iter().filter(|pending| pending.to == device.payout()).cloned().collect::<Vec<_>>()
    };
    assert_eq!(transfers(&pooled).len(), 1, "the node has it, and the pool does not know");
    for _ in 0..3 {
        pooled.world.clock.advance(SLOT_MS);
        pooled.upkeep().await;
    }
    pooled.node.lose_transfers(false);
    pooled.world.clock.advance(7_200_000);
    pooled.upkeep().await;
    assert_eq!(transfers(&pooled).len(), 1, "it was sent again as it was");
    // Voided, it comes back and is paid anew.
    locked(&pooled.node.state).chain.void_to(&device.payout());
    pooled.upkeep().await;
    let sent = transfers(&pooled);
    assert_eq!(sent.iter().map(|pending| pending.status).collect::<Vec<_>>(), ["voided", "pending"]);
    pooled.world.clock.advance(CONFIRMS_MS);
    let now_ms = pooled.now_ms();
    locked(&pooled.node.state).chain.confirm(now_ms);
    pooled.upkeep().await;
    assert_eq!(locked(&pooled.node.state).chain.paid_to(&device.payout()), 495_000);
    let rows = pooled.world.get("/api/payouts").await;
    let to_member = rows.as_list().unwrap().iter().filter(|row| text(row, "to") == device.payout());
    let states: Vec<_> = to_member.map(|row| text(row, "state")).collect();
    // The newest is the µRTC that made its wallet known, which belongs to the member too.
    assert_eq!(states[states.len() - 2..], ["posted", "voided"]);
}

#[tokio::test]
async fn whoever_leaves_gets_the_swept_wallets_key() {
    let pooled = Pooled::new(|config| config.payout_minimum = 1_000_000_000).await;
    let (device, other) = (pooled.join(1).await, pooled.join(2).await);
    for device in [&device, &other] {
        assert_eq!(pooled.attest(device).await.0, 200);
    }
    pooled.next_epoch();
    let (status, answer) = pooled.ask(&device, Wish::Leave).await;
    assert_eq!((status, answer.member("seed")), (200, None), "not before it is swept: {answer:?}");
    assert_eq!(pooled.attest(&device).await.0, 400, "it attests no more");
    pooled.upkeep().await;
    let now_ms = pooled.now_ms();
    locked(&pooled.node.state).chain.settle_admin(EPOCH, now_ms);
    for _ in 0..8 {
        pooled.upkeep().await;
        pooled.world.clock.advance(CONFIRMS_MS / 2);
        let now_ms = pooled.now_ms();
        locked(&pooled.node.state).chain.confirm(now_ms);
    }
    pooled.upkeep().await;
    let (_, answer) = pooled.ask(&device, Wish::Leave).await;
    let seed: [u8; 32] = hex::decode(text(&answer, "seed")).unwrap().try_into().unwrap();
    assert_eq!(SecretKey::from_seed(seed).address().to_string(), device.wallet());
    let chain = &locked(&pooled.node.state).chain;
    assert_eq!(chain.balance(&device.wallet()), 0, "nothing of the others' is in it");
    // Half of the pot less the fee, though it is under the minimum, and the µRTC that made it known, if that came.
    let paid = chain.paid_to(&device.payout());
    assert!((742_500..=742_501).contains(&paid), "{paid}");
}

#[tokio::test]
async fn a_clawback_is_repaid_before_anything_is_shared() {
    let pooled = Pooled::new(|config| config.payout_minimum = 1_000_000_000).await;
    let device = pooled.join(1).await;
    assert_eq!(pooled.attest(&device).await.0, 200);
    pooled.next_epoch();
    let now_ms = pooled.now_ms();
    locked(&pooled.node.state).chain.reward(&device.wallet(), EPOCH, 1_000_000, now_ms);
    pooled.upkeep().await;
    locked(&pooled.node.state).chain.claw_back(&device.wallet(), 300_000, "issue_44", now_ms);
    assert_eq!(pooled.attest(&device).await.0, 200);
    pooled.upkeep().await;
    let stats = pooled.world.get("/api/stats").await;
    // The fee of the first batch repaid 10,000 of it.
    assert_eq!(ours(&stats, "deficit"), &"0.290000".into());
    pooled.next_epoch();
    let now_ms = pooled.now_ms();
    locked(&pooled.node.state).chain.reward(&device.wallet(), EPOCH + 1, 500_000, now_ms);
    pooled.upkeep().await;
    let lists = lists_of(&pooled, EPOCH + 1).await;
    assert_eq!(lists[1].epoch.gross, 210_000);
    let stats = pooled.world.get("/api/stats").await;
    assert_eq!(ours(&stats, "deficit"), &"0.000000".into());
}
