//! Conditions on TCP flags.
//!
//! Junos OS Routing Policies, Firewall Filters, and Traffic Policers User Guide, "Firewall Filter
//! Match Conditions Based on Bit-Field Values".

use crate::limits::{Limit, Limits};
use crate::packets::{Condition, Flags};

/// A set of combinations of the six flags. Bit `n` stands for combination `n`.
type Combinations = u64;

/// The bits of the flags in a TCP header.
const NAMES: [(&str, u8); 6] = [
    ("fin", 0x01),
    ("syn", 0x02),
    ("rst", 0x04),
    ("push", 0x08),
    ("ack", 0x10),
    ("urgent", 0x20),
];

/// The four flags that [`Flags`] represents, as bits of a TCP header and of [`Flags`].
const KNOWN: [(u8, u8); 4] = [
    (0x01, Flags::FIN),
    (0x02, Flags::SYN),
    (0x04, Flags::RST),
    (0x10, Flags::ACK),
];

/// Parses an expression such as `syn & !ack`. The condition is unknown if the expression also depends
/// on flags that [`Flags`] does not represent.
pub(super) fn flags(text: &str, limits: Limits) -> Result<(Flags, Condition), String> {
    let mut expression = Expression {
        rest: text.trim_ascii(),
        depth: 0,
        limits,
    };
    let combinations = expression.any()?;
    if expression.rest.is_empty() {
        Ok(represented(combinations))
    } else {
        Err(format!("unexpected '{}' in the flags", expression.rest))
    }
}

fn represented(combinations: Combinations) -> (Flags, Condition) {
    let mut none = Flags::ALL;
    let mut condition = Condition::True;
    for known in 0..16 {
        let header = KNOWN
            .iter()
            .filter(|(_, own)| known & own != 0)
            .fold(0, |header, (bit, _)| header | bit);
        let others = [0, 0x08, 0x20, 0x28];
        let holds = others.map(|other: u8| combinations >> (header | other) & 1 == 1);
        if holds.contains(&true) {
            none = none.and(Flags::masked(0x0f, known).not());
            condition &= Condition::true_if(!holds.contains(&false));
        }
    }
    (none.not(), condition)
}

/// The rest of an expression.
struct Expression<'a> {
    rest: &'a str,
    depth: usize,
    limits: Limits,
}

impl Expression<'_> {
    /// Reads `a | b` or `a, b`.
    fn any(&mut self) -> Result<Combinations, String> {
        let mut all = self.every()?;
        while self.sign(&['|', ',']) {
            all |= self.every()?;
        }
        Ok(all)
    }

    /// Reads `a & b` or `a + b`.
    fn every(&mut self) -> Result<Combinations, String> {
        let mut all = self.one()?;
        while self.sign(&['&', '+']) {
            all &= self.one()?;
        }
        Ok(all)
    }

    /// Reads a flag, an expression after `!`, or an expression in parentheses.
    fn one(&mut self) -> Result<Combinations, String> {
        let mut negated = false;
        while self.sign(&['!']) {
            negated = !negated;
        }
        let one = if self.sign(&['(']) {
            self.depth += 1;
            self.limits.check(Limit::Depth, self.depth)?;
            let inner = self.any()?;
            self.depth -= 1;
            if !self.sign(&[')']) {
                return Err("expected ')' in the flags".to_owned());
            }
            inner
        } else {
            self.flag()?
        };
        Ok(if negated { !one } else { one })
    }

    fn sign(&mut self, signs: &[char]) -> bool {
        let after = self.rest.strip_prefix(signs);
        self.rest = after.map_or(self.rest, str::trim_ascii_start);
        after.is_some()
    }

    fn flag(&mut self) -> Result<Combinations, String> {
        let of_word = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let end = self.rest.find(|c| !of_word(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_ascii_start();
        match word {
            "tcp-established" => Ok(with(0x10) | with(0x04)),
            "tcp-initial" => Ok(with(0x02) & !with(0x10)),
            _ => {
                let named = NAMES.iter().find(|(name, _)| *name == word);
                let mask = named.map(|(_, bit)| *bit).or_else(|| number(word));
                mask.map(with)
                    .ok_or_else(|| format!("expected a TCP flag, not '{word}'"))
            }
        }
    }
}

/// Parses a number. All of its bits must be set.
fn number(word: &str) -> Option<u8> {
    let parsed = match word.strip_prefix("0x") {
        Some(digits) => u8::from_str_radix(digits, 16),
        None => word.parse(),
    };
    parsed.ok().filter(|mask| (1..64).contains(mask))
}

/// Returns the combinations with all bits of a mask.
fn with(mask: u8) -> Combinations {
    (0..64)
        .filter(|combination| combination & mask == mask)
        .fold(0, |all, combination| all | 1 << combination)
}
