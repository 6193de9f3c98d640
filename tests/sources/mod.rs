//! Helpers for the tests that build the whole program.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::tell;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Settings that make a release build faster.
pub const QUICK: [(&str, &str); 3] = [
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
];

/// Returns true if `TESTS_LONG=1` enables the tests that build the program again, which takes minutes.
pub fn is_long(test: &str) -> bool {
    let is_long = std::env::var_os("TESTS_LONG").is_some_and(|value| value == "1");
    if !is_long {
        tell(&format!(
            "LEFT OUT: {test}: takes minutes; TESTS_LONG=1 runs it"
        ));
    }
    is_long
}

/// Runs git independently of the user's settings, and returns its output. Panics if git fails.
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

/// Commits the current sources to a new repository in a temporary folder.
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

/// A build folder that all these tests share.
pub struct Environment {
    /// The temporary folder of the runner, as in `RUNNER_TEMP`.
    pub runner: PathBuf,
}

impl Environment {
    pub fn new() -> Environment {
        let runner = Path::new(ROOT).join("target/long/runner temp");
        std::fs::create_dir_all(&runner).unwrap();
        Environment { runner }
    }

    /// The folder in which the script of the action builds.
    pub fn built(&self) -> PathBuf {
        self.runner.join("twilio-sip-allow/target")
    }

    /// Returns a command that runs in `folder`. If it calls cargo, cargo builds in [`Environment::built`].
    pub fn command(&self, program: impl AsRef<OsStr>, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(folder)
            .env("CARGO_TARGET_DIR", self.built())
            .envs(QUICK);
        command
    }
}
