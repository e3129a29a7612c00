//! The table of parts: how to find each, how to install it, and what does not work without it.

use super::{apt, browser, npm, peers, rust, vintage};
use crate::repo::Repo;
use crate::shell;

pub(crate) struct Part {
    pub(crate) name: &'static str,
    /// Ends the sentence "Without it …".
    pub(crate) without: &'static str,
    /// Whether building and running need it, not only tests.
    pub(crate) minimal: bool,
    pub(crate) present: fn(&Repo) -> bool,
    pub(crate) recipe: Recipe,
}

pub(crate) enum Recipe {
    /// A target of the Rust toolchain.
    Target(&'static str),
    /// The packages of package-lock.json in a folder of the repository.
    Npm(&'static str),
    /// Python's packages with RustChain's miner.
    Clawrtc,
    /// Debian packages.
    Apt(&'static [&'static str]),
    /// Instructions for a person, where we cannot install it.
    ByHand(&'static str),
}

/// The folder of the IPFS node that tests talk to.
const JS_IPFS: &str = "tests/peers/ipfs";

pub(crate) const PARTS: &[Part] = &[
    Part {
        name: "wasm32 target",
        without: "the web packages cannot be built",
        minimal: true,
        present: |repo| rust::WasmToolchain::find(repo).is_ok(),
        recipe: Recipe::Target(rust::WASM),
    },
    Part {
        name: "Node.js",
        without: "the page cannot be built",
        minimal: true,
        present: |_| npm::node_is_new_enough(),
        recipe: Recipe::ByHand("install Node.js 20.19 or newer, with npm"),
    },
    Part {
        name: "npm packages",
        without: "the page cannot be built",
        minimal: true,
        present: |repo| !npm::is_stale(&repo.root),
        recipe: Recipe::Npm(""),
    },
    Part {
        name: "bare-metal target",
        without: "nothing proves that core and protocol need no operating system",
        minimal: false,
        present: |repo| rust::has_target(repo, rust::BARE_METAL),
        recipe: Recipe::Target(rust::BARE_METAL),
    },
    Part {
        name: "PowerPC target",
        without: "nothing is run on a big-endian machine",
        minimal: false,
        present: |repo| rust::has_target(repo, vintage::POWERPC.target),
        recipe: Recipe::Target(vintage::POWERPC.target),
    },
    Part {
        name: "PowerPC C library",
        without: "nothing is run on a big-endian machine",
        minimal: false,
        present: |_| vintage::POWERPC.prefix().is_some(),
        recipe: Recipe::Apt(&["gcc-powerpc-linux-gnu", "libc6-dev-powerpc-cross"]),
    },
    Part {
        name: "i586 target",
        without: "nothing is run on a 32-bit PC",
        minimal: false,
        present: |repo| rust::has_target(repo, vintage::I586.target),
        recipe: Recipe::Target(vintage::I586.target),
    },
    Part {
        name: "i586 C library",
        without: "nothing is run on a 32-bit PC",
        minimal: false,
        present: |_| vintage::I586.prefix().is_some(),
        recipe: Recipe::Apt(&["gcc-i686-linux-gnu", "libc6-dev-i386-cross"]),
    },
    Part {
        name: "QEMU",
        without: "nothing is run on vintage machines",
        minimal: false,
        present: |_| vintage::HOSTS.iter().all(|host| shell::find(host.qemu[0]).is_some()),
        recipe: Recipe::Apt(&["qemu-user"]),
    },
    Part {
        name: "Chromium",
        without: "the page is built but never opened (or name a Chromium in ADIT_CHROMIUM)",
        minimal: false,
        present: |_| browser::find().is_some(),
        recipe: Recipe::Apt(&["chromium"]),
    },
    Part {
        name: "Firefox",
        without: "the page is never opened in a second browser (or name a Firefox in ADIT_FIREFOX)",
        minimal: false,
        present: |_| browser::firefox().is_some(),
        recipe: Recipe::Apt(&["firefox-esr"]),
    },
    Part {
        name: "js-ipfs",
        without: "content is exchanged with no node but our own",
        minimal: false,
        present: |repo| !npm::is_stale(&repo.root.join(JS_IPFS)),
        recipe: Recipe::Npm(JS_IPFS),
    },
    Part {
        name: "clawrtc",
        without: "the pool serves no RustChain miner but our own",
        minimal: false,
        present: |repo| peers::clawrtc(repo).is_some(),
        recipe: Recipe::Clawrtc,
    },
    Part {
        name: "Vulkan driver",
        without: "GPU kernels are not run natively",
        minimal: false,
        present: |_| apt::has_vulkan_driver(),
        recipe: Recipe::Apt(&["mesa-vulkan-drivers", "libvulkan1"]),
    },
];
