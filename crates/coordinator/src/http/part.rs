//! Conditions and ranges of reads (RFC 9110, 13 and 14), for bytes that never change.

use std::ops::Range;

use axum::http::{HeaderMap, HeaderName, Method, header};
use http_range_header::{EndPosition, RangeUnsatisfiableError, StartPosition, parse_range_header};

/// The part of some bytes that a read asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Nothing: the reader has the bytes already (304).
    Known,
    /// All of them (200).
    Whole,
    /// Some of them (206).
    Some(Range<usize>),
    /// A range that begins after their end (416).
    Beyond,
}

/// What a read with these headers asks for, of `length` bytes with the strong tag `etag`.
pub(crate) fn part(method: &Method, headers: &HeaderMap, etag: &str, length: usize) -> Part {
    if is_known(headers, etag) {
        return Part::Known;
    }
    let is_ours = |condition: &str| condition.trim() == etag;
    let wanted = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    match wanted {
        Some(wanted) if *method == Method::GET && texts(headers, header::IF_RANGE).all(is_ours) => {
            range(wanted, length)
        }
        _ => Part::Whole,
    }
}

/// Whether `If-None-Match` names the tag. Weak tags count, and `*` is any.
fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let tags = texts(headers, header::IF_NONE_MATCH).flat_map(|value| value.split(','));
    tags.map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// Honours one range. Ignores several ranges and units other than bytes, as a server may.
fn range(wanted: &str, length: usize) -> Part {
    let parsed = match parse_range_header(wanted) {
        Ok(parsed) => parsed,
        Err(RangeUnsatisfiableError::ZeroSuffix) => return Part::Beyond,
        Err(_) => return Part::Whole,
    };
    let [only] = &parsed.ranges[..] else { return Part::Whole };
    let clamped = |position: u64| usize::try_from(position).unwrap_or(usize::MAX);
    let start = match only.start {
        StartPosition::Index(first) => clamped(first),
        StartPosition::FromLast(last) => length.saturating_sub(clamped(last)),
    };
    let end = match only.end {
        EndPosition::Index(last) if clamped(last) < start => return Part::Whole,
        EndPosition::Index(last) => clamped(last).saturating_add(1).min(length),
        EndPosition::LastByte => length,
    };
    if start < length { Part::Some(start..end) } else { Part::Beyond }
}

fn texts(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: &str = "\"tag\"";

    fn of(headers: &[(&'static str, &str)]) -> Part {
        let headers = headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        part(&Method::GET, &headers.collect(), TAG, 10)
    }

    #[test]
    fn a_reader_that_has_the_bytes_gets_none() {
        for known in ["\"tag\"", "W/\"tag\"", "*", "\"other\", \"tag\"", "\"other\" ,W/\"tag\",\"third\""] {
            assert_eq!(of(&[("if-none-match", known), ("range", "bytes=0-1")]), Part::Known, "{known}");
        }
        for other in ["\"other\"", "tag", "\"tag", "", "\"tag.\"", "W\"tag\""] {
            assert_eq!(of(&[("if-none-match", other)]), Part::Whole, "{other}");
        }
    }

    #[test]
    fn one_range_is_honoured() {
        let cases = [
            ("bytes=0-0", Part::Some(0..1)),
            ("bytes=2-4", Part::Some(2..5)),
            ("bytes=2-", Part::Some(2..10)),
            ("bytes=-3", Part::Some(7..10)),
            ("bytes=-99", Part::Some(0..10)),
            ("bytes=9-18446744073709551615", Part::Some(9..10)),
            ("bytes=10-", Part::Beyond),
            ("bytes=10-11", Part::Beyond),
            ("bytes=18446744073709551615-", Part::Beyond),
            ("bytes=-0", Part::Beyond),
            ("bytes=4-2", Part::Whole),
            ("bytes=0-1,4-5", Part::Whole),
            ("bytes=", Part::Whole),
            ("bytes=-", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("bytes=18446744073709551616-", Part::Whole),
            ("items=0-1", Part::Whole),
        ];
        for (wanted, part) in cases {
            assert_eq!(of(&[("range", wanted)]), part, "{wanted}");
        }
        assert_eq!(of(&[]), Part::Whole);
        let headers = HeaderMap::from_iter([(header::RANGE, "bytes=0-0".parse().unwrap())]);
        assert_eq!(part(&Method::HEAD, &headers, TAG, 10), Part::Whole);
        assert_eq!(part(&Method::GET, &headers, TAG, 0), Part::Beyond);
    }

    #[test]
    fn a_range_of_other_bytes_is_not_served() {
        assert_eq!(of(&[("range", "bytes=0-0"), ("if-range", "\"tag\"")]), Part::Some(0..1));
        for other in ["\"other\"", "W/\"tag\"", "Sun, 06 Nov 1994 08:49:37 GMT"] {
            assert_eq!(of(&[("range", "bytes=0-0"), ("if-range", other)]), Part::Whole, "{other}");
        }
    }
}
