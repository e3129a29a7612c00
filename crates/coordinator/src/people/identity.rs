//! Names and addresses as they are kept.

use adit_protocol::ErrorCode;

use crate::error::Refusal;

/// The longest id of a contributor.
const MAX_ID: usize = 64;

/// An id as it is kept: lower case, of letters, digits, `_`, `-`, `.`, `:`, at most 64.
pub(crate) fn contributor_id(text: &str) -> Result<String, Refusal> {
    let id = text.to_ascii_lowercase();
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"_-.:".contains(&b);
    if id.is_empty() || id.len() > MAX_ID || !id.bytes().all(fits) {
        let detail = "contributor_id must be 1 to 64 letters, digits, '_', '-', '.' or ':'";
        return Err(Refusal::new(ErrorCode::InvalidContributor, detail));
    }
    Ok(id)
}

/// An EVM address as it is kept: 0x and 40 hex digits, lower case.
pub(crate) fn payout_address(text: &str) -> Result<String, Refusal> {
    let digits = text.strip_prefix("0x").unwrap_or_default();
    if digits.len() != 40 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Refusal::new(ErrorCode::InvalidPayout, "payout must be an EVM address: 0x and 40 hex digits"));
    }
    Ok(text.to_ascii_lowercase())
}
