//! Edits of single statements of a configuration.

/// A change to the statement with a path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Edit {
    Set,
    Delete,
    Deactivate,
    Activate,
    /// Marks a statement that Junos has but ignores.
    Ignore,
}

/// Receives edits. The path is the words of a statement, `at` is its place. Returns what is wrong.
pub(super) trait Editor<'a> {
    fn edit(&mut self, edit: Edit, path: &[&'a str], at: u32) -> Result<(), String>;
}
