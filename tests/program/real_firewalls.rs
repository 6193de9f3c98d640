//! Whole firewalls as people have them. Real programs and rules in their style made them, and the collector printed them.
//!
//! Conversations through the same rules in network namespaces confirmed each verdict in `tests/firewalls/expected`, and
//! that each damage and each opening has the stated effect.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;

use crate::common::Tool;

/// Returns the start of the table filter, with a table nat of one rule before it.
macro_rules! nat_before_filter {
    ($rule:literal) => {
        concat!(
            "*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n",
            $rule,
            "\nCOMMIT\n*filter"
        )
    };
}

/// For each capture: its options, the calls that do not pass, and the others who get in.
const EXPECTED: &str = include_str!("../firewalls/expected");

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/firewalls")
}

fn capture(name: &str) -> String {
    let path = folder().join(format!("{name}.capture"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The options and the expected lines of a capture.
fn expected(name: &str) -> (&'static str, Vec<&'static str>) {
    let start = format!("[{name}]");
    let mut blocks = EXPECTED.split("\n\n");
    let block = blocks.find(|block| block.starts_with(&start)).unwrap();
    let mut lines = block.lines();
    let options = lines.next().unwrap().trim_start_matches(&start);
    (options, lines.collect())
}

/// Verifies a capture. Returns the exit status and the report about its only machine.
fn verify(text: &str, options: &str) -> (i32, Value) {
    let line = format!("verify --report json {options} capture");
    let ran = Tool::line(&line).file("capture", text).run();
    assert_eq!(ran.stderr, "");
    let mut report: Value = serde_json::from_str(&ran.stdout).unwrap();
    (ran.status, report["machines"][0].take())
}

fn text(line: &Value) -> &str {
    line["text"].as_str().unwrap_or("-")
}

fn words(list: &Value) -> String {
    let words = list.as_array().unwrap().iter();
    words
        .map(|word| word.as_str().unwrap())
        .collect::<Vec<_>>()
        .join(", ")
}

/// The name of a kind of packets, such as `in signaling udp`.
fn name_of(call: &Value) -> String {
    let parts = ["direction", "plane", "transport"].map(|key| call[key].as_str());
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// Describes a report in the notation of [`EXPECTED`].
fn description(machine: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for call in machine["calls"].as_array().unwrap() {
        let groups = call["groups"].as_array().unwrap();
        for group in groups.iter().filter(|group| group["verdict"] != "passes") {
            let problem = &group["problem"];
            let regions = if groups.len() == 1 {
                "all".to_owned()
            } else {
                words(&group["regions"])
            };
            lines.push(format!(
                "{}: {} ({regions}), {}, {}: {}",
                name_of(call),
                group["verdict"].as_str().unwrap(),
                problem["stage"].as_str().unwrap(),
                problem["cause"].as_str().unwrap(),
                text(&problem["decided_by"])
            ));
            let conditions = problem["conditions"].as_array().unwrap().iter();
            lines.extend(conditions.map(|line| format!("    condition: {}", text(line))));
        }
    }
    for exposure in machine["exposures"].as_array().unwrap() {
        let sources = &exposure["sources"];
        let who = if sources["any"] == true {
            "any".to_owned()
        } else {
            words(&sources["only"])
        };
        let perhaps = if exposure["sometimes"] == true {
            " perhaps"
        } else {
            ""
        };
        lines.push(format!(
            "exposed{perhaps}: {who} -> {} {}: {}",
            exposure["protocol"].as_str().unwrap(),
            exposure["ports"].as_str().unwrap(),
            text(&exposure["decided_by"])
        ));
        if exposure["translated_by"].is_object() {
            lines.push(format!("    after: {}", text(&exposure["translated_by"])));
        }
    }
    lines
}

/// The lines of a list that are not in another one, each with a sign in front.
fn only_in_first(sign: char, first: &[String], second: &[String]) -> String {
    let missing = first.iter().filter(|line| !second.contains(line));
    let lines: Vec<String> = missing.map(|line| format!("\n{sign} {line}")).collect();
    lines.concat()
}

/// Fails with all errors at once.
fn assert_none(errors: &[String]) {
    assert!(errors.is_empty(), "\n{}", errors.join("\n"));
}

#[test]
fn verdicts_about_real_firewalls_are_right() {
    let mut known = BTreeSet::new();
    let mut errors = Vec::new();
    for block in EXPECTED.split("\n\n") {
        let name = block.trim_start_matches('[').split(']').next().unwrap();
        known.insert(format!("{name}.capture"));
        let (options, lines) = expected(name);
        let (status, machine) = verify(&capture(name), options);
        let found = description(&machine);
        if found != lines {
            let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
            let missing = only_in_first('-', &lines, &found);
            let more = only_in_first('+', &found, &lines);
            errors.push(format!("{name}{missing}{more}"));
            continue;
        }
        // Others who reach media do not fail the run.
        let matters = |line: &&&str| !(line.starts_with("exposed") && line.contains(" 10000-"));
        let fails = lines
            .iter()
            .any(|line| matters(&line) && !line.starts_with(' '));
        if status != i32::from(fails) {
            errors.push(format!("{name}: exit status {status}"));
        }
    }
    assert_none(&errors);
    let files = std::fs::read_dir(folder()).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let captures: BTreeSet<String> = names.filter(|name| name.ends_with(".capture")).collect();
    assert_eq!(captures, known);
}

/// A change of a capture after which some calls do not pass.
struct Damage {
    name: &'static str,
    firewall: &'static str,
    edits: &'static [(&'static str, &'static str)],
    /// The calls, such as `in signaling udp`.
    calls: &'static str,
    /// The start of the line that decides; empty if no rule does.
    decided_by: &'static str,
}

const fn damage(
    name: &'static str,
    firewall: &'static str,
    edits: &'static [(&'static str, &'static str)],
    calls: &'static str,
    decided_by: &'static str,
) -> Damage {
    Damage {
        name,
        firewall,
        edits,
        calls,
        decided_by,
    }
}

const DAMAGE: &[Damage] = &[
    damage(
        "chain without a jump",
        "script-ipt",
        &[("-A INPUT -p udp -m udp --dport 5060 -j twilio\n", "")],
        "in signaling udp",
        ":INPUT DROP [0:0]",
    ),
    damage(
        "drop before the jump",
        "script-ipt",
        &[(
            "-A INPUT -p udp -m udp --dport 5060 -j twilio",
            "-A INPUT -p udp -m udp --dport 5060 -j DROP\n-A INPUT -p udp -m udp --dport 5060 -j twilio",
        )],
        "in signaling udp",
        "-A INPUT -p udp -m udp --dport 5060 -j DROP",
    ),
    damage(
        "jump after a drop of everything",
        "script-ipt",
        &[
            ("-A INPUT -p udp -m udp --dport 5060 -j twilio\n", ""),
            (
                "-A INPUT -p tcp -m multiport --dports 5060,5061 -j twilio",
                "-A INPUT -p udp -j DROP
-A INPUT -p tcp -m multiport --dports 5060,5061 -j twilio
-A INPUT -p udp -m udp --dport 5060 -j twilio",
            ),
        ],
        "in signaling udp",
        "-A INPUT -p udp -j DROP",
    ),
    damage(
        "jump for loopback only",
        "script-ipt",
        &[(
            "-A INPUT -p udp -m udp --dport 5060 -j twilio",
            "-A INPUT -i lo -p udp -m udp --dport 5060 -j twilio",
        )],
        "in signaling udp",
        ":INPUT DROP [0:0]",
    ),
    damage(
        "jump for another interface",
        "script-ipt",
        &[(
            "-A INPUT -p udp -m udp --dport 5060 -j twilio",
            "-A INPUT -i eth1 -p udp -m udp --dport 5060 -j twilio",
        )],
        "in signaling udp",
        ":INPUT DROP [0:0]",
    ),
    damage(
        "jump for UDP only",
        "script-ipt",
        &[(
            "-A INPUT -p tcp -m multiport --dports 5060,5061 -j twilio\n",
            "",
        )],
        "in signaling tls",
        ":INPUT DROP [0:0]",
    ),
    damage(
        "only one port of two",
        "script-ipt",
        &[(
            "-A INPUT -p tcp -m multiport --dports 5060,5061 -j twilio",
            "-A INPUT -p tcp -m tcp --dport 5060 -j twilio",
        )],
        "in signaling tls",
        ":INPUT DROP [0:0]",
    ),
    damage(
        "wrong port",
        "script-ipt",
        &[(
            "-A INPUT -p udp -m udp --dport 5060 -j twilio",
            "-A INPUT -p udp -m udp --dport 5070 -j twilio",
        )],
        "in signaling udp",
        ":INPUT DROP [0:0]",
    ),
    damage(
        "wrong protocol",
        "script-ipt",
        &[(
            "-A INPUT -p udp -m udp --dport 5060 -j twilio",
            "-A INPUT -p tcp -m tcp --dport 5060 -j twilio",
        )],
        "in signaling udp",
        ":INPUT DROP [0:0]",
    ),
    damage(
        "network missing",
        "script-ipt",
        &[("-A twilio -s 54.171.127.192/30 -p udp -j ACCEPT\n", "")],
        "in signaling udp",
        ":INPUT DROP [0:0]",
    ),
    damage(
        "network too narrow",
        "script-ipt",
        &[(
            "-A twilio -s 54.171.127.192/30 -p udp -j ACCEPT",
            "-A twilio -s 54.171.127.192/31 -p udp -j ACCEPT",
        )],
        "in signaling udp",
        ":INPUT DROP [0:0]",
    ),
    damage(
        "networks of an old edition",
        "script-ipt",
        &[
            (
                "-A twilio -s 54.172.60.0/30 -p udp",
                "-A twilio -s 54.172.60.128/30 -p udp",
            ),
            (
                "-A twilio -s 54.172.60.0/30 -p tcp",
                "-A twilio -s 54.172.60.128/30 -p tcp",
            ),
        ],
        "in signaling udp",
        ":INPUT DROP [0:0]",
    ),
    damage(
        "media ports of an old edition",
        "script-ipt",
        &[("--dport 10000:60000", "--dport 10000:20000")],
        "in media",
        ":INPUT DROP [0:0]",
    ),
    damage(
        "return before the rules",
        "script-ipt",
        &[(
            "-A twilio -s 54.172.60.0/30 -p udp -j ACCEPT",
            "-A twilio -p udp -j RETURN\n-A twilio -s 54.172.60.0/30 -p udp -j ACCEPT",
        )],
        "in signaling udp",
        ":INPUT DROP [0:0]",
    ),
    damage(
        "drop at the end of another chain",
        "script-ipt",
        &[
            (
                "-A INPUT -p udp -m udp --dport 5060 -j twilio",
                "-A INPUT -p udp -j blocked\n-A INPUT -p udp -m udp --dport 5060 -j twilio",
            ),
            (
                "-A twilio -s 54.172.60.0/30 -p udp -j ACCEPT",
                "-A blocked -s 54.0.0.0/8 -j DROP\n-A twilio -s 54.172.60.0/30 -p udp -j ACCEPT",
            ),
            (":twilio - [0:0]", ":blocked - [0:0]\n:twilio - [0:0]"),
        ],
        "in signaling udp",
        "-A blocked -s 54.0.0.0/8 -j DROP",
    ),
    damage(
        "rate limit on SIP",
        "script-ipt",
        &[(
            "-A INPUT -p udp -m udp --dport 5060 -j twilio",
            "-A INPUT -p udp -m udp --dport 5060 -m hashlimit --hashlimit-above 10/sec --hashlimit-mode srcip --hashlimit-name sip -j DROP\n-A INPUT -p udp -m udp --dport 5060 -j twilio",
        )],
        "in signaling udp",
        "-A INPUT -p udp -m udp --dport 5060 -m hashlimit",
    ),
    damage(
        "string match before the jump",
        "script-ipt",
        &[(
            "-A INPUT -p udp -m udp --dport 5060 -j twilio",
            r#"-A INPUT -p udp -m udp --dport 5060 -m string --string "sip" --algo bm -j DROP
-A INPUT -p udp -m udp --dport 5060 -j twilio"#,
        )],
        "in signaling udp",
        "-A INPUT -p udp -m udp --dport 5060 -m string",
    ),
    damage(
        "outgoing packets dropped",
        "script-ipt",
        &[(":OUTPUT ACCEPT [0:0]", ":OUTPUT DROP [0:0]")],
        "in signaling udp",
        ":OUTPUT DROP [0:0]",
    ),
    damage(
        "outgoing signaling dropped",
        "script-ipt",
        &[(
            "-A INPUT -i lo -j ACCEPT",
            "-A INPUT -i lo -j ACCEPT\n-A OUTPUT -p udp -m udp --dport 5060 -j REJECT --reject-with icmp-port-unreachable",
        )],
        "out signaling udp",
        "-A OUTPUT -p udp -m udp --dport 5060 -j REJECT",
    ),
    damage(
        "no rule for replies",
        "script-ipt",
        &[(
            "-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT\n",
            "",
        )],
        "out signaling udp",
        ":INPUT DROP [0:0]",
    ),
    damage(
        "replies of TCP only",
        "script-ipt",
        &[(
            "-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT",
            "-A INPUT -p tcp -m state --state RELATED,ESTABLISHED -j ACCEPT",
        )],
        "out signaling udp",
        ":INPUT DROP [0:0]",
    ),
    damage(
        "new connections dropped",
        "script-ipt",
        &[(
            "-A INPUT -p udp -m udp --dport 5060 -j twilio",
            "-A INPUT -m state --state NEW -j DROP\n-A INPUT -p udp -m udp --dport 5060 -j twilio",
        )],
        "in signaling udp",
        "-A INPUT -m state --state NEW -j DROP",
    ),
    damage(
        "drop in the raw table",
        "script-ipt",
        &[(
            "*filter",
            "*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -i eth0 -p udp -m udp --dport 5060 -j DROP
COMMIT
*filter",
        )],
        "in signaling udp",
        "-A PREROUTING -i eth0 -p udp -m udp --dport 5060 -j DROP",
    ),
    damage(
        "rate limit before connection tracking",
        "script-ipt",
        &[(
            "*filter",
            "*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A PREROUTING -p udp -m udp --dport 5060 -m hashlimit \
             --hashlimit-above 10/sec --hashlimit-mode srcip --hashlimit-name sip -j DROP\nCOMMIT\n*filter",
        )],
        "in signaling udp",
        "-A PREROUTING -p udp -m udp --dport 5060 -m hashlimit",
    ),
    damage(
        "drop in the mangle table",
        "script-ipt",
        &[(
            "*filter",
            "*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A INPUT -s 54.172.0.0/16 -j DROP
COMMIT
*filter",
        )],
        "in signaling udp",
        "-A INPUT -s 54.172.0.0/16 -j DROP",
    ),
    damage(
        "untracked without a rule for replies",
        "script-ipt",
        &[(
            "*filter",
            "*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A OUTPUT -p udp -m udp --dport 5060 -j CT --notrack
-A PREROUTING -p udp -m udp --sport 5060 -j CT --notrack
COMMIT
*filter",
        )],
        "out signaling udp",
        ":INPUT DROP [0:0]",
    ),
    damage(
        "rules in the nat table",
        "script-ipt",
        &[
            ("-A INPUT -p udp -m udp --dport 5060 -j twilio\n", ""),
            (
                "*filter",
                nat_before_filter!("-A PREROUTING -p udp -m udp --dport 5060 -j ACCEPT"),
            ),
        ],
        "in signaling udp",
        ":INPUT DROP [0:0]",
    ),
    damage(
        "redirected to another port",
        "script-ipt",
        &[(
            "*filter",
            nat_before_filter!(
                "-A PREROUTING -p udp -m udp --dport 5060 -j REDIRECT --to-ports 5080"
            ),
        )],
        "in signaling udp",
        ":INPUT DROP [0:0]",
    ),
    damage(
        "set without the networks",
        "calico",
        &[("add cali40s:twilio 54.172.60.0/30\n", "")],
        "in signaling udp",
        r#"-A cali-fh-eth0 -m comment --comment "Drop if no policies passed packet" -m mark --mark 0x0/0x20000 -j DROP"#,
    ),
    damage(
        "wrong mark",
        "freepbx",
        &[(
            "-A fpbxsignalling -p udp -m udp --dport 5060 -j MARK --set-xmark 0x1/",
            "-A fpbxsignalling -p udp -m udp --dport 5060 -j MARK --set-xmark 0x4/",
        )],
        "in signaling udp",
        "-A fpbxlogdrop -j DROP",
    ),
    damage(
        "mark cleared on the way",
        "freepbx",
        &[(
            "-A fpbxsmarthosts -s 54.172.60.0/30",
            "-A fpbxsmarthosts -j MARK --set-xmark 0x0/0x1\n-A fpbxsmarthosts -s 54.172.60.0/30",
        )],
        "in signaling udp",
        "-A fpbxlogdrop -j DROP",
    ),
    damage(
        "blocklist of the intrusion prevention",
        "crowdsec-ipset",
        &[(
            "add crowdsec-blacklists-1 54.244.51.0/30 timeout 2999",
            "add crowdsec-blacklists-1 54.244.51.0/30 timeout 0",
        )],
        "in signaling udp",
        "-A CROWDSEC_CHAIN -m set --match-set crowdsec-blacklists-1 src",
    ),
    damage(
        "packets accepted only without the mark",
        "proxmox",
        &[(
            "-A PVEFW-SET-ACCEPT-MARK -j MARK --set-xmark 0x80000000/0x80000000\n",
            "",
        )],
        "in signaling udp",
        "-A PVEFW-HOST-IN -j DROP",
    ),
    damage(
        "only replies from the server",
        "firehol",
        &[
            (
                "-A out_world_sip_s1 -d 54.172.60.0/30 -p udp -m udp --sport 5060 -m conntrack --ctstate ESTABLISHED -j ACCEPT\n",
                "",
            ),
            (
                "-A out_world_all_c4 -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT",
                "-A out_world_all_c4 -p tcp -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT",
            ),
        ],
        "in signaling udp",
        "-A out_world -j DROP",
    ),
    damage(
        "forward blocked",
        "router",
        &[(
            "-A FORWARD -s 54.172.60.0/30 -d 192.168.1.20/32 -i eth0 -o eth1 -p udp -m udp --dport 5060 -j ACCEPT\n",
            "",
        )],
        "in signaling udp",
        ":FORWARD DROP [0:0]",
    ),
    damage(
        "DNAT to the wrong host",
        "router",
        &[(
            "-A PREROUTING -i eth0 -p udp -m udp --dport 5060 -j DNAT --to-destination 192.168.1.20",
            "-A PREROUTING -i eth0 -p udp -m udp --dport 5060 -j DNAT --to-destination 192.168.1.21",
        )],
        "in signaling udp",
        "-A PREROUTING -i eth0 -p udp -m udp --dport 5060 -j DNAT --to-destination 192.168.1.21",
    ),
    damage(
        "DNAT to the wrong port",
        "router",
        &[(
            "-A PREROUTING -i eth0 -p udp -m udp --dport 5060 -j DNAT --to-destination 192.168.1.20",
            "-A PREROUTING -i eth0 -p udp -m udp --dport 5060 -j DNAT --to-destination 192.168.1.20:5070",
        )],
        "in signaling udp",
        ":FORWARD DROP [0:0]",
    ),
    damage(
        "rule with the address before DNAT",
        "router",
        &[(
            "-A FORWARD -s 54.172.60.0/30 -d 192.168.1.20/32 -i eth0 -o eth1 -p udp",
            "-A FORWARD -s 54.172.60.0/30 -d 192.0.2.10/32 -i eth0 -o eth1 -p udp",
        )],
        "in signaling udp",
        ":FORWARD DROP [0:0]",
    ),
    damage(
        "wrong interface to the PBX",
        "router",
        &[(
            "-A FORWARD -s 54.172.60.0/30 -d 192.168.1.20/32 -i eth0 -o eth1 -p udp",
            "-A FORWARD -s 54.172.60.0/30 -d 192.168.1.20/32 -i eth0 -o eth2 -p udp",
        )],
        "in signaling udp",
        ":FORWARD DROP [0:0]",
    ),
    damage(
        "no DNAT",
        "router",
        &[(
            "-A PREROUTING -i eth0 -p udp -m udp --dport 5060 -j DNAT --to-destination 192.168.1.20\n",
            "",
        )],
        "in signaling udp",
        "",
    ),
    damage(
        "forward blocked for containers",
        "docker28",
        &[(
            "-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p udp -m udp --dport 5060 -j ACCEPT\n",
            "",
        )],
        "in signaling udp",
        "-A DOCKER ! -i docker0 -o docker0 -j DROP",
    ),
    damage(
        "input rules instead of DOCKER-USER",
        "docker28",
        &[(
            "-A FORWARD -j DOCKER-USER",
            "-A FORWARD -i eth0 -j DROP\n-A FORWARD -j DOCKER-USER",
        )],
        "in signaling udp",
        "-A FORWARD -i eth0 -j DROP",
    ),
    damage(
        "wrong priority",
        "crowdsec-nft",
        &[(
            "ip saddr @crowdsec-blacklists-crowdsec counter packets 0 bytes 0 drop
	}

	chain crowdsec-chain-forward",
            "ip saddr 54.0.0.0/8 drop
	}

	chain crowdsec-chain-forward",
        )],
        "in signaling udp",
        "ip saddr 54.0.0.0/8 drop",
    ),
    damage(
        "accepted in one table, dropped by another",
        "crowdsec-nft",
        &[(
            "table inet filter {",
            "table ip late {
	chain input {
		type filter hook input priority 10; policy drop;
		ct state established,related accept
	}
}
table inet filter {",
        )],
        "in signaling udp",
        "policy drop;",
    ),
    damage(
        "set of the old edition",
        "crowdsec-nft",
        &[("54.172.60.0/30", "54.172.60.128/30")],
        "in signaling udp",
        "policy drop;",
    ),
    damage(
        "wrong protocol in a set",
        "crowdsec-nft",
        &[("udp . 5060, ", "")],
        "in signaling udp",
        "policy drop;",
    ),
    damage(
        "untracked media without a rule",
        "script-nft",
        &[(
            "\t\tip saddr 168.86.128.0/18 udp dport 10000-60000 accept\n",
            "",
        )],
        "in media",
        "policy drop;",
    ),
    damage(
        "jump missing in a verdict map",
        "script-nft",
        &[("5060 : jump sip, ", "")],
        "in signaling udp",
        "policy drop;",
    ),
    damage(
        "drop at ingress",
        "script-nft",
        &[(
            "table inet firewall {",
            r#"table netdev early {
	chain ingress {
		type filter hook ingress device "eth0" priority 0; policy accept;
		udp dport 5060 drop
	}
}
table inet firewall {"#,
        )],
        "in signaling udp",
        "udp dport 5060 drop",
    ),
    damage(
        "port forward removed",
        "fw4",
        &[(
            "dnat ip to 192.168.1.20:5060",
            "dnat ip to 192.168.1.21:5060",
        )],
        "in signaling udp",
        "meta nfproto ipv4 udp dport 5060 counter packets 0 bytes 0 dnat ip to 192.168.1.21:5060",
    ),
];

/// The damage after which calls depend on a condition that the rules do not show.
const UNCERTAIN: [&str; 3] = [
    "rate limit on SIP",
    "rate limit before connection tracking",
    "string match before the jump",
];

/// Changes a capture, and corrects the numbers of lines in its marker lines.
fn edited(name: &str, firewall: &str, edits: &[(&str, &str)]) -> String {
    let mut text = capture(firewall);
    for (from, to) in edits {
        assert!(text.contains(from), "{name}: {from}");
        text = text.replacen(from, to, 1);
    }
    let is_marker = |line: &str| line.starts_with("===== twilio-sip-allow");
    let lines: Vec<&str> = text.lines().collect();
    let counted = lines.iter().enumerate().map(|(at, line)| {
        let Some((start, _)) = line.split_once(", lines ").filter(|_| is_marker(line)) else {
            return format!("{line}\n");
        };
        let rest = &lines[at + 1..];
        let count = rest.iter().take_while(|line| !is_marker(line)).count();
        format!("{start}, lines {count} =====\n")
    });
    counted.collect()
}

/// True if the number and the text of a line in the report belong together.
fn is_line_of(capture: &str, line: &Value) -> bool {
    let number = line["line"].as_u64().unwrap_or_default();
    let lines = capture.lines().zip(1..);
    let mut same = lines.filter(|(_, at)| *at == number);
    same.next()
        .is_some_and(|(whole, _)| whole.contains(text(line)))
}

/// Returns what is wrong with the report about a damage.
fn error_about_damage(damage: &Damage) -> Option<String> {
    let Damage { name, .. } = damage;
    let capture = edited(name, damage.firewall, damage.edits);
    let (status, machine) = verify(&capture, expected(damage.firewall).0);
    let verdict = if UNCERTAIN.contains(name) {
        "depends"
    } else {
        "blocked"
    };
    let mut calls = machine["calls"].as_array().unwrap().iter();
    let call = calls.find(|call| name_of(call) == damage.calls).unwrap();
    let mut groups = call["groups"].as_array().unwrap().iter();
    let Some(group) = groups.find(|group| group["verdict"] == verdict) else {
        return Some(format!("{name}: not found: {call}"));
    };
    let (problem, decided_by) = (&group["problem"], &group["problem"]["decided_by"]);
    let is_right = if damage.decided_by.is_empty() {
        problem["cause"] == "not_forwarded"
    } else {
        text(decided_by).starts_with(damage.decided_by)
            && is_line_of(&capture, decided_by)
            && (verdict != "depends"
                || ["line", "text"]
                    .iter()
                    .all(|key| problem["conditions"][0][key] == decided_by[key]))
    };
    (status != 1 || !is_right).then(|| format!("{name}: status {status}, {problem}"))
}

#[test]
fn each_damage_is_found_and_its_rule_is_named() {
    assert!(DAMAGE.len() >= 50);
    let errors: Vec<String> = DAMAGE.iter().filter_map(error_about_damage).collect();
    assert_none(&errors);
}

/// A firewall that lets others reach SIP.
struct Opening {
    name: &'static str,
    firewall: &'static str,
    edits: &'static [(&'static str, &'static str)],
    /// The protocol and the port.
    reached: &'static str,
    decided_by: &'static str,
    /// The rule that changes the destination before; empty if there is none.
    translated_by: &'static str,
}

const fn opening(
    name: &'static str,
    firewall: &'static str,
    edits: &'static [(&'static str, &'static str)],
    reached: &'static str,
    decided_by: &'static str,
    translated_by: &'static str,
) -> Opening {
    Opening {
        name,
        firewall,
        edits,
        reached,
        decided_by,
        translated_by,
    }
}

const OPENINGS: &[Opening] = &[
    opening(
        "accepted from everywhere",
        "script-ipt",
        &[(
            "-A INPUT -p udp -m udp --dport 5060 -j twilio",
            "-A INPUT -p udp -m udp --dport 5060 -j ACCEPT",
        )],
        "udp 5060",
        "-A INPUT -p udp -m udp --dport 5060 -j ACCEPT",
        "",
    ),
    opening(
        "accepted by the policy",
        "script-ipt",
        &[(":INPUT DROP [0:0]", ":INPUT ACCEPT [0:0]")],
        "tcp 5061",
        ":INPUT ACCEPT [0:0]",
        "",
    ),
    opening(
        "accepted in the chain",
        "script-ipt",
        &[(
            "-A twilio -s 54.172.60.0/30 -p udp -j ACCEPT",
            "-A twilio -p udp -j ACCEPT",
        )],
        "udp 5060",
        "-A twilio -p udp -j ACCEPT",
        "",
    ),
    opening(
        "published by Docker past INPUT",
        "docker28",
        &[],
        "udp 5060",
        "-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p udp -m udp --dport 5060 -j ACCEPT",
        "-A DOCKER ! -i docker0 -p udp -m udp --dport 5060 -j DNAT --to-destination 172.17.0.2:5060",
    ),
    opening(
        "node port of a cluster",
        "kube",
        &[],
        "tcp 5060",
        r#"-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT"#,
        r#"-A KUBE-SEP-SIPTCP -p tcp -m comment --comment "voice/sip:tcp" -m tcp -j DNAT --to-destination 10.244.0.9:5060"#,
    ),
    opening(
        "redirected from the port of SIP",
        "script-ipt",
        &[(
            "*filter",
            nat_before_filter!(
                "-A PREROUTING -p udp -m udp --dport 5060 -j REDIRECT --to-ports 10060"
            ),
        )],
        "udp 5060",
        "-A INPUT -p udp -m udp --dport 10000:60000 -j ACCEPT",
        "-A PREROUTING -p udp -m udp --dport 5060 -j REDIRECT --to-ports 10060",
    ),
    opening(
        "other networks in the set",
        "crowdsec-nft",
        &[("54.172.60.0/30", "8.0.0.0/7, 54.172.60.0/30")],
        "udp 5060",
        "ip saddr @sip meta l4proto . th dport { tcp . 5060, udp . 5060, tcp . 5061 } accept",
        "",
    ),
    opening(
        "accepted by source port",
        "script-ipt",
        &[(
            "-A INPUT -p udp -m udp --dport 5060 -j twilio",
            "-A INPUT -p udp -m udp --sport 53 -j ACCEPT\n-A INPUT -p udp -m udp --dport 5060 -j twilio",
        )],
        "udp 5060",
        "-A INPUT -p udp -m udp --sport 53 -j ACCEPT",
        "",
    ),
    opening(
        "accepted at a rate",
        "freepbx-responsive",
        &[],
        "udp 5060",
        "-A fpbxrfw -j ACCEPT",
        "",
    ),
    opening(
        "trusted zone of an interface",
        "freepbx",
        &[(
            "-A fpbxinterfaces -i eth0 -j zone-external",
            "-A fpbxinterfaces -i eth0 -j zone-trusted",
        )],
        "tcp 5060",
        "-A zone-trusted -j ACCEPT",
        "",
    ),
    opening(
        "mark that others get too",
        "proxmox",
        &[(
            "-A GROUP-sip-IN -s 54.172.60.0/30 -p udp -m udp --dport 5060 -g PVEFW-SET-ACCEPT-MARK",
            "-A GROUP-sip-IN -p udp -m udp --dport 5060 -g PVEFW-SET-ACCEPT-MARK",
        )],
        "udp 5060",
        ":INPUT ACCEPT [0:0]",
        "",
    ),
];

/// Returns what is wrong with the report about an opening.
fn error_about_opening(opening: &Opening) -> Option<String> {
    let Opening { name, .. } = opening;
    let capture = edited(name, opening.firewall, opening.edits);
    let (status, machine) = verify(&capture, expected(opening.firewall).0);
    let mut exposures = machine["exposures"].as_array().unwrap().iter();
    let is_found = exposures.any(|exposure| {
        let [protocol, ports] = ["protocol", "ports"].map(|key| exposure[key].as_str().unwrap());
        let translated_by = exposure["translated_by"]["text"].as_str();
        let decided_by = &exposure["decided_by"];
        format!("{protocol} {ports}") == opening.reached
            && text(decided_by) == opening.decided_by
            && is_line_of(&capture, decided_by)
            && translated_by.unwrap_or_default() == opening.translated_by
    });
    let exposures = &machine["exposures"];
    (status != 1 || !is_found).then(|| format!("{name}: status {status}, {exposures}"))
}

#[test]
fn each_opening_is_found_and_its_rule_is_named() {
    assert!(OPENINGS.len() >= 11);
    let errors: Vec<String> = OPENINGS.iter().filter_map(error_about_opening).collect();
    assert_none(&errors);
}

#[test]
fn peers_do_not_count_as_others() {
    let opening = edited(
        "peers",
        "crowdsec-nft",
        &[(
            "54.172.60.0/30",
            "198.18.0.0/15, 9.9.9.0/24, 54.172.60.0/30",
        )],
    );
    let (status, machine) = verify(&opening, "");
    assert_eq!(status, 1);
    // 198.18.0.0/15 is not public (RFC 2544).
    assert_eq!(
        words(&machine["exposures"][0]["sources"]["only"]),
        "9.9.9.0/24"
    );
    let (status, machine) = verify(&opening, "--peer 9.9.9.0/24");
    assert_eq!(
        (status, machine["exposures"].as_array().unwrap().len()),
        (0, 0)
    );
}
