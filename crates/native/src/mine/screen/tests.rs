//! Tests of the view, drawn into a terminal in memory.

use adit_core::sign::{Digest, LeaseId, SecretKey};
use adit_core::statement::{LogHead, Method, ProvenReceipt, Receipt, Verdict};
use adit_core::{Amount, Kind, Signature};
use adit_miner::notice::{LaneStatus, Status};
use adit_miner::rules::{Break, Facts, LocalTime, Rules, decide};
use adit_protocol::jobs::JobAbout;
use adit_protocol::mining::TaskAbout;
use adit_protocol::records::Account;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::view::Session;
use super::*;

fn drawn(view: &View, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw::draw(frame, view)).unwrap();
    let cells = terminal.backend().buffer().content();
    let lines = cells.chunks(width.into()).map(|line| line.iter().map(|cell| cell.symbol()).collect::<String>());
    lines.collect::<Vec<_>>().join("\n")
}

fn lane(lane: u32, state: &str, why: &str) -> LaneStatus {
    let backend = Some("avx512vnni".to_owned());
    let (device, state, why) = ("cpu".to_owned(), state.to_owned(), why.to_owned());
    LaneStatus { lane, device, backend, why, state, progress: 0.5, work_per_s: 179_000_000_000, units_valid: 12 }
}

fn started(lane: u32, task_type: &str) -> Notice {
    let (lease, task_type, kind) = (LeaseId([1; 16]), task_type.into(), Kind::MatmulI8);
    Notice::TaskStarted { lane, lease, task_type, kind, job: 7, work: 2_000_000, about: None }
}

fn status(lanes: Vec<LaneStatus>) -> Status {
    let key = SecretKey::from_bytes(&[7; 32]).unwrap().public_key();
    let account = Account {
        contributor: "miner".into(),
        key,
        pending: Amount::from_nano(130_000_000),
        posted: Amount::from_nano(2_000_000_000),
        confidence_bps: 5_000,
        units_valid: 12,
        units_invalid: 0,
        work_verified: 1,
        expected: Amount::from_nano(65_000_000),
        next_payment_ms: 754_950,
        name: None,
        name_counter: 0,
    };
    let (earned, work_per_s) = (Amount::from_nano(50_000_000), 358_000_000_000);
    let uptime_ms = 3_600_000;
    Status { account: Some(account), lanes, units_valid: 12, work_per_s, earned, uptime_ms, ..Status::default() }
}

fn mining() -> View {
    let mut view = View::empty("http://127.0.0.1:8000", "miner_0a", 0.5);
    let coordinator_key = SecretKey::from_bytes(&[9; 32]).unwrap().public_key();
    let lanes = vec![lane(0, "computing", "the fastest that agrees"), lane(1, "fetching", "the fastest that agrees")];
    for (at_ms, notice) in [
        (10, Notice::Registered { contributor: "miner_0a".into(), coordinator_key }),
        (20, Notice::SessionStarted { resumed: false }),
        (30, Notice::Lane(lanes[0].clone())),
        (40, started(0, "matrix_ops")),
        (50, Notice::Status(status(lanes))),
    ] {
        view.notice(notice, at_ms);
    }
    let facts = Facts { memory_bytes: Some(120_000_000), data_bytes: Some(3_500_000), ..Facts::default() };
    view.decided(&decide(&Rules::default(), &facts), &facts, 60);
    view.tick(65_000);
    view
}

/// A receipt of the right shape; nothing here checks its signatures.
fn receipt() -> Box<ProvenReceipt> {
    let key = SecretKey::from_bytes(&[9; 32]).unwrap().public_key();
    let (digest, signature) = (Digest([3; 32]), Signature([4; 64]));
    let receipt = Receipt {
        version: 1,
        coordinator: key,
        log_index: 0,
        lease: LeaseId([1; 16]),
        unit: adit_core::content_id::output_cid([5; 32]),
        kind: Kind::MatmulI8,
        miner: key,
        output_digest: digest,
        output_bytes: 4,
        delivery_signature: signature,
        verdict: Verdict::Valid,
        counterexample: None,
        work: 2_000_000,
        price_version: 1,
        value: Amount::from_nano(7),
        confidence_bps: 5_000,
        epoch: 1,
        method: Method::Freivalds,
        bits: 64,
        at_ms: 0,
    };
    let head = LogHead { version: 1, coordinator: key, size: 1, root: digest, previous: None, at_ms: 0 };
    Box::new(ProvenReceipt { receipt, path: Vec::new(), head, head_signature: signature })
}

fn key(code: KeyCode) -> KeyEvent {
    KeyEvent::new(code, KeyModifiers::NONE)
}

#[test]
fn five_seconds_look_tells_everything() {
    let screen = drawn(&mining(), 120, 30);
    for words in [
        "http://127.0.0.1:8000",
        "● Mining",
        "miner_0a",
        "2 cores, 50 % of the time, 120 MB memory, 3 MB data",
        "1 min 5 s",
        "cpu avx512vnni",
        "██████░░░░░░  50 %",
        "179 G/s",
        "job 7, matrix_ops, 2.0 M operations; the fastest",
        "fetching",
        "358 G operations/s verified",
        "12 units",
        "0.050000 NNET in this run, 0.050000 NNET/h",
        "0.065000 NNET in 11:30",
        "2.000000 NNET paid",
        "Session started",
        "q stop",
    ] {
        assert!(screen.contains(words), "{words} is not in\n{screen}");
    }
    // The chart: a sample for every second, the newest at the right.
    assert!(screen.contains('█'));
}

#[test]
fn a_verdict_a_failure_and_the_lack_of_work_are_told() {
    let mut view = mining();
    view.notice(
        Notice::Verdict { lane: 1, verdict: Verdict::Valid, reward: Amount::from_nano(7), receipt: receipt() },
        66_000,
    );
    view.notice(Notice::Retry { reason: "connection refused".into(), in_ms: 4_000 }, 70_000);
    view.tick(71_000);
    let screen = drawn(&view, 150, 30);
    assert!(screen.contains("1:06 valid +<0.000001 NNET  lane 1"), "{screen}");
    assert!(screen.contains("matmul_i8/1, 64 bits"), "{screen}");
    assert!(screen.contains("the coordinator does not answer; again in 3 s"), "{screen}");
    assert!(screen.contains("connection refused"), "{screen}");
    view.notice(Notice::NoWork { lane: 0, in_ms: 2_000 }, 72_000);
    assert!(drawn(&view, 120, 30).contains("there is no work now"));
    view.notice(started(0, "inference"), 73_000);
    assert_eq!(view.session, Session::Open);
}

fn about(name: &str) -> Box<TaskAbout> {
    let job = JobAbout { requester: Some("Ada".into()), ..JobAbout::default() };
    Box::new(TaskAbout { name: Some(name.into()), job, part: 12, unit_parts: 1, parts: 64, parts_done: 3 })
}

/// What the screen shows, line by line, in files that are never made again to please a test: change them by hand.
#[test]
fn both_sizes_give_the_five_answers() {
    let mut view = mining();
    let (lease, kind) = (LeaseId([1; 16]), Kind::MlpI8);
    let about = Some(about("Handwritten digits"));
    let task_type = "inference".into();
    view.notice(Notice::TaskStarted { lane: 0, lease, task_type, kind, job: 7, work: 2_000_000, about }, 60_000);
    let trimmed = |text: String| text.lines().map(|line| format!("{}\n", line.trim_end())).collect::<String>();
    let shown = (trimmed(drawn(&view, 80, 24)), trimmed(drawn(&view, 40, 12)));
    let (full, small) = (include_str!("frozen/80x24.txt"), include_str!("frozen/40x12.txt"));
    assert_eq!(shown, (full.to_owned(), small.to_owned()));
}

#[test]
fn nothing_from_the_network_acts_on_the_terminal() {
    let evil = "\u{1b}[2J\u{1b}]0;owned\u{7}\r\u{9b}31m\u{202e}";
    let mut view = mining();
    let coordinator_key = SecretKey::from_bytes(&[9; 32]).unwrap().public_key();
    let hostile = LaneStatus { device: evil.into(), backend: Some(evil.into()), ..lane(0, evil, evil) };
    let paused = vec![evil.to_owned()];
    for notice in [
        Notice::Registered { contributor: evil.into(), coordinator_key },
        Notice::Lane(hostile.clone()),
        started(0, evil),
        Notice::TaskDropped { lane: 0, reason: evil.into() },
        started(0, evil),
        Notice::Retry { reason: evil.into(), in_ms: 0 },
        Notice::Fatal { reason: format!("{evil} again") },
        Notice::Status(Status { paused, ..status(vec![hostile]) }),
    ] {
        view.notice(notice, 60_000);
    }
    let screen = drawn(&view, 160, 40);
    assert!(screen.contains("owned"), "{screen}");
    let acts = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
    assert!(!screen.contains(acts), "{screen:?}");
}

#[test]
fn every_size_is_drawn() {
    let mut view = mining();
    view.help = true;
    let lanes = (0..128).map(|number| lane(number, "computing", "why")).collect();
    view.notice(Notice::Status(status(lanes)), 1);
    for (width, height) in [(1, 1), (3, 2), (20, 5), (40, 12), (80, 24), (300, 90)] {
        drawn(&view, width, height);
    }
    view.help = false;
    assert!(drawn(&view, 80, 24).contains("more)"));
}

#[test]
fn keys_do_what_the_last_line_says() {
    let mut view = mining();
    assert_eq!(view.press(key(KeyCode::Char('+'))), Act::Tell(Wish::Duty(0.55)));
    assert_eq!(view.press(key(KeyCode::Char('-'))), Act::Tell(Wish::Duty(0.5)));
    for _ in 0..20 {
        view.press(key(KeyCode::Char('-')));
    }
    assert_eq!(view.press(key(KeyCode::Char('-'))), Act::Tell(Wish::Duty(0.05)));
    assert_eq!(view.press(key(KeyCode::Char('p'))), Act::Tell(Wish::Break(Break::QuarterHour)));
    assert_eq!(view.press(key(KeyCode::Char('h'))), Act::Tell(Wish::Break(Break::Hour)));
    assert_eq!(view.press(key(KeyCode::Char('t'))), Act::Tell(Wish::Break(Break::Tomorrow)));
    let local = Some(LocalTime { minute: 600, next_minute_ms: 60_000 });
    let facts = Facts { paused_until_ms: Some(900_000), local, ..Facts::default() };
    view.decided(&decide(&Rules::default(), &facts), &facts, 0);
    assert!(drawn(&view, 120, 30).contains("paused by you, until 10:15"));
    assert_eq!(view.press(key(KeyCode::Char('p'))), Act::Tell(Wish::GoOn));
    assert_eq!(view.press(key(KeyCode::Char('f'))), Act::Tell(Wish::Finish));
    assert_eq!(view.press(key(KeyCode::Char('?'))), Act::Nothing);
    assert!(drawn(&view, 120, 30).contains("stop now; again"));
    assert_eq!(view.press(key(KeyCode::Esc)), Act::Nothing);
    assert!(!view.help);
    assert_eq!(view.press(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)), Act::Tell(Wish::Stop));
    assert!(drawn(&view, 120, 30).contains("Stopping"));
    assert_eq!(view.press(key(KeyCode::Char('q'))), Act::QuitAtOnce);
}
