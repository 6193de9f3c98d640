//! Finds rules that loading the script does not replace.

use std::collections::HashSet;

use super::listing::rule_lines;
use super::rule::Rule;
use super::script::is_marked;

/// The message for the first rule that loading cannot repair; `None` if loading repairs all.
///
/// The script only deletes rules that it recognizes as its own.
pub(super) fn left_by_load<'a>(text: &'a str, name: &str, own: &'a [String]) -> Option<String> {
    let lines = rule_lines(text).ok()?;
    let rules = lines
        .iter()
        .filter_map(|(_, line)| Some((*line, Rule::read(line).ok()?)));
    let unit: Vec<_> = rules.filter(|(_, rule)| rule.is_of(name)).collect();
    // ufw keeps the position of a rule when a rule for the same packets replaces it.
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
        "no script of this program added a rule whose comment starts with '{name}', so loading keeps it; first run: {}",
        line.replacen("ufw ", "ufw delete ", 1)
    ))
}
