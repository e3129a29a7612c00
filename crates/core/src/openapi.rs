//! How the types that are text in JSON look in the API's description.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

macro_rules! texts {
    ($($name:ty, $pattern:literal, $description:literal;)*) => {
        $(
            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    let text = ObjectBuilder::new().schema_type(Type::String);
                    text.pattern(Some($pattern)).description(Some($description)).into()
                }
            }

            impl ToSchema for $name {}
        )*
    };
}

texts! {
    crate::Amount, r"^-?\d+(\.\d{1,9})?$", "An amount of NNET: a decimal number with at most nine places.";
    crate::Cid, "^b[a-z2-7]+$", "A content identifier, version 1, in base32.";
    crate::PublicKey, "^0[23][0-9a-f]{64}$", "A compressed secp256k1 public key: lowercase hex.";
    crate::Signature, "^[0-9a-f]{128}$", "A low-s secp256k1 signature, r then s: lowercase hex.";
    crate::sign::Challenge, "^[0-9a-f]{64}$", "A single-use challenge: lowercase hex.";
    crate::sign::Digest, "^[0-9a-f]{64}$", "A 32-byte digest: lowercase hex.";
    crate::sign::LeaseId, "^[0-9a-f]{32}$", "A lease's id: lowercase hex.";
}
