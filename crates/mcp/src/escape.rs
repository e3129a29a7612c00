//! Makes strangers' text safe to show to a model: characters that control a terminal, turn the direction of writing or are
//! invisible are written as escapes.

use std::fmt::Write;

/// Writes invisible and control characters as `\u{…}`. Line breaks and tabs stay.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    text.chars().for_each(|c| push(&mut escaped, c));
    escaped
}

/// The same on one line, cut after `most` characters.
pub fn escape_line(text: &str, most: usize) -> String {
    let mut escaped = String::new();
    for c in text.chars().take(most) {
        push(&mut escaped, if matches!(c, '\n' | '\t') { ' ' } else { c });
    }
    if text.chars().nth(most).is_some() {
        escaped.push('…');
    }
    escaped
}

/// Escapes text until it or its escaped form would exceed `most` bytes. Returns the escaped form, and the bytes of text
/// taken.
pub fn escape_within(text: &str, most: usize) -> (String, usize) {
    let mut escaped = String::new();
    for (at, c) in text.char_indices() {
        let before = escaped.len();
        push(&mut escaped, c);
        if escaped.len() > most || at + c.len_utf8() > most {
            escaped.truncate(before);
            return (escaped, at);
        }
    }
    (escaped, text.len())
}

fn push(escaped: &mut String, c: char) {
    if is_hidden(c) {
        // Writing to a string does not fail.
        let _ = write!(escaped, "\\u{{{:x}}}", u32::from(c));
    } else {
        escaped.push(c);
    }
}

/// Control characters but line break and tab; marks of direction; characters without width; and two that carry text that
/// nobody sees: variation selectors beyond the one of emoji, and tags.
fn is_hidden(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}' => true,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' => true,
        '\u{fe00}'..='\u{fe0e}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' => true,
        '\u{e0000}'..='\u{e01ef}' => true,
        c => c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_hidden_characters_are_escaped_and_the_rest_stays() {
        let hidden = "a\u{1b}[2J\u{0}\u{9b}\u{202e}b\u{200b}\u{feff}\u{e0041}\u{e01ef}\u{fe01}c\r\n\td";
        let shown = "a\\u{1b}[2J\\u{0}\\u{9b}\\u{202e}b\\u{200b}\\u{feff}\\u{e0041}\\u{e01ef}\\u{fe01}c\\u{d}\n\td";
        assert_eq!(escape(hidden), shown);
        for plain in ["größer als 1 × 2", "日本語 عربي ✓ ❤\u{fe0f}", r"C:\u{41}"] {
            assert_eq!(escape(plain), plain);
        }
        let ranges = [0x00..=0x08_u32, 0x0b..=0x1f, 0x7f..=0x9f, 0x200b..=0x200f, 0x202a..=0x202e, 0x2060..=0x206f];
        let more = [0xfeff..=0xfeff, 0xfff9..=0xfffb, 0xe0000..=0xe007f];
        for code in ranges.into_iter().chain(more).flatten() {
            let c = char::from_u32(code).unwrap();
            assert_eq!(escape(&c.to_string()), format!("\\u{{{code:x}}}"));
        }
    }

    #[test]
    fn a_line_is_one_line_and_says_that_it_was_cut() {
        assert_eq!(escape_line("a\nb\tc\u{7}", 10), "a b c\\u{7}");
        assert_eq!(escape_line("abcdef", 3), "abc…");
    }

    #[test]
    fn a_page_ends_before_the_character_that_does_not_fit() {
        assert_eq!(escape_within("abc", 3), ("abc".into(), 3));
        assert_eq!(escape_within("ab日", 4), ("ab".into(), 2));
        assert_eq!(escape_within("ab\u{200b}c", 9), ("ab".into(), 2));
        assert_eq!(escape_within("ab\u{200b}c", 10), ("ab\\u{200b}".into(), 5));
        assert_eq!(escape_within("\u{200b}", 3), (String::new(), 0));
    }
}
