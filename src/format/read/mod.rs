//! Shared code of the parsers: queries, errors, lines, values and matches.

pub(super) mod address_list;
pub(super) mod bindings;
pub(super) mod iana;
pub(super) mod json_node;
pub(super) mod lines;
pub(super) mod longest_prefix;
pub(super) mod matches;
pub(super) mod named_sets;
pub(super) mod number;
pub(super) mod query;
pub(super) mod values;
pub(super) mod words;
pub(super) mod xml;

pub use crate::read_error::{MAX_ERRORS, ReadError};
pub use lines::{Lines, excerpt};
pub use query::{ReadResult, UnitQuery};
