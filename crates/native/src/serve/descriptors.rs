//! How many files this process may open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the limit as far as the system lets any process, and returns it; `None` if there is none.
pub(super) fn raise() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum,
        // Some systems state a higher maximum than they allow.
        Err(_) => current,
    }
}

/// How many connections fit a limit. Each may have a file of the page open too, and the database needs some.
pub(super) fn connections(limit: Option<u64>) -> usize {
    let most = limit.map_or(u64::MAX, |limit| (limit / 2).saturating_sub(32).max(1));
    usize::try_from(most).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_files() {
        assert_eq!(connections(Some(1_024)), 480);
        assert_eq!(connections(Some(10)), 1);
        assert!(connections(Some(65_536)) > 30_000 && connections(None) > 30_000);
    }
}
