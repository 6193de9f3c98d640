//! The GitHub Action, the pre-commit hooks, and the example workflows. The tests run their scripts as
//! CI runners do.

use crate::sources;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_yaml::Value;

use crate::common::{has, python, render};
use sources::{Environment, QUICK, git, is_long, sources};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const PROGRAM: &str = env!("CARGO_BIN_EXE_twilio-sip-allow");
const WORKFLOW: &str = "examples/github/workflow.yml";
const GITLAB: &str = "examples/gitlab/.gitlab-ci.yml";

fn yaml(name: &str) -> Value {
    serde_yaml::from_str(&fs::read_to_string(Path::new(ROOT).join(name)).unwrap()).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value:?}"))
}

/// The entries of a mapping that have text values.
fn texts(value: &Value) -> BTreeMap<String, String> {
    let entries = value.as_mapping().into_iter().flatten();
    entries
        .map(|(key, value)| (text(key).to_owned(), text(value).to_owned()))
        .collect()
}

/// The result of a script.
struct Ran {
    status: i32,
    stdout: String,
    stderr: String,
}

impl Ran {
    fn of(command: &mut Command) -> Ran {
        let output = command.stdin(Stdio::null()).output().unwrap();
        Ran {
            status: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn is(self, status: i32) -> Ran {
        let Ran { stdout, stderr, .. } = &self;
        assert_eq!(self.status, status, "{stdout}\n{stderr}");
        self
    }
}

/// A user's repository with correct rules and a file without Twilio addresses.
fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "firewall/a.rules",
        &render("--edition current --format iptables"),
    );
    write(folder.path(), "notes.txt", "nothing\n");
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Adds faults that both example jobs must find.
fn spoil(folder: &Path) {
    let rules = render("--edition current --format iptables");
    write(
        folder,
        "firewall/b c.rules",
        &rules.replacen("5060", "5070", 1),
    );
    write(folder, "main.tf", "# Twilio\n54.65.63.192/26\n");
}

const DRIFT: &str = "::error title=drift%3A missing,file=firewall/b c.rules";
const SUPERSEDED: &str = "::error title=Twilio%3A superseded,file=main.tf,line=2,col=1::54.65.63.192/26: media of tokyo,";

/// The action, and a folder for the runner's files outside the repository.
struct Action {
    runner: PathBuf,
    source: PathBuf,
    steps: Vec<Value>,
    defaults: BTreeMap<String, String>,
}

impl Action {
    fn new(source: &Path, runner: &Path) -> Action {
        let action = yaml("action.yml");
        let inputs = action["inputs"].as_mapping().unwrap();
        let default = |input: &Value| input["default"].as_str().unwrap_or_default().to_owned();
        Action {
            runner: runner.to_owned(),
            source: source.to_owned(),
            steps: action["runs"]["steps"].as_sequence().unwrap().clone(),
            defaults: inputs
                .iter()
                .map(|(name, input)| (text(name).to_owned(), default(input)))
                .collect(),
        }
    }

    /// The action after its first step, with the program under test.
    fn installed(runner: &Path) -> Action {
        let bin = runner.join("twilio-sip-allow/bin");
        fs::create_dir_all(&bin).unwrap();
        std::os::unix::fs::symlink(PROGRAM, bin.join("twilio-sip-allow")).unwrap();
        let mut action = Action::new(Path::new(ROOT), runner);
        assert_eq!(text(&action.steps[0]["name"]), "Install twilio-sip-allow");
        action.steps.remove(0);
        action
    }

    /// Runs the steps in a repository until one fails.
    fn run(&self, inputs: &BTreeMap<String, String>, repository: &Path) -> Ran {
        let mut last = None;
        for step in &self.steps {
            let ran = self.step(step, inputs, repository);
            let failed = ran.status != 0;
            last = Some(ran);
            if failed {
                break;
            }
        }
        last.unwrap()
    }

    /// Runs one step as GitHub's runner does, with the script in a file and expressions as variables.
    fn step(&self, step: &Value, inputs: &BTreeMap<String, String>, repository: &Path) -> Ran {
        assert_eq!(text(&step["shell"]), "bash");
        let script = self.runner.join("script.sh");
        fs::write(&script, text(&step["run"])).unwrap();
        let mut command = Command::new("bash");
        command
            .args(["--noprofile", "--norc", "-eo", "pipefail"])
            .arg(&script)
            .current_dir(repository)
            .envs(QUICK)
            .env("GITHUB_ACTION_PATH", &self.source)
            .env("RUNNER_TEMP", &self.runner);
        for (name, value) in texts(&step["env"]) {
            let input = value
                .strip_prefix("${{ inputs.")
                .and_then(|rest| rest.strip_suffix(" }}"));
            let value = match input {
                Some(input) => inputs.get(input).unwrap_or(&self.defaults[input]),
                None => &value,
            };
            command.env(name, value);
        }
        Ran::of(&mut command)
    }
}

fn inputs<const N: usize>(given: [(&str, &str); N]) -> BTreeMap<String, String> {
    given
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

/// The inputs of the steps in the example that use the action.
fn steps_of_the_workflow() -> Vec<BTreeMap<String, String>> {
    let workflow = yaml(WORKFLOW);
    let steps = workflow["jobs"]["firewall"]["steps"].as_sequence().unwrap();
    let ours = steps
        .iter()
        .filter(|step| text(&step["uses"]).starts_with("OWNER/twilio-sip-allow@"));
    let ours: Vec<_> = ours.map(|step| texts(&step["with"])).collect();
    assert_eq!((steps.len(), ours.len()), (3, 2));
    ours
}

fn check_the_workflow(action: &Action) {
    let repository = repository();
    let steps = steps_of_the_workflow();
    for inputs in &steps {
        action.run(inputs, repository.path()).is(0);
    }
    spoil(repository.path());
    for (inputs, wanted) in steps.iter().zip([DRIFT, SUPERSEDED]) {
        let printed = action.run(inputs, repository.path()).is(1).stdout;
        assert!(printed.contains(wanted), "{printed}");
    }
}

#[test]
fn the_example_workflow_works() {
    let runner = tempfile::tempdir().unwrap();
    check_the_workflow(&Action::installed(runner.path()));
}

#[test]
fn the_action_accepts_lines_patterns_and_options() {
    let runner = tempfile::tempdir().unwrap();
    let action = Action::installed(runner.path());
    let repository = repository();
    spoil(repository.path());
    let run = |command, arguments, files| {
        let inputs = inputs([
            ("command", command),
            ("arguments", arguments),
            ("files", files),
        ]);
        action.run(&inputs, repository.path())
    };
    let options = "--edition current\n  --format\tiptables\n";
    run("check", options, "firewall/a.rules\n").is(0);
    let printed = run("check", options, "firewall/[a]*\nfirewall/b c.rules").is(1);
    assert!(printed.stdout.contains(DRIFT), "{}", printed.stdout);
    run("scan", "", "notes.txt\nfirewall/a.rules").is(0);
    write(repository.path(), "-q", "54.65.63.192/26\n");
    let printed = run("scan", "--fail-on superseded", "-*").is(1);
    assert!(
        printed.stdout.contains("superseded,file=-q,"),
        "{}",
        printed.stdout
    );
    let printed = run("check", options, "firewall/*.none").is(2);
    assert!(
        printed
            .stderr
            .contains("cannot read firewall/*.none: No such file"),
        "{}",
        printed.stderr
    );
}

#[test]
fn the_action_rejects_other_commands_and_missing_files() {
    let runner = tempfile::tempdir().unwrap();
    let action = Action::installed(runner.path());
    let repository = repository();
    for command in ["", "list", "--help", "check scan", "scan\n"] {
        let printed = action.run(&inputs([("command", command)]), repository.path());
        assert_eq!(
            printed.is(2).stdout,
            "::error title=twilio-sip-allow::the input \"command\" must be \"check\" or \"scan\"\n"
        );
    }
    for files in ["", "\n\n"] {
        let inputs = inputs([("command", "scan"), ("files", files)]);
        assert_eq!(
            action.run(&inputs, repository.path()).is(2).stdout,
            "::error title=twilio-sip-allow::the input \"files\" names no files\n"
        );
    }
}

/// The action never executes its input, in any place.
#[test]
fn the_action_never_executes_its_input() {
    let runner = tempfile::tempdir().unwrap();
    let action = Action::installed(runner.path());
    for hostile in [
        "; touch hit #",
        "$(touch hit)",
        "`touch hit`",
        "\"; touch hit; \"",
        "'; touch hit; '",
        "\ntouch hit\n",
        "| touch hit",
        "& touch hit &",
        "${x:-$(touch hit)}",
        "a[$(touch hit)]",
        "<(touch hit)",
        "EOF\ntouch hit",
    ] {
        for place in ["command", "arguments", "files"] {
            let mut given = inputs([("command", "scan"), ("files", "notes.txt")]);
            given.insert(place.to_owned(), hostile.to_owned());
            let repository = repository();
            action.run(&given, repository.path()).is(2);
            assert!(
                !repository.path().join("hit").exists(),
                "{place}: {hostile}"
            );
        }
    }
}

/// GitHub replaces expressions before the shell reads the script.
#[test]
fn no_script_contains_a_github_expression() {
    let action = yaml("action.yml");
    let steps = action["runs"]["steps"].as_sequence().unwrap();
    assert_eq!(steps.len(), 2);
    for step in steps {
        assert!(!text(&step["run"]).contains("${{"), "{step:?}");
    }
}

#[test]
fn shellcheck_finds_no_fault_in_the_action() {
    if !has("shellcheck", "shellcheck_finds_no_fault_in_the_action") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for step in yaml("action.yml")["runs"]["steps"].as_sequence().unwrap() {
        // The variables that the runner sets.
        let names: Vec<String> = texts(&step["env"]).into_keys().collect();
        let script = format!(
            "#!/bin/bash -e\nexport {}\n{}",
            names.join(" "),
            text(&step["run"])
        );
        write(folder.path(), "script", &script);
        Ran::of(Command::new("shellcheck").arg(folder.path().join("script"))).is(0);
    }
}

#[test]
fn files_match_their_published_schemas() {
    let Some(python) = python("files_match_their_published_schemas") else {
        return;
    };
    let tools = python.parent().unwrap();
    for (schema, file) in [
        ("github-actions", "action.yml"),
        ("github-workflows", WORKFLOW),
        ("gitlab-ci", GITLAB),
    ] {
        Ran::of(
            Command::new(tools.join("check-jsonschema"))
                .arg("--builtin-schema")
                .arg(format!("vendor.{schema}"))
                .arg(Path::new(ROOT).join(file)),
        )
        .is(0);
    }
    Ran::of(
        Command::new(tools.join("pre-commit"))
            .arg("validate-manifest")
            .arg(Path::new(ROOT).join(".pre-commit-hooks.yaml")),
    )
    .is(0);
}

/// actionlint reads `action.yml` if a workflow refers to its folder.
#[test]
fn actionlint_accepts_the_action_and_every_input() {
    let Some(python) = python("actionlint_accepts_the_action_and_every_input") else {
        return;
    };
    let repository = tempfile::tempdir().unwrap();
    git(repository.path(), &["init", "--quiet"]);
    fs::copy(
        Path::new(ROOT).join("action.yml"),
        repository.path().join("action.yml"),
    )
    .unwrap();
    let example = fs::read_to_string(Path::new(ROOT).join(WORKFLOW)).unwrap();
    let local = example.replace("OWNER/twilio-sip-allow@v0.2.0", "./");
    assert_eq!(local.matches("uses: ./\n").count(), 2, "{local}");
    let lint = |workflow: &str| {
        write(repository.path(), ".github/workflows/twilio.yml", workflow);
        Ran::of(
            Command::new(python.with_file_name("actionlint"))
                .args(["-no-color", "-oneline"])
                .current_dir(repository.path()),
        )
    };
    for workflow in [&example, &local] {
        assert_eq!(lint(workflow).is(0).stdout, "");
    }
    let printed = lint(&local.replacen("          files: ", "          folder: ", 1));
    let wanted = "input \"folder\" is not defined in action \"twilio-sip-allow\"";
    let printed = printed.is(1).stdout;
    assert!(printed.contains(wanted), "{printed}");
    let printed = lint(&local.replacen("          command: check\n", "", 1));
    let wanted = "missing input \"command\" which is required by action \"twilio-sip-allow\"";
    let printed = printed.is(1).stdout;
    assert!(printed.contains(wanted), "{printed}");
}

/// The lines of a GitLab job, or of the hidden job that it extends.
fn lines_of(job: &Value, key: &str) -> String {
    let lines: Vec<&str> = job[key].as_sequence().unwrap().iter().map(text).collect();
    lines.join("\n") + "\n"
}

/// Runs the jobs of the GitLab example as its runner does, with all lines of a job in one shell that
/// stops at the first failure.
fn check_the_gitlab_jobs(before: &str, bash: impl Fn(&Path) -> Command) {
    let file = yaml(GITLAB);
    let repository = repository();
    let run = |job: &str| {
        assert_eq!(text(&file[job]["extends"]), ".twilio");
        let script = format!("{before}{}", lines_of(&file[job], "script"));
        let mut command = bash(repository.path());
        command
            .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", &script])
            .env("TOOLS", repository.path().join(".tools"));
        Ran::of(&mut command)
    };
    for job in ["twilio-check", "twilio-scan"] {
        run(job).is(0);
    }
    spoil(repository.path());
    for (job, wanted) in [
        ("twilio-check", "drift: 1 of 2 files, 1 missing, 1 extra"),
        ("twilio-scan", "main.tf\n  2:1: superseded: 54.65.63.192/26"),
    ] {
        let printed = run(job).is(1).stdout;
        assert!(printed.contains(wanted), "{printed}");
    }
}

#[test]
fn the_gitlab_example_works() {
    let program = Path::new(PROGRAM).parent().unwrap();
    let path = format!("{}:{}", program.display(), env!("PATH"));
    check_the_gitlab_jobs("", |repository| {
        let mut bash = Command::new("bash");
        bash.current_dir(repository).env("PATH", &path);
        bash
    });
}

/// Everything is installed from source, as users do: the action installs itself, and pre-commit and the
/// GitLab jobs clone a repository. All share one cargo target folder.
#[test]
fn the_action_hooks_and_jobs_work_from_source() {
    if !is_long("the_action_hooks_and_jobs_work_from_source") {
        return;
    }
    let environment = Environment::new();
    let source = sources();

    check_the_workflow(&Action::new(source.path(), &environment.runner));

    let url = format!("file://{}", source.path().display());
    let before = lines_of(&yaml(GITLAB)[".twilio"], "before_script");
    check_the_gitlab_jobs(&before, |repository| {
        let mut bash = environment.command("bash", repository);
        bash.env("SIP_ALLOW_SOURCE", &url);
        bash
    });

    if let Some(python) = python("the_action_hooks_and_jobs_work_from_source") {
        let pre_commit = python.with_file_name("pre-commit");
        check_the_hooks(source.path(), |repository| {
            environment.command(&pre_commit, repository)
        });
    }
}

/// Both hooks in a repository that uses them, with an empty pre-commit cache.
fn check_the_hooks(source: &Path, pre_commit: impl Fn(&Path) -> Command) {
    let home = tempfile::tempdir().unwrap();
    let repository = repository();
    let stage = || git(repository.path(), &["add", "."]);
    let head = git(source, &["rev-parse", "HEAD"]);
    let config = format!(
        "repos:
- repo: {}
  rev: {}
  hooks:
  - id: twilio-sip-allow-scan
  - id: twilio-sip-allow-check
    args: [--edition, current, --format, iptables]
    files: ^firewall/
",
        source.display(),
        head.trim()
    );
    write(repository.path(), ".pre-commit-config.yaml", &config);
    git(repository.path(), &["init", "--quiet"]);
    stage();
    let run = || {
        let mut command = pre_commit(repository.path());
        command
            .args(["run", "--all-files", "--color", "never"])
            .env("PRE_COMMIT_HOME", home.path());
        Ran::of(&mut command)
    };
    let printed = run().is(0).stdout;
    assert_eq!(printed.matches("Passed\n").count(), 2, "{printed}");
    spoil(repository.path());
    stage();
    let printed = run().is(1).stdout;
    for wanted in [
        "- hook id: twilio-sip-allow-scan\n- exit code: 1\n",
        "main.tf\n  2:1: superseded: 54.65.63.192/26",
        "- hook id: twilio-sip-allow-check\n- exit code: 1\n",
        "drift: 1 of 2 files, 1 missing, 1 extra",
    ] {
        assert!(printed.contains(wanted), "{printed}");
    }
}
