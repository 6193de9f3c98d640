//! The watcher of Twilio's pages (`watch/run`), its workflows, and the example for other repositories.

use std::path::Path;
use std::process::Command;

use crate::common::python;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const WORKFLOWS: [&str; 3] = [
    ".github/workflows/watch.yml",
    ".github/workflows/heartbeat.yml",
    "examples/github/watch.yml",
];

/// Runs a command in the project's folder, and returns its stderr. Panics if the command fails.
fn done(command: &mut Command) -> String {
    let output = command.current_dir(ROOT).output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}\n{stdout}\n{stderr}");
    stderr
}

/// The tests are in Python, as the watcher is. They run it against servers on loopback.
#[test]
fn the_watcher_makes_exactly_the_right_requests() {
    let Some(python) = python("the_watcher_makes_exactly_the_right_requests") else {
        return;
    };
    let printed = done(
        Command::new(python)
            .args(["-B", "-m", "unittest", "discover", "-s", "tests/watch"])
            .env("PYTHONPATH", "watch")
            .env("PROGRAM", env!("CARGO_BIN_EXE_twilio-sip-allow")),
    );
    let tests = printed
        .lines()
        .find_map(|line| line.strip_prefix("Ran ")?.split(' ').next()?.parse().ok())
        .unwrap_or(0);
    assert!(tests >= 40, "{printed}");
    assert!(printed.ends_with("\nOK\n"), "{printed}");
}

#[test]
fn the_workflows_of_the_watcher_have_no_faults() {
    let Some(python) = python("the_workflows_of_the_watcher_have_no_faults") else {
        return;
    };
    done(
        Command::new(python.with_file_name("actionlint"))
            .arg("-no-color")
            .args(WORKFLOWS),
    );
    done(
        Command::new(python.with_file_name("check-jsonschema"))
            .args(["--builtin-schema", "vendor.github-workflows"])
            .args(WORKFLOWS),
    );
}

/// The server of the tests accepts only the name that the script uses, whether or not such a workflow exists.
#[test]
fn the_heartbeat_looks_at_the_workflow_of_the_watcher() {
    let heartbeat = std::fs::read_to_string(Path::new(ROOT).join("watch/heartbeat.py")).unwrap();
    let name = heartbeat
        .lines()
        .find_map(|line| line.strip_prefix("WORKFLOW = \"")?.strip_suffix('"'))
        .unwrap();
    let workflow = Path::new(ROOT).join(".github/workflows").join(name);
    let text = std::fs::read_to_string(workflow).unwrap();
    assert!(text.contains("run: watch/run --program"), "{text}");
}
