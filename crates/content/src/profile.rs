//! Profiles: the parameters that determine a file's CID. Two programs agree on a CID only if they use the same profile.
//! Specification: IPIP-499.

use std::fmt;
use std::str::FromStr;

use crate::cid::Version;

/// How files are chunked and folders are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: &'static str,
    /// Bytes of a leaf.
    pub chunk_bytes: usize,
    /// The most links of a file's node.
    pub width: usize,
    /// Whether leaves are plain bytes instead of nodes.
    pub raw_leaves: bool,
    /// The version of its identifiers.
    pub version: Version,
    /// How the size of a folder is estimated.
    pub estimate: Estimate,
}

/// How the size of a folder is estimated. A folder larger than [`LARGEST_FOLDER`] is sharded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Estimate {
    /// The bytes of all names and identifiers.
    Links,
    /// The bytes of the block.
    Block,
}

/// The largest folder in one block, in bytes by the profile's estimate.
pub const LARGEST_FOLDER: usize = 262_144;

/// IPIP-499's profile of 2025. Its leaves of 1 MiB are the panels of jobs.
pub const UNIXFS_V1_2025: Profile = Profile {
    name: "unixfs-v1-2025",
    chunk_bytes: 1 << 20,
    width: 1024,
    raw_leaves: true,
    version: Version::V1,
    estimate: Estimate::Block,
};

/// What Kubo wrote for years with `--cid-version 1`.
pub const KUBO_V1: Profile = Profile {
    name: "kubo-v1",
    chunk_bytes: 256 << 10,
    width: 174,
    raw_leaves: true,
    version: Version::V1,
    estimate: Estimate::Links,
};

/// What IPFS wrote at first: identifiers that begin with `Qm`.
pub const UNIXFS_V0_2015: Profile = Profile {
    name: "unixfs-v0-2015",
    chunk_bytes: 256 << 10,
    width: 174,
    raw_leaves: false,
    version: Version::V0,
    estimate: Estimate::Links,
};

/// Every profile, the default first.
pub const PROFILES: [Profile; 3] = [UNIXFS_V1_2025, KUBO_V1, UNIXFS_V0_2015];

impl Default for Profile {
    fn default() -> Self {
        UNIXFS_V1_2025
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// There is no profile of this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such profile: use unixfs-v1-2025, kubo-v1 or unixfs-v0-2015")]
pub struct UnknownProfile;

impl FromStr for Profile {
    type Err = UnknownProfile;
    fn from_str(name: &str) -> Result<Self, UnknownProfile> {
        PROFILES.into_iter().find(|profile| profile.name == name).ok_or(UnknownProfile)
    }
}
