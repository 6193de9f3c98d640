//! Reads the chains of a filter as steps.

use super::address_lists::{AddressLists, BYTES_OF_A_STEP};
use super::filter::{BUILT_IN, Filter};
use super::rule;
use super::script::Script;
use crate::firewall::{BaseChain, Chains, RuleBranch, RuleText, units};
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::limits::Limits;
use crate::read_error::ReadError;

pub(super) fn parse(text: &str, wanted: UnitQuery) -> ReadResult {
    let script = Script::read(text, wanted.limits)?;
    let verbatim = wanted.unit.name.to_string();
    let built_in = BUILT_IN.into_iter().find(|chain| *chain == verbatim);
    let filter = Filter {
        lists: AddressLists::new(&script, wanted.unit),
        script: &script,
        empty: built_in.filter(|chain| !script.chains.contains_key(*chain)),
    };
    let unit = wanted.unit.name.lower_with_hyphens();
    let names = wanted.names(
        |direction| format!("{unit}-{direction}"),
        |name| script.chains.contains_key(name) || filter.empty == Some(name),
    );
    units(
        &filter,
        names,
        wanted.given_name().as_deref(),
        wanted.limits,
    )
}

impl<'a> Chains<'a> for Filter<'a> {
    fn place(&self) -> String {
        "/ip firewall filter".to_owned()
    }

    fn takes_ipv6(&self) -> bool {
        false
    }

    fn names(&self) -> Box<dyn Iterator<Item = &'a str> + '_> {
        let names = self.script.chains.keys().map(AsRef::as_ref);
        Box::new(names.chain(self.empty))
    }

    /// A built-in chain accepts packets that match none of its rules (RouterOS documentation, "Common
    /// Firewall Matchers and Actions").
    fn policy(&self, chain: &str) -> Result<Option<(bool, u32)>, ReadError> {
        let at = self.rules(chain).and_then(|rules| rules.last());
        let at = at.map_or(0, |rule| rule.at);
        Ok(BUILT_IN.contains(&chain).then_some((true, at)))
    }

    fn base_chains(&self) -> Vec<BaseChain<'a>> {
        let with_rules = BUILT_IN.iter().filter_map(|name| {
            let (name, _) = self.script.chains.get_key_value(*name)?;
            Some(BaseChain::of_hook(name, name))
        });
        with_rules.collect()
    }

    fn rules(&self, chain: &str) -> Option<&[RuleText<'a>]> {
        self.script.chains.get(chain).map(|rules| &rules[..])
    }

    fn read(
        &self,
        rule: RuleText<'a>,
        limits: Limits,
        branches: &mut Vec<RuleBranch<'a>>,
    ) -> Result<(), ReadError> {
        // A rule is read again for each jump to its chain.
        let length = rule.text.len() / BYTES_OF_A_STEP;
        let fits = self.lists.work(length, limits);
        fits.map_err(|exceeded| ReadError::new(rule.at, exceeded))?;
        rule::read(rule, self, limits, branches)
    }
}
