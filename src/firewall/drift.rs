//! Drift: the packets that a policy needs and a deployed firewall does not accept, and the packets
//! that the firewall accepts in addition. Each part has its attribution.

use super::attribution::{Attribution, publications};
use super::deployed::{DeployedUnit, Unmeasured};
use super::hook::Unhooked;
use super::published::{Published, PublishedNetwork};
use crate::limits::{Limit, LimitExceeded, Limits};
use crate::packets::{
    self, Cell, Condition, Difference, Dimension, Direction, Interval, PacketBox, Side,
};
use crate::policy::{Granularity, Rule, boxes};

/// The difference between the expected and the deployed rules.
#[derive(Debug, Default)]
pub struct Drift {
    /// Expected but not accepted, in the order of the policy.
    pub missing: Vec<Part>,
    /// Accepted but not expected, ascending by remote address.
    pub extra: Vec<Part>,
    /// Accepted by criteria that cannot be compared.
    pub unmeasured: Vec<(Direction, Unmeasured)>,
    /// Units that no expected packet gets to.
    pub unhooked: Vec<(Direction, Unhooked)>,
}

/// One cell of the difference.
#[derive(Clone, Debug)]
pub struct Part {
    pub direction: Direction,
    pub packets: Cell,
    /// `Unknown` if the packets pass only under some conditions.
    pub condition: Condition,
    pub attribution: Attribution,
    /// The places ([`crate::packets::Step::at`]) of the steps that accept or stop the packets.
    pub source_lines: Vec<u32>,
}

impl Drift {
    /// Returns true if there is no difference.
    pub fn is_none(&self) -> bool {
        self.has_same_packets() && self.unhooked.is_empty()
    }

    /// Returns true if the units accept exactly the expected packets, even if no packet gets to them.
    pub fn has_same_packets(&self) -> bool {
        self.missing.is_empty() && self.extra.is_empty() && self.unmeasured.is_empty()
    }

    /// Returns each reason why packets do not get to a unit once, even if it applies to both directions.
    pub fn unhooked_reasons(&self) -> Vec<&Unhooked> {
        let mut reasons: Vec<&Unhooked> = Vec::new();
        for (_, unhooked) in &self.unhooked {
            if !reasons.contains(&unhooked) {
                reasons.push(unhooked);
            }
        }
        reasons
    }

    /// Returns the missing parts, followed by the extra ones.
    pub fn parts(&self) -> impl Iterator<Item = (Side, &Part)> {
        let missing = self.missing.iter().map(|part| (Side::Missing, part));
        missing.chain(self.extra.iter().map(|part| (Side::Extra, part)))
    }
}

/// Compares the rules for one direction with the deployed unit.
///
/// `others` is the number of parts of the other direction, which also count towards the limit.
/// `known` returns all published networks. It is called only if there are extra packets.
pub fn compare<'k>(
    rules: &[&Rule],
    granularity: Granularity,
    deployed: &DeployedUnit,
    others: usize,
    limits: Limits,
    known: impl Fn() -> &'k [PublishedNetwork],
) -> Result<Drift, LimitExceeded> {
    let needed: Vec<Vec<PacketBox>> = rules.iter().map(|r| boxes(r, granularity)).collect();
    let expected = needed.concat();
    let (missing, extra): (Vec<Difference>, Vec<Difference>) =
        packets::differences(&expected, &deployed.steps, limits)?
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
    let mut extra = name_extra(extra, granularity, known, direction, others, limits)?;
    blame_ports(&mut extra, &expected, &deployed.ports);
    let unhooked = Unhooked::of(&deployed.hook, &deployed.name, &expected, limits)?;
    Ok(Drift {
        missing,
        extra,
        unmeasured: unmeasured.map(|b| (direction, b)).collect(),
        unhooked: unhooked.map(|b| (direction, b)).into_iter().collect(),
    })
}

/// Splits the missing packets by rule and network of the policy. Each missing packet belongs to at
/// least one rule.
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
    // The packets of each difference that have no attribution yet.
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

/// Divides the missing packets by the widest networks of the policy. This bounds the work of
/// [`take`], which then looks only at packets of one such network.
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

/// Returns the rules' remote networks that no other one contains, ascending.
fn widest_networks(rules: &[&Rule]) -> Vec<Interval> {
    let networks = rules.iter().flat_map(|rule| rule.remote.networks.iter());
    let mut spans: Vec<Interval> = networks.map(|remote| remote.network.into()).collect();
    spans.sort_unstable_by_key(|span| (span.first, std::cmp::Reverse(span.last)));
    spans.dedup_by(|next, kept| kept.holds(*next));
    spans
}

/// Moves the packets of `own` from `from` to `found`.
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

/// Attributes extra packets to published networks, if all of their addresses are published.
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

/// Replaces the places of extra packets to ports that no rule expects by the places of these ports.
fn blame_ports(parts: &mut [Part], expected: &[PacketBox], ports: &[(PacketBox, u32)]) {
    if ports.is_empty() {
        return;
    }
    let mut expected_ports: Vec<PacketBox> = Vec::new();
    for packets in expected {
        let from_anywhere = packets.with(Dimension::Remote, Interval::ADDRESSES);
        if !expected_ports.contains(&from_anywhere) {
            expected_ports.push(from_anywhere);
        }
    }
    for part in parts {
        let has = |packets: &PacketBox| part.packets.and(packets).is_some();
        if expected_ports.iter().any(has) {
            continue;
        }
        let places = ports.iter().filter(|(packets, _)| has(packets));
        let places: Vec<u32> = places.map(|(_, at)| *at).collect();
        if !places.is_empty() {
            part.source_lines = places;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Plane;

    /// Adjacent networks of two regions become separate parts, even if one box contains both. A box
    /// with unpublished addresses is not split.
    #[test]
    fn splits_extra_packets_by_network_only_if_all_addresses_are_published() {
        // Every address here is in the upper half of the address space.
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
            let spans = parts
                .iter()
                .map(|p| (span(p).first - HIGH, span(p).last - HIGH, region(p)));
            spans.collect::<Vec<_>>()
        };
        let row = |first, last, region: &str| (first, last, region.to_owned());
        assert_eq!(named(64, 255), [row(64, 127, "a"), row(128, 255, "b")]);
        assert_eq!(named(130, 140), [row(130, 140, "c+b")]);
        assert_eq!(named(64, 256), [row(64, 256, "none")]);
        assert_eq!(named(100, 200), [row(100, 200, "none")]);
    }
}
