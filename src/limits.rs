//! Limits on the cost of an input, above which it is refused.
//!
//! Texts that a firewall prints or Twilio publishes are far below each limit; a text above is a mistake
//! or an attack. An input within all of them takes about a second and 256 MB at most.
//!
//! `check` and `scan` work at several files at once, one for each processor. Only one of these may have
//! more than 4 MiB ([`crate::input::text_in_turn`]); each of the others takes 100 MB at most.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::names::{did_you_mean, normalize_name};

/// Something that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Bytes of a firewall's listing, of a text that is scanned, or of a list of addresses.
    Input,
    /// Bytes of a dataset, a published page or a template.
    List,
    /// Rules of a unit, with what jumps and lists multiply them to.
    Rules,
    /// Sets of packets that one rule, or the difference of a unit, is cut into.
    Boxes,
    /// Addresses to explain, or in a text that is scanned, if any of those is Twilio's.
    Addresses,
    /// Chains or groups that refer to one another.
    Depth,
    /// How many times a comparison looks at a rule, a parser at a word, or `scan` at a word, a published
    /// network or a spelling.
    Work,
    /// Bytes of a report, or of the text that a user's template makes.
    Output,
}

/// Each limit: its name, its bound by default, and the highest that it can be set to.
///
/// Places in a text and numbers of rules are kept in 32 bits; what is nested is read by recursion.
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

/// The bound of every limit.
#[derive(Clone, Copy, Debug)]
pub struct Limits([u32; TABLE.len()]);

impl Default for Limits {
    fn default() -> Self {
        Limits(TABLE.map(|(_, _, bound, _)| bound))
    }
}

impl Limits {
    /// These, but for the given ones.
    #[must_use]
    pub fn with(mut self, bounds: &[Bound]) -> Limits {
        for Bound { limit, max } in bounds {
            self.0[*limit as usize] = *max;
        }
        self
    }

    /// The most that a limit allows.
    pub fn max(self, limit: Limit) -> usize {
        // The same number, wherever addresses have 32 bits or more.
        self.0[limit as usize].try_into().unwrap_or(usize::MAX)
    }

    /// Refuses a count above a limit.
    pub fn check(self, limit: Limit, count: usize) -> Result<(), LimitExceeded> {
        if count > self.max(limit) {
            Err(self.exceeded(limit))
        } else {
            Ok(())
        }
    }

    /// The error of a count above a limit.
    pub fn exceeded(self, limit: Limit) -> LimitExceeded {
        LimitExceeded {
            limit,
            max: self.0[limit as usize],
        }
    }
}

/// An input costs more than a limit allows.
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
            Limit::Rules => write!(
                f,
                "it comes to more than {max} rules, with what jumps and lists multiply"
            ),
            Limit::Boxes => write!(
                f,
                "it comes to more than {max} combinations of addresses and ports, in a rule or in what differs"
            ),
            Limit::Addresses => write!(f, "it has more than {max} addresses to be judged"),
            Limit::Depth => write!(f, "it is nested more than {max} deep"),
            Limit::Output => write!(f, "the output has more than {max} bytes"),
            Limit::Work => write!(f, "it takes more than {max} steps to work out"),
        }?;
        write!(f, "; --limit {}=NUMBER allows more", limit.name())
    }
}

/// For errors that are texts.
impl From<LimitExceeded> for String {
    fn from(exceeded: LimitExceeded) -> Self {
        exceeded.to_string()
    }
}

/// A limit set by the user, as in `rules=1000000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    limit: Limit,
    max: u32,
}

/// Why a text sets no limit.
#[derive(Debug, PartialEq, Eq, Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum BoundError {
    #[error("'{0}' is not a limit; write NAME=NUMBER, as in {example}=1000000", example = Limit::Rules.name())]
    Shape(String),
    #[error("'{name}' is no limit{suggestion}; use one of {}", names().join(", "))]
    Unknown { name: String, suggestion: String },
    #[error("'{text}' is not a number from 1 to {highest}; K, M and G may follow it")]
    Number { text: String, highest: u32 },
}

/// The names of the limits.
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

/// Digits, and perhaps a unit: K is 1024.
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
    fn the_help_names_every_limit_and_its_bound() {
        let mut command = crate::cli::command();
        let help = command.render_long_help().to_string().replace('\n', " ");
        for (_, name, bound, _) in TABLE {
            let short = (bound % (1 << 20) == 0).then(|| format!("{}M", bound >> 20));
            let told = format!("\"{name}\" ({})", short.unwrap_or(bound.to_string()));
            assert!(help.contains(&told), "{told}: {help}");
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
    fn a_bound_is_a_name_and_a_number() {
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
                "'rule' is no limit (did you mean rules?); use one of input, list, rules, boxes, addresses, depth, work, output",
            ),
            (
                "depth=1001",
                "'1001' is not a number from 1 to 1000; K, M and G may follow it",
            ),
            ("rules=0", "'0' is not a number from 1 to 4294967295"),
            ("rules=", "'' is not a number"),
            ("rules=+5", "'+5' is not a number"),
            ("rules=K", "'K' is not a number"),
            ("rules=4G", "'4G' is not a number"),
            ("rules=5T", "'5T' is not a number"),
        ] {
            let told = text.parse::<Bound>().unwrap_err().to_string();
            assert!(told.starts_with(problem), "{text}: {told}");
        }
    }

    #[test]
    fn what_is_above_a_limit_is_refused_by_its_name() {
        let limits = Limits::default().with(&["rules=7".parse().unwrap()]);
        assert_eq!(limits.check(Limit::Rules, 7), Ok(()));
        let told = limits.check(Limit::Rules, 8).unwrap_err().to_string();
        assert_eq!(
            told,
            "it comes to more than 7 rules, with what jumps and lists multiply; \
             --limit rules=NUMBER allows more"
        );
    }
}
