//! Independent programs read the outputs: the AWS command line with a moto server, and a parser of
//! Cisco access lists.

use crate::common;

use std::process::Command;

use crate::common::aws::Aws;
use crate::common::facts;
use crate::common::judge::{dialect, everything, policy};
use crate::common::{Tool, matrix, python, render};
use serde_json::{Value, json};
use twilio_sip_allow::format::{self, Unit, read::UnitQuery};
use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::policy::Policy;
use twilio_sip_allow::select::Selection;

/// The expected output of describe-security-groups, one rule per line.
fn expected_permissions(case: &common::Case) -> String {
    let mut lines = Vec::new();
    for (key, ranges) in facts::expected(case, false) {
        let (first, last) = match key.destination_ports {
            // TCP ports 5060 and 5061 are one range.
            (5060, 5060) if key.protocol == "tcp" => (5060, 5061),
            (5061, 5061) => continue,
            ports => ports,
        };
        for cidr in facts::cidrs(&facts::united(ranges)) {
            lines.push(format!("{} {first} {last} {cidr}", key.protocol));
        }
    }
    lines.join("\n") + "\n"
}

#[test]
fn the_aws_command_line_authorizes_every_selection() {
    let Some(python) = python("the_aws_command_line_authorizes_every_selection") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (mut count, mut over) = (0, 0);
    for case in matrix() {
        if case.direction == "both" {
            continue;
        }
        let ran = Tool::line(&format!("{} --format aws-sg", case.options())).run();
        let expected = expected_permissions(&case);
        let rules = expected.lines().count();
        let notice = format!(
            "note: direction '{}' has {rules} rules, more than the default quota of 60",
            case.direction
        );
        assert_eq!(ran.stderr.contains(&notice), rules > 60, "{ran}");
        over += usize::from(rules > 60);
        let text = ran.ok();
        let name = format!("{}.{}", case.name(), case.direction);
        let path = folder.path().join(name);
        let with = |ending: &str| format!("{}.{ending}", path.display());
        std::fs::write(with("json"), text).unwrap();
        std::fs::write(with("expected"), expected).unwrap();
        count += 1;
    }
    assert!(over > 0, "no selection exceeds the default quota");
    let output = Command::new(python)
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/peers/aws_sg.py"
        ))
        .arg(folder.path())
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stdout}\n{stderr}");
    assert_eq!(stdout.trim(), format!("authorized {count}"), "{stderr}");
}

/// Rules that people add to a group by hand. A new group also allows all outbound traffic. The server
/// requires ports for every protocol, and an IPv6 VPC to revoke IPv6 ranges.
fn permissions_by_hand(group: &str) -> Value {
    json!([
        {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "192.0.2.0/24", "Description": "test"}]},
        {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
        {"IpProtocol": "50", "FromPort": -1, "ToPort": -1, "IpRanges": [{"CidrIp": "198.51.100.7/32"}]},
        {"IpProtocol": "udp", "FromPort": 5060, "ToPort": 5061, "IpRanges": [{"CidrIp": "54.65.63.192/29"}]},
        {"IpProtocol": "udp", "FromPort": 10000, "ToPort": 12000, "IpRanges": [{"CidrIp": "54.65.63.192/27"}]},
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32"}]},
        {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": group}]},
        {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "PrefixListIds": [{"PrefixListId": "pl-63a5400a"}]},
    ])
}

#[test]
fn the_printed_commands_repair_a_security_group() {
    let Some(python) = python("the_printed_commands_repair_a_security_group") else {
        return;
    };
    let mut aws = Aws::start(&python);
    let vpc = aws.run(&[
        "create-vpc",
        "--cidr-block",
        "10.0.0.0/16",
        "--amazon-provided-ipv6-cidr-block",
    ]);
    let vpc = vpc["Vpc"]["VpcId"].as_str().unwrap();
    let make = ["create-security-group", "--description", "test", "--vpc-id"];
    let group = aws.run(&[&make[..], &[vpc, "--group-name", "calls"]].concat());
    let group = group["GroupId"].as_str().unwrap();
    let permissions = permissions_by_hand(group).to_string();
    for way in ["ingress", "egress"] {
        let authorize = format!("authorize-security-group-{way}");
        aws.run(&[
            &authorize,
            "--group-id",
            group,
            "--ip-permissions",
            &permissions,
        ]);
    }

    let format = dialect("aws-sg");
    let policy = tokyo();
    let unit = Unit {
        name: "calls".parse().unwrap(),
        table: None,
        ..Unit::default()
    };
    let wanted = UnitQuery {
        unit: &unit,
        directions: &policy.scope.directions,
        limits: Limits::default(),
    };
    let drift = |text: &str| -> (usize, usize) {
        let units = format::parse(format, text, wanted).unwrap();
        let drift = format::compare(format, &policy, &units, Limits::default(), || &[]).unwrap();
        (
            drift.missing.len(),
            drift.extra.len() + drift.unmeasured.len(),
        )
    };
    let found = aws.run(&["describe-security-groups"]).to_string();
    let (missing, extra) = drift(&found);
    assert!(missing > 3 && extra > 12, "{found}");
    let repair = format
        .parser()
        .unwrap()
        .stepwise_repair(&policy, &found, wanted);
    let repair: Value = serde_json::from_str(&repair.unwrap().unwrap()).unwrap();
    assert_eq!(repair.as_object().unwrap().len(), 4);
    for (command, input) in repair.as_object().unwrap() {
        aws.run(&[command, "--cli-input-json", &input.to_string()]);
    }
    let found = aws.run(&["describe-security-groups"]).to_string();
    assert_eq!(drift(&found), (0, 0), "{found}");
}

/// The lines of the report about units that are not hooked, and the diagnosis.
fn not_hooked(documents: &[&Value]) -> Vec<String> {
    let text: String = documents.iter().map(ToString::to_string).collect();
    let line = "check --region tokyo --edition global --format aws-sg --name calls --quiet listing";
    let ran = Tool::line(line).file("listing", text).run();
    let report = ran.stdout.lines().map(str::trim);
    let found =
        report.filter(|line| line.starts_with("not hooked: ") || line.starts_with("diagnosis: "));
    let found: Vec<String> = found.map(str::to_owned).collect();
    assert_eq!(ran.status, i32::from(!found.is_empty()), "{ran}");
    found
}

/// From a new group to an instance whose network ACL denies the calls.
#[test]
fn check_reports_a_security_group_that_no_packet_gets_to() {
    let Some(python) = python("check_reports_a_security_group_that_no_packet_gets_to") else {
        return;
    };
    let mut aws = Aws::start(&python);
    let id = |made: &Value, path: &str| made.pointer(path).unwrap().as_str().unwrap().to_owned();
    let vpc = id(
        &aws.run(&["create-vpc", "--cidr-block", "10.0.0.0/16"]),
        "/Vpc/VpcId",
    );
    let subnet = [
        "create-subnet",
        "--vpc-id",
        &vpc,
        "--cidr-block",
        "10.0.1.0/24",
    ];
    let subnet = id(&aws.run(&subnet), "/Subnet/SubnetId");
    let group = [
        "create-security-group",
        "--description",
        "test",
        "--group-name",
        "calls",
        "--vpc-id",
        &vpc,
    ];
    let group = id(&aws.run(&group), "/GroupId");
    for (direction, way) in [("in", "ingress"), ("out", "egress")] {
        let rules = render(&format!(
            "-f aws-sg --region tokyo --edition global --direction {direction}"
        ));
        let authorize = format!("authorize-security-group-{way}");
        aws.run(&[&authorize, "--group-id", &group, "--cli-input-json", &rules]);
    }
    let all = r#"[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]"#;
    aws.run(&[
        "revoke-security-group-egress",
        "--group-id",
        &group,
        "--ip-permissions",
        all,
    ]);
    let groups = aws.run(&["describe-security-groups", "--group-ids", &group]);
    let name = format!("{group} (calls)");
    let diagnosis = "diagnosis: the rules are complete, but no packet passes because of them; use the group for the \
                     network interface of the server, and let its network ACL allow the packets";
    // One line for both directions.
    let once = |reason: &str| vec![diagnosis.to_owned(), format!("not hooked: {reason}")];
    let mut listed = |command: &str| aws.run(&[command]);
    assert_eq!(not_hooked(&[&groups]), [""; 0]);
    let none = listed("describe-network-interfaces");
    assert_eq!(
        not_hooked(&[&groups, &none]),
        once(&format!("no network interface uses {name}"))
    );
    let none = listed("describe-instances");
    assert_eq!(
        not_hooked(&[&groups, &none]),
        once(&format!("no instance uses {name}"))
    );

    let interface = [
        "create-network-interface",
        "--subnet-id",
        &subnet,
        "--groups",
        &group,
    ];
    let interface = id(&aws.run(&interface), "/NetworkInterface/NetworkInterfaceId");
    let unattached = aws.run(&["describe-network-interfaces"]);
    let reason = format!("only unattached network interfaces use {name}, such as {interface}");
    assert_eq!(not_hooked(&[&groups, &unattached]), once(&reason));

    let image = id(&aws.run(&["describe-images"]), "/Images/0/ImageId");
    aws.run(&[
        "run-instances",
        "--image-id",
        &image,
        "--subnet-id",
        &subnet,
        "--security-group-ids",
        &group,
    ]);
    let interfaces = aws.run(&["describe-network-interfaces"]);
    let instances = aws.run(&["describe-instances"]);
    let acls = aws.run(&["describe-network-acls"]);
    for others in [
        vec![&interfaces],
        vec![&instances],
        vec![&interfaces, &instances, &acls],
    ] {
        assert_eq!(not_hooked(&[&[&groups], &others[..]].concat()), [""; 0]);
    }

    // A network ACL that allows only other inbound packets.
    let acl = id(
        &aws.run(&["create-network-acl", "--vpc-id", &vpc]),
        "/NetworkAcl/NetworkAclId",
    );
    let entry = [
        "create-network-acl-entry",
        "--network-acl-id",
        &acl,
        "--cidr-block",
        "0.0.0.0/0",
    ];
    for words in [
        "--egress --rule-number 100 --protocol -1 --rule-action allow",
        "--ingress --rule-number 100 --protocol udp --port-range From=53,To=53 --rule-action allow",
        "--ingress --rule-number 110 --protocol icmp --icmp-type-code Type=8,Code=-1 --rule-action allow",
        "--ingress --rule-number 32766 --protocol -1 --rule-action deny",
    ] {
        let words: Vec<_> = words.split(' ').collect();
        aws.run(&[&entry[..], &words[..]].concat());
    }
    let association = acls["NetworkAcls"].as_array().unwrap().iter();
    let mut association = association.flat_map(|acl| acl["Associations"].as_array().unwrap());
    let association = association
        .find(|association| association["SubnetId"] == subnet)
        .unwrap();
    let association = association["NetworkAclAssociationId"].as_str().unwrap();
    aws.run(&[
        "replace-network-acl-association",
        "--association-id",
        association,
        "--network-acl-id",
        &acl,
    ]);
    let acls = aws.run(&["describe-network-acls"]);
    let denied = format!("not hooked: the network ACL {acl} denies all expected packets");
    for used in [&interfaces, &instances] {
        assert_eq!(not_hooked(&[&groups, used, &acls]), [diagnosis, &denied]);
    }
}

/// The commands of the README, line by line.
#[test]
fn the_quick_start_of_the_readme_authorizes_checks_and_revokes() {
    let Some(python) = python("the_quick_start_of_the_readme_authorizes_checks_and_revokes") else {
        return;
    };
    let readme = include_str!("../../README.md");
    let blocks = readme
        .split("```")
        .filter(|block| block.contains("aws ec2"));
    let lines = blocks.flat_map(|block| block.lines().skip(1));
    let mut aws = Aws::start(&python);
    let make = ["create-security-group", "--description", "test"];
    let group = aws.run(&[&make[..], &["--group-name", "pbx"]].concat());
    let group = group["GroupId"].as_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("in.json").display().to_string();
    let mut checks = 0;
    for line in lines {
        let line = line.replace("\"$GROUP\"", group).replace("in.json", &file);
        if let Some(call) = line.strip_prefix("twilio-sip-allow ") {
            Tool::line(call).run_once();
            continue;
        }
        let (command, check) = line.split_once(" | ").unwrap_or((&line, ""));
        let words = command.strip_prefix("aws ec2 ").unwrap().split(' ');
        let printed = aws.run(&words.collect::<Vec<_>>()).to_string();
        if let Some(call) = check.strip_prefix("twilio-sip-allow ") {
            let call = format!("{call} listing");
            let report = Tool::line(&call).file("listing", printed).run_once();
            assert!(report.starts_with("in sync: "), "{report}");
            checks += 1;
        }
    }
    assert_eq!(checks, 1);
    let left = aws.run(&["describe-security-groups", "--group-ids", group]);
    assert_eq!(left["SecurityGroups"][0]["IpPermissions"], json!([]));
}

fn tokyo() -> Policy {
    let selection = Selection {
        regions: vec!["tokyo".to_owned()],
        ..everything()
    };
    policy(&["regional"], &selection).unwrap()
}

/// The output in the form that the package writes: without comments, and with two spaces.
fn as_the_package_writes(text: &str) -> Vec<String> {
    text.lines()
        .filter(|line| !line.starts_with('!') && !line.starts_with("no "))
        .map(|line| line.trim().to_owned())
        .collect()
}

#[test]
fn a_cisco_parser_understands_every_line() {
    let Some(python) = python("a_cisco_parser_understands_every_line") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut expected = Vec::new();
    let local = "--local-address 192.0.2.10,198.51.100.0/24 --local-sip-port 5070 --name PBX_a";
    let options = matrix().into_iter().map(|case| case.options());
    for (number, options) in options.chain([local.to_owned()]).enumerate() {
        let text = render(&format!("{options} --format cisco"));
        let path = folder.path().join(number.to_string());
        std::fs::write(&path, &text).unwrap();
        expected.push((path, as_the_package_writes(&text)));
    }
    let output = Command::new(python)
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/peers/cisco_acl_lines.py"
        ))
        .args(expected.iter().map(|(path, _)| path))
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    let mut printed = stdout.lines().map(str::trim).peekable();
    for (path, lines) in &expected {
        assert_eq!(printed.next(), path.to_str());
        for line in lines {
            assert_eq!(printed.next(), Some(line.as_str()), "{}", path.display());
        }
    }
    assert_eq!(printed.next(), None);
}
