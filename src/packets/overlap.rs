//! Finds the pairs of overlapping boxes of two lists without comparing every pair.

use super::difference::{Difference, ORDER};
use super::packet_box::{Dimension, PacketBox};

/// Up to this number of pairs, each pair is compared.
const FEW_PAIRS: usize = 4_096;

/// Returns, for each of `boxes`, the indices of the differences that may have packets in common
/// with it, ascending.
pub fn near_differences(boxes: &[PacketBox], differences: &[Difference]) -> Vec<Vec<usize>> {
    let outlines = differences
        .iter()
        .enumerate()
        .flat_map(|(place, difference)| {
            let outlines = difference.packets.outlines();
            outlines.map(move |outline| (outline, place))
        });
    overlaps(boxes, &outlines.collect::<Vec<_>>())
}

/// Returns, for each of `boxes`, the numbers of the `others` that have packets in common with it,
/// ascending.
///
/// Each element of `others` has a number, which need not be unique.
pub fn overlaps(boxes: &[PacketBox], others: &[(PacketBox, usize)]) -> Vec<Vec<usize>> {
    let mut found = vec![Vec::new(); boxes.len()];
    let everything = Pairs {
        boxes: boxes.iter().enumerate().collect(),
        others: others.iter().collect(),
    };
    let mut open = vec![everything];
    while let Some(pairs) = open.pop() {
        match pairs.halves() {
            Some(halves) => open.extend(halves),
            None => pairs.compare(&mut found),
        }
    }
    for numbers in &mut found {
        numbers.sort_unstable();
        // A pair that is on both sides of a cut was found twice.
        numbers.dedup();
    }
    found
}

/// All pairs of one of `boxes` and one of `others`.
struct Pairs<'a> {
    boxes: Vec<(usize, &'a PacketBox)>,
    others: Vec<&'a (PacketBox, usize)>,
}

impl Pairs<'_> {
    fn count(&self) -> usize {
        self.boxes.len().saturating_mul(self.others.len())
    }

    /// Returns the pairs on each side of the best cut; `None` if no cut saves at least a quarter.
    fn halves(&self) -> Option<[Self; 2]> {
        if self.count() <= FEW_PAIRS {
            return None;
        }
        let cuts = ORDER
            .into_iter()
            .filter_map(|dimension| self.cut(dimension));
        let best = cuts.min_by_key(|halves| halves[0].count() + halves[1].count())?;
        let saved = self.count() - self.count() / 4;
        (best[0].count() + best[1].count() <= saved).then_some(best)
    }

    /// Cuts at the median of the numbers at which the boxes' intervals start.
    fn cut(&self, dimension: Dimension) -> Option<[Self; 2]> {
        let mut starts: Vec<u32> = self
            .boxes
            .iter()
            .map(|(_, b)| b.interval(dimension).first)
            .collect();
        let lowest = *starts.iter().min()?;
        let (_, &mut middle, after) = starts.select_nth_unstable(self.boxes.len() / 2);
        // A cut at the lowest number would leave nothing below it.
        let at = match middle {
            _ if middle > lowest => middle,
            _ => *after.iter().filter(|start| **start > lowest).min()?,
        };
        let below = |packets: &PacketBox| packets.interval(dimension).first < at;
        let above = |packets: &PacketBox| packets.interval(dimension).last >= at;
        Some([self.filtered(below), self.filtered(above)])
    }

    fn filtered(&self, keep: impl Fn(&PacketBox) -> bool) -> Self {
        Pairs {
            boxes: self
                .boxes
                .iter()
                .copied()
                .filter(|(_, b)| keep(b))
                .collect(),
            others: self
                .others
                .iter()
                .copied()
                .filter(|(b, _)| keep(b))
                .collect(),
        }
    }

    fn compare(&self, found: &mut [Vec<usize>]) {
        for (place, packets) in &self.boxes {
            let common = self
                .others
                .iter()
                .filter(|(other, _)| packets.and(other).is_some());
            found[*place].extend(common.map(|(_, number)| number));
        }
    }
}
