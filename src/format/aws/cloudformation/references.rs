//! Finds the names in a template that refer to its security group (AWS CloudFormation Template
//! Reference, "Intrinsic function reference").

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::format::aws::words::mentions_id;
use crate::format::read::json_node::Node;
use crate::limits::{Limit, Limits};
use crate::read_error::ReadError;

/// The section whose members [`FIND_IN_MAP`] refers to.
pub(super) const MAPPINGS: &str = "Mappings";

/// The function whose first argument is the name of a mapping, or a function that returns one.
const FIND_IN_MAP: &str = "Fn::FindInMap";

/// The security group to look for.
pub(super) struct Target<'a> {
    /// The parameter that contains the security group's id.
    pub parameter: Option<&'static str>,
    /// The security group's id, if the input contains it.
    pub id: Option<Cow<'a, str>>,
}

impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.parameter.or(self.id.as_deref()).unwrap_or_default())
    }
}

/// The steps of [`Limit::Work`] for each name and each reference, mostly for their memory.
const STEPS: usize = 64;

/// The sections of a template, each with its name. `None` if the template lacks the section.
type Sections<'s, 'a> = [(&'s str, Option<Node<'a>>)];

/// Returns the names of all parameters, mappings and resources that contain the security group's id,
/// or refer to its parameter directly or through other names.
pub(super) fn holders<'a>(
    sections: &Sections<'_, 'a>,
    target: &Target,
    limits: Limits,
) -> Result<HashSet<Cow<'a, str>>, ReadError> {
    let numbers = numbered_names(sections, limits)?;
    let References { pairs, mut queue } = References::read(sections, &numbers, target, limits)?;
    let mut has_group = vec![false; any_mapping(&numbers) + 1];
    while let Some(number) = queue.pop() {
        if !std::mem::replace(&mut has_group[number], true) {
            let start = pairs.partition_point(|(name, _)| *name < number);
            let same = pairs[start..].iter();
            let same = same.take_while(|(name, _)| *name == number);
            queue.extend(same.map(|(_, holder)| *holder));
        }
    }
    let names = numbers.into_iter();
    Ok(names
        .filter(|(_, number)| has_group[*number])
        .map(|(name, _)| name)
        .collect())
}

fn given<'s, 'a>(sections: &Sections<'s, 'a>) -> impl Iterator<Item = (&'s str, Node<'a>)> {
    let sections = sections.iter();
    sections.filter_map(|(name, section)| Some((*name, (*section)?)))
}

fn check_work(node: Node, count: usize, limits: Limits) -> Result<(), ReadError> {
    let fits = limits.check(Limit::Work, count.saturating_mul(STEPS));
    fits.map_err(|exceeded| node.problem(exceeded))
}

/// Numbers the names of all parameters, mappings and resources.
fn numbered_names<'a>(
    sections: &Sections<'_, 'a>,
    limits: Limits,
) -> Result<HashMap<Cow<'a, str>, usize>, ReadError> {
    let mut numbers = HashMap::new();
    for (section, node) in given(sections) {
        let members = node.members().map_err(|problem| problem.under(section))?;
        for (name, _) in members {
            let next = numbers.len();
            numbers.entry(name).or_insert(next);
            check_work(node, next, limits)?;
        }
    }
    Ok(numbers)
}

/// The number that represents any mapping. It counts as a name that refers to every mapping.
fn any_mapping(numbers: &HashMap<Cow<str>, usize>) -> usize {
    numbers.len()
}

/// The references between names, by their numbers.
struct References {
    /// Pairs of a name and another name that refers to it, in ascending order.
    pairs: Vec<(usize, usize)>,
    /// The parameter for the security group, and the names that contain the security group's id.
    queue: Vec<usize>,
}

impl References {
    fn read<'a>(
        sections: &Sections<'_, 'a>,
        numbers: &HashMap<Cow<'a, str>, usize>,
        target: &Target,
        limits: Limits,
    ) -> Result<Self, ReadError> {
        let mut pairs = Vec::new();
        // For each name, the last name that was found to refer to it, so that each pair is stored once.
        let any_mapping = any_mapping(numbers);
        let mut last_holder = vec![None; any_mapping + 1];
        let parameter = target.parameter.and_then(|name| numbers.get(name));
        let mut queue: Vec<usize> = parameter.copied().into_iter().collect();
        for (section, node) in given(sections) {
            for (name, node) in node.members()? {
                let holder = numbers[&name];
                if section == MAPPINGS {
                    pairs.push((holder, any_mapping));
                }
                let mut is_transformed = false;
                let mut is_in_map = false;
                let read = node.each_string(limits, &mut |key, text| {
                    is_transformed |= key.is_empty() && text == "Fn::Transform";
                    let is_target = |id: &Cow<str>| mentions_id(text, id);
                    if target.id.as_ref().is_some_and(is_target) && queue.last() != Some(&holder) {
                        queue.push(holder);
                    }
                    // If the name of the mapping is the result of a function, it may be any mapping. The argument
                    // follows the key `Fn::FindInMap`.
                    let is_function = is_in_map && key != FIND_IN_MAP;
                    is_in_map = key.is_empty() && text == FIND_IN_MAP;
                    let names =
                        referred_to(key, text).filter_map(|name| numbers.get(name).copied());
                    for known in names.chain(is_function.then_some(any_mapping)) {
                        if last_holder[known].replace(holder) != Some(holder) {
                            pairs.push((known, holder));
                        }
                    }
                });
                let place = |problem: ReadError| problem.under(&name).under(section);
                read.map_err(place)?;
                if is_transformed {
                    let what =
                        "a transform changes this resource, and the result is not in the input";
                    return Err(place(node.problem(what)));
                }
                check_work(node, numbers.len() + pairs.len(), limits).map_err(place)?;
            }
        }
        pairs.sort_unstable();
        Ok(References { pairs, queue })
    }
}

/// The names in a string, which is the only or the first argument of a function.
fn referred_to<'t>(function: &str, text: &'t str) -> impl Iterator<Item = &'t str> {
    let (skipped, taken) = match function {
        "Ref" | "Fn::GetAtt" | FIND_IN_MAP => (0, 1),
        "Fn::Sub" => (1, usize::MAX),
        _ => (0, 0),
    };
    let pieces = text.split("${").skip(skipped).take(taken);
    pieces.filter_map(|piece| piece.split(['.', '}']).next().map(str::trim))
}
