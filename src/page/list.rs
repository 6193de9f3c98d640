//! Headings, labels and figures to listings.
//!
//! What a line of addresses is for is said by the labels above it: a region, a plane. Headings
//! hold for what stands below them; of other labels, the last of a kind holds, and one for a
//! region ends those for planes that came after the last region, and the other way round.

use std::collections::BTreeMap;

use ipnet::Ipv4Net;

use super::addresses::{self, AddressCandidate};
use super::error::PageError;
use super::label::{Label, Topic};
use super::listing::{Listings, Ports};
use super::markup::{Block, STRUCK};
use super::ports;
use super::vocabulary::Vocabulary;
use crate::dataset::ReferenceData;
use crate::policy::{ALL_REGIONS, Plane, address_or_cidr};

/// Which region, by its position in the reference data, or every region; and the plane.
pub type Key = (Option<usize>, Plane);

/// The level of labels that are no headings.
const TEXT: u8 = 7;

/// A line of that many characters, or one that ends as a sentence does, is prose.
const LONGEST_LABEL: usize = 60;

/// What blocks list, or all that is wrong with them.
pub fn read(blocks: &[Block], reference_data: &ReferenceData) -> Result<Listings, Vec<PageError>> {
    let mut reader = Reader {
        reference_data,
        vocabulary: Vocabulary::new(reference_data),
        scopes: Vec::new(),
        doubt: None,
        open: None,
        remark: None,
        passed: None,
        drafts: BTreeMap::new(),
        has_title: false,
        tables: 0,
        mentions: Vec::new(),
        errors: Vec::new(),
    };
    for block in blocks {
        match block {
            Block::Heading { line, level, text } => reader.heading(*line, *level, text),
            Block::Line { line, text } => reader.line(*line, text),
            Block::Table(rows) => reader.table(rows),
        }
    }
    reader.finish()
}

/// What was read so far, and what holds at this place of the page.
pub struct Reader<'a> {
    pub reference_data: &'a ReferenceData,
    pub vocabulary: Vocabulary,
    /// What holds at this place, the outermost first.
    scopes: Vec<Scope>,
    /// A line that looks like a label, and whose words are not known.
    doubt: Option<Doubt>,
    /// The listing that the line before belongs to.
    pub open: Option<Key>,
    /// Such a line in or behind a list, that a label came after.
    passed: Option<Doubt>,
    /// A line of prose since the last figures of that listing.
    remark: Option<(usize, String)>,
    pub drafts: BTreeMap<Key, Draft>,
    /// Whether the page's title has been.
    has_title: bool,
    /// How many tables of addresses there were.
    pub tables: usize,
    /// Addresses in prose.
    pub mentions: Vec<(Ipv4Net, usize)>,
    pub errors: Vec<PageError>,
}

struct Doubt {
    line: usize,
    text: String,
    /// Whether it stands in or behind a list, rather than before one.
    in_list: bool,
    /// Once is enough.
    told: bool,
}

#[derive(Clone, Copy)]
struct Scope {
    level: u8,
    says: Says,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Region(Places),
    /// `None` where a label speaks of both planes.
    Plane(Option<Plane>),
}

/// The regions of a label.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Places {
    One(usize),
    Every,
    /// Some, which no listing can be of.
    Several,
}

/// A list as it was found.
#[derive(Default)]
pub struct Draft {
    pub networks: Vec<(Ipv4Net, usize)>,
    /// Those of them that a note says to be listed by their addresses.
    pub spelled: Vec<Ipv4Net>,
    pub ports: Option<(Ports, usize)>,
    /// Whether the ports stand behind the networks, which ends the list.
    complete: bool,
    /// The table that it is from, by its number.
    table: Option<usize>,
    /// Whether the regions are listed under their plane, so that ports may be said once for all.
    pub under_plane: bool,
}

impl Reader<'_> {
    pub fn error(&mut self, line: usize, problem: impl Into<String>) {
        self.errors.push(PageError::at(line, problem));
    }

    fn heading(&mut self, line: usize, level: u8, text: &str) {
        self.scopes.retain(|scope| scope.level < level);
        self.open = None;
        if self.refuse_struck(line, text) {
            return;
        }
        if addresses::candidates(text).any(|d| d.is_whole() && !d.in_uri) {
            self.line(line, text);
            return;
        }
        match self.vocabulary.label(text).filter(Label::is_of_twilio) {
            Some(label) => self.label(line, level, &label),
            // The page's own title.
            None if level == 1 && !self.has_title => {}
            None => self.doubt(line, text),
        }
        self.has_title |= level == 1;
    }

    /// What is struck out is an error where it could be a part of the list.
    fn refuse_struck(&mut self, line: usize, text: &str) -> bool {
        let struck = text.contains(STRUCK) && self.matters(&text.replace(STRUCK, " "));
        if struck {
            self.error(
                line,
                format!("'{}' is struck out", text.replace(STRUCK, "").trim()),
            );
        }
        struck
    }

    /// Whether a text has figures, or is a label that says something.
    fn matters(&self, text: &str) -> bool {
        let says = |label: Label| label != Label::default();
        text.contains(|c: char| c.is_ascii_digit()) || self.vocabulary.label(text).is_some_and(says)
    }

    fn label(&mut self, line: usize, level: u8, label: &Label) {
        let places = self.places(label);
        let plane = match label.planes[..] {
            [] => None,
            [plane] => Some(Says::Plane(Some(plane))),
            _ => Some(Says::Plane(None)),
        };
        if places.is_some() || plane.is_some() {
            let passed = self.doubt.take_if(|doubt| doubt.in_list);
            self.passed = self.passed.take().or(passed);
        }
        if let Some(places) = places {
            let above = self
                .scopes
                .iter()
                .rfind(|s| s.level < level && s.is_region());
            if let Some(Says::Region(Places::One(other))) = above.map(|scope| scope.says) {
                if places != Places::One(other) {
                    let region = self.reference_data.regions[other].id.clone();
                    self.error(
                        line,
                        format!("this names another region than the heading above it, {region}"),
                    );
                }
            }
            self.enter(level, Says::Region(places));
            self.doubt = None;
        }
        if let Some(plane) = plane {
            self.enter(level, plane);
            if !self.scopes.iter().any(Scope::is_region) {
                self.doubt = None;
            }
        }
        if places.is_some() || plane.is_some() {
            self.open = None;
            self.remark = None;
        }
    }

    fn places(&self, label: &Label) -> Option<Places> {
        match label.regions[..] {
            [] => label.all_regions.then_some(Places::Every),
            [one] => Some(Places::One(one)),
            _ if label.regions.len() == self.reference_data.regions.len() => Some(Places::Every),
            _ => Some(Places::Several),
        }
    }

    /// A label of the same level and kind ends, and all that came after it.
    fn enter(&mut self, level: u8, says: Says) {
        let new = Scope { level, says };
        let same = |old: &Scope| old.level == level && old.is_region() == new.is_region();
        if let Some(at) = self.scopes.iter().position(same) {
            self.scopes.truncate(at);
        }
        self.scopes.push(new);
    }

    pub fn plane(&self) -> Option<Plane> {
        let innermost = self.scopes.iter().rev().find_map(|scope| match scope.says {
            Says::Plane(plane) => Some(plane),
            Says::Region(_) => None,
        });
        innermost.flatten()
    }

    pub fn region(&self) -> Option<Places> {
        self.scopes.iter().rev().find_map(|scope| match scope.says {
            Says::Region(places) => Some(places),
            Says::Plane(_) => None,
        })
    }

    pub fn line(&mut self, line: usize, text: &str) {
        let text = without_bullet(text);
        let found: Vec<AddressCandidate> =
            addresses::candidates(text).filter(|d| !d.in_uri).collect();
        if self.refuse_struck(line, text) {
        } else if addresses::has_ipv6(text) {
            self.error(
                line,
                format!("'{text}' has IPv6, which Twilio's SIP service does not"),
            );
        } else if found.is_empty() {
            self.line_without_addresses(line, text);
        } else if let Some((label, networks, note)) = self.address_line(text, &found) {
            if let Some(label) = label {
                self.label(line, TEXT, &label);
            }
            self.addresses(line, &networks, note);
        } else {
            self.prose_with_addresses(line, text, &found);
        }
    }

    /// A line of addresses: the label before them, the addresses, and what stands behind them.
    pub fn address_line<'t>(
        &self,
        text: &'t str,
        found: &[AddressCandidate<'t>],
    ) -> Option<(Option<Label>, Vec<AddressCandidate<'t>>, &'t str)> {
        let first = found.first()?;
        let before = text[..first.at].trim();
        let label = match before {
            "" => None,
            _ if !before.contains(char::is_alphanumeric) => return None,
            _ => Some(self.vocabulary.label(before).filter(Label::is_of_twilio)?),
        };
        let mut end = first.at;
        for one in found {
            let between = &text[end..one.at];
            if !between
                .chars()
                .all(|c| c.is_whitespace() || matches!(c, ',' | ';' | '、' | '，'))
            {
                return None;
            }
            end = one.end();
        }
        Some((label, found.to_vec(), text[end..].trim()))
    }

    fn addresses(&mut self, line: usize, found: &[AddressCandidate], note: &str) {
        let Some(networks) = self.networks(line, found) else {
            return;
        };
        self.add(line, &networks, None);
        // A note of words that say nothing else: `(individual addresses below)`.
        let note = note.trim_matches([',', '.', ';', ':', '、', '。']).trim();
        let label = self
            .vocabulary
            .label(note)
            .filter(|_| note.is_empty() || announces_addresses(note));
        if label
            .is_some_and(|l| l.regions.is_empty() && l.planes.is_empty() && !l.has(Topic::Ports))
        {
            let draft = self.open.and_then(|key| self.drafts.get_mut(&key));
            if let (false, Some(draft)) = (note.is_empty(), draft) {
                draft
                    .spelled
                    .extend(networks.last().filter(|n| n.prefix_len() < 32));
            }
            return;
        }
        match ports::parse(note) {
            Ok(ports) => self.set_ports(line, ports, None),
            Err(_) => self.error(
                line,
                format!("'{note}', behind {}, is not understood", found[0].text),
            ),
        }
    }

    /// The networks that are meant, or errors.
    pub fn networks(&mut self, line: usize, found: &[AddressCandidate]) -> Option<Vec<Ipv4Net>> {
        match addresses::networks(found) {
            Ok(networks) => Some(networks),
            Err(problems) => {
                for problem in problems {
                    self.error(line, problem);
                }
                None
            }
        }
    }

    fn prose_with_addresses(&mut self, line: usize, text: &str, found: &[AddressCandidate]) {
        let mentions = self.mentions.len();
        for one in found {
            match addresses::network(one.text) {
                Ok(network) => self.mentions.push((network, line)),
                Err(problem) if one.text.split(['.', '/']).count() < 6 && one.is_whole() => {
                    self.error(line, problem);
                }
                // A version of something, or an object identifier, unless it is one of a list.
                Err(problem) => {
                    if self.plane().is_some() {
                        self.error(line, problem);
                    }
                }
            }
        }
        // A sentence may name what the list has; a line of few words is more likely a part of it.
        if self.mentions.len() > mentions && !is_sentence(text) && self.errors.is_empty() {
            self.error(line, format!("'{text}' is not understood"));
        }
        self.unknown(line, text);
    }

    fn line_without_addresses(&mut self, line: usize, text: &str) {
        let is_figure = |c: char| c.is_ascii_digit();
        // Code blocks have fences, and on some pages a number for each line.
        let numbers_a_line = text.len() <= 3 && text.chars().all(is_figure);
        if numbers_a_line || text.starts_with("```") {
            return;
        }
        if let Some(label) = self.vocabulary.label(text).filter(Label::is_of_twilio) {
            self.label(line, TEXT, &label);
            return;
        }
        let (before, figures) = text.split_at(text.find(is_figure).unwrap_or(text.len()));
        let label = match figures {
            "" => None,
            _ => self.vocabulary.label(before).filter(Label::is_of_twilio),
        };
        let listed = |label: &Label| label.has(Topic::Ports) || before.is_empty();
        // What the label says of transports holds for the figures behind it.
        let transports = label.iter().flat_map(|label| &label.transports);
        let transports: Vec<String> = transports.map(ToString::to_string).collect();
        match (
            label,
            ports::parse(&format!("{} {figures}", transports.join(" "))),
        ) {
            (Some(label), Ok(ports)) if listed(&label) => {
                self.label(line, TEXT, &label);
                self.set_ports(line, ports, None);
            }
            (Some(label), Err(problem))
                if self.plane().is_some() && (label.has(Topic::Ports) || names_transport(text)) =>
            {
                self.error(line, format!("these ports are not understood: {problem}"));
            }
            _ if self.plane().is_some() && looks_like_figures(text) => {
                self.error(
                    line,
                    format!("'{text}' is not understood, and looks like a part of the list"),
                );
            }
            _ => self.unknown(line, text),
        }
    }

    /// A line whose words are not known is prose, or a label that may change what follows.
    fn unknown(&mut self, line: usize, text: &str) {
        if self.open.is_some() {
            self.remark = Some((line, text.to_owned()));
        }
        if !is_sentence(text) {
            self.doubt(line, text);
        }
    }

    fn doubt(&mut self, line: usize, text: &str) {
        // The first one in a list is where it went wrong.
        if !self.doubt.as_ref().is_some_and(|doubt| doubt.in_list) {
            self.doubt = Some(Doubt {
                line,
                text: text.to_owned(),
                in_list: self.open.is_some(),
                told: false,
            });
        }
    }

    /// A line in a list or behind it that looks like a part of it is no prose, if the list goes on
    /// with another label.
    fn refuse_passed(&mut self) {
        if let Some(Doubt { line, text, .. }) = self.passed.take() {
            self.error(
                line,
                format!("'{text}', in a list or behind it, is not understood"),
            );
        }
    }

    /// What makes the place of a line of figures uncertain.
    pub fn refuse_doubt(&mut self, line: usize, what: &str) -> bool {
        let Some(doubt) = &mut self.doubt else {
            return false;
        };
        if !std::mem::replace(&mut doubt.told, true) {
            let problem = format!(
                "{what} stands below '{}' (line {}), which is not understood: it may be a region or a plane",
                doubt.text, doubt.line
            );
            self.error(line, problem);
        }
        true
    }

    /// The listing that figures of this line belong to.
    fn key(&mut self, line: usize, what: &str) -> Option<Key> {
        self.refuse_passed();
        if self.refuse_doubt(line, what) {
            return None;
        }
        if let Some((at, text)) = self.remark.take() {
            self.error(
                line,
                format!("{what} stands behind '{text}' (line {at}), which is not understood"),
            );
            return None;
        }
        let Some(plane) = self.plane() else {
            self.error(
                line,
                format!("{what} stands under no heading that says signaling or media alone"),
            );
            return None;
        };
        match self.region() {
            Some(Places::One(region)) => Some((Some(region), plane)),
            None if plane == Plane::Signaling => {
                self.error(
                    line,
                    format!("{what} stands under no heading that names a region"),
                );
                None
            }
            Some(Places::Every) | None => Some((None, plane)),
            Some(Places::Several) => {
                self.error(
                    line,
                    format!("{what} stands under a heading that names several regions"),
                );
                None
            }
        }
    }

    pub fn add(&mut self, line: usize, networks: &[Ipv4Net], table: Option<Key>) {
        let Some(first) = networks.first() else {
            return;
        };
        let key = table.or_else(|| self.key(line, &address_or_cidr(*first)));
        let Some(key) = key else { return };
        let listed = self.name(key);
        let goes_on = self.open == Some(key) && table.is_none();
        self.open = Some(key);
        let table = table.map(|_| self.tables);
        let draft = self.drafts.entry(key).or_default();
        let same_table = table.is_some() && draft.table == table;
        let problem = match draft.networks.first() {
            Some(_) if draft.complete && goes_on => Some(format!(
                "{first} stands behind the ports of {listed}, where its list has ended"
            )),
            Some((_, before)) if !goes_on && !same_table => Some(format!(
                "the list of {listed} stands twice, before in line {before}"
            )),
            _ => None,
        };
        draft.table = table;
        draft
            .networks
            .extend(networks.iter().map(|network| (*network, line)));
        if let Some(problem) = problem {
            self.error(line, problem);
        }
    }

    pub fn set_ports(&mut self, line: usize, ports: Ports, table: Option<Key>) {
        let key = table.or_else(|| self.key(line, "a line of ports"));
        let Some(key) = key else { return };
        let fits = matches!(
            (key.1, ports),
            (Plane::Signaling, Ports::Signaling(_)) | (Plane::Media, Ports::Media(_))
        );
        let listed = self.name(key);
        if !fits {
            self.error(
                line,
                format!(
                    "these are no ports of {}, but stand where those of {listed} are expected",
                    key.1
                ),
            );
            return;
        }
        self.open = Some(key);
        let under_plane =
            table.is_none() && self.scopes.first().is_some_and(|scope| !scope.is_region());
        let draft = self.drafts.entry(key).or_default();
        draft.under_plane = under_plane;
        draft.complete = !draft.networks.is_empty();
        match draft.ports.replace((ports, line)) {
            Some((_, before)) if table.is_none() => {
                self.error(
                    line,
                    format!("the ports of {listed} stand twice, before in line {before}"),
                );
            }
            Some((before, at)) if before != ports => {
                self.error(
                    line,
                    format!("the ports of {listed} differ from those in line {at}"),
                );
            }
            _ => {}
        }
    }

    pub fn name(&self, (region, plane): Key) -> String {
        let region = region.map_or(ALL_REGIONS, |at| &*self.reference_data.regions[at].id);
        format!("{plane} of {region}")
    }
}

/// Whether a note says that the addresses of a network follow.
fn announces_addresses(note: &str) -> bool {
    let note = note.to_lowercase();
    ["below", "translate", "individual", "以下", "個別", "内訳"]
        .iter()
        .any(|word| note.contains(word))
}

/// Prose is long, or ends as a sentence does.
fn is_sentence(text: &str) -> bool {
    text.ends_with(['.', '。', '!', '?']) || text.chars().count() > LONGEST_LABEL
}

/// A line without the mark of a list in front of it.
fn without_bullet(text: &str) -> &str {
    let text = text.trim();
    let bullet = |c: char| {
        matches!(
            c,
            '•' | '·' | '・' | '◦' | '▪' | '‣' | '●' | '○' | '■' | '→' | '✓' | '✔' | '✅'
        )
    };
    match text.strip_prefix(bullet) {
        Some(rest) => rest.trim_start(),
        None => ["- ", "* ", "– ", "+ "]
            .iter()
            .find_map(|mark| text.strip_prefix(mark))
            .unwrap_or(text),
    }
}

/// An IPv6 address, or figures with marks between them, as an address that is damaged has.
fn looks_like_figures(text: &str) -> bool {
    let mark = |c: char| {
        matches!(
            c,
            '.' | ',' | ':' | '·' | '。' | '~' | '\'' | '*' | '[' | ']'
        ) || c.is_whitespace()
    };
    let parts: Vec<&str> = text
        .split(|c: char| !c.is_ascii_hexdigit())
        .filter(|part| !part.is_empty())
        .collect();
    let is_v6 = text.contains("::") || text.matches(':').count() >= 4;
    let numbers = text.split(mark).filter(|part| !part.is_empty());
    let numbers: Vec<bool> = numbers
        .map(|part| part.len() <= 3 && part.bytes().all(|b| b.is_ascii_digit() || b == b'x'))
        .collect();
    let has_address = numbers
        .windows(4)
        .any(|four| four.iter().all(|number| *number));
    (is_v6 && parts.len() >= 2) || has_address
}

fn names_transport(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["udp", "tcp", "tls"].iter().any(|name| text.contains(name))
}

impl Scope {
    fn is_region(&self) -> bool {
        matches!(self.says, Says::Region(_))
    }
}
