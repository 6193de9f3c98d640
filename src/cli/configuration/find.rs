//! The search for the configuration file.

use std::env;
use std::fs::{self, File};
use std::path::PathBuf;

use crate::system::open_trusted;

/// The name of the file that is used without `--config`.
const FILE_NAME: &str = "twilio-sip-allow.yaml";

/// Finds the file in the current folder, or in the nearest folder above that has one.
///
/// # Errors
///
/// If the file is not a regular file, if everybody can write it, or if it belongs to somebody other than
/// this user, root, or the owner of the current folder. Anybody can write to a folder such as `/tmp`, and
/// a file there must not change the rules of everyone who works below it. On Windows, no file is trusted.
pub(super) fn find() -> Result<Option<(PathBuf, File)>, String> {
    let Ok(current) = env::current_dir() else {
        return Ok(None);
    };
    let mut folder = PathBuf::new();
    for _ in current.ancestors() {
        let path = folder.join(FILE_NAME);
        if fs::symlink_metadata(&path).is_ok() {
            return match open_trusted(&path, &current) {
                Ok(file) => Ok(Some((path, file))),
                Err(reason) => Err(format!(
                    "{} {reason}; use --config {0} to read it anyway, or --no-config to ignore it",
                    path.display()
                )),
            };
        }
        folder.push("..");
    }
    Ok(None)
}
