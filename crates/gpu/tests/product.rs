//! Compares every form of the kernel on every adapter with the scalar reference.

mod devices;

use std::rc::Rc;

use adit_core::kernel::float::{self, FloatMatrix};
use adit_core::kernel::{Right, Running, matmul_i8};
use adit_core::random::SplitMix64;
use adit_core::unit::MAX_K;
use adit_core::vectors::{self, RoundingCase};
use adit_gpu::{AdapterChoice, GpuDevice, GpuError, Kernels, Numbers};
use devices::on_every_device;
use futures::executor::block_on;

fn product(device: &GpuDevice, a: &[i8], b: &[i8], m: u32, k: u32, n: u32) -> Result<Vec<i32>, GpuError> {
    let packed = device.pack(b, k, n)?;
    let mut sums = Vec::new();
    block_on(device.multiply(a, m, &packed, &mut sums))?;
    Ok(sums)
}

fn check(device: &GpuDevice, (m, k, n): (u32, u32, u32)) {
    let mut values = SplitMix64::new(u64::from(m ^ k << 8 ^ n << 16));
    let (a, b) = (values.signed((m * k) as usize), values.signed((k * n) as usize));
    let got = product(device, &a, &b, m, k, n).expect("a product");
    assert!(got == matmul_i8(&a, &b, m as usize, k as usize, n as usize), "{m} x {k} x {n} on {device:?}");
}

#[test]
fn every_shape_agrees_with_the_reference() {
    let edges = [
        (1, 1, 1),
        (1, 2, 1),
        (2, 3, 5),
        (7, 4, 127),
        (8, 5, 128),
        (9, 31, 129),
        (65, 64, 1),
        (1, 64, 300),
        (1, 1000, 1),
        (33, 17, 257),
        (200, 129, 10),
        (130, 784, 64),
        (3, MAX_K, 2),
        (1, MAX_K - 1, 1),
    ];
    on_every_device(|device| edges.into_iter().for_each(|shape| check(device, shape)));
}

#[test]
fn scattered_shapes_agree_with_the_reference() {
    on_every_device(|device| {
        let mut draw = SplitMix64::new(7);
        let mut up_to = |limit: u64| (draw.draw() % limit) as u32 + 1;
        (0..40).for_each(|_| check(device, (up_to(150), up_to(300), up_to(300))));
    });
}

#[test]
fn extremes_are_exact_at_the_largest_k() {
    on_every_device(|device| {
        let (m, n) = (2u32, 2u32);
        for (left, right) in [(-128i8, -128i8), (-128, 127), (127, 127)] {
            let a = vec![left; (m * MAX_K) as usize];
            let b = vec![right; (MAX_K * n) as usize];
            let want = i32::from(left) * i32::from(right) * MAX_K as i32;
            assert_eq!(product(device, &a, &b, m, MAX_K, n), Ok(vec![want; 4]));
        }
    });
}

#[test]
fn the_start_up_vectors_agree() {
    on_every_device(|device| {
        for vector in vectors::products() {
            let pack = |b: &[i8], k: usize, n: usize| device.pack(b, k as u32, n as u32).expect("an operand");
            let (prepared, rows) = vector.prepare(pack);
            let mut running = Running::new(Rc::new(prepared), rows, Vec::new());
            while let Some(step) = running.step(device.rows_per_slice(1 << 16)) {
                let mut sums = Vec::new();
                let multiplied = match step.right {
                    Right::Packed(packed) => block_on(device.multiply(step.left, step.rows as u32, packed, &mut sums)),
                    Right::Fresh { values, k, n } => {
                        block_on(device.multiply(step.left, step.rows as u32, &pack(values, k, n), &mut sums))
                    }
                };
                multiplied.expect("a product");
                step.sums.copy_from_slice(&sums);
                running.advance();
            }
            assert!(vector.matches(&running.into_output()), "{} on {device:?}", vector.name);
        }
    });
}

#[test]
fn empty_products_are_zeros_without_work() {
    on_every_device(|device| {
        assert_eq!(product(device, &[], &[], 2, 0, 3), Ok(vec![0; 6]));
        assert_eq!(product(device, &[], &[1, 2], 0, 1, 2), Ok(vec![]));
        assert_eq!(product(device, &[1, 2], &[], 2, 1, 0), Ok(vec![]));
        let huge = product(device, &[], &[], u32::MAX, 0, u32::MAX);
        assert!(matches!(huge, Err(GpuError::TooLarge { what: "product", .. })), "{huge:?}");
    });
}

#[test]
fn operands_that_are_not_what_they_say_are_refused() {
    on_every_device(|device| {
        let refused = device.pack(&[1i8, 2, 3], 2, 2).map(|_| ());
        assert_eq!(refused, Err(GpuError::Shape { operand: "b", rows: 2, cols: 2, got: 3, want: 4 }));
        let refused = device.pack(&vec![0i8; MAX_K as usize + 1], MAX_K + 1, 1).map(|_| ());
        assert_eq!(refused, Err(GpuError::KTooLarge { k: MAX_K + 1, most: MAX_K }));
        let refused = device.pack(&vec![0f32; 4097], 4097, 1).map(|_| ());
        assert_eq!(refused, Err(GpuError::KTooLarge { k: 4097, most: 4096 }));

        let packed = device.pack(&[1i8, 2, 3, 4], 2, 2).expect("an operand");
        let mut sums = vec![9];
        let refused = block_on(device.multiply(&[1, 2, 3], 1, &packed, &mut sums));
        assert_eq!(refused, Err(GpuError::Shape { operand: "a", rows: 1, cols: 2, got: 3, want: 2 }));
        assert_eq!(sums, [9]);
        block_on(device.multiply(&[1, 1], 1, &packed, &mut sums)).expect("a product");
        assert_eq!(sums, [9, 4, 6], "appended");
    });
}

#[test]
fn a_remembered_form_that_fails_is_raced_again() {
    on_every_device(|device| {
        let sound = device.kernels();
        // The two forms swapped, as a page of another version might have remembered them.
        let swapped = Kernels { integers: sound.floats, floats: sound.integers };
        let opened = block_on(GpuDevice::open_with(AdapterChoice::Any, |_| Some(swapped)));
        let used = opened.expect("a device").kernels();
        assert_eq!([used.integers.dot.numbers(), used.floats.dot.numbers()], [Numbers::Integers, Numbers::Floats]);
    });
}

fn check_floats(device: &GpuDevice, (m, k, n): (u32, u32, u32)) {
    let mut values = SplitMix64::new(u64::from(m ^ k << 8 ^ n << 16));
    let mut floats = |count: u32| -> Vec<f32> { values.signed(count as usize).into_iter().map(f32::from).collect() };
    let (a, b) = (floats(m * k), floats(k * n));
    let packed = device.pack(&b, k, n).expect("an operand");
    let (mut got, mut want) = (Vec::new(), vec![0.0; (m * n) as usize]);
    block_on(device.multiply(&a, m, &packed, &mut got)).expect("a product");
    float::multiply(&a, m as usize, &FloatMatrix { rows: k as usize, cols: n as usize, values: b }, &mut want);
    assert!(got == want, "{m} x {k} x {n} on {device:?}");
}

#[test]
fn floats_agree_where_every_sum_is_exact() {
    on_every_device(|device| {
        let mut draw = SplitMix64::new(8);
        let mut up_to = |limit: u64| (draw.draw() % limit) as u32 + 1;
        let edges = [(1, 1, 1), (1, 257, 1), (9, 256, 129), (3, 1024, 5), (65, 513, 130), (130, 64, 300)];
        edges.into_iter().for_each(|shape| check_floats(device, shape));
        (0..10).for_each(|_| check_floats(device, (up_to(150), up_to(600), up_to(300))));
    });
}

#[test]
fn rounding_errors_of_floats_stay_within_the_bound() {
    let case = RoundingCase::default();
    on_every_device(|device| {
        let packed = device.pack(&case.b.values, case.b.rows as u32, case.b.cols as u32).expect("an operand");
        let mut got = Vec::new();
        block_on(device.multiply(&case.a, RoundingCase::ROWS as u32, &packed, &mut got)).expect("a product");
        assert!(case.squared_share(&got) < 1.0, "{} on {device:?}", case.squared_share(&got));
    });
}

#[test]
fn products_go_on_step_by_step_and_stop_by_drop() {
    on_every_device(|device| {
        // More than any software adapter computes in a slice; hardware may need only one.
        let (m, k, n) = (8000, 512, 512);
        let several = device.facts().software;
        let mut values = SplitMix64::new(3);
        let (a, b) = (values.signed((m * k) as usize), values.signed((k * n) as usize));
        let packed = device.pack(&b, k, n).expect("an operand");
        drop(b);
        let mut first = device.start(a.clone(), m, &packed).expect("a product");
        let mut second = device.start(a.as_slice(), m, &packed).expect("a product");
        let mut dropped = device.start(a.as_slice(), m, &packed).expect("a product");
        let first_step = block_on(dropped.step()).expect("a slice");
        assert!(!(several && first_step.is_done()), "the first slice must not be the whole");
        drop(dropped);
        assert_eq!(device.start(a.as_slice(), m, &packed).expect("a product").into_sums(), None);
        drop(packed);
        let (mut done, mut steps) = (0, 0);
        while !first.progress().is_done() || !second.progress().is_done() {
            let progress = block_on(first.step()).expect("a slice");
            assert!(progress.done > done || progress.is_done());
            done = progress.done;
            block_on(second.step()).expect("a slice");
            steps += 1;
        }
        assert!(steps > 1 || !several);
        assert_eq!(first.into_sums(), second.into_sums());
    });
}

#[test]
fn slices_stay_short() {
    on_every_device(|device| {
        let (m, k, n) = (2048, 512, 1024);
        let mut values = SplitMix64::new(4);
        let (a, b) = (values.signed((m * k) as usize), values.signed((k * n) as usize));
        let packed = device.pack(&b, k, n).expect("an operand");
        let mut product = device.start(a, m, &packed).expect("a product");
        let mut slices_ms = Vec::new();
        while !product.progress().is_done() {
            let started = std::time::Instant::now();
            block_on(product.step()).expect("a slice");
            slices_ms.push(started.elapsed().as_secs_f64() * 1e3);
        }
        slices_ms.sort_by(f64::total_cmp);
        assert!(slices_ms[slices_ms.len() / 2] < 100.0, "{slices_ms:?} on {device:?}");
    });
}

#[test]
fn a_lost_device_says_so() {
    on_every_device(|device| {
        let packed = device.pack(&[1i8; 64], 8, 8).expect("an operand");
        let mut product = device.start([1; 64], 8, &packed).expect("a product");
        device.close();
        let lost = block_on(product.step());
        assert!(matches!(lost, Err(GpuError::Lost(_))), "{lost:?}");
        let lost = device.pack(&[1i8; 64], 8, 8).map(|_| ());
        assert!(matches!(lost, Err(GpuError::Lost(_))), "{lost:?}");
    });
}
