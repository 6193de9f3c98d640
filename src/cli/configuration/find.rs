//! The search for the configuration file.

use std::env;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

/// The name of the file that is used without `--config`.
const FILE_NAME: &str = "twilio-sip-allow.yaml";

/// The permission bit that lets everybody write the file (chmod(2), `S_IWOTH`).
const WRITABLE_BY_ALL: u32 = 0o002;

/// Finds the file in the current folder, or in the nearest folder above that has one.
///
/// # Errors
///
/// If the file is not a regular file, if everybody can write it, or if it belongs to somebody other than
/// this user, root, or the owner of the current folder. Anybody can write to a folder such as `/tmp`, and
/// a file there must not change the rules of everyone who works below it.
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

/// Opens the file if it can be trusted, without following a symlink and without waiting for a pipe.
/// Checks the open file, because nobody can replace it any more.
fn open_trusted(path: &Path, current: &Path) -> Result<File, String> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(rustix::io::Errno::LOOP) => return Err("is a symbolic link".to_owned()),
        Err(error) => return Err(format!("cannot be read: {error}")),
    };
    let found = file
        .metadata()
        .map_err(|error| format!("cannot be read: {error}"))?;
    let user = rustix::process::geteuid().as_raw();
    let owner = fs::metadata(current).ok().map(|folder| folder.uid());
    if !found.is_file() {
        Err("is not a regular file".to_owned())
    } else if ![Some(0), Some(user), owner].contains(&Some(found.uid())) {
        Err("belongs to another user".to_owned())
    } else if found.mode() & WRITABLE_BY_ALL != 0 {
        Err("is writable by everybody".to_owned())
    } else {
        Ok(file)
    }
}
