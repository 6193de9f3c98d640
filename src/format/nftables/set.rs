//! Sets and maps, and the packets that their elements hold for.

use crate::format::read::error::ReadError;
use crate::format::read::matches::Matches;
use crate::limits::Limit;
use std::ops::BitAnd;

use super::key::{Key, Keys, Subject};
use super::value::{Decision, Element, Part, Scalar, Type, Value, states_where};
use crate::packets::{Condition, Flags, HeaderBox, HeaderMatch, Interval, normalized};

/// The sets and maps that rules refer to by name.
pub(super) trait Sets<'a> {
    fn set(&self, name: &str) -> Result<&Set<'a>, ReadError>;
}

/// A set or a map.
#[derive(Debug)]
pub(super) struct Set<'a> {
    types: Vec<Type>,
    entries: Vec<Entry<'a>>,
}

/// The work of one key of an element, since its packets are computed and sorted in every rule.
const ENTRY_WORK: usize = 16;

/// The work of finding the flags or states of one value.
pub(super) const BITS_WORK: usize = 64;

/// The work of a look at a box while those outside of a set are worked out.
const REST_WORK: usize = 8;

/// An element of a set in the types of that set.
#[derive(Debug)]
struct Entry<'a> {
    parts: Vec<Part>,
    decision: Option<Decision<'a>>,
}

/// The effect of an element of a map.
pub(super) struct Arrow<'a> {
    /// With packets that may be some more than it holds for, if that is not condition.
    pub packets: HeaderBox,
    pub condition: Condition,
    pub decision: Decision<'a>,
}

impl<'a> Set<'a> {
    /// A set of elements of these types.
    ///
    /// Refuses one without elements: it cannot be told from one whose elements were left out.
    pub fn new(types: Vec<Type>, elements: &[Element<'a>]) -> Result<Self, ReadError> {
        if elements.is_empty() {
            return Err(
                "the set has no elements in the text; if 'nft -t' left them out, leave out -t"
                    .into(),
            );
        }
        let entry = |element: &Element<'a>| match parts(&types, &element.value) {
            Ok(parts) => Ok(Entry {
                parts,
                decision: element.decision,
            }),
            Err(problem) => Err(match element.at {
                Some(at) => ReadError::new(at, problem),
                None => problem.into(),
            }),
        };
        let entries = elements
            .iter()
            .map(entry)
            .collect::<Result<_, ReadError>>()?;
        Ok(Set { types, entries })
    }

    /// A set that stands in a rule, where keys are looked up in it.
    pub fn anonymous(keys: &Keys, elements: &[Element<'a>]) -> Result<Self, ReadError> {
        let types = keys.iter().map(|key| key.subject.value_type()).collect();
        Set::new(types, elements)
    }

    /// Refuses keys that may not be looked up in it.
    pub fn check_types(&self, name: &str, keys: &Keys) -> Result<(), String> {
        let wanted = keys.iter().map(|key| key.subject.value_type());
        if self.types.iter().copied().eq(wanted) {
            Ok(())
        } else {
            Err(format!(
                "the type of '@{name}' is not that of what is looked up in it"
            ))
        }
    }

    /// Keeps packets that are in the set, or those that are not.
    pub fn narrow(&self, matches: &mut Matches, keys: &Keys, negated: bool) -> Result<(), String> {
        self.spend(matches, keys)?;
        if self.entries.iter().any(|entry| entry.decision.is_some()) {
            return Err("it looks up a map as if it were a set; expected vmap".to_owned());
        }
        if let Some(Subject::Address(field) | Subject::Port(field, _)) =
            keys.single().map(|key| key.subject)
        {
            return matches.span_or_not(negated, field, &normalized(self.spans()));
        }
        let held = self.entries.iter().filter_map(|entry| entry.held(keys));
        let (mut boxes, condition): (Vec<HeaderBox>, Vec<Condition>) = held.unzip();
        let condition = condition.into_iter().fold(Condition::True, BitAnd::bitand);
        matches.condition &= condition;
        if !negated {
            boxes.sort_unstable();
            boxes.dedup();
            matches.any_of(&boxes)
        } else if condition.is_true() {
            let rest = rest(&boxes, matches)?;
            matches.any_of(&rest)
        } else {
            // What is not in "perhaps these" may be any.
            Ok(())
        }
    }

    /// True if an element has every port on one end.
    pub fn has_all_ports(&self) -> bool {
        let mut parts = self.entries.iter().flat_map(|entry| &entry.parts);
        parts.any(|part| matches!(part, Part::Interval(span) if *span == Interval::PORTS))
    }

    fn spans(&self) -> Vec<Interval> {
        let parts = self.entries.iter().flat_map(|entry| &entry.parts);
        let spans = parts.filter_map(|part| match part {
            Part::Interval(span) => Some(*span),
            _ => None,
        });
        spans.collect()
    }

    /// Counts the work of a lookup, or refuses it.
    fn spend(&self, matches: &mut Matches, keys: &Keys) -> Result<(), String> {
        let of_key = |key: Key| match key.subject {
            Subject::Flags | Subject::State => BITS_WORK,
            _ => ENTRY_WORK,
        };
        let of_entry: usize = keys.iter().map(of_key).sum();
        let work = self.entries.len().saturating_mul(of_entry);
        matches.cost = matches.cost.saturating_add(work);
        matches.limits.check(Limit::Work, matches.cost)?;
        Ok(())
    }

    /// The effect of each element of a map.
    pub fn arrows(&self, matches: &mut Matches, keys: &Keys) -> Result<Vec<Arrow<'a>>, String> {
        self.spend(matches, keys)?;
        let mut arrows = Vec::with_capacity(self.entries.len());
        for entry in &self.entries {
            let decision = entry
                .decision
                .ok_or("an element of a map has no verdict, as in '5060 : accept'")?;
            arrows.extend(entry.held(keys).map(|(packets, condition)| Arrow {
                packets,
                condition,
                decision,
            }));
        }
        Ok(arrows)
    }
}

/// The parts of an element, one for each type.
fn parts(types: &[Type], value: &Value) -> Result<Vec<Part>, String> {
    match (value, types) {
        (Value::One(Scalar::Word("*")), _) => {
            Err("the element '*', which stands for all others, cannot be judged".to_owned())
        }
        (Value::Concatenation(values), _) if values.len() == types.len() => {
            let each = types.iter().zip(values);
            each.map(|(kind, value)| kind.part(value)).collect()
        }
        (_, [kind]) => kind.part(value).map(|part| vec![part]),
        _ => Err(format!(
            "expected a concatenation of {} values, not {value}",
            types.len()
        )),
    }
}

impl Entry<'_> {
    /// Its packets, if there are any, and whether it holds for all of them.
    fn held(&self, keys: &Keys) -> Option<(HeaderBox, Condition)> {
        let mut held = (HeaderBox::ALL, Condition::True);
        for (key, part) in keys.iter().zip(&self.parts) {
            let (packets, condition) = held;
            held = match (key.subject, *part) {
                (Subject::Address(field) | Subject::Port(field, _), Part::Interval(span)) => {
                    (packets.narrowed(field, span)?, condition)
                }
                (Subject::Protocol, Part::Protocols(protocols)) => {
                    (packets.matching(HeaderMatch::of(protocols))?, condition)
                }
                (Subject::Flags | Subject::State, Part::Bits(bits)) => {
                    let (header, own) = header_where(key, |x| x & key.mask == bits);
                    (packets.matching(header)?, condition & own)
                }
                (Subject::Fixed(_), Part::All) => held,
                _ => (packets, Condition::Unknown),
            };
        }
        Some(held)
    }
}

/// The packets in none of the boxes; the work is counted as that of matches.
fn rest(boxes: &[HeaderBox], matches: &mut Matches) -> Result<Vec<HeaderBox>, String> {
    let mut rest = vec![HeaderBox::ALL];
    let mut effort = 0;
    for taken in boxes {
        effort += rest.len();
        matches.cost += rest.len() * REST_WORK;
        matches.limits.check(Limit::Boxes, effort)?;
        rest = rest
            .iter()
            .flat_map(|packets| packets.without(taken).unwrap_or_else(|| vec![*packets]))
            .collect();
    }
    Ok(rest)
}

/// The flags that kinds of packets tell.
const TOLD_FLAGS: u8 = Flags::FIN | Flags::SYN | Flags::RST | Flags::ACK;

/// The kind of packets whose flags or state are as asked, and whether that holds for all of them:
/// kinds do not tell every flag.
pub(super) fn header_where(key: Key, holds: impl Fn(u32) -> bool) -> (HeaderMatch, Condition) {
    let mut found = HeaderMatch::ALL;
    let mut condition = Condition::True;
    if let Subject::State = key.subject {
        found.states = states_where(holds);
        return (found, condition);
    }
    for told in 0..=TOLD_FLAGS {
        // ACK stands one place higher in a header than in `Flags`; PSH, URG, ECN and CWR are untold.
        let header = u32::from(told & !Flags::ACK | (told & Flags::ACK) << 1);
        let untold = (0..16_u32).map(|n| (n & 1) << 3 | (n >> 1) << 5);
        let count = untold.filter(|untold| holds(header | untold)).count();
        if count == 0 {
            found.flags = found.flags.and(Flags::masked(TOLD_FLAGS, told).not());
        }
        condition &= Condition::true_if(count == 0 || count == 16);
    }
    (found, condition)
}
