//! Our own script: which rules it adds, and which it takes for its own.

use std::collections::HashSet;

use super::listing::{self, RuleLines};
use super::rule::Rule;
use super::{INFO, View};
use crate::format::read::error::{ErrorCollector, ReadError};
use crate::format::unit_name::UnitName;
use crate::template::{self, TemplateError};

/// Between these the script has its rules.
const START: &str = "<<'END'";
const END: &str = "END";

/// Which lines of `ufw show added` are the unit's, as grep takes it: before and after its name.
const MARK: [&str; 2] = ["^ufw allow [a-z0-9./: ]* comment '", ": [^']*'$"];

pub(super) fn mark(name: &str) -> String {
    MARK.join(name)
}

/// Whether a line is one that this finds, which the script deletes if it has no such rule.
fn is_marked(line: &str, name: &str) -> bool {
    let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "./: ".contains(c);
    let parts = line
        .strip_prefix("ufw allow ")
        .and_then(|rest| rest.strip_suffix('\''))
        .and_then(|rest| rest.split_once(" comment '"));
    parts.is_some_and(|(rule, comment)| {
        let label = comment
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix(": "));
        rule.chars().all(known) && label.is_some_and(|label| !label.contains('\''))
    })
}

/// The rules of a script of ours, each of which is its own; `None` if the text is no script.
///
/// All else in it must be as this program writes it.
pub(super) fn rules<'a>(lines: &[(u32, &'a str)]) -> Option<RuleLines<'a>> {
    let start = lines.iter().position(|(_, line)| line.ends_with(START))? + 1;
    let (before, rest) = lines.split_at(start);
    let end = rest.iter().position(|(_, line)| *line == END);
    let (rules, after) = rest.split_at(end.unwrap_or(rest.len()));
    Some(checked(before, rules, after))
}

fn checked<'a>(
    before: &[(u32, &str)],
    rules: &[(u32, &'a str)],
    after: &[(u32, &str)],
) -> RuleLines<'a> {
    let usual = UnitName::default().lower_with_hyphens();
    let name = name(after).unwrap_or(&usual);
    let all = || before.iter().chain(rules).chain(after).copied();
    let last = all().last().map_or(0, |(at, _)| at);
    let commands = before.iter().chain(after).copied();
    is_whole(commands, name, last).map_err(|error| vec![error])?;
    let problem = format!(
        "the script would not know it again as a rule of its own; expected 'ufw allow' and a comment '{name}: ...'"
    );
    let foreign = rules.iter().filter(|(_, line)| !is_marked(line, name));
    let mut errors = ErrorCollector::default();
    errors.extend(foreign.map(|(at, _)| ReadError::new(*at, &problem)));
    errors.finish(rules.to_vec())
}

/// Compares a script without its rules, whose last line stands there, with one for that name.
fn is_whole<'a>(
    lines: impl Iterator<Item = (u32, &'a str)>,
    name: &str,
    last: u32,
) -> Result<(), ReadError> {
    let expected = frame(name).map_err(|error| ReadError::new(last, error))?;
    let mut expected = expected.lines().filter(|line| is_command(line));
    for (at, line) in lines.filter(|(_, line)| is_command(line)) {
        let own = expected.next().unwrap_or("the end of the script");
        if line != own {
            let problem = format!("expected what this program writes in this place: {own}");
            return Err(ReadError::new(at, problem));
        }
    }
    match expected.next() {
        None => Ok(()),
        Some(_) => Err(ReadError::new(
            last,
            "the script ends before it is whole, so the text may have been cut off; give all of it",
        )),
    }
}

fn is_command(line: &str) -> bool {
    !line.trim_start().starts_with('#')
}

/// The name of the unit that the script is for.
fn name<'a>(after: &[(u32, &'a str)]) -> Option<&'a str> {
    let marks = after.iter().filter_map(|(_, line)| {
        let rest = line.strip_prefix("grep \"")?.strip_prefix(MARK[0])?;
        Some(rest.split_once(MARK[1])?.0)
    });
    let mut names = marks.filter(|name| name.parse::<UnitName>().is_ok());
    names.next()
}

/// A script without rules, and comments.
fn frame(name: &str) -> Result<String, TemplateError> {
    let (file, source) = INFO.template;
    let view = template::value(&View {
        head: Vec::new(),
        mark: mark(name),
        rules: Vec::new(),
    });
    template::render(file, source, view)
}

/// Why a load does not mend what a listing has, if it does not: the script deletes no rule but
/// those that it takes for its own.
pub(super) fn left_by_load<'a>(text: &'a str, name: &str, own: &'a [String]) -> Option<String> {
    let lines = listing::rule_lines(text).ok()?;
    let rules = lines
        .iter()
        .filter_map(|(_, line)| Some((*line, Rule::read(line).ok()?)));
    let unit: Vec<_> = rules.filter(|(_, rule)| rule.is_of(name)).collect();
    // One for the same packets is replaced where it stands.
    let own: HashSet<_> = own
        .iter()
        .filter_map(|line| Some(Rule::read(line).ok()?.place()))
        .collect();
    let is_kept = |rule: &Rule<'a>| own.contains(&rule.place());
    let last_kept = unit.iter().rposition(|(_, rule)| is_kept(rule));
    let mut left = unit.iter().enumerate();
    let (_, (line, _)) = left.find(|(at, (line, rule))| {
        let stays = !is_marked(line, name) && !is_kept(rule);
        stays && (rule.allows() || Some(*at) < last_kept)
    })?;
    Some(format!(
        "a load leaves a rule as it is that has a comment of this unit, but that no script of it adds; first run: {}",
        line.replacen("ufw ", "ufw delete ", 1)
    ))
}
