//! The files that Git ignores: `.gitignore` and `.git/info/exclude` (gitignore(5)), read within limits.
//!
//! As in Git, neither is followed where it is a symlink.

use std::collections::{HashMap, HashSet};
use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use rustix::fs::OFlags;

use crate::output::Problems;

/// The most bytes of a file with patterns.
const LONGEST_FILE: u64 = 256 << 10;

/// The most bytes of a pattern, and the most patterns of one walk: each may take tens of kilobytes.
const LONGEST_PATTERN: usize = 512;
const PATTERNS: usize = 2_000;

/// The most folders with patterns that are within each other: each costs time for every file below it.
const NESTED: usize = 50;

/// The patterns of a folder that is walked, of those above it, and of those below it that were
/// entered.
pub struct Ignored {
    /// The folder as the user gave it, and without symlinks.
    given: PathBuf,
    base: PathBuf,
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    folders: HashMap<PathBuf, Folder>,
    /// The lengths of the paths in `folders`: others need no search.
    lengths: HashSet<usize>,
    patterns: usize,
    problems: Problems,
}

struct Folder {
    /// The patterns, those that count most first.
    patterns: Vec<Gitignore>,
    /// Patterns of the folders above do not count in a repository.
    is_repository: bool,
}

impl Ignored {
    /// Reads the patterns of a folder and of those above it.
    pub fn new(folder: &Path) -> Ignored {
        let base = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        let mut known = Known::default();
        for above in base.ancestors() {
            known.read(above);
            if known.is_repository(above) {
                break;
            }
        }
        Ignored {
            given: folder.to_owned(),
            base,
            known: RwLock::new(known),
        }
    }

    /// True if a file or a folder below the folder is ignored; reads the patterns of a folder that
    /// is not.
    pub fn contains(&self, path: &Path, is_folder: bool) -> bool {
        let below = path.strip_prefix(&self.given).unwrap_or(path);
        let path = self.base.join(below);
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if known.contains(&path, is_folder) {
            return true;
        }
        drop(known);
        if is_folder {
            let known = self.known.write();
            known.unwrap_or_else(PoisonError::into_inner).read(&path);
        }
        false
    }

    /// The files whose patterns could not be used, and why.
    pub fn problems(&self) -> Problems {
        let known = self.known.write();
        std::mem::take(&mut known.unwrap_or_else(PoisonError::into_inner).problems)
    }
}

impl Known {
    fn is_repository(&self, folder: &Path) -> bool {
        let known = self.folders.get(folder);
        known.is_some_and(|known| known.is_repository)
    }

    fn contains(&self, path: &Path, is_folder: bool) -> bool {
        for folder in self.above(path) {
            for patterns in &folder.patterns {
                match patterns.matched(path, is_folder) {
                    Match::Ignore(_) => return true,
                    Match::Whitelist(_) => return false,
                    Match::None => {}
                }
            }
            if folder.is_repository {
                return false;
            }
        }
        false
    }

    /// The folders above a path that have patterns or are repositories, the nearest first.
    fn above(&self, path: &Path) -> impl Iterator<Item = &Folder> {
        let above = path.ancestors().skip(1);
        let known = above.filter(|path| self.lengths.contains(&path.as_os_str().len()));
        known.filter_map(|path| self.folders.get(path))
    }

    fn read(&mut self, folder: &Path) {
        let git = folder.join(".git");
        let is_repository = fs::symlink_metadata(&git).is_ok();
        let mut files = vec![folder.join(".gitignore")];
        if is_repository {
            files.push(common_folder(&git).join("info/exclude"));
        }
        let mut patterns = Vec::new();
        for file in files {
            match self.patterns_of(folder, &file) {
                Ok(found) => patterns.extend(found),
                Err(problem) => self.problems.add(format!("{}: {problem}", file.display())),
            }
        }
        if is_repository || !patterns.is_empty() {
            let known = Folder {
                patterns,
                is_repository,
            };
            self.lengths.insert(folder.as_os_str().len());
            self.folders.insert(folder.to_owned(), known);
        }
    }

    /// The patterns of a file, if it has any.
    fn patterns_of(&mut self, folder: &Path, file: &Path) -> Result<Option<Gitignore>, String> {
        let Some(text) = regular(file).map_err(|error| error.to_string())? else {
            return Ok(None);
        };
        if self.above(folder).count() >= NESTED {
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
        let mut builder = GitignoreBuilder::new(folder);
        let text = String::from_utf8_lossy(&text);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let mut count = 0;
        for line in text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            if line.len() > LONGEST_PATTERN || self.patterns + count >= PATTERNS {
                return Err(format!(
                    "a folder may have {PATTERNS} patterns of {LONGEST_PATTERN} bytes in all files; name the \
                     files to scan instead of the folder"
                ));
            }
            count += 1;
            // Git takes no notice of a pattern that is none, and neither did the walk before.
            let _ = builder.add_line(None, line);
        }
        self.patterns += count;
        if count == 0 {
            return Ok(None);
        }
        builder.build().map(Some).map_err(|error| error.to_string())
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
