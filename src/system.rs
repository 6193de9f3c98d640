//! The differences between operating systems. Both modules define the same functions.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use self::unix as current;
#[cfg(windows)]
use self::windows as current;

use std::time::SystemTime;

pub use current::{
    bytes_with_slashes, enable_colors, file_state, keep_owner_and_mode, link_count, open_trusted,
    open_unfollowed, stdin, stdout_is_closed, temporary_file,
};

/// The state of an open file.
pub struct FileState {
    pub kind: FileKind,
    /// The length in bytes; 0 for a pipe or a terminal.
    pub length: u64,
    /// The time of the last change, if the system knows it.
    pub changed: Option<SystemTime>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    Regular,
    Folder,
    Pipe,
    /// Includes a terminal.
    Device,
    Other,
}
