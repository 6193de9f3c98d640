use std::io::{self, StdoutLock, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};

use crate::system::stdout_is_closed;

/// True if the program was started without a standard output (`>&-`).
static CLOSED: AtomicBool = AtomicBool::new(false);

/// Detects whether stdout is closed. This must run before Rust's runtime starts, because the
/// runtime opens `/dev/null` in place of a closed stdout, so that every write succeeds.
pub fn find_closed_stdout() {
    CLOSED.store(stdout_is_closed(), Ordering::Relaxed);
}

/// Returns stdout for data. Fails if stdout was closed when the program started.
pub fn stdout() -> io::Result<StdoutLock<'static>> {
    if CLOSED.load(Ordering::Relaxed) {
        return Err(io::Error::other("it is closed"));
    }
    Ok(io::stdout().lock())
}

/// True if a path leads to stdout, and that was closed when the program started.
pub(super) fn is_closed_stdout(path: &Path) -> bool {
    let names = ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];
    CLOSED.load(Ordering::Relaxed) && names.iter().any(|name| path == Path::new(name))
}

pub fn write_stdout(text: &str) -> Result<()> {
    stdout()
        .and_then(|mut stdout| {
            stdout.write_all(text.as_bytes())?;
            stdout.flush()
        })
        .context("cannot write to stdout")
}

/// Returns true if writing failed because the reader closed the pipe, which needs no message.
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
