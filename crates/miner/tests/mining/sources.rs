//! Kinds other than int8 products, and units that ask what a source of their own holds.

use adit_core::Cid;
use adit_core::statement::Verdict;
use adit_fetch::Response;

use crate::twin::Twin;
use crate::world::{Network, World, config, honest};

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

#[test]
fn blocks_that_a_source_lacks_or_damages_are_reported_missing() {
    for damages in [false, true] {
        let mut twin = Twin::new(0);
        let unit = twin.tree(Some(SOURCE));
        let bad = unit.input().panels[1];
        (twin.units, twin.gone) = (vec![unit], Some(bad));
        let network = if damages { source(None, Some(bad)) } else { source(Some(bad), None) };
        let mut world = World::with(config(1), twin, network, Default::default());
        world.run(30_000);
        assert_eq!(world.verdicts(), [Verdict::Valid]);
        assert_eq!(world.sent(&bad.to_string()).len(), 2);
    }
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
