//! Cuts a unit into short slices, so that a lane can react to pause and stop.

use adit_core::kernel::{Product, Running};

use crate::{Cpu, Packed};

/// Work of the first slice, in multiply-adds: short even on a slow processor.
const FIRST_WORK: f64 = 4e6;
/// The most by which a slice may grow over the last. The limit also helps with clocks too coarse to time a short slice.
const GROWTH: f64 = 4.0;
/// The share of the budget that a slice aims at; the rest absorbs fluctuations.
const AIM: f64 = 0.8;
/// Rows that are a whole number of tiles on every backend except AMX, whose slices have thousands of rows.
const TILE_ROWS: usize = 12;
/// Rows that go through all layers together: few enough that sums and activations stay cached, and a whole number of a
/// product's blocks.
const BLOCK_ROWS: usize = 384;

/// How fast a lane has been lately, learnt slice by slice and kept from unit to unit.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Work of the next slice at the last slice's budget.
    work: f64,
}

impl Default for Pace {
    fn default() -> Self {
        Pace { work: FIRST_WORK }
    }
}

impl Pace {
    /// Computes rows of `running` for about `budget_ms` at most, and returns whether the unit is finished.
    ///
    /// A slice has at least one row. `now_ms` is any clock that does not run backwards.
    pub fn run_slice(
        &mut self,
        cpu: &Cpu,
        running: &mut Running<Packed>,
        budget_ms: f64,
        now_ms: impl Fn() -> f64,
    ) -> bool {
        let work_per_row = running.work_per_row().max(1) as f64;
        let (first, began) = (running.done_rows(), now_ms());
        let last = (first + whole_tiles(self.work / work_per_row)).min(running.rows());
        let mut elapsed_ms = 0.0;
        while running.done_rows() < last && elapsed_ms < AIM * budget_ms {
            run_block(cpu, running, BLOCK_ROWS.min(last - running.done_rows()));
            elapsed_ms = now_ms() - began;
        }
        let done = (running.done_rows() - first) as f64 * work_per_row;
        self.learn(done, elapsed_ms, budget_ms);
        running.done_rows() == running.rows()
    }

    fn learn(&mut self, done: f64, elapsed_ms: f64, budget_ms: f64) {
        let aim = AIM * budget_ms;
        // The last slice may be too short to measure speed, so it may only lower the pace.
        if elapsed_ms >= aim || done >= self.work / 2.0 {
            let ideal = done * aim / elapsed_ms.max(1e-3);
            self.work = ideal.clamp(1.0, self.work * GROWTH);
        }
    }
}

/// Computes the next `rows` rows through all layers.
fn run_block(cpu: &Cpu, running: &mut Running<Packed>, rows: usize) {
    let before = running.done_rows();
    while running.done_rows() == before {
        let Some(step) = running.step(rows) else { return };
        cpu.carry_out(step);
        running.advance();
    }
}

fn whole_tiles(rows: f64) -> usize {
    let rows = rows as usize;
    if rows >= TILE_ROWS { rows / TILE_ROWS * TILE_ROWS } else { rows.max(1) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::rc::Rc;

    use adit_core::kernel::{PackedLayer, PackedLayers, Rows, matmul_i8};
    use adit_core::random::SplitMix64;

    fn running(rows: usize, k: usize, n: usize) -> (Running<Packed>, Vec<i32>) {
        let mut values = SplitMix64::new(3);
        let (a, b) = (values.signed(rows * k), values.signed(k * n));
        let packed = Cpu::best().unwrap().pack(&b, k, n);
        let layer = PackedLayer { packed, k, n, bias: Vec::new(), requant: None, back: None };
        let c = matmul_i8(&a, &b, rows, k, n);
        let rows = Rows { count: rows, input: a, targets: Vec::new() };
        (Running::new(Rc::new(PackedLayers { layers: vec![layer] }), rows, Vec::new()), c)
    }

    #[test]
    fn slices_end_in_a_whole_unit() {
        let cpu = Cpu::best().unwrap();
        let (mut running, c) = running(100, 30, 20);
        let mut pace = Pace { work: 600.0 * 7.0 };
        let mut slices = 1;
        while !pace.run_slice(&cpu, &mut running, 50.0, || 0.0) {
            slices += 1;
        }
        assert!((2..20).contains(&slices), "{slices}");
        assert_eq!(running.into_output(), c);
    }

    /// At any steady speed, every slice but the first stays within the budget and comes near it.
    #[test]
    fn every_speed_settles_within_the_budget() {
        for speed in [1e4, 1e6, 1e8] {
            let mut pace = Pace::default();
            let mut last = 0.0;
            for slice in 0..12 {
                last = pace.work / speed;
                assert!(slice == 0 || last <= 50.0, "{speed}: {last} ms");
                pace.learn(pace.work, last, 50.0);
            }
            assert!(last > 35.0, "{speed}: {last} ms");
        }
    }

    #[test]
    fn a_short_last_slice_changes_nothing_but_a_slow_one_does() {
        let mut pace = Pace::default();
        pace.learn(pace.work / 100.0, 10.0, 50.0);
        assert_eq!(pace.work, FIRST_WORK);
        pace.learn(pace.work / 100.0, 100.0, 50.0);
        assert!(pace.work < FIRST_WORK / 100.0);
    }

    #[test]
    fn a_row_is_the_least() {
        let cpu = Cpu::best().unwrap();
        let (mut running, _) = running(3, 10, 10);
        let mut pace = Pace { work: 1.0 };
        assert!(!pace.run_slice(&cpu, &mut running, 50.0, leaping_clock()));
        assert_eq!(running.done_rows(), 1);
    }

    /// If the processor is suddenly taken away, the slice ends after one block.
    #[test]
    fn a_late_block_is_the_last() {
        let cpu = Cpu::best().unwrap();
        let (mut running, _) = running(1000, 3, 2);
        let mut pace = Pace::default();
        assert!(!pace.run_slice(&cpu, &mut running, 50.0, leaping_clock()));
        assert_eq!(running.done_rows(), BLOCK_ROWS);
        assert!(pace.work < FIRST_WORK);
    }

    /// A clock that advances by a second at every reading.
    fn leaping_clock() -> impl Fn() -> f64 {
        let now = Cell::new(0.0);
        move || now.replace(now.get() + 1000.0)
    }
}
