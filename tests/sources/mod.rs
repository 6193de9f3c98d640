//! What tests of whole builds share.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::tell;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Makes a build for release a quick one.
pub const QUICK: [(&str, &str); 3] = [
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
];

/// Whether tests that build the program anew, which takes minutes, are asked for.
pub fn is_long(test: &str) -> bool {
    let is_long = std::env::var_os("TESTS_LONG").is_some_and(|value| value == "1");
    if !is_long {
        tell(&format!(
            "LEFT OUT: {test}: takes minutes; TESTS_LONG=1 runs it"
        ));
    }
    is_long
}

/// The output of a call of git's, which needs nobody's settings.
pub fn git(folder: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "safe.directory=*", "-c", "user.name=Test"])
        .args(["-c", "user.email=test@example.com"])
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {args:?}\n{stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// The sources as they are now, committed to a repository of their own.
pub fn sources() -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    let files = git(
        Path::new(ROOT),
        &[
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ],
    );
    for file in files.split_terminator('\0') {
        let from = Path::new(ROOT).join(file);
        let to = copy.path().join(file);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        if from.is_symlink() {
            std::os::unix::fs::symlink(from.read_link().unwrap(), to).unwrap();
        } else {
            std::fs::copy(from, to).unwrap();
        }
    }
    git(copy.path(), &["init", "--quiet"]);
    git(copy.path(), &["add", "."]);
    git(
        copy.path(),
        &["commit", "--quiet", "--message", "The sources"],
    );
    copy
}

/// One folder for what cargo makes in all these tests.
pub struct Environment {
    /// Where a runner keeps what is no part of the repository.
    pub runner: PathBuf,
}

impl Environment {
    pub fn new() -> Environment {
        let runner = Path::new(ROOT).join("target/long/runner temp");
        std::fs::create_dir_all(&runner).unwrap();
        Environment { runner }
    }

    /// Where the action's script builds.
    pub fn built(&self) -> PathBuf {
        self.runner.join("twilio-sip-allow/target")
    }

    /// A command in a folder whose calls of cargo build there.
    pub fn command(&self, program: impl AsRef<OsStr>, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(folder)
            .env("CARGO_TARGET_DIR", self.built())
            .envs(QUICK);
        command
    }
}
