//! The packets of a connection after its first one, and what connection tracking knows about them.

use std::rc::Rc;

use super::flow::{Destination, Flow, Translated};
use super::question::{Position, Question};
use crate::firewall::mark::Mark;
use crate::packets::{
    Cell, Dimension, Direction, Flags, HeaderMatch, Interval, IntervalSet, Protocols, States,
};

/// The facts about flows that decide about the later packets of their connections.
#[derive(PartialEq, Eq)]
struct Treatment {
    is_forwarded: bool,
    is_untracked: bool,
    is_redirected: Option<bool>,
    connection_mark: Mark,
    /// The rule that changed the source, and the source before.
    source: Option<(u32, IntervalSet)>,
    before: Option<Rc<Destination>>,
    translated: Option<Translated>,
}

impl Treatment {
    fn of(flow: &Flow) -> Treatment {
        let is_untracked = !flow.is_tracked();
        Treatment {
            is_forwarded: flow.is_forwarded,
            is_untracked,
            is_redirected: flow.facts.is_redirected,
            connection_mark: if is_untracked {
                Mark::UNMARKED
            } else {
                flow.facts.connection_mark
            },
            source: flow
                .source_changed_by
                .map(|at| (at, flow.packets.set(Dimension::Local).clone())),
            before: flow.before.clone(),
            translated: flow.translated(),
        }
    }
}

/// Divides flows, so that connection tracking treats all connections of a part in the same way.
pub fn by_treatment(flows: &[Flow]) -> Vec<Vec<&Flow>> {
    let mut groups: Vec<(Treatment, Vec<&Flow>)> = Vec::new();
    for flow in flows {
        let treatment = Treatment::of(flow);
        match groups.iter_mut().find(|(known, _)| *known == treatment) {
            Some((_, group)) => group.push(flow),
            None => groups.push((treatment, vec![flow])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// Returns the question about the replies to first packets that pass, which are all of one part of [`by_treatment`].
/// `opening` is the question about the first packets.
pub fn replies<'q>(opening: &Question<'q>, first: &[&Flow]) -> Question<'q> {
    let opened = first.first().map(|flow| Treatment::of(flow));
    let is_tracked = opened.as_ref().is_some_and(|opened| !opened.is_untracked);
    let source = opened.as_ref().and_then(|opened| opened.source.clone());
    let cells = first.iter().map(|flow| {
        let header = later_header(flow.packets.header, Flags::SYN | Flags::ACK);
        let packets = flow.packets.with_header(header);
        match &source {
            Some(_) => packets.with(Dimension::Local, any_own(opening)),
            None => packets,
        }
    });
    let translated = opened
        .as_ref()
        .and_then(|opened| opened.translated.as_ref());
    let chosen_by = translated.and_then(|to| {
        let hull = to.addresses.as_ref()?.hull();
        (hull.first != hull.last).then_some(to.changed_by)
    });
    let is_forwarded = opened.as_ref().is_some_and(|opened| opened.is_forwarded);
    let state = match (is_tracked, is_tcp(first)) {
        (true, _) => States::ESTABLISHED,
        // Connection tracking sees only the answer of an opening that it does not know.
        (false, true) => States::INVALID,
        (false, false) => States::NEW,
    };
    let direction = opposite(opening.direction);
    Question {
        direction,
        packets: cells.collect(),
        opened_by: if is_tracked {
            opening.direction
        } else {
            direction
        },
        state,
        is_known: is_tracked,
        is_redirected: opened.as_ref().and_then(|opened| opened.is_redirected),
        is_later: true,
        position: if is_forwarded {
            Position::Router(None)
        } else {
            Position::Host
        },
        connection_mark: opened
            .as_ref()
            .map_or(Mark::UNKNOWN, |opened| opened.connection_mark),
        answers_source_of: source.as_ref().map(|(at, _)| *at),
        chosen_by: source.as_ref().map(|(at, _)| *at).or(chosen_by),
        translated: source.map(|(at, addresses)| {
            Rc::new(Translated {
                addresses: Some(addresses),
                ports: None,
                is_for_machine: Some(!is_forwarded),
                changed_by: at,
            })
        }),
        restored: opened.and_then(|opened| opened.before),
        ..opening.clone()
    }
}

/// Returns the question about the packets after replies that pass, in the direction of the first packets.
///
/// `first` are all of one part of [`by_treatment`], and so are `replies`, which answer them.
pub fn next_packets<'q>(
    opening: &Question<'q>,
    first: &[&Flow],
    replies: &[&Flow],
) -> Question<'q> {
    let treatment = |flows: &[&Flow]| flows.first().map(|flow| Treatment::of(flow));
    let (opened, answered) = (treatment(first), treatment(replies));
    let is_tracked =
        |known: &Option<Treatment>| known.as_ref().is_some_and(|known| !known.is_untracked);
    let state = match (is_tracked(&opened), is_tracked(&answered), is_tcp(first)) {
        (true, true, _) | (false, true, false) => States::ESTABLISHED,
        (true, false, true) => States::INVALID,
        (true, false, false) | (false, ..) => States::NEW,
    };
    let source = opened.as_ref().and_then(|opened| opened.source.as_ref());
    let source_changed_by = source.map(|(at, _)| *at);
    let answers = replies.iter().map(|reply| {
        let packets = if source_changed_by.is_some() {
            reply.packets.clone()
        } else {
            reply.original()
        };
        (packets, &reply.answered)
    });
    let answers: Vec<(Cell, &Option<Rc<Destination>>)> = answers.collect();
    let cells = first.iter().flat_map(|flow| {
        answers.iter().filter_map(|(answer, destination)| {
            let answer = answer.with_header(flow.packets.header);
            let answered = Flow {
                packets: flow.packets.and_cell(&answer)?,
                before: (*destination).clone().or_else(|| flow.before.clone()),
                ..(*flow).clone()
            };
            let packets = answered.original();
            let header = later_header(packets.header, Flags::ACK);
            Some(packets.with_header(header))
        })
    });
    let known = if is_tracked(&answered) {
        &answered
    } else {
        &opened
    };
    let mark = known.as_ref().map(|known| known.connection_mark);
    Question {
        packets: cells.collect(),
        opened_by: if is_tracked(&answered) && !is_tracked(&opened) {
            opposite(opening.direction)
        } else {
            opening.direction
        },
        state,
        is_later: true,
        source_changed_by,
        is_redirected: opened.as_ref().and_then(|opened| opened.is_redirected),
        is_known: state != States::NEW || is_tracked(&opened),
        connection_mark: mark.unwrap_or(Mark::UNKNOWN),
        translated: opened.and_then(|opened| opened.translated).map(Rc::new),
        ..opening.clone()
    }
}

fn opposite(direction: Direction) -> Direction {
    match direction {
        Direction::In => Direction::Out,
        Direction::Out => Direction::In,
    }
}

/// Returns the addresses of the machine, or any address if they are unknown.
fn any_own(question: &Question) -> IntervalSet {
    let any = || Interval::ADDRESSES.into();
    question.own.cloned().unwrap_or_else(any)
}

fn is_tcp(flows: &[&Flow]) -> bool {
    let is_tcp = |flow: &&Flow| flow.packets.header.protocols == Protocols::TCP;
    flows.first().is_some_and(is_tcp)
}

/// Returns the header of later packets: of any state, and with these TCP flags.
fn later_header(header: HeaderMatch, flags: u8) -> HeaderMatch {
    HeaderMatch {
        flags: Flags::exactly(flags),
        states: States::ALL,
        ..header
    }
}
