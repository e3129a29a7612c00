//! What a job is about, in its requester's words. Pages and terminals show them, so a requester must not be able to
//! disguise one text as another: each is one line of limited length, without control or reordering characters.

use alloc::string::String;

use serde::{Deserialize, Serialize};

/// The longest name of a job, in bytes.
pub const MAX_NAME_BYTES: usize = 200;
/// The longest description of a job, in bytes.
pub const MAX_DESCRIPTION_BYTES: usize = 1_000;
/// The longest name of a requester, in bytes.
pub const MAX_REQUESTER_BYTES: usize = 100;
/// The longest link, in bytes.
pub const MAX_LINK_BYTES: usize = 500;

/// What a job is for, and for whom.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct JobAbout {
    /// What the job is for: one line of at most 1,000 bytes.
    #[serde(default)]
    pub description: Option<String>,
    /// Who wants it done: one line of at most 100 bytes.
    #[serde(default)]
    pub requester: Option<String>,
    /// An http or https address with more about it, of at most 500 bytes.
    #[serde(default)]
    pub link: Option<String>,
    /// Whether the requester declares the computation and its result open to everybody.
    #[serde(default)]
    pub open_source: bool,
}

impl JobAbout {
    /// Whether every field is empty.
    pub fn is_empty(&self) -> bool {
        *self == JobAbout::default()
    }

    /// The first field that may not be shown, and what it must be.
    pub fn problem(&self) -> Option<(&'static str, &'static str)> {
        let line = |text: &Option<String>, most| text.as_deref().is_none_or(|text| is_line(text, most));
        if !line(&self.description, MAX_DESCRIPTION_BYTES) {
            return Some(("description", LINE));
        }
        if !line(&self.requester, MAX_REQUESTER_BYTES) {
            return Some(("requester", LINE));
        }
        let link = self.link.as_deref().is_none_or(is_link);
        (!link).then_some(("link", "an http or https address of at most 500 bytes, without a user name"))
    }
}

/// What [`is_line`] requires.
const LINE: &str = "one line without control characters, and not longer than its limit";

/// Whether `text` is one line of at most `most_bytes`, without characters that control a terminal or reorder a text.
pub fn is_line(text: &str, most_bytes: usize) -> bool {
    !text.is_empty() && text.len() <= most_bytes && !text.chars().any(is_hidden)
}

/// Controls, line and paragraph separators, the marks of Unicode's bidirectional algorithm (UAX 9, section 2), and
/// characters without width that no script needs.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}')
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{e0000}'..='\u{e007f}')
}

/// Whether `text` is an http or https address that a page may link to: ASCII alone, so that no letter looks like another,
/// and without a user name, which could be taken for the host.
pub fn is_link(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = host.rsplit_once(':').unwrap_or((host, "80"));
    let labels = |label: &str| {
        !label.is_empty() && !label.starts_with('-') && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let printable = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte);
    text.len() <= MAX_LINK_BYTES
        && host.split('.').all(labels)
        && port.parse::<u16>().is_ok_and(|port| port > 0)
        && rest.bytes().all(printable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_controls_nothing_and_reorders_nothing() {
        for good in ["Handwritten digits", "Ziffern für Zoë", "数字", "👩\u{200d}🔬 at work", "שלום"] {
            assert!(is_line(good, 100), "{good}");
        }
        for bad in
            ["", "a\nb", "a\u{1b}[2J", "a\u{202e}b", "a\u{2066}b", "a\u{200f}", "a\u{feff}b", "a\u{2028}b", "\u{7f}"]
        {
            assert!(!is_line(bad, 100), "{bad:?}");
        }
        assert!(is_line("four", 4) && !is_line("fourü", 5));
    }

    #[test]
    fn a_link_is_http_and_shows_its_host() {
        for good in ["https://example.org", "http://localhost:8000/a?b=c#d", "https://xn--zo-ija.example/%C3%A4"] {
            assert!(is_link(good), "{good}");
        }
        for bad in [
            "",
            "example.org",
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://example.org",
            "HTTPS://example.org",
            "https://",
            "https:///path",
            "https://bank.example@evil.example/",
            "https://user:pass@evil.example/",
            "https://exämple.org",
            "https://example.org/a b",
            "https://example.org/\"onclick=",
            "https://example.org\\@evil.example",
            "https://example.org:0/",
            "https://example.org:99999/",
            "https://a..b/",
        ] {
            assert!(!is_link(bad), "{bad}");
        }
        assert!(!is_link(&alloc::format!("https://example.org/{}", "a".repeat(MAX_LINK_BYTES))));
    }

    #[test]
    fn the_first_field_that_may_not_be_shown_is_named() {
        let about = JobAbout { description: Some("fine".into()), ..JobAbout::default() };
        assert_eq!(about.problem(), None);
        let field = |about: JobAbout| about.problem().map(|(field, _)| field);
        assert_eq!(field(JobAbout { description: Some("a\u{7}".into()), ..about.clone() }), Some("description"));
        assert_eq!(field(JobAbout { requester: Some("x".repeat(101)), ..about.clone() }), Some("requester"));
        assert_eq!(field(JobAbout { link: Some("javascript:0".into()), ..about }), Some("link"));
    }
}
