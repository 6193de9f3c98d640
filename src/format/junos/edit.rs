//! Edits of single statements of a configuration.

/// A change to the statement with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edit {
    Set,
    Delete,
    Deactivate,
    Activate,
    /// Marks a statement that is in the configuration, but that Junos ignores.
    Ignore,
}

/// Receives edits. `path` contains the words of a statement, and `at` is its place. The error is
/// the reason why the edit is refused.
pub(super) trait Editor<'a> {
    fn edit(&mut self, edit: Edit, path: &[&'a str], at: u32) -> Result<(), String>;
}
