//! Reads both forms of `show configuration`, and rendered files, as the steps of a unit.

use std::collections::{BTreeSet, HashSet};

use super::addresses::Lists;
use super::outline::{self, DEFAULTS, Outline, inherits, members};
use super::term::Steps;
use super::tree::{Branch, Tree};
use crate::firewall::DeployedUnit;
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::format::unit::Unit;
use crate::limits::Limits;
use crate::packets::Step;
use crate::policy::Direction;
use crate::read_error::{ErrorCollector, ReadError};

pub(super) fn parse(text: &str, wanted: UnitQuery) -> ReadResult {
    let names = wanted.candidates(|direction| filter_name(wanted.unit, direction));
    let limits = wanted.limits;
    let of_filters = outline::WantedFilter {
        filters: &names,
        lists: BTreeSet::new(),
    };
    let outline = Outline::read(text, of_filters, limits)?;
    if !outline.is_junos {
        let problem = "the input has no statement of a Junos configuration; expected the output of \
                       'show configuration', with or without '| display set'";
        return Err(vec![ReadError::new(0, problem)]);
    }
    let tree = &outline.tree;
    refuse_groups(tree).map_err(|error| vec![error])?;
    let mut filters = Vec::new();
    for name in &names {
        filters.push(filter(tree, name).map_err(|error| vec![error])?);
    }
    let skipped = usize::from(wanted.is_users_own(|at| filters[at].is_some()));
    let of_lists = outline::WantedFilter {
        filters: &[],
        lists: filters.iter().flatten().flat_map(lists_of).collect(),
    };
    let lists = Outline::read(text, of_lists, limits)?;
    refuse_groups(&lists.tree)
        .and_then(|()| refuse_unknown_groups(&lists.tree))
        .map_err(|error| vec![error])?;
    let mut lists = Lists::of(&lists.tree, limits);
    let mut units = Vec::new();
    let mut errors = ErrorCollector::default();
    for (at, direction) in wanted.directions.iter().enumerate() {
        let (name, filter) = (&names[skipped + at], &filters[skipped + at]);
        let mut unit = DeployedUnit {
            hook: outline.bindings.hook(skipped + at),
            ..DeployedUnit::empty(*direction, name.clone())
        };
        match filter {
            None => unit.absent = Some(NOT_THERE.to_owned()),
            Some(filter) if !filter.is_active => unit.absent = Some(DEACTIVATED.to_owned()),
            Some(filter) => {
                let read = steps(filter.branch, *direction, &mut lists, limits);
                unit.steps = read.unwrap_or_else(|found| {
                    errors.extend(found);
                    Vec::new()
                });
            }
        }
        units.push(unit);
    }
    errors.finish(units)
}

/// Returns the name of the rendered filter for a direction. It needs no quotes, and is far shorter than
/// Junos's limit of 64 characters.
pub(super) fn filter_name(unit: &Unit, direction: Direction) -> String {
    format!("{}-{direction}", unit.name.lower_with_hyphens())
}

const NOT_THERE: &str = "the input has no such filter, and Junos does not commit an interface that refers to a \
                         missing filter";

const DEACTIVATED: &str = "the filter is deactivated, so it has no effect";

/// A filter of a text.
struct Filter<'t, 'a> {
    branch: Branch<'t, 'a>,
    is_active: bool,
}

/// Finds a filter. `firewall filter` is short for `firewall family inet filter`.
fn filter<'t, 'a>(tree: &'t Tree<'a>, name: &'a str) -> Result<Option<Filter<'t, 'a>>, ReadError> {
    let paths: [&[&str]; 2] = [
        &["firewall", "family", "inet", "filter", name],
        &["firewall", "filter", name],
    ];
    let [long, short] = paths.map(|path| {
        tree.get(path).map(|branch| Filter {
            branch,
            is_active: tree.is_active(path),
        })
    });
    match (&long, &short) {
        (Some(_), Some(short)) => Err(short.branch.problem(
            "the input has this filter twice, with and without 'family inet'; expected one of them",
        )),
        _ => Ok(long.or(short)),
    }
}

/// Returns the names of the prefix lists that a filter refers to.
fn lists_of<'t, 'a>(filter: &Filter<'t, 'a>) -> impl Iterator<Item = &'a str> + use<'t, 'a> {
    let below = |word: &'static str| {
        move |branch: Branch<'t, 'a>| branch.below().filter(move |b| b.word() == word)
    };
    let terms = below("term")(filter.branch).flat_map(Branch::below);
    let conditions = terms.flat_map(below("from")).flat_map(Branch::below);
    let lists = conditions.filter(|condition| condition.word().ends_with("prefix-list"));
    lists.flat_map(Branch::below).map(Branch::word)
}

/// Refuses a group that is applied to the whole configuration and may change a wanted filter or list.
fn refuse_groups(tree: &Tree) -> Result<(), ReadError> {
    let Some(applied) = tree.get(&["apply-groups"]) else {
        return Ok(());
    };
    let groups = tree.get(&["groups"]).into_iter().flat_map(Branch::below);
    let changing = groups.filter(|group| group.below().next().is_some());
    let changing: HashSet<&str> = changing.map(Branch::word).collect();
    let changes = |name: &str| members(name).iter().any(|group| changing.contains(group));
    if applied.below().any(|name| changes(name.word())) {
        return Err(applied.problem(inherits("apply-groups")));
    }
    Ok(())
}

/// Refuses a group that is applied to the whole configuration, but is not in the input.
fn refuse_unknown_groups(tree: &Tree) -> Result<(), ReadError> {
    let Some(applied) = tree.get(&["apply-groups"]) else {
        return Ok(());
    };
    let is_unknown =
        |name: &str| !OF_NODES.contains(&name) && tree.get(&["groups", name]).is_none();
    match applied.below().find(|name| is_unknown(name.word())) {
        Some(name) => Err(name.problem(format!(
            "group '{}' is not in the input and may change the filter; provide the complete configuration",
            name.word()
        ))),
        None => Ok(()),
    }
}

/// Predefined groups, and groups for single nodes.
const OF_NODES: [&str; 6] = [DEFAULTS, "re0", "re1", "node0", "node1", "${node}"];

/// Statements of a filter that do not affect which packets it accepts.
const IDLE: &[&str] = &[
    "accounting-profile",
    "enhanced-mode",
    "enhanced-mode-override",
    "fast-lookup-filter",
    "instance-shared",
    "interface-shared",
    "interface-specific",
    "physical-interface-filter",
];

fn steps<'t, 'a>(
    filter: Branch<'t, 'a>,
    direction: Direction,
    lists: &mut Lists<'t, 'a>,
    limits: Limits,
) -> Result<Vec<Step>, Vec<ReadError>> {
    let mut steps = Steps::new(direction, limits);
    let mut errors = ErrorCollector::default();
    let mut has_terms = false;
    for statement in filter.below() {
        if statement.word() != "term" {
            errors.extend(idle(statement).err());
            continue;
        }
        for term in statement.below() {
            has_terms = true;
            let error = steps.add(term, lists).err();
            // Report an error in a prefix list only once.
            errors.extend(error.filter(|error| !errors.contains(error)));
            if errors.is_full() {
                return Err(errors.into_errors());
            }
        }
    }
    if !has_terms && errors.is_empty() {
        errors.add(filter.problem("the filter has no terms"));
    }
    errors.finish(steps.made)
}

/// Refuses statements that may affect which packets a filter accepts.
fn idle(statement: Branch) -> Result<(), ReadError> {
    match statement.word() {
        word if IDLE.contains(&word) => Ok(()),
        word if word.starts_with("apply-groups") => Err(statement.problem(inherits(word))),
        word => Err(statement.problem(format!(
            "unknown statement '{word}' of a filter; expected a term"
        ))),
    }
}
