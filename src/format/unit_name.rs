//! Names of units, as users write them and as firewalls store them.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::policy::Direction;

/// A name that every format can represent: words of letters and digits, joined by hyphens or
/// underscores. The first character is a letter. Case is ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitName(String);

/// An error for a text that is not a valid [`UnitName`].
#[derive(Debug, Error, PartialEq, Eq)]
#[error(
    "'{0}' is not a name that every firewall accepts; use 1 to {MAX} letters and digits, starting with a \
     letter, with single hyphens or underscores between them, as in twilio-sip"
)]
pub struct UnitNameError(String);

/// An error for a text that is not a valid name of a deployed unit.
#[derive(Debug, Error, PartialEq, Eq)]
#[error(
    "'{0}' is not a valid name; use 1 to {DEPLOYED_MAX} letters, digits, spaces and ._-:/()#,@[]+=&;{{}}!$*"
)]
pub struct DeployedNameError(String);

const MAX: usize = 32;

const DEPLOYED_MAX: usize = 255;

impl UnitName {
    /// Checks the name of a deployed unit. In addition to the names that this program renders, this accepts
    /// names such as `101` and `sg-0a1b2c3d`, and any name of an AWS security group (EC2 API reference,
    /// `CreateSecurityGroup`).
    pub fn deployed(text: &str) -> Result<UnitName, DeployedNameError> {
        let known = |c: char| c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(c);
        if !text.is_empty() && text.len() <= DEPLOYED_MAX && text.chars().all(known) {
            Ok(UnitName(text.to_owned()))
        } else {
            Err(DeployedNameError(text.to_owned()))
        }
    }

    /// Returns a name such as `twilio_sip`.
    pub fn lower_with_underscores(&self) -> String {
        self.0.to_ascii_lowercase().replace('-', "_")
    }

    /// Returns a name such as `twilio-sip`.
    pub fn lower_with_hyphens(&self) -> String {
        self.0.to_ascii_lowercase().replace('_', "-")
    }

    /// Returns the names of the chains that this program creates, in the spelling of each format.
    pub fn chains(&self) -> Vec<(String, Direction)> {
        let both = [Direction::In, Direction::Out].into_iter();
        let names = both.flat_map(|direction| {
            let lower = format!("{}_{direction}", self.lower_with_underscores());
            [(self.upper(direction), direction), (lower, direction)]
        });
        names.collect()
    }

    /// Returns a name such as `TWILIO-SIP-IN`.
    pub fn upper(&self, direction: Direction) -> String {
        let name = format!("{}-{direction}", self.0.replace('_', "-"));
        name.to_ascii_uppercase()
    }
}

impl Default for UnitName {
    fn default() -> Self {
        UnitName("twilio-sip".to_owned())
    }
}

impl FromStr for UnitName {
    type Err = UnitNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric());
        let starts = text.starts_with(|c: char| c.is_ascii_alphabetic());
        if starts && text.len() <= MAX && text.split(['-', '_']).all(word) {
            Ok(UnitName(text.to_owned()))
        } else {
            Err(UnitNameError(text.to_owned()))
        }
    }
}

impl fmt::Display for UnitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_any_character_that_some_firewall_accepts() {
        let longest = "a".repeat(255);
        for name in ["101", "sg-0a1b2c3d", "My group (old) #2 {!$*}", &*longest] {
            let taken = UnitName::deployed(name).map(|name| name.to_string());
            assert_eq!(taken.as_deref(), Ok(name));
        }
        for name in ["", "é", "a%b", "a\nb", &*(longest.clone() + "a")] {
            assert_eq!(
                UnitName::deployed(name),
                Err(DeployedNameError(name.to_owned()))
            );
        }
    }
}
