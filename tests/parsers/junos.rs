//! The Junos parser: the exact drift of firewall filters, or an error with a reason.
//!
//! The expected results follow Juniper's Routing Policies, Firewall Filters, and Traffic Policers User Guide ("Firewall
//! Filter Match Conditions for IPv4 Traffic", "... Based on Address Fields", "... Based on Bit-Field
//! Values", "Protocol Match Conditions", "Firewall Filter Terminating Actions", "Firewall Filter
//! Nonterminating Actions") and CLI User Guide.

use crate::common::judge::{BOTH, dialect, everything, policy};
use twilio_sip_allow::firewall::{DeployedUnit, Drift};
use twilio_sip_allow::format::read::{Lines, UnitQuery};
use twilio_sip_allow::format::{self, Format, Unit};
use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::packets::{Action, Dimension, Flags, Protocols};
use twilio_sip_allow::policy::{Direction, Policy};
use twilio_sip_allow::select::Selection;

fn junos() -> &'static dyn Format {
    dialect("junos")
}

type Refused = Vec<(usize, String)>;

/// The expected policy and the name of the filter to compare with it.
struct Expected {
    policy: Policy,
    unit: Unit,
}

impl Expected {
    fn text(&self) -> String {
        format::render(junos(), &self.policy, &self.unit).unwrap()
    }

    /// The units, or the line and the problem of each error.
    fn units(&self, text: &str) -> Result<Vec<DeployedUnit>, Refused> {
        let wanted = UnitQuery {
            unit: &self.unit,
            directions: &self.policy.scope.directions,
            limits: Limits::default(),
        };
        format::parse(junos(), text, wanted).map_err(|errors| {
            let errors = errors.into_iter();
            errors
                .map(|e| (Lines::of(text).number(e.at()), e.problem()))
                .collect()
        })
    }

    fn check(&self, text: &str) -> Result<Drift, Refused> {
        let units = self.units(text)?;
        Ok(format::compare(junos(), &self.policy, &units, Limits::default(), || &[]).unwrap())
    }

    /// The differing sides: `same`, `missing`, `extra` or `both`.
    fn sides(&self, text: &str) -> &'static str {
        let drift = self.check(text);
        let drift = drift.unwrap_or_else(|errors| panic!("{errors:?}\n{text}"));
        match (drift.missing.is_empty(), drift.extra.is_empty()) {
            (true, true) => "same",
            (false, true) => "missing",
            (true, false) => "extra",
            (false, false) => "both",
        }
    }
}

fn tokyo(directions: &[Direction]) -> Expected {
    let selection = Selection {
        regions: vec!["tokyo".to_owned()],
        directions: directions.to_vec(),
        ..everything()
    };
    Expected {
        policy: policy(&["regional"], &selection).unwrap(),
        unit: Unit::default(),
    }
}

fn inbound() -> Expected {
    tokyo(&[Direction::In])
}

/// The inbound filter for Tokyo as `show configuration` prints it. Junos prints lists of names in blocks.
const CURLY: &str = "\
## Last commit: 2024-03-01 10:00:00 UTC by admin
version 21.4R3.15;
system {
    host-name r1;
    root-authentication {
        encrypted-password \"$6$a{;\\\"\"; ## SECRET-DATA
    }
}
interfaces {
    ge-0/0/0 {
        unit 0 {
            family inet {
                filter {
                    input twilio-sip-in;
                }
                address 192.0.2.1/24;
            }
        }
    }
}
policy-options {
    prefix-list twilio-sip-in-media {
        54.65.63.192/26;
    }
    /* Tokyo */
    prefix-list twilio-sip-in-signaling {
        54.65.63.192/30;
    }
    policy-statement x {
        term a {
            from {
                prefix-list other;
            }
            then reject;
        }
    }
}
firewall {
    policer p {
        if-exceeding {
            bandwidth-limit 1m;
            burst-size-limit 15k;
        }
        then discard;
    }
    family inet {
        filter other {
            term t {
                what is this;
            }
        }
        filter twilio-sip-in {
            term signaling-udp {
                from {
                    source-prefix-list {
                        twilio-sip-in-signaling;
                    }
                    protocol udp;
                    destination-port 5060;
                }
                then accept;
            }
            term signaling-tcp {
                from {
                    source-prefix-list {
                        twilio-sip-in-signaling;
                    }
                    protocol tcp;
                    destination-port [ 5060 5061 ];
                }
                then {
                    count sip;
                    accept;
                }
            }
            term media {
                from {
                    source-prefix-list {
                        twilio-sip-in-media;
                    }
                    protocol udp;
                    destination-port 10000-20000;
                }
                then accept;
            }
            term way-back {
                from {
                    source-prefix-list {
                        twilio-sip-in-signaling;
                    }
                    protocol tcp;
                    source-port [ 5060 5061 ];
                    tcp-established;
                }
                then accept;
            }
        }
    }
    family inet6 {
        filter twilio-sip-in {
            term t {
                then accept;
            }
        }
    }
}
";

/// [`CURLY`] with `old` replaced by `new`. Panics if `old` does not occur.
fn with(old: &str, new: &str) -> String {
    assert!(CURLY.contains(old), "{old}");
    CURLY.replace(old, new)
}

/// The part of [`CURLY`] from `first` up to `end`.
fn section<'t>(first: &str, end: &str) -> &'t str {
    let start = CURLY.find(first).unwrap();
    let length = CURLY[start..].find(end).unwrap();
    &CURLY[start..start + length]
}

const UDP: &str = "set firewall family inet filter twilio-sip-in term signaling-udp ";
const FILTER: &str = "firewall family inet filter twilio-sip-in";

/// The inbound commands for Tokyo, with other commands instead of the term for SIP over UDP. The lines omit the
/// start of each command.
fn instead(lines: &str) -> String {
    let text = inbound().text();
    let (of_term, others): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|line| line.starts_with(UDP));
    assert_eq!(of_term.len(), 4);
    let first = others.iter().position(|l| l.starts_with("set firewall"));
    let (before, after) = others.split_at(first.unwrap());
    let mut made = Vec::new();
    for line in lines.split('|').filter(|line| !line.is_empty()) {
        made.push(match line.split_once(' ') {
            Some((start, rest)) if start.ends_with(':') => {
                format!("set {FILTER} term {} {rest}", start.trim_end_matches(':'))
            }
            _ => line.to_owned(),
        });
    }
    let made: Vec<&str> = made.iter().map(String::as_str).collect();
    [before, &made, after].concat().join("\n") + "\n"
}

const LISTS: &str = "\
set policy-options prefix-list halves 54.65.63.192/31
set policy-options prefix-list halves 54.65.63.194/31
set policy-options prefix-list wide 54.65.63.192/29
set policy-options prefix-list upper 54.65.63.196/30
set policy-options prefix-list within 54.65.63.197/32
set policy-options prefix-list all 0.0.0.0/0
set policy-options prefix-list path apply-path \"protocols bgp group <*> neighbor <*>\"
set policy-options prefix-list path 192.0.2.1/32
set policy-options prefix-list six 2001:db8::/32
set policy-options prefix-list off 54.65.63.192/30
deactivate policy-options prefix-list off
set policy-options prefix-list partly 54.65.63.192/30
set policy-options prefix-list partly 192.0.2.0/24
deactivate policy-options prefix-list partly 192.0.2.0/24
set policy-options prefix-list hollow
";

fn rows(table: &str) -> impl Iterator<Item = &str> {
    table.lines().filter(|row| !row.is_empty())
}

/// Replacements of the term for SIP over UDP that do not change the meaning. `name:` starts a statement of the
/// term `name`.
const SAME: &str = "
u: from source-prefix-list halves|u: from protocol udp|u: from destination-port 5060|u: then accept|u: from protocol udp
u: from source-prefix-list halves|u: from protocol 17|u: from destination-port 5060|u: then accept
u: from source-prefix-list halves|u: from protocol udp|u: from destination-port 5060
u: from source-prefix-list halves|u: from protocol udp|u: from destination-port 5060|u: then count c|u: then log|u: then syslog|u: then sample|u: then loss-priority low|u: then forwarding-class ef
u: from source-address 54.65.63.192/30|u: from protocol udp|u: from destination-port 5060-5060|u: then accept
u: from source-address 54.65.63.192|u: from source-address 54.65.63.193/32|u: from source-address 54.65.63.194/31|u: from protocol udp|u: from destination-port 5060|u: then accept
u: from source-address [ 54.65.63.192/31 54.65.63.194/31 ]|u: from protocol udp|u: from destination-port 5060|u: then accept
u: from source-address 54.65.63.192/29|u: from source-address 54.65.63.196/30 except|u: from protocol udp|u: from destination-port 5060|u: then accept
u: from source-address 54.65.63.196/30 except|u: from source-address 54.65.63.192/29|u: from protocol udp|u: from destination-port 5060|u: then accept
u: from source-address 54.65.63.0/24 except|u: from source-address 54.65.63.192/30|u: from source-address 54.65.63.128/25 except|u: from protocol udp|u: from destination-port 5060|u: then accept
u: from source-prefix-list wide|u: from source-prefix-list upper except|u: from protocol udp|u: from destination-port 5060|u: then accept
u: from source-prefix-list partly|u: from protocol udp|u: from destination-port 5060|u: then accept
a: from source-prefix-list wide|a: from protocol udp|a: from destination-port-except 5060|a: from destination-port-except 10000-20000|a: then discard|b: from source-prefix-list upper|b: from destination-port 5060|b: then reject|u: from source-prefix-list wide|u: from protocol-except 0-16|u: from protocol-except 18-255|u: from destination-port 5060|u: then accept
u: from source-prefix-list halves|u: from protocol udp|u: from destination-port 5060|u: from ttl 0|deactivate firewall family inet filter twilio-sip-in term u from ttl|u: then accept
a: from source-prefix-list all|a: then accept|deactivate firewall family inet filter twilio-sip-in term a|u: from source-prefix-list halves|u: from protocol udp|u: from destination-port 5060|u: then accept
a: then next term|u: from source-prefix-list halves|u: from protocol udp|u: from destination-port 5060|u: then accept
a: then count all|a: then next term|u: from source-prefix-list halves|u: from protocol udp|u: from destination-port 5060|u: then accept
a: then accept|delete firewall family inet filter twilio-sip-in term a|u: from source-prefix-list halves|u: from protocol udp|u: from destination-port 5060|u: then accept
a: from protocol icmp|a: then reject administratively-prohibited|u: from source-prefix-list halves|u: from protocol udp|u: from destination-port 5060|u: then accept
u: from source-prefix-list halves|u: from protocol udp|u: from destination-port 5060|u: then accept|u: then policer p|deactivate firewall family inet filter twilio-sip-in term u then policer
set firewall family inet filter twilio-sip-in interface-specific|u: from source-prefix-list halves|u: from protocol udp|u: from destination-port 5060|u: then accept
u: from source-prefix-list halves|u: from protocol udp|u: from destination-port 5060|u: then accept|protect firewall family inet filter twilio-sip-in|set apply-groups top|set groups top system host-name r1
u: from source-prefix-list halves|u: from protocol udp|u: from destination-port 5060|u: then accept|set firewall family inet6 filter twilio-sip-in term x then accept|set logical-systems l firewall family inet filter twilio-sip-in term x then accept
u: from source-prefix-list halves|u: from protocol udp|u: from destination-port 5060|u: then accept|deactivate firewall family inet|activate firewall family inet
u: from source-prefix-list halves|u: from protocol udp|u: from destination-port 9|u: from destination-port 5060|delete firewall family inet filter twilio-sip-in term u from destination-port 9
a: from protocol tcp|a: from tcp-flags \"syn & !syn\"|a: then accept|u: from source-prefix-list halves|u: from protocol udp|u: from destination-port 5060
a: from protocol vrrp|a: from protocol ah|a: then discard|u: from source-prefix-list halves|u: from protocol udp|u: from destination-port 5060
";

#[test]
fn equivalent_filters_are_in_sync() {
    let expected = inbound();
    let set = expected.text();
    let whole = tokyo(&BOTH).text();
    assert!(whole.contains(&set[set.find("\ndelete").unwrap()..]));
    let lists = section(
        "    prefix-list twilio-sip-in-media",
        "    policy-statement",
    );
    let family = section(
        "    family inet {\n        filter other",
        "    family inet6",
    );
    let mut texts = vec![
        CURLY.to_owned(),
        set.replace('\n', "\r\n"),
        whole,
        // The output of `show configuration firewall` and `show configuration policy-options`.
        format!("{family}{lists}"),
        format!("{lists}policer p {{\n    then discard;\n}}\n{family}"),
        format!(
            "{{master:0}}\nadmin@r1> show configuration policy-options\n{lists}\n{{master:0}}\nadmin@r1> show \
             configuration firewall\n{family}\nadmin@r1>\n"
        ),
        format!("admin@r1> show configuration | display set\n{set}\nadmin@r1>\n"),
        format!("[edit]\nadmin@r1# show\n{CURLY}\n[edit]\nadmin@r1#\n"),
        format!(
            "admin@r1# run show configuration firewall | display inheritance no-comments\n{family}\nadmin@r1# \
             run show configuration policy-options | display inheritance terse\n{lists}"
        ),
        with(
            "filter other {",
            "##\n## Warning: configuration block ignored: unsupported platform (vsrx)\n##\nfilter other {",
        ),
        format!(
            "{{primary:node0}}[edit]\nadmin@r1# show\n{CURLY}\n{{primary:node0}}[edit]\nadmin@r1#\n"
        ),
        with("filter other {", "inactive: filter other {"),
        with("term signaling-udp", "protect: term signaling-udp"),
        with(
            "then accept;\n            }\n            term signaling-tcp",
            "}\n            term signaling-tcp",
        ),
        with("host-name r1;", "host-name \"firewall {\";"),
        with("destination-port 5060;", "destination-port [ 5060 ];"),
        CURLY.replace("\n    ", "\n\t").replace("    ", ""),
        CURLY.replace(" {\n", "{\n"),
        CURLY.replace(";\n", ";\n# term x { }\n/* filter twilio-sip-in {\n */\n"),
        set.replace(" family inet filter", " filter"),
        set.replace("filter twilio-sip-in", "filter \"twilio-sip-in\""),
    ];
    texts.extend(rows(SAME).map(|row| format!("{LISTS}{}", instead(row))));
    texts.extend(rows(SAME).map(|row| format!("{}{LISTS}", instead(row))));
    for text in texts {
        assert_eq!(expected.sides(&text), "same", "{text}");
    }
}

const GOOD: &str = "|u: from source-prefix-list halves|u: from protocol udp|u: from destination-port 5060|u: then accept";

/// Replacements of the term for SIP over UDP and the resulting drift. `+` stands for the original term.
const DIFFERENT: &str = "
missing delete firewall family inet filter twilio-sip-in term none
missing a: then discard|+
missing a: then discard|a: then count c|a: then log|+
missing a: from protocol udp|a: then reject|+
missing a: from protocol 1-17|a: then reject|+
missing a: from protocol-except tcp|a: then discard|+
missing a: from protocol-except tcp|a: then discard|a: then policer p|+
missing a: from destination-port-except 1-5059|a: from destination-port-except 5061-65535|a: then discard|+
missing a: from port 5060|a: then discard|+
missing a: from port-except 9|a: then discard|+
missing a: from address 54.65.63.195|a: then discard|+
missing a: from prefix-list halves|a: then discard|+
missing a: from destination-address 192.0.2.7|a: then discard|+
missing a: from tcp-initial|a: then discard|+
missing a: from tcp-established|a: then discard|+
missing a: from is-fragment|a: then discard|+
missing a: from ttl 1|a: then discard|+
missing a: from interface ge-0/0/0.0|a: then discard|+
missing a: from icmp-type echo-request|a: then discard|+
missing a: then policer p|a: then next term|+
missing u: from source-prefix-list halves|u: from protocol udp|u: from destination-port 5060|u: then accept|u: then policer p
missing u: from source-prefix-list halves|u: from protocol udp|u: from destination-port 5060|u: then accept|u: then three-color-policer two-rate p
missing u: from source-prefix-list halves|u: from protocol udp|u: from destination-port 5060|u: then next term
missing u: from source-prefix-list halves|u: from protocol udp|u: from destination-port 5060|u: from source-port 5060
missing u: from source-prefix-list halves|u: from protocol udp|u: from destination-port 5060|u: from dscp ef
missing u: from source-prefix-list halves|u: from protocol udp|u: from destination-port 5060|u: from packet-length-except 0-10
missing u: from source-prefix-list halves|u: from protocol udp|u: from destination-port 5060|u: from destination-address 192.0.2.0/24
missing u: from source-prefix-list halves|u: from protocol udp|u: from destination-port 5060|deactivate firewall family inet filter twilio-sip-in
missing u: from source-prefix-list halves|u: from protocol udp|u: from destination-port 5060|deactivate firewall
missing deactivate firewall family inet|+
missing +|deactivate firewall family inet filter twilio-sip-in term u
missing +|delete firewall family inet filter twilio-sip-in term u
missing +|u: from protocol tcp|delete firewall family inet filter twilio-sip-in term u from protocol udp
missing u: from source-address 54.65.63.192/29|u: from source-address 54.65.63.192/31 except|u: from source-address 54.65.63.196/30 except|u: from protocol udp|u: from destination-port 5060
missing u: from source-address 54.65.63.192/30|u: from source-address 54.65.63.195/32 except|u: from protocol udp|u: from destination-port 5060
extra u: from source-address 54.65.63.192/29|u: from source-address 54.65.63.196/31 except|u: from protocol udp|u: from destination-port 5060
extra u: from source-prefix-list wide|u: from protocol udp|u: from destination-port 5060
extra u: from source-prefix-list wide|u: from source-prefix-list within except|u: from protocol udp|u: from destination-port 5060
extra u: from source-prefix-list halves|u: from destination-port 5060
extra u: from source-prefix-list halves|u: from protocol [ udp sctp ]|u: from destination-port 5060
extra u: from source-prefix-list halves|u: from protocol udp|u: from destination-port 5059-5060
extra u: from source-prefix-list halves|u: from protocol udp|u: from destination-port [ 5060 ntp ]
extra u: from source-prefix-list halves|u: from protocol udp|u: from port 5060
extra u: from prefix-list halves|u: from protocol udp|u: from destination-port 5060
extra u: from address 54.65.63.192/30|u: from protocol udp|u: from destination-port 5060
extra +|a: from protocol icmp
extra +|a: from protocol icmp|a: then log
extra +|a: from icmp-type echo-request|a: from protocol icmp|a: then accept
extra +|a: from protocol udp|a: from interface lo0.0
extra +|a: then accept
extra +|a: from protocol udp|deactivate firewall family inet filter twilio-sip-in term a from protocol
extra +|a: from protocol udp|a: then discard|deactivate firewall family inet filter twilio-sip-in term a then
extra +|a: from tcp-established
extra +|a: from protocol tcp|a: from tcp-flags urgent
extra +|a: from protocol udp|a: from tcp-established
both u: from source-prefix-list halves|u: from protocol udp|u: from destination-port 5080
";

#[test]
fn reports_each_difference_as_drift() {
    for row in rows(DIFFERENT) {
        let (side, lines) = row.split_once(' ').unwrap();
        let lines = lines.replace('+', GOOD);
        let text = format!("{LISTS}{}", instead(&lines));
        assert_eq!(inbound().sides(&text), side, "{row}");
    }
    let texts = [
        (
            "missing",
            with(
                "filter twilio-sip-in {\n            term s",
                "filter x {\n            term s",
            ),
        ),
        (
            "missing",
            with(
                "filter twilio-sip-in {\n            term s",
                "inactive: filter twilio-sip-in {\n            term s",
            ),
        ),
        ("missing", with("\nfirewall {", "\ninactive: firewall {")),
        (
            "missing",
            with(
                "    family inet {\n        filter other",
                "    inactive: family inet {\n        filter other",
            ),
        ),
        (
            "missing",
            with(
                "    family inet {\n        filter other",
                "    family any {\n        filter other",
            ),
        ),
        ("missing", with("term media", "inactive: term media")),
        ("missing", with("[ 5060 5061 ]", "5060")),
        ("extra", with("                    tcp-established;\n", "")),
        (
            "extra",
            with(
                "                    tcp-established;\n",
                "inactive: tcp-established;\n",
            ),
        ),
        (
            "extra",
            with("54.65.63.192/26;", "54.65.63.192/26;\n10.0.0.0/8;"),
        ),
        (
            "extra",
            with(
                "            term way-back",
                "            term all;\n            term way-back",
            ),
        ),
        (
            "extra",
            with(
                "            term way-back",
                "            term all {\n}\n            term way-back",
            ),
        ),
        ("missing", "system {\n    host-name r1;\n}\n".to_owned()),
        ("missing", "set system host-name r1\n".to_owned()),
    ];
    for (side, text) in texts {
        assert_eq!(inbound().sides(&text), side, "{text}");
    }
}

/// The operators from the highest to the lowest precedence are `!`, `&` or `+`, and `|` or `,`. A number stands
/// for all of its bits ("Firewall Filter Match Conditions Based on Bit-Field Values").
#[test]
fn evaluates_expressions_of_flags() {
    let any_of = |mask| Flags::any_of(mask);
    let not_opening = Flags::opening().not();
    let or = |a: Flags, b: Flags| a.not().and(b.not()).not();
    for (condition, flags, certain) in [
        ("tcp-established", Flags::established(), true),
        ("tcp-initial", Flags::opening(), true),
        ("tcp-flags tcp-initial", Flags::opening(), true),
        ("tcp-flags \"(ack | rst)\"", Flags::established(), true),
        ("tcp-flags \"ack,rst\"", Flags::established(), true),
        ("tcp-flags \"syn & !ack\"", Flags::opening(), true),
        ("tcp-flags \"(!ack & syn)\"", Flags::opening(), true),
        ("tcp-flags \"syn+!ack\"", Flags::opening(), true),
        ("tcp-flags syn", any_of(Flags::SYN), true),
        ("tcp-flags 0x2", any_of(Flags::SYN), true),
        ("tcp-flags 2", any_of(Flags::SYN), true),
        ("tcp-flags \"!rst\"", any_of(Flags::RST).not(), true),
        ("tcp-flags \"!!rst\"", any_of(Flags::RST), true),
        ("tcp-flags \"!syn | ack\"", not_opening, true),
        (
            "tcp-flags \"!(syn & !ack) | rst\"",
            or(not_opening, any_of(Flags::RST)),
            true,
        ),
        (
            "tcp-flags \"fin | syn & ack\"",
            or(any_of(Flags::FIN), Flags::masked(10, 10)),
            true,
        ),
        (
            "tcp-flags \"(fin | syn) & ack\"",
            any_of(Flags::FIN | Flags::SYN).and(any_of(Flags::ACK)),
            true,
        ),
        (
            "tcp-flags 0x12",
            Flags::masked(Flags::SYN | Flags::ACK, Flags::SYN | Flags::ACK),
            true,
        ),
        (
            "tcp-flags \"!0x3\"",
            Flags::masked(Flags::SYN | Flags::FIN, Flags::SYN | Flags::FIN).not(),
            true,
        ),
        ("tcp-flags push", Flags::ALL, false),
        ("tcp-flags \"push | !push\"", Flags::ALL, true),
        ("tcp-flags \"urgent & fin\"", any_of(Flags::FIN), false),
        ("tcp-flags \"rst | urgent\"", Flags::ALL, false),
    ] {
        let text = format!(
            "set {FILTER} term a from protocol tcp\nset {FILTER} term a from {condition}\n"
        );
        let units = inbound().units(&text).unwrap();
        let [step] = units[0].steps[..] else {
            panic!("{condition}: {units:?}");
        };
        let found = (step.packets.header.flags, step.condition.is_true());
        assert_eq!(found, (flags, certain), "{condition}");
    }
}

/// A condition on ports or flags does not imply a protocol ("Protocol Match Conditions"). A packet of another
/// protocol matches if it has the same bits at the same place.
#[test]
fn conditions_on_ports_and_flags_apply_to_any_protocol() {
    let (tcp, udp) = (Protocols::TCP, Protocols::UDP);
    let others = tcp.or(udp).not();
    for (conditions, parts) in [
        ("ttl 3", vec![(Protocols::ALL, false)]),
        (
            "destination-address 10.0.0.0/8",
            vec![(Protocols::ALL, true)],
        ),
        (
            "destination-port 5060",
            vec![(tcp.or(udp), true), (others, false)],
        ),
        (
            "tcp-established",
            vec![(tcp, true), (udp, false), (others, false)],
        ),
        ("destination-port 5060|protocol udp", vec![(udp, true)]),
        (
            "destination-port 5060|protocol sctp",
            vec![(Protocols::of(132), false)],
        ),
        ("tcp-initial|protocol udp", vec![(udp, false)]),
        (
            "tcp-initial|protocol [ udp tcp ]",
            vec![(tcp, true), (udp, false)],
        ),
        ("protocol ipip", vec![(Protocols::of(4), true)]),
        ("protocol hop-by-hop", vec![(Protocols::of(0), true)]),
    ] {
        let lines = conditions
            .split('|')
            .map(|c| format!("set {FILTER} term a from {c}\n"));
        let units = inbound()
            .units(&lines.collect::<Vec<_>>().concat())
            .unwrap();
        let found = units[0].steps.iter();
        let found: Vec<_> = found
            .map(|s| (s.packets.header.protocols, s.condition.is_true()))
            .collect();
        assert_eq!(found, parts, "{conditions}");
        let of_tcp = |s: &&twilio_sip_allow::packets::Step| s.packets.header.flags != Flags::ALL;
        assert_eq!(
            units[0].steps.iter().filter(of_tcp).count(),
            usize::from(conditions.starts_with("tcp-") && !conditions.ends_with(" udp")),
            "{conditions}"
        );
    }
}

/// Every port name in the documentation. With a wrong number, `check` would accept a wrong rule.
#[test]
fn knows_the_port_names_that_junos_prints() {
    let names = "
        afs 1483 bgp 179 biff 512 bootpc 68 bootps 67 cmd 514 cvspserver 2401 dhcp 67 domain 53 eklogin 2105
        ekshell 2106 exec 512 finger 79 ftp 21 ftp-data 20 http 80 https 443 ident 113 imap 143
        kerberos-sec 88 klogin 543 kpasswd 761 krb-prop 754 krbupdate 760 kshell 544 ldap 389 ldp 646
        login 513 mobileip-agent 434 mobilip-mn 435 msdp 639 netbios-dgm 138 netbios-ns 137 netbios-ssn 139
        nfsd 2049 nntp 119 ntalk 518 ntp 123 pop3 110 pptp 1723 printer 515 radacct 1813 radius 1812 rip 520
        rkinit 2108 smtp 25 snmp 161 snmptrap 162 snpp 444 socks 1080 ssh 22 sunrpc 111 syslog 514 tacacs 49
        tacacs-ds 65 talk 517 telnet 23 tftp 69 timed 525 who 513 xdmcp 177 zephyr-clt 2103 zephyr-hm 2104
        zephyr-srv 2102";
    let words: Vec<&str> = names.split_ascii_whitespace().collect();
    for pair in words.chunks(2) {
        let from = format!("set {FILTER} term a from");
        let text = format!("{from} protocol udp\n{from} source-port {}\n", pair[0]);
        let units = inbound().units(&text).unwrap();
        let span = units[0].steps[0].packets.interval(Dimension::RemotePort);
        assert_eq!(span.first.to_string(), pair[1], "{}", pair[0]);
        assert_eq!(span.first, span.last);
    }
    assert_eq!(words.len(), 2 * 64);
}

/// A policer may drop packets that the term accepts. It does not change the other packets.
#[test]
fn a_policer_only_drops_packets_above_its_rate() {
    let text = |then: &str| {
        format!("set {FILTER} term a then policer p\nset {FILTER} term a then {then}\n")
    };
    for (then, steps) in [
        (
            "accept",
            vec![(Action::Deny, false), (Action::Accept, true)],
        ),
        ("next term", vec![(Action::Deny, false)]),
        ("discard", vec![(Action::Deny, false), (Action::Deny, true)]),
    ] {
        let units = inbound().units(&text(then)).unwrap();
        let found: Vec<_> = units[0]
            .steps
            .iter()
            .map(|s| (s.action, s.condition.is_true()))
            .collect();
        assert_eq!(found, steps, "{then}");
    }
}

#[test]
fn finds_the_users_own_filter_by_its_name() {
    let named = |name: &str| CURLY.replace("twilio-sip-in {", &format!("{name} {{"));
    let mut expected = inbound();
    expected.unit.name = "outside".parse().unwrap();
    assert_eq!(expected.sides(&named("outside")), "same");
    assert_eq!(expected.sides(&named("Outside")), "missing");
    assert_eq!(expected.sides(&named("outside-in")), "same");
    // The exact name takes precedence.
    let other = section("firewall {", "    family inet6").to_owned() + "}\n";
    let other = other.replace("twilio-sip-in {", "outside-in {");
    let damaged = |filter: &str| filter.replace("term media", "inactive: term media");
    let both = named("outside") + &damaged(&other);
    assert_eq!(expected.sides(&both), "same");
    assert_eq!(
        expected.sides(&(damaged(&named("outside")) + &other)),
        "missing"
    );
    // One filter cannot belong to both directions.
    expected.policy = tokyo(&BOTH).policy;
    assert_eq!(expected.sides(&named("outside")), "missing");
}

#[test]
fn reports_a_missing_filter() {
    for (text, reason) in [
        (
            "set system host-name r1\n".to_owned(),
            "the input has no such filter, and Junos does not commit an interface that refers to a missing filter",
        ),
        (
            format!("set {FILTER} term a then accept\ndeactivate firewall\n"),
            "the filter is deactivated",
        ),
    ] {
        let units = inbound().units(&text).unwrap();
        let absent = units[0].absent.as_deref().unwrap();
        assert!(absent.starts_with(reason), "{absent}");
        assert!(units[0].steps.is_empty() && units[0].unmeasured.is_empty());
    }
}

#[test]
fn rejects_a_filter_without_terms() {
    let idle = format!("set {FILTER} interface-specific\n");
    let inactive = format!("set {FILTER} term a then accept\ndeactivate {FILTER} term a\n");
    for text in [idle, inactive] {
        let errors = inbound().units(&text).unwrap_err();
        let message = "the filter has no terms";
        assert_eq!(errors, [(1, message.to_owned())]);
    }
}

#[test]
fn a_repair_replaces_the_whole_filter_unless_it_is_the_users_own() {
    let mut expected = inbound();
    let repair = |expected: &Expected, text: &str| {
        let wanted = UnitQuery {
            unit: &expected.unit,
            directions: &[Direction::In],
            limits: Limits::default(),
        };
        let units = format::parse(junos(), text, wanted).unwrap();
        format::repair(junos(), &expected.policy, text, wanted, &units)
    };
    let drifted = instead("");
    assert_eq!(repair(&expected, &drifted).unwrap(), expected.text());
    // After the output is loaded over the drifted filter, the filter is in sync.
    assert_eq!(expected.sides(&(drifted + &expected.text())), "same");
    expected.unit.name = "outside".parse().unwrap();
    let own = CURLY.replace("twilio-sip-in {", "outside {");
    let refused = repair(&expected, &own).unwrap_err().to_string();
    assert!(refused.contains("outside"), "{refused}");
}

/// Replacements of the term for SIP over UDP and the resulting error.
const REFUSED: &str = "
a: from source-port sip => unknown port 'sip'; expected a known name, or a number or range up to 65535
a: from source-port 65536 => unknown port '65536'
a: from source-port 05060 => '05060' has a leading zero, which may mean octal; remove the zero
a: from source-port 20000-10000 => the range '20000-10000' is reversed
a: from source-port 1-2-3 => unknown port '1-2-3'
a: from source-port 1- => unknown port '1-'
a: from source-port => 'source-port' has no value
a: from source-port 5 6 => expected nothing after '5', not '6'
a: from source-port 5|a: from port 6 => the meaning of 'source-port' together with 'port' in one term is not documented
a: from source-port 5|a: from source-port-except 6 => the meaning of 'source-port' together with 'source-port-except'
a: from protocol stcp => unknown protocol 'stcp'; expected a known name, or a number or range up to 255
a: from protocol 256 => unknown protocol '256'
a: from protocol udp|a: from protocol-except tcp => expected only one of protocol and protocol-except
a: from source-address => 'source-address' has no value
a: from source-address 10.0.0.0/33 => '10.0.0.0/33' has no prefix length from 0 to 32
a: from source-address 10.0.1.0/255.0.255.0 => has no prefix length from 0 to 32
a: from source-address 2001:db8::/32 => '2001:db8::' is not an IPv4 address
a: from source-address 10.0.0.0/8 exept => expected 'except' or nothing, not 'exept'
a: from source-address 10.0.0.0/8 except => no packet matches
a: from source-address 10.0.0.0/8 except|a: from source-address 10.1.0.0/8 => the same prefix occurs with and without 'except' (host bits are ignored); remove one of them
a: from address 10.0.0.0/8|a: from address 10.0.0.0/9 except => 'address' with 'except' checks source and destination
a: from source-address 10.0.0.0/8|a: from source-prefix-list halves => the meaning of 'source-address' together with 'source-prefix-list'
a: from source-address 10.0.0.0/8|a: from address 10.0.0.0/9 => the meaning of 'source-address' together with 'address' in one term is not documented
a: from source-prefix-list elsewhere => prefix list 'elsewhere' is not in the input
a: from source-prefix-list off => prefix list 'off' is deactivated; activate it, or remove it from the term
a: from source-prefix-list hollow => prefix list 'hollow' has no prefixes
a: from source-prefix-list path => prefix list 'path' gets its prefixes from 'apply-path', so they are not in the input
a: from source-prefix-list six => '2001:db8::' is not an IPv4 address
a: from source-prefix-list upper|a: from source-prefix-list wide except|a: from protocol tcp => a prefix of one list is within a list with 'except', and Junos does not document which of them takes precedence
a: from source-prefix-list wide except => no packet matches
a: from source-prefix-list wide not => expected 'except' or nothing, not 'not'
a: from source-prefix-list halves|deactivate firewall family inet filter twilio-sip-in term a from source-prefix-list halves => 'source-prefix-list' has no value
a: from source-filter x => unknown match condition 'source-filter' for IPv4
a: from address-except 10.0.0.0/8 => unknown match condition 'address-except' for IPv4
a: from next-header tcp => unknown match condition 'next-header' for IPv4
a: from apply-groups x => unknown match condition 'apply-groups' for IPv4
a: from tcp-established yes => expected nothing after 'tcp-established', not 'yes'
a: from tcp-established|a: from tcp-initial => expected only one of tcp-flags, tcp-established and tcp-initial
a: from tcp-flags => 'tcp-flags' has no value
a: from tcp-flags syn|a: from tcp-flags ack => 'tcp-flags' has more than one value
a: from tcp-flags cwr => expected a TCP flag, not 'cwr'
a: from tcp-flags 64 => expected a TCP flag, not '64'
a: from tcp-flags 0 => expected a TCP flag, not '0'
a: from tcp-flags \"syn &\" => expected a TCP flag, not ''
a: from tcp-flags \"(syn\" => expected ')' in the flags
a: from tcp-flags \"syn) ack\" => unexpected ') ack' in the flags
a: then accept|a: then discard => expected only one of 'accept' and 'discard' in a term
a: then next term|a: then accept => expected only one of 'next' and 'accept' in a term
a: then next filter => expected 'term', not 'filter'
a: then accept now => expected nothing after 'accept', not 'now'
a: then routing-instance r => unknown action 'routing-instance'
a: then count => 'count' has no value
a: then policer => 'policer' has no value
a: filter other => the term refers to another filter; write 'from' and 'then' instead
a: template t => unknown statement 'template' of a term; expected 'from' or 'then'
a: apply-groups g => unknown statement 'apply-groups' of a term; expected 'from' or 'then'
set firewall family inet filter twilio-sip-in promote gre-key => unknown statement 'promote' of a filter; expected a term
set firewall family inet filter twilio-sip-in ter a then accept => unknown statement 'ter' of a filter; expected a term
set firewall family inet filter twilio-sip-in apply-groups g => 'apply-groups' adds statements from elsewhere
set firewall family inet apply-groups g => 'apply-groups' adds statements from elsewhere
set firewall apply-groups g => provide the output of 'show configuration firewall | display inheritance' and 'show configuration policy-options | display inheritance
set policy-options apply-groups g => 'apply-groups' adds statements from elsewhere
set groups g firewall family inet filter <*> term x then accept|set apply-groups g => 'apply-groups' adds statements from elsewhere
set groups g policy-options prefix-list twilio-sip-in-media 0.0.0.0/0|set apply-groups [ f g ] => 'apply-groups' adds statements from elsewhere
set groups g firewall family inet filter twilio-sip-in term x then accept|set apply-groups g => 'apply-groups' adds statements from elsewhere
set groups g firewall filter twilio-sip-in term x then accept|set apply-groups g => 'apply-groups' adds statements from elsewhere
set groups g firewall filter <tw*> term x then accept|set apply-groups g => 'apply-groups' adds statements from elsewhere
set groups g firewall family inet filter <*> interface-specific|set apply-groups g => 'apply-groups' adds statements from elsewhere
set groups g firewall family <*> filter twilio-sip-in term x then accept|set apply-groups g => 'apply-groups' adds statements from elsewhere
set groups g firewall <*> inet filter twilio-sip-in term x then accept|set apply-groups g => 'apply-groups' adds statements from elsewhere
set groups g firewall family inet service-filter x term x then accept|set apply-groups g => 'apply-groups' adds statements from elsewhere
set groups g firewall policer p then discard|set apply-groups g => 'apply-groups' adds statements from elsewhere
set groups g firewall apply-groups h|set apply-groups g => 'apply-groups' adds statements from elsewhere
set groups g policy-options prefix-list <*> 0.0.0.0/0|set apply-groups g => 'apply-groups' adds statements from elsewhere
set groups g policy-options <*> halves 0.0.0.0/0|set apply-groups g => 'apply-groups' adds statements from elsewhere
set groups g policy-options apply-groups h|set apply-groups g => 'apply-groups' adds statements from elsewhere
set groups g <*> family inet filter twilio-sip-in term x then accept|set apply-groups g => 'apply-groups' adds statements from elsewhere
set groups g apply-groups h|set apply-groups g => 'apply-groups' adds statements from elsewhere
set groups node1 firewall family inet filter <*> term x then accept|set groups node0 system x|set apply-groups \"${node}\" => 'apply-groups' adds statements from elsewhere
set apply-groups [ node0 g ] => group 'g' is not in the input and may change the filter; provide the complete configuration
set firewall family inet filt twilio-sip-in term x then accept => unknown statement 'filt' at [edit firewall family inet]
set firewall family ine filter twilio-sip-in term x then accept => unknown statement 'ine' at [edit firewall family]
set firewall fam inet filter twilio-sip-in term x then accept => unknown statement 'fam' at [edit firewall]
set firew family inet filter twilio-sip-in term x then accept => unknown statement 'firew' at [edit]
set policy-options prefix-l halves 10.0.0.0/8 => unknown statement 'prefix-l' at [edit policy-options]
set pol prefix-list halves 10.0.0.0/8 => unknown statement 'pol' at [edit]
set firewall filter twilio-sip-in term x then accept => the input has this filter twice, with and without 'family inet'
set firewall family inet filter => expected the name of a filter at the end of the line
set term a then accept => 'term' lacks the levels above it
set filter twilio-sip-in term a then accept => 'filter' lacks the levels above it
set => expected a statement at the end of the line
deactivate firewall family inet filter twilio-sip-in term nowhere => the command refers to a statement that was not set above; provide the complete input
deactivate policy-options prefix-list halves 10.0.0.0/8|a: from source-prefix-list halves => the command refers to a statement that was not set above; provide the complete input
insert firewall family inet filter twilio-sip-in term a before term b => expected set, delete, deactivate, activate or protect
rename firewall family inet filter twilio-sip-in to x => expected set, delete, deactivate, activate or protect
---(more)--- => expected set, delete, deactivate, activate or protect
admin@r1# set firewall family inet filter twilio-sip-in term x then accept => expected set, delete, deactivate
set firewall family inet filter twilio-sip-in { => expected a command, without braces and semicolons
set firewall family inet filter twilio-sip-in; => expected a command, without braces and semicolons
set system host-name [ a b => the list has no ']'
set system host-name [ ] => expected values between '[' and ']'
set system host-name ] => expected values between '[' and ']'
set system host-name [ a [ b ] ] => unexpected '[': a statement has at most one list
set system host-name [ a ] b => expected nothing after the list, not 'b'
set system host-name \"a => the closing quotation mark is missing on this line
set system host-name 'r1' => unexpected quotation mark in 'r1'; Junos prints only double quotation marks
";

#[test]
fn rejects_unsupported_statements_with_a_reason() {
    for row in rows(REFUSED) {
        let (lines, problem) = row.split_once(" => ").unwrap();
        let text = format!("{LISTS}{}", instead(lines));
        match inbound().check(&text) {
            Ok(drift) => panic!("{lines} is not refused: {drift:?}"),
            Err(errors) => assert!(
                errors.iter().any(|(_, message)| message.contains(problem)),
                "{lines}: {errors:?}"
            ),
        }
    }
}

/// Each case replaces a line in the form with braces, and names the line and the reason of the error.
#[test]
fn rejects_unsupported_blocks_with_line_and_reason() {
    let line = |text: &str, line: &str| text.lines().position(|l| l.contains(line)).unwrap() + 1;
    for (old, new, at, problem) in [
        (
            "host-name r1;",
            "host-name r1",
            "host-name",
            "expected ';' or '{' at the end of the line",
        ),
        (
            "then accept;",
            "then accept",
            "then accept",
            "expected ';' or '{' at the end of the line",
        ),
        (
            "protocol tcp;",
            "---(more)---\nprotocol tcp;",
            "---(more",
            "expected ';' or '{' at the end of the line",
        ),
        (
            "term media {",
            "replace: term media {",
            "term media",
            "'replace:' occurs only in files to load",
        ),
        (
            "term media {",
            "delete: term media {",
            "term media",
            "'delete:' occurs only in files to load",
        ),
        (
            "term media {",
            "{ # here",
            "# here",
            "expected a statement before '{'",
        ),
        (
            "host-name r1;",
            ";",
            "    ;",
            "expected a statement before '",
        ),
        (
            "host-name r1;",
            "services { /* OMITTED */ };",
            "services {",
            "if Junos omitted a part, provide the output of 'show configuration | display omit",
        ),
        (
            "interfaces {",
            "} # here\ninterfaces {",
            "# here",
            "unexpected '}' outside of a block",
        ),
        (
            "host-name r1;",
            "host-name { r1",
            "host-name",
            "expected ';' or '{' at the end of the line",
        ),
        (
            "host-name r1;",
            "host-name [ r1;",
            "host-name",
            "the list has no ']'",
        ),
        (
            "host-name r1;",
            "host-name [ r1 ] {",
            "host-name",
            "expected ';' after a list",
        ),
        (
            "host-name r1;",
            "host-name r1 }",
            "host-name",
            "expected ';' before '}'",
        ),
        (
            "/* Tokyo */",
            "/* Tokyo",
            "/* Tokyo",
            "the comment that begins here has no '*/', so the input may have been cut off; provide the complete input",
        ),
        (
            "host-name r1;",
            "host-name \"r1;",
            "host-name",
            "the closing quotation mark is missing on this line",
        ),
        (
            "    family inet {\n        filter other {",
            "    family inet {\n        filter { # here",
            "# here",
            "expected the name of a filter at the end of the line",
        ),
        (
            "    family inet6",
            "    apply-groups g;\n    family inet6",
            "apply-groups",
            "provide the output of 'show configuration firewall | display inheritance' and 'show configuration policy-options | display inheritance",
        ),
        (
            "    family inet6",
            "    name outside {\n}\n    family inet6",
            "name outside",
            "unknown statement 'name' at [edit firewall]",
        ),
    ] {
        let text = with(old, new);
        let errors = inbound().check(&text).unwrap_err();
        let found = errors.iter().find(|(_, message)| message.contains(problem));
        let Some((number, _)) = found else {
            panic!("{new}: {errors:?}");
        };
        assert_eq!(*number, line(&text, at), "{new}: {errors:?}");
    }
}

#[test]
fn reports_errors_with_their_lines_up_to_a_maximum() {
    let expected = inbound();
    let text = expected
        .text()
        .replace("destination-port 5060", "destination-port x");
    let errors = expected.check(&text).unwrap_err();
    let lines: Vec<usize> = errors.iter().map(|(line, _)| *line).collect();
    let there: Vec<usize> = (1..)
        .zip(text.lines())
        .filter(|(_, l)| l.ends_with("port x"))
        .map(|(n, _)| n)
        .collect();
    assert_eq!(lines, there);
    assert_eq!(there.len(), 2);
    let unknown = "set firewall what\n";
    for many in [
        unknown.repeat(1000),
        format!("firewall {{\n{}}}\n", "what;\n".repeat(1000)),
    ] {
        assert_eq!(expected.check(&many).unwrap_err().len(), 20);
    }
    let terms = (0..1000).map(|n| format!("set {FILTER} term t{n} then what\n"));
    assert_eq!(
        expected
            .check(&terms.collect::<Vec<_>>().concat())
            .unwrap_err()
            .len(),
        20
    );
    // An error in a prefix list is reported once, even if many terms refer to it.
    let uses = (0..1000).map(|n| format!("set {FILTER} term t{n} from source-prefix-list six\n"));
    let text = uses.collect::<Vec<_>>().concat() + LISTS;
    let errors = expected.check(&text).unwrap_err();
    let [(line, _)] = errors[..] else {
        panic!("{errors:?}");
    };
    assert!(
        text.lines()
            .nth(line - 1)
            .unwrap()
            .ends_with("six 2001:db8::/32")
    );
}

#[test]
fn rejects_the_text_of_another_system() {
    let xml = "<rpc-reply>\n<configuration>\n</configuration>\n</rpc-reply>\n";
    let json = "{\n    \"configuration\" : {\n    }\n}\n";
    for (text, line, problem) in [
        (xml, 1, "with or without '| display set', not JSON or XML"),
        (json, 1, "with or without '| display set', not JSON or XML"),
        (
            "ip access-list extended X\n permit ip any any\n",
            1,
            "expected ';' or '{'",
        ),
        (
            "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n",
            1,
            "expected ';' or '{'",
        ),
        (
            "table inet filter {\n\tchain input {\n\t\taccept\n\t}\n}\n",
            1,
            "unknown statement 'table' at [edit]",
        ),
        ("pass in all\n", 1, "expected ';' or '{'"),
        (
            "options {\n    directory \"/var\";\n};\n",
            1,
            "unknown statement 'options' at [edit]",
        ),
        (
            "services {\n    type master;\n}\n",
            1,
            "expected the output of 'show configuration', with or without '| display set",
        ),
        (
            "# nothing\n",
            1,
            "expected the output of 'show configuration', with or without '| display set",
        ),
        (
            "set firewall name OUTSIDE default-action drop\n",
            1,
            "unknown statement 'name' at [edit firewall]",
        ),
        (
            "set firewall ipv4 input filter default-action accept\n",
            1,
            "unknown statement 'ipv4' at [edit firewall]",
        ),
        (
            "set system host-name 'vyos'\n",
            1,
            "unexpected quotation mark in",
        ),
        (
            "firewall {\n    all-ping enable\n}\n",
            2,
            "expected ';' or '{'",
        ),
        (
            "set address trust x\n",
            1,
            "unknown statement 'address' at [edit]",
        ),
        // Output of an unknown level of the configuration.
        (
            "filter twilio-sip-in {\n    term a {\n        then accept;\n    }\n}\n",
            1,
            "'filter' lacks the levels above it",
        ),
        (
            "term a {\n    then accept;\n}\n",
            1,
            "'show configuration firewall' and 'show configuration policy-options'",
        ),
        (
            "family inet {\n    address 192.0.2.1/24;\n}\n",
            2,
            "unknown statement 'address' at [edit firewall family inet]",
        ),
    ] {
        let errors = inbound().check(text).unwrap_err();
        assert_eq!(errors[0].0, line, "{text}: {errors:?}");
        assert!(errors[0].1.contains(problem), "{text}: {errors:?}");
    }
}

#[test]
fn truncated_input_is_never_in_sync() {
    for (text, expected) in [
        (tokyo(&BOTH).text(), tokyo(&BOTH)),
        (CURLY.to_owned(), inbound()),
    ] {
        assert_eq!(expected.sides(&text), "same");
        for end in 0..text.len() {
            let (left, lost) = text.split_at(end);
            let drift = expected.check(left);
            // A term without an action accepts.
            let says_nothing = left.ends_with('\n') && lost.lines().count() == 1;
            if says_nothing && lost.ends_with(" then accept\n") {
                assert!(drift.unwrap().is_none(), "{lost}");
                continue;
            }
            assert!(drift.is_err() || drift.is_ok_and(|d| !d.is_none()), "{end}");
        }
    }
}

#[test]
fn rejects_input_above_the_limits() {
    let deep = "system {\n".repeat(65) + &"}\n".repeat(65);
    let parentheses = format!(
        "set {FILTER} term a from tcp-flags \"{}syn\"\n",
        "(".repeat(65)
    );
    let terms = (0..200_001)
        .map(|n| format!("set {FILTER} term t{n}\n"))
        .collect::<Vec<_>>()
        .concat();
    let ports = (0..500).map(|n| format!("set {FILTER} term a from destination-port {}\nset {FILTER} term a from source-port {}\n", n * 2, n * 2));
    // Terms that decide nothing count toward the limit, too.
    let next = |n: u32, from: &str| {
        format!("set {FILTER} term t{n} from {from}\nset {FILTER} term t{n} then next term\n")
    };
    let list = (0..3000).map(|n| {
        format!(
            "set policy-options prefix-list l 10.0.{}.{}/32\n",
            n / 256,
            n % 256
        )
    });
    let uses = (0..100).map(|n| next(n, "source-prefix-list l"));
    let many_lists = list.chain(uses).collect::<Vec<_>>().concat();
    let odd: Vec<String> = (0..400).map(|n| (n * 2 + 1).to_string()).collect();
    let from = format!("source-port [ {} ]", odd.join(" "));
    let many_ports = (0..600)
        .map(|n| next(n, &from))
        .collect::<Vec<_>>()
        .concat();
    for (text, problem) in [
        (deep, "depth"),
        (parentheses, "depth"),
        (terms, "it expands to more than 200000 rules"),
        (ports.collect::<Vec<_>>().concat(), "boxes"),
        (many_lists, "it expands to more than 200000 rules"),
        (many_ports, "it expands to more than 200000 rules"),
    ] {
        let errors = inbound().check(&text).unwrap_err();
        assert!(errors[0].1.contains(problem), "{errors:?}");
    }
}

/// The parser keeps each word of the tree in memory, so words count like statements.
#[test]
fn limits_the_words_of_the_tree() {
    let words = "a b c d e f g h i j k l m n o p q r s t u v w x y z";
    let deep = |n: usize| format!("set {FILTER} term t{n} {words}\n");
    let group = |n: usize| format!("set groups g{n} system x\n");
    let lines = |make: &dyn Fn(usize) -> String, count| (0..count).map(make).collect::<String>();
    let is_refused = |text: &str| {
        let wanted = UnitQuery {
            unit: &Unit::default(),
            directions: &[Direction::In],
            limits: Limits::default().with(&["work=50000".parse().unwrap()]),
        };
        let errors = format::parse(junos(), text, wanted).err();
        errors.is_some_and(|errors| errors[0].problem().contains("steps to evaluate"))
    };
    for (text, refused) in [
        (lines(&deep, 25), false),
        (lines(&deep, 40), true),
        (lines(&group, 800), false),
        (lines(&group, 900), true),
    ] {
        assert_eq!(is_refused(&text), refused, "{}", text.len());
    }
}

/// Like the other parsers, this one treats a form feed as a blank.
#[test]
fn a_form_feed_does_not_end_the_input() {
    let expected = tokyo(&BOTH);
    let text = expected
        .text()
        .replace("set firewall", "set \u{c} firewall");
    assert!(text.contains('\u{c}'));
    assert!(expected.check(&text).unwrap().is_none());
    let errors = expected.check("x\u{c}y\n").unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
}

/// Strings and comments that look like statements are ignored (Junos OS CLI User Guide, "Loading a Configuration
/// from a File" and "Adding Comments in a Device Configuration").
#[test]
fn strings_and_comments_are_not_statements() {
    let open = "term open { then accept; }";
    let filter = format!("firewall {{ family inet {{ filter twilio-sip-in {{ {open} }} }} }}");
    let curly = |text: &str| format!("{CURLY}{text}\n");
    for text in [
        format!("/* {filter} */"),
        format!("/* begins\n{filter}\n ends */"),
        format!("# {filter}"),
        format!("## /* \n# {filter}\n## */"),
        format!("system {{ login {{ message \"a\\n{filter}\\n\\\"; }}\"; }} }}"),
        "system {\n    /* a \" in a comment */\n    services {\n        ssh; # \"\n    }\n}"
            .to_owned(),
        "snmp {\n    location \"/* \";\n    contact \"*/ # \";\n}".to_owned(),
    ] {
        assert_eq!(inbound().sides(&curly(&text)), "same", "{text}");
        // The text after them is interpreted again.
        let after = curly(&format!("{text}\n{filter}"));
        assert_eq!(inbound().sides(&after), "extra", "{text}");
    }
    for (text, problem) in [
        (
            format!("system {{ login {{ message \"a\n{filter}\n\"; }} }}"),
            "the closing quotation mark is missing on this line",
        ),
        (
            format!("/* {filter}"),
            "the comment that begins here has no '*/', so the input may have been cut off; provide the complete input",
        ),
    ] {
        let errors = inbound().check(&curly(&text)).unwrap_err();
        assert!(errors[0].1.contains(problem), "{text}: {errors:?}");
    }
    let commands = |line: &str| format!("{}{line}\n", inbound().text());
    let open = format!("set {FILTER} term open then accept");
    for line in [
        format!("# {open}"),
        format!("set system login message \"{open}\\n{open}\""),
        format!("set system login message \"\\\"\\n{open}\""),
        "set interfaces ge-0/0/0 description \"/* \"\nset interfaces ge-0/0/1 description \"*/\""
            .to_owned(),
        "set interfaces ge-0/0/0 description a#b".to_owned(),
    ] {
        assert_eq!(inbound().sides(&commands(&line)), "same", "{line}");
        let after = commands(&format!("{line}\n{open}"));
        assert_eq!(inbound().sides(&after), "extra", "{line}");
    }
    for (line, problem) in [
        (
            format!("set system login message \"a\n{open}\n\""),
            "the closing quotation mark is missing on this line",
        ),
        (
            format!("/* a\n{open}\n*/"),
            "the comment that begins here has no '*/', so the input may have been cut off; provide the complete input",
        ),
    ] {
        let errors = inbound().check(&commands(&line)).unwrap_err();
        assert!(errors[0].1.contains(problem), "{line}: {errors:?}");
    }
}

#[test]
fn rejects_commands_that_change_a_filter_indirectly() {
    for line in [
        format!("rename {FILTER} to filter x"),
        format!("copy {FILTER} to filter x"),
        format!("insert {FILTER} term media before term signaling-udp"),
        "replace pattern 5060 with 5061".to_owned(),
        format!("wildcard delete {FILTER} term s*"),
        "edit firewall family inet".to_owned(),
        "top".to_owned(),
        "load merge x".to_owned(),
        "rollback 1".to_owned(),
        "run request system reboot".to_owned(),
        "user@r1# delete firewall".to_owned(),
        "user@r1> load replace x".to_owned(),
        "set fire fam inet filter twilio-sip-in term open then accept".to_owned(),
        "set firewall family in filter twilio-sip-in term open then accept".to_owned(),
        "set firewall fil twilio-sip-in term open then accept".to_owned(),
        "set firewall family inet filter \"twilio\\-sip-in\" term open then accept".to_owned(),
        "set policy-options prefix-list \"twilio\\-sip-in-media\" 0.0.0.0/0".to_owned(),
        format!("set {FILTER} term \"med\\ia\" then discard"),
        format!("set {FILTER} \"te\\rm\" media then discard"),
        format!("set {FILTER} term media \"the\\n\" discard"),
        format!("set {FILTER} term media then \"disc\\ard\""),
        format!("set {FILTER} term media from source-address \"192.0.2.1\\/32\""),
        format!("deactivate {FILTER} term \"med\\ia\""),
        format!("delete {FILTER} term \"med\\ia\""),
        "set groups x \"fire\\wall\" family inet filter <*> term x then discard\nset apply-groups x".to_owned(),
    ] {
        let text = format!("{}{line}\n", inbound().text());
        let checked = inbound().check(&text);
        assert!(checked.is_err(), "{line}: {checked:?}");
    }
    for (line, side) in [
        (format!("delete {FILTER}"), "missing"),
        ("delete firewall".to_owned(), "missing"),
        ("delete firewall family inet".to_owned(), "missing"),
        (format!("deactivate {FILTER}"), "missing"),
        ("deactivate firewall".to_owned(), "missing"),
        (format!("deactivate {FILTER} term media"), "missing"),
        (format!("protect {FILTER}"), "same"),
    ] {
        let text = format!("{}{line}\n", inbound().text());
        assert_eq!(inbound().sides(&text), side, "{line}");
    }
    for tag in ["replace:", "delete:", "rename:", "insert:", "active:"] {
        let errors = inbound()
            .check(&with(
                "        filter other {",
                &format!("{tag} filter other {{"),
            ))
            .unwrap_err();
        assert!(
            errors[0]
                .1
                .contains("expected the output of 'show configuration"),
            "{errors:?}"
        );
    }
    assert_eq!(
        inbound().sides(&with("term media {", "inactive: term media {")),
        "missing"
    );
    assert_eq!(
        inbound().sides(&with("term media {", "protect: term media {")),
        "same"
    );
}

#[test]
fn rejects_prefix_lists_whose_contents_are_not_in_the_input() {
    let list = "    prefix-list twilio-sip-in-media {\n        54.65.63.192/26;\n    }\n";
    let curly = |body: &str| with(list, body);
    for (body, problem) in [
        (
            "prefix-list twilio-sip-in-media {\ndynamic-db;\n}\n",
            "gets its prefixes from the dynamic database, so they are not in the input",
        ),
        (
            "prefix-list twilio-sip-in-media {\napply-path \"interfaces <*> unit <*> family inet address <*>\";\n}\n",
            "gets its prefixes from 'apply-path', so they are not in the input",
        ),
        ("", "prefix list 'twilio-sip-in-media' is not in the input"),
        ("prefix-list twilio-sip-in-media;\n", "has no prefixes"),
        (
            "inactive: prefix-list twilio-sip-in-media {\n54.65.63.192/26;\n}\n",
            "is deactivated",
        ),
    ] {
        let errors = inbound().check(&curly(body)).unwrap_err();
        assert!(errors[0].1.contains(problem), "{body}: {errors:?}");
    }
    // These groups change neither the filter nor its prefix lists.
    for groups in [
        "groups {\n    g {\n        firewall {\n            family inet {\n                filter x {\n                    interface-specific;\n                }\n            }\n        }\n    }\n}\napply-groups g;\n",
        "groups {\n    g {\n        policy-options {\n            prefix-list x {\n                0.0.0.0/0;\n            }\n        }\n    }\n}\napply-groups g;\n",
        "groups {\n    g {\n        inactive: firewall {\n            policer p;\n        }\n    }\n}\ninactive: apply-groups g;\n",
    ] {
        let drift = inbound().check(&format!("{CURLY}{groups}")).unwrap();
        assert!(drift.has_same_packets(), "{groups}: {drift:?}");
    }
    for groups in [
        "groups {\n    g {\n        firewall {\n            policer p;\n        }\n    }\n}\napply-groups g;\n",
        "groups {\n    g {\n        policy-options {\n            prefix-list <*> {\n                0.0.0.0/0;\n            }\n        }\n    }\n}\napply-groups g;\n",
        "groups {\n    g {\n        <*> {\n            family inet;\n        }\n    }\n}\napply-groups g;\n",
        "apply-groups elsewhere;\n",
    ] {
        assert!(
            inbound().check(&format!("{CURLY}{groups}")).is_err(),
            "{groups}"
        );
    }
}

#[test]
fn accepts_a_keyword_as_a_name() {
    let first = "                        twilio-sip-in-signaling;\n                    }\n                    protocol udp;";
    for name in [
        "term", "except", "from", "then", "accept", "filter", "apply", "any",
    ] {
        let renamed = CURLY.replace("twilio-sip-in-signaling", name);
        assert_eq!(inbound().sides(&renamed), "same", "{name}");
        let term = with("term signaling-udp {", &format!("term {name} {{"));
        assert_eq!(inbound().sides(&term), "same", "{name}");
        let mut expected = inbound();
        expected.unit.name = name.parse().unwrap();
        let filter = CURLY.replace("filter twilio-sip-in {", &format!("filter {name} {{"));
        assert_eq!(expected.sides(&filter), "same", "{name}");
        let absent = expected.units(CURLY).unwrap();
        assert!(absent[0].absent.is_some(), "{name}");
    }
    assert!(CURLY.contains(first));
}

/// Junos commits statements that the device does not support. It prints a comment above them.
#[test]
fn rejects_statements_that_junos_ignores_in_the_filter_and_above_it() {
    for (statement, of_unit) in [
        ("destination-port 5060;", true),
        ("term signaling-udp {", true),
        ("family inet {", true),
        ("firewall {", true),
        ("policy-options {", true),
        ("filter other {", false),
    ] {
        for what in ["statement", "configuration block"] {
            let warning = format!("## Warning: {what} ignored: unsupported platform (srx1500)");
            let text = with(statement, &format!("##\n{warning}\n##\n{statement}"));
            let units = inbound().units(&text);
            if of_unit {
                let errors = units.unwrap_err();
                let problem = "Junos ignores this statement, as the comment above it says";
                assert!(errors[0].1.contains(problem), "{statement}: {errors:?}");
            } else {
                assert_eq!(inbound().sides(&text), "same", "{statement}");
            }
        }
        let other = with(
            statement,
            &format!("## Warning: 'x' is deprecated\n{statement}"),
        );
        assert_eq!(inbound().sides(&other), "same", "{statement}");
    }
}

#[test]
fn rejects_a_text_from_several_devices() {
    let commands = inbound().text();
    for text in [
        format!("{CURLY}version 20.1R1;\n"),
        format!("{CURLY}system {{\n    host-name r2;\n}}\n"),
        format!("user@r1> show configuration\n{CURLY}user@r2> show configuration\n"),
        format!("user@r1> show configuration\n{CURLY}\n{{master:0}}\nuser@r2>\n"),
        format!("set version 1\nset version 2\n{commands}"),
        format!("set system host-name a\n{commands}set system host-name b\n"),
        format!("a@r1# show | display set\n{commands}a@r2# show\n"),
    ] {
        let errors = inbound().check(&text).unwrap_err();
        assert!(
            errors[0]
                .1
                .contains("the input has configurations of several devices"),
            "{text}: {errors:?}"
        );
    }
    let one = format!("a@r1> show configuration\n{CURLY}\na@r1> show version\n");
    assert_eq!(inbound().sides(&one), "same");
    let nodes = format!(
        "groups {{\n    re0 {{\n        system {{\n            host-name r1-re0;\n        }}\n    }}\n}}\n{CURLY}"
    );
    assert_eq!(inbound().sides(&nodes), "same");
}

/// With a quadratic algorithm, this test would take hours. A path of a million words would take a gigabyte.
#[test]
fn reads_large_texts_in_linear_time() {
    let lines = 10_000;
    let repeated = |make: &dyn Fn(usize) -> String| (0..lines).map(make).collect::<String>();
    let commands = inbound().text();
    for text in [
        repeated(&|n| format!("set {FILTER}{n} term a then accept\n")),
        repeated(&|n| format!("set policy-options prefix-list l{n} 192.0.2.0/24\n")),
        format!("set {FILTER} term x then accept\ndelete {FILTER} term x\n").repeat(lines),
        format!("set {FILTER}{} term x\n", "x".repeat(2 << 20)),
        format!("set system login message \"{}\"\n", "\\\"".repeat(1 << 20)),
        format!("set snmp x [ {}]\n", "a ".repeat(lines)),
        "/* a */\n".repeat(lines).replace("/* a */", "# a"),
    ] {
        assert_eq!(
            inbound().sides(&format!("{commands}{text}")),
            "same",
            "{}",
            &text[..20]
        );
    }
    for (text, problem) in [
        (
            format!("set {FILTER} {}\n", "a ".repeat(1 << 20)),
            "nested more than 64 levels deep",
        ),
        (
            format!("set system {}\n", "a ".repeat(1 << 20)),
            "nested more than 64 levels deep",
        ),
        (
            format!("set snmp x [ {}]\n", "a ".repeat(1 << 20)),
            "more than 200000 rules",
        ),
    ] {
        let errors = inbound().check(&format!("{commands}{text}")).unwrap_err();
        assert!(errors[0].1.contains(problem), "{errors:?}");
    }
    let statement = format!("{CURLY}system {};\n", "a ".repeat(1 << 20));
    let errors = inbound().check(&statement).unwrap_err();
    assert!(
        errors[0].1.contains("nested more than 64 levels deep"),
        "{errors:?}"
    );
}
