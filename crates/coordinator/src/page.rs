//! Pages of lists. A page ends at a cap, and the next one begins below the last row's key, so that no page costs more than
//! what it shows.

/// Which rows to show: the newest `limit` with a key below `before`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    pub(crate) before: i64,
    limit: usize,
}

impl Page {
    /// The page that a caller asks for, of at most `most` rows.
    pub(crate) fn of(before: Option<u64>, limit: Option<i64>, usual: i64, most: i64) -> Self {
        let before = before.and_then(|before| i64::try_from(before).ok()).unwrap_or(i64::MAX);
        Page { before, limit: limit.unwrap_or(usual).clamp(1, most) as usize }
    }

    /// How many rows to load: one more than the page shows, which tells whether another page follows.
    pub(crate) fn rows(&self) -> i64 {
        self.limit as i64 + 1
    }

    /// The page's rows, and the key of the last one if another page follows.
    pub(crate) fn cut<T, K>(&self, mut rows: Vec<T>, key: impl FnOnce(&T) -> K) -> (Vec<T>, Option<K>) {
        let more = rows.len() > self.limit;
        rows.truncate(self.limit);
        let next = rows.last().filter(|_| more).map(key);
        (rows, next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_without_gap_or_overlap() {
        let all: Vec<u64> = (0..25).rev().collect();
        let (mut seen, mut before) = (Vec::new(), None);
        for _ in 0..3 {
            let page = Page::of(before, Some(10), 5, 10);
            let rows = all.iter().copied().filter(|row| (*row as i64) < page.before).take(page.rows() as usize);
            let (rows, next) = page.cut(rows.collect(), |row| *row);
            seen.extend(rows);
            before = next;
        }
        assert_eq!((seen, before), (all, None));
    }

    #[test]
    fn limits_stay_within_the_cap() {
        let rows = |limit| Page::of(None, limit, 5, 10).rows() - 1;
        assert_eq!([rows(None), rows(Some(0)), rows(Some(-3)), rows(Some(7)), rows(Some(11))], [5, 1, 1, 7, 10]);
        assert_eq!(Page::of(Some(u64::MAX), None, 5, 10).before, i64::MAX);
    }
}
