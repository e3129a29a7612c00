//! The layers, the file's errors, and the documents that name the settings.

use std::fs;

use super::*;

struct Folder(tempfile::TempDir);

impl Folder {
    fn with(file: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), file).unwrap();
        Folder(folder)
    }

    /// Gathers with this folder as the data directory.
    fn gather(&self, flags: &[(&str, &str)], variables: &[(&str, &str)]) -> Result<Settings> {
        let data = self.0.path().to_str().unwrap();
        let given = flags.iter().copied().chain([("data", data)]);
        let flags = given.map(|(name, value)| (name.to_owned(), vec![value.to_owned()])).collect();
        let variable =
            |name: &str| variables.iter().find(|(found, _)| *found == name).map(|(_, value)| (*value).to_owned());
        Settings::gather(&flags, None, variable)
    }
}

fn source(settings: &Settings, name: &str) -> Source {
    settings.0[name].1.clone()
}

#[test]
fn flags_go_over_the_environment_over_the_file_over_defaults() {
    let folder = Folder::with("epoch-seconds = 5\nmax-store-gib = 6\nblock-budget = \"0.5\"\n");
    let variables = [("ADIT_EPOCH_SECONDS", "7"), ("ADIT_MAX_STORE_GIB", "8"), ("ADIT_LISTEN", "")];
    let settings = folder.gather(&[("epoch-seconds", "9")], &variables).unwrap();
    let found = |name| (settings.required::<String>(name).unwrap(), source(&settings, name));
    assert_eq!(found("epoch-seconds"), ("9".into(), Source::Flag("epoch-seconds")));
    assert_eq!(found("max-store-gib"), ("8".into(), Source::Variable("ADIT_MAX_STORE_GIB".into())));
    assert_eq!(found("block-budget"), ("0.5".into(), Source::File(folder.0.path().join(FILE))));
    assert_eq!(found("listen"), ("127.0.0.1:8000".into(), Source::Default));
    assert_eq!(settings.one::<String>("web").unwrap(), None);
}

#[test]
fn a_setting_with_several_values_works_in_every_layer() {
    let folder = Folder::with("host = [\"one.example\", \"two.example\"]\n");
    let hosts = |settings: Settings| settings.all::<String>("host").unwrap();
    assert_eq!(hosts(folder.gather(&[], &[]).unwrap()), ["one.example", "two.example"]);
    assert_eq!(
        hosts(folder.gather(&[], &[("ADIT_HOST", "a.example, b.example")]).unwrap()),
        ["a.example", "b.example"]
    );
    assert_eq!(hosts(folder.gather(&[("host", "c.example")], &[]).unwrap()), ["c.example"]);
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    for (file, words) in [
        ("epoch_secs = 5\nhosts = []\nlog = \"json\"\n", ["epoch_secs, hosts", "adit.toml", "max-store-gib"]),
        ("epoch-seconds = 0\n", ["adit.toml", "epoch-seconds", "\"0\""]),
        ("block-budget = 0.5\n", ["adit.toml", "block-budget", "whole number"]),
        ("block-budget = -1\n", ["adit.toml", "block-budget", "not negative"]),
        ("log = \"yaml\"\n", ["adit.toml", "log", "human or json"]),
        ("host = [1.5]\n", ["adit.toml", "host", "list"]),
        ("data = \"/elsewhere\"\n", ["adit.toml", "data", "cannot name another"]),
        ("listen = \n", ["adit.toml", "", ""]),
    ] {
        let error = format!("{:#}", Folder::with(file).gather(&[], &[]).unwrap_err());
        assert!(words.iter().all(|word| error.contains(word)), "{file}: {error}");
    }
    let error = Folder::with("").gather(&[], &[("ADIT_LISTEN", "here")]).unwrap_err().to_string();
    assert!(error.starts_with("ADIT_LISTEN: listen = \"here\":"), "{error}");
}

#[test]
fn a_file_that_is_named_must_be_there_and_may_name_the_directory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.toml");
    assert!(Settings::gather(&Given::new(), Some(&path), |_| None).is_err());
    fs::write(&path, "data = \"/var/lib/adit\"\n").unwrap();
    let settings = Settings::gather(&Given::new(), Some(&path), |_| None).unwrap();
    assert_eq!(settings.required::<PathBuf>("data").unwrap(), Path::new("/var/lib/adit"));
}

#[test]
fn printed_settings_read_back_the_same() {
    let folder = Folder::with("host = [\"a \\\"quoted\\\" name\", \"b\"]\nepoch-seconds = 5\n");
    let settings = folder.gather(&[("log", "json")], &[]).unwrap();
    let printed = settings.to_toml();
    let line = format!("epoch-seconds = \"5\" # {}\n", folder.0.path().join(FILE).display());
    assert!(printed.contains(&line) && printed.contains("log = \"json\" # --log\n"), "{printed}");
    let again = Folder::with("");
    let path = again.0.path().join("printed.toml");
    fs::write(&path, &printed).unwrap();
    let again = Settings::gather(&Given::new(), Some(&path), |_| None).unwrap();
    for setting in &SETTINGS {
        assert_eq!(again.0[setting.name].0, settings.0[setting.name].0, "{}", setting.name);
    }
}
