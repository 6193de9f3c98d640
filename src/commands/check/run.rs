//! Collects the results of the checked files and prints the report.

use std::io::Write;

use anyhow::{Context, Result};

use super::file::FileResult;
use crate::limits::Limits;
use crate::output::{self, Console, Spool};
use crate::report::{Expectation, Report, Summary};

/// The results of the files that were checked so far.
pub(super) struct Run<'a> {
    report: &'a dyn Report,
    parts: Spool,
    pub(super) summary: Summary,
    pub(super) refused: usize,
    pub(super) not_loaded: usize,
    repair: Option<String>,
    console: Console,
}

impl<'a> Run<'a> {
    pub(super) fn new(report: &'a dyn Report, limits: Limits, console: Console) -> Self {
        Run {
            report,
            parts: Spool::new(limits),
            summary: Summary::default(),
            refused: 0,
            not_loaded: 0,
            repair: None,
            console,
        }
    }

    pub(super) fn add(&mut self, result: FileResult) -> Result<()> {
        match result {
            FileResult::Refused(messages) => {
                self.refused += 1;
                for message in messages {
                    message.print(self.console);
                }
            }
            FileResult::Checked {
                counts,
                part,
                repair,
                is_not_loaded,
            } => {
                if self.parts.length() > 0 && part.length() > 0 {
                    self.parts.write_all(self.report.separator().as_bytes())?;
                }
                self.summary.add(*counts);
                self.parts.append(part)?;
                self.repair = repair;
                self.not_loaded += usize::from(is_not_loaded);
            }
        }
        Ok(())
    }

    /// Writes the report to stdout. With `--print-repair`, writes the repair to stdout and the report to
    /// stderr. Errors on stderr are then ignored, because only the repair must not get lost.
    pub(super) fn print(mut self, expectation: &Expectation, repairs: bool) -> Result<()> {
        if repairs {
            let repair = self.repair.take();
            let done = repair.map_or(Ok(()), |repair| output::write_stdout(&repair));
            let _ = self.copy_document(expectation, &mut std::io::stderr().lock());
            return done;
        }
        output::stdout()
            .and_then(|mut stdout| self.copy_document(expectation, &mut stdout))
            .context("cannot write to stdout")
    }

    /// Writes the report as one that is not one of several.
    fn copy_document(self, expectation: &Expectation, to: &mut dyn Write) -> std::io::Result<()> {
        let report = self.report;
        to.write_all(report.document_head().as_bytes())?;
        self.copy(expectation, to)?;
        to.write_all(report.document_end().as_bytes())?;
        to.flush()
    }

    pub(super) fn copy(self, expectation: &Expectation, to: &mut dyn Write) -> std::io::Result<()> {
        let mut parts = self.parts.finish()?;
        to.write_all(self.report.head(expectation, &self.summary).as_bytes())?;
        parts.copy(to)?;
        to.write_all(self.report.end().as_bytes())?;
        to.flush()
    }
}
