//! The database engine: opens, migrates and backs up SQLite, and groups writes into commits on one thread.
//!
//! The engine knows none of the domains' tables. Each domain keeps its SQL in its own `store.rs` and uses only [`sql`],
//! [`Value`] and [`DbError`], so another engine could run the same statements.

mod counter;
mod error;
mod migrations;
mod pulse;
mod row;
pub(crate) mod snapshot;
mod sqlite;
#[cfg(test)]
pub(crate) mod steps;
mod value;
mod waiting;
mod writer;

pub(crate) use counter::counter;
pub use error::DbError;
pub(crate) use error::corrupt;
#[cfg(test)]
pub(crate) use migrations::bring_up_to;
pub(crate) use migrations::{bring_up, migrate};
pub(crate) use pulse::Vitals;
pub(crate) use row::{FromRow, Row, from_row, sql, sql_as};
pub(crate) use sqlite::{Db, Reader, Readers};
pub(crate) use value::{FromValue, IntoValue, Value, text_enum};
pub(crate) use waiting::{Work, WriteError};
use writer::Queued;
pub(crate) use writer::{Companion, Writer};
