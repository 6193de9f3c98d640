//! Finds addresses on one line that form a list of their own, such as `A,B,C` or the elements of an array.

use super::find::Found;
use super::spans::is_wide;

/// The maximum number of bytes between two addresses of a series.
const LONGEST_GAP: usize = 256;

/// The connection between two neighboring addresses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Link {
    /// They are not parts of one list.
    None,
    /// Only blanks or bars are between them, so they may be two columns.
    Columns,
    /// Commas, semicolons or quotes are between them.
    Items,
    /// They are in two elements of an array.
    Elements,
}

/// Returns a number for each set of addresses. Sets in the same series have the same number.
pub(super) fn series(text: &[u8], found: &[Found]) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..found.len()).collect();
    let mut start = 0;
    while start < found.len() {
        let links = (start + 1..found.len()).map(|at| link(text, &found[at - 1], &found[at]));
        let links: Vec<Link> = links.take_while(|link| *link != Link::None).collect();
        let end = start + 1 + links.len();
        if is_series(text, &found[start..end], &links) {
            numbers[start..end].fill(start);
        }
        start = end;
    }
    numbers
}

fn link(text: &[u8], one: &Found, next: &Found) -> Link {
    let gap = text.get(one.place.end..next.place.start).unwrap_or(b"\n");
    if gap.len() > LONGEST_GAP || gap.contains(&b'\n') {
        return Link::None;
    }
    if gap.iter().all(|b| b" \t|".contains(b)) {
        if is_wide(one.span) || is_wide(next.span) {
            return Link::None;
        }
        return Link::Columns;
    }
    if gap.iter().all(|b| b" \t,;\"'[]\\".contains(b)) {
        return Link::Items;
    }
    let has_same_name = name_before(text, one) == name_before(text, next);
    if has_same_name && opens_element(gap) {
        Link::Elements
    } else {
        Link::None
    }
}

/// Returns the last word before an address, such as the name of its field.
fn name_before<'t>(text: &'t [u8], one: &Found) -> &'t [u8] {
    let before = &text[one.place.start.saturating_sub(LONGEST_GAP)..one.place.start];
    let is_sign = |b: &&u8| b" \t:=\"'>".contains(b);
    let is_letter = |b: &&u8| b.is_ascii_alphabetic() || b"_-".contains(b);
    let end = before.len() - before.iter().rev().take_while(is_sign).count();
    let name = before[..end].iter().rev().take_while(is_letter).count();
    &before[end - name..end]
}

/// Returns true if a bracket is closed and the next one is opened.
fn opens_element(gap: &[u8]) -> bool {
    let signs = gap.iter().filter(|b| !b" \t,".contains(b));
    let next = signs.clone().skip(1);
    signs.zip(next).any(|pair| {
        matches!(
            pair,
            (b'}', b'{') | (b')', b'(') | (b']', b'[') | (b'>', b'<')
        )
    })
}

/// Returns true if connected addresses are a list, and not the columns of a row.
fn is_series(text: &[u8], members: &[Found], links: &[Link]) -> bool {
    let [first, .., last] = members else {
        return false;
    };
    if members.len() > 2 || links.contains(&Link::Elements) {
        return true;
    }
    let are_networks = members.iter().all(|one| one.span.size() > 1);
    let is_separator = |byte: Option<&u8>| matches!(byte, Some(b',' | b';'));
    let is_other = |b: &&u8| !b" \t\"'".contains(b);
    let before = text[..first.place.start]
        .iter()
        .rev()
        .take(LONGEST_GAP)
        .find(is_other);
    let after = text[last.place.end..]
        .iter()
        .take(LONGEST_GAP)
        .find(is_other);
    let is_row = is_separator(before) || is_separator(after);
    are_networks || links == [Link::Items] && !is_row
}

#[cfg(test)]
mod tests {
    use super::super::find::find;
    use super::*;

    #[test]
    fn a_series_has_nothing_but_separators_or_the_same_fields_between_its_members() {
        for (line, is_one) in [
            (r#""54.172.60.0/30" "5.6.7.0/30""#, true),
            ("--source-ranges=54.172.60.1,5.6.7.8", true),
            (r#"["54.172.60.1","5.6.7.8"]"#, true),
            ("54.172.60.1 54.172.60.2 5.6.7.8", true),
            ("54.172.60.0/30; 5.6.7.0/30", true),
            (
                r#"[{"ip": "54.172.60.1", "up": 1}, {"ip": "5.6.7.8", "up": 1}]"#,
                true,
            ),
            ("<ip>54.172.60.1</ip><ip>5.6.7.8</ip>", true),
            ("(1,'54.172.60.1',5060),(1,'5.6.7.8',5060)", true),
            ("54.172.60.1 5.6.7.8", false),
            ("54.172.60.0/30 5.6.7.8", false),
            ("src=54.172.60.1 dst=5.6.7.8", false),
            ("10:00,54.172.60.1,5.6.7.8,udp", false),
            ("| 54.172.60.1 | 5.6.7.8 |", false),
            ("permit host 54.172.60.1 host 5.6.7.8", false),
            ("<src>54.172.60.1</src><dst>5.6.7.8</dst>", false),
            (r#"{"src": "54.172.60.1"}, {"dst": "5.6.7.8"}"#, false),
            ("54.172.60.1\n5.6.7.8", false),
        ] {
            let found: Vec<Found> = find(line.as_bytes()).collect();
            let numbers = series(line.as_bytes(), &found);
            assert_eq!(numbers.iter().all(|number| *number == 0), is_one, "{line}");
        }
    }
}
