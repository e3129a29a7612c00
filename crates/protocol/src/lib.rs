//! The words Adit's programs say to each other over HTTP.
