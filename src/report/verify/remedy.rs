//! Advice for the problems and exposures of a machine.

use super::condition::Unknown;
use super::verified::{ListedChain, VerifiedMachine};
use super::words;
use crate::firewall::Cause;
use crate::packets::Direction;
use crate::policy::notation;
use crate::verify::{Call, Exposure, Location, OwnChain, Problem, Stage, Verdict};

/// The maximum number of networks in the value of `--peer`.
const MAX_PEERS: usize = 3;

/// The start of the names of Docker's chains that change the destination.
const DOCKER: &str = "DOCKER";

/// Docker's chain for rules of the user.
const DOCKER_USER: &str = "DOCKER-USER";

/// Advice for packets that are addressed to the router itself.
const NOT_FORWARDED: &str = "forward the packets to the PBX with a rule that changes their destination (DNAT); if the \
     router already does, name the address of the PBX with --pbx";

/// Returns advice for a problem.
pub(super) fn of_problem(
    machine: &VerifiedMachine,
    call: &Call,
    verdict: Verdict,
    problem: &Problem,
) -> String {
    let advice = Advice::new(machine, call, problem);
    match (verdict, problem.cause) {
        (Verdict::Depends, _) if !problem.assumed.is_empty() => advice.depends(),
        (_, Cause::Diverted(_)) => advice.diverted(),
        (_, Cause::NotForwarded) => NOT_FORWARDED.to_owned(),
        (_, Cause::NeverForwards) => {
            "let the machine forward packets: sysctl -w net.ipv4.ip_forward=1".to_owned()
        }
        _ if problem.stage != Stage::First => advice.later(),
        _ if advice.is_early() => {
            "exclude Twilio's packets from this rule; later chains cannot accept packets that are already dropped"
                .to_owned()
        }
        _ => advice.new_connections(),
    }
}

/// A problem and the chains that have to do with it.
struct Advice<'m> {
    machine: &'m VerifiedMachine<'m>,
    problem: &'m Problem,
    direction: Direction,
    /// The base chain that stops the packets.
    base: Option<&'m ListedChain>,
    /// The chain of this program, in the same table if there is one.
    own: Option<&'m OwnChain>,
}

impl<'m> Advice<'m> {
    fn new(machine: &'m VerifiedMachine<'m>, call: &Call, problem: &'m Problem) -> Self {
        let base = problem.chain.and_then(|chain| machine.chains.get(chain));
        let own = machine.own_chains.iter();
        let own = own.filter(|own| own.direction == call.direction);
        let is_elsewhere =
            |own: &&OwnChain| base.is_none_or(|base| !base.location.is_beside(&own.location));
        Advice {
            machine,
            problem,
            direction: call.direction,
            base,
            own: own.min_by_key(is_elsewhere),
        }
    }

    /// True if packets are stopped before the hooks for rules that accept them.
    fn is_early(&self) -> bool {
        let hook = self.base.map_or("", |base| &*base.hook);
        !matches!(hook, "input" | "forward" | "output" | "")
    }

    fn depends(&self) -> String {
        let rule = self.problem.assumed.first();
        let text = rule.map_or_else(String::new, |at| self.machine.line(*at).text);
        let unknown = Unknown::of(&text);
        match unknown {
            Unknown::Interface if self.machine.interface.is_none() => {
                "name the interface that leads to Twilio with --interface, or verify the output of the collector, which \
                 shows it"
                    .to_owned()
            }
            Unknown::Interface => {
                "verify the output of the collector, which shows the interface that leads to the PBX".to_owned()
            }
            Unknown::Set => {
                "verify the output of the collector, which shows the contents of sets; if rules fill the set, accept \
                 Twilio's packets before this rule"
                    .to_owned()
            }
            _ => format!(
                "accept Twilio's packets before this rule, so that they do not depend on {}{}",
                unknown.name(),
                self.jump_hint()
            ),
        }
    }

    /// Returns where the jump to the chain of this program is, or how to get the chain.
    fn jump_hint(&self) -> String {
        match self.own {
            Some(own) => format!(
                " ({})",
                self.hook(own, self.problem.assumed.first().copied())
            ),
            None => String::new(),
        }
    }

    fn diverted(&self) -> String {
        match self.direction {
            Direction::In => {
                "exclude Twilio's packets from this rule; if its new destination is the PBX, name it with --pbx"
                    .to_owned()
            }
            Direction::Out => "exclude packets to Twilio from this rule".to_owned(),
        }
    }

    /// Returns advice for packets of an established connection.
    fn later(&self) -> String {
        let base = self.base.map(|base| &base.location);
        if self.problem.untracked_by.is_some() {
            return "the connection is exempt from connection tracking (NOTRACK), so rules for established connections do not \
                    match: accept the packets by address and port, or remove the exemption in both directions"
                .to_owned();
        }
        let command = base.filter(|base| is_plain(base)).map(|base| {
            if is_nftables(base) {
                nft_insert(base, "ct state established accept")
            } else {
                iptables_insert(base, "-m conntrack --ctstate ESTABLISHED -j ACCEPT")
            }
        });
        match command {
            Some(command) => {
                format!("accept established connections at the start of the chain: {command}")
            }
            None => "accept established connections at the start of the chain".to_owned(),
        }
    }

    fn new_connections(&self) -> String {
        if let Some(translated) = self.translated() {
            return translated;
        }
        match self.own {
            None => self.load(),
            Some(own) => self.hook(own, self.denying_rule()),
        }
    }

    /// Returns advice for packets to a changed destination, which the machine forwards.
    fn translated(&self) -> Option<String> {
        let at = self.problem.translated_by?;
        let base = self.base.filter(|base| base.hook == "forward")?;
        if self.machine.is_router {
            return None;
        }
        let line = self.machine.line(at);
        let changed = format!(
            "line {} changes the destination, so the packets are forwarded and never get to INPUT",
            line.number
        );
        let chain = line.location.map_or("", |location| &*location.chain);
        let chain = if chain.starts_with(DOCKER) {
            DOCKER_USER
        } else {
            &*base.location.chain
        };
        let target = base.location.beside(chain);
        let jump = self.own.and_then(|own| jump(&target, own));
        Some(match jump {
            Some(jump) => format!("{changed}: jump to the rules for Twilio from {chain}: {jump}"),
            None => format!(
                "{changed}: put the jump to the rules for Twilio into {}",
                words::name(chain)
            ),
        })
    }

    /// Returns how to load the rules of this program.
    fn load(&self) -> String {
        let place = self.base.map(|base| &base.location);
        let call = match place {
            Some(place) if is_nftables(place) && is_plain(place) => format!(
                "twilio-sip-allow --edition current --format nftables --table '{}'",
                words::table(place)
            ),
            Some(place) if !is_nftables(place) => {
                let legacy = if place.needs_legacy {
                    ", with iptables-legacy instead of iptables"
                } else {
                    ""
                };
                format!("twilio-sip-allow --edition current --format iptables{legacy}")
            }
            _ => "twilio-sip-allow --edition current --format nftables".to_owned(),
        };
        let before = match self.denying_rule() {
            Some(_) => " before this rule",
            None => "",
        };
        format!(
            "load the rules for Twilio and jump to them{before}; the comments at the start of the rules contain the \
             commands: {call}"
        )
    }

    /// Returns the place of the rule that denies the packets; `None` if the policy does.
    fn denying_rule(&self) -> Option<u32> {
        match self.problem.cause {
            Cause::Rule(at) => Some(at),
            _ => None,
        }
    }

    /// Returns how to send the packets to the chain of this program, before they get to a rule.
    fn hook(&self, own: &OwnChain, rule: Option<u32>) -> String {
        let name = &own.location.chain;
        let Some(base) = self.base else {
            return format!("jump to {name} before this rule");
        };
        if !base.location.is_beside(&own.location) {
            return format!(
                "exclude Twilio's packets from this rule, or load the rules for Twilio into {}; an accept in {} does not \
                 override it",
                whole_table(&base.location),
                whole_table(&own.location)
            );
        }
        let jumps = own.jumps.iter().filter(|at| self.leads_from(base, **at));
        let jumps: Vec<u32> = jumps.copied().collect();
        let command = jump(&base.location, own);
        let command = command.map_or_else(String::new, |command| format!(": {command}"));
        match (jumps.first(), rule) {
            (None, _) if own.jumps.is_empty() => format!("nothing jumps to {name}{command}"),
            (None, _) => format!(
                "{} does not jump to {name}{command}",
                words::name(&base.location.chain)
            ),
            (Some(jump), Some(rule)) if *jump > rule => {
                let line = self.machine.line(*jump).number;
                format!("move the jump to {name}, line {line}, before this rule")
            }
            _ => {
                let (format, command) = if is_nftables(&own.location) {
                    ("nftables", "nft list ruleset")
                } else {
                    ("iptables", save_command(&own.location))
                };
                format!(
                    "{name} does not accept these packets, or does not get them: load the rules of the edition in force \
                     again; to see the differences: {command} | twilio-sip-allow check --edition current --format {format}"
                )
            }
        }
    }

    /// True unless a jump is in another base chain.
    fn leads_from(&self, base: &ListedChain, jump: u32) -> bool {
        let Some(location) = self.machine.line(jump).location else {
            return true;
        };
        let mut chains = self.machine.chains.iter();
        location == &base.location || !chains.any(|chain| &chain.location == location)
    }
}

/// Returns the command that adds a jump to the chain of this program; `None` if a name needs quotes in a shell.
fn jump(from: &Location, own: &OwnChain) -> Option<String> {
    if !is_plain(from) || !from.is_beside(&own.location) {
        return None;
    }
    let to = &own.location.chain;
    Some(if is_nftables(from) && !is_of_iptables(from) {
        nft_insert(from, &format!("jump {to}"))
    } else {
        iptables_insert(from, &format!("-j {to}"))
    })
}

/// Returns the command of nft that inserts a rule at the start of a chain.
fn nft_insert(into: &Location, rule: &str) -> String {
    format!(
        "nft insert rule {} {} {rule}",
        words::table(into),
        into.chain
    )
}

/// Returns the command of iptables that inserts a rule at the start of a chain.
fn iptables_insert(into: &Location, rule: &str) -> String {
    let command = iptables(into);
    format!(
        "{command}{} -I {} {rule}",
        option_of_table(into),
        into.chain
    )
}

/// Returns the command that changes a table of iptables.
fn iptables(location: &Location) -> &'static str {
    if location.needs_legacy {
        "iptables-legacy"
    } else {
        "iptables"
    }
}

/// Returns the name of a table, such as `table filter of iptables-legacy`.
fn whole_table(location: &Location) -> String {
    let name = words::name(&location.table);
    if location.needs_legacy {
        format!("{name} of iptables-legacy")
    } else {
        name
    }
}

/// Returns the command that prints a table of iptables.
fn save_command(location: &Location) -> &'static str {
    if location.needs_legacy {
        "iptables-legacy-save"
    } else {
        "iptables-save"
    }
}

/// True for the tables of nftables, whose names have two words.
fn is_nftables(location: &Location) -> bool {
    words::table(location).contains(' ')
}

/// True for a chain in a table of nftables that `iptables` made, as the names show.
fn is_of_iptables(location: &Location) -> bool {
    let is_upper = location.chain.starts_with(|c: char| c.is_ascii_uppercase());
    words::table(location).starts_with("ip ") && is_upper
}

fn option_of_table(location: &Location) -> String {
    let table = words::table(location);
    match table.rsplit(' ').next().unwrap_or(table) {
        "filter" => String::new(),
        other => format!(" -t {other}"),
    }
}

/// True if a shell interprets none of the characters, so that a command can contain the names.
fn is_plain(location: &Location) -> bool {
    is_plain_text(words::table(location), "_-. ") && is_plain_text(&location.chain, "_-.")
}

fn is_plain_text(text: &str, others: &str) -> bool {
    let of_name = |c: char| c.is_ascii_alphanumeric() || others.contains(c);
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(of_name)
}

/// Returns advice for others who reach a port.
pub(super) fn of_exposure(machine: &VerifiedMachine, exposure: &Exposure) -> String {
    let peer = peer(exposure);
    let by_docker = exposure.translated_by.is_some_and(|at| {
        let location = machine.line(at).location;
        location.is_some_and(|location| location.chain.starts_with(DOCKER))
    });
    let limit = if by_docker {
        by_docker_user(machine, exposure)
    } else if exposure.translated_by.is_some() && exposure.is_forwarded {
        "drop all but Twilio's packets in the chains for forwarded packets".to_owned()
    } else {
        match &exposure.decision {
            Some(decision) if !decision.is_policy => {
                "accept only Twilio's addresses in this rule, or remove it".to_owned()
            }
            Some(_) => "drop all other packets at the end of this chain".to_owned(),
            None => "add a chain that drops all but Twilio's packets".to_owned(),
        }
    };
    format!("{limit}; {peer}")
}

/// Returns how to keep others from a port that Docker forwards.
fn by_docker_user(machine: &VerifiedMachine, exposure: &Exposure) -> String {
    const CAUSE: &str = "INPUT never gets these packets, because Docker changes their destination";
    let interface = machine.interface.as_ref();
    let interface = interface.filter(|name| is_plain_text(name, "_-."));
    let jump = jump_from_docker_user(machine, exposure);
    let (Some((iptables, jump)), Some(interface)) = (jump, interface) else {
        return format!("{CAUSE}: in {DOCKER_USER}, accept Twilio's packets and drop the others");
    };
    let ports = exposure.ports.with_separator(":");
    format!(
        "{CAUSE}: drop them in {DOCKER_USER}, after the rules for Twilio: {iptables} -I {DOCKER_USER} -i \
         {interface} -p {} -m conntrack --ctstate NEW --ctorigdstport {ports} -j DROP && {jump}",
        exposure.protocol
    )
}

/// Returns the program that changes the table of Docker's chain, and the command that adds a jump to the rules for
/// Twilio.
fn jump_from_docker_user(
    machine: &VerifiedMachine,
    exposure: &Exposure,
) -> Option<(&'static str, String)> {
    let decision = exposure.decision.as_ref()?;
    let target = machine.line(decision.at).location?.beside(DOCKER_USER);
    let mut own = machine.own_chains.iter();
    let own = own.find(|own| own.direction == Direction::In && own.location.is_beside(&target))?;
    Some((iptables(&target), jump(&target, own)?))
}

/// Returns how to name those who are meant to get in.
fn peer(exposure: &Exposure) -> String {
    let intervals = exposure.sources.intervals();
    let networks: Vec<String> = intervals
        .iter()
        .take(MAX_PEERS + 1)
        .map(|interval| notation(*interval))
        .collect();
    // --peer does not accept ranges.
    let is_short = networks.len() <= MAX_PEERS && networks.iter().all(|text| !text.contains('-'));
    if exposure.is_any || !is_short {
        return "name those who may reach it with --peer".to_owned();
    }
    format!("if they may reach it: --peer {}", networks.join(","))
}
