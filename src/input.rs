//! Reads whole files, or stdin, within limits.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{MAIN_SEPARATOR, Path};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, anyhow, bail, ensure};

use crate::limits::{Limit, Limits};
use crate::system::{self, FileKind, FileState, file_state};

/// Returns true if a file name means stdin.
pub fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

/// Returns true if stdin is a terminal, where the user would have to type the input.
pub fn stdin_is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// Returns true if stdin is a pipe or a file, so that it may be the intended input.
pub fn stdin_is_piped() -> bool {
    let state = system::stdin().and_then(|stdin| file_state(&stdin));
    state.is_ok_and(|stdin| matches!(stdin.kind, FileKind::Pipe | FileKind::Regular))
}

/// Returns the name of a file for messages and reports.
pub fn name_of(file: &Path) -> String {
    if is_stdin(file) {
        "stdin".to_owned()
    } else {
        with_slashes(file)
    }
}

/// Returns a path as text with slashes between its components, on every system. Reports need slashes.
pub fn with_slashes(path: &Path) -> String {
    path.to_string_lossy().replace(MAIN_SEPARATOR, "/")
}

/// Inputs above this size are large. Threads process large inputs one after another, because each
/// may take as much memory as the limits allow.
const LARGE: usize = 4 << 20;

static LARGE_INPUT: Mutex<()> = Mutex::new(());

/// The lock for processing a large input, or `None` for a small one. Only one thread at a time can
/// have the lock.
pub type Turn = Option<MutexGuard<'static, ()>>;

/// Reads the text of a file, or of stdin for `-`, without a byte order mark.
///
/// `limit` bounds its size: [`Limit::Input`] or [`Limit::List`].
pub fn text(file: &Path, limits: Limits, limit: Limit) -> Result<String> {
    text_in_turn(file, limits, limit).map(|(_, text)| text)
}

/// Reads the bytes of a file, which [`decode`] turns into text. `limit` bounds their number.
pub fn bytes(file: &Path, limits: Limits, limit: Limit) -> Result<Vec<u8>> {
    let (_turn, bytes) = Source::open(file, limits, limit)?.bytes(file)?;
    Ok(bytes)
}

/// Does the same as [`text`] in one of several threads. The turn must outlive the text.
pub fn text_in_turn(file: &Path, limits: Limits, limit: Limit) -> Result<(Turn, String)> {
    let (turn, bytes) = Source::open(file, limits, limit)?.bytes(file)?;
    let text = decode(bytes).with_context(|| name_of(file))?;
    Ok((turn, text))
}

/// File types that are not text, by their first bytes, with the advice for each.
const BINARY_KINDS: [(&[u8], &str); 9] = [
    (
        b"\x1f\x8b",
        "it is compressed with gzip; decompress it first, for example with gunzip",
    ),
    (
        b"BZh",
        "it is compressed with bzip2; decompress it first, for example with bunzip2",
    ),
    (
        b"\xfd7zXZ",
        "it is compressed with xz; decompress it first, for example with unxz",
    ),
    (
        b"\x28\xb5\x2f\xfd",
        "it is compressed with zstd; decompress it first, for example with unzstd",
    ),
    (
        b"PK\x03\x04",
        "it is a ZIP archive; extract the text file first",
    ),
    (b"%PDF-", "it is a PDF document; convert it to text first"),
    (b"\x89PNG", "it is a PNG image, not text"),
    (b"\xff\xd8\xff", "it is a JPEG image, not text"),
    (b"\x7fELF", "it is a program, not text"),
];

/// Reads the text of an open file. `name` appears only in errors.
pub fn text_of_open_file(file: File, name: &Path, limits: Limits, limit: Limit) -> Result<String> {
    let source = Source::of(file, limits, limit).with_context(|| cannot_read(name))?;
    let (_turn, bytes) = source.bytes(name)?;
    decode(bytes).with_context(|| name_of(name))
}

/// Turns the bytes of a file into text, without a byte order mark.
pub fn decode(bytes: Vec<u8>) -> Result<String> {
    if utf16_units(&bytes).is_some() {
        bail!("it is UTF-16; convert it first, for example with iconv -f UTF-16 -t UTF-8");
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
            bail!(
                "{}: byte {} of the input is not UTF-8; convert the input first, for example with iconv",
                line_of(bytes, at),
                at + 1
            );
        }
    };
    if let Some(at) = memchr::memchr(0, text.as_bytes()) {
        bail!(
            "{}: the line has a NUL byte, so this is not text",
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

pub enum Content {
    /// Text, which was in this encoding.
    Text(Vec<u8>, Encoding),
    /// Anything else.
    Binary,
}

/// The encoding of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, perhaps with invalid bytes.
    Utf8,
    /// The same after a byte order mark, which the text does not contain.
    Utf8WithMark,
    /// UTF-16, converted to UTF-8.
    Utf16,
}

/// The byte order mark of UTF-8.
pub const MARK: &[u8] = "\u{feff}".as_bytes();

/// The number of bytes at the start of a file that are searched for NUL bytes.
const PEEK: u64 = 8 << 10;

/// Reads a file, or stdin for `-`, that may be text or not. A byte order mark identifies UTF-16.
/// The turn must outlive the content.
pub fn content(file: &Path, limits: Limits) -> Result<(Turn, Content)> {
    let mut source = Source::open(file, limits, Limit::Input)?;
    // A binary file need not be read completely.
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
            None if bytes.starts_with(MARK) => {
                Content::Text(without_mark(bytes), Encoding::Utf8WithMark)
            }
            None => Content::Text(bytes, Encoding::Utf8),
        };
    };
    let characters = char::decode_utf16(units);
    let text: String = characters
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    if text.contains('\0') {
        Content::Binary
    } else {
        Content::Text(text.into_bytes(), Encoding::Utf16)
    }
}

/// Decodes bytes into UTF-16 units if they start with its byte order mark.
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
    if bytes.starts_with(MARK) {
        bytes.drain(..MARK.len());
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

/// An open file or stdin.
struct Source {
    file: File,
    /// The state at the time of opening.
    opened: FileState,
    limits: Limits,
    limit: Limit,
    /// The bytes read so far.
    bytes: Vec<u8>,
    turn: Turn,
}

impl Source {
    fn open(file: &Path, limits: Limits, limit: Limit) -> Result<Source> {
        let open = || -> Result<Source> {
            let opened_file = if is_stdin(file) {
                system::stdin()?
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
            opened: file_state(&file)?,
            file,
            limits,
            limit,
            bytes: Vec::new(),
            turn: None,
        })
    }

    /// Rejects directories and devices.
    fn check_kind(&self, is_stdin: bool) -> Result<()> {
        let kind = self.opened.kind;
        ensure!(kind != FileKind::Folder, "it is a folder; name a file");
        let device = kind == FileKind::Device && !self.file.is_terminal();
        // Rust's runtime opens /dev/null in place of a closed stdin.
        ensure!(
            !(device && is_stdin),
            "it is closed, or a device such as /dev/null; pipe something into it, or name a file"
        );
        ensure!(!device, "it is a device, not a file");
        Ok(())
    }

    /// Returns the first bytes, which [`Source::bytes`] includes too.
    fn peek(&mut self, most: u64) -> io::Result<&[u8]> {
        self.file.by_ref().take(most).read_to_end(&mut self.bytes)?;
        Ok(&self.bytes)
    }

    /// Returns all bytes, including those that `peek` read.
    fn bytes(mut self, name: &Path) -> Result<(Turn, Vec<u8>)> {
        self.read_all().with_context(|| cannot_read(name))?;
        Ok((self.turn, self.bytes))
    }

    fn read_all(&mut self) -> Result<()> {
        // The length of a pipe or a terminal is 0.
        let length = usize::try_from(self.opened.length).unwrap_or(usize::MAX);
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
        let now = file_state(&self.file)?;
        let state = |of: &FileState| (of.length, of.changed);
        ensure!(
            now.kind != FileKind::Regular || state(&now) == state(&self.opened),
            "it was changed while it was read; try again"
        );
        Ok(())
    }

    /// Reads until there are `most` bytes or the input ends. `length` is the expected total.
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
