//! Reads the lines above and below a block of addresses.

use std::ops::Range;

use crate::scan::context::Context;
use crate::scan::evidence::{Evidence, Ports, Service};
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
    Evidence {
        names_sip: evidence.names_sip,
        ..evidence_below(context, layout, block)
    }
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

    /// Reads the closest line that describes the block and names a plane or denies something. If there is none, the
    /// evidence is that of the lines with "sip".
    fn evidence(&self) -> Evidence {
        let mut is_in_block = true;
        let mut names_sip = false;
        for row in self.closest() {
            let line = self.layout.lines.beginning_text(row);
            let line = line.trim();
            if line.starts_with('}') && is_in_block {
                return self.of_block_before(row);
            }
            if line.starts_with(['}', ']', ')']) {
                break;
            }
            is_in_block &= !line.ends_with('{');
            let opens = line.ends_with(['[', '{', '(', ':', '=', '\\'])
                || line.starts_with("object-group ");
            let describes = self.layout.lines.is_comment(row) || opens;
            if !describes && !is_field(line) {
                // The first elements of an array may be names of hosts. A fence begins code in Markdown.
                if line.ends_with(',') || line.starts_with("```") {
                    continue;
                }
                break;
            }
            let evidence = self.of(row);
            let is_denied = evidence.is_denied && describes;
            names_sip |= evidence.names_sip && describes;
            if evidence.is_of_a_plane() || is_denied {
                return Evidence {
                    ports: evidence.ports.max(self.ports_of_two(row)),
                    is_denied,
                    ..evidence
                };
            }
        }
        Evidence {
            names_sip,
            ..Evidence::default()
        }
    }

    /// Reads the ports in a block that ends at a line, such as `allow { ports = [5060] }` before the sources of a rule.
    fn of_block_before(&self, end: usize) -> Evidence {
        let rows = self.closest().skip_while(|row| *row >= end);
        let mut words = String::new();
        for row in rows {
            words.push_str(&self.context.line_words(row));
            if self.layout.lines.beginning_text(row).trim().ends_with('{') {
                break;
            }
        }
        of_ports(&words)
    }

    fn of(&self, row: usize) -> Evidence {
        Evidence::of(&self.context.line_words(row))
    }

    /// Returns the ports in two neighboring lines, at and above a line. The ends of a range may be in both.
    fn ports_of_two(&self, row: usize) -> Ports {
        let rows = self.rows.start.max(row.saturating_sub(1))..=row;
        let words: String = rows.map(|row| self.context.line_words(row)).collect();
        Evidence::of(&words).ports
    }
}

/// Reads the ports in the fields of a record that follow its addresses.
fn evidence_below(context: &Context, layout: &Layout, block: &Range<usize>) -> Evidence {
    let last = &layout.elements[block.end - 1];
    let in_loop = evidence_in_loop(context, layout, last.row);
    if in_loop.is_of_a_plane() {
        return in_loop;
    }
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
    of_ports(&fields)
}

/// Reads the ports in a loop of a shell over a line with addresses, or over the variable that the line sets.
fn evidence_in_loop(context: &Context, layout: &Layout, row: usize) -> Evidence {
    let text = |row: usize| layout.lines.beginning_text(row);
    let is_loop = |line: &str| line.trim_start().starts_with("for ");
    let own = text(row);
    let name = own.split('=').next().unwrap_or_default().trim();
    let name = name.strip_prefix("export ").unwrap_or(name);
    let uses = [format!("${name}"), format!("${{{name}")];
    let end = layout.lines.count().min(row + 1 + REACH);
    let mut rows = row + 1..end;
    if !is_loop(&own) {
        let is_used = |row: usize| uses.iter().any(|used| text(row).contains(used.as_str()));
        if !rows.find(|row| is_loop(&text(*row))).is_some_and(is_used) {
            return Evidence::default();
        }
    }
    let body = rows.take_while(|row| text(*row).trim() != "done");
    let words: String = body.map(|row| context.line_words(row)).collect();
    of_ports(&words)
}

/// Returns the meaning of words if they contain a port. Other words may be about the next list.
fn of_ports(words: &str) -> Evidence {
    let evidence = Evidence::of(words);
    match evidence.ports {
        Ports::None => Evidence::default(),
        Ports::Some | Ports::Superseded => evidence,
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
