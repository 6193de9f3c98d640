//! The filter of a text: its chains, and the address lists that their rules name.

use super::address_lists::AddressLists;
use super::script::Script;

/// Chains that packets come to by themselves.
pub(super) const BUILT_IN: [&str; 3] = ["forward", "input", "output"];

/// The filter of a text.
pub(super) struct Filter<'a> {
    pub script: &'a Script<'a>,
    /// The built-in chain that is asked for and has no rules.
    pub empty: Option<&'static str>,
    pub lists: AddressLists<'a>,
}

impl<'a> Filter<'a> {
    /// A chain of the user's own, that rules may jump to.
    pub fn own_chain(&self, name: &str) -> Result<&'a str, String> {
        if BUILT_IN.contains(&name) {
            return Err(format!(
                "expected a chain of your own after 'jump-target', not {name}"
            ));
        }
        if ["ppp", "hotspot", "pre-hs-input"].contains(&name) || name.starts_with("hs-") {
            return Err(format!(
                "RouterOS itself adds rules to the chain {name} that no export shows; jump to a chain of your own"
            ));
        }
        let known = self.script.chains.get_key_value(name);
        known.map(|(name, _)| name.as_ref()).ok_or_else(|| {
            format!(
                "chain {name} has no rule in the text, so what it does is not known; give all of \
                 the filter"
            )
        })
    }
}
