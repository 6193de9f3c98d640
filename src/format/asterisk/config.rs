//! `pjsip.conf`: sections and templates (Asterisk documentation, "Asterisk Configuration Files"
//! and "Templates").

use std::collections::{HashMap, HashSet};

use super::comments::Comments;
use super::criteria::add_match;
use crate::format::read::address_list::AddressList;
use crate::format::read::lines::{count_lines, lines};
use crate::limits::{Limit, Limits};
use crate::read_error::{ErrorCollector, ReadError};

const EXPECTED: &str =
    "expected the sections of a pjsip.conf, or the output of asterisk -rx 'pjsip show identifies'";

/// The steps of [`Limit::Work`] for each line, because every line is kept in memory.
const STEPS_OF_LINE: usize = 50;

/// The steps of [`Limit::Work`] for each use of a setting, and the number of its bytes that cost one more step. Every
/// section that inherits a template uses the settings of the template.
const STEPS_OF_SETTING: usize = 10;
const BYTES_OF_STEP: usize = 2;

/// A section and its settings.
struct Section<'a> {
    at: u32,
    name: &'a str,
    is_template: bool,
    /// The sections that this one inherits from, by index.
    bases: Vec<usize>,
    settings: Vec<(u32, &'a str, &'a str)>,
    kind: Kind,
    endpoint: Option<&'a str>,
    /// True if another section inherits from this one.
    is_used: bool,
}

/// The type of a section, from its `type` settings.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unsaid,
    Identify,
    Other,
    /// Both `identify` and another type.
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
    /// The indices of the sections of each name, in lower case because names are case-insensitive.
    named: HashMap<String, Vec<usize>>,
    current: Option<usize>,
    /// The number of references from sections to their templates.
    inherited: usize,
}

/// Adds the criteria of an endpoint. Returns true if any section identifies the endpoint.
pub(super) fn read(
    text: &str,
    endpoint: &str,
    criteria: &mut AddressList,
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
            let problem = "the section has two types; keep only one of them";
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
                "the comment does not end, so the input may have been cut off; provide the complete input",
            ));
        }
        let has_type = sections.all.iter().any(|s| s.kind != Kind::Unsaid);
        if errors.is_empty() && !has_type {
            let problem = format!("no section has a type; {EXPECTED}");
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
            return Err(format!("the line is not in a section; {EXPECTED}"));
        };
        let (key, value) = code
            .split_once('=')
            .ok_or_else(|| format!("the line has no '='; {EXPECTED}"))?;
        let value = strip(value.strip_prefix('>').unwrap_or(value));
        let key = strip(key);
        if key.contains('\\') {
            return Err("unexpected backslash in the name of an option".to_owned());
        }
        if key.ends_with('+') {
            return Err("'+=' is not supported; write '=' or '=>'".to_owned());
        }
        let section = &mut self.all[current];
        if key.eq_ignore_ascii_case("type") {
            let kind = match value {
                "identify" => Kind::Identify,
                "wizard" => {
                    return Err(
                        "a wizard creates identify sections that are not in the input; provide the output of \
                         asterisk -rx 'pjsip show identifies'"
                            .to_owned(),
                    );
                }
                _ if value.eq_ignore_ascii_case("identify") => {
                    return Err(format!(
                        "unknown type '{value}'; write 'identify' in lower case"
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
                    "expected '(...)' after the name of the section, not '{options}', which Asterisk ignores"
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
                "remove the space within '(...)': Asterisk treats it as part of a name".to_owned(),
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

    /// Returns an error if two `identify` sections have the same name: Asterisk then loads none of
    /// the file's objects of this type.
    fn twice(&self) -> Option<ReadError> {
        let mut names = HashSet::new();
        let is_identify = |s: &&Section| s.kind == Kind::Identify && !s.is_template;
        let mut identify = self.all.iter().filter(is_identify);
        let again = identify.find(|section| !names.insert(section.name))?;
        let problem = format!(
            "another identify section is also called '{}', so Asterisk loads none of them; give each \
             section its own name",
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

    /// Adds settings to an earlier section. Sections that inherited from it before do not get them.
    fn go_on(&mut self, name: &str) -> Result<(), String> {
        let earlier = self.only(name)?;
        if self.all[earlier].is_template {
            return Err(format!(
                "'{name}' is a template, and Asterisk cannot add settings to a template; name a section"
            ));
        }
        if self.all[earlier].is_used {
            return Err(format!(
                "a section above already inherits from '{name}' and does not get the settings below; put all \
                 settings in one section"
            ));
        }
        self.current = Some(earlier);
        Ok(())
    }

    /// Returns the section with this name. Fails unless there is exactly one.
    fn only(&self, name: &str) -> Result<usize, String> {
        match self
            .named
            .get(&name.to_ascii_lowercase())
            .map(Vec::as_slice)
        {
            Some([only]) => Ok(*only),
            None => Err(format!("no section above is called '{name}'")),
            Some(_) => Err(format!(
                "several sections above are called '{name}', so the reference is ambiguous"
            )),
        }
    }
}

/// Removes blanks and control characters from both ends, as Asterisk does.
fn strip(text: &str) -> &str {
    text.trim_matches(|c| c <= ' ')
}

/// Directives that include other text. Asterisk ignores any other line that starts with '#', with a
/// warning.
const INCLUDES: [&str; 3] = ["include", "tryinclude", "exec"];

/// Refuses a directive that includes other text. Its name ends at the first space, control character,
/// or non-ASCII byte where `char` is signed (`main/config.c`, `process_text_line`).
fn refuse_include(directive: &str) -> Result<(), String> {
    let end = directive.bytes().position(|byte| !byte.is_ascii_graphic());
    let name = &directive[..end.unwrap_or(directive.len())];
    if INCLUDES
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
    {
        return Err(
            "the included text may identify the endpoint too, but is not in the input; provide the output of \
             asterisk -rx 'pjsip show identifies', or only the file with the section"
                .to_owned(),
        );
    }
    Ok(())
}

struct Gather<'s, 'a> {
    sections: &'s Sections<'a>,
    criteria: &'s mut AddressList,
    limits: Limits,
    /// The number of sections read so far.
    visits: &'s mut usize,
    /// The steps of [`Limit::Work`] taken so far for settings.
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
                items.try_for_each(|item| add_match(self.criteria, at, item))
            }
            "match_header" => {
                let what = format!("requests with the header {value}");
                self.criteria.accept_unmeasured(at, what)
            }
            "match_request_uri" => {
                let what = format!("requests to the URI {value}");
                self.criteria.accept_unmeasured(at, what)
            }
            _ => Err(format!(
                "unknown option '{key}' of an identify section; expected type, endpoint, match, match_header, \
                 match_request_uri or srv_lookups"
            )),
        }
    }
}
