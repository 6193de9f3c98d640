//! `check` knows whether packets get to the rules. Each case is a firewall that drops everything which the
//! rules of this program do not accept, so the kernel shows by packets whether the rules are reached.

use crate::common::facts::address;
use crate::common::lab::{BackEnd, Lab, Place};
use crate::common::readers::{Flag, Packet};
use crate::common::wire::Shape;
use crate::common::{Tool, render, tell};

const SELECTION: &str = "--edition global --region tokyo --direction in";

/// A way to lead packets to the chain, and the expected reason if none get there.
struct Case {
    name: &'static str,
    /// The rules of the chain for incoming packets, and other chains.
    input: &'static str,
    others: &'static str,
    /// The beginning of the reason. Empty if packets get to the chain.
    reason: &'static str,
    /// True if packets of the test pass.
    passes: bool,
}

const fn case(
    name: &'static str,
    input: &'static str,
    others: &'static str,
    reason: &'static str,
) -> Case {
    Case {
        name,
        input,
        others,
        reason,
        passes: reason.is_empty(),
    }
}

/// A case in which a condition is unknown to `check`, and false for the packets of the test.
const fn unknown(name: &'static str, input: &'static str) -> Case {
    Case {
        passes: false,
        ..case(name, input, "", "")
    }
}

const NOTHING: &str = "nothing jumps to ";
const STOPPED: &str = "a rule before the jump to ";
const NO_MATCH: &str = "no expected packet matches the rules that lead to ";
const OTHER_WAY: &str = "only the chain 'output' leads to ";
const OTHER_WAY_IPTABLES: &str = "only the chain 'OUTPUT' leads to ";

const NFT_CASES: &[Case] = &[
    case("hooked", "jump twilio_sip_in", "", ""),
    case("hooked by goto", "goto twilio_sip_in", "", ""),
    case(
        "hooked twice",
        "jump twilio_sip_in\njump twilio_sip_in",
        "",
        "",
    ),
    case(
        "hooked after state",
        "ct state established,related accept\nct state invalid drop\njump twilio_sip_in",
        "",
        "",
    ),
    case("not hooked", "tcp dport 22 accept", "", NOTHING),
    case("empty input chain", "", "", NOTHING),
    case("behind a drop", "drop\njump twilio_sip_in", "", STOPPED),
    case(
        "behind a drop, with loopback accepted",
        "iifname \"lo\" accept\ndrop\njump twilio_sip_in",
        "",
        STOPPED,
    ),
    Case {
        passes: true,
        ..case(
            "behind a drop, with a part of the calls accepted",
            "udp dport 5060 accept\ndrop\njump twilio_sip_in",
            "",
            STOPPED,
        )
    },
    case("behind a reject", "reject\njump twilio_sip_in", "", STOPPED),
    case(
        "behind two drops that drop everything",
        "meta l4proto tcp drop\nmeta l4proto udp drop\njump twilio_sip_in",
        "",
        STOPPED,
    ),
    case(
        "behind a drop of TCP",
        "meta l4proto tcp drop\njump twilio_sip_in",
        "",
        "",
    ),
    case(
        "behind a drop of new connections",
        "ct state new drop\njump twilio_sip_in",
        "",
        STOPPED,
    ),
    case(
        "behind a drop of other sources",
        "ip saddr != 54.65.63.192/30 drop\njump twilio_sip_in",
        "",
        "",
    ),
    case(
        "behind a return",
        "return\njump twilio_sip_in",
        "",
        NO_MATCH,
    ),
    case(
        "behind an accepting rule",
        "accept\njump twilio_sip_in",
        "",
        "",
    ),
    case(
        "hooked for other sources",
        "ip saddr 10.0.0.0/8 jump twilio_sip_in",
        "",
        NO_MATCH,
    ),
    case(
        "hooked for Twilio's sources",
        "ip saddr { 54.65.63.192/30, 168.86.128.0/18 } jump twilio_sip_in",
        "",
        "",
    ),
    case(
        "hooked for IPv6",
        "meta l4proto ipv6-icmp jump twilio_sip_in",
        "",
        NO_MATCH,
    ),
    case(
        "hooked for one interface",
        "iifname \"wall0\" jump twilio_sip_in",
        "",
        "",
    ),
    unknown(
        "hooked for another interface",
        "iifname \"eth9\" jump twilio_sip_in",
    ),
    unknown(
        "hooked at a low rate",
        "limit rate over 1000000/second jump twilio_sip_in",
    ),
    case(
        "behind a rate",
        "limit rate over 1000000/second drop\njump twilio_sip_in",
        "",
        "",
    ),
    case(
        "hooked by another chain",
        "jump sip",
        "chain sip {\njump twilio_sip_in\n}\n",
        "",
    ),
    case(
        "hooked by a chain that is not hooked",
        "tcp dport 22 accept",
        "chain sip {\njump twilio_sip_in\n}\n",
        NOTHING,
    ),
    case(
        "behind a chain that drops",
        "jump blocked\njump twilio_sip_in",
        "chain blocked {\ndrop\n}\n",
        STOPPED,
    ),
    case(
        "behind a chain that returns",
        "jump blocked\njump twilio_sip_in",
        "chain blocked {\nip saddr 10.0.0.0/8 drop\nreturn\ndrop\n}\n",
        "",
    ),
    case(
        "hooked by a verdict map",
        "meta l4proto vmap { tcp : jump twilio_sip_in, udp : jump twilio_sip_in }",
        "",
        "",
    ),
    case(
        "hooked by a named map",
        "meta l4proto vmap @ways",
        "map ways {\ntype inet_proto : verdict\nelements = { udp : jump twilio_sip_in }\n}\n",
        "",
    ),
    case(
        "hooked by a map with timeouts",
        "meta l4proto vmap @ways",
        "map ways {\ntype inet_proto : verdict\nflags timeout\nelements = { udp timeout 1h : jump twilio_sip_in }\n}\n",
        "",
    ),
    case(
        "hooked for output",
        "",
        "chain output {\ntype filter hook output priority filter; policy drop;\njump twilio_sip_in\n}\n",
        OTHER_WAY,
    ),
    case(
        "hooked in prerouting",
        "accept",
        "chain early {\ntype filter hook prerouting priority raw; policy drop;\njump twilio_sip_in\n}\n",
        "",
    ),
    case(
        "hooked by a rule that check cannot read",
        "tcp option maxseg size > 0 jump twilio_sip_in\nmeta l4proto udp jump twilio_sip_in",
        "",
        "",
    ),
    case(
        "behind a rule that check cannot read",
        "meta time < 1000 drop\njump twilio_sip_in",
        "",
        "",
    ),
];

const IPTABLES_CASES: &[Case] = &[
    case("hooked", "-j TWILIO-SIP-IN", "", ""),
    case("hooked by goto", "-g TWILIO-SIP-IN", "", ""),
    case("hooked twice", "-j TWILIO-SIP-IN\n-j TWILIO-SIP-IN", "", ""),
    case(
        "hooked after state",
        "-m conntrack --ctstate ESTABLISHED -j ACCEPT\n-m conntrack --ctstate INVALID -j DROP\n-j TWILIO-SIP-IN",
        "",
        "",
    ),
    case(
        "not hooked",
        "-p tcp -m tcp --dport 22 -j ACCEPT",
        "",
        NOTHING,
    ),
    case("empty input chain", "", "", NOTHING),
    case("behind a drop", "-j DROP\n-j TWILIO-SIP-IN", "", STOPPED),
    case(
        "behind a drop, with loopback accepted",
        "-i lo -j ACCEPT\n-j REJECT\n-j TWILIO-SIP-IN",
        "",
        STOPPED,
    ),
    Case {
        passes: true,
        ..case(
            "behind a drop, with a part of the calls accepted",
            "-p udp -m udp --dport 5060 -j ACCEPT\n-j DROP\n-j TWILIO-SIP-IN",
            "",
            STOPPED,
        )
    },
    case(
        "behind a reject",
        "-j REJECT\n-j TWILIO-SIP-IN",
        "",
        STOPPED,
    ),
    case(
        "behind two drops that drop everything",
        "-p tcp -j DROP\n-p udp -j DROP\n-j TWILIO-SIP-IN",
        "",
        STOPPED,
    ),
    case(
        "behind a drop of TCP",
        "-p tcp -j DROP\n-j TWILIO-SIP-IN",
        "",
        "",
    ),
    case(
        "behind a drop of new connections",
        "-m conntrack --ctstate NEW -j DROP\n-j TWILIO-SIP-IN",
        "",
        STOPPED,
    ),
    case(
        "behind a drop of other sources",
        "! -s 54.65.63.192/30 -j DROP\n-j TWILIO-SIP-IN",
        "",
        "",
    ),
    case(
        "behind a return",
        "-j RETURN\n-j TWILIO-SIP-IN",
        "",
        NO_MATCH,
    ),
    case(
        "behind an accepting rule",
        "-j ACCEPT\n-j TWILIO-SIP-IN",
        "",
        "",
    ),
    case(
        "hooked for other sources",
        "-s 10.0.0.0/8 -j TWILIO-SIP-IN",
        "",
        NO_MATCH,
    ),
    case(
        "hooked for Twilio's sources",
        "-s 54.65.63.192/30 -j TWILIO-SIP-IN",
        "",
        "",
    ),
    case("hooked for ICMP", "-p icmp -j TWILIO-SIP-IN", "", NO_MATCH),
    case(
        "hooked for one interface",
        "-i wall0 -j TWILIO-SIP-IN",
        "",
        "",
    ),
    unknown("hooked for another interface", "-i eth9 -j TWILIO-SIP-IN"),
    unknown(
        "hooked at a high rate",
        "-m hashlimit --hashlimit-above 100000/sec --hashlimit-name x -j TWILIO-SIP-IN",
    ),
    case(
        "behind a rate",
        "-m hashlimit --hashlimit-above 100000/sec --hashlimit-name x -j DROP\n-j TWILIO-SIP-IN",
        "",
        "",
    ),
    case(
        "hooked by another chain",
        "-j SIP",
        "-A SIP -j TWILIO-SIP-IN\n",
        "",
    ),
    case(
        "hooked by a chain that is not hooked",
        "-p tcp -m tcp --dport 22 -j ACCEPT",
        "-A SIP -j TWILIO-SIP-IN\n",
        NOTHING,
    ),
    case(
        "behind a chain that drops",
        "-j SIP\n-j TWILIO-SIP-IN",
        "-A SIP -j DROP\n",
        STOPPED,
    ),
    case(
        "behind a chain that returns",
        "-j SIP\n-j TWILIO-SIP-IN",
        "-A SIP -s 10.0.0.0/8 -j DROP\n-A SIP -j RETURN\n-A SIP -j DROP\n",
        "",
    ),
    case(
        "hooked for output",
        "",
        "-A OUTPUT -j TWILIO-SIP-IN\n",
        OTHER_WAY_IPTABLES,
    ),
    case(
        "hooked by a rule that check cannot read",
        "-m u32 --u32 0x0>>0x1c=0x4 -j TWILIO-SIP-IN",
        "",
        "",
    ),
    case(
        "behind a rule that check cannot read",
        "-m u32 --u32 0x0>>0x1c=0x6 -j DROP\n-j TWILIO-SIP-IN",
        "",
        "",
    ),
    case("behind logging", "-j LOG\n-j TWILIO-SIP-IN", "", ""),
    case(
        "named in a comment",
        "-m comment --comment \"-j TWILIO-SIP-IN\" -j DROP",
        "",
        NOTHING,
    ),
];

/// The chain for incoming packets without its head, as the program prints it.
fn chain(format: &str) -> String {
    let text = render(&format!("{SELECTION} --format {format}"));
    let lines = text.split_inclusive('\n');
    lines.filter(|line| !line.starts_with('#')).collect()
}

fn nft_firewall(case: &Case) -> String {
    let rules = format!(
        "table inet filter {{\nchain input {{\ntype filter hook input priority filter; policy drop;\n}}\n}}\n{}\
         table inet filter {{\n{}\nchain input {{\n{}\n}}\n}}\n",
        chain("nftables"),
        case.others,
        case.input
    );
    // A chain with the same name in another table has no effect on the case.
    let other_table = "table ip other {\nchain twilio_sip_in {\n}\nchain input {\ntype filter hook input priority 10; \
                       policy accept;\njump twilio_sip_in\n}\n}\n";
    format!("nft -f - <<'EOF'\n{rules}{other_table}EOF")
}

fn iptables_firewall(case: &Case) -> String {
    let mut input = String::new();
    for rule in case.input.lines() {
        input += &format!("-A INPUT {rule}\n");
    }
    let rules = chain("iptables").replace(
        "*filter\n",
        "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT DROP [0:0]\n:SIP - [0:0]\n",
    );
    let own = format!("{input}{}COMMIT\n", case.others);
    format!(
        "iptables-restore <<'EOF'\n{}EOF",
        rules.replace("COMMIT\n", &own)
    )
}

/// Packets that the rules for Tokyo accept: signaling of each transport, and media.
fn probes(lab: &Lab) -> Vec<(Packet, Shape)> {
    let packets = [
        ("udp", "54.65.63.193", 5060),
        ("tcp", "54.65.63.193", 5060),
        ("tcp", "54.65.63.195", 5061),
        ("udp", "168.86.128.1", 10000),
    ];
    let probe = |(protocol, source, port)| Packet {
        direction: "in",
        protocol,
        source: address(source),
        source_port: 31_337,
        destination: lab.site.hosts[0],
        destination_port: port,
        ack: false,
        flag: Flag::None,
    };
    let probes = packets.map(probe).map(|packet| (packet, Shape::Whole));
    probes.to_vec()
}

/// Compares the verdict for a listing with the expected reason.
fn assert_verdict(case: &Case, format: &str, listing: &str) {
    let line = format!("check --quiet {SELECTION} --format {format} --report json listing");
    let ran = Tool::line(&line).file("listing", listing).run();
    let place = format!("{} ({format})\n{listing}\n{ran}", case.name);
    assert_eq!(ran.status, i32::from(!case.reason.is_empty()), "{place}");
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let file = &report["files"][0];
    assert_eq!(file["missing"], serde_json::json!([]), "{place}");
    assert_eq!(file["extra"], serde_json::json!([]), "{place}");
    let unhooked = file["not_hooked"].as_array().unwrap();
    let reasons: Vec<&str> = unhooked
        .iter()
        .map(|one| one["reason"].as_str().unwrap())
        .collect();
    if case.reason.is_empty() {
        assert!(reasons.is_empty(), "{place}");
    } else {
        assert_eq!(reasons.len(), 1, "{place}");
        assert!(reasons[0].starts_with(case.reason), "{place}");
    }
}

fn kernel_agrees(test: &str, back_end: BackEnd, cases: &[Case], show: &str) {
    let Some(lab) = Lab::new(test, back_end, Place::OnPbx) else {
        return;
    };
    for case in cases {
        let firewall = match back_end {
            BackEnd::Nftables => nft_firewall(case),
            _ => iptables_firewall(case),
        };
        let printed = lab.load_firewall(&firewall, show);
        for listing in printed.split("@@\n") {
            assert_verdict(case, back_end.format(), listing);
        }
        let passed = lab.passed("in", &probes(&lab));
        assert_eq!(
            passed.contains(&true),
            case.passes,
            "{}: {passed:?}\n{firewall}",
            case.name
        );
    }
    let count = cases.len();
    tell(&format!(
        "hooks: {back_end:?}: {count} firewalls, 0 of two verdicts"
    ));
}

#[test]
fn the_kernel_agrees_on_the_hooks_of_nftables() {
    kernel_agrees(
        "hooks of nftables",
        BackEnd::Nftables,
        NFT_CASES,
        "nft list ruleset; echo @@; nft -j list ruleset",
    );
}

#[test]
fn the_kernel_agrees_on_the_hooks_of_iptables() {
    for back_end in [BackEnd::IptablesNft, BackEnd::IptablesLegacy] {
        kernel_agrees(
            "hooks of iptables",
            back_end,
            IPTABLES_CASES,
            "iptables-save; echo @@; iptables -S",
        );
    }
}
