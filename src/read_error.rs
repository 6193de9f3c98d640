//! Errors in an input, with their places.

use std::borrow::Cow;
use std::fmt;

use crate::limits::LimitExceeded;
use crate::terminal::shortened;

/// A part of an input that is wrong or not supported, or that packet sets cannot represent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// The offset in bytes; `None` until a caller adds it.
    place: Option<u32>,
    /// The keys and indices of a JSON value.
    path: String,
    /// The problem and its solution.
    problem: String,
}

impl ReadError {
    /// Creates an error at an offset.
    pub fn new(at: u32, problem: impl fmt::Display) -> Self {
        ReadError {
            place: Some(at),
            ..problem.to_string().into()
        }
    }

    /// Returns the offset in bytes; see [`crate::format::read::Lines`] and [`crate::format::read::excerpt`].
    pub fn at(&self) -> u32 {
        self.place.unwrap_or(0)
    }

    /// Returns the problem, after the path of a JSON value.
    pub fn problem(&self) -> String {
        if self.path.is_empty() {
            self.problem.clone()
        } else {
            format!("{}: {}", self.path, self.problem)
        }
    }

    /// Adds a key or an index to the start of the path.
    #[must_use]
    pub(crate) fn under(self, step: &str) -> Self {
        let dot = !self.path.is_empty() && !self.path.starts_with('[');
        ReadError {
            path: [&*shortened(step), if dot { "." } else { "" }, &self.path].concat(),
            ..self
        }
    }

    /// Sets the place.
    #[must_use]
    pub(crate) fn moved_to(self, at: u32) -> Self {
        ReadError {
            place: Some(at),
            ..self
        }
    }

    /// Sets the place, unless the error already has one.
    #[must_use]
    pub(crate) fn or_at(mut self, at: u32) -> Self {
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
        // Many errors may quote the same long word.
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

/// Collects at most [`MAX_ERRORS`] errors.
#[derive(Debug, Default)]
pub(crate) struct ErrorCollector {
    errors: Vec<ReadError>,
}

impl ErrorCollector {
    pub fn add(&mut self, error: ReadError) {
        self.extend([error]);
    }

    pub fn extend(&mut self, errors: impl IntoIterator<Item = ReadError>) {
        let room = MAX_ERRORS - self.errors.len();
        self.errors.extend(errors.into_iter().take(room));
    }

    /// True if there is no room for another error.
    pub fn is_full(&self) -> bool {
        self.errors.len() >= MAX_ERRORS
    }

    /// True if there is room for at most one more error.
    pub fn is_nearly_full(&self) -> bool {
        self.errors.len() + 1 >= MAX_ERRORS
    }

    pub fn first(&self) -> Option<&ReadError> {
        self.errors.first()
    }

    pub fn contains(&self, error: &ReadError) -> bool {
        self.errors.contains(error)
    }

    pub fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    pub fn into_errors(self) -> Vec<ReadError> {
        self.errors
    }

    /// Returns the result, or the errors if there are any.
    pub fn finish<T>(self, made: T) -> Result<T, Vec<ReadError>> {
        if self.errors.is_empty() {
            Ok(made)
        } else {
            Err(self.errors)
        }
    }
}
