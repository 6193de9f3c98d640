//! Edits of a configuration, a statement each.

/// A change to the statement of a path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Edit {
    Set,
    Delete,
    Deactivate,
    Activate,
    /// Junos has the statement and does not use it.
    Ignore,
}

/// Takes each edit with the words of its path and its place, or says what is wrong with it.
pub(super) trait Editor<'a> {
    fn edit(&mut self, edit: Edit, path: &[&'a str], at: u32) -> Result<(), String>;
}
