//! Keeps the graphics loader quiet on machines without a desktop.

/// Switches Mesa's device-select layer off where there is no desktop. The layer asks the desktop for its adapter, and without one
/// its library complains about `XDG_RUNTIME_DIR` on standard error whenever adapters are listed. An environment variable switches
/// it off, so call this first in `main`: once there are other threads it does nothing.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
pub fn without_desktop() {
    let alone = || std::fs::read_dir("/proc/self/task").is_ok_and(|threads| threads.count() == 1);
    if std::env::var_os("XDG_RUNTIME_DIR").is_none() && alone() {
        // SAFETY: this is the process's only thread, so nobody reads the environment meanwhile.
        unsafe { std::env::set_var("NODEVICE_SELECT", "1") };
    }
}

/// Only Mesa on Linux has such a layer.
#[cfg(not(target_os = "linux"))]
pub fn without_desktop() {}
