//! Replaces a file atomically.

use std::fs::{self, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::system::{keep_owner_and_mode, link_count, temporary_file};

/// Writes to a file. Replaces a regular file atomically; writes to a device or a pipe.
pub(super) fn write_file(path: &Path, text: &str) -> Result<()> {
    match fs::metadata(path) {
        Ok(old) if old.is_dir() => bail!("it is a folder; name a file"),
        Ok(old) => {
            // Replacing a file needs only write permission for its directory. Opening it for
            // writing ensures that a read-only file is not replaced.
            let mut file = OpenOptions::new().write(true).open(path)?;
            if old.is_file() {
                // Windows does not replace an open file.
                drop(file);
                // The target of a symlink is replaced, not the symlink.
                replace(&fs::canonicalize(path)?, text.as_bytes(), Some(&old))
            } else {
                Ok(file.write_all(text.as_bytes())?)
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            replace(&missing_target(path)?, text.as_bytes(), None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Changes a regular file atomically. `change` returns the new content, or an error if the old one is not the expected
/// one, which has `length` bytes.
///
/// # Errors
///
/// If the file is a symlink, has other names (hard links), is read-only, or has another length.
pub fn change_file(
    path: &Path,
    length: usize,
    change: impl FnOnce(&[u8]) -> Result<Vec<u8>>,
) -> Result<()> {
    check_changeable(path)?;
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let old = file.metadata()?;
    let mut bytes = Vec::new();
    Read::take(&mut file, length as u64 + 1).read_to_end(&mut bytes)?;
    // Windows does not replace an open file.
    drop(file);
    replace(path, &change(&bytes)?, Some(&old))
}

/// Returns an error if a file cannot be replaced without side effects.
pub fn check_changeable(path: &Path) -> Result<()> {
    let kind = fs::symlink_metadata(path)?;
    ensure!(!kind.is_symlink(), "it is a symlink; name its target");
    ensure!(kind.is_file(), "it is not a regular file");
    ensure!(
        link_count(path)? == 1,
        "it has other names (hard links), which would keep the old content"
    );
    OpenOptions::new().write(true).open(path)?;
    Ok(())
}

/// Returns the path of a new file: `path`, or its target if `path` is a dangling symlink.
fn missing_target(path: &Path) -> Result<PathBuf> {
    match fs::read_link(path) {
        Ok(link) => {
            let target = folder_of(path).join(link);
            anyhow::ensure!(
                fs::symlink_metadata(&target).is_err(),
                "it is a symlink to a dangling symlink"
            );
            Ok(target)
        }
        Err(_) => Ok(path.to_owned()),
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Replaces a file atomically: a reader sees either the old file or the new one.
fn replace(target: &Path, text: &[u8], old: Option<&Metadata>) -> Result<()> {
    let folder = folder_of(target);
    let shown = folder.display();
    let exists = folder.try_exists();
    if !exists.with_context(|| format!("folder {shown}"))? {
        bail!("folder '{shown}' does not exist; create it first");
    }
    let mut new = temporary_file(folder, ".twilio-sip-allow-")?;
    new.write_all(text)?;
    if let Some(old) = old {
        keep_owner_and_mode(&new, old)?;
    }
    new.as_file().sync_all()?;
    new.persist(target).map_err(|error| error.error)?;
    Ok(())
}
