//! Tests that the files in `packaging/` fit the program: settings, commands, unit, container.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use clap::Parser;

use super::settings::{Given, SETTINGS, Settings};
use crate::Cli;

const GUIDE: &str = include_str!("../../packaging/README.md");
const UNIT: &str = include_str!("../../packaging/adit.service");
const CONTAINER: &str = include_str!("../../packaging/Containerfile");
const EXAMPLE: &str = include_str!("../../packaging/adit.toml");

/// Fails unless the program understands a command line.
fn is_understood(line: &str) {
    if let Err(error) = Cli::try_parse_from(line.split_whitespace()) {
        panic!("{line}: {error}");
    }
}

#[test]
fn the_guides_table_is_that_of_the_settings() {
    let mut table = String::new();
    for setting in &SETTINGS {
        let default = if setting.default.is_empty() { "–".to_owned() } else { format!("`{}`", setting.default) };
        let (name, value, variable) = (setting.name, setting.value, setting.variable());
        writeln!(table, "| `{name}` | `--{name} {value}` | `{variable}` | {default} | {} |", setting.help).unwrap();
    }
    assert!(GUIDE.contains(&table), "the table should be\n{table}");
}

#[test]
fn the_guides_commands_are_understood() {
    let commands = GUIDE.lines().filter_map(|line| line.split('#').next()?.trim().strip_prefix("adit "));
    let commands: Vec<&str> = commands.collect();
    assert!(commands.len() >= 2);
    commands.iter().for_each(|command| is_understood(&format!("adit {command}")));
}

#[test]
fn the_example_names_every_setting_with_its_default() {
    let settings = EXAMPLE.lines().filter_map(|line| line.strip_prefix("# ").filter(|rest| rest.contains(" = ")));
    let folder = tempfile::tempdir().unwrap();
    let (bare, full) = (folder.path().join("bare.toml"), folder.path().join("full.toml"));
    std::fs::write(&bare, EXAMPLE).unwrap();
    std::fs::write(&full, settings.collect::<Vec<_>>().join("\n")).unwrap();
    let printed = |path: &Path| Settings::gather(&Given::new(), Some(path), |_| None).unwrap().to_toml();
    let of_example = printed(&full).replace(&full.display().to_string(), "default");
    assert_eq!(of_example, printed(&bare));
    let named = full.display().to_string();
    assert!(printed(&full).lines().all(|line| line.ends_with(&named)), "{}", printed(&full));
}

#[test]
fn the_units_command_is_understood_and_systemd_takes_the_unit() {
    let command = UNIT.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    is_understood(command);
    let directives = UNIT.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '[']));
    assert!(directives.clone().all(|line| line.contains('=')), "{UNIT}");

    // Its own program is not installed here; this one is there and may be run.
    let folder = tempfile::tempdir().unwrap();
    let here = UNIT.replace("/usr/local/bin/adit", std::env::current_exe().unwrap().to_str().unwrap());
    let path = folder.path().join("adit.service");
    std::fs::write(&path, here).unwrap();
    match Command::new("systemd-analyze").arg("verify").arg(&path).output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && !said.contains("adit.service"), "{said}");
        }
        Err(error) => eprintln!("SKIPPED: systemd-analyze: {error}"),
    }
}

#[test]
fn the_containers_parts_are_there_and_its_command_is_understood() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut words: Vec<String> = Vec::new();
    for line in CONTAINER.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (instruction, rest) = line.split_once(' ').unwrap();
        match instruction {
            "COPY" if !rest.starts_with("--from") => {
                let mut sources: Vec<&str> = rest.split(' ').collect();
                sources.pop();
                // The page is built first.
                let missing = sources.into_iter().find(|name| *name != "www/dist" && !root.join(name).exists());
                assert_eq!(missing, None);
            }
            "ENV" => {
                let given = rest.split(' ').map(|pair| pair.split_once('=').unwrap());
                for (name, value) in given {
                    let setting = SETTINGS.iter().find(|setting| setting.variable() == name).unwrap();
                    (setting.check)(value).unwrap();
                }
            }
            "ENTRYPOINT" | "CMD" => words.extend(serde_json::from_str::<Vec<String>>(rest).unwrap()),
            "RUN" if rest.starts_with("cargo") => {
                assert!(rest.contains("--package adit-native") && rest.contains("--locked"), "{rest}");
            }
            "FROM" | "WORKDIR" | "COPY" | "RUN" | "USER" | "VOLUME" | "EXPOSE" | "STOPSIGNAL" => {}
            _ => panic!("what is {line}?"),
        }
    }
    is_understood(&words.join(" "));
    // The toolchain that builds it is at least the one that the workspace needs.
    let wanted = format!("rust:{}", env!("CARGO_PKG_RUST_VERSION"));
    assert!(CONTAINER.contains(&wanted), "{wanted}");
}
