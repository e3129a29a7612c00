//! An exchange in which nothing goes wrong.

use std::collections::BTreeMap;

use adit_core::sign::LeaseId;
use adit_core::statement::Verdict;
use adit_fetch::Response;
use adit_miner::lane::{LaneCommand, LaneEvent};
use adit_miner::machine::{Config, Device, Event};
use adit_miner::notice::Notice;
use adit_protocol::jobs::JobAbout;
use adit_protocol::mining::TaskAbout;
use adit_protocol::{ErrorBody, ErrorCode, paths};
use serde_json::json;

use crate::twin::Twin;
use crate::world::{Network, UNIT_MS, World, config, honest};

#[test]
fn units_of_every_kind_are_mined_and_paid() {
    let mut world = World::new(2, 4);
    world.run(20_000);
    assert_eq!(world.verdicts(), [Verdict::Valid; 8]);
    assert_eq!(world.twin.receipts(Verdict::Valid), 8);
    let leased: i64 = world.twin.leases.values().map(|leased| leased.grant.lease.value.nano()).sum();
    assert!(leased > 0);
    let status = world.machine.status();
    assert_eq!((status.earned.nano(), status.units_valid), (leased, 8));
    assert_eq!(status.account.unwrap().pending.nano(), leased);
    assert!(world.journal.is_empty());
}

/// An output's buffer goes back to the lane that computed it before its next unit begins.
#[test]
fn a_delivered_outputs_buffer_comes_back() {
    let mut world = World::new(2, 4);
    world.drops_bodies = true;
    world.run(20_000);
    assert_eq!(world.verdicts(), [Verdict::Valid; 8]);
    for lane in 0..2 {
        let of_lane = world.commands.iter().filter(|(number, _)| *number == lane);
        let told: String = of_lane
            .filter_map(|(_, command)| match command {
                LaneCommand::Start { .. } => Some('s'),
                LaneCommand::Reuse(output) => Some(if output.is_empty() { 'e' } else { 'r' }),
                _ => None,
            })
            .collect();
        assert!(!told.is_empty() && told == "sr".repeat(told.len() / 2), "{told}");
    }
}

#[test]
fn a_steady_unit_costs_one_request_and_shared_blocks_come_once() {
    let mut world = World::new(1, 3);
    world.run(6 * UNIT_MS);
    assert_eq!(world.sent("/ai-energy/task/").len(), 1);
    assert_eq!(world.sent("/output").len(), 5);
    let mut blocks: Vec<&str> =
        world.requests.iter().map(|(_, request)| request.url.as_str()).filter(|url| url.contains("/ipfs/")).collect();
    let asked = blocks.len();
    blocks.sort_unstable();
    blocks.dedup();
    assert_eq!(blocks.len(), asked);
}

#[test]
fn without_work_a_lane_asks_again_when_the_coordinator_says() {
    let mut world = World::new(1, 0);
    world.run(30_000);
    let asked = world.sent("/ai-energy/task/");
    assert!(asked.len() >= 4, "{asked:?}");
    assert!(asked.windows(2).all(|pair| pair[1] - pair[0] >= 5_000), "{asked:?}");
    assert!(world.said("NoWork"));
}

#[test]
fn lanes_wait_until_the_first_unit_is_verified() {
    let mut twin = Twin::new(4);
    twin.in_flight = 1;
    let mut world = World::with(config(3), twin, honest(), Default::default());
    world.run(UNIT_MS);
    assert_eq!(world.started(), 1);
    world.run(2 * UNIT_MS);
    assert_eq!(world.started(), 4);
}

/// What a job says of itself is shown to the person, except for text that could pass itself off as something else.
#[test]
fn a_task_says_what_it_is_about_in_words_that_may_be_shown() {
    let job = JobAbout {
        description: Some("Handwritten \u{202e}stigid".into()),
        requester: Some("A library".into()),
        link: Some("javascript:alert(1)".into()),
        open_source: true,
    };
    let about = TaskAbout { name: Some("Digits".into()), job, part: 12, unit_parts: 2, parts: 64, parts_done: 9 };
    let mut twin = Twin::new(1);
    twin.about = Some(about.clone());
    let mut world = World::with(config(1), twin, honest(), BTreeMap::new());
    world.run(UNIT_MS);
    let shown = world.notices.iter().find_map(|(_, notice)| match notice {
        Notice::TaskStarted { about, .. } => about.clone(),
        _ => None,
    });
    let shown = shown.unwrap();
    assert_eq!(shown.job, JobAbout { description: None, link: None, ..about.job.clone() });
    assert_eq!(*shown, TaskAbout { job: shown.job.clone(), ..about });
}

/// A large download of inputs is announced before the unit begins; a small one is not.
#[test]
fn inputs_that_take_long_are_announced() {
    let told = |twin| {
        let mut world = World::with(config(1), twin, honest(), BTreeMap::new());
        world.run(UNIT_MS);
        let notices = world.notices.iter().filter_map(|(_, notice)| match notice {
            Notice::Fetching { bytes, .. } => Some(*bytes),
            Notice::TaskStarted { .. } => Some(0),
            _ => None,
        });
        notices.collect::<Vec<_>>()
    };
    assert_eq!(told(Twin::with_large_inputs()), [1024 + 1024 * 4096, 0]);
    assert_eq!(told(Twin::new(1))[0], 0);
}

/// A heartbeat's answer lists leases that nobody needs any more. The lane stops at once, takes the next unit, and is not at
/// fault.
#[test]
fn a_lane_that_works_in_vain_stops_and_goes_on_with_another_unit() {
    let mut told = 0;
    let overtaken: Network = Box::new(move |request, twin, _| {
        let open: Vec<LeaseId> =
            twin.leases.iter().filter(|(_, leased)| leased.receipt.is_none()).map(|(lease, _)| *lease).collect();
        if !request.url.ends_with("/heartbeat") || open.is_empty() || told == 5 {
            return Ok(twin.answer(request));
        }
        told += 1;
        open.iter().for_each(|lease| drop(twin.leases.remove(lease)));
        Ok(Response::new(200, json!({ "adit": { "vain": open } }).to_string()))
    });
    let mut world = World::with(config(1), Twin::new(300), overtaken, BTreeMap::new());
    world.run(5 * 30_000 + 2 * UNIT_MS);
    let dropped = |notice: &Notice| matches!(notice, Notice::TaskDropped { reason, .. } if reason.contains("first"));
    let dropped_at: Vec<u64> =
        world.notices.iter().filter(|(_, notice)| dropped(notice)).map(|(at_ms, _)| *at_ms).collect();
    assert_eq!(dropped_at.len(), 5);
    for at_ms in dropped_at {
        assert!(world.sent("/ai-energy/task/").contains(&at_ms), "it asks for another unit at once");
    }
    assert_eq!(world.machine.status().lanes[0].state, "computing");
}

/// A page that is being closed has to know where to give its units back, and with what body.
#[test]
fn a_page_is_told_how_to_give_its_units_back() {
    let mut world = World::new(1, 1);
    world.run(UNIT_MS);
    let told = world.notices.iter().find_map(|(_, notice)| match notice {
        Notice::Beacon { url, body } => Some((url.clone(), body.clone())),
        _ => None,
    });
    let (url, body) = told.unwrap();
    assert_eq!(url, "http://coordinator/ai-energy/return-units");
    let session = world.requests.iter().find_map(|(_, request)| {
        let mut headers = request.headers.iter();
        headers.find(|(name, _)| *name == paths::SESSION_HEADER).map(|(_, session)| session.clone())
    });
    assert_eq!(Some(body), session);
}

/// Each verified unit allows one lease more, as the coordinator's rules say.
#[test]
fn each_verified_unit_sets_another_lane_to_work_at_once() {
    let limited: Network = Box::new(|request, twin, _| {
        let live = twin.leases.values().filter(|leased| leased.receipt.is_none()).count();
        if request.url.contains("/ai-energy/task/") && live > twin.receipts(Verdict::Valid) {
            let body = serde_json::to_vec(&ErrorBody::new(ErrorCode::TooManyLeases, "deliver first")).unwrap();
            return Ok(Response::new(429, body).with_header("retry-after", "60"));
        }
        Ok(twin.answer(request))
    });
    let mut twin = Twin::new(20);
    twin.in_flight = 1;
    let mut world = World::with(config(4), twin, limited, BTreeMap::new());
    let at_work = |world: &World| world.machine.status().lanes.iter().filter(|lane| lane.state == "computing").count();
    let mut seen = Vec::new();
    for unit in 0..4 {
        world.run(unit * (UNIT_MS + 100) + 500);
        seen.push(at_work(&world));
    }
    assert_eq!(seen, [1, 2, 4, 4]);
    assert!(world.said("Limited") && !world.said("Retry"));
    // A lane that no verdict wakes asks when the coordinator says.
    assert!(world.sent("/ai-energy/task/").len() < 12);
}

#[test]
fn lanes_beyond_the_coordinators_limit_are_off_and_say_why() {
    let mut twin = Twin::new(4);
    twin.max_lanes = 2;
    let mut world = World::with(config(3), twin, honest(), Default::default());
    world.run(10_000);
    assert!(world.commands.iter().all(|(lane, command)| *lane < 2 || matches!(command, LaneCommand::Duty(_))));
    let status = world.machine.status();
    assert_eq!(
        (status.lanes[2].state.as_str(), status.lanes[2].why.as_str()),
        ("off", "the coordinator allows 2 lanes")
    );
}

#[test]
fn a_pause_gives_lanes_no_time_and_no_tasks() {
    let mut world = World::new(1, 4);
    world.run(500);
    let now = world.now_ms;
    world.at(now, Event::Pause("battery".into()));
    world.at(now, Event::Pause("hidden".into()));
    world.run(UNIT_MS + 500);
    assert!(matches!(world.commands.last(), Some((0, LaneCommand::Duty(duty))) if *duty == 0.0));
    let started = world.started();
    world.at(world.now_ms, Event::Resume("battery".into()));
    world.run(30_000);
    assert_eq!(world.started(), started);
    assert_eq!(world.machine.status().paused, ["hidden"]);
    world.at(world.now_ms, Event::Resume("hidden".into()));
    world.run(60_000);
    assert_eq!(world.verdicts(), [Verdict::Valid; 8]);
}

#[test]
fn too_much_memory_begins_no_unit_and_stops_none() {
    let mut world = World::new(1, 4);
    world.run(500);
    world.at(world.now_ms, Event::Pause("memory".into()));
    world.run(UNIT_MS + 5_000);
    assert_eq!((world.started(), world.verdicts().len()), (1, 1));
    world.at(world.now_ms, Event::Resume("memory".into()));
    world.run(60_000);
    assert_eq!(world.verdicts(), [Verdict::Valid; 8]);
}

#[test]
fn the_chosen_duty_reaches_every_lane() {
    let mut world = World::new(2, 0);
    world.run(100);
    world.at(world.now_ms, Event::Duty(0.25));
    world.run(200);
    let told = |wanted| {
        world.commands.iter().any(|(lane, c)| *lane == wanted && matches!(c, LaneCommand::Duty(d) if *d == 0.25))
    };
    assert!(told(0) && told(1));
}

#[test]
fn lanes_that_share_an_adapter_share_its_duty() {
    let config = Config { devices: Device::lanes(1, true), ..config(0) };
    let mut world = World::with(config, Twin::new(0), honest(), Default::default());
    let mut duties = |event| {
        world.at(world.now_ms, event);
        world.run(world.now_ms + 100);
        let mut told = BTreeMap::new();
        for (lane, command) in &world.commands {
            if let LaneCommand::Duty(duty) = command {
                told.insert(*lane, *duty);
            }
        }
        told.into_values().collect::<Vec<f64>>()
    };
    assert_eq!(duties(Event::Duty(1.0)), [1.0, 1.0, 1.0]);
    assert_eq!(duties(Event::Duty(0.5)), [0.5, 0.25, 0.25]);
    // One lane is left with the whole duty.
    let event = LaneEvent::Unusable { reason: "unplugged".into() };
    assert_eq!(duties(Event::Lane { lane: 2, event })[..2], [0.5, 0.5]);
}

#[test]
fn stopping_mid_unit_abandons_it_and_ends_the_session() {
    let mut world = World::new(2, 4);
    world.run(UNIT_MS / 2);
    assert_eq!(world.started(), 2);
    world.at(world.now_ms, Event::Stop);
    world.run(60_000);
    assert!(world.ended);
    let abandoned = world.commands.iter().filter(|(_, command)| matches!(command, LaneCommand::Abandon)).count();
    assert_eq!(abandoned, 2);
    assert_eq!((world.sent("/stop-session").len(), world.sent("/output").len()), (1, 0));
    let last = &world.notices.last().unwrap().1;
    assert!(matches!(last, Notice::Stopped { summary: Some(summary) } if summary.tasks_completed == 7), "{last:?}");
}

#[test]
fn mining_ends_after_the_wanted_number_of_units() {
    let mut wanted = config(2);
    wanted.max_units = Some(3);
    let mut world = World::with(wanted, Twin::new(8), honest(), Default::default());
    world.run(60_000);
    assert!(world.ended);
    assert_eq!(world.verdicts().len(), 3);
    assert_eq!(world.sent("/stop-session").len(), 1);
}
