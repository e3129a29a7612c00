//! Files to upload, made without the code under test.

use adit_core::kernel::signed;
use adit_core::random::SplitMix64;

/// A `.npy` file of version 1.0, as NumPy's format description defines it, with any header and bytes.
pub fn npy_with(descr: &str, shape: &str, bytes: &[u8]) -> Vec<u8> {
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(bytes);
    file
}

/// An i8 matrix as a `.npy` file.
pub fn npy(rows: u32, cols: u32, values: &[i8]) -> Vec<u8> {
    let bytes: Vec<u8> = values.iter().map(|value| *value as u8).collect();
    npy_with("|i1", &format!("({rows}, {cols})"), &bytes)
}

/// The values of a `.npy` result: little-endian i32 after the header.
pub fn npy_values(file: &[u8]) -> Vec<i32> {
    let header = usize::from(u16::from_le_bytes([file[8], file[9]]));
    adit_core::kernel::from_le_bytes(&file[10 + header..])
}

/// Random values of −128 ..= 127.
pub fn values(seed: u64, count: usize) -> Vec<i8> {
    SplitMix64::new(seed).signed(count)
}

/// A `.safetensors` file of a quantised perceptron: weights and biases by layer, and one requantisation for all but the
/// last.
pub fn model(layers: &[(Vec<i8>, Vec<i32>)], requant: [i32; 2]) -> Vec<u8> {
    model_with(layers, requant, None)
}

/// A trainable model: `back` scales the errors, and the last layer is requantised too.
pub fn training_model(layers: &[(Vec<i8>, Vec<i32>)], requant: [i32; 2], back: [i32; 2]) -> Vec<u8> {
    model_with(layers, requant, Some(back))
}

fn model_with(layers: &[(Vec<i8>, Vec<i32>)], requant: [i32; 2], back: Option<[i32; 2]>) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    let mut data: Vec<u8> = Vec::new();
    let mut tensor = |name: String, dtype: &str, shape: Vec<usize>, bytes: Vec<u8>| {
        let begin = data.len();
        data.extend(bytes);
        header.insert(name, serde_json::json!({ "dtype": dtype, "shape": shape, "data_offsets": [begin, data.len()] }));
    };
    for (index, (weights, bias)) in layers.iter().enumerate() {
        let shape = vec![weights.len() / bias.len(), bias.len()];
        let le = |values: &[i32]| values.iter().flat_map(|value| value.to_le_bytes()).collect();
        if index + 1 < layers.len() || back.is_some() {
            tensor(format!("layers.{index}.requant"), "I32", vec![2], le(&requant));
        }
        if let (Some(back), 1..) = (back, index) {
            tensor(format!("layers.{index}.back"), "I32", vec![2], le(&back));
        }
        tensor(format!("layers.{index}.bias"), "I32", vec![bias.len()], le(bias));
        let bytes = weights.iter().map(|weight| *weight as u8).collect();
        tensor(format!("layers.{index}.weight"), "I8", shape, bytes);
    }
    let header = serde_json::Value::Object(header).to_string().into_bytes();
    [&(header.len() as u64).to_le_bytes()[..], &header, &data].concat()
}

/// The I64 tensors of a `.safetensors` result, by name.
pub fn i64_tensors(file: &[u8]) -> std::collections::BTreeMap<String, Vec<i64>> {
    let (length, rest) = file.split_at(8);
    let length = u64::from_le_bytes(length.try_into().expect("8 bytes")) as usize;
    let header: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&rest[..length]).expect("a header");
    let values = |tensor: &serde_json::Value| {
        assert_eq!(tensor["dtype"], "I64");
        let offset = |at: usize| tensor["data_offsets"][at].as_u64().expect("an offset") as usize;
        let bytes = &rest[length + offset(0)..length + offset(1)];
        bytes.chunks_exact(8).map(|b| i64::from_le_bytes(b.try_into().expect("8 bytes"))).collect()
    };
    header.iter().map(|(name, tensor)| (name.clone(), values(tensor))).collect()
}

/// Samples as a `.csv` file.
pub fn csv(cols: usize, values: &[i8]) -> Vec<u8> {
    let line = |row: &[i8]| row.iter().map(i8::to_string).collect::<Vec<_>>().join(",");
    values.chunks(cols).map(|row| line(row) + "\n").collect::<String>().into_bytes()
}

/// The bytes as signed values.
pub fn as_values(bytes: &[u8]) -> Vec<i8> {
    signed(bytes)
}

/// An f32 matrix as a `.npy` file.
pub fn npy_floats(rows: usize, cols: usize, values: &[f32]) -> Vec<u8> {
    npy_with("<f4", &format!("({rows}, {cols})"), &adit_core::kernel::float::to_bytes(values))
}

/// Random bytes.
pub fn bytes(seed: u64, count: usize) -> Vec<u8> {
    values(seed, count).into_iter().map(|value| value as u8).collect()
}
