//! The filter of a text: its chains, and the address lists that their rules refer to.

use super::address_lists::AddressLists;
use super::script::Script;

/// Chains that the router itself sends packets to.
pub(super) const BUILT_IN: [&str; 3] = ["forward", "input", "output"];

pub(super) struct Filter<'a> {
    pub script: &'a Script<'a>,
    /// The wanted built-in chain, if it has no rules.
    pub empty: Option<&'static str>,
    pub lists: AddressLists<'a>,
}

impl<'a> Filter<'a> {
    /// Returns a user-defined chain, as the target of a jump.
    pub fn own_chain(&self, name: &str) -> Result<&'a str, String> {
        if BUILT_IN.contains(&name) {
            return Err(format!(
                "expected a user-defined chain after 'jump-target', not '{name}'"
            ));
        }
        if ["ppp", "hotspot", "pre-hs-input"].contains(&name) || name.starts_with("hs-") {
            return Err(format!(
                "RouterOS adds rules to chain '{name}' that no export shows; jump to a user-defined chain"
            ));
        }
        let known = self.script.chains.get_key_value(name);
        known.map(|(name, _)| name.as_ref()).ok_or_else(|| {
            format!(
                "chain '{name}' has no rules in the input, so its effect is unknown; provide the complete filter"
            )
        })
    }
}
