//! The formats for AWS: Terraform, CloudFormation and prefix lists. Independent readers, written from
//! the documentation, determine what each output allows. cfn-lint, the AWS command line and a moto
//! server check the outputs as far as they can.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use crate::common::aws::Aws;
use crate::common::facts::{self, ANY_PORT, Allowed, Key};
use crate::common::mutate;
use crate::common::oracle::Selected;
use crate::common::{Case, GOLDEN, Tool, assert_golden, matrix, python, render, render_steadily};
use serde::Deserialize;
use serde_json::{Map, Value};

const CORE_FORMATS: [&str; 3] = ["terraform", "cloudformation", "aws-prefix-list"];

fn read(format: &str, text: &str, expected: &Allowed) -> Allowed {
    match format {
        "terraform" => allowed(&terraform(text)),
        "cloudformation" => allowed(&cloudformation(text)),
        _ => prefix_list(text, expected),
    }
}

/// Rules of a security group, by their names in the tool.
#[derive(Debug)]
struct Rule {
    direction: &'static str,
    name: String,
    properties: Properties,
}

/// Words that differ between the two tools.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Properties {
    #[serde(alias = "security_group_id", alias = "GroupId")]
    group: Value,
    #[serde(default, alias = "description", alias = "Description")]
    description: Option<String>,
    #[serde(alias = "ip_protocol", alias = "IpProtocol")]
    protocol: String,
    #[serde(alias = "from_port", alias = "FromPort")]
    first_port: u16,
    #[serde(alias = "to_port", alias = "ToPort")]
    last_port: u16,
    #[serde(alias = "cidr_ipv4", alias = "CidrIp")]
    network: String,
}

impl Rule {
    fn new(direction: &'static str, name: &str, properties: &Value) -> Rule {
        let properties: Properties =
            serde_json::from_value(properties.clone()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(properties.first_port <= properties.last_port, "{name}");
        Rule {
            direction,
            name: name.to_owned(),
            properties,
        }
    }
}

/// Each rule has a description that AWS accepts, and that Terraform does not interpret as a template.
fn assert_described(rules: &[Rule]) {
    let taken = |c: char| c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!*".contains(c);
    for rule in rules {
        let text = rule.properties.description.as_deref().unwrap_or_default();
        assert!(
            (1..=255).contains(&text.len()) && text.chars().all(taken),
            "{rule:?}"
        );
    }
}

fn object(value: &Value) -> &Map<String, Value> {
    value
        .as_object()
        .unwrap_or_else(|| panic!("no object: {value}"))
}

fn keys(value: &Value) -> Vec<&str> {
    object(value).keys().map(String::as_str).collect()
}

/// Accepts only blocks and arguments in the JSON syntax of Terraform.
fn terraform(text: &str) -> Vec<Rule> {
    let file: Value = serde_json::from_str(text).unwrap();
    assert_eq!(keys(&file), ["//", "variable", "resource"]);
    let [(variable, declared)] = &object(&file["variable"]).iter().collect::<Vec<_>>()[..] else {
        panic!("{}", file["variable"]);
    };
    assert_eq!(keys(declared), ["description", "type"]);
    assert_eq!(declared["type"], "string");
    let mut rules = Vec::new();
    for (kind, resources) in object(&file["resource"]) {
        let direction = match kind.as_str() {
            "aws_vpc_security_group_ingress_rule" => "in",
            "aws_vpc_security_group_egress_rule" => "out",
            _ => panic!("{kind}"),
        };
        for (name, arguments) in object(resources) {
            let rule = Rule::new(direction, name, arguments);
            assert_eq!(rule.properties.group, format!("${{var.{variable}}}"));
            // An identifier: a letter or underscore, then letters, digits, underscores, hyphens.
            assert!(name.starts_with(|c: char| c.is_ascii_lowercase()), "{name}");
            assert!(
                name.chars()
                    .all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)),
                "{name}"
            );
            rules.push(rule);
        }
    }
    rules
}

fn cloudformation(text: &str) -> Vec<Rule> {
    let template: Value = serde_json::from_str(text).unwrap();
    for key in keys(&template) {
        let known = [
            "AWSTemplateFormatVersion",
            "Description",
            "Metadata",
            "Parameters",
            "Resources",
        ];
        assert!(known.contains(&key), "{key}");
    }
    if let Some(version) = template.get("AWSTemplateFormatVersion") {
        assert_eq!(version, "2010-09-09");
    }
    assert_eq!(keys(&template["Parameters"]), ["SecurityGroupId"]);
    assert_eq!(
        template["Parameters"]["SecurityGroupId"]["Type"],
        "AWS::EC2::SecurityGroup::Id"
    );
    let rules = object(&template["Resources"]).iter().map(|(id, resource)| {
        assert_eq!(keys(resource), ["Type", "Properties"]);
        let direction = match resource["Type"].as_str().unwrap() {
            "AWS::EC2::SecurityGroupIngress" => "in",
            "AWS::EC2::SecurityGroupEgress" => "out",
            kind => panic!("{kind}"),
        };
        let rule = Rule::new(direction, id, &resource["Properties"]);
        assert_eq!(
            rule.properties.group,
            serde_json::json!({"Ref": "SecurityGroupId"})
        );
        assert!(
            id.len() <= 255 && id.chars().all(|c| c.is_ascii_alphanumeric()),
            "{id}"
        );
        rule
    });
    rules.collect()
}

/// The union of all rules of a group, because they only allow.
fn allowed(rules: &[Rule]) -> Allowed {
    let mut allowed = Allowed::new();
    for Rule {
        direction,
        properties,
        ..
    } in rules
    {
        let key = Key {
            direction,
            protocol: properties.protocol.clone(),
            source_ports: ANY_PORT,
            destination_ports: (properties.first_port, properties.last_port),
            established: false,
        };
        allowed
            .entry(key)
            .or_default()
            .push(facts::network(&properties.network));
    }
    facts::with_single_ports(allowed)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PrefixList {
    #[serde(rename = "PrefixListName")]
    name: String,
    address_family: String,
    max_entries: usize,
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Entry {
    cidr: String,
    #[serde(default)]
    description: Option<String>,
}

/// The packets that a list allows if rules with the expected ports refer to it.
fn prefix_list(text: &str, expected: &Allowed) -> Allowed {
    let list: PrefixList = serde_json::from_str(text).unwrap();
    assert!((1..=255).contains(&list.name.len()));
    assert_eq!(list.address_family, "IPv4");
    assert!((1..=100).contains(&list.entries.len()));
    assert!(list.max_entries >= list.entries.len());
    let networks: Vec<_> = list
        .entries
        .iter()
        .map(|entry| facts::network(&entry.cidr))
        .collect();
    let keys = expected.keys().cloned();
    keys.map(|key| (key, networks.clone())).collect()
}

/// The maximum number of entries of a list counts in every group, so it must be exact. Each entry has a
/// description that AWS accepts.
fn assert_no_entry_to_spare(text: &str) {
    let list: PrefixList = serde_json::from_str(text).unwrap();
    assert_eq!(list.max_entries, list.entries.len());
    for entry in list.entries {
        assert!((1..=255).contains(&entry.description.unwrap_or_default().len()));
    }
}

/// The cases of the matrix that `aws-prefix-list` rejects: both planes, and media of editions with
/// different ports.
fn is_refused(case: &Case, format: &str) -> bool {
    let media = case.plane == "media" && case.edition.contains("regional,");
    format == "aws-prefix-list" && (case.plane == "both" || media)
}

fn assert_exact(case: &Case, format: &str) {
    let command = format!("{} --format {format}", case.options());
    let expected = facts::expected(case, false);
    let text = render(&command);
    match format {
        "terraform" => assert_described(&terraform(&text)),
        "cloudformation" => {
            assert_described(&cloudformation(&text));
            let template: Value = serde_json::from_str(&text).unwrap();
            assert!(template["AWSTemplateFormatVersion"].is_string());
            assert!((1..=1024).contains(&template["Description"].as_str().unwrap().len()));
        }
        _ => assert_no_entry_to_spare(&text),
    }
    let found = read(format, &text, &expected);
    facts::assert_exact(&command, &expected, &found);
}

#[test]
fn every_selection_allows_exactly_the_published_networks() {
    let mut counts = BTreeMap::new();
    for case in matrix() {
        for format in CORE_FORMATS {
            if is_refused(&case, format) {
                let line = format!("{} --format {format}", case.options());
                let stderr = Tool::line(&line).run().refused();
                assert!(
                    stderr.contains("aws-prefix-list cannot express "),
                    "{stderr}"
                );
                continue;
            }
            assert_exact(&case, format);
            *counts.entry(format).or_insert(0) += 1;
        }
    }
    assert_eq!(counts["terraform"], 432);
    assert_eq!(counts["cloudformation"], 432);
    assert_eq!(counts["aws-prefix-list"], 2 * 4 * 11 * 3 + 2 * 2 * 3);
}

#[test]
fn a_new_network_adds_one_name_and_keeps_the_others() {
    let names = |format: &str, networks: &str| -> BTreeSet<(String, String)> {
        let dataset = format!(
            "edition: own\ntitle: A title\nconnection: public\nsource: A source\n\
             signaling: {{ports: {{udp: 5060, tcp: 5060, tls: 5061}}, networks: {{all: [192.0.2.0/30]}}}}\n\
             media: {{ports: 10000-20000, networks: {{all: [{networks}]}}}}\n"
        );
        let line = format!("--dataset own.yaml --quiet --direction in --format {format}");
        let text = Tool::line(&line).file("own.yaml", dataset).run_once();
        let rules = match format {
            "terraform" => terraform(&text),
            _ => cloudformation(&text),
        };
        rules
            .into_iter()
            .map(|rule| (rule.name.clone(), format!("{:?}", rule.properties)))
            .collect()
    };
    for (format, name) in [
        ("terraform", "twilio_sip_udp_10000_20000_203_0_113_0_28"),
        ("cloudformation", "InUDP10000To20000Net203x0x113x0x28"),
    ] {
        let before = names(format, "198.51.100.0/24");
        let after = names(format, "203.0.113.0/28, 198.51.100.0/24");
        assert!(before.is_subset(&after), "{before:?}\n{after:?}");
        let new: Vec<_> = after
            .difference(&before)
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(new, [name]);
    }
}

#[test]
fn names_contain_the_name_of_the_user() {
    let text = render("--region tokyo --name PBX_a --format terraform");
    assert!(text.contains("\"pbx_a_security_group_id\""), "{text}");
    for rule in terraform(&text) {
        assert!(rule.name.starts_with("pbx_a_"), "{}", rule.name);
        let described = rule.properties.description.as_deref().unwrap();
        assert!(described.starts_with("pbx-a: "), "{described}");
    }
    let text = render("--region tokyo --name PBX_a --format cloudformation");
    assert!(
        text.contains(
            "deploy --no-fail-on-empty-changeset --stack-name pbx-a --template-file FILE"
        )
    );
    let text = render("--region tokyo --name PBX_a --plane media --format aws-prefix-list");
    assert!(
        text.contains("\"PrefixListName\": \"pbx-a-media\""),
        "{text}"
    );
}

#[test]
fn heads_describe_the_output_and_how_to_load_it() {
    let wanted = [
        concat!(
            "twilio-sip-allow ",
            env!("CARGO_PKG_VERSION"),
            ": rules for Twilio's SIP calls, in format "
        ),
        "edition: regional (superseded on 2024-02-21 by global)",
        "regions: tokyo, sydney",
        "direction: in, out",
        "planes: signaling (udp, tcp, tls), media",
    ];
    for (format, pointer, load) in [
        (
            "terraform",
            "/~1~1",
            "load: terraform apply -var twilio_sip_security_group_id=GROUP ",
        ),
        (
            "cloudformation",
            "/Metadata/About",
            "load: aws cloudformation deploy --no-fail-on-empty-changeset --stack-name twilio-sip \
             --template-file FILE --parameter-overrides SecurityGroupId=GROUP",
        ),
    ] {
        let text = render(&format!("--region tokyo,sydney --format {format}"));
        let value: Value = serde_json::from_str(&text).unwrap();
        let head = value.pointer(pointer).unwrap().as_array().unwrap();
        for wanted in wanted.into_iter().chain([load]) {
            let says = |line: &Value| line.as_str().unwrap().starts_with(wanted);
            assert!(head.iter().any(says), "{wanted}\n{text}");
        }
    }
    let table = Tool::line("list formats --long").run_once();
    assert!(table.contains("aws ec2 create-managed-prefix-list --cli-input-json file://FILE"));
}

#[test]
fn rejects_inexpressible_selections_with_advice() {
    for (line, message) in [
        (
            "-f tf --local-address 192.0.2.1",
            "terraform cannot express --local-address: a security group applies to all addresses",
        ),
        (
            "-f cfn --local-address 192.0.2.1",
            "cloudformation cannot express --local-address: a security group applies to all addresses",
        ),
        (
            "-f prefix-list",
            "aws-prefix-list cannot express both planes: a list has no ports, so one list for both would allow media \
             on the SIP ports; render --plane signaling and --plane media separately",
        ),
        (
            "-f prefix-list --plane media --edition regional,global",
            "a union of editions with different ports: it lists addresses without ports",
        ),
        (
            "-f prefix-list --plane signaling --local-address 192.0.2.1",
            "aws-prefix-list cannot express --local-address and --local-...-port",
        ),
        (
            "-f prefix-list --plane media --local-rtp-ports 30000-30999",
            "--local-address and --local-...-port: it lists only Twilio's addresses",
        ),
    ] {
        let stderr = Tool::line(line).run().refused();
        assert!(stderr.contains(message), "{line}\n{stderr}");
    }
}

/// A dataset with many media networks that cannot be merged.
fn large_list(count: usize) -> String {
    let networks: Vec<String> = (0..count)
        .map(|n| format!("10.{}.{}.0/25", n / 256, n % 256))
        .collect();
    format!(
        "edition: own\ntitle: A title\nconnection: public\nsource: A source\n\
         signaling: {{ports: {{udp: 5060, tcp: 5060, tls: 5061}}, networks: {{all: [192.0.2.0/30]}}}}\n\
         media: {{ports: 10000-20000, networks: {{all: [{}]}}}}\n",
        networks.join(", ")
    )
}

#[test]
fn rejects_an_output_that_is_too_large_for_one_call() {
    for (options, limit, message) in [
        (
            "--direction in --plane media --format cloudformation",
            500,
            "cloudformation cannot express more than 500 rules",
        ),
        (
            "--plane media --format aws-prefix-list",
            100,
            "aws-prefix-list cannot express more than 100 networks",
        ),
    ] {
        let run = |count: usize| {
            Tool::line(&format!("--dataset own.yaml {options}"))
                .file("own.yaml", large_list(count))
                .run()
        };
        let ran = run(limit);
        assert_eq!(ran.status, 0, "{ran}");
        let stderr = run(limit + 1).refused();
        assert!(stderr.contains(message), "{stderr}");
    }
}

#[test]
fn notes_name_the_requirements_of_aws() {
    let notices = |line: &str| {
        let ran = Tool::line(line).run();
        assert_eq!(ran.status, 0, "{ran}");
        ran.stderr
    };
    let all = "--edition regional,regional-expanded,global,interconnect";
    for format in ["terraform", "cloudformation"] {
        let quota = "more than the default quota of 60 in a security group";
        assert!(notices(&format!("{all} -f {format}")).contains(quota));
        assert!(!notices(&format!("-f {format}")).contains(quota));
    }
    let bucket =
        "the template is larger than 51200 bytes: add --s3-bucket to deploy it from a bucket";
    let template = |options: &str| {
        let line = format!("{options} -f cloudformation");
        (
            render(&line).len() > 51_200,
            notices(&line).contains(bucket),
        )
    };
    assert_eq!(template(all), (true, true));
    assert_eq!(template(""), (false, false));
    assert!(
        notices("-f prefix-list --plane signaling --transport udp,tls --direction in").contains(
            "the list contains only addresses; the rules that refer to it must allow: in tcp 5061, in udp 5060\n"
        )
    );
}

#[test]
fn the_same_call_prints_the_same_bytes_with_one_final_newline() {
    for format in CORE_FORMATS {
        let text = render_steadily(&format!(
            "--edition regional,global --plane signaling --format {format}"
        ));
        assert!(!text.contains('\r'), "{format}");
    }
}

#[test]
fn formats_have_aliases_that_people_try() {
    for (alias, format) in [
        ("tf", "terraform"),
        ("OpenTofu", "terraform"),
        ("cfn", "cloudformation"),
        ("cloud-formation", "cloudformation"),
        ("prefix-list", "aws-prefix-list"),
        ("aws_prefix_list", "aws-prefix-list"),
    ] {
        let text = |name: &str| render(&format!("-f {name} --plane signaling --region tokyo"));
        assert_eq!(text(alias), text(format), "{alias}");
    }
}

#[test]
fn golden_files_are_unchanged() {
    for format in CORE_FORMATS {
        // A prefix list contains one plane.
        let plane = match format {
            "aws-prefix-list" => "--plane signaling",
            _ => "",
        };
        let outputs = GOLDEN.map(|(name, options)| (name, format!("{options} {plane}")));
        assert_golden(
            outputs
                .iter()
                .map(|(name, options)| (*name, &**options, format)),
        );
    }
}

/// The output of a script in `tests/peers` for a folder.
fn run_peer(python: &Path, script: &str, folder: &Path) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/peers")
        .join(script);
    let output = Command::new(python)
        .arg(script)
        .arg(folder)
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stdout}\n{stderr}");
    stdout.trim().to_owned()
}

/// The expected rules of a security group, one per line.
fn expected_rules(case: &Case) -> String {
    let mut lines = Vec::new();
    for (key, ranges) in facts::expected(case, false) {
        let (first, last) = match key.destination_ports {
            // TCP ports 5060 and 5061 are one range.
            (5060, 5060) if key.protocol == "tcp" => (5060, 5061),
            (5061, 5061) => continue,
            ports => ports,
        };
        // The server does not support outbound rules in a template. Only cfn-lint checks them.
        for cidr in facts::cidrs(&facts::united(ranges))
            .iter()
            .filter(|_| key.direction == "in")
        {
            lines.push(format!("in {} {first} {last} {cidr}", key.protocol));
        }
    }
    lines.join("\n")
}

/// All rules of each edition, and every part of Tokyo's rules in the regional edition. The linter and
/// the server need seconds for each case.
fn is_deployed(case: &Case) -> bool {
    match case.region.as_str() {
        "all" => case.direction == "both" && case.plane == "both",
        "tokyo" => case.edition == "regional",
        _ => false,
    }
}

#[test]
fn cloudformation_templates_pass_the_linter_and_are_deployed() {
    let Some(python) = python("cloudformation_templates_pass_the_linter_and_are_deployed") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut count = 0;
    for case in matrix().into_iter().filter(is_deployed) {
        let name = case.name().replace([',', '_'], "-");
        let path = folder.path().join(name);
        let text = render(&format!("{} --format cloudformation", case.options()));
        std::fs::write(path.with_extension("json"), text).unwrap();
        std::fs::write(path.with_extension("expected"), expected_rules(&case)).unwrap();
        count += 1;
    }
    assert_eq!(count, 6 + 9);
    let printed = run_peer(&python, "cloudformation.py", folder.path());
    assert_eq!(printed, format!("deployed {count}"));
    let mut checks = 0;
    for case in matrix().into_iter().filter(is_deployed) {
        let path = folder.path().join(case.name().replace([',', '_'], "-"));
        checks += usize::from(assert_deployed(&case, &path));
    }
    // One template is too large to be passed directly.
    assert_eq!(checks, count - 1);
}

/// The stack and the group, as the command line prints them, are in sync. After a manual change, only
/// the group has drifted. Returns false if the stack was not created.
fn assert_deployed(case: &Case, path: &Path) -> bool {
    let printed = |extension: &str| std::fs::read_to_string(path.with_extension(extension)).ok();
    let Some(template) = printed("template") else {
        return false;
    };
    let checked = |options: &str, text: String| {
        let line = format!("check --quiet {options} deployed");
        Tool::line(&line).file("deployed", text).run()
    };
    let ran = checked(&format!("{} -f cloudformation", case.options()), template);
    assert_eq!(ran.status, 0, "{ran}");
    // The server does not create outbound rules.
    if case.direction != "out" {
        let options = case.options().replace("--direction both", "--direction in");
        for (extension, status) in [("group", 0), ("changed", 1)] {
            let ran = checked(&format!("{options} -f aws-sg"), printed(extension).unwrap());
            assert_eq!(ran.status, status, "{extension}: {ran}");
        }
    }
    true
}

#[test]
fn the_aws_command_line_creates_every_prefix_list() {
    let Some(python) = python("the_aws_command_line_creates_every_prefix_list") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut count = 0;
    let cases = matrix();
    let cases = cases.iter().filter(|case| case.direction == "both");
    for case in cases.filter(|case| !is_refused(case, "aws-prefix-list")) {
        let path = folder.path().join(case.name());
        let text = render(&format!("{} --format aws-prefix-list", case.options()));
        let networks = facts::expected(case, false).into_values().next().unwrap();
        let expected = facts::cidrs(&facts::united(networks)).join("\n");
        std::fs::write(path.with_extension("json"), text).unwrap();
        std::fs::write(path.with_extension("expected"), expected).unwrap();
        count += 1;
    }
    assert_eq!(count, 2 * 4 * 11 + 2 * 2);
    let printed = run_peer(&python, "prefix_list.py", folder.path());
    assert_eq!(printed, format!("created {count}"));
}

/// Adapts a selection to a format: no local options, and one plane for a prefix list.
fn make_renderable(format: &str) -> impl Fn(&mut Selected) {
    move |selected| {
        selected.rtp_ports = None;
        if format == "aws-prefix-list" {
            selected.plane = "signaling";
        }
    }
}

fn assert_check_finds_every_mutant(format: &str) {
    mutate::assert_none_is_missed(
        format,
        2_000,
        make_renderable(format),
        |mutant, selected| {
            let expected = facts::expected(&selected.case(), false);
            mutate::read(|| {
                let found = read(format, mutant, &expected);
                facts::assert_exact("a mutant", &expected, &found);
            })
        },
    );
}

#[test]
fn check_finds_every_mutant_of_terraform_files() {
    assert_check_finds_every_mutant("terraform");
}

#[test]
fn check_finds_every_mutant_of_a_cloudformation_template() {
    assert_check_finds_every_mutant("cloudformation");
}

#[test]
fn check_finds_every_mutant_of_a_prefix_list() {
    assert_check_finds_every_mutant("aws-prefix-list");
}

/// The report of `check`, and the repair.
fn checked(options: &str, deployed: &Value) -> (i32, String) {
    let line = format!("check {options} --edition regional --print-repair --quiet deployed");
    let ran = Tool::line(&line)
        .file("deployed", deployed.to_string())
        .run();
    assert!(ran.status < 2, "{ran}");
    (ran.status, ran.stdout)
}

/// Created from the output, changed by hand, checked, and repaired by the printed commands.
#[test]
fn the_printed_command_repairs_a_prefix_list() {
    let Some(python) = python("the_printed_command_repairs_a_prefix_list") else {
        return;
    };
    let mut aws = Aws::start(&python);
    for (plane, changes) in [
        ("signaling", "--remove-entries Cidr=54.65.63.192/30"),
        (
            "media",
            "--remove-entries Cidr=54.65.63.192/26 --add-entries Cidr=54.65.63.192/27 Cidr=192.0.2.0/24",
        ),
        (
            "signaling",
            "--add-entries Cidr=54.65.63.192/29,Description=wider",
        ),
    ] {
        let options = format!("--region tokyo,sydney --plane {plane} --format aws-prefix-list");
        let rendered = render(&format!("{options} --edition regional"));
        let made = aws.run(&["create-managed-prefix-list", "--cli-input-json", &rendered]);
        let id = made["PrefixList"]["PrefixListId"].as_str().unwrap();
        let mut modify = |version: &str, words: &[&str]| {
            let modify = [
                "modify-managed-prefix-list",
                "--prefix-list-id",
                id,
                "--current-version",
            ];
            aws.run(&[&modify[..], &[version], words].concat());
            aws.run(&["get-managed-prefix-list-entries", "--prefix-list-id", id])
        };
        let found = modify("1", &["--prefix-list-name", "renamed"]);
        assert_eq!(checked(&options, &found), (0, String::new()), "{found}");
        let words: Vec<&str> = changes.split(' ').collect();
        let found = modify("1", &words);
        let (status, repair) = checked(&options, &found);
        assert_eq!(status, 1, "{found}");
        let repaired = modify("2", &["--cli-input-json", &repair]);
        assert_eq!(
            checked(&options, &repaired),
            (0, String::new()),
            "{repair}\n{repaired}"
        );
        let cidrs = |list: &Value| -> BTreeSet<String> {
            let entries = list["Entries"].as_array().unwrap().iter();
            entries.map(|entry| entry["Cidr"].to_string()).collect()
        };
        let rendered: Value = serde_json::from_str(&rendered).unwrap();
        assert_eq!(cidrs(&repaired), cidrs(&rendered));
    }
}
