//! Matches on facts about the packet besides its header: interfaces, marks and the kind of destination.

use super::{Part, Rule};
use crate::firewall::{Criteria, Interfaces, Names, Pattern, is_special_kind};
use crate::format::nftables::key::{Criterion, Keys, Operator, Subject};
use crate::format::nftables::mark::{self, MarkOf};
use crate::format::nftables::set::{Facts, Set};
use crate::format::nftables::value::{Scalar, Value, number};
use crate::packets::Condition;

/// The bits of `ip frag-off` that contain the offset (RFC 791).
const FRAGMENT_OFFSET: u32 = 0x1fff;

impl<'a> Rule<'a, '_> {
    /// Adds a comparison with one value. The condition is unknown if [`Criteria`] cannot express it.
    pub(super) fn compare_fact(
        &mut self,
        criterion: Criterion,
        mask: u32,
        operator: Operator,
        part: Part<'a>,
        value: &Value<'a>,
    ) {
        let is_added = match operator {
            // Any of the bits of the status decides, not its whole value.
            Operator::Equal | Operator::NotEqual if criterion == Criterion::Status => false,
            Operator::NoneOf if criterion == Criterion::Status => {
                self.add_criterion(criterion, mask, part, value, true)
            }
            Operator::Implicit | Operator::Equal => {
                self.add_criterion(criterion, mask, part, value, false)
            }
            Operator::NotEqual => self.add_criterion(criterion, mask, part, value, true),
            _ => false,
        };
        self.matches.condition &= Condition::true_if(is_added);
    }

    /// Adds a criterion. Returns false if [`Criteria`] cannot express it.
    fn add_criterion(
        &mut self,
        criterion: Criterion,
        mask: u32,
        part: Part<'a>,
        value: &Value<'a>,
        is_negated: bool,
    ) -> bool {
        let own = &mut self.criteria;
        match (criterion, part) {
            (Criterion::Mark(of), _) => {
                let own = match of {
                    MarkOf::Packet => &mut own.mark,
                    MarkOf::Connection => &mut own.connection_mark,
                };
                let value = number(value);
                fill(
                    own,
                    value.and_then(|value| mark::comparison(mask, value, is_negated)),
                )
            }
            (Criterion::DestinationType | Criterion::SourceType | Criterion::PacketType, _) => {
                words_of(value).is_some_and(|words| self.add_kinds(criterion, &words, is_negated))
            }
            (Criterion::WayBack, _) => {
                let exists = match value {
                    Value::One(Scalar::Word("exists")) => Some(!is_negated),
                    Value::One(Scalar::Word("missing" | "0")) => Some(is_negated),
                    _ => None,
                };
                fill(&mut own.has_route_back, exists)
            }
            (Criterion::FragmentOffset, _) => {
                // Without these bits, the packet has ports.
                let is_start = mask == FRAGMENT_OFFSET && number(value) == Some(0);
                is_start && own.add_irregular(is_negated)
            }
            (Criterion::Status, _) => {
                let is_only =
                    mask == u32::MAX && words_of(value).is_some_and(|words| words == ["dnat"]);
                own.needs_connection = true;
                fill(&mut own.is_redirected, is_only.then_some(!is_negated))
            }
            (_, Part::Interface(pattern)) => {
                self.add_interfaces(criterion, Some(Names::One(pattern)), is_negated)
            }
            _ => false,
        }
    }

    /// Adds a match on the kind of an address or of a packet. Returns false if [`Criteria`] cannot express it.
    fn add_kinds(&mut self, criterion: Criterion, kinds: &[&str], is_negated: bool) -> bool {
        let is_known =
            |kind: &&str| matches!(*kind, "local" | "unicast" | "host") || is_special_kind(kind);
        if !kinds.iter().all(is_known) {
            return false;
        }
        let criteria = &mut self.criteria;
        let has = |kind| kinds.contains(&kind);
        if criterion == Criterion::PacketType {
            let is_for_one = has("host") || has("unicast");
            return criteria.add_irregular(is_for_one == is_negated);
        }
        // The addresses of calls are local or unicast.
        let (local, unicast) = (has("local") != is_negated, has("unicast") != is_negated);
        match criterion {
            _ if local == unicast => criteria.add_irregular(!local),
            Criterion::SourceType => fill(&mut criteria.source_is_local, Some(local)),
            _ => fill(&mut criteria.destination_is_local, Some(local)),
        }
    }

    /// Adds a match on interfaces. Returns false if their names are unknown, or if the rule has such a match already.
    fn add_interfaces(
        &mut self,
        criterion: Criterion,
        names: Option<Names<'a>>,
        is_negated: bool,
    ) -> bool {
        let own = match criterion {
            Criterion::InputName | Criterion::InputIndex => &mut self.criteria.input,
            _ => &mut self.criteria.output,
        };
        fill(own, names.map(|names| one_of(names, is_negated)))
    }

    /// Adds a match on an irregular property of the packet, see [`Criteria::is_irregular`].
    pub(super) fn irregular(&mut self, is_irregular: bool) {
        let is_added = self.criteria.add_irregular(is_irregular);
        self.matches.condition &= Condition::true_if(is_added);
    }

    /// Applies the lookup of keys in a set.
    pub(super) fn look_up(
        &mut self,
        set: &Set<'a>,
        keys: &Keys,
        negated: bool,
    ) -> Result<(), String> {
        match keys.single().map(|key| key.subject) {
            Some(Subject::Criterion(criterion)) if criterion.is_interface() => {
                let names = set.interfaces(&mut self.matches, keys)?;
                let is_added = self.add_interfaces(criterion, names, negated);
                self.matches.condition &= Condition::true_if(is_added);
                Ok(())
            }
            _ => self.narrow(set, keys, negated),
        }
    }

    /// The criteria of the rule together with facts. The condition is unknown if they are not all expressed.
    pub(super) fn with_facts(&self, facts: Facts<'a>) -> (Criteria<'a>, Condition) {
        let mut criteria = self.criteria.clone();
        let interface = |pattern: Option<Pattern<'a>>| {
            pattern.map(|pattern| one_of(Names::One(pattern), false))
        };
        let are_added = [
            add(&mut criteria.input, interface(facts.input)),
            add(&mut criteria.output, interface(facts.output)),
            add(&mut criteria.mark, facts.mark),
            add(&mut criteria.connection_mark, facts.connection_mark),
        ];
        let are_all = are_added.iter().all(|is_added| *is_added);
        (criteria, Condition::true_if(are_all))
    }
}

/// Returns the words of a value; `None` if a part of it is no word.
fn words_of<'a>(value: &Value<'a>) -> Option<Vec<&'a str>> {
    let word = |value: &Value<'a>| match value {
        Value::One(Scalar::Word(word)) => Some(*word),
        _ => None,
    };
    match value {
        Value::Set(elements) => {
            let values = elements.iter().map(|element| &element.value);
            values.map(word).collect()
        }
        _ => word(value).map(|word| vec![word]),
    }
}

fn one_of(names: Names, is_negated: bool) -> Interfaces {
    Interfaces { names, is_negated }
}

/// Adds a criterion if there is one. Returns false if there is one already.
fn add<T>(own: &mut Option<T>, criterion: Option<T>) -> bool {
    criterion.is_none() || fill(own, criterion)
}

/// Adds a criterion. Returns false if there is none, or one already.
fn fill<T>(own: &mut Option<T>, criterion: Option<T>) -> bool {
    let is_added = own.is_none() && criterion.is_some();
    if is_added {
        *own = criterion;
    }
    is_added
}
