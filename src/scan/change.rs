use ipnet::Ipv4Net;

/// A fix of a finding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fix {
    /// In the order of the text.
    pub changes: Vec<Change>,
    /// The networks that are written instead; empty if the list has all that it needs.
    pub written: Vec<Ipv4Net>,
    /// The networks that the list needs instead of the addresses.
    pub wanted: Vec<Ipv4Net>,
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
