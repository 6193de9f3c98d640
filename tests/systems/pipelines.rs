//! The GitHub Action, the pre-commit hooks, and the example workflows. The tests run their scripts as
//! CI runners do.

mod install;
mod runner;

use crate::sources;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_yaml::Value;

use crate::common::{has, python, render};
use crate::release_server::{REPOSITORY, Releases, fake_cargo, write_script};
use sources::{Environment, QUICK, git, is_long, sources};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const PROGRAM: &str = env!("CARGO_BIN_EXE_twilio-sip-allow");
const VERSION: &str = env!("CARGO_PKG_VERSION");
const WORKFLOW: &str = "examples/github/workflow.yml";
const GITLAB: &str = "examples/gitlab/.gitlab-ci.yml";
const COMPONENT: &str = "templates/gitlab/template.yml";

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
    path: String,
    steps: Vec<Value>,
    defaults: BTreeMap<String, String>,
}

impl Action {
    /// The action as it is in `source`.
    fn new(source: &Path, runner: &Path) -> Action {
        let action = yaml("action.yml");
        let inputs = action["inputs"].as_mapping().unwrap();
        let default = |input: &Value| input["default"].as_str().unwrap_or_default().to_owned();
        Action {
            runner: runner.to_owned(),
            source: source.to_owned(),
            path: env!("PATH").to_owned(),
            steps: action["runs"]["steps"].as_sequence().unwrap().clone(),
            defaults: inputs
                .iter()
                .map(|(name, input)| (text(name).to_owned(), default(input)))
                .collect(),
        }
    }

    /// The action with the program under test.
    fn installed(runner: &Path) -> Action {
        let mut action = Action::new(Path::new(ROOT), runner);
        action
            .defaults
            .insert("program".to_owned(), PROGRAM.to_owned());
        action
    }

    /// Runs the steps in a repository until one fails.
    fn run(&self, inputs: &BTreeMap<String, String>, repository: &Path) -> Ran {
        for name in ["output", "summary"] {
            fs::write(self.runner.join(name), "").unwrap();
        }
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
            .env("PATH", &self.path)
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_ACTION_PATH", &self.source)
            .env("GITHUB_OUTPUT", self.runner.join("output"))
            .env("GITHUB_SERVER_URL", "https://github.invalid")
            .env("GITHUB_STEP_SUMMARY", self.runner.join("summary"))
            .env("RUNNER_TEMP", &self.runner)
            .env("RUNNER_TOOL_CACHE", self.runner.join("tools"));
        for (name, value) in texts(&step["env"]) {
            let expression = value
                .strip_prefix("${{ ")
                .and_then(|rest| rest.strip_suffix(" }}"));
            let value = match expression.map(|it| (it, it.strip_prefix("inputs."))) {
                Some((_, Some(input))) => inputs.get(input).unwrap_or(&self.defaults[input]),
                // An action in the repository of its workflow has no repository of its own.
                Some(("github.action_repository", None)) => "",
                Some((other, None)) => panic!("{other}"),
                None => &value,
            };
            command.env(name, value);
        }
        Ran::of(&mut command)
    }

    /// The outputs of the last run, as the runner reads them.
    fn outputs(&self) -> BTreeMap<String, String> {
        let text = fs::read_to_string(self.runner.join("output")).unwrap();
        let mut outputs = BTreeMap::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let at = line.find(['=', '<']).expect(line);
            let (name, value) = line.split_at(at);
            let value = match value.strip_prefix("<<") {
                Some(mark) => {
                    let value: Vec<&str> =
                        lines.by_ref().take_while(|line| *line != mark).collect();
                    value.join("\n")
                }
                None => value[1..].to_owned(),
            };
            outputs.insert(name.to_owned(), value);
        }
        outputs
    }

    fn summary(&self) -> String {
        fs::read_to_string(self.runner.join("summary")).unwrap()
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
}

/// An action has no standard input, so the message of the program would not help.
#[test]
fn the_action_names_the_pattern_that_matches_no_file() {
    let runner = tempfile::tempdir().unwrap();
    let action = Action::installed(runner.path());
    for (files, named) in [
        ("firewall/*.none", "firewall/*.none"),
        ("firewall/*.rules\nmissing.rules", "missing.rules"),
        ("-", "-"),
    ] {
        let given = inputs([
            ("command", "check"),
            ("arguments", "--edition current --format iptables"),
            ("files", files),
        ]);
        let printed = action.run(&given, repository().path()).is(2).stdout;
        let wanted = format!(
            "::error title=twilio-sip-allow::the input \"files\" contains '{named}', which matches no file"
        );
        assert_eq!(printed.lines().next(), Some(&*wanted));
        assert_eq!(action.outputs(), inputs([("verdict", "error")]));
    }
}

/// Each message is an annotation, at the line that it names.
#[test]
fn a_line_that_cannot_be_read_has_an_annotation_in_its_file() {
    let runner = tempfile::tempdir().unwrap();
    let action = Action::installed(runner.path());
    let repository = repository();
    let rules = render("--edition current --format iptables");
    let unknown = |words: &str| rules.replacen("-p udp", words, 1);
    let line = 1 + rules
        .lines()
        .position(|line| line.contains("-p udp"))
        .unwrap();
    write(repository.path(), "firewall/100%, b", &unknown("--a%0A"));
    write(repository.path(), "firewall/c", &unknown("--c"));
    let given = inputs([
        ("command", "check"),
        ("arguments", "--edition current --format iptables"),
        ("files", "firewall/100*\nfirewall/c"),
    ]);
    let printed = action.run(&given, repository.path()).is(2).stdout;
    let printed: Vec<&str> = printed.lines().collect();
    let head = "::error title=twilio-sip-allow";
    let starts = [
        format!(
            "{head},file=firewall/100%25%2C b,line={line}::firewall/100%25, b:{line}: '--a%250A' is unknown or not supported;"
        ),
        format!(
            "{head},file=firewall/c,line={line}::firewall/c:{line}: '--c' is unknown or not supported;"
        ),
        format!("{head}::2 of 2 files could not be checked"),
        "verdict: error (after ".to_owned(),
    ];
    assert_eq!(printed.len(), starts.len(), "{printed:?}");
    for (line, start) in printed.iter().zip(&starts) {
        assert!(line.starts_with(start), "{start}: {line}");
    }
    assert!(
        printed[1].contains("%0A    in: -A TWILIO-SIP-IN -s "),
        "{printed:?}"
    );
}

#[test]
fn without_files_check_runs_the_checks_of_the_configuration_file() {
    let runner = tempfile::tempdir().unwrap();
    let action = Action::installed(runner.path());
    let repository = repository();
    let run = |arguments| {
        let given = inputs([("command", "check"), ("arguments", arguments)]);
        action.run(&given, repository.path())
    };
    let file = "selection: {edition: current}
checks:
  - {name: pbx, format: iptables, files: firewall/a.rules}
";
    write(repository.path(), "twilio-sip-allow.yaml", file);
    run("").is(0);
    write(
        repository.path(),
        "firewall/a.rules",
        &render("--edition regional --format iptables"),
    );
    run("").is(1);
    assert_eq!(action.outputs()["verdict"], "drift");
    for (arguments, format) in [
        ("--edition current --format iptables", "--format"),
        ("-fiptables", "-fiptables"),
        ("--format=pf -v", "--format=pf"),
    ] {
        let printed = run(arguments).is(2).stdout;
        let wanted = format!(
            "::error title=twilio-sip-allow::the input \"files\" names no files; without {format}, the checks in twilio-sip-allow.yaml run"
        );
        assert_eq!(printed.lines().next(), Some(&*wanted));
    }
}

#[test]
fn without_files_scan_searches_the_current_folder() {
    let runner = tempfile::tempdir().unwrap();
    let action = Action::installed(runner.path());
    let repository = repository();
    spoil(repository.path());
    let given = inputs([("command", "scan"), ("arguments", "--fail-on superseded")]);
    let printed = action.run(&given, repository.path()).is(1).stdout;
    assert!(printed.contains(SUPERSEDED), "{printed}");
}

#[test]
fn the_action_rejects_other_commands_and_missing_files() {
    let runner = tempfile::tempdir().unwrap();
    let action = Action::installed(runner.path());
    let repository = repository();
    for command in ["", "list", "--help", "check scan", "scan\n"] {
        let printed = action.run(&inputs([("command", command)]), repository.path());
        assert_eq!(
            printed.is(2).stdout.lines().next().unwrap(),
            "::error title=twilio-sip-allow::the input \"command\" must be \"check\", \"verify\" or \"scan\""
        );
        assert_eq!(action.outputs(), inputs([("verdict", "error")]));
    }
    for (command, files) in [("verify", ""), ("verify", "\n\n"), ("scan", "\n\n")] {
        let inputs = inputs([("command", command), ("files", files)]);
        assert_eq!(
            action
                .run(&inputs, repository.path())
                .is(2)
                .stdout
                .lines()
                .next()
                .unwrap(),
            "::error title=twilio-sip-allow::the input \"files\" names no files"
        );
    }
}

/// A verdict must not come from a call that checks nothing.
#[test]
fn options_without_a_verdict_are_an_error() {
    let runner = tempfile::tempdir().unwrap();
    let action = Action::installed(runner.path());
    let repository = repository();
    for (command, arguments, named) in [
        ("scan", "--diff --help", "--help"),
        ("check", "-h", "-h"),
        ("verify", "--print-collector linux", "--print-collector"),
        ("scan", "--version", "--version"),
    ] {
        let given = inputs([
            ("command", command),
            ("arguments", arguments),
            ("files", "notes.txt"),
        ]);
        let ran = action.run(&given, repository.path()).is(2);
        let message = format!(
            "::error title=twilio-sip-allow::the input \"arguments\" contains {named}, which prints no verdict"
        );
        assert_eq!(ran.stdout.lines().next(), Some(&*message));
        assert_eq!(action.outputs(), inputs([("verdict", "error")]));
    }
}

const HOSTILE: [&str; 12] = [
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
];

/// The action never executes its input, in any place.
#[test]
fn the_action_never_executes_its_input() {
    let runner = tempfile::tempdir().unwrap();
    let action = Action::installed(runner.path());
    let places = [
        ("command", 2),
        ("arguments", 2),
        ("files", 2),
        ("program", 2),
        ("sarif", 0),
    ];
    for hostile in HOSTILE {
        for (place, status) in places {
            let mut given = inputs([("command", "scan"), ("files", "notes.txt")]);
            given.insert(place.to_owned(), hostile.to_owned());
            let repository = repository();
            action.run(&given, repository.path()).is(status);
            assert!(
                !repository.path().join("hit").exists(),
                "{place}: {hostile}"
            );
            if place == "sarif" {
                let log = fs::read_to_string(repository.path().join(hostile)).unwrap();
                assert!(log.contains("\"version\": \"2.1.0\""), "{log}");
            }
        }
    }
}

/// The counts come from the test's own files: one address is superseded, and two rules have another port.
#[test]
fn the_outputs_are_the_verdict_and_the_counts() {
    let runner = tempfile::tempdir().unwrap();
    let action = Action::installed(runner.path());
    let repository = repository();
    let run = |given: &[(&str, &str)], status| {
        let given = given
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        action.run(&given.collect(), repository.path()).is(status);
        action.outputs()
    };
    let options = "--edition current --format iptables";
    let check = [
        ("command", "check"),
        ("arguments", options),
        ("files", "firewall/*.rules"),
    ];
    let none = r#"{"files":1,"drifted":0,"missing":0,"extra":0,"not_hooked":0}"#;
    assert_eq!(
        run(&check, 0),
        inputs([("verdict", "ok"), ("counts", none)])
    );

    let rules = render(options);
    write(
        repository.path(),
        "firewall/b.rules",
        &rules.replacen("--dport 5060", "--dport 5070", 2),
    );
    write(repository.path(), "main.tf", "# Twilio\n54.65.63.192/26\n");
    let two = r#"{"files":2,"drifted":1,"missing":2,"extra":2,"not_hooked":0}"#;
    assert_eq!(
        run(&check, 1),
        inputs([("verdict", "drift"), ("counts", two)])
    );

    let scan = [
        ("command", "scan"),
        ("files", "main.tf"),
        ("sarif", "found.sarif"),
    ];
    let outputs = run(&scan, 1);
    assert_eq!(outputs["verdict"], "findings");
    assert_eq!(outputs["sarif"], "found.sarif");
    let counts: serde_json::Value = serde_json::from_str(&outputs["counts"]).unwrap();
    assert_eq!(
        (&counts["files"], &counts["superseded"], &counts["wider"]),
        (&1.into(), &1.into(), &0.into())
    );
    let log = fs::read_to_string(repository.path().join("found.sarif")).unwrap();
    let log: serde_json::Value = serde_json::from_str(&log).unwrap();
    assert_eq!(log["runs"][0]["results"][0]["ruleId"], "superseded");

    let open =
        "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n";
    write(repository.path(), "pbx.capture", open);
    let verify = [("command", "verify"), ("files", "pbx.capture")];
    let counts = r#"{"machines":1,"failing":1,"blocked":0,"depending":0,"exposed":1}"#;
    assert_eq!(
        run(&verify, 1),
        inputs([("verdict", "problem"), ("counts", counts)])
    );

    // The checks of a configuration file, whose counts are added up.
    let file = format!(
        "selection: {{edition: current}}\nchecks:\n{}",
        ["a", "b"]
            .map(|name| {
                format!("  - {{name: {name}, format: iptables, files: firewall/{name}.rules}}\n")
            })
            .concat()
    );
    write(repository.path(), "twilio-sip-allow.yaml", &file);
    let configured = [
        ("command", "check"),
        ("files", ""),
        ("sarif", "found.sarif"),
    ];
    let outputs = run(&configured, 1);
    assert_eq!((&*outputs["verdict"], &*outputs["counts"]), ("drift", two));
}

/// `scan --fix` changes files, so a second run would report something else.
#[test]
fn a_run_that_changes_files_is_not_repeated() {
    let runner = tempfile::tempdir().unwrap();
    let action = Action::installed(runner.path());
    let repository = repository();
    write(
        repository.path(),
        "list.txt",
        "# Twilio signaling\n54.65.63.192/30\n# Twilio media\n54.65.63.192/26\n",
    );
    let given = inputs([
        ("command", "scan"),
        ("arguments", "--fix --region tokyo"),
        ("files", "list.txt"),
    ]);
    let printed = action.run(&given, repository.path()).is(0).stdout;
    let notice = "::notice title=twilio-sip-allow::with --fix there are no counts, no SARIF file and no summary\n";
    assert!(printed.contains(notice), "{printed}");
    assert_eq!(action.outputs(), inputs([("verdict", "ok")]));
    let fixed = fs::read_to_string(repository.path().join("list.txt")).unwrap();
    assert!(
        fixed.contains("168.86.128.0/18") && !fixed.contains("192/26"),
        "{fixed}"
    );
}

/// Names of files and text in them are those of an attacker who opens a pull request.
#[test]
fn hostile_text_forges_no_output_and_no_markdown() {
    let Some(python) = python("hostile_text_forges_no_output_and_no_markdown") else {
        return;
    };
    let runner = tempfile::tempdir().unwrap();
    let action = Action::installed(runner.path());
    let repository = repository();
    let rules = render("--edition current --format iptables").replacen("5060", "5070", 1);
    let comment = "-A TWILIO-SIP-IN -s 9.9.9.9/32 -m comment --comment \"</code></pre>``` <img src=x> [a](http://x.invalid) **b**\" -j ACCEPT\nCOMMIT";
    let rules = rules.replace("COMMIT", comment);
    let names = [
        "```\n\n# heading\n<script>alert(1)<\u{2044}script>",
        "\n\n| a | b |\n|---|---|\n| ![x](http:x.invalid) | c |",
        "x\nverdict=ok\nverdict<<y\nok\ny",
        "::set-output name=verdict::ok",
        "::stop-commands::x",
    ];
    for name in names {
        write(&repository.path().join("firewall"), name, &rules);
    }
    let given = inputs([
        ("command", "check"),
        ("arguments", "--edition current --format iptables"),
        ("files", "firewall/*"),
        ("sarif", "x\nverdict=ok\nEOF\nverdict<<EOF\nok"),
    ]);
    let printed = action.run(&given, repository.path()).is(1).stdout;
    let commands = printed
        .lines()
        .filter(|line| line.trim_start().starts_with("::"));
    for command in commands {
        assert!(command.starts_with("::error title=drift"), "{command}");
    }
    let outputs = action.outputs();
    assert_eq!(
        outputs.keys().collect::<Vec<_>>(),
        ["counts", "sarif", "verdict"]
    );
    assert_eq!(
        (&*outputs["verdict"], &outputs["sarif"]),
        ("drift", &given["sarif"])
    );

    let summary = action.summary();
    assert!(
        summary.contains("```") && summary.contains("9.9.9.9"),
        "{summary}"
    );
    let script = "import sys
from markdown_it import MarkdownIt
tokens = MarkdownIt('gfm-like', {'linkify': False}).parse(open(sys.argv[1]).read())
print(*(token.type for token in tokens))";
    let tokens = Ran::of(
        Command::new(python)
            .args(["-c", script])
            .arg(runner.path().join("summary")),
    );
    assert_eq!(
        tokens.is(0).stdout,
        "heading_open inline heading_close code_block\n"
    );
}

/// GitHub replaces expressions before the shell reads the script.
#[test]
fn no_script_contains_a_github_expression() {
    let action = yaml("action.yml");
    let steps = action["runs"]["steps"].as_sequence().unwrap();
    assert_eq!(steps.len(), 1);
    for step in steps {
        assert!(!text(&step["run"]).contains("${{"), "{step:?}");
    }
}

#[test]
fn shellcheck_finds_no_fault_in_the_action() {
    if !has("shellcheck", "shellcheck_finds_no_fault_in_the_action") {
        return;
    }
    let folder = Path::new(ROOT).join("action");
    for script in ["install", "pre-commit", "run"] {
        Ran::of(Command::new("shellcheck").arg(folder.join(script))).is(0);
    }
}

#[test]
fn files_match_their_published_schemas() {
    let Some(python) = python("files_match_their_published_schemas") else {
        return;
    };
    let tools = python.parent().unwrap();
    // The component consists of two documents.
    let component = fs::read_to_string(Path::new(ROOT).join(COMPONENT)).unwrap();
    let (header, job) = component.split_once("\n---\n").unwrap();
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "header.yml", header);
    write(folder.path(), "job.yml", job);
    let root = Path::new(ROOT);
    for (schema, file) in [
        ("github-actions", root.join("action.yml")),
        ("github-workflows", root.join(WORKFLOW)),
        ("gitlab-ci", root.join(GITLAB)),
        ("gitlab-ci", folder.path().join("header.yml")),
        ("gitlab-ci", folder.path().join("job.yml")),
    ] {
        Ran::of(
            Command::new(tools.join("check-jsonschema"))
                .arg("--builtin-schema")
                .arg(format!("vendor.{schema}"))
                .arg(file),
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

#[test]
fn the_examples_name_the_same_version() {
    let role = "examples/ansible/roles/twilio_sip_allow";
    let files = [
        (WORKFLOW.to_owned(), "OWNER/twilio-sip-allow@v"),
        (GITLAB.to_owned(), "OWNER/twilio-sip-allow/v"),
        (
            COMPONENT.to_owned(),
            "      description: The version of the program\n      default: ",
        ),
        (
            format!("{role}/defaults/main.yml"),
            "twilio_sip_allow_version: ",
        ),
        (format!("{role}/README.md"), "twilio_sip_allow_version: "),
        ("docs/operations.md".to_owned(), "OWNER/twilio-sip-allow@v"),
        ("README.md".to_owned(), "OWNER/twilio-sip-allow@v"),
        ("README.md".to_owned(), "releases/download/v"),
        ("README.md".to_owned(), "ghcr.io/OWNER/twilio-sip-allow:"),
        ("README.md".to_owned(), "--tag v"),
        (
            "examples/github/watch.yml".to_owned(),
            "releases/download/v",
        ),
        ("examples/github/watch.yml".to_owned(), "ref: v"),
    ];
    for (file, before) in files {
        let text = fs::read_to_string(Path::new(ROOT).join(&file)).unwrap();
        let versions: Vec<&str> = text.split(before).skip(1).collect();
        assert!(!versions.is_empty(), "{file}");
        for version in versions {
            let version = version
                .split(|c: char| c.is_whitespace() || matches!(c, '/' | '`'))
                .next();
            assert_eq!(version, Some(VERSION), "{file}");
        }
    }
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
    let local = example.replace(&format!("OWNER/twilio-sip-allow@v{VERSION}"), "./");
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

/// The header and the job of the GitLab component, with the inputs of a job of the example.
fn gitlab_job(given: &BTreeMap<String, String>) -> Value {
    let file = fs::read_to_string(Path::new(ROOT).join(COMPONENT)).unwrap();
    let (header, job) = file.split_once("\n---\n").unwrap();
    let header: Value = serde_yaml::from_str(header).unwrap();
    let mut job = job.to_owned();
    for (name, input) in header["spec"]["inputs"].as_mapping().unwrap() {
        let name = text(name);
        let default = || text(&input["default"]).to_owned();
        let value = given.get(name).cloned().unwrap_or_else(default);
        job = job.replace(&format!("$[[ inputs.{name} ]]"), &value);
    }
    assert!(!job.contains("$[["), "{job}");
    serde_yaml::from_str(&job).unwrap()
}

/// Runs the jobs of the GitLab example as its runner does, with all lines of a job in one shell that stops at
/// the first failure.
fn check_the_gitlab_jobs(releases: &str, path: &str) {
    let file = yaml(GITLAB);
    let jobs: Vec<_> = file["include"]
        .as_sequence()
        .unwrap()
        .iter()
        .map(|include| {
            let remote = "https://raw.githubusercontent.com/OWNER/twilio-sip-allow/v0.2.0/";
            assert_eq!(text(&include["remote"]), format!("{remote}{COMPONENT}"));
            texts(&include["inputs"])
        })
        .collect();
    let repository = repository();
    let run = |inputs: &BTreeMap<String, String>| {
        let job = &gitlab_job(inputs)[&*inputs["job"]];
        let lines = ["before_script", "script"].map(|part| job[part].as_sequence().unwrap());
        let lines: Vec<&str> = lines.into_iter().flatten().map(text).collect();
        let mut command = Command::new("bash");
        command
            .args([
                "--noprofile",
                "--norc",
                "-eo",
                "pipefail",
                "-c",
                &lines.join("\n"),
            ])
            .envs(texts(&job["variables"]))
            .env("RELEASES", releases)
            .env("PATH", path)
            .current_dir(repository.path());
        Ran::of(&mut command)
    };
    assert_eq!(jobs.len(), 2);
    for job in &jobs {
        run(job).is(0);
    }
    spoil(repository.path());
    let reports = [
        "drift: 1 of 2 files, 1 missing, 1 extra",
        "main.tf\n  2:1: superseded: 54.65.63.192/26",
    ];
    for (job, wanted) in jobs.iter().zip(reports) {
        let printed = run(job).is(1).stdout;
        assert!(printed.contains(wanted), "{printed}");
    }
}

#[test]
fn the_gitlab_jobs_use_an_installed_program() {
    let program = Path::new(PROGRAM).parent().unwrap();
    let path = format!("{}:{}", program.display(), env!("PATH"));
    check_the_gitlab_jobs("https://gitlab.invalid", &path);
}

#[test]
fn a_gitlab_job_never_executes_its_arguments() {
    let program = Path::new(PROGRAM).parent().unwrap();
    let repository = repository();
    for hostile in HOSTILE {
        // GitLab puts an input into the text of the file, where these characters would end it.
        let arguments = hostile.replace(['"', '\n'], " ");
        let job = inputs([("arguments", &*arguments), ("releases", "")]);
        let job = &gitlab_job(&job)["twilio"];
        let mut command = Command::new("bash");
        command
            .args(["-ec", text(&job["script"][0])])
            .envs(texts(&job["variables"]))
            .env("PATH", format!("{}:{}", program.display(), env!("PATH")))
            .current_dir(repository.path());
        Ran::of(&mut command).is(2);
        assert!(!repository.path().join("hit").exists(), "{hostile}");
    }
}

#[test]
fn the_gitlab_jobs_download_the_program() {
    let releases = Releases::of("0.2.0");
    check_the_gitlab_jobs(&releases.address(), env!("PATH"));
    releases.edit_sums("0.2.0", |sums| {
        sums.replacen(|c: char| c.is_ascii_digit(), "x", 1)
    });
    let job = inputs([
        ("arguments", "list regions"),
        ("releases", &releases.address()),
    ]);
    let job = &gitlab_job(&job)["twilio"];
    let mut command = Command::new("bash");
    command
        .args(["-ec", text(&job["before_script"][0])])
        .envs(texts(&job["variables"]));
    let failed = Ran::of(&mut command);
    assert_ne!(failed.status, 0, "{}", failed.stdout);
}

#[test]
fn a_failed_download_of_a_gitlab_job_names_the_address_and_what_to_do() {
    let releases = Releases::new();
    fs::create_dir_all(releases.of_version("0.2.0")).unwrap();
    let archive = "twilio-sip-allow-0.2.0-x86_64-linux.tar.gz";
    // First without a release, and then without a program for this system.
    for missing in ["SHA256SUMS", archive] {
        let job = inputs([
            ("arguments", "list regions"),
            ("releases", &releases.address()),
        ]);
        let job = &gitlab_job(&job)["twilio"];
        let mut command = Command::new("bash");
        command
            .args(["-ec", text(&job["before_script"][0])])
            .envs(texts(&job["variables"]));
        let advice = "set the inputs \"releases\" and \"version\" to those of a release for x86_64, or \"image\" to an image that contains the program";
        assert_eq!(
            Ran::of(&mut command).is(2).stderr,
            format!(
                "curl: (22) The requested URL returned error: 404\ncannot download {}/v0.2.0/{missing}; {advice}\n",
                releases.address()
            )
        );
        fs::write(releases.of_version("0.2.0").join("SHA256SUMS"), "").unwrap();
    }
}

/// Without a release, the action and the hooks build the program. Both share one cargo target folder.
#[test]
fn the_action_and_the_hooks_work_from_source() {
    if !is_long("the_action_and_the_hooks_work_from_source") {
        return;
    }
    let environment = Environment::new();
    let source = sources();

    check_the_workflow(&Action::new(source.path(), &environment.runner));

    if let Some(python) = python("the_action_and_the_hooks_work_from_source") {
        let pre_commit = python.with_file_name("pre-commit");
        let url = source.path().display().to_string();
        check_the_hooks(&url, source.path(), |repository| {
            let mut command = environment.command(&pre_commit, repository);
            // The cache of the user, in which the action has built the program.
            command.env("XDG_CACHE_HOME", &environment.runner);
            command
        });
    }
}

/// Commits the files that the action and the hooks need without cargo.
fn tree() -> tempfile::TempDir {
    let tree = tempfile::tempdir().unwrap();
    fs::create_dir(tree.path().join("action")).unwrap();
    for file in [
        ".pre-commit-hooks.yaml",
        "Cargo.toml",
        "action.yml",
        "action/install",
        "action/pre-commit",
        "action/run",
    ] {
        fs::copy(Path::new(ROOT).join(file), tree.path().join(file)).unwrap();
    }
    git(tree.path(), &["init", "--quiet"]);
    git(tree.path(), &["add", "."]);
    git(
        tree.path(),
        &["commit", "--quiet", "--message", "The action"],
    );
    tree
}

#[test]
fn the_hooks_use_an_installed_program_of_their_version() {
    let Some(python) = python("the_hooks_use_an_installed_program_of_their_version") else {
        return;
    };
    let tree = tree();
    let url = tree.path().display().to_string();
    let program = Path::new(PROGRAM).parent().unwrap();
    check_the_hooks(&url, tree.path(), |repository| {
        let mut command = Command::new(python.with_file_name("pre-commit"));
        command
            .env("PATH", format!("{}:{}", program.display(), env!("PATH")))
            .env("XDG_CACHE_HOME", "/dev/null")
            .current_dir(repository);
        command
    });
}

#[test]
fn without_names_of_files_the_hook_runs_the_checks_of_the_configuration_file() {
    let test = "without_names_of_files_the_hook_runs_the_checks_of_the_configuration_file";
    let Some(python) = python(test) else {
        return;
    };
    let (tree, home, repository) = (tree(), tempfile::tempdir().unwrap(), repository());
    let head = git(tree.path(), &["rev-parse", "HEAD"]);
    let config = format!(
        "  repos:\n    - repo: {}\n      rev: {}\n      hooks:\n{}",
        tree.path().display(),
        head.trim(),
        documented_hooks()[1]
    );
    write(repository.path(), ".pre-commit-config.yaml", &config);
    let file = "selection: {edition: current}
checks:
  - {name: pbx, format: iptables, files: firewall/a.rules}
";
    write(repository.path(), "twilio-sip-allow.yaml", file);
    git(repository.path(), &["init", "--quiet"]);
    let program = Path::new(PROGRAM).parent().unwrap();
    let run = || {
        git(repository.path(), &["add", "."]);
        Ran::of(
            Command::new(python.with_file_name("pre-commit"))
                .args(["run", "--all-files", "--color", "never"])
                .env("PATH", format!("{}:{}", program.display(), env!("PATH")))
                .env("PRE_COMMIT_HOME", home.path())
                .current_dir(repository.path()),
        )
    };
    let printed = run().is(0).stdout;
    assert_eq!(printed.matches("Passed\n").count(), 1, "{printed}");
    let old = render("--edition regional --format iptables");
    write(repository.path(), "firewall/a.rules", &old);
    let printed = run().is(1).stdout;
    assert!(printed.contains("\npbx: drift: "), "{printed}");
}

/// The address of the releases follows from the address that pre-commit has cloned. Here, git replaces it.
#[test]
fn the_hooks_download_the_program_once() {
    let Some(python) = python("the_hooks_download_the_program_once") else {
        return;
    };
    let (tree, home) = (tree(), tempfile::tempdir().unwrap());
    let releases = Releases::of(VERSION);
    let url = format!("{}/{REPOSITORY}", releases.server);
    let replace = format!("[url \"{}\"]\n\tinsteadOf = {url}\n", tree.path().display());
    write(home.path(), ".gitconfig", &replace);
    check_the_hooks(&url, tree.path(), |repository| {
        let mut command = Command::new(python.with_file_name("pre-commit"));
        command
            .env("HOME", home.path())
            .env_remove("XDG_CACHE_HOME")
            .current_dir(repository);
        command
    });
    let archive = format!("twilio-sip-allow-{VERSION}-x86_64-linux.tar.gz");
    assert_eq!(releases.requests(), ["SHA256SUMS", &archive]);
}

/// The address that the hooks ask for a release if the address of their repository is `url`.
fn asked_address(url: &str, set: &[(&str, &str)]) -> Option<String> {
    let (tree, home) = (tree(), tempfile::tempdir().unwrap());
    git(tree.path(), &["remote", "add", "origin", url]);
    fake_cargo(home.path());
    let curl = "#!/bin/sh\nfor last do :; done\necho $last >>${0%/*}/curl.log\nexit 22\n";
    write_script(&home.path().join("curl"), curl);
    let mut command = Command::new(tree.path().join("action/pre-commit"));
    command
        .arg("--version")
        .env("HOME", home.path())
        .env(
            "PATH",
            format!("{}:{}", home.path().display(), env!("PATH")),
        )
        .env("GIT_DIR", "/nowhere")
        .env_remove("XDG_CACHE_HOME")
        .envs(set.iter().copied());
    let ran = Ran::of(&mut command).is(0);
    assert!(
        ran.stdout.starts_with("twilio-sip-allow "),
        "{}",
        ran.stdout
    );
    assert!(!ran.stderr.contains("secret"), "{}", ran.stderr);
    let asked = fs::read_to_string(home.path().join("curl.log")).ok()?;
    let end = format!("/v{VERSION}/SHA256SUMS\n");
    Some(asked.strip_suffix(&end).expect(&asked).to_owned())
}

#[test]
fn the_address_of_the_releases_follows_from_that_of_the_hooks() {
    for (url, web) in [
        ("https://git.example/a/b", Some("https://git.example/a/b")),
        (
            "https://git.example/a/b.git/",
            Some("https://git.example/a/b"),
        ),
        (
            "https://user:secret@git.example/a/b",
            Some("https://git.example/a/b"),
        ),
        ("git@git.example:a/b.git", Some("https://git.example/a/b")),
        ("ssh://git@git.example/a/b", Some("https://git.example/a/b")),
        ("/srv/a/b", None),
        ("git://git.example/a/b", None),
    ] {
        let wanted = web.map(|web| format!("{web}/releases/download"));
        assert_eq!(asked_address(url, &[]), wanted, "{url}");
    }
}

#[test]
fn a_variable_sets_the_address_of_the_releases_for_the_hooks() {
    let mirror = "https://mirror.example/releases";
    for url in ["https://git.example/a/b", "file:///srv/a/b"] {
        let asked = asked_address(url, &[("TWILIO_SIP_RELEASES", mirror)]);
        assert_eq!(asked.as_deref(), Some(mirror), "{url}");
    }
}

/// A path with the tools of the scripts, but without cargo.
fn path_without_cargo(folder: &Path) -> String {
    let tools = "bash cat dirname env git mkdir mktemp od rm sed tr uname".split(' ');
    for tool in tools {
        let found = Ran::of(Command::new("sh").args(["-c", &format!("command -v {tool}")])).is(0);
        symlink(found.stdout.trim_end(), folder.join(tool)).unwrap();
    }
    folder.display().to_string()
}

#[test]
fn without_releases_and_cargo_the_message_says_how_to_get_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let path = path_without_cargo(folder.path());
    let reason = "the address of the releases is not known, and cargo, which could build the program, is not installed";

    let (tree, home) = (tree(), tempfile::tempdir().unwrap());
    let mut hook = Command::new(tree.path().join("action/pre-commit"));
    hook.arg("--version")
        .env("HOME", home.path())
        .env("PATH", &path);
    assert_eq!(
        Ran::of(&mut hook).is(2).stderr,
        format!(
            "twilio-sip-allow: error: {reason}; install twilio-sip-allow {VERSION} in PATH, or set TWILIO_SIP_RELEASES to the address of its releases\n"
        )
    );

    let mut action = Action::new(Path::new(ROOT), home.path());
    action.path = path;
    let repository = repository();
    let ran = action.run(&inputs([("command", "scan")]), repository.path());
    assert_eq!(
        ran.is(2).stderr,
        format!(
            "::error title=twilio-sip-allow::{reason}; set the input \"program\" to the path of an installed program, or \"releases\" to the address of a mirror\n"
        )
    );
}

/// The two examples for pre-commit in docs/operations.md.
fn documented_hooks() -> [String; 2] {
    let document = fs::read_to_string(Path::new(ROOT).join("docs/operations.md")).unwrap();
    let (_, examples) = document.split_once("- **pre-commit:**").unwrap();
    let (examples, _) = examples.split_once("\n- **").unwrap();
    let blocks = examples.split("  ```yml\n").skip(1);
    let blocks = blocks.map(|block| block.split_once("  ```\n").unwrap().0.to_owned());
    blocks.collect::<Vec<_>>().try_into().unwrap()
}

/// Both hooks in a repository that uses them, with an empty pre-commit cache. `url` is the address of the hooks, and
/// `source` the repository there.
fn check_the_hooks(url: &str, source: &Path, pre_commit: impl Fn(&Path) -> Command) {
    let home = tempfile::tempdir().unwrap();
    let repository = repository();
    let stage = || git(repository.path(), &["add", "."]);
    let head = git(source, &["rev-parse", "HEAD"]);
    let config = documented_hooks()[0]
        .replace("https://github.com/OWNER/twilio-sip-allow", url)
        .replace(&format!("v{VERSION}"), head.trim());
    write(repository.path(), ".pre-commit-config.yaml", &config);
    write(repository.path(), "firewall/README.md", "The rules.\n");
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
