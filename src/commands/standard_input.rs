//! A note for users who did not expect that the program reads the terminal.

use std::path::Path;

use crate::input::{is_stdin, stdin_is_terminal};
use crate::output::Console;

/// Prints a note that the command waits for input, if one of the files is stdin and stdin is a terminal.
pub(super) fn note_terminal(files: &[impl AsRef<Path>], what: &str, console: Console) {
    if files.iter().any(|file| is_stdin(file.as_ref())) && stdin_is_terminal() {
        console.note(&format!(
            "reading {what} from standard input; press Ctrl-D to end the input"
        ));
    }
}
