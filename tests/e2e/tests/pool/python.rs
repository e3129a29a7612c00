//! Canonical JSON equals that of Python's `json` on random documents.

use std::io::Write;
use std::process::{Command, Stdio};

use adit_rustchain::Json;
use anyhow::{Context, Result, ensure};

const DOCUMENTS: usize = 100_000;
const PROGRAM: &str = "import json, sys
for line in sys.stdin.buffer:
    print(json.dumps(json.loads(line), sort_keys=True, separators=(',', ':')))";

#[test]
fn canonical_json_is_pythons_on_random_documents() -> Result<()> {
    let python = Command::new("python3").arg("-c").arg(PROGRAM).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut python) = python else {
        ensure!(std::env::var_os("CI").is_none(), "python3 is missing");
        println!("SKIPPED: python3 is missing");
        return Ok(());
    };
    let mut draw = Draw(19);
    let documents: Vec<String> = (0..DOCUMENTS).map(|_| document(&mut draw)).collect();
    let (mut input, lines) = (python.stdin.take().context("no input")?, documents.join("\n") + "\n");
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = python.wait_with_output()?;
    writer.join().expect("the writer does not panic")?;
    ensure!(output.status.success(), "python3 failed");
    let theirs = String::from_utf8(output.stdout)?;
    assert_eq!(theirs.lines().count(), documents.len());
    for (document, theirs) in documents.iter().zip(theirs.lines()) {
        let ours = Json::parse(document.as_bytes()).with_context(|| document.clone())?.canonical();
        assert_eq!(ours, theirs, "{document}");
    }
    Ok(())
}

/// A document in one of its spellings, on a line.
fn document(draw: &mut Draw) -> String {
    let mut text = String::new();
    value(draw, &mut text, 4);
    text
}

fn value(draw: &mut Draw, text: &mut String, depth: usize) {
    match draw.below(if depth == 0 { 4 } else { 6 }) {
        0 => text.push_str(["null", "true", "false"][draw.below(3)]),
        1 => integer(draw, text),
        2 => float(draw, text),
        3 => string(draw, text),
        4 => list(draw, text, '[', ']', |draw, text, _| value(draw, text, depth - 1)),
        _ => list(draw, text, '{', '}', |draw, text, index| {
            // The number keeps keys apart.
            text.push_str(&format!(
                "\"{}{index}",
                ["", "a", "B", "\\u00e9", "\u{ffee}", "\u{1d11e}", "\\ud834\\udd1e"][draw.below(7)]
            ));
            text.push_str("\" :");
            value(draw, text, depth - 1);
        }),
    }
}

fn list(
    draw: &mut Draw,
    text: &mut String,
    open: char,
    close: char,
    mut element: impl FnMut(&mut Draw, &mut String, usize),
) {
    text.push(open);
    for index in 0..draw.below(4) {
        text.push_str(if index > 0 { ", \t" } else { " " });
        element(draw, text, index);
    }
    text.push(close);
}

fn digits(draw: &mut Draw, text: &mut String, most: usize) {
    (0..=draw.below(most)).for_each(|_| text.push(char::from(b'0' + draw.below(10) as u8)));
}

fn integer(draw: &mut Draw, text: &mut String) {
    text.push_str(["", "-"][draw.below(2)]);
    if draw.below(4) == 0 {
        return text.push('0');
    }
    text.push(char::from(b'1' + draw.below(9) as u8));
    let most = [3, 20, 200][draw.below(3)];
    digits(draw, text, most);
}

fn float(draw: &mut Draw, text: &mut String) {
    text.push_str(["", "-"][draw.below(2)]);
    text.push(char::from(b'0' + draw.below(10) as u8));
    if draw.below(3) > 0 {
        text.push('.');
        let most = [3, 17, 40][draw.below(3)];
        digits(draw, text, most);
    } else {
        text.push_str(".0");
    }
    if draw.below(2) == 0 {
        text.push(['e', 'E'][draw.below(2)]);
        text.push_str(["", "+", "-"][draw.below(3)]);
        let most = [20, 300][draw.below(2)];
        text.push_str(&draw.below(most).to_string());
    }
}

fn string(draw: &mut Draw, text: &mut String) {
    const PARTS: [&str; 16] = [
        "a",
        " ",
        "/",
        "\\/",
        "\\\"",
        "\\\\",
        "\\b\\f\\n\\r\\t",
        "\u{7f}",
        "\\u007F",
        "\\u0000",
        "é",
        "\u{2028}",
        "😀",
        "\\ud83d\\ude00",
        "\u{feff}",
        "\\u001f",
    ];
    text.push('"');
    (0..draw.below(6)).for_each(|_| text.push_str(PARTS[draw.below(PARTS.len())]));
    text.push('"');
}

/// Steele, Lea and Flood's splitmix64.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }
}
