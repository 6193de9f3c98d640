//! The nftables parser for text and JSON, tested by the drift that it leads to.

use crate::common;

use std::net::Ipv4Addr;

use crate::common::judge::{BOTH, dialect, everything};
use twilio_sip_allow::firewall::{Attribution, DeployedUnit, compare};
use twilio_sip_allow::format::read::{UnitQuery, excerpt};
use twilio_sip_allow::format::{self, Format, Unit};
use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::packets::{
    Dimension, Flags, HeaderMatch, PacketBox, Protocols, States, differences,
};
use twilio_sip_allow::policy::{Direction, Plane, Policy, Transport};
use twilio_sip_allow::select::Selection;

const IN_SYNC: [&str; 0] = [];

/// Output of `nft -a list ruleset` and `nft -j list ruleset` of nft 1.0.6, after loading our file for Tokyo
/// into a user's table.
const LISTED: &str = include_str!("../samples/nftables/tokyo.listed");
const JSON: &str = include_str!("../samples/nftables/tokyo.json");

/// The same output for a unit with rules of every kind.
const MANY: &str = include_str!("../samples/nftables/many.listed");
const MANY_JSON: &str = include_str!("../samples/nftables/many.json");

/// The output of `nft list ruleset` and `nft -j list ruleset` for a unit with rules that match only IPv6, and with
/// statements that do not decide.
const IPV6: &str = include_str!("../samples/nftables/ipv6.listed");
const IPV6_JSON: &str = include_str!("../samples/nftables/ipv6.json");

/// A table with sets and chains that rules may refer to. `RULES` is the place of the unit's rules.
const TABLE: &str = include_str!("../samples/nftables/table");

/// Rules to insert there: without drift, with drift, and with an error.
const SAME: &str = include_str!("../samples/nftables/same");
const DRIFT: &str = include_str!("../samples/nftables/drift");
const REFUSED: &str = include_str!("../samples/nftables/refused");

/// Commands after our file for Tokyo, and the first line of the drift or of the errors.
const SCRIPTS: &str = include_str!("../samples/nftables/scripts");

/// Replacements in [`JSON`] and the resulting error.
const JSON_REFUSED: &str = include_str!("../samples/nftables/json.refused");

fn nftables() -> &'static dyn Format {
    dialect("nftables")
}

/// The policy of a selection; `None` if an edition lacks a region.
fn policy(selection: &Selection, editions: &[&str]) -> Option<Policy> {
    common::judge::policy(editions, selection).ok()
}

fn tokyo(selection: Selection) -> Policy {
    let regions = vec!["tokyo".to_owned()];
    policy(
        &Selection {
            regions,
            ..selection
        },
        &["regional"],
    )
    .unwrap()
}

fn render(policy: &Policy) -> String {
    format::render(nftables(), policy, &Unit::default()).unwrap()
}

fn parse(
    text: &str,
    unit: &Unit,
    directions: &[Direction],
) -> Result<Vec<DeployedUnit>, Vec<String>> {
    parse_within(Limits::default(), text, unit, directions)
}

fn parse_within(
    limits: Limits,
    text: &str,
    unit: &Unit,
    directions: &[Direction],
) -> Result<Vec<DeployedUnit>, Vec<String>> {
    let wanted = UnitQuery {
        unit,
        directions,
        limits,
    };
    format::parse(nftables(), text, wanted).map_err(|errors| {
        let line = |at: u32| 1 + text[..at as usize].matches('\n').count();
        let errors = errors
            .iter()
            .map(|e| format!("{}: {}", line(e.at()), e.problem()));
        errors.collect()
    })
}

/// The drift, one line for each part, such as `missing in signaling udp 54.65.63.192-54.65.63.195`.
fn drift_of(policy: &Policy, units: &[DeployedUnit]) -> Vec<String> {
    let mut found = Vec::new();
    for unit in units {
        let direction = unit.direction;
        let rules: Vec<_> = policy.stateful(direction).collect();
        let drift = compare(
            &rules,
            nftables().info().granularity,
            unit,
            0,
            Limits::default(),
            || &[],
        )
        .unwrap();
        for (side, part) in drift.parts() {
            let subject = match &part.attribution {
                Attribution::Rule { subject, .. } => subject.clone(),
                _ => "to".to_owned(),
            };
            let remote = part.packets.set(Dimension::Remote).hull();
            let [first, last] = [remote.first, remote.last].map(Ipv4Addr::from_bits);
            let port = part.packets.set(Dimension::LocalPort).hull().first;
            found.push(format!(
                "{side} {direction} {subject} {first}-{last} {port}"
            ));
        }
    }
    found
}

fn refused(text: &str) -> Vec<String> {
    parse(text, &Unit::default(), &BOTH)
        .map(|_| text)
        .unwrap_err()
}

/// The drift of a text, which must have no errors.
fn drift(policy: &Policy, text: &str) -> Vec<String> {
    let units = parse(text, &Unit::default(), &BOTH);
    drift_of(
        policy,
        &units.unwrap_or_else(|errors| panic!("{errors:#?}\n{text}")),
    )
}

/// A policy of one rule.
fn sip() -> Policy {
    tokyo(Selection {
        directions: vec![Direction::In],
        planes: vec![Plane::Signaling],
        transports: Some(vec![Transport::Udp]),
        ..everything()
    })
}

/// A table whose unit has these rules. `↵` stands for a line break.
fn table(rules: &str) -> String {
    TABLE.replace("RULES", &rules.replace('↵', "\n"))
}

/// The lines of a sample with their expected results.
fn expectations(sample: &str) -> impl Iterator<Item = (&str, &str)> {
    sample.lines().map(|line| line.split_once(" => ").unwrap())
}

#[test]
fn every_rendered_selection_is_in_sync_with_itself() {
    let local = [
        "203.0.113.8/29".parse().unwrap(),
        "198.51.100.7/32".parse().unwrap(),
    ];
    let mut seen = 0;
    for edition in twilio_sip_allow::dataset::edition_names() {
        for region in ["tokyo", "frankfurt", "sao-paulo", "all"] {
            for directions in [&BOTH[..], &BOTH[..1], &BOTH[1..]] {
                for planes in [vec![Plane::Signaling, Plane::Media], vec![Plane::Media]] {
                    let selection = Selection {
                        regions: vec![region.to_owned()],
                        directions: directions.to_vec(),
                        planes,
                        ..everything()
                    };
                    for selection in [
                        selection.clone(),
                        Selection {
                            local_addresses: local.into(),
                            local_rtp_ports: "30000-30999".parse().ok(),
                            ..selection
                        },
                    ] {
                        let Some(policy) = policy(&selection, &[edition, "current"]) else {
                            continue;
                        };
                        if let Ok(text) = format::render(nftables(), &policy, &Unit::default()) {
                            assert_eq!(drift(&policy, &text), IN_SYNC, "{selection:?}\n{text}");
                            seen += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn output_of_nft_is_in_sync_as_text_and_as_json() {
    let policy = tokyo(everything());
    for text in [LISTED, JSON] {
        assert_eq!(drift(&policy, text), IN_SYNC);
        let other = text.replace("5061", "5062");
        assert_eq!(drift(&policy, &other).len(), 4, "{other}");
        let absent = text.replace("twilio_sip_in", "other_in");
        assert_eq!(drift(&policy, &absent).len(), 4, "{absent}");
        let absent = text.replace("filter", "filters");
        assert_eq!(drift(&policy, &absent).len(), 8, "{absent}");
    }
    let twice = format!("{}{LISTED}", render(&policy));
    assert_eq!(drift(&policy, &twice), IN_SYNC);
}

#[test]
fn truncated_input_is_never_in_sync() {
    let policy = tokyo(everything());
    for text in [render(&policy), LISTED.to_owned(), JSON.to_owned()] {
        let table = text.find("table ip nat").unwrap_or(text.len());
        for end in 0..text.trim_end().len().min(table) {
            let cut = &text[..end];
            if let Ok(units) = parse(cut, &Unit::default(), &BOTH) {
                assert_ne!(drift_of(&policy, &units), IN_SYNC, "{cut}");
            }
        }
    }
}

#[test]
fn equivalent_rules_are_in_sync() {
    for rules in SAME.lines() {
        assert_eq!(drift(&sip(), &table(rules)), IN_SYNC, "{rules}");
    }
}

#[test]
fn reports_each_difference_as_drift() {
    for (rules, expected) in expectations(DRIFT) {
        let found = drift(&sip(), &table(rules));
        assert!(
            found.iter().any(|line| line == expected),
            "{rules}\n{found:#?}"
        );
    }
}

/// The only kind of packets that a rule accepts, and whether it accepts them only sometimes.
fn kind_of(rule: &str) -> (HeaderMatch, bool) {
    let units = parse(&table(rule), &Unit::default(), &BOTH).unwrap();
    let found = differences(&[], &units[0].steps, Limits::default()).unwrap();
    let [only] = &found[..] else {
        panic!("{rule}: {found:?}");
    };
    let kind = only.packets.header;
    let all = PacketBox::ALL.matching(kind).unwrap();
    assert_eq!(only.packets, all.into(), "{rule}");
    (kind, !only.condition.is_true())
}

/// A list means any of its bits, and a comparison means all bits of the mask (nft(8), "Bitmask type"). A
/// comparison of all flags is uncertain, because PSH and some others are not modeled.
#[test]
fn compares_flags_and_states_like_nft() {
    let tcp = |flags| HeaderMatch {
        flags,
        ..HeaderMatch::of(Protocols::TCP)
    };
    let (syn, ack) = (Flags::SYN, Flags::ACK);
    for (rule, flags, sometimes) in [
        ("tcp flags syn,ack", Flags::any_of(syn | ack), false),
        ("tcp flags ! syn,ack", Flags::masked(syn | ack, 0), false),
        ("tcp flags == syn", Flags::masked(15, syn), true),
        ("tcp flags != syn", Flags::ALL, true),
        ("tcp flags & (syn|ack) == syn", Flags::opening(), false),
        (
            "tcp flags & (syn|ack) != syn",
            Flags::opening().not(),
            false,
        ),
        ("tcp flags syn / syn,ack", Flags::opening(), false),
        ("tcp flags syn,syn", Flags::any_of(syn), false),
        (
            "tcp flags & (syn|ack|syn) == (syn|syn)",
            Flags::opening(),
            false,
        ),
        ("tcp flags psh", Flags::ALL, true),
        (
            "tcp flags & (fin|urg) == fin",
            Flags::any_of(Flags::FIN),
            true,
        ),
        (
            "tcp flags & (fin|rst|ecn) == rst",
            Flags::masked(5, Flags::RST),
            true,
        ),
    ] {
        assert_eq!(
            kind_of(&format!("{rule} accept")),
            (tcp(flags), sometimes),
            "{rule}"
        );
    }
    let map = |key: &str| kind_of(&format!("tcp flags {key} vmap {{ syn : accept }}"));
    assert_eq!(map(""), (tcp(Flags::masked(15, syn)), true));
    assert_eq!(map("& (syn|ack)"), (tcp(Flags::opening()), false));
    let [new, established] = ["new", "established"].map(|name| States::named(name).unwrap());
    for (rule, states) in [
        ("ct state new,established accept", new.or(established)),
        (
            "ct state ! new,established accept",
            new.or(established).not(),
        ),
        ("ct state == new accept", new),
        ("ct state != new accept", new.not()),
        ("ct state & (new|established) == new accept", new),
        ("ct state & (new|established) != new accept", new.not()),
        ("ct state { new } accept", new),
        ("ct state vmap { new : accept }", new),
    ] {
        let kind = HeaderMatch {
            states,
            ..HeaderMatch::ALL
        };
        assert_eq!(kind_of(rule), (kind, false), "{rule}");
    }
    for rule in [
        "meta nfproto ipv4 accept",
        "meta nfproto vmap { ipv4 : accept }",
    ] {
        assert_eq!(kind_of(rule), (HeaderMatch::ALL, false), "{rule}");
    }
}

#[test]
fn a_rule_without_an_ipv4_match_also_accepts_ipv6() {
    for (rule, passes) in [
        ("udp dport 5060 accept", true),
        ("accept", true),
        ("ip saddr 192.0.2.1 accept", false),
        ("meta nfproto ipv4 udp dport 5060 accept", false),
        ("udp dport 5060 drop", false),
        ("ip saddr 192.0.2.1 jump accepted", false),
        ("meta nfproto . udp dport { ipv4 . 5060 } accept", false),
        ("ip saddr . udp dport != { 192.0.2.1 . 5060 } accept", false),
        ("jump accepted", true),
        // A rule counts once, and only if packets can reach it.
        ("tcp dport { 22, 80, 443 } accept", true),
        ("tcp dport 1 jump udp_only", false),
        ("udp dport 5060 jump udp_only", true),
        // A rule that matches only IPv6.
        ("ip6 saddr 2001:db8::/32 udp dport 5060 accept", true),
        ("ip6 saddr 2001:db8::1 jump accepted", true),
        ("ip6 saddr vmap { ::1 : jump accepted }", true),
        ("icmpv6 type echo-request accept", true),
        ("meta nfproto ipv6 accept", true),
        ("meta nfproto != ipv4 accept", true),
        ("meta nfproto != ipv6 accept", false),
        ("meta protocol ip6 accept", true),
        ("meta protocol arp accept", false),
        ("ether type ip6 accept", true),
        ("ether type arp accept", false),
        ("exthdr frag exists accept", true),
        ("ip6 hoplimit set 64 accept", true),
        ("ip6 saddr 2001:db8::1 drop", false),
        ("ip6 saddr 2001:db8::1 log counter return", false),
        ("ip6 saddr 2001:db8::1 jump denied", false),
        ("ip saddr 192.0.2.1 meta nfproto ipv6 accept", false),
        ("ip dscp set cs1 accept", false),
        (
            "meta nfproto . udp dport { ipv4 . 5060, ipv6 . 5061 } accept",
            true,
        ),
        (
            "meta nfproto . udp dport { ipv4 . 5060, ipv6 . 5061 } udp dport 5060 accept",
            true,
        ),
        ("meta nfproto vmap { ipv4 : accept, ipv6 : drop }", false),
        ("meta nfproto vmap { ipv4 : drop, ipv6 : accept }", true),
        (
            "meta nfproto { ipv4, ipv6 } ip saddr 192.0.2.1 accept",
            true,
        ),
        // No IPv6 packet reaches the rules after it.
        ("meta nfproto ipv6 drop\naccept", false),
        ("meta nfproto != ipv4 return\naccept", false),
        ("meta nfproto ipv6 jump denied\naccept", false),
        ("meta nfproto ipv6 goto back\naccept", false),
        ("meta nfproto vmap { ipv6 : drop }\naccept", false),
        ("reject with icmpv6 type no-route\naccept", false),
        ("drop\naccept", false),
        // Some IPv6 packets may reach the rules after it.
        ("meta nfproto ipv6 udp dport 5060 drop\naccept", true),
        ("meta nfproto ipv6 limit rate 5/second drop\naccept", true),
        ("meta nfproto ipv6 jump back\naccept", true),
        ("ip6 saddr 2001:db8::/32 drop\naccept", true),
        ("ether type ip6 drop\naccept", true),
        ("ip version 4 drop\naccept", true),
        ("reject with icmp type no-route\naccept", true),
        ("reject with tcp reset\naccept", true),
    ] {
        let units = parse(&table(rule), &Unit::default(), &BOTH).unwrap();
        let unmeasured: Vec<&str> = units[0].unmeasured.iter().map(|b| &*b.what).collect();
        assert_eq!(
            unmeasured,
            ["IPv6 packets"][..usize::from(passes)],
            "{rule}"
        );
    }
}

/// Thousands of values for each of two fields are rejected quickly.
#[test]
fn rejects_too_many_combinations() {
    let list = |value: &dyn Fn(u32) -> String| {
        let values: Vec<String> = (0..4_000).map(|n| value(2 * n)).collect();
        format!("{{ {} }}", values.join(", "))
    };
    let address = |n: u32| Ipv4Addr::from_bits(n).to_string();
    let (addresses, ports) = (list(&address), list(&|n| n.to_string()));
    let elements = list(&|n| format!("{} : accept", address(n)));
    let pairs = list(&|n| format!("{} . {n}", address(n)));
    for (rule, problem) in [
        (
            format!("ip saddr {addresses} udp dport {ports} accept"),
            "33: it expands to more than 200000 combinations of addresses and ports; raise the limit with --limit boxes=NUMBER",
        ),
        (
            format!("udp dport {ports} ip saddr vmap {elements}"),
            "33: it expands to more than 200000 combinations of addresses and ports; raise the limit with --limit boxes=NUMBER",
        ),
        (
            format!("ip saddr . udp dport != {pairs} accept"),
            "33: it expands to more than 200000 combinations of addresses and ports; raise the limit with --limit boxes=NUMBER",
        ),
    ] {
        assert_eq!(refused(&table(&rule)), [problem]);
    }
}

/// A few hundred jumps and lookups of rules that are long or costly.
#[test]
fn rejects_rules_that_take_too_much_work() {
    let list = |value: &str, count| vec![value; count].join(", ");
    let jumps = |rule: &str| {
        let jumps = "\t\tjump other\n".repeat(600);
        format!(
            "table inet filter {{\n\tchain other {{\n\t\t{rule}\n\t}}\n\tchain twilio_sip_in {{\n{jumps}\t}}\n}}\n"
        )
    };
    let lookups = |kind: &str, elements: &str, rule: &str| {
        let rules = format!("\t\t{rule}\n").repeat(100);
        format!(
            "table inet filter {{\n\tset s {{\n\t\ttype {kind}\n\t\telements = {{ {elements} }}\n\t}}\n\tchain twilio_sip_in {{\n{rules}\t}}\n}}\n"
        )
    };
    let json = |expression: &str| {
        let rule = |chain: &str, expression: &str| {
            format!(
                r#"{{"rule": {{"family": "inet", "table": "filter", "chain": "{chain}", "handle": 9, "expr": [{expression}]}}}}"#
            )
        };
        let chain = |name: &str| {
            format!(
                r#"{{"chain": {{"family": "inet", "table": "filter", "name": "{name}", "handle": 1}}}}"#
            )
        };
        let jump = rule("twilio_sip_in", r#"{"jump": {"target": "other"}}"#);
        let parts = [
            chain("twilio_sip_in"),
            chain("other"),
            rule("other", expression),
        ];
        let objects = [parts.join(", "), vec![jump; 600].join(", ")].join(", ");
        format!(r#"{{"nftables": [{objects}]}}"#)
    };
    let long = "x".repeat(1_000);
    for text in [
        jumps(&format!("counter comment \"{long}\"")),
        jumps(&"counter ".repeat(125)),
        jumps(&"tcp flags syn ".repeat(20)),
        jumps(&format!("ct state {} accept", ["new"; 300].join(","))),
        jumps(&format!("meta mark {{ {} }} accept", list("1", 200))),
        lookups("mark", &list("1", 700), "meta mark @s accept"),
        lookups("inet_proto", &list("udp", 700), "meta l4proto != @s drop"),
        lookups("tcp_flag", &list("syn", 100), "tcp flags @s accept"),
        lookups(
            "mark . mark",
            &list("1 . 1", 400),
            "meta mark . meta mark @s accept",
        ),
        lookups("mark", &list("1", 8_000), "meta mark @s accept"),
        json(&format!(r#"{{"log": {{"prefix": "{long}"}}}}"#)),
        json(&vec![r#"{"counter": null}"#; 60].join(", ")),
    ] {
        let limits = Limits::default().with(&["work=500000".parse().unwrap()]);
        let found = parse_within(limits, &text, &Unit::default(), &BOTH).unwrap_err();
        let expected =
            "it takes more than 500000 steps to evaluate; raise the limit with --limit work=NUMBER";
        assert!(found[0].contains(expected), "{}: {found:?}", &text[..200]);
    }
}

/// Short statements, chains and sets need more memory than their text.
#[test]
fn rejects_too_many_statements() {
    let table = |items: &str| format!("table inet filter {{\n{items}}}\n");
    let many = |item: &dyn Fn(usize) -> String| (0..5_000).map(item).collect::<String>();
    let json = |item: &dyn Fn(usize) -> String| {
        let items: Vec<String> = (0..5_000).map(item).collect();
        format!(r#"{{"nftables": [{}]}}"#, items.join(", "))
    };
    let named = r#""family": "inet", "table": "filter""#;
    for text in [
        table(&format!("chain x {{\n{}}}\n", "accept\n".repeat(10_000))),
        table(&format!("chain x {{\n{}}}\n", "# x\n".repeat(10_000))),
        table(&format!("set x {{\n{}}}\n", "size 1;".repeat(10_000))),
        table(&many(&|n| format!("chain c{n} {{\n}}\n"))),
        table(&many(&|n| format!("set s{n} {{\n}}\n"))),
        "add rule inet filter x accept\n".repeat(10_000),
        "add element inet filter x { 1 }\n".repeat(10_000),
        json(&|n| format!(r#"{{"chain": {{{named}, "name": "c{n}"}}}}"#)),
        json(&|n| format!(r#"{{"set": {{{named}, "name": "s{n}"}}}}"#)),
        json(&|n| {
            format!(
                r#"{{"rule": {{{named}, "chain": "c", "expr": []}}}}, {{"chain": {{{named}, "name": "c{n}"}}}}"#
            )
        }),
    ] {
        let limits = Limits::default().with(&["work=500000".parse().unwrap()]);
        let found = parse_within(limits, &text, &Unit::default(), &BOTH).unwrap_err();
        let expected =
            "it takes more than 500000 steps to evaluate; raise the limit with --limit work=NUMBER";
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains(expected), "{}: {found:?}", &text[..100]);
    }
}

fn assert_same_meaning(text: &str, json: &str) {
    let unit = |text| parse(text, &Unit::default(), &BOTH).unwrap().swap_remove(0);
    let units = (unit(text), unit(json));
    let line_of = |at: u32| text[at as usize..].lines().next().unwrap();
    assert_eq!(units.0.steps.len(), units.1.steps.len());
    for (a, b) in units.0.steps.iter().zip(&units.1.steps) {
        let rule = &json[b.at as usize..];
        assert!(rule.starts_with("{\"family\": \"inet\", "), "{rule}");
        assert_eq!(
            (a.packets, a.condition.is_true(), a.action),
            (b.packets, b.condition.is_true(), b.action),
            "{}",
            line_of(a.at)
        );
    }
    // Both forms list the rules in the same order, so the places of the rules have the same numbers.
    let numbers = |unit: &DeployedUnit, starts: Vec<usize>| -> Vec<usize> {
        let at = unit.unmeasured.iter().map(|part| part.at as usize);
        at.map(|at| starts.iter().filter(|start| **start <= at).count())
            .collect()
    };
    let in_text = text.match_indices("\n\t\t").map(|(at, _)| at).collect();
    let in_json = json
        .match_indices("{\"rule\": ")
        .map(|(at, _)| at)
        .collect();
    let (in_text, in_json) = (numbers(&units.0, in_text), numbers(&units.1, in_json));
    assert_eq!(in_text.len(), in_json.len());
    let distances = in_text.iter().zip(&in_json).map(|(a, b)| a.abs_diff(*b));
    assert!(
        distances.clone().min() == distances.max(),
        "{in_text:?}\n{in_json:?}"
    );
}

#[test]
fn text_and_json_have_the_same_meaning() {
    assert_same_meaning(MANY, MANY_JSON);
    assert_same_meaning(IPV6, IPV6_JSON);
}

#[test]
fn rejects_unsupported_rules_with_their_line() {
    for (rules, expected) in expectations(REFUSED) {
        let errors = refused(&table(rules));
        assert!(
            errors.len() == 1 && errors[0].starts_with(expected),
            "{rules}\n{errors:#?}"
        );
    }
    let errors = refused(&table(&"jump nowhere\n".repeat(99)));
    assert_eq!(errors.len(), 20);
    let nested: Vec<String> = (0..99)
        .map(|n| format!("chain c{n} {{ jump c{}; }}↵", n + 1))
        .collect();
    let nested = format!("jump c0 }}↵{} chain c99 {{", nested.concat());
    let errors = refused(&table(&nested));
    assert!(errors[0].ends_with(
        "it is nested more than 64 levels deep; raise the limit with --limit depth=NUMBER"
    ));
    // An error in a set is reported once, even if many rules refer to it.
    assert_eq!(
        refused(&table("ip saddr @wrong drop\n".repeat(9).as_str())).len(),
        1
    );
}

#[test]
fn applies_a_script_command_by_command() {
    let policy = tokyo(everything());
    for (command, expected) in expectations(SCRIPTS) {
        let text = render(&policy) + &command.replace('↵', "\n") + "\n";
        let found = match parse(&text, &Unit::default(), &BOTH) {
            Ok(units) => drift_of(&policy, &units),
            Err(errors) => errors,
        };
        let found = found.first().map_or("in sync", |first| first);
        assert!(found.contains(expected), "{command}\n{found}");
    }
    for text in ["table inet filter {\n", "table ip x { chain y { \"", "}\n"] {
        let errors = refused(text).join("\n");
        let messages = ["is not closed", "does not end in a newline", "not '}'"];
        assert!(
            messages.iter().any(|part| errors.contains(part)),
            "{errors}"
        );
    }
    let errors = refused("table ip x {\n chain y {\n drop\n");
    assert!(
        errors[0].starts_with("1: this brace is not closed"),
        "{errors:?}"
    );
    assert_eq!(refused("frob\nfrob x; frob y\nfrob \"z\"\n").len(), 4);
    assert_eq!(refused(&"frob\n".repeat(99)).len(), 20);
}

#[test]
fn the_policy_of_a_base_chain_decides_about_unmatched_packets() {
    let unit = Unit {
        name: "input".parse().unwrap(),
        table: Some("ip sip".to_owned()),
        ..Unit::default()
    };
    let one_way = |text: &str| parse(text, &unit, &BOTH[..1]);
    let rule = "ip saddr 54.65.63.192/30 udp dport 5060 accept";
    let chain = |head: &str| format!("table sip {{\n chain input {{ {head}; {rule} }}\n}}\n");
    let json = |head: &str| {
        format!(
            r#"{{"nftables": [{{"chain": {{"family": "ip", "table": "sip", "name": "input", {head}}}}}]}}"#
        )
    };
    let drop = one_way(&chain(
        "type filter hook input priority filter - 5; policy drop",
    ));
    assert_eq!(drift_of(&sip(), &drop.unwrap()), IN_SYNC);
    let regular = one_way(&chain("comment \"mine\""));
    assert_eq!(drift_of(&sip(), &regular.unwrap()), IN_SYNC);
    for accepts in [
        chain("type filter hook input priority 0; policy accept"),
        chain("type filter hook input priority 0"),
        json(r#""type": "filter", "hook": "input", "prio": 0, "policy": "accept""#),
    ] {
        let found = drift_of(&sip(), &one_way(&accepts).unwrap());
        assert!(found.iter().all(|line| line.starts_with("extra in to")) && found.len() > 1);
    }
    let nat =
        "a base chain of type 'nat' at hook 'prerouting' is not supported; expected type filter";
    for text in [
        chain("type nat hook prerouting priority 0"),
        json(r#""type": "nat", "hook": "prerouting", "prio": 0"#),
    ] {
        assert!(one_way(&text).unwrap_err()[0].contains(nat));
    }
    let absent = one_way("table ip other {\n}\n").unwrap();
    assert!(absent.iter().all(|unit| unit.steps.is_empty()));
    let table = Some("ip6 sip".to_owned());
    let errors = parse(JSON, &Unit { table, ..unit }, &BOTH).unwrap_err();
    assert!(
        errors[0].contains("does not have family inet or ip"),
        "{errors:?}"
    );
}

#[test]
fn rejects_a_table_name_that_nft_does_not_accept() {
    let render = |table: &str| {
        let table = Some(table.to_owned());
        let unit = Unit {
            table,
            ..Unit::default()
        };
        format::render(nftables(), &sip(), &unit).map_err(|error| error.to_string())
    };
    let longest = format!("inet {}", "a".repeat(64));
    for table in ["inet filter", "ip a_b-c.9", &longest] {
        assert!(
            render(table)
                .unwrap()
                .contains(&format!("table {table} {{"))
        );
    }
    for (table, reason) in [
        ("filter", "does not name a family and a table"),
        ("ip6 filter", "does not have family inet or ip"),
        ("inet ", "must have a name of 1 to 64 letters"),
        ("inet a b", "must have a name of 1 to 64 letters"),
        (
            &*(longest.clone() + "a"),
            "must have a name of 1 to 64 letters",
        ),
        ("inet 9a", "must have a name that starts with a letter"),
        ("inet counter", "is a reserved word of nft"),
    ] {
        let message = render(table).unwrap_err();
        assert!(message.contains(reason), "{message}");
    }
}

#[test]
fn rejects_unsupported_json() {
    for (change, expected) in expectations(JSON_REFUSED) {
        let (from, to) = change.split_once(" -> ").unwrap();
        assert!(JSON.contains(from), "{change}");
        let errors = refused(&JSON.replace(from, to));
        assert!(errors[0].contains(expected), "{change}\n{errors:#?}");
    }
    for text in [
        "{}",
        "{\"nftables\": 1}",
        "{\"nftables\": []} x",
        "{\"nftables\": [{}]}",
    ] {
        refused(text);
    }
    let first_error = |text: &str| refused(text).swap_remove(0);
    assert!(first_error("{\"nftables\": 1}\n").contains("expected a list of objects"));
    assert!(first_error("{\"nftables\": [\n").contains("the input may have been cut off"));
    let last = |value: &str| {
        let statement = format!("{{\"last\": {value}}}, {{\"accept\": null}}");
        JSON.replace("{\"accept\": null}", &statement)
    };
    for value in ["null", "{\"used\": 12}"] {
        assert_eq!(
            drift(&tokyo(everything()), &last(value)),
            IN_SYNC,
            "{value}"
        );
    }
    // In JSON with several lines, an error has its own line number.
    let lines = JSON.replace("{\"set\": ", "\n{\"set\": ");
    let syntax = lines.replace("{\"table\": {\"family\": \"ip\"", "\n{\"table\" {");
    assert!(first_error(&syntax).starts_with("7: not valid JSON: expected `:`"));
    let types = lines.replace("\"type\": \"ipv4_addr\", \"handle\": 13", "\"type\": 5");
    assert!(first_error(&types).starts_with("4: expected a type or a list of types, not '5'"));
}

/// serde reports the byte before a character that is not allowed in a string.
#[test]
fn an_error_in_json_points_to_the_start_of_a_character() {
    let json = JSON.replacen("\"left\"", "\"東\u{1}\"", 1);
    let wanted = UnitQuery {
        unit: &Unit::default(),
        directions: &BOTH,
        limits: Limits::default(),
    };
    let errors = format::parse(nftables(), &json, wanted).unwrap_err();
    let problem = &errors[0].problem();
    assert!(problem.contains("control character"), "{problem}");
    let found = excerpt(&json, errors[0].at());
    assert!(found.starts_with("東\u{1}\": "), "{found}");
}

/// A listing of `table ip filter` whose unit has these lines.
fn listed(lines: &[&str]) -> String {
    let lines = format!("\t\t{}\n", lines.join("\n\t\t"));
    format!(
        "table ip filter {{\n\tchain twilio_sip_in {{\n{lines}\t}}\n\n\tchain twilio_sip_out {{\n\t}}\n}}\n"
    )
}

/// The drift from [`sip`] of a listing of `table ip filter`, or the errors.
fn drift_or_refusal(text: &str) -> Vec<String> {
    let unit = Unit {
        table: Some("ip filter".to_owned()),
        ..Unit::default()
    };
    parse(text, &unit, &BOTH).map_or_else(|errors| errors, |units| drift_of(&sip(), &units))
}

const SIP: &str = "ip saddr 54.65.63.192/30 udp dport 5060 accept";

/// nft 1.0.6 prints all of these for rules and objects that were loaded from JSON with quotation marks and
/// newlines in a comment, a prefix or a name.
#[test]
fn rejects_a_listing_that_a_comment_may_have_forged() {
    for (lines, problem) in [
        (
            &[
                "counter packets 0 bytes 0 comment \"x\"",
                SIP,
                "drop comment \"\"",
                "accept",
            ][..],
            "5: a comment is empty",
        ),
        (
            &["counter comment \"x\"", SIP, "drop #\"", "accept"],
            "5: a quotation mark follows '#'",
        ),
        (
            &[
                "counter comment \"x\"",
                SIP,
                "drop # a \" # handle 7",
                "accept",
            ],
            "5: a quotation mark follows '#'",
        ),
        (
            &[SIP, "drop # \" group 2 accept"],
            "4: a quotation mark follows '#'",
        ),
        (
            &[
                "counter comment \"x\"y\"",
                "accept",
                SIP,
                "drop comment \"z\"",
            ],
            "3: nft never prints this text after a comment",
        ),
        (
            &["counter comment \"x", "\" accept comment \"y\"", SIP],
            "3: a quoted text contains a line break",
        ),
        (
            &["log prefix \"x\" comment \"y\" log prefix \"\" accept", SIP],
            "3: nft never prints this text after a comment",
        ),
        (
            &["iifname \"a\"\"", "accept comment \"y\"", SIP],
            "3: a quoted text contains a line break",
        ),
        (
            &[
                "accept",
                "}",
                "}",
                "flush chain ip filter twilio_sip_in",
                "table ip filter {",
                "chain twilio_sip_in {",
                SIP,
            ],
            "6: 'flush' cannot appear in a listing",
        ),
        (
            &["accept", "}", "chain twilio_sip_in {", SIP],
            "5: chain 'twilio_sip_in' appears twice",
        ),
        (
            &[SIP, "log prefix \"a\" drop comment \"b\"", "accept"],
            "4: nft does not escape quotation marks",
        ),
        (
            &[
                "log prefix \"a\" udp dport 5060 log prefix \"b\" accept",
                SIP,
            ],
            "3: nft does not escape quotation marks",
        ),
        (
            &[
                "counter name \"a\" udp dport 5060 quota name \"b\" accept",
                SIP,
            ],
            "3: nft does not escape quotation marks",
        ),
        (
            &["jump ok", "counter", "}", "chain ok", "counter {", "accept"],
            "6: expected '{' after the name, as nft lists it",
        ),
        (
            &[SIP, "}", "set x", "counter {", "accept"],
            "5: expected '{' after the name, as nft lists it",
        ),
        (
            &[
                SIP,
                "ip saddr 192.0.2.1 # match-set x src counter packets 1 bytes 2 accept",
            ],
            "4: this comment may be a part of a rule, because nft up to 1.0.5 prints '#'",
        ),
        (
            &["# match-set x src counter packets 1 bytes 2 accept", SIP],
            "3: this comment may be a part of a rule, because nft up to 1.0.5 prints '#'",
        ),
        (
            &[SIP, "udp dport 5061 # handle 7 accept"],
            "4: this comment may be a part of a rule, because nft up to 1.0.5 prints '#'",
        ),
    ] {
        for head in [
            "",
            "# Warning: table ip filter is managed by iptables-nft, do not touch!\n",
        ] {
            let text = format!("{head}{}", listed(lines));
            let problem = match problem.split_once(": ") {
                Some((line, what)) if !head.is_empty() => {
                    format!("{}: {what}", line.parse::<usize>().unwrap() + 1)
                }
                _ => problem.to_owned(),
            };
            let found = drift_or_refusal(&text);
            assert!(found[0].starts_with(&problem), "{text}\n{found:#?}");
        }
    }
}

#[test]
fn accepts_a_listing_with_ordinary_comments() {
    for lines in [
        &[SIP][..],
        &[
            "counter comment \"a; b { c } # d\"",
            "ip saddr 54.65.63.192/30 udp dport 5060 accept comment \"x # y\" # handle 7",
        ],
        &[
            "log prefix \"a \" level warn",
            SIP,
            "drop comment \"the rest\"",
        ],
        &[
            "ip saddr { 54.65.63.192/31 comment \"a\", 54.65.63.194/31 comment \"b\" } udp dport 5060 accept",
        ],
        &["comment \"of the chain\"", SIP],
        &["iifname \"eth0\" counter name \"c\" continue", SIP],
        &[
            "iifname \"eth0\" oifname \"eth1\" log prefix \"x\" group 2",
            SIP,
        ],
        &[
            SIP,
            "}",
            "chain other {",
            "# match-set x src accept",
            "log prefix \"a\" drop comment \"b\"",
        ],
    ] {
        let found = drift_or_refusal(&listed(lines));
        assert_eq!(found, IN_SYNC, "{lines:?}");
    }
    let comments = format!(
        "# the \"old\" rules\n{}",
        listed(&[SIP, "drop # \"all\" else"])
    );
    assert_eq!(drift_or_refusal(&comments), IN_SYNC);
    let partly = listed(&[SIP]) + "table ip filter {\n\tchain other {\n\t}\n}\n";
    assert_eq!(drift_or_refusal(&partly), IN_SYNC);
}

/// Programs other than nft may choose such names, and nft prints them without quotation marks.
#[test]
fn reads_names_that_nft_does_not_accept() {
    let text = |rule: &str, others: &str| {
        [
            "table ip6 %t { # handle 1",
            "}",
            "table ip ~nat {",
            "\tchain +out {",
            "\t\ttype nat hook postrouting priority srcnat; policy accept;",
            "\t\tjump ~log0",
            "\t}",
            "}",
            "table inet filter {",
            "\tset ~nets {",
            "\t\ttype ipv4_addr",
            "\t\tflags interval",
            "\t\telements = { 54.65.63.192/30 }",
            "\t}",
            "\tmap a:ports {",
            "\t\ttype inet_service : verdict",
            "\t\telements = { 5060 : jump ~log0, 5061 : drop }",
            "\t}",
            "\tchain ~log0 {",
            "\t\taccept",
            "\t}",
            "\tchain a,b { # handle 7",
            "\t\taccept # handle 8",
            "\t}",
            "\tchain others {",
            others,
            "\t}",
            "\tchain twilio_sip_in {",
            rule,
            "\t}",
            "}",
            "",
        ]
        .join("\n")
    };
    for rule in [
        "ip saddr @~nets udp dport 5060 jump ~log0",
        "ip saddr @~nets udp dport 5060 goto a,b",
        "ip saddr @~nets udp dport 5060 jump a,b # handle 9",
        "ip saddr @~nets udp dport vmap @a:ports",
        "ip saddr @~nets udp dport vmap { 5060 : goto ~log0, 5061 : drop }",
    ] {
        let text = text(rule, "\t\tip saddr @~nets drop");
        assert_eq!(drift(&sip(), &text), IN_SYNC, "{rule}");
    }
    for changes in [
        "add @~nets { ip saddr }",
        "update @~nets { ip saddr timeout 1m }",
        "meter ~nets { ip saddr }",
    ] {
        let found = refused(&text("ip saddr @~nets udp dport 5060 accept", changes));
        let message = "26: this rule changes the elements of set '~nets', which the checked chains use; use a set \
                       that no rule changes";
        assert_eq!(found, [message], "{changes}");
    }
    for (rule, message) in [
        (
            "jump ~none",
            "chain '~none' is not in the input, so its effect is unknown; provide the complete table",
        ),
        (
            "ip saddr @~none accept",
            "set '~none' is not in the input; provide the complete table",
        ),
        (
            "udp dport vmap { 5060 : jump a,b }",
            "unknown port 'b'; expected a known service or a number from 0 to 65535",
        ),
        ("jump $c", "expected the name of a chain, not '$'"),
    ] {
        let found = refused(&text(rule, ""));
        assert_eq!(found, [format!("29: {message}")], "{rule}");
    }
}

#[test]
fn rejects_listings_of_two_machines() {
    let text = LISTED.repeat(2);
    assert!(refused(&text)[0].contains("appears twice; provide the listing of one machine"));
    let objects = JSON.trim().strip_prefix("{\"nftables\": [").unwrap();
    let objects = objects.strip_suffix("]}").unwrap();
    let json = format!("{{\"nftables\": [{objects}, {objects}]}}\n");
    assert!(refused(&json)[0].contains("'metainfo' appears twice"));
    let (_, rest) = objects.split_once("}}, ").unwrap();
    let json = format!("{{\"nftables\": [{objects}, {rest}]}}\n");
    let found = refused(&json);
    assert!(found[0].contains("appears twice"), "{found:?}");
}

/// Matches and targets of rules from iptables-nft, as `nft -j` 1.0.6 prints them.
#[test]
fn accepts_only_comments_as_iptables_extensions_in_json() {
    let policy = tokyo(everything());
    let with = |extension: &str| {
        let port = r#""right": 5060}}, "#;
        JSON.replacen(port, &format!("{port}{extension}, "), 1)
    };
    let comment = with(r#"{"xt": {"type": "match", "name": "comment"}}"#);
    assert_ne!(comment, JSON);
    assert_eq!(drift(&policy, &comment), IN_SYNC);
    for extension in [
        r#"{"xt": {"type": "match", "name": "set"}}"#,
        r#"{"xt": {"type": "target", "name": "LOG"}}"#,
        r#"{"xt": {"type": "target", "name": "comment"}}"#,
        r#"{"xt": {"type": "watcher", "name": "comment"}}"#,
        r#"{"xt": null}"#,
    ] {
        let found = refused(&with(extension));
        let expected = "nft does not show what a match or target of iptables does; provide the output of 'iptables-save'";
        assert!(found[0].contains(expected), "{extension}\n{found:?}");
    }
}

/// Statements as `nft -j` prints them, and with an escape that other programs may write.
#[test]
fn rejects_a_set_that_a_rule_changes_in_json() {
    let policy = tokyo(everything());
    let with = |statement: &str| {
        let rule = format!(
            r#", {{"rule": {{"family": "inet", "table": "filter", "chain": "input", "handle": 99, "expr": [{{"counter": null}}, {statement}]}}}}]}}"#
        );
        let end = JSON.trim_end().strip_suffix("]}").unwrap();
        format!("{end}{rule}\n")
    };
    let saddr = r#"{"payload": {"protocol": "ip", "field": "saddr"}}"#;
    for statement in [
        format!(r#"{{"set": {{"op": "add", "elem": {saddr}, "set": "@twilio_sip_media"}}}}"#),
        format!(r#"{{"set": {{"op": "delete", "elem": {saddr}, "set": "@twilio_sip_media"}}}}"#),
        format!(
            r#"{{"set": {{"op": "update", "elem": {saddr}, "set": "\u0040twilio_sip\u005fmedia", "stmt": [{{"counter": null}}]}}}}"#
        ),
        format!(
            r#"{{"map": {{"op": "add", "elem": {saddr}, "data": "192.0.2.1", "map": "@twilio_sip_media"}}}}"#
        ),
        format!(
            r#"{{"meter": {{"key": {saddr}, "stmt": {{"counter": null}}, "size": 9, "name": "twilio_sip_media"}}}}"#
        ),
    ] {
        let found = refused(&with(&statement));
        let expected = "this rule changes the elements of set 'twilio_sip_media', which the checked chains use";
        assert!(found[0].contains(expected), "{statement}\n{found:?}");
    }
    for statement in [
        format!(r#"{{"set": {{"op": "add", "elem": {saddr}, "set": "@other"}}}}"#),
        format!(r#"{{"match": {{"op": "==", "left": {saddr}, "right": "@twilio_sip_media"}}}}"#),
        r#"{"log": {"prefix": "map set @twilio_sip_media"}}"#.to_owned(),
    ] {
        assert_eq!(drift(&policy, &with(&statement)), IN_SYNC, "{statement}");
    }
}
