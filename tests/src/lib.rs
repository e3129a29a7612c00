//! End-to-end tests of Adit.
