//! From rules and facts to a decision.

use serde::Serialize;

use super::Rules;
use super::facts::Facts;
use super::hours::open;

/// What a miner may do until a fact changes or `next_change_ms` is reached.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Decision {
    /// Every reason to pause that holds, the person's own first; none if it may work.
    pub pauses: Vec<Pause>,
    /// The fraction of the time that lanes may work, from 0 to 1; 0 if it pauses.
    pub duty: f64,
    /// Facts that a rule asks about and the host does not know. They do not pause the miner.
    pub unknown: Vec<Fact>,
    /// When the decision changes if nothing but time does.
    pub next_change_ms: Option<u64>,
}

/// A reason to pause, and its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pause {
    /// Why.
    pub reason: Reason,
    /// What ends it.
    #[serde(flatten)]
    pub ends: Ends,
}

/// Why a miner pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The person at the device asked for it.
    You,
    /// It is outside of the hours.
    Hours,
    /// Somebody uses the device.
    InUse,
    /// The device runs on battery.
    Battery,
    /// The page is hidden.
    Hidden,
    /// Other programs need the processor.
    Pressure,
    /// The connection is billed by volume.
    Metered,
    /// The day's data is used up.
    Data,
    /// The miner uses too much memory.
    Memory,
    /// The device is too hot.
    Heat,
}

impl Reason {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Reason::You => "you",
            Reason::Hours => "hours",
            Reason::InUse => "in_use",
            Reason::Battery => "battery",
            Reason::Hidden => "hidden",
            Reason::Pressure => "pressure",
            Reason::Metered => "metered",
            Reason::Data => "data",
            Reason::Memory => "memory",
            Reason::Heat => "heat",
        }
    }
}

/// What ends a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "ends", rename_all = "snake_case")]
pub enum Ends {
    /// Time.
    At {
        /// The instant.
        at_ms: u64,
        /// The minute of the local week, if it is known.
        minute: Option<u32>,
    },
    /// The next day, at a time that is not known here.
    NextDay,
    /// Nobody uses the device for this long.
    Idle {
        /// How long.
        after_ms: u64,
    },
    /// The device is plugged in.
    PluggedIn,
    /// The page is visible.
    Visible,
    /// Other programs leave the processor alone.
    Calm,
    /// The connection is not billed by volume.
    Unmetered,
    /// The miner's memory falls to this.
    LessMemory {
        /// In bytes.
        bytes: u64,
    },
    /// The device cools down to this.
    Cooler {
        /// In °C.
        celsius: u64,
    },
}

/// A fact that a rule asks about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// The time of the local week.
    LocalTime,
    /// Whether somebody uses the device.
    Idle,
    /// Whether it runs on battery.
    Battery,
    /// Whether the page is hidden.
    Hidden,
    /// Whether other programs need the processor.
    Pressure,
    /// Whether the connection is billed by volume.
    Metered,
    /// The day's data.
    Data,
    /// The miner's memory.
    Memory,
    /// The temperature.
    Temperature,
}

/// Decides what a miner may do.
pub fn decide(rules: &Rules, facts: &Facts) -> Decision {
    let mut making = Making { rules, facts, pauses: Vec::new(), unknown: Vec::new(), changes: Vec::new() };
    making.person();
    making.hours();
    let duty = making.use_of_device();
    let Rules { pause_on_battery, pause_when_hidden, pause_under_pressure, pause_on_metered, .. } = *rules;
    let Facts { on_battery, hidden, pressure, metered, .. } = *facts;
    making.state(pause_on_battery, on_battery, Fact::Battery, Reason::Battery, Ends::PluggedIn);
    making.state(pause_when_hidden, hidden, Fact::Hidden, Reason::Hidden, Ends::Visible);
    making.state(pause_under_pressure, pressure, Fact::Pressure, Reason::Pressure, Ends::Calm);
    making.state(pause_on_metered, metered, Fact::Metered, Reason::Metered, Ends::Unmetered);
    making.data();
    making.memory();
    making.heat();
    let Making { pauses, unknown, changes, .. } = making;
    let duty = if pauses.is_empty() { duty } else { 0.0 };
    let next_change_ms = changes.into_iter().min().map(|at_ms| at_ms.max(facts.now_ms.saturating_add(1)));
    Decision { pauses, duty, unknown, next_change_ms }
}

/// A decision in the making.
struct Making<'a> {
    rules: &'a Rules,
    facts: &'a Facts,
    pauses: Vec<Pause>,
    unknown: Vec<Fact>,
    /// Instants at which time alone changes something.
    changes: Vec<u64>,
}

impl Making<'_> {
    fn person(&mut self) {
        if let Some(until_ms) = self.facts.paused_until_ms.filter(|until_ms| *until_ms > self.facts.now_ms) {
            self.pause_until(Reason::You, until_ms);
        }
    }

    fn hours(&mut self) {
        if self.rules.hours.is_empty() {
            return;
        }
        let Some(local) = self.facts.local else { return self.unknown.push(Fact::LocalTime) };
        match open(&self.rules.hours, &local) {
            (false, Some(ahead)) => self.pause_until(Reason::Hours, local.instant_ms(ahead)),
            (_, ahead) => self.changes.extend(ahead.map(|ahead| local.instant_ms(ahead))),
        }
    }

    /// The duty for a device in use or idle. Where that is not known, the smaller one holds unless it would pause.
    fn use_of_device(&mut self) -> f64 {
        let Rules { duty_in_use, duty_idle, idle_after_ms, .. } = *self.rules;
        if duty_in_use == duty_idle {
            return duty_idle;
        }
        match self.facts.idle_ms {
            None => {
                self.unknown.push(Fact::Idle);
                if duty_in_use > 0.0 { duty_in_use.min(duty_idle) } else { duty_idle }
            }
            Some(idle_ms) if idle_ms >= idle_after_ms => duty_idle,
            Some(idle_ms) => {
                self.changes.push(self.facts.now_ms.saturating_add(idle_after_ms - idle_ms));
                if duty_in_use == 0.0 {
                    self.pause(Reason::InUse, Ends::Idle { after_ms: idle_after_ms });
                }
                duty_in_use
            }
        }
    }

    /// Applies a rule about a fact that is either true or false.
    fn state(&mut self, rule: bool, holds: Option<bool>, fact: Fact, reason: Reason, ends: Ends) {
        match holds {
            _ if !rule => {}
            None => self.unknown.push(fact),
            Some(true) => self.pause(reason, ends),
            Some(false) => {}
        }
    }

    fn data(&mut self) {
        let Some(most) = self.rules.max_data_bytes else { return };
        match (self.facts.data_bytes, self.facts.local) {
            (None, _) => self.unknown.push(Fact::Data),
            (Some(bytes), _) if bytes < most => {}
            (Some(_), Some(local)) => self.pause_until(Reason::Data, local.instant_ms(local.until_of_day(0))),
            (Some(_), None) => self.pause(Reason::Data, Ends::NextDay),
        }
    }

    fn memory(&mut self) {
        let Some(most) = self.rules.max_memory_bytes else { return };
        match self.facts.memory_bytes {
            None => self.unknown.push(Fact::Memory),
            Some(bytes) if bytes > most => self.pause(Reason::Memory, Ends::LessMemory { bytes: most }),
            Some(_) => {}
        }
    }

    /// A device that is too hot rests until it is clearly cooler, so that mining does not start and stop all the time.
    fn heat(&mut self) {
        let Some(most) = self.rules.max_celsius else { return };
        let Some(celsius) = self.facts.celsius else { return self.unknown.push(Fact::Temperature) };
        let cooled = most.saturating_sub(self.rules.cooling_celsius);
        if celsius >= most || (self.facts.cooling && celsius > cooled) {
            self.pause(Reason::Heat, Ends::Cooler { celsius: cooled });
        }
    }

    fn pause(&mut self, reason: Reason, ends: Ends) {
        self.pauses.push(Pause { reason, ends });
    }

    fn pause_until(&mut self, reason: Reason, at_ms: u64) {
        let minute = self.facts.local.map(|local| local.minute_at(at_ms));
        self.changes.push(at_ms);
        self.pause(reason, Ends::At { at_ms, minute });
    }
}
