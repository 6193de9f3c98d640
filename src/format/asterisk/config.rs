//! `pjsip.conf`: sections, of which some are patterns for others (Asterisk's documentation,
//! "Asterisk Configuration Files" and "Templates").

use std::collections::{HashMap, HashSet};

use super::comments::Comments;
use super::criteria::Criteria;
use crate::format::read::error::{ErrorCollector, ReadError};
use crate::format::read::lines::{count_lines, lines};
use crate::limits::{Limit, Limits};

const EXPECTED: &str =
    "expected the sections of a pjsip.conf, or what asterisk -rx 'pjsip show identifies' prints";

/// The steps of the limit of work that a line takes, because each is kept until all are read.
const STEPS_OF_LINE: usize = 50;

/// The steps that a setting takes each time that another section has it from a template, and the bytes
/// of it that take one more.
const STEPS_OF_SETTING: usize = 10;
const BYTES_OF_STEP: usize = 2;

/// A section with what it has of others.
struct Section<'a> {
    at: u32,
    name: &'a str,
    is_template: bool,
    /// The sections that it begins with.
    bases: Vec<usize>,
    settings: Vec<(u32, &'a str, &'a str)>,
    kind: Kind,
    endpoint: Option<&'a str>,
    /// True if another begins with it.
    is_used: bool,
}

/// The types that a section's settings `type` give.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unsaid,
    Identify,
    Other,
    /// `Identify` and `Other`.
    Both,
}

impl Kind {
    fn and(self, other: Kind) -> Kind {
        match (self, other) {
            (Kind::Unsaid, kind) | (kind, Kind::Unsaid) => kind,
            _ if self == other => self,
            _ => Kind::Both,
        }
    }
}

#[derive(Default)]
struct Sections<'a> {
    all: Vec<Section<'a>>,
    /// By their names, whose case makes no difference.
    named: HashMap<String, Vec<usize>>,
    current: Option<usize>,
    /// The number of names of sections that others begin with.
    inherited: usize,
}

/// Adds what identifies an endpoint; whether any section does.
pub(super) fn read(
    text: &str,
    endpoint: &str,
    criteria: &mut Criteria,
    limits: Limits,
) -> Result<bool, Vec<ReadError>> {
    let sections = Sections::read(text, limits)?;
    let mut errors = ErrorCollector::default();
    let mut is_there = false;
    let mut visits = 0;
    let mut work = 0;
    let own = |section: &&Section| {
        let is_identify = matches!(section.kind, Kind::Identify | Kind::Both);
        is_identify && !section.is_template && section.endpoint == Some(endpoint)
    };
    errors.extend(sections.twice());
    for section in sections.all.iter().filter(own) {
        is_there = true;
        if section.kind == Kind::Both {
            let problem = "the section has another type besides identify; expected one";
            errors.add(ReadError::new(section.at, problem));
        }
        let mut gather = Gather {
            sections: &sections,
            criteria,
            limits,
            visits: &mut visits,
            work: &mut work,
        };
        gather.section(section, 0, &mut errors);
        if errors.is_full() {
            break;
        }
    }
    errors.finish(is_there)
}

impl<'a> Sections<'a> {
    fn read(text: &'a str, limits: Limits) -> Result<Self, Vec<ReadError>> {
        let count = count_lines(text);
        let fits = limits.check(Limit::Work, count.saturating_mul(STEPS_OF_LINE));
        fits.map_err(|exceeded| vec![ReadError::new(0, exceeded)])?;
        let mut sections = Sections::default();
        let mut comments = Comments::default();
        let mut errors = ErrorCollector::default();
        for (at, line) in lines(text).map_err(|error| vec![error])? {
            let code = comments.code(at, line).map(strip);
            let read = code.and_then(|code| sections.line(at, code));
            let fits = limits.check(Limit::Rules, sections.all.len() + sections.inherited);
            fits.map_err(|exceeded| vec![ReadError::new(at, exceeded)])?;
            errors.extend(read.err().map(|problem| ReadError::new(at, problem)));
            if errors.is_full() {
                return Err(errors.into_errors());
            }
        }
        if let Some(at) = comments.open {
            errors.add(ReadError::new(
                at,
                "the comment does not end, so the text was cut off",
            ));
        }
        let has_type = sections.all.iter().any(|s| s.kind != Kind::Unsaid);
        if errors.is_empty() && !has_type {
            let problem = format!("no section in it has a type; {EXPECTED}");
            errors.add(ReadError::new(0, problem));
        }
        errors.finish(sections)
    }

    fn line(&mut self, at: u32, code: &'a str) -> Result<(), String> {
        if code.is_empty() {
            return Ok(());
        }
        if let Some(head) = code.strip_prefix('[') {
            return self.begin(at, head);
        }
        if let Some(directive) = code.strip_prefix('#') {
            return refuse_include(directive);
        }
        let Some(current) = self.current else {
            return Err(format!("there is no section before it; {EXPECTED}"));
        };
        let (key, value) = code
            .split_once('=')
            .ok_or_else(|| format!("it has no '='; {EXPECTED}"))?;
        let value = strip(value.strip_prefix('>').unwrap_or(value));
        let key = strip(key);
        if key.contains('\\') {
            return Err("a backslash escapes what follows it; expected a plain name".to_owned());
        }
        if key.ends_with('+') {
            return Err("'+=' is not understood; expected '=' or '=>'".to_owned());
        }
        let section = &mut self.all[current];
        if key.eq_ignore_ascii_case("type") {
            let kind = match value {
                "identify" => Kind::Identify,
                "wizard" => {
                    return Err(
                        "a wizard makes identify sections that are not in the text; give what asterisk -rx \
                         'pjsip show identifies' prints"
                            .to_owned(),
                    );
                }
                _ if value.eq_ignore_ascii_case("identify") => {
                    return Err(format!(
                        "'{value}' is no type; expected identify, in lower case"
                    ));
                }
                _ => Kind::Other,
            };
            section.kind = section.kind.and(kind);
        } else if key.eq_ignore_ascii_case("endpoint") {
            section.endpoint = Some(value);
        }
        section.settings.push((at, key, value));
        Ok(())
    }

    /// Reads `name](options)`.
    fn begin(&mut self, at: u32, head: &'a str) -> Result<(), String> {
        self.current = None;
        let (name, options) = head
            .split_once(']')
            .ok_or("expected ']' after the name of the section")?;
        let options = match options.strip_prefix('(').and_then(|o| o.strip_suffix(')')) {
            Some(options) => options,
            None if options.is_empty() => "",
            None => {
                return Err(format!(
                    "expected (...) right after the name, not '{options}', of which Asterisk sees nothing"
                ));
            }
        };
        let mut section = Section {
            at,
            name,
            is_template: false,
            bases: Vec::new(),
            settings: Vec::new(),
            kind: Kind::Unsaid,
            endpoint: None,
            is_used: false,
        };
        if options.contains(|c: char| c.is_ascii_whitespace()) {
            return Err(
                "Asterisk takes a space within (...) for a part of a name; expected none"
                    .to_owned(),
            );
        }
        for option in options.split(',') {
            match option {
                "" if options.is_empty() => {}
                "!" => section.is_template = true,
                "+" if options == "+" => return self.go_on(name),
                _ => self.inherit(&mut section, option)?,
            }
        }
        let number = self.all.len();
        self.all.push(section);
        self.current = Some(number);
        self.named
            .entry(name.to_ascii_lowercase())
            .or_default()
            .push(number);
        Ok(())
    }

    /// Of two objects of one name Asterisk loads none of the file's of their type.
    fn twice(&self) -> Option<ReadError> {
        let mut names = HashSet::new();
        let is_identify = |s: &&Section| s.kind == Kind::Identify && !s.is_template;
        let mut identify = self.all.iter().filter(is_identify);
        let again = identify.find(|section| !names.insert(section.name))?;
        let problem = format!(
            "another identify section is called '{}' too, and Asterisk then loads none; expected each \
             name once",
            again.name
        );
        Some(ReadError::new(again.at, problem))
    }

    fn inherit(&mut self, section: &mut Section<'a>, name: &str) -> Result<(), String> {
        let base = self.only(name)?;
        section.bases.push(base);
        self.inherited += 1;
        let base = &mut self.all[base];
        base.is_used = true;
        section.kind = section.kind.and(base.kind);
        section.endpoint = base.endpoint.or(section.endpoint);
        Ok(())
    }

    /// Goes on with an earlier section; those that began with it have not what comes now.
    fn go_on(&mut self, name: &str) -> Result<(), String> {
        let earlier = self.only(name)?;
        if self.all[earlier].is_template {
            return Err(format!(
                "'{name}' is a template, to which Asterisk adds nothing; expected a section"
            ));
        }
        if self.all[earlier].is_used {
            return Err(format!(
                "'{name}' was a pattern for other sections before; expected it to be whole then"
            ));
        }
        self.current = Some(earlier);
        Ok(())
    }

    /// The only section of that name.
    fn only(&self, name: &str) -> Result<usize, String> {
        match self
            .named
            .get(&name.to_ascii_lowercase())
            .map(Vec::as_slice)
        {
            Some([only]) => Ok(*only),
            None => Err(format!("no section before it is called '{name}'")),
            Some(_) => Err(format!(
                "several sections before it are called '{name}', and it is not known which is meant"
            )),
        }
    }
}

/// Removes what Asterisk takes for a blank at either end: control characters too.
fn strip(text: &str) -> &str {
    text.trim_matches(|c| c <= ' ')
}

/// Directives that bring in other text. Asterisk warns about any other line that starts with '#'
/// and ignores it.
const INCLUDES: [&str; 3] = ["include", "tryinclude", "exec"];

/// Refuses a directive that brings in other text. Its name ends at the first space or control
/// character, or byte beyond ASCII where `char` is signed (`main/config.c`, `process_text_line`).
fn refuse_include(directive: &str) -> Result<(), String> {
    let end = directive.bytes().position(|byte| !byte.is_ascii_graphic());
    let name = &directive[..end.unwrap_or(directive.len())];
    if INCLUDES
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
    {
        return Err(
            "what it brings in may identify the endpoint too, and is not in the text; give what \
             asterisk -rx 'pjsip show identifies' prints, or the file alone that the unit is in"
                .to_owned(),
        );
    }
    Ok(())
}

struct Gather<'s, 'a> {
    sections: &'s Sections<'a>,
    criteria: &'s mut Criteria,
    limits: Limits,
    /// The number of sections that were looked at.
    visits: &'s mut usize,
    /// The steps of [`Limit::Work`] for their settings.
    work: &'s mut usize,
}

impl Gather<'_, '_> {
    fn section(&mut self, section: &Section, depth: usize, errors: &mut ErrorCollector) {
        *self.visits += 1;
        let lengths = section.settings.iter().map(|(_, _, value)| value.len());
        *self.work += lengths
            .map(|length| STEPS_OF_SETTING + length / BYTES_OF_STEP)
            .sum::<usize>();
        let most = self
            .limits
            .check(Limit::Rules, *self.visits)
            .and_then(|()| self.limits.check(Limit::Depth, depth))
            .and_then(|()| self.limits.check(Limit::Work, *self.work));
        if let Err(exceeded) = most {
            errors.add(ReadError::new(section.at, exceeded));
            return;
        }
        for base in &section.bases {
            self.section(&self.sections.all[*base], depth + 1, errors);
            if !errors.is_empty() {
                return;
            }
        }
        for (at, key, value) in &section.settings {
            let set = self.setting(*at, key, value);
            errors.extend(set.err().map(|problem| ReadError::new(*at, problem)));
            if errors.is_full() {
                return;
            }
        }
    }

    fn setting(&mut self, at: u32, key: &str, value: &str) -> Result<(), String> {
        match &key.to_ascii_lowercase()[..] {
            "type" | "endpoint" | "srv_lookups" => Ok(()),
            "match" => {
                let items = value.split(',').map(strip);
                let mut items = items.filter(|item| !item.is_empty());
                items.try_for_each(|item| self.criteria.add(at, item))
            }
            "match_header" => {
                let what = format!("requests with the header {value}");
                self.criteria.besides(at, what)
            }
            "match_request_uri" => {
                let what = format!("requests to the URI {value}");
                self.criteria.besides(at, what)
            }
            _ => Err(format!(
                "'{key}' is not an option of identify that is understood; expected type, endpoint, match, \
                 match_header, match_request_uri or srv_lookups"
            )),
        }
    }
}
