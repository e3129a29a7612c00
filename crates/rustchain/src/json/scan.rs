//! The scanner: strict JSON of UTF-8, with caps on size and nesting.

use super::{Json, MAX_BYTES, MAX_DEPTH, MAX_DIGITS, Number, Object};

/// Why a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// The text is longer than [`MAX_BYTES`].
    #[error("the JSON is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// The text is not UTF-8.
    #[error("the JSON is not UTF-8")]
    NotUtf8,
    /// The text is not JSON.
    #[error("not JSON at byte {0}")]
    Malformed(usize),
    /// Arrays and objects are nested deeper than [`MAX_DEPTH`].
    #[error("the JSON is nested deeper than {MAX_DEPTH}, at byte {0}")]
    TooDeep(usize),
    /// An object has a key twice.
    #[error("an object has the same key twice, at byte {0}")]
    DuplicateKey(usize),
    /// A `\u` escape is half of a surrogate pair.
    #[error("a string has half of a surrogate pair, at byte {0}")]
    LoneSurrogate(usize),
    /// A float is too large, or an integer has more than [`MAX_DIGITS`] digits.
    #[error("a number is too large, at byte {0}")]
    TooLarge(usize),
}

pub(super) fn parse(bytes: &[u8]) -> Result<Json, JsonError> {
    if bytes.len() > MAX_BYTES {
        return Err(JsonError::TooLong);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| JsonError::NotUtf8)?;
    let mut scanner = Scanner { text, at: 0 };
    let value = scanner.value(0)?;
    scanner.space();
    if scanner.at < bytes.len() { Err(scanner.malformed()) } else { Ok(value) }
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    /// A value inside of `depth` arrays and objects.
    fn value(&mut self, depth: usize) -> Result<Json, JsonError> {
        self.space();
        match self.peek() {
            Some(b'{' | b'[') if depth >= MAX_DEPTH => Err(JsonError::TooDeep(self.at)),
            Some(b'{') => self.object(depth + 1).map(Json::Object),
            Some(b'[') => self.list(depth + 1).map(Json::List),
            Some(b'"') => self.string().map(Json::Text),
            Some(b'-' | b'0'..=b'9') => self.number().map(Json::Number),
            Some(b'n') => self.word("null", Json::Null),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            _ => Err(self.malformed()),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Object, JsonError> {
        let mut object = Object::new();
        self.at += 1;
        self.space();
        if self.takes(b'}') {
            return Ok(object);
        }
        loop {
            self.space();
            let began = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.malformed());
            }
            let key = self.string()?;
            self.space();
            self.expect(b':')?;
            let value = self.value(depth)?;
            if object.insert(key, value).is_some() {
                return Err(JsonError::DuplicateKey(began));
            }
            self.space();
            if self.takes(b'}') {
                return Ok(object);
            }
            self.expect(b',')?;
        }
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Json>, JsonError> {
        let mut list = Vec::new();
        self.at += 1;
        self.space();
        if self.takes(b']') {
            return Ok(list);
        }
        loop {
            list.push(self.value(depth)?);
            self.space();
            if self.takes(b']') {
                return Ok(list);
            }
            self.expect(b',')?;
        }
    }

    fn string(&mut self) -> Result<String, JsonError> {
        let mut string = String::new();
        self.at += 1;
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.find(|char| matches!(char, '"' | '\\' | '\0'..='\x1f')).unwrap_or(rest.len());
            string.push_str(&rest[..plain]);
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(string);
                }
                Some(b'\\') => string.push(self.escape()?),
                _ => return Err(self.malformed()),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let began = self.at;
        self.at += 1;
        let escaped = self.peek().ok_or_else(|| self.malformed())?;
        let char = match escaped {
            b'"' | b'\\' | b'/' => escaped as char,
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(began),
            _ => return Err(self.malformed()),
        };
        self.at += 1;
        Ok(char)
    }

    /// `\uXXXX`, or two of them that are a surrogate pair; `at` is on the `u`.
    fn unicode(&mut self, began: usize) -> Result<char, JsonError> {
        let first = self.unit()?;
        let second = match first {
            0xd800..=0xdbff if self.text[self.at..].starts_with("\\u") => {
                self.at += 1;
                Some(self.unit()?)
            }
            _ => None,
        };
        let mut decoded = char::decode_utf16([first].into_iter().chain(second));
        match (decoded.next(), decoded.next()) {
            (Some(Ok(char)), None) => Ok(char),
            _ => Err(JsonError::LoneSurrogate(began)),
        }
    }

    /// Four hex digits after a `u`.
    fn unit(&mut self) -> Result<u16, JsonError> {
        let digits = self.text.get(self.at + 1..self.at + 5).filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok()).ok_or_else(|| self.malformed())?;
        self.at += 5;
        Ok(unit)
    }

    fn number(&mut self) -> Result<Number, JsonError> {
        let began = self.at;
        self.takes(b'-');
        let whole = self.at;
        if self.takes(b'0') {
            if matches!(self.peek(), Some(b'0'..=b'9')) {
                return Err(self.malformed());
            }
        } else {
            self.digits()?;
        }
        let whole_digits = self.at - whole;
        let mut is_float = false;
        if self.takes(b'.') {
            is_float = true;
            self.digits()?;
        }
        if self.takes(b'e') || self.takes(b'E') {
            is_float = true;
            let _ = self.takes(b'+') || self.takes(b'-');
            self.digits()?;
        }
        let number = Number::scanned(&self.text[began..self.at]);
        let fits = if is_float { number.as_f64().is_finite() } else { whole_digits <= MAX_DIGITS };
        if fits { Ok(number) } else { Err(JsonError::TooLarge(began)) }
    }

    /// One digit at least.
    fn digits(&mut self) -> Result<(), JsonError> {
        let rest = &self.text[self.at..];
        let count = rest.bytes().take_while(u8::is_ascii_digit).count();
        self.at += count;
        if count == 0 { Err(self.malformed()) } else { Ok(()) }
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, JsonError> {
        if self.text[self.at..].starts_with(word) {
            self.at += word.len();
            return Ok(value);
        }
        Err(self.malformed())
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn takes(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.takes(byte) { Ok(()) } else { Err(self.malformed()) }
    }

    fn malformed(&self) -> JsonError {
        JsonError::Malformed(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> JsonError {
        parse(text.as_bytes()).expect_err(text)
    }

    #[test]
    fn malformed_json_is_refused_with_its_position() {
        for (text, at) in [
            ("", 0),
            ("  ", 2),
            ("nul", 0),
            ("[1,]", 3),
            ("{\"a\":1,}", 7),
            ("{1:2}", 1),
            ("01", 1),
            ("-", 1),
            ("1.", 2),
            ("1e", 2),
            (".5", 0),
            ("+1", 0),
            ("NaN", 0),
            ("Infinity", 0),
            ("-Infinity", 1),
            ("\"a\nb\"", 2),
            ("\"\\x41\"", 2),
            ("\"\\u12g4\"", 2),
            ("\"", 1),
            ("[] []", 3),
            ("\u{feff}{}", 0),
        ] {
            assert_eq!(refused(text), JsonError::Malformed(at), "{text}");
        }
        assert_eq!(parse(b"\"\xff\""), Err(JsonError::NotUtf8));
    }

    #[test]
    fn caps_hold_exactly() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert_eq!(refused(&nested(MAX_DEPTH + 1)), JsonError::TooDeep(MAX_DEPTH));
        assert_eq!(refused(&nested(100_000)), JsonError::TooDeep(MAX_DEPTH));
        assert!(parse("9".repeat(MAX_DIGITS).as_bytes()).is_ok());
        assert_eq!(refused(&"9".repeat(MAX_DIGITS + 1)), JsonError::TooLarge(0));
        assert_eq!(refused("[1e309]"), JsonError::TooLarge(1));
        let text = |bytes: usize| format!("\"{}\"", "a".repeat(bytes - 2));
        assert!(parse(text(MAX_BYTES).as_bytes()).is_ok());
        assert_eq!(refused(&text(MAX_BYTES + 1)), JsonError::TooLong);
    }

    #[test]
    fn json_that_programs_read_differently_is_refused() {
        assert_eq!(refused(r#"{"a":1,"a":1}"#), JsonError::DuplicateKey(7));
        assert_eq!(refused(r#"{"a":1,"\u0061":1}"#), JsonError::DuplicateKey(7));
        for lone in [r#""\ud800""#, r#""\udc00""#, r#""\ud800\ud800""#, r#""\ud800x""#, r#""\udc00\ud800""#] {
            assert_eq!(refused(lone), JsonError::LoneSurrogate(1), "{lone}");
        }
        assert_eq!(parse(br#""\ud83d\ude00""#), Ok(Json::Text("😀".into())));
    }
}
