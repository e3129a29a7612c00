//! Properties of every decision, and the sentences of what is refused.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;

fn span() -> impl Strategy<Value = Span> {
    (0..WEEK, 0..=WEEK).prop_filter_map("not empty", |(from, to)| (from != to).then_some(Span { from, to }))
}

fn rules() -> impl Strategy<Value = Rules> {
    let duty = || prop_oneof![Just(0.25), Just(0.5), Just(1.0)];
    let times = (vec(span(), 0..4), prop_oneof![Just(0.0), duty()], duty(), IDLE_AFTER_MS);
    let caps = (option::of(DATA_BYTES), option::of(MEMORY_BYTES), option::of(CELSIUS), COOLING_CELSIUS);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (times, flags, caps).prop_map(|(times, flags, caps)| {
        let (hours, duty_in_use, duty_idle, idle_after_ms) = times;
        let (pause_on_battery, pause_when_hidden, pause_under_pressure, pause_on_metered) = flags;
        let (max_data_bytes, max_memory_bytes, max_celsius, cooling_celsius) = caps;
        Rules {
            hours,
            duty_in_use,
            duty_idle,
            idle_after_ms,
            pause_on_battery,
            pause_when_hidden,
            pause_under_pressure,
            pause_on_metered,
            max_data_bytes,
            max_memory_bytes,
            max_celsius,
            cooling_celsius,
        }
    })
}

const NOW_MS: u64 = 1_000_000_000;

fn facts() -> impl Strategy<Value = Facts> {
    let local = (0..WEEK, 1..=60_000_u64);
    let local = local.prop_map(|(minute, in_ms)| LocalTime { minute, next_minute_ms: NOW_MS + in_ms });
    let paused = option::of(NOW_MS - 100_000..NOW_MS + 800_000_000);
    let times = (option::of(local), paused, option::of(0..100_000_000_u64));
    let flags =
        (option::of(any::<bool>()), option::of(any::<bool>()), option::of(any::<bool>()), option::of(any::<bool>()));
    let caps = (option::of(0..=*DATA_BYTES.end()), option::of(0..=*MEMORY_BYTES.end()), option::of(0..130_u64));
    (times, flags, caps, any::<bool>()).prop_map(|(times, flags, caps, cooling)| {
        let (local, paused_until_ms, idle_ms) = times;
        let (on_battery, hidden, pressure, metered) = flags;
        let (data_bytes, memory_bytes, celsius) = caps;
        Facts {
            now_ms: NOW_MS,
            local,
            paused_until_ms,
            idle_ms,
            on_battery,
            hidden,
            pressure,
            metered,
            data_bytes,
            memory_bytes,
            celsius,
            cooling,
        }
    })
}

/// The facts at a later instant, if nothing but time has changed.
fn later(facts: &Facts, now_ms: u64) -> Facts {
    let mut later = Facts { now_ms, ..facts.clone() };
    later.idle_ms = facts.idle_ms.map(|idle_ms| idle_ms + now_ms - facts.now_ms);
    if let Some(local) = &mut later.local {
        while local.next_minute_ms <= now_ms {
            *local = LocalTime { minute: (local.minute + 1) % WEEK, next_minute_ms: local.next_minute_ms + 60_000 };
            // A new day begins.
            later.data_bytes =
                if local.minute.is_multiple_of(DAY) { facts.data_bytes.map(|_| 0) } else { later.data_bytes };
        }
    }
    later
}

proptest! {
    #[test]
    fn every_combination_gives_a_decision_that_makes_sense(rules in rules(), facts in facts()) {
        prop_assert_eq!(rules.check(), Ok(()));
        let decision = decide(&rules, &facts);
        let reasons: Vec<Reason> = decision.pauses.iter().map(|pause| pause.reason).collect();
        let mut sorted = reasons.clone();
        sorted.sort_unstable();
        sorted.dedup();
        prop_assert_eq!(&reasons, &sorted, "each reason is there once, in one order");
        prop_assert_eq!(decision.duty == 0.0, !reasons.is_empty());
        prop_assert!((0.0..=1.0).contains(&decision.duty));
        prop_assert!(decision.next_change_ms.is_none_or(|at_ms| at_ms > facts.now_ms));
        for pause in &decision.pauses {
            if let Ends::At { at_ms, minute } = pause.ends {
                prop_assert!(decision.next_change_ms.is_some_and(|next_ms| next_ms <= at_ms));
                prop_assert_eq!(minute.is_some(), facts.local.is_some());
                prop_assert_eq!(minute, later(&facts, at_ms).local.map(|local| local.minute));
            }
        }
    }

    #[test]
    fn what_is_unknown_never_pauses_and_is_told(rules in rules(), facts in facts()) {
        let nothing = Facts { now_ms: NOW_MS, ..Facts::default() };
        let blind = decide(&rules, &nothing);
        prop_assert_eq!(&blind.pauses, &vec![]);
        prop_assert!(blind.duty > 0.0);
        // A fact that becomes known is no longer unknown, and only known facts pause.
        let decision = decide(&rules, &facts);
        let known = [
            (Fact::LocalTime, Reason::Hours, facts.local.is_some()),
            (Fact::Idle, Reason::InUse, facts.idle_ms.is_some()),
            (Fact::Battery, Reason::Battery, facts.on_battery.is_some()),
            (Fact::Hidden, Reason::Hidden, facts.hidden.is_some()),
            (Fact::Pressure, Reason::Pressure, facts.pressure.is_some()),
            (Fact::Metered, Reason::Metered, facts.metered.is_some()),
            (Fact::Data, Reason::Data, facts.data_bytes.is_some()),
            (Fact::Memory, Reason::Memory, facts.memory_bytes.is_some()),
            (Fact::Temperature, Reason::Heat, facts.celsius.is_some()),
        ];
        for (fact, reason, known) in known {
            let asked = blind.unknown.contains(&fact);
            prop_assert_eq!(decision.unknown.contains(&fact), asked && !known, "{:?}", fact);
            prop_assert!((asked && known) || decision.pauses.iter().all(|pause| pause.reason != reason), "{:?}", reason);
        }
    }

    #[test]
    fn nothing_changes_before_the_next_change_and_something_does_at_it(
        rules in rules(), facts in facts(), part in 0.0..1.0_f64,
    ) {
        let ever_same = |decision: Decision| (decision.pauses, decision.duty, decision.unknown);
        let decision = decide(&rules, &facts);
        let now = ever_same(decision.clone());
        let Some(next_ms) = decision.next_change_ms else {
            // It never changes, at least not in the next two weeks.
            for day in 0..14 {
                let at_ms = NOW_MS + (f64::from(day) + part) as u64 * 86_400_000;
                prop_assert_eq!(&ever_same(decide(&rules, &later(&facts, at_ms))), &now);
            }
            return Ok(());
        };
        for at_ms in [NOW_MS + ((next_ms - NOW_MS) as f64 * part) as u64, next_ms - 1] {
            let before = decide(&rules, &later(&facts, at_ms));
            prop_assert_eq!(before.next_change_ms, Some(next_ms));
            prop_assert_eq!(&ever_same(before), &now);
        }
        let mut then = later(&facts, next_ms);
        then.cooling = decision.pauses.iter().any(|pause| pause.reason == Reason::Heat);
        let changed = decide(&rules, &then);
        prop_assert!(ever_same(changed.clone()) != now || changed.next_change_ms != Some(next_ms));
        // A duty may change unseen while something else pauses; every pause changes in sight.
        let hours_or_person = |decision: &Decision| decision.pauses.iter().map(|pause| pause.reason).collect::<Vec<_>>();
        if facts.idle_ms.is_none() {
            prop_assert_ne!(hours_or_person(&changed), hours_or_person(&decision));
        }
    }

    #[test]
    fn hours_in_words_are_read_as_the_same_minutes(spans in vec(span(), 1..5)) {
        let text = show_hours(&spans);
        let again = hours(&text).unwrap();
        prop_assert!(again.iter().all(Span::is_valid), "{}", text);
        for minute in (0..WEEK).step_by(7).chain(spans.iter().flat_map(|span| [span.from, span.to % WEEK])) {
            let open = |spans: &[Span]| spans.iter().any(|span| span.contains(minute));
            prop_assert_eq!(open(&spans), open(&again), "{} at {}", text, minute);
        }
        prop_assert_eq!(show_hours(&again), text);
    }
}

fn refused(json: &str) -> String {
    Rules::parse(json).unwrap_err().to_string()
}

#[test]
fn every_field_may_be_left_out_and_what_is_wrong_is_refused_with_a_sentence() {
    assert_eq!(Rules::parse("{}"), Ok(Rules::default()));
    let kept = Rules { hours: hours("mon-fri 18-8").unwrap(), max_celsius: Some(80), ..Rules::default() };
    assert_eq!(Rules::parse(&serde_json::to_string(&kept).unwrap()), Ok(kept));
    let flags = (true, true, true, true);
    let (pause_on_battery, pause_when_hidden, pause_under_pressure, pause_on_metered) = flags;
    let kept =
        Rules { pause_on_battery, pause_when_hidden, pause_under_pressure, pause_on_metered, ..Rules::default() };
    let (max_data_bytes, max_memory_bytes, cooling_celsius) = (Some(2_000_000), Some(65_000_000), 7);
    let (duty_in_use, duty_idle, idle_after_ms) = (0.25, 0.75, 60_000);
    let kept =
        Rules { max_data_bytes, max_memory_bytes, cooling_celsius, duty_in_use, duty_idle, idle_after_ms, ..kept };
    assert_eq!(Rules::parse(&serde_json::to_string(&kept).unwrap()), Ok(kept));
    assert_eq!(refused(r#"{"max_celsius":200}"#), "max_celsius is 200, but must be from 30 to 110");
    assert_eq!(refused(r#"{"max_data_bytes":1}"#), "max_data_bytes is 1, but must be from 1000000 to 1000000000000000");
    assert_eq!(refused(r#"{"duty_idle":0}"#), "duty_idle must be above 0 and at most 1");
    assert_eq!(refused(r#"{"duty_in_use":1.5}"#), "duty_in_use must be from 0 to 1");
    assert!(refused(r#"{"hours":[{"from":5,"to":5}]}"#).contains("no span"));
    assert!(refused(r#"{"hours":[{"from":0,"to":10081}]}"#).contains("from 0 to 10080"));
    assert_eq!(refused(r#"{"warp":9}"#), "there is no rule or fact `warp`");
    assert_eq!(refused(r#"{"max_celsius":70.5}"#), "max_celsius must be a whole number");
    assert_eq!(refused(r#"{"pause_on_battery":1}"#), "pause_on_battery must be true or false");
    assert_eq!(refused(r#"{"duty_idle":"all"}"#), "duty_idle must be a number");
    assert_eq!(refused("[]"), "rules and facts are objects of JSON");
    assert!(refused(r#"{"hours":[{"from":5,"to":9,"day":1}]}"#).contains("`day`"));
    assert!(refused(r#"{"hours":[{"from":5}]}"#).contains("no span"));
    assert!(refused(r#"{"idle_after_ms":59999}"#).contains("60000"));
    assert!(refused(r#"{"max_memory_bytes":1}"#).contains("64000000"));
    assert!(refused(r#"{"cooling_celsius":0}"#).contains("from 1 to 30"));
    let spans = [r#"{"from":0,"to":1}"#; 81].join(",");
    assert!(refused(&format!(r#"{{"hours":[{spans}]}}"#)).contains("81 spans"));
}

#[test]
fn facts_and_decisions_have_their_names_on_the_wire() {
    let json =
        r#"{ "now_ms": 0, "local": { "minute": 0, "next_minute_ms": 30000 }, "on_battery": true, "hidden": null }"#;
    let rules = r#"{ "hours": [{ "from": 60, "to": 120 }], "pause_on_battery": true, "pause_when_hidden": true }"#;
    let decision = decide(&Rules::parse(rules).unwrap(), &Facts::parse(json).unwrap());
    let expected = r#"{"pauses":[{"reason":"hours","ends":"at","at_ms":3570000,"minute":60},{"reason":"battery","ends":"plugged_in"}],"duty":0.0,"unknown":["hidden"],"next_change_ms":3570000}"#;
    assert_eq!(serde_json::to_string(&decision).unwrap(), expected);
    assert_eq!(serde_json::to_value(Reason::InUse).unwrap(), Reason::InUse.name());
    assert_eq!(Facts::parse(r#"{"warp":9}"#), Err(RulesError::Unknown("warp".into())));
    let all = Facts {
        now_ms: 1,
        local: Some(LocalTime { minute: 2, next_minute_ms: 3 }),
        paused_until_ms: Some(4),
        idle_ms: Some(5),
        on_battery: Some(true),
        hidden: Some(false),
        pressure: Some(true),
        metered: Some(false),
        data_bytes: Some(6),
        memory_bytes: Some(7),
        celsius: Some(8),
        cooling: true,
    };
    assert_eq!(Facts::parse(&serde_json::to_string(&all).unwrap()), Ok(all));
}

#[test]
fn a_hot_device_rests_until_it_is_clearly_cooler() {
    let rules = Rules { max_celsius: Some(80), ..Rules::default() };
    let pauses = |celsius, cooling| {
        let facts = Facts { celsius: Some(celsius), cooling, ..Facts::default() };
        decide(&rules, &facts).pauses.iter().any(|pause| pause.ends == Ends::Cooler { celsius: 75 })
    };
    assert!(!pauses(79, false) && pauses(80, false));
    assert!(pauses(79, true) && pauses(76, true) && !pauses(75, true));
}

#[test]
fn breaks_end_when_people_expect() {
    let at =
        |minute| Facts { now_ms: 0, local: Some(LocalTime { minute, next_minute_ms: 60_000 }), ..Facts::default() };
    assert_eq!(Break::QuarterHour.until_ms(&at(0)), 900_000);
    assert_eq!(Break::Hour.until_ms(&at(0)), 3_600_000);
    // At eleven in the evening, at one in the night and at six in the morning.
    assert_eq!(Break::Tomorrow.until_ms(&at(23 * HOUR)), 7 * 3_600_000);
    assert_eq!(Break::Tomorrow.until_ms(&at(25 * HOUR)), 5 * 3_600_000);
    assert_eq!(Break::Tomorrow.until_ms(&at(6 * HOUR)), 24 * 3_600_000);
    assert_eq!(Break::Tomorrow.until_ms(&Facts::default()), 24 * 3_600_000);
    for of in [Break::QuarterHour, Break::Hour, Break::Tomorrow] {
        let name = serde_json::to_value(of).unwrap();
        assert_eq!(Break::parse(name.as_str().unwrap()), Ok(of));
    }
    assert_eq!(Break::parse("week"), Err(RulesError::Break));
}

#[test]
fn hours_are_read_as_people_write_them() {
    let shown = |text: &str| hours(text).map(|spans| show_hours(&spans)).map_err(|error| error.to_string());
    for (text, expected) in [
        ("mon-fri 18:00-08:00, sat-sun", "mon-fri 18:00-08:00, sat-sun"),
        ("18-8", "18:00-08:00"),
        ("Monday Wednesday 9:30–12", "mon wed 09:30-12:00"),
        ("sat-mon", "mon sat-sun"),
        ("0:00-24:00", "mon-sun"),
        ("sun 22-6", "sun 22:00-06:00"),
    ] {
        assert_eq!(shown(text), Ok(expected.into()), "{text}");
    }
    for wrong in ["", "mon,", "moon 1-2", "mo", "mon 25-3", "mon 8:60-9", "mon 24:00-3", "mon 8-", "8-9 mon", "+8-9"] {
        assert!(shown(wrong).is_err_and(|error| error.contains("write \"mon-fri")), "{wrong}");
    }
    assert!(shown("mon 8-8").unwrap_err().contains("ends when it begins"));
    assert_eq!(hours(&["mon-sun"; 12].join(",")), Err(HoursError::Many));
}
