//! Compares `check` with the kernel for random rulesets. Both must have the same verdict for every
//! packet.
//!
//! Many rulesets are loaded at once, each in its own chains. The time to live of a packet selects its
//! ruleset.

use crate::common::judge::{chance, pick, units};
use crate::common::lab::{BackEnd, Lab, Place};
use crate::common::oracle::{Random, dotted};
use crate::common::readers::{Flag, Packet};
use crate::common::tell;
use crate::common::wire::Shape;
use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::packets::{
    Dimension, Flags, HeaderMatch, Interval, PacketBox, Protocols, States, differences,
};
use twilio_sip_allow::policy::Direction;

/// For each back end.
const RULESETS: usize = 320;

const PER_LOAD: usize = 40;

const PROBES: usize = 120;

/// The chains of a ruleset: the unit and the chains that it jumps to.
const CHAINS: [&str; 3] = ["", "_a", "_b"];

const NETWORKS: [&str; 9] = [
    "203.0.113.0/24",
    "203.0.113.0/26",
    "203.0.113.32/27",
    "203.0.113.40/29",
    "203.0.113.44/30",
    "203.0.113.45",
    "203.0.113.46",
    "203.0.112.0/23",
    "0.0.0.0/1",
];

const SOURCES: [u32; 12] = [
    0xcb00_7100,
    0xcb00_711f,
    0xcb00_7120,
    0xcb00_7127,
    0xcb00_7128,
    0xcb00_712c,
    0xcb00_712d,
    0xcb00_712e,
    0xcb00_712f,
    0xcb00_7140,
    0xcb00_70ff,
    0x0102_0304,
];

const PORTS: [u16; 9] = [1, 5059, 5060, 5061, 5062, 9999, 10000, 20000, 65535];

fn ports(random: &mut Random) -> (u16, u16) {
    let (a, b) = (*pick(random, &PORTS), *pick(random, &PORTS));
    if chance(random, 2) {
        (a, a)
    } else {
        (a.min(b), a.max(b))
    }
}

fn range((first, last): (u16, u16), separator: &str) -> String {
    if first == last {
        first.to_string()
    } else {
        format!("{first}{separator}{last}")
    }
}

/// A list of ports or ranges that do not overlap.
fn port_list(random: &mut Random, separator: &str, between: &str) -> String {
    let lists: [&[(u16, u16)]; 4] = [
        &[(5060, 5061)],
        &[(5060, 5060), (10000, 20000)],
        &[(1, 5059), (5061, 9999)],
        &[(5059, 5060), (5062, 5062), (20000, 65535)],
    ];
    let list = pick(random, &lists);
    let list: Vec<String> = list.iter().map(|r| range(*r, separator)).collect();
    list.join(between)
}

/// The number of a chain that a rule in the chain `from` can jump to.
fn target(random: &mut Random, from: usize) -> Option<usize> {
    (from < 2 && chance(random, 3)).then(|| from + 1)
}

/// Rules that match no IPv4 packet, or do not decide about one.
const NFT_IDLE: [&str; 37] = [
    "ip6 saddr 2001:db8::/32 udp dport 5060 accept",
    "ip6 saddr != { 2001:db8::1, fe80::/10 } accept",
    "ip6 daddr @six drop",
    "ip6 saddr vmap { 2001:db8::1 : accept, ::/8 : drop }",
    "ip6 saddr . tcp dport { 2001:db8::1 . 5060 } accept",
    "ip6 nexthdr udp accept",
    "icmpv6 type { echo-request, nd-neighbor-solicit } drop",
    "meta nfproto ipv6 drop",
    "meta nfproto != ipv4 accept",
    "meta nfproto @families accept",
    "meta nfproto vmap { ipv6 : accept, ipv4 : continue }",
    "meta nfproto . udp dport { ipv6 . 5060, ipv6 . 5061 } accept",
    "meta protocol ip6 drop",
    "meta protocol { ip6, arp, 8021q } accept",
    "ether type ip6 accept",
    "ether type arp drop",
    "frag id 1 accept",
    "exthdr hbh missing accept",
    "ct original ip6 saddr 2001:db8::1 accept",
    "reject with icmpv6 type no-route",
    "ip saddr 203.0.113.45 meta nfproto ipv6 accept",
    "meta mark set 0x7",
    "meta mark set ct mark",
    "meta mark set ip saddr map { 203.0.113.45 : 0x1, 203.0.113.64/26 : 0x2 }",
    "meta mark set jhash ip saddr . udp dport mod 8",
    "ct mark set meta mark or 0x1",
    "ct label set 1",
    "ct event set new,destroy",
    "udp dport 5060 ct helper set \"sip\"",
    "meta priority set 1:2",
    "ip dscp set cs1",
    "ip ttl set 64",
    "ip6 hoplimit set 64 accept",
    "tcp flags syn tcp option maxseg size set 1360",
    "reset tcp option sack-perm",
    "counter name \"passed\"",
    "notrack",
];

/// Statements before a verdict, for packets of any protocol.
const NFT_CHANGES: [&str; 6] = [
    "meta mark set 0x7",
    "ct mark set meta mark and 0xff",
    "ip dscp set cs1",
    "tcp option maxseg size set 1360",
    "counter name \"passed\"",
    "meta nftrace set 0",
];

fn nft_rule(random: &mut Random, number: usize, from: usize) -> String {
    if chance(random, 3) {
        return (*pick(random, &NFT_IDLE)).to_owned();
    }
    let not = |random: &mut Random| if chance(random, 4) { "!= " } else { "" };
    let mut words = Vec::new();
    if chance(random, 2) {
        let network = *pick(random, &NETWORKS);
        words.push(match random.between(0, 3) {
            0 => format!(
                "ip saddr {}{{ 203.0.113.40/30, 203.0.113.45, 203.0.113.64-203.0.113.70 }}",
                not(random)
            ),
            1 => format!("ip saddr {}@nets", not(random)),
            _ => format!("ip saddr {}{network}", not(random)),
        });
    }
    if chance(random, 4) {
        words.push(format!("ip daddr {}192.0.2.10", not(random)));
    }
    // nft also prints other rules as two exclusions of one header.
    let excludes = |words: &[String]| words.iter().any(|word| word.contains("!="));
    if let Some(last) = words
        .len()
        .checked_sub(1)
        .filter(|last| excludes(&words[..*last]))
    {
        words[last] = words[last].replace("!= ", "");
    }
    match random.between(0, 7) {
        0 if excludes(&words) => words.push("ip protocol udp".to_owned()),
        0 => words.push(format!("ip protocol {}udp", not(random))),
        1 => words.push("meta l4proto { tcp, udp } th dport 5060-5061".to_owned()),
        2 => words.push("tcp flags & (fin | syn | rst | ack) == syn".to_owned()),
        3 => words.push("tcp flags & (ack | rst) != 0x0".to_owned()),
        4 => words.push(
            "ip saddr . udp dport { 203.0.113.45 . 5060, 203.0.113.46 . 10000-20000 }".to_owned(),
        ),
        _ => {
            let protocol = if chance(random, 2) { "udp" } else { "tcp" };
            let port = match random.between(0, 2) {
                0 => match port_list(random, "-", ", ") {
                    list if list.contains(',') => format!("{}{{ {list} }}", not(random)),
                    list => format!("{{ {list} }}"),
                },
                1 => format!("< {}", pick(random, &PORTS[1..])),
                _ => match ports(random) {
                    (port, last) if port == last => format!("{}{port}", not(random)),
                    // The text that nft prints for a negated range is ambiguous.
                    ports => range(ports, "-"),
                },
            };
            words.push(format!("{protocol} dport {port}"));
            if chance(random, 4) {
                words.push(format!("{protocol} sport {}", range(ports(random), "-")));
            }
        }
    }
    if chance(random, 8) && from == 0 {
        let chain = format!("rs{number}{}", CHAINS[1]);
        let map = format!(
            "udp dport vmap {{ 5060 : accept, 5061 : drop, 10000-20000 : jump {chain}, 9999 : return }}"
        );
        return map;
    }
    let verdict = match target(random, from) {
        Some(to) if chance(random, 2) => format!("jump rs{number}{}", CHAINS[to]),
        Some(to) => format!("goto rs{number}{}", CHAINS[to]),
        None => (*pick(
            random,
            &["accept", "accept", "accept", "drop", "return", "counter"],
        ))
        .to_owned(),
    };
    if chance(random, 4) {
        words.push((*pick(random, &NFT_CHANGES)).to_owned());
    }
    words.push(verdict);
    words.join(" ")
}

/// Rules that match no packet, or do not decide about one.
const IPTABLES_IDLE: [&str; 14] = [
    "-p udp -m udp --dport 60000:29 -j ACCEPT",
    "-p udp -m udp --sport 60000:29 -j DROP",
    "-p tcp -m tcp --syn -j TCPMSS --set-mss 1360",
    "-j MARK --set-xmark 0x1/0xff",
    "-p udp -j MARK --set-mark 7",
    "-j CONNMARK --save-mark",
    "-j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xf",
    "-j CONNMARK --set-mark 1",
    "-j HMARK --hmark-tuple src,dst --hmark-mod 10 --hmark-rnd 1",
    "-j IDLETIMER --timeout 60 --label sip",
    "-j RATEEST --rateest-name sip --rateest-interval 250ms --rateest-ewmalog 500ms",
    "-j AUDIT --type accept",
    "-j NFLOG --nflog-group 1 --nflog-prefix \"a b\"",
    "-j LOG --log-prefix \"a b\"",
];

fn iptables_rule(random: &mut Random, number: usize, from: usize) -> String {
    if chance(random, 3) {
        let rule = *pick(random, &IPTABLES_IDLE);
        return format!("-A RS{number}{} {rule}", CHAINS[from]);
    }
    let not = |random: &mut Random| if chance(random, 4) { "! " } else { "" };
    let mut words = vec![format!("-A RS{number}{}", CHAINS[from])];
    if chance(random, 2) {
        words.push(if chance(random, 4) {
            format!(
                "-m iprange {}--src-range 203.0.113.40-203.0.113.45",
                not(random)
            )
        } else {
            format!("{}-s {}", not(random), pick(random, &NETWORKS))
        });
    }
    if chance(random, 4) {
        words.push(format!("{}-d 192.0.2.10", not(random)));
    }
    match random.between(0, 6) {
        0 => words.push(format!("{}-p udp", not(random))),
        1 => words.push(format!("-p tcp -m tcp {}--syn", not(random))),
        2 => words.push("-p tcp -m tcp --tcp-flags SYN,ACK ACK".to_owned()),
        3 => {}
        _ => {
            let protocol = if chance(random, 2) { "udp" } else { "tcp" };
            words.push(format!("-p {protocol}"));
            let option = pick(random, &["--dports", "--sports", "--ports"]);
            words.push(if chance(random, 2) {
                format!(
                    "-m multiport {}{option} {}",
                    not(random),
                    port_list(random, ":", ",")
                )
            } else {
                format!(
                    "-m {protocol} {}--dport {}",
                    not(random),
                    range(ports(random), ":")
                )
            });
        }
    }
    match target(random, from) {
        Some(to) if chance(random, 2) => words.push(format!("-j RS{number}{}", CHAINS[to])),
        Some(to) => words.push(format!("-g RS{number}{}", CHAINS[to])),
        None => words.extend(
            [
                "-j ACCEPT",
                "-j ACCEPT",
                "-j ACCEPT",
                "-j DROP",
                "-j RETURN",
                "",
            ]
            .get(usize::try_from(random.between(0, 5)).unwrap())
            .map(|verdict| (*verdict).to_owned()),
        ),
    }
    words.join(" ")
}

fn ttl(number: usize) -> u8 {
    u8::try_from(70 + number % PER_LOAD).unwrap()
}

/// A firewall with many rulesets. A packet that does not pass its ruleset is dropped.
fn nft_firewall(random: &mut Random, numbers: std::ops::Range<usize>) -> String {
    let mut text = "table inet filter {
	set nets {
		type ipv4_addr
		flags interval
		elements = { 203.0.113.32/29, 203.0.113.46 comment \"one\" }
	}
	set six {
		type ipv6_addr
		elements = { 2001:db8::1 }
	}
	set families {
		type nf_proto
		elements = { ipv6 }
	}
	counter passed { }
	ct helper sip {
		type \"sip\" protocol udp
	}
"
    .to_owned();
    for number in numbers.clone() {
        for (from, suffix) in CHAINS.iter().enumerate().rev() {
            text += &format!("\tchain rs{number}{suffix} {{\n");
            for _ in 0..random.between(2, 9) {
                text += &format!("\t\t{}\n", nft_rule(random, number, from));
            }
            text += "\t}\n";
        }
    }
    text += "\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n";
    for number in numbers {
        text += &format!("\t\tip ttl {} jump rs{number}\n", ttl(number));
    }
    text + "\t}\n}\n"
}

fn iptables_firewall(random: &mut Random, numbers: std::ops::Range<usize>) -> String {
    let mut chains = String::new();
    let mut rules = String::new();
    for number in numbers {
        for (from, suffix) in CHAINS.iter().enumerate() {
            chains += &format!(":RS{number}{suffix} - [0:0]\n");
            for _ in 0..random.between(2, 9) {
                rules += &(iptables_rule(random, number, from) + "\n");
            }
        }
        rules += &format!("-A INPUT -m ttl --ttl-eq {} -j RS{number}\n", ttl(number));
    }
    format!(
        "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n{chains}{rules}COMMIT\n"
    )
}

fn probe(random: &mut Random, host: u32, number: usize) -> (Packet, Shape) {
    let protocol = *pick(random, &["udp", "udp", "tcp", "tcp", "icmp", "sctp"]);
    let packet = Packet {
        direction: "in",
        protocol,
        source: *pick(random, &SOURCES),
        source_port: *pick(random, &PORTS),
        destination: host,
        destination_port: *pick(random, &PORTS),
        ack: protocol == "tcp" && chance(random, 2),
        flag: *pick(random, &[Flag::None, Flag::Syn, Flag::Fin, Flag::Rst]),
    };
    (packet, Shape::WithTtl(ttl(number)))
}

/// The packet set with one packet.
fn single(packet: &Packet) -> PacketBox {
    let flags = match (packet.ack, packet.flag) {
        (false, _) => Flags::SYN,
        (true, Flag::None) => Flags::ACK,
        (true, Flag::Syn) => Flags::SYN | Flags::ACK,
        (true, Flag::Fin) => Flags::FIN | Flags::ACK,
        (true, Flag::Rst) => Flags::RST | Flags::ACK,
    };
    let kind = match packet.protocol {
        "udp" => HeaderMatch::of(Protocols::UDP),
        "icmp" => HeaderMatch::of(Protocols::of(1)),
        "sctp" => HeaderMatch::of(Protocols::of(132)),
        _ => HeaderMatch {
            flags: Flags::masked(15, flags),
            ..HeaderMatch::of(Protocols::TCP)
        },
    };
    let states = States::named("new").unwrap();
    let any = PacketBox::ALL
        .matching(HeaderMatch { states, ..kind })
        .unwrap();
    any.with(Dimension::Remote, Interval::single(packet.source))
        .with(Dimension::Local, Interval::single(packet.destination))
        .with(
            Dimension::RemotePort,
            Interval::single(packet.source_port.into()),
        )
        .with(
            Dimension::LocalPort,
            Interval::single(packet.destination_port.into()),
        )
}

/// The packets that a ruleset allows according to `check`.
fn let_through(format: &str, text: &str, unit: &str) -> Vec<PacketBox> {
    let units = units(format, text, unit, &[Direction::In]);
    let units = units.unwrap_or_else(|errors| panic!("{unit}: {errors:#?}\n{text}"));
    assert_eq!(units[0].name, unit);
    let found = differences(&[], &units[0].steps, Limits::default()).unwrap();
    assert!(
        found
            .iter()
            .all(|difference| difference.condition.is_true())
    );
    found
        .iter()
        .flat_map(|difference| difference.packets.boxes())
        .collect()
}

/// Checks the rulesets of one load. Returns the number of packets that passed, and the packets with
/// different verdicts.
fn one_load(
    lab: &Lab,
    back_end: BackEnd,
    random: &mut Random,
    first: usize,
) -> (usize, Vec<String>) {
    let numbers = first..first + PER_LOAD;
    let (firewall, load, show, prefix) = match back_end {
        BackEnd::Nftables => (
            nft_firewall(random, numbers.clone()),
            "nft -f -",
            "nft list ruleset; echo @@; nft -j list ruleset",
            "rs",
        ),
        _ => (
            iptables_firewall(random, numbers.clone()),
            "iptables-restore",
            "iptables-save; echo @@; iptables -S",
            "RS",
        ),
    };
    let printed = lab.load_firewall(&format!("{load} <<'EOF'\n{firewall}EOF"), show);
    let (listed, other) = printed.split_once("@@\n").unwrap();
    let mut probes = Vec::new();
    for number in numbers.clone() {
        for _ in 0..PROBES {
            let host = *pick(random, &lab.site.hosts);
            probes.push(probe(random, host, number));
        }
    }
    let passed = lab.passed("in", &probes);
    let mut wrong = Vec::new();
    for (number, at) in numbers.zip((0..).step_by(PROBES)) {
        let unit = format!("{prefix}{number}");
        let own = at..at + PROBES;
        for (what, text) in [
            ("as written", firewall.as_str()),
            ("listed", listed),
            ("listed otherwise", other),
        ] {
            let set = let_through(back_end.format(), text, &unit);
            for ((packet, _), passed) in probes[own.clone()].iter().zip(&passed[own.clone()]) {
                let judged = set
                    .iter()
                    .any(|packets| packets.and(&single(packet)).is_some());
                if judged != *passed {
                    let from = dotted(packet.source);
                    wrong.push(format!(
                        "{unit} {what}: {from} {packet:?}: check says {judged}, the kernel {passed}"
                    ));
                }
            }
        }
    }
    if !wrong.is_empty() {
        wrong.push(firewall);
    }
    (passed.iter().filter(|passed| **passed).count(), wrong)
}

fn kernel_test(test: &str, back_end: BackEnd) {
    let Some(lab) = Lab::new(test, back_end, Place::OnPbx) else {
        return;
    };
    let mut random = Random::new(7);
    let mut passed = 0;
    for first in (0..RULESETS).step_by(PER_LOAD) {
        let (count, wrong) = one_load(&lab, back_end, &mut random, first);
        assert!(
            wrong.is_empty(),
            "{back_end:?}: {} of two verdicts:\n{}",
            wrong.len(),
            wrong.join("\n")
        );
        passed += count;
    }
    let sent = RULESETS * PROBES;
    tell(&format!(
        "random rulesets: {back_end:?}: {RULESETS} judged by {sent} packets, {passed} passed, 0 of two verdicts"
    ));
    assert!(
        passed > sent / 20 && passed < sent - sent / 20,
        "{passed} of {sent}"
    );
}

#[test]
fn packets_pass_random_nftables_rulesets_as_check_predicts() {
    kernel_test(
        "packets_pass_random_nftables_rulesets_as_check_predicts",
        BackEnd::Nftables,
    );
}

#[test]
fn packets_pass_random_iptables_rulesets_as_check_predicts() {
    let test = "packets_pass_random_iptables_rulesets_as_check_predicts";
    kernel_test(test, BackEnd::IptablesNft);
    kernel_test(test, BackEnd::IptablesLegacy);
}
