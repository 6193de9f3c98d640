//! The options that only some formats use.

use std::fmt;

/// An option for the unit that an output creates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputOption {
    Name,
    Table,
    Separator,
    Quote,
    NoHeader,
}

impl fmt::Display for OutputOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            OutputOption::Name => "--name",
            OutputOption::Table => "--table",
            OutputOption::Separator => "--separator",
            OutputOption::Quote => "--quote",
            OutputOption::NoHeader => "--no-header",
        })
    }
}
