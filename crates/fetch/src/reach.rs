//! Where a request may go when somebody else chose its address.
//!
//! A coordinator names the gateways that miners ask about data. Without a limit it could send every miner to its router,
//! its neighbours or its own loopback. So such a request goes to public addresses only, unless the person who runs the
//! program has allowed the host. Adapters connect to the very addresses that were checked, and use no proxy, which would
//! look the name up again.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::FetchError;

/// Where a request may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// To any address: the person who runs the program chose it.
    #[default]
    Anywhere,
    /// To public addresses, and to hosts that this person allowed: somebody else chose it.
    Public,
}

/// A host that requests of [`Reach::Public`] may go to although it is not public: `HOST` for all its ports, or `HOST:PORT`.
///
/// ```
/// use adit_fetch::AllowedHost;
///
/// assert!("gateway.lan:8080".parse::<AllowedHost>().is_ok());
/// assert!("[::1]:8080".parse::<AllowedHost>().is_ok());
/// assert!("http://gateway.lan".parse::<AllowedHost>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedHost {
    host: Host,
    port: Option<u16>,
}

impl AllowedHost {
    pub(crate) fn covers(&self, host: &Host, port: u16) -> bool {
        self.host == *host && self.port.is_none_or(|allowed| allowed == port)
    }
}

impl FromStr for AllowedHost {
    type Err = InvalidHost;

    fn from_str(text: &str) -> Result<Self, InvalidHost> {
        let (host, port) = match text.rsplit_once(':') {
            // An IPv6 address without brackets has no port.
            Some((host, port)) if host.ends_with(']') || !host.contains(':') => (host, Some(port)),
            _ => (text, None),
        };
        let port = port.map(str::parse).transpose().map_err(|_| InvalidHost)?;
        let named = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        match Host::of(host) {
            Host::Name(name) if name.is_empty() || !name.bytes().all(named) => Err(InvalidHost),
            host => Ok(AllowedHost { host, port }),
        }
    }
}

/// The text is not a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write a host as NAME, NAME:PORT, ADDRESS or ADDRESS:PORT, with an IPv6 address in brackets")]
pub struct InvalidHost;

/// The host of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    Address(IpAddr),
    Name(String),
}

impl Host {
    pub(crate) fn of(text: &str) -> Self {
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        bare.parse().map_or_else(|_| Host::Name(text.to_ascii_lowercase()), Host::Address)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Host::Address(address) => address.fmt(f),
            Host::Name(name) => f.write_str(name),
        }
    }
}

/// The host and port that a request goes to.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    host: Host,
    port: u16,
}

impl Place {
    pub(crate) fn new(host: &str, port: u16) -> Self {
        Place { host: Host::of(host), port }
    }

    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn is_allowed(&self, allowed: &[AllowedHost]) -> bool {
        allowed.iter().any(|allowed| allowed.covers(&self.host, self.port))
    }

    /// Fails for an address that is not public. Names are checked when they are looked up.
    #[cfg(feature = "reqwest")]
    pub(crate) fn check_address(&self) -> Result<(), FetchError> {
        match self.host {
            Host::Address(address) => all_public([address]).map_err(|refused| self.refused(&refused)),
            Host::Name(_) => Ok(()),
        }
    }

    pub(crate) fn refused(&self, NotPublic(address): &NotPublic) -> FetchError {
        FetchError::NotPublic { host: self.to_string(), address: *address }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// An address that is not public.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a public address")]
pub(crate) struct NotPublic(IpAddr);

/// Fails unless every address is public.
pub(crate) fn all_public(addresses: impl IntoIterator<Item = IpAddr>) -> Result<(), NotPublic> {
    addresses.into_iter().find(|address| !is_public(*address)).map_or(Ok(()), |address| Err(NotPublic(address)))
}

/// Whether an address is globally reachable by IANA's registries of special-purpose addresses. The few exceptions inside
/// the blocks below are refused too: no gateway is there.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Special-purpose IPv4 blocks: the address and the length of the prefix (RFC 6890 and its successors).
const SPECIAL_V4: [([u8; 4], u32); 16] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 31, 196, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];

fn is_public_v4(address: Ipv4Addr) -> bool {
    let within = |(block, bits): &([u8; 4], u32)| (address.to_bits() ^ u32::from_be_bytes(*block)) >> (32 - bits) == 0;
    !SPECIAL_V4.iter().any(within)
}

/// Global unicast is 2000::/3. Outside of it, only public IPv4 addresses embedded by a translator (RFC 6052) count.
fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            is_public_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
        }
        // Protocols such as Teredo, documentation, 6to4.
        [0x2001, 0..0x200, ..] | [0x2001, 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..0x1000, ..] => false,
        [first, ..] => first >> 13 == 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_public_internet_are_public() {
        for public in ["1.1.1.1", "8.8.8.8", "100.63.0.1", "100.128.0.1", "172.15.0.1", "172.32.0.1", "223.255.255.255"]
        {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for public in ["2606:4700::1111", "2001:200::1", "::ffff:1.1.1.1", "64:ff9b::808:808", "3fff:1000::1"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        let others = "0.0.0.0 0.1.2.3 10.1.2.3 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.255 169.254.169.254 \
            172.16.0.1 172.31.255.255 192.0.0.8 192.0.2.1 192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.7 \
            224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 :: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::127.0.0.1 \
            64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b:1::808:808 100::1 2001::1 2001:db8::1 2002:7f00:1:: 3fff::1 5f00::1 \
            fc00::1 fd12::1 fe80::1 fec0::1 ff02::1";
        for other in others.split_whitespace() {
            assert!(!is_public(other.parse().unwrap()), "{other}");
        }
    }

    #[test]
    fn one_address_that_is_not_public_is_enough_to_refuse_a_host() {
        let addresses = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<IpAddr>>();
        assert_eq!(all_public(addresses(&["1.1.1.1", "2606:4700::1111"])), Ok(()));
        let refused = all_public(addresses(&["1.1.1.1", "10.0.0.1"])).unwrap_err();
        let said = Place::new("Gateway.lan", 80).refused(&refused).to_string();
        assert!(said.starts_with("gateway.lan:80 is at 10.0.0.1") && said.ends_with("`--allow-source gateway.lan:80`"));
    }

    #[test]
    fn an_allowed_host_covers_its_port_or_all_of_them() {
        let covers =
            |allowed: &str, host: &str, port| allowed.parse::<AllowedHost>().unwrap().covers(&Host::of(host), port);
        assert!(covers("Gateway.lan", "gateway.LAN", 80) && covers("gateway.lan:80", "gateway.lan", 80));
        assert!(!covers("gateway.lan:80", "gateway.lan", 81) && !covers("gateway.lan", "other.lan", 80));
        assert!(covers("127.0.0.1:8080", "127.0.0.1", 8080) && !covers("127.0.0.1:8080", "127.0.0.2", 8080));
        assert!(covers("[::1]:8080", "[::1]", 8080) && covers("0:0::1", "[::1]", 1) && covers("[::1]", "[::1]", 2));
        for wrong in ["", ":80", "host:", "host:port", "host:65536", "http://host", "host/path", "a b", "[::1", "a@b"] {
            assert!(wrong.parse::<AllowedHost>().is_err(), "{wrong}");
        }
    }
}
