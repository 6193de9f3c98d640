//! The packets that a rule matches, narrowed match by match.

use crate::limits::{Limit, Limits};
use crate::packets::{
    Condition, HeaderBox, HeaderField, HeaderMatch, Interval, Protocols, complement, normalized,
};

/// The packets that a rule holds for, narrowed match by match.
#[derive(Clone, Debug)]
pub(in crate::format) struct Matches {
    pub boxes: Vec<HeaderBox>,
    /// See [`crate::packets::Step::condition`].
    pub condition: Condition,
    pub limits: Limits,
    /// The number of boxes that were looked at so far; see [`Limit::Work`].
    pub cost: usize,
}

impl Matches {
    /// Every packet; no narrowing may lead to more boxes than the limits allow.
    pub fn within(limits: Limits) -> Self {
        Matches {
            boxes: vec![HeaderBox::ALL],
            condition: Condition::True,
            limits,
            cost: 0,
        }
    }

    /// Keeps packets with a field in any of the spans, which are disjoint.
    pub fn span(&mut self, field: HeaderField, spans: &[Interval]) -> Result<(), String> {
        self.narrow(spans, |packets, span| packets.narrowed(field, *span))
    }

    /// Keeps packets with a field in none of the spans.
    pub fn not_span(&mut self, field: HeaderField, spans: &[Interval]) -> Result<(), String> {
        let spans = normalized(spans.to_vec());
        self.span(field, &complement(&spans, field.whole()))
    }

    /// As one or the other of the two above.
    pub fn span_or_not(
        &mut self,
        negated: bool,
        field: HeaderField,
        spans: &[Interval],
    ) -> Result<(), String> {
        if negated {
            self.not_span(field, spans)
        } else {
            self.span(field, spans)
        }
    }

    /// Keeps packets of which the source's or the destination's port is in any of the spans, which are
    /// [`normalized`].
    pub fn either_port(&mut self, spans: &[Interval]) -> Result<(), String> {
        let others = complement(spans, Interval::PORTS);
        let count = spans.len().saturating_mul(others.len() + 1);
        self.limits.check(Limit::Boxes, count)?;
        self.cost += count;
        let mut boxes = Vec::with_capacity(count);
        for span in spans {
            boxes.push(HeaderBox::ALL.with(HeaderField::SourcePort, *span));
        }
        for other in others {
            let rest = HeaderBox::ALL.with(HeaderField::SourcePort, other);
            boxes.extend(
                spans
                    .iter()
                    .map(|s| rest.with(HeaderField::DestinationPort, *s)),
            );
        }
        self.any_of(&boxes)
    }

    /// Keeps packets of a kind.
    pub fn kind(&mut self, kind: HeaderMatch) {
        self.keep(|packets| packets.matching(kind));
    }

    /// Keeps packets that are in any of the boxes, which are disjoint.
    pub fn any_of(&mut self, boxes: &[HeaderBox]) -> Result<(), String> {
        self.narrow(boxes, HeaderBox::and)
    }

    /// True if every packet is of a protocol that has ports.
    pub fn have_ports(&self) -> bool {
        let with_ports = |p: &HeaderBox| Protocols::WITH_PORTS.holds(p.header().protocols);
        self.boxes.iter().all(with_ports)
    }

    /// Puts what `part` leaves of each box in its place.
    fn keep(&mut self, part: impl Fn(&HeaderBox) -> Option<HeaderBox>) {
        self.cost += self.boxes.len();
        self.boxes.retain_mut(|packets| {
            let left = part(packets);
            if let Some(left) = left {
                *packets = left;
            }
            left.is_some()
        });
    }

    fn narrow<T>(
        &mut self,
        choices: &[T],
        keep: impl Fn(&HeaderBox, &T) -> Option<HeaderBox>,
    ) -> Result<(), String> {
        if let [only] = choices {
            self.keep(|packets| keep(packets, only));
            return Ok(());
        }
        let count = self.boxes.len().saturating_mul(choices.len());
        self.limits.check(Limit::Boxes, count)?;
        // To make the choices took time, even if there is no box left to narrow.
        self.cost += count.max(choices.len());
        let old = std::mem::take(&mut self.boxes);
        for packets in &old {
            self.boxes
                .extend(choices.iter().filter_map(|choice| keep(packets, choice)));
        }
        Ok(())
    }
}
