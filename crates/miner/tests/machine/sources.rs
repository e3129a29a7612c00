//! Kinds other than int8 products, and units that ask what a source of their own holds.

use adit_core::Cid;
use adit_core::random::SplitMix64;
use adit_core::statement::Verdict;
use adit_fetch::{FetchError, Reach, Response};

use crate::twin::Twin;
use crate::world::{Answered, Network, World, config, honest};

const SOURCE: &str = "http://gateway.example";

/// A source that holds the twin's blocks, except that it lacks one and damages another.
fn source(gone: Option<Cid>, damaged: Option<Cid>) -> Network {
    Box::new(move |request, twin, _| {
        let Some(path) = request.url.strip_prefix(SOURCE) else { return Ok(twin.answer(request)) };
        let name = path.strip_prefix("/ipfs/").unwrap().strip_suffix("?format=raw").unwrap();
        let cid: Cid = name.parse().unwrap();
        let mut block = twin.blocks[&cid].clone();
        if gone == Some(cid) {
            return Ok(Response::new(404, ""));
        }
        if damaged == Some(cid) {
            block[0] ^= 1;
        }
        Ok(Response::new(200, block))
    })
}

#[test]
fn trees_and_floats_are_mined_and_paid() {
    let mut twin = Twin::new(0);
    twin.units = vec![twin.tree(None), twin.floats()];
    let mut world = World::with(config(1), twin, honest(), Default::default());
    world.run(10_000);
    assert_eq!(world.verdicts(), [Verdict::Valid; 2]);
}

#[test]
fn a_sources_blocks_are_requested_from_it_alone() {
    let mut twin = Twin::new(0);
    twin.units = vec![twin.tree(Some(SOURCE)), twin.tree(Some(SOURCE))];
    let mut world = World::with(config(1), twin, source(None, None), Default::default());
    world.run(10_000);
    assert_eq!(world.verdicts(), [Verdict::Valid; 2]);
    // A cached block is requested again, because the unit asks whether the source still has it.
    assert_eq!((world.sent(SOURCE).len(), world.sent("http://coordinator/ipfs/").len()), (6, 0));
}

/// The first version, which an older coordinator may still lease, cannot say that a block is unknown.
#[test]
fn blocks_that_a_source_lacks_are_reported_missing() {
    for damages in [false, true] {
        let mut twin = Twin::new(0);
        let unit = twin.tree(Some(SOURCE));
        let bad = unit.input().panels[1];
        (twin.units, twin.gone) = (vec![unit], Some(bad));
        let network = if damages { source(None, Some(bad)) } else { source(Some(bad), None) };
        let mut world = World::with(config(1), twin, network, Default::default());
        world.run(10_000);
        assert!(damages || world.sent(&bad.to_string()).len() == 2);
        assert_eq!(world.verdicts(), if damages { vec![] } else { vec![Verdict::Valid] });
        assert_eq!(world.said("is not what its name says"), damages);
    }
}

/// A source that answers the requests for one block in this order, and holds the others.
fn answers(bad: Cid, mut looks: Vec<Answered>) -> Network {
    let mut others = source(None, None);
    Box::new(move |request, twin, now_ms| match request.url.contains(&bad.to_string()) {
        true => looks.remove(0),
        false => others(request, twin, now_ms),
    })
}

/// The states that the miner reports for three blocks when the source answers requests for the second like this, and the
/// times of those requests.
fn states(looks: Vec<Answered>) -> (World, Vec<u8>, Vec<u64>) {
    let mut twin = Twin::new(0);
    let unit = twin.states(SOURCE);
    let bad = unit.input().panels[1];
    let never_there = looks.iter().all(|look| look.as_ref().is_ok_and(|answer| matches!(answer.status, 404 | 410)));
    (twin.units, twin.gone) = (vec![unit], never_there.then_some(bad));
    let mut world = World::with(config(1), twin, answers(bad, looks), Default::default());
    world.run(30_000);
    let said = delivered(&world).remove(0);
    let times = world.sent(&bad.to_string());
    (world, said, times)
}

/// The states in every output that was delivered.
fn delivered(world: &World) -> Vec<Vec<u8>> {
    let outputs = world.requests.iter().filter(|(_, request)| request.url.ends_with("/output"));
    outputs.map(|(_, request)| request.body.as_ref().unwrap().bytes().unwrap()[..3].to_vec()).collect()
}

fn status(status: u16) -> Answered {
    Ok(Response::new(status, ""))
}

#[test]
fn a_block_is_absent_if_its_source_says_so_twice_some_seconds_apart() {
    for looks in [vec![status(404), status(404)], vec![status(410), status(404)]] {
        let (world, said, times) = states(looks);
        assert_eq!((world.verdicts(), &said[..]), (vec![Verdict::Valid], &[1, 2, 1][..]));
        assert!(times[1] - times[0] >= 3_000, "{times:?}");
        // The receipt states 50,000 of 90,000 bytes, and the miner counts no more.
        assert_eq!(world.machine.status().work_verified, 50_000);
    }
}

#[test]
fn a_block_that_comes_at_the_second_look_is_present() {
    for first in [status(404), status(503), Err(FetchError::Timeout(1))] {
        let block = SplitMix64::new(6).signed(90_000).into_iter().map(|byte| byte as u8).collect::<Vec<u8>>();
        let second = Ok(Response::new(200, block[40_000..80_000].to_vec()));
        let (world, said, times) = states(vec![first, second]);
        assert_eq!((world.verdicts(), &said[..], times.len()), (vec![Verdict::Valid], &[1, 1, 1][..], 2));
    }
}

#[test]
fn an_error_is_not_taken_for_an_answer() {
    let errors: [fn() -> Answered; 6] = [
        || status(503),
        || status(302),
        || Ok(Response::new(200, "other bytes")),
        || Err(FetchError::Timeout(1)),
        || Err(FetchError::TooLarge(1)),
        || Err(FetchError::Connect("refused".into())),
    ];
    for error in errors {
        for looks in [vec![error(), error()], vec![status(404), error()], vec![error(), status(404)]] {
            let (world, said, times) = states(looks);
            assert_eq!((world.verdicts(), said[1], times.len()), (vec![Verdict::Inconclusive], 3, 2));
        }
    }
}

#[test]
fn a_source_that_wants_more_time_is_not_asked_again() {
    let (world, said, times) = states(vec![Ok(Response::new(503, "").with_header("retry-after", "60"))]);
    assert_eq!((world.verdicts(), said[1], times.len()), (vec![Verdict::Inconclusive], 3, 1));
}

#[test]
fn a_source_that_wants_a_little_time_is_asked_again_when_it_says() {
    let busy = || Ok(Response::new(503, "<html>").with_header("retry-after", "8"));
    let dated = || {
        let response = Response::new(429, "").with_header("date", "Sun, 06 Nov 1994 08:49:07 GMT");
        Ok(response.with_header("retry-after", "Sun, 06 Nov 1994 08:49:15 GMT"))
    };
    for first in [busy(), dated()] {
        let (world, said, times) = states(vec![first, status(404)]);
        assert_eq!((world.verdicts(), said[1], times.len()), (vec![Verdict::Inconclusive], 3, 2));
        assert!((8_000..8_300).contains(&(times[1] - times[0])), "{times:?}");
    }
}

/// One unknown block decides the unit, so a source that is away is asked for few blocks.
#[test]
fn a_source_that_is_away_is_soon_left_alone() {
    let mut twin = Twin::new(0);
    twin.units = vec![twin.states(SOURCE)];
    let network: Network = Box::new(|request, twin, _| match request.url.starts_with(SOURCE) {
        true => Err(FetchError::Timeout(20_000)),
        false => Ok(twin.answer(request)),
    });
    let mut world = World::with(config(1), twin, network, Default::default());
    world.run(30_000);
    assert_eq!(world.verdicts(), [Verdict::Inconclusive]);
    assert!(world.sent(SOURCE).len() <= 6, "{:?}", world.sent(SOURCE));
}

/// Two lanes ask two sources about the same blocks, and only one source has them.
#[test]
fn what_one_source_has_says_nothing_of_another() {
    const EMPTY: &str = "http://empty.example";
    let mut twin = Twin::new(0);
    twin.units = vec![twin.states(SOURCE), twin.states(EMPTY)];
    let mut full = source(None, None);
    let network: Network = Box::new(move |request, twin, now_ms| match request.url.starts_with(EMPTY) {
        true => status(404),
        false => full(request, twin, now_ms),
    });
    let mut world = World::with(config(2), twin, network, Default::default());
    world.run(30_000);
    let mut said = delivered(&world);
    said.sort_unstable();
    assert_eq!(said, [[1, 1, 1], [2, 2, 2]]);
}

#[test]
fn a_secure_coordinators_unit_cannot_name_an_insecure_source() {
    let mut twin = Twin::new(0);
    twin.units = vec![twin.tree(Some(SOURCE))];
    let mut config = config(1);
    config.server = "https://coordinator".into();
    let network: Network = Box::new(|request, twin, _| {
        let mut request = request.clone();
        request.url = request.url.replace("https://coordinator", "http://coordinator");
        Ok(twin.answer(&request))
    });
    let mut world = World::with(config, twin, network, Default::default());
    world.run(10_000);
    assert!(world.said("no https address") && world.sent(SOURCE).is_empty());
}

#[test]
fn only_places_that_the_owner_named_may_be_private() {
    for (gateways, reach) in [(Vec::new(), Reach::Public), (vec![SOURCE.to_owned()], Reach::Anywhere)] {
        let mut twin = Twin::new(0);
        let sourced = twin.tree(Some(SOURCE));
        twin.units = vec![sourced, twin.floats()];
        let mut config = config(1);
        config.gateways = gateways;
        let mut world = World::with(config, twin, source(None, None), Default::default());
        world.run(10_000);
        let reaches = |part: &str| world.reaches(part);
        assert!(!reaches(SOURCE).is_empty() && reaches(SOURCE).iter().all(|found| *found == reach));
        assert!(reaches("http://coordinator").iter().all(|found| *found == Reach::Anywhere));
    }
}

#[test]
fn the_coordinator_itself_may_be_a_source() {
    let mut twin = Twin::new(0);
    twin.units = vec![twin.tree(Some("http://coordinator"))];
    let mut world = World::with(config(1), twin, honest(), Default::default());
    world.run(10_000);
    assert_eq!(world.verdicts(), [Verdict::Valid]);
    assert!(world.reaches("/ipfs/").iter().all(|found| *found == Reach::Anywhere));
}
