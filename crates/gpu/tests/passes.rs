//! Compares whole models, trees of leaves and recovery with the scalar reference.

mod devices;

use std::rc::Rc;

use adit_core::kernel::engine::{Engine, EngineError};
use adit_core::kernel::gradient::transpose;
use adit_core::kernel::pass::compute;
use adit_core::kernel::{PackedBack, PackedLayer, PackedLayers, Product, Rows, Running, Scalar};
use adit_core::kind::mlp_i8;
use adit_core::random::SplitMix64;
use adit_core::unit::Requant;
use adit_core::vectors::{FLOATS, TREES};
use adit_gpu::{AdapterChoice, GpuDevice, Graphics};
use devices::on_every_device;
use futures::executor::block_on;

fn passed(device: &GpuDevice, model: &Model, rows: &Rows, most: usize) -> Vec<i32> {
    let prepared = model.prepared(|b, k, n| device.pack(b, k as u32, n as u32).expect("an operand"));
    assert!(device.passes(&prepared.layers), "{model:?} is small");
    let mut running = Running::new(Rc::new(prepared), rows.clone(), Vec::new());
    while let Some(pass) = running.pass(most) {
        block_on(device.pass(pass)).expect("a pass");
    }
    running.into_output()
}

/// Layers with any scales.
#[derive(Debug)]
struct Model {
    dims: Vec<usize>,
    weights: Vec<Vec<i8>>,
    biases: Vec<Vec<i32>>,
    scales: Vec<Requant>,
    gradient: bool,
}

impl Model {
    fn draw(values: &mut SplitMix64, dims: &[usize], gradient: bool) -> Model {
        let mut model = Model { dims: dims.to_vec(), weights: vec![], biases: vec![], scales: vec![], gradient };
        for pair in dims.windows(2) {
            model.weights.push(values.weights(pair[0] * pair[1]));
            // Of every magnitude, so that sums hit every clamp.
            model.biases.push((0..pair[1]).map(|_| (values.draw() >> 32) as i32 >> (values.draw() % 32)).collect());
            for _ in 0..2 {
                let shift = (values.draw() % 62 + 1) as u8;
                let multiplier = ((values.draw() >> 33) as u32 >> (values.draw() % 31)).max(1);
                model.scales.push(Requant { multiplier, shift });
            }
        }
        model
    }

    fn prepared<P>(&self, mut pack: impl FnMut(&[i8], usize, usize) -> P) -> PackedLayers<P> {
        let layer = |index: usize| {
            let (weights, k, n) = (&self.weights[index], self.dims[index], self.dims[index + 1]);
            let last = index + 2 == self.dims.len();
            let requant = (self.gradient || !last).then_some(self.scales[2 * index]);
            let scale = self.scales[2 * index + 1];
            let back = (self.gradient && index > 0)
                .then(|| PackedBack { transposed: pack(&transpose(weights, k, n), n, k), scale });
            PackedLayer { packed: pack(weights, k, n), k, n, bias: self.biases[index].clone(), requant, back }
        };
        PackedLayers { layers: (0..self.weights.len()).map(layer).collect() }
    }

    fn rows(&self, values: &mut SplitMix64, count: usize) -> Rows {
        let outputs = self.dims[self.dims.len() - 1];
        let targets = if self.gradient { values.weights(count * outputs) } else { Vec::new() };
        Rows { count, input: values.activations(count * self.dims[0]), targets }
    }

    fn reference(&self, rows: &Rows) -> Vec<i32> {
        let mut running =
            Running::new(Rc::new(self.prepared(|b, k, n| Scalar.pack(b, k, n))), rows.clone(), Vec::new());
        while let Some(pass) = running.pass(usize::MAX) {
            compute(&Scalar, pass);
        }
        running.into_output()
    }
}

#[test]
fn models_of_every_scale_agree_with_the_reference() {
    on_every_device(|device| {
        let mut values = SplitMix64::new(21);
        for dims in [&[5, 3, 2][..], &[1, 1, 1], &[64, 130, 10], &[33, 17, 9, 21]] {
            for gradient in [false, true] {
                let model = Model::draw(&mut values, dims, gradient);
                let rows = model.rows(&mut values, 150);
                let right = model.reference(&rows);
                for most in [7, 150] {
                    assert!(passed(device, &model, &rows, most) == right, "{most} rows of {dims:?} on {device:?}");
                }
            }
        }
        let one_layer = Model::draw(&mut values, &[31, 17], true);
        let rows = one_layer.rows(&mut values, 33);
        assert!(passed(device, &one_layer, &rows, 33) == one_layer.reference(&rows), "on {device:?}");
    });
}

#[test]
fn a_pass_of_more_rows_than_fit_goes_through_in_parts() {
    on_every_device(|device| {
        let mut values = SplitMix64::new(23);
        for gradient in [false, true] {
            let model = Model::draw(&mut values, &[5, 3, 2], gradient);
            // More workgroups in y than WebGPU allows.
            let rows = model.rows(&mut values, 33_000);
            assert!(passed(device, &model, &rows, 33_000) == model.reference(&rows), "on {device:?}");
        }
    });
}

#[test]
fn the_plan_of_one_model_is_not_used_for_another() {
    on_every_device(|device| {
        let mut values = SplitMix64::new(22);
        let models: Vec<Model> = (0..2).map(|_| Model::draw(&mut values, &[20, 12, 7], true)).collect();
        let rows = models[0].rows(&mut values, 20);
        for model in models.iter().chain(&models) {
            assert!(passed(device, model, &rows, 20) == model.reference(&rows), "on {device:?}");
        }
    });
}

#[test]
fn models_too_large_for_a_slice_go_product_by_product() {
    on_every_device(|device| {
        let layer = |k: usize, n: usize| PackedLayer {
            packed: device.pack(&[1i8], 1, 1).expect("an operand"),
            k,
            n,
            bias: vec![0; n],
            requant: None,
            back: None,
        };
        assert!(!device.passes(&[layer(100_000, 100_000), layer(100_000, 10)]));
        assert!(!device.passes(&[layer(4, 4)]), "a product alone needs no pass");
    });
}

fn graphics() -> Option<Graphics> {
    match block_on(Graphics::open(AdapterChoice::Any, |_| None)) {
        Ok(engine) => Some(engine),
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "{error}, and CI must have an adapter (mesa-vulkan-drivers)");
            eprintln!("skipped: {error}");
            None
        }
    }
}

/// Compares leaves of trees and floats with the start-up set's digests.
#[test]
fn the_other_kinds_vectors_agree() {
    let Some(engine) = graphics() else { return };
    for most in [1, 3, Graphics::LEAVES] {
        for vector in TREES {
            let mut tree = vector.start();
            while let Some(leaves) = tree.next(most) {
                let digests = block_on(engine.hash(leaves)).expect("digests");
                tree.take(&digests);
            }
            assert!(vector.matches(&tree.into_output()), "{}", vector.name);
        }
    }
    for vector in FLOATS {
        let ((a, b), mut product) = (vector.operands(), vector.zeros());
        let packed = engine.pack_floats(b).expect("an operand");
        block_on(engine.multiply_floats(&a, vector.rows, &packed, &mut product)).expect("a product");
        assert!(vector.matches(&product), "{}", vector.name);
    }
}

#[test]
fn a_lost_engine_recovers_with_the_forms_it_had() {
    let Some(engine) = graphics() else { return };
    let vector = &mlp_i8::VECTORS[1];
    let run = || {
        let (prepared, rows) = vector.try_prepare(|b, k, n| engine.pack(b, k, n))?;
        let mut running = Running::new(Rc::new(prepared), rows, Vec::new());
        while let Some(pass) = running.pass(vector.rows) {
            block_on(engine.pass(pass))?;
        }
        Ok(vector.matches(&running.into_output()))
    };
    assert_eq!(run(), Ok(true));
    let forms = engine.kernels();
    engine.device().close();
    assert!(matches!(run(), Err(EngineError::Lost(_))), "closed");
    block_on(engine.recover()).expect("a device");
    assert_eq!((run(), engine.kernels()), (Ok(true), forms));
}
