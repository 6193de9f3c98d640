//! What tests of whole builds share.

use std::path::Path;
use std::process::Command;

use crate::common::tell;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

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
        std::fs::copy(from, to).unwrap();
    }
    git(copy.path(), &["init", "--quiet"]);
    git(copy.path(), &["add", "."]);
    git(
        copy.path(),
        &["commit", "--quiet", "--message", "The sources"],
    );
    copy
}
