//! Finds an adapter and opens its device.

use crate::error::GpuError;

/// Requests subgroups in browsers, where wgpu does not know them (gfx-rs/wgpu#5555).
#[cfg(target_arch = "wasm32")]
mod subgroups {
    #[wasm_bindgen::prelude::wasm_bindgen(module = "/src/device/subgroups.js")]
    extern "C" {
        /// Makes the next requested device have subgroups, if its adapter does.
        #[wasm_bindgen(js_name = askOnce)]
        pub(super) fn ask_once();
    }
}

/// Which adapters to consider.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AdapterChoice {
    /// Hardware if present, else software.
    #[default]
    Any,
    /// Hardware only.
    Hardware,
    /// Software only: runs the kernels on the CPU, for tests.
    Software,
}

/// What an adapter reports about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdapterFacts {
    /// The adapter's name, which browsers often withhold.
    pub name: String,
    /// The API below wgpu: `vulkan`, `metal`, `webgpu`.
    pub backend: String,
    /// The driver and its version, empty in browsers.
    pub driver: String,
    /// Whether it runs on the CPU, where a CPU lane is faster.
    pub software: bool,
    /// The size of its largest subgroup: the most invocations that run in lockstep.
    pub subgroup: u32,
}

/// The best adapter of the given choice, and the instance that listed it.
pub(super) async fn find(choice: AdapterChoice) -> Result<(wgpu::Instance, wgpu::Adapter), GpuError> {
    let missing = GpuError::NoAdapter(match choice {
        AdapterChoice::Any => "usable",
        AdapterChoice::Hardware => "hardware",
        AdapterChoice::Software => "software",
    });
    if wgpu::Instance::enabled_backend_features().is_empty() {
        return Err(missing);
    }
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let request = wgpu::RequestAdapterOptions {
        power_preference: wgpu::PowerPreference::HighPerformance,
        force_fallback_adapter: choice == AdapterChoice::Software,
        ..Default::default()
    };
    let Ok(adapter) = instance.request_adapter(&request).await else { return Err(missing) };
    let fits = match choice {
        AdapterChoice::Any => true,
        AdapterChoice::Hardware => !facts(&adapter).software,
        AdapterChoice::Software => facts(&adapter).software,
    };
    if fits { Ok((instance, adapter)) } else { Err(missing) }
}

pub(super) fn facts(adapter: &wgpu::Adapter) -> AdapterFacts {
    let info = adapter.get_info();
    AdapterFacts {
        name: if info.name.is_empty() { "unnamed adapter".into() } else { info.name },
        backend: info.backend.to_str().to_string(),
        driver: [info.driver, info.driver_info].join(" ").trim().to_owned(),
        software: info.device_type == wgpu::DeviceType::Cpu,
        subgroup: info.subgroup_max_size,
    }
}

/// A device with the adapter's buffer sizes, with subgroups if available, and with default limits otherwise.
pub(super) async fn device(adapter: &wgpu::Adapter) -> Result<(wgpu::Device, wgpu::Queue), GpuError> {
    let have = adapter.limits();
    #[cfg(target_arch = "wasm32")]
    subgroups::ask_once();
    let request = wgpu::DeviceDescriptor {
        label: Some("adit"),
        required_features: adapter.features() & wgpu::Features::SUBGROUP,
        required_limits: wgpu::Limits {
            max_buffer_size: have.max_buffer_size,
            max_storage_buffer_binding_size: have.max_storage_buffer_binding_size,
            ..wgpu::Limits::downlevel_defaults()
        },
        ..Default::default()
    };
    adapter.request_device(&request).await.map_err(|error| GpuError::Device(error.to_string()))
}
