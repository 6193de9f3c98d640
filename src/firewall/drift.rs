//! Drift: what of a policy a deployed firewall does not let through, and what it lets through
//! besides, each part with what it is to Twilio.

use super::attribution::{Attribution, publications};
use super::deployed::{DeployedUnit, Unmeasured};
use super::published::{Published, PublishedNetwork};
use crate::limits::{Limit, LimitExceeded, Limits};
use crate::packets::{
    self, Cell, Condition, Difference, Dimension, Direction, Interval, PacketBox, Side,
};
use crate::policy::{Granularity, Rule, boxes};

/// The difference of expected and deployed.
#[derive(Debug, Default)]
pub struct Drift {
    /// Expected and not let through, in the order of the policy.
    pub missing: Vec<Part>,
    /// Let through and not expected, ascending.
    pub extra: Vec<Part>,
    /// Let through, and not to be compared.
    pub unmeasured: Vec<(Direction, Unmeasured)>,
}

/// One cell of a difference.
#[derive(Clone, Debug)]
pub struct Part {
    /// Which way the packets go.
    pub direction: Direction,
    /// The packets.
    pub packets: Cell,
    /// Unknown if they pass in some circumstances and not in others.
    pub condition: Condition,
    /// Their attribution.
    pub attribution: Attribution,
    /// The places of the steps that let them through or stop them, as `at` of [`crate::packets::Step`].
    pub source_lines: Vec<u32>,
}

impl Drift {
    /// True if there is none.
    pub fn is_none(&self) -> bool {
        self.missing.is_empty() && self.extra.is_empty() && self.unmeasured.is_empty()
    }

    /// The missing parts, then the extra ones.
    pub fn parts(&self) -> impl Iterator<Item = (Side, &Part)> {
        let missing = self.missing.iter().map(|part| (Side::Missing, part));
        missing.chain(self.extra.iter().map(|part| (Side::Extra, part)))
    }
}

/// Compares what one way of a policy needs with what is deployed for it.
///
/// `others` is the number of parts of the other way, which count for the limit too. `known` is asked only if there is something extra to be named.
pub fn compare<'k>(
    rules: &[&Rule],
    granularity: Granularity,
    deployed: &DeployedUnit,
    others: usize,
    limits: Limits,
    known: impl Fn() -> &'k [PublishedNetwork],
) -> Result<Drift, LimitExceeded> {
    let needed: Vec<Vec<PacketBox>> = rules.iter().map(|r| boxes(r, granularity)).collect();
    let (missing, extra): (Vec<Difference>, Vec<Difference>) =
        packets::differences(&needed.concat(), &deployed.steps, limits)?
            .into_iter()
            .partition(|difference| difference.side == Side::Missing);
    let direction = deployed.direction;
    let unmeasured = deployed.unmeasured.iter().cloned();
    let known = if extra.is_empty() { &[][..] } else { known() };
    let missing = name_missing(
        rules,
        granularity,
        &needed,
        missing,
        direction,
        others,
        limits,
    )?;
    let others = others + missing.len();
    Ok(Drift {
        missing,
        extra: name_extra(extra, granularity, known, direction, others, limits)?,
        unmeasured: unmeasured.map(|b| (direction, b)).collect(),
    })
}

/// Splits what is missing by the rules and networks of the policy, which all of it is of.
fn name_missing(
    rules: &[&Rule],
    granularity: Granularity,
    needed: &[Vec<PacketBox>],
    missing: Vec<Difference>,
    direction: Direction,
    others: usize,
    limits: Limits,
) -> Result<Vec<Part>, LimitExceeded> {
    let missing = within_networks(rules, missing, others, limits)?;
    let mut overlaps = packets::near_differences(&needed.concat(), &missing).into_iter();
    // The rest of each difference that has no name yet.
    let mut left: Vec<Vec<Difference>> = missing.into_iter().map(|d| vec![d]).collect();
    let mut parts = Vec::new();
    for (rule, boxes) in rules.iter().zip(needed) {
        let networks = &rule.remote.networks;
        let of_each = boxes.len() / networks.len();
        for (network, boxes) in networks.iter().zip(boxes.chunks(of_each)) {
            let mut found = Vec::new();
            for (own, numbers) in boxes.iter().zip(&mut overlaps) {
                for number in numbers {
                    take(&mut left[number], own, &mut found);
                }
                limits.check(Limit::Boxes, others + parts.len() + found.len())?;
            }
            if found.is_empty() {
                continue;
            }
            let attribution = Attribution::of(rule, network, granularity);
            parts.extend(packets::coalesced(found).into_iter().map(|d| Part {
                direction,
                packets: d.packets,
                condition: d.condition,
                attribution: attribution.clone(),
                source_lines: d.source_lines,
            }));
        }
    }
    Ok(parts)
}

/// Divides what is missing by the widest networks of the policy, so that what is left of a part
/// while networks are taken out of it is never more than what lies in one of these.
fn within_networks(
    rules: &[&Rule],
    missing: Vec<Difference>,
    others: usize,
    limits: Limits,
) -> Result<Vec<Difference>, LimitExceeded> {
    let widest = widest_networks(rules);
    let mut parts = Vec::new();
    for difference in missing {
        let remotes = difference.packets.set(Dimension::Remote);
        let hull = remotes.hull();
        let start = widest.partition_point(|network| network.last < hull.first);
        let near = widest[start..].iter();
        let near = near.take_while(|network| network.first <= hull.last);
        parts.extend(
            near.filter_map(|network| remotes.and(*network))
                .map(|set| Difference {
                    packets: difference.packets.with(Dimension::Remote, set),
                    ..difference.clone()
                }),
        );
        limits.check(Limit::Boxes, others + parts.len())?;
    }
    Ok(parts)
}

/// The remote networks of the rules that are not in another one of them, ascending.
fn widest_networks(rules: &[&Rule]) -> Vec<Interval> {
    let networks = rules.iter().flat_map(|rule| rule.remote.networks.iter());
    let mut spans: Vec<Interval> = networks.map(|remote| remote.network.into()).collect();
    spans.sort_unstable_by_key(|span| (span.first, std::cmp::Reverse(span.last)));
    spans.dedup_by(|next, kept| kept.holds(*next));
    spans
}

/// Moves what is in `own` to `found`.
fn take(from: &mut Vec<Difference>, own: &PacketBox, found: &mut Vec<Difference>) {
    for difference in std::mem::take(from) {
        let with = |packets| Difference {
            packets,
            ..difference.clone()
        };
        match difference.packets.split(own) {
            Some((common, others)) => {
                found.push(with(common));
                from.extend(others.into_iter().map(with));
            }
            None => from.push(difference),
        }
    }
}

/// Attributes extra packets to the networks that Twilio published, if those are all of them.
fn name_extra(
    extra: Vec<Difference>,
    granularity: Granularity,
    known: &[PublishedNetwork],
    direction: Direction,
    others: usize,
    limits: Limits,
) -> Result<Vec<Part>, LimitExceeded> {
    let published = Published::of(known);
    let mut parts = Vec::new();
    for difference in extra {
        for packets in published.split(&difference.packets) {
            parts.push(Part {
                direction,
                condition: difference.condition,
                attribution: publications(&packets, granularity, &published, direction),
                packets,
                source_lines: difference.source_lines.clone(),
            });
        }
        limits.check(Limit::Boxes, others + parts.len())?;
    }
    parts.sort_by(|a, b| {
        a.packets
            .set(Dimension::Remote)
            .cmp(b.packets.set(Dimension::Remote))
    });
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Plane;

    /// Neighbours of two regions are told apart, though one box holds both; a box that holds
    /// more than published networks stays whole.
    #[test]
    fn what_is_extra_is_split_where_all_of_it_is_published() {
        // Where every address is more than half of all.
        const HIGH: u32 = 3 << 30;
        let high = |first, last| Interval {
            first: HIGH + first,
            last: HIGH + last,
        };
        let known = |first, last, region: &str| PublishedNetwork {
            addresses: high(first, last),
            plane: Plane::Media,
            ports: vec![Interval::PORTS],
            region: Some(region.into()),
            edition: "test".into(),
        };
        let known = [
            known(64, 127, "a"),
            known(128, 143, "c"),
            known(128, 255, "b"),
        ];
        let named = |first, last| {
            let packets = PacketBox::ALL.with(Dimension::Remote, high(first, last));
            let difference = Difference {
                side: Side::Extra,
                condition: Condition::True,
                packets: packets.into(),
                source_lines: vec![7],
            };
            let limits = Limits::default();
            let found = vec![difference];
            let parts =
                name_extra(found, Granularity::Packet, &known, Direction::In, 0, limits).unwrap();
            let region = |part: &Part| match &part.attribution {
                Attribution::Published(places) => places
                    .iter()
                    .filter_map(|place| place.region.as_deref())
                    .collect::<Vec<_>>()
                    .join("+"),
                _ => "none".to_owned(),
            };
            let span = |part: &Part| part.packets.set(Dimension::Remote).hull();
            let told = parts
                .iter()
                .map(|p| (span(p).first - HIGH, span(p).last - HIGH, region(p)));
            told.collect::<Vec<_>>()
        };
        let row = |first, last, region: &str| (first, last, region.to_owned());
        assert_eq!(named(64, 255), [row(64, 127, "a"), row(128, 255, "b")]);
        assert_eq!(named(130, 140), [row(130, 140, "c+b")]);
        assert_eq!(named(64, 256), [row(64, 256, "none")]);
        assert_eq!(named(100, 200), [row(100, 200, "none")]);
    }
}
