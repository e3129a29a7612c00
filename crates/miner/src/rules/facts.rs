//! What a host knows about the device, the person and the time.

use serde::Serialize;
use serde_json::Value;

use super::RulesError;
use super::fields::Fields;
use super::hours::{DAY, HOUR, WEEK};

/// The facts of one moment, in whole numbers; null where the host cannot know.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Facts {
    /// The current time, on the clock that all instants here use.
    pub now_ms: u64,
    /// The time of the local week.
    pub local: Option<LocalTime>,
    /// Until when a person paused the miner.
    pub paused_until_ms: Option<u64>,
    /// For how long nobody has used the device.
    pub idle_ms: Option<u64>,
    /// Whether it runs on battery.
    pub on_battery: Option<bool>,
    /// Whether the page is hidden.
    pub hidden: Option<bool>,
    /// Whether other programs need the processor.
    pub pressure: Option<bool>,
    /// Whether the connection is billed by volume.
    pub metered: Option<bool>,
    /// Bytes received and sent on this local day.
    pub data_bytes: Option<u64>,
    /// The miner's memory.
    pub memory_bytes: Option<u64>,
    /// The device's temperature in °C.
    pub celsius: Option<u64>,
    /// Whether the last decision paused because of the temperature.
    pub cooling: bool,
}

impl Facts {
    /// Reads JSON. A fact that is left out is not known.
    pub fn parse(json: &str) -> Result<Self, RulesError> {
        let mut fields = Fields::parse(json)?;
        let facts = Facts {
            now_ms: fields.whole("now_ms").unwrap_or_default(),
            local: fields.take("local").map(LocalTime::of).transpose()?,
            paused_until_ms: fields.whole("paused_until_ms"),
            idle_ms: fields.whole("idle_ms"),
            on_battery: fields.flag("on_battery"),
            hidden: fields.flag("hidden"),
            pressure: fields.flag("pressure"),
            metered: fields.flag("metered"),
            data_bytes: fields.whole("data_bytes"),
            memory_bytes: fields.whole("memory_bytes"),
            celsius: fields.whole("celsius"),
            cooling: fields.flag("cooling").unwrap_or_default(),
        };
        fields.end().map(|()| facts)
    }
}

/// A time of the local week, from the host's calendar. When the clock is set or daylight saving begins or ends, the host
/// decides again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LocalTime {
    /// Minutes since Monday, 0:00: from 0 to 10,079.
    pub minute: u32,
    /// When the next minute begins.
    pub next_minute_ms: u64,
}

impl LocalTime {
    fn of(value: Value) -> Result<Self, RulesError> {
        let mut fields = Fields::of(value)?;
        // A minute past the end of the week counts as the week's last.
        let minute = fields.whole("minute").unwrap_or_default().min(u64::from(WEEK) - 1) as u32;
        let local = LocalTime { minute, next_minute_ms: fields.whole("next_minute_ms").unwrap_or_default() };
        fields.end().map(|()| local)
    }

    /// When the minute `ahead` minutes from now begins, one at least.
    pub(super) fn instant_ms(&self, ahead: u32) -> u64 {
        self.next_minute_ms.saturating_add(u64::from(ahead.max(1) - 1) * 60_000)
    }

    /// The minute of the week at an instant.
    pub(super) fn minute_at(&self, at_ms: u64) -> u32 {
        match at_ms.checked_sub(self.next_minute_ms) {
            None => self.minute % WEEK,
            Some(after_ms) => (self.minute % WEEK + 1 + (after_ms / 60_000 % u64::from(WEEK)) as u32) % WEEK,
        }
    }

    /// Minutes until the time of day is next `minute` minutes past midnight.
    pub(super) fn until_of_day(&self, minute: u32) -> u32 {
        let of_day = self.minute % DAY;
        if of_day < minute { minute - of_day } else { DAY + minute - of_day }
    }
}

/// How long a person pauses a miner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Break {
    /// For 15 minutes.
    QuarterHour,
    /// For an hour.
    Hour,
    /// Until the next 6 a.m., so that it lasts the night for those who are up late; for a day if the local time is unknown.
    Tomorrow,
}

impl Break {
    /// Reads its name on the wire.
    pub fn parse(name: &str) -> Result<Self, RulesError> {
        match name {
            "quarter_hour" => Ok(Break::QuarterHour),
            "hour" => Ok(Break::Hour),
            "tomorrow" => Ok(Break::Tomorrow),
            _ => Err(RulesError::Break),
        }
    }

    /// When it ends.
    pub fn until_ms(self, facts: &Facts) -> u64 {
        let after = |minutes: u32| facts.now_ms.saturating_add(u64::from(minutes) * 60_000);
        match (self, &facts.local) {
            (Break::QuarterHour, _) => after(15),
            (Break::Hour, _) => after(HOUR),
            (Break::Tomorrow, Some(local)) => local.instant_ms(local.until_of_day(6 * HOUR)),
            (Break::Tomorrow, None) => after(DAY),
        }
    }
}
