//! Model files: small valid ones, and bad ones that intake refuses.

use adit_core::unit::Requant;

use super::*;

#[test]
fn a_small_model_is_read() {
    let Ok(Parsed::Model(model)) = parse(Format::Safetensors, &safetensors_of(&small_model())) else {
        panic!("the model is good");
    };
    let requant = Some(Requant { multiplier: 1 << 30, shift: 33 });
    let first =
        ModelLayer { k: 2, n: 3, weights: vec![1, 2, 3, -1, -2, -127], bias: vec![10, -20, 30], requant, back: None };
    let last = ModelLayer { k: 3, n: 1, weights: vec![5, 6, 7], bias: vec![-1], requant: None, back: None };
    assert_eq!((model.inputs(), model.output_width()), (2, 4));
    assert_eq!(model, Model { layers: vec![first, last] });
    // 64-bit requantisation, and metadata.
    let wide: Vec<u8> = [1i64 << 30, 33].iter().flat_map(|value| value.to_le_bytes()).collect();
    let same = parse(Format::Safetensors, &model_with(tensor("layers.0.requant", Dtype::I64, &[2], wide)));
    assert_eq!(same, Ok(Parsed::Model(model)));
    let header = r#"{"__metadata__":{"classes":"no,yes"},"layers.0.weight":{"dtype":"I8","shape":[1,1],"data_offsets":[4,5]},
        "layers.0.bias":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}}"#;
    assert!(parse(Format::Safetensors, &framed(header, &[0; 5])).is_ok());
}

#[test]
fn bad_models_are_refused() {
    let i32s = kernel::to_le_bytes;
    assert_eq!(model(&model_with(tensor("layers.0.gamma", Dtype::I8, &[1], vec![1]))), "unknown_tensor");
    assert_eq!(model(&model_with(tensor("layers.00.bias", Dtype::I8, &[1], vec![1]))), "unknown_tensor");
    assert_eq!(model(&model_with(tensor("layers.-1.bias", Dtype::I8, &[1], vec![1]))), "unknown_tensor");
    assert_eq!(model(&model_with(tensor("layers.32.bias", Dtype::I32, &[0], vec![]))), "layer_count");
    let last = format!("layers.{}.bias", usize::MAX);
    assert_eq!(model(&model_with(tensor(&last, Dtype::I32, &[0], vec![]))), "layer_count");
    assert_eq!(model(&safetensors_of(&[])), "layer_count");
    for name in ["layers.0.weight", "layers.0.bias", "layers.0.requant", "layers.1.weight", "layers.1.bias"] {
        assert_eq!(model(&model_without(name)), "missing_tensor", "{name}");
    }
    assert_eq!(model(&model_with(tensor("layers.0.weight", Dtype::U8, &[2, 3], vec![0; 6]))), "tensor_dtype");
    assert_eq!(model(&model_with(tensor("layers.0.weight", Dtype::F32, &[2, 3], vec![0; 24]))), "tensor_dtype");
    assert_eq!(model(&model_with(tensor("layers.0.bias", Dtype::I64, &[3], vec![0; 24]))), "tensor_dtype");
    assert_eq!(model(&model_with(tensor("layers.0.requant", Dtype::U32, &[2], vec![0; 8]))), "tensor_dtype");
    assert_eq!(model(&model_with(tensor("layers.0.weight", Dtype::I8, &[6], vec![0; 6]))), "tensor_shape");
    assert_eq!(model(&model_with(tensor("layers.0.weight", Dtype::I8, &[0, 3], vec![]))), "empty");
    assert_eq!(model(&model_with(tensor("layers.0.bias", Dtype::I32, &[1, 3], vec![0; 12]))), "tensor_shape");
    assert_eq!(model(&model_with(tensor("layers.0.requant", Dtype::I32, &[3], vec![0; 12]))), "tensor_shape");
    assert_eq!(model(&model_with(tensor("layers.1.weight", Dtype::I8, &[2, 1], vec![0; 2]))), "tensor_shape");
    // Only half of the scales that training needs.
    assert_eq!(model(&model_with(tensor("layers.1.requant", Dtype::I32, &[2], i32s(&[1, 1])))), "missing_tensor");
    assert_eq!(model(&model_with(tensor("layers.1.back", Dtype::I32, &[2], i32s(&[1, 1])))), "unknown_tensor");
    for (multiplier, shift) in [(0, 1), (-1, 1), (1, 0), (1, 63), (1, 257)] {
        let requant = tensor("layers.0.requant", Dtype::I32, &[2], i32s(&[multiplier, shift]));
        assert_eq!(model(&model_with(requant)), "requant_range", "{multiplier} {shift}");
    }
    let long: Vec<u8> = [1i64 << 31, 1].iter().flat_map(|value| value.to_le_bytes()).collect();
    assert_eq!(model(&model_with(tensor("layers.0.requant", Dtype::I64, &[2], long))), "requant_range");
    let refused = parse(
        Format::Safetensors,
        &model_with(tensor("layers.0.weight", Dtype::I8, &[2, 3], vec![0, 0, 0, 0, 128, 0])),
    );
    assert_eq!(refused, Err(IntakeError::WeightRange { name: "layers.0.weight".into(), row: 1, col: 1 }));
    let wide = tensor("layers.1.weight", Dtype::I8, &[3, 262_145], vec![0; 3 * 262_145]);
    assert_eq!(model(&model_with(wide)), "dimension_too_large");
    let deep = tensor("layers.0.weight", Dtype::I8, &[131_072, 3], vec![0; 3 * 131_072]);
    assert_eq!(model(&model_with(deep)), "inner_dimension_too_large");
}

#[test]
fn sums_that_could_overflow_are_refused() {
    // Column 2 of layer 0 holds 3 and −127, so 127 · 130 = 16 510 goes to the weights.
    let with_bias = |bias: i32| {
        parse(
            Format::Safetensors,
            &model_with(tensor("layers.0.bias", Dtype::I32, &[3], kernel::to_le_bytes(&[0, 0, bias]))),
        )
    };
    let most = i32::MAX - 16_510;
    for good in [most, -most] {
        assert!(with_bias(good).is_ok());
    }
    for bad in [most + 1, -most - 1, i32::MAX, i32::MIN] {
        let bound = i64::from(bad).abs() + 16_510;
        assert_eq!(with_bias(bad), Err(IntakeError::BiasOverflow { layer: 0, col: 2, bound }));
    }
}

#[test]
fn broken_safetensors_frames_are_refused() {
    let good = safetensors_of(&small_model());
    for end in 0..good.len() {
        assert_eq!(model(&good[..end]), "safetensors_header", "cut at {end}");
    }
    assert_eq!(model(&[good.as_slice(), &[0]].concat()), "safetensors_header");
    assert_eq!(model(&u64::MAX.to_le_bytes()), "safetensors_header");
    assert_eq!(model(&framed(&" ".repeat((64 << 10) + 1), &[])), "safetensors_header");
    assert_eq!(model(&framed(&"[".repeat(60_000), &[])), "safetensors_header");
    assert_eq!(model(&framed("\u{0}not JSON", &[])), "safetensors_header");
    // Eight tensors of 2^64 − 8 bytes in all; the library's reader adds the header's length to that sum.
    let (mut header, mut from) = (String::from("{"), 0u64);
    for index in 0..8 {
        let to = from + ((1 << 61) - 1);
        header += &format!(
            r#""layers.{index}.weight":{{"dtype":"I8","shape":[{}],"data_offsets":[{from},{to}]}},"#,
            to - from
        );
        from = to;
    }
    header.pop();
    assert_eq!(model(&framed(&(header + "}"), &[])), "safetensors_header");
}

/// The small model with the scales that training needs.
fn trained_model() -> Vec<Tensor> {
    let scale = |name| tensor(name, Dtype::I32, &[2], kernel::to_le_bytes(&[3, 9]));
    let mut tensors = small_model();
    tensors.extend([scale("layers.1.requant"), scale("layers.1.back")]);
    tensors
}

#[test]
fn a_model_for_training_is_read_and_still_infers() {
    let parsed = parse(Format::Safetensors, &safetensors_of(&trained_model())).unwrap();
    let (samples, targets) = (filled(4, 2, 1), filled(4, 1, -5));
    let (model, input, wanted) = gradient(parsed.clone(), samples.clone(), targets.clone()).unwrap();
    let scale = Some(Requant { multiplier: 3, shift: 9 });
    assert_eq!((model.layers[1].requant, model.layers[1].back, model.layers[0].back), (scale, scale, None));
    assert_eq!((Parsed::Matrix(input), Parsed::Matrix(wanted)), (samples.clone(), targets.clone()));
    // Inference needs no scales for training; training needs all of them.
    let plain = parse(Format::Safetensors, &safetensors_of(&small_model())).unwrap();
    assert_eq!(
        inference(parsed.clone(), samples.clone()).unwrap().0,
        inference(plain.clone(), samples.clone()).unwrap().0
    );
    let code = |model, samples, targets| gradient(model, samples, targets).unwrap_err().code();
    assert_eq!(code(plain, samples.clone(), targets.clone()), "wrong_input");
    assert_eq!(code(parsed.clone(), samples.clone(), filled(3, 1, 0)), "shape_mismatch");
    assert_eq!(code(parsed.clone(), samples.clone(), filled(4, 2, 0)), "shape_mismatch");
    assert_eq!(code(parsed.clone(), filled(4, 3, 0), targets.clone()), "shape_mismatch");
    assert_eq!(code(parsed.clone(), filled(4, 2, -1), targets.clone()), "sample_range");
    assert_eq!(code(parsed.clone(), samples, parsed.clone()), "wrong_input");
    let back = tensor("layers.0.back", Dtype::I32, &[2], kernel::to_le_bytes(&[1, 1]));
    let refused = parse(Format::Safetensors, &safetensors_of(&[trained_model(), vec![back]].concat()));
    assert_eq!(refused.unwrap_err().code(), "unknown_tensor");
}

#[test]
fn a_model_whose_gradient_fills_an_output_is_refused() {
    let n = 3_000;
    let layer = |n, requant, back| ModelLayer {
        k: n,
        n,
        weights: vec![0; (n * n) as usize],
        bias: vec![0; n as usize],
        requant,
        back,
    };
    let scale = Some(Requant { multiplier: 1, shift: 1 });
    let model = Parsed::Model(Model { layers: vec![layer(n, scale, None)] });
    let refused = gradient(model, filled(1, n, 0), filled(1, n, 0)).unwrap_err();
    assert_eq!(refused, IntakeError::GradientTooLarge { bytes: 36_000_000, max: 32 << 20 });
}

#[test]
fn a_header_that_names_something_twice_is_refused() {
    let weight = r#""layers.0.weight":{"dtype":"I8","shape":[1,1],"data_offsets":[4,5]}"#;
    let bias = r#""layers.0.bias":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}"#;
    assert!(parse(Format::Safetensors, &framed(&format!("{{{weight},{bias}}}"), &[0; 5])).is_ok());
    let metadata = r#""__metadata__":{"format":"np","format":"pt"}"#;
    let escaped = r#""layers.0.we\u0069ght":{"dtype":"I8","shape":[1,1],"data_offsets":[4,5]}"#;
    let shape = r#""layers.0.weight":{"dtype":"I8","shape":[1,1],"shape":[1,1],"data_offsets":[4,5]}"#;
    for header in [
        format!("{{{weight},{weight},{bias}}}"),
        format!("{{{weight},{escaped},{bias}}}"),
        format!("{{{metadata},{weight},{bias}}}"),
        format!("{{{shape},{bias}}}"),
    ] {
        let refused = parse(Format::Safetensors, &framed(&header, &[0; 5])).expect_err("a name stands twice");
        assert_eq!(refused.code(), "safetensors_header");
        assert!(refused.to_string().contains("appears twice"), "{refused}");
    }
}
