//! Errors in a text, and their places.

use std::borrow::Cow;
use std::fmt;

use crate::limits::LimitExceeded;
use crate::terminal::shortened;

/// Something in a text that is not understood, or that no set of packets says exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// The place in bytes; `None` until the caller that knows it adds it.
    place: Option<u32>,
    /// The keys and numbers that lead to a value of a JSON text.
    path: String,
    /// The problem, and what was expected.
    problem: String,
}

impl ReadError {
    /// Something wrong at a place.
    pub fn new(at: u32, problem: impl fmt::Display) -> Self {
        ReadError {
            place: Some(at),
            ..problem.to_string().into()
        }
    }

    /// Its place in bytes; see [`super::Lines`] and [`super::excerpt`].
    pub fn at(&self) -> u32 {
        self.place.unwrap_or(0)
    }

    /// The problem, and what was expected.
    pub fn problem(&self) -> String {
        if self.path.is_empty() {
            self.problem.clone()
        } else {
            format!("{}: {}", self.path, self.problem)
        }
    }

    /// The same with a longer path: a key before it, or a number in an array.
    #[must_use]
    pub(in crate::format) fn under(self, step: &str) -> Self {
        let dot = !self.path.is_empty() && !self.path.starts_with('[');
        ReadError {
            path: [&*shortened(step), if dot { "." } else { "" }, &self.path].concat(),
            ..self
        }
    }

    /// The same at another place.
    #[must_use]
    pub(in crate::format) fn moved_to(self, at: u32) -> Self {
        ReadError {
            place: Some(at),
            ..self
        }
    }

    /// The same at a place, unless it has one.
    #[must_use]
    pub(in crate::format) fn or_at(mut self, at: u32) -> Self {
        self.place.get_or_insert(at);
        self
    }
}

impl From<ReadError> for Vec<ReadError> {
    fn from(error: ReadError) -> Self {
        vec![error]
    }
}

impl From<String> for ReadError {
    fn from(problem: String) -> Self {
        // Many errors may cite one long word of the text.
        let problem = match shortened(&problem) {
            Cow::Owned(short) => short,
            Cow::Borrowed(_) => problem,
        };
        ReadError {
            place: None,
            path: String::new(),
            problem,
        }
    }
}

impl From<&str> for ReadError {
    fn from(problem: &str) -> Self {
        problem.to_owned().into()
    }
}

impl From<LimitExceeded> for ReadError {
    fn from(exceeded: LimitExceeded) -> Self {
        exceeded.to_string().into()
    }
}

/// A parser stops after this many errors.
pub const MAX_ERRORS: usize = 20;

/// Collects what is wrong with a text, up to as much as is worth reporting.
#[derive(Debug, Default)]
pub(in crate::format) struct ErrorCollector {
    errors: Vec<ReadError>,
}

impl ErrorCollector {
    /// Adds an error.
    pub fn add(&mut self, error: ReadError) {
        self.extend([error]);
    }

    /// Adds errors.
    pub fn extend(&mut self, errors: impl IntoIterator<Item = ReadError>) {
        let room = MAX_ERRORS - self.errors.len();
        self.errors.extend(errors.into_iter().take(room));
    }

    /// True if there is no room for another error, so that reading on is of no use.
    pub fn is_full(&self) -> bool {
        self.errors.len() >= MAX_ERRORS
    }

    /// True if there is room for one more error at most.
    pub fn is_nearly_full(&self) -> bool {
        self.errors.len() + 1 >= MAX_ERRORS
    }

    /// The first error.
    pub fn first(&self) -> Option<&ReadError> {
        self.errors.first()
    }

    /// True if the same error is there already.
    pub fn contains(&self, error: &ReadError) -> bool {
        self.errors.contains(error)
    }

    /// True if there is no error.
    pub fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// The errors.
    pub fn into_errors(self) -> Vec<ReadError> {
        self.errors
    }

    /// The result, unless there are errors.
    pub fn finish<T>(self, made: T) -> Result<T, Vec<ReadError>> {
        if self.errors.is_empty() {
            Ok(made)
        } else {
            Err(self.errors)
        }
    }
}
