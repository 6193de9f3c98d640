//! The script that installs the program of a release.

use super::{ROOT, Ran, VERSION};
use crate::release_server::{Releases, fake_cargo, write_script};

use std::fs;
use std::path::Path;
use std::process::Command;

/// The folders of a runner, with a cargo that builds nothing.
struct Runner {
    folder: tempfile::TempDir,
}

impl Runner {
    fn new() -> Runner {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("bin")).unwrap();
        fake_cargo(&folder.path().join("bin"));
        Runner { folder }
    }

    /// Makes `uname` print the names of a system.
    fn is(&self, system: &str, machine: &str) {
        let uname = format!("#!/bin/sh\n[ \"$1\" = -s ] && echo {system} || echo {machine}\n");
        write_script(&self.folder.path().join("bin/uname"), &uname);
    }

    fn install(&self, releases: &str) -> Ran {
        let folder = self.folder.path();
        Ran::of(
            Command::new("bash")
                .arg(Path::new(ROOT).join("action/install"))
                .env(
                    "PATH",
                    format!("{}:{}", folder.join("bin").display(), env!("PATH")),
                )
                .env("RELEASES", releases)
                .env("CACHE", folder.join("cache"))
                .env("BUILD", folder.join("build"))
                .env("REMEDY", "install it yourself")
                .env_remove("GITHUB_ACTIONS")
                .current_dir(folder),
        )
    }

    /// Installs the program of a release, which is a script, and returns what the script prints.
    fn installed(&self, releases: &Releases) -> String {
        let program = self.install(&releases.address()).is(0).stdout;
        let cache = self.folder.path().join("cache").display().to_string();
        assert!(program.starts_with(&cache), "{program}");
        Ran::of(&mut Command::new(program.trim_end())).is(0).stdout
    }

    fn cargo_ran(&self) -> bool {
        self.folder.path().join("bin/cargo.log").exists()
    }

    /// The files in the cache.
    fn cached(&self) -> usize {
        let found = Ran::of(
            Command::new("find")
                .args(["cache", "-type", "f"])
                .current_dir(&self.folder),
        );
        found.is(0).stdout.lines().count()
    }
}

/// A release for each system, whose program prints the system.
fn releases() -> Releases {
    let releases = Releases::new();
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("program");
    for system in SYSTEMS.map(|(_, _, system)| system) {
        write_script(&script, &format!("#!/bin/sh\necho {system}\n"));
        releases.publish(VERSION, system, &script);
    }
    releases
}

/// What `uname -s` and `uname -m` print, and the name in releases.
const SYSTEMS: [(&str, &str, &str); 5] = [
    ("Linux", "x86_64", "x86_64-linux"),
    ("Linux", "aarch64", "aarch64-linux"),
    ("Darwin", "x86_64", "x86_64-macos"),
    ("Darwin", "arm64", "aarch64-macos"),
    ("MINGW64_NT-10.0-26100", "x86_64", "x86_64-windows"),
];

#[test]
fn each_system_gets_its_program_and_keeps_it() {
    let releases = releases();
    let runner = Runner::new();
    for (system, machine, name) in SYSTEMS {
        runner.is(system, machine);
        assert_eq!(runner.installed(&releases), format!("{name}\n"));
        let requests = releases.requests();
        assert_eq!(requests.len(), 2, "{requests:?}");
        assert!(
            requests[1].starts_with(&format!("twilio-sip-allow-{VERSION}-{name}.")),
            "{requests:?}"
        );
        assert_eq!(runner.installed(&releases), format!("{name}\n"));
        assert_eq!(releases.requests(), [""; 0]);
    }
    assert_eq!(runner.cached(), SYSTEMS.len());
    assert!(!runner.cargo_ran());
}

/// Another copy of the repository may have another program of the same version.
#[test]
fn the_releases_of_two_repositories_are_kept_apart() {
    let (first, second) = (releases(), releases());
    let runner = Runner::new();
    for releases in [&first, &second] {
        runner.installed(releases);
        assert_eq!(releases.requests().len(), 2);
    }
    assert_eq!(runner.cached(), 2);
}

#[test]
fn a_wrong_sum_is_an_error_and_nothing_is_built() {
    let releases = releases();
    let sum = "0".repeat(64);
    releases.edit_sums(VERSION, |sums| {
        let lines = sums.lines().map(|line| format!("{sum}{}", &line[64..]));
        lines.collect::<Vec<_>>().join("\n")
    });
    let runner = Runner::new();
    let failed = runner.install(&releases.address()).is(2);
    assert_eq!(failed.stdout, "");
    assert!(
        failed
            .stderr
            .starts_with("twilio-sip-allow: error: http://127.0.0.1:"),
        "{}",
        failed.stderr
    );
    assert!(
        failed.stderr.ends_with(&format!(
            "but SHA256SUMS says {sum}; it was not installed\n"
        )),
        "{}",
        failed.stderr
    );
    assert!(!runner.cargo_ran());
    assert_eq!(runner.cached(), 0);
}

/// A notice gives the reason.
#[test]
fn without_a_release_the_program_is_built() {
    let releases = releases();
    releases.edit_sums(VERSION, |sums| {
        sums.replace("x86_64-linux", "riscv64-linux")
    });
    let without_archive = Releases::new();
    fs::create_dir_all(without_archive.of_version(VERSION)).unwrap();
    let line = format!(
        "{}  twilio-sip-allow-{VERSION}-x86_64-linux.tar.gz\n",
        "0".repeat(64)
    );
    fs::write(without_archive.of_version(VERSION).join("SHA256SUMS"), line).unwrap();
    let missing = "cannot be downloaded (curl: (22) The requested URL returned error: 404)";
    let refused =
        "cannot be downloaded (curl: (1) Protocol \"http\" not supported or disabled in libcurl)";
    for (address, start, end) in [
        ("", "the address of the releases is not known", ""),
        (
            &releases.address(),
            "the release at ",
            "has no program for x86_64-linux",
        ),
        (&Releases::new().address(), "http://", missing),
        (&without_archive.address(), "http://127.0.0.1:", missing),
        ("http://192.0.2.1/releases", "http://", refused),
        // The part before the @ is a user name.
        ("http://127.0.0.1:1@192.0.2.1/releases", "http://", refused),
    ] {
        let runner = Runner::new();
        let ran = runner.install(address).is(0);
        let built = runner.folder.path().join("build/bin/twilio-sip-allow");
        assert_eq!(ran.stdout, format!("{}\n", built.display()));
        let notice = ran.stderr.lines().last().unwrap();
        assert!(
            notice.starts_with(&format!("twilio-sip-allow: notice: {start}")),
            "{notice}"
        );
        let end = format!("{end}; building version {VERSION} from source, which takes minutes");
        assert!(notice.ends_with(&end), "{notice}");
        assert!(runner.cargo_ran());
    }
    let runner = Runner::new();
    runner.is("FreeBSD", "amd64");
    let ran = runner.install(&releases.address()).is(0);
    let reason = "twilio-sip-allow: notice: there are no releases for FreeBSD on amd64; building ";
    assert!(ran.stderr.starts_with(reason), "{}", ran.stderr);
}

#[test]
fn an_archive_without_a_program_is_an_error() {
    let releases = releases();
    let empty = tempfile::NamedTempFile::new().unwrap();
    releases.publish(VERSION, "x86_64-linux", empty.path());
    let runner = Runner::new();
    let failed = runner.install(&releases.address()).is(2);
    assert!(
        failed.stderr.ends_with(".tar.gz is not a program\n"),
        "{}",
        failed.stderr
    );
    assert!(!runner.cargo_ran());
    assert_eq!(runner.cached(), 0);
}

#[test]
fn an_endless_archive_is_not_read() {
    let releases = releases();
    let archive = format!("twilio-sip-allow-{VERSION}-x86_64-linux.tar.gz");
    let file = fs::File::create(releases.of_version(VERSION).join(archive)).unwrap();
    file.set_len(65 * 1024 * 1024).unwrap();
    let ran = Runner::new().install(&releases.address()).is(0);
    assert!(
        ran.stderr
            .contains("(curl: (63) Maximum file size exceeded)"),
        "{}",
        ran.stderr
    );
}
