//! Digests, written in hex.

/// The bytes of 64 lower-case hex digits.
pub(crate) const fn digest(text: &str) -> [u8; 32] {
    let (text, mut bytes, mut index) = (text.as_bytes(), [0; 32], 0);
    while index < 32 {
        bytes[index] = nibble(text[2 * index]) << 4 | nibble(text[2 * index + 1]);
        index += 1;
    }
    bytes
}

const fn nibble(digit: u8) -> u8 {
    if digit >= b'a' { digit - b'a' + 10 } else { digit - b'0' }
}
