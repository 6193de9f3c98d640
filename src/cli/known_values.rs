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
        let value = KnownValue::of(&word).filter(|value| options.contains(value));
        if let Some(option) = value.map(KnownValue::option) {
            anyhow::bail!("there is no file '{word}'; for the {option}, write --{option} {word}");
        }
    }
    Ok(())
}
