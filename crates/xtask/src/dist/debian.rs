//! The package for Debian and its derivatives, made by dpkg-deb.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Profile, Release, elf, write};
use crate::shell;

/// Where Debian's packages put programs.
const PROGRAM: &str = "/usr/bin/adit";
/// Each unit and the user that it runs as.
const UNITS: [(&str, &str); 2] = [("serve", "adit"), ("mine", "adit-mine")];
/// The maintainer scripts, which run when the package is installed and removed.
const SCRIPTS: [&str; 3] = ["postinst", "prerm", "postrm"];

pub(super) fn make(release: &Release) -> Result<PathBuf> {
    ensure!(shell::find("dpkg-deb").is_some(), "dpkg-deb is missing: `apt-get install dpkg`");
    let root = release.stage("debian")?;
    let share = root.join("usr/share");
    release.install_program(&root.join(&PROGRAM[1..]))?;
    for (what, user) in UNITS {
        write(&root.join(format!("usr/lib/systemd/system/{user}.service")), &unit(release, what, user)?)?;
    }
    release.copy("crates/native/packaging/debian/sysusers.conf", &root.join("usr/lib/sysusers.d/adit.conf"))?;
    release.copy("crates/native/packaging/README.md", &share.join("doc/adit/README.md"))?;
    release.copy("crates/native/packaging/adit.toml", &share.join("doc/adit/examples/adit.toml"))?;
    let own = fs::read_to_string(release.root.join("LICENSE"))?;
    write(&share.join("doc/adit/copyright"), &format!("{own}\n{}", release.licences))?;
    let completions = [
        ("bash", share.join("bash-completion/completions/adit")),
        ("zsh", share.join("zsh/vendor-completions/_adit")),
        ("fish", share.join("fish/vendor_completions.d/adit.fish")),
    ];
    let man = share.join("man/man1");
    release.documents(&man, &completions)?;
    compress(&man)?;
    control(release, &root)?;
    let package = release.dist.join(format!("adit_{}_{}.deb", release.version, release.machine.debian()));
    let how = if release.profile == Profile::Ci { ["-Zgzip", "-z1"] } else { ["-Zxz", "-z6"] };
    let mut build = Command::new("dpkg-deb");
    build.args(["--root-owner-group", "--build"]).args(how).arg(&root).arg(&package);
    shell::run(&mut build)?;
    Ok(package)
}

/// The unit that the program itself would install, with a permanent user in place of a dynamic one.
fn unit(release: &Release, what: &str, user: &str) -> Result<String> {
    let unit = release.says(&["service", "install", "--system", "--dry-run", "--program", PROGRAM, what])?;
    let (_, unit) = unit.split_once('\n').context("an empty unit")?;
    let named = unit.replace("DynamicUser=yes", &format!("User={user}\nGroup={user}\nRemoveIPC=yes"));
    ensure!(named != unit, "the unit of {what} names no dynamic user");
    Ok(named)
}

fn control(release: &Release, root: &Path) -> Result<()> {
    let folder = root.join("DEBIAN");
    let text = fs::read_to_string(release.root.join("crates/native/packaging/debian/control"))?;
    let size = fs::metadata(&release.program)?.len() / 1_024;
    let glibc = format!("{}.{}", elf::GLIBC.0, elf::GLIBC.1);
    let values = [
        ("@VERSION@", release.version.clone()),
        ("@ARCHITECTURE@", release.machine.debian().to_owned()),
        ("@SIZE@", size.to_string()),
        ("@GLIBC@", glibc),
    ];
    write(&folder.join("control"), &values.iter().fold(text, |text, (name, value)| text.replace(name, value)))?;
    for script in SCRIPTS {
        let source = release.root.join("crates/native/packaging/debian").join(script);
        super::copy(&source, &folder.join(script), 0o755)?;
    }
    Ok(())
}

/// Compresses the manual pages, as Debian requires.
fn compress(man: &Path) -> Result<()> {
    for entry in fs::read_dir(man)? {
        let page = entry?.path();
        let mut twin = GzEncoder::new(fs::File::create(format!("{}.gz", page.display()))?, Compression::best());
        twin.write_all(&fs::read(&page)?)?;
        twin.finish()?;
        fs::remove_file(page)?;
    }
    Ok(())
}
