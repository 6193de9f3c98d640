/// A fix of a finding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fix {
    /// In the order of the text.
    pub changes: Vec<Change>,
    /// The addresses that are written instead; empty if the list already has them.
    pub written: Vec<String>,
}

/// A change of a text, by lines and columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The line and the column of the first character that is replaced. Both start at 1.
    pub start: (usize, usize),
    /// The line and the column after the last one.
    pub end: (usize, usize),
    pub text: String,
}
