//! The interface of a format: its constants, its rendering, and its parser.

use minijinja::Value;

use super::error::FormatError;
use super::output_option::OutputOption;
use super::read::lines::excerpt;
use super::read::query::{ReadResult, UnitQuery};
use super::unit::Unit;
use crate::firewall::DeployedUnit;
use crate::policy::{Direction, Granularity, Policy, Rule};

#[derive(Debug)]
pub struct FormatInfo {
    /// The name for `--format`.
    pub name: &'static str,
    /// Other accepted names.
    pub aliases: &'static [&'static str],
    /// The firewall and the rendered unit, in one line.
    pub summary: &'static str,
    /// Sentences for `docs/formats.md`: how to load an output, what a load replaces, and what the format
    /// cannot express.
    pub documentation: &'static str,
    /// The file name and the text of the template.
    pub template: (&'static str, &'static str),
    /// True if the firewall is stateless and therefore needs rules for TCP return traffic.
    pub is_stateless: bool,
    /// The options that change the output. Each format refuses the others.
    pub options: &'static [OutputOption],
    /// The criteria by which the firewall distinguishes packets.
    pub granularity: Granularity,
}

impl FormatInfo {
    /// True if the unit has a name, which `--name` sets.
    pub fn has_name(&self) -> bool {
        self.options.contains(&OutputOption::Name)
    }
}

/// The language of a firewall.
pub trait Format: Sync {
    fn info(&self) -> &'static FormatInfo;

    /// Returns the command that loads the output, with `FILE` for its file name.
    fn load_command(&self, unit: &Unit) -> String;

    /// Returns the part of a policy that an output can express, or `None` for the whole policy. Returns an
    /// error if the format cannot express any part that the user may have meant.
    fn supported_part(
        &self,
        _policy: &Policy,
        _unit: &Unit,
    ) -> Result<Option<Policy>, FormatError> {
        Ok(None)
    }

    /// Returns the context of the template, for a policy that [`Format::supported_part`] returned. All
    /// values are finished strings. Returns an error if the firewall does not accept the name.
    fn template_context(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError>;

    /// Returns notes about the output, one per line.
    fn notices(&self, _policy: &Policy, _unit: &Unit) -> Vec<String> {
        Vec::new()
    }

    /// True if a line, without surrounding space, is typical of this language only.
    fn is_typical_line(&self, _line: &str) -> bool {
        false
    }

    /// Returns a name that formats share if one text, such as the configuration of a router, may contain the units of
    /// each of them.
    fn language(&self) -> &'static str {
        self.info().name
    }

    /// Returns JSON keys that are typical of this format.
    fn typical_keys(&self) -> &'static [&'static str] {
        &[]
    }

    /// Returns the parser, or `None` if `check` cannot read the format.
    fn parser(&self) -> Option<&dyn Parser> {
        None
    }
}

/// The output of a firewall's command that lists rules.
#[derive(Debug)]
pub struct Listing {
    /// The command.
    pub command: &'static str,
    /// Its output if there are no rules.
    pub without_rules: &'static str,
}

/// Reads deployed configuration in a firewall's language.
pub trait Parser: Format {
    /// Parses configuration that the firewall or this program printed. Returns the exact meaning of every wanted unit,
    /// or all errors. A unit that is missing in the input allows nothing.
    fn parse(&self, text: &str, wanted: UnitQuery) -> ReadResult;

    /// Returns the function that quotes an input at a byte offset, for messages and reports.
    fn excerpt(&self) -> fn(&str, u32) -> String {
        excerpt
    }

    /// Returns the command that lists the rules, and its output without rules.
    fn listing(&self) -> Listing;

    /// Returns the rules that a unit must contain. These are all rules of its direction, unless several
    /// units share the direction.
    fn expected<'a>(&self, policy: &'a Policy, unit: &DeployedUnit) -> Vec<&'a Rule> {
        needed_rules(self.info(), policy, unit.direction)
    }

    /// Returns the rest of the sentence "the rules are complete, ..." for units that are not hooked: the effect, and how
    /// to hook them.
    fn if_not_hooked(&self) -> &'static str {
        "but packets do not get to them; the comments at the start of a rendered file show the commands that hook the \
         rules"
    }

    /// True if a unit is compared with a selection. A format with a unit for each plane leaves out the units
    /// of planes that are not selected.
    fn is_selected(&self, _policy: &Policy, _unit: &DeployedUnit) -> bool {
        true
    }

    /// Returns commands that repair a drift found in `text`, if the firewall cannot replace a unit. Returns
    /// `None` if loading the whole unit repairs it.
    fn stepwise_repair(
        &self,
        _policy: &Policy,
        _text: &str,
        _wanted: UnitQuery,
    ) -> Option<Result<String, FormatError>> {
        None
    }
}

/// Returns the rules of a policy that a format needs for a direction.
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
