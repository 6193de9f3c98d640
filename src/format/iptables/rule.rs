//! Converts the words of an iptables rule to packet boxes and an action.

use super::targets;
use super::words::Words;
use crate::firewall::RuleAction;
use crate::format::read::iana;
use crate::format::read::matches::Matches;
use crate::format::read::values::{address, any_port, network, port, prefix_length};
use crate::limits::{Limit, Limits};
use crate::packets::{
    Condition, Flags, HeaderBox, HeaderField, HeaderMatch, Interval, Protocols, States, normalized,
};

/// The built-in chains of the filter table.
pub(super) const BUILT_IN: [&str; 3] = ["INPUT", "FORWARD", "OUTPUT"];

pub(super) struct Rule<'a> {
    pub matches: Matches,
    /// `None` if every packet continues with the next rule.
    pub action: Option<RuleAction<'a>>,
}

/// The chains of the table.
pub(super) trait Named {
    /// True if the table has a chain of this name.
    fn has(&self, name: &str) -> bool;
}

impl<'a> Rule<'a> {
    /// Parses the words after the name of the chain.
    ///
    /// `spent` is the work of the rules before this one; see [`Limit::Work`].
    pub fn read(
        text: &'a str,
        chains: &dyn Named,
        limits: Limits,
        spent: usize,
    ) -> Result<Self, String> {
        let mut reader = RuleReader {
            words: Words::of(text),
            matches: Matches::within(limits),
            excluded: None,
            chains,
            target: None,
            action: None,
            spent,
        };
        reader.rule()?;
        Ok(Rule {
            matches: reader.matches,
            action: reader.action,
        })
    }
}

/// Unsupported targets, which do more than accept or deny.
const UNSUPPORTED_TARGETS: &str = "
    CHAOS CLUSTERIP CONTINUE DELUDE DNAT DNPT ECHO MASQUERADE MIRROR NAT NETMAP NFQUEUE NOTRACK QUEUE
    REDIRECT SNAT SNPT STEAL SYNPROXY SYSRQ TARPIT TPROXY
";

/// The action of `-j NAME`, or of `-g NAME` if `is_goto`. `None` if the packet continues with the next
/// rule.
///
/// A listing shows no difference between a target and a chain of the same name. Both can exist in one
/// table, because `iptables -E` and `iptables-restore` allow any name for a chain.
fn action<'a>(
    name: &'a str,
    is_goto: bool,
    chains: &dyn Named,
) -> Result<Option<RuleAction<'a>>, String> {
    if BUILT_IN.contains(&name) {
        return Err(format!(
            "a rule cannot jump to the built-in chain '{name}'; expected a user-defined chain or a target"
        ));
    }
    if is_goto {
        return Ok(Some(RuleAction::Goto(name)));
    }
    let action = match name {
        "ACCEPT" => Some(RuleAction::Accept),
        "DROP" | "REJECT" => Some(RuleAction::Deny),
        "RETURN" => Some(RuleAction::Return),
        _ => None,
    };
    let mut unsupported = UNSUPPORTED_TARGETS.split_ascii_whitespace();
    let is_unsupported = action.is_none() && unsupported.any(|known| known == name);
    if action.is_none() && !is_unsupported && !targets::passes_on(name) {
        return Ok(Some(RuleAction::Jump(name)));
    }
    if chains.has(name) {
        return Err(format!(
            "'-j {name}' can mean the target '{name}' or the chain '{name}' of this table; rename the chain"
        ));
    }
    if is_unsupported {
        return Err(format!(
            "target '{name}' is not supported: it does more than accept or deny packets"
        ));
    }
    Ok(action)
}

/// Options of matches that packet boxes do not model, each with the number of its values.
const NARROWING: &[(&str, usize)] = &[
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
    ("--days", 1),
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
    // helper, statistic, string, policy, conntrack except its states
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
    // connbytes, cgroup, cpu, devgroup, ecn, nfacct, realm, rpfilter, socket, tcpmss, u32
    ("--connbytes", 1),
    ("--connbytes-dir", 1),
    ("--connbytes-mode", 1),
    ("--cgroup", 1),
    ("--path", 1),
    ("--cpu", 1),
    ("--src-group", 1),
    ("--dst-group", 1),
    ("--ecn-tcp-cwr", 0),
    ("--ecn-tcp-ece", 0),
    ("--ecn-ip-ect", 1),
    ("--nfacct-name", 1),
    ("--realm", 1),
    ("--loose", 0),
    ("--validmark", 0),
    ("--accept-local", 0),
    ("--invert", 0),
    ("--transparent", 0),
    ("--nowildcard", 0),
    ("--restore-skmark", 0),
    ("--mss", 1),
    ("--u32", 1),
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

/// Modules whose options are all known here, and that match every packet without options.
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

/// Modules that packet boxes do not model. Some of them match only some packets even without options: the
/// default of `limit` is three packets per hour.
const NARROWING_MODULES: &str = "
    addrtype cgroup connbytes connlimit connmark cpu devgroup dscp ecn hashlimit helper length limit
    mac mark nfacct owner physdev pkttype policy quota realm recent rpfilter socket statistic string
    tcpmss time tos ttl u32
";

struct RuleReader<'a, 'c> {
    words: Words<'a>,
    matches: Matches,
    /// The port field that an earlier match restricts to all but one number.
    excluded: Option<HeaderField>,
    chains: &'c dyn Named,
    /// The name after `-j` or `-g`.
    target: Option<&'a str>,
    action: Option<RuleAction<'a>>,
    spent: usize,
}

impl RuleReader<'_, '_> {
    fn rule(&mut self) -> Result<(), String> {
        let mut negated = false;
        while let Some(word) = self.words.next()? {
            if word == "!" && !negated {
                negated = true;
                continue;
            }
            // As iptables up to 1.4.2 printed it: `-s ! 192.0.2.1`.
            if self.words.take("!") {
                if negated {
                    return Err(format!("'{word}' is negated twice"));
                }
                negated = true;
            }
            self.option(word, negated)?;
            negated = false;
            let work = self.spent.saturating_add(self.matches.cost);
            self.matches.limits.check(Limit::Work, work)?;
        }
        if negated {
            return Err("expected a match after '!'".to_owned());
        }
        Ok(())
    }

    fn option(&mut self, option: &str, negated: bool) -> Result<(), String> {
        match option {
            "-s" | "--source" | "--src" => self.addresses(option, negated, HeaderField::Source),
            "-d" | "--destination" | "--dst" => {
                self.addresses(option, negated, HeaderField::Destination)
            }
            "-p" | "--protocol" => self.protocol(option, negated),
            "-i" | "--in-interface" | "-o" | "--out-interface" => self.interface(option, negated),
            "--sport" | "--source-port" | "--sports" | "--source-ports" => {
                self.ports(option, negated, HeaderField::SourcePort)
            }
            "--dport" | "--destination-port" | "--dports" | "--destination-ports" => {
                self.ports(option, negated, HeaderField::DestinationPort)
            }
            "--ports" => self.either_port(option, negated),
            "--src-range" => self.address_range(option, negated, HeaderField::Source),
            "--dst-range" => self.address_range(option, negated, HeaderField::Destination),
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
            _ => match self.target.and_then(|name| targets::values(name, option)) {
                Some(values) => self.skip(option, values),
                None => self.narrowing(option),
            },
        }
    }

    fn skip(&mut self, option: &str, values: usize) -> Result<(), String> {
        (0..values).try_for_each(|_| self.words.value(option).map(|_| ()))
    }

    fn narrowing(&mut self, option: &str) -> Result<(), String> {
        let known = NARROWING.iter().find(|(known, _)| *known == option);
        let (_, values) = known.ok_or_else(|| {
            format!("'{option}' is unknown or not supported; expected a match or a target of iptables-extensions(8)")
        })?;
        self.matches.condition = Condition::Unknown;
        self.skip(option, *values)
    }

    fn module(&mut self, option: &str) -> Result<(), String> {
        let module = self.words.value(option)?;
        if MODULES.contains(&module) {
            return Ok(());
        }
        let mut narrowing = NARROWING_MODULES.split_ascii_whitespace();
        if narrowing.any(|known| known == module) {
            self.matches.condition = Condition::Unknown;
            return Ok(());
        }
        Err(format!(
            "'-m {module}' is not supported: the listing does not show which packets it matches"
        ))
    }

    fn target(&mut self, option: &str, goes: bool) -> Result<(), String> {
        let name = self.words.value(option)?;
        if self.target.is_some() {
            return Err("the rule has two targets".to_owned());
        }
        if self.words.has_escapes {
            return Err(
                "the quoted name of a chain contains a backslash; write it without quotes"
                    .to_owned(),
            );
        }
        // A chain has no options.
        self.target = Some(if goes { "" } else { name });
        self.action = action(name, goes, self.chains)?;
        Ok(())
    }

    fn addresses(&mut self, option: &str, negated: bool, field: HeaderField) -> Result<(), String> {
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

    fn address_range(
        &mut self,
        option: &str,
        negated: bool,
        field: HeaderField,
    ) -> Result<(), String> {
        let range = self.words.value(option)?;
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        // For the kernel, a reversed range contains no address.
        let span = Interval::new(address(first)?, address(last)?);
        self.matches.span_or_not(negated, field, span.as_slice())
    }

    /// Reads the name of an interface. `+` means every interface; iptables does not print it.
    fn interface(&mut self, option: &str, negated: bool) -> Result<(), String> {
        match self.words.value(option)? {
            "" => Err(format!(
                "expected the name of an interface after '{option}'"
            )),
            "+" if negated => self.matches.span(HeaderField::Source, &[]),
            "+" => Ok(()),
            _ => {
                self.matches.condition = Condition::Unknown;
                Ok(())
            }
        }
    }

    fn protocol(&mut self, option: &str, negated: bool) -> Result<(), String> {
        let name = self.words.value(option)?;
        let protocols = match name {
            "tcp" => Protocols::TCP,
            "udp" => Protocols::UDP,
            "all" | "0" if negated => {
                return Err("'! -p all' matches no protocol; remove the rule".to_owned());
            }
            "all" | "0" => Protocols::ALL,
            _ => iana::protocol(&name.to_ascii_lowercase())?,
        };
        let protocols = if negated { protocols.not() } else { protocols };
        self.matches.kind(HeaderMatch::of(protocols));
        Ok(())
    }

    /// Reads ports: `5060`, `10000:20000`, `10000:`, or a list of these with commas.
    fn ports(&mut self, option: &str, negated: bool, field: HeaderField) -> Result<(), String> {
        let spans = self.port_list(option)?;
        if negated && !option.ends_with('s') && spans == [Interval::PORTS] {
            return Err(format!(
                "'! {option}' with all ports matches any port in iptables-nft and none in iptables-legacy; \
                 remove the rule or the option"
            ));
        }
        let is_single = matches!(spans[..], [Interval { first, last }] if first == last);
        if negated && !option.ends_with('s') && is_single {
            let other = self.excluded.replace(field);
            if other.is_some_and(|other| other != field) {
                return Err(
                    "two ports with '!' exclude only that pair of ports in iptables-nft, but each of them in \
                     iptables-legacy; write a rule for each port"
                        .to_owned(),
                );
            }
        }
        self.matches.span_or_not(negated, field, &spans)
    }

    fn port_list(&mut self, option: &str) -> Result<Vec<Interval>, String> {
        let list = self.words.value(option)?;
        if !self.matches.have_ports() {
            return Err(format!(
                "'{option}' needs a protocol with ports before it, such as '-p udp'"
            ));
        }
        // For the kernel, a reversed range contains no port.
        let range = |first: &str, last: &str| -> Result<_, String> {
            Ok(Interval::new(port(first)?, port(last)?))
        };
        let mut spans = Vec::with_capacity(1);
        for item in list.split(',') {
            spans.extend(match item.split_once(':') {
                None => Some(Interval::single(port(item)?)),
                Some(("", "")) => Some(any_port()),
                Some(("", last)) => range("0", last)?,
                Some((first, "")) => range(first, "65535")?,
                Some((first, last)) => range(first, last)?,
            });
        }
        Ok(normalized(spans))
    }

    /// Reads `--ports`, which matches if the source port or the destination port is in the list.
    fn either_port(&mut self, option: &str, negated: bool) -> Result<(), String> {
        let spans = self.port_list(option)?;
        if negated {
            self.matches.not_span(HeaderField::SourcePort, &spans)?;
            return self.matches.not_span(HeaderField::DestinationPort, &spans);
        }
        self.matches.either_port(&spans)
    }

    fn flags(&mut self, flags: Flags, negated: bool) -> Result<(), String> {
        let tcp = |packets: &HeaderBox| packets.header().protocols == Protocols::TCP;
        if !self.matches.boxes.iter().all(tcp) {
            return Err("TCP flags need '-p tcp' before them".to_owned());
        }
        self.matches.kind(HeaderMatch {
            flags: if negated { flags.not() } else { flags },
            ..HeaderMatch::of(Protocols::TCP)
        });
        Ok(())
    }

    /// Reads `--tcp-flags`: a mask, and the flags in it that must be set.
    fn tcp_flags(&mut self, option: &str, negated: bool) -> Result<(), String> {
        let (mask, set) = (self.words.value(option)?, self.words.value(option)?);
        let (mask, other_mask) = flag_bits(mask)?;
        let (set, other_set) = flag_bits(set)?;
        if mask | other_mask == 0 && (negated || set | other_set != 0) {
            return Err(format!(
                "'{option}' with an empty mask matches any TCP packet in iptables-nft and none in \
                 iptables-legacy; remove the rule or the option"
            ));
        }
        let flags = if other_set & !other_mask != 0 {
            // A flag outside of the mask never matches.
            Flags::ALL.not()
        } else if other_mask == 0 {
            Flags::masked(mask, set)
        } else {
            self.matches.condition = Condition::Unknown;
            if negated {
                // The complement of an unknown condition may be any packet.
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
            states = states.or(state.ok_or_else(|| format!("state '{name}' is not supported"))?);
        }
        self.matches.kind(HeaderMatch {
            states: if negated { states.not() } else { states },
            ..HeaderMatch::ALL
        });
        Ok(())
    }
}

/// The bits of the flags that [`Flags`] models, and of the other flags.
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
            _ => return Err(format!("'{name}' is not a TCP flag")),
        }
    }
    Ok((known, other))
}

/// Parses a network with a prefix length or a netmask.
fn masked_network(word: &str) -> Result<Interval, String> {
    let Some((base, mask)) = word.split_once('/').filter(|(_, mask)| mask.contains('.')) else {
        return network(word);
    };
    let length = prefix_length(address(mask)?)
        .ok_or_else(|| format!("the netmask of '{word}' has gaps, which is not supported"))?;
    Ok(Interval::network(address(base)?, length))
}
