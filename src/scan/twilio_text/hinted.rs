//! Decides about hints.

use super::TwilioText;
use crate::packets::Interval;
use crate::scan::assess::Assessment;
use crate::scan::evidence::Service;
use crate::scan::hints::Hint;

impl TwilioText<'_> {
    /// Returns a hint about a set of addresses. `hinted` is the last list with a hint about webhooks.
    pub(super) fn hint(
        &self,
        at: usize,
        assessment: Option<&Assessment>,
        hinted: &mut Option<usize>,
    ) -> Option<Hint> {
        let one = &self.found[at];
        let place = one.place.start;
        let list = self.context.list(place).unwrap_or_default();
        let Some(assessment) = assessment else {
            return self.opens_everything(at).then_some(Hint::AnyAddress);
        };
        if self.context.is_log(place) || self.context.is_trace(place) {
            return None;
        }
        let is_sip = assessment.classification.is_sip();
        if is_sip && one.span.size() == 1 && self.context.is_target(place) {
            return Some(Hint::Target);
        }
        let is_for_webhooks = self.purpose(one).service == Service::Webhooks
            && (is_sip || self.neighbors.are_twilios[at]);
        let is_first =
            hinted.is_none_or(|last| last != list && self.topics.service != Service::Webhooks);
        if is_for_webhooks && is_first {
            *hinted = Some(list);
            return Some(Hint::Webhooks);
        }
        None
    }

    /// Returns true if a set consists of all addresses, and its line lets them in beside Twilio's.
    fn opens_everything(&self, at: usize) -> bool {
        let one = &self.found[at];
        let place = one.place.start;
        if one.span != Interval::ADDRESSES || !self.neighbors.has_twilios {
            return false;
        }
        let row = self.context.row_number(place);
        let neighbors = [at.checked_sub(1), at.checked_add(1)].into_iter().flatten();
        let is_beside = |other: usize| {
            let neighbor = self.found.get(other);
            neighbor.is_some_and(|neighbor| self.context.row_number(neighbor.place.start) == row)
                && self.neighbors.series[other] != self.neighbors.series[at]
        };
        let is_among_twilios = self.neighbors.has_published(self.context.list(place));
        !neighbors.into_iter().any(is_beside)
            && (is_among_twilios || self.context.has_sip_port(place))
            && self.context.lets_in(&one.place)
    }
}
