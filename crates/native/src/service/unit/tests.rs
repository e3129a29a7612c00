use clap::{CommandFactory, Parser};

use super::*;
use crate::Cli;

const FORMS: [(What, Scope); 4] = [
    (What::Mine, Scope::Person),
    (What::Mine, Scope::System),
    (What::Serve, Scope::Person),
    (What::Serve, Scope::System),
];

fn made(what: What, scope: Scope, program: &Path, flags: &[&str]) -> String {
    let flags: Vec<String> = flags.iter().map(ToString::to_string).collect();
    let words = command(what, scope, &flags, Path::new("/here"), Path::new("/home/m/.local/share/adit"));
    text(what, scope, program, &words).unwrap()
}

#[test]
fn a_persons_unit_is_this_text() {
    let flags = ["--server", "https://adit.example", "--throttle", "0.5", "--key", "my miner.key"];
    let expected = r#"# Written by `adit service install`; `adit service remove` takes it away.

[Unit]
Description=Adit miner

[Service]
ExecStart=/usr/bin/adit mine --server https://adit.example --throttle 0.5 --key "/here/my miner.key" --plain
Restart=on-failure
RestartSec=10
# Deliveries under way are kept beside the key.
KillSignal=SIGTERM
TimeoutStopSec=30
# Whatever else runs here comes first.
Nice=19
CPUSchedulingPolicy=batch

UMask=0077

LockPersonality=yes
NoNewPrivileges=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service

[Install]
WantedBy=default.target
"#;
    assert_eq!(made(What::Mine, Scope::Person, Path::new("/usr/bin/adit"), &flags), expected);
}

#[test]
fn the_systems_units_are_those_of_the_packages_folder() {
    for what in What::ALL {
        let made = made(what, Scope::System, Path::new("/usr/local/bin/adit"), &[]);
        let lines = |text: &str| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(lines(&made), lines(what.template()));
    }
}

#[test]
fn what_a_person_named_is_not_named_again_and_paths_are_absolute() {
    let here = |what, scope, flags: &[&str]| {
        let flags: Vec<String> = flags.iter().map(ToString::to_string).collect();
        command(what, scope, &flags, Path::new("/here"), Path::new("/home")).join(" ")
    };
    assert_eq!(here(What::Serve, Scope::Person, &[]), "--data /home/coordinator --log json");
    assert_eq!(
        here(What::Serve, Scope::System, &["--data", "d", "--web=w"]),
        "--data /here/d --web=/here/w --log json"
    );
    assert_eq!(here(What::Serve, Scope::System, &["--data=/d", "--log=human"]), "--data=/d --log=human");
    assert_eq!(here(What::Mine, Scope::System, &["--key", "--key", "--plain"]), "--key /here/--key --plain");
}

/// A flag that takes a path and is not in the table would name another file under systemd.
#[test]
fn every_flag_that_takes_a_path_is_known() {
    let program = Cli::command();
    for what in What::ALL {
        let command = program.find_subcommand(what.word()).unwrap();
        for argument in command.get_arguments() {
            let takes = argument.get_value_names().unwrap_or_default();
            if takes.iter().any(|name| ["DIR", "FILE", "PATH"].contains(&name.as_str())) {
                let flag = format!("--{}", argument.get_long().unwrap());
                assert!(PATHS.contains(&flag.as_str()), "{flag}");
            }
        }
    }
}

#[test]
fn words_mean_the_same_to_systemd() {
    for (word, written) in [
        ("plain/word-1=x", "plain/word-1=x"),
        ("", "\"\""),
        ("two words", "\"two words\""),
        ("100%", "100%%"),
        ("$HOME", "$$HOME"),
        ("a\"b\\c", "\"a\\\"b\\\\c\""),
        (";", "\";\""),
        ("naïve", "\"naïve\""),
    ] {
        assert_eq!(quoted(word).unwrap(), written);
    }
    assert!(quoted("a\nExecStartPre=/bin/sh").is_err());
}

/// Commands that the program understands, and units that systemd takes.
#[test]
fn systemd_takes_every_unit() {
    let folder = tempfile::tempdir().unwrap();
    let program = std::env::current_exe().unwrap();
    for (what, scope) in FORMS {
        let unit = made(what, scope, &program, &[]);
        let line = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
        Cli::try_parse_from(line.split(' ')).unwrap();
        let path = folder.path().join(what.unit());
        std::fs::write(&path, unit).unwrap();
        let mut verify = std::process::Command::new("systemd-analyze");
        verify.args(if scope == Scope::Person { &["--user"][..] } else { &[] }).arg("verify").arg(&path);
        // A manager of one person's services wants a place for its sockets.
        match verify.env("XDG_RUNTIME_DIR", folder.path()).output() {
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(!said.contains(what.unit()), "{scope:?}: {said}");
            }
            Err(error) => eprintln!("SKIPPED: systemd-analyze: {error}"),
        }
    }
}
