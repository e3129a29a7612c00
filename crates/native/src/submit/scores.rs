//! The accuracy of a classification, if the right classes are known.

use std::fmt;

use adit_table::{Limits, Options, Table};
use anyhow::{Result, ensure};
use serde::Serialize;

use super::tables::{self, Labels};

/// How many classes are right.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Scores {
    right: usize,
    all: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    fraud: Option<Fraud>,
}

/// Counts for class 1, which is fraud.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Fraud {
    /// Called fraud, and fraud.
    found: usize,
    /// Called fraud.
    said: usize,
    /// Fraud.
    real: usize,
}

impl Scores {
    /// Compares a result, which holds one class a line after a header, with labels.
    pub(super) fn read(result: &[u8], labels: &Labels, fraud: bool) -> Result<Self> {
        let options = Options { header: Some(true), ..Options::default() };
        Self::of(&tables::classes(&Table::read(result, &options, Limits::default())?, 0)?, &labels.classes, fraud)
    }

    fn of(classes: &[u32], labels: &[u32], fraud: bool) -> Result<Self> {
        ensure!(classes.len() == labels.len(), "{} classes for {} labels", classes.len(), labels.len());
        let pairs = || classes.iter().zip(labels);
        let right = pairs().filter(|(class, label)| class == label).count();
        let fraud = fraud.then(|| Fraud {
            found: pairs().filter(|(class, label)| (**class, **label) == (1, 1)).count(),
            said: classes.iter().filter(|class| **class == 1).count(),
            real: labels.iter().filter(|label| **label == 1).count(),
        });
        Ok(Scores { right, all: labels.len(), fraud })
    }
}

impl fmt::Display for Scores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |part: usize, of: usize| 100.0 * part as f64 / of.max(1) as f64;
        if let Some(Fraud { found, said, real }) = &self.fraud {
            let (precision, recall) = (percent(*found, *said), percent(*found, *real));
            return write!(
                f,
                "Precision: {precision:.2} % ({found} of {said}), recall: {recall:.2} % ({found} of {real})"
            );
        }
        write!(f, "Accuracy: {:.2} % ({} of {})", percent(self.right, self.all), self.right, self.all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precision_and_recall_are_those_of_class_one() {
        let scores = Scores::of(&[1, 0, 1, 0, 1], &[1, 1, 0, 0, 1], true).unwrap();
        assert_eq!(scores.to_string(), "Precision: 66.67 % (2 of 3), recall: 66.67 % (2 of 3)");
        let scores = Scores::of(&[3, 1, 2], &[3, 1, 1], false).unwrap();
        assert_eq!(scores.to_string(), "Accuracy: 66.67 % (2 of 3)");
        assert!(Scores::of(&[1], &[1, 2], false).is_err());
    }
}
