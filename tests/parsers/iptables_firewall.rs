//! Whole firewalls in the output of iptables-save and ipset save: tables, hooks, and the branches of rules.
//!
//! The expected effects are those of iptables(8), iptables-extensions(8), ipset(8) and the Linux kernel.

use std::net::Ipv4Addr;

use twilio_sip_allow::firewall::{
    ChainKind, Change, Criteria, Firewall, Interfaces, MarkMatch, Names, RuleAction, RuleBranch,
    Table, Translation,
};
use twilio_sip_allow::format::iptables_firewall;
use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::packets::{Dimension, Direction, Flags, Interval, Protocols, States};

/// Describes an interval of addresses, such as `192.0.2.0-192.0.2.255`.
fn addresses(interval: Interval) -> String {
    let [first, last] = [interval.first, interval.last].map(Ipv4Addr::from_bits);
    if first == last {
        first.to_string()
    } else {
        format!("{first}-{last}")
    }
}

fn ports(interval: Interval) -> String {
    if interval.first == interval.last {
        interval.first.to_string()
    } else {
        format!("{}:{}", interval.first, interval.last)
    }
}

fn interfaces(name: &str, wanted: Option<&Interfaces>) -> Option<String> {
    let wanted = wanted?;
    let Names::One(pattern) = &wanted.names else {
        panic!("a rule of iptables has one interface: {wanted:?}");
    };
    let negation = if wanted.is_negated { "!" } else { "" };
    let any = if pattern.is_prefix { "+" } else { "" };
    Some(format!("{name} {negation}{}{any}", pattern.name))
}

fn mark(name: &str, wanted: Option<MarkMatch>) -> Option<String> {
    let MarkMatch {
        value,
        mask,
        is_negated,
    } = wanted?;
    let negation = if is_negated { "!" } else { "" };
    Some(format!("{name} {negation}{value:#x}/{mask:#x}"))
}

fn criteria(criteria: &Criteria) -> Vec<String> {
    let local = criteria
        .destination_is_local
        .map(|is_local| if is_local { "local" } else { "not local" }.to_owned());
    [
        interfaces("in", criteria.input.as_ref()),
        interfaces("out", criteria.output.as_ref()),
        mark("mark", criteria.mark),
        mark("connmark", criteria.connection_mark),
        local,
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn action(action: RuleAction) -> String {
    let of = |name: &str, interval: Option<String>| {
        interval.map_or(String::new(), |interval| format!(" {name} {interval}"))
    };
    match action {
        RuleAction::Accept => "accept".to_owned(),
        RuleAction::Deny => "deny".to_owned(),
        RuleAction::Return => "return".to_owned(),
        RuleAction::Jump(chain) => format!("jump {chain}"),
        RuleAction::Goto(chain) => format!("goto {chain}"),
        RuleAction::Undecided => "undecided".to_owned(),
        RuleAction::Change(Change::Mark(change)) => {
            format!("mark & ~{:#x} ^ {:#x}", change.cleared, change.flipped)
        }
        RuleAction::Change(Change::ConnectionMark(change)) => {
            format!("connmark & ~{:#x} ^ {:#x}", change.cleared, change.flipped)
        }
        RuleAction::Change(Change::SaveMark { cleared, taken }) => {
            format!("connmark & ~{cleared:#x} ^ mark & {taken:#x}")
        }
        RuleAction::Change(Change::RestoreMark { cleared, taken }) => {
            format!("mark & ~{cleared:#x} ^ connmark & {taken:#x}")
        }
        RuleAction::Change(Change::UnknownMark) => "mark = ?".to_owned(),
        RuleAction::Change(Change::UnknownConnectionMark) => "connmark = ?".to_owned(),
        RuleAction::Change(Change::Untrack) => "untrack".to_owned(),
        RuleAction::Translate(Translation::Source) => "new source".to_owned(),
        RuleAction::Translate(Translation::Redirect { ports: to }) => {
            format!("redirect{}", of("port", to.map(ports)))
        }
        RuleAction::Translate(Translation::Destination {
            addresses: to,
            ports: to_ports,
        }) => {
            let address = of("address", to.map(addresses));
            format!("destination{address}{}", of("port", to_ports.map(ports)))
        }
    }
}

/// Describes a branch, such as `udp dport 5060, in eth0: accept`. `maybe` means an unknown condition.
fn description(branch: &RuleBranch) -> String {
    let packets = branch.packets.to_remote_local(Direction::In);
    let header = packets.header;
    let mut parts = Vec::new();
    if header.protocols != Protocols::ALL {
        let numbers: Vec<u8> = header.protocols.numbers().collect();
        parts.push(match numbers[..] {
            [6] => "tcp".to_owned(),
            [17] => "udp".to_owned(),
            [6, 17] => "tcp+udp".to_owned(),
            _ if numbers.len() > 250 => format!("{} protocols", numbers.len()),
            _ => format!("protocol {numbers:?}"),
        });
    }
    if header.flags != Flags::ALL {
        parts.push("flags".to_owned());
    }
    if header.states != States::ALL {
        let names: Vec<&str> = header.states.names().collect();
        parts.push(names.join("+"));
    }
    for (name, dimension) in [
        ("src", Dimension::Remote),
        ("dst", Dimension::Local),
        ("sport", Dimension::RemotePort),
        ("dport", Dimension::LocalPort),
    ] {
        let interval = packets.interval(dimension);
        if interval != dimension.whole() {
            let shown = match dimension {
                Dimension::Remote | Dimension::Local => addresses(interval),
                _ => ports(interval),
            };
            parts.push(format!("{name} {shown}"));
        }
    }
    let mut parts = vec![parts.join(" ")];
    parts.extend(criteria(&branch.criteria));
    if !branch.condition.is_true() {
        parts.push("maybe".to_owned());
    }
    parts.retain(|part| !part.is_empty());
    format!("{}: {}", parts.join(", "), action(branch.action))
}

fn branches(table: &Table, chain: &str) -> Vec<String> {
    let mut described = Vec::new();
    for rule in table.chains.rules(chain).unwrap() {
        let mut branches = Vec::new();
        let _ = table.chains.read(*rule, Limits::default(), &mut branches);
        described.extend(branches.iter().map(description));
    }
    described
}

fn firewall<'a>(rules: &'a str, sets: &'a str) -> Firewall<'a> {
    iptables_firewall(rules, Some(sets), Limits::default()).unwrap()
}

/// Returns the branches of one rule in the filter table.
fn effect(rule: &str, sets: &str) -> Vec<String> {
    let text = format!("*filter\n:INPUT DROP [0:0]\n:OTHER - [0:0]\n-A INPUT {rule}\nCOMMIT\n");
    let firewall = firewall(&text, sets);
    branches(&firewall.tables[0], "INPUT")
}

fn assert_effects(rows: &[(&str, &[&str])], sets: &str) {
    for (rule, expected) in rows {
        assert_eq!(effect(rule, sets), *expected, "{rule}");
    }
}

#[test]
fn each_table_has_its_hooks_and_priorities() {
    let text = "\
# Generated by iptables-save v1.8.9 on Mon Jan  1 00:00:00 2024
*raw
:PREROUTING ACCEPT [1:2]
:OUTPUT ACCEPT [0:0]
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
*security
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
# Completed on Mon Jan  1 00:00:00 2024
";
    let firewall = firewall(text, "");
    let mut found = Vec::new();
    for table in &firewall.tables {
        for base in table.chains.base_chains() {
            let kind = match base.kind {
                ChainKind::Filter => "",
                ChainKind::Nat => " first packets",
            };
            let (accepts, _) = table.chains.policy(base.name).unwrap().unwrap();
            let policy = if accepts { "" } else { " drops" };
            found.push(format!(
                "{} {}: {} {}{kind}{policy}",
                table.chains.place(),
                base.name,
                base.hook,
                base.priority
            ));
        }
    }
    // `enum nf_ip_hook_priorities` in include/uapi/linux/netfilter_ipv4.h
    let expected = [
        "table raw PREROUTING: prerouting -300",
        "table raw OUTPUT: output -300",
        "table mangle PREROUTING: prerouting -150",
        "table mangle INPUT: input -150",
        "table mangle FORWARD: forward -150",
        "table mangle OUTPUT: output -150",
        "table mangle POSTROUTING: postrouting -150",
        "table nat PREROUTING: prerouting -100 first packets",
        "table nat INPUT: input 100 first packets",
        "table nat OUTPUT: output -100 first packets",
        "table nat POSTROUTING: postrouting 100 first packets",
        "table filter INPUT: input 0 drops",
        "table filter FORWARD: forward 0",
        "table filter OUTPUT: output 0",
        "table security INPUT: input 50",
        "table security FORWARD: forward 50",
        "table security OUTPUT: output 50",
    ];
    assert_eq!(found, expected);
}

#[test]
fn reads_interfaces_marks_and_local_destinations_as_criteria() {
    assert_effects(
        &[
            ("-i eth0 -j ACCEPT", &["in eth0: accept"]),
            ("! -i eth0 -j ACCEPT", &["in !eth0: accept"]),
            ("-i ! eth0 -j ACCEPT", &["in !eth0: accept"]),
            ("-i eth+ -o lo -j DROP", &["in eth+, out lo: deny"]),
            ("! -o docker0 -j RETURN", &["out !docker0: return"]),
            ("-i + -j ACCEPT", &[": accept"]),
            ("! -i + -j ACCEPT", &[]),
            ("-i a -i b -j ACCEPT", &["in a, maybe: accept"]),
            (
                "-i lo -s 10.0.0.1 -j ACCEPT",
                &["src 10.0.0.1, in lo: accept"],
            ),
            (
                "-m mark --mark 0x1 -j ACCEPT",
                &["mark 0x1/0xffffffff: accept"],
            ),
            (
                "-m mark --mark 16/0xff -j ACCEPT",
                &["mark 0x10/0xff: accept"],
            ),
            (
                "-m mark --mark 010/017 -j ACCEPT",
                &["mark 0x8/0xf: accept"],
            ),
            ("-m mark --mark 0x0/0XF -j DROP", &["mark 0x0/0xf: deny"]),
            ("-m mark ! --mark 0x1/0x3 -j DROP", &["mark !0x1/0x3: deny"]),
            (
                "-m connmark --mark 0x80/0x80 -j DROP",
                &["connmark 0x80/0x80: deny"],
            ),
            (
                "-m mark --mark 0x1 -m connmark ! --mark 0x2 -j DROP",
                &["mark 0x1/0xffffffff, connmark !0x2/0xffffffff: deny"],
            ),
            (
                "-m mark --mark 0x1/0x1 -m mark --mark 0x2/0x2 -j DROP",
                &["mark 0x1/0x1, maybe: deny"],
            ),
            ("-m mark --mark 0x100000000 -j DROP", &["maybe: deny"]),
            ("-m mark --mark +1 -j DROP", &["maybe: deny"]),
            ("-m mark --mark 0x -j DROP", &["maybe: deny"]),
            ("-m mark -j DROP", &["maybe: deny"]),
            ("-m addrtype --dst-type LOCAL -j ACCEPT", &["local: accept"]),
            (
                "-m addrtype ! --dst-type LOCAL -j ACCEPT",
                &["not local: accept"],
            ),
            (
                "-m addrtype --dst-type LOCAL,BROADCAST -j ACCEPT",
                &["maybe: accept"],
            ),
            (
                "-m addrtype --dst-type BROADCAST -j ACCEPT",
                &["maybe: accept"],
            ),
            (
                "-m addrtype ! --dst-type LOCAL --limit-iface-in -j DROP",
                &["maybe: deny"],
            ),
            (
                "-m addrtype --limit-iface-out --dst-type LOCAL -j DROP",
                &["maybe: deny"],
            ),
            (
                "-m addrtype --src-type LOCAL --dst-type LOCAL -j DROP",
                &["local, maybe: deny"],
            ),
        ],
        "",
    );
}

#[test]
fn reads_changes_of_marks_as_iptables_computes_them() {
    assert_effects(
        &[
            ("-j MARK --set-xmark 0x5/0x7", &[": mark & ~0x7 ^ 0x5"]),
            ("-j MARK --set-xmark 0x5", &[": mark & ~0xffffffff ^ 0x5"]),
            ("-j MARK --set-mark 0x5/0x3", &[": mark & ~0x7 ^ 0x5"]),
            ("-j MARK --set-mark 12", &[": mark & ~0xffffffff ^ 0xc"]),
            ("-j MARK --and-mark 0xff", &[": mark & ~0xffffff00 ^ 0x0"]),
            ("-j MARK --or-mark 0x10", &[": mark & ~0x10 ^ 0x10"]),
            ("-j MARK --xor-mark 0x10", &[": mark & ~0x0 ^ 0x10"]),
            ("-j MARK --set-xmark five", &[": mark = ?"]),
            ("-j MARK --or-mark 1 --or-mark 2", &[": mark = ?"]),
            ("-j MARK", &[": mark = ?"]),
            (
                "-p udp -m limit --limit 3/sec -j MARK --or-mark 1",
                &["udp, maybe: mark & ~0x1 ^ 0x1"],
            ),
            (
                "-j CONNMARK --set-xmark 0x3/0xf",
                &[": connmark & ~0xf ^ 0x3"],
            ),
            (
                "-j CONNMARK --set-mark 0x3/0x5",
                &[": connmark & ~0x7 ^ 0x3"],
            ),
            (
                "-j CONNMARK --and-mark 0xf",
                &[": connmark & ~0xfffffff0 ^ 0x0"],
            ),
            ("-j CONNMARK --or-mark 0x4", &[": connmark & ~0x4 ^ 0x4"]),
            ("-j CONNMARK --xor-mark 0x4", &[": connmark & ~0x0 ^ 0x4"]),
            (
                "-j CONNMARK --save-mark",
                &[": connmark & ~0xffffffff ^ mark & 0xffffffff"],
            ),
            (
                "-j CONNMARK --save-mark --nfmask 0xf --ctmask 0xff",
                &[": connmark & ~0xff ^ mark & 0xf"],
            ),
            (
                "-j CONNMARK --restore-mark --nfmask 0xf --ctmask 0xff",
                &[": mark & ~0xf ^ connmark & 0xff"],
            ),
            (
                "-j CONNMARK --restore-mark --mask 0x3",
                &[": mark & ~0x3 ^ connmark & 0x3"],
            ),
            ("-j CONNMARK --restore-mark --mask three", &[": mark = ?"]),
            (
                "-j CONNMARK --save-mark --nfmask 0xf --ctmask 0xff --left-shift-mark 4",
                &[": connmark = ?"],
            ),
            (
                "-j CONNMARK --restore-mark --right-shift-mark 4",
                &[": mark = ?"],
            ),
            (
                "-j CONNMARK --set-xmark 1 --left-shift-mark 4",
                &[": connmark = ?"],
            ),
            (
                "-j HMARK --hmark-tuple src --hmark-mod 4 --hmark-rnd 1",
                &[": mark = ?"],
            ),
            ("-j SET --map-set a src --map-mark", &[": mark = ?"]),
            (
                "-p tcp -m socket --transparent --restore-skmark -j ACCEPT",
                &["maybe: mark = ?", "tcp, maybe: accept"],
            ),
        ],
        "",
    );
}

#[test]
fn reads_translations_and_exemptions_from_tracking() {
    assert_effects(
        &[
            (
                "-p udp -m udp --dport 5060 -j DNAT --to-destination 172.17.0.2:5060",
                &["udp dport 5060: destination address 172.17.0.2 port 5060"],
            ),
            (
                "! -i docker0 -p udp -m udp --dport 5060 -j DNAT --to-destination 172.17.0.2",
                &["udp dport 5060, in !docker0: destination address 172.17.0.2"],
            ),
            (
                "-p udp -j DNAT --to-destination 10.0.0.1-10.0.0.3:5060-5070 --random --persistent",
                &["udp: destination address 10.0.0.1-10.0.0.3 port 5060:5070"],
            ),
            (
                "-p udp -j DNAT --to-destination 10.0.0.1:5060-5070/5000",
                &["udp: destination address 10.0.0.1 port 5060:5070"],
            ),
            (
                "-p udp -j DNAT --to-destination :7",
                &["udp: destination port 7"],
            ),
            ("-j DNAT --to-destination 10.0.0.256", &[": undecided"]),
            (
                "-j DNAT --to-destination 10.0.0.3-10.0.0.1",
                &[": undecided"],
            ),
            (
                "-j DNAT --to-destination 10.0.0.1 --to-destination 10.0.0.3",
                &[": undecided"],
            ),
            ("-j DNAT", &[": undecided"]),
            (
                "-p tcp -j REDIRECT --to-ports 5-7",
                &["tcp: redirect port 5:7"],
            ),
            (
                "-p tcp -j REDIRECT --to-ports 5061 --random",
                &["tcp: redirect port 5061"],
            ),
            ("-p tcp -j REDIRECT", &["tcp: redirect"]),
            ("-p tcp -j REDIRECT --to-ports 70000", &["tcp: undecided"]),
            (
                "-d 10.0.0.0/24 -j NETMAP --to 10.0.1.0/24",
                &["dst 10.0.0.0-10.0.0.255: destination address 10.0.1.0-10.0.1.255"],
            ),
            (
                "-j NETMAP --to 10.0.1.0/255.255.255.0",
                &[": destination address 10.0.1.0-10.0.1.255"],
            ),
            (
                "-o eth0 -j MASQUERADE --random-fully",
                &["out eth0: new source"],
            ),
            (
                "-s 172.17.0.0/16 ! -o docker0 -j MASQUERADE",
                &["src 172.17.0.0-172.17.255.255, out !docker0: new source"],
            ),
            (
                "-j SNAT --to-source 192.0.2.1:1024-2048 --persistent",
                &[": new source"],
            ),
            ("-p udp -j CT --notrack", &["udp: untrack"]),
            ("-p udp -j NOTRACK", &["udp: untrack"]),
            ("-j CT --zone 4", &[]),
            ("-p udp -m udp --dport 5060 -j CT --helper sip", &[]),
        ],
        "",
    );
}

#[test]
fn an_unknown_part_of_a_rule_never_makes_it_more_certain() {
    assert_effects(
        &[
            (
                "-p udp --nonesuch 5 -s 10.0.0.1 -j DROP",
                &["udp src 10.0.0.1, maybe: deny"],
            ),
            ("-p udp ! --nonesuch 5 x -j ACCEPT", &["udp, maybe: accept"]),
            ("-m geoip --src-cc JP -j ACCEPT", &["maybe: accept"]),
            (
                "-m bpf --bytecode \"4,48 0 0 9\" -j ACCEPT",
                &["maybe: accept"],
            ),
            (
                "-s sip.example.com -p tcp -j ACCEPT",
                &["tcp, maybe: accept"],
            ),
            ("-s 10.0.0.0/255.0.255.0 -j DROP", &["maybe: deny"]),
            (
                "-p udp -m conntrack --ctstate DNAT -j ACCEPT",
                &["udp, maybe: accept"],
            ),
            (
                "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
                &["established+related: accept"],
            ),
            ("-m conntrack --ctstatus DNAT -j ACCEPT", &["maybe: accept"]),
            (
                "-p udp -m recent --update --seconds 60 --name SIP --rsource -j DROP",
                &["udp, maybe: deny"],
            ),
            ("-m owner --uid-owner 0 -j ACCEPT", &["maybe: accept"]),
            ("-p udp ! --dport 0:65535 -j DROP", &["udp, maybe: deny"]),
            // iptables-nft also matches packets from port 1 to another port than 5060.
            (
                "-p udp -m udp ! --sport 1 ! --dport 5060 -j DROP",
                &["maybe: deny"],
            ),
            (
                "-p udp -j NFQUEUE --queue-num 1 --queue-bypass",
                &["udp: undecided"],
            ),
            (
                "-p udp -j TPROXY --on-port 5060 --on-ip 0.0.0.0 --tproxy-mark 0x1/0x1",
                &["udp: undecided"],
            ),
            (
                "-p tcp -j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1460",
                &["tcp: undecided"],
            ),
            ("-p udp -j NONESUCH --with 5", &["udp, maybe: undecided"]),
            ("-p udp -j NONESUCH", &["udp: undecided"]),
            ("-g NONESUCH", &[": undecided"]),
            ("-p udp -j OTHER", &["udp: jump OTHER"]),
            ("-p udp -g OTHER", &["udp: goto OTHER"]),
            ("-j INPUT", &["maybe: undecided"]),
            ("-j ACCEPT -j DROP", &["maybe: undecided"]),
            ("-p udp --nonesuch 5", &["udp, maybe: undecided"]),
            ("-p udp -s -j ACCEPT", &["udp, maybe: undecided"]),
            ("-p udp !", &["udp, maybe: undecided"]),
            ("-p tcp -j REJECT --reject-with tcp-reset", &["tcp: deny"]),
            ("-j ACCEPT --nonesuch 5", &["maybe: accept"]),
            ("-j LOG --log-prefix \"a b \" --log-level 4", &[]),
            ("-p udp -m udp --dport 5060", &[]),
            ("-j TEE --gateway 10.0.0.1", &[]),
        ],
        "",
    );
    let ambiguous = "*filter\n:INPUT ACCEPT [0:0]\n:DROP - [0:0]\n-A INPUT -j DROP\nCOMMIT\n";
    assert_eq!(
        branches(&firewall(ambiguous, "").tables[0], "INPUT"),
        [": undecided"]
    );
}

/// As `ipset save` prints it, except for the host bits and the spelling of `icmp`.
const SETS: &str = "\
create addresses hash:ip family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0xbf9aabcc
add addresses 192.0.2.1
add addresses 192.0.2.7
add addresses 192.0.2.2
create masked hash:ip family inet hashsize 1024 maxelem 65536 netmask 24
add masked 10.1.2.0
create networks hash:net family inet hashsize 1024 maxelem 65536 comment
add networks 10.0.0.0/8 comment \"the inside\"
add networks 10.1.0.0/16 nomatch
add networks 10.1.2.0/24
create expiring hash:net family inet hashsize 1024 maxelem 65536 timeout 600
add expiring 10.0.0.0/8 timeout 0
add expiring 10.1.0.0/16 timeout 500 nomatch
add expiring 192.0.2.0/24 timeout 500
create permanent hash:ip family inet hashsize 1024 maxelem 65536 timeout 0
add permanent 192.0.2.1 timeout 0
create services hash:ip,port family inet hashsize 1024 maxelem 65536
add services 192.0.2.1,udp:5060
add services 192.0.2.2,udp:5060
add services 192.0.2.1,tcp:5061
add services 192.0.2.9,gre:0
create pings hash:ip,port family inet hashsize 1024 maxelem 65536
add pings 192.0.2.1,icmp:echo-request
create areas hash:net,port family inet hashsize 1024 maxelem 65536
add areas 10.0.0.0/8,udp:53
add areas 10.128.0.0/9,udp:53 nomatch
create pairs hash:net,net family inet hashsize 1024 maxelem 65536
add pairs 10.0.0.0/8,192.0.2.1
add pairs 10.0.0.0/8,192.0.2.0
add pairs 11.0.0.0/8,192.0.2.4/30
create nested hash:net,net family inet hashsize 1024 maxelem 65536
add nested 10.0.0.0/8,192.0.2.1
add nested 10.1.0.0/16,192.0.2.1 nomatch
create flows hash:ip,port,ip family inet hashsize 1024 maxelem 65536
add flows 1.2.3.4,tcp:53,5.6.7.8
create routes hash:ip,port,net family inet hashsize 1024 maxelem 65536
add routes 1.2.3.4,udp:53,5.6.0.0/16
create bits bitmap:ip range 192.0.2.0-192.0.2.255
add bits 192.0.2.9
create ports bitmap:port range 0-6000
add ports 5060
add ports 5061
create six hash:net family inet6 hashsize 1024 maxelem 65536
add six 2001:db8::/32
create nothing hash:net family inet hashsize 1024 maxelem 65536
create cards hash:mac hashsize 1024 maxelem 65536
create links hash:net,iface family inet hashsize 1024 maxelem 65536
add links 10.0.0.0/8,eth0
create gaps hash:ip family inet hashsize 1024 maxelem 65536 bitmask 255.0.255.0
create filled hash:ip family inet hashsize 1024 maxelem 65536 timeout 60
create list list:set size 8
add list addresses
add list bits
add list six
create mixed list:set size 8
add mixed addresses
add mixed services
create indirect list:set size 8
add indirect filled
";

#[test]
fn a_match_on_a_set_has_the_contents_of_the_set() {
    let in_addresses: &[&str] = &["src 192.0.2.1-192.0.2.2: deny", "src 192.0.2.7: deny"];
    assert_effects(
        &[
            ("-m set --match-set addresses src -j DROP", in_addresses),
            (
                "-p udp -m udp --dport 5060 -m set --match-set bits dst -j ACCEPT",
                &["udp dst 192.0.2.9 dport 5060: accept"],
            ),
            (
                "-m set ! --match-set bits dst -j DROP",
                &[
                    "dst 0.0.0.0-192.0.2.8: deny",
                    "dst 192.0.2.10-255.255.255.255: deny",
                ],
            ),
            (
                "-m set --match-set masked src -j DROP",
                &["src 10.1.2.0-10.1.2.255: deny"],
            ),
            (
                "-m set --match-set networks src -j DROP",
                &[
                    "src 10.0.0.0-10.0.255.255: deny",
                    "src 10.1.2.0-10.1.2.255: deny",
                    "src 10.2.0.0-10.255.255.255: deny",
                ],
            ),
            (
                "-m set --match-set expiring src -j DROP",
                &[
                    "src 10.0.0.0-10.255.255.255, maybe: deny",
                    "src 192.0.2.0-192.0.2.255, maybe: deny",
                ],
            ),
            (
                "-m set ! --match-set expiring src -j DROP",
                &[
                    "src 0.0.0.0-9.255.255.255, maybe: deny",
                    "src 10.1.0.0-10.1.255.255, maybe: deny",
                    "src 11.0.0.0-255.255.255.255, maybe: deny",
                ],
            ),
            (
                "-m set --match-set permanent src -j DROP",
                &["src 192.0.2.1: deny"],
            ),
            (
                "-m set --match-set services src,dst -j ACCEPT",
                &[
                    "tcp src 192.0.2.1 dport 5061: accept",
                    "udp src 192.0.2.1-192.0.2.2 dport 5060: accept",
                    "protocol [47] src 192.0.2.9: accept",
                ],
            ),
            (
                "-p tcp -m set --match-set services dst,dst -j ACCEPT",
                &["tcp dst 192.0.2.1 dport 5061: accept"],
            ),
            // The kernel compares no set with more elements than sides.
            ("-m set --match-set services src -j ACCEPT", &[]),
            ("-m set ! --match-set services src -j ACCEPT", &[": accept"]),
            (
                "-m set ! --match-set services src,dst -j ACCEPT",
                &["maybe: accept"],
            ),
            (
                "-m set --match-set pings src,dst -j ACCEPT",
                &["protocol [1] src 192.0.2.1, maybe: accept"],
            ),
            (
                "-m set --match-set areas src,dst -j ACCEPT",
                &["udp src 10.0.0.0-10.127.255.255 dport 53: accept"],
            ),
            (
                "-m set --match-set pairs src,dst -j ACCEPT",
                &[
                    "src 10.0.0.0-10.255.255.255 dst 192.0.2.0-192.0.2.1: accept",
                    "src 11.0.0.0-11.255.255.255 dst 192.0.2.4-192.0.2.7: accept",
                ],
            ),
            (
                "-m set --match-set nested src,dst -j ACCEPT",
                &["src 10.0.0.0-10.255.255.255 dst 192.0.2.1, maybe: accept"],
            ),
            (
                "-m set --match-set flows src,dst,dst -j ACCEPT",
                &["tcp src 1.2.3.4 dst 5.6.7.8 dport 53: accept"],
            ),
            (
                "-m set --match-set routes dst,src,src -j ACCEPT",
                &["udp src 5.6.0.0-5.6.255.255 dst 1.2.3.4 sport 53: accept"],
            ),
            (
                "-m set --match-set ports dst -j ACCEPT",
                &["tcp+udp dport 5060:5061: accept"],
            ),
            (
                "-m set ! --match-set ports dst -j ACCEPT",
                &[
                    "tcp+udp dport 0:5059: accept",
                    "tcp+udp dport 5062:65535: accept",
                    "254 protocols: accept",
                ],
            ),
            ("-m set --match-set six src -j ACCEPT", &[]),
            ("-m set ! --match-set six src -j ACCEPT", &[": accept"]),
            ("-m set --match-set nothing src -j ACCEPT", &[]),
            (
                "-m set --match-set list src -j DROP",
                &[
                    "src 192.0.2.1-192.0.2.2: deny",
                    "src 192.0.2.7: deny",
                    "src 192.0.2.9: deny",
                ],
            ),
            ("-m set --match-set mixed src -j DROP", &["maybe: deny"]),
            ("-m set --match-set cards src -j DROP", &["maybe: deny"]),
            ("-m set --match-set links src,src -j DROP", &["maybe: deny"]),
            ("-m set --match-set gaps src -j DROP", &["maybe: deny"]),
            ("-m set --match-set missing src -j DROP", &["maybe: deny"]),
            (
                "-m set --match-set addresses nowhere -j DROP",
                &["maybe: deny"],
            ),
            (
                "-m set --match-set networks src --return-nomatch -j DROP",
                &["maybe: deny"],
            ),
            (
                "-m set --match-set bits src ! --update-counters -j DROP",
                &["src 192.0.2.9: deny"],
            ),
            (
                "-m set --match-set bits src --packets-gt 5 -j DROP",
                &["src 192.0.2.9, maybe: deny"],
            ),
            ("-m set -j DROP", &["maybe: deny"]),
            (
                "-m set --match-set bits src -m set --match-set services dst,dst -p tcp -j DROP",
                &["tcp src 192.0.2.9 dst 192.0.2.1 dport 5061: deny"],
            ),
        ],
        SETS,
    );
}

#[test]
fn the_contents_of_a_set_that_rules_change_are_unknown() {
    let text = "\
*raw
:PREROUTING ACCEPT [0:0]
-A PREROUTING -p tcp --dport 23 -j SET --add-set filled src --exist
-A PREROUTING -p tcp --dport 24 -j SET --del-set list src
COMMIT
*filter
:INPUT ACCEPT [0:0]
-A INPUT -m set --match-set filled src -j DROP
-A INPUT -m set --match-set indirect src -j DROP
-A INPUT -m set --match-set bits src -j DROP
-A INPUT -m set --match-set masked src -j DROP
COMMIT
";
    let firewall = firewall(text, SETS);
    assert_eq!(branches(&firewall.tables[0], "PREROUTING"), [""; 0]);
    assert_eq!(
        branches(&firewall.tables[1], "INPUT"),
        [
            "maybe: deny",
            "maybe: deny",
            "maybe: deny",
            "src 10.1.2.0-10.1.2.255: deny"
        ]
    );
}

#[test]
fn without_the_sets_their_contents_are_unknown() {
    let text =
        "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m set --match-set bits src -j DROP\nCOMMIT\n";
    let firewall = iptables_firewall(text, None, Limits::default()).unwrap();
    assert_eq!(branches(&firewall.tables[0], "INPUT"), ["maybe: deny"]);
}

#[test]
fn reads_the_output_of_both_back_ends_and_of_listings_without_tables() {
    let places = |text| {
        let firewall = firewall(text, "");
        let place = |table: &Table| table.chains.place();
        firewall.tables.iter().map(place).collect::<Vec<_>>()
    };
    assert_eq!(places(""), [""; 0]);
    assert_eq!(
        places("# Warning: iptables-legacy tables present, use iptables-legacy-save to see them\n"),
        [""; 0]
    );
    assert_eq!(
        places(
            "# Generated by iptables-nft-save v1.8.9 (nf_tables)\n\
             # Table `filter' is incompatible, use 'nft' tool.\n\
             *nat\n:PREROUTING ACCEPT [0:0]\n[3:180] -A PREROUTING -j ACCEPT\nCOMMIT\n\
             # Completed\n"
        ),
        ["table nat"]
    );
    let listed = "-P INPUT DROP\n-P FORWARD ACCEPT\n-N OWN\n-A INPUT -i lo -j OWN\n";
    assert_eq!(places(listed), ["table filter"]);
    assert_eq!(
        branches(&firewall(listed, "").tables[0], "INPUT"),
        ["in lo: jump OWN"]
    );
}

#[test]
fn rejects_a_text_whose_structure_cannot_be_read() {
    for (text, at, problem) in [
        (
            "*filter\n:INPUT ACCEPT [0:0]\n",
            0,
            "table 'filter' has no COMMIT at its end, so the input may have been cut off; provide the complete input",
        ),
        (
            "*nat\n:INPUT ACCEPT [0:0]\nCOMMIT",
            25,
            "the last line does not end in a newline, so the input may have been cut off; provide the complete input",
        ),
        (
            "*nat\n:DOCKER ACCEPT [0:0]\nCOMMIT\n",
            5,
            "chain 'DOCKER' is not built in, so it has no policy; expected '-' after its name",
        ),
        (
            "*broute\n:BROUTING - [0:0]\nCOMMIT\n",
            0,
            "table 'broute' is unknown; expected raw, mangle, nat, filter or security",
        ),
        (
            "*nat\nCOMMIT\n*nat\nCOMMIT\n",
            12,
            "table 'nat' appears twice; provide one listing at a time",
        ),
        (
            "Chain INPUT (policy ACCEPT)\n",
            0,
            "the output of 'iptables -L' is incomplete; provide the output of 'iptables-save'",
        ),
        (
            "*mangle\n-A OWN -j ACCEPT\nCOMMIT\n",
            8,
            "chain 'OWN' is not declared before this rule; provide the complete listing",
        ),
    ] {
        let errors = iptables_firewall(text, None, Limits::default())
            .map(|_| ())
            .unwrap_err();
        let found: Vec<_> = errors.iter().map(|e| (e.at(), e.problem())).collect();
        assert_eq!(found, [(at, problem.to_owned())], "{text}");
    }
    let cut_off = "create a hash:ip family inet\nadd a 10.0.0.1";
    let errors = iptables_firewall("", Some(cut_off), Limits::default())
        .map(|_| ())
        .unwrap_err();
    assert_eq!(
        errors[0].problem(),
        "the last line does not end in a newline, so the input may have been cut off; provide the complete input"
    );
}

#[test]
fn a_set_above_a_limit_is_an_unknown_condition() {
    let rules =
        "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m set --match-set addresses src -j DROP\nCOMMIT\n";
    let few = Limits::default().with(&["boxes=1".parse().unwrap()]);
    let firewall = iptables_firewall(rules, Some(SETS), few).unwrap();
    let table = &firewall.tables[0];
    let mut branches = Vec::new();
    let rule = table.chains.rules("INPUT").unwrap()[0];
    let error = table.chains.read(rule, few, &mut branches).unwrap_err();
    assert_eq!(
        error.problem(),
        "'-m set' is not supported: the listing does not show which packets it matches"
    );
    let found: Vec<_> = branches.iter().map(description).collect();
    assert_eq!(found, ["maybe: deny"]);
}
