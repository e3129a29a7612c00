//! Parameter and column values. Every SQL database has integers, text and bytes.

/// A statement parameter or a column value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    /// INTEGER, or BIGINT.
    Integer(i64),
    Text(String),
    /// BLOB, or BYTEA.
    Blob(Vec<u8>),
}

/// A type usable as a parameter.
pub(crate) trait IntoValue {
    fn into_value(self) -> Value;
}

/// A type that a column can be read as.
pub(crate) trait FromValue<'r>: Sized {
    /// Converts a column's value. Returns `None` if it has another type.
    fn from_value(value: &'r Value) -> Option<Self>;
}

macro_rules! values {
    ($($kind:ty, $variant:ident;)*) => { $(
        impl IntoValue for $kind {
            fn into_value(self) -> Value {
                Value::$variant(self)
            }
        }
        impl FromValue<'_> for $kind {
            fn from_value(value: &Value) -> Option<Self> {
                match value {
                    Value::$variant(value) => Some(value.clone()),
                    _ => None,
                }
            }
        }
    )* };
}

values! {
    i64, Integer;
    String, Text;
    Vec<u8>, Blob;
}

impl IntoValue for &str {
    fn into_value(self) -> Value {
        Value::Text(self.to_owned())
    }
}

impl IntoValue for &String {
    fn into_value(self) -> Value {
        Value::Text(self.clone())
    }
}

impl IntoValue for &[u8] {
    fn into_value(self) -> Value {
        Value::Blob(self.to_vec())
    }
}

impl<T: IntoValue> IntoValue for Option<T> {
    fn into_value(self) -> Value {
        self.map_or(Value::Null, IntoValue::into_value)
    }
}

impl<'r> FromValue<'r> for &'r str {
    fn from_value(value: &'r Value) -> Option<Self> {
        if let Value::Text(text) = value { Some(text) } else { None }
    }
}

impl<'r> FromValue<'r> for &'r [u8] {
    fn from_value(value: &'r Value) -> Option<Self> {
        if let Value::Blob(bytes) = value { Some(bytes) } else { None }
    }
}

impl<'r, T: FromValue<'r>> FromValue<'r> for Option<T> {
    fn from_value(value: &'r Value) -> Option<Self> {
        if *value == Value::Null { Some(None) } else { T::from_value(value).map(Some) }
    }
}

/// Stores an enum as text, using its `name` and `from_name`.
macro_rules! text_enum {
    ($name:ty) => {
        impl $crate::store::IntoValue for $name {
            fn into_value(self) -> $crate::store::Value {
                $crate::store::Value::Text(self.name().to_owned())
            }
        }
        impl $crate::store::FromValue<'_> for $name {
            fn from_value(value: &$crate::store::Value) -> Option<Self> {
                <&str as $crate::store::FromValue>::from_value(value).and_then(Self::from_name)
            }
        }
    };
}
pub(crate) use text_enum;
