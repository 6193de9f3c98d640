//! The data in use: the embedded data, or a bundle whose signature was verified.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::clock;
use crate::cli::DataOptions;
use crate::dataset::{self, Bundle, BundleKey, Connection, Data, Date, Edition};
use crate::input::{self, is_stdin};
use crate::limits::{Limit, Limits};
use crate::select::{CURRENT, Notice, UPCOMING};

/// The data in use, and the conditions for a note about its age.
pub(super) struct DataInUse {
    pub data: Data,
    /// The file of the bundle; `None` for the embedded data.
    file: Option<PathBuf>,
    max_age: u32,
    /// The date of the embedded data, if it is newer than the bundle.
    newer: Option<Date>,
}

/// A bundle with a valid signature.
pub(super) struct SignedBundle {
    pub bundle: Bundle,
    pub key: BundleKey,
    /// The trusted comment of the signature.
    pub comment: String,
}

impl DataInUse {
    /// Returns the bundle that the options name, or else the embedded data.
    pub fn open(options: &DataOptions, limits: Limits) -> Result<DataInUse> {
        let (data, newer) = match &options.bundle {
            None => (Data::Embedded, None),
            Some(file) => {
                let bundle = read_bundle(file, options, limits)?.bundle;
                let embedded = dataset::embedded_date()?;
                let newer = (bundle.date < embedded).then_some(embedded);
                (Data::Bundle(Box::new(bundle)), newer)
            }
        };
        Ok(DataInUse {
            data,
            file: options.bundle.clone(),
            max_age: options.max_age,
            newer,
        })
    }

    /// Returns the notices about the data: which bundle is in use, whether the data is old, and which editions are
    /// upcoming.
    pub fn notices(&self, selected: &[Edition]) -> Result<Vec<Notice>> {
        let age = self.age_notice(None)?;
        let bundle = match &self.file {
            Some(file) => self.bundle_notice(file, age.is_some())?,
            None => None,
        };
        let upcoming = self.upcoming_notes(selected)?.into_iter();
        let notices = bundle.into_iter().chain(age);
        Ok(notices.chain(upcoming.map(Notice::Note)).collect())
    }

    /// Returns the notice about the age of the user's own list, which replaces the editions.
    pub fn notice_of_own(&self, list: &Edition) -> Result<Option<Notice>> {
        self.age_notice(Some(list))
    }

    /// Rules and reports do not name the bundle, so a note does, unless the note about its age names it. It is a warning if
    /// the program contains newer data.
    fn bundle_notice(&self, file: &Path, is_named: bool) -> Result<Option<Notice>> {
        let (name, date) = (file.display(), self.data.date()?);
        Ok(match &self.newer {
            Some(newer) => Some(Notice::Warning(format!(
                "'{name}' is from {date}, and the data in the program is newer, from {newer}: its lists may have been \
                 replaced"
            ))),
            None if is_named => None,
            None => Some(Notice::Note(format!(
                "the lists are those of the bundle '{name}', from {date}"
            ))),
        })
    }

    /// Returns a note if the data is old.
    fn age_notice(&self, own: Option<&Edition>) -> Result<Option<Notice>> {
        if self.max_age == 0 {
            return Ok(None);
        }
        let dated = match own {
            None => Some(self.data.date()?),
            Some(list) => list.retrieved.clone(),
        };
        let Some(date) = dated else { return Ok(None) };
        let age = clock::today()?.saturating_sub(date.day_number());
        let is_old = age > i64::from(self.max_age);
        Ok(is_old.then(|| Notice::Note(self.age_note(own, &date, age))))
    }

    fn age_note(&self, own: Option<&Edition>, date: &Date, age: i64) -> String {
        let (subject, newer) = match own {
            Some(list) => (format!("list '{}'", list.name), "import a new page"),
            None => self.subject_and_update(),
        };
        format!(
            "{subject} is from {date}, {age} days ago; compare it with Twilio's page with 'dataset diff', and \
             {newer} if they differ (--data-max-age 0 turns this note off)"
        )
    }

    /// Names the data in use, and says how to get newer data.
    fn subject_and_update(&self) -> (String, &'static str) {
        match &self.file {
            Some(file) => (format!("'{}'", file.display()), "use a newer bundle"),
            None => (
                "the data in the program".to_owned(),
                "update the program or use a newer bundle with --data",
            ),
        }
    }

    /// Returns a note about each upcoming edition for the public internet that is not selected, or whose planned day has
    /// passed. A selection without editions for the public internet needs no note.
    fn upcoming_notes(&self, selected: &[Edition]) -> Result<Vec<String>> {
        let is_public = |edition: &Edition| edition.connection == Connection::Public;
        if !selected.iter().any(is_public) {
            return Ok(Vec::new());
        }
        let mut notes = Vec::new();
        for edition in self.data.upcoming_editions(Connection::Public)? {
            let is_selected = selected.iter().any(|other| other.name == edition.name);
            let today = clock::today()?;
            let planned = edition.in_force_since.as_ref();
            notes.extend(match planned.filter(|date| date.day_number() <= today) {
                Some(planned) => Some(self.overdue_note(&edition.name, planned, is_selected)),
                None if is_selected => None,
                None => Some(format!(
                    "edition '{}' is {}; use --edition {CURRENT},{UPCOMING} to include it",
                    edition.name,
                    edition.status()
                )),
            });
        }
        Ok(notes)
    }

    /// The note about an upcoming edition from its planned day on.
    fn overdue_note(&self, name: &str, planned: &Date, is_selected: bool) -> String {
        let (subject, newer) = self.subject_and_update();
        let meanwhile = if is_selected {
            String::new()
        } else {
            format!("; until then, use --edition {CURRENT},{UPCOMING}")
        };
        format!(
            "{subject} still lists edition '{name}' as upcoming, although its planned day, {planned}, has come; compare it \
             with Twilio's page with 'dataset diff', and {newer}{meanwhile}"
        )
    }
}

/// Reads a bundle. Only bytes with a valid signature are parsed, and they are read only once.
pub(super) fn read_bundle(
    file: &Path,
    options: &DataOptions,
    limits: Limits,
) -> Result<SignedBundle> {
    if is_stdin(file) {
        bail!(
            "a bundle cannot be read from stdin, because its signature is in another file; name a file"
        );
    }
    let mut keys = accepted_keys(&options.keys, limits)?;
    let bytes = input::bytes(file, limits, Limit::List)?;
    let signature = read_signature(file, limits)?;
    let name = file.display().to_string();
    let (at, comment) = dataset::verify(&bytes, &signature, &keys).with_context(|| name.clone())?;
    let text = input::decode(bytes).with_context(|| name.clone())?;
    let bundle = dataset::parse_bundle(&name, &text)?;
    check_name(file, &bundle.date).with_context(|| name.clone())?;
    if !options.allows_older {
        check_age(&bundle.date).with_context(|| name)?;
    }
    Ok(SignedBundle {
        bundle,
        key: keys.swap_remove(at),
        comment,
    })
}

/// Returns the keys that may sign a bundle: those that the user named, or else the embedded ones.
fn accepted_keys(files: &[PathBuf], limits: Limits) -> Result<Vec<BundleKey>> {
    if files.is_empty() {
        let embedded = dataset::embedded_keys()?;
        ensure!(
            !embedded.is_empty(),
            "this program contains no public key to verify a bundle with; name the key with --data-key FILE"
        );
        return Ok(embedded);
    }
    let read = |file: &PathBuf| -> Result<BundleKey> {
        let text = input::text(file, limits, Limit::List)?;
        Ok(dataset::parse_key(&file.display().to_string(), &text)?)
    };
    files.iter().map(read).collect()
}

/// Reads the signature beside a bundle.
fn read_signature(file: &Path, limits: Limits) -> Result<String> {
    let mut name = OsString::from(file);
    name.push(".minisig");
    let signature = PathBuf::from(name);
    ensure!(
        signature.exists(),
        "there is no signature '{}'; download it too, or sign your own bundle with 'minisign -S'",
        signature.display()
    );
    input::text(&signature, limits, Limit::List)
}

/// Returns an error if the name of the file contains another date than the bundle, because somebody may have
/// renamed an old bundle and its signature.
fn check_name(file: &Path, date: &Date) -> Result<()> {
    let stem = file.file_stem().and_then(|stem| stem.to_str());
    let named = stem.and_then(|stem| stem.strip_prefix("dataset-"));
    let named: Option<Date> = named.and_then(|text| text.parse().ok());
    if let Some(named) = named.filter(|named| named != date) {
        bail!("the bundle is from {date}, although its name says {named}; download it again");
    }
    Ok(())
}

/// Returns an error if a bundle is older than the embedded data.
fn check_age(date: &Date) -> Result<()> {
    let embedded = dataset::embedded_date()?;
    ensure!(
        *date >= embedded,
        "the bundle is from {date}, and the data in the program is newer, from {embedded}; use a newer bundle, \
         or --data-allow-older to use this one"
    );
    Ok(())
}
