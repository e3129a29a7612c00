//! The package `hold`: a holder of sealed replicas, over the files of the hold worker.

mod host;

use adit_client::{Client, Once};
use adit_core::{Amount, PublicKey};
use adit_fetch::Browser;
use adit_miner::machine::default_contributor;
use adit_miner::store::{Door, Event, Figures, Holder, Loss, Name, Shelf};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::key::secret_key;
use crate::values::to_js;
use host::{Clock, Files, HoldHost};

/// What a holder tells: `HoldNews` of worker/messages.ts.
#[derive(Serialize)]
struct News {
    /// Replicas that are held, and their bytes.
    replicas: u64,
    bytes: u64,
    /// Pending rewards of all windows that this browser has answered, in NNET.
    earned: Amount,
    what: What,
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum What {
    Registered { key: PublicKey },
    Held,
    Lost { replicas: u64, bytes: u64, damaged: bool },
    Released { replicas: u64 },
    GaveBack,
    Answered { verdict: &'static str, missing_at_most_ppm: u32, took_ms: u64 },
    Full { why: String },
    Failed { why: String },
}

impl What {
    fn of(event: &Event<'_>) -> Self {
        match event {
            Event::Registered(key) => What::Registered { key: *key },
            Event::Held(..) => What::Held,
            Event::Lost(replicas, bytes, why) => {
                What::Lost { replicas: *replicas, bytes: *bytes, damaged: *why != Loss::Gone }
            }
            Event::Released(replicas) => What::Released { replicas: *replicas },
            Event::GaveBack(_) => What::GaveBack,
            Event::Answered(answered, took_ms) => What::Answered {
                verdict: answered.verdict.name(),
                missing_at_most_ppm: answered.missing_at_most_ppm,
                took_ms: *took_ms,
            },
            Event::Full(why) => What::Full { why: (*why).to_owned() },
            Event::Failed(error) => What::Failed { why: error.to_string() },
        }
    }
}

/// Where a holder is at home: `server` is the coordinator's address, `origin` the page's, `pinned` the coordinator's key if it is
/// known, `secret` the miner's key.
#[wasm_bindgen]
pub struct Home {
    door: Door<Browser, Once>,
    host: HoldHost,
}

#[wasm_bindgen]
impl Home {
    /// Nothing is read or asked yet. The error says which value is wrong.
    #[wasm_bindgen(constructor)]
    pub fn new(
        server: &str,
        origin: String,
        pinned: Option<String>,
        secret: &[u8],
        host: HoldHost,
    ) -> Result<Home, JsError> {
        let pinned = pinned.map(|key| key.parse()).transpose()?;
        let key = secret_key(secret)?;
        let contributor = default_contributor(&key.public_key());
        let door = Door::new(Client::new(Browser, server), Name { key, contributor, origin }, pinned);
        Ok(Home { door, host })
    }

    /// Holds at most `share` bytes until the worker ends; the error says why it cannot.
    pub async fn hold(self, share: f64) -> Result<(), JsError> {
        Ok(self.holder(share as u64).await?.hold(|_| false).await?)
    }

    /// Gives up all that is held and frees its room.
    pub async fn quit(self) -> Result<(), JsError> {
        Ok(self.holder(0).await?.quit().await?)
    }

    async fn holder(
        self,
        share: u64,
    ) -> Result<Holder<Browser, Once, Files, Clock, impl Fn(&Figures, Event<'_>)>, JsError> {
        let Home { door, host } = self;
        let shelf = Shelf::open(Files(host.clone())).await?;
        let clock = Clock(host.clone());
        let tell = move |figures: &Figures, event: Event<'_>| {
            let Figures { replicas, bytes, earned_ever, .. } = *figures;
            let earned = Amount::from_nano(earned_ever);
            match to_js(&News { replicas, bytes, earned, what: What::of(&event) }) {
                Ok(news) => host.tell(news),
                Err(error) => wasm_bindgen::throw_val(error.into()),
            }
        };
        Ok(Holder::new(door, shelf, clock, share, tell))
    }
}
