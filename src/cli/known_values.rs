//! Values of options that are recognized even without their option.

use std::path::PathBuf;

use crate::dataset::{self, Data};
use crate::format::registry;
use crate::select::names;

/// The option that a recognized word belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum KnownValue {
    Format,
    Region,
    Edition,
}

impl KnownValue {
    pub(super) fn of(word: &str) -> Option<KnownValue> {
        if registry::find(word).is_ok() {
            Some(KnownValue::Format)
        } else if is_region(word) {
            Some(KnownValue::Region)
        } else if names::is_edition(word, &Data::Embedded) {
            Some(KnownValue::Edition)
        } else {
            None
        }
    }

    /// The id of the option.
    pub(super) fn option(self) -> &'static str {
        match self {
            KnownValue::Format => "format",
            KnownValue::Region => "region",
            KnownValue::Edition => "edition",
        }
    }

    /// Advice for the user who wrote the word without its option.
    fn advice(self, word: &str) -> String {
        let option = self.option();
        format!("to select the {option}, use --{option} {word}")
    }
}

fn is_region(word: &str) -> bool {
    dataset::reference_data().is_ok_and(|data| names::is_region(word, data))
}

/// Returns an error for a file that does not exist and has the name of a value of one of the options.
pub(super) fn refuse_values(files: &[PathBuf], options: &[KnownValue]) -> anyhow::Result<()> {
    // Names of values contain neither dots nor slashes, so other files need no lookup.
    let may_be_value = |file: &&PathBuf| {
        let is_name = file.extension().is_none() && file.components().count() == 1;
        is_name && !file.exists()
    };
    for file in files.iter().filter(may_be_value) {
        let word = file.to_string_lossy();
        if let Some(value) = KnownValue::of(&word).filter(|value| options.contains(value)) {
            anyhow::bail!("there is no file '{word}'; {}", value.advice(&word));
        }
    }
    Ok(())
}

/// Returns an error for a word among the addresses that is the name of a region or edition.
pub(super) fn refuse_values_among(addresses: &[String]) -> anyhow::Result<()> {
    let is_word = |text: &&String| text.starts_with(|c: char| c.is_alphabetic());
    for word in addresses.iter().filter(is_word) {
        let value = KnownValue::of(word).filter(|value| *value != KnownValue::Format);
        if let Some(value) = value {
            anyhow::bail!("'{word}' is not an address; {}", value.advice(word));
        }
    }
    Ok(())
}
