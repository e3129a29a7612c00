//! The database engine: SQLite, opened, migrated, copied and written to by one thread that commits in groups.
//!
//! The engine knows no table but its own. Each domain keeps its SQL in its `store.rs` and speaks to the engine by
//! [`sql`], [`Value`] and [`DbError`] alone, so another engine can stand behind the same statements.

mod error;
mod migrations;
mod row;
pub(crate) mod snapshot;
mod sqlite;
mod value;
mod writer;

pub use error::DbError;
pub(crate) use error::corrupt;
pub(crate) use migrations::bring_up;
pub(crate) use row::{FromRow, Row, from_row, sql, sql_as};
pub(crate) use sqlite::{Db, Reader, Readers};
pub(crate) use value::{FromValue, IntoValue, Value, text_enum};
pub(crate) use writer::{Companion, Queued, Writer};
