//! Selects the statements of a configuration that belong to a unit.

use std::collections::{BTreeSet, HashSet};

use super::edit::{Edit, Editor};
use super::levels::{FAMILIES, OF_FIREWALL, OF_INET, OF_JUNOS, OF_POLICY_OPTIONS, TOP};
use super::terminal::SEVERAL_DEVICES;
use super::text;
use super::tree::Tree;
use super::uses::Uses;
use crate::format::read::bindings::Bindings;
use crate::limits::{Limit, Limits};
use crate::read_error::ReadError;

/// The filters and prefix lists to look for.
pub(super) struct WantedFilter<'k, 'a> {
    pub filters: &'k [String],
    pub lists: BTreeSet<&'a str>,
}

/// The wanted statements of a text.
pub(super) struct Outline<'k, 'a> {
    pub tree: Tree<'a>,
    /// True if a statement occurs only in Junos configurations.
    pub is_junos: bool,
    /// The uses of the wanted filters.
    pub bindings: Bindings,
    /// The groups that are applied anywhere.
    applied: HashSet<&'a str>,
    /// The statements that use a wanted filter.
    uses: Uses,
    wanted: WantedFilter<'k, 'a>,
    statements: usize,
    limits: Limits,
    /// The release and the name of the device, if they were read.
    identity: [Option<&'a str>; 2],
}

impl<'k, 'a> Outline<'k, 'a> {
    pub fn read(
        text: &'a str,
        wanted: WantedFilter<'k, 'a>,
        limits: Limits,
    ) -> Result<Self, Vec<ReadError>> {
        let mut outline = Outline {
            tree: Tree::new(),
            is_junos: false,
            bindings: Bindings::new(wanted.filters),
            applied: HashSet::new(),
            uses: Uses::default(),
            wanted,
            statements: 0,
            limits,
            identity: [None; 2],
        };
        text::read(text, limits, &mut outline)?;
        outline.bind();
        Ok(outline)
    }

    /// Classifies a path.
    fn about<'p>(&self, path: &'p [&'a str]) -> Result<About<'p, 'a>, String> {
        match *path {
            ["firewall", ref rest @ ..] => self.firewall(path, rest),
            ["policy-options", ref rest @ ..] => self.policy_options(path, rest),
            ["groups"] | ["groups", _] | ["groups", _, "firewall" | "policy-options"] => {
                Ok(About::Above)
            }
            ["groups", _, ref inherited @ ..] if self.may_change_unit(inherited) => {
                Ok(About::Unit(&path[..3]))
            }
            ["apply-groups", ..] => Ok(About::Unit(path)),
            ["filter" | "term" | "from" | "then" | "inet", ..] => Err(format!(
                "'{}' lacks the levels above it; provide the output of 'show configuration firewall' and 'show \
                 configuration policy-options', or add '| display set'",
                path[0]
            )),
            // `openconfig-` starts the statements of models that are not Juniper's own.
            [first, ..] if first.starts_with("openconfig-") || OF_JUNOS.contains(&first) => {
                Ok(About::Other)
            }
            [first, ..] => known(first, TOP, "[edit]"),
            [] => Ok(About::Other),
        }
    }

    /// True if a statement of a group may change a wanted filter or list where the group is applied.
    fn may_change_unit(&self, statement: &[&'a str]) -> bool {
        let filters = self.wanted.filters;
        let lists = &self.wanted.lists;
        let is_filter = |name: &&str| is_pattern(name) || filters.iter().any(|f| f == name);
        let is_list = |name: &&str| lists.contains(name) || is_pattern(name) && !lists.is_empty();
        match *statement {
            ["firewall", "filter", ref name @ ..]
            | ["firewall", "family", "inet", "filter", ref name @ ..] => {
                name.first().is_some_and(is_filter)
            }
            ["firewall", "family", ref family @ ..] => match family {
                [] | ["inet"] => false,
                [family, ..] => !FAMILIES.contains(family),
            },
            ["policy-options", "prefix-list", ref name @ ..] => name.first().is_some_and(is_list),
            ["policy-options", word, ..] => !OF_POLICY_OPTIONS.contains(&word),
            ["firewall" | "policy-options" | "apply-groups", ..] => true,
            ref other => other.first().is_some_and(|word| is_pattern(word)),
        }
    }

    fn firewall<'p>(&self, path: &'p [&'a str], rest: &[&'a str]) -> Result<About<'p, 'a>, String> {
        match *rest {
            [] | ["family"] | ["family", "inet"] => Ok(About::Above),
            ["filter", ref name @ ..] | ["family", "inet", "filter", ref name @ ..] => {
                Ok(match name.first() {
                    None => About::Above,
                    Some(name) if name.contains('\\') => return Err(escaped(name)),
                    Some(name) if self.wanted.filters.iter().any(|f| f == name) => {
                        About::Unit(path)
                    }
                    Some(_) => About::Other,
                })
            }
            ["family", "inet", word, ..] => known(word, OF_INET, "[edit firewall family inet]"),
            ["family", word, ..] => known(word, FAMILIES, "[edit firewall family]"),
            [word, ..] => known(word, OF_FIREWALL, "[edit firewall]"),
        }
    }

    fn policy_options<'p>(
        &self,
        path: &'p [&'a str],
        rest: &[&'a str],
    ) -> Result<About<'p, 'a>, String> {
        match *rest {
            [] | ["prefix-list"] => Ok(About::Above),
            ["prefix-list", name, ..] if name.contains('\\') => Err(escaped(name)),
            ["prefix-list", name, ..] if self.wanted.lists.contains(name) => Ok(About::Unit(path)),
            ["prefix-list", ..] => Ok(About::Other),
            [word, ..] => known(word, OF_POLICY_OPTIONS, "[edit policy-options]"),
        }
    }

    fn set(&mut self, path: &[&'a str], at: u32) -> Result<(), String> {
        self.is_junos |= path.first().is_some_and(|first| OF_JUNOS.contains(first));
        self.identity(path)?;
        self.note_binding(path);
        self.note_applied(path);
        if let ["groups", _, _, ..] = path {
            // Record the group, even if its statement is about something else.
            self.tree.set(&path[..2], at);
        }
        match self.about(path)? {
            About::Other => {}
            About::Above if matches!(path, ["firewall", .., "filter"]) => {
                return Err("expected the name of a filter at the end of the line".to_owned());
            }
            // The level of a group adds nothing by itself.
            About::Above if matches!(path, ["groups", _, _]) => {}
            About::Above => self.tree.set(path, at),
            About::Unit(part) => {
                refuse_escapes(part)?;
                self.statements += 1;
                self.limits.check(Limit::Rules, self.statements)?;
                self.tree.set(part, at);
            }
        }
        let words = self.tree.len() + self.applied.len();
        let steps = words.saturating_mul(STEPS_OF_WORD);
        Ok(self.limits.check(Limit::Work, steps)?)
    }
}

impl<'a> Outline<'_, 'a> {
    /// Notes an interface, and a statement that uses a wanted filter.
    fn note_binding(&mut self, path: &[&'a str]) {
        if let ["interfaces", ..] | ["groups", _, "interfaces", ..] = path {
            self.bindings.add_interface();
        }
        let words = match path {
            // The definition of a filter may use other filters.
            ["firewall", "family", "inet", "filter", _, rest @ ..]
            | ["firewall", "filter", _, rest @ ..] => rest,
            ["policy-options", ..] | [.., "description", _] => &[],
            _ => path,
        };
        let is_wanted = |word: &&str| self.wanted.filters.iter().any(|filter| filter == word);
        if words.iter().any(is_wanted) {
            self.uses.add(path);
        }
    }

    /// Notes a group that a statement applies.
    fn note_applied(&mut self, path: &[&'a str]) {
        let at = path.iter().position(|word| *word == "apply-groups");
        let name = at.and_then(|at| path.get(at + 1));
        self.applied.extend(name);
    }

    /// True if the input contains a group that applies under a name.
    fn has_group(&self, name: &'a str) -> bool {
        let mut members = members(name).into_iter();
        members.any(|group| self.tree.get(&["groups", group]).is_some())
    }

    /// Adds the uses that are in force to the bindings.
    fn bind(&mut self) {
        let mut applied = self.applied.iter().filter(|name| **name != DEFAULTS);
        if !applied.all(|name| self.has_group(name)) {
            self.bindings.hide_some();
        }
        for path in self.uses.in_force() {
            self.bindings.add_words(path.split(' '));
        }
    }

    /// Refuses a second release, or a second name of the device.
    fn identity(&mut self, path: &[&'a str]) -> Result<(), String> {
        let (at, value) = match *path {
            ["version", value] => (0, value),
            ["system", "host-name", value] => (1, value),
            _ => return Ok(()),
        };
        let known = self.identity[at].replace(value);
        if known.is_some_and(|known| known != value) {
            return Err(SEVERAL_DEVICES.to_owned());
        }
        Ok(())
    }
}

const IGNORED: &str = "Junos ignores this statement, as the comment above it says, so the effect of the filter is \
                       unknown; load a filter without the statement";

impl<'a> Editor<'a> for Outline<'_, 'a> {
    fn edit(&mut self, edit: Edit, path: &[&'a str], at: u32) -> Result<(), String> {
        if edit == Edit::Set {
            return self.set(path, at);
        }
        let about = self.about(path)?;
        if let About::Other | About::Above = about {
            self.uses.edit(edit, path, self.limits)?;
        }
        if edit == Edit::Ignore {
            return match about {
                About::Other => Ok(()),
                About::Unit(_) | About::Above => Err(IGNORED.to_owned()),
            };
        }
        if let About::Unit(_) = about {
            refuse_escapes(path)?;
        }
        let found = match about {
            About::Unit(part) if part.len() < path.len() => true,
            About::Unit(_) => self.tree.change(edit, path) || edit == Edit::Delete,
            About::Above => {
                // `deactivate` may come before the statements within.
                if edit == Edit::Deactivate {
                    self.tree.set(path, at);
                }
                self.tree.change(edit, path);
                true
            }
            About::Other => true,
        };
        if found {
            Ok(())
        } else {
            Err("the command refers to a statement that was not set above; provide the complete input".to_owned())
        }
    }
}

/// The predefined group, which is not part of any listing.
pub(super) const DEFAULTS: &str = "junos-defaults";

/// Returns the groups that a name in `apply-groups` means. `${node}` means the group of the current node.
pub(super) fn members(name: &str) -> Vec<&str> {
    match name {
        "${node}" => vec!["node0", "node1"],
        name => vec![name],
    }
}

/// True for a wildcard, or a word with an escape that Junos may read differently.
fn is_pattern(word: &str) -> bool {
    word.starts_with('<') || word.contains('\\')
}

/// The steps of [`Limit::Work`] for each word of the tree, because the tree is kept in memory.
const STEPS_OF_WORD: usize = 60;

/// The subject of a statement.
enum About<'p, 'a> {
    /// A wanted filter or list, with the relevant part of the path.
    Unit(&'p [&'a str]),
    /// A level that may contain wanted statements.
    Above,
    Other,
}

fn known<'p, 'a>(word: &str, known: &[&str], above: &str) -> Result<About<'p, 'a>, String> {
    if word.starts_with("apply-groups") {
        Err(inherits(word))
    } else if word == "apply-macro" || known.contains(&word) {
        Ok(About::Other)
    } else {
        Err(format!(
            "unknown statement '{word}' at {above}, which may change the filter; expected the output of Junos"
        ))
    }
}

/// Refuses a word with an escape, which Junos may read differently.
fn refuse_escapes(path: &[&str]) -> Result<(), String> {
    let escape = path.iter().find(|word| word.contains('\\'));
    escape.map_or(Ok(()), |word| Err(escaped(word)))
}

fn escaped(name: &str) -> String {
    format!(
        "'{name}' has a backslash, which Junos never prints in the name of a filter or prefix list; remove \
         the backslash"
    )
}

pub(super) fn inherits(word: &str) -> String {
    format!(
        "'{word}' adds statements from elsewhere; provide the output of 'show configuration firewall | display \
         inheritance' and 'show configuration policy-options | display inheritance'"
    )
}
