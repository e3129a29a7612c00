//! Spans of the local week.

use serde::Serialize;
use serde_json::Value;

use super::RulesError;
use super::facts::LocalTime;
use super::fields::Fields;

/// Minutes of an hour.
pub const HOUR: u32 = 60;
/// Minutes of a day.
pub const DAY: u32 = 24 * HOUR;
/// Minutes of a week, which begins on Monday at 0:00.
pub const WEEK: u32 = 7 * DAY;

/// A part of the week: from one minute until just before another. It runs past Sunday's midnight if it ends before it
/// begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Span {
    /// Its first minute, from 0 to 10,079.
    pub from: u32,
    /// The minute after its last, from 0 to 10,080.
    pub to: u32,
}

impl Span {
    pub(super) fn of(value: Value) -> Result<Self, RulesError> {
        let mut fields = Fields::of(value)?;
        // A minute that is missing or beyond the week makes a span that is refused.
        let mut minute = |name| fields.whole(name).unwrap_or(u64::MAX).min(u64::from(WEEK) + 1) as u32;
        let span = Span { from: minute("from"), to: minute("to") };
        fields.end().map(|()| span)
    }

    pub(super) fn is_valid(&self) -> bool {
        self.from < WEEK && self.to <= WEEK && self.from != self.to
    }

    pub(super) fn contains(&self, minute: u32) -> bool {
        match self.from < self.to {
            true => (self.from..self.to).contains(&minute),
            false => minute >= self.from || minute < self.to,
        }
    }
}

/// Whether one of the spans holds now, and after how many minutes that changes, if ever.
pub(super) fn open(hours: &[Span], local: &LocalTime) -> (bool, Option<u32>) {
    let minute = local.minute % WEEK;
    let is_open = |minute| hours.iter().any(|span| span.contains(minute));
    let now = is_open(minute);
    let ahead = |edge: u32| match edge % WEEK {
        edge if edge > minute => edge - minute,
        edge => WEEK + edge - minute,
    };
    let edges = hours.iter().flat_map(|span| [span.from, span.to]);
    let changes = edges.map(ahead).filter(|ahead| is_open((minute + ahead) % WEEK) != now);
    (now, changes.min())
}
