//! Finds listings in headings, lines and tables.
//!
//! The headings and labels above numbers name their plane and region.

mod line_text;
mod partial;
mod scope;
mod table;
mod unknown;
mod validate;

use ipnet::Ipv4Net;

use super::addresses::{self, AddressCandidate};
use super::columns::Columns;
use super::error::PageError;
use super::label::{Label, Topic};
use super::listing::{Listings, Ports};
use super::markup::{Block, Row, STRUCK};
use super::ports;
use super::vocabulary::Vocabulary;
use crate::dataset::ReferenceData;
use crate::policy::address_or_cidr;
use line_text::{
    AddressLine, announces_addresses, is_button, is_code_fence, is_sentence, line_number,
    names_transport, numbered, resembles_address, without_bullet,
};
use partial::{ListingKey, Origin, PartialListings};
use scope::{LABEL_LEVEL, Scopes};
use table::{TableReader, on_one_line, only_text, stray_addresses};
use unknown::UnknownLines;

/// Finds the listings in a page, or returns every error.
pub fn read(
    blocks: &[Block],
    vocabulary: Vocabulary,
    reference_data: &ReferenceData,
) -> Result<Listings, Vec<PageError>> {
    let mut reader = Reader {
        vocabulary,
        scopes: Scopes::new(reference_data),
        unknown: UnknownLines::default(),
        listings: PartialListings::new(reference_data),
        mentions: Vec::new(),
        has_title: false,
        code_line: 0,
        errors: Vec::new(),
    };
    for (number, block) in blocks.iter().enumerate() {
        match block {
            Block::Heading { line, level, text } => reader.read_heading(*line, *level, text),
            Block::Line { line, text } => reader.read_line(*line, text),
            Block::Table(rows) => reader.read_table(number, rows),
        }
    }
    // Errors of the checks of the whole page would only be consequences of these errors.
    if reader.errors.is_empty() {
        validate::validate(&reader.listings, &reader.mentions)
    } else {
        Err(reader.errors)
    }
}

struct Reader<'a> {
    vocabulary: Vocabulary,
    scopes: Scopes<'a>,
    unknown: UnknownLines,
    listings: PartialListings<'a>,
    /// Addresses in prose, with their line numbers.
    mentions: Vec<(Ipv4Net, usize)>,
    /// True after the first heading of level 1.
    has_title: bool,
    /// The number of the last line in a code block that was copied with line numbers.
    code_line: usize,
    errors: Vec<PageError>,
}

impl Reader<'_> {
    fn report(&mut self, line: usize, problem: impl Into<String>) {
        self.errors.push(PageError::at(line, problem));
    }

    fn report_all(&mut self, line: usize, problems: impl IntoIterator<Item = String>) {
        let errors = problems.into_iter().map(|p| PageError::at(line, p));
        self.errors.extend(errors);
    }

    fn read_heading(&mut self, line: usize, level: u8, text: &str) {
        self.scopes.leave(level);
        self.listings.close();
        if self.refuse_struck(line, text) || is_button(text) {
            return;
        }
        if addresses::candidates(text).any(|c| c.is_whole() && !c.in_uri) {
            self.read_line(line, text);
            return;
        }
        let is_title = level == 1 && !self.has_title;
        match self.label_of(text) {
            Some(label) => self.enter_label(line, level, &label),
            None if is_title => {}
            None => self.unknown.add_label(line, text, false),
        }
        self.has_title |= level == 1;
    }

    /// Returns the meaning of a text if it may label Twilio's addresses or ports.
    fn label_of(&self, text: &str) -> Option<Label> {
        self.vocabulary.label(text).filter(Label::is_of_twilio)
    }

    fn enter_label(&mut self, line: usize, level: u8, label: &Label) {
        if !label.names_region() && label.planes.is_empty() {
            return;
        }
        if let Some(region) = self.scopes.contradicted_region(level, label) {
            self.report(
                line,
                format!(
                    "this label names a different region than the heading above it, '{region}'"
                ),
            );
        }
        self.scopes.enter(level, label);
        let is_resolved = label.names_region() || self.scopes.regions().is_none();
        self.unknown.pass_known_label(is_resolved);
        self.listings.close();
    }

    /// Reports struck-out text as an error if it has digits or is a label with a meaning.
    fn refuse_struck(&mut self, line: usize, text: &str) -> bool {
        if !text.contains(STRUCK) {
            return false;
        }
        let inner = text.replace(STRUCK, " ");
        let is_meaningful = |label: Label| label != Label::default();
        let matters = inner.contains(|c: char| c.is_ascii_digit())
            || self.vocabulary.label(&inner).is_some_and(is_meaningful);
        if matters {
            let text = text.replace(STRUCK, "");
            self.report(
                line,
                format!(
                    "'{}' is struck out, so it may not apply any more",
                    text.trim()
                ),
            );
        }
        matters
    }

    fn read_line(&mut self, line: usize, text: &str) {
        let text = self.without_line_number(without_bullet(text));
        let candidates: Vec<AddressCandidate> =
            addresses::candidates(text).filter(|c| !c.in_uri).collect();
        if self.refuse_struck(line, text) {
        } else if addresses::has_ipv6(text) {
            self.report(
                line,
                format!("'{text}' contains IPv6, but Twilio's SIP service has only IPv4 addresses"),
            );
        } else if candidates.is_empty() {
            self.read_line_without_addresses(line, text);
        } else if let Some(parts) = AddressLine::parse(text, &candidates, &self.vocabulary) {
            if let Some(label) = parts.label {
                self.enter_label(line, LABEL_LEVEL, &label);
            }
            self.read_addresses(line, &candidates, parts.note);
        } else {
            self.read_prose_with_addresses(line, text, &candidates);
        }
    }

    /// Removes the line number before a line of a copied code block.
    fn without_line_number<'t>(&mut self, text: &'t str) -> &'t str {
        match numbered(text) {
            Some((number, rest)) if self.is_next_code_line(number) => rest,
            _ => text,
        }
    }

    /// Returns true for the number of a line in a copied code block. The numbers count from 1 in each
    /// list. Any other number may be a part of an address that was broken over two lines.
    fn is_next_code_line(&mut self, number: usize) -> bool {
        let is_next = number == self.code_line + 1 || (number == 1 && !self.listings.is_open());
        if is_next {
            self.code_line = number;
        }
        is_next
    }

    fn read_addresses(&mut self, line: usize, candidates: &[AddressCandidate], note: &str) {
        match addresses::networks(candidates) {
            Ok(networks) => {
                self.add_networks(line, &networks);
                self.read_note(line, note, candidates[0].text, &networks);
            }
            Err(problems) => self.report_all(line, problems),
        }
    }

    /// Reads the text after addresses: ports, or a note such as `(individual addresses below)`.
    fn read_note(&mut self, line: usize, note: &str, first: &str, networks: &[Ipv4Net]) {
        let note = note.trim_matches([',', '.', ';', ':', '、', '。']).trim();
        if note.is_empty() {
            return;
        }
        let is_announcement = |label: Label| {
            announces_addresses(note)
                && label.regions.is_empty()
                && label.planes.is_empty()
                && !label.has(Topic::Ports)
        };
        if self.vocabulary.label(note).is_some_and(is_announcement) {
            if let Some(network) = networks.last().filter(|n| n.prefix_len() < 32) {
                self.listings.mark_spelled_out(*network);
            }
        } else if let Ok(ports) = ports::parse(note) {
            self.set_ports(line, ports);
        } else {
            self.report(line, format!("cannot interpret '{note}' after {first}"));
        }
    }

    fn read_prose_with_addresses(
        &mut self,
        line: usize,
        text: &str,
        candidates: &[AddressCandidate],
    ) {
        let mut has_address = false;
        for candidate in candidates {
            let parts = candidate.text.split(['.', '/']).count();
            match addresses::network(candidate.text) {
                Ok(network) => {
                    self.mentions.push((network, line));
                    has_address = true;
                }
                // Outside lists, this may also be a version number or an object identifier.
                Err(problem)
                    if (candidate.is_whole() && parts < 6) || self.scopes.plane().is_some() =>
                {
                    self.report(line, problem);
                }
                Err(_) => {}
            }
        }
        // A sentence may mention an address of the list. A line of few words is more likely a part
        // of it.
        if has_address && !is_sentence(text) && self.errors.is_empty() {
            self.report(line, format!("cannot interpret '{text}'"));
        }
        self.note_unknown_line(line, text);
    }

    fn read_line_without_addresses(&mut self, line: usize, text: &str) {
        if is_code_fence(text) || is_button(text) {
            return;
        }
        if let Some(number) = line_number(text) {
            if !self.is_next_code_line(number) && self.listings.is_open() {
                self.report(
                    line,
                    format!("cannot interpret '{text}' in or after a list"),
                );
            }
            return;
        }
        if let Some(label) = self.label_of(text) {
            self.enter_label(line, LABEL_LEVEL, &label);
            return;
        }
        let first_digit = text.find(|c: char| c.is_ascii_digit());
        let (before, numbers) = text.split_at(first_digit.unwrap_or(text.len()));
        let label = first_digit.and_then(|_| self.label_of(before));
        let has_plane = self.scopes.plane().is_some();
        match (&label, labeled_ports(label.as_ref(), numbers)) {
            (Some(label), Ok(ports)) if label.has(Topic::Ports) || before.is_empty() => {
                self.enter_label(line, LABEL_LEVEL, label);
                self.set_ports(line, ports);
            }
            (Some(label), Err(problem))
                if has_plane && (label.has(Topic::Ports) || names_transport(text)) =>
            {
                self.report(line, format!("cannot interpret these ports: {problem}"));
            }
            _ if has_plane && resembles_address(text) => {
                self.report(
                    line,
                    format!("cannot interpret '{text}', which looks like a part of the list"),
                );
            }
            _ => self.note_unknown_line(line, text),
        }
    }

    /// Handles a line with unknown words: prose, or a label that may matter.
    fn note_unknown_line(&mut self, line: usize, text: &str) {
        let in_list = self.listings.is_open();
        if in_list {
            self.unknown.add_remark(line, text);
        }
        if !is_sentence(text) {
            self.unknown.add_label(line, text, in_list);
        }
    }

    /// Returns the listing for numbers in this line, or reports an error about `subject`.
    fn listing_key(&mut self, line: usize, subject: &str) -> Option<ListingKey> {
        if self.unknown.refuse(line, subject, &mut self.errors) {
            return None;
        }
        match self.scopes.listing_key() {
            Ok(key) => Some(key),
            Err(problem) => {
                self.report(line, format!("{subject} {problem}"));
                None
            }
        }
    }

    fn text_origin(&self) -> Origin {
        Origin::Text {
            under_plane: self.scopes.plane_is_outermost(),
        }
    }

    fn add_networks(&mut self, line: usize, networks: &[Ipv4Net]) {
        let Some(first) = networks.first() else {
            return;
        };
        if let Some(key) = self.listing_key(line, &address_or_cidr(*first)) {
            let origin = self.text_origin();
            let result = self.listings.add_networks(key, line, networks, origin);
            self.report_all(line, result.err());
        }
    }

    fn set_ports(&mut self, line: usize, ports: Ports) {
        if let Some(key) = self.listing_key(line, "a line of ports") {
            let origin = self.text_origin();
            let result = self.listings.set_ports(key, line, ports, origin);
            self.report_all(line, result.err());
        }
    }

    fn read_table(&mut self, number: usize, rows: &[Row]) {
        let Some((head, body)) = rows.split_first() else {
            return;
        };
        let columns = Columns::of(&head.cells, &self.vocabulary);
        self.errors.extend(stray_addresses(head, body, &columns));
        if !columns.has_addresses() {
            self.read_table_without_addresses(rows, head.line, &columns);
        } else if self.unknown.refuse_after_label(
            head.line,
            "a table of addresses",
            &mut self.errors,
        ) {
        } else if let Some(at) = columns.unknown() {
            let title = on_one_line(&head.cells[at]);
            self.report(
                head.line,
                format!("cannot interpret the column heading '{title}'"),
            );
        } else {
            self.read_table_of_addresses(number, body, &columns);
        }
    }

    /// Reads a table without addresses. A row with only one cell may be a title, so it is read as a
    /// line.
    fn read_table_without_addresses(&mut self, rows: &[Row], line: usize, columns: &Columns) {
        for row in rows {
            if let Some(title) = only_text(row) {
                self.read_line(row.line, &title);
            }
        }
        if columns.has_ports() {
            self.report(line, "the table has ports, but no column for addresses");
        }
    }

    fn read_table_of_addresses(&mut self, number: usize, rows: &[Row], columns: &Columns) {
        let table = TableReader {
            vocabulary: &self.vocabulary,
            columns,
            number,
            plane: columns.plane.or_else(|| self.scopes.plane()),
            regions: self.scopes.regions(),
        };
        for row in rows {
            if let Err(problems) = table.read_row(row, &mut self.listings) {
                let errors = problems.into_iter().map(|p| PageError::at(row.line, p));
                self.errors.extend(errors);
            }
        }
        self.listings.close();
    }
}

/// Parses the ports after a label. Transports in the label count as if they followed it.
fn labeled_ports(label: Option<&Label>, numbers: &str) -> Result<Ports, String> {
    let transports = label.iter().flat_map(|label| &label.transports);
    let transports: Vec<String> = transports.map(ToString::to_string).collect();
    ports::parse(&format!("{} {numbers}", transports.join(" ")))
}
