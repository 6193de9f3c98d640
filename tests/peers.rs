//! Others' programs judge the outputs: the AWS command line and its moto server, and a Cisco
//! access list parser.

mod common;

use std::process::Command;

use common::facts;
use common::{Tool, matrix, python, render};

/// What describe-security-groups shall show, a line each.
fn expected_permissions(case: &common::Case) -> String {
    let mut lines = Vec::new();
    for (key, ranges) in facts::expected(case, false) {
        let (first, last) = match key.destination_ports {
            // TCP 5060 and 5061 are one range.
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
            "notice: {rules} rules {}, and a security group takes 60",
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
    assert!(over > 0, "no selection is over the default quota");
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

/// Our lines as the package writes them: without comments, with two spaces.
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
