//! What the lines around an address speak of.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::rc::Rc;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use memchr::{memchr_iter, memchr2_iter};

use super::find::Found;
use super::work::Work;
use crate::dataset::ReferenceData;
use crate::limits::Limits;
use crate::names::{LETTERS, LETTERS_AND_NUMBERS, normalize_name};
use crate::select::names;

/// A line with these words is not judged.
const IGNORE: [&str; 2] = ["twilio-sip-allow: ignore", "twilio-sip-allow:ignore"];

/// Comments of a list, and what stands before it, count up to this distance.
const REACH: usize = 5;

/// Lines without an address that do not end a list.
const LONGEST_PAUSE: usize = 2;

/// What stands further from an address in its line says nothing of it.
const LONGEST_LINE: usize = 256;

/// As much of a comment is read.
const LONGEST_COMMENT: usize = 256;

/// As many bytes of words take one step if all are ASCII; others take longer.
const ASCII_IN_A_STEP: usize = 4;

/// Places in a line share the words near them if they are in one piece of this many bytes.
const WORDS_STEP: usize = 64;

/// Words of lines that allow nothing, as [`plain`] has them.
static DENIALS: Finders = LazyLock::new(|| {
    finders(&[
        " deny ",
        " denied ",
        " drop ",
        " reject ",
        " block ",
        " forbid ",
        " disallow ",
        " refuse ",
        " blacklist ",
        " never ",
        " not ",
        " don ",
        " no ",
        " replaces ",
        " except ",
    ])
});

/// Words of lines in which a network of all addresses is just that.
static OTHERWISE: Finders = LazyLock::new(|| {
    finders(&[
        " log ",
        " return ",
        " route ",
        " bind ",
        " egress ",
        " all but ",
    ])
});

/// Words of settings whose address is the user's own, or a neighbour's, as [`plain`] has them.
static OWN: Finders = LazyLock::new(|| {
    finders(&[
        " externip ",
        " externaddr ",
        " external ",
        " nameserver ",
        " resolver ",
        " via ",
    ])
});

/// Fields that say what the next ones are.
const DESCRIPTIONS: [&str; 7] = [
    "description",
    "comment",
    "remark",
    "name",
    "label",
    "title",
    "note",
];

/// What a comment speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Twilio, or one of its regions.
    Twilio,
    /// Something that may be said of Twilio's addresses: a plane, a part of the world.
    Neutral,
    /// Something else.
    Other,
}

/// Words that say whose an address is.
pub struct Words {
    /// Twilio itself, and its regions; Latin ones hold as whole words.
    twilio: Vec<Finder<'static>>,
    neutral: Vec<Finder<'static>>,
}

impl Words {
    /// Of the regions and their names.
    pub fn new(reference_data: &ReferenceData) -> Self {
        let regions = reference_data.regions.iter().flat_map(names::names_of);
        let continents = reference_data.continents.iter();
        let continents = continents.flat_map(names::names_of_continent);
        let planes = [
            "sip",
            "rtp",
            "srtp",
            "media",
            "signaling",
            "signalling",
            "voice",
            "trunk",
            "gateway",
            "メディア",
            "シグナリング",
        ];
        Words {
            twilio: std::iter::once(Finder::new("twilio"))
                .chain(regions.map(name_finder))
                .collect(),
            neutral: continents.chain(planes).map(name_finder).collect(),
        }
    }

    /// The subject of words, as [`plain`] has them.
    fn subject(&self, folded: &str) -> Subject {
        if has_any(folded, &self.twilio) {
            Subject::Twilio
        } else if has_any(folded, &self.neutral) {
            Subject::Neutral
        } else {
            Subject::Other
        }
    }
}

/// Folded, but with a blank wherever a word may end.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len() + 2);
    plain.push(' ');
    for word in text
        .split(|c| !LETTERS_AND_NUMBERS.holds(c))
        .filter(|word| !word.is_empty())
    {
        if word.is_ascii() {
            plain.extend(word.chars().map(|c| c.to_ascii_lowercase()));
        } else {
            plain.push_str(&normalize_name(word));
        }
        plain.push(' ');
    }
    plain
}

/// Searchers for words. They are made once, because that takes longer than a search in a short text.
type Finders = LazyLock<Vec<Finder<'static>>>;

fn finders(words: &[&'static str]) -> Vec<Finder<'static>> {
    words.iter().map(|word| Finder::new(*word)).collect()
}

fn has_any(text: &str, words: &[Finder]) -> bool {
    words
        .iter()
        .any(|word| word.find(text.as_bytes()).is_some())
}

/// A searcher for a name in folded text. Japanese has no blanks between words, so there a part of a word
/// counts.
fn name_finder(name: &str) -> Finder<'static> {
    let name = plain(name);
    let part = if name.is_ascii() { &name } else { name.trim() };
    Finder::new(part).into_owned()
}

/// Whether a text says `Twilio`, whatever the case of its letters.
pub fn says_twilio(text: &[u8]) -> bool {
    // A `w` is rarer than the letters around it.
    let rest = b"twilio";
    memchr2_iter(b'w', b'W', text).any(|at| {
        let start = at.wrapping_sub(1);
        let word = text.get(start..start.wrapping_add(rest.len()));
        word.is_some_and(|word| word.eq_ignore_ascii_case(rest)) && !is_directive(&text[start..])
    })
}

fn has_directive(line: &[u8]) -> bool {
    memchr2_iter(b't', b'T', line).any(|at| is_directive(&line[at..]))
}

fn is_directive(text: &[u8]) -> bool {
    IGNORE.iter().any(|words| {
        text.len() >= words.len() && text[..words.len()].eq_ignore_ascii_case(words.as_bytes())
    })
}

/// The lines of a text that holds addresses.
pub struct Context<'t> {
    text: &'t [u8],
    /// The start of each line. A text has fewer than 2^32 bytes, but it may have as many lines.
    starts: Vec<u32>,
    /// Lines that have addresses.
    rows: Vec<Row>,
    /// How many lists there are.
    lists: usize,
    words: &'t Words,
    /// The last line without addresses that was asked about, and if it asks to be ignored.
    other_line: Cell<(Option<usize>, bool)>,
    /// The words near the last place that was asked about, and where they are.
    near_words: RefCell<(Range<usize>, Rc<str>)>,
    /// What it takes to read words, and to judge the text.
    pub work: Work,
}

/// A line that has addresses.
struct Row {
    line: usize,
    /// The number of its list.
    list: usize,
    /// Whether the list speaks of Twilio where it starts, or before this line.
    list_speaks: bool,
    /// Whether the last comment above, in the list, speaks of something else.
    is_others: bool,
    says: Says,
}

/// What a line says of itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Nothing,
    Twilio,
    /// That it is not to be judged.
    Ignore,
}

impl Says {
    fn of(line: &[u8]) -> Says {
        if has_directive(line) {
            Says::Ignore
        } else if says_twilio(line) {
            Says::Twilio
        } else {
            Says::Nothing
        }
    }
}

impl<'t> Context<'t> {
    /// Of a text and what was found in it.
    pub fn new(text: &'t [u8], found: &[Found], words: &'t Words, limits: Limits) -> Self {
        let mut starts = Vec::with_capacity(memchr_iter(b'\n', text).count() + 1);
        starts.push(0);
        let ends = memchr_iter(b'\n', text);
        starts.extend(ends.map_while(|at| u32::try_from(at + 1).ok()));
        let mut context = Context {
            text,
            starts,
            rows: Vec::new(),
            lists: 0,
            words,
            other_line: Cell::default(),
            near_words: RefCell::new((0..0, "".into())),
            work: Work::new(limits),
        };
        let mut lines: Vec<usize> = Vec::new();
        for one in found {
            lines.extend([one.place.start, one.place.end - 1].map(|at| context.line(at)));
        }
        lines.dedup();
        let lists: Vec<&[usize]> = lines
            .chunk_by(|one, next| context.goes_on(*one, *next))
            .collect();
        context.lists = lists.len();
        for (number, list) in lists.into_iter().enumerate() {
            context.add_rows(list, number);
        }
        context
    }

    /// Whether two lines with addresses, one after the other, are of one list.
    fn goes_on(&self, line: usize, next: usize) -> bool {
        let mut between = line + 1..next;
        between.len() <= LONGEST_PAUSE
            && between.all(|line| self.is_blank(line) || self.is_comment(line))
    }

    /// Adds the lines of a list, and what is said of each before it.
    fn add_rows(&mut self, lines: &[usize], list: usize) {
        let mut list_speaks = self.head_speaks(lines[0]);
        let mut is_others = false;
        let mut line = lines[0].saturating_sub(1);
        for row in lines {
            while line < *row {
                if self.is_blank(line) {
                    is_others = false;
                } else if self.is_comment(line) {
                    let subject = self.subject(line);
                    is_others = subject == Subject::Other;
                    list_speaks |= line >= lines[0] && subject == Subject::Twilio;
                }
                line += 1;
            }
            let says = Says::of(self.whole(*row));
            self.rows.push(Row {
                line: *row,
                list,
                list_speaks,
                is_others,
                says,
            });
            let ending = own_comment(&self.shown(*row)).is_some();
            list_speaks |= ending && self.subject(*row) == Subject::Twilio;
            line = line.max(row + 1);
        }
    }

    /// The line of a place, counted from 0.
    fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start as usize <= at) - 1
    }

    /// The place where a line starts.
    fn start(&self, line: usize) -> usize {
        self.starts[line] as usize
    }

    fn row(&self, at: usize) -> Option<&Row> {
        self.row_number(at).map(|number| &self.rows[number])
    }

    fn whole(&self, line: usize) -> &'t [u8] {
        let end = self
            .starts
            .get(line + 1)
            .map_or(self.text.len(), |next| *next as usize - 1);
        &self.text[self.start(line)..end]
    }

    /// The start of a line, as much as a comment needs.
    fn bytes(&self, line: usize) -> &'t [u8] {
        let whole = self.whole(line);
        &whole[..whole.len().min(LONGEST_LINE)]
    }

    /// The line of a place, or as much of it as is near.
    fn near(&self, at: usize) -> &'t [u8] {
        let line = self.line(at);
        let (start, whole) = (self.start(line), self.whole(line));
        let first = (at - start).saturating_sub(LONGEST_LINE);
        &whole[first..whole.len().min(at - start + LONGEST_LINE)]
    }

    /// The words of a text, as [`plain`] has them; none after too many steps.
    fn words_of(&self, text: &str) -> String {
        if self.work.is_exceeded() {
            return String::new();
        }
        let words = plain(text);
        self.work.add(if text.is_ascii() {
            words.len() / ASCII_IN_A_STEP
        } else {
            // Folding drops combining marks, and makes words of some characters.
            text.len().max(words.len())
        });
        words
    }

    /// The words near a place, as [`plain`] has them. Places that are close together share them.
    fn near_words(&self, at: usize) -> Rc<str> {
        let line = self.line(at);
        let (start, whole) = (self.start(line), self.whole(line));
        let step = (at - start) / WORDS_STEP * WORDS_STEP;
        let first = step.saturating_sub(LONGEST_LINE);
        let last = whole.len().min(step + WORDS_STEP + LONGEST_LINE);
        let place = start + first..start + last;
        let mut near = self.near_words.borrow_mut();
        if near.0 != place {
            let words = self.words_of(&String::from_utf8_lossy(&whole[first..last]));
            *near = (place, words.into());
        }
        near.1.clone()
    }

    fn shown(&self, line: usize) -> Cow<'t, str> {
        String::from_utf8_lossy(self.bytes(line))
    }

    /// Whether a line of a place is not to be judged.
    pub fn is_ignored(&self, place: &Range<usize>) -> bool {
        let ignores = |at| match self.row(at) {
            Some(row) => row.says == Says::Ignore,
            None => self.other_line_ignores(self.line(at)),
        };
        ignores(place.start) || ignores(place.end - 1)
    }

    /// True if a line without addresses asks to be ignored. A line may be long and have many places
    /// that are asked about.
    fn other_line_ignores(&self, line: usize) -> bool {
        let (last, ignores) = self.other_line.get();
        if last == Some(line) {
            return ignores;
        }
        let ignores = has_directive(self.whole(line));
        self.other_line.set((Some(line), ignores));
        ignores
    }

    /// Whether a network that is much larger than published ones is meant for Twilio: the line of a
    /// place says so, or its list, and the line does not deny.
    pub fn is_meant(&self, place: &Range<usize>, is_wide: bool) -> bool {
        let negated = self.text[..place.start].ends_with(b"!");
        let row = self.row(place.start);
        let speaks = row.is_some_and(|row| row.says == Says::Twilio || row.list_speaks);
        if negated || !speaks {
            return false;
        }
        let near = String::from_utf8_lossy(self.near(place.start));
        let comment = own_comment(&near).unwrap_or_default();
        let line = self.words_of(near.strip_suffix(comment).unwrap_or(&near));
        let denies = has_any(&line, &DENIALS) || is_wide && has_any(&line, &OTHERWISE);
        !denies
    }

    /// Whether the line of a place says `Twilio`.
    pub fn says_twilio(&self, at: usize) -> bool {
        self.row(at).is_some_and(|row| row.says == Says::Twilio)
    }

    /// Whether the line of a place speaks of Twilio, or of one of its regions.
    pub fn speaks(&self, at: usize) -> bool {
        self.words.subject(&self.near_words(at)) == Subject::Twilio
    }

    /// Whether a line is about an address of the user's own side.
    pub fn is_own(&self, at: usize) -> bool {
        let line = self.near_words(at);
        has_any(&line, &OWN)
    }

    /// Whether a line refers to a set of addresses by the name of Twilio, as nftables and pf do.
    pub fn names_a_set(&self, at: usize) -> bool {
        let near = String::from_utf8_lossy(self.near(at)).to_ascii_lowercase();
        near.contains("@twilio") || near.contains("<twilio")
    }

    /// What the comment of a line speaks of, if it has one. Of a long comment, the start counts.
    pub fn comment(&self, at: usize) -> Option<Subject> {
        let near = String::from_utf8_lossy(self.near(at));
        let comment = own_comment(&near)?.as_bytes();
        let start = &comment[..comment.len().min(LONGEST_COMMENT)];
        Some(self.subject_of(&String::from_utf8_lossy(start)))
    }

    fn subject(&self, line: usize) -> Subject {
        if has_directive(self.bytes(line)) {
            return Subject::Neutral;
        }
        self.subject_of(&self.shown(line))
    }

    fn subject_of(&self, text: &str) -> Subject {
        self.words.subject(&self.words_of(text))
    }

    fn is_blank(&self, line: usize) -> bool {
        self.bytes(line).trim_ascii().is_empty()
    }

    fn is_comment(&self, line: usize) -> bool {
        const STARTS: [&[u8]; 11] = [
            b"#", b";", b"//", b"--", b"!", b"/*", b"*", b"<!--", b"remark", b"rem ", b"REM ",
        ];
        let line = self.bytes(line).trim_ascii_start();
        STARTS.iter().any(|start| line.starts_with(start))
    }

    fn head_speaks(&self, start: usize) -> bool {
        let above = (start.saturating_sub(REACH)..start).rev();
        let mut above = above.take_while(|line| !self.is_blank(*line));
        above.any(|line| {
            let heads = line + 1 == start && !self.is_setting(line);
            (heads || self.is_comment(line)) && self.subject(line) == Subject::Twilio
        })
    }

    /// A line that gives something a value, which says nothing of the next one, unless it describes.
    fn is_setting(&self, line: usize) -> bool {
        let line = self.shown(line);
        let line = line.trim();
        let value = line
            .split_once(['=', ':'])
            .map_or("", |(_, value)| value.trim());
        let opens = value.is_empty() || value.ends_with(['[', '{', '(', ':']);
        let name = line
            .split(['=', ':'])
            .next()
            .unwrap_or_default()
            .to_lowercase();
        let describes = DESCRIPTIONS.iter().any(|word| name.contains(word));
        !opens && !describes || line.ends_with("{}") || line.ends_with("[]")
    }

    /// How many lists there are.
    pub fn lists(&self) -> usize {
        self.lists
    }

    /// The number of a line among those with addresses.
    pub fn row_number(&self, at: usize) -> Option<usize> {
        let line = self.line(at);
        self.rows.binary_search_by_key(&line, |row| row.line).ok()
    }

    /// How many lines have addresses.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The number of the list that an address is in.
    pub fn list(&self, at: usize) -> Option<usize> {
        self.row(at).map(|row| row.list)
    }

    /// Whether the list of an address speaks of Twilio where it starts, or before the address.
    pub fn list_speaks(&self, at: usize) -> bool {
        self.row(at).is_some_and(|row| row.list_speaks)
    }

    /// Whether the last comment before an address, in its list, says that it is somebody else's.
    pub fn is_others(&self, at: usize) -> bool {
        self.row(at).is_some_and(|row| row.is_others)
    }

    /// Whether the line of a place is one of a log: it has a time of day.
    pub fn is_log(&self, at: usize) -> bool {
        let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
        let is_time = |w: &[u8]| {
            w[2] == b':' && w[5] == b':' && digits(&w[..2]) && digits(&w[3..5]) && digits(&w[6..8])
        };
        self.near(at).windows(8).any(is_time)
    }

    /// Whether the version of something stands at a place: it says so.
    pub fn is_called_version(&self, place: &Range<usize>) -> bool {
        behind_version(self.before(place))
    }

    fn before(&self, place: &Range<usize>) -> &'t [u8] {
        let line = self.start(self.line(place.start));
        &self.text[line.max(place.start.saturating_sub(LONGEST_LINE))..place.start]
    }

    /// Whether what stands at a place looks like the version of something.
    pub fn is_version(&self, place: &Range<usize>) -> bool {
        let before = self.before(place);
        let after = &self.text[place.end..];
        let behind_name = match before {
            [.., name, b'-'] => name.is_ascii_alphanumeric(),
            [.., name, b'/'] => name.is_ascii_alphabetic(),
            _ => false,
        };
        let suffix = matches!(after, [b'-', next, ..] if next.is_ascii_alphabetic());
        let operators: [&[u8]; 8] = [b"==", b">=", b"<=", b"~=", b"!=", b"~>", b"^", b"~"];
        let spaced: [&[u8]; 4] = [b">= ", b"<= ", b"~> ", b"~= "];
        let compared = operators
            .iter()
            .chain(&spaced)
            .any(|sign| before.ends_with(sign));
        behind_name || suffix || compared || behind_version(before)
    }
}

/// Whether `version` stands before an address, with signs alone between.
fn behind_version(before: &[u8]) -> bool {
    let is_sign = |b: &u8| !b.is_ascii_alphanumeric();
    let end = before.len() - before.iter().rev().take_while(|b| is_sign(b)).count();
    let start = end
        - before[..end]
            .iter()
            .rev()
            .take_while(|b| b.is_ascii_alphabetic())
            .count();
    let word = before[start..end].to_ascii_lowercase();
    word.ends_with(b"version") || word == b"ver"
}

/// The comment at the end of a line, or in an attribute of it.
fn own_comment(line: &str) -> Option<&str> {
    static SIGNS: Finders =
        LazyLock::new(|| finders(&[" #", "\t#", "//", " ;", " -- ", "/*", "<!--"]));
    static ATTRIBUTES: Finders =
        LazyLock::new(|| finders(&["comment", "description", "remark", "descr", "note"]));
    let figures = line.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
    let ending = SIGNS.iter().filter_map(|sign| {
        let at = sign
            .find_iter(line.as_bytes())
            .find(|at| *at > figures && !line[..*at].ends_with(':'))?;
        Some(&line[at + sign.needle().len()..])
    });
    let lower = line.to_ascii_lowercase();
    let attribute = ATTRIBUTES.iter().filter_map(|name| {
        let at = name.find(lower.as_bytes())? + name.needle().len();
        let rest = line
            .get(at..)?
            .trim_start_matches(['"', '\'', ' ', '=', ':']);
        Some(rest.split(['"', '\'', '}']).next().unwrap_or(rest))
    });
    ending
        .chain(attribute)
        .find(|comment| comment.chars().any(|c| LETTERS.holds(c)))
}

/// Lines and columns of places that come in the order of the text.
pub struct Positions<'t> {
    text: &'t [u8],
    at: usize,
    line: usize,
    column: usize,
}

impl<'t> Positions<'t> {
    /// At the start of a text.
    pub fn new(text: &'t [u8]) -> Self {
        Positions {
            text,
            at: 0,
            line: 1,
            column: 1,
        }
    }

    /// Line and column of a place that is not before the last one, both counted from 1, columns in
    /// characters.
    pub fn of(&mut self, at: usize) -> (usize, usize) {
        let passed = &self.text[self.at..at];
        let breaks = memchr_iter(b'\n', passed);
        let (count, last) = breaks.fold((0, None), |(count, _), at| (count + 1, Some(at)));
        self.line += count;
        let rest = match last {
            Some(end) => {
                self.column = 1;
                &passed[end + 1..]
            }
            None => passed,
        };
        self.column += String::from_utf8_lossy(rest).chars().count();
        self.at = at;
        (self.line, self.column)
    }
}
