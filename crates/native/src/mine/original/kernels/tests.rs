//! The kernels on data whose results are known.

use super::*;

fn run(task_type: &str, data: Value) -> Map<String, Value> {
    compute(task_type, &data, &mut SplitMix64::new(1)).unwrap()
}

#[test]
fn every_type_gives_the_key_that_the_server_wants() {
    for (task_type, key) in [
        ("fraud_detection", "results_hash"),
        ("model_training", "weights_hash"),
        ("network_protection", "blocks_validated"),
        ("data_validation", "integrity_score"),
        ("inference", "output_hash"),
        ("federated_learning", "weights_hash"),
        ("gradient_compute", "gradient_hash"),
        ("matrix_ops", "result_hash"),
        ("anything else", "result_hash"),
    ] {
        let data = json!({ "blocks": [{ "height": 1, "hash": "be366e87" }] });
        let result = run(task_type, data.clone());
        assert!(!result[key].is_null() && !result.contains_key("error"), "{task_type}: {result:?}");
        let other = compute(task_type, &data, &mut SplitMix64::new(2)).unwrap();
        let random = !matches!(task_type, "network_protection");
        assert_eq!(result != other, random, "{task_type} on other numbers");
    }
}

#[test]
fn six_products_by_the_own_transpose_leave_nothing() {
    // Known of the original: its entries underflow to zero, so that half of its tasks have a constant answer.
    for (n, hash) in [
        (128, "de2f256064a0af797747c2b97505dc0b9f3df0de4f489eac731c23ae9ca9cc31"),
        (256, "8a39d2abd3999ab73c34db2476849cddf303ce389b35826850f9a700589b4a90"),
    ] {
        let result = run("matrix_ops", json!({ "matrix_size": n, "operations": 8 }));
        assert_eq!((&result["result_hash"], &result["operations_done"]), (&json!(hash), &json!(8)));
        assert_ne!(run("matrix_ops", json!({ "matrix_size": n, "operations": 1 }))["result_hash"], hash);
    }
}

#[test]
fn the_servers_data_is_used() {
    let amounts = |list: &[f64]| json!({ "transactions": list.iter().map(|amount| json!({ "amount": amount, "from": "a", "to": "b" })).collect::<Vec<_>>() });
    // z = −0.5, −0.5, −0.5, −0.5, 2: one fraud.
    let result = run("fraud_detection", amounts(&[1.0, 1.0, 1.0, 1.0, 6.0]));
    let scores = [0.5f32, 0.5, 0.5, 0.5, 2.0];
    assert_eq!((&result["fraud_count"], &result["analyzed"]), (&json!(1), &json!(5)));
    assert_eq!(result["results_hash"], digest(&scores));

    let blocks: Vec<Value> = (3..9).map(|height| json!({ "height": height, "hash": "00" })).collect();
    let result = run("network_protection", json!({ "blocks": blocks }));
    assert_eq!((&result["range"], &result["blocks_validated"]), (&json!([3, 8]), &json!(6)));
    assert_eq!(result["validation_hash"], "e7f6c011776e8db7", "of the digit 6");

    let result = run("gradient_compute", json!({ "layer_dims": [128, 64, 32] }));
    assert_eq!(result["layers_computed"], 2);
    // The root of a sum of 10 240 squares of normal numbers is near √10240 ≈ 101.2.
    assert!((result["gradient_norm"].as_f64().unwrap() - 101.2).abs() < 4.0, "{result:?}");
    assert_eq!(run("model_training", json!({ "epochs": 7, "layer_size": 64 }))["epochs_completed"], 7);
    assert_eq!(run("federated_learning", json!({ "local_data_size": 777 }))["local_samples"], 777);
    let result = run("data_validation", json!({ "records": 400 }));
    assert_eq!(result["records_checked"], 400);
    // 99.73 % of normal numbers lie within three deviations.
    assert!((result["integrity_score"].as_f64().unwrap() - 0.9973).abs() < 0.004, "{result:?}");
    let result = run("inference", json!({ "batch_size": 8, "input_size": 32 }));
    assert_eq!(result["predictions"].as_array().unwrap().len(), 5);
    assert!((0.1..0.5).contains(&result["confidence"].as_f64().unwrap()), "{result:?}");
}

#[test]
fn what_a_server_may_not_ask_is_refused() {
    for (task_type, data) in [
        ("matrix_ops", json!({ "matrix_size": 100_000 })),
        ("matrix_ops", json!({ "matrix_size": 0 })),
        ("matrix_ops", json!({ "matrix_size": -1 })),
        ("matrix_ops", json!({ "operations": "many" })),
        ("model_training", json!({ "epochs": u64::MAX })),
        ("inference", json!({ "batch_size": 1e300 })),
        ("inference", json!({ "input_size": 4096, "batch_size": 1_000_000 })),
        ("gradient_compute", json!({ "layer_dims": [u64::MAX, u64::MAX] })),
        ("gradient_compute", json!({ "layer_dims": [100_000, 100_000] })),
        ("gradient_compute", json!({ "layer_dims": ["x"] })),
        ("data_validation", json!({ "records": u64::MAX })),
        ("fraud_detection", json!({ "tx_count": u64::MAX })),
        ("network_protection", json!({})),
    ] {
        assert!(compute(task_type, &data, &mut SplitMix64::new(1)).is_err(), "{task_type} {data}");
    }
}
