//! How many panels a lane gets, how long its lease lasts, and how deliveries measure its speed.

use adit_core::assemble::Run;
use adit_core::{Kind, Unit};

use crate::jobs::unit_of;

/// The time a unit should take.
const TARGET_MS: u64 = 2_000;
/// The shortest lease. A unit takes at most a third of it.
const MIN_TTL_MS: u64 = 30_000;
/// The longest lease.
const MAX_TTL_MS: u64 = 3_600_000;
/// The shortest and the longest lease of a key that is not proven.
const UNPROVEN_TTL_MS: std::ops::RangeInclusive<u64> = 10_000..=120_000;
/// The slowest connection that such a lease allows for, in bytes per second.
const SLOWEST_LINE: u64 = 1 << 20;

/// The number of panels for a lane.
///
/// About [`TARGET_MS`] of work at the lane's speed, so that a steady lane makes few requests. At most half of an equal
/// share of `panels_left` among `lanes`, so that nobody waits long for the last unit. Never more than a unit's caps.
pub(crate) fn wanted_panels(template: &Unit, panels_left: u32, speed: u64, lanes: u32) -> u32 {
    let panel = unit_of(template, Run { first: 0, count: 1 });
    let work = if speed == 0 { template.kind().facts().first_work } else { speed.saturating_mul(TARGET_MS) / 1_000 };
    let by_speed = work / panel.work().max(1);
    let by_share = u64::from(panels_left.div_ceil(2 * lanes.max(1)));
    by_speed.min(by_share).min(template.most_panels()).clamp(1, u64::from(u32::MAX)) as u32
}

/// The speed to record after a delivery, in work per second; `known` is the lane's speed so far, 0 if unmeasured.
///
/// On a small unit most of the time is transfer, so it gives only a lower bound, perhaps far too low. A lane rated too
/// slow for all remaining work would never be measured again.
pub(crate) fn measured(kind: Kind, work: u64, elapsed_ms: u64, known: u64) -> Option<u64> {
    let speed = work.saturating_mul(1_000) / elapsed_ms.max(1);
    // Otherwise count only units that kept a slow lane busy. A tiny unit that took long was merely delivered late.
    let took_long = elapsed_ms >= MIN_TTL_MS / 3 && work >= kind.facts().first_work >> 8;
    // A first unit holds whole panels, so it may be up to half smaller than it was meant to be.
    let tells = work >= kind.facts().first_work / 2 || took_long;
    (tells || known > 0 && speed > known).then_some(speed)
}

/// The lease's duration: at least three times what the lane's speed predicts.
pub(crate) fn ttl_ms(kind: Kind, work: u64, speed: u64) -> u64 {
    let speed = if speed == 0 { kind.facts().slowest } else { speed };
    (work.saturating_mul(3_000) / speed.max(1)).clamp(MIN_TTL_MS, MAX_TTL_MS)
}

/// The duration of an unproven key's lease: what the slowest host and connection worth waiting for need. A unit that is not
/// delivered is soon given to somebody else.
pub(crate) fn unproven_ttl_ms(unit: &Unit, speed: u64) -> u64 {
    let facts = unit.kind().facts();
    let compute_ms = match speed {
        0 => unit.work().saturating_mul(1_000) / facts.slowest.max(1),
        speed => unit.work().saturating_mul(3_000) / speed,
    };
    let bytes: u64 = unit.blocks().into_iter().map(|(_, bytes)| u64::from(bytes)).sum();
    let line_ms = (bytes + unit.output_bytes()).saturating_mul(1_000) / SLOWEST_LINE;
    compute_ms.saturating_add(line_ms).clamp(*UNPROVEN_TTL_MS.start(), *UNPROVEN_TTL_MS.end())
}

/// How long a lane of this speed should take, in ms; the usual time if it is not measured.
pub(crate) fn takes_ms(work: u64, speed: u64) -> u64 {
    work.saturating_mul(1_000).checked_div(speed).unwrap_or(TARGET_MS)
}

/// The lanes that are known to compute a kind, and their speeds together, in work per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pace {
    pub(crate) lanes: u32,
    pub(crate) work_per_s: u64,
}

/// About how many units a job of this size is cut into.
pub(crate) fn expected_units(work: u64, panels: u32, pace: Pace) -> u32 {
    let of_lane = pace.work_per_s / u64::from(pace.lanes.max(1));
    let units = work / (of_lane.saturating_mul(TARGET_MS) / 1_000).max(1);
    u32::try_from(units).unwrap_or(u32::MAX).clamp(1, panels.max(1))
}

/// About how long a job takes beside `others`, in ms; `None` without a lane.
pub(crate) fn expected_ms(work: u64, others: u64, pace: Pace) -> Option<u64> {
    let alone_ms = work.saturating_mul(1_000).checked_div(pace.work_per_s)?;
    Some(alone_ms.saturating_mul(others.saturating_add(1)))
}

/// Whether a lane is fast enough for the smallest unit. Only its measured speed counts, not its claims.
pub(crate) fn is_able(template: &Unit, speed: u64) -> bool {
    let least = unit_of(template, Run { first: 0, count: 1 }).work();
    speed == 0 || least.saturating_mul(3_000) / speed <= MAX_TTL_MS
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_core::kind::{HashTree, MatmulI8};
    use adit_core::split::cut;
    use proptest::prelude::*;

    fn template(rows: u32, k: u32, n: u32, panel_rows: u32) -> Unit {
        let operand =
            |rows: u32, cols: u32, panel_rows: u32| cut(&vec![0; (rows * cols) as usize], rows, cols, panel_rows).0;
        Unit::MatmulI8(MatmulI8 { a: operand(rows, k, panel_rows), b: operand(k, n, k) })
    }

    #[test]
    fn speed_share_and_caps_decide_the_size() {
        // A panel is 8 · 64 · 64 = 32 768 multiply-accumulates.
        let template = template(800, 64, 64, 8);
        assert_eq!(wanted_panels(&template, 100, 16_384 * 10, 1), 10);
        assert_eq!(wanted_panels(&template, 100, u64::MAX, 1), 50);
        assert_eq!(wanted_panels(&template, 100, u64::MAX, 10), 5);
        assert_eq!(wanted_panels(&template, 100, 1, 1), 1);
        assert_eq!(wanted_panels(&template, 0, 1, 0), 1);
    }

    #[test]
    fn a_lease_lasts_at_least_three_times_the_work() {
        assert_eq!(ttl_ms(Kind::MatmulI8, 100_000_000, 1_000_000), 300_000);
        assert_eq!(ttl_ms(Kind::MatmulI8, 1, 1_000_000), MIN_TTL_MS);
        assert_eq!(ttl_ms(Kind::HashTree, u64::MAX, 0), 3_600_000);
    }

    #[test]
    fn an_unproven_keys_lease_is_short_but_long_enough_for_a_slow_host() {
        let unit = |rows| template(rows, 1_024, 1_024, rows);
        let (small, first) = (unit(1), unit(64));
        assert_eq!(first.work(), first.kind().facts().first_work);
        assert_eq!(unproven_ttl_ms(&small, 0), 10_000);
        // 16 s of work at the slowest speed, and 1.3 MB of inputs and output.
        assert_eq!(unproven_ttl_ms(&first, 0), 16_000 + 1_312);
        assert!(unproven_ttl_ms(&first, 0) < ttl_ms(first.kind(), first.work(), 0));
        assert_eq!(unproven_ttl_ms(&first, 1 << 21), 96_000 + 1_312);
        assert_eq!(unproven_ttl_ms(&first, 1), 120_000);
    }

    #[test]
    fn a_lane_that_would_take_hours_gets_no_unit() {
        // A panel is 32 768 multiply-accumulates.
        let template = template(800, 64, 64, 8);
        assert!(is_able(&template, 0) && is_able(&template, 30) && !is_able(&template, 20));
    }

    #[test]
    fn units_that_end_in_a_moment_measure_nothing() {
        let measured = |work, elapsed_ms, known| measured(Kind::MatmulI8, work, elapsed_ms, known);
        assert_eq!([measured(1, 100, 0), measured(1, 100, 20), measured(1_000, 20_000, 0)], [None; 3]);
        assert_eq!(measured(1 << 20, 100, 1_000), Some((1 << 20) * 10));
        assert_eq!(measured(1 << 26, 1_000, 1 << 30), Some(1 << 26));
        assert_eq!(measured(1_000_000, 20_000, 1 << 30), Some(50_000));
    }

    proptest! {
        /// Whatever a panel's size, the first unit of an unknown lane tells its speed.
        #[test]
        fn a_first_unit_is_large_enough_to_measure(rows in 1u32..2_000, n in 1u32..4_096) {
            let template = template(4_000, 64, n, rows);
            let panels = template.input().panels.len() as u32;
            let first = unit_of(&template, Run { first: 0, count: wanted_panels(&template, 2 * panels, 0, 1) });
            let holds_all = first.input().panels.len() as u32 == panels;
            prop_assert!(holds_all || measured(Kind::MatmulI8, first.work(), 100, 0).is_some(), "{}", first.work());
        }
    }

    #[test]
    fn an_estimate_follows_the_lanes_that_are_there() {
        let pace = Pace { lanes: 4, work_per_s: 4_000_000 };
        assert_eq!([expected_ms(8_000_000, 0, pace), expected_ms(8_000_000, 2, pace)], [Some(2_000), Some(6_000)]);
        assert_eq!(expected_ms(8_000_000, 0, Pace::default()), None);
        assert_eq!([expected_units(8_000_000, 100, pace), expected_units(8_000_000, 3, pace)], [4, 3]);
        assert_eq!(expected_units(8_000_000, 100, Pace::default()), 100);
    }

    #[test]
    fn a_tree_is_cut_by_its_bytes() {
        let (block, blocks) = (1u32 << 20, 200);
        let data = cut(&vec![0; (block * blocks) as usize], block * blocks, 1, block).0;
        let template = Unit::HashTree(HashTree { data, source: None });
        assert_eq!(wanted_panels(&template, blocks, 0, 1), 4);
        assert_eq!(wanted_panels(&template, blocks, u64::MAX, 1), 64);
    }
}
