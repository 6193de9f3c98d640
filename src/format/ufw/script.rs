//! Our own script: which rules it adds, and which it takes for its own.

use serde::Serialize;

use crate::format::read::error::{ErrorCollector, ReadError};
use crate::format::unit_name::UnitName;
use crate::template::{self, TemplateError};

/// File name and text of its template.
pub(super) const TEMPLATE: (&str, &str) = ("ufw.j2", include_str!("../../../templates/ufw.j2"));

/// The context of the template.
#[derive(Serialize)]
pub(super) struct View {
    pub head: Vec<String>,
    /// Which lines of `ufw show added` are the unit's: a regular expression of grep's.
    pub mark: String,
    pub rules: Vec<String>,
}

/// Lines that hold a rule each, and where they stand; or what is wrong with the text.
pub(super) type RuleLines<'a> = Result<Vec<(u32, &'a str)>, Vec<ReadError>>;

/// Between these the script has its rules.
const START: &str = "<<'END'";
const END: &str = "END";

/// Which lines of `ufw show added` are the unit's, as grep takes it: before and after its name.
const MARK: [&str; 2] = ["^ufw allow [a-z0-9./: ]* comment '", ": [^']*'$"];

pub(super) fn mark(name: &str) -> String {
    MARK.join(name)
}

/// True if a line is one that this finds, which the script deletes if it has no such rule.
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
    let (file, source) = TEMPLATE;
    let view = template::value(&View {
        head: Vec::new(),
        mark: mark(name),
        rules: Vec::new(),
    });
    template::render(file, source, view)
}
