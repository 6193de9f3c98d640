//! The rules of iptables and the sets of ipset, read from what the kernel's tools print, match the packets that they
//! match in the kernel.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use twilio_sip_allow::firewall::{Change, Facts, Mark, RuleAction, RuleBranch, Table};
use twilio_sip_allow::format::iptables_firewall;
use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::packets::{
    Dimension, Direction, HeaderMatch, Interval, PacketBox, Protocols, States,
};

use crate::common::branches::branches;
use crate::common::lab::iptables_names;
use crate::common::namespace::Namespace;
use crate::common::oracle::Random;
use crate::common::tell;

const TOOLS: [&str; 4] = ["xtables-nft-multi", "xtables-legacy-multi", "ipset", "bash"];

/// A UDP packet to an address of the loopback network.
#[derive(Clone, Copy)]
struct Packet {
    destination: Ipv4Addr,
    port: u32,
}

impl Packet {
    fn matches(self, branch: &RuleBranch) -> bool {
        let header = HeaderMatch {
            states: States::NEW,
            ..HeaderMatch::of(Protocols::UDP)
        };
        let destination = Interval::single(self.destination.to_bits());
        let packet = PacketBox::of(header)
            .with(Dimension::Local, destination)
            .with(Dimension::LocalPort, Interval::single(self.port));
        let packets = branch.packets.to_remote_local(Direction::In);
        packets.and(&packet) == Some(packet)
    }
}

/// Loads sets and rules, sends the packets, and returns the listings of the sets and of the rules with their counters.
fn sent(
    namespace: &Namespace,
    kind: &str,
    sets: &str,
    rules: &str,
    packets: &[Packet],
) -> [String; 2] {
    let folder = tempfile::tempdir().unwrap();
    let names = iptables_names(folder.path(), kind);
    let mut sends = String::new();
    for Packet { destination, port } in packets {
        let _ = writeln!(sends, "echo > /dev/udp/{destination}/{port}");
    }
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (sets, rules, sends) = (
        file("sets", sets),
        file("rules", rules),
        file("sends", &sends),
    );
    namespace.script(&format!(
        "{names}\nip link set lo up\nipset restore -file {sets}\niptables-restore {rules}\nbash {sends}"
    ));
    [
        namespace.script("ipset save"),
        namespace.script(&format!("{names}\niptables-save -c")),
    ]
}

/// Returns the number of packets that a rule counted, as `[12:345]` before it.
fn count(text: &str, at: u32) -> usize {
    let line = text[at as usize..].strip_prefix('[').unwrap();
    line.split(':').next().unwrap().parse().unwrap()
}

fn table<'a, 't>(tables: &'t [Table<'a>], name: &str) -> &'t Table<'a> {
    let place = format!("table {name}");
    tables
        .iter()
        .find(|table| table.chains.place() == place)
        .unwrap()
}

/// Rules that change the marks of packets to a port, and rules that count them by their marks.
fn mark_rules(random: &mut Random, port: u32) -> String {
    let mut rules = String::new();
    for _ in 0..random.between(2, 6) {
        let numbers = [(); 2].map(|()| format!("{:#x}", random.between(0, 31)));
        let [value, mask] = &numbers;
        let change = match random.between(0, 12) {
            0 => format!("MARK --set-mark {value}"),
            1 => format!("MARK --set-mark {value}/{mask}"),
            2 => format!("MARK --set-xmark {value}/{mask}"),
            3 => format!("MARK --and-mark {value}"),
            4 => format!("MARK --or-mark {value}"),
            5 => format!("MARK --xor-mark {value}"),
            6 => format!("CONNMARK --set-mark {value}/{mask}"),
            7 => format!("CONNMARK --set-xmark {value}/{mask}"),
            8 => format!("CONNMARK --or-mark {value}"),
            9 => format!("CONNMARK --save-mark --nfmask {value} --ctmask {mask}"),
            10 => format!("CONNMARK --restore-mark --nfmask {value} --ctmask {mask}"),
            11 => "CONNMARK --save-mark".to_owned(),
            _ => format!("CONNMARK --restore-mark --mask {mask}"),
        };
        let _ = writeln!(rules, "-A OUTPUT -p udp --dport {port} -j {change}");
    }
    for _ in 0..24 {
        let module = ["mark", "connmark"][usize::from(random.between(0, 1) == 1)];
        let negation = ["", "! "][usize::from(random.between(0, 3) == 0)];
        let mask = random.between(0, 31);
        // Rarely, the value has bits outside of the mask.
        let value = random.between(0, 31) & (mask | u64::from(random.between(0, 9) == 0));
        let _ = writeln!(
            rules,
            "-A OUTPUT -p udp --dport {port} -m {module} {negation}--mark {value}/{mask} -j SEEN"
        );
    }
    rules
}

/// Follows a packet through a chain. Returns the number of rules with marks that count it, and of those that do not.
fn follow_marks(table: &Table, text: &str, packet: Packet) -> [usize; 2] {
    let (mut mark, mut connection_mark) = (Mark::UNMARKED, Mark::UNMARKED);
    let mut counted = [0; 2];
    for rule in table.chains.rules("OUTPUT").unwrap() {
        let mut branches = Vec::new();
        table
            .chains
            .read(*rule, Limits::default(), &mut branches)
            .unwrap();
        for branch in branches.iter().filter(|branch| packet.matches(branch)) {
            match branch.action {
                RuleAction::Change(Change::Mark(change)) => mark = mark.changed(change),
                RuleAction::Change(Change::ConnectionMark(change)) => {
                    connection_mark = connection_mark.changed(change);
                }
                RuleAction::Change(Change::SaveMark { cleared, taken }) => {
                    connection_mark = connection_mark.copied(mark, cleared, taken);
                }
                RuleAction::Change(Change::RestoreMark { cleared, taken }) => {
                    mark = mark.copied(connection_mark, cleared, taken);
                }
                _ => {
                    let facts = Facts {
                        mark,
                        connection_mark,
                        is_tracked: Some(true),
                        ..Facts::default()
                    };
                    let condition = branch.condition & branch.criteria.condition(&facts);
                    let is_counted = count(text, rule.at) == 1;
                    assert_ne!(condition.is_true(), condition.is_false(), "{}", rule.text);
                    assert_eq!(condition.is_true(), is_counted, "{}\n{text}", rule.text);
                    counted[usize::from(is_counted)] += 1;
                }
            }
        }
    }
    counted
}

#[test]
fn marks_change_as_in_the_kernel() {
    for kind in ["legacy", "nft"] {
        let test = "marks_change_as_in_the_kernel";
        let Some(namespace) = Namespace::new(test, &TOOLS) else {
            return;
        };
        let mut random = Random::new(41);
        let ports = 1000..1060;
        let rules: String = ports
            .clone()
            .map(|port| mark_rules(&mut random, port))
            .collect();
        let rules = format!("*mangle\n:OUTPUT ACCEPT [0:0]\n:SEEN - [0:0]\n{rules}COMMIT\n");
        let packets: Vec<Packet> = ports
            .map(|port| Packet {
                destination: Ipv4Addr::LOCALHOST,
                port,
            })
            .collect();
        let [_, text] = sent(&namespace, kind, "", &rules, &packets);
        let firewall = iptables_firewall(&text, None, Limits::default()).unwrap();
        let mangle = table(&firewall.tables, "mangle");
        let mut counted = [0; 2];
        for packet in packets {
            let own = follow_marks(mangle, &text, packet);
            counted = [counted[0] + own[0], counted[1] + own[1]];
        }
        tell(&format!(
            "marks: iptables-{kind}: {} matches, {} other rules",
            counted[1], counted[0]
        ));
        assert!(counted[0] > 200 && counted[1] > 200, "{counted:?}");
    }
}

/// An address of 127.0.0.0/28, or one far from it.
fn near_address(random: &mut Random) -> Ipv4Addr {
    let host = match random.between(0, 9) {
        0 => random.between(16, 1 << 20),
        _ => random.between(1, 15),
    };
    Ipv4Addr::from_bits((127 << 24) | u32::try_from(host).unwrap())
}

/// Sets with random entries, of every type that is read, except `hash:net,net`, which some kernels do not have.
fn random_sets(random: &mut Random) -> String {
    let mut sets = String::from(
        "create address hash:ip\ncreate masked hash:ip netmask 30\ncreate network hash:net\n\
         create six hash:net family inet6\nadd six 2001:db8::/32\n\
         create service hash:ip,port\ncreate area hash:net,port\n\
         create flow hash:ip,port,ip\ncreate route hash:ip,port,net\n\
         create bits bitmap:ip range 127.0.0.0/28\ncreate ports bitmap:port range 0-65535\n\
         create list list:set\nadd list network\nadd list bits\nadd list six\n",
    );
    for _ in 0..12 {
        let address = near_address(random);
        let network = format!("{}/{}", near_address(random), random.between(24, 32));
        let nomatch = ["", " nomatch"][usize::from(random.between(0, 2) == 0)];
        let service = format!(
            "{}:{}",
            ["udp", "tcp"][usize::from(random.between(0, 3) == 0)],
            random.between(1000, 1003)
        );
        let bit = Ipv4Addr::from_bits((127 << 24) | u32::try_from(random.between(0, 15)).unwrap());
        for entry in [
            format!("address {address}"),
            format!("masked {address}"),
            format!("network {network}{nomatch}"),
            format!("service {address},{service}"),
            format!("area {network},{service}{nomatch}"),
            format!("flow {address},{service},{address}"),
            format!("route {address},{service},{network}{nomatch}"),
            format!("bits {bit}"),
            format!("ports {}", random.between(1000, 1003)),
        ] {
            let _ = writeln!(sets, "add {entry} -exist");
        }
    }
    sets
}

#[test]
fn sets_match_the_packets_that_they_match_in_the_kernel() {
    let mut rules = String::new();
    for set in [
        "address dst",
        "! address dst",
        "masked dst",
        "network dst",
        "! network dst",
        "service dst,dst",
        "service dst",
        "! service dst",
        "area dst,dst",
        "area dst,dst,src",
        "flow dst,dst,dst",
        "route dst,dst,dst",
        "bits dst",
        "! bits dst",
        "ports dst",
        "! ports dst",
        "list dst",
        "! list dst",
    ] {
        let negation = if set.starts_with('!') { "! " } else { "" };
        let set = set.trim_start_matches("! ");
        let _ = writeln!(
            rules,
            "-A OUTPUT -p udp -m set {negation}--match-set {set} -j SEEN"
        );
    }
    let rules = format!("*mangle\n:OUTPUT ACCEPT [0:0]\n:SEEN - [0:0]\n{rules}COMMIT\n");
    let (mut matched, mut compared) = (0, 0);
    for seed in 0..12 {
        let test = "sets_match_the_packets_that_they_match_in_the_kernel";
        let Some(namespace) = Namespace::new(test, &TOOLS) else {
            return;
        };
        let mut random = Random::new(seed);
        let sets = random_sets(&mut random);
        let packets: Vec<Packet> = (0..60)
            .map(|_| Packet {
                destination: near_address(&mut random),
                port: u32::try_from(random.between(1000, 1003)).unwrap(),
            })
            .collect();
        let kind = ["legacy", "nft"][usize::from(seed % 2 == 0)];
        let [sets, text] = sent(&namespace, kind, &sets, &rules, &packets);
        let firewall = iptables_firewall(&text, Some(&sets), Limits::default()).unwrap();
        let mangle = table(&firewall.tables, "mangle");
        for rule in mangle.chains.rules("OUTPUT").unwrap() {
            let mut branches = Vec::new();
            let _ = mangle.chains.read(*rule, Limits::default(), &mut branches);
            assert!(
                branches.iter().all(|branch| branch.condition.is_true()),
                "{}",
                rule.text
            );
            let hits = |packet: &&Packet| branches.iter().filter(|b| packet.matches(b)).count();
            assert!(
                packets.iter().all(|packet| hits(&packet) <= 1),
                "{}",
                rule.text
            );
            let expected = packets.iter().filter(|packet| hits(packet) == 1).count();
            assert_eq!(
                expected,
                count(&text, rule.at),
                "{}\n{sets}\n{text}",
                rule.text
            );
            compared += 1;
            matched += expected;
        }
    }
    tell(&format!(
        "sets: {compared} rules compared, {matched} packets matched"
    ));
    assert!(matched > 1000, "{matched}");
}

/// Rules as Docker, kube-proxy and fail2ban create them.
const USUAL: &str = "\
*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p udp -m udp --dport 5060 -j CT --notrack
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
-A PREROUTING -i eth0 -p udp -m udp --dport 10000:20000 -j MARK --set-mark 0x10/0xf0
-A PREROUTING -m conntrack --ctstate NEW -j CONNMARK --save-mark
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
:KUBE-MARK-MASQ - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p udp -m udp --dport 5060 -j DNAT --to-destination 172.17.0.2:5060
-A DOCKER -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:f2b-SIP - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p udp -m udp --dport 5060 -j f2b-SIP
-A INPUT -m mark --mark 0x10/0xf0 -j ACCEPT
-A INPUT -p udp -m set --match-set carriers src -m udp --dport 5060 -j ACCEPT
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -d 172.17.0.2/32 ! -i docker0 -o docker0 -p udp -m udp --dport 5060 -j ACCEPT
-A f2b-SIP -m set --match-set banned src -j REJECT --reject-with icmp-port-unreachable
-A f2b-SIP -j RETURN
COMMIT
";

#[test]
fn reads_all_rules_that_the_back_ends_print() {
    for kind in ["legacy", "nft"] {
        let test = "reads_all_rules_that_the_back_ends_print";
        let Some(namespace) = Namespace::new(test, &TOOLS) else {
            return;
        };
        let sets = "create carriers hash:net\nadd carriers 54.172.60.0/30\n\
                    create banned hash:ip timeout 600\nadd banned 192.0.2.1\n";
        let [sets, text] = sent(&namespace, kind, sets, USUAL, &[]);
        let firewall = iptables_firewall(&text, Some(&sets), Limits::default()).unwrap();
        let expected: [(&str, &str, &[&str]); 10] = [
            ("raw", "PREROUTING", &["udp dport 5060: untrack"]),
            (
                "mangle",
                "PREROUTING",
                &[
                    "udp dport 10000:20000, in eth0: mark & ~0xf0 ^ 0x10",
                    "new: connmark & ~0xffffffff ^ mark & 0xffffffff",
                ],
            ),
            ("nat", "PREROUTING", &["local: jump DOCKER"]),
            (
                "nat",
                "OUTPUT",
                &[
                    "dst 0.0.0.0-126.255.255.255, local: jump DOCKER",
                    "dst 128.0.0.0-255.255.255.255, local: jump DOCKER",
                ],
            ),
            (
                "nat",
                "POSTROUTING",
                &[
                    "src 172.17.0.0-172.17.255.255, out !docker0: new source",
                    "mark !0x4000/0x4000: return",
                ],
            ),
            (
                "nat",
                "DOCKER",
                &[
                    "in docker0: return",
                    "udp dport 5060, in !docker0: destination address 172.17.0.2 port 5060",
                    "tcp dport 80: redirect port 8080",
                ],
            ),
            ("nat", "KUBE-MARK-MASQ", &[": mark & ~0x4000 ^ 0x4000"]),
            (
                "filter",
                "INPUT",
                &[
                    "in lo: accept",
                    "established+related: accept",
                    "udp dport 5060: jump f2b-SIP",
                    "mark 0x10/0xf0: accept",
                    "udp src 54.172.60.0-54.172.60.3 dport 5060: accept",
                ],
            ),
            (
                "filter",
                "FORWARD",
                &[
                    "established+related, out docker0: accept",
                    "udp dst 172.17.0.2 dport 5060, in !docker0, out docker0: accept",
                ],
            ),
            (
                "filter",
                "f2b-SIP",
                &["src 192.0.2.1, maybe: deny", ": return"],
            ),
        ];
        for (name, chain, effects) in expected {
            let found = branches(table(&firewall.tables, name), chain);
            assert_eq!(found, effects, "{kind} {name} {chain}\n{text}");
        }
    }
}
