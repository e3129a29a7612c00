//! When a miner may work: a person's rules, what a host knows, and what follows.
//!
//! A [`Rules`] value is what a person chose, and [`Facts`] are what the host knows at this moment. [`decide`] is pure, so a
//! browser and a terminal decide alike. An unknown fact never pauses a miner; the decision names it, so that people can be
//! told.
//!
//! ```
//! use adit_miner::rules::{Facts, Reason, Rules, decide};
//!
//! let rules = Rules::parse(r#"{ "pause_on_battery": true, "duty_in_use": 0.25 }"#).unwrap();
//! let decision = decide(&rules, &Facts { on_battery: Some(true), ..Facts::default() });
//! assert_eq!(decision.pauses[0].reason, Reason::Battery);
//! // Whether somebody uses the device is not known here, so the smaller duty holds once the device is plugged in.
//! let decision = decide(&rules, &Facts { on_battery: Some(false), ..Facts::default() });
//! assert_eq!((decision.duty, decision.pauses.len()), (0.25, 0));
//! ```

mod decision;
mod facts;
mod fields;
mod hours;
#[cfg(test)]
mod tests;
mod words;

use std::ops::RangeInclusive;

use serde::Serialize;

use fields::Fields;

pub use decision::{Decision, Ends, Fact, Pause, Reason, decide};
pub use facts::{Break, Facts, LocalTime};
pub use hours::{DAY, HOUR, Span, WEEK};
pub use words::{HoursError, hours, show_hours};

/// The range of the time without use after which a device counts as idle: from one minute to one day.
pub const IDLE_AFTER_MS: RangeInclusive<u64> = 60_000..=86_400_000;
/// The caps on data in a day: from 1 MB to 1 PB.
pub const DATA_BYTES: RangeInclusive<u64> = 1_000_000..=1_000_000_000_000_000;
/// The caps on memory: from 64 MB to 16 TB.
pub const MEMORY_BYTES: RangeInclusive<u64> = 64_000_000..=16_000_000_000_000;
/// The caps on temperature, in °C.
pub const CELSIUS: RangeInclusive<u64> = 30..=110;
/// By how much a device that was too hot must cool down, in °C.
pub const COOLING_CELSIUS: RangeInclusive<u64> = 1..=30;
/// The most spans of hours: more than ten for each day.
pub const MAX_SPANS: usize = 80;

/// When a miner may work, as a person chose it. The default never pauses.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Rules {
    /// The parts of the local week in which it works; empty for all of it. At most 80.
    pub hours: Vec<Span>,
    /// The fraction of the time that lanes work while somebody uses the device, from 0 to 1; 0 pauses.
    pub duty_in_use: f64,
    /// The fraction of the time that lanes work while nobody does, above 0 and up to 1.
    pub duty_idle: f64,
    /// How long nobody must use the device before it counts as idle: from 60,000 (a minute) to 86,400,000 (a day).
    pub idle_after_ms: u64,
    /// Whether to pause on battery.
    pub pause_on_battery: bool,
    /// Whether to pause while the page is hidden.
    pub pause_when_hidden: bool,
    /// Whether to pause while other programs need the processor.
    pub pause_under_pressure: bool,
    /// Whether to pause on a connection that is billed by volume.
    pub pause_on_metered: bool,
    /// The most bytes received and sent in a day: from 1,000,000 to 10^15.
    pub max_data_bytes: Option<u64>,
    /// The most memory of the miner, in bytes: from 64,000,000 to 16 * 10^12.
    pub max_memory_bytes: Option<u64>,
    /// The temperature at which it pauses, in °C: from 30 to 110.
    pub max_celsius: Option<u64>,
    /// By how much the device must then cool down, in °C: from 1 to 30.
    pub cooling_celsius: u64,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            hours: Vec::new(),
            duty_in_use: 1.0,
            duty_idle: 1.0,
            idle_after_ms: 300_000,
            pause_on_battery: false,
            pause_when_hidden: false,
            pause_under_pressure: false,
            pause_on_metered: false,
            max_data_bytes: None,
            max_memory_bytes: None,
            max_celsius: None,
            cooling_celsius: 5,
        }
    }
}

/// Why rules or facts are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// The text is not JSON, or not an object.
    #[error("rules and facts are objects of JSON")]
    NoObject,
    /// A field is unknown.
    #[error("there is no rule or fact `{0}`")]
    Unknown(String),
    /// A field has the wrong type.
    #[error("{name} must be {must}")]
    Type {
        /// The field.
        name: &'static str,
        /// The type it must have.
        must: &'static str,
    },
    /// The name of a break is unknown.
    #[error("a break is quarter_hour, hour or tomorrow")]
    Break,
    /// A number is out of range.
    #[error("{name} is {value}, but must be from {least} to {most}")]
    Range {
        /// The field.
        name: &'static str,
        /// The value given.
        value: u64,
        /// The least value allowed.
        least: u64,
        /// The greatest value allowed.
        most: u64,
    },
    /// A fraction is out of range.
    #[error("{name} must be {range}")]
    Duty {
        /// The field.
        name: &'static str,
        /// The range allowed.
        range: &'static str,
    },
    /// A span of hours is empty, or outside of the week.
    #[error("hours from minute {} to minute {} of the week are no span: minutes are from 0 to 10080, and a span is not empty", .0.from, .0.to)]
    Span(Span),
    /// There are too many spans.
    #[error("hours has {0} spans, but at most 80 are allowed")]
    Spans(usize),
}

impl Rules {
    /// Reads JSON. A field that is left out has its default; an unknown one, and a value out of range, are refused.
    pub fn parse(json: &str) -> Result<Self, RulesError> {
        let mut fields = Fields::parse(json)?;
        let defaults = Rules::default();
        let spans = fields.list("hours").unwrap_or_default();
        let rules = Rules {
            hours: spans.into_iter().map(Span::of).collect::<Result<_, _>>()?,
            duty_in_use: fields.number("duty_in_use").unwrap_or(defaults.duty_in_use),
            duty_idle: fields.number("duty_idle").unwrap_or(defaults.duty_idle),
            idle_after_ms: fields.whole("idle_after_ms").unwrap_or(defaults.idle_after_ms),
            pause_on_battery: fields.flag("pause_on_battery").unwrap_or_default(),
            pause_when_hidden: fields.flag("pause_when_hidden").unwrap_or_default(),
            pause_under_pressure: fields.flag("pause_under_pressure").unwrap_or_default(),
            pause_on_metered: fields.flag("pause_on_metered").unwrap_or_default(),
            max_data_bytes: fields.whole("max_data_bytes"),
            max_memory_bytes: fields.whole("max_memory_bytes"),
            max_celsius: fields.whole("max_celsius"),
            cooling_celsius: fields.whole("cooling_celsius").unwrap_or(defaults.cooling_celsius),
        };
        fields.end()?;
        rules.check()?;
        Ok(rules)
    }

    /// Whether every value is in its range.
    pub fn check(&self) -> Result<(), RulesError> {
        if !(0.0..=1.0).contains(&self.duty_in_use) {
            return Err(RulesError::Duty { name: "duty_in_use", range: "from 0 to 1" });
        }
        if !(self.duty_idle > 0.0 && self.duty_idle <= 1.0) {
            return Err(RulesError::Duty { name: "duty_idle", range: "above 0 and at most 1" });
        }
        in_range("idle_after_ms", Some(self.idle_after_ms), IDLE_AFTER_MS)?;
        in_range("max_data_bytes", self.max_data_bytes, DATA_BYTES)?;
        in_range("max_memory_bytes", self.max_memory_bytes, MEMORY_BYTES)?;
        in_range("max_celsius", self.max_celsius, CELSIUS)?;
        in_range("cooling_celsius", Some(self.cooling_celsius), COOLING_CELSIUS)?;
        if self.hours.len() > MAX_SPANS {
            return Err(RulesError::Spans(self.hours.len()));
        }
        self.hours.iter().find(|span| !span.is_valid()).map_or(Ok(()), |span| Err(RulesError::Span(*span)))
    }
}

fn in_range(name: &'static str, value: Option<u64>, range: RangeInclusive<u64>) -> Result<(), RulesError> {
    match value.filter(|value| !range.contains(value)) {
        None => Ok(()),
        Some(value) => Err(RulesError::Range { name, value, least: *range.start(), most: *range.end() }),
    }
}
