//! The packets that a rule matches, narrowed match by match.

use crate::limits::{Limit, Limits};
use crate::packets::{
    Condition, HeaderBox, HeaderField, HeaderMatch, Interval, Protocols, complement, normalized,
};

/// The packets that a rule matches, narrowed match by match.
#[derive(Clone, Debug)]
pub(in crate::format) struct Matches {
    pub boxes: Vec<HeaderBox>,
    /// See [`crate::packets::Step::condition`].
    pub condition: Condition,
    pub limits: Limits,
    /// The number of boxes compared so far; see [`Limit::Work`].
    pub cost: usize,
}

impl Matches {
    /// Starts with every packet. Narrowing fails if it creates more boxes than the limits allow.
    pub fn within(limits: Limits) -> Self {
        Matches {
            boxes: vec![HeaderBox::ALL],
            condition: Condition::True,
            limits,
            cost: 0,
        }
    }

    /// Keeps packets with a field in any of the spans. The spans must not overlap.
    pub fn span(&mut self, field: HeaderField, spans: &[Interval]) -> Result<(), String> {
        self.narrow(spans, |packets, span| packets.narrowed(field, *span))
    }

    /// Keeps packets with a field in none of the spans.
    pub fn not_span(&mut self, field: HeaderField, spans: &[Interval]) -> Result<(), String> {
        let spans = normalized(spans.to_vec());
        self.span(field, &complement(&spans, field.whole()))
    }

    /// Calls [`Matches::span`] or [`Matches::not_span`].
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

    /// Keeps packets whose source or destination port is in any of the spans, which must be
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

    /// Keeps packets of one kind.
    pub fn kind(&mut self, kind: HeaderMatch) {
        self.keep(|packets| packets.matching(kind));
    }

    /// Keeps packets in any of the boxes. The boxes must not overlap.
    pub fn any_of(&mut self, boxes: &[HeaderBox]) -> Result<(), String> {
        self.narrow(boxes, HeaderBox::and)
    }

    /// True if all packets are of protocols with ports.
    pub fn have_ports(&self) -> bool {
        let with_ports = |p: &HeaderBox| Protocols::WITH_PORTS.holds(p.header().protocols);
        self.boxes.iter().all(with_ports)
    }

    /// Replaces each box by a part of it, or removes it.
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
        // Creating the choices took time, even if no box is left.
        self.cost += count.max(choices.len());
        let old = std::mem::take(&mut self.boxes);
        for packets in &old {
            self.boxes
                .extend(choices.iter().filter_map(|choice| keep(packets, choice)));
        }
        Ok(())
    }
}
