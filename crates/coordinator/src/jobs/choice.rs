//! Which jobs a lane works for: those of the kinds that it computes, among them what its owner chose.

use adit_core::Kind;

/// The word for a lane that works only for open-source jobs.
const OPEN_SOURCE: &str = "open_source";
/// The prefix of the word that names the only job a lane works for.
const JOB: &str = "job:";

/// What a lane takes. Stored with the lane as comma-delimited words: the kinds, then what was chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Choice(String);

impl Choice {
    /// Every job of `kinds`, or only those that are open source, or only `job`.
    pub(crate) fn new(kinds: &[Kind], open_source: bool, job: Option<u64>) -> Self {
        let job = job.map(|job| format!("{JOB}{job}"));
        let chosen = open_source.then_some(OPEN_SOURCE).into_iter().chain(job.as_deref());
        let words: Vec<&str> = kinds.iter().map(|kind| kind.name()).chain(chosen).collect();
        Choice(format!(",{},", words.join(",")))
    }

    /// As stored with a lane.
    pub(crate) fn stored(text: String) -> Self {
        Choice(text)
    }

    /// As [`Choice::stored`] reads it.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// The names of the kinds.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = &str> {
        self.words().filter(|word| *word != OPEN_SOURCE && !word.starts_with(JOB))
    }

    /// Whether only jobs that are open source will do.
    pub(crate) fn open_source(&self) -> bool {
        self.words().any(|word| word == OPEN_SOURCE)
    }

    /// The only job that will do.
    pub(crate) fn job(&self) -> Option<i64> {
        let job: u64 = self.words().find_map(|word| word.strip_prefix(JOB)?.parse().ok())?;
        // No job has the largest number.
        Some(i64::try_from(job).unwrap_or(i64::MAX))
    }

    fn words(&self) -> impl Iterator<Item = &str> {
        self.0.split(',').filter(|word| !word.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_choice_reads_back_the_same() {
        for (open_source, job) in [(false, None), (true, None), (false, Some(12)), (true, Some(0))] {
            let choice = Choice::new(&[Kind::MatmulI8, Kind::HashTree], open_source, job);
            let read = Choice::stored(choice.text().to_owned());
            assert_eq!(read.kinds().collect::<Vec<_>>(), ["matmul_i8/1", "hash_tree/1"]);
            assert_eq!((read.open_source(), read.job()), (open_source, job.map(|job| job as i64)));
        }
        assert_eq!(Choice::new(&[], false, Some(u64::MAX)).job(), Some(i64::MAX));
        assert_eq!(Choice::default().kinds().count(), 0);
        // What earlier versions stored.
        assert_eq!(Choice::stored(",matmul_i8/1,".into()), Choice::new(&[Kind::MatmulI8], false, None));
    }
}
