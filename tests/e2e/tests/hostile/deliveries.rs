//! Deliveries with a wrong length, digest, signature, lease or time.

use adit_core::Signature;
use adit_core::sign::{Digest, LeaseId};
use adit_core::statement::{Delivery, Verdict};
use adit_protocol::ErrorCode::*;
use adit_protocol::mining::{Delivered, TaskGrant};
use adit_protocol::paths::{self, with};
use adit_support::scene::{LEASE_MS, account};
use adit_support::{Client, Scene, raw};
use anyhow::{Context, Result, ensure};
use futures::future::join_all;
use reqwest::Method;

/// A stranger with a lease and its correct output.
async fn with_lease(scene: &Scene) -> Result<(Client, TaskGrant, Vec<u8>)> {
    let mut client = scene.stranger("stranger", 1).await?;
    let grant = scene.lease(&client).await?;
    let output = client.compute(&grant).await?;
    Ok((client, grant, output))
}

/// Asserts that refused deliveries do not count: the lease still accepts the correct output.
async fn still_open(client: &Client, grant: &TaskGrant, output: Vec<u8>) -> Result<()> {
    let answer: Delivered = client.deliver(grant, output).await?.json()?;
    ensure!(answer.verdict == Verdict::Valid && answer.reward == grant.lease.value);
    Ok(())
}

#[tokio::test]
async fn an_output_of_another_length_is_refused() -> Result<()> {
    let scene = Scene::start().await?;
    let (client, grant, output) = with_lease(&scene).await?;
    let (delivery, url) = (client.delivery(&grant, &output), scene.server.url.clone());
    let signature = client.key.sign(&delivery);
    let long = [&output[..], &[0]].concat();
    for body in [output[..output.len() - 1].to_vec(), output[..4].to_vec(), Vec::new(), long.clone()] {
        // Whether the correct or the wrong length is signed.
        assert_eq!(client.deliver_as(&delivery, &signature, body.clone()).await?.code()?, WrongLength);
        assert_eq!(client.deliver(&grant, body).await?.code()?, WrongLength);
    }
    // Without Content-Length there is no length to check first.
    let pieces: Vec<std::io::Result<Vec<u8>>> = output.chunks(1000).map(|piece| Ok(piece.to_vec())).collect();
    let body = reqwest::Body::wrap_stream(futures::stream::iter(pieces));
    let target = with(paths::OUTPUT, &grant.lease.lease.to_string());
    let request = client.request(Method::PUT, &target).header(paths::SIGNATURE_HEADER, signature.to_string());
    let request = request.header(paths::DIGEST_HEADER, delivery.digest.to_string()).body(body);
    assert_eq!(client.send(request).await?.code()?, WrongLength);
    // A false Content-Length: the body ends early or is longer.
    let (signed, digest) = (signature.to_string(), delivery.digest.to_string());
    let headers = |length: &'static str| {
        [
            ("host", "127.0.0.1"),
            (paths::SIGNATURE_HEADER, signed.as_str()),
            (paths::DIGEST_HEADER, digest.as_str()),
            ("content-length", length),
        ]
    };
    let length: &'static str = output.len().to_string().leak();
    let cut = raw::request("PUT", &target, &headers(length), &output[..output.len() / 2]);
    if let Some(reply) = raw::send_and_hang_up(&url, &cut).await? {
        assert_eq!(reply.code()?, WrongLength);
    }
    for lie in ["0", "18446744073709551615", "-1", "1e3"] {
        if let Some(reply) = raw::send_and_hang_up(&url, &raw::request("PUT", &target, &headers(lie), &output)).await? {
            ensure!(reply.status.is_client_error(), "{lie}: {}", reply.status);
        }
    }
    scene.earned_nothing(&client).await?;
    still_open(&client, &grant, output).await?;
    scene.ends_well().await
}

#[tokio::test]
async fn a_damaged_body_is_no_verdict() -> Result<()> {
    let scene = Scene::start().await?;
    let (client, grant, output) = with_lease(&scene).await?;
    let delivery = client.delivery(&grant, &output);
    let signature = client.key.sign(&delivery);
    let mut damaged = output.clone();
    damaged[17] ^= 1;
    assert_eq!(client.deliver_as(&delivery, &signature, damaged).await?.code()?, DigestMismatch);
    let path = with(paths::RECEIPT, &grant.lease.lease.to_string());
    assert_eq!(client.get(&path).await?.code()?, NoSuchReceipt);
    let account = account(&client).await?.context("an account")?;
    assert_eq!((account.units_valid, account.units_invalid), (0, 0));
    still_open(&client, &grant, output).await?;
    scene.ends_well().await
}

#[tokio::test]
async fn a_digest_has_one_spelling() -> Result<()> {
    let scene = Scene::start().await?;
    let (client, grant, output) = with_lease(&scene).await?;
    let delivery = client.delivery(&grant, &output);
    let signature = client.key.sign(&delivery).to_string();
    let put = |digest: Option<String>, signature: Option<String>| {
        let mut request = client.request(Method::PUT, &with(paths::OUTPUT, &delivery.lease.to_string()));
        if let Some(digest) = digest {
            request = request.header(paths::DIGEST_HEADER, digest);
        }
        if let Some(signature) = signature {
            request = request.header(paths::SIGNATURE_HEADER, signature);
        }
        client.send(request.body(output.clone()))
    };
    let digest = delivery.digest.to_string();
    for spelling in [
        None,
        Some(String::new()),
        Some(digest.to_uppercase()),
        Some(format!("0x{digest}")),
        Some(format!("{digest}00")),
        Some(digest[..62].to_owned()),
        Some("z".repeat(64)),
        Some(adit_core::content_id::output_cid(delivery.digest.0).to_string()),
    ] {
        assert_eq!(put(spelling.clone(), Some(signature.clone())).await?.code()?, InvalidParameter, "{spelling:?}");
    }
    for spelling in [None, Some(String::new()), Some(signature.to_uppercase()), Some(signature[..126].to_owned())] {
        assert_eq!(put(Some(digest.clone()), spelling.clone()).await?.code()?, InvalidSignature, "{spelling:?}");
    }
    still_open(&client, &grant, output).await?;
    scene.ends_well().await
}

#[tokio::test]
async fn a_lease_takes_one_output_and_pays_it_once() -> Result<()> {
    let scene = Scene::start().await?;
    let (client, grant, output) = with_lease(&scene).await?;
    let answers = join_all((0..8).map(|_| client.deliver(&grant, output.clone()))).await;
    let mut receipts = Vec::new();
    for answer in answers {
        let answer: Delivered = answer?.json()?;
        ensure!(answer.verdict == Verdict::Valid && answer.reward == grant.lease.value);
        answer.receipt.verify(&scene.server.key())?;
        receipts.push(answer.receipt.receipt);
    }
    ensure!(receipts.windows(2).all(|pair| pair[0] == pair[1]), "one receipt");
    assert_eq!(account(&client).await?.map(|account| account.pending), Some(grant.lease.value));
    // A second output, wrong or correct, is refused unread.
    let mut second = output.clone();
    second[0] ^= 1;
    assert_eq!(client.deliver(&grant, second).await?.code()?, SecondDigest);
    let again: Delivered = client.deliver(&grant, output).await?.json()?;
    assert_eq!(again.receipt.receipt, receipts[0]);
    assert_eq!(scene.receipts(&client.key.public_key()).await?.receipts.len(), 1);
    assert_eq!(account(&client).await?.map(|account| account.pending), Some(grant.lease.value));
    scene.ends_well().await
}

#[tokio::test]
async fn the_first_of_two_outputs_counts() -> Result<()> {
    let scene = Scene::start().await?;
    let (client, grant, output) = with_lease(&scene).await?;
    let mut wrong = output.clone();
    wrong[0] ^= 1;
    let answers = join_all([&output, &wrong].map(|bytes| client.deliver(&grant, bytes.clone()))).await;
    let (mut verdicts, mut refused) = (0, 0);
    for answer in answers {
        let answer = answer?;
        if answer.status == 200 {
            verdicts += 1;
        } else {
            assert_eq!(answer.code()?, SecondDigest);
            refused += 1;
        }
    }
    assert_eq!((verdicts, refused), (1, 1));
    scene.ends_well().await
}

#[tokio::test]
async fn only_the_leases_own_key_may_deliver() -> Result<()> {
    let scene = Scene::start().await?;
    let (client, grant, output) = with_lease(&scene).await?;
    let thief = scene.stranger("thief", 2).await?;
    let theirs = scene.lease(&thief).await?;
    let delivery = client.delivery(&grant, &output);
    let signature = client.key.sign(&delivery);
    // Valid by the equation, but a second encoding: s is above half the order.
    let high = high_s(&signature);
    ensure!(high_s(&high) == signature && high.0[..32] == signature.0[..32] && high.0[32] >= 0x80);
    // The thief's own signature, and the owner's signature of another statement.
    for forged in [
        thief.key.sign(&delivery),
        client.key.sign(&Delivery { lease: theirs.lease.lease, ..delivery.clone() }),
        client.key.sign(&Delivery { unit: theirs.lease.unit, ..delivery.clone() }),
        client.key.sign(&Delivery { digest: Digest([0; 32]), ..delivery.clone() }),
        client.key.sign(&Delivery { length: delivery.length + 1, ..delivery.clone() }),
        client.key.sign(&grant.lease),
        Signature([0; 64]),
        Signature([0xff; 64]),
        high,
    ] {
        assert_eq!(thief.deliver_as(&delivery, &forged, output.clone()).await?.code()?, InvalidSignature);
    }
    // The owner's signature for its own lease does not fit the thief's.
    let copied = Delivery { lease: theirs.lease.lease, ..delivery };
    let code = thief.deliver_as(&copied, &signature, vec![0; theirs.unit.output_bytes() as usize]).await?.code()?;
    assert_eq!(code, InvalidSignature);
    scene.earned_nothing(&thief).await?;
    still_open(&client, &grant, output).await?;
    scene.ends_well().await
}

#[tokio::test]
async fn leases_that_do_not_exist_are_not_found() -> Result<()> {
    let scene = Scene::start().await?;
    let (client, grant, output) = with_lease(&scene).await?;
    let id = grant.lease.lease.to_string();
    let unknown = Delivery { lease: LeaseId([7; 16]), ..client.delivery(&grant, &output) };
    let signature = client.key.sign(&unknown);
    assert_eq!(client.deliver_as(&unknown, &signature, output.clone()).await?.code()?, NoSuchLease);
    for name in [id.to_uppercase(), id[..30].to_owned(), format!("{id}00"), "..%2f..%2fx".into(), "%27%3b--".into()] {
        for (method, path) in
            [(Method::PUT, paths::OUTPUT), (Method::GET, paths::OUTPUT), (Method::GET, paths::RECEIPT)]
        {
            let reply = client.send(client.request(method.clone(), &with(path, &name)).body(output.clone())).await?;
            assert_eq!(reply.code()?, NoSuchLease, "{method} {path} {name}");
        }
    }
    // An output is not served before its unit is settled.
    assert_eq!(client.get(&with(paths::OUTPUT, &id)).await?.code()?, NotFinished);
    still_open(&client, &grant, output.clone()).await?;
    assert_eq!(client.get(&with(paths::OUTPUT, &id)).await?.body, output);
    scene.ends_well().await
}

#[tokio::test]
async fn a_session_that_stops_gives_its_unit_back_at_once() -> Result<()> {
    let scene = Scene::start().await?;
    let (client, grant, output) = with_lease(&scene).await?;
    let body = serde_json::json!({ "contributor_id": "stranger", "session_id": client.session });
    assert_eq!(client.post(paths::STOP_SESSION, &body).await?.status, 200);
    let mut other = scene.stranger("other", 2).await?;
    let again = scene.lease(&other).await?;
    assert_eq!(again.unit, grant.unit);
    let theirs = other.compute(&again).await?;
    assert_eq!(other.deliver(&again, theirs).await?.json::<Delivered>()?.verdict, Verdict::Valid);
    assert_eq!(client.deliver(&grant, output).await?.code()?, LeaseExpired);
    scene.ends_well().await
}

#[tokio::test]
async fn an_expired_lease_loses_its_unit_to_whoever_is_first() -> Result<()> {
    let scene = Scene::start().await?;
    let (late, grant, output) = with_lease(&scene).await?;
    scene.server.advance(LEASE_MS).await?;
    scene.server.assert_balanced().await?;
    let mut other = scene.stranger("other", 2).await?;
    let again = scene.lease(&other).await?;
    assert_eq!((again.unit.cid(), again.lease.lease == grant.lease.lease), (grant.unit.cid(), false));
    let theirs = other.compute(&again).await?;
    let answer: Delivered = other.deliver(&again, theirs).await?.json()?;
    assert_eq!(answer.verdict, Verdict::Valid);
    assert_eq!(late.deliver(&grant, output).await?.code()?, LeaseExpired);
    scene.earned_nothing(&late).await?;
    scene.ends_well().await
}

#[tokio::test]
async fn a_late_output_is_paid_once_if_nobody_was_first() -> Result<()> {
    let scene = Scene::start().await?;
    let (late, grant, output) = with_lease(&scene).await?;
    scene.server.advance(LEASE_MS).await?;
    let mut other = scene.stranger("other", 2).await?;
    let again = scene.lease(&other).await?;
    let theirs = other.compute(&again).await?;
    still_open(&late, &grant, output.clone()).await?;
    scene.server.assert_balanced().await?;
    // The second lease came too late: its holder is told so and gets another unit.
    assert_eq!(other.deliver(&again, theirs).await?.code()?, LeaseExpired);
    scene.earned_nothing(&other).await?;
    ensure!(scene.lease(&other).await?.lease.lease != again.lease.lease);
    let repeated: Delivered = late.deliver(&grant, output).await?.json()?;
    assert_eq!(repeated.verdict, Verdict::Valid);
    assert_eq!(account(&late).await?.map(|account| account.pending), Some(grant.lease.value));
    scene.ends_well().await
}

#[tokio::test]
async fn a_unit_that_expires_twice_is_cut_anew_and_nothing_of_it_is_done_twice() -> Result<()> {
    let scene = Scene::start().await?;
    let (first, grant, output) = with_lease(&scene).await?;
    for key in 2..4 {
        scene.server.advance(LEASE_MS).await?;
        let other = scene.stranger(&format!("other{key}"), key).await?;
        scene.lease(&other).await?;
        scene.server.assert_balanced().await?;
    }
    // The third lease has panels of the first one's unit, which therefore cannot be accepted whole.
    let answer = first.deliver(&grant, output).await?;
    if answer.status == 200 {
        assert_eq!(answer.json::<Delivered>()?.verdict, Verdict::TooLate);
    }
    scene.earned_nothing(&first).await?;
    scene.ends_well().await
}

#[tokio::test]
async fn a_cancelled_job_takes_and_pays_nothing_more() -> Result<()> {
    let scene = Scene::start().await?;
    let (client, grant, output) = with_lease(&scene).await?;
    let path = with(paths::JOB, &scene.job.to_string());
    assert_eq!(client.send(client.as_operator(Method::DELETE, &path)).await?.status, 200);
    assert_eq!(client.send(client.as_operator(Method::DELETE, &path)).await?.code()?, JobEnded);
    assert_eq!(client.deliver(&grant, output).await?.code()?, LeaseExpired);
    assert_eq!(client.ask(0).await?.status, 204);
    scene.earned_nothing(&client).await?;
    scene.server.assert_balanced().await
}

/// Delivers in two halves with something between them, and returns the answer unless it was refused.
async fn slowly(
    scene: &Scene,
    client: &Client,
    grant: &TaskGrant,
    output: &[u8],
    meanwhile: impl Future<Output = Result<()>>,
) -> Result<Option<Delivered>> {
    let (mut connection, second) = half_sent(scene, client, grant, output).await?;
    // Long enough for the coordinator to see that the lease is live.
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    meanwhile.await?;
    connection.write(second).await;
    let reply = connection.answer().await?.context("no answer")?;
    if reply.status == 200 {
        return reply.json().map(Some);
    }
    assert_eq!(reply.code()?, LeaseExpired);
    Ok(None)
}

/// A delivery whose second half is not sent yet.
async fn half_sent<'a>(
    scene: &Scene,
    client: &Client,
    grant: &TaskGrant,
    output: &'a [u8],
) -> Result<(raw::Connection, &'a [u8])> {
    let delivery = client.delivery(grant, output);
    let (signature, digest) = (client.key.sign(&delivery).to_string(), delivery.digest.to_string());
    let length = output.len().to_string();
    let headers = [
        ("host", "127.0.0.1"),
        (paths::SIGNATURE_HEADER, signature.as_str()),
        (paths::DIGEST_HEADER, digest.as_str()),
        ("content-length", length.as_str()),
    ];
    let (first, second) = output.split_at(output.len() / 2);
    let target = with(paths::OUTPUT, &delivery.lease.to_string());
    let mut connection = raw::Connection::open(&scene.server.url).await?;
    connection.write(&raw::request("PUT", &target, &headers, first)).await;
    Ok((connection, second))
}

/// An answer during an upload would end the connection, and its sender might never read it.
#[tokio::test]
async fn a_repeated_body_is_read_whole_before_it_is_answered() -> Result<()> {
    let scene = Scene::start().await?;
    let (client, grant, output) = with_lease(&scene).await?;
    let first: Delivered = client.deliver(&grant, output.clone()).await?.json()?;
    let (mut connection, rest) = half_sent(&scene, &client, &grant, &output).await?;
    ensure!(connection.is_silent().await, "answered before all of it came");
    connection.write(rest).await;
    let again: Delivered = connection.answer().await?.context("no answer")?.json()?;
    assert_eq!(again.receipt.receipt, first.receipt.receipt);
    scene.server.assert_balanced().await
}

fn too_late(answer: Option<Delivered>) -> Result<()> {
    if let Some(answer) = answer {
        ensure!(answer.verdict == Verdict::TooLate && answer.reward == adit_core::Amount::ZERO, "{answer:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_job_cancelled_while_its_output_arrives_is_not_paid() -> Result<()> {
    let scene = Scene::start().await?;
    let (client, grant, output) = with_lease(&scene).await?;
    let path = with(paths::JOB, &scene.job.to_string());
    let cancels = async {
        ensure!(client.send(client.as_operator(Method::DELETE, &path)).await?.status == 200);
        Ok(())
    };
    too_late(slowly(&scene, &client, &grant, &output, cancels).await?)?;
    scene.earned_nothing(&client).await?;
    scene.server.assert_balanced().await
}

#[tokio::test]
async fn a_unit_done_by_another_while_its_output_arrives_is_not_paid_again() -> Result<()> {
    let scene = Scene::start().await?;
    let (slow, grant, output) = with_lease(&scene).await?;
    let mut fast = Client::new(&scene.server, "fast", 2)?;
    let overtakes = async {
        scene.server.advance(LEASE_MS).await?;
        fast.open().await?;
        let again = scene.lease(&fast).await?;
        ensure!(again.unit == grant.unit);
        let output = fast.compute(&again).await?;
        ensure!(fast.deliver(&again, output).await?.json::<Delivered>()?.verdict == Verdict::Valid);
        Ok(())
    };
    too_late(slowly(&scene, &slow, &grant, &output, overtakes).await?)?;
    scene.earned_nothing(&slow).await?;
    scene.ends_well().await
}

#[tokio::test]
async fn a_unit_cut_anew_while_its_output_arrives_is_not_done_twice() -> Result<()> {
    let scene = Scene::start().await?;
    let (slow, grant, output) = with_lease(&scene).await?;
    let cuts = async {
        for key in 2..4 {
            scene.server.advance(LEASE_MS).await?;
            scene.lease(&scene.stranger(&format!("other{key}"), key).await?).await?;
        }
        Ok(())
    };
    too_late(slowly(&scene, &slow, &grant, &output, cuts).await?)?;
    scene.earned_nothing(&slow).await?;
    scene.ends_well().await
}

/// A client that is refused while it still sends learns why, because the connection stays open. Clients that read only
/// after they have sent everything would otherwise see a reset connection and try again.
#[tokio::test]
async fn a_refusal_reaches_a_client_that_is_still_sending() -> Result<()> {
    let scene = Scene::start().await?;
    let body = vec![1; 24 << 20];
    let length = body.len().to_string();
    // An unknown lease, a file without a token, and a body that is not JSON.
    let output = with(paths::OUTPUT, &LeaseId([7; 16]).to_string());
    for (method, target, code) in [
        ("PUT", output.as_str(), NoSuchLease),
        ("POST", "/v1/files?name=A.npy", TokenRequired),
        ("POST", paths::REGISTER, UnsupportedMediaType),
        ("POST", "/v1/nothing", NoSuchPath),
        ("PUT", paths::FILES, MethodNotAllowed),
    ] {
        for _ in 0..4 {
            let request = raw::request(method, target, &[("host", "127.0.0.1"), ("content-length", &length)], &body);
            let reply = raw::send(&scene.server.url, &request).await?.with_context(|| format!("{target}: cut"))?;
            assert_eq!(reply.code()?, code);
        }
    }
    scene.ends_well().await
}

/// The signature with n − s in place of s, where n is the group's order (SEC 2, 2.4.1).
pub(super) fn high_s(signature: &Signature) -> Signature {
    const ORDER: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    let order = hex::decode(ORDER).expect("hex");
    let (mut bytes, mut borrow) = (signature.0, 0);
    for index in (0..32).rev() {
        let difference = i32::from(order[index]) - i32::from(signature.0[32 + index]) - borrow;
        borrow = i32::from(difference < 0);
        bytes[32 + index] = difference.rem_euclid(256) as u8;
    }
    Signature(bytes)
}
