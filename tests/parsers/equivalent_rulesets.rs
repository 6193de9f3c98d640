//! `check` finds no drift in equivalent rulesets.
//!
//! Each one is a correct ruleset that was rewritten several times, as people and firewalls do it: networks and
//! ports are split, rules are reordered and duplicated, comments and counters are added and removed, numbers
//! become names, and parts move to other chains.

#![allow(
    clippy::semicolon_if_nothing_returned,
    reason = "a rewrite is one expression"
)]

use crate::common::judge::{assert_in_sync, chance, pick, policy_of};
use crate::common::oracle::{Random, Selected, Site};
use crate::common::{EDITIONS, facts, render, tell};
use serde_json::{Value, json};

/// The number of cases for each format.
const EQUIVALENTS: usize = 600;

const SITE: Site = Site {
    hosts: [0xc000_020a, 0xc000_020b],
};

type Lines = Vec<String>;
type Rewrite = fn(&mut Lines, &mut Random);

fn selected(random: &mut Random) -> Selected {
    let region = pick(random, &facts::region_ids()).clone();
    let edition = *pick(random, &EDITIONS);
    let mut selected = Selected::new(edition, &region);
    if chance(random, 4) {
        selected.plane = if chance(random, 2) {
            "signaling"
        } else {
            "media"
        };
    }
    if chance(random, 4) {
        selected.direction = if chance(random, 2) { "in" } else { "out" };
    }
    selected
}

fn check_all(format: &str, rewrite: impl Fn(&str, &mut Random) -> String) {
    check_selections(format, |_| (), rewrite);
}

/// `narrow` limits a selection to what the format can express.
fn check_selections(
    format: &str,
    narrow: impl Fn(&mut Selected),
    rewrite: impl Fn(&str, &mut Random) -> String,
) {
    let mut random = Random::new(8);
    let mut changed = 0;
    for number in 0..EQUIVALENTS {
        let mut selected = selected(&mut random);
        narrow(&mut selected);
        let options = selected.options(SITE);
        let text = render(&format!("{options} --format {format}"));
        let other = rewrite(&text, &mut random);
        assert_in_sync(
            &format!("{number}: {options}"),
            format,
            &policy_of(&selected, SITE),
            &other,
        );
        changed += usize::from(other != text);
    }
    assert!(changed >= EQUIVALENTS * 9 / 10, "{changed}");
    tell(&format!(
        "equivalents: {format}: {EQUIVALENTS} checked, {changed} differ in words, 0 drift"
    ));
}

fn rewritten(text: &str, rewrites: &[Rewrite], random: &mut Random) -> String {
    let mut lines: Lines = text.lines().map(str::to_owned).collect();
    for _ in 0..random.between(2, 5) {
        pick(random, rewrites)(&mut lines, random);
    }
    lines.join("\n") + "\n"
}

/// Replaces all lines, or a random part of them, with the results of `other`.
fn some(
    lines: &mut Lines,
    random: &mut Random,
    other: impl Fn(&str, &mut Random) -> Option<Lines>,
) {
    let mut result = Vec::new();
    for line in lines.drain(..) {
        let rewritten = if chance(random, 2) {
            other(&line, random)
        } else {
            None
        };
        match rewritten {
            Some(new) => result.extend(new),
            None => result.push(line),
        }
    }
    *lines = result;
}

/// Shuffles each run of lines that are `movable`.
fn shuffled(lines: &mut Lines, random: &mut Random, movable: impl Fn(&str) -> bool) {
    let mut at = 0;
    while at < lines.len() {
        let run = lines[at..].iter().take_while(|line| movable(line)).count();
        for last in (1..run).rev() {
            let other = usize::try_from(random.between(0, last as u64)).unwrap();
            lines.swap(at + last, at + other);
        }
        at += run.max(1);
    }
}

/// The two halves of a CIDR.
fn halves(cidr: &str) -> Option<[String; 2]> {
    let net: ipnet::Ipv4Net = cidr.parse().ok()?;
    let parts: Vec<_> = net.subnets(net.prefix_len() + 1).ok()?.collect();
    let [a, b] = parts[..] else { return None };
    Some([a.to_string(), b.to_string()])
}

/// A word of a line that is a CIDR, and the CIDR without the comma after it.
fn cidr(line: &str) -> Option<&str> {
    let words = line.split([' ', '\t', ',', '"']);
    words
        .into_iter()
        .find(|word| word.parse::<ipnet::Ipv4Net>().is_ok())
}

fn split_network(line: &str, _: &mut Random) -> Option<Lines> {
    let network = cidr(line)?;
    let parts = halves(network)?;
    Some(parts.map(|part| line.replacen(network, &part, 1)).to_vec())
}

/// Splits `A{separator}B` after `before` at a random port.
fn split_ports(line: &str, before: &str, separator: &str, random: &mut Random) -> Option<Lines> {
    let (head, rest) = line.split_once(before)?;
    let (range, tail) = rest.split_once(' ').unwrap_or((rest, ""));
    let (first, last) = range.split_once(separator)?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    let middle = random.between(first, last - 1);
    let line = |a: u64, b: u64| {
        let ports = if a == b {
            a.to_string()
        } else {
            format!("{a}{separator}{b}")
        };
        format!("{head}{before}{ports} {tail}")
            .trim_end()
            .to_owned()
    };
    Some(vec![line(first, middle), line(middle + 1, last)])
}

fn doubled(line: &str, is_rule: bool) -> Option<Lines> {
    is_rule.then(|| vec![line.to_owned(), line.to_owned()])
}

// iptables

fn is_iptables_rule(line: &str) -> bool {
    line.starts_with("-A ") && line.ends_with("-j ACCEPT")
}

fn iptables_comment(line: &str, instead: &str) -> Option<String> {
    let (head, rest) = line.split_once(" -m comment --comment \"")?;
    let (_, tail) = rest.rsplit_once('"')?;
    Some(format!("{head}{instead}{tail}"))
}

const IPTABLES: &[Rewrite] = &[
    |lines, random| shuffled(lines, random, is_iptables_rule),
    |lines, random| some(lines, random, split_network),
    |lines, random| {
        some(lines, random, |line, random| {
            split_ports(line, "--dport ", ":", random)
        })
    },
    |lines, random| {
        some(lines, random, |line, _| {
            doubled(line, is_iptables_rule(line))
        })
    },
    |lines, random| {
        some(lines, random, |line, _| {
            Some(vec![iptables_comment(line, "")?])
        })
    },
    |lines, random| {
        some(lines, random, |line, _| {
            Some(vec![iptables_comment(
                line,
                " -m comment --comment \"it's \\\" -j DROP\"",
            )?])
        });
    },
    |lines, random| {
        some(lines, random, |line, _| {
            Some(vec![line.replace("/32 ", " ")])
        })
    },
    |lines, random| {
        some(lines, random, |line, _| {
            Some(vec![line.replace("port 5060 ", "port sip ")])
        })
    },
    |lines, random| {
        some(lines, random, |line, _| {
            Some(vec![line.replace("port 5061 ", "port sip-tls ")])
        })
    },
    |lines, random| {
        some(lines, random, |line, _| {
            let network = cidr(line)?;
            let net: ipnet::Ipv4Net = network.parse().ok()?;
            let masked = format!("{}/{}", net.addr(), net.netmask());
            Some(vec![line.replacen(network, &masked, 1)])
        });
    },
    |lines, random| {
        some(lines, random, |line, _| {
            let network = cidr(line)?;
            let net: ipnet::Ipv4Net = network.parse().ok()?;
            let range = |way: &str| {
                format!(
                    " -m iprange --{way}-range {}-{}",
                    net.network(),
                    net.broadcast()
                )
            };
            let line = line.replacen(&format!(" -s {network}"), &range("src"), 1);
            Some(vec![line.replacen(
                &format!(" -d {network}"),
                &range("dst"),
                1,
            )])
        });
    },
    |lines, random| {
        some(lines, random, |line, _| {
            Some(vec![
                line.replace(" --dport ", " -m multiport --destination-ports ")
                    .replace(" -s ", " --source "),
            ])
        });
    },
    |lines, random| {
        some(lines, random, |line, _| {
            is_iptables_rule(line).then(|| vec![format!("[7:420] {line}")])
        })
    },
    |lines, random| {
        some(lines, random, |line, _| {
            Some(vec![line.replace("- [0:0]", "- [12:3456]")])
        })
    },
    // LOG and RETURN at the end of a chain change nothing.
    |lines, random| {
        some(lines, random, |line, _| {
            let end = [
                "-A TWILIO-SIP-IN -j LOG --log-prefix \"no Twilio \" --log-level 4",
                "-A TWILIO-SIP-IN -j RETURN",
                line,
            ];
            (line == "COMMIT").then(|| end.map(str::to_owned).to_vec())
        });
    },
    // The rules move to a separate chain.
    |lines, _| {
        if lines.iter().any(|line| line.starts_with(":TWILIO-SIP-IN "))
            && !lines.join("").contains("INNER")
        {
            let jump = "-A TWILIO-SIP-IN -j INNER";
            for line in lines.iter_mut() {
                *line = line.replacen("-A TWILIO-SIP-IN ", "-A INNER ", 1);
            }
            let at = lines
                .iter()
                .position(|line| line == "COMMIT")
                .unwrap_or(lines.len());
            lines.insert(at, jump.to_owned());
            let declared = lines
                .iter()
                .position(|line| line.starts_with(":TWILIO-SIP-IN "))
                .unwrap();
            lines.insert(declared, ":INNER - [0:0]".to_owned());
        }
    },
    // Rules outside of the unit.
    |lines, _| {
        if let Some(at) = lines.iter().position(|line| line == "COMMIT") {
            let rules = [
                ":INPUT DROP [1:2]",
                ":OUTPUT DROP [3:4]",
                ":DOCKER - [0:0]",
                "-A INPUT -m nonesuch --what -j DOCKER",
                "-A INPUT -j TWILIO-SIP-IN",
                "-A OUTPUT -j TWILIO-SIP-OUT",
            ];
            if !lines.iter().any(|line| line.contains("DOCKER")) {
                lines.splice(at..at, rules.map(str::to_owned));
            }
        }
    },
    // The output of iptables -S.
    |lines, random| {
        if chance(random, 3) && lines.iter().any(|line| line == "*filter") {
            lines.retain(|line| line != "*filter" && line != "COMMIT" && !line.starts_with('#'));
            for line in lines.iter_mut().filter(|line| line.starts_with(':')) {
                let name = line[1..].split(' ').next().unwrap().to_owned();
                *line = if matches!(&*name, "INPUT" | "OUTPUT") {
                    format!("-P {name} DROP")
                } else {
                    format!("-N {name}")
                };
            }
            lines.sort_by_key(|line| !line.starts_with("-P") && !line.starts_with("-N"));
        }
    },
];

#[test]
fn equivalent_iptables_rulesets_are_in_sync() {
    check_all("iptables", |text, random| rewritten(text, IPTABLES, random));
}

// nftables

fn is_nft_rule(line: &str) -> bool {
    line.trim_start().starts_with("ip ") && line.contains(" accept")
}

fn is_nft_element(line: &str) -> bool {
    line.starts_with("\t\t\t") && line.trim_start().starts_with(|c: char| c.is_ascii_digit())
}

fn before_accept(line: &str, words: &str) -> Option<Lines> {
    let plain = is_nft_rule(line) && !line.contains("vmap");
    plain.then(|| vec![line.replacen(" accept", &format!(" {words} accept"), 1)])
}

const NFTABLES: &[Rewrite] = &[
    |lines, random| shuffled(lines, random, is_nft_rule),
    |lines, random| shuffled(lines, random, is_nft_element),
    |lines, random| {
        some(lines, random, |line, random| {
            is_nft_element(line).then(|| split_network(line, random))?
        })
    },
    |lines, random| {
        some(lines, random, |line, random| {
            split_ports(line, " dport ", "-", random)
        })
    },
    |lines, random| {
        some(lines, random, |line, random| {
            split_ports(line, " sport ", "-", random)
        })
    },
    |lines, random| some(lines, random, |line, _| doubled(line, is_nft_rule(line))),
    |lines, random| {
        some(lines, random, |line, _| {
            before_accept(line, "counter packets 3 bytes 99")
        })
    },
    |lines, random| {
        some(lines, random, |line, _| {
            before_accept(line, "log prefix \"{ twilio }\" level info")
        })
    },
    |lines, random| {
        some(lines, random, |line, _| {
            before_accept(line, "meta nfproto ipv4")
        })
    },
    |lines, random| {
        some(lines, random, |line, _| {
            is_nft_rule(line).then(|| vec![format!("{line} # handle 12")])
        })
    },
    |lines, random| {
        some(lines, random, |line, _| {
            Some(vec![line.replace("port 5060 ", "port sip ")])
        })
    },
    |lines, random| {
        some(lines, random, |line, _| {
            Some(vec![line.replace("port 5061 ", "port { sip-tls } ")])
        })
    },
    |lines, random| {
        some(lines, random, |line, _| {
            Some(vec![
                line.replace("udp dport ", "meta l4proto udp th dport "),
            ])
        })
    },
    |lines, random| {
        some(lines, random, |line, _| {
            Some(vec![
                line.replace("tcp dport ", "ip protocol tcp tcp dport "),
            ])
        })
    },
    |lines, random| {
        some(lines, random, |line, _| {
            let (head, _) = line.rsplit_once(" comment \"")?;
            let tail = if line.ends_with(',') { "," } else { "" };
            Some(vec![format!("{head}{tail}")])
        });
    },
    |lines, random| {
        some(lines, random, |line, _| {
            let network = is_nft_element(line).then(|| cidr(line))??;
            let net: ipnet::Ipv4Net = network.parse().ok()?;
            let range = format!("{}-{}", net.network(), net.broadcast());
            (net.prefix_len() < 32).then(|| vec![line.replacen(network, &range, 1)])
        });
    },
    // A verdict map instead of a match.
    |lines, random| {
        some(lines, random, |line, _| {
            let (head, rest) = line.split_once(" udp dport ")?;
            let (port, tail) = rest.split_once(" accept")?;
            (is_nft_rule(line)
                && !port.contains([' ', '{'])
                && !tail.contains("handle")
                && !line.contains("vmap"))
            .then(|| {
                vec![format!(
                    "{head} udp dport vmap {{ {port} : accept, 7 : drop }}{tail}"
                )]
            })
        });
    },
    // The rules move to a separate chain, and a rule after the jump denies the rest.
    |lines, random| {
        if !lines.join("").contains("inner") {
            let verb = if chance(random, 2) { "jump" } else { "goto" };
            for line in lines.iter_mut() {
                *line = line.replacen("\tchain twilio_sip_in {", "\tchain inner {", 1);
            }
            let start = lines
                .iter()
                .rposition(|line| line == "\tchain inner {")
                .unwrap();
            let end = start
                + lines[start..]
                    .iter()
                    .position(|line| line == "\t}")
                    .unwrap();
            let outer = format!(
                "\tchain twilio_sip_in {{\n\t\tct mark 0x1 counter\n\t\t{verb} inner\n\t\tdrop\n\t}}"
            );
            lines.insert(end + 1, outer);
            for line in lines
                .iter_mut()
                .filter(|line| line.starts_with("flush chain"))
            {
                *line = line.replacen("twilio_sip_in", "inner", 1);
            }
        }
    },
    // Rules outside of the unit.
    |lines, _| {
        lines.push(
            "table inet other {\n\tchain twilio_sip_in {\n\t\tnonesuch \"}\" accept\n\t}\n}"
                .to_owned(),
        );
    },
];

#[test]
fn equivalent_nftables_rulesets_are_in_sync() {
    check_all("nftables", |text, random| rewritten(text, NFTABLES, random));
}

// pf

fn is_pf_rule(line: &str) -> bool {
    line.starts_with("pass ")
}

const PF: &[Rewrite] = &[
    |lines, random| shuffled(lines, random, is_pf_rule),
    |lines, random| {
        some(lines, random, |line, random| {
            split_ports(line, " port ", ":", random)
        })
    },
    |lines, random| some(lines, random, |line, _| doubled(line, is_pf_rule(line))),
    |lines, random| {
        some(lines, random, |line, _| {
            Some(vec![line.split(" label ").next()?.to_owned()])
        })
    },
    |lines, random| {
        some(lines, random, |line, _| {
            Some(vec![
                line.replace(" (if-bound)", "")
                    .replace(" flags S/SA", "")
                    .replace(" keep state", ""),
            ])
        })
    },
    |lines, random| {
        some(lines, random, |line, _| {
            Some(vec![line.replace(" keep state", " keep state (if-bound)")])
        })
    },
    |lines, random| {
        some(lines, random, |line, _| {
            Some(vec![line.replace(" port 5060 ", " port = sip ")])
        })
    },
    |lines, random| {
        some(lines, random, |line, _| {
            Some(vec![line.replace(" port 5061 ", " port { sip-tls } ")])
        })
    },
    |lines, random| {
        some(lines, random, |line, _| {
            Some(vec![line.replace(" 10000:20000 ", " 9999 >< 20001 ")])
        })
    },
    |lines, random| {
        some(lines, random, |line, _| {
            Some(vec![line.replace(" quick ", " ")])
        })
    },
    |lines, random| {
        some(lines, random, |line, _| {
            Some(vec![line.replace(" quick ", " log (all) quick ")])
        })
    },
    |lines, random| {
        some(lines, random, |line, _| {
            Some(vec![line.replace(" proto udp ", " proto { udp } ")])
        })
    },
    |lines, random| {
        some(lines, random, |line, _| {
            Some(vec![line.replace(" const {", " persist {")])
        })
    },
    |lines, random| {
        some(lines, random, |line, _| {
            let network = line.starts_with("table <").then(|| cidr(line))??;
            Some(vec![line.replacen(
                network,
                &halves(network)?.join(", "),
                1,
            )])
        });
    },
    // Tables as a shell loop prints them with `-T show`.
    |lines, random| {
        some(lines, random, |line, _| {
            let rest = line.strip_prefix("table <")?;
            let (name, rest) = rest.split_once('>')?;
            let (_, members) = rest.split_once("{ ")?;
            let members = members.strip_suffix(" }")?.replace(' ', "\n   ");
            Some(vec![format!("table <{name}> {{\n   {members}\n}}")])
        });
    },
    // Addresses instead of a table.
    |lines, random| {
        let table = lines
            .iter()
            .find(|line| line.starts_with("table <") && line.ends_with('}'));
        let parts = table.and_then(|table| {
            let (head, members) = table.split_once(" {")?;
            Some((head.split(' ').nth(1)?.to_owned(), format!("{{{members}")))
        });
        if let Some((name, members)) = parts {
            some(lines, random, |line, _| {
                is_pf_rule(line).then(|| vec![line.replacen(&name, &members, 1)])
            });
        }
    },
    // A rule that blocks packets, before a later rule that passes them.
    |lines, _| {
        if !lines.iter().any(|line| line.starts_with("block")) {
            let at = lines.iter().position(|line| is_pf_rule(line)).unwrap();
            lines.insert(at, "block drop log all".to_owned());
        }
    },
    |lines, _| {
        lines.push(
            "block return in quick inet proto udp from 192.0.2.0/24 to any port 5060".to_owned(),
        )
    },
    // Tables after the rules.
    |lines, _| {
        if lines.iter().all(|line| !line.contains('\n')) {
            lines.sort_by_key(|line| line.starts_with("table"));
        }
    },
];

#[test]
fn equivalent_pf_anchors_are_in_sync() {
    check_all("pf", |text, random| rewritten(text, PF, random));
}

// aws-sg

fn aws_rewritten(text: &str, random: &mut Random) -> String {
    let mut group: Value = serde_json::from_str(text).unwrap();
    let both = group.get("IpPermissionsEgress").is_some();
    for permissions in group.as_object_mut().unwrap().values_mut() {
        let permissions = permissions.as_array_mut().unwrap();
        let mut others: Vec<Value> = Vec::new();
        for permission in permissions.drain(..) {
            others.extend(aws_permission(permission, random));
        }
        if chance(random, 2) {
            others.reverse();
        }
        *permissions = others;
    }
    if both && chance(random, 2) {
        group["GroupId"] = json!("sg-0a1b2c3d");
        group["GroupName"] = json!("sip");
        group["Tags"] = json!([{"Key": "Name", "Value": "{IpPermissions"}]);
        return json!({"SecurityGroups": [group]}).to_string();
    }
    if chance(random, 2) {
        group.to_string()
    } else {
        serde_json::to_string_pretty(&group).unwrap()
    }
}

fn aws_permission(mut permission: Value, random: &mut Random) -> Vec<Value> {
    let mut ranges = Vec::new();
    for range in permission["IpRanges"].as_array().unwrap() {
        let parts = halves(range["CidrIp"].as_str().unwrap()).filter(|_| chance(random, 2));
        match parts {
            Some(parts) => ranges.extend(parts.map(|part| json!({"CidrIp": part}))),
            None => ranges.push(range.clone()),
        }
    }
    permission["IpRanges"] = json!(ranges);
    if chance(random, 2) {
        for empty in ["Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs"] {
            permission[empty] = json!([]);
        }
    }
    let port = |name: &str| permission[name].as_u64().unwrap();
    let (first, last) = (port("FromPort"), port("ToPort"));
    if first == last || chance(random, 2) {
        return vec![permission];
    }
    let middle = random.between(first, last - 1);
    let mut rest = permission.clone();
    permission["ToPort"] = json!(middle);
    rest["FromPort"] = json!(middle + 1);
    vec![rest, permission]
}

#[test]
fn equivalent_aws_sg_groups_are_in_sync() {
    check_all("aws-sg", aws_rewritten);
}

// livekit and tfvars

/// The networks in another order. Some of them are split or repeated.
fn rewritten_networks(list: &Value, random: &mut Random) -> Value {
    let mut networks: Vec<Value> = Vec::new();
    for network in list.as_array().unwrap() {
        let parts = halves(network.as_str().unwrap()).filter(|_| chance(random, 2));
        networks.extend(parts.into_iter().flatten().map(Value::from));
        if networks.is_empty() || chance(random, 2) {
            networks.push(network.clone());
        }
        networks.push(network.clone());
    }
    if chance(random, 2) {
        networks.reverse();
    }
    networks.into()
}

fn livekit_rewritten(text: &str, random: &mut Random) -> String {
    let request: Value = serde_json::from_str(text).unwrap();
    let mut networks = rewritten_networks(&request["trunk"]["allowed_addresses"], random);
    if chance(random, 2) {
        // LiveKit ignores these entries.
        let ignored = [
            "10.0.0.1, 10.0.0.2",
            "sip://10.0.0.1",
            "(office)",
            "10.0.0.*",
        ];
        networks
            .as_array_mut()
            .unwrap()
            .push(json!(pick(random, &ignored)));
    }
    let [id, addresses] = *pick(
        random,
        &[
            ["sip_trunk_id", "allowed_addresses"],
            ["sipTrunkId", "allowedAddresses"],
        ],
    );
    let trunk = json!({"name": "twilio-sip", "numbers": ["+15105550100"], addresses: networks});
    let mut stored = trunk.clone();
    stored[id] = json!("ST_cqYQ3UGPC5Kf");
    let other = json!({id: "ST_vMyYvBPZ2mnV", "name": "office", addresses: ["10.0.0.0/8"]});
    let forms = [
        json!({"trunk": trunk}),
        json!({id: "ST_cqYQ3UGPC5Kf", "replace": trunk}),
        json!({id: "ST_cqYQ3UGPC5Kf", "update": {addresses: {"set": networks}}}),
        json!({"items": [other, stored]}),
        json!([stored, other]),
        stored,
    ];
    pick(random, &forms).to_string()
}

#[test]
fn equivalent_livekit_trunks_are_in_sync() {
    let signaling_in = |selected: &mut Selected| {
        selected.direction = "in";
        selected.plane = "signaling";
    };
    check_selections("livekit", signaling_in, livekit_rewritten);
}

fn tfvars_rewritten(text: &str, random: &mut Random) -> String {
    let mut file: Value = serde_json::from_str(text).unwrap();
    for (name, value) in file.as_object_mut().unwrap() {
        if name.ends_with("_cidr_blocks") {
            *value = rewritten_networks(value, random);
        } else if name.ends_with("_ports") {
            let ports = value.as_array().unwrap().iter();
            *value = ports
                .flat_map(|ports| rewritten_ports(ports, random))
                .collect();
        }
    }
    file["//"] = json!("of the provider");
    file["other_cidr_blocks"] = json!(["10.0.0.0/8"]);
    file.to_string()
}

/// The ports in another spelling, or split.
fn rewritten_ports(ports: &Value, random: &mut Random) -> Vec<Value> {
    let mut ports = ports.clone();
    if chance(random, 2) {
        let number = if ports["protocol"] == "udp" { 17 } else { 6 };
        ports["protocol"] = pick(random, &[json!(number), json!(number.to_string())]).clone();
    }
    let port = |name: &str| ports[name].as_u64().unwrap();
    let (first, last) = (port("from_port"), port("to_port"));
    if chance(random, 2) {
        ports["from_port"] = json!(first.to_string());
    }
    if first == last || chance(random, 2) {
        return vec![ports.clone(), ports];
    }
    let middle = random.between(first, last - 1);
    let mut rest = ports.clone();
    ports["to_port"] = json!(middle);
    rest["from_port"] = json!(middle + 1);
    vec![rest, ports]
}

#[test]
fn equivalent_tfvars_files_are_in_sync() {
    check_all("tfvars", tfvars_rewritten);
}

// cisco

fn is_cisco_entry(line: &str) -> bool {
    line.starts_with(' ') && line.contains(" permit ")
}

/// The lists with new numbers in the order of the lines.
fn renumbered(lines: &mut Lines) {
    let mut number = 0;
    for line in lines.iter_mut() {
        if line.starts_with("ip access-list") {
            number = 0;
        }
        if let Some((_, entry)) = line
            .split_once(" permit ")
            .filter(|_| line.starts_with(' '))
        {
            number += 10;
            *line = format!(" {number} permit {entry}");
        }
    }
}

const CISCO: &[Rewrite] = &[
    |lines, random| {
        shuffled(lines, random, is_cisco_entry);
        renumbered(lines);
    },
    // The numbers keep the old order.
    |lines, random| shuffled(lines, random, is_cisco_entry),
    |lines, random| {
        some(lines, random, |line, _| {
            let (before, rest) = line.split_once(" permit ")?;
            Some(vec![format!("{} permit {rest}", " ".repeat(before.len()))])
        });
        let numbered =
            |line: &String| is_cisco_entry(line) && !line.trim_start().starts_with("permit");
        if lines.iter().any(numbered) {
            renumbered(lines);
        }
    },
    |lines, _| lines.retain(|line| !line.contains(" remark ")),
    |lines, random| {
        some(lines, random, |line, _| {
            is_cisco_entry(line).then(|| vec![format!("{line} log")])
        })
    },
    |lines, random| {
        some(lines, random, |line, _| {
            is_cisco_entry(line).then(|| vec![format!("{line} (3 matches)")])
        })
    },
    |lines, random| {
        some(lines, random, |line, _| {
            Some(vec![line.replace(" eq 5060", " range 5060 5060")])
        })
    },
    |lines, random| {
        some(lines, random, |line, _| {
            Some(vec![line.replace(" eq 5061", " range 5061 5061")])
        })
    },
    |lines, random| {
        some(lines, random, |line, _| {
            Some(vec![line.replace(" any ", " 0.0.0.0 255.255.255.255 ")])
        })
    },
    |lines, random| {
        some(lines, random, |line, _| {
            let host = line.split("host ").nth(1)?.split(' ').next()?;
            Some(vec![line.replace(
                &format!("host {host}"),
                &format!("{host} 0.0.0.0"),
            )])
        });
    },
    // Two halves by wildcard.
    |lines, random| {
        some(lines, random, |line, _| {
            let words: Vec<&str> = line.split(' ').collect();
            let at = words.windows(2).position(|pair| {
                let addresses = pair
                    .iter()
                    .all(|word| word.parse::<std::net::Ipv4Addr>().is_ok());
                addresses && pair[1] == "0.0.0.3"
            })?;
            let base: u32 = words[at].parse::<std::net::Ipv4Addr>().ok()?.into();
            let part = |base: u32| {
                let mut words = words.clone();
                let address = std::net::Ipv4Addr::from(base).to_string();
                (words[at], words[at + 1]) = (&address, "0.0.0.1");
                words.join(" ")
            };
            Some(vec![part(base), part(base + 2)])
        });
        renumbered(lines);
    },
    |lines, random| {
        some(lines, random, |line, _| {
            let (head, tail) = line.split_once(" range 10000 20000")?;
            tail.is_empty().then(|| {
                vec![
                    format!("{head} range 10000 15000"),
                    format!("{head} range 15001 20000"),
                ]
            })
        });
        renumbered(lines);
    },
    |lines, _| {
        let last = |line: &String| line.starts_with("interface") || line.contains("99999");
        if !lines.iter().any(last) {
            lines.push(" 99999 deny ip any any log".to_owned());
        }
    },
    // Only once, because a second host name starts the listing of another device.
    |lines, _| {
        if lines.iter().any(|line| line.starts_with("hostname ")) {
            return;
        }
        lines.insert(
            0,
            "hostname r1\nip access-list extended OTHER\n nonesuch entry".to_owned(),
        );
        lines.push(
            "interface Gi0/0\n ip access-group TWILIO-SIP-IN in\n ip access-group TWILIO-SIP-OUT out".to_owned(),
        );
    },
    // The output of show ip access-lists.
    |lines, _| {
        lines.retain(|line| !line.starts_with("no ") && !line.starts_with('!'));
        for line in lines.iter_mut() {
            *line = line.replace("ip access-list extended ", "Extended IP access list ");
            if is_cisco_entry(line) {
                *line = format!("   {line}");
            }
        }
    },
];

#[test]
fn equivalent_cisco_lists_are_in_sync() {
    check_all("cisco", |text, random| rewritten(text, CISCO, random));
}

/// The part of a selection that formats of SIP servers can express.
fn incoming_signaling(selected: &mut Selected) {
    (selected.direction, selected.plane) = ("in", "signaling");
}

const FREESWITCH: &[Rewrite] = &[
    |lines, random| shuffled(lines, random, |line| line.contains("<node")),
    |lines, _| lines.retain(|line| !line.contains("  <!-- ")),
    |lines, random| some(lines, random, split_network),
    // A node in the middle of another one changes nothing if it has the same type.
    |lines, random| {
        some(lines, random, |line, _| {
            let [_, last] = halves(cidr(line)?)?;
            Some(vec![line.replace(cidr(line)?, &last), line.to_owned()])
        })
    },
    |lines, random| {
        some(lines, random, |line, random| {
            let word = *pick(random, &["Allow", "true", "yes", "1", "active"]);
            Some(vec![line.replace("\"allow\"", &format!("\"{word}\""))])
        })
    },
    |lines, random| {
        some(lines, random, |line, _| {
            let [first, last] = halves(cidr(line)?)?;
            Some(vec![line.replace(cidr(line)?, &format!("{first}, {last}"))])
        })
    },
    |lines, random| {
        some(lines, random, |line, _| {
            Some(vec![line.replace("cidr=\"", "cidr=\"::ffff:")]).filter(|_| cidr(line).is_some())
        })
    },
    |lines, _| {
        let last = lines.iter().rposition(|line| line == "</list>").unwrap();
        lines.insert(last, "<node type=\"deny\" cidr=\"0.0.0.0/0\"/>".to_owned());
    },
    |lines, _| {
        if !lines[0].starts_with("<configuration") {
            let head = "<configuration name=\"acl.conf\"><network-lists><list name=\"twilio-sip\"/><list name=\"b\"/>";
            lines.insert(0, head.to_owned());
            lines.push("</network-lists></configuration>".to_owned());
        }
    },
];

#[test]
fn equivalent_freeswitch_lists_are_in_sync() {
    check_selections("freeswitch", incoming_signaling, |text, random| {
        rewritten(text, FREESWITCH, random)
    });
}

const CUBE: &[Rewrite] = &[
    |lines, random| shuffled(lines, random, |line| line.starts_with("  ipv4 ")),
    |lines, _| lines.retain(|line| !line.starts_with('!')),
    |lines, random| {
        some(lines, random, |line, _| {
            Some(vec![line.replace(" 255.255.255.254", " /31")])
        })
    },
    // All lines, because IOS allows no address with two masks.
    |lines, _| {
        let halves = |line: &String| {
            let base = line.strip_suffix(" 255.255.255.252")?;
            let (network, last) = base.rsplit_once('.')?;
            let host: u32 = last.parse().ok()?;
            Some([host, host + 2].map(|host| format!("{network}.{host} 255.255.255.254")))
        };
        let split = |line: String| halves(&line).map_or_else(|| vec![line], Vec::from);
        *lines = lines.drain(..).flat_map(split).collect();
    },
    |lines, random| {
        some(lines, random, |line, _| {
            Some(vec![line.to_owned(); 2]).filter(|_| line.starts_with("  ipv4 "))
        })
    },
    |lines, _| lines.retain(|line| line != " no ip address trusted list"),
    // IOS prints these commands before its submodes.
    |lines, _| {
        let submode = lines.iter().position(|line| line.contains("\n sip\n"));
        let at = submode.unwrap_or(lines.len());
        lines.insert(at, " ip address trusted authenticate".to_owned());
    },
    |lines, _| lines.push(" allow-connections sip to sip\n sip\n  early-offer forced".to_owned()),
    |lines, _| {
        let start = lines.iter().position(|line| line == "voice service voip");
        let peer = "dial-peer voice 1 voip\n session target ipv4:192.0.2.1";
        lines.insert(start.unwrap(), peer.to_owned());
    },
];

#[test]
fn equivalent_trusted_lists_are_in_sync() {
    check_selections("cisco-cube", incoming_signaling, |text, random| {
        rewritten(text, CUBE, random)
    });
}
