//! Random firewalls of iptables and ipset.

use super::Generated;
use super::pools::{
    BEHIND, DISJOINT, ELSEWHERE, HOSTS, OWN, interface, local, maybe, network, ports, range,
    several_ports, some,
};
use crate::common::judge::{chance, pick};
use crate::common::lab::Place;
use crate::common::oracle::Random;

const TABLES: [(&str, &[&str]); 5] = [
    ("raw", &["PREROUTING", "OUTPUT"]),
    (
        "mangle",
        &["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
    ),
    ("nat", &["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"]),
    ("filter", &["INPUT", "FORWARD", "OUTPUT"]),
    ("security", &["INPUT", "FORWARD", "OUTPUT"]),
];

/// The user-defined chains of a table. Each rule jumps to a later one.
const OWN_CHAINS: [&str; 3] = ["one", "two", "three"];

/// Conditions that are true for the packets of the test, but that `verify` cannot know.
const UNKNOWN: [&str; 5] = [
    "-m length --length 20:65535",
    "-m limit --limit 10000/sec --limit-burst 10000",
    "-m hashlimit --hashlimit-upto 10000/sec --hashlimit-burst 10000 --hashlimit-mode srcip --hashlimit-name lab",
    "-m statistic --mode nth --every 1 --packet 0",
    "-m u32 --u32 0x0>>0x1c=0x4",
];

/// Conditions that `verify` knows. The sign is for a negation.
const KNOWN: [&str; 8] = [
    "-m addrtype ! --dst-type LOCAL",
    "-m addrtype ! --dst-type LOCAL",
    "-m addrtype ! --dst-type UNICAST,MULTICAST",
    "-m addrtype ! --src-type LOCAL",
    "-m addrtype ! --src-type UNICAST",
    "-m conntrack ! --ctorigdst 192.0.2.10",
    "-m conntrack ! --ctorigdst 192.0.2.0/24",
    "-m conntrack ! --ctorigdstport 5060:5070",
];

pub struct Iptables<'r> {
    random: &'r mut Random,
    place: Place,
    uses_unknown: bool,
    uses_sets: bool,
}

/// A random firewall: the input of `ipset restore` and of `iptables-restore`.
pub fn firewall(random: &mut Random, place: Place) -> Generated {
    let uses_unknown = chance(random, 5);
    let uses_sets = chance(random, 3);
    let mut iptables = Iptables {
        random,
        place,
        uses_unknown,
        uses_sets,
    };
    let tables: Vec<String> = TABLES
        .iter()
        .map(|(table, chains)| iptables.table(table, chains))
        .collect();
    let sets = if uses_sets {
        sets(random)
    } else {
        String::new()
    };
    Generated {
        rules: tables.concat(),
        sets,
    }
}

fn sets(random: &mut Random) -> String {
    let kinds = [
        "nets hash:net",
        "hosts hash:ip",
        "ports bitmap:port range 0-65535",
        "pairs hash:ip,port",
        "services hash:net,port",
        "all list:set",
    ];
    let mut text = String::new();
    for kind in kinds {
        let name = kind.split(' ').next().unwrap();
        text += &format!("create {kind}\nflush {name}\n");
    }
    for net in some(random, &DISJOINT) {
        text += &format!("add nets {net}{}\n", maybe(random, 6, " nomatch"));
    }
    for host in some(random, &HOSTS) {
        text += &format!("add hosts {host}\n");
        text += &format!("add pairs {host},udp:5060\nadd pairs {host},tcp:5060-5061\n");
    }
    for ports in several_ports(random, "-") {
        text += &format!("add ports {ports}\n");
    }
    for net in some(random, &DISJOINT) {
        text += &format!("add services {net},udp:10000-10499\nadd services {net},tcp:5060\n");
    }
    text += "add all nets\nadd all hosts\n";
    text
}

/// The chain that a rule is for.
#[derive(Clone, Copy)]
struct In<'c> {
    table: &'static str,
    chain: &'c str,
    /// The number of the first chain that the rule may jump to.
    next: usize,
}

impl In<'_> {
    fn is(self, chains: &[&str]) -> bool {
        chains.contains(&self.chain)
    }

    /// True if packets may come here in both directions. Nobody sends packets to the machine with an address of Twilio as
    /// their destination, so no rule translates these.
    fn may_be_to_twilio(self) -> bool {
        !self.is(&["INPUT"]) && self.table != "nat"
    }

    fn is_own(self) -> bool {
        self.is(&OWN_CHAINS)
    }
}

impl Iptables<'_> {
    fn chance(&mut self, one_in: u64) -> bool {
        chance(self.random, one_in)
    }

    fn table(&mut self, table: &'static str, chains: &[&str]) -> String {
        let is_empty = table != "filter" && self.chance(3);
        let mut text = format!("*{table}\n");
        let mut rules = String::new();
        for chain in chains {
            let drops = match table {
                "nat" => false,
                "filter" => self.chance(2),
                _ => !is_empty && self.chance(20),
            };
            text += &format!(":{chain} {} [0:0]\n", if drops { "DROP" } else { "ACCEPT" });
            if !is_empty {
                let at = In {
                    table,
                    chain,
                    next: 0,
                };
                rules += &self.base_chain(at, drops);
            }
        }
        for (number, chain) in OWN_CHAINS.iter().enumerate() {
            text += &format!(":{chain} - [0:0]\n");
            let at = In {
                table,
                chain,
                next: number + 1,
            };
            for _ in 0..self.random.between(1, 4) {
                rules += &self.rule(at);
            }
        }
        format!("{text}{rules}COMMIT\n")
    }

    fn base_chain(&mut self, at: In, drops: bool) -> String {
        let mut rules: Vec<String> = Vec::new();
        for _ in 0..self.random.between(0, 4) {
            rules.push(self.rule(at));
        }
        if at.table == "nat" {
            rules.extend(self.usual_translation(at));
            return rules.concat();
        }
        if drops {
            let state = *pick(
                self.random,
                &[
                    "-m conntrack --ctstate RELATED,ESTABLISHED",
                    "-m state --state ESTABLISHED",
                    "-m conntrack --ctstate RELATED,ESTABLISHED,UNTRACKED",
                ],
            );
            if !self.chance(8) {
                rules.insert(0, format!("-A {} {state} -j ACCEPT\n", at.chain));
            }
            if !self.chance(4) {
                rules.push(self.acceptance(at));
            }
        }
        rules.concat()
    }

    /// Rules that accept calls, some of them for some networks only.
    fn acceptance(&mut self, at: In) -> String {
        let chain = at.chain;
        let from = if self.chance(2) {
            format!(" -s {}", network(self.random))
        } else {
            String::new()
        };
        let ports = [
            "udp -m udp --dport 5060",
            "tcp -m multiport --dports 5060,5061",
            "udp -m udp --dport 10000:20000",
        ];
        let mut rules = String::new();
        for ports in ports {
            let from = if self.chance(2) { &*from } else { "" };
            rules += &format!("-A {chain}{from} -p {ports} -j ACCEPT\n");
        }
        rules
    }

    /// A rule that leads to the PBX, or that hides the addresses behind a router.
    fn usual_translation(&mut self, at: In) -> Option<String> {
        match at.chain {
            "PREROUTING" if self.place == Place::InFront && !self.chance(4) => {
                let to = if self.chance(4) { BEHIND[1] } else { BEHIND[0] };
                let only = *pick(
                    self.random,
                    &["-i wall0", "-d 192.0.2.10/32", "-d 192.0.2.0/24"],
                );
                Some(format!(
                    "-A PREROUTING {only} -j DNAT --to-destination {to}\n"
                ))
            }
            "POSTROUTING" if self.chance(2) => {
                let to = *pick(self.random, &["MASQUERADE", "SNAT --to-source 192.0.2.11"]);
                Some(format!("-A POSTROUTING -o wall0 -j {to}\n"))
            }
            _ => None,
        }
    }

    fn rule(&mut self, at: In) -> String {
        let (action, needed) = self.action(at);
        let is_final = ["ACCEPT", "DROP", "REJECT", "DNAT", "REDIRECT", "RETURN"]
            .iter()
            .any(|word| action.contains(word));
        let least = u64::from(is_final);
        let mut protocol = needed.map(str::to_owned);
        let mut matches: Vec<String> = Vec::new();
        for _ in 0..self.random.between(least, 3) {
            let one = self.criterion(at, &mut protocol);
            // Most options can be used only once.
            let option = |text: &str| {
                let text = text
                    .replace("connmark", "mark")
                    .replace("conntrack", "state");
                let words: Vec<&str> = text.split(' ').filter(|word| *word != "!").collect();
                match words[..] {
                    ["-m", module, ..] => module.to_owned(),
                    [option, ..] => option.to_owned(),
                    [] => String::new(),
                }
            };
            if !matches.iter().any(|known| option(known) == option(&one)) {
                matches.push(one);
            }
        }
        if let Some(protocol) = protocol {
            let (not, name) = match protocol.strip_prefix('!') {
                Some(name) => ("! ", name),
                None => ("", &*protocol),
            };
            matches.insert(0, format!("{not}-p {name}"));
        }
        matches.retain(|text| !text.is_empty());
        format!("-A {} {} -j {action}\n", at.chain, matches.join(" "))
            .replace("  ", " ")
            .replace("-j goto ", "-g ")
    }

    /// An action, and the protocol that it needs.
    fn action(&mut self, at: In) -> (String, Option<&'static str>) {
        let may_jump = at.table != "nat" || at.is_own() || at.is(&["PREROUTING", "OUTPUT"]);
        if may_jump && at.next < OWN_CHAINS.len() && self.chance(4) {
            let chain = pick(self.random, &OWN_CHAINS[at.next..]);
            let goto = maybe(self.random, 3, "goto ");
            return (format!("{goto}{chain}"), None);
        }
        let transport = *pick(self.random, &["udp", "tcp"]);
        match at.table {
            "raw" if chance(self.random, 2) => ("CT --notrack".to_owned(), None),
            "mangle" if !chance(self.random, 3) => (self.mark(), None),
            "nat" if at.chain == "PREROUTING" || at.is_own() => {
                let protocol = transport;
                if chance(self.random, 3) {
                    let port = *pick(
                        self.random,
                        &[
                            "",
                            " --to-ports 5060",
                            " --to-ports 5061",
                            " --to-ports 12000",
                        ],
                    );
                    (format!("REDIRECT{port}"), Some(protocol))
                } else {
                    let to = *pick(
                        self.random,
                        &[
                            BEHIND[0],
                            BEHIND[0],
                            BEHIND[1],
                            OWN[0],
                            OWN[1],
                            "198.51.100.10:5060",
                            "198.51.100.10:5061",
                            "192.0.2.10:5060",
                            ":5060",
                            ELSEWHERE,
                        ],
                    );
                    (format!("DNAT --to-destination {to}"), Some(protocol))
                }
            }
            "nat" if at.chain == "POSTROUTING" => {
                let actions = ["ACCEPT", "RETURN", "ACCEPT"];
                ((*pick(self.random, &actions)).to_owned(), None)
            }
            "nat" if at.chain == "OUTPUT" && chance(self.random, 3) => (
                "DNAT --to-destination 203.0.113.5".to_owned(),
                Some(transport),
            ),
            "nat" => ((*pick(self.random, &["ACCEPT", "RETURN"])).to_owned(), None),
            "filter" if chance(self.random, 6) => (
                "REJECT --reject-with icmp-port-unreachable".to_owned(),
                None,
            ),
            _ => {
                let action = *pick(
                    self.random,
                    &["ACCEPT", "ACCEPT", "ACCEPT", "DROP", "RETURN", "LOG"],
                );
                (action.to_owned(), None)
            }
        }
    }

    fn mark(&mut self) -> String {
        let value = *pick(
            self.random,
            &[
                "0x1/0x1",
                "0x2/0x3",
                "0x10/0xff",
                "0x7/0xffffffff",
                "0x0/0xf0",
            ],
        );
        let mask = *pick(
            self.random,
            &[
                "",
                " --nfmask 0xff --ctmask 0xff",
                " --nfmask 0x1 --ctmask 0x3",
            ],
        );
        match self.random.between(0, 8) {
            0..=2 => format!("MARK --set-xmark {value}"),
            3 => "MARK --or-mark 0x1".to_owned(),
            4 => "MARK --and-mark 0xfe".to_owned(),
            5 => format!("CONNMARK --set-xmark {value}"),
            6 => format!("CONNMARK --save-mark{mask}"),
            _ => format!("CONNMARK --restore-mark{mask}"),
        }
    }

    /// A criterion. Sets the protocol if the criterion needs one. Empty if there is none.
    fn criterion(&mut self, at: In, protocol: &mut Option<String>) -> String {
        let not = maybe(self.random, 5, "! ");
        let is_out = at.is(&["OUTPUT", "POSTROUTING"]) || at.may_be_to_twilio() && self.chance(3);
        let (remote, here) = if is_out { ("-d", "-s") } else { ("-s", "-d") };
        match self.random.between(0, 17) {
            0..=2 => format!("{not}{remote} {}", network(self.random)),
            3 => format!("{not}{here} {}", local(self.random)),
            4..=6 => self.ports(protocol),
            7 => self.tcp_flags(protocol),
            8 => {
                let name = *pick(self.random, &["udp", "tcp", "icmp", "!udp", "!tcp"]);
                protocol.get_or_insert(name.to_owned());
                String::new()
            }
            9..=10 => self.state(),
            11 => self.interfaces(at),
            12..=13 => {
                let (value, module) = (
                    *pick(
                        self.random,
                        &["0x0/0x1", "0x1/0x1", "0x2/0x3", "0x0", "0x10/0xf0"],
                    ),
                    *pick(self.random, &["mark", "mark", "connmark"]),
                );
                format!("-m {module} {not}--mark {value}")
            }
            14 => {
                let known = *pick(self.random, &KNOWN);
                known.replace('!', not.trim_end())
            }
            15 if self.uses_sets => self.set(at),
            16 if self.uses_unknown => (*pick(self.random, &UNKNOWN)).to_owned(),
            _ => {
                let ends = *pick(
                    self.random,
                    &[
                        ("54.65.63.190", "54.65.63.194"),
                        ("35.0.0.0", "54.65.63.193"),
                        ("1.0.0.0", "8.8.8.8"),
                    ],
                );
                let side = if is_out { "dst" } else { "src" };
                format!("-m iprange {not}--{side}-range {}-{}", ends.0, ends.1)
            }
        }
    }

    fn ports(&mut self, protocol: &mut Option<String>) -> String {
        if protocol.is_none() {
            *protocol = Some((*pick(self.random, &["udp", "udp", "tcp"])).to_owned());
        }
        let name = protocol.clone().unwrap_or_default();
        if !matches!(&*name, "udp" | "tcp") {
            return String::new();
        }
        let not = maybe(self.random, 5, "! ");
        let side = *pick(self.random, &["d", "d", "d", "s"]);
        if self.chance(4) {
            let list = several_ports(self.random, ":").join(",");
            let option = *pick(self.random, &["dports", "dports", "ports", "sports"]);
            return format!("-m multiport {not}--{option} {list}");
        }
        let ports = range(ports(self.random), ":");
        format!("-m {name} {not}--{side}port {ports}")
    }

    fn tcp_flags(&mut self, protocol: &mut Option<String>) -> String {
        if protocol.as_deref().is_some_and(|known| known != "tcp") {
            return String::new();
        }
        *protocol = Some("tcp".to_owned());
        let not = maybe(self.random, 3, "! ");
        let flags = *pick(
            self.random,
            &[
                "FIN,SYN,RST,ACK SYN",
                "SYN,ACK ACK",
                "SYN SYN",
                "FIN,SYN FIN,SYN",
                "ACK ACK",
            ],
        );
        format!("-m tcp {not}--tcp-flags {flags}")
    }

    fn state(&mut self) -> String {
        let not = maybe(self.random, 4, "! ");
        let states = *pick(
            self.random,
            &[
                "NEW",
                "ESTABLISHED",
                "RELATED,ESTABLISHED",
                "INVALID",
                "UNTRACKED",
                "NEW,UNTRACKED",
                "INVALID,NEW",
            ],
        );
        if self.chance(3) {
            format!("-m state {not}--state {states}")
        } else {
            format!("-m conntrack {not}--ctstate {states}")
        }
    }

    fn interfaces(&mut self, at: In) -> String {
        let has_input = at.is(&["PREROUTING", "INPUT", "FORWARD"]) || at.is_own();
        let has_output = at.is(&["FORWARD", "OUTPUT", "POSTROUTING"]) || at.is_own();
        let not = maybe(self.random, 3, "! ");
        let name = interface(self.random);
        let option = match (has_input, has_output) {
            (true, true) => *pick(self.random, &["-i", "-o"]),
            (true, _) => "-i",
            _ => "-o",
        };
        format!("{not}{option} {name}")
    }

    fn set(&mut self, at: In) -> String {
        let not = maybe(self.random, 4, "! ");
        let sets = [
            ("nets", "src"),
            ("hosts", "src"),
            ("ports", "dst"),
            ("pairs", "src,dst"),
            ("services", "src,dst"),
            ("all", "src"),
            ("nets", "dst"),
            ("services", "dst,dst"),
        ];
        let count = if at.may_be_to_twilio() { 8 } else { 6 };
        let (name, sides) = *pick(self.random, &sets[..count]);
        // `verify` does not follow what is in none of such pairs.
        let not = if matches!(name, "pairs" | "services") {
            ""
        } else {
            not
        };
        format!("-m set {not}--match-set {name} {sides}")
    }
}
