//! Pooled mode: rewards are reconciled, shared and paid out.

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

/// Attests in all 144 slots of an epoch, then once in each of nine, with both settlements in turn. Every µRTC is paid out.
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
    assert_eq!(lists.len(), 2, "the list at the epoch's end, and one batch");
    assert_eq!(lists[0].epoch.gross, 0);
    let slots: std::collections::BTreeSet<_> = lists[1].rows.iter().map(|row| row.slots).collect();
    // The settlement by blocks may skip wallets that had no balance yet; those that were credited share.
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
    assert_eq!(dust, 3, "each wallet got 1 µRTC from the treasury");
    assert_eq!(chain.paid_to(&SecretKey::from_seed([99; 32]).address().to_string()), fee);
    assert_eq!(paid, credited - fee + dust, "everything is paid out");
}

#[tokio::test]
async fn late_credits_are_shared_by_the_weights_at_the_epochs_end() {
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
    // The second attested but was not credited, so it gets no share yet.
    pooled.upkeep().await;
    // A later attestation does not change an epoch that is over.
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

/// An epoch's score is the mean over its counted slots, which a failed attestation at the end does not lower.
#[tokio::test]
async fn one_failed_attestation_does_not_lower_the_epochs_score() {
    let pooled = Pooled::new(|_| {}).await;
    let (honest, vm) = (pooled.join(1).await, pooled.join(2).await);
    assert_eq!(pooled.attest(&honest).await.0, 200);
    pooled.world.next_slot();
    let alarmed = Device { rig: Rig { indicators: vec!["KVM"], ..honest.rig.clone() }, ..honest.clone() };
    assert_eq!(pooled.attest(&alarmed).await.0, 200);
    let vm = Device { rig: Rig { indicators: vec!["KVM"], ..vm.rig.clone() }, ..vm };
    assert_eq!(pooled.attest(&vm).await.0, 200);
    let now = pooled.world.get(&format!("/api/miner/{}", honest.wallet())).await;
    assert_eq!(float(&now, "hardware_score"), 0.0, "the page shows the score of the last attestation");
    pooled.next_epoch();
    pooled.upkeep().await;
    let list = &lists_of(&pooled, EPOCH).await[0];
    let rows: Vec<_> = list.rows.iter().map(|row| (row.address.clone(), row.score, row.slots)).collect();
    assert_eq!(rows, [(honest.wallet(), 1_000_000, 1)], "the virtual machine has no counted slot, so no row");
}

#[tokio::test]
async fn a_wallet_in_doubt_pays_nothing_and_says_why() {
    let pooled = Pooled::new(|_| {}).await;
    let device = pooled.join(1).await;
    assert_eq!(pooled.attest(&device).await.0, 200);
    pooled.next_epoch();
    let now_ms = pooled.now_ms();
    {
        let chain = &mut locked(&pooled.node.state).chain;
        chain.reward(&device.wallet(), EPOCH, 500_000, now_ms);
        // The balance exceeds the history by 7 µRTC.
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

/// The answer to a transfer is lost, so the pool sends the same bytes again. The transfer is then voided, and paid anew.
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
    assert_eq!(transfers(&pooled).len(), 1, "the node accepted it, and the pool does not know");
    for _ in 0..3 {
        pooled.world.clock.advance(SLOT_MS);
        pooled.upkeep().await;
    }
    pooled.node.lose_transfers(false);
    pooled.world.clock.advance(7_200_000);
    pooled.upkeep().await;
    assert_eq!(transfers(&pooled).len(), 1, "the same bytes were sent again");
    // When the node voids it, its amount returns to the member and is paid by a new transfer.
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
    // The newest pays the 1 µRTC that the wallet got from the treasury, which is the member's too.
    assert_eq!(states[states.len() - 2..], ["posted", "voided"]);
}

/// A request that is lost, and with it the transfer: only the same bytes again bring the money to the member.
#[tokio::test]
async fn a_transfer_that_never_arrived_is_sent_again() {
    let pooled = Pooled::new(|_| {}).await;
    let device = pooled.join(1).await;
    assert_eq!(pooled.attest(&device).await.0, 200);
    pooled.next_epoch();
    let now_ms = pooled.now_ms();
    locked(&pooled.node.state).chain.reward(&device.wallet(), EPOCH, 500_000, now_ms);
    pooled.node.drop_transfers(true);
    for _ in 0..3 {
        pooled.upkeep().await;
        pooled.world.clock.advance(SLOT_MS);
    }
    let rows = pooled.world.get("/api/payouts").await;
    let rows: Vec<_> =
        rows.as_list().unwrap().iter().filter(|row| text(row, "to") == device.payout()).cloned().collect();
    assert_eq!(rows.iter().map(|row| text(row, "state")).collect::<Vec<_>>(), ["ready"], "nothing is signed anew");
    pooled.node.drop_transfers(false);
    pooled.upkeep().await;
    let chain = &locked(&pooled.node.state).chain;
    let sent: Vec<_> = chain.pending.iter().filter(|pending| pending.to == device.payout()).collect();
    assert_eq!(
        sent.iter().map(|pending| (&pending.hash, pending.micro)).collect::<Vec<_>>(),
        [(&text(&rows[0], "tx_hash"), 495_000)]
    );
}

#[tokio::test]
async fn a_leaving_member_gets_the_key_of_its_swept_wallet() {
    let pooled = Pooled::new(|config| config.payout_minimum = 1_000_000_000).await;
    let (device, other) = (pooled.join(1).await, pooled.join(2).await);
    for device in [&device, &other] {
        assert_eq!(pooled.attest(device).await.0, 200);
    }
    pooled.next_epoch();
    let (status, answer) = pooled.ask(&device, Wish::Leave).await;
    assert_eq!((status, answer.member("seed")), (200, None), "the key was given before the sweep: {answer:?}");
    assert_eq!(pooled.attest(&device).await.0, 400, "a leaving wallet still attests");
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
    assert_eq!(chain.balance(&device.wallet()), 0, "the swept wallet is not empty");
    // Half of the pot less the fee, although that is under the minimum, and perhaps 1 µRTC from the treasury.
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
    // The fee of the first batch repaid 10,000 µRTC.
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
