//! Installs system packages: with apt as root on Debian; elsewhere an error names them.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::shell;

/// Installs the packages in one run; an error says what to do by hand.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    if shell::find("apt-get").is_none() {
        bail!("not a Debian system: install your system's counterparts of {}", packages.join(" "));
    }
    if !is_root() {
        bail!("not root: run `sudo apt-get install {}`", packages.join(" "));
    }
    // A stale index may still list the packages, so a failed update does not stop us.
    let _ = shell::run(apt_get().arg("update").arg("-qq"));
    shell::run(apt_get().args(["install", "-y", "-qq", "--no-install-recommends"]).args(packages))
}

/// Whether wgpu can find a driver: on Linux a Vulkan loader and a driver file; other systems include an interface of
/// their own.
pub(crate) fn has_vulkan_driver() -> bool {
    if !cfg!(target_os = "linux") {
        return true;
    }
    let driver = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"]
        .iter()
        .any(|folder| Path::new(folder).read_dir().is_ok_and(|mut files| files.next().is_some()));
    let loader = ["ldconfig", "/sbin/ldconfig"].iter().any(|ldconfig| {
        shell::capture(Command::new(ldconfig).arg("-p")).is_ok_and(|libraries| libraries.contains("libvulkan.so.1"))
    });
    driver && loader
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

#[cfg(unix)]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}
