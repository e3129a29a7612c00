//! SQL statements and result rows.

use std::borrow::Cow;
use std::marker::PhantomData;

use super::error::{DbError, corrupt};
use super::value::{FromValue, IntoValue, Value};

/// A statement with its parameters: `$1`, `$2`, …
#[derive(Debug)]
pub(crate) struct Query<'q> {
    pub(super) text: Cow<'q, str>,
    pub(super) values: Vec<Value>,
}

pub(crate) fn sql<'q>(text: impl Into<Cow<'q, str>>) -> Query<'q> {
    Query { text: text.into(), values: Vec::new() }
}

impl Query<'_> {
    pub(crate) fn bind(mut self, value: impl IntoValue) -> Self {
        self.values.push(value.into_value());
        self
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Row(pub(super) Vec<Value>);

impl Row {
    /// The value of a column, by index.
    pub(crate) fn try_get<'r, T: FromValue<'r>>(&'r self, column: usize) -> Result<T, DbError> {
        let value = self.0.get(column).ok_or_else(|| corrupt("a column is missing"))?;
        T::from_value(value).ok_or_else(|| corrupt("a column has another type"))
    }
}

/// A struct that can be read from a row: see [`from_row`].
pub(crate) trait FromRow: Sized {
    /// The columns, as a statement lists them.
    const COLUMNS: &'static str;
    /// Reads a row of those columns.
    fn from_row(row: &Row) -> Result<Self, DbError>;
}

/// Implements [`FromRow`] for a struct whose fields are named like the columns.
macro_rules! from_row {
    ($name:ident { $first:ident $(, $field:ident)* $(,)? }) => {
        impl $crate::store::FromRow for $name {
            const COLUMNS: &'static str = concat!(stringify!($first) $(, ", ", stringify!($field))*);
            fn from_row(row: &$crate::store::Row) -> Result<Self, $crate::store::DbError> {
                let mut columns = 0..;
                let mut next = || columns.next().unwrap_or_default();
                Ok($name { $first: row.try_get(next())?, $($field: row.try_get(next())?,)* })
            }
        }
    };
}
pub(crate) use from_row;

/// A statement that returns structs.
#[derive(Debug)]
pub(crate) struct QueryAs<'q, T> {
    pub(super) query: Query<'q>,
    row: PhantomData<T>,
}

/// A statement that returns structs; its `*` expands to their columns.
pub(crate) fn sql_as<'q, T: FromRow>(text: &str) -> QueryAs<'q, T> {
    let columns = |verb: &str| format!("{verb} {}", T::COLUMNS);
    let text = text.replacen("SELECT *", &columns("SELECT"), 1).replacen("RETURNING *", &columns("RETURNING"), 1);
    QueryAs { query: sql(text), row: PhantomData }
}

impl<T: FromRow> QueryAs<'_, T> {
    pub(crate) fn bind(self, value: impl IntoValue) -> Self {
        QueryAs { query: self.query.bind(value), row: PhantomData }
    }
}
