//! Parses and matches a pattern of `.gitignore` as Git does (gitignore(5)), and counts the cost.
//! Matching a path takes at most about as many steps as the product of the lengths of pattern and
//! path.
//!
//! As in Git, names are bytes. No library is used, because no library bounds the cost.

use std::ops::RangeInclusive;

/// The number of steps for starting a comparison, which includes loading the pattern into the
/// cache. A pattern with wildcards is in several places in memory.
const START: u64 = 3;
const START_OF_GLOB: u64 = 15;

/// The remaining number of steps for matching.
pub struct Steps {
    left: u64,
    is_exceeded: bool,
}

impl Steps {
    pub fn new(left: u64) -> Steps {
        Steps {
            left,
            is_exceeded: false,
        }
    }

    /// Returns the remaining number of steps.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// Returns true if there were too few steps. Results since then are not valid.
    pub fn is_exceeded(&self) -> bool {
        self.is_exceeded
    }

    /// Uses up some steps. Returns false if there were too few.
    pub fn take(&mut self, count: u64) -> bool {
        self.is_exceeded |= self.left < count;
        self.left = self.left.saturating_sub(count);
        !self.is_exceeded
    }
}

/// A path below the folder of a `.gitignore` file.
#[derive(Clone, Copy)]
pub struct Candidate<'a> {
    /// The path relative to that folder.
    pub path: &'a [u8],
    /// The last component of the path.
    pub name: &'a [u8],
    /// False for a symlink to a folder.
    pub is_folder: bool,
}

/// A pattern that can match a path.
pub struct Pattern {
    /// True if the pattern starts with `!`, which means that matching paths are not ignored.
    pub is_negated: bool,
    /// True if the pattern ends with a slash.
    matches_folders_alone: bool,
    /// True if the pattern has no other slash, so that it is compared with the name only.
    is_for_names: bool,
    form: Form,
}

/// The common forms of patterns, and the general form.
enum Form {
    Exactly(Box<[u8]>),
    /// An asterisk followed by the end of a name.
    Ending(Box<[u8]>),
    Glob(Box<Glob>),
}

impl Pattern {
    /// Parses a line without its line feed. Returns `None` for a line that matches nothing.
    pub fn parse(line: &[u8]) -> Option<Pattern> {
        if line.starts_with(b"#") {
            return None;
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = without_trailing_blanks(line.split(|byte| *byte == 0).next()?);
        let (is_negated, line) = stripped(line, line.strip_prefix(b"!"));
        let (matches_folders_alone, line) = stripped(line, line.strip_suffix(b"/"));
        let is_for_names = !line.contains(&b'/');
        let line = line.strip_prefix(b"/").unwrap_or(line);
        if line.is_empty() {
            return None;
        }
        Some(Pattern {
            is_negated,
            matches_folders_alone,
            is_for_names,
            form: Form::parse(line, is_for_names)?,
        })
    }

    /// Returns the last byte of all names that the pattern matches, if it is always the same.
    pub fn last_byte(&self) -> Option<u8> {
        match &self.form {
            Form::Exactly(bytes) | Form::Ending(bytes) => bytes.last().copied(),
            Form::Glob(glob) => match glob.tokens.last()? {
                Token::Byte(byte) => Some(*byte),
                _ => None,
            },
        }
    }

    /// Returns true if the pattern matches, ignoring a `!`. Returns false if the steps are used up.
    pub fn matches(&self, candidate: &Candidate, steps: &mut Steps) -> bool {
        if !steps.take(1) || (self.matches_folders_alone && !candidate.is_folder) {
            return false;
        }
        let text = if self.is_for_names {
            candidate.name
        } else {
            candidate.path
        };
        let start = match &self.form {
            Form::Exactly(_) | Form::Ending(_) => START,
            Form::Glob(_) => START_OF_GLOB,
        };
        if !steps.take(start) {
            return false;
        }
        match &self.form {
            Form::Exactly(wanted) => text == &**wanted,
            Form::Ending(end) => ends_with(text, end),
            Form::Glob(glob) => glob.matches(text, steps),
        }
    }
}

impl Form {
    fn parse(pattern: &[u8], is_for_names: bool) -> Option<Form> {
        let plain = pattern
            .iter()
            .take_while(|byte| !is_special(**byte))
            .count();
        let (start, rest) = pattern.split_at(plain);
        Some(match rest {
            [] => Form::Exactly(start.into()),
            [b'*', end @ ..]
                if is_for_names && start.is_empty() && !end.iter().any(|b| is_special(*b)) =>
            {
                Form::Ending(end.into())
            }
            _ => Form::Glob(Box::new(Glob::parse(start, rest)?)),
        })
    }
}

/// Does the same as `slice::starts_with`, but without calling `memcmp` for most texts, because the
/// call would take more time than all other steps.
fn starts_with(text: &[u8], start: &[u8]) -> bool {
    let mut pairs = text.iter().zip(start).take(4);
    pairs.all(|(a, b)| a == b) && text.starts_with(start)
}

/// Does the same as `slice::ends_with`, but without calling `memcmp` for most texts.
fn ends_with(text: &[u8], end: &[u8]) -> bool {
    let mut pairs = text.iter().rev().zip(end.iter().rev()).take(4);
    pairs.all(|(a, b)| a == b) && text.ends_with(end)
}

/// Returns whether a prefix or suffix was stripped, and the rest.
fn stripped<'a>(whole: &'a [u8], rest: Option<&'a [u8]>) -> (bool, &'a [u8]) {
    (rest.is_some(), rest.unwrap_or(whole))
}

/// Removes trailing blanks, except for a blank after a backslash. A line that ends with a backslash
/// keeps it, as in Git, and then matches nothing.
fn without_trailing_blanks(line: &[u8]) -> &[u8] {
    let mut end = 0;
    let mut at = 0;
    while let Some(byte) = line.get(at) {
        at += if *byte == b'\\' { 2 } else { 1 };
        if *byte != b' ' {
            end = at.min(line.len());
        }
    }
    &line[..end]
}

fn is_special(byte: u8) -> bool {
    matches!(byte, b'*' | b'?' | b'[' | b'\\')
}

/// A pattern with wildcards.
struct Glob {
    /// The bytes before the first wildcard.
    start: Box<[u8]>,
    tokens: Box<[Token]>,
    /// The sets of bytes for [`Token::OneOf`], which contains an index.
    sets: Box<[Set]>,
}

#[derive(Clone, Copy)]
enum Token {
    Byte(u8),
    /// `?`: any byte except a slash.
    Any,
    /// `[...]`
    OneOf(u16),
    /// `*`: any number of bytes except slashes.
    Star,
    /// `**/`: nothing, or everything up to and including any slash. For `**\/` it cannot be
    /// nothing.
    Folders {
        may_be_none: bool,
    },
    /// `**` at the end: everything.
    Rest,
}

impl Glob {
    /// Parses a pattern that has the bytes `start` before its first wildcard, and `rest` from there
    /// on. Git treats `rest` as a separate pattern, so `a**/b` means `a` followed by `**/b`.
    fn parse(start: &[u8], rest: &[u8]) -> Option<Glob> {
        let mut tokens = Vec::new();
        let mut sets = Vec::new();
        let mut at = 0;
        while let Some(byte) = rest.get(at) {
            let (token, length) = match byte {
                b'*' => stars(rest, at),
                b'?' => (Token::Any, 1),
                b'[' => {
                    let (set, length) = Set::parse(&rest[at + 1..])?;
                    sets.push(set);
                    let place = u16::try_from(sets.len() - 1).ok()?;
                    (Token::OneOf(place), 1 + length)
                }
                b'\\' => (Token::Byte(*rest.get(at + 1)?), 2),
                other => (Token::Byte(*other), 1),
            };
            tokens.push(token);
            at += length;
        }
        Some(Glob {
            start: start.into(),
            tokens: tokens.into(),
            sets: sets.into(),
        })
    }

    /// Matches without recursion. After a mismatch, only the last asterisk in a path component and
    /// the last `**/` need another try.
    fn matches(&self, text: &[u8], steps: &mut Steps) -> bool {
        if !starts_with(text, &self.start) {
            return false;
        }
        let text = &text[self.start.len()..];
        let mut place = Place { token: 0, byte: 0 };
        let mut retries = Retries::default();
        while steps.take(1) {
            let token = self.tokens.get(place.token);
            let byte = text.get(place.byte).copied();
            let next = match (token, byte) {
                (None, None) | (Some(Token::Rest), _) => return true,
                (Some(Token::Star), _) => {
                    retries.star = Some(place.after_token());
                    retries.star
                }
                (Some(Token::Folders { may_be_none }), _) => {
                    let after = place.after_token();
                    retries = Retries {
                        star: None,
                        folders: Some(after),
                    };
                    may_be_none.then_some(after)
                }
                // No other try leaves more text for the remaining tokens.
                (Some(_), None) => return false,
                (Some(token), Some(byte)) if self.accepts(*token, byte) => {
                    if byte == b'/' {
                        retries.star = None;
                    }
                    Some(place.after_both())
                }
                _ => None,
            };
            match next.or_else(|| retries.next(text)) {
                Some(next) => place = next,
                None => return false,
            }
        }
        false
    }

    fn accepts(&self, token: Token, byte: u8) -> bool {
        match token {
            Token::Byte(wanted) => byte == wanted,
            Token::Any => byte != b'/',
            Token::OneOf(place) => {
                byte != b'/'
                    && self
                        .sets
                        .get(usize::from(place))
                        .is_some_and(|set| set.contains(byte))
            }
            Token::Star | Token::Folders { .. } | Token::Rest => false,
        }
    }
}

/// Returns the token for consecutive asterisks and its length, including a slash that belongs to
/// it.
fn stars(pattern: &[u8], at: usize) -> (Token, usize) {
    let count = pattern[at..]
        .iter()
        .take_while(|byte| **byte == b'*')
        .count();
    let is_part = at == 0 || pattern[at - 1] == b'/';
    match &pattern[at + count..] {
        [] if is_part && count > 1 => (Token::Rest, count),
        [b'/', ..] if is_part && count > 1 => (Token::Folders { may_be_none: true }, count + 1),
        [b'\\', b'/', ..] if is_part && count > 1 => {
            (Token::Folders { may_be_none: false }, count + 2)
        }
        _ => (Token::Star, count),
    }
}

/// The positions of the next comparison.
#[derive(Clone, Copy)]
struct Place {
    token: usize,
    byte: usize,
}

impl Place {
    fn after_token(self) -> Place {
        Place {
            token: self.token + 1,
            ..self
        }
    }

    fn after_both(self) -> Place {
        Place {
            token: self.token + 1,
            byte: self.byte + 1,
        }
    }
}

/// The positions for continuing after a mismatch: after an asterisk or a `**/` that consumes more
/// text.
#[derive(Default)]
struct Retries {
    star: Option<Place>,
    folders: Option<Place>,
}

impl Retries {
    fn next(&mut self, text: &[u8]) -> Option<Place> {
        if let Some(star) = &mut self.star {
            if text.get(star.byte).is_some_and(|byte| *byte != b'/') {
                star.byte += 1;
                return self.star;
            }
            self.star = None;
        }
        let folders = self.folders.as_mut()?;
        folders.byte += 1 + memchr::memchr(b'/', text.get(folders.byte..)?)?;
        self.folders
    }
}

/// The bytes that a bracket expression accepts, with one bit for each.
struct Set([u64; 4]);

impl Set {
    /// Parses a bracket expression without its opening bracket. Returns the set and the length
    /// including the closing bracket; `None` if the expression is invalid in Git.
    fn parse(text: &[u8]) -> Option<(Set, usize)> {
        let is_negated = matches!(text.first()?, b'!' | b'^');
        let mut set = Set([0; 4]);
        let mut at = usize::from(is_negated);
        let mut before = None;
        loop {
            // The first element may be a closing bracket.
            let (element, length) = Element::parse(text.get(at..)?, before)?;
            at += length;
            before = match element {
                Element::Byte(byte) => Some(byte),
                Element::Range(_) | Element::Class(_) => None,
            };
            set.add(element);
            if *text.get(at)? == b']' {
                break;
            }
        }
        if is_negated {
            set.0 = set.0.map(|bits| !bits);
        }
        Some((set, at + 1))
    }

    fn add(&mut self, element: Element) {
        match element {
            Element::Byte(byte) => self.insert(byte),
            Element::Range(range) => range.for_each(|byte| self.insert(byte)),
            Element::Class(class) => {
                let bytes = (0..=u8::MAX).filter(|byte| class(*byte));
                bytes.for_each(|byte| self.insert(byte));
            }
        }
    }

    fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    fn contains(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1
    }
}

/// An element of a bracket expression.
enum Element {
    Byte(u8),
    Range(RangeInclusive<u8>),
    /// A class such as `[:alpha:]`.
    Class(fn(u8) -> bool),
}

impl Element {
    /// Parses the first element of a text and returns its length. `before` is the start of a
    /// possible range.
    fn parse(text: &[u8], before: Option<u8>) -> Option<(Element, usize)> {
        Some(match (text, before) {
            ([b'-', b'\\', end, ..], Some(start)) => (Element::Range(start..=*end), 3),
            ([b'-', end, ..], Some(start)) if !matches!(end, b']' | b'\\') => {
                (Element::Range(start..=*end), 2)
            }
            ([b'[', b':', rest @ ..], _) => {
                let length = memchr::memchr(b']', rest)?;
                match rest[..length].strip_suffix(b":") {
                    Some(name) => (Element::Class(class(name)?), length + 3),
                    None => (Element::Byte(b'['), 1),
                }
            }
            ([b'\\', byte, ..], _) => (Element::Byte(*byte), 2),
            ([byte, ..], _) => (Element::Byte(*byte), 1),
            ([], _) => return None,
        })
    }
}

/// Returns a class of bytes. As in Git, it contains only ASCII.
fn class(name: &[u8]) -> Option<fn(u8) -> bool> {
    Some(match name {
        b"alnum" => |byte| byte.is_ascii_alphanumeric(),
        b"alpha" => |byte| byte.is_ascii_alphabetic(),
        b"blank" => |byte| matches!(byte, b' ' | b'\t'),
        b"cntrl" => |byte| byte.is_ascii_control(),
        b"digit" => |byte| byte.is_ascii_digit(),
        b"graph" => |byte| byte.is_ascii_graphic(),
        b"lower" => |byte| byte.is_ascii_lowercase(),
        b"print" => |byte| matches!(byte, b' '..=b'~'),
        b"punct" => |byte| byte.is_ascii_punctuation(),
        // As in Git, this excludes form feed and vertical tab.
        b"space" => |byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'),
        b"upper" => |byte| byte.is_ascii_uppercase(),
        b"xdigit" => |byte| byte.is_ascii_hexdigit(),
        _ => return None,
    })
}
