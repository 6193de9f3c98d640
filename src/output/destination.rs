use std::path::PathBuf;

use anyhow::{Context, Result};

use super::replace::write_file;
use super::stdout::{is_closed_stdout, write_stdout};

/// The destination of a command's data.
#[derive(Clone, Debug)]
pub enum Destination {
    Stdout,
    /// A regular file, which is replaced atomically, or a device or a pipe, which is written to.
    File(PathBuf),
}

impl Destination {
    /// Writes all of `text`. On failure, an existing regular file is unchanged.
    pub fn write(&self, text: &str) -> Result<()> {
        match self {
            Destination::Stdout => write_stdout(text),
            Destination::File(path) if is_closed_stdout(path) => write_stdout(text),
            Destination::File(path) => {
                write_file(path, text).with_context(|| format!("cannot write {}", path.display()))
            }
        }
    }
}
