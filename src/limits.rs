//! Limits on the cost of an input. An input above a limit is an error.
//!
//! Listings of real firewalls and pages by Twilio are far below each limit. A larger input is a
//! mistake or an attack. An input within all limits takes at most about a second and 256 MB.
//!
//! `check` and `scan` process several files in parallel, one per processor. Only one of them at a
//! time may be larger than 4 MiB ([`crate::input::text_in_turn`]); each of the others takes at most
//! 100 MB.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::names::{did_you_mean, normalize_name};

/// A countable cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Bytes of a firewall listing, a text to scan, or a list of addresses.
    Input,
    /// Bytes of a dataset, a bundle, a published page or a template.
    List,
    /// Rules of a unit, after expanding jumps and lists.
    Rules,
    /// Packet boxes of one rule, or of the difference of a unit.
    Boxes,
    /// Addresses to explain, or in a scanned text that contains a Twilio address.
    Addresses,
    /// Nesting of chains or groups that refer to each other.
    Depth,
    /// Steps of a computation. A step looks at a rule (comparison), at a word (parser), or at a
    /// word, a published network or a spelling (`scan`).
    Work,
    /// Bytes of a report, or of the text from a user's template.
    Output,
}

/// The limits: name, default, and maximum value.
///
/// Positions in a text and counts of rules must fit into 32 bits. The depth has a lower maximum
/// because the parsers are recursive.
const TABLE: [(Limit, &str, u32, u32); 8] = [
    (Limit::Input, "input", 32 << 20, u32::MAX),
    (Limit::List, "list", 2 << 20, u32::MAX),
    (Limit::Rules, "rules", 200_000, u32::MAX),
    (Limit::Boxes, "boxes", 200_000, u32::MAX),
    (Limit::Addresses, "addresses", 200_000, u32::MAX),
    (Limit::Depth, "depth", 64, 1_000),
    (Limit::Work, "work", 50_000_000, u32::MAX),
    (Limit::Output, "output", 64 << 20, u32::MAX),
];

impl Limit {
    fn name(self) -> &'static str {
        TABLE[self as usize].1
    }
}

/// The values of all limits.
#[derive(Clone, Copy, Debug)]
pub struct Limits([u32; TABLE.len()]);

impl Default for Limits {
    fn default() -> Self {
        Limits(TABLE.map(|(_, _, bound, _)| bound))
    }
}

impl Limits {
    /// Returns these limits with the given values replaced.
    #[must_use]
    pub fn with(mut self, bounds: &[Bound]) -> Limits {
        for Bound { limit, max } in bounds {
            self.0[*limit as usize] = *max;
        }
        self
    }

    /// Returns these limits with one of them divided, so that `parts` computations together stay
    /// within it.
    #[must_use]
    pub fn divided(mut self, limit: Limit, parts: u32) -> Limits {
        self.0[limit as usize] /= parts.max(1);
        self
    }

    /// Returns the value of a limit.
    pub fn max(self, limit: Limit) -> usize {
        // This does not change the number on systems with 32-bit addresses or more.
        self.0[limit as usize].try_into().unwrap_or(usize::MAX)
    }

    /// Returns an error if a count is above a limit.
    pub fn check(self, limit: Limit, count: usize) -> Result<(), LimitExceeded> {
        if count > self.max(limit) {
            Err(self.exceeded(limit))
        } else {
            Ok(())
        }
    }

    /// Returns the error for a count above a limit.
    pub fn exceeded(self, limit: Limit) -> LimitExceeded {
        LimitExceeded {
            limit,
            max: self.0[limit as usize],
        }
    }
}

/// An input exceeds a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub struct LimitExceeded {
    limit: Limit,
    max: u32,
}

impl fmt::Display for LimitExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LimitExceeded { limit, max } = self;
        match limit {
            Limit::Input | Limit::List => write!(f, "it has more than {max} bytes"),
            Limit::Rules => write!(f, "it expands to more than {max} rules"),
            Limit::Boxes => write!(
                f,
                "it expands to more than {max} combinations of addresses and ports"
            ),
            Limit::Addresses => write!(f, "it has more than {max} addresses to check"),
            Limit::Depth => write!(f, "it is nested more than {max} levels deep"),
            Limit::Output => write!(f, "the output has more than {max} bytes"),
            Limit::Work => write!(f, "it takes more than {max} steps to evaluate"),
        }?;
        write!(f, "; raise the limit with --limit {}=NUMBER", limit.name())
    }
}

/// For functions whose errors are strings.
impl From<LimitExceeded> for String {
    fn from(exceeded: LimitExceeded) -> Self {
        exceeded.to_string()
    }
}

/// A limit that the user set, as in `rules=1000000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    limit: Limit,
    max: u32,
}

/// The reason why a text does not set a limit.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum BoundError {
    #[error("'{0}' is not a limit; write NAME=NUMBER, as in {example}=1000000", example = Limit::Rules.name())]
    Shape(String),
    #[error("unknown limit '{name}'{suggestion}; use one of {}", names().join(", "))]
    Unknown { name: String, suggestion: String },
    #[error("'{text}' is not a number from 1 to {highest}; it may end in K, M or G")]
    Number { text: String, highest: u32 },
}

fn names() -> [&'static str; TABLE.len()] {
    TABLE.map(|(_, name, ..)| name)
}

impl FromStr for Bound {
    type Err = BoundError;

    fn from_str(text: &str) -> Result<Self, BoundError> {
        let (name, number) = text
            .split_once('=')
            .ok_or_else(|| BoundError::Shape(text.to_owned()))?;
        let known = TABLE
            .into_iter()
            .find(|(_, known, ..)| *known == normalize_name(name));
        let (limit, _, _, highest) = known.ok_or_else(|| BoundError::Unknown {
            name: name.to_owned(),
            suggestion: did_you_mean(name, names().into_iter()),
        })?;
        let max = count(number).filter(|max| (1..=highest).contains(max));
        let max = max.ok_or_else(|| BoundError::Number {
            text: number.to_owned(),
            highest,
        })?;
        Ok(Bound { limit, max })
    }
}

/// Parses digits with an optional unit. K is 1024.
fn count(text: &str) -> Option<u32> {
    let units = [('K', 10), ('M', 20), ('G', 30)];
    let with_unit = units.iter().find_map(|(unit, shift)| {
        let digits = text.strip_suffix([*unit, unit.to_ascii_lowercase()])?;
        Some((digits, *shift))
    });
    let (digits, shift) = with_unit.unwrap_or((text, 0));
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let number: u32 = digits.parse().ok().filter(|_| plain)?;
    number.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_every_limit_and_its_default() {
        let mut command = crate::cli::command();
        let help = command.render_long_help().to_string().replace('\n', " ");
        for (_, name, bound, _) in TABLE {
            let short = (bound % (1 << 20) == 0).then(|| format!("{}M", bound >> 20));
            let message = format!(" {name}={} ", short.unwrap_or(bound.to_string()));
            assert!(help.contains(&message), "{message}: {help}");
        }
    }

    #[test]
    fn the_table_is_in_the_order_of_the_limits() {
        for (at, (limit, _, bound, highest)) in TABLE.into_iter().enumerate() {
            assert_eq!(limit as usize, at);
            assert!(bound <= highest);
        }
    }

    #[test]
    fn a_limit_is_set_by_its_name_and_a_number() {
        let set = |text: &str| -> usize {
            let bound: Bound = text.parse().unwrap();
            Limits::default().with(&[bound]).max(bound.limit)
        };
        assert_eq!(set("rules=1"), 1);
        assert_eq!(set("input=4K"), 4096);
        assert_eq!(set("input=3G"), 3 << 30);
        assert_eq!(set("Rules=5k"), 5120);
        assert_eq!(set("work=4294967295"), 4_294_967_295);
        assert_eq!(set("depth=1000"), 1000);
        for (text, problem) in [
            (
                "rules",
                "'rules' is not a limit; write NAME=NUMBER, as in rules=1000000",
            ),
            (
                "rule=5",
                "unknown limit 'rule' (did you mean rules?); use one of input, list, rules, boxes, addresses, depth, work, output",
            ),
            (
                "depth=1001",
                "'1001' is not a number from 1 to 1000; it may end in K, M or G",
            ),
            ("rules=0", "'0' is not a number from 1 to 4294967295"),
            ("rules=", "'' is not a number"),
            ("rules=+5", "'+5' is not a number"),
            ("rules=K", "'K' is not a number"),
            ("rules=4G", "'4G' is not a number"),
            ("rules=5T", "'5T' is not a number"),
        ] {
            let message = text.parse::<Bound>().unwrap_err().to_string();
            assert!(message.starts_with(problem), "{text}: {message}");
        }
    }

    #[test]
    fn an_error_above_a_limit_names_the_limit() {
        let limits = Limits::default().with(&["rules=7".parse().unwrap()]);
        assert_eq!(limits.check(Limit::Rules, 7), Ok(()));
        let message = limits.check(Limit::Rules, 8).unwrap_err().to_string();
        assert_eq!(
            message,
            "it expands to more than 7 rules; \
             raise the limit with --limit rules=NUMBER"
        );
    }
}
