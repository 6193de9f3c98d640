//! A message for users who did not mean to type the input.

use std::path::Path;

use crate::input::{is_stdin, stdin_is_terminal};
use crate::output::Console;

/// Says that a command waits for text, if it reads stdin and that is a terminal.
pub(super) fn note_terminal(files: &[impl AsRef<Path>], what: &str, console: Console) {
    if files.iter().any(|file| is_stdin(file.as_ref())) && stdin_is_terminal() {
        console.note(&format!(
            "reading {what} from standard input; end it with Ctrl-D"
        ));
    }
}
