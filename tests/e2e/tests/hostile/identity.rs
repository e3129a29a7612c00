//! Attempts to use another's key, id, payout address, session, challenge or the operator's calls.

use adit_core::PublicKey;
use adit_core::sign::Challenge;
use adit_core::statement::{SessionStart, SiteShare};
use adit_protocol::ErrorCode::{self, *};
use adit_protocol::mining::RegisterGrant;
use adit_protocol::neonet::{ContributorResponse, RegisterResponse, StartSessionResponse};
use adit_protocol::paths::{self, with};
use adit_support::{Client, Reply, Scene};
use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use super::deliveries::high_s;

const PAYOUT: &str = "0x00112233445566778899aabbccddeeff00112233";

/// Registers with the given `adit` object.
async fn register(client: &Client, adit: Value) -> Result<Reply> {
    client.post(paths::REGISTER, &json!({ "contributor_id": client.contributor, "adit": adit })).await
}

async fn challenge(client: &Client, adit: Value) -> Result<RegisterGrant> {
    register(client, adit).await?.json::<RegisterResponse>()?.adit.context("no challenge")
}

/// A part for another's key.
fn share(site: &Client, site_bps: u32) -> Option<SiteShare> {
    Some(SiteShare { site: site.key.public_key(), site_bps })
}

#[tokio::test]
async fn a_registration_that_names_no_key_or_address_is_refused() -> Result<()> {
    let scene = Scene::start().await?;
    let client = Client::new(&scene.server, "stranger", 1)?;
    let key = client.key.public_key().to_string();
    for (adit, code) in [
        (json!({ "public_key": format!("02{}", "00".repeat(32)) }), InvalidPublicKey),
        (json!({ "public_key": format!("05{}", &key[2..]) }), InvalidPublicKey),
        (json!({ "public_key": key.to_uppercase() }), InvalidBody),
        (json!({ "public_key": &key[..64] }), InvalidBody),
        (json!({ "public_key": "" }), InvalidBody),
        (json!({}), InvalidBody),
        (json!({ "public_key": key, "admin": true }), InvalidBody),
        (json!({ "public_key": key, "payout": "" }), InvalidPayout),
        (json!({ "public_key": key, "payout": "0x0011" }), InvalidPayout),
        (json!({ "public_key": key, "payout": &PAYOUT[2..] }), InvalidPayout),
        (json!({ "public_key": key, "payout": PAYOUT.replace('0', "g") }), InvalidPayout),
        (json!({ "public_key": key, "payout": format!("{PAYOUT}00") }), InvalidPayout),
    ] {
        let found = register(&client, adit.clone()).await?.code().with_context(|| adit.to_string())?;
        assert_eq!(found, code, "{adit}");
    }
    for id in ["", "a b", "a/b", "<b>", "ü", "x'; DROP TABLE miner; --", &"x".repeat(65), "a\u{0}b", "a\nb"] {
        let reply = client.post(paths::REGISTER, &json!({ "contributor_id": id })).await?;
        assert_eq!(reply.code()?, InvalidContributor, "{id:?}");
    }
    scene.ends_well().await
}

#[tokio::test]
async fn a_start_that_is_not_what_was_registered_is_refused() -> Result<()> {
    let scene = Scene::start().await?;
    let (client, victim) = (Client::new(&scene.server, "stranger", 1)?, Client::new(&scene.server, "victim", 2)?);
    let grant = challenge(&client, json!({ "public_key": client.key.public_key(), "payout": PAYOUT })).await?;
    let good = SessionStart { payout: Some(PAYOUT.into()), ..client.start_statement(&grant) };
    type Change = fn(&mut SessionStart, &Client, &Client);
    let says = async |change: Change| {
        let mut statement = good.clone();
        change(&mut statement, &client, &victim);
        let signature = client.key.sign(&statement);
        client.start_with(statement, signature).await?.code()
    };
    let cases: [(Change, ErrorCode); 11] = [
        (|s, _, victim| s.coordinator = victim.key.public_key(), StatementMismatch),
        (|s, _, _| s.contributor = "victim".into(), StatementMismatch),
        (|s, _, _| s.contributor = "Stranger".into(), StatementMismatch),
        (|s, _, _| s.expires_at_ms += 1, StatementMismatch),
        (|s, _, _| s.payout = None, StatementMismatch),
        (|s, _, _| s.payout = Some(PAYOUT.replace("0x0", "0x1")), StatementMismatch),
        (|s, _, _| s.challenge = Challenge([1; 32]), ChallengeUsed),
        (|s, _, victim| s.share = share(victim, 0), InvalidShare),
        (|s, _, victim| s.share = share(victim, 10_001), InvalidShare),
        (|s, _, _| s.share = Some(SiteShare { site: PublicKey([5; 33]), site_bps: 1 }), InvalidShare),
        // The victim's key, with which the stranger cannot sign.
        (|s, _, victim| s.public_key = victim.key.public_key(), InvalidSignature),
    ];
    for (index, (change, code)) in cases.into_iter().enumerate() {
        assert_eq!(says(change).await?, code, "case {index}");
    }
    let signature = client.key.sign(&good);
    for forged in [high_s(&signature), victim.key.sign(&good), adit_core::Signature([0; 64])] {
        assert_eq!(client.start_with(good.clone(), forged).await?.code()?, InvalidSignature);
    }
    // The signature does not cover a share that somebody adds.
    let shared = SessionStart { share: share(&victim, 10_000), ..good.clone() };
    assert_eq!(client.start_with(shared, signature).await?.code()?, InvalidSignature);
    // The signature does not cover an unknown field.
    for place in ["", "statement"] {
        let mut adit = json!({ "statement": good, "signature": signature });
        let target = if place.is_empty() { &mut adit } else { &mut adit[place] };
        target["role"] = json!("admin");
        let body = json!({ "contributor_id": client.contributor, "adit": adit });
        assert_eq!(client.post(paths::START_SESSION, &body).await?.code()?, InvalidBody);
    }
    // None of that consumed the challenge. The true statement does, once.
    client.start_with(good.clone(), signature).await?.json::<StartSessionResponse>()?;
    assert_eq!(client.start_with(good, signature).await?.code()?, ChallengeUsed);
    scene.earned_nothing(&client).await?;
    scene.ends_well().await
}

#[tokio::test]
async fn a_challenge_is_for_one_id() -> Result<()> {
    let scene = Scene::start().await?;
    let (first, second) = (Client::new(&scene.server, "first", 1)?, Client::new(&scene.server, "second", 1)?);
    let grant = first.register().await?;
    second.register().await?;
    let statement = second.start_statement(&grant);
    let signature = second.key.sign(&statement);
    assert_eq!(second.start_with(statement, signature).await?.code()?, StatementMismatch);
    scene.ends_well().await
}

#[tokio::test]
async fn a_challenge_ends_with_its_time() -> Result<()> {
    let scene = Scene::start().await?;
    let client = Client::new(&scene.server, "stranger", 1)?;
    let statement = client.start_statement(&client.register().await?);
    scene.server.advance(121_000).await?;
    let signature = client.key.sign(&statement);
    assert_eq!(client.start_with(statement, signature).await?.code()?, ChallengeUsed);
    scene.ends_well().await
}

#[tokio::test]
async fn somebody_elses_key_id_and_payout_stay_theirs() -> Result<()> {
    let scene = Scene::start().await?;
    let mut victim = Client::new(&scene.server, "victim", 2)?;
    let thief = Client::new(&scene.server, "victim", 1)?;
    let key = victim.key.public_key();
    // Before the victim arrives, the thief registers the victim's id and key with its own address. A registration
    // reserves and sets nothing.
    let grant = challenge(&thief, json!({ "public_key": key, "payout": PAYOUT })).await?;
    let statement = SessionStart { public_key: key, payout: Some(PAYOUT.into()), ..thief.start_statement(&grant) };
    let signature = thief.key.sign(&statement);
    assert_eq!(thief.start_with(statement.clone(), signature).await?.code()?, InvalidSignature);
    // The same challenge with the thief's own key.
    let own = SessionStart { public_key: thief.key.public_key(), ..statement };
    let signature = thief.key.sign(&own);
    assert_eq!(thief.start_with(own, signature).await?.code()?, StatementMismatch);
    victim.open().await?;
    let show = async || scene.honest.get(&with(paths::CONTRIBUTOR, "victim")).await?.json::<ContributorResponse>();
    assert_eq!(show().await?.contributor.wallet_address, "victim");
    // Now the id is the victim's, in upper and lower case, and another key cannot have it.
    for name in ["victim", "VICTIM"] {
        let mut thief = Client::new(&scene.server, name, 1)?;
        let statement = thief.start_statement(&thief.register().await?);
        let signature = thief.key.sign(&statement);
        assert_eq!(thief.start_with(statement, signature).await?.code()?, ContributorTaken);
        ensure!(thief.open().await.is_err());
    }
    assert_eq!(show().await?.contributor.current_session, None, "a session is its owner's secret");
    scene.ends_well().await
}

/// Not even the key itself can change it in passing, so that a stolen session cannot divert rewards.
#[tokio::test]
async fn a_payout_address_once_set_stays() -> Result<()> {
    let scene = Scene::start().await?;
    let client = Client::new(&scene.server, "stranger", 1)?;
    for payout in [PAYOUT.to_owned(), PAYOUT.replace("0x0", "0x1")] {
        let grant = challenge(&client, json!({ "public_key": client.key.public_key(), "payout": payout })).await?;
        let statement = SessionStart { payout: Some(payout), ..client.start_statement(&grant) };
        let signature = client.key.sign(&statement);
        client.start_with(statement, signature).await?.json::<StartSessionResponse>()?;
        let shown: ContributorResponse = client.get(&with(paths::CONTRIBUTOR, "stranger")).await?.json()?;
        assert_eq!(shown.contributor.wallet_address, PAYOUT);
    }
    scene.ends_well().await
}

#[tokio::test]
async fn a_session_serves_its_owner_alone() -> Result<()> {
    let scene = Scene::start().await?;
    let (client, other) = (scene.stranger("stranger", 1).await?, scene.stranger("other", 2).await?);
    let ask = async |contributor: &str, session: &str, lane: &str| {
        let path = format!("{}?lane={lane}", with(paths::TASK, contributor));
        client.send(client.request(Method::GET, &path).header(paths::SESSION_HEADER, session)).await?.code()
    };
    assert_eq!(ask("other", &client.session, "0").await?, NotYourSession);
    assert_eq!(ask("stranger", "", "0").await?, NoSession);
    assert_eq!(ask("stranger", "' OR '1'='1", "0").await?, NoSession);
    assert_eq!(ask("stranger", &client.session.to_uppercase(), "0").await?, NoSession);
    for (lane, code) in [
        ("64", InvalidLane),
        ("4294967295", InvalidLane),
        ("4294967296", InvalidParameter),
        ("99999999999999999999", InvalidParameter),
        ("-1", InvalidParameter),
        ("0x1", InvalidParameter),
        ("1.0", InvalidParameter),
        ("", InvalidParameter),
        ("0&lane=1", InvalidParameter),
    ] {
        assert_eq!(ask("stranger", &client.session, lane).await?, code, "lane {lane}");
    }
    for path in [paths::HEARTBEAT, paths::STOP_SESSION] {
        let post = async |contributor: &str, session: &str| {
            let body = json!({ "contributor_id": contributor, "session_id": session });
            client.post(path, &body).await?.code()
        };
        assert_eq!(post("stranger", &other.session).await?, NotYourSession, "{path}");
        assert_eq!(post("stranger", "'; DROP TABLE session; --").await?, NoSession, "{path}");
        assert_eq!(post("stranger", "\u{0}").await?, NoSession, "{path}");
        assert_eq!(post("nobody", &other.session).await?, NotYourSession, "{path}");
    }
    // The other's session works until it ends or idles too long.
    scene.lease(&other).await?;
    let body = json!({ "contributor_id": "other", "session_id": other.session });
    assert_eq!(other.post(paths::STOP_SESSION, &body).await?.status, 200);
    assert_eq!(other.ask(0).await?.code()?, NoSession);
    assert_eq!(other.post(paths::HEARTBEAT, &body).await?.code()?, NoSession);
    scene.server.advance(600_001).await?;
    assert_eq!(client.ask(0).await?.code()?, NoSession);
    scene.earned_nothing(&other).await?;
    scene.ends_well().await
}

#[tokio::test]
async fn the_operators_calls_need_the_token_and_the_coordinators_own_name() -> Result<()> {
    let scene = Scene::start().await?;
    let (client, token) = (&scene.honest, scene.server.token().to_owned());
    let job = with(paths::JOB, &scene.job.to_string());
    let result = with(paths::JOB_RESULT, &scene.job.to_string());
    let calls = [
        (Method::POST, paths::FILES),
        (Method::POST, paths::ESTIMATE),
        (Method::POST, paths::JOBS),
        (Method::DELETE, job.as_str()),
        (Method::GET, result.as_str()),
        (Method::GET, paths::MINERS),
    ];
    for (method, path) in calls {
        let request = || client.request(method.clone(), path).json(&json!({}));
        let mut without = vec![request()];
        for value in [
            String::new(),
            "Bearer ".into(),
            format!("Bearer {}", &token[1..]),
            format!("Bearer {}g", &token[..token.len() - 1]),
            format!("Bearer {}", token.to_uppercase()),
            format!("Bearer {token} {token}"),
            format!("bearer{token}"),
            format!("Basic {token}"),
            token.clone(),
        ] {
            without.push(request().header("authorization", value));
        }
        for request in without {
            assert_eq!(client.send(request).await?.code()?, TokenRequired, "{method} {path}");
        }
        for host in
            ["evil.example", "127.0.0.1.evil.example:8000", "localhost.evil.example", "evil.example:80@127.0.0.1"]
        {
            let request = request().bearer_auth(&token).header("host", host);
            assert_eq!(client.send(request).await?.code()?, WrongHost, "{method} {path} {host}");
        }
    }
    scene.ends_well().await
}

/// An empty token file, left by a crash or an editor, must not make everybody the operator.
#[tokio::test]
async fn an_empty_token_opens_nothing() -> Result<()> {
    let scene = Scene::start().await?;
    std::fs::write(scene.server.data().join("admin.token"), "\n")?;
    let error = scene.server.restart(|_| {}).await.err().context("a coordinator without a token runs")?;
    ensure!(error.to_string().contains("admin.token"), "{error}");
    Ok(())
}

#[tokio::test]
async fn an_id_that_a_key_has_proved_takes_no_session_without_it() -> Result<()> {
    let scene = Scene::start().await?;
    let victim = scene.stranger("victim", 2).await?;
    for id in ["victim", "VICTIM"] {
        let reply = victim.post(paths::START_SESSION, &json!({ "contributor_id": id })).await?;
        assert_eq!(reply.code()?, ContributorTaken, "{id}");
    }
    // Its own session goes on.
    ensure!(victim.task(0).await?.is_some(), "the victim lost its session");
    scene.ends_well().await
}
