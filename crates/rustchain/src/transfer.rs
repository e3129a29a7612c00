//! A signed transfer of RTC (POST /wallet/transfer/signed).
//!
//! The signed text is canonical JSON with the amount as a float of RTC and the nonce as a string; the body repeats them in
//! other types. The node names a transfer by the first 32 hex digits of SHA-256(text ‖ signature).

use sha2::{Digest, Sha256};

use crate::json::{Json, Number};
use crate::key::{Address, PublicKey, SecretKey, Signature};

/// The chain id that newer nodes require.
pub const CHAIN: &str = "rustchain-mainnet-v2";

/// A transfer before it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The payer.
    pub from: Address,
    /// The payee.
    pub to: Address,
    /// The amount in µRTC, at least 1.
    pub micro: i64,
    /// A note; the node keeps 80 characters.
    pub memo: String,
    /// Must exceed every earlier nonce of this sender.
    pub nonce: u64,
    /// Whether the text includes [`CHAIN`].
    pub names_chain: bool,
}

/// A signed transfer. Sending the same bytes again is safe: the node executes them once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The signed text.
    pub text: String,
    /// The signature over it.
    pub signature: Signature,
    /// The signer.
    pub public_key: PublicKey,
    /// The body to send.
    pub body: String,
}

impl Transfer {
    /// The text to sign.
    pub fn text(&self) -> String {
        let mut members = vec![
            ("amount", Json::from(Number::micro(self.micro))),
            ("fee", Json::from(Number::micro(0))),
            ("from", self.from.to_string().into()),
            ("memo", self.memo.as_str().into()),
            ("nonce", self.nonce.to_string().into()),
            ("to", self.to.to_string().into()),
        ];
        if self.names_chain {
            members.push(("chain_id", CHAIN.into()));
        }
        Json::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()).canonical()
    }

    /// Signs the text and makes the body to send.
    pub fn sign(&self, key: &SecretKey) -> Signed {
        let text = self.text();
        let signature = key.sign(text.as_bytes());
        let mut members = vec![
            ("from_address", Json::from(self.from.to_string())),
            ("to_address", self.to.to_string().into()),
            ("amount_rtc", Number::micro(self.micro).into()),
            ("fee_rtc", 0.into()),
            ("memo", self.memo.as_str().into()),
            ("nonce", (self.nonce as i64).into()),
            ("public_key", key.public_key().to_string().into()),
            ("signature", signature.to_string().into()),
        ];
        if self.names_chain {
            members.push(("chain_id", CHAIN.into()));
        }
        let body: crate::json::Object = members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        Signed { text, signature, public_key: key.public_key(), body: Json::Object(body).canonical() }
    }
}

impl Signed {
    /// The node's id of the transfer.
    pub fn hash(&self) -> String {
        let hash = Sha256::new_with_prefix(&self.text).chain_update(self.signature.0).finalize();
        hex::encode(hash)[..32].to_owned()
    }
}
