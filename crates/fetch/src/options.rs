//! How the person who runs a program configures its HTTP.

use crate::{AllowedHost, Proxies};

/// How an adapter connects. The default allows no host that is not public, uses no proxy, and waits as [`CONNECT_MS`] and
/// [`SILENCE_MS`] say.
#[derive(Clone, Debug)]
pub struct Options {
    /// Hosts that requests of [`crate::Reach::Public`] may go to although they are not public.
    pub allowed: Vec<AllowedHost>,
    /// The proxies. Requests of [`crate::Reach::Public`] use none.
    pub proxies: Proxies,
    /// The longest wait for a connection, in ms.
    pub connect_ms: u32,
    /// The longest time without progress in sending a request or receiving its answer, in ms.
    pub silence_ms: u32,
}

/// The longest wait for a connection, in ms.
pub const CONNECT_MS: u32 = 5_000;
/// The longest silence, in ms.
pub const SILENCE_MS: u32 = 30_000;

impl Default for Options {
    fn default() -> Self {
        let (allowed, proxies) = (Vec::new(), Proxies::default());
        Options { allowed, proxies, connect_ms: CONNECT_MS, silence_ms: SILENCE_MS }
    }
}
