//! The formats for people and programs: `cidr`, `csv`, `json`, `yaml`.
//!
//! Each has a small strict reader here, after its own grammar: RFC 4180 for CSV,
//! `docs/policy.schema.json` for JSON and YAML. They share nothing with the program.

mod common;

use std::path::Path;
use std::process::Command;

use common::facts::{self, ANY_PORT, Allowed, Key, Range};
use common::{Case, Tool, first_difference, matrix, python, render, valid_json};
use serde_json::Value;

const PEOPLE: [&str; 4] = ["cidr", "csv", "json", "yaml"];

const MIXED: &str = "twilio-sip-allow: notice: the list mixes the networks of signaling and of media, \
                     which need other ports; for a list of each, render --plane signaling and --plane \
                     media\n";

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

/// Holds what a reader found against the published figures, in the fewest networks.
fn assert_exact(command: &str, expected: &Allowed, found: &Allowed) {
    if let Some(difference) = first_difference(&facts::lines(expected), &facts::lines(found)) {
        panic!("{command}\n{difference}");
    }
    for (key, networks) in found {
        let fewest = facts::cidrs(&facts::united(networks.clone()));
        assert_eq!(networks.len(), fewest.len(), "{command}\n{key:?}");
    }
}

fn for_each_case(format: &str, stateless: bool, read: fn(&str) -> Allowed) {
    for case in matrix() {
        let command = format!("{} --format {format}", case.options());
        let found = read(&render(&command));
        assert_exact(&command, &facts::expected(&case, stateless), &found);
    }
}

/// The networks of a list: comments at its beginning, then a CIDR a line.
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
fn cidr_lists_exactly_the_networks_that_any_rule_has_ascending() {
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
fn cidr_says_that_two_planes_are_mixed_only_where_they_are() {
    let in_head = "# The networks of signaling and of media are mixed here";
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
                "# Networks alone: neither direction nor protocol nor port is in this list."
            ),
            "{text}"
        );
    }
    // A list of the user's own, in which both planes have the same networks.
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
fn cidr_refuses_what_is_said_of_the_local_side() {
    for (options, reason) in [
        (
            "--local-address 192.0.2.1",
            "cidr cannot express --local-address: a list of networks has Twilio's side alone; leave the \
             option out",
        ),
        (
            "--local-sip-port 5070",
            "cidr cannot express --local-sip-port, --local-tls-port or --local-rtp-ports: a list of \
             networks has no ports; leave the option out",
        ),
        (
            "--local-rtp-ports 30000-30999",
            "cidr cannot express --local-sip-port, --local-tls-port or --local-rtp-ports: a list of \
             networks has no ports; leave the option out",
        ),
    ] {
        let stderr = Tool::line(&format!("{options} --format cidr"))
            .run()
            .refused();
        assert!(stderr.contains(reason), "{stderr}");
    }
}

/// Runs a script of Python's on a folder.
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

/// Every output of the matrix in a folder, in a file named after its case.
fn matrix_in_a_folder(format: &str) -> (tempfile::TempDir, Vec<Case>) {
    let folder = tempfile::tempdir().unwrap();
    let cases = matrix();
    for case in &cases {
        let text = render(&format!("{} --format {format}", case.options()));
        std::fs::write(folder.path().join(case.name()), text).unwrap();
    }
    (folder, cases)
}

/// Python's `ipaddress` refuses host bits, and collapses to the fewest networks.
#[test]
fn python_takes_each_line_of_a_list_as_a_network() {
    let (folder, cases) = matrix_in_a_folder("cidr");
    let script = "
import ipaddress, pathlib, sys
for path in pathlib.Path(sys.argv[1]).iterdir():
    lines = [line for line in path.read_text().splitlines() if not line.startswith('#')]
    networks = [ipaddress.IPv4Network(line) for line in lines]
    assert networks == list(ipaddress.collapse_addresses(networks)), path
    print(path.name)";
    let Some(told) = run_python(
        "python_takes_each_line_of_a_list_as_a_network",
        script,
        folder.path(),
    ) else {
        return;
    };
    assert_eq!(told.lines().count(), cases.len());
}

/// The records of a text of RFC 4180, which has no line breaks within fields.
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
fn csv_says_transport_origin_and_local_side() {
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

/// A spreadsheet takes a field for a formula that begins with one of `= + - @`, a tab or a carriage
/// return. Of a user's own list only the edition's name is in the output.
#[test]
fn no_field_of_csv_begins_as_a_formula() {
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
fn python_reads_the_same_records_of_csv() {
    let (folder, cases) = matrix_in_a_folder("csv");
    let script = "
import csv, json, pathlib, sys
print(json.dumps({path.name: list(csv.reader(path.open(newline=''), strict=True))
                  for path in pathlib.Path(sys.argv[1]).iterdir()}))";
    let Some(told) = run_python(
        "python_reads_the_same_records_of_csv",
        script,
        folder.path(),
    ) else {
        return;
    };
    let told: Value = serde_json::from_str(&told).unwrap();
    for case in cases {
        let text = std::fs::read_to_string(folder.path().join(case.name())).unwrap();
        assert_eq!(told[case.name()], serde_json::json!(records(&text)));
    }
}

/// The rules of a document of `docs/policy.schema.json`, with TCP's way back.
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
fn json_has_exactly_the_published_networks_and_the_way_back() {
    for_each_case("json", true, json);
}

#[test]
fn json_keeps_to_its_schema() {
    for options in [
        "",
        "--edition regional,regional-expanded,global,interconnect",
        "--plane media --direction in",
        "--edition interconnect --region frankfurt --local-address 192.0.2.1 --name pbx_a",
    ] {
        let ran = Tool::line(&format!("-q {options} --format json")).run();
        assert_eq!(ran.status, 0, "{ran}");
        valid_json("json_keeps_to_its_schema", "policy", &ran);
    }
}

/// A schema that takes anything would prove nothing.
#[test]
fn the_schema_refuses_what_is_no_document_of_ours() {
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
    let test = "the_schema_refuses_what_is_no_document_of_ours";
    let Some(told) = run_python(test, &script, folder.path()) else {
        return;
    };
    assert_eq!(told.lines().count(), broken.len(), "{told}");
    for (line, (pointer, _, reason)) in told.lines().zip(&broken) {
        assert!(line.contains(reason), "{pointer}: {line}");
    }
}

#[test]
fn json_says_what_was_selected_and_where_each_network_comes_from() {
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
        scope["editions"][0]["standing"],
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

/// `PyYAML`, an implementation of YAML 1.1, and the program's JSON say the same.
#[test]
fn yaml_is_the_same_document_as_json() {
    let test = "yaml_is_the_same_document_as_json";
    let (folder, cases) = matrix_in_a_folder("yaml");
    let Some(told) = run_python(test, LOAD_YAML, folder.path()) else {
        return;
    };
    let told: Value = serde_json::from_str(&told).unwrap();
    for case in cases {
        let value: Value =
            serde_json::from_str(&render(&format!("{} --format json", case.options()))).unwrap();
        assert_eq!(told[case.name()], value, "{}", case.name());
        let command = format!("{} --format yaml", case.options());
        let expected = facts::expected(&case, true);
        assert_exact(&command, &expected, &document(&told[case.name()]));
    }
}

/// A key that stands twice is an error too.
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

/// Names that are a date, a number or a truth value to YAML, and a source that is whatever it likes.
#[test]
fn a_list_of_the_users_own_cannot_turn_yaml_into_something_else() {
    let test = "a_list_of_the_users_own_cannot_turn_yaml_into_something_else";
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
            let Some(told) = run_python(test, LOAD_YAML, folder.path()) else {
                return;
            };
            let told: Value = serde_json::from_str(&told).unwrap();
            let edition = &told["own"]["scope"]["editions"][0];
            assert_eq!(edition["name"], name);
            assert_eq!(edition["source"], source);
            assert_eq!(
                told["own"]["rules"][0]["remote"]["networks"][0]["origins"][0]["edition"],
                name
            );
        }
    }
}

#[test]
fn heads_say_what_it_is_where_there_are_comments() {
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
fn the_same_call_prints_the_same_bytes_and_one_newline_at_the_end() {
    for format in PEOPLE {
        let command = format!("--edition regional,global --format {format}");
        let text = render(&command);
        assert_eq!(render(&command), text, "{format}");
        assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{format}");
        assert_eq!(text.contains('\r'), format == "csv", "{format}");
        assert!(!text.contains(" \n") && !text.contains('\t'), "{format}");
    }
}

#[test]
fn check_reads_none_of_them() {
    for format in PEOPLE {
        let stderr = Tool::line(&format!("check --format {format} deployed"))
            .file("deployed", "x\n")
            .run()
            .refused();
        let reason = format!("check does not read {format}, which no firewall prints; use one of ");
        assert!(stderr.contains(&reason), "{stderr}");
    }
}

/// As `golden_files_are_unchanged` in `tests/formats.rs`.
#[test]
fn golden_files_are_unchanged() {
    let cases = [
        ("tokyo", "--region tokyo"),
        ("all", ""),
        ("union", "--edition regional,global --region tokyo,virginia"),
    ];
    let mut failures = Vec::new();
    for (name, options) in cases {
        for format in PEOPLE {
            let path = format!(
                "{}/tests/golden/{name}.{format}",
                env!("CARGO_MANIFEST_DIR")
            );
            let version = env!("CARGO_PKG_VERSION");
            let found = render(&format!("{options} --format {format}"))
                .replace(&format!("allow {version}"), "allow VERSION")
                .replace(&format!("version\": \"{version}"), "version\": \"VERSION")
                .replace(&format!("version: \"{version}"), "version: \"VERSION");
            if std::env::var_os("BLESS").is_some() {
                std::fs::write(&path, &found).unwrap();
            }
            let expected = std::fs::read_to_string(&path).unwrap_or_default();
            if let Some(difference) = first_difference(&expected, &found) {
                failures.push(format!("{path}: {difference}"));
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{}\nif this is meant: BLESS=1 cargo test --test people golden, and read the diff",
        failures.join("\n")
    );
}
