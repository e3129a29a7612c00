//! What a miner is shown before an epoch closes is what it is paid, and what the public sees of the network.

use adit_core::statement::NameChoice;
use adit_core::{Amount, PublicKey};
use adit_protocol::ErrorCode;
use adit_protocol::paths::{self, with};
use adit_protocol::records::Account;
use adit_protocol::statistics::{Earnings, SignedName, Statistics};
use adit_support::server::LARGE_BUDGET;
use adit_support::{Client, Server, files, without_admission};
use anyhow::{Result, ensure};
use reqwest::Method;

async fn account(client: &Client) -> Result<Account> {
    Ok(client.api().account(&client.key.public_key()).await?)
}

async fn earnings(client: &Client) -> Result<Earnings> {
    client.get(&(with(paths::EARNINGS, &client.key.public_key().to_string()) + "?days=7")).await?.json()
}

async fn mine(client: &mut Client, server: &Server, rows: u32) -> Result<usize> {
    let values = |rows: u32| files::npy(rows, 64, &files::values(1, rows as usize * 64));
    client.submit_matmul(values(rows), values(64)).await?;
    if client.session.is_empty() {
        client.open().await?;
    }
    Ok(client.mine(&server.key()).await?.len())
}

#[tokio::test]
async fn an_epoch_pays_exactly_what_was_expected() -> Result<()> {
    // A budget that covers everything, and one that is shared.
    for budget in [LARGE_BUDGET, Amount::from_nano(500)] {
        let server = Server::start_with(|config| {
            without_admission(config);
            config.epoch_budget = budget;
        })
        .await?;
        let (mut first, mut second) = (Client::new(&server, "first", 1)?, Client::new(&server, "second", 2)?);
        let mut before = [Amount::ZERO; 2];
        // The second epoch has what the first one carried over.
        for _ in 0..2 {
            ensure!(mine(&mut first, &server, 900).await? > 0 && mine(&mut second, &server, 300).await? > 0);
            let shown = [account(&first).await?, account(&second).await?];
            ensure!(shown.iter().all(|account| account.expected > Amount::ZERO && account.expected < account.pending));
            server.advance(shown[0].next_payment_ms as i64).await?;
            for (index, client) in [&first, &second].into_iter().enumerate() {
                let paid = account(client).await?;
                assert_eq!(paid.posted.nano() - before[index].nano(), shown[index].expected.nano(), "{budget}");
                assert_eq!((paid.pending, paid.expected), (Amount::ZERO, Amount::ZERO));
                before[index] = paid.posted;
                let earned = earnings(client).await?;
                assert_eq!((earned.days.len(), earned.posted, earned.expected), (7, paid.posted, Amount::ZERO));
                assert_eq!(earned.days.iter().map(|day| day.paid.nano()).sum::<i64>(), paid.posted.nano());
            }
            first.open().await?;
            second.open().await?;
        }
        server.assert_balanced().await?;
    }
    Ok(())
}

#[tokio::test]
async fn statistics_count_by_day_and_list_only_chosen_names() -> Result<()> {
    let server = Server::start_with(without_admission).await?;
    let (mut named, mut unnamed) = (Client::new(&server, "named", 1)?, Client::new(&server, "unnamed", 2)?);
    let units = mine(&mut named, &server, 300).await? + mine(&mut unnamed, &server, 300).await?;
    let statistics = async |days: u32| -> Result<Statistics> {
        unnamed.get(&format!("{}?days={days}", paths::STATISTICS)).await?.json()
    };
    let seen = statistics(3).await?;
    assert_eq!((seen.days.len(), seen.miners_now, seen.jobs_now), (3, 2, 0));
    let today = seen.days[2];
    assert_eq!((today.units, today.work, today.units), (units as u64, seen.work_verified, seen.units_valid));
    ensure!(seen.leaders.is_empty() && seen.last_receipt.is_some());
    server.advance(86_400_000).await?;
    let later = statistics(3).await?;
    assert_eq!((later.days[1].units, later.days[1].at_ms, later.days[2].units), (units as u64, today.at_ms, 0));
    // The epoch that the work was done in closed on the day after.
    ensure!(later.days[2].paid > Amount::ZERO);
    assert_eq!(statistics(1_000).await?.days.len(), 90);

    assert_eq!(
        choose(&named, &server.key(), Some("Zoë"), 1, &named).await?.json::<Account>()?.name.as_deref(),
        Some("Zoë")
    );
    let again = choose(&named, &server.key(), Some("Zoë"), 1, &named).await?.json::<Account>()?;
    assert_eq!(again.name_counter, 1);
    let refused = async |name, counter, signer| choose(&named, &server.key(), name, counter, signer).await?.code();
    assert_eq!(refused(Some("Older"), 1, &named).await?, ErrorCode::StatementMismatch);
    assert_eq!(refused(Some("Forged"), 2, &unnamed).await?, ErrorCode::InvalidSignature);
    for unfit in ["", " Zoë", "a\nb", "\u{202e}eoZ", &"x".repeat(41)] {
        assert_eq!(refused(Some(unfit), 2, &named).await?, ErrorCode::InvalidParameter, "{unfit:?}");
    }
    let other = choose(&named, &named.key.public_key(), Some("Elsewhere"), 2, &named).await?;
    assert_eq!(other.code()?, ErrorCode::StatementMismatch);
    let leaders = statistics(1).await?.leaders;
    assert_eq!(leaders.len(), 1);
    assert_eq!((leaders[0].name.as_str(), leaders[0].key), ("Zoë", named.key.public_key()));
    choose(&named, &server.key(), None, 2, &named).await?.json::<Account>()?;
    ensure!(statistics(1).await?.leaders.is_empty());
    server.assert_balanced().await
}

/// Chooses a name for `client`'s key, signed by `signer`'s.
async fn choose(
    client: &Client,
    coordinator: &PublicKey,
    name: Option<&str>,
    counter: u64,
    signer: &Client,
) -> Result<adit_support::client::Reply> {
    let public_key = client.key.public_key();
    let name = name.map(str::to_owned);
    let statement = NameChoice { coordinator: *coordinator, public_key, name, counter };
    let signed = SignedName { signature: signer.key.sign(&statement), statement };
    let path = with(paths::ACCOUNT_NAME, &public_key.to_string());
    client.send(client.request(Method::PUT, &path).json(&signed)).await
}
