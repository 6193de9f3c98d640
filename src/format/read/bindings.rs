//! The use of lists and filters by the interfaces of a router.

use crate::firewall::Hook;

/// The lists or filters that a configuration uses outside of their definitions.
pub(in crate::format) struct Bindings {
    /// Each name, and true if the configuration uses it.
    names: Vec<(String, bool)>,
    has_interfaces: bool,
    /// True if the input does not contain a part of the configuration that may use a name.
    hides_some: bool,
}

impl Bindings {
    pub fn new(names: &[String]) -> Self {
        Bindings {
            names: names.iter().map(|name| (name.clone(), false)).collect(),
            has_interfaces: false,
            hides_some: false,
        }
    }

    /// Notes that the configuration contains an interface.
    pub fn add_interface(&mut self) {
        self.has_interfaces = true;
    }

    /// Notes that other statements, which are not in the input, may use the names.
    pub fn hide_some(&mut self) {
        self.hides_some = true;
    }

    /// Notes the names among the words of a statement that is not part of a definition.
    pub fn add_words<'w>(&mut self, words: impl Iterator<Item = &'w str>) {
        for word in words {
            for (name, is_used) in &mut self.names {
                *is_used |= name == word;
            }
        }
    }

    /// Returns how packets get to the list or filter with this index. A configuration without interfaces,
    /// or with missing parts, does not show this.
    pub fn hook(&self, index: usize) -> Hook {
        match self.names.get(index) {
            Some((_, true)) => Hook::Attached,
            Some((name, false)) if self.has_interfaces && !self.hides_some => {
                Hook::Missing(format!("no interface uses {name}"))
            }
            _ => Hook::NotShown,
        }
    }
}
