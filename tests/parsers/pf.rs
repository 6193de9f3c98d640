//! The pf parser, tested by the drift that it leads to.

use crate::common;

use std::net::Ipv4Addr;

use crate::common::judge::{BOTH, dialect, everything};
use twilio_sip_allow::firewall::{Attribution, DeployedUnit, compare};
use twilio_sip_allow::format::read::{Lines, UnitQuery};
use twilio_sip_allow::format::{self, Format, Unit};
use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::packets::{Dimension, Interval};
use twilio_sip_allow::policy::{Direction, Plane, Policy, PortRange, Transport};
use twilio_sip_allow::select::{self, Selection};

mod hooks;
mod random;
mod random_hooks;

const IN_SYNC: [&str; 0] = [];

fn pf() -> &'static dyn Format {
    dialect("pf")
}

/// The policy of a selection; `None` if an edition lacks a region.
fn policy(selection: &Selection, editions: &[&str]) -> Option<Policy> {
    common::judge::policy(editions, selection).ok()
}

fn tokyo() -> Policy {
    let regions = vec!["tokyo".to_owned()];
    let selection = Selection {
        regions,
        ..everything()
    };
    policy(&selection, &["regional"]).unwrap()
}

/// The units of both directions, or each error with its line number.
fn parse(text: &str) -> Result<Vec<DeployedUnit>, Vec<String>> {
    parse_within(text, Limits::default())
}

fn parse_within(text: &str, limits: Limits) -> Result<Vec<DeployedUnit>, Vec<String>> {
    let wanted = UnitQuery {
        unit: &Unit::default(),
        directions: &BOTH,
        limits,
    };
    let units = format::parse(pf(), text, wanted).map_err(|errors| {
        let errors = errors
            .iter()
            .map(|e| format!("{}: {}", Lines::of(text).number(e.at()), e.problem()));
        errors.collect::<Vec<_>>()
    })?;
    assert_eq!(units.iter().map(|u| u.direction).collect::<Vec<_>>(), BOTH);
    assert!(units.iter().all(|u| u.name == "twilio-sip"));
    Ok(units)
}

fn refused(text: &str) -> Vec<String> {
    parse(text).map(|_| text).unwrap_err()
}

/// The drift of a text, one line for each part, such as `missing in signaling udp` or
/// `extra in 192.0.2.1-192.0.2.9 to 5060-5060`.
fn drift(policy: &Policy, text: &str) -> Vec<String> {
    let units = parse(text).unwrap_or_else(|errors| panic!("{errors:#?}\n{text}"));
    let mut found = Vec::new();
    for unit in units {
        let direction = unit.direction;
        let rules: Vec<_> = policy.stateful(direction).collect();
        let drift = compare(
            &rules,
            pf().info().granularity,
            &unit,
            0,
            Limits::default(),
            || &[],
        )
        .unwrap();
        let unmeasured = drift.unmeasured.iter();
        found.extend(unmeasured.map(|(direction, b)| format!("beyond {direction} {}", b.what)));
        found.extend(drift.missing.iter().map(|part| match &part.attribution {
            Attribution::Rule { subject, .. } => format!("missing {direction} {subject}"),
            other => panic!("{other:?}"),
        }));
        found.extend(drift.extra.iter().map(|part| {
            let Interval { first, last } = part.packets.set(Dimension::Remote).hull();
            let [first, last] = [first, last].map(Ipv4Addr::from_bits);
            let ports = part
                .packets
                .set(match direction {
                    Direction::In => Dimension::LocalPort,
                    Direction::Out => Dimension::RemotePort,
                })
                .hull();
            format!(
                "extra {direction} {first}-{last} to {}-{}",
                ports.first, ports.last
            )
        }));
    }
    found.dedup();
    found
}

fn render(policy: &Policy) -> String {
    format::render(pf(), policy, &Unit::default()).unwrap()
}

fn selections() -> Vec<Selection> {
    let local = [
        "203.0.113.8/29".parse().unwrap(),
        "198.51.100.7/32".parse().unwrap(),
    ];
    let mut all = Vec::new();
    for region in ["all", "tokyo", "europe"] {
        for directions in [&BOTH[..], &BOTH[..1], &BOTH[1..]] {
            let base = Selection {
                regions: vec![region.to_owned()],
                directions: directions.to_vec(),
                ..everything()
            };
            for transport in [Transport::Udp, Transport::Tcp, Transport::Tls] {
                all.push(Selection {
                    planes: vec![Plane::Signaling],
                    transports: Some(vec![transport]),
                    ..base.clone()
                });
            }
            all.push(Selection {
                planes: vec![Plane::Media],
                ..base.clone()
            });
            all.push(Selection {
                local_addresses: select::local_addresses(&local),
                ..base.clone()
            });
            if directions.contains(&Direction::In) {
                all.push(Selection {
                    local_sip_port: Some(5070),
                    local_tls_port: Some(5060),
                    local_rtp_ports: Some("16384-32767".parse::<PortRange>().unwrap()),
                    ..base.clone()
                });
            }
            all.push(base);
        }
    }
    all
}

#[test]
fn rendered_output_is_in_sync() {
    let mut editions: Vec<Vec<&str>> = twilio_sip_allow::dataset::edition_names()
        .map(|name| vec![name])
        .collect();
    editions.push(vec!["regional", "global"]);
    for names in editions {
        for selection in selections() {
            if let Some(policy) = policy(&selection, &names) {
                assert_eq!(
                    drift(&policy, &render(&policy)),
                    IN_SYNC,
                    "{names:?} {selection:?}"
                );
            }
        }
    }
}

/// The output of `pfctl -sr` for the rules of Tokyo, with the tables that a loop lists.
const PRINTED: &str = "\
pass in quick inet proto udp from <twilio_sip_signaling> to any port = sip keep state label \"twilio-sip in signaling udp\"
pass in quick inet proto tcp from <twilio_sip_signaling> to any port = sip flags S/SA keep state
pass in quick inet proto tcp from <twilio_sip_signaling> to any port = sip-tls flags S/SA keep state
pass in quick inet proto udp from <twilio_sip_media> to any port 10000:20000 keep state
pass out quick inet proto udp from any to <twilio_sip_signaling> port = sip keep state
pass out quick inet proto tcp from any to <twilio_sip_signaling> port = sip flags S/SA keep state
pass out quick inet proto tcp from any to <twilio_sip_signaling> port = sip-tls flags S/SA keep state
pass out quick inet proto udp from any to <twilio_sip_media> port 10000:20000 keep state
table <twilio_sip_signaling> {
   54.65.63.192/30
}
table <twilio_sip_media> {
   54.65.63.192/26
}
";

/// The rows of a table of cases, split at `=>`. `↵` stands for a line break.
fn rows<const N: usize>(table: &str) -> impl Iterator<Item = [String; N]> {
    let lines = table
        .lines()
        .filter(|l| !l.is_empty() && !l.starts_with("# "));
    lines.map(|line| {
        let cells = line.split(" => ").map(|cell| cell.replace('↵', "\n"));
        let cells: Vec<String> = cells.collect();
        cells.try_into().unwrap_or_else(|_| panic!("{line}"))
    })
}

/// Replacements of a part of [`PRINTED`] that do not change its meaning.
const EQUIVALENTS: &str = r#"
# Spellings of a rule.
keep state => modulate state
keep state => keep state (sloppy, no-sync, udp.multiple 120 if-bound)
keep state => allow-opts queue (a, b) tag x set (prio (3, 4), tos lowdelay) label 'y' ridentifier 7
keep state => scrub (no-df max-mss 1440 reassemble tcp) set prio 6
pass in quick => block drop in quick proto 99↵block return in quick proto 99↵pass in quick
pass in quick => pass in log (all, to pflog1) quick
pass in quick => @12 pass in quick log
pass in quick => @12(0) pass in quick
proto udp => proto 17
from any to => to
to any port = => to port =
from <twilio_sip_media> => from { !0/0, <twilio_sip_media> }
<twilio_sip_media> => 54.65.63.192 - 54.65.63.255
<twilio_sip_media> => { 54.65.63.192/27 { 54.65.63.224/28, 54.65.63.240/28 } }
proto udp from <twilio_sip_media> => proto udp \↵ from \↵ <twilio_sip_media>
# With -v and -vv.
↵table => ↵  [ Evaluations: 9  PacketBox: 0  Bytes: 0  States: 0 ]↵  [ Inserted: uid 0 pid 7 State Creations: 0 ]↵table
<twilio_sip_media> to => <twilio_sip_media:1> to
# Ports.
10000:20000 => 9999 >< 20001
10000:20000 => 9999><20001
10000:20000 => { 10000:15000, 15001:20000 }
10000:20000 => { 10000:15000↵15001:19999 ↵ = 20000 }
port = sip-tls => port "5061"
# Tables.
54.65.63.192/26 => 54.65.63.192/27, 54.65.63.224/27 # all
54.65.63.192/26 => 54.65.63/24 ! 54.65.63.0/25 !54.65.63.128/26
54.65.63.192/26 => 54.65.63.192/26 !54.65.63.200/29 54.65.63.200/30 54.65.63.204/30
54.65.63.192/26 => 54.65.63.192/26 2001:db8::/32 !fe80::1%em0
table <twilio_sip_media> { => table <twilio_sip_media> persist↵table <twilio_sip_media> const counters {
table <twilio_sip_media> { => table <other> persist↵table <twilio_sip_media> {
# What decides nothing.
pass in quick => scrub in on em0 all fragment reassemble↵no scrub all↵pass in quick
pass in quick => match in all scrub (no-df random-id) tag x↵pass in quick
pass in quick => set block-policy return↵set optimization aggressive↵pass in quick
pass in quick => block quick inet6 from 2001:db8::/32 to ! ::1↵block from fe80::1↵pass in quick
pass in quick => block return-icmp(host-unr, 3) all↵block return-rst (ttl 3) in↵pass in quick
↵table => ↵block drop log quick all↵pass quick inet all↵table
pass in quick => # block quick all↵ pass in quick
pass in quick => # a comment goes on \↵block quick all↵pass in quick
pass in quick => block quick from <nobody>↵table <nobody> { }↵pass in quick
pass in quick => set skip on { lo0, em1 }↵set skip on ! em0↵pass in quick
pass in quick => set limit states 9↵set limit { states 9, frags 9 }↵pass in quick
pass in quick => set timeout interval 9↵set timeout { tcp.first 9, adaptive.end 9 }↵pass in quick
# Options of a rule that change nothing.
keep state => keep state tracker 1234567890 ridentifier 7
keep state => probability 100%
keep state => probability 1
keep state => probability 100.0% keep state (floating, pflow)
keep state => set queue voip queue voip
proto udp => proto UDP
proto tcp => proto { TCP }
pass in quick => block quick proto { pfsync CARP IPV6-ICMP 240 }↵pass in quick
pass in quick => block in quick proto pfsync no state↵pass in quick
# PacketBox of IPv6 that a rule passes and another blocks.
pass in quick => pass log (user)↵block all↵pass in quick
pass in quick => pass in proto udp to port 1:5↵pass out keep state (max 5)↵block drop log inet6 all↵block inet all↵pass in quick
pass in quick => block quick inet6 all↵pass all↵block inet all↵pass in quick
↵table => ↵block all↵table <none> { }↵table
# Rules whose result is not certain, for packets that another rule decides.
pass in quick => pass in proto udp keep state (max 1)↵block all↵pass in quick
pass in quick => block quick inet6 all↵pass in probability 5%↵block in all probability 1.0↵pass in quick
# A table that pf fills, and that no rule uses.
pass in quick => block quick proto 99 user root↵table <b> persist↵block in quick proto 98 label overload↵pass in quick
# Macros.
10000:20000 => $low:20000
10000:20000 => { $low:15000 15001:20000 }
10000:20000 => $range
port = sip-tls => port $sip_tls:5061
<twilio_sip_media> to => $lines to
<twilio_sip_media> to => $media to
proto tcp from <twilio_sip_signaling> to any port = sip => proto $p from $s to any port $ports
pass in quick => $start quick
"#;

/// The macros that [`PRINTED`] follows in tests of these replacements.
const MACROS: &str = r#"
media = "{ 54.65.63.192/27, \
54.65.63.224/27 }"
sip = 5060
p=tcp
s='<twilio_sip_signaling>'
ports = "{" $sip sip-tls "}"
start = "pass in"
low = "10000"
range = $low:20000
sip_tls = 'sip-tls
'
lines = "{ 54.65.63.192/27,
54.65.63.224/28 \
 54.65.63.240/28
}"
"#;

#[test]
fn equivalent_rulesets_are_in_sync() {
    for [from, to] in rows(EQUIVALENTS) {
        assert!(PRINTED.contains(&from), "{from}");
        let text = format!("{MACROS}{}", PRINTED.replacen(&from, &to, 1));
        assert_eq!(drift(&tokyo(), &text), IN_SYNC, "{from} => {to}");
    }
    for (from, to) in [
        (" inet ", " "),
        (" quick", ""),
        (" keep state", ""),
        (" flags S/SA", ""),
        ("\n", "\r\n"),
    ] {
        let text = PRINTED.replace(from, to);
        assert_eq!(drift(&tokyo(), &text), IN_SYNC, "{from} => {to}");
    }
}

#[test]
fn a_ruleset_means_the_same_in_each_printed_form() {
    let all = policy(&everything(), &["regional"]).unwrap();
    for name in ["tokyo", "many"] {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/samples/pf");
        let [written, printed, optimized] = ["conf", "printed", "optimized"].map(|form| {
            let text = std::fs::read_to_string(format!("{folder}/{name}.{form}")).unwrap();
            [&all, &tokyo()].map(|policy| drift(policy, &text))
        });
        assert_eq!(written, printed, "{name}");
        assert_eq!(written, optimized, "{name}");
        assert_ne!(
            written[1], IN_SYNC,
            "{name}: signaling out over UDP is not in it"
        );
    }
}

/// Replacements of a part of [`PRINTED`] and the resulting drift.
const DAMAGE: &str = r#"
# Rules and their order.
pass in quick inet proto udp from <twilio_sip_signaling> => # \↵pass in quick => missing in signaling udp
pass in quick inet proto udp from <twilio_sip_signaling> => block in quick from 54.65.63.194↵pass in quick proto udp from <twilio_sip_signaling> => missing in signaling udp; missing in signaling tcp; missing in signaling tls; missing in media
↵table => ↵block quick all↵table => in sync
↵table => ↵block quick inet all↵pass out quick all↵table => beyond out packets of IPv6
↵table => ↵pass in quick inet proto udp from 192.0.2.1 to any port 7↵table => extra in 192.0.2.1-192.0.2.1 to 7-7
quick inet proto udp from <twilio_sip_media> => proto udp from <twilio_sip_media> => in sync
↵table => ↵block out inet proto udp to <twilio_sip_media> port 10000↵table => in sync
pass out quick inet proto udp from any to <twilio_sip_media> => block out quick proto udp to <twilio_sip_media> no state↵pass out proto udp from any to <twilio_sip_media> => missing out media
# What narrows.
pass in quick inet proto udp from <twilio_sip_signaling> => pass in quick on em0 inet proto udp from <twilio_sip_signaling> => missing in signaling udp
pass in quick inet proto udp from <twilio_sip_signaling> => pass in quick on { ! em0, rdomain 1 } inet proto udp from <twilio_sip_signaling> => missing in signaling udp
keep state => no state => missing in signaling udp
keep state => keep state (max 5, source-track rule, max-src-conn-rate 5/3, overload <b> flush global) => missing in signaling udp
keep state => keep state probability 50% (max-src-nodes 3) => missing in signaling udp
keep state => user { root, 1 >< 5, != unknown } group = 0 => missing in signaling udp
keep state => tos 0x10 ! tagged x => missing in signaling udp
keep state => received-on em1 max-pkt-rate 100/10 once => missing in signaling udp
keep state => fragment => missing in signaling udp
keep state => dnpipe (1, 2) => missing in signaling udp
keep state => keep state (overload <b> flush, max 9) => missing in signaling udp
keep state => keep state (source-track global, max 9) => missing in signaling udp
sip-tls flags S/SA => sip-tls flags S/SAUEW => missing in signaling tls
sip-tls flags S/SA => sip-tls flags SP/SAP => missing in signaling tls
↵table => ↵pass in quick inet proto icmp icmp-type { echoreq, unreach code net-unr }↵table => extra in 0.0.0.0-255.255.255.255 to 0-65535
to any port = sip-tls => os { Linux, "Windows XP" } to any port = sip-tls => missing in signaling tls
sip-tls flags S/SA => sip-tls flags S/SAP => missing in signaling tls
# Flags.
sip-tls flags S/SA => sip-tls flags S/SAFR => missing in signaling tls
sip-tls flags S/SA => sip-tls flags any => extra in 54.65.63.192-54.65.63.195 to 5061-5061
sip-tls flags S/SA => sip-tls flags S/S => extra in 54.65.63.192-54.65.63.195 to 5061-5061
sip-tls flags S/SA => sip-tls flags /A => extra in 54.65.63.192-54.65.63.195 to 5061-5061
sip-tls flags S/SA keep state => sip-tls no state => missing in signaling tls; extra in 54.65.63.192-54.65.63.195 to 5061-5061
# Protocols and ports.
proto udp from <twilio_sip_media> => proto { udp, tcp } from <twilio_sip_media> => extra in 54.65.63.192-54.65.63.255 to 10000-20000
10000:20000 => 10000 >< 20000 => missing in media
10000:20000 => 7 >< 7 => missing in media
10000:20000 => 7 >< 8 => missing in media
10000:20000 => 65535 >< 65535 => missing in media
10000:20000 => 0 >< 0 => missing in media
10000:20000 => 10000:20001 => extra in 54.65.63.192-54.65.63.255 to 20001-20001
10000:20000 => > 10000 => missing in media; extra in 54.65.63.192-54.65.63.255 to 20001-65535
10000:20000 => { >= 10000, < 10 } => extra in 54.65.63.192-54.65.63.255 to 0-9; extra in 54.65.63.192-54.65.63.255 to 20001-65535
10000:20000 => { != 1, != 2 } => extra in 54.65.63.192-54.65.63.195 to 0-5059; extra in 54.65.63.192-54.65.63.195 to 5061-9999; extra in 54.65.63.192-54.65.63.255 to 20001-65535; extra in 54.65.63.196-54.65.63.255 to 0-9999
from <twilio_sip_media> to any port 10000:20000 => from <twilio_sip_media> port 10000:20000 to any => missing in media; extra in 54.65.63.192-54.65.63.195 to 0-5059; extra in 54.65.63.192-54.65.63.195 to 5061-9999; extra in 54.65.63.192-54.65.63.255 to 20001-65535; extra in 54.65.63.196-54.65.63.255 to 0-9999
port = sip-tls => port <= 5060 => missing in signaling tls; extra in 54.65.63.192-54.65.63.195 to 0-5059
10000:20000 => { 0 <> 20001, 7 >< 8 } => missing in media; extra in 54.65.63.192-54.65.63.255 to 20002-65535
# Addresses and tables.
54.65.63.192/26 => 54.65.63.192/27 => missing in media; missing out media
54.65.63.192/26 => 54.65.63.192/26 !54.65.63.200 => missing in media; missing out media
54.65.63.192/26 => 54.65.63.192/25 => extra in 54.65.63.128-54.65.63.191 to 10000-20000; extra out 54.65.63.128-54.65.63.191 to 10000-20000
54.65.63.192/26 => # none => missing in media; missing out media
<twilio_sip_media> to any => { <twilio_sip_media> ! 1/8 } to any => extra in 0.0.0.0-0.255.255.255 to 10000-20000; extra in 2.0.0.0-54.65.63.191 to 10000-20000; extra in 54.65.64.0-255.255.255.255 to 10000-20000
<twilio_sip_media> to any => ! <twilio_sip_media> to any => missing in media; extra in 0.0.0.0-54.65.63.191 to 10000-20000; extra in 54.65.64.0-255.255.255.255 to 10000-20000
<twilio_sip_media> to any => <twilio_sip_media> to 203.0.113.9 => missing in media
"#;

/// Options of a pass rule, each with how often a packet passes if a later rule passes it too.
const UNCERTAIN: &str = "
# A packet above a limit is dropped.
keep state (max 1) => sometimes
keep state (max 1, sloppy) => sometimes
keep state (source-track rule, max-src-states 3) => sometimes
keep state (max-src-nodes 3) => sometimes
keep state (max-src-conn 3) => sometimes
keep state (max-src-conn-rate 100/10, overload <bad> flush global) => sometimes
modulate state (max-src-conn 3, overload <bad>) => sometimes
max-pkt-rate 100/10 => sometimes
dnpipe 1 => sometimes
dnpipe (1, 2) => sometimes
dnqueue (1, 2) => sometimes
# Replies are not passed.
no state => sometimes
# A packet that does not match goes on to the next rule.
probability 50% => always
probability 0.5 => always
user root => always
group { wheel, 5 } => always
tagged x => always
! tagged x => always
received-on em1 => always
! received-on em1 => always
tos 0x10 => always
ttl 5 => always
prio 3 => always
once => always
fragment => always
# Both.
once keep state (max 1) => sometimes
probability 50% no state => sometimes
fragment no state => sometimes
# Neither.
keep state (sloppy, pflow, no-sync, floating) => always
keep state (if-bound, udp.first 10) => always
modulate state => always
probability 100% => always
set prio 6 => always
set (queue voip, tos lowdelay) => always
queue voip => always
tag x => always
allow-opts label \"x\" ridentifier 5 tracker 9 => always
scrub (no-df, max-mss 1440) => always
min-ttl 64 => always
";

#[test]
fn a_rule_that_may_drop_a_packet_never_hands_it_to_the_next_rule() {
    for [options, expected] in rows(UNCERTAIN) {
        let expected: &[&str] = match expected.as_str() {
            "always" => &[],
            _ => &["missing in signaling udp"],
        };
        let limited =
            format!("inet proto udp from <twilio_sip_signaling> to any port 5060 {options}\n");
        // The first quick rule decides.
        let text = format!("pass in quick {limited}{PRINTED}");
        assert_eq!(drift(&tokyo(), &text), expected, "{text}");
        // Without quick rules, the last rule decides.
        let not_quick = PRINTED.replace(" quick", "");
        let text = format!("{not_quick}pass in {limited}");
        assert_eq!(drift(&tokyo(), &text), expected, "{text}");
        let text = format!("pass in {limited}{not_quick}");
        assert_eq!(drift(&tokyo(), &text), IN_SYNC, "{text}");
        // A match rule decides nothing.
        if !options.contains("state") && !options.contains("dn") {
            let text = format!("match in {limited}{PRINTED}");
            assert_eq!(drift(&tokyo(), &text), IN_SYNC, "{text}");
        }
    }
}

#[test]
fn traffic_options_do_not_make_a_block_rule_uncertain() {
    let text = format!("block in quick inet proto udp dnpipe 1 probability 100%\n{PRINTED}");
    let expected = ["missing in signaling udp", "missing in media"];
    assert_eq!(drift(&tokyo(), &text), expected);
    let text = format!("block in quick inet proto udp probability 99.9%\n{PRINTED}");
    assert_eq!(drift(&tokyo(), &text), expected);
}

/// Rules and the resulting drift in IPv6 packets.
const IPV6: &str = "
pass all => beyond in packets of IPv6; beyond out packets of IPv6
pass log (user)↵block all => none
pass quick all↵block all => beyond in packets of IPv6; beyond out packets of IPv6
block quick inet6 all↵pass quick all => none
pass in all↵block inet6 proto tcp => beyond in packets of IPv6
pass in proto tcp all↵block inet6 proto tcp => none
pass in proto tcp to port 1:9↵block inet6 proto tcp to port 2:9 => beyond in packets of IPv6
pass in proto tcp to port 2:9↵block inet6 proto tcp to port 1:10 => none
pass in all↵block in on em0 inet6 => beyond in packets of IPv6
pass in all↵block in inet6 from 2001:db8::/32 => beyond in packets of IPv6
pass in all↵block in inet6 all user root => beyond in packets of IPv6
pass in all no state↵block in => none
block all↵pass out proto udp to port 53 keep state (max 3) => beyond out packets of IPv6
";

#[test]
fn ipv6_packets_that_no_rule_blocks_are_drift() {
    for [rules, expected] in rows(IPV6) {
        let found = drift(&tokyo(), &format!("{rules}\n"));
        let unmeasured = found.into_iter().filter(|line| line.starts_with("beyond"));
        let unmeasured: Vec<_> = unmeasured.collect();
        let expected = expected.strip_prefix("none").unwrap_or(&expected);
        assert_eq!(unmeasured.join("; "), expected, "{rules}");
    }
}

#[test]
fn limits_the_expansion_of_a_small_input() {
    let limits = ["work=500000", "boxes=20000", "rules=1000"].map(|bound| bound.parse().unwrap());
    let limits = Limits::default().with(&limits);
    let refused = |text: &str| parse_within(text, limits).map(|_| text.len()).unwrap_err();
    let too_much_work =
        "it takes more than 500000 steps to evaluate; raise the limit with --limit work=NUMBER";
    let hosts = |count: u32| -> String {
        let host = |n: u32| format!("10.{}.{}.1 ", n / 256, n % 256);
        (0..count).map(host).collect()
    };
    let table = format!("table <t> {{ {} }}\n", hosts(2_000));
    let lists = format!("{{ {}}}", "<t> ".repeat(11));
    assert_eq!(
        refused(&format!("{table}match from {lists}\n")),
        [
            "2: it expands to more than 20000 combinations of addresses and ports; raise the limit with --limit boxes=NUMBER"
        ]
    );
    let text = format!("{table}{}", "match from { <t> !<t> }\n".repeat(20));
    assert_eq!(refused(&text)[0], format!("17: {too_much_work}"));
    let port = |n: u32| format!("{} ", 2 * n);
    let ports: String = (0..141).map(port).collect();
    let hosts = hosts(141);
    let rule = format!("match proto udp from {{ {hosts}}} to port {{ {ports}}}\n");
    assert_eq!(refused(&rule.repeat(8))[0], format!("7: {too_much_work}"));
    let doubled = |n: u32| format!("m{n} = $m{0} $m{0}\n", n - 1);
    let doubled: String = (1..40).map(doubled).collect();
    let errors = refused(&format!("m0 = 1\n{doubled}"));
    assert_eq!(errors[0], format!("14: {too_much_work}"));
    let kept = format!("x = \"{}\"\n", "1 ".repeat(8_000)).repeat(3);
    assert_eq!(refused(&kept)[0], format!("2: {too_much_work}"));
    let table = |n: u32| format!("table <t{n}>\n");
    let tables: String = (0..1_001).map(table).collect();
    assert_eq!(
        refused(&tables)[0],
        "1001: it expands to more than 1000 rules; raise the limit with --limit rules=NUMBER"
    );
}

#[test]
fn reports_damage_as_drift() {
    for [from, to, expected] in rows(DAMAGE) {
        assert!(PRINTED.contains(&from), "{from}");
        let found = drift(&tokyo(), &PRINTED.replacen(&from, &to, 1)).join("; ");
        let expected = expected.strip_prefix("in sync").unwrap_or(&expected);
        assert_eq!(found, expected, "{from} => {to}");
    }
}

/// Statements and the resulting error with its line number.
const REFUSED: &str = include_str!("../samples/pf/refused");

#[test]
fn rejects_unsupported_statements() {
    for [text, problem] in rows(REFUSED) {
        assert_eq!(refused(&format!("# one\n{text}\n")), [problem], "{text}");
    }
}

#[test]
fn reports_each_error_up_to_a_maximum() {
    let errors = refused("pass on\ntable <a> { x }\npass in foo\nfrob\n");
    assert_eq!(
        errors,
        ["2: expected an address, not 'x': the input does not contain the addresses of a name"]
    );
    let errors = refused("pass on\npass in foo\nfrob \\\n x\npass all\n");
    assert_eq!(errors.len(), 3, "{errors:#?}");
    let errors = refused(&"frob\n".repeat(1000));
    assert_eq!(errors.len(), 20);
    let errors = refused("# one \\\r\n# two \\x\ntable <a> { x }\n");
    assert_eq!(
        errors[0],
        "1: a carriage return follows '\\' in a comment, so its end is unclear; remove the carriage return"
    );
    assert!(
        errors[1].starts_with("3: expected") && errors.len() == 2,
        "{errors:#?}"
    );
    let errors = refused("pass in all label \"a\\b\"\ntable <a> { x }\n");
    assert!(
        errors[1].starts_with("2: expected") && errors.len() == 2,
        "{errors:#?}"
    );
    let errors = refused("# one \\\n two \\\r\n");
    assert!(errors[0].starts_with("2: a carriage return"), "{errors:?}");
    let longest = |name: &str| format!("{name} = \"{}\"\n", "1 ".repeat(8096));
    let macros = longest("x") + &longest("y") + PRINTED;
    assert_eq!(drift(&tokyo(), &macros), IN_SYNC);
    let many = format!("x = \"{}\"\n", "1 ".repeat(8097));
    assert_eq!(
        refused(&many),
        ["1: the value of macro 'x' has more than 8096 words"]
    );
}

#[test]
fn truncated_input_is_never_in_sync() {
    let policy = tokyo();
    for text in [PRINTED, &render(&policy)] {
        for end in 0..text.len() {
            let cut = &text[..end];
            if parse(cut).is_ok() {
                assert_ne!(drift(&policy, cut), IN_SYNC, "{cut}");
            }
        }
    }
    assert_eq!(
        refused("pass in all"),
        [
            "1: the last line does not end in a newline, so the input may have been cut off; provide the complete input"
        ]
    );
}
