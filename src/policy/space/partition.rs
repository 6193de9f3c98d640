//! Divides the packets, field by field, into pieces that each rule matches as a whole or not at
//! all.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::iter::Peekable;
use std::ops::Range;
use std::slice;

use super::difference::{Difference, Shape, Side};
use super::outcome::{Outcomes, outcomes};
use super::{Cell, FIELDS, Field, Kind, Packets, Span, SpanSet, Step, Verdict};
use crate::limits::{Exceeded, Limit, Limits};

/// The order in which fields are divided: the one that distinguishes most rules comes first.
pub(super) const ORDER: [Field; FIELDS] = [
    Field::Remote,
    Field::LocalPort,
    Field::RemotePort,
    Field::Local,
];

/// The packets to look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// Every difference, in disjoint boxes, as long as that costs little for each rule.
    All,
    /// Those that are missing.
    Missing,
    /// Those that are extra and that an accepting rule of this shape lets through.
    Extra(Shape),
}

/// For each rule, as many looks at rules as are worth the effort for disjoint boxes.
const LOOKS_PER_BOX: usize = 32;
/// A piece costs about as much as this many looks at rules.
const LOOKS_PER_PIECE: usize = 12;
/// As many boxes are compared by kind in the time of one look.
const KINDS_PER_LOOK: usize = 8;
/// The looks that are worth the effort for a unit of few rules.
const FEW_LOOKS: usize = 1 << 20;
/// As many spans of sets take the memory of a piece.
const SPANS_PER_PIECE: usize = 8;
/// A difference in this many boxes more than there are rules is reported by rule.
const FEW_PIECES: usize = 1_000;

/// Divides the packets of one comparison.
pub(super) struct Partition<'a> {
    /// The expected boxes, then those of the steps; the place of a box here is its id.
    spans: Vec<[Span; FIELDS]>,
    /// The kind of each box, by its number in `kinds`.
    kind_of: Vec<u32>,
    kinds: Vec<Kind>,
    /// Kinds that each of `kinds` covers as a whole or not at all.
    atoms: Vec<Kind>,
    expected: usize,
    steps: &'a [Step],
    question: Question,
    /// The role of each box for the question.
    roles: Vec<Role>,
    order: [Field; FIELDS],
    buffers: [Buffers; FIELDS],
    pieces: Vec<Piece>,
    /// The number of pieces in earlier kinds of packets.
    earlier: usize,
    /// Sets of several spans, each kept once.
    sets: HashMap<Vec<Span>, SpanSet>,
    /// The number of spans in `sets`.
    spans_in_sets: usize,
    limits: Limits,
    /// The number of looks at boxes so far.
    looked: usize,
}

#[derive(Clone)]
struct Piece {
    side: Side,
    sometimes: bool,
    sets: [SpanSet; FIELDS],
    blame: Vec<u32>,
}

/// The role of a box for a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Its packets are in question.
    Asked,
    /// It decides about packets that are in question.
    Deciding,
    /// It does not matter.
    Ignored,
}

/// Memory that a level of the division keeps from one use to the next.
#[derive(Default)]
struct Buffers {
    entries: Vec<(Span, u32)>,
    /// The boxes that every part of the field has.
    everywhere: Vec<u32>,
    active: Vec<(u32, u32)>,
    ids: Vec<u32>,
}

/// The segments of a field between the edges of boxes, in ascending order.
struct Segments<'a> {
    /// Spans that are not reached yet, with the ids of their boxes, ascending.
    next: Peekable<slice::Iter<'a, (Span, u32)>>,
    /// The boxes of the segment, each with the last number of its span.
    active: &'a mut Vec<(u32, u32)>,
    /// The start of the next segment; `None` after the last number.
    position: Option<u32>,
}

impl<'a> Segments<'a> {
    fn of(entries: &'a [(Span, u32)], active: &'a mut Vec<(u32, u32)>) -> Self {
        active.clear();
        Segments {
            next: entries.iter().peekable(),
            active,
            position: Some(0),
        }
    }

    /// The next segment that any box has; the ids of its boxes are put into `ids`.
    fn next(&mut self, ids: &mut Vec<u32>) -> Option<Span> {
        let mut first = self.position?;
        self.active.retain(|(_, last)| *last >= first);
        if self.active.is_empty() {
            first = self.next.peek()?.0.first;
        }
        while let Some((span, id)) = self.next.next_if(|(span, _)| span.first == first) {
            self.active.push((*id, span.last));
        }
        let mut last = self
            .next
            .peek()
            .map_or(u32::MAX, |(span, _)| span.first - 1);
        ids.clear();
        for (id, end) in &*self.active {
            last = last.min(*end);
            ids.push(*id);
        }
        self.position = last.checked_add(1);
        Some(Span { first, last })
    }
}

/// The reason to stop dividing.
enum Stop {
    Exceeded(Exceeded),
    /// Disjoint boxes cost too much.
    TooManyBoxes,
}

impl From<Exceeded> for Stop {
    fn from(exceeded: Exceeded) -> Self {
        Stop::Exceeded(exceeded)
    }
}

impl<'a> Partition<'a> {
    pub fn new(expected: &[Packets], steps: &'a [Step], limits: Limits) -> Self {
        let steps = reachable(steps);
        let all = || expected.iter().chain(steps.iter().map(|s| &s.packets));
        let mut numbers = HashMap::new();
        let mut kinds: Vec<Kind> = Vec::new();
        let mut kind_of: Vec<u32> = Vec::with_capacity(expected.len() + steps.len());
        let mut last = None;
        for packets in all() {
            // Neighbors are mostly of one kind.
            let number = match last {
                Some((kind, number)) if kind == packets.kind => number,
                _ => *numbers.entry(packets.kind).or_insert_with(|| {
                    kinds.push(packets.kind);
                    u32::try_from(kinds.len() - 1).unwrap_or(u32::MAX)
                }),
            };
            last = Some((packets.kind, number));
            kind_of.push(number);
        }
        Partition {
            spans: all().map(|p| p.spans).collect(),
            kind_of,
            atoms: Kind::atoms(&kinds),
            kinds,
            expected: expected.len(),
            steps,
            question: Question::All,
            roles: Vec::new(),
            order: ORDER,
            buffers: Default::default(),
            pieces: Vec::new(),
            earlier: 0,
            sets: HashMap::new(),
            spans_in_sets: 0,
            limits,
            looked: 0,
        }
    }

    /// The differences that a question asks for; `None` if disjoint boxes would be too many.
    pub fn of(&mut self, question: Question) -> Result<Option<Vec<Difference>>, Exceeded> {
        self.question = question;
        self.order = match question {
            Question::All | Question::Missing => ORDER,
            Question::Extra(shape) => shape.order(),
        };
        self.roles = self.roles(question);
        let mut found = Vec::new();
        for number in 0..self.atoms.len() {
            let atom = self.atoms[number];
            let covers: Vec<bool> = self.kinds.iter().map(|kind| kind.covers(&atom)).collect();
            let looks = covers.len() + self.kind_of.len() / KINDS_PER_LOOK;
            self.looked = self.looked.saturating_add(looks);
            self.limits.check(Limit::Work, self.looked)?;
            let members: Vec<u32> = (0u32..)
                .zip(&self.kind_of)
                .filter(|(id, kind)| covers[**kind as usize] && self.role(*id) != Role::Ignored)
                .map(|(id, _)| id)
                .collect();
            match self.divide(0, &members) {
                Ok(()) => {}
                Err(Stop::Exceeded(exceeded)) => return Err(exceeded),
                Err(Stop::TooManyBoxes) => return Ok(None),
            }
            self.earlier += self.pieces.len();
            found.extend(self.pieces.drain(..).map(|piece| Difference {
                side: piece.side,
                sometimes: piece.sometimes,
                packets: Cell {
                    kind: atom,
                    sets: piece.sets,
                },
                blame: piece.blame,
            }));
        }
        Ok(Some(found))
    }

    /// Counts looks at boxes, and refuses more work or more pieces than are allowed.
    fn count_looks(&mut self, looks: usize) -> Result<(), Stop> {
        self.looked = self.looked.saturating_add(looks);
        let pieces = self.earlier + self.pieces.len();
        self.limits.check(Limit::Work, self.looked)?;
        self.limits.check(
            Limit::Boxes,
            pieces.max(self.spans_in_sets / SPANS_PER_PIECE),
        )?;
        let boxes = self.spans.len();
        let is_costly =
            self.looked > FEW_LOOKS + LOOKS_PER_BOX * boxes || pieces > FEW_PIECES + boxes;
        if self.question == Question::All && is_costly {
            return Err(Stop::TooManyBoxes);
        }
        Ok(())
    }

    /// Adds the pieces of the given boxes, whose ids ascend, from a level of the order on.
    fn divide(&mut self, level: usize, ids: &[u32]) -> Result<(), Stop> {
        let looks = match self.question {
            Question::All => ids.len(),
            // Boxes that may be left out are looked at once more.
            _ => 2 * (ids.len() + 1),
        };
        self.count_looks(looks)?;
        let relevant = self.relevant(level, ids);
        let ids = relevant.as_deref().unwrap_or(ids);
        let Some(&first) = ids.first() else {
            return Ok(());
        };
        let Some(&field) = self.order.get(level).filter(|_| ids.len() > 1) else {
            // All of the boxes have the same spans in the fields that are left, if any.
            let piece = self.piece(ids).map(|mut piece| {
                for &field in &self.order[level..] {
                    let span = self.spans[first as usize][field as usize];
                    piece.sets[field as usize] = SpanSet::One(span);
                }
                piece
            });
            self.pieces.extend(piece);
            return self.count_looks(LOOKS_PER_PIECE);
        };
        let at = field as usize;
        let span = self.spans[first as usize][at];
        if ids.iter().all(|id| self.spans[*id as usize][at] == span) {
            let start = self.pieces.len();
            self.divide(level + 1, ids)?;
            for piece in &mut self.pieces[start..] {
                piece.sets[at] = SpanSet::One(span);
            }
            return Ok(());
        }
        let mut buffers = std::mem::take(&mut self.buffers[level]);
        let done = self.cut(level, field, ids, &mut buffers);
        self.buffers[level] = buffers;
        done
    }

    fn roles(&self, question: Question) -> Vec<Role> {
        let expected = match question {
            Question::All | Question::Missing => Role::Asked,
            Question::Extra(_) => Role::Deciding,
        };
        let step = |step: &Step| match (question, step.verdict) {
            (Question::All, _) => Role::Asked,
            (Question::Extra(shape), Verdict::Accept) => {
                if Shape::of(&step.packets) == shape {
                    Role::Asked
                } else {
                    Role::Ignored
                }
            }
            _ => Role::Deciding,
        };
        let expected = std::iter::repeat_n(expected, self.expected);
        let mut roles: Vec<Role> = expected.chain(self.steps.iter().map(step)).collect();
        if matches!(question, Question::Extra(_)) {
            self.ignore_redundant(&mut roles);
        }
        roles
    }

    /// Ignores the steps that change nothing about which packets pass, and whether always.
    ///
    /// A packet can pass an uncertain step without a match. So an uncertain skip leads nowhere
    /// that the packet cannot reach anyway, unless it skips a certain step. An uncertain deny
    /// stops no packet that could not be stopped anyway, unless a certain accept comes after it.
    fn ignore_redundant(&self, roles: &mut [Role]) {
        let mut next_certain = usize::MAX;
        let mut is_accepted_later = false;
        for (number, step) in self.steps.iter().enumerate().rev() {
            if step.certain {
                next_certain = number;
                is_accepted_later |= step.verdict == Verdict::Accept;
                continue;
            }
            let is_redundant = match step.verdict {
                Verdict::Accept => false,
                Verdict::Deny => !is_accepted_later,
                Verdict::Skip(target) => target as usize <= next_certain,
            };
            if is_redundant {
                roles[self.expected + number] = Role::Ignored;
            }
        }
    }

    fn role(&self, id: u32) -> Role {
        self.roles[id as usize]
    }

    /// The boxes that matter for the question in the fields from a level on; `None` if all do.
    ///
    /// Boxes beside the packets in question are left out, and so are the rules behind one that
    /// decides about all of them.
    fn relevant(&self, level: usize, ids: &[u32]) -> Option<Vec<u32>> {
        if self.question == Question::All || ids.len() == 1 {
            return None;
        }
        let fields = &self.order[level..];
        let mut kept = Vec::new();
        let Some(hull) = self.hull(fields, ids) else {
            return Some(kept);
        };
        let has = |spans: &[Span; FIELDS], compare: fn(Span, Span) -> bool| {
            let compared = |&field: &Field| compare(spans[field as usize], hull[field as usize]);
            fields.iter().all(compared)
        };
        // Packets may skip the rules before this step.
        let mut landing = 0;
        for &id in ids {
            let spans = &self.spans[id as usize];
            if !has(spans, Span::overlaps) {
                continue;
            }
            kept.push(id);
            let decides = has(spans, Span::holds);
            let Some((number, step)) = self.step(id) else {
                if decides && self.role(id) == Role::Deciding {
                    return Some(Vec::new());
                }
                continue;
            };
            if let Verdict::Skip(target) = step.verdict {
                landing = landing.max(target as usize);
            }
            if decides && step.certain && landing <= number {
                break;
            }
        }
        if !kept.iter().any(|id| self.role(*id) == Role::Asked) {
            kept.clear();
        }
        Some(kept)
    }

    /// The least spans of some fields that hold the packets in question.
    fn hull(&self, fields: &[Field], ids: &[u32]) -> Option<[Span; FIELDS]> {
        let mut asked = ids.iter().filter(|id| self.role(**id) == Role::Asked);
        let mut hull = self.spans[*asked.next()? as usize];
        for id in asked {
            let spans = &self.spans[*id as usize];
            for &field in fields {
                let (own, other) = (&mut hull[field as usize], spans[field as usize]);
                own.first = own.first.min(other.first);
                own.last = own.last.max(other.last);
            }
        }
        Some(hull)
    }

    /// Cuts one field at every edge of a box.
    fn cut(
        &mut self,
        level: usize,
        field: Field,
        ids: &[u32],
        buffers: &mut Buffers,
    ) -> Result<(), Stop> {
        self.fill(field, ids, buffers);
        let Buffers {
            entries,
            everywhere,
            active,
            ids: inner,
        } = buffers;
        let mut groups = Groups::default();
        let mut segments = Segments::of(entries, active);
        while let Some(span) = segments.next(inner) {
            if inner.iter().any(|id| self.role(*id) == Role::Asked) {
                inner.sort_unstable();
                if !everywhere.is_empty() {
                    inner.extend_from_slice(everywhere);
                    #[expect(clippy::stable_sort_primitive, reason = "it merges two sorted lists")]
                    inner.sort();
                }
                let start = self.pieces.len();
                self.divide(level + 1, inner)?;
                self.add_to_groups(&mut groups, level, start, span);
            } else {
                self.count_looks(inner.len())?;
            }
        }
        self.complete_groups(groups, field as usize);
        Ok(())
    }

    /// Fills the buffers with the spans of a field.
    fn fill(&self, field: Field, ids: &[u32], buffers: &mut Buffers) {
        let Buffers {
            entries,
            everywhere,
            ..
        } = buffers;
        entries.clear();
        everywhere.clear();
        let span = |id: u32| self.spans[id as usize][field as usize];
        let is_whole = |id: u32| span(id) == field.whole();
        // If the packets in question are in some segments only, the others need no look at the
        // boxes that every segment has.
        let is_partial = self.question != Question::All
            && !ids
                .iter()
                .any(|id| self.role(*id) == Role::Asked && is_whole(*id));
        for &id in ids {
            if is_partial && is_whole(id) {
                everywhere.push(id);
            } else {
                entries.push((span(id), id));
            }
        }
        entries.sort_unstable();
    }

    /// Groups the pieces from `start` on, which are those of one span of the field of a level.
    fn add_to_groups(&mut self, groups: &mut Groups, level: usize, start: usize, span: Span) {
        if start == self.pieces.len() {
            return;
        }
        let is_joined = if self.question == Question::All {
            self.join_neighbor(groups, level, start, span)
        } else {
            self.join_equal(groups, level, start, span)
        };
        if is_joined {
            self.pieces.truncate(start);
        } else {
            groups.list.push(Group {
                pieces: start..self.pieces.len(),
                spans: vec![span],
            });
        }
    }

    /// Joins new pieces with the group before them if the two touch and are equal in the fields
    /// after a level. A group that they do not join is complete.
    fn join_neighbor(
        &mut self,
        groups: &mut Groups,
        level: usize,
        start: usize,
        span: Span,
    ) -> bool {
        let Some(mut group) = groups.list.pop() else {
            return false;
        };
        let (old, new) = self.pieces.split_at_mut(start);
        let old = &mut old[group.pieces.clone()];
        let inner = &self.order[level + 1..];
        let last = &mut group.spans[0].last;
        let touches = last.checked_add(1) == Some(span.first);
        if !touches || !are_equal(old, new, inner) {
            self.complete_group(group, self.order[level] as usize);
            return false;
        }
        *last = span.last;
        for (old, new) in old.iter_mut().zip(new) {
            old.blame.append(&mut new.blame);
        }
        groups.list.push(group);
        true
    }

    /// Joins new pieces with any group that is equal in the fields after a level, with the same
    /// blame.
    fn join_equal(&mut self, groups: &mut Groups, level: usize, start: usize, span: Span) -> bool {
        let (old, new) = self.pieces.split_at(start);
        let inner = &self.order[level + 1..];
        let mut hasher = DefaultHasher::new();
        for piece in new {
            (piece.side, piece.sometimes, &piece.blame).hash(&mut hasher);
            for field in inner {
                piece.sets[*field as usize].hash(&mut hasher);
            }
        }
        let number = *groups
            .by_hash
            .entry(hasher.finish())
            .or_insert(groups.list.len());
        let Some(group) = groups.list.get_mut(number) else {
            return false;
        };
        let old = &old[group.pieces.clone()];
        let same_blame = |(a, b): (&Piece, &Piece)| a.blame == b.blame;
        let is_equal = are_equal(old, new, inner) && old.iter().zip(new).all(same_blame);
        if is_equal {
            group.spans.push(span);
        }
        is_equal
    }

    fn complete_groups(&mut self, groups: Groups, at: usize) {
        for group in groups.list {
            self.complete_group(group, at);
        }
    }

    /// Gives the pieces of a group the spans of the group.
    fn complete_group(&mut self, group: Group, at: usize) {
        let Some(set) = self.shared_set(group.spans) else {
            return;
        };
        for piece in &mut self.pieces[group.pieces] {
            piece.sets[at] = set.clone();
        }
    }

    /// The set of some spans, which equal sets share.
    fn shared_set(&mut self, spans: Vec<Span>) -> Option<SpanSet> {
        if let Some(set) = self.sets.get(&spans) {
            return Some(set.clone());
        }
        let set = SpanSet::of(spans.clone())?;
        if spans.len() > 1 {
            self.spans_in_sets += spans.len();
            self.sets.insert(spans, set.clone());
        }
        Some(set)
    }

    /// The difference in the packets that all of these boxes have and no other.
    fn piece(&self, ids: &[u32]) -> Option<Piece> {
        let own = ids.partition_point(|id| (*id as usize) < self.expected);
        let is_expected = own > 0;
        let found = outcomes(ids[own..].iter().filter_map(|id| self.step(*id)));
        let (side, blame) = match found {
            Outcomes { stops: true, .. } if is_expected => (Side::Missing, found.stopped_by),
            Outcomes {
                passed_by: Some(by),
                ..
            } if !is_expected => (Side::Extra, Some(by)),
            _ => return None,
        };
        let is_asked = match self.question {
            Question::All => true,
            Question::Missing => side == Side::Missing,
            Question::Extra(_) => side == Side::Extra,
        };
        is_asked.then(|| Piece {
            side,
            sometimes: found.passed_by.is_some() && found.stops,
            sets: Packets::ALL.spans.map(SpanSet::One),
            blame: blame.into_iter().collect(),
        })
    }

    /// The step of a box, with its number; `None` for an expected box.
    fn step(&self, id: u32) -> Option<(usize, &Step)> {
        let number = (id as usize).checked_sub(self.expected)?;
        Some((number, &self.steps[number]))
    }
}

/// The steps up to the first one that decides about every packet.
fn reachable(steps: &[Step]) -> &[Step] {
    // Packets may skip the rules before this step.
    let mut landing = 0;
    for (number, step) in steps.iter().enumerate() {
        if let Verdict::Skip(target) = step.verdict {
            landing = landing.max(target as usize);
        } else if step.certain && landing <= number && step.packets == Packets::ALL {
            return &steps[..=number];
        }
    }
    steps
}

/// Pieces that are equal but for the spans of one field.
#[derive(Default)]
struct Groups {
    list: Vec<Group>,
    /// The first group with a hash of its pieces.
    by_hash: HashMap<u64, usize>,
}

struct Group {
    /// The places of its pieces.
    pieces: Range<usize>,
    /// The spans of the field, ascending.
    spans: Vec<Span>,
}

/// True if pieces are equal in the given fields, one by one, whatever their blame.
fn are_equal(some: &[Piece], others: &[Piece], fields: &[Field]) -> bool {
    let same = |(a, b): (&Piece, &Piece)| {
        (a.side, a.sometimes) == (b.side, b.sometimes)
            && fields
                .iter()
                .all(|&field| a.sets[field as usize] == b.sets[field as usize])
    };
    some.len() == others.len() && some.iter().zip(others).all(same)
}
