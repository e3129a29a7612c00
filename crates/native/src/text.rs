//! Makes text from the network safe to print on a terminal.

/// The longest text that is shown, in characters.
const MAX_CHARS: usize = 300;

/// Removes what would move the cursor, ring the bell, or reverse the direction of writing.
pub(crate) fn clean(text: &str) -> String {
    let shown = |c: &char| !c.is_control() && !is_invisible(*c);
    let spaced = text.chars().map(|c| if c == '\n' || c == '\t' { ' ' } else { c });
    spaced.filter(shown).take(MAX_CHARS).collect()
}

/// Direction marks, joiners and other characters without width.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_acts_on_a_terminal_is_left() {
        assert_eq!(clean("\u{1b}[2J\u{1b}]0;title\u{7}a\u{9b}31mb\rc\u{202e}d"), "[2J]0;titlea31mbcd");
        assert_eq!(clean("one\ntwo\tthree"), "one two three");
        assert_eq!(clean("größer als 1 × 2"), "größer als 1 × 2");
        assert_eq!(clean(&"x".repeat(10_000)).len(), MAX_CHARS);
    }
}
