//! Stores reports until they are complete.

use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::ops::Range;

use anyhow::{Context, Result};
use tempfile::SpooledTempFile;

use super::stdout::stdout;
use crate::limits::{Limit, Limits};

/// The maximum size of a report in memory, in bytes.
const REPORT_IN_MEMORY: usize = 4 << 20;

/// The maximum size of a part of a report in memory, in bytes.
const PART_IN_MEMORY: usize = 256 << 10;

/// A report, or a part of one, that is stored until no error can follow. A short report is in
/// memory, a long one is in an unnamed temporary file. [`Limit::Output`] bounds its size.
pub struct Spool {
    file: BufWriter<SpooledTempFile>,
    length: usize,
    limits: Limits,
}

impl Spool {
    pub fn new(limits: Limits) -> Spool {
        Spool::with_memory(limits, REPORT_IN_MEMORY)
    }

    pub fn part(limits: Limits) -> Spool {
        Spool::with_memory(limits, PART_IN_MEMORY)
    }

    fn with_memory(limits: Limits, max: usize) -> Spool {
        Spool {
            file: BufWriter::new(SpooledTempFile::new(max)),
            length: 0,
            limits,
        }
    }

    /// Returns the number of bytes written so far.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Appends another part.
    pub fn append(&mut self, part: Spool) -> io::Result<()> {
        io::copy(&mut part.finish()?.0, self)?;
        Ok(())
    }

    /// Completes the report.
    pub fn finish(self) -> io::Result<Kept> {
        let file = self
            .file
            .into_inner()
            .map_err(io::IntoInnerError::into_error);
        let mut file = file.map_err(cannot_keep)?;
        file.seek(SeekFrom::Start(0)).map_err(cannot_keep)?;
        Ok(Kept(file))
    }

    /// Copies the report to stdout.
    pub fn print(self) -> Result<()> {
        let mut kept = self.finish()?;
        stdout()
            .and_then(|mut stdout| {
                kept.copy(&mut stdout)?;
                stdout.flush()
            })
            .context("cannot write to stdout")
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.length = self.length.saturating_add(bytes.len());
        let fits = self.limits.check(Limit::Output, self.length);
        fits.map_err(io::Error::other)?;
        self.file.write_all(bytes).map_err(cannot_keep)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush().map_err(cannot_keep)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "map_err passes it by value")]
fn cannot_keep(error: io::Error) -> io::Error {
    let folder = std::env::temp_dir();
    let folder = folder.display();
    let kept = format!("cannot write a temporary file in '{folder}' (TMPDIR): {error}");
    io::Error::new(error.kind(), kept)
}

/// A complete report, ready to be copied.
pub struct Kept(SpooledTempFile);

impl Kept {
    /// Copies the report from the current position to its end.
    pub fn copy(&mut self, to: &mut dyn Write) -> io::Result<()> {
        io::copy(&mut self.0, to)?;
        Ok(())
    }

    /// Copies a range of bytes.
    pub fn copy_part(&mut self, part: &Range<usize>, to: &mut dyn Write) -> io::Result<()> {
        self.0.seek(SeekFrom::Start(part.start as u64))?;
        let file: &mut SpooledTempFile = &mut self.0;
        io::copy(&mut Read::take(file, part.len() as u64), to)?;
        Ok(())
    }
}
