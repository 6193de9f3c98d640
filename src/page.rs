//! Reads a page on which Twilio published a list, into networks and ports by region and plane.
//!
//! A page is plain text, Markdown or HTML, in English or Japanese. Four steps read it:
//!
//! 1. `markup` splits the text into headings, lines and tables.
//! 2. `copied` finds tables in text that was copied from a browser.
//! 3. `reader` finds the listings in them. `vocabulary` interprets headings and labels, `addresses`
//!    and `ports` interpret numbers.
//! 4. `reader::validate` checks the listings as a whole.
//!
//! Prose is ignored, but every address on the page must be part of a listing. Otherwise reading the
//! page fails. A page with a new layout must not look like one with unchanged content.

mod addresses;
mod columns;
mod copied;
pub mod difference;
mod error;

mod import;
mod label;
mod listing;
mod markup;
mod ports;
mod reader;
mod vocabulary;

use crate::dataset::ReferenceData;
use vocabulary::Vocabulary;

pub use error::PageError;
pub use import::{Heading, ImportError};
pub use listing::{Listing, Page, Ports};

impl Page {
    /// Reads a page. On failure, returns every error, ordered by line.
    pub fn read(text: &str, reference_data: &ReferenceData) -> Result<Page, Vec<PageError>> {
        let vocabulary = Vocabulary::new(reference_data);
        let (blocks, mut errors) = markup::parse(text);
        let (blocks, unsplit) = copied::convert_tables(&blocks, &vocabulary);
        if !unsplit.is_empty() {
            // Other errors would only be consequences of these errors.
            return Err(unsplit);
        }
        match reader::read(&blocks, vocabulary, reference_data) {
            Ok(listings) if errors.is_empty() => Ok(Page { listings }),
            Ok(_) => Err(errors),
            Err(found) => {
                errors.extend(found);
                errors.sort_by_key(|error| error.line.unwrap_or(usize::MAX));
                Err(errors)
            }
        }
    }
}
