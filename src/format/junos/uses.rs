//! The statements that use the wanted filters, and whether they are in force.

use std::collections::HashMap;

use super::edit::Edit;
use crate::limits::{Limit, LimitExceeded, Limits};

/// The steps of [`Limit::Work`] for each statement with a [`Mark`], because it is kept in memory.
const STEPS_OF_MARK: usize = 200;

#[derive(Default)]
pub(super) struct Uses {
    /// The statements, each with the number of edits before it.
    statements: Vec<(String, usize)>,
    marks: HashMap<String, Mark>,
    edits: usize,
}

/// The last edits of a statement that may end its effect, as numbers of edits.
#[derive(Default)]
struct Mark {
    deleted: Option<usize>,
    /// The edit that made the statement inactive, unless it is active again.
    deactivated: Option<usize>,
}

impl Uses {
    /// Adds a statement that uses a wanted filter.
    pub fn add(&mut self, path: &[&str]) {
        self.edits += 1;
        self.statements.push((path.join(" "), self.edits));
    }

    /// Notes an edit of any statement.
    pub fn edit(&mut self, edit: Edit, path: &[&str], limits: Limits) -> Result<(), LimitExceeded> {
        self.edits += 1;
        let mark = self.marks.entry(path.join(" ")).or_default();
        match edit {
            Edit::Set => {}
            Edit::Delete => mark.deleted = Some(self.edits),
            Edit::Activate => mark.deactivated = None,
            Edit::Deactivate | Edit::Ignore => mark.deactivated = Some(self.edits),
        }
        let steps = self.marks.len().saturating_mul(STEPS_OF_MARK);
        limits.check(Limit::Work, steps)
    }

    /// Returns the statements that are in force.
    pub fn in_force(&self) -> impl Iterator<Item = &str> {
        let in_force = self
            .statements
            .iter()
            .filter(|(path, at)| self.is_in_force(path, *at));
        in_force.map(|(path, _)| path.as_str())
    }

    fn is_in_force(&self, path: &str, at: usize) -> bool {
        let ends = path.match_indices(' ').map(|(end, _)| end);
        let levels = ends.chain([path.len()]);
        // Deleting a statement also deletes the marks of the statements below it.
        let mut deleted = 0;
        for mark in levels.filter_map(|end| self.marks.get(&path[..end])) {
            deleted = deleted.max(mark.deleted.unwrap_or(0));
            if mark.deactivated.is_some_and(|at| at > deleted) {
                return false;
            }
        }
        at > deleted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_in_force_unless_it_or_a_level_above_is_inactive_or_deleted() {
        use Edit::{Activate, Deactivate, Delete, Set};
        let cases: [(&[(Edit, &str)], bool); 10] = [
            (&[(Set, "a b c")], true),
            (&[(Set, "a b c"), (Deactivate, "a")], false),
            (&[(Deactivate, "a b"), (Set, "a b c")], false),
            (
                &[(Set, "a b c"), (Deactivate, "a b"), (Activate, "a b")],
                true,
            ),
            (
                &[(Set, "a b c"), (Deactivate, "a b"), (Activate, "a")],
                false,
            ),
            (&[(Set, "a b c"), (Delete, "a b")], false),
            (&[(Delete, "a b"), (Set, "a b c")], true),
            (&[(Set, "a b c"), (Delete, "a b"), (Set, "a b c")], true),
            (&[(Deactivate, "a b"), (Delete, "a"), (Set, "a b c")], true),
            (&[(Set, "a b c"), (Delete, "a b d"), (Delete, "a bc")], true),
        ];
        for (edits, expected) in cases {
            let mut uses = Uses::default();
            for (edit, path) in edits {
                let path: Vec<&str> = path.split(' ').collect();
                match edit {
                    Set => uses.add(&path),
                    edit => uses.edit(*edit, &path, Limits::default()).unwrap(),
                }
            }
            assert_eq!(uses.in_force().next().is_some(), expected, "{edits:?}");
        }
    }
}
