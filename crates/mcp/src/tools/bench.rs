//! The tool that measures this machine.

use super::{Answer, Tools};
use crate::backend::{EngineRates, Told};
use crate::consent::Stop;

pub(crate) const ABOUT: &str = "Measures this machine's backends, one lane at a time: int8 and float32 products, and \
    hashing. It takes a few seconds of one core, and says which backend a miner would choose.";

impl Tools {
    pub(crate) async fn bench(&self, told: Told<'_>) -> Result<Answer, Stop> {
        let rates = self.parts.bench.run(told).await?;
        let mut text = format!("A miner chooses {}: {}", rates.chosen, rates.why);
        for EngineRates { engine, work_per_s, floats_per_s, bytes_per_s, error } in &rates.engines {
            text += &match error {
                Some(error) => format!("\n- {engine}: {error}"),
                None => {
                    format!("\n- {engine}: int8 {work_per_s}/s, float32 {floats_per_s}/s, hashing {bytes_per_s} B/s")
                }
            };
        }
        Answer::new(text, &rates)
    }
}
