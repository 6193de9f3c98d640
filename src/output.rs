//! Where text goes: data to stdout or a file replaced in one step, messages to stderr.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::{NamedTempFile, SpooledTempFile};

use crate::limits::{Limit, Limits};
use crate::terminal::{RED, YELLOW, escape_hidden, escape_hidden_at_start, painted, shortened};

/// Where the data of a command goes.
#[derive(Clone, Debug)]
pub enum Destination {
    /// The program's standard output.
    Stdout,
    /// A file, replaced in one step; a device or a pipe is written to.
    File(PathBuf),
}

impl Destination {
    /// Writes all of `text`, or fails and leaves an existing file as it was.
    pub fn write(&self, text: &str) -> Result<()> {
        match self {
            Destination::Stdout => write_stdout(text),
            Destination::File(path) => {
                write_file(path, text).with_context(|| format!("cannot write {}", path.display()))
            }
        }
    }
}

/// Writes all of `text` to stdout.
pub fn write_stdout(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
        .context("cannot write to stdout")
}

/// The most bytes of a report that are kept in memory, and of a part of one.
const REPORT_IN_MEMORY: usize = 4 << 20;
const PART_IN_MEMORY: usize = 256 << 10;

/// A report, or a part of one, that waits until all of it is known to be right: in memory, or in a file
/// without a name if it is long. [`Limit::Output`] bounds it.
pub struct Spool {
    file: BufWriter<SpooledTempFile>,
    length: usize,
    limits: Limits,
}

impl Spool {
    /// An empty report.
    pub fn new(limits: Limits) -> Spool {
        Spool::with_memory(limits, REPORT_IN_MEMORY)
    }

    /// An empty part of a report.
    pub fn part(limits: Limits) -> Spool {
        Spool::with_memory(limits, PART_IN_MEMORY)
    }

    fn with_memory(limits: Limits, most: usize) -> Spool {
        Spool {
            file: BufWriter::new(SpooledTempFile::new(most)),
            length: 0,
            limits,
        }
    }

    /// The number of bytes so far.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Adds a part at the end.
    pub fn append(&mut self, part: Spool) -> io::Result<()> {
        io::copy(&mut part.finish()?.0, self)?;
        Ok(())
    }

    /// The whole report, to be copied.
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
        let mut stdout = io::stdout().lock();
        kept.copy(&mut stdout)
            .and_then(|()| stdout.flush())
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

#[expect(clippy::needless_pass_by_value, reason = "map_err gives it so")]
fn cannot_keep(error: io::Error) -> io::Error {
    let folder = std::env::temp_dir();
    let folder = folder.display();
    let kept = format!("cannot keep the report in {folder} (TMPDIR): {error}");
    io::Error::new(error.kind(), kept)
}

/// A whole report, where it waited.
pub struct Kept(SpooledTempFile);

impl Kept {
    /// Copies what has not been copied yet.
    pub fn copy(&mut self, to: &mut dyn Write) -> io::Result<()> {
        io::copy(&mut self.0, to)?;
        Ok(())
    }

    /// Copies the bytes of a part.
    pub fn copy_part(&mut self, part: &Range<usize>, to: &mut dyn Write) -> io::Result<()> {
        self.0.seek(SeekFrom::Start(part.start as u64))?;
        let file: &mut SpooledTempFile = &mut self.0;
        io::copy(&mut Read::take(file, part.len() as u64), to)?;
        Ok(())
    }
}

/// The most problems of one input that are reported.
const PROBLEMS: usize = 20;

/// Problems of an input: the first of them in the order of their texts, and the number of all.
#[derive(Debug, Default)]
pub struct Problems {
    first: BTreeSet<String>,
    count: usize,
}

impl Problems {
    /// Adds one.
    pub fn add(&mut self, problem: String) {
        self.count += 1;
        self.first.insert(problem);
        if self.first.len() > PROBLEMS {
            self.first.pop_last();
        }
    }

    /// Adds all of others.
    pub fn extend(&mut self, others: Problems) {
        self.count += others.count.saturating_sub(others.first.len());
        others.first.into_iter().for_each(|one| self.add(one));
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Reports the first, and how many more there are.
    pub fn report(&self, console: Console) {
        for problem in &self.first {
            console.error(problem);
        }
        let more = self.count - self.first.len();
        if more > 0 {
            console.error(&format!("{more} more such problems"));
        }
    }
}

/// Whether an error is a reader's going away, which needs no words.
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

fn write_file(path: &Path, text: &str) -> Result<()> {
    match fs::metadata(path) {
        Ok(old) if old.is_dir() => anyhow::bail!("it is a folder"),
        Ok(old) => {
            // Replacing needs only the folder; but a file that is read-only shall stay as it is.
            let mut file = OpenOptions::new().write(true).open(path)?;
            if old.is_file() {
                // What a symlink points to is replaced, not the symlink.
                replace(&fs::canonicalize(path)?, text, Some(&old))
            } else {
                Ok(file.write_all(text.as_bytes())?)
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            replace(&missing_target(path)?, text, None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Where a file is to be made: at `path`, or where `path` leads as a dangling symlink.
fn missing_target(path: &Path) -> Result<PathBuf> {
    match fs::read_link(path) {
        Ok(link) => {
            let target = folder_of(path).join(link);
            anyhow::ensure!(
                fs::symlink_metadata(&target).is_err(),
                "it is a symlink to a symlink that leads nowhere"
            );
            Ok(target)
        }
        Err(_) => Ok(path.to_owned()),
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// A reader sees the old file or the new one, never a part.
fn replace(target: &Path, text: &str, old: Option<&Metadata>) -> Result<()> {
    let folder = folder_of(target);
    fs::metadata(folder).with_context(|| format!("folder {}", folder.display()))?;
    let mut new = tempfile::Builder::new()
        .prefix(".twilio-sip-allow-")
        // Less what the umask takes away, as with any new file.
        .permissions(fs::Permissions::from_mode(0o666))
        .tempfile_in(folder)?;
    new.write_all(text.as_bytes())?;
    if let Some(old) = old {
        keep_owner_and_mode(&new, old)?;
    }
    new.as_file().sync_all()?;
    new.persist(target).map_err(|error| error.error)?;
    Ok(())
}

fn keep_owner_and_mode(new: &NamedTempFile, old: &Metadata) -> Result<()> {
    let made = new.as_file().metadata()?;
    if (made.uid(), made.gid()) != (old.uid(), old.gid()) {
        let owner = chown(new.path(), Some(old.uid()), Some(old.gid()));
        owner.context("its owner cannot be kept")?;
    }
    let file: &File = new.as_file();
    Ok(file.set_permissions(old.permissions())?)
}

/// When words on stderr are coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set (no-color.org).
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What the program says beside its data.
#[derive(Clone, Copy, Debug, Default)]
pub struct Console {
    /// Errors are told nevertheless.
    pub quiet: bool,
    /// Of the words `notice` and `error`.
    pub color: Color,
}

impl Console {
    /// Something that the user should know, on one line.
    pub fn notice(self, text: &str) {
        if !self.quiet {
            self.say("notice", YELLOW, text);
        }
    }

    /// Why the program failed.
    pub fn error(self, text: &str) {
        self.say("error", RED, text);
    }

    fn say(self, word: &str, color: &str, text: &str) {
        let program = env!("CARGO_PKG_NAME");
        let word = if self.colors_stderr() {
            painted(word, color)
        } else {
            word.to_owned()
        };
        // Nobody is left to be told when stderr itself fails.
        let text = escape_hidden(&shortened(text));
        let _ = writeln!(io::stderr().lock(), "{program}: {word}: {text}");
    }

    /// Whether words on stderr are coloured.
    pub fn colors_stderr(self) -> bool {
        self.colors(&io::stderr())
    }

    /// Whether words in a report on stdout are coloured.
    pub fn colors_stdout(self) -> bool {
        self.colors(&io::stdout())
    }

    fn colors(self, stream: &impl IsTerminal) -> bool {
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                stream.is_terminal() && !no_color
            }
        }
    }
}

/// Says what stands beside an error, in lines of its own; nothing when the text is empty.
pub fn print_note(text: &str) {
    if !text.is_empty() {
        let program = env!("CARGO_PKG_NAME");
        let lines: Vec<String> = text.split('\n').map(escape_hidden_at_start).collect();
        let _ = write!(io::stderr().lock(), "{program}: {}", lines.join("\n"));
    }
}
