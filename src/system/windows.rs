//! The functions for Windows. `docs/operations.md` describes the differences.

use std::borrow::Cow;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::{AsHandle, AsRawHandle};
use std::path::Path;

use anyhow::Result;
use tempfile::NamedTempFile;
use winapi_util::console::Console;

use super::{FileKind, FileState};

/// Opens a symlink itself (`CreateFileW`, `FILE_FLAG_OPEN_REPARSE_POINT`).
const OPEN_REPARSE_POINT: u32 = 0x0020_0000;

/// Returns stdin without a buffer.
pub fn stdin() -> io::Result<File> {
    Ok(File::from(io::stdin().as_handle().try_clone_to_owned()?))
}

/// Returns true if the program has no stdout. Writing would succeed nevertheless.
pub fn stdout_is_closed() -> bool {
    io::stdout().as_raw_handle().is_null()
}

/// Makes terminals interpret colors. Returns false if that is impossible.
pub fn enable_colors() -> bool {
    match Console::stdout().or_else(|_| Console::stderr()) {
        Ok(mut console) => console.set_virtual_terminal_processing(true).is_ok(),
        // Other terminals, such as that of Git Bash, always interpret colors.
        Err(_) => true,
    }
}

pub fn file_state(file: &File) -> io::Result<FileState> {
    let kind = winapi_util::file::typ(file)?;
    if kind.is_disk() {
        let metadata = file.metadata()?;
        return Ok(FileState {
            kind: if metadata.is_file() {
                FileKind::Regular
            } else if metadata.is_dir() {
                FileKind::Folder
            } else {
                FileKind::Other
            },
            length: metadata.len(),
            changed: metadata.modified().ok(),
        });
    }
    // Pipes and devices have no metadata.
    Ok(FileState {
        kind: if kind.is_pipe() {
            FileKind::Pipe
        } else if kind.is_char() {
            FileKind::Device
        } else {
            FileKind::Other
        },
        length: 0,
        changed: None,
    })
}

/// Returns the number of names (hard links) of a file.
pub fn link_count(path: &Path) -> io::Result<u64> {
    let file = winapi_util::Handle::from_path(path)?;
    Ok(winapi_util::file::information(&file)?.number_of_links())
}

/// Returns a path as bytes with slashes between its components, such as `//?/C:/folder`. The root of a drive has no
/// slash at its end.
pub fn bytes_with_slashes(path: &Path) -> Cow<'_, [u8]> {
    let mut bytes = path.as_os_str().as_encoded_bytes().to_vec();
    for byte in &mut bytes {
        if *byte == b'\\' {
            *byte = b'/';
        }
    }
    if bytes.ends_with(b"/") {
        bytes.pop();
    }
    bytes.into()
}

/// Opens a file for reading. A symlink is opened itself, which is not a regular file.
pub fn open_unfollowed(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(OPEN_REPARSE_POINT);
    options.open(path)
}

/// Trusts no file, because the standard library cannot determine its owner.
pub fn open_trusted(_path: &Path, _folder: &Path) -> Result<File, String> {
    Err("may belong to another user, which cannot be checked on Windows".to_owned())
}

/// Creates a file with a unique name, which gets the permissions of its folder.
pub fn temporary_file(folder: &Path, prefix: &str) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(prefix).tempfile_in(folder)
}

/// Does nothing: the new file keeps the permissions of its folder.
pub fn keep_owner_and_mode(_new: &NamedTempFile, _old: &Metadata) -> Result<()> {
    Ok(())
}
