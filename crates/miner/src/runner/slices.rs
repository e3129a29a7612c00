//! How many rows a call takes, learnt from the calls before.
//!
//! A call reads its right operand from memory however few its rows are, and a kernel computes a tile of rows in the time of
//! one. So the time of a call is a line in its rows: a fixed part, and a part for each row. Both grow with the operand,
//! which makes a line that was learnt with one shape a guess for the next.

/// The longest that a call may take to keep the fixed part of its time small, as a multiple of the target.
const LONGEST: f64 = 4.0;
/// A call takes this many times the fixed part's rows, unless that takes too long. The fixed part is then little more than a
/// quarter of its time.
const PART_FOR_ROWS: f64 = 2.5;
/// The rows that kernels compute together. A call takes as many, however long that takes, unless it doubles the call's time.
const TILE: f64 = 12.0;
/// The most by which a call's work grows over the last.
const GROWTH: f64 = 2.0;
/// The weight that a sample keeps after each later one.
const FADES: f64 = 0.7;
/// Below this variance of the rows, as a fraction of their squared mean, the samples tell nothing about the fixed part.
const LEAST_VARIANCE: f64 = 0.02;
/// The least time of a call that is believed, in ms. Browsers' clocks are coarse.
const LEAST_MS: f64 = 0.01;

/// Fits the time of calls to a line, by least squares over the latest of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slices {
    /// The longest time that a call should take, in ms.
    target_ms: f64,
    /// The most work of the next call.
    most_work: f64,
    /// The rows of the last call.
    last_rows: f64,
    /// The fixed part when it was last known, as a number of rows.
    fixed_rows: f64,
    /// Weighted sums over the calls; times are in ms for one multiply-accumulate, or byte, of each row.
    weight: f64,
    rows: f64,
    rows_squared: f64,
    times: f64,
    rows_times: f64,
}

/// The time of a call for one multiply-accumulate, or byte, of each row, in ms.
#[derive(Clone, Copy, Debug)]
struct Line {
    fixed: f64,
    per_row: f64,
    /// Whether the fixed part comes from earlier calls, because the latest calls all had the same number of rows.
    is_old: bool,
}

impl Slices {
    /// Begins with a call of `first_work`.
    pub(super) fn new(target_ms: f64, first_work: f64) -> Self {
        let [last_rows, fixed_rows, weight, rows, rows_squared, times, rows_times] = [0.0; 7];
        let most_work = first_work;
        Slices { target_ms, most_work, last_rows, fixed_rows, weight, rows, rows_squared, times, rows_times }
    }

    /// The rows of the next call, of `work_per_row` each; at least 1.
    pub(super) fn next(&self, work_per_row: u64) -> usize {
        let work = work_per_row.max(1) as f64;
        let most = self.most_work / work;
        let wanted = if self.weight > 0.0 { self.wanted(work) } else { most };
        wanted.min(most).max(1.0) as usize
    }

    fn wanted(&self, work: f64) -> f64 {
        let Line { fixed, per_row, is_old } = self.line();
        let within = |ms: f64| (ms / work - fixed) / per_row;
        let (target, longest, fixed_rows) = (within(self.target_ms), within(LONGEST * self.target_ms), fixed / per_row);
        let wanted = target.max((PART_FOR_ROWS * fixed_rows).min(longest)).max(fixed_rows.min(TILE));
        // Calls of equal size do not show the fixed part. After calls of few rows it may be larger than assumed, so try more
        // rows; after large ones, try fewer.
        if is_old && self.last_rows < TILE {
            wanted.max((GROWTH * self.last_rows).min(longest))
        } else if is_old && wanted > target {
            wanted / GROWTH
        } else {
            wanted
        }
    }

    fn line(&self) -> Line {
        let (mean_rows, mean_time) = (self.rows / self.weight, self.times / self.weight);
        let variance = self.rows_squared / self.weight - mean_rows * mean_rows;
        if variance < LEAST_VARIANCE * mean_rows * mean_rows {
            let per_row = mean_time / (mean_rows + self.fixed_rows);
            return Line { fixed: per_row * self.fixed_rows, per_row, is_old: true };
        }
        let slope = (self.rows_times / self.weight - mean_rows * mean_time) / variance;
        // Neither part is negative, whatever the noise says. (`clamp` formats floats in its panic: 8 kB in the browser.)
        let proportional = mean_time / mean_rows;
        let per_row = slope.max(proportional / 1e3).min(proportional);
        Line { fixed: mean_time - per_row * mean_rows, per_row, is_old: false }
    }

    /// Notes the time that a call of `rows` rows took.
    pub(super) fn learn(&mut self, rows: usize, work_per_row: f64, took_ms: f64) {
        let (rows, took_ms) = (rows.max(1) as f64, took_ms.max(LEAST_MS));
        let time = took_ms / work_per_row.max(1.0);
        let add = |sum: &mut f64, value: f64| *sum = *sum * FADES + value;
        add(&mut self.weight, 1.0);
        add(&mut self.rows, rows);
        add(&mut self.rows_squared, rows * rows);
        add(&mut self.times, time);
        add(&mut self.rows_times, rows * time);
        let line = self.line();
        (self.last_rows, self.fixed_rows) = (rows, line.fixed / line.per_row);
        let growth = if took_ms > LONGEST * self.target_ms { 1.0 / GROWTH } else { GROWTH };
        self.most_work = growth * rows * work_per_row.max(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET_MS: f64 = 30.0;
    const WORK: u64 = 1 << 26;

    /// Rows and times of the latest of many calls on a machine where a call takes `fixed_ms` and `row_ms` for each row.
    fn settled(slices: &mut Slices, fixed_ms: f64, row_ms: f64) -> Vec<(usize, f64)> {
        let calls = (0..60).map(|_| {
            let rows = slices.next(WORK);
            let took_ms = fixed_ms + row_ms * rows as f64;
            slices.learn(rows, WORK as f64, took_ms);
            (rows, took_ms)
        });
        calls.collect::<Vec<_>>().split_off(40)
    }

    fn fresh() -> Slices {
        Slices::new(TARGET_MS, 6e5)
    }

    /// The part of the time that goes into rows.
    fn part_for_rows(calls: &[(usize, f64)], row_ms: f64) -> f64 {
        let (rows, ms) = calls.iter().fold((0, 0.0), |(rows, ms), call| (rows + call.0, ms + call.1));
        rows as f64 * row_ms / ms
    }

    /// An operand of 64 MiB, whose single row takes almost the whole slice.
    #[test]
    fn where_a_row_costs_as_much_as_many_it_takes_many() {
        let calls = settled(&mut fresh(), 25.0, 0.9);
        assert!(part_for_rows(&calls, 0.9) > 0.66, "{calls:?}");
        assert!(calls.iter().all(|(_, ms)| *ms <= LONGEST * TARGET_MS), "{calls:?}");
    }

    #[test]
    fn where_only_rows_cost_a_call_takes_its_target() {
        for row_ms in [1e-4, 0.01, 0.7, 2.0] {
            let calls = settled(&mut fresh(), 0.0, row_ms);
            assert!(calls.iter().all(|(_, ms)| (TARGET_MS * 0.85..=TARGET_MS).contains(ms)), "{row_ms}: {calls:?}");
        }
    }

    /// On a slow machine a row is a slice. Now and then two are tried, as twice as many of a few are.
    #[test]
    fn a_slow_row_is_a_slice() {
        let calls = settled(&mut fresh(), 0.0, 25.0);
        assert!(calls.iter().all(|(rows, _)| *rows <= 2), "{calls:?}");
        assert!(calls.iter().filter(|(rows, _)| *rows == 1).count() >= 15, "{calls:?}");
        assert!(settled(&mut fresh(), 0.0, 500.0).iter().all(|(rows, _)| *rows == 1));
    }

    /// Even if a call is over its longest time anyway, a tile costs hardly more than a row.
    #[test]
    fn a_tile_is_taken_where_a_single_row_is_too_long() {
        let mut slices = fresh();
        for rows in [1, 2] {
            slices.learn(rows, WORK as f64, 100.0 + rows as f64);
        }
        let calls = settled(&mut slices, 100.0, 1.0);
        assert!(calls.iter().all(|(rows, _)| (9..=20).contains(rows)), "{calls:?}");
    }

    #[test]
    fn a_machine_that_becomes_slower_or_faster_is_noticed() {
        let mut slices = fresh();
        settled(&mut slices, 0.0, 0.01);
        for row_ms in [0.1, 0.001, 0.03] {
            let calls = settled(&mut slices, 0.0, row_ms);
            assert!(calls.iter().all(|(_, ms)| (TARGET_MS * 0.85..=TARGET_MS).contains(ms)), "{row_ms}: {calls:?}");
        }
        // Another shape needs no new start: a row of a quarter of the work takes a quarter of the time.
        let rows = slices.next(WORK / 4) as f64;
        assert!((3_900.0..=4_100.0).contains(&rows), "{rows}");
    }

    #[test]
    fn coarse_and_stopped_clocks_do_no_harm() {
        let mut slices = fresh();
        for took_ms in [0.0, 0.0, 1.0, 0.0, 0.0, 1.0] {
            let rows = slices.next(1_000);
            slices.learn(rows, 1_000.0, took_ms);
        }
        assert!(slices.next(1_000) >= 1 && slices.next(0) >= 1);
    }
}
