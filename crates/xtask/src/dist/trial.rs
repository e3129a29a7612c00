//! Installs each package in an empty environment and uses it, as after a fresh download.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use super::Packages;
use crate::repo::Repo;
use crate::stages::{Outcome, Stages};
use crate::{shell, up};

/// The search path of a fresh account's shell.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Tries each package in a stage of its own. A package whose installer is missing is skipped.
pub(crate) fn try_all(repo: &Repo, packages: &Packages, parts: &mut Stages) {
    parts.run("sums", || {
        shell::run(Command::new("sha256sum").current_dir(&packages.dist).args(["--check", "SHA256SUMS"]))?;
        Ok(Outcome::Done)
    });
    parts.run("tarball", || try_tarball(packages));
    parts.run("deb", || try_debian(packages));
    parts.run("npm", || try_node(repo, packages));
}

/// A fresh account: an empty home folder, which is also the working directory.
struct Account(tempfile::TempDir);

impl Account {
    fn new() -> Result<Self> {
        Ok(Self(tempfile::tempdir()?))
    }

    fn home(&self) -> &Path {
        self.0.path()
    }

    fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.env_clear().env("HOME", self.home()).env("PATH", PATH).current_dir(self.home());
        command
    }
}

/// Takes two commands, unpack and serve: the page, the dashboard and their assets are inside the program.
fn try_tarball(packages: &Packages) -> Result<Outcome> {
    let account = Account::new()?;
    let adit = unpack(packages, &account)?;
    let folder = adit.parent().context("no folder")?;
    for file in
        ["README.md", "LICENSE", "LICENSES-OF-PARTS.txt", "man/adit.1", "man/adit-mine.1", "completions/adit.bash"]
    {
        ensure!(fs::metadata(folder.join(file))?.len() > 100, "{file} is empty");
    }
    let mut served = Served::start(account.command(&adit).args(["serve", "--listen", "127.0.0.1:0"]))?;
    let tried = look_at(&served.url);
    served.stop()?;
    tried?;
    let tool = shell::capture(account.command(&adit).arg("--version"))?;
    ensure!(tool.starts_with("adit "), "{tool}");
    Ok(Outcome::Done)
}

fn unpack(packages: &Packages, account: &Account) -> Result<PathBuf> {
    shell::run(account.command("tar").arg("xf").arg(&packages.tarball))?;
    let entry = fs::read_dir(account.home())?.next().context("the tarball is empty")??;
    Ok(entry.path().join("adit"))
}

/// Fetches the page, the dashboard, and every asset that they name.
fn look_at(url: &str) -> Result<()> {
    for (path, says) in [("/", "<title>"), ("/dashboard", "<title>")] {
        let page = ureq::get(format!("{url}{path}")).call()?.body_mut().read_to_string()?;
        ensure!(page.contains(says), "{path} is not a page: {page}");
        let assets: Vec<&str> = page.split('"').filter_map(|word| word.strip_prefix("./assets/")).collect();
        ensure!(!assets.is_empty(), "{path} names no assets");
        for asset in assets {
            let answer = ureq::get(format!("{url}/assets/{asset}")).call()?;
            let kept =
                answer.headers().get("cache-control").is_some_and(|value| value.as_bytes().ends_with(b"immutable"));
            ensure!(kept, "{asset} is not kept");
        }
    }
    Ok(())
}

/// A coordinator on a port that the system chose.
struct Served {
    child: Child,
    url: String,
}

impl Served {
    fn start(command: &mut Command) -> Result<Self> {
        println!("$ {}", shell::shown(command));
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let said = BufReader::new(child.stderr.take().context("no standard error")?);
        let mut served = Self { child, url: String::new() };
        let mut lines = said.lines();
        for line in lines.by_ref() {
            let line = line?;
            println!("{line}");
            if let Some((_, rest)) = line.split_once("Coordinator on ") {
                served.url = rest.split(',').next().unwrap_or_default().to_owned();
            }
            ensure!(!line.contains("No page"), "the program holds no page: it was built before `cargo xtask web`");
            // The last line that it prints before it serves.
            if line.contains("press Start") {
                std::thread::spawn(move || lines.for_each(drop));
                return Ok(served);
            }
        }
        bail!("the coordinator ended before it served")
    }

    fn stop(&mut self) -> Result<()> {
        shell::run(Command::new("kill").arg(self.child.id().to_string()))?;
        let status = self.child.wait()?;
        ensure!(status.success(), "the coordinator ended: {status}");
        Ok(())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Installs the package below a folder, with its scripts, and removes it again.
fn try_debian(packages: &Packages) -> Result<Outcome> {
    if shell::find("dpkg").is_none() {
        return Ok(Outcome::Skipped("there is no dpkg".to_owned()));
    }
    let account = Account::new()?;
    let root = account.home().join("root");
    for folder in ["var/lib/dpkg/info", "var/lib/dpkg/updates", "etc"] {
        fs::create_dir_all(root.join(folder))?;
    }
    fs::write(root.join("var/lib/dpkg/status"), "")?;
    let dpkg = |words: &[&str], package: &Path| {
        let mut command = Command::new("dpkg");
        // The folder has no C library and no shell: the scripts run outside of it, and get its path.
        command.args(["--force-depends", "--force-not-root", "--force-script-chrootless", "--log=/dev/null", "--root"]);
        command.env("PATH", format!("/usr/sbin:/sbin:{PATH}")).arg(&root).args(words).arg(package);
        shell::run(&mut command)
    };
    dpkg(&["--install"], &packages.debian)?;
    let adit = root.join("usr/bin/adit");
    ensure!(shell::capture(account.command(&adit).arg("--version"))?.starts_with("adit "));
    if shell::find("systemd-sysusers").is_some() {
        let users = fs::read_to_string(root.join("etc/passwd"))?;
        ensure!(users.contains("adit:") && users.contains("adit-mine:"), "{users}");
    }
    for unit in ["adit", "adit-mine"] {
        check_unit(&root, unit)?;
    }
    dpkg(&["--remove"], Path::new("adit"))?;
    ensure!(!adit.exists(), "the program is still there after its package was removed");
    Ok(Outcome::Done)
}

/// Checks that the unit runs as the package's user, that the program accepts the unit's command, and that systemd accepts the
/// unit.
fn check_unit(root: &Path, name: &str) -> Result<()> {
    let path = root.join(format!("usr/lib/systemd/system/{name}.service"));
    let unit = fs::read_to_string(&path)?;
    ensure!(unit.contains(&format!("User={name}\n")) && !unit.contains("DynamicUser"), "{unit}");
    let line =
        unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/bin/")).context("runs another program")?;
    let mut words = line.split(' ');
    let mut command = Command::new(root.join("usr/bin").join(words.next().unwrap_or_default()));
    shell::capture(command.args(words).arg("--help"))?;
    if shell::find("systemd-analyze").is_some() {
        // The program lies below the folder, where systemd does not look.
        let here = unit.replace("/usr/bin/adit", &root.join("usr/bin/adit").display().to_string());
        let copy = root.join(format!("{name}.service"));
        fs::write(&copy, here)?;
        let said = Command::new("systemd-analyze").arg("verify").arg(&copy).output()?.stderr;
        let said = String::from_utf8_lossy(&said);
        ensure!(!said.contains(&format!("{name}.service")), "{said}");
    }
    Ok(())
}

/// Installs both packages in an empty project, asks the program through npx for its version, and lets it mine the
/// demonstration job, whose result is compared byte for byte.
fn try_node(repo: &Repo, packages: &Packages) -> Result<Outcome> {
    let (Some(npm), Some(npx), Some(node)) = (shell::find("npm"), shell::find("npx"), shell::find("node")) else {
        return Ok(Outcome::Skipped("there is no npm".to_owned()));
    };
    let account = Account::new()?;
    let adit = unpack(packages, &account)?;
    let project = account.home().join("project");
    fs::create_dir(&project)?;
    let tool = |program: &Path| {
        let mut command = account.command(program);
        let path = format!("{}:{PATH}", node.parent().unwrap_or(Path::new("/")).display());
        command.env("PATH", path).env("npm_config_update_notifier", "false").current_dir(&project);
        command
    };
    let mut install = tool(&npm);
    install.args(["install", "--offline", "--no-audit", "--no-fund"]).args(&packages.node);
    shell::run(&mut install)?;
    let version = shell::capture(tool(&npx).args(["--no", "--", "adit-miner", "--version"]))?;
    println!("npx adit-miner: {}", version.trim());
    ensure!(version == shell::capture(account.command(&adit).arg("--version"))?, "{version}");
    let launcher = project.join("node_modules/.bin/adit-miner");
    let key = account.home().join("miner.key").display().to_string();
    let mine = ["mine", "--plain", "--cpu", "1", "--gpu", "off", "--key", &key];
    up::once_with(repo, &adit, tool(&launcher).args(mine))?;
    Ok(Outcome::Done)
}
