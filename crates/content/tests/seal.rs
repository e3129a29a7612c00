//! Sealed files: frozen keys, round trips, and the errors of files that do not open.
#![cfg(feature = "seal")]

use std::io::{self, Read};

use adit_content::seal::{Key, Lock, MOST_WORK, OpenError, Recipient, Secret, fernet, open, seal};
use age::secrecy::SecretString;
use proptest::prelude::*;

fn secret() -> Secret {
    Secret::new(std::array::from_fn(|index| index as u8))
}

fn sealed(lock: &Lock, plain: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    assert_eq!(seal(lock, plain, &mut out).expect("sealed"), plain.len() as u64);
    out
}

fn opened(keys: &[Key], sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
    let mut out = Vec::new();
    open(keys, sealed, &mut out).map(|bytes| assert_eq!(bytes, out.len() as u64))?;
    Ok(out)
}

fn to(version: u32) -> Lock {
    Lock::Recipients(vec![secret().recipient(version)])
}

/// Computed with Python from the same secret, and checked there with pyrage.
#[test]
fn keys_come_from_the_secret_by_version() {
    let wanted = [
        (
            "AGE-SECRET-KEY-18D4Y8AL9VWV0HDT28D6J5HWDYLFMSWAT605ELQFGK65N226GAG2QQGXR8X",
            "age1gm9mm6z2tqwe45dmfyqn3q7rqrh5cscx97qzu69g7pm0v8u4wywqlc07kx",
            "Z9nnI756GM8He7riEm2tzOA_P0DPGwjuhnWzdlc0FCs=",
        ),
        (
            "AGE-SECRET-KEY-1EPP4RUQF5QCLATLESFW06WFSR8SPUAA3C0HNW8CXHGAURYQYHLXSW5GND7",
            "age16kz89esmdhmrgyey8eqk0dcf3wlhj5fdz547alur69h3ygc9gqysl48glm",
            "R22Vna2kV-cLkzjOvVvQ480gb_-HjQSTeIKR8gqyGKU=",
        ),
    ];
    for (version, (private, recipient, fernet)) in (1..).zip(wanted) {
        assert_eq!(*secret().private_text(version), private);
        assert_eq!(secret().recipient(version).to_string(), recipient);
        assert!(recipient.parse::<Recipient>().is_ok_and(|read| read == secret().recipient(version)));
        assert_eq!(*secret().fernet_text(version), fernet);
    }
    let key = fernet::seal(&secret().fernet(2), 1, [0; 16], b"old");
    let keys = [secret().fernet(3), secret().fernet(2)];
    assert_eq!(&**fernet::open(keys.iter().map(|key| &**key), key.as_bytes()).unwrap(), b"old");
    for text in ["", "age1", "age1gm9mm6z2tqwe45dmfyqn3q7rqrh5cscx97qzu69g7pm0v8u4wywqlc07kX", "ssh-ed25519 A"] {
        assert!(text.parse::<Recipient>().is_err(), "{text}");
    }
}

#[test]
fn a_file_opens_with_its_version_and_every_later_one() {
    let file = sealed(&to(2), b"hello");
    assert_eq!(opened(&secret().keys(2), &file).unwrap(), b"hello");
    assert_eq!(opened(&secret().keys(9), &file).unwrap(), b"hello");
    assert!(matches!(opened(&secret().keys(1), &file), Err(OpenError::WrongKey)));
    assert!(matches!(opened(&[], &file), Err(OpenError::WrongKey)));
    assert!(seal(&Lock::Recipients(vec![]), &b""[..], io::sink()).is_err());
}

#[test]
fn a_passphrase_opens_and_another_does_not() {
    let text = |text: &str| SecretString::from(text.to_owned());
    let file = sealed(&Lock::Passphrase { text: text("correct horse"), work: 2 }, b"hello");
    assert_eq!(opened(&[Key::Passphrase(text("correct horse"))], &file).unwrap(), b"hello");
    assert!(matches!(opened(&[Key::Passphrase(text("wrong horse"))], &file), Err(OpenError::WrongKey)));
    assert!(matches!(opened(&secret().keys(1), &file), Err(OpenError::WrongKey)));
    // A stranger's file must not keep us busy for hours.
    let greedy = String::from_utf8_lossy(&file[..120]).replacen(" 2\n", " 30\n", 1).into_bytes();
    let greedy = [&greedy[..], &file[120..]].concat();
    let refused = opened(&[Key::Passphrase(text("correct horse"))], &greedy);
    assert!(matches!(refused, Err(OpenError::Work(30))), "{refused:?} {MOST_WORK}");
}

/// Where the header ends and the parts begin.
fn payload(file: &[u8]) -> usize {
    let last = file.windows(5).position(|line| line == b"\n--- ").expect("a header") + 5;
    last + file[last..].iter().position(|byte| *byte == b'\n').expect("its end") + 1
}

#[test]
fn a_wrong_key_a_changed_and_a_cut_file_are_told_apart() {
    const PART: usize = 65_552;
    let plain = vec![5; 200_000];
    let file = sealed(&to(1), &plain);
    let (keys, begin) = (secret().keys(1), payload(&file) + 16);
    assert_eq!(opened(&keys, &file).unwrap(), plain);
    assert!(matches!(opened(&[Key::Private(Secret::new([9; 32]).private(1))], &file), Err(OpenError::WrongKey)));
    // Parts hold 65,536 bytes of the plain file: without the last one, every remaining part is complete.
    for cut in [1, 10, 30, begin - 20, begin - 16, begin - 1, begin, begin + PART, begin + 3 * PART] {
        let refused = opened(&keys, &file[..cut]);
        assert!(matches!(refused, Err(OpenError::Truncated)), "{cut}: {refused:?}");
    }
    for at in [begin, begin + 9, begin + PART - 1, begin + 2 * PART, file.len() - 1] {
        let mut changed = file.clone();
        changed[at] ^= 1;
        assert!(matches!(opened(&keys, &changed), Err(OpenError::Tampered)), "{at}");
    }
    let mut longer = file.clone();
    longer.push(0);
    assert!(matches!(opened(&keys, &longer), Err(OpenError::Tampered)));
    // The header's MAC.
    let mut changed = file.clone();
    changed[begin - 16 - 5] = if changed[begin - 16 - 5] == b'A' { b'B' } else { b'A' };
    assert!(matches!(opened(&keys, &changed), Err(OpenError::Tampered)));
}

#[test]
fn other_files_are_not_sealed_and_no_header_is_endless() {
    for text in [&b""[..], b"hello", b"<html>", b"age-encryption.org/v2\n", b"gAAAAA"] {
        assert!(matches!(opened(&secret().keys(1), text), Err(OpenError::NotSealed)), "{text:?}");
    }
    let begin = &b"age-encryption.org/v1\n"[..];
    for endless in [b'\n', b'A'] {
        let mut out = Vec::new();
        let (mut read, input) = (0, begin.chain(io::repeat(endless)));
        let counted = Counted { input, read: &mut read };
        let refused = open(&secret().keys(1), io::BufReader::new(counted), &mut out);
        assert!(matches!(refused, Err(OpenError::Tampered)), "{refused:?}");
        assert!(read < 1 << 20, "{read} bytes were read");
    }
}

struct Counted<'a, R> {
    input: R,
    read: &'a mut usize,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, piece: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(piece)?;
        *self.read += read;
        Ok(read)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn no_changed_file_opens(
        plain in prop::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>(), bit in 0u8..8,
    ) {
        let file = sealed(&to(1), &plain);
        prop_assert_eq!(&opened(&secret().keys(1), &file).unwrap(), &plain);
        let mut changed = file.clone();
        changed[at.index(file.len())] ^= 1 << bit;
        prop_assert!(opened(&secret().keys(1), &changed).is_err());
        prop_assert!(opened(&secret().keys(1), &file[..at.index(file.len())]).is_err());
    }
}
