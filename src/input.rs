//! Text from a file or stdin, read as a whole and within limits.

use std::fs::{File, Metadata};
use std::io::{self, IsTerminal, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, anyhow, bail, ensure};

use crate::limits::{Limit, Limits};

/// True if a file's name stands for stdin.
pub fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

/// True if stdin is a terminal, where a user would have to type the input.
pub fn stdin_is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// True if stdin is a pipe or a file, so that the user may mean it as the input.
pub fn stdin_is_piped() -> bool {
    let metadata = || -> io::Result<Metadata> {
        File::from(io::stdin().as_fd().try_clone_to_owned()?).metadata()
    };
    metadata().is_ok_and(|stdin| stdin.file_type().is_fifo() || stdin.is_file())
}

/// A file's name for people.
pub fn name_of(file: &Path) -> String {
    if is_stdin(file) {
        "stdin".to_owned()
    } else {
        file.display().to_string()
    }
}

/// An input of more bytes than this is large: threads read and judge such inputs one after the other,
/// since each may take as much memory as the limits allow.
const LARGE: usize = 4 << 20;

static LARGE_INPUT: Mutex<()> = Mutex::new(());

/// The right to read and judge a large input. While it is held, no other thread goes on with one.
pub type Turn = Option<MutexGuard<'static, ()>>;

/// A file's text, or stdin's for `-`; a byte order mark is no part of it.
///
/// `limit` bounds its bytes: [`Limit::Input`] or [`Limit::List`].
pub fn text(file: &Path, limits: Limits, limit: Limit) -> Result<String> {
    text_in_turn(file, limits, limit).map(|(_, text)| text)
}

/// The same for one of several threads. The turn must outlive the text.
pub fn text_in_turn(file: &Path, limits: Limits, limit: Limit) -> Result<(Turn, String)> {
    let (turn, bytes) = Source::open(file, limits, limit)?.bytes(file)?;
    let text = decoded(bytes).with_context(|| name_of(file))?;
    Ok((turn, text))
}

/// Kinds of files that are no text, by their first bytes, and how to get at a text in them.
const BINARY_KINDS: [(&[u8], &str); 9] = [
    (
        b"\x1f\x8b",
        "it is compressed with gzip; decompress it, as with: gunzip",
    ),
    (
        b"BZh",
        "it is compressed with bzip2; decompress it, as with: bunzip2",
    ),
    (
        b"\xfd7zXZ",
        "it is compressed with xz; decompress it, as with: unxz",
    ),
    (
        b"\x28\xb5\x2f\xfd",
        "it is compressed with zstd; decompress it, as with: unzstd",
    ),
    (
        b"PK\x03\x04",
        "it is a ZIP archive; give a text file from it",
    ),
    (b"%PDF-", "it is a PDF document; give a text"),
    (b"\x89PNG", "it is a PNG image; give a text"),
    (b"\xff\xd8\xff", "it is a JPEG image; give a text"),
    (b"\x7fELF", "it is a program; give a text"),
];

/// The text of a file that is open; `name` is only named in errors.
pub fn text_of_open_file(file: File, name: &Path, limits: Limits, limit: Limit) -> Result<String> {
    let source = Source::of(file, limits, limit).with_context(|| cannot_read(name))?;
    let (_turn, bytes) = source.bytes(name)?;
    decoded(bytes).with_context(|| name_of(name))
}

fn decoded(bytes: Vec<u8>) -> Result<String> {
    if utf16_units(&bytes).is_some() {
        bail!("it is UTF-16; convert it, as with: iconv -f UTF-16 -t UTF-8");
    }
    let text = match String::from_utf8(without_mark(bytes)) {
        Ok(text) => text,
        Err(error) => {
            let bytes = error.as_bytes();
            let mut kinds = BINARY_KINDS.iter();
            if let Some((_, kind)) = kinds.find(|(start, _)| bytes.starts_with(start)) {
                bail!("{kind}");
            }
            let at = error.utf8_error().valid_up_to();
            bail!("{}: byte {} of it is not UTF-8", line_of(bytes, at), at + 1);
        }
    };
    if let Some(at) = memchr::memchr(0, text.as_bytes()) {
        bail!(
            "{}: a NUL byte, which no text has",
            line_of(text.as_bytes(), at)
        );
    }
    Ok(text)
}

fn line_of(bytes: &[u8], at: usize) -> String {
    format!(
        "line {}",
        memchr::memchr_iter(b'\n', &bytes[..at]).count() + 1
    )
}

/// The kind of a file.
pub enum Content {
    /// UTF-8, or as good as that.
    Text(Vec<u8>),
    /// Something else.
    Binary,
}

/// As much of a file as tells whether it is text.
const PEEK: u64 = 8 << 10;

/// The content of a file, or of stdin for `-`, whether it is text or not; UTF-16 is known by its mark. The turn
/// must outlive the content.
pub fn content(file: &Path, limits: Limits) -> Result<(Turn, Content)> {
    let mut source = Source::open(file, limits, Limit::Input)?;
    // What is not text need not be read whole.
    let start = source.peek(PEEK).with_context(|| cannot_read(file))?;
    if utf16_units(start).is_none() && start.contains(&0) {
        return Ok((None, Content::Binary));
    }
    let (turn, bytes) = source.bytes(file)?;
    Ok((turn, content_of(bytes)))
}

fn content_of(bytes: Vec<u8>) -> Content {
    let Some(units) = utf16_units(&bytes) else {
        return match memchr::memchr(0, &bytes) {
            Some(_) => Content::Binary,
            None => Content::Text(without_mark(bytes)),
        };
    };
    let characters = char::decode_utf16(units);
    let text: String = characters
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    if text.contains('\0') {
        Content::Binary
    } else {
        Content::Text(text.into_bytes())
    }
}

/// The units of UTF-16 behind a byte order mark that says so.
fn utf16_units(bytes: &[u8]) -> Option<impl Iterator<Item = u16> + '_> {
    let unit: fn([u8; 2]) -> u16 = match bytes {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return None,
    };
    let pairs = bytes[2..].chunks_exact(2);
    Some(pairs.map(move |pair| unit([pair[0], pair[1]])))
}

fn without_mark(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.starts_with("\u{feff}".as_bytes()) {
        bytes.drain(..3);
    }
    bytes
}

fn cannot_open(error: io::Error) -> anyhow::Error {
    if error.kind() == io::ErrorKind::NotFound {
        anyhow!("No such file or directory; name an existing file, or '-' for standard input")
    } else {
        error.into()
    }
}

fn cannot_read(file: &Path) -> String {
    format!("cannot read {}", name_of(file))
}

/// Something opened to be read.
struct Source {
    file: File,
    /// Its state when it was opened.
    opened: Metadata,
    limits: Limits,
    limit: Limit,
    /// The bytes that were read so far.
    bytes: Vec<u8>,
    turn: Turn,
}

impl Source {
    fn open(file: &Path, limits: Limits, limit: Limit) -> Result<Source> {
        let open = || -> Result<Source> {
            let opened_file = if is_stdin(file) {
                File::from(io::stdin().as_fd().try_clone_to_owned()?)
            } else {
                File::open(file).map_err(cannot_open)?
            };
            let source = Source::of(opened_file, limits, limit)?;
            source.check_kind(is_stdin(file))?;
            Ok(source)
        };
        open().with_context(|| cannot_read(file))
    }

    fn of(file: File, limits: Limits, limit: Limit) -> Result<Source> {
        Ok(Source {
            opened: file.metadata()?,
            file,
            limits,
            limit,
            bytes: Vec::new(),
            turn: None,
        })
    }

    /// Refuses what has no text in it.
    fn check_kind(&self, is_stdin: bool) -> Result<()> {
        let kind = self.opened.file_type();
        ensure!(!kind.is_dir(), "it is a folder; name a file");
        let device = kind.is_block_device() || kind.is_char_device() && !self.file.is_terminal();
        // The runtime puts /dev/null in the place of a stdin that is closed.
        ensure!(
            !(device && is_stdin),
            "it is closed, or a device such as /dev/null; pipe something into it, or name a file"
        );
        ensure!(!device, "it is a device, not a file");
        Ok(())
    }

    /// The first bytes, which are not read again.
    fn peek(&mut self, most: u64) -> io::Result<&[u8]> {
        self.file.by_ref().take(most).read_to_end(&mut self.bytes)?;
        Ok(&self.bytes)
    }

    /// All of it.
    fn bytes(mut self, name: &Path) -> Result<(Turn, Vec<u8>)> {
        self.read_all().with_context(|| cannot_read(name))?;
        Ok((self.turn, self.bytes))
    }

    fn read_all(&mut self) -> Result<()> {
        // Of what is no file, the length is 0.
        let length = usize::try_from(self.opened.len()).unwrap_or(usize::MAX);
        self.limits.check(self.limit, length)?;
        let most = self.limits.max(self.limit).saturating_add(1);
        if length <= LARGE {
            self.read_up_to(most.min(LARGE + 1), length)?;
        }
        if length > LARGE || self.bytes.len() > LARGE {
            let turn = LARGE_INPUT.lock();
            self.turn = Some(turn.unwrap_or_else(PoisonError::into_inner));
            self.read_up_to(most, length)?;
        }
        self.limits.check(self.limit, self.bytes.len())?;
        let now = self.file.metadata()?;
        let state = |of: &Metadata| (of.len(), of.mtime(), of.mtime_nsec());
        ensure!(
            !now.is_file() || state(&now) == state(&self.opened),
            "it was changed while it was read; try again"
        );
        Ok(())
    }

    /// Reads until there are so many bytes, if the input has them; most likely it has `length`.
    fn read_up_to(&mut self, most: usize, length: usize) -> Result<()> {
        let expected = length.saturating_sub(self.bytes.len());
        self.bytes.try_reserve_exact(expected.saturating_add(1))?;
        let rest = most.saturating_sub(self.bytes.len());
        self.file
            .by_ref()
            .take(rest as u64)
            .read_to_end(&mut self.bytes)?;
        Ok(())
    }
}
