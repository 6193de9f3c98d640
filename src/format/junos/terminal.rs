//! Lines that a terminal shows around a listing.

use crate::format::read::lines::lines;
use crate::read_error::ReadError;

/// True if a line has no meaning in either form, outside of blocks.
pub(super) fn is_idle(line: &str) -> bool {
    let line = line.trim_ascii();
    line.is_empty() || line.starts_with('#') || is_of_terminal(line)
}

/// True for a line that a terminal shows beside a listing: `user@router> show configuration`, `[edit]`,
/// the name of a routing engine such as `{master:0}`, or both, such as `{primary:node0}[edit]`.
fn is_of_terminal(line: &str) -> bool {
    let line = line.trim_ascii();
    let (prompt, command) = line.split_once(' ').unwrap_or((line, ""));
    let command = command.strip_prefix("run ").unwrap_or(command);
    let shows = matches!(command, "" | "show") || command.starts_with("show ");
    let before_edit = line.strip_suffix("[edit]").unwrap_or(line);
    let role = before_edit
        .strip_prefix('{')
        .and_then(|l| l.strip_suffix('}'));
    let is_word = |role: &str| {
        let known = |b: u8| b.is_ascii_alphanumeric() || b == b':';
        !role.is_empty() && role.bytes().all(known)
    };
    (prompt.contains('@') && prompt.ends_with(['>', '#']) && shows)
        || line == "[edit]"
        || role.is_some_and(is_word)
}

/// Refuses prompts of several devices anywhere in the text, and commands at prompts that do not print the complete
/// configuration.
pub(super) fn one_device(text: &str) -> Result<(), ReadError> {
    let mut known = None;
    for (at, line) in lines(text)? {
        let line = line.trim_ascii();
        let prompt = line.split(' ').next().unwrap_or_default();
        if !prompt.contains('@') || !is_of_terminal(line) {
            continue;
        }
        shows_all(line).map_err(|problem| ReadError::new(at, problem))?;
        let name = prompt.trim_end_matches(['>', '#']);
        if known.replace(name).is_some_and(|known| known != name) {
            return Err(ReadError::new(at, SEVERAL_DEVICES));
        }
    }
    Ok(())
}

/// Refuses a command at a prompt that omits lines, or prints another configuration.
fn shows_all(line: &str) -> Result<(), String> {
    const WHOLE: [&str; 8] = [
        "display set",
        "display inheritance",
        "display inheritance brief",
        "display inheritance no-comments",
        "display inheritance terse",
        "display omit",
        "display rfc5952",
        "no-more",
    ];
    let mut parts = line.split('|').map(str::trim_ascii);
    let command = parts.next().unwrap_or_default();
    let words = command.split_ascii_whitespace();
    // The words after the prompt and `show` or `run show`.
    let shown: Vec<&str> = words
        .skip(1)
        .skip_while(|word| *word == "run")
        .skip(1)
        .collect();
    let is_configuration = shown.first() == Some(&"configuration");
    let prints_other = shown.iter().any(|word| match *word {
        "rollback" | "rescue" | "revision" | "ephemeral-configuration" => true,
        "configuration" => !is_configuration,
        _ => false,
    });
    if prints_other || parts.any(|pipe| !WHOLE.contains(&pipe)) {
        return Err(
            "this command prints only a part of the configuration, or another one; provide the output of 'show \
             configuration'"
                .to_owned(),
        );
    }
    Ok(())
}

pub(super) const SEVERAL_DEVICES: &str = "the input has configurations of several devices; provide the configuration \
                                          of one device at a time";
