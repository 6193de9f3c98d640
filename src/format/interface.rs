//! The interface of a format: the constants of a firewall's language, how a policy is written in it,
//! and how what is deployed is read.

use minijinja::Value;

use super::error::FormatError;
use super::read::query::{ReadResult, UnitQuery};
use super::unit::Unit;
use crate::firewall::DeployedUnit;
use crate::policy::{Direction, Granularity, Policy, Rule};

/// The constants of a format.
#[derive(Debug)]
pub struct FormatInfo {
    /// The name that the user writes after `--format`.
    pub name: &'static str,
    /// Other names that people try.
    pub aliases: &'static [&'static str],
    /// One line on the firewall and the unit that the output is for.
    pub summary: &'static str,
    /// Sentences on how an output comes into force, what happens to the old one, and what the format
    /// cannot express, for documents.
    pub documentation: &'static str,
    /// File name and text of its template.
    pub template: (&'static str, &'static str),
    /// True if the firewall keeps no state, so that it needs the rules of TCP's way back.
    pub is_stateless: bool,
    /// True if the name that the user gives is a part of the output.
    pub takes_name: bool,
    /// True if the unit can be in a table of a name that the user gives.
    pub takes_table: bool,
    /// By what it tells the packets of a rule from others.
    pub granularity: Granularity,
}

/// One firewall's language.
pub trait Format: Sync {
    /// Its constants.
    fn info(&self) -> &'static FormatInfo;

    /// The command that loads the output; `FILE` stands for it.
    fn load_command(&self, unit: &Unit) -> String;

    /// The part of a policy that an output can express, if the user may have meant that alone;
    /// `None` is all of it. Everything else is refused.
    fn supported_part(
        &self,
        _policy: &Policy,
        _unit: &Unit,
    ) -> Result<Option<Policy>, FormatError> {
        Ok(None)
    }

    /// The context of the template, in finished strings, exactly for the policy that
    /// [`Format::supported_part`] left; a name that the firewall does not take is refused.
    fn template_context(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError>;

    /// Notes on this output for the user, a line each.
    fn notices(&self, _policy: &Policy) -> Vec<String> {
        Vec::new()
    }

    /// True if a line, without the space around it, is typical of this language and of no other one.
    fn is_typical_line(&self, _line: &str) -> bool {
        false
    }

    /// The keys of a JSON text that are typical of this format.
    fn typical_keys(&self) -> &'static [&'static str] {
        &[]
    }

    /// Its parser; `None` where `check` reads nothing.
    fn parser(&self) -> Option<&dyn Parser> {
        None
    }
}

/// What a firewall prints of its rules.
#[derive(Debug)]
pub struct Listing {
    /// The command that prints it.
    pub command: &'static str,
    /// The text that it prints if there are no rules.
    pub without_rules: &'static str,
}

/// Reads what is deployed in one firewall's language.
pub trait Parser: Format {
    /// Parses a text that the firewall or this program printed, to what is deployed: each wanted unit,
    /// exactly; or everything that is not understood. A unit that is not there lets nothing through.
    fn parse(&self, text: &str, wanted: UnitQuery) -> ReadResult;

    /// What the firewall prints.
    fn listing(&self) -> Listing;

    /// The rules of a policy that a unit is to let through: all of its direction, unless it is one
    /// of several lists that share it.
    fn expected<'a>(&self, policy: &'a Policy, unit: &DeployedUnit) -> Vec<&'a Rule> {
        needed_rules(self.info(), policy, unit.direction)
    }

    /// The commands that repair a drift that was found in `text`, for a firewall that cannot replace
    /// a unit; `None` where loading the whole unit does.
    fn stepwise_repair(
        &self,
        _policy: &Policy,
        _text: &str,
        _wanted: UnitQuery,
    ) -> Option<Result<String, FormatError>> {
        None
    }
}

/// The rules of a policy that a format needs in a direction.
pub(super) fn needed_rules<'a>(
    info: &FormatInfo,
    policy: &'a Policy,
    direction: Direction,
) -> Vec<&'a Rule> {
    if info.is_stateless {
        policy.stateless(direction).collect()
    } else {
        policy.stateful(direction).collect()
    }
}
