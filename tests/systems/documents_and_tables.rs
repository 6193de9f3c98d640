//! The formats for people and programs: `cidr`, `csv`, `json`, `yaml`, `tfvars`, `markdown` and `html`.
//!
//! Each has a small strict reader that is independent of the program: RFC 4180 for CSV, and
//! `docs/policy.schema.json` for JSON and YAML. Terraform reads the variables of `tfvars`. markdown-it-py and
//! html5lib find the tables of Markdown and HTML.

use crate::common;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::facts::{self, ANY_PORT, Allowed, Key, Range};
use crate::common::mutate::{self, assert_none_is_missed};
use crate::common::oracle::{Selected, Tcp};
use crate::common::{
    CLOCK, Case, GOLDEN, Tool, assert_golden, assert_refuses_names, matrix, python, readers,
    render, render_steadily, skip, tell, valid_json,
};
use serde_json::Value;

const PEOPLE: [&str; 6] = ["cidr", "csv", "json", "yaml", "markdown", "html"];

const MIXED: &str = "twilio-sip-allow: note: the list contains signaling and media networks, which need different \
                     ports; for separate lists, render --plane signaling and --plane media\n";

fn key(
    direction: &str,
    protocol: &str,
    remote_ports: (u16, u16),
    local_ports: (u16, u16),
    established: bool,
) -> Key {
    assert!(["udp", "tcp"].contains(&protocol), "{protocol}");
    let (direction, source_ports, destination_ports) = match direction {
        "in" => ("in", remote_ports, local_ports),
        "out" => ("out", local_ports, remote_ports),
        _ => panic!("{direction}"),
    };
    Key {
        direction,
        protocol: protocol.to_owned(),
        source_ports,
        destination_ports,
        established,
    }
}

fn for_each_case(format: &str, stateless: bool, read: fn(&str) -> Allowed) {
    for case in matrix() {
        let command = format!("{} --format {format}", case.options());
        let found = read(&render(&command));
        facts::assert_exact(&command, &facts::expected(&case, stateless), &found);
    }
}

/// The networks of a list, which consists of comments and then one CIDR per line.
fn cidr_lines(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.strip_suffix('\n').expect(text).split('\n').collect();
    let head = lines.iter().take_while(|line| line.starts_with("# "));
    let networks = lines[head.count()..].to_vec();
    assert!(!networks.is_empty(), "{text}");
    networks
}

fn cidr_ranges(text: &str) -> Vec<Range> {
    let lines = cidr_lines(text);
    assert!(lines.iter().all(|line| line.contains('/')), "{text}");
    lines.into_iter().map(facts::network).collect()
}

#[test]
fn cidr_lists_exactly_the_networks_of_all_rules_in_ascending_order() {
    for case in matrix() {
        let command = format!("{} --format cidr", case.options());
        let found = cidr_ranges(&render(&command));
        let expected = facts::expected(&case, false).into_values().flatten();
        let expected = facts::cidrs(&facts::united(expected.collect()));
        let expected: Vec<Range> = expected.iter().map(|cidr| facts::network(cidr)).collect();
        assert_eq!(found, expected, "{command}");
    }
}

#[test]
fn cidr_notes_mixed_planes_only_if_they_are_mixed() {
    let in_head = "# It contains signaling and media networks";
    for (options, mixed) in [
        ("--edition global", true),
        ("--edition regional --region tokyo", true),
        ("--edition global --plane signaling", false),
        ("--edition global --plane media --direction out", false),
    ] {
        let ran = Tool::line(&format!("{options} --format cidr")).run();
        assert_eq!(ran.stderr.contains(MIXED), mixed, "{ran}");
        let text = ran.ok();
        assert_eq!(text.contains(in_head), mixed, "{text}");
        assert!(
            text.contains(
                "# This list contains only networks. Set the direction, protocol and ports where you use the list."
            ),
            "{text}"
        );
    }
    // A dataset in which both planes have the same networks.
    let same = "edition: own\ntitle: Own\nconnection: public\nsource: Own\n\
        signaling: {ports: {udp: 5060, tcp: 5060, tls: 5061}, networks: {all: [192.0.2.0/25, 192.0.2.128/25]}}\n\
        media: {ports: 10000-20000, networks: {all: [192.0.2.0/24]}}\n";
    let ran = Tool::line("--dataset own.yaml --format cidr")
        .file("own.yaml", same)
        .run();
    assert_eq!(ran.stderr, "", "{ran}");
    assert_eq!(cidr_lines(&ran.ok()), ["192.0.2.0/24"]);
}

#[test]
fn cidr_rejects_options_for_the_local_side() {
    for (options, reason) in [
        (
            "--local-address 192.0.2.1",
            "cidr cannot express --local-address: the list contains only Twilio's networks; leave the option out",
        ),
        (
            "--local-sip-port 5070",
            "cidr cannot express --local-sip-port, --local-tls-port or --local-rtp-ports: the list contains no ports; \
             leave the option out",
        ),
        (
            "--local-rtp-ports 30000-30999",
            "cidr cannot express --local-sip-port, --local-tls-port or --local-rtp-ports: the list contains no ports; \
             leave the option out",
        ),
    ] {
        let stderr = Tool::line(&format!("{options} --format cidr"))
            .run()
            .refused();
        assert!(stderr.contains(reason), "{stderr}");
    }
}

/// Runs a Python script on a folder.
fn run_python(test: &str, script: &str, folder: &Path) -> Option<String> {
    let output = Command::new(python(test)?)
        .args(["-c", script])
        .arg(folder)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// Writes every output of the matrix to a file in a folder. The file has the name of its case.
fn matrix_in_a_folder(format: &str) -> (tempfile::TempDir, Vec<Case>) {
    let folder = tempfile::tempdir().unwrap();
    let cases = matrix();
    for case in &cases {
        let text = render(&format!("{} --format {format}", case.options()));
        std::fs::write(folder.path().join(case.name()), text).unwrap();
    }
    (folder, cases)
}

/// Python's `ipaddress` rejects host bits and can merge networks.
#[test]
fn python_accepts_each_line_of_a_list_as_a_network() {
    let (folder, cases) = matrix_in_a_folder("cidr");
    let script = "
import ipaddress, pathlib, sys
for path in pathlib.Path(sys.argv[1]).iterdir():
    lines = [line for line in path.read_text().splitlines() if not line.startswith('#')]
    networks = [ipaddress.IPv4Network(line) for line in lines]
    assert networks == list(ipaddress.collapse_addresses(networks)), path
    print(path.name)";
    let Some(printed) = run_python(
        "python_accepts_each_line_of_a_list_as_a_network",
        script,
        folder.path(),
    ) else {
        return;
    };
    assert_eq!(printed.lines().count(), cases.len());
}

/// The expected networks of a selection, in the fewest lines.
fn expected_networks(case: &Case) -> Vec<String> {
    let expected = facts::expected(case, false).into_values().flatten();
    facts::cidrs(&facts::united(expected.collect()))
}

/// A feed for appliances has nothing but networks, in ascending order, one per line.
#[test]
fn a_list_without_header_is_exactly_its_networks() {
    for case in matrix() {
        let line = format!("{} --format cidr --no-header", case.options());
        let expected: String = expected_networks(&case)
            .into_iter()
            .map(|network| network + "\n")
            .collect();
        assert_eq!(render(&line), expected, "{line}");
    }
}

/// A POSIX shell splits the first file at commas, and Python reads the second one as JSON and as a YAML
/// sequence.
#[test]
fn other_programs_split_a_list_in_one_line_into_its_networks() {
    let test = "other_programs_split_a_list_in_one_line_into_its_networks";
    let Some(python) = python(test) else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut expected = String::new();
    for case in matrix() {
        let line = format!("{} --format cidr --no-header", case.options());
        let plain = render(&format!("{line} --separator ,"));
        let mut quoted = Tool::new(
            line.split(' ')
                .chain(["--quote", "--separator", ", ", "-q"]),
        );
        let quoted = quoted.run().ok();
        assert_eq!(plain.lines().count(), 1, "{plain}");
        std::fs::write(folder.path().join(format!("{}.txt", case.name())), plain).unwrap();
        std::fs::write(folder.path().join(format!("{}.json", case.name())), quoted).unwrap();
        expected += &format!("{} {}\n", case.name(), expected_networks(&case).join(" "));
    }
    let mut expected: Vec<&str> = expected.lines().collect();
    expected.sort_unstable();
    let shell = "cd \"$1\"; for file in *.txt; do IFS=,; set -- $(cat \"$file\"); IFS=' '; echo \"${file%.txt} $*\"; done";
    let script = "
import ipaddress, json, pathlib, sys, yaml
for path in pathlib.Path(sys.argv[1]).glob('*.json'):
    text = '[' + path.read_text() + ']'
    networks = json.loads(text)
    assert yaml.safe_load(text) == networks, path
    assert [str(ipaddress.IPv4Network(n)) for n in networks] == networks, path
    print(path.stem, *networks)";
    for (program, arguments) in [
        (Path::new("sh"), ["-euc", shell, "sh"].as_slice()),
        (python.as_path(), &["-c", script]),
    ] {
        let output = Command::new(program)
            .args(arguments)
            .arg(folder.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let printed = String::from_utf8(output.stdout).unwrap();
        let mut found: Vec<&str> = printed.lines().collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{}", program.display());
    }
}

/// A function replaces `gcloud` and prints its arguments.
#[test]
fn the_commands_in_feeds_md_create_the_lists_that_they_promise() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/feeds.md");
    let document = std::fs::read_to_string(path).unwrap();
    let blocks = document.split("```sh\n").skip(1);
    let blocks: Vec<&str> = blocks
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    let script = format!(
        "gcloud() {{ printf '%s\\n' \"$@\"; }}\n{}. ./twilio.env; echo \"env $TWILIO_NETWORKS\"",
        blocks.concat()
    );
    let folder = tempfile::tempdir().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_twilio-sip-allow"));
    let path = format!("{}:{}", program.parent().unwrap().display(), env!("PATH"));
    let output = Command::new("sh")
        .args(["-euc", &script])
        .current_dir(folder.path())
        .env("PATH", path)
        .env(CLOCK.0, CLOCK.1)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let networks = |plane: &'static str| {
        expected_networks(&Case {
            edition: "global".to_owned(),
            region: "all".to_owned(),
            direction: "in",
            plane,
        })
    };
    let (signaling, media) = (networks("signaling"), networks("media"));
    let in_one_line = signaling.join(",");
    let expected = [
        "compute\nfirewall-rules\ncreate\ntwilio-signaling\n--allow=udp:5060,tcp:5060-5061\n",
        &format!("--source-ranges={in_one_line}\n"),
        "compute\nfirewall-rules\ncreate\ntwilio-media\n--allow=udp:10000-60000\n",
        &format!("--source-ranges={}\n", media.join(",")),
        &format!("{in_one_line}\n"),
        "1 file with Twilio addresses: 8 current\n",
        "1 file with Twilio addresses: 1 current\n",
        &format!("env {in_one_line}\n"),
    ];
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(printed, expected.concat());
    let file = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(file("twilio-signaling.txt"), signaling.join("\n") + "\n");
    assert_eq!(file("twilio-media.txt"), media.join("\n") + "\n");
    let list = format!("\"{}\"", signaling.join("\", \""));
    assert_eq!(
        file("twilio-service.yaml"),
        format!("spec:\n  loadBalancerSourceRanges: [{list}]\n")
    );
}

/// The records of an RFC 4180 text without line breaks in fields.
fn records(text: &str) -> Vec<Vec<String>> {
    let lines = text.strip_suffix("\r\n").expect(text).split("\r\n");
    lines.map(fields).collect()
}

fn fields(line: &str) -> Vec<String> {
    assert!(!line.contains(['\r', '\n']), "{line:?}");
    let mut fields = Vec::new();
    let mut rest = Some(line);
    while let Some(text) = rest {
        let (field, after) = if let Some(quoted) = text.strip_prefix('"') {
            let (field, after) = quoted.split_once('"').expect(line);
            assert!(
                !after.starts_with('"'),
                "no field of ours has quotes: {line}"
            );
            (field, after)
        } else {
            let end = text.find(',').unwrap_or(text.len());
            assert!(!text[..end].contains('"'), "{line}");
            text.split_at(end)
        };
        fields.push(field.to_owned());
        rest = match after {
            "" => None,
            _ => Some(after.strip_prefix(',').expect(line)),
        };
    }
    fields
}

const HEADER: &str = "direction,plane,transport,protocol,remote_network,remote_ports,local_network,\
                      local_ports,origin";

fn ports(text: &str) -> (u16, u16) {
    if text == "any" {
        return ANY_PORT;
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    (first.parse().unwrap(), last.parse().unwrap())
}

fn csv(text: &str) -> Allowed {
    let records = records(text);
    assert_eq!(records[0].join(","), HEADER);
    let mut allowed = Allowed::new();
    for record in &records[1..] {
        let [
            direction,
            plane,
            transport,
            protocol,
            remote,
            remote_ports,
            local,
            local_ports,
            _,
        ] = &record[..]
        else {
            panic!("{record:?}");
        };
        let kinds = [
            ["signaling", "udp", "udp"],
            ["signaling", "tcp", "tcp"],
            ["signaling", "tls", "tcp"],
            ["media", "", "udp"],
        ];
        assert!(
            kinds.contains(&[&**plane, transport, protocol]),
            "{record:?}"
        );
        assert_eq!(local, "any");
        let key = key(
            direction,
            protocol,
            ports(remote_ports),
            ports(local_ports),
            false,
        );
        allowed.entry(key).or_default().push(facts::network(remote));
    }
    allowed
}

#[test]
fn csv_has_exactly_the_published_networks() {
    for_each_case("csv", false, csv);
}

#[test]
fn csv_contains_transport_origin_and_local_side() {
    let text = render("--edition regional,global --region tokyo --direction out --format csv");
    assert_eq!(
        text,
        format!(
            "{HEADER}\r\n\
             out,signaling,udp,udp,54.65.63.192/30,5060,any,any,\"tokyo (regional, global)\"\r\n\
             out,signaling,tcp,tcp,54.65.63.192/30,5060,any,any,\"tokyo (regional, global)\"\r\n\
             out,signaling,tls,tcp,54.65.63.192/30,5061,any,any,\"tokyo (regional, global)\"\r\n\
             out,media,,udp,54.65.63.192/26,10000-20000,any,any,tokyo (regional)\r\n\
             out,media,,udp,168.86.128.0/18,10000-60000,any,any,all regions (global)\r\n"
        )
    );
    let local = render(
        "--region tokyo --direction in --plane media --local-address 192.0.2.1,198.51.100.0/24 \
         --local-rtp-ports 30000-30999 --format csv",
    );
    assert_eq!(
        local.split("\r\n").skip(1).collect::<Vec<_>>(),
        [
            "in,media,,udp,54.65.63.192/26,any,192.0.2.1/32,30000-30999,tokyo (regional)",
            "in,media,,udp,54.65.63.192/26,any,198.51.100.0/24,30000-30999,tokyo (regional)",
            ""
        ]
    );
}

/// A spreadsheet interprets a field as a formula if it starts with one of `= + - @`, a tab or a
/// carriage return. The only text of a user's dataset in the output is the name of the edition.
#[test]
fn no_field_of_csv_starts_like_a_formula() {
    let plain = |text: &str| {
        for field in records(text).iter().flatten() {
            let start = field.chars().next().unwrap_or('0');
            assert!(start.is_ascii_alphanumeric(), "{field:?}");
        }
    };
    for case in matrix() {
        plain(&render(&format!("{} --format csv", case.options())));
    }
    for edition in ["=1+1", "+1", "-1", "@SUM(1)", "\\t1", "\\r1", "a"] {
        let own = format!(
            "edition: \"{edition}\"\ntitle: =1+1\nconnection: public\nsource: =1+1\n\
             signaling: {{ports: {{udp: 5060, tcp: 5060, tls: 5061}}, networks: {{all: [192.0.2.0/30]}}}}\n\
             media: {{ports: 10000-20000, networks: {{all: [198.51.100.0/24]}}}}\n"
        );
        let ran = Tool::line("-q --dataset own.yaml --format csv")
            .file("own.yaml", own)
            .run();
        if edition == "a" {
            plain(&ran.ok());
        } else {
            let stderr = ran.refused();
            assert!(stderr.contains("own.yaml:1:10: edition: "), "{stderr}");
        }
    }
}

#[test]
fn python_reads_the_same_csv_records() {
    let (folder, cases) = matrix_in_a_folder("csv");
    let script = "
import csv, json, pathlib, sys
print(json.dumps({path.name: list(csv.reader(path.open(newline=''), strict=True))
                  for path in pathlib.Path(sys.argv[1]).iterdir()}))";
    let Some(printed) = run_python("python_reads_the_same_csv_records", script, folder.path())
    else {
        return;
    };
    let printed: Value = serde_json::from_str(&printed).unwrap();
    for case in cases {
        let text = std::fs::read_to_string(folder.path().join(case.name())).unwrap();
        assert_eq!(printed[case.name()], serde_json::json!(records(&text)));
    }
}

/// The rules of a document with the schema `docs/policy.schema.json`, with the TCP return traffic.
fn document(value: &Value) -> Allowed {
    let mut allowed = Allowed::new();
    for (list, established) in [("rules", false), ("tcp_return", true)] {
        for rule in value[list].as_array().unwrap() {
            let text = |name: &str| rule[name].as_str().unwrap();
            let ports = |side: &str| {
                let port = |end: &str| rule[side]["ports"][end].as_u64().unwrap();
                (
                    u16::try_from(port("first")).unwrap(),
                    u16::try_from(port("last")).unwrap(),
                )
            };
            assert_eq!(rule["established"], established, "{rule}");
            assert_eq!(rule["local"]["networks"], serde_json::json!(["0.0.0.0/0"]));
            let key = key(
                text("direction"),
                text("protocol"),
                ports("remote"),
                ports("local"),
                established,
            );
            let networks = rule["remote"]["networks"].as_array().unwrap().iter();
            let ranges = networks.map(|network| facts::network(network["cidr"].as_str().unwrap()));
            allowed.entry(key).or_default().extend(ranges);
        }
    }
    allowed
}

fn json(text: &str) -> Allowed {
    document(&serde_json::from_str(text).unwrap())
}

#[test]
fn json_has_exactly_the_published_networks_and_the_tcp_return_traffic() {
    for_each_case("json", true, json);
}

#[test]
fn json_matches_its_schema() {
    for options in [
        "",
        "--edition regional,regional-expanded,global,interconnect",
        "--plane media --direction in",
        "--edition interconnect --region frankfurt --local-address 192.0.2.1 --name pbx_a",
    ] {
        let ran = Tool::line(&format!("-q {options} --format json")).run();
        assert_eq!(ran.status, 0, "{ran}");
        valid_json("json_matches_its_schema", "policy", &ran);
    }
}

/// A schema that accepts everything would prove nothing.
#[test]
fn the_schema_rejects_other_documents() {
    let folder = tempfile::tempdir().unwrap();
    let good: Value = serde_json::from_str(&render("--region tokyo --format json")).unwrap();
    let broken = [
        ("/version", serde_json::json!(2), "1 was expected"),
        ("/rules", serde_json::json!([]), "[] should be non-empty"),
        ("/rules/0/established", true.into(), "False was expected"),
        ("/rules/0/protocol", "tls".into(), "'tls' is not one of"),
        (
            "/rules/0/local/networks",
            serde_json::json!([]),
            "[] should be non-empty",
        ),
        (
            "/rules/0/remote/ports",
            "any".into(),
            "'any' is not of type 'object'",
        ),
        (
            "/tcp_return/0/established",
            false.into(),
            "True was expected",
        ),
        ("/scope/regions/0", "Tokyo".into(), "'Tokyo' does not match"),
    ];
    for (number, (pointer, value, _)) in broken.iter().enumerate() {
        let mut document = good.clone();
        *document.pointer_mut(pointer).unwrap() = value.clone();
        std::fs::write(folder.path().join(number.to_string()), document.to_string()).unwrap();
    }
    let script = format!(
        "
import json, jsonschema, pathlib, sys
validator = jsonschema.Draft202012Validator(json.load(open('{}/docs/policy.schema.json')))
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    print('; '.join(error.message for error in validator.iter_errors(json.load(path.open()))))",
        env!("CARGO_MANIFEST_DIR")
    );
    let test = "the_schema_rejects_other_documents";
    let Some(printed) = run_python(test, &script, folder.path()) else {
        return;
    };
    assert_eq!(printed.lines().count(), broken.len(), "{printed}");
    for (line, (pointer, _, reason)) in printed.lines().zip(&broken) {
        assert!(line.contains(reason), "{pointer}: {line}");
    }
}

#[test]
fn json_contains_the_selection_and_the_origin_of_each_network() {
    let text = render(
        "--edition regional,global --region tokyo --direction in --transport tls --name pbx \
         --local-address 192.0.2.1 --local-tls-port 5071 --format json",
    );
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["version"], 1);
    assert_eq!(value["name"], "pbx");
    let scope = &value["scope"];
    assert_eq!(scope["editions"][0]["name"], "regional");
    assert_eq!(
        scope["editions"][0]["status"],
        "superseded on 2024-02-21 by global"
    );
    let source = scope["editions"][1]["source"].as_str().unwrap();
    assert!(
        source.contains("docs/sip-trunking/ip-addresses"),
        "{source}"
    );
    assert_eq!(scope["regions"], serde_json::json!(["tokyo"]));
    assert_eq!(scope["all_regions"], false);
    assert_eq!(scope["transports"], serde_json::json!(["tls"]));
    assert_eq!(
        value["rules"][0],
        serde_json::json!({
            "direction": "in", "plane": "signaling", "transport": "tls", "protocol": "tcp",
            "established": false,
            "remote": {
                "networks": [{
                    "cidr": "54.65.63.192/30",
                    "origins": [
                        {"edition": "regional", "region": "tokyo"},
                        {"edition": "global", "region": "tokyo"},
                    ],
                }],
                "ports": {"first": 0, "last": 65535},
            },
            "local": {"networks": ["192.0.2.1/32"], "ports": {"first": 5071, "last": 5071}},
        })
    );
    assert_eq!(
        value["rules"][2]["remote"]["networks"][0]["origins"][0]["region"],
        Value::Null
    );
    assert_eq!(value["rules"][2]["transport"], Value::Null);
}

/// `PyYAML`, an implementation of YAML 1.1, reads the same document as in the JSON output.
#[test]
fn yaml_contains_the_same_document_as_json() {
    let test = "yaml_contains_the_same_document_as_json";
    let (folder, cases) = matrix_in_a_folder("yaml");
    let Some(printed) = run_python(test, LOAD_YAML, folder.path()) else {
        return;
    };
    let printed: Value = serde_json::from_str(&printed).unwrap();
    for case in cases {
        let value: Value =
            serde_json::from_str(&render(&format!("{} --format json", case.options()))).unwrap();
        assert_eq!(printed[case.name()], value, "{}", case.name());
        let command = format!("{} --format yaml", case.options());
        let expected = facts::expected(&case, true);
        facts::assert_exact(&command, &expected, &document(&printed[case.name()]));
    }
}

/// A duplicate key is an error too.
const LOAD_YAML: &str = "
import json, pathlib, sys, yaml
class Strict(yaml.CSafeLoader): pass
def mapping(loader, node):
    pairs = loader.construct_pairs(node, deep=True)
    assert len(dict(pairs)) == len(pairs), node.start_mark
    return dict(pairs)
Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)
print(json.dumps({path.name: yaml.load(path.read_text(), Strict)
                  for path in pathlib.Path(sys.argv[1]).iterdir()}))";

/// Names that YAML could read as a date, a number or a boolean, and an arbitrary source.
#[test]
fn a_dataset_cannot_change_the_meaning_of_yaml() {
    let test = "a_dataset_cannot_change_the_meaning_of_yaml";
    for name in ["2024-02-21", "1e5", "no", "null", "0x1f", "12"] {
        for source in [
            ": #",
            "- a",
            "{a: b}",
            "'\"\\",
            "*a &b !c",
            "---",
            "東京 \u{1f4de}",
        ] {
            let own = format!(
                "edition: \"{name}\"\ntitle: T\nconnection: public\nsource: {}\n\
                 signaling: {{ports: {{udp: 5060, tcp: 5060, tls: 5061}}, networks: {{all: [192.0.2.0/30]}}}}\n\
                 media: {{ports: 10000-20000, networks: {{all: [198.51.100.0/24]}}}}\n",
                serde_json::json!(source)
            );
            let folder = tempfile::tempdir().unwrap();
            let text = Tool::line("-q --dataset own.yaml --format yaml")
                .file("own.yaml", own)
                .run_once();
            std::fs::write(folder.path().join("own"), text).unwrap();
            let Some(printed) = run_python(test, LOAD_YAML, folder.path()) else {
                return;
            };
            let printed: Value = serde_json::from_str(&printed).unwrap();
            let edition = &printed["own"]["scope"]["editions"][0];
            assert_eq!(edition["name"], name);
            assert_eq!(edition["source"], source);
            assert_eq!(
                printed["own"]["rules"][0]["remote"]["networks"][0]["origins"][0]["edition"],
                name
            );
        }
    }
}

/// Prints the content of each section of a document: its tables and list items as text, and every tag
/// with its attributes. A parse error in HTML is an error.
const READ_DOCUMENTS: &str = r"
import html5lib, json, markdown_it, pathlib, sys
def text(element): return ' '.join(''.join(element.itertext()).split())
def sections(body):
    found, order = {}, []
    for element in body.iter():
        if element.tag == 'h2':
            order.append(text(element))
            assert order[-1] not in found, order
            found[order[-1]] = {'tables': [], 'items': []}
        elif element.tag == 'table' and order:
            rows = [[text(cell) for cell in row if cell.tag in ('th', 'td')] for row in element.iter('tr')]
            found[order[-1]]['tables'].append(rows)
        elif element.tag == 'li':
            found[order[-1]]['items'].append(text(element))
    return found
def read(source, format):
    if format == 'markdown':
        body = markdown_it.MarkdownIt('commonmark').enable('table').render(source)
        source = f'<!DOCTYPE html><html><head><title>x</title></head><body>{body}</body></html>'
    page = html5lib.HTMLParser(namespaceHTMLElements=False, strict=True).parse(source)
    tags = sorted({element.tag for element in page.iter() if isinstance(element.tag, str)})
    attributes = sorted({name for element in page.iter() for name in element.attrib})
    return {'sections': sections(page.find('body')), 'tags': tags, 'attributes': attributes}
";

/// Reads all outputs in a folder with [`READ_DOCUMENTS`].
fn read_documents(test: &str, format: &str, folder: &Path) -> Option<Value> {
    let script = format!(
        "{READ_DOCUMENTS}
print(json.dumps({{path.name: read(path.read_text(), '{format}')
                  for path in pathlib.Path(sys.argv[1]).iterdir()}}))"
    );
    let printed = run_python(test, &script, folder)?;
    Some(serde_json::from_str(&printed).unwrap())
}

/// Reads one document with [`read_documents`].
fn read_document(test: &str, format: &str, text: &str) -> Option<Value> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("one"), text).unwrap();
    Some(read_documents(test, format, folder.path())?["one"].clone())
}

type Table = Vec<Vec<String>>;

/// The rows of the tables in a section. Fails if a table does not have the expected header.
fn tables(section: &Value, header: &[&str]) -> Vec<Table> {
    let tables: Vec<Table> = serde_json::from_value(section["tables"].clone()).unwrap();
    let rows = tables.into_iter().map(|mut table| {
        assert_eq!(table.remove(0), header);
        assert!(
            table.iter().all(|row| row.len() == header.len()),
            "{table:?}"
        );
        table
    });
    rows.collect()
}

const RULE_HEADER: [&str; 6] = [
    "traffic",
    "protocol",
    "source",
    "source ports",
    "destination",
    "destination ports",
];

/// The rules in the tables of a request, with the TCP return traffic.
fn request(document: &Value) -> Allowed {
    let sections = document["sections"].as_object().unwrap();
    let group = |name: &str| -> Vec<Range> {
        let rows = tables(
            &sections[name],
            &["network", "first address", "last address", "region"],
        );
        let [rows] = &rows[..] else { panic!("{name}") };
        let range = |row: &Vec<String>| {
            let range = facts::network(&row[0]);
            assert_eq!(range, (facts::address(&row[1]), facts::address(&row[2])));
            range
        };
        rows.iter().map(range).collect()
    };
    let mut allowed = Allowed::new();
    for (title, direction) in [("From Twilio to us", "in"), ("From us to Twilio", "out")] {
        let Some(section) = sections.get(title) else {
            continue;
        };
        for (number, rows) in tables(section, &RULE_HEADER).iter().enumerate() {
            assert!(number < 2, "{title}");
            for row in rows {
                let [
                    subject,
                    protocol,
                    source,
                    source_ports,
                    destination,
                    destination_ports,
                ] = &row[..]
                else {
                    panic!("{row:?}");
                };
                let kinds = [
                    "signaling udp udp",
                    "signaling tcp tcp",
                    "signaling tls tcp",
                    "media udp",
                ];
                assert!(
                    kinds.contains(&&*format!("{subject} {protocol}")),
                    "{row:?}"
                );
                let (source_ports, destination_ports) =
                    (ports(source_ports), ports(destination_ports));
                let (remote, local, remote_ports, local_ports) = match direction {
                    "in" => (source, destination, source_ports, destination_ports),
                    _ => (destination, source, destination_ports, source_ports),
                };
                assert_eq!(local, "any of our addresses", "{row:?}");
                let key = key(direction, protocol, remote_ports, local_ports, number == 1);
                allowed.entry(key).or_default().extend(group(remote));
            }
        }
    }
    allowed
}

fn assert_documents_exact(test: &str, format: &str) {
    let (folder, cases) = matrix_in_a_folder(format);
    let Some(printed) = read_documents(test, format, folder.path()) else {
        return;
    };
    for case in cases {
        let command = format!("{} --format {format}", case.options());
        let found = request(&printed[case.name()]);
        facts::assert_exact(&command, &facts::expected(&case, true), &found);
    }
}

#[test]
fn markdown_requests_exactly_the_published_networks() {
    assert_documents_exact(
        "markdown_requests_exactly_the_published_networks",
        "markdown",
    );
}

#[test]
fn html_requests_exactly_the_published_networks() {
    assert_documents_exact("html_requests_exactly_the_published_networks", "html");
}

#[test]
fn a_request_states_reason_consequences_and_proof() {
    let test = "a_request_states_reason_consequences_and_proof";
    for (format, picture) in [("markdown", None), ("html", Some("What each region opens"))] {
        let text = render(&format!("--region tokyo --format {format}"));
        let Some(document) = read_document(test, format, &text) else {
            return;
        };
        let sections = document["sections"].as_object().unwrap();
        let wanted = ["Why"].into_iter().chain(picture).chain([
            "From Twilio to us",
            "From us to Twilio",
            "Twilio signaling",
            "Twilio media",
            "What fails without these rules",
            "How to verify the change",
            "Where the addresses are published",
        ]);
        assert!(
            sections.keys().map(String::as_str).eq(wanted),
            "{format}: {sections:?}"
        );
        let effects = &tables(
            &sections["What fails without these rules"],
            &["missing", "effect"],
        )[0];
        let missing = effects.iter().map(|row| &*row[0]);
        assert!(missing.eq([
            "signaling from Twilio to us",
            "media from Twilio to us",
            "signaling from us to Twilio",
            "media from us to Twilio",
        ]));
        assert!(effects[1][1].contains("we do not hear the other side (one-way audio)"));
        let proofs = sections["How to verify the change"]["items"]
            .as_array()
            .unwrap();
        assert_eq!(proofs.len(), 3, "{proofs:?}");
        assert!(
            proofs[0]
                .as_str()
                .unwrap()
                .starts_with("Run twilio-sip-allow check with the options")
        );
        let source = sections["Where the addresses are published"]["items"][0]
            .as_str()
            .unwrap();
        assert!(
            source.starts_with("regional: Twilio's document on SIP"),
            "{source}"
        );
        for fact in [
            "regional (superseded on 2024-02-21 by global)",
            "signaling (udp, tcp, tls), media",
            "Opens udp 5060, tcp 5060, tcp 5061 in; udp 5060, tcp 5060, tcp 5061 out.",
            concat!(
                "Created by twilio-sip-allow ",
                env!("CARGO_PKG_VERSION"),
                "."
            ),
        ] {
            assert!(text.contains(fact), "{fact}\n{text}");
        }
    }
}

#[test]
fn a_request_contains_only_the_selected_addresses_plane_and_direction() {
    let test = "a_request_contains_only_the_selected_addresses_plane_and_direction";
    for format in ["markdown", "html"] {
        let text = render(&format!(
            "--region tokyo --direction out --plane media --local-address 192.0.2.1,198.51.100.0/24 \
             --name pbx_a --format {format}"
        ));
        let Some(document) = read_document(test, format, &text) else {
            return;
        };
        let sections = document["sections"].as_object().unwrap();
        assert!(!sections.contains_key("From Twilio to us"));
        assert!(!sections.contains_key("Twilio signaling"));
        let local = "192.0.2.1/32, 198.51.100.0/24";
        let row = ["media", "udp", local, "any", "Twilio media", "10000-20000"];
        assert_eq!(
            tables(&sections["From us to Twilio"], &RULE_HEADER),
            [[row]]
        );
    }
}

/// The picture contains the published networks of each region.
#[test]
fn html_shows_the_networks_of_each_region() {
    let test = "html_shows_the_networks_of_each_region";
    for edition in common::EDITIONS {
        let text = render(&format!("--edition {edition} --format html"));
        let Some(document) = read_document(test, "html", &text) else {
            return;
        };
        let section = &document["sections"]["What each region opens"]["tables"];
        let rows: Vec<Table> = serde_json::from_value(section.clone()).unwrap();
        assert!(rows[0][0][1].starts_with("Twilio signaling udp 5060, tcp 5060, tcp 5061 in "));
        let regions: Vec<&str> = rows[0][1..].iter().map(|row| &*row[0]).collect();
        assert_eq!(regions, facts::region_ids(), "{edition}");
        for row in &rows[0][1..] {
            for (plane, cell) in ["signaling", "media"].into_iter().zip(&row[1..]) {
                let words: Vec<&str> = cell.split(' ').collect();
                let ranges = words.chunks(2).map(|pair| {
                    let range = facts::network(pair[0]);
                    assert_eq!(pair[1], (range.1 - range.0 + 1).to_string());
                    range
                });
                let found = facts::united(ranges.collect());
                assert_eq!(
                    found,
                    facts::published(edition, &row[0], plane),
                    "{edition} {}",
                    row[0]
                );
            }
        }
    }
}

/// The page loads no other resources and contains no scripts.
#[test]
fn html_is_self_contained() {
    let test = "html_is_self_contained";
    for options in [
        "",
        "--edition regional,global,interconnect --region frankfurt",
    ] {
        let text = render(&format!("{options} --format html"));
        for foreign in ["url(", "@import", "://", "javascript:"] {
            assert!(!text.contains(foreign), "{foreign}");
        }
        for wanted in [
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            "<html lang=\"en\">",
            "@media (prefers-color-scheme: dark)",
        ] {
            assert!(text.contains(wanted), "{wanted}");
        }
        let Some(document) = read_document(test, "html", &text) else {
            return;
        };
        assert_eq!(
            document["tags"],
            serde_json::json!([
                "body", "code", "div", "h1", "h2", "head", "html", "li", "meta", "ol", "p", "span",
                "style", "table", "tbody", "td", "th", "thead", "title", "tr", "ul"
            ])
        );
        assert_eq!(
            document["attributes"],
            serde_json::json!([
                "charset",
                "class",
                "content",
                "http-equiv",
                "lang",
                "name",
                "scope",
                "style"
            ])
        );
    }
}

/// The source in a dataset can be any line of text, which is shown unchanged.
#[test]
fn a_dataset_cannot_inject_anything_into_a_request() {
    let test = "a_dataset_cannot_inject_anything_into_a_request";
    let sources = [
        "<script>alert(1)</script>",
        "</li></ul><img src=x onerror=alert(1)>",
        "<!-- x",
        "&lt;b&gt; &amp;lt; &#60;",
        "[x](javascript:alert(1)) ![y](http://192.0.2.1/y)",
        "<javascript:alert(1)> <http://192.0.2.1/>",
        "*b* __c__ ~~d~~ `e` $f$ {g} | h",
        "a\\*b\\",
        "\"x\" 'y' {{ z }} {% q %}",
        "東京 <b>",
    ];
    for format in ["markdown", "html"] {
        let plain = render(&format!("--region tokyo --format {format}"));
        let Some(plain) = read_document(test, format, &plain) else {
            return;
        };
        for source in sources {
            let own = format!(
                "edition: own\ntitle: T\nconnection: public\nsource: {}\n\
                 signaling: {{ports: {{udp: 5060, tcp: 5060, tls: 5061}}, networks: {{tokyo: [192.0.2.0/30]}}}}\n\
                 media: {{ports: 10000-20000, networks: {{tokyo: [198.51.100.0/24]}}}}\n",
                serde_json::json!(source)
            );
            let text = Tool::new(["-q", "--dataset", "own.yaml", "--format", format])
                .file("own.yaml", own)
                .run_once();
            let document = read_document(test, format, &text).unwrap();
            let section = &document["sections"]["Where the addresses are published"];
            assert_eq!(
                section["items"],
                serde_json::json!([format!("own: {source}")]),
                "{text}"
            );
            assert_eq!(document["tags"], plain["tags"], "{text}");
            assert_eq!(document["attributes"], plain["attributes"], "{text}");
        }
    }
}

#[test]
fn formats_with_comments_describe_the_output_in_the_head() {
    for (format, load) in [
        ("cidr", "# load: grep -v '^#' FILE"),
        ("yaml", "# load: yq . FILE"),
    ] {
        let text = render(&format!("--region tokyo,sydney --format {format}"));
        for wanted in [
            concat!("# twilio-sip-allow ", env!("CARGO_PKG_VERSION"), ":"),
            "# edition: regional (superseded on 2024-02-21 by global)\n",
            "# regions: tokyo, sydney\n",
            "# direction: in, out\n",
            "# planes: signaling (udp, tcp, tls), media\n",
            load,
        ] {
            assert!(text.contains(wanted), "{format}: {wanted}\n{text}");
        }
    }
}

#[test]
fn the_same_call_prints_the_same_bytes_with_one_final_newline() {
    for format in PEOPLE {
        let text = render_steadily(&format!("--edition regional,global --format {format}"));
        assert_eq!(text.contains('\r'), format == "csv", "{format}");
        assert!(!text.contains('\t'), "{format}");
        assert!(!text.contains("\n\n\n"), "{format}");
    }
}

#[test]
fn check_does_not_read_these_formats() {
    for format in PEOPLE {
        let stderr = Tool::line(&format!("check --format {format} deployed"))
            .file("deployed", "x\n")
            .run()
            .refused();
        let reason = format!("check does not read {format}; use one of ");
        assert!(stderr.contains(&reason), "{stderr}");
    }
}

#[test]
fn golden_files_are_unchanged() {
    for format in PEOPLE {
        assert_golden(GOLDEN.map(|(name, options)| (name, options, format)));
    }
}

fn ways(direction: &str) -> &'static [&'static str] {
    match direction {
        "in" => &["in"],
        "out" => &["out"],
        _ => &["in", "out"],
    }
}

/// True for a union of editions whose RTP ports differ. One plane has one list of networks.
fn has_two_port_ranges(case: &Case) -> bool {
    case.edition.contains(',') && case.plane != "signaling"
}

#[test]
fn tfvars_has_exactly_the_published_networks_and_ports() {
    let mut count = 0;
    for case in matrix() {
        let command = format!("{} --format tfvars", case.options());
        if has_two_port_ranges(&case) {
            let stderr = Tool::line(&command).run().refused();
            let reason = "tfvars cannot express a union of editions with different ports: each plane has one list of \
                          networks; render each --edition separately, with its own --name";
            assert!(stderr.contains(reason), "{stderr}");
            continue;
        }
        let found = readers::tfvars(&render(&command), ways(case.direction));
        let expected = facts::expected(&case, false);
        facts::assert_exact(&command, &expected, &readers::allowed(found));
        count += 1;
    }
    assert_eq!(count, 4 * 11 * 9 + 2 * 2 * 3);
}

#[test]
fn tfvars_rejects_what_its_variables_cannot_express() {
    let ports = "different ports for the two directions: its variables contain no direction; render --direction in and \
                 --direction out separately, each with its own --name";
    for (options, reason) in [
        (
            "--local-address 192.0.2.1",
            "--local-address: it contains only Twilio's addresses; leave the option out",
        ),
        ("--local-sip-port 5080", ports),
        ("--local-tls-port 5081", ports),
        ("--local-rtp-ports 30000-30999", ports),
    ] {
        let command = format!("{options} --format tfvars");
        let stderr = Tool::line(&command).run().refused();
        assert!(
            stderr.contains(&format!("tfvars cannot express {reason}")),
            "{stderr}"
        );
    }
    // With one direction, the ports are those of this direction.
    let local = "--local-sip-port 5080 --local-rtp-ports 30000-30999";
    let found = render(&format!(
        "--region tokyo --direction in {local} --format tfvars"
    ));
    let keys = readers::tfvars(&found, &["in"])
        .into_iter()
        .map(|clause| clause.key);
    let keys: Vec<_> = keys
        .map(|key| (key.protocol, key.destination_ports))
        .collect();
    let key = |protocol: &str, ports| (protocol.to_owned(), ports);
    assert_eq!(
        keys,
        [
            key("udp", (5080, 5080)),
            key("tcp", (5080, 5080)),
            key("tcp", (5061, 5061)),
            key("udp", (30000, 30999))
        ]
    );
    // The same ports as Twilio's are no difference.
    render("--local-sip-port 5060 --format tfvars");
    assert_refuses_names("tfvars", &["a\"b", "a b", "a.b", "${a}", "a\nb", "1a", ""]);
}

/// The rules that the real Terraform makes from the variables, with the locals of the example.
fn terraform_rules(terraform: &Path, folder: &Path, text: &str) -> Value {
    std::fs::write(folder.join("twilio-sip.auto.tfvars.json"), text).unwrap();
    let mut child = Command::new(terraform)
        .args(["console", "-var", "security_group_id=sg-1"])
        .current_dir(folder)
        .env("CHECKPOINT_DISABLE", "1")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin
        .write_all(b"jsonencode(local.twilio_sip_rules)\n")
        .unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{text}");
    let printed: String = serde_json::from_slice(&output.stdout).expect(text);
    serde_json::from_str(&printed).unwrap()
}

/// The Terraform in a Python package for the tests, which exists only for some processors.
fn terraform(test: &str) -> Option<PathBuf> {
    let script = "
import importlib.util
package = importlib.util.find_spec('cloudrail')
print(list(package.submodule_search_locations)[0] if package else 'cloudrail')";
    let folder = run_python(test, script, Path::new(""))?;
    let program = Path::new(folder.trim()).join("terraform_0_15/terraform");
    if program.exists() {
        return Some(program);
    }
    skip(test, &format!("{} is missing", program.display()));
    None
}

#[test]
fn terraform_reads_exactly_the_published_networks_and_ports() {
    let test = "terraform_reads_exactly_the_published_networks_and_ports";
    let Some(terraform) = terraform(test) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/terraform-variables");
    std::fs::copy(
        example.join("variables.tf"),
        folder.path().join("variables.tf"),
    )
    .unwrap();
    let mut count = 0;
    for case in matrix() {
        if case.direction != "in" || has_two_port_ranges(&case) {
            continue;
        }
        let text = render(&format!("{} --format tfvars", case.options()));
        let mut found = Allowed::new();
        let rules = terraform_rules(&terraform, folder.path(), &text);
        for rule in rules.as_object().unwrap().values() {
            let port = |name: &str| u16::try_from(rule[name].as_u64().unwrap()).unwrap();
            let ports = (port("from_port"), port("to_port"));
            let key = key(
                "in",
                rule["protocol"].as_str().unwrap(),
                ANY_PORT,
                ports,
                false,
            );
            let network = facts::network(rule["cidr_block"].as_str().unwrap());
            found.entry(key).or_default().push(network);
        }
        facts::assert_exact(&case.options(), &facts::expected(&case, false), &found);
        count += 1;
    }
    tell(&format!("terraform: {count} files"));
}

/// python-hcl2 reads the resources of the example, and Terraform finds nothing to format.
#[test]
fn the_example_for_terraform_uses_each_part_of_a_rule() {
    let test = "the_example_for_terraform_uses_each_part_of_a_rule";
    let Some(terraform) = terraform(test) else {
        return;
    };
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/terraform-variables");
    let format = Command::new(terraform)
        .args(["fmt", "-check", "-list=true"])
        .arg(&example)
        .env("CHECKPOINT_DISABLE", "1")
        .output()
        .unwrap();
    assert!(
        format.status.success(),
        "{:?}",
        String::from_utf8_lossy(&format.stdout)
    );
    let script = "
import hcl2, json, pathlib, sys
print(json.dumps(hcl2.loads((pathlib.Path(sys.argv[1]) / 'main.tf').read_text())['resource']))";
    let Some(printed) = run_python(test, script, &example) else {
        return;
    };
    let resources: Value = serde_json::from_str(&printed).unwrap();
    let resources = resources.as_array().unwrap();
    assert_eq!(resources.len(), 2);
    for (resource, kind) in resources.iter().zip(["ingress", "egress"]) {
        let kinds = resource.as_object().unwrap();
        let (name, body) = kinds.iter().next().unwrap();
        assert_eq!(
            name.trim_matches('"'),
            format!("aws_vpc_security_group_{kind}_rule")
        );
        let body = body.as_object().unwrap().values().next().unwrap();
        for (key, value) in [
            ("for_each", "local.twilio_sip_rules"),
            ("security_group_id", "var.security_group_id"),
            ("cidr_ipv4", "each.value.cidr_block"),
            ("ip_protocol", "each.value.protocol"),
            ("from_port", "each.value.from_port"),
            ("to_port", "each.value.to_port"),
        ] {
            assert_eq!(body[key], format!("${{{value}}}"), "{body}");
        }
    }
}

/// Without the local ports that would differ from those of the other direction.
fn without_local_ports(selected: &mut Selected) {
    if selected.direction == "both" {
        selected.rtp_ports = None;
    }
}

#[test]
fn tfvars_check_finds_every_mutant() {
    assert_none_is_missed("tfvars", 2_000, without_local_ports, |mutant, selected| {
        let clauses = mutate::read(|| readers::tfvars(mutant, ways(selected.direction)))?;
        mutate::pass_as_published(&clauses, selected, Tcp::Any)
    });
}

#[test]
fn tfvars_is_stable_and_has_its_other_names() {
    let text = render_steadily("--format tfvars");
    assert!(
        text.contains("\"edition: regional (superseded on 2024-02-21 by global)\""),
        "{text}"
    );
    for alias in ["auto.tfvars", "tfvars-json", "Terraform_Variables"] {
        assert_eq!(render(&format!("-f {alias}")), text, "{alias}");
    }
    let named = render("--region tokyo --name PBX-a_b --format tfvars");
    let value: Value = serde_json::from_str(&named).unwrap();
    let keys: Vec<&str> = value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "//",
            "pbx_a_b_signaling_cidr_blocks",
            "pbx_a_b_signaling_ports",
            "pbx_a_b_media_cidr_blocks",
            "pbx_a_b_media_ports"
        ]
    );
    let [tokyo, all, _] = GOLDEN;
    assert_golden([tokyo, all].map(|(name, options)| (name, options, "tfvars")));
}

/// Every example template with every selection, read by independent readers.
#[test]
fn the_templates_of_the_examples_list_exactly_the_networks_of_each_plane() {
    let test = "the_templates_of_the_examples_list_exactly_the_networks_of_each_plane";
    let Some(python) = python(test) else { return };
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/templates");
    let folder = tempfile::tempdir().unwrap();
    let (mut files, mut expected) = (Vec::new(), Vec::new());
    for case in matrix().into_iter().filter(|case| case.direction == "both") {
        for (template, planes) in [
            ("freeswitch-acl.xml", &["signaling"][..]),
            ("terraform.tfvars", &["signaling", "media"]),
        ] {
            let file = folder.path().join(format!("{}-{template}", case.name()));
            let source = examples.join(format!("{template}.j2"));
            let call = format!("-q {} --template {}", case.options(), source.display());
            std::fs::write(&file, Tool::line(&call).run_once()).unwrap();
            files.push(file);
            expected.push(networks_of(&case, planes, template == "terraform.tfvars"));
        }
    }
    let output = Command::new(python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/template_outputs.py"))
        .args(&files)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let found = String::from_utf8(output.stdout).unwrap();
    let found: Vec<Value> = found
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(found.len(), files.len());
    for ((file, expected), mut found) in files.iter().zip(expected).zip(found) {
        for networks in found.as_object_mut().unwrap().values_mut() {
            let networks = networks.as_array_mut().unwrap();
            networks.sort_by_key(|cidr| facts::network(cidr.as_str().unwrap()));
        }
        assert_eq!(found, expected, "{}", file.display());
    }
}

/// The published networks of some planes, in ascending order, without planes that are not selected.
fn networks_of(case: &Case, planes: &[&'static str], selected_only: bool) -> Value {
    let is_selected = |plane: &str| case.plane == "both" || case.plane == plane;
    let planes = planes
        .iter()
        .filter(|plane| !selected_only || is_selected(plane));
    let networks = planes.map(|&plane| {
        let of_plane = Case {
            edition: case.edition.clone(),
            region: case.region.clone(),
            direction: "in",
            plane,
        };
        let ranges = facts::expected(&of_plane, false).into_values().flatten();
        let networks = facts::cidrs(&facts::united(ranges.collect()));
        let networks = if is_selected(plane) {
            networks
        } else {
            Vec::new()
        };
        (plane.to_owned(), Value::from(networks))
    });
    Value::Object(networks.collect())
}
