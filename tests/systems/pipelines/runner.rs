//! The action on a runner: act runs workflows as GitHub's runner does, here without containers.

use super::{DRIFT, HOSTILE, Ran, SUPERSEDED, VERSION, WORKFLOW, repository, spoil, tree, write};
use crate::common::{python, tell};
use crate::release_server::{Releases, fake_cargo};
use crate::sources::git;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// A runner with an empty cache, and a cargo that builds nothing.
struct Runner {
    act: PathBuf,
    tree: tempfile::TempDir,
    home: tempfile::TempDir,
}

impl Runner {
    /// Returns `None` and reports that the test is skipped if act is missing.
    fn new(test: &str) -> Option<Runner> {
        let act = python(test)?.with_file_name("act");
        let home = tempfile::tempdir().unwrap();
        fake_cargo(home.path());
        Some(Runner {
            act,
            tree: tree(),
            home,
        })
    }

    /// Runs the workflow of a repository. The action comes from the server.
    fn run(&self, repository: &Path, releases: &Releases) -> Ran {
        let home = self.home.path();
        let action = format!(
            "OWNER/twilio-sip-allow@v{VERSION}={}",
            self.tree.path().display()
        );
        let started = Instant::now();
        let ran = Ran::of(
            Command::new(&self.act)
                .args(["push", "--platform", "ubuntu-latest=-self-hosted"])
                .args(["--local-repository", &action])
                .arg("--env")
                .arg(format!("GITHUB_SERVER_URL={}", releases.server))
                .current_dir(repository)
                .env("HOME", home)
                .env("XDG_CACHE_HOME", home.join("cache"))
                .env("PATH", format!("{}:{}", home.display(), env!("PATH"))),
        );
        let seconds = started.elapsed().as_secs_f32();
        tell(&format!(
            "a job with the action, from its start to its end: {seconds:.1} s"
        ));
        ran
    }

    fn cargo_ran(&self) -> bool {
        self.home.path().join("cargo.log").exists()
    }
}

/// A user's repository with a workflow.
fn with_workflow(workflow: &str) -> tempfile::TempDir {
    let repository = repository();
    write(repository.path(), ".github/workflows/twilio.yml", workflow);
    git(repository.path(), &["init", "--quiet"]);
    git(repository.path(), &["add", "."]);
    git(
        repository.path(),
        &["commit", "--quiet", "--message", "The rules"],
    );
    repository
}

fn example() -> tempfile::TempDir {
    with_workflow(&fs::read_to_string(Path::new(super::ROOT).join(WORKFLOW)).unwrap())
}

#[test]
fn the_example_workflow_downloads_the_program_and_gives_a_verdict() {
    let test = "the_example_workflow_downloads_the_program_and_gives_a_verdict";
    let Some(runner) = Runner::new(test) else {
        return;
    };
    let releases = Releases::of(VERSION);
    let repository = example();
    let printed = runner.run(repository.path(), &releases).is(0).stdout;
    assert_eq!(
        printed.matches("| verdict: ok (after ").count(),
        2,
        "{printed}"
    );
    let archive = format!("twilio-sip-allow-{VERSION}-x86_64-linux.tar.gz");
    assert_eq!(releases.requests(), ["SHA256SUMS", &archive]);
    spoil(repository.path());
    let printed = runner.run(repository.path(), &releases).is(1).stdout;
    for wanted in [
        DRIFT,
        "| verdict: drift (after ",
        SUPERSEDED,
        "| verdict: findings (after ",
    ] {
        assert!(printed.contains(wanted), "{wanted}: {printed}");
    }
    assert!(!runner.cargo_ran());
}

#[test]
fn a_program_with_a_wrong_sum_does_not_run() {
    let Some(runner) = Runner::new("a_program_with_a_wrong_sum_does_not_run") else {
        return;
    };
    let releases = Releases::of(VERSION);
    releases.edit_sums(VERSION, |sums| format!("{}{}", "0".repeat(64), &sums[64..]));
    let printed = runner.run(example().path(), &releases).is(1).stdout;
    assert!(printed.contains("it was not installed"), "{printed}");
    assert!(printed.contains("| verdict: error (after "), "{printed}");
    assert!(
        !printed.contains("verdict: ok") && !runner.cargo_ran(),
        "{printed}"
    );
}

#[test]
fn a_version_or_a_system_without_a_release_is_built() {
    let Some(runner) = Runner::new("a_version_or_a_system_without_a_release_is_built") else {
        return;
    };
    let without_system = Releases::new();
    without_system.publish(VERSION, "aarch64-macos", Path::new("/bin/true"));
    let reason = format!(
        "/v{VERSION} has no program for x86_64-linux; building version {VERSION} from source"
    );
    let without_version = Releases::new();
    for (releases, reason) in [
        (without_system, &*reason),
        (
            without_version,
            "The requested URL returned error: 404); building version ",
        ),
    ] {
        let printed = runner.run(example().path(), &releases).is(0).stdout;
        assert!(
            printed.contains("::notice title=twilio-sip-allow::"),
            "{printed}"
        );
        assert!(printed.contains(reason), "{printed}");
        assert_eq!(
            printed.matches("| verdict: ok (after ").count(),
            2,
            "{printed}"
        );
    }
    assert!(runner.cargo_ran());
}

/// A later step sees the outputs, and not those that an input tries to add.
#[test]
fn hostile_inputs_run_nothing_and_forge_no_output() {
    let Some(runner) = Runner::new("hostile_inputs_run_nothing_and_forge_no_output") else {
        return;
    };
    let releases = Releases::of(VERSION);
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let mut workflow = "on: push
jobs:
  firewall:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
"
    .to_owned();
    // The other texts are tested without act, which is faster.
    let hostile = [HOSTILE[1], HOSTILE[5]];
    for (number, hostile) in hostile.iter().enumerate() {
        let sarif = format!("{hostile}\nverdict=forged\nverdict<<x\nforged\nx");
        workflow += &format!(
            "      - uses: OWNER/twilio-sip-allow@v0.2.0
        id: scan{number}
        continue-on-error: true
        with:
          command: scan
          arguments: {}
          files: {}
      - uses: OWNER/twilio-sip-allow@v0.2.0
        id: sarif{number}
        with: {{command: scan, files: notes.txt, sarif: {}, releases: {}}}
      - env:
          VERDICTS: ${{{{ steps.scan{number}.outputs.verdict }}}} ${{{{ steps.sarif{number}.outputs.verdict }}}}
        run: 'echo \"<$VERDICTS>\"; ls'
",
            quoted(hostile),
            quoted(hostile),
            quoted(&sarif),
            quoted(&format!("file:{hostile}")),
        );
    }
    let repository = with_workflow(&workflow);
    let printed = runner.run(repository.path(), &releases).is(0).stdout;
    assert_eq!(
        printed.matches("| <error ok>").count(),
        hostile.len(),
        "{printed}"
    );
    assert!(!printed.contains("| hit\n"), "{printed}");
}
