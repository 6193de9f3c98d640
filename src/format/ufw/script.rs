//! Our own script: the rules that it adds, and the rules that it recognizes as its own.

use serde::Serialize;

use crate::format::unit_name::UnitName;
use crate::read_error::{ErrorCollector, ReadError};
use crate::template::{self, TemplateError};

/// The name and the text of the script's template.
pub(super) const TEMPLATE: (&str, &str) = ("ufw.j2", include_str!("../../../templates/ufw.j2"));

#[derive(Serialize)]
pub(super) struct View {
    pub head: Vec<String>,
    /// A regular expression for grep that matches the unit's lines of `ufw show added`.
    pub mark: String,
    pub rules: Vec<String>,
}

/// The lines of rules, each with its place, or the errors in the input.
pub(super) type RuleLines<'a> = Result<Vec<(u32, &'a str)>, Vec<ReadError>>;

/// The end of the line before the script's rules.
const START: &str = "<<'END'";
/// The line after the script's rules.
const END: &str = "END";

/// The regular expression of [`View::mark`]: the parts before and after the name of the unit.
const MARK: [&str; 2] = ["^ufw allow [a-z0-9./: ]* comment '", ": [^']*'$"];

pub(super) fn mark(name: &str) -> String {
    MARK.join(name)
}

/// True if the regular expression matches a line, so that the script deletes it unless it is one of its
/// rules.
pub(super) fn is_marked(line: &str, name: &str) -> bool {
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

/// The rules of a script of this program; `None` if the input is not a script.
///
/// The script must recognize all of its rules. The rest of it must be as this program writes it.
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
        "the script would not recognize this rule as its own; expected 'ufw allow' and a comment '{name}: ...'"
    );
    let foreign = rules.iter().filter(|(_, line)| !is_marked(line, name));
    let mut errors = ErrorCollector::default();
    errors.extend(foreign.map(|(at, _)| ReadError::new(*at, &problem)));
    errors.finish(rules.to_vec())
}

/// Checks that a script without its rules is complete and unchanged. `last` is the place of its last line.
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
            let problem = format!("the script was changed; this program writes here: {own}");
            return Err(ReadError::new(at, problem));
        }
    }
    match expected.next() {
        None => Ok(()),
        Some(_) => Err(ReadError::new(
            last,
            "the script is incomplete, so the input may have been cut off; provide the complete input",
        )),
    }
}

fn is_command(line: &str) -> bool {
    !line.trim_start().starts_with('#')
}

/// The name of the script's unit.
fn name<'a>(after: &[(u32, &'a str)]) -> Option<&'a str> {
    let marks = after.iter().filter_map(|(_, line)| {
        let rest = line.strip_prefix("grep \"")?.strip_prefix(MARK[0])?;
        Some(rest.split_once(MARK[1])?.0)
    });
    let mut names = marks.filter(|name| name.parse::<UnitName>().is_ok());
    names.next()
}

/// A script without rules and without a head.
fn frame(name: &str) -> Result<String, TemplateError> {
    let (file, source) = TEMPLATE;
    let view = template::value(&View {
        head: Vec::new(),
        mark: mark(name),
        rules: Vec::new(),
    });
    template::render(file, source, view)
}
