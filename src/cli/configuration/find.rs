//! The configuration file that is found without `--config`.

use std::env;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

/// The name of a configuration file that is found without `--config`.
const FILE_NAME: &str = "twilio-sip-allow.yaml";

/// The permission to write a file for everybody (chmod(2), `S_IWOTH`).
const WRITABLE_BY_ALL: u32 = 0o002;

/// Finds the file in the current folder, or in the nearest folder above that has one.
///
/// Anybody may write into a folder such as `/tmp`. A file there must not change the rules of everyone
/// who works below it. So the file must be a regular file of this user, of root or of the owner of the
/// current folder, and not everybody may be able to write it.
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

/// Opens the file without following a symlink and without waiting for a pipe. What is checked is the open
/// file, which nobody can exchange any more.
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
