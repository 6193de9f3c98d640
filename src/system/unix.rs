//! The functions for Linux, macOS and the BSDs.

use std::borrow::Cow;
use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::Path;

use anyhow::{Context, Result};
use rustix::fs::OFlags;
use rustix::io::Errno;
use tempfile::NamedTempFile;

use super::{FileKind, FileState};

/// The permission bit that lets everybody write the file (chmod(2), `S_IWOTH`).
const WRITABLE_BY_ALL: u32 = 0o002;

/// Returns stdin without a buffer.
pub fn stdin() -> io::Result<File> {
    Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?))
}

/// Returns true if stdout is closed. Rust's runtime opens `/dev/null` in its place, so this must
/// run before the runtime starts.
pub fn stdout_is_closed() -> bool {
    rustix::io::fcntl_getfd(rustix::stdio::stdout()) == Err(Errno::BADF)
}

/// Makes terminals interpret colors. Returns false if that is impossible.
pub fn enable_colors() -> bool {
    true
}

pub fn file_state(file: &File) -> io::Result<FileState> {
    let metadata = file.metadata()?;
    let kind = metadata.file_type();
    Ok(FileState {
        kind: if kind.is_file() {
            FileKind::Regular
        } else if kind.is_dir() {
            FileKind::Folder
        } else if kind.is_fifo() {
            FileKind::Pipe
        } else if kind.is_block_device() || kind.is_char_device() {
            FileKind::Device
        } else {
            FileKind::Other
        },
        length: metadata.len(),
        changed: metadata.modified().ok(),
    })
}

/// Returns the number of names (hard links) of a file.
pub fn link_count(path: &Path) -> io::Result<u64> {
    Ok(fs::symlink_metadata(path)?.nlink())
}

/// Returns a path as bytes with slashes between its components.
pub fn bytes_with_slashes(path: &Path) -> Cow<'_, [u8]> {
    path.as_os_str().as_bytes().into()
}

/// Opens a file for reading. Fails if it is a symlink, and does not wait for a pipe.
pub fn open_unfollowed(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).map_err(io::Error::other)?;
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// Opens a file for reading if it can be trusted: a regular file that not everybody can write, and that belongs to this
/// user, root, or the owner of `folder`. Checks the open file, because nobody can replace it any more.
pub fn open_trusted(path: &Path, folder: &Path) -> Result<File, String> {
    let cannot_read = |error: io::Error| format!("cannot be read: {error}");
    let file = open_unfollowed(path).map_err(|error| match Errno::from_io_error(&error) {
        Some(Errno::LOOP) => "is a symbolic link".to_owned(),
        _ => cannot_read(error),
    })?;
    let found = file.metadata().map_err(cannot_read)?;
    let user = rustix::process::geteuid().as_raw();
    let owner = fs::metadata(folder).ok().map(|folder| folder.uid());
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

/// Creates a file with a unique name, to which the umask applies as to any new file.
pub fn temporary_file(folder: &Path, prefix: &str) -> io::Result<NamedTempFile> {
    tempfile::Builder::new()
        .prefix(prefix)
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)
}

/// Gives a new file the owner, the group and the mode of the old one.
pub fn keep_owner_and_mode(new: &NamedTempFile, old: &Metadata) -> Result<()> {
    let made = new.as_file().metadata()?;
    if (made.uid(), made.gid()) != (old.uid(), old.gid()) {
        let owner = chown(new.path(), Some(old.uid()), Some(old.gid()));
        owner.context("cannot keep the owner of the file")?;
    }
    let file: &File = new.as_file();
    Ok(file.set_permissions(old.permissions())?)
}
