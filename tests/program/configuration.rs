//! The configuration file: its location, precedence, errors, and the checks in it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::process::Command;

use crate::common::{self, Tool, render, valid_json, valid_sarif};

/// The example of docs/configuration.md.
fn example() -> String {
    let document = fs::read_to_string("docs/configuration.md").unwrap();
    let (_, rest) = document.split_once("```yaml\n").unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

/// A call in a folder with the given configuration file.
fn with(file: &str, line: &str) -> Tool {
    Tool::line(line).file("twilio-sip-allow.yaml", file)
}

/// A repository with three checks. The gateway has drifted, because it has the list before 2024-02-21.
fn repository(line: &str) -> Tool {
    let file = "selection:
  edition: current
  region: tokyo
checks:
  - name: pbx
    format: nftables
    files: deployed/pbx.nft
  - name: gateway
    format: iptables
    files: [deployed/gateway.rules]
  - name: frankfurt
    format: iptables
    unit: calls
    files: deployed/frankfurt.rules
    selection: {region: frankfurt}
";
    with(file, line)
        .file(
            "deployed/pbx.nft",
            render("-f nftables -e current -r tokyo"),
        )
        .file(
            "deployed/gateway.rules",
            render("-f iptables -e regional -r tokyo"),
        )
        .file(
            "deployed/frankfurt.rules",
            render("-f iptables -e current -r frankfurt --name calls"),
        )
}

// The checks.

#[test]
fn check_without_arguments_runs_all_checks_and_reports_drift() {
    let ran = repository("check").run();
    assert_eq!(ran.status, 1, "{ran}");
    let drift = "gateway: drift: 2 missing, 2 extra, compared with the iptables rules for tokyo, edition global, signaling and media in and out (TWILIO-SIP-IN, TWILIO-SIP-OUT)\n\ndeployed/gateway.rules\n  diagnosis: the rules are those of edition 'regional', superseded on 2024-02-21 by 'global'; load the rules\n  2 missing, 2 extra; --verbose lists them\n";
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(
        lines[0],
        "pbx: in sync: exactly the nftables rules for tokyo, edition global, signaling and media in and out (twilio_sip_in, twilio_sip_out)"
    );
    assert!(ran.stdout.contains(&format!("\n\n{drift}")), "{ran}");
    let frankfurt = "\n\nfrankfurt: in sync: exactly the iptables rules for frankfurt, edition global, signaling and media in and out (CALLS-IN, CALLS-OUT)\n\n3 checks: 2 in sync, 1 drifted\n";
    assert!(ran.stdout.ends_with(frankfurt), "{ran}");
    let note = "twilio-sip-allow: note: running the 3 checks in twilio-sip-allow.yaml\n";
    assert!(ran.stderr.starts_with(note), "{ran}");
    assert!(!ran.stderr.contains("warning"), "{ran}");
}

#[test]
fn several_checks_can_be_reported_in_every_format() {
    let test = "configuration::several_checks_can_be_reported_in_every_format";
    let ran = repository("check --report json").run();
    assert_eq!(ran.status, 1, "{ran}");
    let report = valid_json(test, "check", &ran);
    assert_eq!(report["verdict"], "drift");
    let checks = report["checks"].as_array().unwrap();
    let verdicts = checks
        .iter()
        .map(|check| (&check["name"], &check["report"]["verdict"]));
    let verdicts: Vec<_> = verdicts
        .map(|(name, verdict)| (name.as_str().unwrap(), verdict.as_str().unwrap()))
        .collect();
    assert_eq!(
        verdicts,
        [
            ("pbx", "in sync"),
            ("gateway", "drift"),
            ("frankfurt", "in sync")
        ]
    );
    assert_eq!(checks[2]["report"]["expected"]["regions"][0], "frankfurt");
    let ran = repository("check --report github").run();
    assert_eq!(ran.status, 1, "{ran}");
    let annotation = "\n::error title=drift,file=deployed/gateway.rules::deployed/gateway.rules: the rules are those of edition 'regional', superseded on 2024-02-21 by 'global'; load the rules (2 missing, 2 extra)\n";
    assert!(ran.stdout.contains(annotation), "{ran}");
    let ran = repository("check --report github --verbose").run();
    let annotation = "\n::error title=drift%3A missing,file=deployed/gateway.rules::deployed/gateway.rules: missing: in udp from 168.86.128.0/18 to any port 10000-60000 (media of all regions, edition global)\n";
    assert!(ran.stdout.contains(annotation), "{ran}");
}

/// Code scanning accepts several runs in a log only if they have different categories, which end with a slash.
#[test]
fn several_checks_are_runs_of_one_sarif_log() {
    let test = "configuration::several_checks_are_runs_of_one_sarif_log";
    let ran = repository("check --report sarif").run();
    assert_eq!(ran.status, 1, "{ran}");
    let log = valid_sarif(test, &ran.stdout);
    let runs = log["runs"].as_array().unwrap().iter().map(|run| {
        let results = run["results"].as_array().unwrap();
        let rules: Vec<&str> = results
            .iter()
            .map(|result| result["ruleId"].as_str().unwrap())
            .collect();
        (run["automationDetails"]["id"].as_str().unwrap(), rules)
    });
    let wanted = [
        ("pbx/", vec![]),
        ("gateway/", vec!["drift"]),
        ("frankfurt/", vec![]),
    ];
    assert_eq!(runs.collect::<Vec<_>>(), wanted);
    let result = &log["runs"][1]["results"][0];
    assert_eq!(
        result["message"]["text"],
        "deployed/gateway.rules: the rules are those of edition 'regional', superseded on 2024-02-21 by 'global'; load the rules (2 missing, 2 extra)"
    );
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "deployed/gateway.rules");
}

#[test]
fn prints_no_report_if_a_check_fails() {
    let mut tool = repository("check -q");
    fs::write(tool.folder().join("deployed/pbx.nft"), "garbage\n").unwrap();
    fs::remove_file(tool.folder().join("deployed/frankfurt.rules")).unwrap();
    let stderr = tool.run().refused();
    assert!(stderr.contains("deployed/pbx.nft:1: "), "{stderr}");
    assert!(
        stderr.contains("cannot read deployed/frankfurt.rules: No such file"),
        "{stderr}"
    );
    assert!(
        stderr.ends_with("twilio-sip-allow: error: 2 of 3 checks could not be run\n"),
        "{stderr}"
    );
}

#[test]
fn repairs_one_check_at_a_time() {
    let stderr = repository("check --print-repair").run().refused();
    let error = "--print-repair repairs one firewall at a time, but the configuration file has 3 checks; use --format and FILE to select one firewall\n";
    assert!(stderr.ends_with(error), "{stderr}");
    let one = "selection: {edition: current}\nchecks: [{name: a, format: iptables, files: old}]\n";
    let ran = with(one, "check --print-repair")
        .file("old", render("-f iptables -e regional"))
        .run();
    assert_eq!(ran.status, 1, "{ran}");
    assert_eq!(ran.stdout, render("-f iptables -e current"));
}

#[test]
fn a_file_or_format_on_the_command_line_replaces_the_configured_checks() {
    let rules = render("-f iptables -e current -r tokyo");
    for line in ["check -f iptables own", "check -f iptables"] {
        let mut tool = repository(line).file("own", &rules);
        let listing = fs::File::open(tool.folder().join("own")).unwrap();
        tool.command().stdin(listing);
        let ran = tool.run();
        assert_eq!(ran.status, 0, "{ran}");
        assert!(ran.stdout.starts_with("in sync: exactly"), "{ran}");
        let note = "twilio-sip-allow: note: twilio-sip-allow.yaml sets edition, region\n";
        assert!(ran.stderr.starts_with(note), "{ran}");
    }
}

// Precedence.

#[test]
fn the_command_line_overrides_the_environment_and_that_the_file() {
    let file = "selection: {region: tokyo, edition: regional, local-sip-port: 5080}\n";
    let region = "TWILIO_SIP_ALLOW_REGION";
    let alone = with(file, "-f pf -q").run_once();
    assert_eq!(
        alone,
        render("-f pf -r tokyo -e regional --local-sip-port 5080")
    );
    let variable = with(file, "-f pf -q").env(region, "frankfurt").run_once();
    assert_eq!(
        variable,
        render("-f pf -r frankfurt -e regional --local-sip-port 5080")
    );
    let option = with(file, "-f pf -q -r sydney -e global")
        .env(region, "frankfurt")
        .run_once();
    assert_eq!(
        option,
        render("-f pf -r sydney -e global --local-sip-port 5080")
    );
    let none = with(file, "-f pf -q --no-config").run_once();
    assert_eq!(none, render("-f pf"));
}

#[test]
fn an_edition_overrides_a_dataset_and_vice_versa() {
    let own = fs::read_to_string("data/editions/global.yaml").unwrap();
    let own = own.replace("edition: global", "edition: ours");
    let scope = |file: &str, line: &str| {
        let ran = with(file, line).file("own.yaml", &own).run();
        let line = ran.stdout.lines().nth(1).map(str::to_owned);
        ran.ok();
        line.unwrap()
    };
    let dataset = "selection: {dataset: own.yaml}\n";
    let edition = "selection: {edition: interconnect}\n";
    assert!(scope(dataset, "-f pf").starts_with("# edition: ours ("));
    assert!(scope(dataset, "-f pf -e global").starts_with("# edition: global ("));
    assert!(scope(edition, "-f pf --dataset own.yaml").starts_with("# edition: ours ("));
    let checks = "selection: {edition: regional}
checks: [{name: a, format: iptables, files: rules, selection: {dataset: own.yaml}}]\n";
    let ran = with(checks, "check")
        .file("own.yaml", &own)
        .file("rules", render("-f iptables -e current"))
        .run();
    assert_eq!(ran.status, 0, "{ran}");
    assert!(ran.stdout.contains("edition ours, signaling"), "{ran}");
}

#[test]
fn explain_scan_and_dataset_diff_use_the_selection() {
    let file = "selection: {edition: regional, region: tokyo, direction: in}\n";
    let ran = with(file, "explain 54.65.63.193").run();
    let allowed = "54.65.63.193: allowed by edition regional (tokyo; in): ";
    assert!(ran.stdout.starts_with(allowed), "{ran}");
    let ran = with(file, "scan --json own")
        .file("own", "twilio 54.65.63.193\n")
        .run();
    assert!(
        ran.stdout
            .contains(r#""expected":{"editions":["regional"],"regions":["tokyo"]"#),
        "{ran}"
    );
    let page = include_str!("../pages/whole/global.official-en.md");
    let ran = with(file, "dataset diff page").file("page", page).run();
    assert_eq!(ran.status, 1, "{ran}");
    assert!(
        ran.stdout.contains("compared with edition regional"),
        "{ran}"
    );
    // These verbs have no selection.
    let ran = with("garbage: true\n", "list regions").run();
    assert_eq!(ran.status, 0, "{ran}");
}

/// The files of a check are in the configuration file, so a file on the command line belongs to none of them.
#[test]
fn files_without_a_format_are_an_error_that_names_the_unused_checks() {
    let advice =
        "use --format, such as --format nftables ('twilio-sip-allow list formats' prints all)";
    for line in [
        "check -q deployed/pbx.nft",
        "check -q -",
        "check -q a b --edition current",
    ] {
        assert_eq!(
            repository(line).run().refused().lines().next(),
            Some(&*format!(
                "twilio-sip-allow: error: files are named, so the checks in twilio-sip-allow.yaml are not used, but no format is selected; leave out the files, or {advice}"
            ))
        );
    }
    // Nor does it help to leave out the files if the configuration file has no checks.
    let ran = with("selection: {region: tokyo}\n", "check -q deployed").run();
    let error = format!(
        "twilio-sip-allow: error: no format is selected; {advice}, or list your checks in twilio-sip-allow.yaml\n"
    );
    assert!(ran.refused().starts_with(&error));
}

// Location.

#[test]
fn finds_the_nearest_file_above_and_resolves_paths_relative_to_it() {
    let mut tool = repository("check -q --report json");
    let below = tool.folder().join("deep/below");
    fs::create_dir_all(&below).unwrap();
    tool.command().current_dir(&below);
    let ran = tool.run();
    assert_eq!(ran.status, 1, "{ran}");
    assert!(
        ran.stdout.contains(r#""file":"../../deployed/pbx.nft""#),
        "{ran}"
    );
    fs::write(
        below.join("twilio-sip-allow.yaml"),
        "selection: {region: nowhere}\n",
    )
    .unwrap();
    let stderr = tool.run().refused();
    let error = "twilio-sip-allow: error: twilio-sip-allow.yaml:1:21: selection.region: unknown region 'nowhere'";
    assert!(stderr.starts_with(error), "{stderr}");
    let mut named = Tool::line("check -q --config ../../twilio-sip-allow.yaml");
    named.command().current_dir(&below);
    assert_eq!(named.run().status, 1);
}

#[test]
fn a_missing_file_is_an_error_if_it_is_named() {
    let stderr = Tool::line("-f pf --config none.yaml").run().refused();
    assert_eq!(
        stderr,
        "twilio-sip-allow: error: there is no configuration file 'none.yaml'; name an existing file\n"
    );
    let stderr = with("", "-f pf --config a --no-config").run().refused();
    assert_eq!(
        stderr,
        "twilio-sip-allow: error: --config and --no-config cannot be used together; remove one of them\n"
    );
    let stderr = with("", "-f pf --config -").run().refused();
    assert_eq!(
        stderr,
        "twilio-sip-allow: error: --config cannot be read from stdin; give the name of a file\n"
    );
    let empty = with("# nothing\n", "-f pf -e global").run();
    assert_eq!((empty.status, &empty.stderr[..]), (0, ""), "{empty}");
}

#[test]
fn rejects_a_file_of_another_user_unless_it_is_named() {
    let test = "configuration::rejects_a_file_of_another_user_unless_it_is_named";
    if !rustix::process::geteuid().is_root() {
        common::skip(test, "it needs root");
        return;
    }
    let other = 12_345;
    let file = "selection: {region: tokyo, edition: current}\n";
    let expected = render("-f pf -r tokyo -e current");
    let mut tool = with(file, "-f pf -q");
    let path = tool.folder().join("twilio-sip-allow.yaml");
    chown(&path, Some(other), None).unwrap();
    let stderr = tool.run().refused();
    assert_eq!(
        stderr,
        "twilio-sip-allow: error: twilio-sip-allow.yaml belongs to another user; use --config twilio-sip-allow.yaml to read it anyway, or --no-config to ignore it\n"
    );
    // A working copy in a container often belongs to another user than root.
    chown(tool.folder(), Some(other), None).unwrap();
    assert_eq!(tool.run().ok(), expected);
    chown(tool.folder(), Some(0), None).unwrap();
    let advice =
        "; use --config twilio-sip-allow.yaml to read it anyway, or --no-config to ignore it\n";
    let mut assert_refused = |reason: &str| {
        let stderr = tool.run().refused();
        let error = format!("twilio-sip-allow: error: twilio-sip-allow.yaml {reason}{advice}");
        assert_eq!(stderr, error);
    };
    chown(&path, Some(0), None).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
    assert_refused("is writable by everybody");
    // The owner of a link chooses the file.
    let target = path.with_file_name("target.yaml");
    fs::rename(&path, &target).unwrap();
    symlink(&target, &path).unwrap();
    assert_refused("is a symbolic link");
    fs::remove_file(&path).unwrap();
    // Nobody waits for a pipe that has no writer.
    let mkfifo = Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(mkfifo.success());
    assert_refused("is not a regular file");
    let named = Tool::line("-f pf -q --config target.yaml").file("target.yaml", file);
    chown(named.folder().join("target.yaml"), Some(other), None).unwrap();
    assert_eq!(named.run_once(), expected);
}

// Errors, and the schema.

/// Invalid documents with their messages. The schema also rejects those with `true`. It cannot detect
/// the others.
const REFUSED: [(&str, &str, bool); 27] = [
    (
        "selektion: {}",
        ":1:1: unknown key 'selektion'; use one of selection, checks",
        true,
    ),
    (
        "- a",
        ":1:1: expected the keys 'selection' and 'checks', not a list",
        true,
    ),
    (
        "selection:\n  regio: tokyo",
        ":2:3: selection: 'regio' is not an option of a selection (did you mean region?); use one of region, edition, ",
        true,
    ),
    (
        "selection:\n  format: pf",
        ":2:3: selection: 'format' is not an option of a selection",
        true,
    ),
    (
        "selection:\n  region: tokyo\n  region: sydney",
        ":2:3: selection: the key 'region' is repeated; use it only once",
        false,
    ),
    (
        "selection:\n  edition: current\n  dataset: own.yaml",
        ":2:3: selection: 'edition' and 'dataset' cannot be used together; remove one of them",
        true,
    ),
    (
        "selection:\n  region: tokio",
        ":2:11: selection.region: unknown region 'tokio' (did you mean tokyo?)",
        false,
    ),
    (
        "selection:\n  region: [tokyo, 7]",
        ":2:19: selection.region[1]: unknown region '7'",
        true,
    ),
    (
        "selection:\n  edition: newest",
        ":2:12: selection.edition: unknown edition 'newest'",
        false,
    ),
    (
        "selection:\n  direction: sideways",
        ":2:14: selection.direction: 'sideways' is not one of in, out, both",
        true,
    ),
    (
        "selection:\n  transport: [udp, sctp]",
        ":2:20: selection.transport[1]: 'sctp' is not one of udp, tcp, tls",
        true,
    ),
    (
        "selection:\n  local-sip-port: 70000",
        ":2:19: selection.local-sip-port: port '70000' is out of range; ports go from 1 to 65535",
        true,
    ),
    (
        "selection:\n  local-address: 10.0.0.1/8",
        ":2:18: selection.local-address: '10.0.0.1/8' has host bits set; the network is 10.0.0.0/8",
        false,
    ),
    (
        "selection:\n  plane:",
        ":2:9: selection.plane: the value is missing; add one, or remove the key",
        true,
    ),
    (
        "selection:\n  region: []",
        ":2:11: selection.region: the list is empty; add a value, or remove the key",
        true,
    ),
    (
        "selection:\n  direction: [in, out]",
        ":2:14: selection.direction: the option accepts only one value; replace the list by a value",
        true,
    ),
    (
        "selection:\n  local-rtp-ports: [10000, 20000]",
        ":2:20: selection.local-rtp-ports: the option accepts only one value; replace the list by a value",
        true,
    ),
    (
        "checks:\n  - name: a\n    format: [cisco, junos]",
        ":3:13: checks[0].format: the option accepts only one value; replace the list by a value",
        true,
    ),
    (
        "checks:\n  - name: a\n    unit: [twilio-sip, lab]",
        ":3:11: checks[0].unit: the option accepts only one value; replace the list by a value",
        true,
    ),
    (
        "selection:\n  direction: in,out",
        ":2:14: selection.direction: 'in,out' is not one of in, out, both",
        true,
    ),
    (
        "selection:\n  dataset: '-'",
        ":2:12: selection.dataset: '-' (standard input) is not allowed here; use the name of a file",
        true,
    ),
    (
        "checks:\n  - format: nft\n    files: a",
        ":2:5: checks[0]: the key 'name' is missing",
        true,
    ),
    (
        "checks:\n  - {name: a, format: nft, files: a}\n  - {name: a, format: pf, files: b}",
        ":2:3: checks: two checks have the name 'a'; use a different name for each",
        false,
    ),
    (
        "checks:\n  - {name: a, format: csv, files: a}",
        ":2:23: checks[0].format: check does not read csv; use one of nftables, ",
        false,
    ),
    (
        "checks:\n  - {name: \"a\\u0007\", format: nft, files: a}",
        ":2:5: checks[0]: 'a\\u{7}' contains the invisible character \\u{7}",
        false,
    ),
    (
        "checks:\n  - {name: a, format: nft, files: ''}",
        ":2:35: checks[0].files: a file name is empty",
        true,
    ),
    (
        "checks:\n  - {name: a, fromat: nft}",
        ":2:15: checks[0]: unknown key 'fromat'; use one of name, format, files, unit, table, selection",
        true,
    ),
];

#[test]
fn rejects_a_wrong_file_with_line_and_key() {
    for (file, message, _) in REFUSED {
        let stderr = with(file, "-f pf -o rules").run().refused();
        let wanted = format!("twilio-sip-allow: error: twilio-sip-allow.yaml{message}");
        assert!(stderr.starts_with(&wanted), "{file}\n{stderr}\n{wanted}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
}

#[test]
fn the_schema_accepts_what_the_program_accepts() {
    let test = "configuration::the_schema_accepts_what_the_program_accepts";
    let Some(python) = common::python(test) else {
        return;
    };
    let verdicts = |files: &[&str]| -> Vec<bool> {
        let folder = tempfile::tempdir().unwrap();
        for (at, file) in files.iter().enumerate() {
            fs::write(folder.path().join(format!("{at}.yaml")), file).unwrap();
        }
        let script = "import json, sys, yaml, jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
for at in range(int(sys.argv[3])):
    print(validator.is_valid(yaml.safe_load(open(f'{sys.argv[2]}/{at}.yaml'))))";
        let output = Command::new(&python)
            .args(["-c", script, "docs/config.schema.json"])
            .arg(folder.path())
            .arg(files.len().to_string())
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{stderr}");
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        stdout.lines().map(|line| line == "True").collect()
    };
    let example = example();
    let accepted = [
        &example[..],
        "selection: {direction: Ingress, plane: RTP, local-rtp-ports: 10000:20000}",
        "selection: {transport: 'UDP,tls', plane: sip, local-sip-port: 4000, local-tls-port: '5071', local-address: [10.0.0.1, 192.0.2.0/24]}",
        "selection: {}\nchecks: []",
    ];
    for file in accepted {
        let ran = with(file, "-f pf").run();
        assert_eq!(ran.status, 0, "{file}: {ran}");
    }
    assert_eq!(verdicts(&accepted), [true; 4]);
    let refused: Vec<&str> = REFUSED.iter().map(|(file, _, _)| *file).collect();
    let expected: Vec<bool> = REFUSED.iter().map(|(_, _, refused)| !refused).collect();
    assert_eq!(verdicts(&refused), expected);
}

#[test]
fn the_configuration_file_has_limits() {
    let checks = |count: usize| {
        let check = |at| format!("- {{name: c{at}, format: nft, files: a}}\n");
        let checks: Vec<String> = (0..count).map(check).collect();
        format!("checks:\n{}", checks.concat())
    };
    let ran = with(&checks(200), "-f pf").run();
    assert_eq!(ran.status, 0, "{ran}");
    let stderr = with(&checks(201), "-f pf").run().refused();
    assert!(
        stderr.contains(": checks: the file has more than 200 checks; split it"),
        "{stderr}"
    );
    let regions = format!("selection: {{region: [{}tokyo]}}", "tokyo, ".repeat(100));
    let stderr = with(&regions, "-f pf").run().refused();
    assert!(
        stderr.contains("selection.region: the list has more than 100 values"),
        "{stderr}"
    );
    let regions = format!("selection: {{region: '{}'}}", "tokyo,".repeat(120));
    let stderr = with(&regions, "-f pf").run().refused();
    assert!(
        stderr.contains("selection.region: the value has more than 100 names"),
        "{stderr}"
    );
}
