//! `verify` agrees with the kernel about whole firewalls as people have them, which the collector prints.

use std::path::Path;

use serde_json::Value;
use twilio_sip_allow::format::capture::collector;

use crate::common::facts::address;
use crate::common::lab::{BackEnd, Lab, Place};
use crate::common::namespace::Namespace;
use crate::common::readers::{Flag, Packet};
use crate::common::wire::Shape;
use crate::common::{Tool, render, tell};

/// Captures in `tests/firewalls` of rules for a PBX itself.
const ON_PBX: [&str; 9] = [
    "aws-wrong",
    "calico",
    "crowdsec-nft",
    "csf",
    "firehol",
    "freepbx",
    "freepbx-responsive",
    "proxmox",
    "script-nft",
];

/// Returns the output of a command in a capture.
fn section<'t>(capture: &'t str, command: &str) -> &'t str {
    let start = format!("===== twilio-sip-allow 1: {command}: ");
    let (_, rest) = capture.split_once(&start).unwrap_or_default();
    let (_, output) = rest.split_once(" =====\n").unwrap_or_default();
    let end = output.find("===== twilio-sip-allow").unwrap_or_default();
    &output[..end]
}

/// Returns a script that loads the rules of a capture again, for the interfaces of the lab.
fn script(name: &str) -> String {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/firewalls/{name}.capture"));
    let capture = std::fs::read_to_string(path).unwrap();
    let loads = [
        ("ipset save", "ipset restore"),
        (
            "iptables-legacy-save",
            "/usr/sbin/xtables-legacy-multi iptables-restore",
        ),
        ("nft list ruleset", "nft -f -"),
    ];
    let commands = loads.into_iter().filter_map(|(command, load)| {
        let rules = section(&capture, command);
        (!rules.is_empty()).then(|| format!("{load} <<'RULES'\n{rules}RULES\n"))
    });
    let all: String = commands.collect();
    // The remaining time of an element is no property that can be set.
    let parts = all
        .split(" expires ")
        .enumerate()
        .map(|(number, part)| match number {
            0 => part,
            _ => part.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric()),
        });
    let all: String = parts.collect();
    all.replace("eth0", "wall0").replace("docker0", "wall1")
}

/// One packet of each call from Twilio, with the name of its kind and its region.
fn probes(destination: u32) -> Vec<(String, String, (Packet, Shape))> {
    let rules = render("--edition current --format csv --direction in");
    let probe = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        let [_, plane, transport, protocol, remote, _, _, ports, origin] = fields[..] else {
            panic!("{line}")
        };
        let packet = Packet {
            direction: "in",
            protocol: if protocol == "udp" { "udp" } else { "tcp" },
            source: address(remote.split('/').next().unwrap()),
            source_port: 31337,
            destination,
            destination_port: ports.split('-').next().unwrap().parse().unwrap(),
            ack: false,
            flag: Flag::None,
        };
        let kind = format!("{plane} {transport}").trim_end().to_owned();
        let region = origin.split(" (").next().unwrap().to_owned();
        (kind, region, (packet, Shape::Whole))
    };
    rules.lines().skip(1).map(probe).collect()
}

/// Returns the verdict about the first packet of a call from Twilio; `None` if it depends on conditions.
fn passes(machine: &Value, kind: &str, region: &str) -> Option<bool> {
    let calls = machine["calls"].as_array().unwrap();
    let call = calls.iter().find(|call| {
        let parts = ["plane", "transport"].map(|key| call[key].as_str().unwrap_or_default());
        call["direction"] == "in" && parts.join(" ").trim_end() == kind
    });
    let groups = call.unwrap()["groups"].as_array().unwrap();
    let has_region = |group: &&Value| {
        group["regions"]
            .as_array()
            .unwrap()
            .contains(&region.into())
    };
    let group = groups.iter().find(has_region).unwrap();
    match group["verdict"].as_str().unwrap() {
        "passes" => Some(true),
        "blocked" => Some(group["problem"]["stage"] != "new"),
        _ => None,
    }
}

/// Loads a firewall with a script, and compares the verdicts with packets. Returns the numbers of passed and of stopped
/// packets.
fn agrees(name: &str, lab: &Lab, script: &str, options: &str) -> (usize, usize) {
    let show = format!("echo @@\nsh <<'COLLECTOR'\n{}COLLECTOR\n", collector());
    let printed = lab.load_firewall(script, &show);
    let (_, capture) = printed.split_once("@@\n").unwrap();
    let line = format!("verify --report json --direction in {options} capture");
    let ran = Tool::line(&line).file("capture", capture).run();
    assert_eq!(ran.stderr, "", "{name}");
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let probes = probes(address("192.0.2.10"));
    let packets: Vec<_> = probes.iter().map(|(_, _, probe)| *probe).collect();
    let passed = lab.passed("in", &packets);
    let mut counts = (0, 0);
    for ((kind, region, _), passed) in probes.iter().zip(passed) {
        let Some(expected) = passes(&report["machines"][0], kind, region) else {
            continue;
        };
        assert_eq!(passed, expected, "{name}: {kind} from {region}");
        if passed {
            counts.0 += 1;
        } else {
            counts.1 += 1;
        }
    }
    tell(&format!(
        "real firewalls: {name}: {} pass, {} are stopped",
        counts.0, counts.1
    ));
    counts
}

fn has_tools(test: &str, tools: &[&str]) -> bool {
    Namespace::new(test, tools).is_some()
}

#[test]
fn packets_agree_with_verdicts_about_a_pbx() {
    let test = "packets_agree_with_verdicts_about_a_pbx";
    if !has_tools(test, &["ipset"]) {
        return;
    }
    let mut all = (0, 0);
    for name in ON_PBX {
        let Some(lab) = Lab::new(test, BackEnd::Nftables, Place::OnPbx) else {
            return;
        };
        let (passed, stopped) = agrees(name, &lab, &script(name), "");
        all = (all.0 + passed, all.1 + stopped);
    }
    assert!(all.0 > 100 && all.1 > 20, "{all:?}");
}

/// Docker publishes ports past the chain INPUT.
#[test]
fn packets_agree_with_verdicts_about_published_ports() {
    let test = "packets_agree_with_verdicts_about_published_ports";
    let Some(lab) = Lab::new(test, BackEnd::Nftables, Place::InFront) else {
        return;
    };
    let docker = script("docker28-user").replace("172.17.0.2", "198.51.100.10");
    assert_eq!(agrees("docker28-user", &lab, &docker, ""), (25, 0));
    let closed = docker.replace(
        "-A DOCKER-USER -s 54.172.60.0/30 -i wall0 -p udp",
        "-A DOCKER-USER -i wall9 -p udp",
    );
    assert_ne!(closed, docker);
    assert_eq!(agrees("docker28-user, closed", &lab, &closed, ""), (24, 1));
}

#[test]
fn packets_agree_with_verdicts_about_ufw() {
    let test = "packets_agree_with_verdicts_about_ufw";
    if !has_tools(test, &["ufw", "iptables", "mount"]) {
        return;
    }
    let Some(lab) = Lab::new(test, BackEnd::IptablesNft, Place::OnPbx) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let rules = render("--edition current --region tokyo,virginia --format ufw");
    std::fs::write(folder.path().join("rules"), rules).unwrap();
    let setup = format!(
        "cd {}
cp -a /etc/ufw etc; cp /etc/default/ufw default
mount --bind etc /etc/ufw; mount --bind default /etc/default/ufw
{{ ufw --force reset; ufw default deny incoming; ufw limit 22/tcp; ufw deny from 54.65.63.192/31
sh rules; ufw --force enable; }} >setup.log 2>&1",
        folder.path().display()
    );
    let (passed, stopped) = agrees("ufw", &lab, &setup, "");
    assert_eq!(passed + stopped, 25);
    assert!(passed > 3 && stopped > 17, "{passed} {stopped}");
}
