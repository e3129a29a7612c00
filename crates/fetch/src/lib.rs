//! HTTP as one small trait, with an adapter for each host.
