//! Normalises ids and addresses.

use adit_protocol::ErrorCode;

use crate::error::Refusal;

/// The longest contributor id.
const MAX_ID: usize = 64;

/// Normalises an id to lower case: letters, digits, `_`, `-`, `.`, `:`, at most 64 characters.
pub(crate) fn contributor_id(text: &str) -> Result<String, Refusal> {
    let id = text.to_ascii_lowercase();
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"_-.:".contains(&b);
    if id.is_empty() || id.len() > MAX_ID || !id.bytes().all(fits) {
        let detail = "contributor_id must be 1 to 64 letters, digits, '_', '-', '.' or ':'";
        return Err(Refusal::new(ErrorCode::InvalidContributor, detail));
    }
    Ok(id)
}

/// Normalises an EVM address to lower case: 0x and 40 hex digits.
pub(crate) fn payout_address(text: &str) -> Result<String, Refusal> {
    let digits = text.strip_prefix("0x").unwrap_or_default();
    if digits.len() != 40 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Refusal::new(ErrorCode::InvalidPayout, "payout must be an EVM address: 0x and 40 hex digits"));
    }
    Ok(text.to_ascii_lowercase())
}
