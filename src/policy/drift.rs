//! Drift: what of a policy a deployed firewall does not let through, and what it lets through
//! besides, each part by its name.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use ipnet::Ipv4Net;

use super::space::{
    self, Cell, Difference, Field, Grain, Packets, Protocols, Side, Span, SpanSet, Step,
};
use super::{Direction, Plane, RemoteNetwork, Rule, State};
use crate::limits::{Exceeded, Limit, Limits};

/// What a firewall lets through one way.
#[derive(Debug)]
pub struct DeployedUnit {
    /// Which way.
    pub direction: Direction,
    /// What the firewall calls it.
    pub name: String,
    /// What it does with a packet; empty where there is no such unit.
    pub steps: Vec<Step>,
    /// What it lets through that no set of IPv4 packets tells.
    pub beyond: Vec<Beyond>,
    /// If it is not in the text: what is there instead.
    pub absent: Option<String>,
}

impl DeployedUnit {
    /// One that lets nothing through.
    pub fn empty(direction: Direction, name: String) -> Self {
        DeployedUnit {
            direction,
            name,
            steps: Vec::new(),
            beyond: Vec::new(),
            absent: None,
        }
    }
}

/// Something that lets packets through, but not by their IPv4 addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beyond {
    /// In a few words, such as `prefix list pl-63a5400a`.
    pub what: String,
    /// Where it stands, as [`Step::at`].
    pub at: u32,
}

/// A network that an edition publishes.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its addresses, which are those of a prefix.
    pub addresses: Span,
    /// What it is for.
    pub plane: Plane,
    /// The ports of that plane, as [`space::normalized`] has them.
    pub ports: Vec<Span>,
    /// The region's id; `None` where it belongs to every region.
    pub region: Option<Arc<str>>,
    /// The edition's name.
    pub edition: Arc<str>,
}

impl Known {
    /// Whether packets of these protocols, from or to these ports, are what it is for.
    fn carries(&self, protocols: Protocols, ports: &SpanSet) -> bool {
        let carriers = match self.plane {
            Plane::Signaling => Protocols::UDP.or(Protocols::TCP),
            Plane::Media => Protocols::UDP,
        };
        let held = |ports: &Span| self.ports.iter().any(|own| own.holds(*ports));
        carriers.holds(protocols) && ports.spans().iter().all(held)
    }
}

/// The difference of expected and deployed.
#[derive(Debug, Default)]
pub struct Drift {
    /// Expected and not let through, in the order of the policy.
    pub missing: Vec<Part>,
    /// Let through and not expected, ascending.
    pub extra: Vec<Part>,
    /// Let through, and not to be compared.
    pub beyond: Vec<(Direction, Beyond)>,
}

/// One cell of a difference.
#[derive(Clone, Debug)]
pub struct Part {
    /// Which way the packets go.
    pub direction: Direction,
    /// The packets.
    pub packets: Cell,
    /// Whether they pass in some circumstances and not in others.
    pub sometimes: bool,
    /// What they are to Twilio.
    pub belongs: Belongs,
    /// Where the steps stand that let them through or stop them, as [`Step::at`].
    pub blame: Vec<u32>,
}

/// What packets are to Twilio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Belongs {
    /// They are of a rule of the policy.
    Rule {
        /// Such as `signaling tls`.
        subject: String,
        /// The plane of the rule.
        plane: Plane,
        /// The regions of the network.
        region: String,
        /// The editions of the network.
        editions: Vec<Arc<str>>,
    },
    /// Their remote addresses are of published networks.
    Published(Vec<Publication>),
    /// Nothing that any edition tells.
    Nothing,
}

/// The place of an address in what Twilio published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// What the network is for.
    pub plane: Plane,
    /// Whether the packets have the ports of that plane.
    pub own_ports: bool,
    /// The region's id; `None` where the network belongs to every region.
    pub region: Option<Arc<str>>,
    /// Where it is published.
    pub editions: Vec<Arc<str>>,
}

impl Belongs {
    fn of(rule: &Rule, network: &RemoteNetwork, grain: Grain) -> Belongs {
        let mut editions: Vec<Arc<str>> = Vec::new();
        for origin in &network.origins {
            if !editions.contains(&origin.edition) {
                editions.push(origin.edition.clone());
            }
        }
        Belongs::Rule {
            subject: match (grain, rule.state) {
                (Grain::Remotes, _) => rule.plane.to_string(),
                (_, State::Any) => rule.subject(),
                (_, State::Established) => format!("{}, the way back,", rule.subject()),
            },
            plane: rule.plane,
            region: network.label(false),
            editions,
        }
    }
}

impl Drift {
    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        self.missing.is_empty() && self.extra.is_empty() && self.beyond.is_empty()
    }

    /// What is missing, then what is extra.
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
    grain: Grain,
    deployed: &DeployedUnit,
    others: usize,
    limits: Limits,
    known: impl Fn() -> &'k [Known],
) -> Result<Drift, Exceeded> {
    let needed: Vec<Vec<Packets>> = rules.iter().map(|r| space::boxes(r, grain)).collect();
    let (missing, extra): (Vec<Difference>, Vec<Difference>) =
        space::differences(&needed.concat(), &deployed.steps, limits)?
            .into_iter()
            .partition(|difference| difference.side == Side::Missing);
    let direction = deployed.direction;
    let beyond = deployed.beyond.iter().cloned();
    let known = if extra.is_empty() { &[][..] } else { known() };
    let missing = name_missing(rules, grain, &needed, missing, direction, others, limits)?;
    let others = others + missing.len();
    Ok(Drift {
        missing,
        extra: name_extra(extra, grain, known, direction, others, limits)?,
        beyond: beyond.map(|b| (direction, b)).collect(),
    })
}

/// Splits what is missing by the rules and networks of the policy, which all of it is of.
fn name_missing(
    rules: &[&Rule],
    grain: Grain,
    needed: &[Vec<Packets>],
    missing: Vec<Difference>,
    direction: Direction,
    others: usize,
    limits: Limits,
) -> Result<Vec<Part>, Exceeded> {
    let missing = within_networks(rules, missing, others, limits)?;
    let mut overlaps = space::near_differences(&needed.concat(), &missing).into_iter();
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
            let belongs = Belongs::of(rule, network, grain);
            parts.extend(space::coalesced(found).into_iter().map(|d| Part {
                direction,
                packets: d.packets,
                sometimes: d.sometimes,
                belongs: belongs.clone(),
                blame: d.blame,
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
) -> Result<Vec<Difference>, Exceeded> {
    let widest = widest_networks(rules);
    let mut parts = Vec::new();
    for difference in missing {
        let remotes = difference.packets.set(Field::Remote);
        let hull = remotes.hull();
        let start = widest.partition_point(|network| network.last < hull.first);
        let near = widest[start..].iter();
        let near = near.take_while(|network| network.first <= hull.last);
        parts.extend(
            near.filter_map(|network| remotes.and(*network))
                .map(|set| Difference {
                    packets: difference.packets.with(Field::Remote, set),
                    ..difference.clone()
                }),
        );
        limits.check(Limit::Boxes, others + parts.len())?;
    }
    Ok(parts)
}

/// The remote networks of the rules that are not in another one of them, ascending.
fn widest_networks(rules: &[&Rule]) -> Vec<Span> {
    let networks = rules.iter().flat_map(|rule| rule.remote.networks.iter());
    let mut spans: Vec<Span> = networks.map(|remote| remote.network.into()).collect();
    spans.sort_unstable_by_key(|span| (span.first, std::cmp::Reverse(span.last)));
    spans.dedup_by(|next, kept| kept.holds(*next));
    spans
}

/// Moves what is in `own` to `found`.
fn take(from: &mut Vec<Difference>, own: &Packets, found: &mut Vec<Difference>) {
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
    grain: Grain,
    known: &[Known],
    direction: Direction,
    others: usize,
    limits: Limits,
) -> Result<Vec<Part>, Exceeded> {
    let published = Published::of(known);
    let mut parts = Vec::new();
    for difference in extra {
        for packets in published.split(&difference.packets) {
            parts.push(Part {
                direction,
                sometimes: difference.sometimes,
                belongs: publications(&packets, grain, &published, direction),
                packets,
                blame: difference.blame.clone(),
            });
        }
        limits.check(Limit::Boxes, others + parts.len())?;
    }
    parts.sort_by(|a, b| {
        a.packets
            .set(Field::Remote)
            .cmp(b.packets.set(Field::Remote))
    });
    Ok(parts)
}

/// The published networks, to find those that make up a span or hold it.
struct Published<'k> {
    known: &'k [Known],
    /// The places in `known` of the networks with these addresses.
    places: HashMap<Span, Vec<usize>>,
    /// Ascending; of those that start at one address the widest comes first.
    networks: Vec<Span>,
    /// For each of them, the highest address that it or one before it has.
    reaches: Vec<u32>,
}

impl<'k> Published<'k> {
    fn of(known: &'k [Known]) -> Self {
        let mut places: HashMap<Span, Vec<usize>> = HashMap::new();
        for (place, network) in known.iter().enumerate() {
            places.entry(network.addresses).or_default().push(place);
        }
        let mut networks: Vec<Span> = known.iter().map(|known| known.addresses).collect();
        networks.sort_by_key(|network| (network.first, u32::MAX - network.last));
        let mut reach = 0;
        let reaches = networks.iter().map(|network| {
            reach = reach.max(network.last);
            reach
        });
        Published {
            known,
            places,
            reaches: reaches.collect(),
            networks,
        }
    }

    /// Divides a cell into one for each published network that is in it, and the rest.
    fn split(&self, packets: &Cell) -> Vec<Cell> {
        let with = |set| packets.with(Field::Remote, set);
        let mut parts = Vec::new();
        let mut rest = Vec::new();
        for span in packets.set(Field::Remote).spans() {
            match self.made_of(*span) {
                Some(networks) => {
                    parts.extend(networks.into_iter().map(|one| with(SpanSet::One(one))));
                }
                None => rest.push(*span),
            }
        }
        parts.extend(SpanSet::of(rest).map(with));
        parts
    }

    /// The span itself if it is in one network, or the networks that make it up.
    fn made_of(&self, span: Span) -> Option<Vec<Span>> {
        let after = self
            .networks
            .partition_point(|network| network.first <= span.first);
        if after > 0 && self.reaches[after - 1] >= span.last {
            return Some(vec![span]);
        }
        let start = self
            .networks
            .partition_point(|network| network.first < span.first);
        let mut parts = Vec::new();
        let mut next = Some(span.first);
        for network in &self.networks[start..] {
            // A gap, or the end of the span.
            if next.is_none_or(|next| network.first > next) {
                break;
            }
            if next == Some(network.first) && network.last <= span.last {
                parts.push(*network);
                next = network.last.checked_add(1);
            }
        }
        (parts.last()?.last == span.last).then_some(parts)
    }

    /// The networks that hold a span, in the order in which they are known.
    fn holders(&self, span: Span) -> impl Iterator<Item = &'k Known> {
        let first = Ipv4Addr::from_bits(span.first);
        let networks = (0..=32).filter_map(|prefix| Ipv4Net::new(first, prefix).ok());
        let around = networks.map(|network| Span::from(network.trunc()));
        let held = around.filter(|network| network.holds(span));
        let mut places: Vec<usize> = held
            .filter_map(|network| self.places.get(&network))
            .flatten()
            .copied()
            .collect();
        places.sort_unstable();
        places.into_iter().map(|place| &self.known[place])
    }
}

fn publications(
    packets: &Cell,
    grain: Grain,
    published: &Published,
    direction: Direction,
) -> Belongs {
    let service = packets.set(match direction {
        Direction::In => Field::LocalPort,
        Direction::Out => Field::RemotePort,
    });
    let mut found: Vec<Publication> = Vec::new();
    for holder in published.holders(packets.set(Field::Remote).hull()) {
        let own_ports = grain == Grain::Remotes || holder.carries(packets.kind.protocols, service);
        let same = |p: &&mut Publication| {
            p.plane == holder.plane && p.own_ports == own_ports && p.region == holder.region
        };
        match found.iter_mut().find(same) {
            Some(publication) => publication.editions.push(holder.edition.clone()),
            None => found.push(Publication {
                plane: holder.plane,
                own_ports,
                region: holder.region.clone(),
                editions: vec![holder.edition.clone()],
            }),
        }
    }
    if found.iter().any(|p| p.own_ports) {
        found.retain(|p| p.own_ports);
    }
    if found.is_empty() {
        Belongs::Nothing
    } else {
        Belongs::Published(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Neighbours of two regions are told apart, though one box holds both; a box that holds
    /// more than published networks stays whole.
    #[test]
    fn what_is_extra_is_split_where_all_of_it_is_published() {
        // Where every address is more than half of all.
        const HIGH: u32 = 3 << 30;
        let high = |first, last| Span {
            first: HIGH + first,
            last: HIGH + last,
        };
        let known = |first, last, region: &str| Known {
            addresses: high(first, last),
            plane: Plane::Media,
            ports: vec![Span::PORTS],
            region: Some(region.into()),
            edition: "test".into(),
        };
        let known = [
            known(64, 127, "a"),
            known(128, 143, "c"),
            known(128, 255, "b"),
        ];
        let named = |first, last| {
            let packets = Packets::ALL.with(Field::Remote, high(first, last));
            let difference = Difference {
                side: Side::Extra,
                sometimes: false,
                packets: packets.into(),
                blame: vec![7],
            };
            let limits = Limits::default();
            let found = vec![difference];
            let parts =
                name_extra(found, Grain::Packets, &known, Direction::In, 0, limits).unwrap();
            let region = |part: &Part| match &part.belongs {
                Belongs::Published(places) => places
                    .iter()
                    .filter_map(|place| place.region.as_deref())
                    .collect::<Vec<_>>()
                    .join("+"),
                _ => "none".to_owned(),
            };
            let span = |part: &Part| part.packets.set(Field::Remote).hull();
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

    #[test]
    fn an_address_of_both_planes_is_of_the_one_whose_ports_the_packets_have() {
        let known = |plane, port| Known {
            addresses: Span::single(1),
            plane,
            ports: vec![Span::single(port)],
            region: Some("a".into()),
            edition: "test".into(),
        };
        let known = [
            known(Plane::Signaling, 5060),
            known(Plane::Media, 10_000),
            Known {
                region: None,
                ..known(Plane::Media, 10_000)
            },
        ];
        let told = |port| {
            let udp = Packets::ALL.of_kind(space::Kind::of(Protocols::UDP));
            let packets = udp.unwrap().with(Field::Remote, Span::single(1));
            let packets = packets.with(Field::LocalPort, Span::single(port));
            let published = Published::of(&known);
            let belongs = publications(&packets.into(), Grain::Packets, &published, Direction::In);
            let Belongs::Published(places) = belongs else {
                panic!("{port} is of nothing");
            };
            let place = |p: Publication| (p.plane, p.own_ports, p.region.is_some());
            places.into_iter().map(place).collect::<Vec<_>>()
        };
        let media = |own_ports| [true, false].map(|region| (Plane::Media, own_ports, region));
        assert_eq!(told(5060), [(Plane::Signaling, true, true)]);
        assert_eq!(told(10_000), media(true));
        let [media, media_of_all] = media(false);
        assert_eq!(
            told(7),
            [(Plane::Signaling, false, true), media, media_of_all]
        );
    }
}
