//! Numbers that keep the text they were written as, and their form in Python.

use std::fmt::Write;

/// The number of 1e-6 in one.
const MICRO: f64 = 1e6;

/// A number. Its text is kept: `1`, `1.0` and `1e0` are three different numbers to a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number(String);

impl Number {
    /// An integer.
    pub fn integer(value: i64) -> Number {
        Number(value.to_string())
    }

    /// A float; `None` unless it is finite.
    pub fn float(value: f64) -> Option<Number> {
        value.is_finite().then(|| Number(float_text(value)))
    }

    /// The float nearest to `micro` / 10^6, as Python computes it.
    pub fn micro(micro: i64) -> Number {
        Number(float_text(micro as f64 / MICRO))
    }

    /// A number from a valid text that does not overflow.
    pub(super) fn scanned(text: &str) -> Number {
        Number(text.to_owned())
    }

    /// The text as it was written.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Whether it is an integer to Python: digits alone.
    pub fn is_integer(&self) -> bool {
        !self.0.contains(['.', 'e', 'E'])
    }

    /// The integer, if it is one and fits.
    pub fn as_i64(&self) -> Option<i64> {
        if self.is_integer() { self.0.parse().ok() } else { None }
    }

    /// The nearest float; infinite for integers that are too large for one.
    pub fn as_f64(&self) -> f64 {
        self.0.parse().unwrap_or(f64::NAN)
    }

    /// Writes it as Python does.
    pub(super) fn write_canonical(&self, text: &mut String) {
        match self.0.as_str() {
            // Python's integers have no negative zero.
            "-0" => text.push('0'),
            integer if self.is_integer() => text.push_str(integer),
            _ => text.push_str(&float_text(self.as_f64())),
        }
    }
}

/// Python's `repr` of a finite float: the shortest digits that read back as the same float, with an exponent if it is below
/// -4 or above 15. Of two shortest texts that are equally near, Python takes the even one, as exact rounding does; Rust's
/// `{:e}` takes the larger.
fn float_text(value: f64) -> String {
    if value == 0.0 {
        return if value.is_sign_negative() { "-0.0".into() } else { "0.0".into() };
    }
    let shortest = format!("{:e}", value.abs());
    let digits = shortest.split('e').next().map_or(0, |mantissa| mantissa.bytes().filter(u8::is_ascii_digit).count());
    let rounded = format!("{:.*e}", digits.saturating_sub(1), value.abs());
    let scientific = if rounded.parse() == Ok(value.abs()) { rounded } else { shortest };
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let mut text = String::from(if value < 0.0 { "-" } else { "" });
    match exponent {
        -4..=-1 => {
            text.push_str("0.");
            (1..-exponent).for_each(|_| text.push('0'));
            text.push_str(&digits);
        }
        0..=15 => with_point(&mut text, &digits, exponent as usize + 1),
        _ => {
            let (first, rest) = digits.split_at(1);
            text.push_str(first);
            if !rest.is_empty() {
                text.push('.');
                text.push_str(rest);
            }
            let sign = if exponent < 0 { '-' } else { '+' };
            // Writing to a string cannot fail.
            let _ = write!(text, "e{sign}{:02}", exponent.unsigned_abs());
        }
    }
    text
}

/// Digits with a point after the first `whole` of them.
fn with_point(text: &mut String, digits: &str, whole: usize) {
    if digits.len() <= whole {
        text.push_str(digits);
        (digits.len()..whole).for_each(|_| text.push('0'));
        text.push_str(".0");
    } else {
        let (before, after) = digits.split_at(whole);
        text.push_str(before);
        text.push('.');
        text.push_str(after);
    }
}
