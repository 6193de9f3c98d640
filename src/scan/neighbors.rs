//! Counts the Twilio addresses beside each address: in its list, in its series and on its line.

use super::context::Context;
use super::find::Found;
use super::published::Published;
use super::series::series;
use super::spans::{is_public, is_wide};

/// The addresses of a text as neighbors of each other.
pub(super) struct Neighbors {
    /// For each address, true if it belongs to Twilio.
    pub are_twilios: Vec<bool>,
    /// True if the text has a Twilio address.
    pub has_twilios: bool,
    /// For each address, the number of its series on the line.
    pub series: Vec<usize>,
    /// For each line with addresses, the series of Twilio's addresses.
    pub rows: Vec<Beside>,
    /// For each list, how many of its public addresses are published, and how many are not.
    lists: Vec<(usize, usize)>,
    /// For each series, how many of its public addresses are published, and how many are not.
    in_series: Vec<(usize, usize)>,
}

/// The addresses of Twilio on a line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Beside {
    None,
    /// They are in a single series.
    Series(usize),
    Several,
}

impl Neighbors {
    pub fn new(published: &Published, text: &[u8], found: &[Found], context: &Context) -> Self {
        let are_twilios = found.iter().map(|one| published.is_twilios(one.span));
        let are_twilios: Vec<bool> = are_twilios.collect();
        let series = series(text, found);
        Neighbors {
            lists: count(found, &are_twilios, context.lists(), |at| {
                context.list(found[at].place.start)
            }),
            in_series: count(found, &are_twilios, found.len(), |at| {
                series.get(at).copied()
            }),
            rows: rows(found, &are_twilios, &series, context),
            series,
            has_twilios: are_twilios.contains(&true),
            are_twilios,
        }
    }

    /// Returns true if a list has a published address.
    pub fn has_published(&self, list: Option<usize>) -> bool {
        let list = list.and_then(|list| self.lists.get(list));
        list.is_some_and(|(published, _)| *published > 0)
    }

    /// Returns true if a list has more than one address.
    pub fn is_in_list(&self, list: Option<usize>) -> bool {
        let list = list.and_then(|list| self.lists.get(list));
        list.is_some_and(|(published, others)| published + others > 1)
    }

    /// Returns true if a list or a series has more than one published address, and more than half are published.
    pub fn is_mostly_published(&self, list: Option<usize>, series: usize) -> bool {
        let list = list.and_then(|list| self.lists.get(list));
        let is_mostly = |(published, others): &(usize, usize)| *published > 1 && published > others;
        list.is_some_and(is_mostly) || is_mostly(&self.in_series[series])
    }
}

/// Counts, for each group, the public addresses that are published and those that are not. `group` returns the group of
/// an element of `found`.
fn count(
    found: &[Found],
    are_twilios: &[bool],
    groups: usize,
    group: impl Fn(usize) -> Option<usize>,
) -> Vec<(usize, usize)> {
    let mut counts = vec![(0, 0); groups];
    for (at, one) in found
        .iter()
        .enumerate()
        .filter(|(_, one)| !is_wide(one.span))
    {
        let Some((known, others)) = group(at).and_then(|group| counts.get_mut(group)) else {
            continue;
        };
        if are_twilios[at] {
            *known += 1;
        } else if is_public(one.span) {
            *others += 1;
        }
    }
    counts
}

/// Returns, for each line with addresses, the series of Twilio's addresses.
fn rows(found: &[Found], are_twilios: &[bool], series: &[usize], context: &Context) -> Vec<Beside> {
    let mut rows = vec![Beside::None; context.rows()];
    for (at, one) in found.iter().enumerate().filter(|(at, _)| are_twilios[*at]) {
        let series = series[at];
        if let Some(row) = context.row_number(one.place.start) {
            rows[row] = match rows[row] {
                Beside::None => Beside::Series(series),
                Beside::Series(known) if known == series => Beside::Series(known),
                _ => Beside::Several,
            };
        }
    }
    rows
}
