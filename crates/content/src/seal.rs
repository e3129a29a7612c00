//! Sealed files: sensitive data is encrypted before it leaves the machine.
//!
//! The format is age (<https://age-encryption.org/v1>), nothing before or after it, so any age tool opens what was sealed
//! here. [`fernet`] is for files of older programs. Keys come from one stored [`Secret`] by version: the owner keeps 32 bytes,
//! rotates by counting up, and still opens everything.

pub mod fernet;
mod secret;

use std::io::{self, BufRead, Read, Write};

use age::secrecy::SecretString;
use age::{DecryptError, Decryptor, Encryptor, Identity, scrypt, x25519};

pub use secret::{Secret, SecretError};

/// The most work that a passphrase may cost, as a power of two: a second and 256 MiB.
pub const MOST_WORK: u8 = 18;
/// The largest header that is read: room for hundreds of recipients.
const MAX_HEADER_BYTES: u64 = 64 << 10;
/// The first line of a sealed file.
const MAGIC: &[u8] = b"age-encryption.org/v1\n";
/// How the last line of a header begins.
const LAST_LINE: &[u8] = b"--- ";
const PIECE_BYTES: usize = 64 << 10;

/// Who can open a sealed file.
pub enum Lock {
    /// Whoever has one of these keys.
    Recipients(Vec<Recipient>),
    /// Whoever knows the passphrase, at a cost of 2 to the power of `work`.
    Passphrase {
        /// The passphrase.
        text: SecretString,
        /// The work, at most [`MOST_WORK`] if this program is to open the file again.
        work: u8,
    },
}

/// A public key that files are sealed for; its text begins with `age1`.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient(x25519::Recipient);

impl std::fmt::Display for Recipient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// The text is not a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a recipient: it begins with age1, as `adit content key show` prints it")]
pub struct RecipientError;

impl std::str::FromStr for Recipient {
    type Err = RecipientError;
    fn from_str(text: &str) -> Result<Self, RecipientError> {
        text.parse().map(Recipient).map_err(|_| RecipientError)
    }
}

/// What opens a file.
pub enum Key {
    /// A private key.
    Private(x25519::Identity),
    /// A passphrase.
    Passphrase(SecretString),
}

/// Why a file is not sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// Nobody could open it.
    #[error("a file must be sealed for somebody")]
    Nobody,
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Why a file is not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No key fits.
    #[error("none of the keys opens this file: it was sealed for another key, or with another passphrase")]
    WrongKey,
    /// The file was changed.
    #[error("the file was changed after it was sealed, or cut off inside its last part: do not trust it")]
    Tampered,
    /// The file's end is missing.
    #[error("the end of the file is missing: fetch it again")]
    Truncated,
    /// The file has an unknown format.
    #[error("the file is not sealed: it is neither age nor Fernet")]
    NotSealed,
    /// No key opens the Fernet token, or the token was changed.
    #[error("no key opens this Fernet token, or it was changed: the format cannot tell which")]
    WrongKeyOrTampered,
    /// The passphrase would cost too much to try.
    #[error("opening the file takes 2^{0} of work, and the limit is 2^{MOST_WORK}")]
    Work(u8),
    /// The token is too large.
    #[error("the Fernet token is larger than {0} bytes")]
    Large(usize),
    /// Reading or writing failed.
    #[error(transparent)]
    Io(io::Error),
}

/// Seals the contents of `from` into `to`, and returns their length in bytes.
pub fn seal(lock: &Lock, mut from: impl Read, to: impl Write) -> Result<u64, SealError> {
    let encryptor = match lock {
        Lock::Recipients(recipients) => {
            let recipients = recipients.iter().map(|recipient| &recipient.0 as &dyn age::Recipient);
            Encryptor::with_recipients(recipients).map_err(|_| SealError::Nobody)?
        }
        Lock::Passphrase { text, work } => {
            let mut recipient = scrypt::Recipient::new(text.clone());
            recipient.set_work_factor((*work).clamp(1, MOST_WORK));
            let recipient = std::iter::once(&recipient as &dyn age::Recipient);
            Encryptor::with_recipients(recipient).map_err(|_| SealError::Nobody)?
        }
    };
    let mut sealed = encryptor.wrap_output(to)?;
    let bytes = io::copy(&mut from, &mut sealed)?;
    sealed.finish()?.flush()?;
    Ok(bytes)
}

/// Opens the sealed file `from` into `to`, and returns the length of the contents in bytes. After an error, discard what was
/// written: it is genuine but incomplete.
pub fn open(keys: &[Key], mut from: impl BufRead, mut to: impl Write) -> Result<u64, OpenError> {
    let header = header(&mut from)?;
    let decryptor = Decryptor::new_buffered(io::Cursor::new(header).chain(from)).map_err(OpenError::of)?;
    let passphrase = decryptor.is_scrypt();
    let identities: Vec<Box<dyn Identity>> = keys.iter().map(Key::identity).collect();
    let opened = decryptor.decrypt(identities.iter().map(|identity| &**identity));
    let mut opened = opened.map_err(|error| match error {
        // With a passphrase there is one stanza, and it opens or does not.
        DecryptError::DecryptionFailed if passphrase => OpenError::WrongKey,
        error => OpenError::of(error),
    })?;
    let (mut piece, mut bytes) = (vec![0; PIECE_BYTES], 0);
    loop {
        let read = match opened.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(OpenError::of(DecryptError::Io(error))),
        };
        to.write_all(&piece[..read]).map_err(OpenError::Io)?;
        bytes += read as u64;
    }
    to.flush().map_err(OpenError::Io)?;
    Ok(bytes)
}

/// Reads the header from the input. The library would read a header of any size.
fn header(from: &mut impl BufRead) -> Result<Vec<u8>, OpenError> {
    let mut header = Vec::new();
    let mut from = from.take(MAX_HEADER_BYTES);
    loop {
        let before = header.len();
        from.read_until(b'\n', &mut header).map_err(OpenError::Io)?;
        let line = &header[before..];
        if before == 0 && line != MAGIC {
            return Err(if !line.is_empty() && MAGIC.starts_with(line) {
                OpenError::Truncated
            } else {
                OpenError::NotSealed
            });
        }
        match line.last() {
            Some(b'\n') if line.starts_with(LAST_LINE) => return Ok(header),
            Some(b'\n') => {}
            _ if from.limit() == 0 => return Err(OpenError::Tampered),
            _ => return Err(OpenError::Truncated),
        }
    }
}

impl Key {
    fn identity(&self) -> Box<dyn Identity> {
        match self {
            Key::Private(key) => Box::new(key.clone()),
            Key::Passphrase(text) => {
                let mut identity = scrypt::Identity::new(text.clone());
                identity.set_max_work_factor(MOST_WORK);
                Box::new(identity)
            }
        }
    }
}

impl OpenError {
    fn of(error: DecryptError) -> Self {
        match error {
            DecryptError::NoMatchingKeys | DecryptError::KeyDecryptionFailed => OpenError::WrongKey,
            DecryptError::ExcessiveWork { required, .. } => OpenError::Work(required),
            DecryptError::UnknownFormat => OpenError::NotSealed,
            DecryptError::Io(error) => match error.kind() {
                io::ErrorKind::UnexpectedEof => OpenError::Truncated,
                io::ErrorKind::InvalidData => OpenError::Tampered,
                _ => OpenError::Io(error),
            },
            // A header or a MAC that does not fit, and what later versions of the library may find.
            _ => OpenError::Tampered,
        }
    }
}
