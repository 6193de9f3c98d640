//! Converts the words of an iptables rule to packet boxes and an action.

use std::rc::Rc;

use super::options::{CRITERIA_MODULES, MODULES, NARROWING, NARROWING_MODULES};
use super::values::{self, flag_bits, masked_network};
use super::words::Words;
use super::{effects, targets};
use crate::firewall::{Criteria, Interfaces, Range, RuleAction, is_special_kind};
use crate::format::read::iana;
use crate::format::read::matches::Matches;
use crate::format::read::named_sets::{Contents, Side};
use crate::format::read::values::{address, any_port, port};
use crate::limits::{Limit, Limits};
use crate::packets::{
    Condition, Flags, HeaderBox, HeaderField, HeaderMatch, Interval, Protocols, States, normalized,
};

pub(super) struct Rule<'a> {
    pub matches: Matches,
    pub criteria: Criteria<'a>,
    /// `None` if every packet continues with the next rule.
    pub action: Option<RuleAction<'a>>,
    /// The states of which one is enough to match. In other states, only packets whose destination was changed match.
    pub or_redirected: Option<States>,
    /// True if a match sets the mark of the packets that it compares.
    pub sets_mark: bool,
    /// Why packet boxes cannot express the rule exactly.
    pub problem: Option<String>,
}

/// The table of a rule, and the sets that it may refer to.
pub(super) trait Context {
    /// True if the table has a chain of this name.
    fn has(&self, name: &str) -> bool;

    /// True if the table always has a chain of this name, which no rule can jump to.
    fn is_built_in(&self, name: &str) -> bool;

    /// Returns the contents of a set; `None` if they are not in the input.
    fn set(&self, name: &str) -> Option<Rc<Contents>>;
}

impl<'a> Rule<'a> {
    /// Reads the words after the name of the chain. If some of them cannot be read, the condition is unknown, and the
    /// packets are those that match the others.
    ///
    /// `spent` is the work of the rules before this one; see [`Limit::Work`].
    pub fn read(text: &'a str, context: &dyn Context, limits: Limits, spent: usize) -> Self {
        let mut reader = RuleReader {
            words: Words::of(text),
            rule: Rule {
                matches: Matches::within(limits),
                criteria: Criteria::default(),
                action: None,
                or_redirected: None,
                sets_mark: false,
                problem: None,
            },
            module: "",
            needs_option: false,
            is_limited_to_interface: false,
            excluded: None,
            conntrack: Conntrack::default(),
            has_original: false,
            context,
            target: None,
            spent,
        };
        reader.rule();
        reader.rule
    }

    /// Records the first problem.
    fn refuse(&mut self, problem: String) {
        self.problem.get_or_insert(problem);
    }
}

/// The options of the last `-m conntrack`.
#[derive(Clone, Copy, Default)]
struct Conntrack {
    has_states: bool,
    has_original: bool,
}

struct RuleReader<'a, 'c> {
    words: Words<'a>,
    rule: Rule<'a>,
    /// The last name after `-m`.
    module: &'a str,
    /// True if the module matches nothing without an option, and no such option was read yet.
    needs_option: bool,
    /// True if a match on the kind of an address looks only at the addresses of one interface.
    is_limited_to_interface: bool,
    /// The port field that an earlier match restricts to all but one number.
    excluded: Option<HeaderField>,
    conntrack: Conntrack,
    /// True if an earlier module compared the original destination.
    has_original: bool,
    context: &'c dyn Context,
    /// The name after `-j`; empty after `-g`.
    target: Option<&'a str>,
    spent: usize,
}

impl<'a> RuleReader<'a, '_> {
    fn rule(&mut self) {
        let mut is_complete = true;
        loop {
            match self.next() {
                Ok(true) => {}
                Ok(false) => break,
                Err(problem) => {
                    self.rule.refuse(problem);
                    is_complete = false;
                    self.words.skip_values();
                }
            }
            let matches = &self.rule.matches;
            let work = self.spent.saturating_add(matches.cost);
            if let Err(exceeded) = matches.limits.check(Limit::Work, work) {
                self.rule.refuse(exceeded.to_string());
                is_complete = false;
                break;
            }
        }
        self.end_module();
        if self.is_limited_to_interface {
            let criteria = &mut self.rule.criteria;
            (criteria.source_is_local, criteria.destination_is_local) = (None, None);
        }
        if !is_complete {
            self.rule.matches.condition = Condition::Unknown;
            if self.target.is_none() {
                self.rule.action = Some(RuleAction::Undecided);
            }
        }
    }

    /// Reads the next option with its values. Returns false at the end.
    fn next(&mut self) -> Result<bool, String> {
        let Some(mut word) = self.words.next()? else {
            return Ok(false);
        };
        let mut negated = word == "!";
        if negated {
            word = self.words.next()?.ok_or("expected a match after '!'")?;
        }
        // As iptables up to 1.4.2 printed it: `-s ! 192.0.2.1`.
        if self.words.take("!") {
            if negated {
                return Err(format!("'{word}' is negated twice"));
            }
            negated = true;
        }
        self.option(word, negated).map(|()| true)
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
            "--syn" => self.flags(Flags::exactly(Flags::SYN), negated),
            "--tcp-flags" => self.tcp_flags(option, negated),
            "--state" | "--ctstate" => self.states(option, negated),
            "--mark" => self.mark(option, negated),
            "--src-type" | "--dst-type" => self.kind_of_address(option, negated),
            "--pkt-type" => self.kind_of_packet(option, negated),
            "-f" | "--fragment" => {
                self.irregular(!negated);
                Ok(())
            }
            "--ctorigdst" | "--ctorigdstport" => self.original(option, negated),
            "--loose" | "--validmark" | "--accept-local" if self.module == "rpfilter" => Ok(()),
            "--invert" if self.module == "rpfilter" => {
                self.rule.criteria.has_route_back = Some(false);
                Ok(())
            }
            "--match-set" if self.module == "set" => self.match_set(option, negated),
            "--update-counters" | "--update-subcounters" if self.module == "set" => Ok(()),
            _ if negated => self.narrowing(option),
            "-m" | "--match" => self.module(option),
            "--comment" => self.words.value(option).map(|_| ()),
            "-c" | "--set-counters" => self.skip(option, 2),
            "-j" | "--jump" => self.target(option, false),
            "-g" | "--goto" => self.target(option, true),
            _ => self.option_of_target(option),
        }
    }

    fn option_of_target(&mut self, option: &str) -> Result<(), String> {
        let target = self.target.unwrap_or_default();
        match targets::values(target, option) {
            Some(values) => self.skip(option, values),
            None if targets::is_unsupported_option(target, option) => {
                self.rule.refuse(unknown_option(option));
                self.words.skip_values();
                Ok(())
            }
            None => self.narrowing(option),
        }
    }

    fn skip(&mut self, option: &str, values: usize) -> Result<(), String> {
        (0..values).try_for_each(|_| self.words.value(option).map(|_| ()))
    }

    fn narrowing(&mut self, option: &str) -> Result<(), String> {
        let known = NARROWING.iter().find(|(known, _)| *known == option);
        let (_, values) = known.ok_or_else(|| unknown_option(option))?;
        self.rule.matches.condition = Condition::Unknown;
        match option {
            "--limit-iface-in" | "--limit-iface-out" => self.is_limited_to_interface = true,
            "--restore-skmark" => self.rule.sets_mark = true,
            _ => {}
        }
        self.skip(option, *values)
    }

    fn module(&mut self, option: &str) -> Result<(), String> {
        let module = self.words.value(option)?;
        self.end_module();
        self.module = module;
        if MODULES.contains(&module) {
            return Ok(());
        }
        if CRITERIA_MODULES.contains(&module) {
            self.needs_option = true;
            return Ok(());
        }
        if module == "rpfilter" {
            self.rule.criteria.has_route_back = Some(true);
            return Ok(());
        }
        let mut narrowing = NARROWING_MODULES.split_ascii_whitespace();
        if narrowing.any(|known| known == module) {
            self.rule.matches.condition = Condition::Unknown;
            return Ok(());
        }
        let problem = format!(
            "'-m {module}' is not supported: the listing does not show which packets it matches"
        );
        if module == "set" {
            self.needs_option = true;
            self.rule.refuse(problem);
            return Ok(());
        }
        Err(problem)
    }

    fn end_module(&mut self) {
        if std::mem::take(&mut self.needs_option) {
            self.rule.matches.condition = Condition::Unknown;
        }
        let Conntrack {
            has_states,
            has_original,
        } = std::mem::take(&mut self.conntrack);
        if has_original {
            // If the state of a packet without a connection matches, Linux does not compare the rest (`conntrack_mt`).
            let is_first = !std::mem::replace(&mut self.has_original, true);
            let criteria = &mut self.rule.criteria;
            criteria.is_original_optional =
                has_states && (is_first || criteria.is_original_optional);
        }
    }

    fn target(&mut self, option: &str, goes: bool) -> Result<(), String> {
        let name = self.words.value(option)?;
        // A chain has no options.
        let before = self.target.replace(if goes { "" } else { name });
        self.rule.action = Some(RuleAction::Undecided);
        if before.is_some() {
            return Err("the rule has two targets".to_owned());
        }
        if self.words.has_escapes {
            self.target = Some("");
            return Err(
                "the quoted name of a chain contains a backslash; write it without quotes"
                    .to_owned(),
            );
        }
        if self.context.is_built_in(name) {
            return Err(format!(
                "a rule cannot jump to the built-in chain '{name}'; expected a user-defined chain or a target"
            ));
        }
        self.rule.action = if goes {
            Some(RuleAction::Goto(name))
        } else {
            self.jump(name)
        };
        Ok(())
    }

    /// Returns the action of `-j NAME`; `None` if the packet continues with the next rule.
    ///
    /// A listing shows no difference between a target and a chain of the same name. Both can exist in one
    /// table, because `iptables -E` and `iptables-restore` allow any name for a chain.
    fn jump(&mut self, name: &'a str) -> Option<RuleAction<'a>> {
        let action = match name {
            "ACCEPT" => Some(RuleAction::Accept),
            "DROP" | "REJECT" => Some(RuleAction::Deny),
            "RETURN" => Some(RuleAction::Return),
            _ => None,
        };
        let is_unsupported = action.is_none() && targets::is_unsupported(name);
        if action.is_none() && !is_unsupported && !targets::passes_on(name) {
            return Some(RuleAction::Jump(name));
        }
        if self.context.has(name) {
            self.rule.refuse(format!(
                "'-j {name}' can mean the target '{name}' or the chain '{name}' of this table; rename the chain"
            ));
            return Some(RuleAction::Undecided);
        }
        let effect = action.or_else(|| effects::effect(name, self.words.rest()));
        if !is_unsupported {
            return effect;
        }
        self.rule.refuse(format!(
            "target '{name}' is not supported: it does more than accept or deny packets"
        ));
        Some(effect.unwrap_or(RuleAction::Undecided))
    }

    fn mark(&mut self, option: &str, negated: bool) -> Result<(), String> {
        let wanted = values::mark(self.words.value(option)?, negated);
        let criteria = &mut self.rule.criteria;
        let criterion = match self.module {
            "mark" => &mut criteria.mark,
            "connmark" => &mut criteria.connection_mark,
            _ => {
                self.rule.matches.condition = Condition::Unknown;
                return Ok(());
            }
        };
        if criterion.is_none() && wanted.is_some() {
            *criterion = wanted;
            self.needs_option = false;
        } else {
            self.rule.matches.condition = Condition::Unknown;
        }
        Ok(())
    }

    /// Reads kinds of addresses, such as `LOCAL,BROADCAST`. The addresses of calls are local or unicast.
    fn kind_of_address(&mut self, option: &str, negated: bool) -> Result<(), String> {
        let kinds = self.words.value(option)?;
        self.needs_option = false;
        let is_known = |kind| matches!(kind, "LOCAL" | "UNICAST") || is_special_kind(kind);
        if !kinds.split(',').all(is_known) {
            self.rule.matches.condition = Condition::Unknown;
            return Ok(());
        }
        let has = |kind| kinds.split(',').any(|known| known == kind) != negated;
        let (local, unicast) = (has("LOCAL"), has("UNICAST"));
        if local == unicast {
            self.irregular(!local);
            return Ok(());
        }
        let criteria = &mut self.rule.criteria;
        let criterion = match option {
            "--src-type" => &mut criteria.source_is_local,
            _ => &mut criteria.destination_is_local,
        };
        let is_added = *criterion.get_or_insert(local) == local;
        self.rule.matches.condition &= Condition::true_if(is_added);
        Ok(())
    }

    /// Reads the destination of the first packet of the connection.
    fn original(&mut self, option: &str, negated: bool) -> Result<(), String> {
        let text = self.words.value(option)?;
        self.conntrack.has_original = true;
        let criteria = &mut self.rule.criteria;
        let (criterion, interval) = match option {
            "--ctorigdst" => (&mut criteria.original_address, masked_network(text)?),
            _ => (&mut criteria.original_port, port_range(text)?),
        };
        let wanted = Range {
            interval,
            is_negated: negated,
        };
        let is_added = *criterion.get_or_insert(wanted) == wanted;
        self.rule.matches.condition &= Condition::true_if(is_added);
        Ok(())
    }

    fn kind_of_packet(&mut self, option: &str, negated: bool) -> Result<(), String> {
        match self.words.value(option)? {
            "broadcast" | "multicast" => self.irregular(!negated),
            "unicast" | "host" => self.irregular(negated),
            _ => self.rule.matches.condition = Condition::Unknown,
        }
        self.needs_option = false;
        Ok(())
    }

    fn irregular(&mut self, is_irregular: bool) {
        let is_added = self.rule.criteria.add_irregular(is_irregular);
        self.rule.matches.condition &= Condition::true_if(is_added);
    }

    /// Reads the name of a set and the sides that its elements are compared with, such as `src,dst`.
    fn match_set(&mut self, option: &str, negated: bool) -> Result<(), String> {
        let name = self.words.value(option)?;
        let sides = sides(self.words.value(option)?);
        // This option, which follows, inverts the match for some entries.
        let inverts = self.words.rest().contains("--return-nomatch");
        let contents = self.context.set(name).filter(|_| !inverts);
        let matches = &mut self.rule.matches;
        self.needs_option = false;
        if let (Some(contents), Some(sides)) = (contents, sides) {
            return contents.narrow(&sides, negated, matches);
        }
        matches.condition = Condition::Unknown;
        Ok(())
    }

    fn addresses(&mut self, option: &str, negated: bool, field: HeaderField) -> Result<(), String> {
        let list = self.words.value(option)?;
        let spans = if list.contains(',') {
            let spans = list.split(',').map(masked_network);
            normalized(spans.collect::<Result<_, _>>()?)
        } else {
            return match masked_network(list)? {
                span if negated => self.rule.matches.not_span(field, &[span]),
                span => self.rule.matches.span(field, &[span]),
            };
        };
        self.rule.matches.span_or_not(negated, field, &spans)
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
        self.rule
            .matches
            .span_or_not(negated, field, span.as_slice())
    }

    /// Reads the name of an interface. `+` means every interface; iptables does not print it.
    fn interface(&mut self, option: &str, negated: bool) -> Result<(), String> {
        match self.words.value(option)? {
            "" => Err(format!(
                "expected the name of an interface after '{option}'"
            )),
            "+" if negated => self.rule.matches.span(HeaderField::Source, &[]),
            "+" => Ok(()),
            name => {
                self.criterion(option, name, negated);
                Ok(())
            }
        }
    }

    fn criterion(&mut self, option: &str, name: &'a str, negated: bool) {
        let criteria = &mut self.rule.criteria;
        let criterion = match option {
            "-i" | "--in-interface" => &mut criteria.input,
            _ => &mut criteria.output,
        };
        if criterion.is_some() || self.words.has_escapes {
            self.rule.matches.condition = Condition::Unknown;
            return;
        }
        let start = name.strip_suffix('+');
        *criterion = Some(Interfaces::one(
            start.unwrap_or(name),
            start.is_some(),
            negated,
        ));
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
        self.rule.matches.kind(HeaderMatch::of(protocols));
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
                // The first of the two ports already excluded packets that iptables-nft matches.
                self.rule.matches.boxes = vec![HeaderBox::ALL];
                return Err(
                    "two ports with '!' exclude only that pair of ports in iptables-nft, but each of them in \
                     iptables-legacy; write a rule for each port"
                        .to_owned(),
                );
            }
        }
        self.rule.matches.span_or_not(negated, field, &spans)
    }

    fn port_list(&mut self, option: &str) -> Result<Vec<Interval>, String> {
        let list = self.words.value(option)?;
        if !self.rule.matches.have_ports() {
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
            self.rule
                .matches
                .not_span(HeaderField::SourcePort, &spans)?;
            return self
                .rule
                .matches
                .not_span(HeaderField::DestinationPort, &spans);
        }
        self.rule.matches.either_port(&spans)
    }

    fn flags(&mut self, flags: Flags, negated: bool) -> Result<(), String> {
        let tcp = |packets: &HeaderBox| packets.header().protocols == Protocols::TCP;
        if !self.rule.matches.boxes.iter().all(tcp) {
            return Err("TCP flags need '-p tcp' before them".to_owned());
        }
        self.rule.matches.kind(HeaderMatch {
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
            if !negated && mask & !set & Flags::ACK != 0 && other_set != 0 {
                // A packet without ACK has neither data nor these flags.
                self.irregular(true);
            } else {
                self.rule.matches.condition = Condition::Unknown;
            }
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
        self.conntrack.has_states = true;
        let mut states = States::ALL.not();
        let mut has_redirected = false;
        for name in list.split(',') {
            if let Some(state) = States::named(&name.to_ascii_lowercase()) {
                states = states.or(state);
                continue;
            }
            let problem = format!("state '{name}' is not supported");
            if name != "DNAT" {
                return Err(problem);
            }
            self.rule.refuse(problem);
            has_redirected = true;
        }
        match (has_redirected, negated) {
            (true, false) => self.rule.or_redirected = Some(states),
            (true, true) => self.rule.criteria.is_redirected = Some(false),
            _ => {}
        }
        if !has_redirected || negated {
            self.rule.matches.kind(HeaderMatch {
                states: if negated { states.not() } else { states },
                ..HeaderMatch::ALL
            });
        }
        Ok(())
    }
}

/// Reads a port, or `FIRST:LAST`.
fn port_range(text: &str) -> Result<Interval, String> {
    let (first, last) = text.split_once(':').unwrap_or((text, text));
    Interval::new(port(first)?, port(last)?).ok_or_else(|| format!("'{text}' is reversed"))
}

fn unknown_option(option: &str) -> String {
    format!(
        "'{option}' is unknown or not supported; expected a match or a target of iptables-extensions(8)"
    )
}

/// Reads `src,dst`. A set has at most six elements (`IPSET_DIM_MAX`).
fn sides(list: &str) -> Option<Vec<Side>> {
    let side = |word| match word {
        "src" => Some(Side::Source),
        "dst" => Some(Side::Destination),
        _ => None,
    };
    let sides: Option<Vec<Side>> = list.split(',').map(side).collect();
    sides.filter(|sides| sides.len() <= 6)
}
