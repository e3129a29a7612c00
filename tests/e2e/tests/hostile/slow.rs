//! Peers that do not read or do not send: what they hold is bounded, they are cut off, and nobody waits for them.

use adit_core::statement::Verdict;
use adit_protocol::ErrorCode::{TooManyRequests, TooSlow};
use adit_protocol::mining::{Delivered, TaskGrant};
use adit_protocol::paths::{self, with};
use adit_support::raw::{self, Connection};
use adit_support::{Client, Scene, Server, files, without_admission};
use anyhow::{Context, Result, ensure};

const MIB: u64 = 1 << 20;
/// Rows, inner dimension and columns of a product whose output is much larger than its inputs: 16 MiB.
const WIDE: (u32, u32, u32) = (2_048, 2, 2_048);

/// A figure of the coordinator's metrics.
async fn metric(client: &Client, name: &str) -> Result<u64> {
    let text = String::from_utf8(client.get(paths::METRICS).await?.body)?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).context("no such metric")?;
    Ok(line.parse()?)
}

/// Waits until a figure is `wanted`.
async fn until(client: &Client, name: &str, wanted: u64) -> Result<()> {
    let mut found = 0;
    for _ in 0..1_000 {
        found = metric(client, name).await?;
        if found == wanted {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    anyhow::bail!("{name} is {found}, not {wanted}")
}

/// A finished job with a large output, and the path of the output.
async fn with_output(server: &Server) -> Result<(Client, String)> {
    let mut miner = Client::new(server, "miner", 7)?;
    let (m, k, n) = WIDE;
    let (a, b) = (files::values(1, (m * k) as usize), files::values(2, (k * n) as usize));
    miner.submit_matmul(files::npy(m, k, &a), files::npy(k, n, &b)).await?;
    miner.open().await?;
    let delivered = miner.mine(&server.key()).await?;
    let largest = delivered.iter().max_by_key(|answer| answer.receipt.receipt.output_bytes).context("no output")?;
    ensure!(largest.receipt.receipt.output_bytes >= 8 * MIB, "{}", largest.receipt.receipt.output_bytes);
    Ok((miner, with(paths::OUTPUT, &largest.receipt.receipt.lease.to_string())))
}

/// Asks for an output and never reads the answer.
async fn never_reads(url: &str, path: &str, address: &str) -> Result<Connection> {
    let mut connection = Connection::open(url).await?;
    connection.write(&raw::request("GET", path, &[("host", "127.0.0.1"), ("x-forwarded-for", address)], b"")).await;
    Ok(connection)
}

#[tokio::test]
async fn readers_that_do_not_read_hold_no_more_than_their_share() -> Result<()> {
    let server = Server::start_with(|config| {
        without_admission(config);
        config.bodies.answer_bytes = 12 * MIB;
        config.bodies.block_answer_bytes = 8 * MIB;
    })
    .await?;
    let (miner, path) = with_output(&server).await?;
    let mut readers = Vec::new();
    for reader in 0..200 {
        readers.push(never_reads(&server.url, &path, &format!("203.0.113.{reader}")).await?);
    }
    until(&miner, "adit_answer_bytes_held", 8 * MIB).await?;
    // The others in their block wait, and nobody else does.
    let other = miner.request(reqwest::Method::GET, &path).header("x-forwarded-for", "198.51.100.1");
    ensure!(miner.send(other).await?.body.len() as u64 >= 8 * MIB);
    ensure!(miner.get(&path).await?.status == 200);
    until(&miner, "adit_answer_bytes_held", 8 * MIB).await?;
    ensure!(metric(&miner, "adit_answer_bytes_held_most").await? <= 12 * MIB);
    drop(readers);
    until(&miner, "adit_answer_bytes_held", 0).await?;
    server.assert_balanced().await
}

#[tokio::test]
async fn readers_that_do_not_read_are_cut_off() -> Result<()> {
    let server = Server::start_with(|config| {
        without_admission(config);
        config.bodies.grace_ms = 1_000;
    })
    .await?;
    let (miner, path) = with_output(&server).await?;
    let mut readers = Vec::new();
    for _ in 0..20 {
        readers.push(never_reads(&server.url, &path, "203.0.113.1").await?);
    }
    // They give back what they hold only because they are cut off: none of them closes its connection.
    while metric(&miner, "adit_answer_bytes_held_most").await? < 2 * MIB {}
    until(&miner, "adit_answer_bytes_held", 0).await?;
    drop(readers);
    server.assert_balanced().await
}

/// The beginning of a delivery: its head, and `sent` bytes of its body.
async fn begun(scene: &Scene, client: &Client, grant: &TaskGrant, output: &[u8], sent: usize) -> Result<Connection> {
    let delivery = client.delivery(grant, output);
    let (signature, digest) = (client.key.sign(&delivery).to_string(), delivery.digest.to_string());
    let length = output.len().to_string();
    let headers = [
        ("host", "127.0.0.1"),
        (paths::SIGNATURE_HEADER, signature.as_str()),
        (paths::DIGEST_HEADER, digest.as_str()),
        ("content-length", length.as_str()),
    ];
    let target = with(paths::OUTPUT, &delivery.lease.to_string());
    let mut connection = Connection::open(&scene.server.url).await?;
    connection.write(&raw::request("PUT", &target, &headers, &output[..sent])).await;
    Ok(connection)
}

/// A miner with this many leases, and the output of one more.
async fn with_leases(scene: &Scene, count: u32) -> Result<(Client, Vec<TaskGrant>, TaskGrant, Vec<u8>)> {
    let mut miner = scene.stranger("miner", 7).await?;
    // A first valid unit, so that it may have more.
    let first = scene.lease(&miner).await?;
    let output = miner.compute(&first).await?;
    let answer: Delivered = miner.deliver(&first, output).await?.json()?;
    let own = answer.next.and_then(|task| task.adit).context("no lease")?;
    let mut leases = Vec::new();
    for lane in 1..=count {
        leases.push(miner.task(lane).await?.and_then(|task| task.adit).with_context(|| format!("lane {lane}"))?);
    }
    let output = miner.compute(&own).await?;
    Ok((miner, leases, own, output))
}

#[tokio::test]
async fn heads_without_bodies_hold_nothing() -> Result<()> {
    let server = Server::start_with(|config| config.conduct.first_in_flight = 100).await?;
    let mut scene = Scene::on(server).await?;
    let (a, b) = (files::values(3, 1_024 * 48), files::values(4, 48 * 40));
    for _ in 0..4 {
        scene.honest.submit_matmul(files::npy(1_024, 48, &a), files::npy(48, 40, &b)).await?;
    }
    let (miner, leases, own, output) = with_leases(&scene, 60).await?;
    let loaded = metric(&miner, "adit_inputs_loaded_total").await?;
    let mut silent = Vec::new();
    for grant in &leases {
        silent.push(begun(&scene, &miner, grant, &vec![0; grant.unit.output_bytes() as usize], 0).await?);
    }
    until(&miner, "adit_deliveries_arriving", 60).await?;
    ensure!(metric(&miner, "adit_inputs_loaded_total").await? == loaded);
    ensure!(metric(&miner, "adit_output_bytes_held").await? == 0);
    // An honest delivery passes them all.
    ensure!(miner.deliver(&own, output).await?.json::<Delivered>()?.verdict == Verdict::Valid);
    ensure!(metric(&miner, "adit_inputs_loaded_total").await? == loaded + 1);
    drop(silent);
    until(&miner, "adit_deliveries_arriving", 0).await?;
    scene.honest.open().await?;
    scene.server.assert_balanced().await
}

/// The delivery that hangs holds the memory for its output, and its key may have no more.
#[tokio::test]
async fn a_delivery_that_is_sent_again_replaces_one_that_hangs() -> Result<()> {
    let server = Server::start_with(|config| {
        without_admission(config);
        config.bodies.key_output_bytes = 1;
    });
    let scene = Scene::on(server.await?).await?;
    let mut miner = scene.stranger("miner", 7).await?;
    let (m, k, n) = WIDE;
    let (a, b) = (files::values(1, (m * k) as usize), files::values(2, (k * n) as usize));
    let wide = scene.honest.submit_matmul(files::npy(m, k, &a), files::npy(k, n, &b)).await?;
    let mut lane = 0;
    let grant = loop {
        let grant = miner.task(lane).await?.and_then(|task| task.adit).context("no lease")?;
        if grant.job == wide.job {
            break grant;
        }
        lane += 1;
    };
    let output = miner.compute(&grant).await?;
    let half = output.len() / 2;
    ensure!(half >= MIB as usize);
    let mut hangs = begun(&scene, &miner, &grant, &output, half).await?;
    while metric(&miner, "adit_output_bytes_held").await? == 0 {}
    let answer: Delivered = miner.deliver(&grant, output.clone()).await?.json()?;
    ensure!(answer.verdict == Verdict::Valid);
    // If its sender is still there, it gets the same answer.
    hangs.write(&output[half..]).await;
    let same: Delivered = hangs.answer().await?.context("no answer")?.json()?;
    assert_eq!(same.receipt.receipt, answer.receipt.receipt);
    scene.ends_well().await
}

#[tokio::test]
async fn a_replaced_delivery_is_asked_for_again_if_the_later_one_fails() -> Result<()> {
    let scene = Scene::start().await?;
    let mut miner = scene.stranger("miner", 7).await?;
    let grant = scene.lease(&miner).await?;
    let output = miner.compute(&grant).await?;
    let half = output.len() / 2;
    let mut first = begun(&scene, &miner, &grant, &output, half).await?;
    until(&miner, "adit_deliveries_arriving", 1).await?;
    let mut damaged = output.clone();
    damaged[0] ^= 1;
    let delivery = miner.delivery(&grant, &output);
    let refused = miner.deliver_as(&delivery, &miner.key.sign(&delivery), damaged).await?;
    ensure!(refused.status.is_client_error(), "{}", refused.status);
    first.write(&output[half..]).await;
    let reply = first.answer().await?.context("no answer")?;
    assert_eq!(reply.code()?, TooManyRequests);
    ensure!(reply.headers.contains_key("retry-after"));
    ensure!(miner.deliver(&grant, output).await?.json::<Delivered>()?.verdict == Verdict::Valid);
    scene.ends_well().await
}

#[tokio::test]
async fn bodies_that_do_not_come_are_given_up() -> Result<()> {
    let scene = Scene::on(Server::start_with(|config| config.bodies.grace_ms = 50).await?).await?;
    let mut miner = scene.stranger("miner", 7).await?;
    let grant = scene.lease(&miner).await?;
    let output = miner.compute(&grant).await?;
    for sent in [0, 1, output.len() - 1] {
        let reply = begun(&scene, &miner, &grant, &output, sent).await?.answer().await?.context("no answer")?;
        assert_eq!(reply.code()?, TooSlow, "{sent}");
    }
    let headers = [("host", "127.0.0.1"), ("content-type", "application/json"), ("content-length", "100")];
    let half = raw::request("POST", paths::REGISTER, &headers, b"{\"contributor_id\":");
    let reply = raw::send(&scene.server.url, &half).await?.context("no answer")?;
    assert_eq!(reply.code()?, TooSlow);
    ensure!(miner.deliver(&grant, output).await?.json::<Delivered>()?.verdict == Verdict::Valid);
    scene.ends_well().await
}
