//! Calls to a scripted coordinator: what is sent, what is retried, and what errors say.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::cell::{Cell, RefCell};
use std::future::{Future, ready};

use adit_client::{Client, ClientError, Sleep};
use adit_core::content_id::block_cid;
use adit_core::sign::LeaseId;
use adit_core::statement::Delivery;
use adit_core::{Kind, Signature};
use adit_fetch::{FetchError, Request, Response, Scripted};
use adit_protocol::ErrorCode;
use adit_protocol::jobs::{JobRequest, JobWork};
use futures::executor::block_on;

const SERVER: &str = "http://host:8000/";

/// Records pauses, which take no time.
#[derive(Default)]
struct Pauses(RefCell<Vec<u64>>);

impl Sleep for &Pauses {
    fn sleep(&self, ms: u64) -> impl Future<Output = ()> + adit_fetch::MaybeSend {
        self.0.borrow_mut().push(ms);
        ready(())
    }
}

fn health() -> Response {
    let key = "02".to_owned() + &"11".repeat(32);
    Response::new(200, format!(r#"{{"status":"ok","coordinator_key":"{key}"}}"#))
}

fn refusal(code: ErrorCode, detail: &str) -> Response {
    Response::new(code.status(), format!(r#"{{"detail":"{detail}","code":"{}"}}"#, code.name()))
}

fn job() -> JobRequest {
    let file = block_cid(b"file");
    let work = JobWork::MatmulI8 { a: file, b: file };
    JobRequest::new(work)
}

/// Fails the first `failures` calls with `answer`, then gives the answer of a healthy coordinator.
fn failing(
    failures: u32,
    answer: impl Fn() -> Result<Response, FetchError>,
) -> impl FnMut(&Request) -> Result<Response, FetchError> {
    let mut calls = 0;
    move |_| {
        calls += 1;
        if calls <= failures { answer() } else { Ok(health()) }
    }
}

#[test]
fn a_harmless_call_is_sent_again_with_growing_pauses() {
    let fetch = Scripted::new(failing(3, || Err(FetchError::Connect("refused".into()))));
    let pauses = Pauses::default();
    let client = Client::new(&fetch, SERVER).with_retries(&pauses, 4);
    assert_eq!(block_on(client.health()).unwrap().status, "ok");
    assert_eq!(*pauses.0.borrow(), [250, 500, 1_000]);
    let client = Client::new(Scripted::new(|_| Err(FetchError::Timeout(1))), SERVER).with_retries(&pauses, 4);
    assert!(block_on(client.health()).unwrap_err().is_away());
    assert_eq!(pauses.0.borrow().len(), 6);
}

#[test]
fn retry_after_is_honoured_up_to_a_minute() {
    let busy = |seconds: &'static str| {
        move || Ok(refusal(ErrorCode::TooManyRequests, "slower").with_header("retry-after", seconds))
    };
    let pauses = Pauses::default();
    let client = Client::new(Scripted::new(failing(1, busy("7"))), SERVER).with_retries(&pauses, 4);
    assert!(block_on(client.health()).is_ok());
    assert_eq!(*pauses.0.borrow(), [7_000]);
    let client = Client::new(Scripted::new(failing(1, busy("61"))), SERVER).with_retries(&pauses, 4);
    let error = block_on(client.health()).unwrap_err();
    assert_eq!((error.code(), error.retry_after_ms()), (Some(ErrorCode::TooManyRequests), Some(61_000)));
}

#[test]
fn a_call_that_may_do_harm_is_sent_once() {
    let calls = Cell::new(0);
    let fetch = Scripted::new(|_| {
        calls.set(calls.get() + 1);
        Err(FetchError::Interrupted("reset".into()))
    });
    let pauses = Pauses::default();
    let client = Client::new(&fetch, SERVER).with_retries(&pauses, 4);
    assert!(block_on(client.submit(&job())).is_err());
    assert!(block_on(client.cancel(1)).is_err());
    assert_eq!(calls.get(), 2);
    assert!(block_on(client.estimate(&job())).is_err());
    assert_eq!(calls.get(), 6);
}

#[test]
fn a_refusal_is_final_and_carries_the_coordinators_sentence() {
    let pauses = Pauses::default();
    let fetch = Scripted::new(|_| Ok(refusal(ErrorCode::NoSuchJob, "no job 7; list them with GET /v1/jobs")));
    let client = Client::new(&fetch, SERVER).with_retries(&pauses, 4);
    let error = block_on(client.job(7)).unwrap_err();
    assert_eq!(error.to_string(), "no job 7; list them with GET /v1/jobs (no_such_job)");
    assert!(!error.is_temporary() && pauses.0.borrow().is_empty());
}

#[test]
fn errors_say_what_to_do_next() {
    let said = |answer: Result<Response, FetchError>| {
        let fetch = Scripted::new(move |_| answer.clone());
        block_on(Client::new(fetch, SERVER).overview()).unwrap_err().to_string()
    };
    let away = said(Err(FetchError::Connect("refused".into())));
    assert!(away.contains("http://host:8000") && away.contains("adit serve"), "{away}");
    let stranger = said(Ok(Response::new(404, "<html>")));
    assert!(stranger.contains("answered 404; is it a coordinator?"), "{stranger}");
    let other_version = said(Ok(Response::new(200, "{}")));
    assert!(other_version.contains("as this version expects: missing field"), "{other_version}");
}

#[test]
fn errors_name_the_cause_and_the_remedy() {
    let of = |server: &str, error: FetchError| {
        let fetch = Scripted::new(move |_| Err(error.clone()));
        let error = block_on(Client::new(fetch, server).overview()).unwrap_err();
        (error.is_temporary(), error.to_string())
    };
    let (again, said) = of("localhost:8000/", FetchError::NoScheme("localhost:8000/v1/overview".into()));
    assert_eq!((again, said.ends_with("did you mean http://localhost:8000?")), (false, true), "{said}");
    let (again, said) = of("ftp://x", FetchError::Url("ftp://x/v1/overview".into()));
    assert_eq!((again, said.as_str()), (false, "the address ftp://x cannot be used"));
    let in_clear = FetchError::TokenInClear { proxy: "http://p:3128".into(), host: "x.org".into() };
    let (again, said) = of("http://x.org", in_clear);
    assert!(!again && said.contains("http://p:3128") && said.contains("NO_PROXY=x.org"), "{said}");
    for error in [FetchError::Silent(30_000), FetchError::Timeout(5), FetchError::Interrupted("reset".into())] {
        let (again, said) = of("http://x.org", error.clone());
        assert!(again && said.contains(&error.to_string()) && said.contains("try again"), "{said}");
        assert!(!said.contains("adit serve"), "{said}");
    }
}

#[test]
fn the_token_goes_to_the_coordinator_and_to_nobody_else() {
    let fetch = Scripted::new(|_| Ok(Response::new(404, "")));
    let client = Client::new(&fetch, SERVER).with_token("secret");
    let cid = block_cid(b"block");
    let _ = block_on(client.jobs());
    let _ = block_on(client.block(&cid));
    let _ = block_on(adit_client::fetch_block(&fetch, "https://gateway.example/", &cid));
    let seen = fetch.seen();
    assert_eq!(seen[0].headers, [("authorization", "Bearer secret".to_owned())]);
    assert_eq!(seen[1].url, format!("http://host:8000/ipfs/{cid}?format=raw"));
    assert_eq!(seen[2].url, format!("https://gateway.example/ipfs/{cid}?format=raw"));
    assert!(seen[1].headers.is_empty() && seen[2].headers.is_empty());
}

#[test]
fn blocks_are_followed_and_calls_are_not() {
    let moved = |_: &Request| Ok(Response::new(307, "").with_header("location", "https://other.example/x"));
    let fetch = Scripted::new(moved);
    let cid = block_cid(b"block");
    let client = Client::new(&fetch, SERVER).with_token("secret");
    assert_eq!(block_on(client.jobs()).unwrap_err().status(), Some(307));
    assert_eq!(fetch.seen().len(), 1);
    let error = block_on(client.block(&cid)).unwrap_err();
    assert!(error.to_string().contains("redirects more than 5 times"), "{error}");
    let seen = fetch.seen();
    assert_eq!((seen.len(), seen[2].url.as_str()), (7, "https://other.example/x"));
    assert_eq!(seen[2].reach, adit_fetch::Reach::Public);
}

#[test]
fn names_arrive_as_they_are() {
    let fetch = Scripted::new(|_| Ok(Response::new(404, "")));
    let client = Client::new(&fetch, SERVER);
    let _ = block_on(client.upload("a b&c=ü.npy", Some("npy_f32"), vec![1]));
    let _ = block_on(client.contributor("a/b?c"));
    let seen = fetch.seen();
    assert_eq!(seen[0].url, "http://host:8000/v1/files?name=a%20b%26c%3D%C3%BC%2Enpy&format=npy%5Ff32");
    assert_eq!(seen[1].url, "http://host:8000/ai-energy/contributor/a%2Fb%3Fc");
}

#[test]
fn no_work_is_no_error() {
    let fetch = Scripted::new(|_| Ok(Response::new(204, "")));
    let client = Client::new(&fetch, SERVER);
    assert_eq!(block_on(client.task("miner", "session", 3, &Kind::ALL[..2])).unwrap(), None);
    let request = &fetch.seen()[0];
    assert!(
        request.url.ends_with("/ai-energy/task/miner?lane=3&kinds=matmul%5Fi8%2F1%2Cmlp%5Fi8%2F1"),
        "{}",
        request.url
    );
    assert_eq!(request.headers, [("adit-session", "session".to_owned())]);
}

#[test]
fn a_delivery_carries_its_statement_in_headers() {
    let fetch = Scripted::new(|_| Ok(Response::new(404, "")));
    let lease = LeaseId([1; 16]);
    let digest = adit_core::sign::Digest([2; 32]);
    let delivery = Delivery { lease, unit: block_cid(b"unit"), digest, length: 3 };
    let client = Client::new(&fetch, SERVER);
    let sent = client.deliver(&delivery, &Signature([3; 64]), "session", vec![7; 3]);
    assert!(block_on(sent).is_err());
    let request = &fetch.seen()[0];
    assert_eq!(request.url, format!("http://host:8000/v1/leases/{lease}/output"));
    let header = |name| request.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
    assert_eq!(header("adit-digest"), Some("02".repeat(32).as_str()));
    assert_eq!(header("adit-signature"), Some("03".repeat(64).as_str()));
    assert_eq!(request.body.as_ref().unwrap().bytes(), Some(&[7; 3][..]));
}

#[test]
fn a_result_arrives_in_chunks_and_a_short_one_is_an_error() {
    let result = |length: &str| {
        let response = Response::new(200, vec![7; 5_000]).with_header("content-length", length);
        let client = Client::new(Scripted::new(move |_| Ok(response.clone())), SERVER);
        block_on(async { client.result(1).await.unwrap().whole().await })
    };
    assert_eq!(result("5000").unwrap(), [7; 5_000]);
    assert!(matches!(result("5001"), Err(ClientError::Away { .. })));
}
