//! Selects the networks to write instead of an address.

use std::collections::{HashMap, HashSet};

use ipnet::Ipv4Net;

use super::decision::Addresses;
use super::denials::Denials;
use super::tuple::is_tuple;
use super::understood::obstacle;
use super::writable::check_writable;
use crate::dataset::SHORTEST_PREFIX;
use crate::packets::{Interval, normalized};
use crate::policy::{Plane, address_or_cidr};
use crate::scan::classification::Classification;
use crate::scan::evidence::Planes;
use crate::scan::finding::Finding;
use crate::scan::layout::{Element, Form, Layout, List};
use crate::scan::line_mark::mentions_twilio;
use crate::scan::replacement::Replacement;
use crate::scan::spans::{covers, touches};

/// The networks to write instead of an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// The element stays as it is.
    Keep,
    /// The networks `new`, which are not in the list yet; none if the list has all that are `wanted`.
    Networks {
        new: Vec<Ipv4Net>,
        wanted: Vec<Ipv4Net>,
    },
    /// Nothing, for this reason.
    Leave(String),
}

impl Need {
    /// True if the element is removed.
    pub(super) fn removes(&self) -> bool {
        matches!(self, Need::Networks { new, .. } if new.is_empty())
    }
}

/// Returns the networks to write instead of each element. `found` has the finding of each element.
pub(super) fn needed(
    layout: &Layout,
    findings: &[Finding],
    found: &[Option<usize>],
    addresses: &Addresses,
) -> Vec<Need> {
    let of_element = found.iter().map(|at| at.map(|at| &findings[at]));
    let of_element: Vec<Option<&Finding>> = of_element.collect();
    let denials = Denials::new(layout);
    let targets = of_element.iter().zip(&layout.elements);
    let targets = targets.map(|(finding, element)| {
        let finding = finding.filter(|finding| is_target(finding))?;
        Some(Target {
            finding,
            planes: planes(layout, element, finding, &denials),
        })
    });
    let mut planned = Planned {
        layout,
        mentions_twilio: mentions_twilio(layout.text),
        has_other_services: findings
            .iter()
            .any(|finding| finding.classification == Classification::OtherService),
        addresses,
        targets: targets.collect(),
        published: published_before(&of_element),
        after: Vec::new(),
    };
    planned.after = planned.after();
    let mut needs = vec![Need::Keep; layout.elements.len()];
    for list in &layout.lists {
        planned.add_needs(list, &mut needs);
    }
    needs
}

/// A finding that may be fixed.
struct Target<'a> {
    finding: &'a Finding,
    /// The planes that its address serves, or the reason why it must not be changed.
    planes: Result<Planes, &'static str>,
}

fn planes(
    layout: &Layout,
    element: &Element,
    finding: &Finding,
    denials: &Denials,
) -> Result<Planes, &'static str> {
    let list = &layout.lists[element.list];
    match obstacle(layout, element, list, finding.purpose, denials) {
        Some(reason) => Err(reason),
        None => Ok(finding.purpose.planes),
    }
}

fn published_before(findings: &[Option<&Finding>]) -> Vec<usize> {
    let mut counts = vec![0];
    let mut count = 0;
    counts.extend(findings.iter().map(|finding| {
        let is_published =
            finding.is_some_and(|finding| finding.classification != Classification::Unpublished);
        count += usize::from(is_published);
        count
    }));
    counts
}

/// True if other addresses are recommended.
pub(super) fn is_target(finding: &Finding) -> bool {
    let is_wrong = matches!(
        finding.classification,
        Classification::Superseded | Classification::Wider | Classification::Unpublished
    );
    is_wrong && !finding.replacement.is_empty()
}

/// In a file that does not mention Twilio, only blocks with this many published addresses are changed.
const FEWEST_PUBLISHED: usize = 3;

struct Planned<'a> {
    layout: &'a Layout<'a>,
    mentions_twilio: bool,
    /// True if the text contains addresses of another service than SIP.
    has_other_services: bool,
    addresses: &'a Addresses<'a>,
    /// For each element, and for the end of the text, the number of published addresses before it.
    published: Vec<usize>,
    /// For each element, its finding if it may be fixed.
    targets: Vec<Option<Target<'a>>>,
    /// The addresses in force that the text will contain.
    after: Vec<Interval>,
}

impl Planned<'_> {
    /// Returns the addresses in force that the text will contain.
    fn after(&self) -> Vec<Interval> {
        let mut spans = Vec::new();
        for (element, target) in self.layout.elements.iter().zip(&self.targets) {
            let Some(Target { finding, planes }) = target else {
                spans.extend(self.in_force(element));
                continue;
            };
            if let Ok(planes) = planes {
                let Replacement { signaling, media } = &finding.replacement;
                let signaling = signaling.iter().filter(|_| planes.signaling);
                let media = media.iter().filter(|_| planes.media);
                spans.extend(signaling.chain(media).map(|net| Interval::from(*net)));
            }
        }
        normalized(spans)
    }

    fn in_force(&self, element: &Element) -> Option<Interval> {
        element
            .span
            .filter(|span| covers(self.addresses.in_force, *span))
    }

    fn add_needs(&self, list: &List, needs: &mut [Need]) {
        let kept = list
            .members
            .iter()
            .filter(|at| self.targets[**at].is_none());
        let kept = kept.filter_map(|at| self.in_force(&self.layout.elements[*at]));
        let kept = normalized(kept.collect());
        let wanted = list.members.iter().map(|at| {
            let target = self.targets[*at].as_ref()?;
            Some(Wanted {
                at: *at,
                target: target.finding,
                networks: self.wanted(list, target),
            })
        });
        let wanted: Vec<Wanted> = wanted.flatten().collect();
        let holders = holders(&wanted);
        let mut placed: HashSet<Ipv4Net> = HashSet::new();
        for wanted in wanted {
            let at = wanted.at;
            let is_elsewhere = |network: &Ipv4Net| {
                placed.contains(network) || holders.get(network).is_some_and(|own| *own != at)
            };
            needs[at] = self.need(wanted, &kept, is_elsewhere);
            if let Need::Networks { new, .. } = &needs[at] {
                placed.extend(new);
            }
        }
        if kept.is_empty() && placed.is_empty() {
            leave_removed(list, needs, "it is the only address of its list");
        }
        self.leave_emptied_paragraphs(list, needs);
        if is_tuple(self.layout, list) && elements_after(list, needs) == 1 {
            let reason = "a single value in parentheses may be no list: remove it yourself";
            leave_removed(list, needs, reason);
        }
    }

    /// Leaves the elements of a paragraph of lines that would become empty, although it has signaling networks: it may be
    /// a list of its own, such as that of another trunk.
    fn leave_emptied_paragraphs(&self, list: &List, needs: &mut [Need]) {
        if list.form != Form::Lines {
            return;
        }
        let row = |at: usize| self.layout.elements[at].row;
        let is_near = |one: &usize, next: &usize| {
            (row(*one)..row(*next)).all(|row| !self.layout.lines.is_blank(row))
        };
        let has_signaling = |at: &usize| {
            let target = self.targets[*at].as_ref();
            target.is_some_and(|target| !target.finding.replacement.signaling.is_empty())
        };
        for paragraph in list.members.chunk_by(is_near) {
            let is_emptied = paragraph.iter().all(|at| needs[*at].removes());
            if is_emptied && paragraph.iter().any(has_signaling) {
                for at in paragraph {
                    needs[*at] = Need::Leave(
                        "its paragraph would be empty, because another one has the same networks"
                            .to_owned(),
                    );
                }
            }
        }
    }

    /// Returns the networks to write instead of an element. `kept` are the addresses in force of its list, and
    /// `is_elsewhere` returns true for networks that replace another element.
    fn need(
        &self,
        wanted: Wanted,
        kept: &[Interval],
        is_elsewhere: impl Fn(&Ipv4Net) -> bool,
    ) -> Need {
        let networks = wanted.networks.and_then(|networks| {
            let new = missing(&networks, kept, is_elsewhere)?;
            // Another address may have been meant.
            if new.is_empty() && wanted.target.classification == Classification::Unpublished {
                return Err("its list has the address that was probably meant".to_owned());
            }
            check_writable(self.layout, wanted.at, &new)?;
            Ok((new, networks))
        });
        match networks {
            Ok((new, wanted)) => Need::Networks { new, wanted },
            Err(reason) => Need::Leave(reason),
        }
    }

    /// Returns the networks that a target must be replaced by, or the reason why it is left.
    fn wanted(&self, list: &List, target: &Target) -> Result<Vec<Ipv4Net>, String> {
        let planes = target.planes?;
        let target = target.finding;
        let counts = self.published[list.block.end] - self.published[list.block.start];
        if !self.mentions_twilio && counts < FEWEST_PUBLISHED {
            return Err("the file does not mention Twilio".to_owned());
        }
        if self.has_other_services && planes.signaling && planes.media {
            return Err("the file also lists addresses of another Twilio service".to_owned());
        }
        let is_single = |networks: &[Ipv4Net]| networks.iter().all(|net| net.prefix_len() == 32);
        let replacement = &target.replacement;
        let was_in_force = target.classification == Classification::Superseded;
        if was_in_force && is_single(&replacement.signaling) && replacement.media.is_empty() {
            return Err("it was in force once, so it may be no typing error".to_owned());
        }
        if target.classification == Classification::Unpublished {
            return self.meant(list, target, planes);
        }
        let is_very_wide = |network: &Ipv4Net| network.prefix_len() < SHORTEST_PREFIX;
        if target.networks.iter().any(is_very_wide) {
            return Err("it may be meant for others than Twilio too".to_owned());
        }
        let sides = [
            (planes.signaling, Plane::Signaling, &replacement.signaling),
            (planes.media, Plane::Media, &replacement.media),
        ];
        let mut wanted = Vec::new();
        for (is_served, plane, networks) in sides {
            if is_served {
                wanted.extend(networks);
            } else {
                self.check_kept(target, plane, networks)?;
            }
        }
        if wanted.is_empty() && planes.media {
            return Err("no media network is recommended for it".to_owned());
        }
        Ok(wanted)
    }

    /// Returns an error if the text contains networks only as a part of an address that serves another plane.
    fn check_kept(
        &self,
        target: &Finding,
        plane: Plane,
        networks: &[Ipv4Net],
    ) -> Result<(), String> {
        let is_lost = |network: &&Ipv4Net| {
            let span = Interval::from(**network);
            let holds = |own: &Ipv4Net| Interval::from(*own).holds(span);
            covers(&self.addresses.required, span)
                && !covers(&self.after, span)
                && target.networks.iter().any(holds)
        };
        match networks.iter().find(is_lost) {
            Some(network) => Err(format!(
                "nothing else in the file covers {plane} {network}: add it first"
            )),
            None => Ok(()),
        }
    }

    /// Returns the network that a mistyped address was meant to be.
    fn meant(&self, list: &List, target: &Finding, planes: Planes) -> Result<Vec<Ipv4Net>, String> {
        let replacement = &target.replacement;
        let meant = [&replacement.signaling[..], &replacement.media[..]].concat();
        let in_force = |network: &Ipv4Net| covers(self.addresses.in_force, (*network).into());
        if !meant.iter().all(in_force) {
            return Err("the address that was probably meant is superseded".to_owned());
        }
        if !planes.signaling && replacement.media.is_empty()
            || !planes.media && replacement.signaling.is_empty()
        {
            return Err("it was probably meant for the other plane".to_owned());
        }
        let is_invalid = target.networks.is_empty();
        let beside = self.published[list.block.end] - self.published[list.block.start];
        if is_invalid || beside > 0 {
            Ok(meant)
        } else {
            Err("no address of Twilio is beside it, so it may be someone else's".to_owned())
        }
    }
}

/// Leaves the elements of a list that would be removed, for this reason.
fn leave_removed(list: &List, needs: &mut [Need], reason: &str) {
    for at in &list.members {
        if needs[*at].removes() {
            needs[*at] = Need::Leave(reason.to_owned());
        }
    }
}

/// Returns the number of elements that a list will have.
fn elements_after(list: &List, needs: &[Need]) -> usize {
    let counts = list.members.iter().map(|at| match &needs[*at] {
        Need::Networks { new, .. } => new.len(),
        Need::Keep | Need::Leave(_) => 1,
    });
    counts.sum()
}

/// The networks that an element must be replaced by, whether or not its list has them, or the reason why it is left.
struct Wanted<'a> {
    at: usize,
    target: &'a Finding,
    networks: Result<Vec<Ipv4Net>, String>,
}

/// Returns, for each wanted network that an address of the list contains, the element of the first such address.
fn holders(wanted: &[Wanted]) -> HashMap<Ipv4Net, usize> {
    let mut holders = HashMap::new();
    for Wanted {
        at,
        target,
        networks,
    } in wanted
    {
        for network in networks.iter().flatten() {
            let holds = |own: &Ipv4Net| own.contains(network);
            if target.networks.iter().any(holds) {
                holders.entry(*network).or_insert(*at);
            }
        }
    }
    holders
}

/// Returns the wanted networks that the list does not contain yet, and that replace no other address of it.
fn missing(
    wanted: &[Ipv4Net],
    kept: &[Interval],
    is_elsewhere: impl Fn(&Ipv4Net) -> bool,
) -> Result<Vec<Ipv4Net>, String> {
    let absent = |network: &Ipv4Net| !covers(kept, (*network).into()) && !is_elsewhere(network);
    let networks: Vec<Ipv4Net> = wanted.iter().copied().filter(absent).collect();
    let is_part = |network: &&Ipv4Net| touches(kept, (**network).into());
    match networks.iter().find(is_part) {
        Some(network) => Err(format!(
            "its list contains a part of {}: write the whole network",
            address_or_cidr(*network)
        )),
        None => Ok(networks),
    }
}
