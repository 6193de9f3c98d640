//! The query for the units that a parser must read.

use crate::firewall::DeployedUnit;
use crate::format::unit::Unit;
use crate::format::unit_name::UnitName;
use crate::limits::Limits;
use crate::policy::Direction;
use crate::read_error::ReadError;

/// A query for units in an input.
#[derive(Clone, Copy, Debug)]
pub struct UnitQuery<'a> {
    /// The name and table of the units.
    pub unit: &'a Unit,
    /// The selected directions; at least one.
    pub directions: &'a [Direction],
    /// The limits on the cost of reading.
    pub limits: Limits,
}

impl UnitQuery<'_> {
    /// Returns the names of the units to look for, by direction.
    ///
    /// This is for formats in which a load replaces both directions. The direction that is not selected must then be
    /// empty. A ruleset of the user's own has one direction, and exactly the given name.
    pub(in crate::format) fn names(
        &self,
        spell: impl Fn(Direction) -> String,
        exists: impl Fn(&str) -> bool,
    ) -> Vec<(Direction, String)> {
        let both = [Direction::In, Direction::Out].map(|direction| (direction, spell(direction)));
        let exact = self.unit.name.to_string();
        let ours_exists = || both.iter().any(|(_, name)| exists(name));
        match self.directions {
            [only] if exists(&exact) && self.exact_name_wins(ours_exists) => vec![(*only, exact)],
            _ => both.into(),
        }
    }

    /// Leaves out the direction that is not selected, if the text shows only the chain of the selected one.
    /// `iptables -S CHAIN` and `nft list chain` print such texts.
    pub(in crate::format) fn without_unseen(
        &self,
        mut names: Vec<(Direction, String)>,
        mut shown: impl Iterator<Item = impl AsRef<str>>,
    ) -> Vec<(Direction, String)> {
        if let ([selected], Some(only), None) = (self.directions, shown.next(), shown.next()) {
            if names.contains(&(*selected, only.as_ref().to_owned())) {
                names.retain(|(direction, _)| direction == selected);
            }
        }
        names
    }

    /// Like [`UnitQuery::names`], for formats that only compare the selected directions. Returns the name
    /// for each direction. For a single direction, also returns the exact name.
    pub(in crate::format) fn candidates(&self, spell: impl Fn(Direction) -> String) -> Vec<String> {
        let mut names: Vec<String> = self.directions.iter().map(|way| spell(*way)).collect();
        if names.len() == 1 {
            names.push(self.unit.name.to_string());
        }
        names
    }

    /// Returns the given name, if it may be the exact name of a unit.
    pub(in crate::format) fn given_name(&self) -> Option<String> {
        let name = &self.unit.name;
        let is_given = self.directions.len() == 1 && *name != UnitName::default();
        is_given.then(|| name.to_string())
    }

    /// True if the query means the user's own unit, which is the last of the [`UnitQuery::candidates`]. `exists` gets
    /// the index of a candidate.
    pub(in crate::format) fn is_users_own(&self, exists: impl Fn(usize) -> bool) -> bool {
        self.directions.len() == 1 && exists(1) && self.exact_name_wins(|| exists(0))
    }

    /// True if a unit with exactly the given name takes precedence over one with a derived name. This is
    /// always so if the user gave a name.
    fn exact_name_wins(&self, ours_exists: impl FnOnce() -> bool) -> bool {
        self.unit.name != UnitName::default() || !ours_exists()
    }
}

/// The result of a parser: the wanted units, or all errors.
pub type ReadResult = Result<Vec<DeployedUnit>, Vec<ReadError>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_users_own_unit_has_one_direction_and_its_exact_name() {
        let names = |name: &str, directions: &[Direction], there: &[&str]| {
            let unit = Unit {
                name: UnitName::deployed(name).unwrap(),
                ..Unit::default()
            };
            let wanted = UnitQuery {
                unit: &unit,
                directions,
                limits: Limits::default(),
            };
            let names = wanted.names(|way| way.to_string(), |name| there.contains(&name));
            let names: Vec<String> = names.into_iter().map(|(_, name)| name).collect();
            names.join(" ")
        };
        let one = [Direction::Out];
        let both = [Direction::In, Direction::Out];
        let default = UnitName::default().to_string();
        assert_eq!(names(&default, &one, &["twilio-sip"]), "twilio-sip");
        assert_eq!(names(&default, &one, &[]), "in out");
        assert_eq!(names(&default, &one, &["in"]), "in out");
        assert_eq!(names(&default, &one, &["twilio-sip", "in"]), "in out");
        assert_eq!(names(&default, &both, &["twilio-sip"]), "in out");
        // The user gave a name.
        assert_eq!(names("own", &one, &["own"]), "own");
        assert_eq!(names("own", &one, &["in", "own", "out"]), "own");
        assert_eq!(names("own", &one, &["in", "out"]), "in out");
        assert_eq!(names("own", &both, &["in", "own", "out"]), "in out");
    }
}
