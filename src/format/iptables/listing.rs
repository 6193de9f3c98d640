//! What `iptables-save` and `iptables -S` print, and our own files, to steps.

use std::collections::HashMap;

use crate::format::chains::{Action, Arm, Chains, RuleText, units};
use crate::format::parse::{
    ERROR_LIMIT, Matches, ParseError, Parsed, Wanted, any_port, lines, network, port, port_range,
    sound,
};
use crate::format::services;
use crate::limits::Limits;
use crate::policy::space::{
    Field, Flags, Kind, Packets, Protocols, Span, States, complement, normalized,
};

/// The table that packets are filtered in.
const TABLE: &str = "filter";

pub(super) fn parse(text: &str, wanted: Wanted) -> Parsed {
    let listing = Listing::read(text)?;
    let names = wanted.names(
        |direction| wanted.unit.name.upper(direction),
        |name| listing.chains.contains_key(name),
    );
    units(&listing, names, wanted.limits)
}

/// What printed a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `iptables-save`: tables, each with a COMMIT at its end.
    Saved,
    /// `iptables -S`: the commands of one table, which is not named.
    Listed,
}

/// Why a line of one form cannot stand behind one of another.
fn mixed(before: Option<Form>, now: Form) -> Option<String> {
    let same = before.is_none_or(|before| before == now);
    let problem = "it stands outside of a table, in a text that has tables";
    (!same).then(|| problem.to_owned())
}

/// A chain of the filter table.
#[derive(Default)]
struct Chain<'a> {
    rules: Vec<RuleText<'a>>,
    /// Of a built-in chain: whether it accepts what no rule decides, and where it says so.
    policy: Option<(bool, u32)>,
}

/// The filter table of a text.
#[derive(Default)]
struct Listing<'a> {
    chains: HashMap<&'a str, Chain<'a>>,
}

impl<'a> Listing<'a> {
    fn read(text: &'a str) -> Result<Self, Vec<ParseError>> {
        let mut listing = Listing::default();
        let mut errors = Vec::new();
        // `iptables -S` names no table; it prints that of the filter.
        let mut table: Option<(&str, u32)> = None;
        let mut form = None;
        for (at, line) in lines(text).map_err(|error| vec![error])? {
            let line = line.trim();
            let problem = if line.is_empty() || line.starts_with('#') {
                None
            } else if let Some(name) = line.strip_prefix('*') {
                let open = table.replace((name, at));
                let unended =
                    open.map(|(name, _)| format!("table {name} has no COMMIT at its end"));
                unended.or_else(|| mixed(form.replace(Form::Saved), Form::Saved))
            } else if line == "COMMIT" {
                let none = "COMMIT without a table before it".to_owned();
                table.take().is_none().then_some(none)
            } else if table.is_none() && line.starts_with(':') {
                Some("it stands outside of a table; expected *filter before it".to_owned())
            } else if table.is_none() {
                mixed(form.replace(Form::Listed), Form::Listed)
                    .or_else(|| listing.line(at, line).err())
            } else if table.is_some_and(|(name, _)| name == TABLE) {
                listing.line(at, line).err()
            } else {
                None
            };
            errors.extend(problem.map(|problem| ParseError::new(at, problem)));
            if errors.len() >= ERROR_LIMIT {
                return Err(errors);
            }
        }
        if let Some((name, at)) = table {
            let problem = format!(
                "table {name} has no COMMIT at its end, so the text may have been cut off; give all of it"
            );
            errors.push(ParseError::new(at, problem));
        }
        sound(listing, errors)
    }

    /// A line of the filter table.
    fn line(&mut self, at: u32, line: &'a str) -> Result<(), String> {
        if let Some(declared) = line.strip_prefix(':') {
            return self.declare(at, declared);
        }
        let command = without_counters(line);
        let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
        let (name, rest) = rest.trim_start().split_once(' ').unwrap_or((rest, ""));
        match verb {
            "-A" | "--append" => {
                let chain = self.chains.get_mut(name);
                let chain = chain.ok_or_else(|| {
                    format!("chain {name} was not declared before, as it is in all of a listing")
                })?;
                chain.rules.push(RuleText { at, text: rest });
                Ok(())
            }
            "-N" | "--new-chain" if rest.is_empty() => self.declare(at, &command[verb.len()..]),
            "-P" | "--policy" => self.declare(at, &command[verb.len()..]),
            "Chain" => Err(
                "this is what iptables -L prints, which leaves things out; expected what iptables-save prints"
                    .to_owned(),
            ),
            _ => Err("expected what iptables-save or iptables -S prints".to_owned()),
        }
    }

    /// `NAME`, `NAME - [0:0]`, or `NAME ACCEPT [0:0]`.
    fn declare(&mut self, at: u32, declared: &'a str) -> Result<(), String> {
        let mut words = declared.split_ascii_whitespace();
        let name = words.next().ok_or("expected the name of a chain")?;
        let policy = match words.next() {
            None | Some("-") => None,
            Some("ACCEPT") => Some((true, at)),
            Some("DROP") => Some((false, at)),
            Some(other) => return Err(format!("expected ACCEPT, DROP or -, not '{other}'")),
        };
        let rest: Vec<&str> = words.collect();
        let number = |word: &str| word.bytes().all(|b| b.is_ascii_digit());
        let counters = match rest[..] {
            [] => true,
            [both] => both.starts_with('[') && both.ends_with(']'),
            // As iptables -S -v prints them.
            ["-c", packets, bytes] => number(packets) && number(bytes),
            _ => false,
        };
        if !counters {
            return Err("expected nothing but counters after a chain's policy".to_owned());
        }
        let chain = Chain {
            rules: Vec::new(),
            policy,
        };
        match self.chains.insert(name, chain) {
            None => Ok(()),
            Some(_) => Err(format!(
                "chain {name} is declared twice; give one listing at a time"
            )),
        }
    }
}

/// Without the `[12:3456]` that `iptables-save -c` puts first.
fn without_counters(line: &str) -> &str {
    let inside = line
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("] "));
    match inside {
        Some((counters, rest)) if counters.bytes().all(|b| b.is_ascii_digit() || b == b':') => rest,
        _ => line,
    }
}

impl<'a> Chains<'a> for Listing<'a> {
    fn place(&self) -> String {
        format!("table {TABLE}")
    }

    fn takes_ipv6(&self) -> bool {
        false
    }

    fn names(&self) -> impl Iterator<Item = &'a str> {
        self.chains.keys().copied()
    }

    fn policy(&self, chain: &str) -> Result<Option<(bool, u32)>, ParseError> {
        Ok(self.chains.get(chain).and_then(|chain| chain.policy))
    }

    fn rules(&self, chain: &str) -> Option<&[RuleText<'a>]> {
        self.chains.get(chain).map(|chain| &chain.rules[..])
    }

    fn read(
        &self,
        rule: RuleText<'a>,
        limits: Limits,
        arms: &mut Vec<Arm<'a>>,
    ) -> Result<(), ParseError> {
        let mut reader = Reader {
            words: Words { rest: rule.text },
            matches: Matches::within(limits),
            target: None,
        };
        reader
            .rule()
            .map_err(|problem| ParseError::new(rule.at, problem))?;
        if let Some(action) = reader.target.and_then(Target::action) {
            let certain = reader.matches.certain;
            arms.extend(reader.matches.boxes.iter().map(|packets| Arm {
                packets: *packets,
                certain,
                ipv4_only: true,
                action,
            }));
        }
        Ok(())
    }
}

/// The words of a rule; what stands in double quotes is one word.
struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    fn next(&mut self) -> Result<Option<&'a str>, String> {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
        let Some(quoted) = self.rest.strip_prefix('"') else {
            let end = self.rest.find([' ', '\t']).unwrap_or(self.rest.len());
            let (word, rest) = self.rest.split_at(end);
            self.rest = rest;
            return match word {
                "" => Ok(None),
                word if word.contains('"') => {
                    Err(format!("expected quotes around a whole word, not {word}"))
                }
                word => Ok(Some(word)),
            };
        };
        let mut escaped = false;
        let end = quoted.bytes().position(|byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        });
        let end = end.ok_or("a quotation mark has no partner")?;
        self.rest = &quoted[end + 1..];
        if self.rest.starts_with([' ', '\t']) || self.rest.is_empty() {
            Ok(Some(&quoted[..end]))
        } else {
            Err("expected a space after a quotation".to_owned())
        }
    }

    fn value(&mut self, option: &str) -> Result<&'a str, String> {
        self.next()?.ok_or_else(|| format!("{option} has no value"))
    }
}

/// What `-j` or `-g` names.
#[derive(Clone, Copy)]
struct Target<'a> {
    name: &'a str,
    goes: bool,
}

/// Targets after which a packet goes on to the next rule.
const NO_VERDICT: [&str; 4] = ["LOG", "NFLOG", "AUDIT", "TRACE"];

/// Targets that do what no set of packets tells.
const OTHER_TARGETS: &str = "
    CHECKSUM CLASSIFY CLUSTERIP CONNMARK CONNSECMARK CT DNAT DNPT DSCP ECN HL HMARK IDLETIMER LED
    MARK MASQUERADE NAT NETMAP NFQUEUE NOTRACK QUEUE RATEEST REDIRECT SECMARK SET SNAT SNPT
    SYNPROXY TCPMSS TCPOPTSTRIP TEE TOS TPROXY TTL ULOG
";

impl<'a> Target<'a> {
    fn action(self) -> Option<Action<'a>> {
        match self.name {
            "ACCEPT" => Some(Action::Accept),
            "DROP" | "REJECT" => Some(Action::Deny),
            "RETURN" => Some(Action::Return),
            name if NO_VERDICT.contains(&name) => None,
            name if self.goes => Some(Action::Goto(name)),
            name => Some(Action::Jump(name)),
        }
    }
}

/// Matches that look at what no set of packets tells: each option with the count of its values.
const NARROWING: &[(&str, usize)] = &[
    ("-i", 1),
    ("--in-interface", 1),
    ("-o", 1),
    ("--out-interface", 1),
    ("-f", 0),
    ("--fragment", 0),
    ("--tcp-option", 1),
    ("--icmp-type", 1),
    // limit, hashlimit, connlimit, quota
    ("--limit", 1),
    ("--limit-burst", 1),
    ("--hashlimit-upto", 1),
    ("--hashlimit-above", 1),
    ("--hashlimit-burst", 1),
    ("--hashlimit-mode", 1),
    ("--hashlimit-name", 1),
    ("--hashlimit-srcmask", 1),
    ("--hashlimit-dstmask", 1),
    ("--hashlimit-htable-size", 1),
    ("--hashlimit-htable-max", 1),
    ("--hashlimit-htable-expire", 1),
    ("--hashlimit-htable-gcinterval", 1),
    ("--connlimit-upto", 1),
    ("--connlimit-above", 1),
    ("--connlimit-mask", 1),
    ("--connlimit-saddr", 0),
    ("--connlimit-daddr", 0),
    ("--quota", 1),
    // owner
    ("--uid-owner", 1),
    ("--gid-owner", 1),
    ("--socket-exists", 0),
    ("--suppl-groups", 0),
    // time
    ("--timestart", 1),
    ("--timestop", 1),
    ("--datestart", 1),
    ("--datestop", 1),
    ("--weekdays", 1),
    ("--monthdays", 1),
    ("--contiguous", 0),
    ("--kerneltz", 0),
    // addrtype, pkttype, mac, physdev
    ("--src-type", 1),
    ("--dst-type", 1),
    ("--limit-iface-in", 0),
    ("--limit-iface-out", 0),
    ("--pkt-type", 1),
    ("--mac-source", 1),
    ("--physdev-in", 1),
    ("--physdev-out", 1),
    ("--physdev-is-in", 0),
    ("--physdev-is-out", 0),
    ("--physdev-is-bridged", 0),
    // mark, connmark, dscp, tos, ttl, length
    ("--mark", 1),
    ("--dscp", 1),
    ("--dscp-class", 1),
    ("--tos", 1),
    ("--ttl-eq", 1),
    ("--ttl-lt", 1),
    ("--ttl-gt", 1),
    ("--length", 1),
    // helper, statistic, string, policy, conntrack beside its state
    ("--helper", 1),
    ("--mode", 1),
    ("--probability", 1),
    ("--every", 1),
    ("--packet", 1),
    ("--algo", 1),
    ("--string", 1),
    ("--hex-string", 1),
    ("--from", 1),
    ("--to", 1),
    ("--icase", 0),
    ("--dir", 1),
    ("--pol", 1),
    ("--strict", 0),
    ("--proto", 1),
    ("--ctdir", 1),
    ("--ctstatus", 1),
    ("--ctexpire", 1),
    ("--ctproto", 1),
    ("--ctorigsrc", 1),
    ("--ctorigdst", 1),
    ("--ctreplsrc", 1),
    ("--ctrepldst", 1),
    ("--ctorigsrcport", 1),
    ("--ctorigdstport", 1),
    ("--ctreplsrcport", 1),
    ("--ctrepldstport", 1),
    // recent
    ("--name", 1),
    ("--mask", 1),
    ("--rsource", 0),
    ("--rdest", 0),
    ("--set", 0),
    ("--rcheck", 0),
    ("--update", 0),
    ("--remove", 0),
    ("--seconds", 1),
    ("--hitcount", 1),
    ("--rttl", 0),
    ("--reap", 0),
];

/// Modules of which every option is known here, and that match nothing by themselves.
const MODULES: [&str; 11] = [
    "comment",
    "conntrack",
    "dccp",
    "icmp",
    "iprange",
    "multiport",
    "sctp",
    "state",
    "tcp",
    "udp",
    "udplite",
];

/// Modules that narrow, some of them without any option: `limit` is three packets an hour then.
const NARROWING_MODULES: &str = "
    addrtype connlimit connmark dscp hashlimit helper length limit mac mark owner physdev pkttype
    policy quota recent statistic string time tos ttl
";

/// Options of targets, each with the count of its values.
const TARGET_OPTIONS: &[(&str, usize)] = &[
    ("--reject-with", 1),
    ("--log-prefix", 1),
    ("--log-level", 1),
    ("--log-tcp-sequence", 0),
    ("--log-tcp-options", 0),
    ("--log-ip-options", 0),
    ("--log-uid", 0),
    ("--log-macdecode", 0),
    ("--nflog-group", 1),
    ("--nflog-prefix", 1),
    ("--nflog-range", 1),
    ("--nflog-size", 1),
    ("--nflog-threshold", 1),
    ("--type", 1),
];

struct Reader<'a> {
    words: Words<'a>,
    matches: Matches,
    target: Option<Target<'a>>,
}

impl Reader<'_> {
    fn rule(&mut self) -> Result<(), String> {
        let mut negated = false;
        while let Some(word) = self.words.next()? {
            if word == "!" && !negated {
                negated = true;
                continue;
            }
            self.option(word, negated)?;
            negated = false;
        }
        if negated {
            return Err("'!' has nothing after it".to_owned());
        }
        Ok(())
    }

    fn option(&mut self, option: &str, negated: bool) -> Result<(), String> {
        match option {
            "-s" | "--source" | "--src" => self.addresses(option, negated, Field::SOURCE),
            "-d" | "--destination" | "--dst" => self.addresses(option, negated, Field::DESTINATION),
            "-p" | "--protocol" => self.protocol(option, negated),
            "--sport" | "--source-port" | "--sports" | "--source-ports" => {
                self.ports(option, negated, Field::SOURCE_PORT)
            }
            "--dport" | "--destination-port" | "--dports" | "--destination-ports" => {
                self.ports(option, negated, Field::DESTINATION_PORT)
            }
            "--ports" => self.either_port(option, negated),
            "--src-range" => self.address_range(option, negated, Field::SOURCE),
            "--dst-range" => self.address_range(option, negated, Field::DESTINATION),
            "--syn" => {
                let mask = Flags::FIN | Flags::SYN | Flags::RST | Flags::ACK;
                self.flags(Flags::masked(mask, Flags::SYN), negated)
            }
            "--tcp-flags" => self.tcp_flags(option, negated),
            "--state" | "--ctstate" => self.states(option, negated),
            _ if negated => self.narrowing(option),
            "-m" | "--match" => self.module(option),
            "--comment" => self.words.value(option).map(|_| ()),
            "-c" | "--set-counters" => self.skip(option, 2),
            "-j" | "--jump" => self.target(option, false),
            "-g" | "--goto" => self.target(option, true),
            _ => match TARGET_OPTIONS.iter().find(|(known, _)| *known == option) {
                Some((_, values)) if self.target.is_some() => self.skip(option, *values),
                _ => self.narrowing(option),
            },
        }
    }

    fn skip(&mut self, option: &str, values: usize) -> Result<(), String> {
        (0..values).try_for_each(|_| self.words.value(option).map(|_| ()))
    }

    fn narrowing(&mut self, option: &str) -> Result<(), String> {
        let known = NARROWING.iter().find(|(known, _)| *known == option);
        let (_, values) = known.ok_or_else(|| {
            format!("'{option}' is not understood; expected a match or a target of iptables-extensions(8) that can be judged")
        })?;
        self.matches.certain = false;
        self.skip(option, *values)
    }

    fn module(&mut self, option: &str) -> Result<(), String> {
        let module = self.words.value(option)?;
        if MODULES.contains(&module) {
            return Ok(());
        }
        let mut narrowing = NARROWING_MODULES.split_ascii_whitespace();
        if narrowing.any(|known| known == module) {
            self.matches.certain = false;
            return Ok(());
        }
        Err(format!(
            "'-m {module}' cannot be judged: what it matches is not in the text"
        ))
    }

    fn target(&mut self, option: &str, goes: bool) -> Result<(), String> {
        let name = self.words.value(option)?;
        if self.target.is_some() {
            return Err("it has two targets".to_owned());
        }
        if OTHER_TARGETS
            .split_ascii_whitespace()
            .any(|known| known == name)
        {
            return Err(format!(
                "target {name} cannot be judged: it neither accepts nor denies"
            ));
        }
        self.target = Some(Target { name, goes });
        Ok(())
    }

    fn addresses(&mut self, option: &str, negated: bool, field: Field) -> Result<(), String> {
        let list = self.words.value(option)?;
        let spans = if list.contains(',') {
            let spans = list.split(',').map(masked_network);
            normalized(spans.collect::<Result<_, _>>()?)
        } else {
            return match masked_network(list)? {
                span if negated => self.matches.not_span(field, &[span]),
                span => self.matches.span(field, &[span]),
            };
        };
        self.matches.span_or_not(negated, field, &spans)
    }

    fn address_range(&mut self, option: &str, negated: bool, field: Field) -> Result<(), String> {
        let range = self.words.value(option)?;
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let address = crate::format::parse::address;
        let span = Span::new(address(first)?, address(last)?);
        let span = span.ok_or_else(|| format!("the range '{range}' is reversed"))?;
        self.matches.span_or_not(negated, field, &[span])
    }

    fn protocol(&mut self, option: &str, negated: bool) -> Result<(), String> {
        let name = self.words.value(option)?;
        let protocols = match name {
            "tcp" => Protocols::TCP,
            "udp" => Protocols::UDP,
            "all" | "0" if negated => return Err("it holds for no protocol".to_owned()),
            "all" | "0" => Protocols::ALL,
            _ => services::protocol(&name.to_ascii_lowercase())?,
        };
        let protocols = if negated { protocols.not() } else { protocols };
        self.matches.kind(Kind::of(protocols));
        Ok(())
    }

    /// `5060`, `10000:20000`, `10000:`, or several of these between commas.
    fn ports(&mut self, option: &str, negated: bool, field: Field) -> Result<(), String> {
        let spans = self.port_list(option)?;
        self.matches.span_or_not(negated, field, &spans)
    }

    fn port_list(&mut self, option: &str) -> Result<Vec<Span>, String> {
        let list = self.words.value(option)?;
        if !self.matches.have_ports() {
            return Err(format!(
                "{option} needs a protocol that has ports before it"
            ));
        }
        let spans = list.split(',').map(|item| match item.split_once(':') {
            None => port(item).map(Span::single),
            Some(("", "")) => Ok(any_port()),
            Some(("", last)) => port_range("0", last),
            Some((first, "")) => port_range(first, "65535"),
            Some((first, last)) => port_range(first, last),
        });
        Ok(normalized(spans.collect::<Result<_, _>>()?))
    }

    /// The source's port, or else the destination's.
    fn either_port(&mut self, option: &str, negated: bool) -> Result<(), String> {
        let spans = self.port_list(option)?;
        if negated {
            self.matches.not_span(Field::SOURCE_PORT, &spans)?;
            return self.matches.not_span(Field::DESTINATION_PORT, &spans);
        }
        let mut boxes = Vec::new();
        for span in &spans {
            boxes.push(Packets::ALL.with(Field::SOURCE_PORT, *span));
        }
        for other in complement(&spans, any_port()) {
            let rest = Packets::ALL.with(Field::SOURCE_PORT, other);
            boxes.extend(spans.iter().map(|s| rest.with(Field::DESTINATION_PORT, *s)));
        }
        self.matches.any_of(&boxes)
    }

    fn flags(&mut self, flags: Flags, negated: bool) -> Result<(), String> {
        let tcp = |packets: &Packets| packets.kind.protocols == Protocols::TCP;
        if !self.matches.boxes.iter().all(tcp) {
            return Err("flags need -p tcp before them".to_owned());
        }
        self.matches.kind(Kind {
            flags: if negated { flags.not() } else { flags },
            ..Kind::of(Protocols::TCP)
        });
        Ok(())
    }

    /// A mask, and those of its flags that are set.
    fn tcp_flags(&mut self, option: &str, negated: bool) -> Result<(), String> {
        let (mask, set) = (self.words.value(option)?, self.words.value(option)?);
        let (mask, other_mask) = flag_bits(mask)?;
        let (set, other_set) = flag_bits(set)?;
        let flags = if other_set & !other_mask != 0 {
            // What is set outside of the mask is never found.
            Flags::ALL.not()
        } else if other_mask == 0 {
            Flags::masked(mask, set)
        } else {
            self.matches.certain = false;
            if negated {
                // What is not "these and others" may be any.
                return self.flags(Flags::ALL, false);
            }
            Flags::masked(mask, set)
        };
        self.flags(flags, negated)
    }

    fn states(&mut self, option: &str, negated: bool) -> Result<(), String> {
        let list = self.words.value(option)?;
        let mut states = States::ALL.not();
        for name in list.split(',') {
            let state = States::named(&name.to_ascii_lowercase());
            states = states.or(state.ok_or_else(|| format!("state '{name}' cannot be judged"))?);
        }
        self.matches.kind(Kind {
            states: if negated { states.not() } else { states },
            ..Kind::ALL
        });
        Ok(())
    }
}

/// The flags that [`Flags`] tells apart, and the others.
fn flag_bits(list: &str) -> Result<(u8, u8), String> {
    let (mut known, mut other) = (0, 0);
    for name in list.split(',') {
        match name {
            "FIN" => known |= Flags::FIN,
            "SYN" => known |= Flags::SYN,
            "RST" => known |= Flags::RST,
            "ACK" => known |= Flags::ACK,
            "PSH" => other |= 1,
            "URG" => other |= 2,
            "ALL" => (known, other) = (Flags::FIN | Flags::SYN | Flags::RST | Flags::ACK, 3),
            "NONE" => {}
            _ => return Err(format!("'{name}' is not a flag of TCP")),
        }
    }
    Ok((known, other))
}

/// A network by prefix length or by netmask.
fn masked_network(word: &str) -> Result<Span, String> {
    let Some((base, mask)) = word.split_once('/').filter(|(_, mask)| mask.contains('.')) else {
        return network(word);
    };
    let mask = crate::format::parse::address(mask)?;
    if mask.leading_ones() + mask.trailing_zeros() < 32 {
        return Err(format!(
            "the netmask of '{word}' has gaps, which cannot be judged"
        ));
    }
    network(&format!("{base}/{}", mask.leading_ones()))
}
