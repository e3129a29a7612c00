//! The encoding of a table's text. UTF-8 and UTF-16 are recognised; every other one must be named.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use crate::error::TableError;
use crate::options::UnknownOption;

/// An encoding of the WHATWG Encoding Standard, in which `latin1` is a name of windows-1252.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextEncoding(&'static Encoding);

impl FromStr for TextEncoding {
    type Err = UnknownOption;
    fn from_str(name: &str) -> Result<Self, UnknownOption> {
        let found = Encoding::for_label_no_replacement(name.as_bytes());
        let wanted = "utf-8, utf-16le, utf-16be, latin1, windows-1252 or another name of the web's Encoding Standard";
        found.map(TextEncoding).ok_or_else(|| UnknownOption::new("encoding", name, wanted))
    }
}

impl fmt::Display for TextEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

/// Decoded text.
pub(crate) struct Text<'a> {
    pub(crate) text: Cow<'a, str>,
    pub(crate) encoding: TextEncoding,
    /// Whether it is UTF-16 that was recognised by its zero bytes alone.
    pub(crate) unmarked: bool,
}

/// Decodes a file, and removes a byte order mark from its start.
pub(crate) fn decode(bytes: &[u8], said: Option<TextEncoding>) -> Result<Text<'_>, TableError> {
    if let Some((what, advice)) = packed(bytes) {
        return Err(TableError::Packed { what, advice });
    }
    let mark = Encoding::for_bom(bytes);
    let guess = if mark.is_none() && said.is_none() { utf_16(bytes) } else { None };
    let encoding = match (said, mark) {
        (Some(said), Some((mark, _))) if said.0 != mark => {
            return Err(TableError::Mark { said, mark: TextEncoding(mark) });
        }
        (Some(said), _) => said.0,
        (None, Some((mark, _))) => mark,
        (None, None) => guess.unwrap_or(UTF_8),
    };
    let body = &bytes[mark.map_or(0, |(_, length)| length)..];
    let text = encoding.decode_without_bom_handling_and_without_replacement(body);
    let text = text.ok_or_else(|| undecodable(body, encoding))?;
    if let Some(at) = text.find('\0') {
        return Err(TableError::Zero { line: crate::records::line_at(&text, at) });
    }
    Ok(Text { text, encoding: TextEncoding(encoding), unmarked: guess.is_some() })
}

fn undecodable(bytes: &[u8], encoding: &'static Encoding) -> TableError {
    match std::str::from_utf8(bytes) {
        Err(error) if encoding == UTF_8 => {
            let at = error.valid_up_to();
            let line = crate::records::line_at(&String::from_utf8_lossy(&bytes[..at]), at);
            TableError::NotUtf8 { line, byte: bytes[at] }
        }
        _ => TableError::Undecodable { encoding: TextEncoding(encoding) },
    }
}

/// Recognises UTF-16 without a byte order mark: the zero bytes of its ASCII characters are all first, or all second.
fn utf_16(bytes: &[u8]) -> Option<&'static Encoding> {
    let zeros = |odd: usize| bytes.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    let enough = bytes.len() / 8;
    match (zeros(0), zeros(1)) {
        _ if !bytes.len().is_multiple_of(2) => None,
        (0, right) if right > 0 && right >= enough => Some(UTF_16LE),
        (left, 0) if left > 0 && left >= enough => Some(UTF_16BE),
        _ => None,
    }
}

/// Recognises compressed files that are named .csv: the format, and what to do about it.
fn packed(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let bzip2 = bytes.starts_with(b"BZh") && bytes.get(4..10) == Some(b"1AY&SY");
    match bytes {
        [0x1f, 0x8b, ..] => Some(("gzip", "unpack it with gunzip")),
        [b'P', b'K', 3, 4, ..] => Some(("zip", "unpack it, or save a spreadsheet as .csv")),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(("xz", "unpack it with unxz")),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(("zstd", "unpack it with unzstd")),
        _ if bzip2 => Some(("bzip2", "unpack it with bunzip2")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], said: Option<&str>) -> Result<String, TableError> {
        let text = decode(bytes, said.map(|name| name.parse().expect("a name")))?;
        Ok(format!("{} {}{}", text.encoding, text.text, if text.unmarked { " ?" } else { "" }))
    }

    #[test]
    fn utf_8_and_utf_16_are_recognised_and_the_rest_is_named() {
        assert_eq!(read("é,1\n".as_bytes(), None).unwrap(), "UTF-8 é,1\n");
        assert_eq!(read("\u{feff}a,1\n".as_bytes(), None).unwrap(), "UTF-8 a,1\n");
        assert_eq!(read(b"\xff\xfea\0\n\0", None).unwrap(), "UTF-16LE a\n");
        assert_eq!(read(b"\xfe\xff\0a\0\n", None).unwrap(), "UTF-16BE a\n");
        assert_eq!(read(b"a\0\n\0", None).unwrap(), "UTF-16LE a\n ?");
        assert_eq!(read(b"\0a\0\n", None).unwrap(), "UTF-16BE a\n ?");
        assert_eq!(read(b"a\nprix_\xe9,b\n", None), Err(TableError::NotUtf8 { line: 2, byte: 0xe9 }));
        assert_eq!(read(b"prix_\xe9\n", Some("latin1")).unwrap(), "windows-1252 prix_é\n");
        assert!(matches!(read(b"\xff\xfea\0", Some("latin1")), Err(TableError::Mark { .. })));
        assert!(matches!(read(b"\xff\xfe\0\xd8", None), Err(TableError::Undecodable { .. })));
    }

    #[test]
    fn files_that_are_not_text_are_refused() {
        assert_eq!(read(b"a\n1\0\n", None), Err(TableError::Zero { line: 2 }));
        for bytes in [&b"\x1f\x8b\x08"[..], b"PK\x03\x04", b"BZh91AY&SY", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"] {
            assert!(matches!(read(bytes, Some("latin1")), Err(TableError::Packed { .. })));
        }
    }
}
