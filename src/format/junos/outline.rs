//! Which statements of a configuration are about a unit, and which are about something else.

use std::collections::BTreeSet;

use super::edit::{Edit, Editor};
use super::levels::{FAMILIES, OF_FIREWALL, OF_INET, OF_JUNOS, OF_POLICY_OPTIONS, TOP};
use super::terminal::SEVERAL_DEVICES;
use super::text;
use super::tree::Tree;
use crate::format::read::error::ReadError;
use crate::limits::{Limit, Limits};

/// The statements that are looked for.
pub(super) struct WantedFilter<'k, 'a> {
    pub filters: &'k [String],
    pub lists: BTreeSet<&'a str>,
}

/// The wanted statements of a text.
pub(super) struct Outline<'k, 'a> {
    pub tree: Tree<'a>,
    /// True if something is in it that only a configuration of Junos has.
    pub is_junos: bool,
    wanted: WantedFilter<'k, 'a>,
    statements: usize,
    limits: Limits,
    /// The release and the name of the device, as far as they have been there.
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
            wanted,
            statements: 0,
            limits,
            identity: [None; 2],
        };
        text::read(text, limits, &mut outline)?;
        Ok(outline)
    }

    /// The subject of a path.
    fn about<'p>(&self, path: &'p [&'a str]) -> Result<About<'p, 'a>, String> {
        match *path {
            ["firewall", ref rest @ ..] => self.firewall(path, rest),
            ["policy-options", ref rest @ ..] => self.policy_options(path, rest),
            ["groups"] | ["groups", _] => Ok(About::Above),
            ["groups", _, "firewall" | "policy-options", ..] => Ok(About::Unit(&path[..3])),
            // A wildcard, or a word that Junos may read as another one.
            ["groups", _, word, ..] if word.starts_with('<') || word.contains('\\') => {
                Ok(About::Unit(&path[..3]))
            }
            ["apply-groups", ..] => Ok(About::Unit(path)),
            ["filter" | "term" | "from" | "then" | "inet", ..] => Err(format!(
                "it is not told what '{}' is in; expected what show configuration firewall and show \
                 configuration policy-options print, or '| display set'",
                path[0]
            )),
            // Of the models that are not Juniper's own.
            [first, ..] if first.starts_with("openconfig-") || OF_JUNOS.contains(&first) => {
                Ok(About::Other)
            }
            [first, ..] => known(first, TOP, "[edit]"),
            [] => Ok(About::Other),
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
        if let ["groups", _, _, ..] = path {
            // Which groups there are, whatever they are about.
            self.tree.set(&path[..2], at);
        }
        match self.about(path)? {
            About::Other => {}
            About::Above if matches!(path, ["firewall", .., "filter"]) => {
                return Err("it ends where the name of a filter is expected".to_owned());
            }
            About::Above => self.tree.set(path, at),
            About::Unit(part) => {
                refuse_escapes(part)?;
                self.statements += 1;
                self.limits.check(Limit::Rules, self.statements)?;
                self.tree.set(part, at);
            }
        }
        let steps = self.tree.len().saturating_mul(STEPS_OF_WORD);
        Ok(self.limits.check(Limit::Work, steps)?)
    }
}

impl<'a> Outline<'_, 'a> {
    /// Refuses a second release, or another name of the device.
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

const IGNORED: &str = "by the comment above it, Junos ignores this statement, so what the filter does is not known; \
                       load a filter without it";

impl<'a> Editor<'a> for Outline<'_, 'a> {
    fn edit(&mut self, edit: Edit, path: &[&'a str], at: u32) -> Result<(), String> {
        if edit == Edit::Set {
            return self.set(path, at);
        }
        let about = self.about(path)?;
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
                // It may be told before what is in it.
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
            Err("what it is about has not been set before".to_owned())
        }
    }
}

/// The steps of the limit of work that a word of the tree takes, because it is kept until all are read.
const STEPS_OF_WORD: usize = 60;

/// The subject of a statement.
enum About<'p, 'a> {
    /// A unit, in these words.
    Unit(&'p [&'a str]),
    /// A level that a unit may be in.
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
            "'{word}' is not known at {above}, so it may be of the unit; expected what Junos prints"
        ))
    }
}

/// Refuses a word that Junos may read as another one.
fn refuse_escapes(path: &[&str]) -> Result<(), String> {
    let escape = path.iter().find(|word| word.contains('\\'));
    escape.map_or(Ok(()), |word| Err(escaped(word)))
}

fn escaped(name: &str) -> String {
    format!(
        "'{name}' has a backslash, which Junos prints in no filter and no prefix list; expected the word \
         without it"
    )
}

pub(super) fn inherits(word: &str) -> String {
    format!(
        "'{word}' takes statements from elsewhere; give what show configuration firewall | display \
         inheritance and the same of policy-options print"
    )
}
