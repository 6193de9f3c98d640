//! Tests the packet tests. A correct ruleset is damaged in many ways, and the packet tests must notice
//! each one.

use crate::common::lab::{BackEnd, Lab, Place};
use crate::common::oracle::{Oracle, Random, Selected, Site, Tcp, probes};
use crate::common::{facts, readers, render};

/// The change to the first line that contains `on`.
#[derive(Clone, Copy)]
enum Edit {
    Drop,
    Replace(&'static str, &'static str),
    InsertBefore(&'static str),
}
use Edit::{Drop, InsertBefore, Replace};

/// The name, a part of the line, and the damage.
type Damage = (&'static str, &'static str, Edit);

fn damaged(text: &str, (name, on, edit): Damage) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let at = lines
        .iter()
        .position(|line| line.contains(on))
        .unwrap_or_else(|| panic!("{name}: no line with {on}\n{text}"));
    match edit {
        Drop => drop(lines.remove(at)),
        Replace(from, to) => {
            assert!(lines[at].contains(from), "{name}: {}", lines[at]);
            lines[at] = lines[at].replacen(from, to, 1);
        }
        InsertBefore(line) => lines.insert(at, line.to_owned()),
    }
    lines.join("\n") + "\n"
}

fn selected() -> Selected {
    Selected::new("regional", "tokyo")
}

/// The number of packets in both directions whose verdict differs from the published networks.
fn kernel_differences(lab: &Lab) -> usize {
    let oracle = Oracle::new(&selected(), lab.site, Tcp::Any);
    let mut random = Random::new(1);
    let differences = ["in", "out"].map(|direction| {
        let probes = probes(&selected(), lab.site, direction, &mut random);
        let passed = lab.passed(direction, &probes);
        let pairs = probes.iter().zip(passed);
        pairs
            .filter(|((packet, _), passed)| oracle.allows(packet).is_some() != *passed)
            .count()
    });
    differences.iter().sum()
}

fn kernel_test(test: &str, back_end: BackEnd, damages: &[Damage]) {
    assert!(damages.len() >= 30, "{}", damages.len());
    let Some(lab) = Lab::new(test, back_end, Place::OnPbx) else {
        return;
    };
    let text = render(&format!(
        "{} --format {}",
        selected().options(lab.site),
        back_end.format()
    ));
    lab.load(&text);
    assert_eq!(kernel_differences(&lab), 0, "the right ruleset");
    let mut missed = Vec::new();
    for damage in damages {
        lab.load(&damaged(&text, *damage));
        if kernel_differences(&lab) == 0 {
            missed.push(damage.0);
        }
    }
    assert!(
        missed.is_empty(),
        "{back_end:?}: undetected damage: {missed:?}"
    );
}

const IPTABLES: &[Damage] = &[
    ("in udp missing", "-IN -s 54.65.63.192/30 -p udp", Drop),
    (
        "in tcp missing",
        "-IN -s 54.65.63.192/30 -p tcp -m tcp --dport 5060",
        Drop,
    ),
    (
        "in tls missing",
        "-IN -s 54.65.63.192/30 -p tcp -m tcp --dport 5061",
        Drop,
    ),
    ("in media missing", "-IN -s 54.65.63.192/26", Drop),
    ("out udp missing", "-OUT -d 54.65.63.192/30 -p udp", Drop),
    (
        "out tcp missing",
        "-OUT -d 54.65.63.192/30 -p tcp -m tcp --dport 5060",
        Drop,
    ),
    (
        "out tls missing",
        "-OUT -d 54.65.63.192/30 -p tcp -m tcp --dport 5061",
        Drop,
    ),
    ("out media missing", "-OUT -d 54.65.63.192/26", Drop),
    (
        "signaling a bit longer",
        "-IN -s 54.65.63.192/30 -p udp",
        Replace("/30", "/31"),
    ),
    (
        "signaling a bit shorter",
        "-IN -s 54.65.63.192/30 -p udp",
        Replace("/30", "/29"),
    ),
    (
        "media a bit longer",
        "-IN -s 54.65.63.192/26",
        Replace("/26", "/27"),
    ),
    (
        "media a bit shorter",
        "-IN -s 54.65.63.192/26",
        Replace("192/26", "128/25"),
    ),
    (
        "out signaling a bit longer",
        "-OUT -d 54.65.63.192/30 -p tcp",
        Replace("/30", "/31"),
    ),
    (
        "out media a bit shorter",
        "-OUT -d 54.65.63.192/26",
        Replace("192/26", "128/25"),
    ),
    (
        "the next network",
        "-IN -s 54.65.63.192/30 -p udp",
        Replace("192/30", "196/30"),
    ),
    (
        "another region",
        "-IN -s 54.65.63.192/30 -p udp",
        Replace("54.65.63.192", "54.252.254.64"),
    ),
    (
        "sip port one below",
        "-IN -s 54.65.63.192/30 -p udp",
        Replace("5060", "5059"),
    ),
    (
        "tls port one above",
        "-IN -s 54.65.63.192/30 -p tcp -m tcp --dport 5061",
        Replace("--dport 5061", "--dport 5062"),
    ),
    (
        "tcp for tls",
        "-IN -s 54.65.63.192/30 -p tcp",
        Replace("--dport 5060", "--dport 5061"),
    ),
    (
        "rtp starts late",
        "-IN -s 54.65.63.192/26",
        Replace("10000:", "10001:"),
    ),
    (
        "rtp starts early",
        "-IN -s 54.65.63.192/26",
        Replace("10000:", "9999:"),
    ),
    (
        "rtp ends early",
        "-IN -s 54.65.63.192/26",
        Replace(":20000", ":19999"),
    ),
    (
        "rtp ends late",
        "-IN -s 54.65.63.192/26",
        Replace(":20000", ":20001"),
    ),
    (
        "out rtp ends late",
        "-OUT -d 54.65.63.192/26",
        Replace(":20000", ":60000"),
    ),
    (
        "udp is tcp",
        "-IN -s 54.65.63.192/30 -p udp",
        Replace("-p udp -m udp", "-p tcp -m tcp"),
    ),
    (
        "tls is udp",
        "-IN -s 54.65.63.192/30 -p tcp -m tcp --dport 5061",
        Replace("-p tcp -m tcp", "-p udp -m udp"),
    ),
    (
        "media is tcp",
        "-IN -s 54.65.63.192/26",
        Replace("-p udp -m udp", "-p tcp -m tcp"),
    ),
    (
        "source is destination",
        "-IN -s 54.65.63.192/30 -p udp",
        Replace(" -s ", " -d "),
    ),
    (
        "destination is source",
        "-OUT -d 54.65.63.192/26",
        Replace(" -d ", " -s "),
    ),
    (
        "source port",
        "-IN -s 54.65.63.192/30 -p udp",
        Replace("--dport", "--sport"),
    ),
    (
        "in for out",
        "-A TWILIO-SIP-IN -s 54.65.63.192/26",
        Replace("-IN ", "-OUT "),
    ),
    (
        "out for in",
        "-A TWILIO-SIP-OUT -d 54.65.63.192/26",
        Replace("-OUT ", "-IN "),
    ),
    ("negated", "-IN -s 54.65.63.192/26", Replace("-s ", "! -s ")),
    (
        "dropped",
        "-IN -s 54.65.63.192/30 -p udp",
        Replace("ACCEPT", "DROP"),
    ),
    (
        "returned",
        "-OUT -d 54.65.63.192/26",
        Replace("ACCEPT", "RETURN"),
    ),
    (
        "a deny in front",
        "-IN -s 54.65.63.192/30 -p udp",
        InsertBefore("-A TWILIO-SIP-IN -s 54.65.63.193/32 -j DROP"),
    ),
    (
        "a return in front",
        "-OUT -d 54.65.63.192/30 -p udp",
        InsertBefore("-A TWILIO-SIP-OUT -j RETURN"),
    ),
    (
        "a neighbor too",
        "-IN -s 54.65.63.192/30 -p udp",
        InsertBefore("-A TWILIO-SIP-IN -s 54.65.63.191/32 -p udp -m udp --dport 10000 -j ACCEPT"),
    ),
    (
        "any port",
        "-IN -s 54.65.63.192/30 -p udp",
        InsertBefore("-A TWILIO-SIP-IN -s 54.65.63.192/30 -p tcp -j ACCEPT"),
    ),
    (
        "anybody",
        "-IN -s 54.65.63.192/30 -p udp",
        InsertBefore("-A TWILIO-SIP-IN -p udp -m udp --dport 5060 -j ACCEPT"),
    ),
    (
        "one interface",
        "-IN -s 54.65.63.192/26",
        Replace(" -p udp", " -i lo -p udp"),
    ),
    (
        "a rate limit",
        "-IN -s 54.65.63.192/26",
        Replace(" -j ACCEPT", " -m limit --limit 1/hour -j ACCEPT"),
    ),
    (
        "established only",
        "-IN -s 54.65.63.192/30 -p udp",
        Replace(
            " -j ACCEPT",
            " -m conntrack --ctstate ESTABLISHED -j ACCEPT",
        ),
    ),
    (
        "opening packets only",
        "-IN -s 54.65.63.192/30 -p tcp",
        Replace(" -m comment", " --tcp-flags SYN,ACK SYN -m comment"),
    ),
    (
        "one host",
        "-IN -s 54.65.63.192/30 -p udp",
        Replace(" -p udp", " -d 192.0.2.10/32 -p udp"),
    ),
    (
        "free ports from 1024",
        "-IN -s 54.65.63.192/30 -p udp",
        Replace("--dport", "--sport 1024:65535 --dport"),
    ),
    (
        "free ports of media",
        "-OUT -d 54.65.63.192/26",
        Replace("--dport", "--sport 1024:60999 --dport"),
    ),
    (
        "a hole in the network",
        "-IN -s 54.65.63.192/26",
        InsertBefore("-A TWILIO-SIP-IN -s 54.65.63.200/29 -j DROP"),
    ),
    (
        "a hole in the ports",
        "-IN -s 54.65.63.192/26",
        InsertBefore("-A TWILIO-SIP-IN -p udp -m udp --dport 10001:10003 -j DROP"),
    ),
    (
        "icmp too",
        "-IN -s 54.65.63.192/26",
        InsertBefore("-A TWILIO-SIP-IN -p icmp -j ACCEPT"),
    ),
    (
        "sctp too",
        "-IN -s 54.65.63.192/26",
        InsertBefore("-A TWILIO-SIP-IN -p sctp -j ACCEPT"),
    ),
    (
        "no packets with RST",
        "-IN -s 54.65.63.192/30 -p tcp",
        InsertBefore("-A TWILIO-SIP-IN -p tcp -m tcp --tcp-flags RST RST -j DROP"),
    ),
    (
        "tcp for one host",
        "-IN -s 54.65.63.192/30 -p tcp",
        Replace(" -p tcp", " -d 192.0.2.10/32 -p tcp"),
    ),
    (
        "media out of one host",
        "-OUT -d 54.65.63.192/26",
        Replace(" -d ", " -s 192.0.2.10/32 -d "),
    ),
    (
        "anybody to the other host",
        "-IN -s 54.65.63.192/26",
        InsertBefore("-A TWILIO-SIP-IN -d 192.0.2.11/32 -p tcp -m tcp --dport 5060 -j ACCEPT"),
    ),
];

const NFT: &[Damage] = &[
    ("in udp missing", "ip saddr @twilio_sip_signaling udp", Drop),
    (
        "in tcp missing",
        "ip saddr @twilio_sip_signaling tcp dport 5060",
        Drop,
    ),
    (
        "in tls missing",
        "ip saddr @twilio_sip_signaling tcp dport 5061",
        Drop,
    ),
    ("in media missing", "ip saddr @twilio_sip_media", Drop),
    (
        "out udp missing",
        "ip daddr @twilio_sip_signaling udp",
        Drop,
    ),
    (
        "out tcp missing",
        "ip daddr @twilio_sip_signaling tcp dport 5060",
        Drop,
    ),
    (
        "out tls missing",
        "ip daddr @twilio_sip_signaling tcp dport 5061",
        Drop,
    ),
    ("out media missing", "ip daddr @twilio_sip_media", Drop),
    (
        "signaling a bit longer",
        "54.65.63.192/30",
        Replace("/30", "/31"),
    ),
    (
        "signaling a bit shorter",
        "54.65.63.192/30",
        Replace("/30", "/29"),
    ),
    (
        "media a bit longer",
        "54.65.63.192/26",
        Replace("/26", "/27"),
    ),
    (
        "media a bit shorter",
        "54.65.63.192/26",
        Replace("192/26", "128/25"),
    ),
    (
        "the next network",
        "54.65.63.192/30",
        Replace("192/30", "196/30"),
    ),
    (
        "another region",
        "54.65.63.192/30",
        Replace("54.65.63.192", "54.252.254.64"),
    ),
    (
        "a set with a neighbor",
        "54.65.63.192/26",
        InsertBefore("54.65.63.191,"),
    ),
    (
        "a set with another region",
        "54.65.63.192/30",
        InsertBefore("54.252.254.64/30,"),
    ),
    (
        "an empty set",
        "54.65.63.192/26",
        Replace("54.65.63.192/26", "192.0.2.0/26"),
    ),
    (
        "the other plane's set",
        "ip saddr @twilio_sip_media",
        Replace("_media", "_signaling"),
    ),
    (
        "the other plane's set in signaling",
        "ip saddr @twilio_sip_signaling udp",
        Replace("_signaling", "_media"),
    ),
    (
        "sip port one below",
        "ip saddr @twilio_sip_signaling udp",
        Replace("5060", "5059"),
    ),
    (
        "tls port one above",
        "ip saddr @twilio_sip_signaling tcp dport 5061",
        Replace("5061", "5062"),
    ),
    (
        "tcp for tls",
        "ip saddr @twilio_sip_signaling tcp",
        Replace("5060", "5061"),
    ),
    (
        "rtp starts late",
        "ip saddr @twilio_sip_media",
        Replace("10000-", "10001-"),
    ),
    (
        "rtp starts early",
        "ip saddr @twilio_sip_media",
        Replace("10000-", "9999-"),
    ),
    (
        "rtp ends early",
        "ip saddr @twilio_sip_media",
        Replace("-20000", "-19999"),
    ),
    (
        "rtp ends late",
        "ip daddr @twilio_sip_media",
        Replace("-20000", "-20001"),
    ),
    (
        "udp is tcp",
        "ip saddr @twilio_sip_signaling udp",
        Replace("udp", "tcp"),
    ),
    (
        "tls is udp",
        "ip daddr @twilio_sip_signaling tcp dport 5061",
        Replace("tcp", "udp"),
    ),
    (
        "source is destination",
        "ip saddr @twilio_sip_media",
        Replace("saddr", "daddr"),
    ),
    (
        "destination is source",
        "ip daddr @twilio_sip_signaling udp",
        Replace("daddr", "saddr"),
    ),
    (
        "source port",
        "ip saddr @twilio_sip_signaling udp",
        Replace("dport", "sport"),
    ),
    (
        "negated",
        "ip saddr @twilio_sip_media",
        Replace("saddr @", "saddr != @"),
    ),
    (
        "dropped",
        "ip saddr @twilio_sip_signaling udp",
        Replace("accept", "drop"),
    ),
    (
        "returned",
        "ip daddr @twilio_sip_media",
        Replace("accept", "return"),
    ),
    (
        "a deny in front",
        "ip saddr @twilio_sip_signaling udp",
        InsertBefore("ip saddr 54.65.63.193 drop"),
    ),
    (
        "a return in front",
        "ip daddr @twilio_sip_signaling udp",
        InsertBefore("return"),
    ),
    (
        "any port",
        "ip saddr @twilio_sip_signaling udp",
        InsertBefore("ip saddr @twilio_sip_signaling meta l4proto tcp accept"),
    ),
    (
        "anybody",
        "ip saddr @twilio_sip_signaling udp",
        InsertBefore("udp dport 5060 accept"),
    ),
    (
        "one interface",
        "ip saddr @twilio_sip_media",
        Replace("ip saddr", "iifname lo ip saddr"),
    ),
    (
        "a rate limit",
        "ip saddr @twilio_sip_media",
        Replace("accept", "limit rate 1/hour accept"),
    ),
    (
        "established only",
        "ip saddr @twilio_sip_signaling udp",
        Replace("accept", "ct state established accept"),
    ),
    (
        "opening packets only",
        "ip saddr @twilio_sip_signaling tcp",
        Replace("accept", "tcp flags & (syn | ack) == syn accept"),
    ),
    (
        "one host",
        "ip saddr @twilio_sip_signaling udp",
        Replace("udp", "ip daddr 192.0.2.10 udp"),
    ),
    (
        "free ports from 1024",
        "ip saddr @twilio_sip_signaling udp",
        Replace("udp dport", "udp sport 1024-65535 udp dport"),
    ),
    (
        "free ports of media",
        "ip daddr @twilio_sip_media",
        Replace("udp dport", "udp sport 1024-60999 udp dport"),
    ),
    (
        "a hole in the network",
        "ip saddr @twilio_sip_media",
        InsertBefore("ip saddr 54.65.63.200/29 drop"),
    ),
    (
        "a hole in the ports",
        "ip saddr @twilio_sip_media",
        InsertBefore("udp dport 10001-10003 drop"),
    ),
    (
        "icmp too",
        "ip saddr @twilio_sip_media",
        InsertBefore("ip protocol icmp accept"),
    ),
    (
        "sctp too",
        "ip saddr @twilio_sip_media",
        InsertBefore("meta l4proto sctp accept"),
    ),
    (
        "no packets with RST",
        "ip saddr @twilio_sip_signaling tcp",
        InsertBefore("tcp flags & rst == rst drop"),
    ),
    (
        "tcp for one host",
        "ip saddr @twilio_sip_signaling tcp",
        Replace("tcp", "ip daddr 192.0.2.10 tcp"),
    ),
    (
        "media out of one host",
        "ip daddr @twilio_sip_media",
        Replace("udp", "ip saddr 192.0.2.10 udp"),
    ),
    (
        "anybody to the other host",
        "ip saddr @twilio_sip_media",
        InsertBefore("ip daddr 192.0.2.11 tcp dport 5060 accept"),
    ),
];

#[test]
fn packets_reveal_damage_to_nftables_rules() {
    kernel_test(
        "packets_reveal_damage_to_nftables_rules",
        BackEnd::Nftables,
        NFT,
    );
}

#[test]
fn packets_reveal_damage_to_iptables_nft_rules() {
    kernel_test(
        "packets_reveal_damage_to_iptables_nft_rules",
        BackEnd::IptablesNft,
        IPTABLES,
    );
}

#[test]
fn packets_reveal_damage_to_iptables_legacy_rules() {
    kernel_test(
        "packets_reveal_damage_to_iptables_legacy_rules",
        BackEnd::IptablesLegacy,
        IPTABLES,
    );
}

const PF: &[Damage] = &[
    (
        "in udp missing",
        "pass in quick inet proto udp from <twilio_sip_signaling>",
        Drop,
    ),
    (
        "out tls missing",
        "label \"twilio-sip out signaling tls",
        Drop,
    ),
    (
        "media a bit longer",
        "table <twilio_sip_media>",
        Replace("/26", "/27"),
    ),
    (
        "signaling a bit shorter",
        "table <twilio_sip_signaling>",
        Replace("/30", "/29"),
    ),
    (
        "a table with a neighbor",
        "table <twilio_sip_media>",
        Replace("{ ", "{ 54.65.63.191/32 "),
    ),
    (
        "rtp ends late",
        "twilio-sip in media",
        Replace(":20000", ":20001"),
    ),
    (
        "in for out",
        "twilio-sip in media",
        Replace("pass in", "pass out"),
    ),
    (
        "a quick block in front",
        "twilio-sip in media",
        InsertBefore(
            "block in quick inet proto udp from <twilio_sip_media> to any port 10000 label \"x\"",
        ),
    ),
    (
        "a block before a pass that is not quick",
        "twilio-sip out media",
        Replace(
            "pass out quick",
            "block out quick inet proto udp from any to <twilio_sip_media> port 20000 label \"x\"
pass out",
        ),
    ),
    (
        "tcp for one host",
        "label \"twilio-sip in signaling tcp",
        Replace(" to any ", " to 192.0.2.10/32 "),
    ),
    (
        "a hole in the network",
        "label \"twilio-sip in media",
        InsertBefore(
            "block in quick inet proto udp from 54.65.63.200/29 to any port 10000:20000 label \"x\"",
        ),
    ),
    (
        "a rule without quick at the end wins",
        "label \"twilio-sip out signaling udp",
        Replace(
            "pass out quick",
            "block out quick inet proto udp from any to <twilio_sip_signaling> port 5060 label \"x\"\npass out quick",
        ),
    ),
];

const CISCO: &[Damage] = &[
    ("in udp missing", " 10 permit udp 54.65.63.192", Drop),
    ("the way back missing", "eq 5060 any established", Drop),
    (
        "the way back for all packets",
        "eq 5060 any established",
        Replace(" established", ""),
    ),
    (
        "wildcard a bit longer",
        " 40 permit udp 54.65.63.192",
        Replace("0.0.0.63", "0.0.0.31"),
    ),
    (
        "wildcard a bit shorter",
        " 10 permit udp 54.65.63.192 0.0.0.3",
        Replace("0.0.0.3 ", "0.0.0.7 "),
    ),
    (
        "rtp starts early",
        " 40 permit udp 54.65.63.192",
        Replace("10000", "9999"),
    ),
    (
        "udp is tcp",
        " 10 permit udp 54.65.63.192",
        Replace("udp", "tcp"),
    ),
    (
        "source is destination",
        " 10 permit udp 54.65.63.192",
        Replace("54.65.63.192 0.0.0.3 any", "any 54.65.63.192 0.0.0.3"),
    ),
    (
        "a deny in front",
        " 10 permit udp 54.65.63.192",
        InsertBefore(" 5 deny udp host 54.65.63.193 any eq 5060"),
    ),
    (
        "anybody",
        " 10 permit udp 54.65.63.192",
        InsertBefore(" 5 permit udp any any eq 5060"),
    ),
    (
        "free ports from 1024",
        " 10 permit udp 54.65.63.192",
        Replace("0.0.0.3 any", "0.0.0.3 range 1024 65535 any"),
    ),
    (
        "the way back to one host",
        "eq 5060 any established",
        Replace(" any ", " host 192.0.2.10 "),
    ),
    (
        "tcp for one host",
        " 20 permit tcp 54.65.63.192",
        Replace(" any ", " host 192.0.2.10 "),
    ),
    (
        "a hole in the network",
        " 40 permit udp 54.65.63.192",
        InsertBefore(" 35 deny udp 54.65.63.200 0.0.0.7 any range 10000 20000"),
    ),
];

const AWS: &[Damage] = &[
    ("a bit longer", "54.65.63.192/26", Replace("/26", "/27")),
    ("a bit shorter", "54.65.63.192/30", Replace("/30", "/29")),
    (
        "another region",
        "54.65.63.192/30",
        Replace("54.65.63.192", "54.252.254.64"),
    ),
    (
        "rtp ends late",
        "\"ToPort\": 20000",
        Replace("20000", "20001"),
    ),
    (
        "rtp starts late",
        "\"FromPort\": 10000",
        Replace("10000", "10001"),
    ),
    ("tls missing", "\"ToPort\": 5061", Replace("5061", "5060")),
    ("one port more", "\"ToPort\": 5061", Replace("5061", "5062")),
    (
        "udp is tcp",
        "\"IpProtocol\": \"udp\"",
        Replace("udp", "tcp"),
    ),
];

fn reader_test(format: &str, tcp: Tcp, damages: &[Damage]) {
    let site = Site {
        hosts: ["192.0.2.10", "192.0.2.11"].map(facts::address),
    };
    let text = render(&format!("{} --format {format}", selected().options(site)));
    let oracle = Oracle::new(&selected(), site, tcp);
    let differences = |text: &str| -> usize {
        let clauses = readers::clauses(format, text);
        let mut random = Random::new(1);
        let probes =
            ["in", "out"].map(|direction| probes(&selected(), site, direction, &mut random));
        let packets = probes.iter().flatten();
        packets
            .filter(|(packet, _)| {
                oracle.allows(packet).is_some() != readers::passes(&clauses, packet).0
            })
            .count()
    };
    assert_eq!(differences(&text), 0);
    let unseen = |damage: &&Damage| differences(&damaged(&text, **damage)) == 0;
    let missed: Vec<_> = damages.iter().filter(unseen).map(|d| d.0).collect();
    assert!(missed.is_empty(), "{format}: undetected damage: {missed:?}");
}

#[test]
fn packets_reveal_damage_to_the_other_formats() {
    reader_test("pf", Tcp::Opening, PF);
    reader_test("cisco", Tcp::WayBack, CISCO);
    reader_test("aws-sg", Tcp::Any, AWS);
}
