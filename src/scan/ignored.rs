//! Determines the files that Git ignores, by `.gitignore` and `.git/info/exclude` (gitignore(5)),
//! within limits.
//!
//! As in Git, these files are not read if they are symlinks.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{PoisonError, RwLock};

use super::ignore_pattern::{Candidate, Pattern, Steps};
use crate::output::Problems;
use crate::system::{bytes_with_slashes, open_unfollowed};

/// The maximum size of a file with patterns in bytes.
const LONGEST_FILE: u64 = 256 << 10;

/// The maximum length of a pattern in bytes, and the maximum number of patterns in one walk.
const LONGEST_PATTERN: usize = 512;
const PATTERNS: usize = 2_000;

/// The maximum number of nested folders with patterns. Each costs time for every file below it.
const NESTED: usize = 50;

/// The number of steps for matching in one walk, and the number to add for each file or folder. A
/// step takes two to eight nanoseconds.
const STEPS: i64 = 100_000_000;
const STEPS_OF_ENTRY: i64 = 5_000;

/// The patterns for walking a folder: those of the folder, of the folders above it, and of the
/// subfolders that the walk has entered.
pub struct Ignored {
    /// The folder as the user gave it. `base` is the same folder without symlinks.
    given: PathBuf,
    base: PathBuf,
    index: RwLock<PatternIndex>,
    budget: Budget,
}

#[derive(Default)]
struct PatternIndex {
    /// The folders with patterns, by the bytes of their paths.
    folders: HashMap<Vec<u8>, Folder>,
    /// True at the length of each path in `folders`. A path of another length needs no lookup.
    has_length: Vec<bool>,
    patterns: usize,
    problems: Problems,
}

struct Folder {
    /// The patterns, starting with those that take precedence.
    patterns: Vec<Pattern>,
    /// For each pattern, the last byte of all names that it matches, or [`ANY`]. This excludes most
    /// names.
    last_bytes: Vec<u8>,
    /// True for a repository, where the patterns of the folders above do not apply.
    is_repository: bool,
}

/// A byte that no name contains.
const ANY: u8 = 0;

impl Ignored {
    /// Reads the patterns of a folder and of the folders above it.
    pub fn new(folder: &Path) -> Ignored {
        let base = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        let mut index = PatternIndex::default();
        for above in base.ancestors() {
            index.read(above, &mut Steps::new(u64::MAX));
            if index.is_repository(above) {
                break;
            }
        }
        Ignored {
            given: folder.to_owned(),
            base,
            index: RwLock::new(index),
            budget: Budget(AtomicI64::new(STEPS)),
        }
    }

    /// Returns true if a file or folder below the folder is ignored. If a folder is not ignored,
    /// this reads its patterns. Always returns true after [`Ignored::gave_up`].
    pub fn contains(&self, path: &Path, is_folder: bool) -> bool {
        let below = path.strip_prefix(&self.given).unwrap_or(path);
        let path = self.base.join(below);
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        let work = |steps: &mut Steps| index.contains(&path, is_folder, steps);
        if self.budget.spend(work).unwrap_or(true) {
            return true;
        }
        drop(index);
        if !is_folder {
            return false;
        }
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        let read = self.budget.spend(|steps| index.read(&path, steps));
        read.is_none()
    }

    /// Returns true if the patterns took too many steps, so that the walk can end.
    pub fn gave_up(&self) -> bool {
        self.budget.is_used_up()
    }

    /// Returns the problems that make the walk incomplete: files with unusable patterns, and
    /// patterns that take too long.
    pub fn problems(&self) -> Problems {
        let index = self.index.write();
        let found = &mut index.unwrap_or_else(PoisonError::into_inner).problems;
        let mut problems = std::mem::take(found);
        if self.gave_up() {
            problems.add(format!(
                "{}: the patterns of .gitignore take too long to match; name the files to scan instead \
                 of the folder",
                self.given.display()
            ));
        }
        problems
    }
}

/// The remaining steps of a walk. Several threads use it, once for each file or folder.
struct Budget(AtomicI64);

impl Budget {
    /// The value after the steps are used up. It is so low that no number of entries can increase
    /// it enough.
    const USED_UP: i64 = i64::MIN / 2;

    /// Does the work for one entry. Returns `None` if there are too few steps, now or earlier.
    fn spend<T>(&self, work: impl FnOnce(&mut Steps) -> T) -> Option<T> {
        let left = self.0.load(Ordering::Relaxed) + STEPS_OF_ENTRY;
        let mut steps = Steps::new(u64::try_from(left).unwrap_or_default());
        let done = work(&mut steps);
        if steps.is_exceeded() {
            self.0.store(Self::USED_UP, Ordering::Relaxed);
            return None;
        }
        let spent = left - i64::try_from(steps.left()).unwrap_or_default();
        self.0.fetch_add(STEPS_OF_ENTRY - spent, Ordering::Relaxed);
        Some(done)
    }

    fn is_used_up(&self) -> bool {
        self.0.load(Ordering::Relaxed) < Self::USED_UP / 2
    }
}

impl PatternIndex {
    fn is_repository(&self, folder: &Path) -> bool {
        let folder = self.folders.get(&*bytes_with_slashes(folder));
        folder.is_some_and(|folder| folder.is_repository)
    }

    /// Does the same as [`Ignored::contains`]. The result is not valid if the steps are used up.
    fn contains(&self, path: &Path, is_folder: bool, steps: &mut Steps) -> bool {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        let bytes = bytes_with_slashes(path);
        for (folder, path) in above(&bytes) {
            let Some(folder) = self.folder(folder, steps) else {
                continue;
            };
            let candidate = Candidate {
                path,
                name,
                is_folder,
            };
            if let Some(is_ignored) = folder.ignores(&candidate, steps) {
                return is_ignored;
            }
            if folder.is_repository {
                return false;
            }
        }
        false
    }

    /// Returns the folder with this path, if it has patterns or is a repository.
    fn folder(&self, path: &[u8], steps: &mut Steps) -> Option<&Folder> {
        if !*self.has_length.get(path.len())? {
            return None;
        }
        // A lookup takes about a nanosecond per byte.
        let may_search = steps.take(1 + path.len() as u64 / 2);
        may_search.then(|| self.folders.get(path))?
    }

    fn read(&mut self, folder: &Path, steps: &mut Steps) {
        let git = folder.join(".git");
        let is_repository = fs::symlink_metadata(&git).is_ok();
        let mut files = vec![folder.join(".gitignore")];
        if is_repository {
            files.push(common_folder(&git).join("info/exclude"));
        }
        let mut patterns = Vec::new();
        for file in files {
            match self.patterns_of(folder, &file, steps) {
                Ok(found) => patterns.extend(found),
                Err(problem) => self.problems.add(format!("{}: {problem}", file.display())),
            }
        }
        if is_repository || !patterns.is_empty() {
            let patterns = Folder::new(patterns, is_repository);
            let path = bytes_with_slashes(folder);
            if self.has_length.len() <= path.len() {
                self.has_length.resize(path.len() + 1, false);
            }
            self.has_length[path.len()] = true;
            self.folders.insert(path.into_owned(), patterns);
        }
    }

    /// Returns the patterns of a file, starting with the last one.
    fn patterns_of(
        &mut self,
        folder: &Path,
        file: &Path,
        steps: &mut Steps,
    ) -> Result<Vec<Pattern>, String> {
        let Some(text) = regular(file).map_err(|error| error.to_string())? else {
            return Ok(Vec::new());
        };
        let folder = bytes_with_slashes(folder);
        let above = above(&folder).filter_map(|(path, _)| self.folder(path, steps));
        if above.count() >= NESTED {
            return Err(format!(
                "{NESTED} parent folders already have patterns, which is the maximum; name the files to scan \
                instead of the folder"
            ));
        }
        if text.len() as u64 > LONGEST_FILE {
            return Err(format!(
                "it has more than {LONGEST_FILE} bytes of patterns; name the files to scan instead of the \
                folder"
            ));
        }
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
        let mut patterns = Vec::new();
        for line in text.split(|byte| *byte == b'\n') {
            let is_too_long = line.len() > LONGEST_PATTERN && !line.starts_with(b"#");
            if !is_too_long {
                patterns.extend(Pattern::parse(line));
            }
            if is_too_long || self.patterns + patterns.len() > PATTERNS {
                return Err(format!(
                    "a scan can have at most {PATTERNS} patterns of at most {LONGEST_PATTERN} bytes each; name the \
                    files to scan instead of the folder"
                ));
            }
        }
        self.patterns += patterns.len();
        patterns.reverse();
        Ok(patterns)
    }
}

/// Returns the folders above a path, the nearest first, each with the rest of the path.
fn above(path: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let slashes = memchr::memrchr_iter(b'/', path);
    slashes.map(|slash| (&path[..slash.max(1)], &path[slash + 1..]))
}

impl Folder {
    fn new(patterns: Vec<Pattern>, is_repository: bool) -> Folder {
        let last_byte = |pattern: &Pattern| pattern.last_byte().unwrap_or(ANY);
        Folder {
            last_bytes: patterns.iter().map(last_byte).collect(),
            patterns,
            is_repository,
        }
    }

    /// Returns true if the patterns ignore a path, false if they include it, and `None` if none
    /// matches.
    fn ignores(&self, candidate: &Candidate, steps: &mut Steps) -> Option<bool> {
        let last = *candidate.name.last()?;
        let places = memchr::memchr2_iter(ANY, last, &self.last_bytes);
        let mut patterns = places.filter_map(|place| self.patterns.get(place));
        let decides = patterns.find(|pattern| pattern.matches(candidate, steps));
        decides.map(|pattern| !pattern.is_negated)
    }
}

/// Returns the folder that a repository shares with its other work trees: `.git` itself, or the
/// folder that it refers to (gitrepository-layout(5)).
fn common_folder(git: &Path) -> PathBuf {
    let line = |file: &Path, start: &str| -> Option<PathBuf> {
        let text = regular(file).ok()??;
        let text = String::from_utf8(text).ok()?;
        let named = text.lines().next()?.strip_prefix(start)?.trim();
        Some(file.parent()?.join(named))
    };
    let folder = line(git, "gitdir:").unwrap_or_else(|| git.to_owned());
    line(&folder.join("commondir"), "").unwrap_or(folder)
}

/// Reads a regular file, up to [`LONGEST_FILE`] bytes and one more. Returns `None` for anything
/// else.
fn regular(file: &Path) -> io::Result<Option<Vec<u8>>> {
    let Ok(opened) = open_unfollowed(file) else {
        return Ok(None);
    };
    if !opened.metadata()?.is_file() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    opened.take(LONGEST_FILE + 1).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}
