//! Runs tests on every adapter, with every form of the product.

use adit_gpu::{AdapterChoice, GpuDevice, GpuError, Kernels};
use futures::executor::block_on;

/// The form that an adapter chooses, and forms that only other adapters would choose.
fn forms() -> Vec<Option<Kernels>> {
    let forced = [
        "packed 8x8 of 16x4 in registers, float 8x8 of 16x4 in registers",
        "spread 8x8 of 16x4 in registers, float 4x4 of 8x8 in registers",
        "spread 4x4 of 8x1 in quads, float 32x8 of 4x1 in quads",
        "packed 8x4 of 16x16 in workgroup:16, float 8x4 of 16x16 in workgroup:16",
        "spread 4x4 of 8x8 in workgroup:3, float 4x4 of 8x8 in workgroup:5",
        "packed 8x8 of 16x16 in workgroup:8, float 8x8 of 16x16 in workgroup:8",
    ];
    [None].into_iter().chain(forced.map(|text| Some(text.parse().expect("a form")))).collect()
}

/// Runs `test` on every adapter and form. Without an adapter it skips the test, or fails in CI.
pub(crate) fn on_every_device(test: impl Fn(&GpuDevice)) {
    let mut tested = 0;
    for adapters in [AdapterChoice::Hardware, AdapterChoice::Software] {
        for kernels in forms() {
            match block_on(GpuDevice::open_with(adapters, |_| kernels)) {
                Ok(device) => {
                    assert!(kernels.is_none_or(|asked| asked == device.kernels()), "{kernels:?} was not used");
                    test(&device);
                }
                Err(GpuError::NoAdapter(_)) => continue,
                Err(error) => panic!("{adapters:?}: {error}"),
            }
            tested += 1;
        }
    }
    if tested == 0 {
        assert!(std::env::var_os("CI").is_none(), "no Vulkan adapter, and CI must have one (mesa-vulkan-drivers)");
        eprintln!("skipped: no Vulkan adapter");
    }
}
