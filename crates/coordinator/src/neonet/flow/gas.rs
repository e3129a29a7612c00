//! Network fees in NeoNet's shapes. Fees are only quoted; nothing is charged or burnt.

use adit_core::Amount;
use adit_protocol::ErrorCode;
use adit_protocol::neonet::{FeeBreakdown, GasEstimate, GasInfo};

use crate::app::App;
use crate::error::{Failure, Refusal};
use crate::money::store as ledger;
use crate::neonet::gas::{Demand, Fee};

/// NeoNet's name for its fee model.
const MODEL: &str = "EIP-1559 Dynamic";
/// The longest token name.
const MAX_TOKEN: usize = 16;

/// The current epoch's transfer fees. The previous epoch's demand sets the base fee.
pub(crate) async fn info(app: &App) -> Result<GasInfo, Failure> {
    let mut db = app.store.read().await?;
    let epoch = ledger::open_epoch(&mut db).await?;
    let base = epoch.base_fee as u64;
    let (used, target) = if epoch.id > 0 { ledger::demand(&mut db, epoch.id - 1).await? } else { (0, 0) };
    let before = Demand { used, target };
    Ok(GasInfo {
        neo_transfer_fee: neo(Fee::of_neo(base).total()),
        token_transfer_fee: neo(Fee::of_token(base).total()),
        active_providers: ledger::active_miners(&mut db).await?,
        congestion_level: before.congestion().to_owned(),
        fee_model: MODEL.to_owned(),
    })
}

/// Estimates the cost of sending `amount` of `token`.
pub(crate) async fn estimate(app: &App, token: &str, amount: &str) -> Result<GasEstimate, Failure> {
    let wrong = |detail: &str| Err(Refusal::new(ErrorCode::InvalidParameter, detail).into());
    if token.is_empty() || token.len() > MAX_TOKEN || !token.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return wrong("token must be 1 to 16 letters and digits, as in NEO");
    }
    let Some(amount) = amount.parse::<Amount>().ok().filter(|amount| *amount >= Amount::ZERO) else {
        return wrong("amount must be digits with at most nine decimal places, as in 1.25");
    };
    let base = ledger::open_epoch(&mut *app.store.read().await?).await?.base_fee as u64;
    let of_neo = token.eq_ignore_ascii_case("NEO");
    let fee = if of_neo { Fee::of_neo(base) } else { Fee::of_token(base) };
    // Fees are in NEO, so they cannot be added to an amount of another token.
    let moved = if of_neo { amount.nano() as u64 } else { 0 };
    Ok(GasEstimate {
        token: token.to_ascii_uppercase(),
        amount: amount.approximate_nnet(),
        estimated_gas_fee: neo(fee.total()),
        total_cost: neo(moved + fee.total()),
        fee_breakdown: FeeBreakdown {
            base_fee: neo(fee.base),
            priority_fee: neo(fee.priority),
            burn_amount: neo(fee.base),
        },
        fee_model: MODEL.to_owned(),
    })
}

/// Converts nano-NEO to NEO, which has as many decimal places as NNET.
fn neo(nano: u64) -> f64 {
    Amount::from_nano(i64::try_from(nano).unwrap_or(i64::MAX)).approximate_nnet()
}
