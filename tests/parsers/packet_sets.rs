//! The algebra of packet sets, compared with brute force over every point of a small space.

use crate::common::judge::{chance, pick};
use crate::common::oracle::Random;
use twilio_sip_allow::limits::{Limit, LimitExceeded, Limits};
use twilio_sip_allow::packets::{
    Action, Cell, Condition, Difference, Dimension, Flags, HeaderMatch, Interval, IntervalSet,
    PacketBox, Protocols, Side, States, Step, Walked, by_rule, cells, coalesced, complement,
    differences, normalized, overlaps, walk,
};

const DIMENSIONS: [Dimension; 4] = [
    Dimension::Remote,
    Dimension::Local,
    Dimension::RemotePort,
    Dimension::LocalPort,
];

/// The values of a field in the small space. The first and the last one are those of the whole space.
const ADDRESSES: [u32; 4] = [0, 1, 2, u32::MAX];
const PORTS: [u32; 3] = [0, 5060, 65535];

fn kinds() -> Vec<HeaderMatch> {
    let new = States::named("new").unwrap();
    let tcp = HeaderMatch::of(Protocols::TCP);
    vec![
        HeaderMatch::ALL,
        HeaderMatch::of(Protocols::UDP),
        HeaderMatch::of(Protocols::UDP.not()),
        tcp,
        HeaderMatch {
            flags: Flags::opening(),
            ..tcp
        },
        HeaderMatch {
            flags: Flags::opening(),
            ..HeaderMatch::ALL
        },
        HeaderMatch {
            states: new,
            ..HeaderMatch::ALL
        },
        HeaderMatch {
            states: new.not(),
            ..tcp
        },
    ]
}

/// One packet for each combination that [`kinds`] can distinguish.
fn single_kinds() -> Vec<HeaderMatch> {
    let mut singles = Vec::new();
    for state in ["new", "established"] {
        let states = States::named(state).unwrap();
        for protocol in [1, 17] {
            let kind = HeaderMatch::of(Protocols::of(protocol));
            singles.push(HeaderMatch { states, ..kind });
        }
        for flags in [Flags::SYN, Flags::SYN | Flags::ACK] {
            let flags = Flags::masked(15, flags);
            singles.push(HeaderMatch {
                states,
                flags,
                ..HeaderMatch::of(Protocols::TCP)
            });
        }
    }
    singles
}

fn points() -> Vec<PacketBox> {
    let mut points = Vec::new();
    for kind in single_kinds() {
        let any = PacketBox::ALL.matching(kind).unwrap();
        for remote in ADDRESSES {
            for local in ADDRESSES {
                for remote_port in PORTS {
                    for local_port in PORTS {
                        let values = [remote, local, remote_port, local_port];
                        let with = |p: PacketBox, (field, value): (Dimension, u32)| {
                            p.with(field, Interval::single(value))
                        };
                        points.push(DIMENSIONS.into_iter().zip(values).fold(any, with));
                    }
                }
            }
        }
    }
    points
}

fn random_box(random: &mut Random) -> PacketBox {
    let mut packets = PacketBox::ALL.matching(*pick(random, &kinds())).unwrap();
    for field in DIMENSIONS {
        if chance(random, 2) {
            let numbers: &[u32] = match field {
                Dimension::Remote | Dimension::Local => &ADDRESSES,
                Dimension::RemotePort | Dimension::LocalPort => &PORTS,
            };
            let (a, b) = (*pick(random, numbers), *pick(random, numbers));
            packets = packets.with(field, Interval::new(a.min(b), a.max(b)).unwrap());
        }
    }
    packets
}

/// Random steps. One in `uncertain` of them is uncertain.
fn random_steps(random: &mut Random, uncertain: u64) -> Vec<Step> {
    let count = u32::try_from(random.between(0, 7)).unwrap();
    (0..count)
        .map(|at| Step {
            packets: random_box(random),
            condition: Condition::true_if(!chance(random, uncertain)),
            action: match random.between(0, 4) {
                0 => Action::Deny,
                1 => Action::Skip(
                    u32::try_from(random.between(u64::from(at) + 1, u64::from(count))).unwrap(),
                ),
                _ => Action::Accept,
            },
            at,
        })
        .collect()
}

/// Expected boxes and the steps of a firewall. One in `uncertain` of the steps is uncertain.
fn random_case(random: &mut Random, uncertain: u64) -> (Vec<PacketBox>, Vec<Step>) {
    let expected = (0..random.between(0, 3)).map(|_| random_box(random));
    (expected.collect(), random_steps(random, uncertain))
}

/// Returns two values: true if the packet can pass, and true if it can be stopped. Each uncertain step is tried
/// both ways.
fn fates(steps: &[Step], from: usize, point: &PacketBox) -> (bool, bool) {
    let Some((at, step)) = steps
        .iter()
        .enumerate()
        .skip(from)
        .find(|(_, s)| s.packets.and(point).is_some())
    else {
        return (false, true);
    };
    let taken = match step.action {
        Action::Accept => (true, false),
        Action::Deny => (false, true),
        Action::Skip(to) => fates(steps, to as usize, point),
    };
    if step.condition.is_true() {
        return taken;
    }
    let other = fates(steps, at + 1, point);
    (taken.0 || other.0, taken.1 || other.1)
}

fn containing<'a>(found: &'a [Difference], side: Side, point: &PacketBox) -> Vec<&'a Difference> {
    let own = found.iter().filter(|d| d.side == side);
    own.filter(|d| d.packets.and(point).is_some()).collect()
}

/// The results for one point of a random case: the verdicts of [`fates`], and the differences that contain the
/// point.
struct Answer<'a> {
    passes: bool,
    stops: bool,
    missing: Vec<&'a Difference>,
    extra: Vec<&'a Difference>,
}

type Compare = fn(&[PacketBox], &[Step], Limits) -> Result<Vec<Difference>, LimitExceeded>;

/// Compares random cases, and calls `judge` with the result for each point.
fn judge_random_cases(
    rounds: u64,
    uncertain: fn(u64) -> u64,
    compare: Compare,
    judge: impl Fn(&[Step], &Answer, &str),
) {
    let mut random = Random::new(10);
    let points = points();
    let (mut missing_points, mut extra_points) = (0, 0);
    for round in 0..rounds {
        let (expected, steps) = random_case(&mut random, uncertain(round));
        let found = compare(&expected, &steps, Limits::default()).unwrap();
        for point in &points {
            let place = format!("{round}: {point:?}");
            let is_expected = expected.iter().any(|e| e.and(point).is_some());
            let (passes, stops) = fates(&steps, 0, point);
            let missing = containing(&found, Side::Missing, point);
            let extra = containing(&found, Side::Extra, point);
            assert_eq!(missing.len(), usize::from(is_expected && stops), "{place}");
            assert_eq!(!extra.is_empty(), !is_expected && passes, "{place}");
            for difference in &missing {
                assert_eq!(!difference.condition.is_true(), passes, "{place}");
            }
            missing_points += missing.len();
            extra_points += extra.len();
            let answer = Answer {
                passes,
                stops,
                missing,
                extra,
            };
            judge(&steps, &answer, &place);
        }
    }
    assert!(
        missing_points > 10_000 && extra_points > 10_000,
        "{missing_points} {extra_points}"
    );
}

/// True if a list of arrivals contains the point.
fn arrives(arrivals: &[twilio_sip_allow::packets::Arrival], point: &PacketBox) -> bool {
    arrivals.iter().any(|a| a.packets.and(point).is_some())
}

/// Packets are followed through one to three lists of steps, each of which must let them pass.
#[test]
fn a_walk_through_several_lists_is_exact_at_every_point() {
    let mut random = Random::new(20);
    let points = points();
    let mut counts = [0; 3];
    for round in 0..2_500 {
        let question: Vec<PacketBox> = (0..random.between(1, 3))
            .map(|_| random_box(&mut random))
            .collect();
        let lists: Vec<Vec<Step>> = (0..random.between(1, 3))
            .map(|_| random_steps(&mut random, 1 + round % 5))
            .collect();
        let mut arrived = cells(&question);
        let mut stopped = Vec::new();
        for list in &lists {
            let Walked {
                passed,
                stopped: here,
            } = walk(arrived, list, Limits::default()).unwrap();
            stopped.extend(here);
            arrived = passed.into_iter().map(|arrival| arrival.packets).collect();
        }
        for point in &points {
            let is_asked = question.iter().any(|asked| asked.and(point).is_some());
            let results = lists.iter().map(|list| fates(list, 0, point));
            let results: Vec<(bool, bool)> = results.collect();
            // The packet may reach a list if every list before it may let it pass.
            let reached = results.iter().take_while(|(passes, _)| *passes).count();
            let may_pass = is_asked && reached == lists.len();
            let may_stop = is_asked && results.iter().take(reached + 1).any(|(_, stops)| *stops);
            let passes = arrived.iter().any(|cell| cell.and(point).is_some());
            assert_eq!(passes, may_pass, "{round}: {point:?}");
            assert_eq!(arrives(&stopped, point), may_stop, "{round}: {point:?}");
            counts[usize::from(may_pass) + usize::from(may_pass && may_stop)] += 1;
        }
    }
    assert!(counts.iter().all(|count| *count > 50_000), "{counts:?}");
}

/// The step that decides about a packet is the first that matches, if all conditions are true.
#[test]
fn a_walk_names_the_step_that_decides() {
    let mut random = Random::new(21);
    let points = points();
    for round in 0..500 {
        let steps = random_steps(&mut random, u64::MAX);
        let walked = walk(cells(&[PacketBox::ALL]), &steps, Limits::default()).unwrap();
        for point in &points {
            let mut from = 0;
            let decided_by = loop {
                let found = steps.iter().enumerate().skip(from);
                let mut found = found.filter(|(_, step)| step.packets.and(point).is_some());
                match found.next() {
                    None => break None,
                    Some((_, step)) => match step.action {
                        Action::Skip(to) => from = to as usize,
                        _ => break Some(step.at),
                    },
                }
            };
            let arrivals = walked.passed.iter().chain(&walked.stopped);
            let found: Vec<_> = arrivals
                .filter(|arrival| arrival.packets.and(point).is_some())
                .map(|arrival| arrival.decided_by)
                .collect();
            assert_eq!(found, [decided_by], "{round}: {point:?}");
        }
    }
}

/// The two ways around each unknown condition meet again, so their number must not double each time.
#[test]
fn a_walk_past_many_unknown_conditions_stays_small() {
    let steps: Vec<Step> = (0..1_000)
        .map(|number| Step {
            packets: PacketBox::ALL,
            condition: Condition::Unknown,
            action: Action::Skip(number + 2),
            at: number,
        })
        .collect();
    let walked = walk(cells(&[PacketBox::ALL]), &steps, Limits::default()).unwrap();
    assert!(walked.passed.is_empty());
    assert!(walked.stopped.len() <= 2, "{}", walked.stopped.len());
}

#[test]
fn differences_are_exact_at_every_point() {
    judge_random_cases(
        1_500,
        |_| 5,
        differences,
        |_, answer, place| {
            assert!(answer.extra.len() <= 1, "{place}");
            for difference in answer.missing.iter().chain(&answer.extra) {
                assert_eq!(
                    !difference.condition.is_true(),
                    answer.passes && answer.stops,
                    "{place}"
                );
            }
        },
    );
}

/// Differences by rule can overlap, so an extra packet is in one or more of them.
#[test]
fn differences_by_rule_are_exact_at_every_point() {
    let uncertain = |round| if round % 2 == 0 { 5 } else { 2 };
    judge_random_cases(3_000, uncertain, by_rule, |steps, answer, place| {
        let may_skip =
            |step: &Step| !step.condition.is_true() && matches!(step.action, Action::Skip(_));
        // Two rules on both sides of a skip can accept a packet together.
        let always = answer
            .extra
            .iter()
            .any(|difference| difference.condition.is_true());
        if !answer.extra.is_empty() && (always || !steps.iter().any(may_skip)) {
            assert_eq!(always, !answer.stops, "{place}");
        }
    });
}

/// Rules for sources and rules for destinations overlap in one box for each pair, and denied sources split each
/// accepting rule into many boxes. The result must have only one cell for each rule.
#[test]
fn reports_overlapping_rules_rule_by_rule() {
    let rule = |number: u32, dimension: Dimension, action| Step {
        packets: PacketBox::ALL.with(dimension, Interval::single(2 * number)),
        condition: Condition::True,
        action,
        at: number,
    };
    let denied = (0..500).map(|n| rule(n, Dimension::Remote, Action::Deny));
    let sources = (500..1_000).map(|n| rule(n, Dimension::Remote, Action::Accept));
    let destinations = (1_000..1_500).map(|n| rule(n, Dimension::Local, Action::Accept));
    let steps: Vec<Step> = denied.chain(sources).chain(destinations).collect();
    let mut found = differences(&[], &steps, Limits::default()).unwrap();
    found.sort_by_key(|difference| difference.source_lines.clone());
    let denied: Vec<Interval> = (0..500).map(|n| Interval::single(2 * n)).collect();
    let others = IntervalSet::of(complement(&denied, Interval::ADDRESSES)).unwrap();
    assert_eq!(found.len(), 1_000);
    for (number, difference) in (500..).zip(&found) {
        let own = IntervalSet::One(Interval::single(2 * number));
        let (remote, local) = if number < 1_000 {
            (own, IntervalSet::One(Interval::ADDRESSES))
        } else {
            (others.clone(), own)
        };
        assert_eq!(difference.source_lines, [number]);
        assert_eq!(
            difference.packets.set(Dimension::Remote),
            &remote,
            "{number}"
        );
        assert_eq!(difference.packets.set(Dimension::Local), &local, "{number}");
    }
}

/// Models a chain that checks the interface and the hardware address of 3,000 hosts before the rules for 3,000
/// servers. It is unknown which rules of the hosts apply, but none of them changes a verdict.
#[test]
fn uncertain_rules_that_change_nothing_do_not_divide_the_others() {
    const HOSTS: u32 = 3_000;
    let step = |packets, condition, action, at| Step {
        packets,
        condition,
        action,
        at,
    };
    let own = |field, number| PacketBox::ALL.with(field, Interval::single(2 * number));
    let hosts = (0..HOSTS).flat_map(|n| {
        let source = own(Dimension::Remote, n);
        [
            step(source, Condition::Unknown, Action::Skip(2 * HOSTS), n),
            step(source, Condition::Unknown, Action::Deny, n),
        ]
    });
    let servers = (HOSTS..2 * HOSTS).map(|n| {
        let server = own(Dimension::Local, n).with(Dimension::LocalPort, Interval::single(n));
        step(server, Condition::Unknown, Action::Accept, n)
    });
    let end = [Action::Deny, Action::Accept];
    let end = end.map(|action| step(PacketBox::ALL, Condition::True, action, 2 * HOSTS));
    let steps: Vec<Step> = hosts.chain(servers).chain(end).collect();
    let mut found = differences(&[], &steps, Limits::default()).unwrap();
    found.sort_by_key(|difference| difference.source_lines.clone());
    assert_eq!(found.len(), HOSTS as usize);
    for (number, difference) in (HOSTS..).zip(&found) {
        let server =
            own(Dimension::Local, number).with(Dimension::LocalPort, Interval::single(number));
        assert_eq!(difference.side, Side::Extra);
        assert_eq!(difference.packets, server.into());
        assert!(!difference.condition.is_true(), "{number}");
        assert_eq!(difference.source_lines, [number]);
    }
}

/// A rule for all packets ends the evaluation, unless packets skip it.
#[test]
fn a_rule_for_all_packets_ends_the_evaluation_unless_packets_skip_it() {
    let udp = PacketBox::ALL
        .matching(HeaderMatch::of(Protocols::UDP))
        .unwrap();
    let steps = |certain, target| {
        let actions = [Action::Skip(target), Action::Deny, Action::Accept];
        let mut steps = Vec::new();
        for (at, action) in (0..).zip(actions) {
            steps.push(Step {
                packets: if at == 0 { udp } else { PacketBox::ALL },
                condition: Condition::true_if(certain || at > 0),
                action,
                at,
            });
        }
        steps
    };
    for find in [differences, by_rule] {
        for certain in [true, false] {
            let found = find(&[], &steps(certain, 2), Limits::default()).unwrap();
            let [extra] = &found[..] else {
                panic!("{found:?}")
            };
            assert_eq!(extra.side, Side::Extra);
            assert_eq!(extra.packets, udp.into());
            assert_eq!(!extra.condition.is_true(), !certain);
            let found = find(&[], &steps(certain, 1), Limits::default()).unwrap();
            assert_eq!(found, []);
        }
    }
}

#[test]
fn a_box_is_the_union_of_its_difference_and_its_intersection() {
    let mut random = Random::new(11);
    let points = points();
    for _ in 0..300 {
        let (one, other) = (random_box(&mut random), random_box(&mut random));
        let rest = one.without(&other);
        assert_eq!(rest.is_none(), one.and(&other).is_none());
        for point in points.iter().filter(|point| one.and(point).is_some()) {
            let in_rest = rest
                .iter()
                .flatten()
                .filter(|part| part.and(point).is_some());
            let outside = other.and(point).is_none();
            assert!(
                rest.is_none() || in_rest.count() == usize::from(outside),
                "{one:?} {other:?} {point:?}"
            );
        }
    }
}

#[test]
fn a_set_is_the_union_of_its_parts_inside_and_outside_a_span() {
    let mut random = Random::new(14);
    let number = |random: &mut Random| match random.between(0, 20) {
        20 => u32::MAX,
        number => u32::try_from(number).unwrap(),
    };
    let span = |random: &mut Random| {
        let (a, b) = (number(random), number(random));
        Interval::new(a.min(b), a.max(b)).unwrap()
    };
    let spans_of = |cells: &[Cell]| -> Vec<Interval> {
        let spans = cells
            .iter()
            .flat_map(|cell| cell.set(Dimension::Remote).intervals());
        spans.copied().collect()
    };
    for _ in 0..2_000 {
        let spans: Vec<Interval> = (0..random.between(1, 5))
            .map(|_| span(&mut random))
            .collect();
        let set = IntervalSet::of(spans.clone()).unwrap();
        let cut = PacketBox::ALL.with(Dimension::Remote, span(&mut random));
        let cell = Cell::from(PacketBox::ALL).with(Dimension::Remote, set);
        let inside = spans_of(cell.and(&cut).as_slice());
        let outside = spans_of(&cell.without(&cut).unwrap_or_else(|| vec![cell.clone()]));
        for number in (0..22)
            .chain([u32::MAX - 1, u32::MAX])
            .map(Interval::single)
        {
            let has = |spans: &[Interval]| spans.iter().any(|span| span.holds(number));
            let is_cut = cut.interval(Dimension::Remote).holds(number);
            assert_eq!(
                has(&inside),
                has(&spans) && is_cut,
                "{spans:?} {cut:?} {number:?}"
            );
            assert_eq!(
                has(&outside),
                has(&spans) && !is_cut,
                "{spans:?} {cut:?} {number:?}"
            );
        }
        assert_eq!(inside, normalized(inside.clone()), "{spans:?} {cut:?}");
        assert_eq!(outside, normalized(outside.clone()), "{spans:?} {cut:?}");
    }
}

/// The lists are long enough to be divided many times, and some boxes span a whole field.
#[test]
fn finds_the_same_overlaps_as_comparing_every_pair() {
    let mut random = Random::new(15);
    let kinds = kinds();
    for (highest, widest) in [(4_000, 3), (60, 40), (1, 1), (60_000, 5_000)] {
        let span = |random: &mut Random, field: Dimension| {
            let first = u32::try_from(random.between(0, highest)).unwrap();
            let last = first + u32::try_from(random.between(0, widest)).unwrap();
            if chance(random, 8) {
                field.whole()
            } else {
                Interval { first, last }
            }
        };
        let random_box = |random: &mut Random| {
            let packets = PacketBox::ALL.matching(*pick(random, &kinds)).unwrap();
            let with = |p: PacketBox, field| p.with(field, span(random, field));
            DIMENSIONS.into_iter().fold(packets, with)
        };
        let boxes: Vec<PacketBox> = (0..300).map(|_| random_box(&mut random)).collect();
        let other = |number: usize| (random_box(&mut random), number / 2);
        let others: Vec<(PacketBox, usize)> = (0..400).map(other).collect();
        let found = overlaps(&boxes, &others);
        assert_eq!(found.len(), boxes.len());
        for (own, found) in boxes.iter().zip(found) {
            let common = others.iter().filter(|(other, _)| own.and(other).is_some());
            let mut wanted: Vec<usize> = common.map(|(_, number)| *number).collect();
            wanted.dedup();
            assert_eq!(found, wanted);
        }
    }
}

#[test]
fn a_difference_has_the_fewest_possible_boxes() {
    let span = |first, last| Interval::new(first, last).unwrap();
    let accept = |remote: Interval, protocols| Step {
        packets: PacketBox::ALL
            .with(Dimension::Remote, remote)
            .matching(HeaderMatch::of(protocols))
            .unwrap(),
        condition: Condition::True,
        action: Action::Accept,
        at: remote.first,
    };
    // Parts that touch or overlap, in no order, for both protocols.
    let mut steps = Vec::new();
    for protocols in [Protocols::TCP, Protocols::UDP] {
        for (first, last) in [(64, 127), (0, 63), (100, 200), (300, 300)] {
            steps.push(accept(span(first, last), protocols));
        }
    }
    let found = differences(&[], &steps, Limits::default()).unwrap();
    let mut remotes: Vec<Interval> = found
        .iter()
        .map(|d| d.packets.set(Dimension::Remote).hull())
        .collect();
    remotes.sort_unstable();
    assert_eq!(remotes, [span(0, 200), span(300, 300)]);
    assert!(
        found
            .iter()
            .all(|d| d.packets.header.protocols == Protocols::TCP.or(Protocols::UDP))
    );
    assert_eq!(
        found.iter().map(|d| d.source_lines.clone()).max(),
        Some(vec![300])
    );
}

#[test]
fn handles_the_ends_of_the_address_space() {
    let top = Interval::single(u32::MAX);
    let spans = normalized(vec![
        top,
        Interval::single(0),
        Interval::new(1, 9).unwrap(),
        Interval::ADDRESSES,
    ]);
    assert_eq!(spans, [Interval::ADDRESSES]);
    assert_eq!(complement(&[], Interval::ADDRESSES), [Interval::ADDRESSES]);
    assert_eq!(complement(&[Interval::ADDRESSES], Interval::ADDRESSES), []);
    assert_eq!(
        complement(&[top], Interval::ADDRESSES),
        [Interval::new(0, u32::MAX - 1).unwrap()]
    );
    assert_eq!(
        complement(&[Interval::single(0)], Interval::PORTS),
        [Interval::new(1, 65535).unwrap()]
    );
}

/// The source line of a difference is the [`Step::at`] of a step that decides about its packets.
#[test]
fn the_source_line_is_the_first_certain_step_or_else_the_first_step() {
    let steps = |certain: &[bool], action: Action| -> Vec<Step> {
        let step = |(at, certain): (u32, &bool)| Step {
            packets: PacketBox::ALL,
            condition: Condition::true_if(*certain),
            action,
            at,
        };
        (0..).zip(certain).map(step).collect()
    };
    for (certain, blamed) in [
        (&[false, false][..], 0),
        (&[false, true, true], 1),
        (&[true, false, true], 0),
    ] {
        let extra = differences(&[], &steps(certain, Action::Accept), Limits::default()).unwrap();
        let missing = differences(
            &[PacketBox::ALL],
            &steps(certain, Action::Deny),
            Limits::default(),
        )
        .unwrap();
        for found in [extra, missing] {
            let source_lines: Vec<_> = found.into_iter().map(|d| d.source_lines).collect();
            assert_eq!(source_lines, [[blamed]], "{certain:?}");
        }
    }
}

/// Two of the three boxes must be joined along one axis before the result can be joined along another.
#[test]
fn joins_boxes_until_no_two_can_be_joined() {
    let part = |local: Interval, protocols| Difference {
        side: Side::Extra,
        condition: Condition::True,
        packets: PacketBox::ALL
            .with(Dimension::Local, local)
            .matching(HeaderMatch::of(protocols))
            .unwrap()
            .into(),
        source_lines: vec![local.first],
    };
    let [low, high] = [Interval::new(0, 5).unwrap(), Interval::new(6, 9).unwrap()];
    let both = Protocols::TCP.or(Protocols::UDP);
    let parts = vec![
        part(low, Protocols::TCP),
        part(low, Protocols::UDP),
        part(high, both),
    ];
    let mut whole = part(Interval::new(0, 9).unwrap(), both);
    whole.source_lines = vec![0, 6];
    assert_eq!(coalesced(parts), [whole]);
}

/// Uses numbers from each group of 64.
#[test]
fn sets_of_protocols_contain_exactly_their_numbers() {
    let numbers = |set: Protocols| set.numbers().collect::<Vec<u8>>();
    for a in [0, 6, 63, 64, 127, 128, 191, 192, 255] {
        let one = Protocols::of(a);
        assert_eq!(numbers(one), [a]);
        let others = (0..=255).filter(|n| *n != a).collect::<Vec<_>>();
        assert_eq!(numbers(one.not()), others);
        assert_eq!(one.or(one), one);
        for b in [0, 17, 65, 66, 129, 132, 193, 254, 255] {
            let other = Protocols::of(b);
            let mut either = vec![a, b];
            either.sort_unstable();
            either.dedup();
            assert_eq!(numbers(one.or(other)), either);
            assert_eq!(numbers(one.or(other).and(one)), [a]);
            assert_eq!(one.and(other).is_empty(), a != b, "{a} {b}");
            assert_eq!(one.holds(other), a == b, "{a} {b}");
            assert!(one.or(other).holds(other), "{a} {b}");
        }
    }
    assert_eq!(numbers(Protocols::WITH_PORTS), [6, 17, 33, 132, 136]);
}

#[test]
fn named_sets_of_flags_contain_the_right_combinations() {
    let has = |combination: u8, flag: u8| combination & flag != 0;
    for combination in 0..16 {
        let single = Flags::masked(15, combination);
        let holds = |set: Flags| !set.and(single).is_empty();
        let (syn, ack) = (has(combination, Flags::SYN), has(combination, Flags::ACK));
        let rst = has(combination, Flags::RST);
        assert_eq!(holds(Flags::opening()), syn && !ack, "{combination}");
        assert_eq!(holds(Flags::opening().not()), !syn || ack, "{combination}");
        assert_eq!(holds(Flags::established()), ack || rst, "{combination}");
        assert!(holds(Flags::ALL) && !holds(Flags::ALL.not()));
        assert_eq!(single.and(Flags::ALL), single);
    }
}

#[test]
fn sets_of_states_contain_exactly_their_names() {
    let names = |set: States| set.names().collect::<Vec<_>>();
    let [new, related] = ["new", "related"].map(|name| States::named(name).unwrap());
    assert_eq!(names(new), ["new"]);
    assert_eq!(names(new.or(related)), ["new", "related"]);
    assert_eq!(names(new.or(new)), ["new"]);
    assert_eq!(names(new.or(related).and(related)), ["related"]);
    assert!(new.and(related).is_empty() && !new.is_empty());
    let others = ["established", "related", "invalid", "untracked"];
    assert_eq!(names(new.not()), others);
    assert_eq!(new.not().not(), new);
    assert_eq!(States::named("frob"), None);
}

/// Each rule restricts three fields to ranges that overlap the ranges of all other rules.
#[test]
fn rejects_rules_that_overlap_in_too_many_ways() {
    let range = |number: u32| Interval::new(number * 2, 60_000 + number).unwrap();
    let fields = [
        Dimension::Remote,
        Dimension::LocalPort,
        Dimension::RemotePort,
    ];
    let step = |number: u32| Step {
        packets: (0..3)
            .zip(fields)
            .fold(PacketBox::ALL, |packets, (at, field)| {
                packets.with(field, range((number * (7 + at)) % 2_000))
            }),
        condition: Condition::True,
        action: Action::Accept,
        at: number,
    };
    let steps: Vec<Step> = (0..2_000).map(step).collect();
    let found = differences(&[], &steps, Limits::default());
    let refused = [Limit::Work, Limit::Boxes].map(|limit| Err(Limits::default().exceeded(limit)));
    assert!(
        refused.contains(&found),
        "{:?}",
        found.map(|found| found.len())
    );
}
