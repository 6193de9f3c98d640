//! The criteria of rules besides the headers of packets, and the facts that decide them.

use std::sync::Arc;

use super::mark::{Mark, MarkMatch};
use crate::packets::{Condition, Interval, IntervalSet};

/// The criteria of a rule besides the header of a packet. Each of them must be met.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Criteria<'a> {
    /// The interface that received the packet.
    pub input: Option<Interfaces<'a>>,
    /// The interface that the packet leaves through.
    pub output: Option<Interfaces<'a>>,
    pub mark: Option<MarkMatch>,
    /// Only packets of tracked connections meet it.
    pub connection_mark: Option<MarkMatch>,
    /// True if the packet must belong to a tracked connection.
    pub needs_connection: bool,
    /// True if the destination must be an address of the machine, false if it must not be one.
    pub destination_is_local: Option<bool>,
    /// True if the source must be an address of the machine, false if it must not be one.
    pub source_is_local: Option<bool>,
    /// True if the packet must be one that no call has, false if it must not be: to or from an address of a special kind
    /// (see [`is_special_kind`]), on the link layer too; a fragment without ports; or TCP flags that no program sends.
    pub is_irregular: Option<bool>,
    /// True if packets to the source must leave through the interface that received the packet, false if they must not.
    pub has_route_back: Option<bool>,
    /// True if connection tracking must have changed the destination of the connection, false if it must not.
    pub is_redirected: Option<bool>,
    /// The destination of the connection's first packet, before any change.
    pub original_address: Option<Range>,
    pub original_port: Option<Range>,
    /// True if packets without a connection meet the matches on the original destination.
    pub is_original_optional: bool,
}

/// A match on an interval of addresses or ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Range {
    pub interval: Interval,
    /// True if the value must be outside.
    pub is_negated: bool,
}

impl Range {
    /// Returns whether the possible values match. Unknown if some do and others do not.
    fn condition(self, possible: Option<&IntervalSet>) -> Condition {
        let Some(possible) = possible else {
            return Condition::Unknown;
        };
        let is_within = match possible.and_set(&self.interval.into()) {
            None => false,
            Some(common) if common == *possible => true,
            Some(_) => return Condition::Unknown,
        };
        Condition::of(is_within != self.is_negated)
    }
}

impl Criteria<'_> {
    /// Adds a match on an irregular property of the packet. Returns false if the rule has the opposite match already.
    pub fn add_irregular(&mut self, is_irregular: bool) -> bool {
        *self.is_irregular.get_or_insert(is_irregular) == is_irregular
    }
}

/// True for the name of a kind of addresses that no single machine has.
pub fn is_special_kind(name: &str) -> bool {
    ["broadcast", "multicast", "anycast"]
        .iter()
        .any(|kind| kind.eq_ignore_ascii_case(name))
}

/// A match on the name of an interface.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Interfaces<'a> {
    pub names: Names<'a>,
    /// True if the interface must be none of these.
    pub is_negated: bool,
}

/// The names of a match on interfaces.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Names<'a> {
    One(Pattern<'a>),
    Any(Arc<[Pattern<'a>]>),
    /// Names that the input does not show.
    Unknown,
}

/// The name of an interface, or the start of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pattern<'a> {
    pub name: &'a str,
    /// True if longer names that start with this one match too.
    pub is_prefix: bool,
}

impl<'a> Interfaces<'a> {
    pub fn one(name: &'a str, is_prefix: bool, is_negated: bool) -> Self {
        Interfaces {
            names: Names::One(Pattern { name, is_prefix }),
            is_negated,
        }
    }

    fn patterns(&self) -> &[Pattern<'a>] {
        match &self.names {
            Names::One(pattern) => std::slice::from_ref(pattern),
            Names::Any(patterns) => patterns,
            Names::Unknown => &[],
        }
    }

    fn condition(&self, interface: Interface) -> Condition {
        let matches = |name: &str| self.patterns().iter().any(|pattern| pattern.matches(name));
        let matches = match interface {
            _ if matches!(self.names, Names::Unknown) => None,
            Interface::Unknown => None,
            Interface::None => Some(matches("")),
            Interface::Named(name) => Some(matches(name)),
            Interface::External => self.of_external(),
        };
        match matches {
            Some(matches) => Condition::of(matches != self.is_negated),
            None => Condition::Unknown,
        }
    }

    /// Returns whether the match, without its negation, is met by every interface but loopback, or by none of them.
    fn of_external(&self) -> Option<bool> {
        let patterns = self.patterns();
        let only_loopback = |pattern: &Pattern| !pattern.is_prefix && pattern.name == LOOPBACK;
        if patterns.iter().all(only_loopback) {
            return Some(false);
        }
        let is_any = |pattern: &Pattern| pattern.is_prefix && pattern.name.is_empty();
        patterns.iter().any(is_any).then_some(true)
    }
}

impl Pattern<'_> {
    fn matches(&self, name: &str) -> bool {
        if self.is_prefix {
            name.starts_with(self.name)
        } else {
            name == self.name
        }
    }
}

const LOOPBACK: &str = "lo";

/// The interface of a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interface<'f> {
    #[default]
    Unknown,
    /// The packet has no such interface: a received packet for the machine itself has no output interface.
    None,
    Named(&'f str),
    /// Any interface but loopback.
    External,
}

/// The known facts about packets that decide criteria.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'f> {
    pub input: Interface<'f>,
    pub output: Interface<'f>,
    pub mark: Mark,
    pub connection_mark: Mark,
    /// True if the packet belongs to a tracked connection.
    pub is_tracked: Option<bool>,
    pub destination_is_local: Option<bool>,
    pub source_is_local: Option<bool>,
    pub is_irregular: Option<bool>,
    pub has_route_back: Option<bool>,
    pub is_redirected: Option<bool>,
    /// The possible destinations of the connection's first packet, before any change.
    pub original_addresses: Option<&'f IntervalSet>,
    pub original_ports: Option<&'f IntervalSet>,
}

impl Criteria<'_> {
    /// True if the rule has no such criteria.
    pub fn is_empty(&self) -> bool {
        *self == Criteria::default()
    }

    pub fn mention_marks(&self) -> bool {
        self.mark.is_some() || self.connection_mark.is_some()
    }

    pub fn forget_marks(&mut self) {
        (self.mark, self.connection_mark) = (None, None);
    }

    /// Returns whether packets with these facts meet the criteria.
    pub fn condition(&self, facts: &Facts) -> Condition {
        let interface = |wanted: &Option<Interfaces>, interface| {
            let condition = wanted.as_ref().map(|wanted| wanted.condition(interface));
            condition.unwrap_or(Condition::True)
        };
        let mark = |wanted: Option<MarkMatch>, mark| {
            wanted.map_or(Condition::True, |wanted| wanted.condition(mark))
        };
        let equal = |wanted: Option<bool>, known: Option<bool>| match (wanted, known) {
            (None, _) => Condition::True,
            (Some(wanted), Some(known)) => Condition::of(wanted == known),
            (Some(_), None) => Condition::Unknown,
        };
        let has_original = self.original_address.is_some() || self.original_port.is_some();
        let skips_original = self.is_original_optional && facts.is_tracked == Some(false);
        let within = |wanted: Option<Range>, possible| {
            let wanted = wanted.filter(|_| !skips_original);
            wanted.map_or(Condition::True, |wanted| wanted.condition(possible))
        };
        let needs_connection = self.needs_connection
            || self.connection_mark.is_some()
            || has_original && !skips_original;
        interface(&self.input, facts.input)
            & interface(&self.output, facts.output)
            & mark(self.mark, facts.mark)
            & mark(self.connection_mark, facts.connection_mark)
            & equal(needs_connection.then_some(true), facts.is_tracked)
            & equal(self.destination_is_local, facts.destination_is_local)
            & equal(self.source_is_local, facts.source_is_local)
            & equal(self.is_irregular, facts.is_irregular)
            & equal(self.has_route_back, facts.has_route_back)
            & equal(self.is_redirected, facts.is_redirected)
            & within(self.original_address, facts.original_addresses)
            & within(self.original_port, facts.original_ports)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decides_matches_on_interfaces_by_the_known_interface() {
        use Condition::{False, True, Unknown};
        let any = Interface::External;
        for (pattern, is_negated, interface, expected) in [
            ("lo", false, any, False),
            ("lo", true, any, True),
            ("lo", false, Interface::Unknown, Unknown),
            ("eth0", false, any, Unknown),
            ("eth0", true, any, Unknown),
            ("eth0", false, Interface::Named("eth0"), True),
            ("eth0", false, Interface::Named("eth01"), False),
            ("eth+", false, Interface::Named("eth01"), True),
            ("eth+", true, Interface::Named("eth01"), False),
            ("l+", false, any, Unknown),
            ("+", false, any, True),
            ("+", true, any, False),
            ("eth0", false, Interface::None, False),
            ("eth0", true, Interface::None, True),
            ("+", false, Interface::None, True),
        ] {
            let name = pattern.trim_end_matches('+');
            let interfaces = Interfaces::one(name, name != pattern, is_negated);
            let found = interfaces.condition(interface);
            assert_eq!(found, expected, "{is_negated} {pattern} {interface:?}");
        }
    }
}
