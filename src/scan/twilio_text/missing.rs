//! Finds the networks that a text lacks.

use ipnet::Ipv4Net;

use super::TwilioText;
use crate::packets::{Interval, complement};
use crate::policy::{Plane, address_or_cidr};
use crate::scan::advice::Advice;
use crate::scan::classification::Classification;
use crate::scan::find::Found;
use crate::scan::finding::Finding;
use crate::scan::purpose::Purpose;
use crate::scan::replacement::Replacement;

/// The steps of [`crate::limits::Limit::Work`] for each missing network. One finding contains all
/// missing networks of a plane and region, and there may be millions of them between the addresses
/// of a text.
const STEPS_OF_MISSING: usize = 200;

impl TwilioText<'_> {
    /// Returns true if the text has networks of a plane, or opens its ports for Twilio. Old media networks in a list for
    /// signaling do not count as media.
    fn has_plane(&self, plane: Plane) -> bool {
        let is_of_plane = |(one, is_twilios): (&Found, &bool)| {
            let at = one.place.start;
            let serves = || plane == Plane::Signaling || self.purpose(one).planes.media;
            let opens = || match plane {
                Plane::Signaling => self.context.has_sip_port(at),
                Plane::Media => self.context.has_media_port(at),
            };
            *is_twilios && (self.published.is_of_plane(one.span, plane) && serves() || opens())
        };
        let mut all = self.found.iter().zip(&self.neighbors.are_twilios);
        all.any(is_of_plane)
    }

    /// Returns the parts of an expected network that the text lacks. Media networks are published only as a whole.
    fn lacking(&self, plane: Plane, span: Interval) -> Vec<Interval> {
        let lacking = complement(&self.held.all, span);
        if plane == Plane::Media && !lacking.is_empty() {
            vec![span]
        } else {
            lacking
        }
    }

    /// Returns a finding at the given position for each plane and region with expected networks
    /// that the text lacks.
    pub(super) fn missing(&self, line: usize, column: usize) -> impl Iterator<Item = Finding> {
        let work = &self.context.work;
        let is_selected = Plane::ALL.map(|plane| (plane, self.has_plane(plane)));
        let expected = self.expected.iter();
        let expected =
            expected.filter(move |expected| is_selected.contains(&(expected.plane, true)));
        expected.filter_map(move |expected| {
            let rest = expected
                .networks
                .iter()
                .flat_map(|span| self.lacking(expected.plane, *span));
            let networks: Vec<Ipv4Net> = rest
                .flat_map(Interval::networks)
                .inspect(|_| work.add(STEPS_OF_MISSING))
                .take_while(|_| !work.is_exceeded())
                .collect();
            let written: Vec<String> = networks.iter().map(|n| address_or_cidr(*n)).collect();
            (!networks.is_empty()).then(|| Finding {
                classification: Classification::Missing,
                line,
                column,
                length: 0,
                place: None,
                text: written.join(", "),
                networks,
                explanation: format!("{} of {}", expected.plane, expected.region),
                replacement: Replacement::default(),
                purpose: Purpose::default(),
                advice: Advice::Explained,
                fix: None,
                left: None,
                missing: Some((expected.plane, expected.region.clone())),
            })
        })
    }
}
