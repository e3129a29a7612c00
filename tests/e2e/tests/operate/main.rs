//! What an operator relies on: backups, upgrades, the log, and the page's files.

mod backup;
mod clock;
mod connections;
mod disk;
mod files;
mod log;
mod page;
mod retention;
mod upgrade;
