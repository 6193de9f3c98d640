//! Divides all packets, dimension by dimension, into cells that each rule matches either completely
//! or not at all.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::iter::Peekable;
use std::ops::Range;
use std::slice;

use super::cell::Cell;
use super::difference::{Difference, ORDER, Side};
use super::header::HeaderMatch;
use super::interval::{Interval, IntervalSet};
use super::outcome::{Outcomes, outcomes};
use super::packet_box::{DIMENSIONS, Dimension, PacketBox};
use super::shape::Shape;
use super::step::{Action, Condition, Step};
use crate::limits::{Limit, LimitExceeded, Limits};

/// The differences to look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// All differences, as disjoint boxes. The partition gives up if computing them takes too much
    /// work per rule.
    All,
    /// Missing packets only.
    Missing,
    /// The extra packets that an accepting rule of this shape accepts.
    Extra(Shape),
}

/// Computing disjoint differences may look up this many boxes for each box of the comparison, in
/// addition to [`FEW_LOOKS`]. Above this cost, differences are computed by rule.
const LOOKS_PER_BOX: usize = 32;
/// The cost of a cell, in looked-up boxes.
const LOOKS_PER_CELL: usize = 12;
/// The number of headers that can be compared in the time of looking up one box.
const HEADERS_PER_LOOK: usize = 8;
/// Computing disjoint differences may look up this many boxes, however few rules there are.
const FEW_LOOKS: usize = 1 << 20;
/// This many intervals in sets take as much memory as a cell.
const SPANS_PER_CELL: usize = 8;
/// Disjoint differences may have this many cells more than there are boxes. With more cells,
/// differences are computed by rule.
const FEW_CELLS: usize = 1_000;

/// The state of one comparison.
pub(super) struct Partition<'a> {
    /// The expected boxes, followed by those of the steps. The index of a box is its id.
    intervals: Vec<[Interval; DIMENSIONS]>,
    /// The index of each box's header in `headers`.
    header_of: Vec<u32>,
    headers: Vec<HeaderMatch>,
    /// Headers that each of `headers` covers either completely or not at all.
    atoms: Vec<HeaderMatch>,
    expected: usize,
    steps: &'a [Step],
    question: Question,
    /// The role of each box for the question, by id.
    roles: Vec<Role>,
    order: [Dimension; DIMENSIONS],
    buffers: [Buffers; DIMENSIONS],
    cells: Vec<PendingCell>,
    /// The number of cells that were found for the headers before the current one.
    earlier: usize,
    /// Sets of several intervals. Equal sets share their memory.
    sets: HashMap<Vec<Interval>, IntervalSet>,
    /// The total number of intervals in `sets`.
    spans_in_sets: usize,
    limits: Limits,
    /// The number of boxes looked up so far.
    looked: usize,
}

#[derive(Clone)]
struct PendingCell {
    side: Side,
    condition: Condition,
    sets: [IntervalSet; DIMENSIONS],
    source_lines: Vec<u32>,
}

/// The role of a box for a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// The question is about the packets of the box.
    Asked,
    /// The box decides about packets that the question is about.
    Deciding,
    /// The box does not affect the answer.
    Ignored,
}

/// Buffers that each level of the division reuses.
#[derive(Default)]
struct Buffers {
    entries: Vec<(Interval, u32)>,
    /// The boxes that are in every segment of the dimension.
    everywhere: Vec<u32>,
    active: Vec<(u32, u32)>,
    ids: Vec<u32>,
}

/// The segments of a dimension between the edges of boxes, in ascending order.
struct Segments<'a> {
    /// The intervals that start later, ascending, with the ids of their boxes.
    next: Peekable<slice::Iter<'a, (Interval, u32)>>,
    /// The boxes of the current segment, each with the last number of its interval.
    active: &'a mut Vec<(u32, u32)>,
    /// The start of the next segment; `None` after the last possible number.
    position: Option<u32>,
}

impl<'a> Segments<'a> {
    fn of(entries: &'a [(Interval, u32)], active: &'a mut Vec<(u32, u32)>) -> Self {
        active.clear();
        Segments {
            next: entries.iter().peekable(),
            active,
            position: Some(0),
        }
    }

    /// Returns the next segment that has any box, and stores the ids of its boxes in `ids`.
    fn next(&mut self, ids: &mut Vec<u32>) -> Option<Interval> {
        let mut first = self.position?;
        self.active.retain(|(_, last)| *last >= first);
        if self.active.is_empty() {
            first = self.next.peek()?.0.first;
        }
        while let Some((interval, id)) = self.next.next_if(|(interval, _)| interval.first == first)
        {
            self.active.push((*id, interval.last));
        }
        let mut last = self
            .next
            .peek()
            .map_or(u32::MAX, |(interval, _)| interval.first - 1);
        ids.clear();
        for (id, end) in &*self.active {
            last = last.min(*end);
            ids.push(*id);
        }
        self.position = last.checked_add(1);
        Some(Interval { first, last })
    }
}

enum Stop {
    LimitExceeded(LimitExceeded),
    /// Disjoint boxes are too expensive.
    TooManyBoxes,
}

impl From<LimitExceeded> for Stop {
    fn from(exceeded: LimitExceeded) -> Self {
        Stop::LimitExceeded(exceeded)
    }
}

impl<'a> Partition<'a> {
    pub fn new(expected: &[PacketBox], steps: &'a [Step], limits: Limits) -> Self {
        let steps = reachable(steps);
        let all = || expected.iter().chain(steps.iter().map(|s| &s.packets));
        let mut numbers = HashMap::new();
        let mut headers: Vec<HeaderMatch> = Vec::new();
        let mut header_of: Vec<u32> = Vec::with_capacity(expected.len() + steps.len());
        let mut last = None;
        for packets in all() {
            // Consecutive boxes mostly have the same header.
            let number = match last {
                Some((header, number)) if header == packets.header => number,
                _ => *numbers.entry(packets.header).or_insert_with(|| {
                    headers.push(packets.header);
                    u32::try_from(headers.len() - 1).unwrap_or(u32::MAX)
                }),
            };
            last = Some((packets.header, number));
            header_of.push(number);
        }
        Partition {
            intervals: all().map(|p| p.intervals).collect(),
            header_of,
            atoms: HeaderMatch::atoms(&headers),
            headers,
            expected: expected.len(),
            steps,
            question: Question::All,
            roles: Vec::new(),
            order: ORDER,
            buffers: Default::default(),
            cells: Vec::new(),
            earlier: 0,
            sets: HashMap::new(),
            spans_in_sets: 0,
            limits,
            looked: 0,
        }
    }

    /// Returns the differences of a question; `None` if there would be too many disjoint boxes.
    pub fn of(&mut self, question: Question) -> Result<Option<Vec<Difference>>, LimitExceeded> {
        self.question = question;
        self.order = match question {
            Question::All | Question::Missing => ORDER,
            Question::Extra(shape) => shape.order(),
        };
        self.roles = self.roles(question);
        let mut found = Vec::new();
        for number in 0..self.atoms.len() {
            let atom = self.atoms[number];
            let covers: Vec<bool> = self
                .headers
                .iter()
                .map(|header| header.covers(&atom))
                .collect();
            let looks = covers.len() + self.header_of.len() / HEADERS_PER_LOOK;
            self.looked = self.looked.saturating_add(looks);
            self.limits.check(Limit::Work, self.looked)?;
            let members: Vec<u32> = (0u32..)
                .zip(&self.header_of)
                .filter(|(id, header)| covers[**header as usize] && self.role(*id) != Role::Ignored)
                .map(|(id, _)| id)
                .collect();
            match self.divide(0, &members) {
                Ok(()) => {}
                Err(Stop::LimitExceeded(exceeded)) => return Err(exceeded),
                Err(Stop::TooManyBoxes) => return Ok(None),
            }
            self.earlier += self.cells.len();
            found.extend(self.cells.drain(..).map(|cell| Difference {
                side: cell.side,
                condition: cell.condition,
                packets: Cell {
                    header: atom,
                    sets: cell.sets,
                },
                source_lines: cell.source_lines,
            }));
        }
        Ok(Some(found))
    }

    /// Counts looked-up boxes, and stops at a limit or when disjoint boxes are too expensive.
    fn count_looks(&mut self, looks: usize) -> Result<(), Stop> {
        self.looked = self.looked.saturating_add(looks);
        let cells = self.earlier + self.cells.len();
        self.limits.check(Limit::Work, self.looked)?;
        self.limits
            .check(Limit::Boxes, cells.max(self.spans_in_sets / SPANS_PER_CELL))?;
        let boxes = self.intervals.len();
        let is_costly =
            self.looked > FEW_LOOKS + LOOKS_PER_BOX * boxes || cells > FEW_CELLS + boxes;
        if self.question == Question::All && is_costly {
            return Err(Stop::TooManyBoxes);
        }
        Ok(())
    }

    /// Adds the cells of the given boxes, dividing from `level` of the order on. The ids must
    /// ascend.
    fn divide(&mut self, level: usize, ids: &[u32]) -> Result<(), Stop> {
        let looks = match self.question {
            Question::All => ids.len(),
            // `relevant` looks at each box once more.
            _ => 2 * (ids.len() + 1),
        };
        self.count_looks(looks)?;
        let relevant = self.relevant(level, ids);
        let ids = relevant.as_deref().unwrap_or(ids);
        let Some(&first) = ids.first() else {
            return Ok(());
        };
        let Some(&dimension) = self.order.get(level).filter(|_| ids.len() > 1) else {
            // All these boxes have the same intervals in the remaining dimensions.
            let cell = self.cell(ids).map(|mut cell| {
                for &dimension in &self.order[level..] {
                    let interval = self.intervals[first as usize][dimension as usize];
                    cell.sets[dimension as usize] = IntervalSet::One(interval);
                }
                cell
            });
            self.cells.extend(cell);
            return self.count_looks(LOOKS_PER_CELL);
        };
        let at = dimension as usize;
        let interval = self.intervals[first as usize][at];
        if ids
            .iter()
            .all(|id| self.intervals[*id as usize][at] == interval)
        {
            let start = self.cells.len();
            self.divide(level + 1, ids)?;
            for cell in &mut self.cells[start..] {
                cell.sets[at] = IntervalSet::One(interval);
            }
            return Ok(());
        }
        let mut buffers = std::mem::take(&mut self.buffers[level]);
        let done = self.cut(level, dimension, ids, &mut buffers);
        self.buffers[level] = buffers;
        done
    }

    fn roles(&self, question: Question) -> Vec<Role> {
        let expected = match question {
            Question::All | Question::Missing => Role::Asked,
            Question::Extra(_) => Role::Deciding,
        };
        let step = |step: &Step| match (question, step.action) {
            (Question::All, _) => Role::Asked,
            (Question::Extra(shape), Action::Accept) => {
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

    /// Ignores the steps that neither change which packets pass nor under which condition.
    ///
    /// A packet can also pass by an uncertain step as if it did not match. So an uncertain skip
    /// leads only to steps that the packet can reach anyway, unless it skips a certain step. An
    /// uncertain deny stops only packets that could be stopped anyway, unless a certain accept
    /// follows.
    fn ignore_redundant(&self, roles: &mut [Role]) {
        let mut next_sure = usize::MAX;
        let mut is_accepted_later = false;
        for (number, step) in self.steps.iter().enumerate().rev() {
            if step.condition.is_true() {
                next_sure = number;
                is_accepted_later |= step.action == Action::Accept;
                continue;
            }
            let is_redundant = match step.action {
                Action::Accept => false,
                Action::Deny => !is_accepted_later,
                Action::Skip(target) => target as usize <= next_sure,
            };
            if is_redundant {
                roles[self.expected + number] = Role::Ignored;
            }
        }
    }

    fn role(&self, id: u32) -> Role {
        self.roles[id as usize]
    }

    /// Returns the boxes that matter for the question in the dimensions from `level` on; `None` if
    /// all of them do.
    ///
    /// Boxes that contain no packet in question do not matter, and neither do steps after a step
    /// that decides about all packets in question.
    fn relevant(&self, level: usize, ids: &[u32]) -> Option<Vec<u32>> {
        if self.question == Question::All || ids.len() == 1 {
            return None;
        }
        let dimensions = &self.order[level..];
        let mut kept = Vec::new();
        let Some(hull) = self.hull(dimensions, ids) else {
            return Some(kept);
        };
        let has = |intervals: &[Interval; DIMENSIONS], compare: fn(Interval, Interval) -> bool| {
            let compared = |&dimension: &Dimension| {
                compare(intervals[dimension as usize], hull[dimension as usize])
            };
            dimensions.iter().all(compared)
        };
        // Packets may skip to this step.
        let mut landing = 0;
        for &id in ids {
            let intervals = &self.intervals[id as usize];
            if !has(intervals, Interval::overlaps) {
                continue;
            }
            kept.push(id);
            let decides = has(intervals, Interval::holds);
            let Some((number, step)) = self.step(id) else {
                if decides && self.role(id) == Role::Deciding {
                    return Some(Vec::new());
                }
                continue;
            };
            if let Action::Skip(target) = step.action {
                landing = landing.max(target as usize);
            }
            if decides && step.condition.is_true() && landing <= number {
                break;
            }
        }
        if !kept.iter().any(|id| self.role(*id) == Role::Asked) {
            kept.clear();
        }
        Some(kept)
    }

    /// Returns the smallest intervals that contain all packets in question.
    fn hull(&self, dimensions: &[Dimension], ids: &[u32]) -> Option<[Interval; DIMENSIONS]> {
        let mut asked = ids.iter().filter(|id| self.role(**id) == Role::Asked);
        let mut hull = self.intervals[*asked.next()? as usize];
        for id in asked {
            let intervals = &self.intervals[*id as usize];
            for &dimension in dimensions {
                let (own, other) = (&mut hull[dimension as usize], intervals[dimension as usize]);
                own.first = own.first.min(other.first);
                own.last = own.last.max(other.last);
            }
        }
        Some(hull)
    }

    /// Cuts a dimension at every edge of a box, and divides each segment further.
    fn cut(
        &mut self,
        level: usize,
        dimension: Dimension,
        ids: &[u32],
        buffers: &mut Buffers,
    ) -> Result<(), Stop> {
        self.fill(dimension, ids, buffers);
        let Buffers {
            entries,
            everywhere,
            active,
            ids: inner,
        } = buffers;
        let mut groups = Groups::default();
        let mut segments = Segments::of(entries, active);
        while let Some(interval) = segments.next(inner) {
            if inner.iter().any(|id| self.role(*id) == Role::Asked) {
                inner.sort_unstable();
                if !everywhere.is_empty() {
                    inner.extend_from_slice(everywhere);
                    #[expect(clippy::stable_sort_primitive, reason = "it merges two sorted lists")]
                    inner.sort();
                }
                let start = self.cells.len();
                self.divide(level + 1, inner)?;
                self.add_to_groups(&mut groups, level, start, interval);
            } else {
                self.count_looks(inner.len())?;
            }
        }
        self.complete_groups(groups, dimension as usize);
        Ok(())
    }

    /// Fills the buffers with the boxes' intervals in a dimension.
    fn fill(&self, dimension: Dimension, ids: &[u32], buffers: &mut Buffers) {
        let Buffers {
            entries,
            everywhere,
            ..
        } = buffers;
        entries.clear();
        everywhere.clear();
        let interval = |id: u32| self.intervals[id as usize][dimension as usize];
        let is_whole = |id: u32| interval(id) == dimension.whole();
        // If the packets in question are only in some segments, the other segments need not look at
        // the boxes that every segment has.
        let is_partial = self.question != Question::All
            && !ids
                .iter()
                .any(|id| self.role(*id) == Role::Asked && is_whole(*id));
        for &id in ids {
            if is_partial && is_whole(id) {
                everywhere.push(id);
            } else {
                entries.push((interval(id), id));
            }
        }
        entries.sort_unstable();
    }

    /// Adds the cells from `start` on, which were found for `interval`, to the groups of a level.
    fn add_to_groups(
        &mut self,
        groups: &mut Groups,
        level: usize,
        start: usize,
        interval: Interval,
    ) {
        if start == self.cells.len() {
            return;
        }
        let is_joined = if self.question == Question::All {
            self.join_neighbor(groups, level, start, interval)
        } else {
            self.join_equal(groups, level, start, interval)
        };
        if is_joined {
            self.cells.truncate(start);
        } else {
            groups.list.push(Group {
                cells: start..self.cells.len(),
                intervals: vec![interval],
            });
        }
    }

    /// Joins new cells with the last group if the two touch and are equal in the dimensions after
    /// `level`. Otherwise the last group is complete.
    fn join_neighbor(
        &mut self,
        groups: &mut Groups,
        level: usize,
        start: usize,
        interval: Interval,
    ) -> bool {
        let Some(mut group) = groups.list.pop() else {
            return false;
        };
        let (old, new) = self.cells.split_at_mut(start);
        let old = &mut old[group.cells.clone()];
        let inner = &self.order[level + 1..];
        let last = &mut group.intervals[0].last;
        let touches = last.checked_add(1) == Some(interval.first);
        if !touches || !are_equal(old, new, inner) {
            self.complete_group(group, self.order[level] as usize);
            return false;
        }
        *last = interval.last;
        for (old, new) in old.iter_mut().zip(new) {
            old.source_lines.append(&mut new.source_lines);
        }
        groups.list.push(group);
        true
    }

    /// Joins new cells with any group that has the same `source_lines` and is equal in the
    /// dimensions after `level`.
    fn join_equal(
        &mut self,
        groups: &mut Groups,
        level: usize,
        start: usize,
        interval: Interval,
    ) -> bool {
        let (old, new) = self.cells.split_at(start);
        let inner = &self.order[level + 1..];
        let mut hasher = DefaultHasher::new();
        for cell in new {
            (cell.side, cell.condition, &cell.source_lines).hash(&mut hasher);
            for dimension in inner {
                cell.sets[*dimension as usize].hash(&mut hasher);
            }
        }
        let number = *groups
            .by_hash
            .entry(hasher.finish())
            .or_insert(groups.list.len());
        let Some(group) = groups.list.get_mut(number) else {
            return false;
        };
        let old = &old[group.cells.clone()];
        let same_blame = |(a, b): (&PendingCell, &PendingCell)| a.source_lines == b.source_lines;
        let is_equal = are_equal(old, new, inner) && old.iter().zip(new).all(same_blame);
        if is_equal {
            group.intervals.push(interval);
        }
        is_equal
    }

    fn complete_groups(&mut self, groups: Groups, at: usize) {
        for group in groups.list {
            self.complete_group(group, at);
        }
    }

    /// Stores the intervals of a group in its cells.
    fn complete_group(&mut self, group: Group, at: usize) {
        let Some(set) = self.shared_set(group.intervals) else {
            return;
        };
        for cell in &mut self.cells[group.cells] {
            cell.sets[at] = set.clone();
        }
    }

    /// Returns the set of some intervals. Equal sets share their memory.
    fn shared_set(&mut self, intervals: Vec<Interval>) -> Option<IntervalSet> {
        if let Some(set) = self.sets.get(&intervals) {
            return Some(set.clone());
        }
        let set = IntervalSet::of(intervals.clone())?;
        if intervals.len() > 1 {
            self.spans_in_sets += intervals.len();
            self.sets.insert(intervals, set.clone());
        }
        Some(set)
    }

    /// Returns the difference, if any, in the packets that exactly these boxes contain.
    fn cell(&self, ids: &[u32]) -> Option<PendingCell> {
        let own = ids.partition_point(|id| (*id as usize) < self.expected);
        let is_expected = own > 0;
        let found = outcomes(ids[own..].iter().filter_map(|id| self.step(*id)));
        let (side, source_lines) = match found {
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
        is_asked.then(|| PendingCell {
            side,
            condition: Condition::true_if(found.passed_by.is_none() || !found.stops),
            sets: PacketBox::ALL.intervals.map(IntervalSet::One),
            source_lines: source_lines.into_iter().collect(),
        })
    }

    /// Returns the step of a box and its number; `None` for an expected box.
    fn step(&self, id: u32) -> Option<(usize, &Step)> {
        let number = (id as usize).checked_sub(self.expected)?;
        Some((number, &self.steps[number]))
    }
}

/// Returns the steps up to the first one that decides about every remaining packet.
fn reachable(steps: &[Step]) -> &[Step] {
    // Packets may skip to this step.
    let mut landing = 0;
    for (number, step) in steps.iter().enumerate() {
        if let Action::Skip(target) = step.action {
            landing = landing.max(target as usize);
        } else if step.condition.is_true() && landing <= number && step.packets == PacketBox::ALL {
            return &steps[..=number];
        }
    }
    steps
}

/// Groups of cells that are equal except for their intervals in one dimension.
#[derive(Default)]
struct Groups {
    list: Vec<Group>,
    /// The first group with this hash of its cells.
    by_hash: HashMap<u64, usize>,
}

struct Group {
    /// The indices of the cells.
    cells: Range<usize>,
    /// The cells' intervals in the dimension, ascending.
    intervals: Vec<Interval>,
}

/// Compares cells pairwise in the given dimensions, ignoring their `source_lines`.
fn are_equal(some: &[PendingCell], others: &[PendingCell], dimensions: &[Dimension]) -> bool {
    let same = |(a, b): (&PendingCell, &PendingCell)| {
        (a.side, a.condition) == (b.side, b.condition)
            && dimensions
                .iter()
                .all(|&dimension| a.sets[dimension as usize] == b.sets[dimension as usize])
    };
    some.len() == others.len() && some.iter().zip(others).all(same)
}
