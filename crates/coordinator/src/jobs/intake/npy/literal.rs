//! Python literals, as far as headers of `.npy` files use them.

/// A literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Literal {
    Text(String),
    Integer(u64),
    Bool(bool),
    Tuple(Vec<Literal>),
    List(Vec<Literal>),
    Dict(Vec<(Literal, Literal)>),
}

/// The deepest nesting: a structured type's shapes lie four levels deep.
const MAX_DEPTH: usize = 8;

/// Parses a text that holds one literal, and nothing else but blanks, breaks and comments.
pub(super) fn parse(text: &str) -> Option<Literal> {
    let mut parser = Parser { rest: text };
    let literal = parser.literal(0)?;
    parser.skip();
    parser.rest.is_empty().then_some(literal)
}

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    /// Skips blanks, breaks and comments.
    fn skip(&mut self) {
        loop {
            self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n', '\u{c}']);
            match self.rest.strip_prefix('#') {
                Some(comment) => self.rest = comment.find('\n').map_or("", |end| &comment[end..]),
                None => return,
            }
        }
    }

    fn take(&mut self, token: &str) -> bool {
        self.skip();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn literal(&mut self, depth: usize) -> Option<Literal> {
        self.skip();
        let depth = (depth < MAX_DEPTH).then_some(depth + 1)?;
        match self.rest.chars().next()? {
            '{' => self.dict(depth),
            '[' => self.sequence("[", "]", depth).map(|(items, _)| Literal::List(items)),
            '(' => match self.sequence("(", ")", depth)? {
                // Brackets around one literal without a comma make no tuple.
                (mut items, false) if items.len() == 1 => items.pop(),
                (items, _) => Some(Literal::Tuple(items)),
            },
            '0'..='9' => self.integer(),
            'T' => self.take("True").then_some(Literal::Bool(true)),
            'F' => self.take("False").then_some(Literal::Bool(false)),
            _ => self.text().map(Literal::Text),
        }
    }

    fn dict(&mut self, depth: usize) -> Option<Literal> {
        let mut entries = Vec::new();
        self.take("{");
        while !self.take("}") {
            let key = self.literal(depth)?;
            let value = self.take(":").then(|| self.literal(depth))??;
            entries.push((key, value));
            if !self.take(",") {
                return self.take("}").then_some(Literal::Dict(entries));
            }
        }
        Some(Literal::Dict(entries))
    }

    /// The items between two brackets, and whether a comma follows the last.
    fn sequence(&mut self, open: &str, close: &str, depth: usize) -> Option<(Vec<Literal>, bool)> {
        let mut items = Vec::new();
        self.take(open);
        while !self.take(close) {
            items.push(self.literal(depth)?);
            if !self.take(",") {
                return self.take(close).then_some((items, false));
            }
        }
        Some((items, true))
    }

    /// A decimal integer; Python 2 wrote `L` behind long ones.
    fn integer(&mut self) -> Option<Literal> {
        let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest.strip_prefix(['L', 'l']).unwrap_or(rest);
        let padded = digits.len() > 1 && digits.starts_with('0');
        (!padded).then(|| digits.parse().ok().map(Literal::Integer))?
    }

    /// A text in single or double quotes; Python 2 wrote `u` before some.
    fn text(&mut self) -> Option<String> {
        let start = self.rest.strip_prefix(['u', 'U']).unwrap_or(self.rest);
        let quote = start.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let (mut text, mut chars) = (String::new(), start[1..].char_indices());
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => text.push(chars.next().map(|(_, c)| c).filter(|c| matches!(c, '\\' | '\'' | '"'))?),
                '\n' => return None,
                _ if c == quote => {
                    self.rest = &start[1 + at + 1..];
                    return Some(text);
                }
                _ => text.push(c),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Literal::*;

    #[test]
    fn literals_of_headers_are_read() {
        let text = |text: &str| Text(text.into());
        assert_eq!(parse(" 'a' "), Some(text("a")));
        assert_eq!(parse("u\"a'b\\\"\""), Some(text("a'b\"")));
        assert_eq!(parse("(2L, 3)"), Some(Tuple(vec![Integer(2), Integer(3)])));
        assert_eq!(parse("(2,)"), Some(Tuple(vec![Integer(2)])));
        assert_eq!(parse("(2)"), Some(Integer(2)));
        assert_eq!(parse("()"), Some(Tuple(vec![])));
        assert_eq!(parse("[('a', '<i4'),]"), Some(List(vec![Tuple(vec![text("a"), text("<i4")])])));
        let entries = vec![(text("a"), Bool(true)), (text("b"), Bool(false))];
        assert_eq!(parse("{ # one\n 'a':\r\n True,\n u'b': False }\n# end"), Some(Dict(entries)));
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            "'a",
            "'a\n'",
            "'\\n'",
            "(1 2)",
            "(1,,2)",
            "(,)",
            "{'a'}",
            "{'a': }",
            "1.0",
            "0x1",
            "-1",
            "01",
            "1e9",
            "None",
            "1 1",
            "18446744073709551616",
            "b'a'",
            "[1",
            "[1)",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
        for open in ["[", "(", "{", "{'a':"] {
            assert_eq!(parse(&open.repeat(5000)), None);
        }
    }
}
