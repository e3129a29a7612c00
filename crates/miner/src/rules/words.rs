//! Hours as people write them: `mon-fri 18:00-08:00, sat-sun`.

use std::collections::BTreeMap;

use super::MAX_SPANS;
use super::hours::{DAY, HOUR, Span, WEEK};

const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Hours that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    /// A part that is neither days nor times.
    #[error("`{0}` is neither days (mon, sat-sun) nor times (18:00-08:00): write \"mon-fri 18:00-08:00, sat-sun\"")]
    Part(String),
    /// Times that end when they begin.
    #[error("`{0}` ends when it begins: leave the times out for whole days")]
    Empty(String),
    /// Too many spans.
    #[error("at most 80 spans of the week are allowed")]
    Many,
}

/// Reads hours: parts between commas, each with days, times or both. Times that end before they begin run into the next day.
///
/// ```
/// use adit_miner::rules::{Span, hours, show_hours};
///
/// assert_eq!(hours("sat 18:00-08:00").unwrap(), [Span { from: 8_280, to: 9_120 }]);
/// assert_eq!(show_hours(&hours("Mon-Fri 18-8, sat sun").unwrap()), "mon-fri 18:00-08:00, sat-sun");
/// ```
pub fn hours(text: &str) -> Result<Vec<Span>, HoursError> {
    let mut spans = Vec::new();
    for part in text.split(',').map(str::trim) {
        let refused = || HoursError::Part(part.to_owned());
        let words: Vec<String> = part.split_whitespace().map(|word| word.to_lowercase().replace('–', "-")).collect();
        let (last, before) = words.split_last().ok_or_else(refused)?;
        let (days, (from, to)) = match times(last) {
            Some(times) if before.is_empty() => ([true; 7], times),
            Some(times) => (days(before).ok_or_else(refused)?, times),
            None => (days(&words).ok_or_else(refused)?, (0, DAY)),
        };
        if from == to % DAY && to != DAY {
            return Err(HoursError::Empty(part.to_owned()));
        }
        let days = (0..7).filter(|day| days[*day as usize]).map(|day| day * DAY);
        spans.extend(days.map(|day| span(day + from, day + to + if to < from { DAY } else { 0 })));
    }
    if spans.len() > MAX_SPANS { Err(HoursError::Many) } else { Ok(spans) }
}

/// The span between two minutes, counted from the beginning of a week; it may end in the next one.
fn span(from: u32, to: u32) -> Span {
    Span { from, to: if to > WEEK { to - WEEK } else { to } }
}

/// `18:00-08:00`, in minutes of a day.
fn times(word: &str) -> Option<(u32, u32)> {
    let (from, to) = word.split_once('-')?;
    let (from, to) = (time(from)?, time(to)?);
    (from < DAY).then_some((from, to))
}

/// `8` or `8:30`, up to `24:00`.
fn time(word: &str) -> Option<u32> {
    let (hour, minute) = word.split_once(':').unwrap_or((word, "00"));
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u32>().ok())?;
    let (hour, minute) = (number(hour).filter(|hour| *hour <= 24)?, number(minute).filter(|minute| *minute < HOUR)?);
    Some(hour * HOUR + minute).filter(|minute| *minute <= DAY)
}

/// `mon`, `sat-sun`, `monday wednesday`.
fn days(words: &[String]) -> Option<[bool; 7]> {
    let mut chosen = [false; 7];
    for word in words {
        let (first, last) = word.split_once('-').unwrap_or((word, word));
        let (mut day, last) = (day(first)?, day(last)?);
        chosen[last] = true;
        while day != last {
            chosen[day] = true;
            day = (day + 1) % 7;
        }
    }
    Some(chosen)
}

fn day(word: &str) -> Option<usize> {
    DAYS.iter().position(|day| word.len() >= 3 && day.starts_with(word))
}

/// Hours in words that [`hours`] reads. Days with the same times are put together, and spans over several days are cut.
pub fn show_hours(hours: &[Span]) -> String {
    let mut by_times: BTreeMap<(u32, u32), [bool; 7]> = BTreeMap::new();
    for (day, times) in hours.iter().flat_map(|span| in_days(*span)) {
        by_times.entry(times).or_default()[day as usize % 7] = true;
    }
    let mut parts: Vec<_> = by_times.into_iter().collect();
    parts.sort_by_key(|(times, days)| (days.iter().position(|day| *day), *times));
    let parts = parts.into_iter().map(|(times, days)| match (times, days) {
        ((0, DAY), days) => show_days(&days),
        ((from, to), days) if days == [true; 7] => format!("{}-{}", clock(from), clock(to)),
        ((from, to), days) => format!("{} {}-{}", show_days(&days), clock(from), clock(to)),
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// The span as parts that a day and its times can express: under a day, or a whole one.
fn in_days(Span { from, to }: Span) -> Vec<(u32, (u32, u32))> {
    let (mut from, to) = (from, if to > from { to } else { to + WEEK });
    let mut parts = Vec::new();
    while from < to {
        let (day, begins) = (from / DAY, from % DAY);
        let end = if to - from < DAY { to } else { (day + 1) * DAY };
        let ends = end - day * DAY;
        parts.push((day, (begins, if ends > DAY { ends - DAY } else { ends })));
        from = end;
    }
    parts
}

fn show_days(days: &[bool; 7]) -> String {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for day in (0..7).filter(|day| days[*day]) {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == day => *last = day,
            _ => runs.push((day, day)),
        }
    }
    let name = |day: usize| &DAYS[day][..3];
    let runs = runs.into_iter().map(|(first, last)| match first == last {
        true => name(first).to_owned(),
        false => format!("{}-{}", name(first), name(last)),
    });
    runs.collect::<Vec<_>>().join(" ")
}

/// A minute of a day as people write it.
fn clock(minute: u32) -> String {
    format!("{:02}:{:02}", minute / HOUR, minute % HOUR)
}
