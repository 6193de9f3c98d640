//! Random firewalls of nftables.

use super::Generated;
use super::pools::{
    BEHIND, DISJOINT, ELSEWHERE, HOSTS, OWN, interface, local, maybe, network, ports, range,
    several_ports, some,
};
use crate::common::judge::{chance, pick};
use crate::common::lab::Place;
use crate::common::oracle::Random;

const HOOKS: [&str; 5] = ["prerouting", "input", "forward", "output", "postrouting"];

/// The regular chains of a table. Each rule jumps to a later one.
const OWN_CHAINS: [&str; 3] = ["one", "two", "three"];

/// Conditions that are true for the packets of the test, but that `verify` cannot know.
const UNKNOWN: [&str; 5] = [
    "meta length >= 20",
    "meta mark != { 0x55, 0x56 }",
    "limit rate 10000/second burst 10000 packets",
    "numgen inc mod 1 == 0",
    "meta hour >= 0",
];

struct Nft<'r> {
    random: &'r mut Random,
    place: Place,
    uses_unknown: bool,
}

/// A random firewall: the input of `nft -f`.
pub fn firewall(random: &mut Random, place: Place) -> Generated {
    let uses_unknown = chance(random, 5);
    let mut nft = Nft {
        random,
        place,
        uses_unknown,
    };
    let mut rules = String::new();
    for number in 0..nft.random.between(1, 3) {
        rules += &nft.table(number);
    }
    if nft.chance(6) {
        rules += &nft.device_table();
    }
    Generated {
        rules,
        sets: String::new(),
    }
}

/// The chain that a rule is for.
#[derive(Clone, Copy)]
struct In<'c> {
    hook: &'c str,
    kind: &'c str,
    /// The number of the first chain that the rule may jump to.
    next: usize,
    /// True before connection tracking.
    is_early: bool,
}

impl In<'_> {
    fn is(self, hooks: &[&str]) -> bool {
        hooks.contains(&self.hook)
    }

    /// True if packets may come here in both directions. Nobody sends packets to the machine with an address of Twilio as
    /// their destination, so no rule translates these.
    fn may_be_to_twilio(self) -> bool {
        !self.is(&["input", "ingress"]) && (self.kind != "nat" || self.hook != "prerouting")
    }
}

impl Nft<'_> {
    fn chance(&mut self, one_in: u64) -> bool {
        chance(self.random, one_in)
    }

    fn table(&mut self, number: u64) -> String {
        let family = *pick(self.random, &["inet", "inet", "ip"]);
        let mut text = format!("table {family} t{number} {{\n{}", sets(self.random));
        let has_translation = self.chance(2);
        let mut own = String::new();
        for (number, chain) in OWN_CHAINS.iter().enumerate() {
            let at = In {
                hook: "",
                kind: "filter",
                next: number + 1,
                is_early: false,
            };
            let mut rules = String::new();
            for _ in 0..self.random.between(1, 4) {
                rules += &self.rule(at);
            }
            // nft needs the target of a jump before the jump.
            own = format!("chain {chain} {{\n{rules}}}\n{own}");
        }
        text += &own;
        for number in 0..self.random.between(1, 4) {
            text += &self.filter_chain(number);
        }
        if has_translation {
            text += &self.translation_chain("prerouting");
            if self.chance(2) {
                text += &self.translation_chain("postrouting");
            }
            if self.chance(4) {
                text += &self.translation_chain("output");
            }
        }
        text + "}\n"
    }

    /// A chain before all hooks of the protocol IP.
    fn device_table(&mut self) -> String {
        let at = In {
            hook: "ingress",
            kind: "filter",
            next: OWN_CHAINS.len(),
            is_early: true,
        };
        let device = *pick(self.random, &["wall0", "wall0", "wall1"]);
        let rules: String = (0..self.random.between(1, 2))
            .map(|_| self.rule(at))
            .collect();
        format!(
            "table netdev early {{\nchain ingress {{\ntype filter hook ingress device {device} priority 0; policy accept;\n{rules}}}\n}}\n"
        )
    }

    fn filter_chain(&mut self, number: u64) -> String {
        let hook = *pick(
            self.random,
            &[
                "prerouting",
                "input",
                "input",
                "forward",
                "forward",
                "output",
                "output",
                "postrouting",
            ],
        );
        debug_assert!(HOOKS.contains(&hook));
        let priority = *pick(
            self.random,
            &[
                -310, -300, -150, -150, -100, -50, 0, 0, 0, 0, 5, 50, 99, 100, 225,
            ],
        );
        let drops =
            self.chance(3) && matches!(hook, "input" | "forward" | "output") || self.chance(20);
        let at = In {
            hook,
            kind: "filter",
            next: 0,
            is_early: priority < -200 && matches!(hook, "prerouting" | "output"),
        };
        let mut rules: Vec<String> = Vec::new();
        for _ in 0..self.random.between(1, 5) {
            rules.push(self.rule(at));
        }
        if drops {
            if !self.chance(8) {
                let state = *pick(
                    self.random,
                    &[
                        "ct state established,related accept",
                        "ct state vmap { established : accept, related : accept, invalid : drop }",
                        "ct state { established, related, untracked } accept",
                    ],
                );
                rules.insert(0, format!("{state}\n"));
            }
            if !self.chance(4) {
                rules.push(self.acceptance());
            }
        }
        let policy = if drops { "drop" } else { "accept" };
        format!(
            "chain {hook}{number} {{\ntype filter hook {hook} priority {priority}; policy {policy};\n{}}}\n",
            rules.concat()
        )
    }

    /// Rules that accept calls, some of them for some networks only.
    fn acceptance(&mut self) -> String {
        let from = if self.chance(2) {
            format!("ip saddr {} ", network(self.random))
        } else {
            String::new()
        };
        let ports = [
            "udp dport 5060",
            "tcp dport { 5060, 5061 }",
            "udp dport 10000-20000",
        ];
        let mut rules = String::new();
        for ports in ports {
            let from = if self.chance(2) { &*from } else { "" };
            rules += &format!("{from}{ports} accept\n");
        }
        rules
    }

    fn translation_chain(&mut self, hook: &'static str) -> String {
        let priority = match hook {
            "postrouting" => *pick(self.random, &[100, 100, 0, 300]),
            _ => *pick(self.random, &[-100, -100, 0, -150, 50]),
        };
        let at = In {
            hook,
            kind: "nat",
            next: 0,
            is_early: false,
        };
        let mut rules = String::new();
        for _ in 0..self.random.between(0, 3) {
            rules += &self.rule(at);
        }
        if hook == "postrouting" {
            let to = *pick(self.random, &["masquerade", "snat ip to 192.0.2.11"]);
            rules += &format!("oifname \"wall0\" {to}\n");
        } else if hook == "prerouting" && self.place == Place::InFront && !self.chance(4) {
            let to = if self.chance(4) { BEHIND[1] } else { BEHIND[0] };
            let only = *pick(
                self.random,
                &[
                    "iifname \"wall0\"",
                    "ip daddr 192.0.2.10",
                    "ip daddr 192.0.2.0/24",
                ],
            );
            rules += &format!("{only} dnat ip to {to}\n");
        }
        format!(
            "chain nat_{hook} {{\ntype nat hook {hook} priority {priority}; policy accept;\n{rules}}}\n"
        )
    }

    fn rule(&mut self, at: In) -> String {
        let (action, mut protocol) = self.action(at);
        let ends = ["accept", "drop", "reject", "dnat", "redirect", "return"];
        let least = u64::from(ends.iter().any(|word| action.contains(word)));
        let mut matches: Vec<String> = Vec::new();
        if let Some(name) = protocol {
            matches.push(format!("meta l4proto {name}"));
        }
        for _ in 0..self.random.between(least, 3) {
            let one = self.criterion(at, &mut protocol);
            if !matches.iter().any(|known| are_unclear(known, &one)) {
                matches.push(one);
            }
        }
        matches.retain(|text| !text.is_empty());
        if at.hook == "ingress" && !matches.iter().any(|text| text.starts_with("ip ")) {
            matches.insert(0, format!("ip daddr {}", local(self.random)));
        }
        let last = if matches.is_empty() || !self.chance(8) {
            action
        } else if at.kind == "filter" {
            self.verdict_map(at, protocol)
        } else {
            action
        };
        format!("{} {last}\n", matches.join(" "))
    }

    /// Maps values to verdicts.
    fn verdict_map(&mut self, at: In, protocol: Option<&str>) -> String {
        let jump = match OWN_CHAINS.get(at.next) {
            Some(chain) => format!("jump {chain}"),
            None => "continue".to_owned(),
        };
        let verdict = *pick(self.random, &["accept", "drop", "return", "continue"]);
        match self.random.between(0, 3) {
            0 if protocol.is_none_or(|known| known == "udp") => {
                format!("udp dport vmap {{ 5060 : {verdict}, 10000-14999 : {jump} }}")
            }
            1 => format!(
                "ip saddr vmap {{ 54.65.63.192/30 : {verdict}, 35.156.191.128/25 : {jump} }}"
            ),
            2 => format!("meta l4proto vmap {{ tcp : {verdict}, udp : {jump} }}"),
            _ if at.hook == "ingress" => verdict.to_owned(),
            _ => format!(
                "ip daddr . th dport vmap {{ 192.0.2.10 . 5060 : {verdict}, 198.51.100.10 . 5061 : {jump} }}"
            ),
        }
    }

    /// An action, and the protocol that it needs.
    fn action(&mut self, at: In) -> (String, Option<&'static str>) {
        if at.kind == "nat" {
            return self.translation(at);
        }
        if at.next < OWN_CHAINS.len() && self.chance(4) {
            let chain = *pick(self.random, &OWN_CHAINS[at.next..]);
            let how = *pick(self.random, &["jump", "jump", "goto"]);
            return (format!("{how} {chain}"), None);
        }
        if at.is_early && at.hook != "ingress" && self.chance(2) {
            return ("notrack".to_owned(), None);
        }
        if self.chance(3) {
            return (self.mark(at), None);
        }
        let mut actions = vec![
            "accept",
            "accept",
            "accept",
            "drop",
            "return",
            "counter",
            "log prefix \"lab \"",
        ];
        if at.is(&["input", "forward", "output"]) {
            actions.push("reject with icmp port-unreachable");
        }
        if at.hook == "ingress" {
            actions = vec!["accept", "drop", "return"];
        }
        ((*pick(self.random, &actions)).to_owned(), None)
    }

    fn translation(&mut self, at: In) -> (String, Option<&'static str>) {
        if at.hook == "postrouting" {
            let action = *pick(self.random, &["accept", "return"]);
            return (action.to_owned(), None);
        }
        if at.hook == "output" {
            let action = *pick(self.random, &["accept", "return", "dnat ip to 203.0.113.5"]);
            return (action.to_owned(), None);
        }
        let protocol = Some(*pick(self.random, &["udp", "tcp"]));
        let action = match self.random.between(0, 5) {
            0 => format!(
                "redirect{}",
                pick(self.random, &["", " to :5060", " to :5061", " to :12000"])
            ),
            1 => "accept".to_owned(),
            2 if self.uses_unknown => {
                "dnat ip to tcp dport map { 5060 : 198.51.100.10, 5061 : 192.0.2.10 }".to_owned()
            }
            _ => {
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
                let ip = if to.starts_with(':') { "" } else { "ip " };
                format!("dnat {ip}to {to}")
            }
        };
        let protocol = if action.contains("map") {
            Some("tcp")
        } else {
            protocol
        };
        (action, protocol)
    }

    fn mark(&mut self, at: In) -> String {
        let of_packet = [
            "meta mark set 0x1",
            "meta mark set 0x0",
            "meta mark set meta mark or 0x2",
            "meta mark set meta mark and 0xfe",
            "meta mark set meta mark xor 0x3",
        ];
        let of_connection = [
            "ct mark set 0x1",
            "ct mark set meta mark",
            "ct mark set ct mark or 0x2",
            "meta mark set ct mark",
            "meta mark set ct mark and 0x1",
        ];
        if at.hook != "ingress" && self.chance(3) {
            (*pick(self.random, &of_connection)).to_owned()
        } else {
            (*pick(self.random, &of_packet)).to_owned()
        }
    }

    /// A criterion. Sets the protocol if the criterion needs one. Empty if there is none.
    fn criterion(&mut self, at: In, protocol: &mut Option<&'static str>) -> String {
        let not = maybe(self.random, 5, "!= ");
        let is_out = at.is(&["output", "postrouting"]) || at.may_be_to_twilio() && self.chance(3);
        let (remote, here) = if is_out {
            ("daddr", "saddr")
        } else {
            ("saddr", "daddr")
        };
        match self.random.between(0, 18) {
            0..=2 => format!("ip {remote} {not}{}", network(self.random)),
            3 => format!("ip {here} {not}{}", local(self.random)),
            4..=6 => self.ports(protocol),
            7 => self.tcp_flags(protocol),
            8 if protocol.is_none() => {
                *protocol = Some("th");
                (*pick(
                    self.random,
                    &[
                        "meta l4proto udp",
                        "meta l4proto != tcp",
                        "meta l4proto { tcp, udp }",
                        "ip protocol udp",
                    ],
                ))
                .to_owned()
            }
            9..=10 if at.hook != "ingress" => self.state(),
            11 if at.hook != "ingress" => self.interfaces(at),
            12 if at.hook != "ingress" => (*pick(
                self.random,
                &["ct mark 0x1", "ct mark != 0x1", "ct mark and 0x3 == 0x2"],
            ))
            .to_owned(),
            12..=13 => (*pick(
                self.random,
                &[
                    "meta mark 0x1",
                    "meta mark 0x0",
                    "meta mark != 0x1",
                    "meta mark and 0x3 == 0x2",
                    "meta mark & 0x1 != 0x0",
                ],
            ))
            .to_owned(),
            14 if at.hook != "ingress" => format!(
                "fib {}addr type {not}local",
                pick(self.random, &["d", "d", "s"])
            ),
            15 | 18 => self.set(at),
            16 if self.uses_unknown => (*pick(self.random, &UNKNOWN)).to_owned(),
            _ => {
                let ends = *pick(
                    self.random,
                    &[
                        "54.65.63.190-54.65.63.194",
                        "35.0.0.0-54.65.63.193",
                        "1.0.0.0-8.8.8.8",
                    ],
                );
                format!("ip {remote} {ends}")
            }
        }
    }

    fn ports(&mut self, protocol: &mut Option<&'static str>) -> String {
        let name = protocol.get_or_insert_with(|| *pick(self.random, &["udp", "udp", "tcp"]));
        let name = if chance(self.random, 6) { "th" } else { name };
        let not = maybe(self.random, 5, "!= ");
        // nft prints both ports of any protocol as other bytes.
        let sides = ["dport", "dport", "dport", "sport"];
        let side = if name == "th" {
            "dport"
        } else {
            *pick(self.random, &sides)
        };
        if chance(self.random, 4) {
            let list = several_ports(self.random, "-");
            // nft prints an exclusion of one range like two comparisons.
            let not = if list.len() > 1 { not } else { "" };
            return format!("{name} {side} {not}{{ {} }}", list.join(", "));
        }
        let (first, last) = ports(self.random);
        let not = if first == last { not } else { "" };
        format!("{name} {side} {not}{}", range((first, last), "-"))
    }

    fn tcp_flags(&mut self, protocol: &mut Option<&'static str>) -> String {
        if protocol.is_some_and(|known| known != "tcp") {
            return String::new();
        }
        *protocol = Some("tcp");
        (*pick(
            self.random,
            &[
                "tcp flags syn",
                "tcp flags & (fin | syn | rst | ack) == syn",
                "tcp flags & (syn | ack) != syn",
                "tcp flags ack",
                "tcp flags & syn == 0x0",
            ],
        ))
        .to_owned()
    }

    fn state(&mut self) -> String {
        (*pick(
            self.random,
            &[
                "ct state new",
                "ct state established",
                "ct state established,related",
                "ct state invalid",
                "ct state untracked",
                "ct state new,untracked",
                "ct state != established",
                "ct state { new, untracked }",
                "ct state != { new, invalid }",
            ],
        ))
        .to_owned()
    }

    fn interfaces(&mut self, at: In) -> String {
        let not = maybe(self.random, 3, "!= ");
        let name = interface(self.random).replace('+', "*");
        let option = match at.hook {
            "prerouting" | "input" => "iifname",
            "output" => "oifname",
            _ => *pick(self.random, &["iifname", "oifname"]),
        };
        if !name.contains('*') && self.chance(5) {
            return format!("{option} {not}{{ \"{name}\", \"eth8\" }}");
        }
        format!("{option} {not}\"{name}\"")
    }

    fn set(&mut self, at: In) -> String {
        let not = maybe(self.random, 4, "!= ");
        if at.hook == "ingress" {
            return String::new();
        }
        (*pick(self.random, &[
            format!("ip saddr {not}@nets"),
            format!("ip saddr {not}@hosts"),
            format!("th dport {not}@ports"),
            format!("ip saddr . meta l4proto . th dport {not}@services"),
            if at.may_be_to_twilio() { format!("ip daddr {not}@nets") } else { String::new() },
            format!("ip saddr . th dport {not}{{ 54.65.63.192/30 . 5060, 54.171.127.192/26 . 10000-14999 }}"),
        ])).clone()
    }
}

/// True if nft prints two matches of a rule like another rule, or if `verify` does not combine them.
fn are_unclear(one: &str, next: &str) -> bool {
    let is_exclusion = |text: &str| text.contains("!=");
    let field = |text: &str| {
        let words: Vec<&str> = text.split(' ').take(2).collect();
        match words[..] {
            [_, port @ ("sport" | "dport")] => port.to_owned(),
            _ => words.join(" "),
        }
    };
    let is_single = ["meta mark", "ct mark", "iifname", "oifname", "fib"]
        .iter()
        .any(|start| one.starts_with(start) && next.starts_with(start));
    let is_single = is_single || field(one) == field(next);
    is_single || is_exclusion(next) && (one.contains("addr") || is_exclusion(one))
}

fn sets(random: &mut Random) -> String {
    let nets = some(random, &DISJOINT).join(", ");
    let hosts = some(random, &HOSTS).join(", ");
    let ports = several_ports(random, "-").join(", ");
    let services: Vec<String> = some(random, &DISJOINT)
        .iter()
        .map(|net| format!("{net} . udp . 10000-14999, {net} . tcp . 5060"))
        .collect();
    format!(
        "set nets {{\ntype ipv4_addr; flags interval;\nelements = {{ {nets} }}\n}}\n\
         set hosts {{\ntype ipv4_addr;\nelements = {{ {hosts} }}\n}}\n\
         set ports {{\ntype inet_service; flags interval;\nelements = {{ {ports} }}\n}}\n\
         set services {{\ntypeof ip saddr . meta l4proto . th dport; flags interval;\nelements = {{ {} }}\n}}\n",
        services.join(", ")
    )
}
