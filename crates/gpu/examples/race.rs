//! Races the forms of the product on square matrices and prints Gop/s, median and best of several rounds. A
//! multiply-add is two operations, and transfers are included. The forms take turns, so that a busy machine slows them
//! all alike.
//!
//! `cargo run --profile ci -p adit-gpu --example race -- [FILTER]`, where FILTER is part of a form's name. It runs on
//! the best adapter; `VK_DRIVER_FILES` (for older loaders `VK_ICD_FILENAMES`) selects a Vulkan driver.

use std::time::Instant;

use adit_gpu::{AdapterChoice, Dot, Element, Family, GpuDevice, GpuError, Kernel, Kernels, Numbers};
use futures::executor::block_on;

const SIZES: [u32; 3] = [256, 512, 1024];
const ROUNDS: usize = 9;

fn main() -> Result<(), GpuError> {
    let filter = std::env::args().nth(1).unwrap_or_default();
    let mut racers = Vec::new();
    for kernel in forms().into_iter().filter(|kernel| kernel.to_string().contains(&filter)) {
        racers.push(block_on(Racer::new(kernel))?);
    }
    for _ in 0..ROUNDS {
        for racer in &mut racers {
            block_on(racer.round())?;
        }
    }
    racers.iter_mut().for_each(Racer::report);
    Ok(())
}

fn forms() -> Vec<Kernel> {
    let mut forms = Vec::new();
    for dot in [Dot::Packed, Dot::Spread, Dot::Float] {
        for (rows, cols) in [(4, 4), (8, 4), (8, 8), (4, 16), (8, 16), (16, 4), (16, 8), (16, 16), (32, 4)] {
            if dot != Dot::Packed {
                let lanes = 128 / cols;
                forms.push(Kernel { rows, cols, lanes, groups: 1, dot, family: Family::Quads });
            }
            for (lanes, groups) in [(8, 8), (16, 4), (16, 16)] {
                let kernel = |family| Kernel { rows, cols, lanes, groups, dot, family };
                forms.push(kernel(Family::Registers));
                // A block of operands takes at most half the workgroup memory that WGSL guarantees.
                let depth = 2048 / (rows * groups + cols * lanes);
                forms.extend(
                    [depth.min(16)]
                        .into_iter()
                        .filter(|depth| *depth >= 4)
                        .map(|depth| kernel(Family::Workgroup { depth })),
                );
            }
        }
    }
    forms
}

struct Racer {
    kernel: Kernel,
    device: GpuDevice,
    open_ms: f64,
    seconds: [Vec<f64>; SIZES.len()],
}

impl Racer {
    async fn new(kernel: Kernel) -> Result<Racer, GpuError> {
        let started = Instant::now();
        let plain = |dot| Kernel { rows: 8, cols: 8, lanes: 16, groups: 4, dot, family: Family::Registers };
        let kernels = match kernel.dot.numbers() {
            Numbers::Integers => Kernels { integers: kernel, floats: plain(Dot::Float) },
            Numbers::Floats => Kernels { integers: plain(Dot::Spread), floats: kernel },
        };
        let device = GpuDevice::open_with(AdapterChoice::Any, |_| Some(kernels)).await?;
        let open_ms = started.elapsed().as_secs_f64() * 1e3;
        let mut racer = Racer { kernel, device, open_ms, seconds: Default::default() };
        racer.round().await?;
        racer.seconds.iter_mut().for_each(Vec::clear);
        Ok(racer)
    }

    async fn round(&mut self) -> Result<(), GpuError> {
        for (n, seconds) in SIZES.into_iter().zip(&mut self.seconds) {
            let integers: Vec<i8> = (0..n * n).map(|i| (i.wrapping_mul(31) >> 3) as i8).collect();
            seconds.push(match self.kernel.dot.numbers() {
                Numbers::Integers => product(&self.device, &integers, n).await?,
                Numbers::Floats => {
                    let floats: Vec<f32> = integers.into_iter().map(f32::from).collect();
                    product(&self.device, &floats, n).await?
                }
            });
        }
        Ok(())
    }

    fn report(&mut self) {
        print!("{:40} opened in {:5.0} ms", self.kernel.to_string(), self.open_ms);
        for (n, seconds) in SIZES.into_iter().zip(&mut self.seconds) {
            seconds.sort_by(f64::total_cmp);
            let speed = |seconds: f64| 2.0 * f64::from(n).powi(3) / seconds / 1e9;
            print!("  n = {n}: {:5.2} (best {:5.2})", speed(seconds[seconds.len() / 2]), speed(seconds[0]));
        }
        println!("  {}", self.device.facts().name);
    }
}

async fn product<T: Element>(device: &GpuDevice, values: &[T], n: u32) -> Result<f64, GpuError> {
    let packed = device.pack(values, n, n)?;
    let mut sums = Vec::new();
    let started = Instant::now();
    device.multiply(values, n, &packed, &mut sums).await?;
    Ok(started.elapsed().as_secs_f64())
}
