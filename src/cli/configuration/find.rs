//! The place of the configuration file.

use std::env;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The name of a configuration file that is found without `--config`.
pub(super) const FILE_NAME: &str = "twilio-sip-allow.yaml";

/// The file in the current folder, or in the nearest folder above it that has one.
///
/// Anybody may write into a folder such as `/tmp`. A file there must not change the rules of everyone
/// who works below it, so the file must belong to this user, to root, or to the owner of the current folder.
pub(super) fn find() -> Result<Option<PathBuf>, String> {
    let Ok(current) = env::current_dir() else {
        return Ok(None);
    };
    let mut folder = PathBuf::new();
    for _ in current.ancestors() {
        let file = folder.join(FILE_NAME);
        if let Ok(entry) = fs::symlink_metadata(&file) {
            return if is_trusted(&file, &entry, &current) {
                Ok(Some(file))
            } else {
                Err(format!(
                    "{} belongs to another user; use it with --config {0}, or leave it aside with \
                     --no-config",
                    file.display()
                ))
            };
        }
        folder.push("..");
    }
    Ok(None)
}

fn is_trusted(file: &Path, entry: &Metadata, current: &Path) -> bool {
    let user = rustix::process::geteuid().as_raw();
    let owner = |folder: &Path| fs::metadata(folder).ok().map(|found| found.uid());
    let trusted = [Some(0), Some(user), owner(current)];
    // A symlink and the file that it leads to may have different owners.
    trusted.contains(&Some(entry.uid()))
        && owner(file).is_none_or(|uid| trusted.contains(&Some(uid)))
}
