//! Forgeries by a hostile coordinator, a gateway or somebody in between. The miner obeys and counts none of them.

use std::cell::RefCell;
use std::rc::Rc;

use adit_core::kind::MlpI8;
use adit_core::sign::{Digest, SecretKey};
use adit_core::statement::{ProvenReceipt, Verdict};
use adit_core::{Amount, Kind, Unit};
use adit_fetch::{Method, Response};
use adit_miner::notice::Notice;
use adit_protocol::mining::{Delivered, TaskGrant};
use adit_protocol::neonet::{RegisterResponse, Task};

use crate::twin::{Twin, given};
use crate::world::{Network, UNIT_MS, World, config};

fn impostor() -> SecretKey {
    SecretKey::from_bytes(&[0x66; 32]).unwrap()
}

/// A network that changes every task on the way.
fn forging_tasks(change: impl Fn(&mut Task, &Twin) + 'static) -> World {
    let network: Network = Box::new(move |request, twin, _| {
        let response = twin.answer(request);
        if !request.url.contains("/ai-energy/task/") {
            return Ok(response);
        }
        let mut task: Task = serde_json::from_slice(&response.body).unwrap();
        change(&mut task, twin);
        Ok(given(&task))
    });
    World::with(config(1), Twin::new(1), network, Default::default())
}

/// Changes the grant and signs it again as the coordinator, so that only one check can notice.
fn forging_grants(change: impl Fn(&mut TaskGrant) + 'static) -> World {
    forging_tasks(move |task, twin| {
        let grant = task.adit.as_mut().unwrap();
        change(grant);
        grant.signature = twin.key.sign(&grant.lease);
    })
}

#[track_caller]
fn nothing_is_computed(mut world: World, why: &str) {
    world.run(100_000);
    assert_eq!(world.started(), 0, "{why}");
    assert!(world.said(why), "no notice says: {why}");
    let asked = world.sent("/ai-energy/task/");
    assert!((3..100).contains(&asked.len()), "it backs off: {asked:?}");
}

#[test]
fn a_lease_must_be_signed_by_the_coordinator() {
    nothing_is_computed(forging_tasks(|task, _| task.adit.as_mut().unwrap().signature.0[5] ^= 1), "not signed");
    let by_another = |task: &mut Task, _: &Twin| {
        let grant = task.adit.as_mut().unwrap();
        grant.signature = impostor().sign(&grant.lease);
    };
    nothing_is_computed(forging_tasks(by_another), "not signed");
}

#[test]
fn a_lease_must_name_the_coordinator_the_miner_and_its_version() {
    let other = impostor().public_key();
    nothing_is_computed(forging_grants(move |grant| grant.lease.coordinator = other), "of another coordinator");
    nothing_is_computed(forging_grants(move |grant| grant.lease.miner = other), "another miner's");
    nothing_is_computed(forging_grants(|grant| grant.lease.version = 2), "of another version");
}

#[test]
fn a_unit_must_be_the_leased_one_and_computable() {
    let another = |grant: &mut TaskGrant| {
        let Unit::MlpI8(MlpI8 { x, .. }) = &mut grant.unit else { panic!("the first unit is a model's") };
        x.panels.swap(0, 1);
    };
    nothing_is_computed(forging_grants(another), "not the leased one");
    let malformed = |grant: &mut TaskGrant| {
        let Unit::MlpI8(MlpI8 { layers, .. }) = &mut grant.unit else { panic!("the first unit is a model's") };
        layers[0].requant = None;
        grant.lease.unit = grant.unit.cid();
    };
    nothing_is_computed(forging_grants(malformed), "cannot be computed");
}

#[test]
fn kind_work_price_and_time_must_be_right() {
    nothing_is_computed(forging_grants(|grant| grant.work += 1), "kind or work");
    nothing_is_computed(forging_grants(|grant| grant.kind = Kind::MatmulI8), "kind or work");
    let more = |grant: &mut TaskGrant| grant.lease.value = grant.lease.value.checked_add(Amount::from_nano(1)).unwrap();
    nothing_is_computed(forging_grants(more), "base reward does not follow");
    nothing_is_computed(forging_grants(|grant| grant.expires_in_ms = 0), "lease has ended");
    nothing_is_computed(forging_grants(|grant| grant.expires_in_ms = grant.lease.ttl_ms + 1), "lease has ended");
    nothing_is_computed(forging_tasks(|task, _| task.adit = None), "carries no lease");
}

#[test]
fn a_block_must_match_its_cid() {
    let network: Network = Box::new(|request, twin, now_ms| {
        let mut response = twin.answer(request);
        if request.url.contains("/ipfs/") && now_ms < 30_000 {
            response.body[0] ^= 1;
        }
        Ok(response)
    });
    let mut world = World::with(config(1), Twin::new(1), network, Default::default());
    world.run(29_000);
    assert_eq!(world.started(), 0);
    assert!(world.said("is not what its name says") && world.said("TaskDropped"));
    world.run(300_000);
    assert_eq!(world.verdicts(), [Verdict::Valid; 2]);
}

#[test]
fn an_oversized_block_is_refused() {
    let network: Network = Box::new(|request, twin, _| {
        let response = twin.answer(request);
        Ok(if request.url.contains("/ipfs/") { Response::new(200, vec![0; (1 << 20) + 1]) } else { response })
    });
    let mut world = World::with(config(1), Twin::new(1), network, Default::default());
    world.run(100_000);
    assert_eq!(world.started(), 0);
    assert!(world.said("larger than 1048576 bytes"));
}

#[test]
fn a_lying_gateway_is_skipped_at_once() {
    let network: Network = Box::new(|request, twin, _| {
        if request.url.starts_with("http://gateway/ipfs/") {
            assert!(!request.headers.iter().any(|(name, _)| *name == "adit-session"), "a gateway learns no secret");
            return Ok(Response::new(200, "something else"));
        }
        Ok(twin.answer(request))
    });
    let mut with_gateway = config(1);
    with_gateway.gateways = vec!["http://gateway".into()];
    let mut world = World::with(with_gateway, Twin::new(1), network, Default::default());
    world.run(UNIT_MS / 2);
    assert_eq!(world.started(), 1);
    assert!(!world.sent("http://gateway/").is_empty());
}

/// A network that changes every answer to a delivery and may forge entries of the twin's log.
fn forging_receipts(change: impl Fn(&mut Delivered, &mut Twin) + 'static) -> World {
    let network: Network = Box::new(move |request, twin, _| {
        let response = twin.answer(request);
        if request.method != Method::Put {
            return Ok(response);
        }
        let mut delivered: Delivered = serde_json::from_slice(&response.body).unwrap();
        change(&mut delivered, twin);
        Ok(given(&delivered))
    });
    World::with(config(1), Twin::new(1), network, Default::default())
}

/// Changes the receipt and proves it anew, so that only one check can notice.
fn proving_anew(change: impl Fn(&mut ProvenReceipt) + 'static) -> World {
    forging_receipts(move |delivered, twin| {
        change(&mut delivered.receipt);
        delivered.receipt = twin.prove(delivered.receipt.receipt.clone());
    })
}

#[track_caller]
fn nothing_is_counted(mut world: World, why: &str) {
    world.run(20_000);
    assert!(world.verdicts().is_empty(), "{why}");
    assert!(world.said(why), "no notice says: {why}");
    assert_eq!(world.machine.status().earned, Amount::ZERO);
}

#[test]
fn a_receipt_must_hold_under_the_pinned_key() {
    nothing_is_counted(forging_receipts(|delivered, _| delivered.receipt.head_signature.0[3] ^= 1), "not signed");
    nothing_is_counted(forging_receipts(|delivered, _| delivered.receipt.receipt.bits = 65), "not in the log");
    let by_another = |delivered: &mut Delivered, _: &mut Twin| {
        let proven = &mut delivered.receipt;
        (proven.receipt.coordinator, proven.head.coordinator) = (impostor().public_key(), impostor().public_key());
        proven.head_signature = impostor().sign(&proven.head);
    };
    nothing_is_counted(forging_receipts(by_another), "another coordinator");
}

#[test]
fn a_receipt_must_be_for_this_delivery() {
    // Two valid receipts of this miner, swapped.
    let first: Rc<RefCell<Option<Delivered>>> = Rc::default();
    let world = forging_receipts(move |delivered, _| {
        let mut first = first.borrow_mut();
        match &*first {
            Some(first) if first.lease != delivered.lease => delivered.receipt = first.receipt.clone(),
            Some(_) => {}
            None => *first = Some(delivered.clone()),
        }
    });
    let mut world = world;
    world.run(100_000);
    assert_eq!(world.verdicts().len(), 1);
    assert!(world.said("for something else"));
    nothing_is_counted(forging_receipts(|delivered, _| delivered.lease.0[0] ^= 1), "for something else");
    let other_output = |proven: &mut ProvenReceipt| {
        let receipt = &mut proven.receipt;
        receipt.output_digest = Digest([1; 32]);
        receipt.delivery_signature = crate::twin::miner_key().sign(&receipt.delivery());
    };
    nothing_is_counted(proving_anew(other_output), "for something else");
    let other_miner = |proven: &mut ProvenReceipt| {
        let receipt = &mut proven.receipt;
        receipt.miner = impostor().public_key();
        receipt.delivery_signature = impostor().sign(&receipt.delivery());
    };
    nothing_is_counted(proving_anew(other_miner), "for something else");
}

#[test]
fn a_receipt_must_state_the_verdict_and_the_leased_reward() {
    nothing_is_counted(proving_anew(|proven| proven.receipt.verdict = Verdict::Invalid), "another verdict");
    let cheaper = |proven: &mut ProvenReceipt| {
        proven.receipt.price_version += 1;
        proven.receipt.value = Amount::ZERO;
    };
    nothing_is_counted(proving_anew(cheaper), "another base reward");
}

#[test]
fn a_delivery_whose_receipt_never_holds_is_given_up() {
    let mut world = forging_receipts(|delivered, _| delivered.receipt.head_signature.0[3] ^= 1);
    world.run(600_000);
    assert!(world.said("TaskDropped") && world.journal.is_empty());
    // Both units had their turn.
    assert_eq!(world.started(), 2);
}

#[test]
fn the_next_task_in_an_answer_is_checked_like_any_other() {
    let world = forging_receipts(|delivered, _| {
        if let Some(grant) = delivered.next.as_mut().and_then(|next| next.adit.as_mut()) {
            grant.signature.0[0] ^= 1;
        }
    });
    let mut world = world;
    world.run(UNIT_MS + 100);
    assert_eq!((world.verdicts().len(), world.started()), (1, 1));
    assert!(world.said("not signed"));
}

#[test]
fn another_coordinators_key_stops_the_miner_before_it_signs() {
    let mut pinned = config(1);
    pinned.pinned = Some(impostor().public_key());
    let mut world = World::with(pinned, Twin::new(1), crate::world::honest(), Default::default());
    world.run(60_000);
    assert!(world.ended);
    assert!(world.sent("/start-session").is_empty());
    assert!(
        world
            .notices
            .iter()
            .any(|(_, notice)| matches!(notice, Notice::Fatal { reason } if reason.contains("in between")))
    );
}

#[test]
fn a_key_that_changes_across_a_restart_stops_the_miner_too() {
    let mut world = World::new(1, 1);
    world.run(500);
    world.twin.restart();
    world.twin.key = impostor();
    world.run(60_000);
    assert!(world.ended && world.said("somebody is in between"));
}

#[test]
fn a_server_that_verifies_nothing_gets_no_work() {
    let network: Network = Box::new(|request, twin, _| {
        let response = twin.answer(request);
        if !request.url.ends_with("/register") {
            return Ok(response);
        }
        let register: RegisterResponse = serde_json::from_slice(&response.body).unwrap();
        Ok(given(&RegisterResponse { adit: None, ..register }))
    });
    let mut world = World::with(config(1), Twin::new(1), network, Default::default());
    world.run(60_000);
    assert!(world.ended && world.said("no Adit coordinator"));
}

#[test]
fn a_sessions_id_cannot_smuggle_headers() {
    for session_id in [String::new(), "a\r\nx: y".into(), "x".repeat(65)] {
        let network: Network = Box::new(move |request, twin, _| {
            let response = twin.answer(request);
            if !request.url.ends_with("/start-session") {
                return Ok(response);
            }
            let mut answer: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
            answer["session_id"] = session_id.clone().into();
            Ok(given(&answer))
        });
        let mut world = World::with(config(1), Twin::new(1), network, Default::default());
        world.run(10_000);
        assert!(world.sent("/ai-energy/task/").is_empty() && world.said("has no session"));
    }
}

#[test]
fn malformed_answers_are_retried_with_growing_delays() {
    for body in ["", "null", "[]", "{\"success\":", "\u{1b}[2J"] {
        let network: Network = Box::new(move |_, _, _| Ok(Response::new(200, body)));
        let mut world = World::with(config(1), Twin::new(1), network, Default::default());
        world.run(60_000);
        let tries = world.sent("/register").len();
        assert!((3..40).contains(&tries), "{tries} tries after {body:?}");
        assert!(!world.ended);
    }
}
