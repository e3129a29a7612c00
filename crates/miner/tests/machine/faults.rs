//! Faults without malice: restarts, lost replies, busy servers, ended leases.

use std::collections::BTreeMap;

use adit_core::sign::LeaseId;
use adit_core::statement::Verdict;
use adit_fetch::{FetchError, Method, Response};
use adit_miner::lane::{LaneCommand, LaneEvent};
use adit_miner::machine::Event;
use adit_miner::notice::Notice;
use adit_protocol::ErrorCode;

use crate::twin::{TTL_MS, Twin, refused};
use crate::world::{Network, UNIT_MS, World, config, honest};

/// A network that lets `fate` answer the first PUT.
fn first_put(mut fate: impl FnMut(&mut dyn FnMut() -> Response) -> Result<Response, FetchError> + 'static) -> Network {
    let mut met = false;
    Box::new(move |request, twin, _| {
        if request.method == Method::Put && !met {
            met = true;
            return fate(&mut || twin.answer(request));
        }
        Ok(twin.answer(request))
    })
}

fn with_network(lanes: usize, units: u32, network: Network) -> World {
    World::with(config(lanes), Twin::new(units), network, Default::default())
}

#[test]
fn a_restart_of_the_coordinator_costs_no_unit() {
    let mut world = World::new(2, 2);
    world.run(UNIT_MS / 2);
    world.twin.restart();
    world.run(60_000);
    assert_eq!(world.verdicts(), [Verdict::Valid; 4]);
    assert_eq!(world.sent("/register").len(), 2);
    assert_eq!(world.started(), 4);
}

#[test]
fn a_restart_while_waiting_for_work_opens_a_new_session() {
    let mut world = World::new(1, 0);
    world.run(2_000);
    world.twin.restart();
    world.run(60_000);
    assert_eq!(world.sent("/start-session").len(), 2);
    assert!(world.said("the session is gone"));
}

#[test]
fn a_late_answer_about_an_older_session_changes_nothing() {
    let mut world = World::new(1, 0);
    // The heartbeat's answer says that the session is gone, but arrives after a new one has opened.
    world.slow_answer = Some(("/heartbeat", 1, 20_000));
    world.run(30_000);
    world.twin.restart();
    world.run(60_000);
    assert_eq!(world.sent("/heartbeat").len(), 1);
    assert_eq!(world.sent("/register").len(), 2);
}

#[test]
fn an_absent_coordinator_is_retried_with_growing_delays() {
    let network: Network = Box::new(|request, twin, now_ms| match now_ms {
        1_000_000.. => Ok(twin.answer(request)),
        _ => Err(FetchError::Connect("refused".into())),
    });
    let mut world = with_network(1, 1, network);
    world.run(1_200_000);
    let tries = world.sent("/register");
    let longest = tries.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
    assert!((15..200).contains(&tries.len()), "{} tries", tries.len());
    assert!((20_000..61_000).contains(&longest), "{longest} ms");
    assert_eq!(world.verdicts(), [Verdict::Valid; 2]);
}

#[test]
fn a_person_who_does_not_want_to_wait_causes_a_retry_at_once() {
    let network: Network = Box::new(|request, twin, now_ms| match now_ms {
        300_000.. => Ok(twin.answer(request)),
        _ => Err(FetchError::Connect("refused".into())),
    });
    let mut world = with_network(1, 1, network);
    world.run(300_000);
    let tries = world.sent("/register").len();
    world.at(300_000, Event::Hurry);
    world.run(300_000);
    assert_eq!(world.sent("/register").len(), tries + 1);
}

#[test]
fn what_is_under_way_is_finished_and_nothing_new_begins() {
    let mut world = World::new(2, 9);
    world.run(UNIT_MS + UNIT_MS / 2);
    let started = world.started();
    world.at(world.now_ms, Event::Finish);
    world.run(60_000);
    assert!(world.ended);
    assert_eq!((world.started(), world.verdicts().len()), (started, started));
    assert!(world.journal.is_empty());
    let mut idle = World::new(1, 0);
    idle.run(2_000);
    idle.at(2_000, Event::Finish);
    idle.run(4_000);
    assert!(idle.ended, "nothing is under way, so nothing is waited for");
}

#[test]
fn a_lost_reply_is_requested_again_and_counts_once() {
    let network = first_put(|answer| {
        answer();
        Err(FetchError::Interrupted("reset".into()))
    });
    let mut world = with_network(1, 1, network);
    world.run(60_000);
    assert_eq!(world.verdicts(), [Verdict::Valid; 2]);
    assert_eq!((world.sent("/output").len(), world.twin.receipts(Verdict::Valid)), (3, 2));
    assert_eq!(world.machine.status().units_valid, 2);
}

#[test]
fn a_busy_coordinators_delay_is_honoured() {
    let network = first_put(|_| Ok(Response::new(503, "busy").with_header("retry-after", "20")));
    let mut world = with_network(1, 1, network);
    world.run(60_000);
    let sent = world.sent("/output");
    assert!((20_000..20_300).contains(&(sent[1] - sent[0])), "{sent:?}");
    assert_eq!(world.verdicts(), [Verdict::Valid; 2]);
}

#[test]
fn a_damaged_body_is_sent_again() {
    let network = first_put(|_| Ok(refused(ErrorCode::DigestMismatch)));
    let mut world = with_network(1, 1, network);
    world.run(60_000);
    let bodies: Vec<_> = world.requests.iter().filter_map(|(_, request)| request.body.clone()).collect();
    let (first, again) = (&bodies[2], &bodies[3]);
    assert_eq!(first, again);
    assert_eq!((world.verdicts().len(), world.started()), (2, 2));
}

#[test]
fn a_lease_that_cannot_be_fulfilled_is_dropped_for_the_next() {
    let final_ones = [
        ErrorCode::LeaseExpired,
        ErrorCode::SecondDigest,
        ErrorCode::WrongLength,
        ErrorCode::NoSuchLease,
        ErrorCode::InvalidSignature,
    ];
    for code in final_ones {
        let mut world = with_network(1, 1, first_put(move |_| Ok(refused(code))));
        world.run(UNIT_MS + 500);
        assert!(world.said(code.name()), "{code:?}");
        assert!(world.journal.is_empty());
        assert_eq!(world.sent("/output").len(), 1);
        assert_eq!(world.sent("/ai-energy/task/").len(), 2);
    }
}

#[test]
fn a_unit_is_abandoned_once_its_lease_has_long_ended() {
    let mut world = World::new(1, 1);
    world.lane_is_silent = true;
    world.run(2 * TTL_MS - 1_000);
    assert!(!world.commands.iter().any(|(_, command)| matches!(command, LaneCommand::Abandon)));
    world.run(2 * TTL_MS + 1_000);
    assert!(world.commands.iter().any(|(_, command)| matches!(command, LaneCommand::Abandon)));
    assert!(world.said("its lease ended"));
}

#[test]
fn a_computed_unit_survives_a_crash_and_is_not_computed_again() {
    let (twin, journal) = crashed_before_the_answer();
    let mut world = World::with(config(1), twin, honest(), journal);
    world.run(500);
    assert_eq!(world.verdicts(), [Verdict::Valid]);
    world.run(60_000);
    assert_eq!((world.verdicts().len(), world.started()), (2, 1));
    assert!(world.journal.is_empty());
}

#[test]
fn a_lane_waits_for_what_it_computed_before_a_crash() {
    let (twin, journal) = crashed_before_the_answer();
    let busy = first_put(|_| Ok(Response::new(503, "busy").with_header("retry-after", "5")));
    let mut world = World::with(config(1), twin, busy, journal);
    world.run(4_000);
    // The coordinator hands out the lease that the lane still holds.
    assert_eq!((world.sent("/ai-energy/task/").len(), world.started()), (1, 0));
    world.run(60_000);
    assert_eq!((world.verdicts().len(), world.started()), (2, 1));
}

/// The coordinator and the journal of a process that computed a unit and crashed before it was answered.
fn crashed_before_the_answer() -> (Twin, BTreeMap<LeaseId, Vec<u8>>) {
    let network: Network = Box::new(|request, twin, _| match request.method {
        Method::Put => Err(FetchError::Timeout(1)),
        _ => Ok(twin.answer(request)),
    });
    let mut world = with_network(1, 1, network);
    world.run(UNIT_MS + 500);
    assert_eq!((world.journal.len(), world.verdicts().len()), (1, 0));
    (world.twin, world.journal)
}

#[test]
fn a_damaged_journal_is_forgotten() {
    let lease = LeaseId([5; 16]);
    let mut world = World::with(config(1), Twin::new(1), honest(), [(lease, vec![1, 2, 3])].into());
    world.run(60_000);
    assert_eq!(world.verdicts(), [Verdict::Valid; 2]);
    assert!(world.journal.is_empty());
}

#[test]
fn a_lane_that_computes_wrongly_is_switched_off_and_the_others_go_on() {
    let mut world = World::new(2, 8);
    let mut compute = std::mem::replace(&mut world.compute, Box::new(|_, _, _, _| Vec::new()));
    world.compute = Box::new(move |lane, lease, unit, blocks| {
        let mut output = compute(lane, lease, unit, blocks);
        output[0] ^= u8::from(lane == 0);
        output
    });
    world.run(60_000);
    let status = world.machine.status();
    assert_eq!(status.units_invalid, 3);
    assert_eq!(status.lanes[0].state, "off");
    assert!(status.lanes[0].why.contains("computes wrongly"), "{}", status.lanes[0].why);
    assert!(!world.ended);
}

#[test]
fn a_failing_lane_is_switched_off_and_the_last_one_stops_the_miner() {
    let mut world = World::new(1, 8);
    world.lane_is_silent = true;
    for at_ms in (1_000..200_000).step_by(1_000) {
        world.run(at_ms);
        let lease = world.commands.iter().rev().find_map(|(_, command)| match command {
            LaneCommand::Start { lease, .. } => Some(*lease),
            _ => None,
        });
        let Some(lease) = lease else { continue };
        let event = LaneEvent::Failed { lease, reason: "no memory".into() };
        world.at(at_ms, Event::Lane { lane: 0, event });
    }
    assert!(world.ended);
    assert_eq!(world.started(), 3);
    let fatal = world.notices.iter().find_map(|(_, notice)| match notice {
        Notice::Fatal { reason } => Some(reason.as_str()),
        _ => None,
    });
    assert!(fatal.unwrap().contains("no memory"));
}
