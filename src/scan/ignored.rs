//! The files that Git ignores: `.gitignore` and `.git/info/exclude` (gitignore(5)), read within limits.
//!
//! As in Git, neither is followed where it is a symlink.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{PoisonError, RwLock};

use rustix::fs::OFlags;

use super::ignore_pattern::{Candidate, Pattern, Steps};
use crate::output::Problems;

/// The most bytes of a file with patterns.
const LONGEST_FILE: u64 = 256 << 10;

/// The most bytes of a pattern, and the most patterns of one walk.
const LONGEST_PATTERN: usize = 512;
const PATTERNS: usize = 2_000;

/// The most folders with patterns that are within each other: each costs time for every file below it.
const NESTED: usize = 50;

/// The steps that the patterns of a walk may take to match, in all and in addition for each file or
/// folder. A step takes from two to eight nanoseconds.
const STEPS: i64 = 100_000_000;
const STEPS_OF_ENTRY: i64 = 5_000;

/// The patterns of a folder that is walked, of those above it, and of those below it that were
/// entered.
pub struct Ignored {
    /// The folder as the user gave it, and without symlinks.
    given: PathBuf,
    base: PathBuf,
    index: RwLock<PatternIndex>,
    budget: Budget,
}

/// The patterns that were read, by folder.
#[derive(Default)]
struct PatternIndex {
    /// By the bytes of their paths.
    folders: HashMap<Vec<u8>, Folder>,
    /// True at each length that a path in `folders` has: other paths need no search.
    has_length: Vec<bool>,
    patterns: usize,
    problems: Problems,
}

struct Folder {
    /// The patterns, those that count most first.
    patterns: Vec<Pattern>,
    /// The last byte of every name that each pattern matches, or [`ANY`]: it tells most names apart.
    last_bytes: Vec<u8>,
    /// Patterns of the folders above do not count in a repository.
    is_repository: bool,
}

/// No name has this byte.
const ANY: u8 = 0;

impl Ignored {
    /// Reads the patterns of a folder and of those above it.
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

    /// True if a file or a folder below the folder is ignored; reads the patterns of a folder that
    /// is not. Always true after [`Ignored::gave_up`].
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

    /// True if the patterns took too many steps: the walk can end.
    pub fn gave_up(&self) -> bool {
        self.budget.is_used_up()
    }

    /// The problems that make the walk incomplete: files whose patterns could not be used, and patterns
    /// that take too long.
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

/// The steps that are left for a walk. Several threads take from it, once for each entry.
struct Budget(AtomicI64);

impl Budget {
    /// The value after the steps were used up: less than any number of entries can make up for.
    const USED_UP: i64 = i64::MIN / 2;

    /// Does the work of one entry; `None` if the steps do not suffice, now or before.
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
        let folder = self.folders.get(folder.as_os_str().as_bytes());
        folder.is_some_and(|folder| folder.is_repository)
    }

    /// As [`Ignored::contains`]; means nothing if the steps are exceeded.
    fn contains(&self, path: &Path, is_folder: bool, steps: &mut Steps) -> bool {
        let name = path.file_name().unwrap_or_default().as_bytes();
        let bytes = path.as_os_str().as_bytes();
        for (folder, path) in above(bytes) {
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

    /// The folder of a path, if it has patterns or is a repository.
    fn folder(&self, path: &[u8], steps: &mut Steps) -> Option<&Folder> {
        if !*self.has_length.get(path.len())? {
            return None;
        }
        // Finding a path takes about a nanosecond a byte.
        let may_search = steps.take(1 + path.len() as u64 / 2);
        may_search.then(|| self.folders.get(path))?
    }

    /// Reads the patterns of a folder.
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
            let path = folder.as_os_str().as_bytes();
            if self.has_length.len() <= path.len() {
                self.has_length.resize(path.len() + 1, false);
            }
            self.has_length[path.len()] = true;
            self.folders.insert(path.to_owned(), patterns);
        }
    }

    /// The patterns of a file, the last one first.
    fn patterns_of(
        &mut self,
        folder: &Path,
        file: &Path,
        steps: &mut Steps,
    ) -> Result<Vec<Pattern>, String> {
        let Some(text) = regular(file).map_err(|error| error.to_string())? else {
            return Ok(Vec::new());
        };
        let above = above(folder.as_os_str().as_bytes());
        let above = above.filter_map(|(path, _)| self.folder(path, steps));
        if above.count() >= NESTED {
            return Err(format!(
                "{NESTED} folders above it have patterns of their own, and no more are read; name the files to \
                 scan instead of the folder"
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
                    "a folder may have {PATTERNS} patterns of {LONGEST_PATTERN} bytes in all files; name the \
                     files to scan instead of the folder"
                ));
            }
        }
        self.patterns += patterns.len();
        patterns.reverse();
        Ok(patterns)
    }
}

/// The folders above a path, the nearest first, and the path from each of them on.
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

    /// True if the patterns ignore a path, false if they include it; `None` if no pattern matches.
    fn ignores(&self, candidate: &Candidate, steps: &mut Steps) -> Option<bool> {
        let last = *candidate.name.last()?;
        let places = memchr::memchr2_iter(ANY, last, &self.last_bytes);
        let mut patterns = places.filter_map(|place| self.patterns.get(place));
        let decides = patterns.find(|pattern| pattern.matches(candidate, steps));
        decides.map(|pattern| !pattern.is_negated)
    }
}

/// The folder that a repository shares with its other work trees: what `.git` is, or names
/// (gitrepository-layout(5)).
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

/// The bytes of a regular file, one more than [`LONGEST_FILE`] at most; `None` for everything else.
fn regular(file: &Path) -> io::Result<Option<Vec<u8>>> {
    // A pipe would block the program otherwise.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).map_err(io::Error::other)?;
    let opened = OpenOptions::new().read(true).custom_flags(flags).open(file);
    let Ok(opened) = opened else {
        return Ok(None);
    };
    if !opened.metadata()?.is_file() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    opened.take(LONGEST_FILE + 1).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}
