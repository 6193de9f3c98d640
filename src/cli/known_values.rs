//! Words that are values of an option, wherever they are written.

use std::path::PathBuf;

use crate::dataset;
use crate::format::registry;
use crate::names::normalize_name;
use crate::select::{CURRENT, names};

/// The kinds of words that are known without their option.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum KnownValue {
    Format,
    Region,
    Edition,
}

impl KnownValue {
    /// The kind of a word.
    pub(super) fn of(word: &str) -> Option<KnownValue> {
        let mut editions = dataset::edition_names().chain([CURRENT]);
        if registry::find(word).is_ok() {
            Some(KnownValue::Format)
        } else if is_region(word) {
            Some(KnownValue::Region)
        } else if editions.any(|edition| edition == normalize_name(word)) {
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

    /// How to write the word.
    fn advice(self, word: &str) -> String {
        let option = self.option();
        format!("for the {option}, write --{option} {word}")
    }
}

fn is_region(word: &str) -> bool {
    let named = |data| !names::find(word, &data).is_empty();
    normalize_name(word) == names::ALL || dataset::reference_data().is_ok_and(named)
}

/// Refuses files that do not exist, but have the name of a value of one of the options.
pub(super) fn refuse_values(files: &[PathBuf], options: &[KnownValue]) -> anyhow::Result<()> {
    // Names have no dots and slashes: only a few words need a look.
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

/// Refuses words that are no addresses, but values of options of the selection.
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
