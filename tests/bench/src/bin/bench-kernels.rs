//! `bench kernels`: compares the native kernels with what people would use instead, on one thread.
//!
//! Contenders take turns, every figure is the median of [`RUNS`] rounds after a warm-up, and results must agree. The
//! peers are numpy (OpenBLAS) and onnxruntime, run by tests/bench/peers.py with the interpreter in `ADIT_PYTHON` and
//! skipped with a message without it, matrixmultiply and libsecp256k1. On a graphics card the peer is cuBLAS in fp32,
//! if that interpreter has cupy; a software adapter has no peer.

use std::sync::Arc;

use adit_bench::lane::Lane;
use adit_bench::peers::Peers;
use adit_bench::roof::roof;
use adit_bench::row::{Measured, Row, table};
use adit_bench::{SHAPES, adapter, json_file, machine, median, timed};
use adit_core::content_id::sha256;
use adit_core::kernel::float::{FloatMatrix, to_bytes};
use adit_core::kernel::{Product, to_le_bytes};
use adit_core::random::SplitMix64;
use adit_core::sign::{Digest, LeaseId, SecretKey};
use adit_core::statement::Delivery;
use adit_cpu::{Backend, Cpu};
use adit_gpu::{AdapterFacts, GpuDevice};
use anyhow::{Context, Result, ensure};
use futures::executor::block_on;
use serde_json::{Value, json};

const RUNS: usize = 11;
const SIZES: [usize; 3] = [512, 1024, 2048];
/// Signatures in one round.
const SIGNATURES: usize = 200;

fn main() -> Result<()> {
    let file = json_file()?;
    let mut peers = Peers::start()?;
    println!("{}\n{}\nmedians of {RUNS}, one thread\n", machine(), peers.versions());
    let mut rows = roofs()?;
    for n in SIZES {
        rows.push(integers(n, &mut peers)?);
        rows.push(floats(n, &mut peers)?);
    }
    rows.extend(on_graphics(&mut peers)?);
    rows.extend(lanes_of_adapter()?);
    rows.push(two_lanes()?);
    let (units, faults) = whole_units()?;
    rows.extend(units);
    rows.extend(signatures()?);
    let table = table(&rows);
    println!("{table}\n{}", faults.join("\n"));
    if let Some(file) = file {
        let rows: Vec<Value> = rows.iter().map(Row::to_json).collect();
        let report = json!({ "machine": machine(), "peers": peers.versions(), "rows": rows, "page_faults": faults });
        std::fs::write(&file, format!("{report:#}\n")).with_context(|| file.display().to_string())?;
    }
    Ok(())
}

/// A name, and a function that computes once and returns its milliseconds and the digest of the result.
type Contender<'a> = (String, Box<dyn FnMut() -> Result<(f64, String)> + 'a>);

/// Lets contenders take turns. Rates are `work` per second at the median times.
fn race(what: String, unit: &'static str, work: f64, mut contenders: Vec<Contender<'_>>) -> Result<Row> {
    let mut times = vec![Vec::new(); contenders.len()];
    let mut digests = vec![String::new(); contenders.len()];
    for round in 0..=RUNS {
        for (index, (_, run)) in contenders.iter_mut().enumerate() {
            let (ms, digest) = run()?;
            // The first round is a warm-up.
            if round > 0 {
                ensure!(digests[index].is_empty() || digests[index] == digest, "{what}: results differ between rounds");
                digests[index] = digest;
                times[index].push(ms);
            }
        }
    }
    let rounds = contenders.into_iter().zip(times).zip(digests);
    let measured = |(((name, _), times), digest)| Measured { name, times, digest: Some(digest), error: None };
    let row = Row::new(what.clone(), unit, work, rounds.map(measured).collect(), Vec::new())?;
    eprintln!("{what}: {}", row.ratio().map_or("no peer".into(), |ratio| format!("{ratio:.2}")));
    Ok(row)
}

/// What each backend's instructions do on registers alone.
fn roofs() -> Result<Vec<Row>> {
    let found = |backend: Backend| roof(backend).map(|roof| (backend, roof));
    let row = |(backend, roof): (Backend, adit_bench::roof::Roof)| {
        let run = move || Ok((timed(roof.run).0, String::new()));
        let contenders: Vec<Contender<'_>> = vec![(format!("adit {backend}"), Box::new(run))];
        race(format!("roof of {backend}, on registers alone"), "Gop/s", roof.operations / 1e9, contenders)
    };
    // A backend's permission to use its instructions is asked for when it is opened.
    let opened = Backend::available().into_iter().filter(|backend| Cpu::with(*backend).is_ok());
    opened.filter_map(found).map(row).collect()
}

/// Units on the fastest backend from their blocks to an output with its digest, in a lane that takes its buffers again and
/// in one that keeps none; and the page faults of each.
fn whole_units() -> Result<(Vec<Row>, Vec<String>)> {
    let cpu = Cpu::best()?;
    let (mut rows, mut lines) = (Vec::new(), Vec::new());
    for shape in SHAPES.into_iter().filter(|(name, ..)| ["matmul 1024", "matmul 2048", "matmul 8192"].contains(name)) {
        let unit = adapter::unit(shape, &cpu)?;
        let names = ["adit, kept buffers", "fresh buffers"];
        let mut lanes = [true, false].map(|keeps| Lane::new(cpu, &unit, keeps));
        let mut faults = [const { Vec::new() }; 2];
        let contenders = names.into_iter().zip(lanes.iter_mut().zip(&mut faults)).map(|(name, (lane, faults))| {
            let run = move || {
                let (ms, count) = lane.run()?;
                faults.extend(count.map(|count| count as f64));
                Ok((ms, String::new()))
            };
            (name.to_owned(), Box::new(run) as Box<dyn FnMut() -> Result<(f64, String)>>)
        });
        let work = 2.0 * unit.unit.work() as f64 / 1e9;
        rows.push(race(format!("unit of {}, blocks to digest", shape.0), "Gop/s", work, contenders.collect())?);
        if faults.iter().all(|faults| !faults.is_empty()) {
            let [kept, fresh] = faults.map(|faults| median(&faults));
            lines.push(format!(
                "page faults of a unit of {}: {kept} with kept buffers, {fresh} with fresh ones",
                shape.0
            ));
        }
    }
    Ok((rows, lines))
}

/// A has values of 0..=127, like activations, so that both of onnxruntime's products give our results.
fn integers(n: usize, peers: &mut Peers) -> Result<Row> {
    let (a, b) = (SplitMix64::new(1).activations(n * n), SplitMix64::new(2).weights(n * n));
    let mut contenders: Vec<Contender<'_>> = Vec::new();
    for backend in Backend::available() {
        if backend == Backend::Portable && n > SIZES[0] {
            continue;
        }
        let cpu = Cpu::with(backend)?;
        let (packed, a, mut c) = (cpu.pack(&b, n, n), &a, vec![0; n * n]);
        let run = move || {
            let (ms, ()) = timed(|| cpu.multiply(a, n, &packed, &mut c));
            Ok((ms, hex::encode(sha256(&to_le_bytes(&c)))))
        };
        contenders.push((format!("adit {backend}"), Box::new(run)));
    }
    let peers = std::cell::RefCell::new(peers);
    for peer in ["ort u8 x i8", "ort i8 x i8"] {
        if peers.borrow().are_there() {
            let peers = &peers;
            contenders.push((peer.into(), Box::new(move || peers.borrow_mut().run(peer, n, n, n))));
        }
    }
    race(format!("int8 product, n = {n}"), "Gop/s", 2.0 * (n as f64).powi(3) / 1e9, contenders)
}

/// Operands are whole numbers, so that sums are exact and results comparable.
fn floats(n: usize, peers: &mut Peers) -> Result<Row> {
    let (a, b) = (whole_floats(1, n), FloatMatrix { rows: n, cols: n, values: whole_floats(2, n) });
    let cpu = Cpu::best()?;
    let (mut ours, mut theirs) = (vec![0.0; n * n], vec![0.0; n * n]);
    let run_ours = || {
        let (ms, ()) = timed(|| cpu.multiply_f32(&a, n, &b, &mut ours));
        Ok((ms, digest(&ours)))
    };
    let run_theirs = || {
        let (ms, ()) = timed(|| matrixmultiply_product(n, &a, &b.values, &mut theirs));
        Ok((ms, digest(&theirs)))
    };
    let mut contenders: Vec<Contender<'_>> =
        vec![("adit".into(), Box::new(run_ours)), ("matrixmultiply".into(), Box::new(run_theirs))];
    let peers = std::cell::RefCell::new(peers);
    for peer in ["numpy f32", "ort f32"] {
        if peers.borrow().are_there() {
            let peers = &peers;
            contenders.push((peer.into(), Box::new(move || peers.borrow_mut().run(peer, n, n, n))));
        }
    }
    race(format!("f32 product, n = {n}"), "GFLOP/s", 2.0 * (n as f64).powi(3) / 1e9, contenders)
}

/// Products on the graphics adapter, transfers included, beside the processor's.
fn on_graphics(peers: &mut Peers) -> Result<Vec<Row>> {
    let device = match block_on(GpuDevice::open()) {
        Ok(device) => device,
        Err(error) => {
            println!("skipped: products on graphics: {error}");
            return Ok(Vec::new());
        }
    };
    let AdapterFacts { name, software, .. } = device.facts().clone();
    if software {
        println!("skipped: cuBLAS and a card's peak, because the only adapter is {name}");
    }
    let n = if software { 512 } else { 4096 };
    let cublas = (!software && peers.versions().contains("cublas")).then_some(peers);
    Ok(vec![integers_on(&device, &name, n)?, floats_on(&device, &name, n, cublas)?])
}

fn integers_on(device: &GpuDevice, name: &str, n: usize) -> Result<Row> {
    let cpu = Cpu::best()?;
    let (a, b) = (SplitMix64::new(1).activations(n * n), SplitMix64::new(2).weights(n * n));
    let (packed, on_processor) = (device.pack(&b, n as u32, n as u32)?, cpu.pack(&b, n, n));
    let (mut sums, mut c) = (Vec::new(), vec![0; n * n]);
    let on_graphics = || {
        sums.clear();
        let (ms, done) = timed(|| block_on(device.multiply(&a, n as u32, &packed, &mut sums)));
        done?;
        Ok((ms, hex::encode(sha256(&to_le_bytes(&sums)))))
    };
    let on_processor = || {
        let (ms, ()) = timed(|| cpu.multiply(&a, n, &on_processor, &mut c));
        Ok((ms, hex::encode(sha256(&to_le_bytes(&c)))))
    };
    let contenders: Vec<Contender<'_>> =
        vec![("adit graphics".into(), Box::new(on_graphics)), ("adit processor".into(), Box::new(on_processor))];
    race(format!("int8 product on {name}, n = {n}"), "Gop/s", 2.0 * (n as f64).powi(3) / 1e9, contenders)
}

fn floats_on(device: &GpuDevice, name: &str, n: usize, cublas: Option<&mut Peers>) -> Result<Row> {
    let cpu = Cpu::best()?;
    let (a, b) = (whole_floats(1, n), whole_floats(2, n));
    let (packed, b) = (device.pack(&b, n as u32, n as u32)?, FloatMatrix { rows: n, cols: n, values: b });
    let (mut sums, mut c) = (Vec::new(), vec![0.0; n * n]);
    let on_graphics = || {
        sums.clear();
        let (ms, done) = timed(|| block_on(device.multiply(&a, n as u32, &packed, &mut sums)));
        done?;
        Ok((ms, digest(&sums)))
    };
    let on_processor = || {
        let (ms, ()) = timed(|| cpu.multiply_f32(&a, n, &b, &mut c));
        Ok((ms, digest(&c)))
    };
    let mut contenders: Vec<Contender<'_>> =
        vec![("adit graphics".into(), Box::new(on_graphics)), ("adit processor".into(), Box::new(on_processor))];
    if let Some(peers) = cublas {
        contenders.push(("cublas f32".into(), Box::new(|| peers.run("cublas f32", n, n, n))));
    }
    race(format!("f32 product on {name}, n = {n}"), "GFLOP/s", 2.0 * (n as f64).powi(3) / 1e9, contenders)
}

/// Whole numbers from -8 to 7, whose sums are exact.
fn whole_floats(seed: u64, n: usize) -> Vec<f32> {
    SplitMix64::new(seed).signed(n * n).into_iter().map(|value| f32::from(value >> 4)).collect()
}

/// SHA-256 of the values, with -0 turned into 0.
fn digest(c: &[f32]) -> String {
    hex::encode(sha256(&to_bytes(&c.iter().map(|value| value + 0.0).collect::<Vec<f32>>())))
}

#[allow(unsafe_code, reason = "the library takes pointers and strides")]
fn matrixmultiply_product(n: usize, a: &[f32], b: &[f32], c: &mut [f32]) {
    assert!(a.len() == n * n && b.len() == n * n && c.len() == n * n);
    let stride = n as isize;
    // SAFETY: all three hold n × n values, and c is borrowed mutably, so it does not overlap the others.
    unsafe {
        matrixmultiply::sgemm(
            n,
            n,
            n,
            1.0,
            a.as_ptr(),
            stride,
            1,
            b.as_ptr(),
            stride,
            1,
            0.0,
            c.as_mut_ptr(),
            stride,
            1,
        );
    }
}

/// Compares the two lanes that a miner runs on a graphics adapter with one: the second computes while the first waits.
fn lanes_of_adapter() -> Result<Vec<Row>> {
    /// Units in one round.
    const UNITS: usize = 12;
    // Earlier rows have already reported a missing adapter.
    let Ok(device) = block_on(GpuDevice::open()) else { return Ok(Vec::new()) };
    let (kernels, name, cpu) = (device.kernels(), device.facts().name.clone(), Cpu::best()?);
    let wanted = ["matmul 1024", "mlp 784-128-64-10", "gradient 784-128-10"];
    let mut rows = Vec::new();
    for shape in SHAPES.into_iter().filter(|(name, ..)| wanted.contains(name)) {
        let unit = Arc::new(adapter::unit(shape, &cpu)?);
        let mut contenders: Vec<Contender<'_>> = Vec::new();
        for (contender, count) in [("adit, two lanes", 2), ("one lane", 1)] {
            let lanes = adapter::Lanes::open(count, kernels, &unit)?;
            contenders.push((contender.into(), Box::new(move || Ok((lanes.run(UNITS)?, String::new())))));
        }
        let work = UNITS as f64 * 2.0 * unit.unit.work() as f64 / 1e9;
        rows.push(race(format!("two lanes ÷ one on {name}, {}", shape.0), "Gop/s", work, contenders)?);
    }
    Ok(rows)
}

/// Compares two lanes on two cores, as a miner runs them, with one.
fn two_lanes() -> Result<Row> {
    let n = 1024;
    let cpu = Cpu::best()?;
    let (a, b) = (SplitMix64::new(1).activations(n * n), SplitMix64::new(2).weights(n * n));
    let packed = cpu.pack(&b, n, n);
    let lane = || {
        let mut c = vec![0; n * n];
        (0..8).for_each(|_| cpu.multiply(&a, n, &packed, &mut c));
    };
    let (one, two) = (
        || Ok((timed(lane).0, String::new())),
        || {
            let both = || std::thread::scope(|scope| [scope.spawn(lane), scope.spawn(lane)].map(|lane| lane.join()));
            Ok((timed(both).0 / 2.0, String::new()))
        },
    );
    let contenders: Vec<Contender<'_>> =
        vec![("adit, two lanes".into(), Box::new(two)), ("one lane".into(), Box::new(one))];
    race("two lanes ÷ one, int8, n = 1024".into(), "Gop/s", 16.0 * (n as f64).powi(3) / 1e9, contenders)
}

/// Signs and verifies deliveries, beside libsecp256k1 on the same digests.
fn signatures() -> Result<Vec<Row>> {
    let ours = SecretKey::from_bytes(&[7; 32]).context("a key")?;
    let delivery = Delivery {
        lease: LeaseId([1; 16]),
        unit: adit_core::content_id::cbor_cid(b"unit"),
        digest: Digest([2; 32]),
        length: 4,
    };
    let signature = ours.sign(&delivery);
    let public = ours.public_key();
    let message = secp256k1::Message::from_digest(sha256(b"a statement"));
    let theirs = secp256k1::SecretKey::from_secret_bytes([7; 32]).context("a key")?;
    let their_public = secp256k1::PublicKey::from_secret_key(&theirs);
    let their_signature = secp256k1::ecdsa::sign(message, &theirs);
    let sign: Vec<Contender<'_>> = vec![
        ("adit".into(), Box::new(|| repeated(|| ours.sign(&delivery)))),
        ("libsecp256k1".into(), Box::new(|| repeated(|| secp256k1::ecdsa::sign(message, &theirs)))),
    ];
    let verify: Vec<Contender<'_>> = vec![
        ("adit".into(), Box::new(|| repeated(|| public.verify(&delivery, &signature)))),
        (
            "libsecp256k1".into(),
            Box::new(|| repeated(|| secp256k1::ecdsa::verify(&their_signature, message, &their_public))),
        ),
    ];
    let thousands = SIGNATURES as f64 / 1e3;
    Ok(vec![
        race("signatures".into(), "thousands/s", thousands, sign)?,
        race("verifications".into(), "thousands/s", thousands, verify)?,
    ])
}

fn repeated<T>(work: impl Fn() -> T) -> Result<(f64, String)> {
    let all = || (0..SIGNATURES).for_each(|_| _ = std::hint::black_box(work()));
    Ok((timed(all).0, String::new()))
}
