//! Reads the lines above and below a block of addresses.

use std::ops::Range;

use crate::scan::context::Context;
use crate::scan::evidence::{Evidence, Service};
use crate::scan::layout::Layout;

/// The maximum number of lines above a block that describe it, and of fields below it.
const REACH: usize = 6;

/// Reads the lines above and below a block, which is a range of elements.
pub(super) fn evidence_around(
    context: &Context,
    layout: &Layout,
    block: &Range<usize>,
) -> Evidence {
    let above = Above::new(context, layout, block);
    let service = above.service();
    let evidence = above.evidence();
    if evidence.is_of_a_plane() || evidence.is_denied || service.is_some() {
        return Evidence {
            service,
            ..evidence
        };
    }
    evidence_below(context, layout, block)
}

/// The lines above a block, and below the addresses before it.
struct Above<'a> {
    context: &'a Context<'a>,
    layout: &'a Layout<'a>,
    rows: Range<usize>,
}

impl<'a> Above<'a> {
    fn new(context: &'a Context, layout: &'a Layout, block: &Range<usize>) -> Above<'a> {
        let before = block.start.checked_sub(1);
        let before = before.map(|before| &layout.elements[before]);
        let from = before.map_or(0, |before| layout.lines.at(before.place.end - 1) + 1);
        let end = layout.elements[block.start].row;
        Above {
            context,
            layout,
            rows: from.max(end.saturating_sub(REACH))..end,
        }
    }

    /// Returns the lines up to a blank one, starting with the closest.
    fn closest(&self) -> impl Iterator<Item = usize> {
        let rows = self.rows.clone().rev();
        rows.take_while(|row| !self.layout.lines.is_blank(*row))
    }

    /// Returns the other service than SIP that is named closest to the block.
    fn service(&self) -> Option<Service> {
        self.closest().find_map(|row| self.of(row).service)
    }

    /// Reads the closest line that describes the block and names a plane or denies something.
    fn evidence(&self) -> Evidence {
        for row in self.closest() {
            let line = self.layout.lines.beginning_text(row);
            let line = line.trim();
            if line.starts_with(['}', ']', ')']) {
                break;
            }
            let opens = line.ends_with(['[', '{', '(', ':', '=', '\\']);
            let describes = self.layout.lines.is_comment(row) || opens;
            if !describes && !is_field(line) {
                break;
            }
            let evidence = self.of(row);
            let is_denied = evidence.is_denied && describes;
            if evidence.is_of_a_plane() || is_denied {
                return Evidence {
                    old_ports: evidence.old_ports || self.has_old_ports(row),
                    is_denied,
                    ..evidence
                };
            }
        }
        Evidence::default()
    }

    fn of(&self, row: usize) -> Evidence {
        Evidence::of(&self.context.line_words(row))
    }

    /// Returns true if the ends of the superseded media ports are in two neighboring lines, at and above a line.
    fn has_old_ports(&self, row: usize) -> bool {
        let rows = self.rows.start.max(row.saturating_sub(1))..=row;
        let words: String = rows.map(|row| self.context.line_words(row)).collect();
        Evidence::of(&words).old_ports
    }
}

/// Reads the ports in the fields of a record that follow its addresses.
fn evidence_below(context: &Context, layout: &Layout, block: &Range<usize>) -> Evidence {
    let last = &layout.elements[block.end - 1];
    let next = layout.elements.get(block.end);
    let first = layout.lines.at(last.place.end - 1) + 1;
    let end = next.map_or(layout.lines.count(), |next| next.row);
    let mut fields = String::new();
    for row in first..end.min(first + REACH) {
        let line = layout.lines.beginning_text(row);
        let line = line.trim();
        let closes = row == first && line.starts_with([']', ')']);
        if !closes && (!is_field(line) || line.starts_with('-') || line.ends_with(['[', '{', '(']))
        {
            break;
        }
        fields.push_str(&context.line_words(row));
    }
    // Only the ports count: words may be about the next list.
    let evidence = Evidence::of(&fields);
    if evidence.has_ports {
        evidence
    } else {
        Evidence::default()
    }
}

/// Returns true if a line is a field with its name, such as `"from_port": 10000`.
fn is_field(line: &str) -> bool {
    let name = line.trim_start_matches(['-', ' ', '"', '\'']);
    let end = name.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-' | '.'));
    let (name, rest) = name.split_at(end.unwrap_or(name.len()));
    let rest = rest.trim_start_matches(['"', '\'', ' ', '\t']);
    !name.is_empty() && rest.starts_with([':', '='])
}
