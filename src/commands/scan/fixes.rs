//! Changes the files that a scan has fixed.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::input::{Encoding, MARK, name_of};
use crate::output::{Console, change_file, check_changeable};
use crate::report::{unified_diff, verdict_and_message};
use crate::scan::{Edit, Finding, edited};

/// The changes of a file.
pub(super) struct FileFix {
    path: PathBuf,
    /// The length and the hash of the file when it was read.
    state: (usize, u64),
    /// The byte order mark of the file, or nothing.
    mark: &'static [u8],
    /// In positions of the whole file.
    edits: Vec<Edit>,
}

impl FileFix {
    /// `text` is the content without a byte order mark, and `edits` are those of this text.
    pub fn new(file: &Path, text: &[u8], encoding: Encoding, mut edits: Vec<Edit>) -> FileFix {
        let mark = match encoding {
            Encoding::Utf8WithMark => MARK,
            Encoding::Utf8 | Encoding::Utf16 => b"",
        };
        for Edit { place, .. } in &mut edits {
            *place = place.start + mark.len()..place.end + mark.len();
        }
        FileFix {
            path: file.to_owned(),
            state: (mark.len() + text.len(), hash(text)),
            mark,
            edits,
        }
    }

    /// Returns the changes as a diff; empty if there are none.
    pub fn diff(&self, name: &str, text: &[u8]) -> Vec<u8> {
        if self.edits.is_empty() {
            return Vec::new();
        }
        unified_diff(name, &[self.mark, text].concat(), &self.edits)
    }

    fn write(&self) -> Result<()> {
        change_file(&self.path, self.state.0, |old| {
            let text = old.strip_prefix(self.mark).unwrap_or(old);
            let state = (old.len(), hash(text));
            ensure!(
                state == self.state,
                "it was changed after it was read; run the command again"
            );
            Ok(edited(old, &self.edits))
        })
    }
}

fn hash(text: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// The maximum number of findings that are listed as left.
const MOST_LEFT: usize = 20;

/// The changes of all files.
#[derive(Default)]
pub(super) struct Fixes {
    /// The key is the path without symlinks, because the command line can name a file twice.
    files: BTreeMap<PathBuf, FileFix>,
    findings: usize,
    /// The findings that are left, by file, line and column: the first ones, and the number of all.
    left: BTreeSet<(String, usize, usize, String)>,
    left_count: usize,
    /// True if networks are missing from a file.
    has_missing: bool,
    /// The number of files with too many findings.
    skipped: usize,
    written: bool,
}

impl Fixes {
    /// Adds the changes that fix a number of findings in a file, and the findings that are left.
    pub fn add(&mut self, fix: FileFix, findings: usize, left: Vec<Finding>) {
        self.left_count += left.len();
        for finding in left {
            self.has_missing |= finding.missing.is_some();
            let file = name_of(&fix.path);
            let message = verdict_and_message(&finding);
            self.left
                .insert((file, finding.line, finding.column, message));
            if self.left.len() > MOST_LEFT {
                self.left.pop_last();
            }
        }
        if fix.edits.is_empty() {
            return;
        }
        let folder = match fix.path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let path = match (folder.canonicalize(), fix.path.file_name()) {
            (Ok(folder), Some(name)) => folder.join(name),
            _ => fix.path.clone(),
        };
        if self.files.insert(path, fix).is_none() {
            self.findings += findings;
        }
    }

    /// Counts a file with too many findings.
    pub fn skip(&mut self) {
        self.skipped += 1;
    }

    /// A warning about the files with too many findings, if there are any.
    pub fn warning(&self) -> Option<String> {
        let files = match self.skipped {
            0 => return None,
            1 => "1 file was".to_owned(),
            more => format!("{more} files were"),
        };
        Some(format!(
            "{files} not fixed, because of more than 10000 findings"
        ))
    }

    /// Changes the files. Returns false if a file cannot be changed.
    pub fn write(&mut self, console: Console) -> bool {
        let report = |fix: &FileFix, error: &anyhow::Error| {
            console.error(&format!("cannot change {}: {error:#}", name_of(&fix.path)));
        };
        let mut is_possible = true;
        for fix in self.files.values() {
            if let Err(error) = check_changeable(&fix.path) {
                report(fix, &error);
                is_possible = false;
            }
        }
        if !is_possible {
            return false;
        }
        for (number, fix) in self.files.values().enumerate() {
            if let Err(error) = fix.write() {
                report(fix, &error);
                let before = self.files.values().take(number);
                for fix in before {
                    console.warning(&format!("already changed: {}", name_of(&fix.path)));
                }
                return false;
            }
        }
        self.written = true;
        true
    }

    /// Notes about the changes. `is_diff` is true if the report does not list the findings that are left.
    pub fn notes(&self, is_diff: bool) -> Vec<String> {
        let mut notes = Vec::new();
        if self.skipped == 0 || !self.files.is_empty() {
            notes.push(self.number_of_changes());
        }
        if is_diff {
            notes.extend(self.left.iter().map(|(file, line, column, message)| {
                format!("--fix would leave {file}:{line}:{column}: {message}")
            }));
            let more = self.left_count - self.left.len();
            notes.extend((more > 0).then(|| format!("--fix would leave {more} more findings")));
        }
        let missing = "--fix never adds missing networks: add them yourself";
        notes.extend(self.has_missing.then(|| missing.to_owned()));
        notes
    }

    fn number_of_changes(&self) -> String {
        let files = self.files.len();
        let counted = |count: usize, thing: &str| match count {
            1 => format!("1 {thing}"),
            more => format!("{more} {thing}s"),
        };
        if files == 0 {
            return "there is nothing that --fix can change".to_owned();
        }
        let verb = if self.written {
            "fixed"
        } else {
            "--fix would fix"
        };
        let findings = counted(self.findings, "finding");
        format!("{verb} {findings} in {}", counted(files, "file"))
    }
}
