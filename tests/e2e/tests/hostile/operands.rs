//! Files that are not operands, and jobs that cannot be computed.

use adit_core::reward::base_reward;
use adit_core::{Cid, Kind};
use adit_protocol::ErrorCode::{self, *};
use adit_protocol::jobs::{FileInfo, JobList};
use adit_protocol::paths;
use adit_protocol::records::LedgerTotals;
use adit_support::{Client, Scene, Server, files};
use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};

type BadFile = (&'static str, &'static str, Vec<u8>, ErrorCode);

fn bad_arrays() -> Vec<BadFile> {
    let floats = |values: [f32; 4]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let array = |descr: &str, shape: &str, bytes: &[u8]| files::npy_with(descr, shape, bytes);
    let good = files::npy(2, 2, &[1, 2, 3, 4]);
    let mut version = good.clone();
    version[6] = 9;
    let mut long_header = good.clone();
    long_header[8..10].copy_from_slice(&u16::MAX.to_le_bytes());
    vec![
        ("floats", "A.npy", array("<f4", "(2, 2)", &floats([1.0, 2.0, 3.0, 4.0])), InvalidDtype),
        ("not a number", "A.npy", array("<f4", "(2, 2)", &floats([f32::NAN, f32::INFINITY, -0.0, 1.0])), InvalidDtype),
        ("doubles", "A.npy", array("<f8", "(1, 1)", &f64::NAN.to_le_bytes()), InvalidDtype),
        ("complex", "A.npy", array("<c8", "(1, 1)", &[0; 8]), InvalidDtype),
        ("text", "A.npy", array("<U1", "(1, 1)", &[65, 0, 0, 0]), InvalidDtype),
        ("pickled", "A.npy", array("|O", "(1, 1)", b"\x80\x04cos\nsystem\n(S'id'\ntR."), InvalidFile),
        ("a pickle", "A.npy", b"\x80\x04cos\nsystem\n(S'id'\ntR.".to_vec(), InvalidFile),
        ("too wide", "A.npy", array("<i2", "(1, 2)", &[1, 0, 44, 1]), ValueOutOfRange),
        ("unsigned", "A.npy", array("|u1", "(1, 2)", &[1, 128]), ValueOutOfRange),
        ("a vector", "A.npy", array("|i1", "(4,)", &[0; 4]), InvalidShape),
        ("a cube", "A.npy", array("|i1", "(2, 2, 1)", &[0; 4]), InvalidShape),
        ("nothing", "A.npy", array("|i1", "(0, 4)", &[]), InvalidShape),
        ("too many rows", "A.npy", array("|i1", "(16777217, 1)", &[]), InvalidShape),
        ("negative", "A.npy", array("|i1", "(-2, -2)", &[0; 4]), InvalidFile),
        ("a shape that overflows", "A.npy", array("|i1", "(4294967296, 4294967296)", &[]), InvalidFile),
        ("nested", "A.npy", array("|i1", &"(".repeat(200), &[]), InvalidFile),
        ("truncated", "A.npy", good[..good.len() - 1].to_vec(), InvalidFile),
        ("a truncated header", "A.npy", good[..40].to_vec(), InvalidFile),
        ("trailing bytes", "A.npy", [&good[..], &[0]].concat(), InvalidFile),
        ("another version", "A.npy", version, InvalidFile),
        ("a header over the end", "A.npy", long_header, InvalidFile),
        ("empty", "A.npy", Vec::new(), InvalidFile),
        ("a page", "A.npy", b"<script>alert(1)</script>".to_vec(), InvalidFile),
        ("no format", "A.exe", good.clone(), InvalidFile),
        ("no extension", "A", good, InvalidFile),
    ]
}

fn bad_samples() -> Vec<BadFile> {
    vec![
        ("not a number", "X.csv", b"1,NaN\n".to_vec(), ValueOutOfRange),
        ("infinite", "X.csv", b"1,2\n1,inf\n".to_vec(), ValueOutOfRange),
        ("a fraction", "X.csv", b"1,0.5\n".to_vec(), ValueOutOfRange),
        ("negative", "X.csv", b"1,-1\n".to_vec(), ValueOutOfRange),
        ("over 127", "X.csv", b"1,128\n".to_vec(), ValueOutOfRange),
        ("ragged", "X.csv", b"1,2\n3\n".to_vec(), InvalidShape),
        ("names alone", "X.csv", b"a,b\n".to_vec(), InvalidShape),
        ("empty", "X.csv", Vec::new(), InvalidShape),
        ("bytes", "X.csv", vec![0xff, 0xfe, b',', 0], ValueOutOfRange),
        ("too many columns", "X.csv", [b"1,".repeat(131_071), b"1\n".to_vec()].concat(), KTooLarge),
    ]
}

fn bad_models() -> Vec<BadFile> {
    let model = |weights: Vec<i8>, bias: Vec<i32>, requant: [i32; 2]| {
        files::model(&[(weights, bias), (vec![1, 1, 1, 1], vec![0, 0])], requant)
    };
    type Parts = (Vec<i8>, Vec<i32>, [i32; 2]);
    let fine = || (vec![1i8, 2, 3, 4], vec![0, 0], [1, 1]);
    let with = |change: fn(&mut Parts)| {
        let mut parts = fine();
        change(&mut parts);
        model(parts.0, parts.1, parts.2)
    };
    let good = with(|_| {});
    let header = |text: &str| [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat();
    let renamed = |from: &str, to: &str| {
        let text = String::from_utf8_lossy(&good[8..]).replace(from, to);
        let text = &text[..text.rfind('}').map_or(0, |end| end + 1)];
        [&header(text)[..], &good[good.len() - (4 + 8 + 8 + 4 + 8)..]].concat()
    };
    vec![
        ("a bias at the end", "M.safetensors", with(|m| m.1[1] = i32::MAX), BiasOverflow),
        ("a bias at the start", "M.safetensors", with(|m| m.1[0] = i32::MIN), BiasOverflow),
        ("a bias just over", "M.safetensors", with(|m| m.1[0] = i32::MAX - 127 * 4 + 1), BiasOverflow),
        ("a weight of -128", "M.safetensors", with(|m| m.0[2] = -128), ValueOutOfRange),
        ("a shift of 63", "M.safetensors", with(|m| m.2 = [1, 63]), ValueOutOfRange),
        ("a multiplier of 0", "M.safetensors", with(|m| m.2 = [0, 1]), ValueOutOfRange),
        ("a negative multiplier", "M.safetensors", with(|m| m.2 = [-1, 1]), ValueOutOfRange),
        ("float weights", "M.safetensors", renamed("\"I8\"", "\"F8_E4M3\""), InvalidDtype),
        ("an unknown tensor", "M.safetensors", renamed("layers.0.bias", "layers.0.evil"), InvalidFile),
        ("a missing tensor", "M.safetensors", renamed("layers.0.bias", "layers.7.bias"), InvalidFile),
        (
            "layers that do not fit",
            "M.safetensors",
            files::model(&[(vec![1; 6], vec![0; 3]), (vec![1; 4], vec![0; 2])], [1, 1]),
            InvalidShape,
        ),
        ("truncated", "M.safetensors", good[..good.len() - 1].to_vec(), InvalidFile),
        ("trailing bytes", "M.safetensors", [&good[..], &[0]].concat(), InvalidFile),
        ("a header over the end", "M.safetensors", u64::MAX.to_le_bytes().to_vec(), InvalidFile),
        ("a header that is no JSON", "M.safetensors", header("{\"a\":"), InvalidFile),
        ("nested", "M.safetensors", header(&"[".repeat(60_000)), InvalidFile),
        ("no layers", "M.safetensors", header("{}"), InvalidShape),
        ("empty", "M.safetensors", Vec::new(), InvalidFile),
    ]
}

#[tokio::test]
async fn files_that_hold_no_operand_are_refused() -> Result<()> {
    let scene = Scene::start().await?;
    let bad = [bad_arrays(), bad_samples(), bad_models()].concat();
    for (what, name, bytes, code) in bad {
        let reply = scene.honest.upload(name, bytes).await?;
        let found = reply.code().with_context(|| format!("{name}: {what}"))?;
        ensure!(found == code, "{name}, {what}: {found:?}, not {code:?}");
    }
    // The valid versions are accepted, so the refusals were for the fault.
    let model = files::model(&[(vec![1, 2, 3, 4], vec![i32::MAX - 127 * 4, 0]), (vec![1; 4], vec![0, 0])], [1, 1]);
    scene.honest.upload("M.safetensors", model).await?.json::<FileInfo>()?;
    scene.honest.upload("../../A.npy", files::npy(2, 2, &[1, 2, 3, 4])).await?.json::<FileInfo>()?;
    scene.ends_well().await
}

#[tokio::test]
async fn tables_are_read_as_the_options_say_and_the_answer_says_how() -> Result<()> {
    let server = Server::start().await?;
    let client = Client::new(&server, "requester", 1)?;
    let send = async |said: &str, bytes: &[u8]| {
        let path = format!("{}?name=X.csv{said}", paths::FILES);
        client.send(client.as_operator(Method::POST, &path).body(bytes.to_vec())).await
    };
    let doubtful = b"0,1,2\n5,6,7\n8,9,3\n";
    let reply = send("", doubtful).await?;
    ensure!(reply.code()? == InvalidFile, "a first line that may hold names");
    let named: FileInfo = send("&header=yes", doubtful).await?.json()?;
    let said = "UTF-8, comma, header row \"0, 1, 2\", 2 rows of 3 columns";
    assert_eq!(named.reading.as_deref(), Some(said));
    let values: FileInfo = send("&header=no", doubtful).await?.json()?;
    assert_ne!(named.file, values.file, "the same bytes hold two tables");
    // A job reads each file with its own options, although the other was uploaded later.
    let model = upload(&client, "M.safetensors", files::model(&[(vec![1; 6], vec![0; 2])], [1, 1])).await?;
    for (file, rows) in [(named.file, 2), (values.file, 3)] {
        let order = json!({ "work": { "kind": "mlp_i8/1", "model": model, "input": file } });
        let estimate: Value =
            client.send(client.as_operator(Method::POST, paths::ESTIMATE).json(&order)).await?.json()?;
        assert_eq!(estimate["rows"], rows);
    }
    for said in ["&header=perhaps", "&delimiter=x", "&encoding=klingon", "&decimal=3", "&format=data&header=no"] {
        let found = send(said, doubtful).await?.code()?;
        ensure!(found == InvalidParameter, "{said}: {found:?}");
    }
    Ok(())
}

/// Uploads a valid file.
async fn upload(client: &Client, name: &str, bytes: Vec<u8>) -> Result<Cid> {
    Ok(client.upload(name, bytes).await?.json::<FileInfo>()?.file)
}

async fn refuses_order(client: &Client, order: &Value, code: ErrorCode) -> Result<()> {
    for path in [paths::ESTIMATE, paths::JOBS] {
        let found = client.send(client.as_operator(Method::POST, path).json(order)).await?.code()?;
        ensure!(found == code, "{path} {order}: {found:?}, not {code:?}");
    }
    Ok(())
}

#[tokio::test]
async fn orders_that_cannot_be_computed_are_refused() -> Result<()> {
    let server = Server::start().await?;
    let client = Client::new(&server, "requester", 1)?;
    let a = upload(&client, "A.npy", files::npy(2, 3, &[1; 6])).await?;
    let wide = upload(&client, "A.npy", files::npy(1, 131_072, &vec![1; 131_072])).await?;
    let tall = upload(&client, "A.npy", files::npy(131_072, 1, &vec![1; 131_072])).await?;
    let column = upload(&client, "A.npy", files::npy(1 << 18, 1, &vec![1; 1 << 18])).await?;
    let row = upload(&client, "A.npy", files::npy(1, 1 << 18, &vec![1; 1 << 18])).await?;
    let middle = upload(&client, "A.npy", files::npy(1 << 14, 1, &vec![1; 1 << 14])).await?;
    let model = upload(&client, "M.safetensors", files::model(&[(vec![1; 6], vec![0; 2])], [1, 1])).await?;
    let samples = upload(&client, "X.csv", files::csv(3, &[1; 6])).await?;
    let narrow = upload(&client, "X.csv", files::csv(2, &[1; 6])).await?;
    let negative = upload(&client, "A.npy", files::npy(2, 3, &[-1; 6])).await?;
    let unknown = adit_core::content_id::output_cid([9; 32]);

    let matmul = |a: &Cid, b: &Cid| json!({ "work": { "kind": "matmul_i8/1", "a": a, "b": b } });
    let infer = |model: &Cid, input: &Cid| json!({ "work": { "kind": "mlp_i8/1", "model": model, "input": input } });
    for (order, code) in [
        (matmul(&a, &a), InvalidShape),
        (matmul(&wide, &tall), KTooLarge),
        (matmul(&model, &a), InvalidFile),
        (infer(&a, &samples), InvalidFile),
        (infer(&model, &model), InvalidFile),
        (infer(&model, &narrow), InvalidShape),
        (infer(&model, &negative), ValueOutOfRange),
        (matmul(&a, &unknown), NoSuchFile),
        // A result of 256 GiB, in a store of 32.
        (matmul(&column, &row), InvalidShape),
    ] {
        refuses_order(&client, &order, code).await?;
    }
    // 16 GiB would fit the store. But checking costs as much as computing, and it is too much to compute inline.
    let order = matmul(&middle, &row);
    let reply = client.send(client.as_operator(Method::POST, paths::JOBS).json(&order)).await?;
    assert_eq!(reply.code()?, TooSmall);

    let good = infer(&model, &samples);
    let changed = |change: fn(&mut Value)| {
        let mut order = good.clone();
        change(&mut order);
        order
    };
    for order in [
        json!({}),
        json!([]),
        changed(|o| o["priority"] = json!(1)),
        changed(|o| o["work"]["scale"] = json!(1)),
        changed(|o| o["work"]["kind"] = json!("matmul_i8/2")),
        changed(|o| o["work"]["kind"] = json!("MLP_I8/1")),
        changed(|o| o["work"]["model"] = json!("../../etc/passwd")),
        changed(|o| o["work"]["model"] = json!(o["work"]["model"].as_str().unwrap_or_default().to_uppercase())),
        changed(|o| o["demo"] = json!("yes")),
        changed(|o| o["budget"] = json!(1.5)),
        changed(|o| o["budget"] = json!("1e3")),
        changed(|o| o["budget"] = json!("NaN")),
        changed(|o| o["budget"] = json!("9223372036.854775808")),
    ] {
        refuses_order(&client, &order, InvalidBody).await?;
    }
    for (order, code) in [
        (changed(|o| o["budget"] = json!("-1")), BudgetTooSmall),
        (changed(|o| o["budget"] = json!("9223372036.854775807")), ValueOutOfRange),
        (changed(|o| o["name"] = json!("x".repeat(201))), InvalidParameter),
    ] {
        let reply = client.send(client.as_operator(Method::POST, paths::JOBS).json(&order)).await?;
        assert_eq!(reply.code()?, code, "{order}");
    }
    let list: JobList = client.api().jobs().await?;
    ensure!(list.jobs.is_empty(), "{list:?}");
    let totals: LedgerTotals = client.api().ledger().await?;
    assert_eq!(totals.transfers, 1, "only the epoch's budget was moved");
    client.send(client.as_operator(Method::POST, paths::JOBS).json(&good)).await?.json::<Value>()?;
    server.assert_balanced().await
}

#[tokio::test]
async fn a_budget_one_short_is_refused_and_moves_nothing() -> Result<()> {
    let server = Server::start().await?;
    let client = Client::new(&server, "requester", 1)?;
    let a = upload(&client, "A.npy", files::npy(128, 128, &files::values(1, 1 << 14))).await?;
    let price = base_reward(Kind::MatmulI8, 1 << 21).nano();
    let order = |nano: i64| json!({ "work": { "kind": "matmul_i8/1", "a": a, "b": a }, "budget": adit_core::Amount::from_nano(nano), "demo": true });
    let post = |nano| client.send(client.as_operator(Method::POST, paths::JOBS).json(&order(nano)));
    assert_eq!(post(price - 1).await?.code()?, BudgetTooSmall);
    assert_eq!(post(0).await?.code()?, BudgetTooSmall);
    post(price).await?.json::<Value>()?;
    // Budgets that fit one by one do not fit together.
    let half = i64::MAX / 4 + 1;
    post(half).await?.json::<Value>()?;
    assert_eq!(post(half).await?.code()?, ValueOutOfRange);
    server.assert_balanced().await
}

#[tokio::test]
async fn a_full_store_refuses_files_and_jobs_and_keeps_what_it_has() -> Result<()> {
    let scene = Scene::start().await?;
    let server = scene.server.restart(|config| config.max_stored_bytes = 1 << 20).await?;
    let honest = Client::at(&server.url, server.token(), "honest", 200)?;
    let large = files::npy(1024, 1024, &vec![1; 1 << 20]);
    assert_eq!(honest.upload("A.npy", large).await?.code()?, StoreFull);
    Scene { server, honest, ..scene }.ends_well().await
}
