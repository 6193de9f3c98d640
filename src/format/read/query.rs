//! Which units of a text a parser has to read.

use super::error::ReadError;
use crate::firewall::DeployedUnit;
use crate::format::unit::Unit;
use crate::format::unit_name::UnitName;
use crate::limits::Limits;
use crate::policy::Direction;

/// Which units of a text are to be read.
#[derive(Clone, Copy, Debug)]
pub struct UnitQuery<'a> {
    /// Their name, and their table.
    pub unit: &'a Unit,
    /// The directions that the user selected; at least one.
    pub directions: &'a [Direction],
    /// The limits on their cost.
    pub limits: Limits,
}

impl UnitQuery<'_> {
    /// The names of the units to look for in a text, by direction.
    ///
    /// Both directions of a unit are one thing where a load replaces both; so the one that was
    /// not selected must be empty. A user's own unit has exactly the name that the user gave, and
    /// one direction.
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

    /// Leaves out the unit of the direction that is not selected, if the text shows a single chain and
    /// thus says nothing about it: `iptables -S CHAIN` and `nft list chain` do so.
    pub(in crate::format) fn without_unseen(
        &self,
        mut names: Vec<(Direction, String)>,
        mut shown: impl Iterator<Item = impl AsRef<str>>,
    ) -> Vec<(Direction, String)> {
        if let ([selected], Some(only), None) = (self.directions, shown.next(), shown.next())
            && names.contains(&(*selected, only.as_ref().to_owned()))
        {
            names.retain(|(direction, _)| direction == selected);
        }
        names
    }

    /// As [`UnitQuery::names`], for formats of which only the selected directions are compared: the name
    /// for each direction, and after that of a single direction the exact name.
    pub(in crate::format) fn candidates(&self, spell: impl Fn(Direction) -> String) -> Vec<String> {
        let mut names: Vec<String> = self.directions.iter().map(|way| spell(*way)).collect();
        if names.len() == 1 {
            names.push(self.unit.name.to_string());
        }
        names
    }

    /// The name that the user gave, if a unit of exactly that name can be meant.
    pub(in crate::format) fn given_name(&self) -> Option<String> {
        let name = &self.unit.name;
        let is_given = self.directions.len() == 1 && *name != UnitName::default();
        is_given.then(|| name.to_string())
    }

    /// True if the last of the candidates is meant; `exists` takes their numbers.
    pub(in crate::format) fn is_users_own(&self, exists: impl Fn(usize) -> bool) -> bool {
        self.directions.len() == 1 && exists(1) && self.exact_name_wins(|| exists(0))
    }

    /// True if a unit of exactly the given name is preferred to one whose name was made of it:
    /// always, if the user gave a name.
    fn exact_name_wins(&self, ours_exists: impl FnOnce() -> bool) -> bool {
        self.unit.name != UnitName::default() || !ours_exists()
    }
}

/// The result of a format's parser: the wanted units, or all that it did not
/// understand.
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
        // A name that the user gave.
        assert_eq!(names("own", &one, &["own"]), "own");
        assert_eq!(names("own", &one, &["in", "own", "out"]), "own");
        assert_eq!(names("own", &one, &["in", "out"]), "in out");
        assert_eq!(names("own", &both, &["in", "own", "out"]), "in out");
    }
}
