use std::fmt;

/// The reason why a page cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub struct PageError {
    /// The line number, starting at 1; `None` if something is missing from the page.
    pub line: Option<usize>,
    /// The message, without the line.
    pub problem: String,
}

impl PageError {
    pub(super) fn at(line: usize, problem: impl Into<String>) -> Self {
        PageError {
            line: Some(line),
            problem: problem.into(),
        }
    }

    pub(super) fn missing(problem: impl Into<String>) -> Self {
        PageError {
            line: None,
            problem: problem.into(),
        }
    }
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{line}: {}", self.problem),
            None => f.write_str(&self.problem),
        }
    }
}
