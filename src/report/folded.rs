//! Folds findings with the same message into one line.

use std::collections::HashMap;

/// The maximum number of different messages in memory.
const MOST_HELD: usize = 1_000;

/// The maximum number of further lines to list for one message.
const MAX_LINES: usize = 4;

/// A message with all places where it applies.
#[derive(Debug)]
struct Repeated {
    place: String,
    message: String,
    /// The lines of further places, at most [`MAX_LINES`].
    lines: Vec<usize>,
    /// The number of further places.
    others: usize,
}

/// The messages about a file, in the order of their first places.
#[derive(Debug, Default)]
pub struct Folded {
    all: Vec<Repeated>,
    by_message: HashMap<String, usize>,
}

impl Folded {
    /// Adds a message about a place. `line` is the line number of the place.
    pub fn add(&mut self, line: usize, place: &str, message: &str) {
        if let Some(known) = self.by_message.get(message) {
            let known = &mut self.all[*known];
            known.others += 1;
            if known.lines.len() < MAX_LINES {
                known.lines.push(line);
            }
            return;
        }
        self.by_message.insert(message.to_owned(), self.all.len());
        self.all.push(Repeated {
            place: place.to_owned(),
            message: message.to_owned(),
            lines: Vec::new(),
            others: 0,
        });
    }

    /// Returns true if there are as many different messages as should be in memory.
    pub fn is_full(&self) -> bool {
        self.all.len() >= MOST_HELD
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Removes and returns all messages, each on an indented line.
    pub fn take(&mut self) -> String {
        self.by_message.clear();
        let all = self.all.drain(..).map(|repeated| {
            let Repeated {
                place,
                message,
                lines,
                others,
            } = repeated;
            format!("  {place}: {message}{}\n", also_in_lines(&lines, others))
        });
        all.collect()
    }
}

/// Returns ` (also in lines 4, 5 and 7 more)`. `count` is the number of all further places, and `lines` has the first of
/// their line numbers. The text is empty if there are none.
pub fn also_in_lines(lines: &[usize], count: usize) -> String {
    let unnamed = count - lines.len();
    let lines: Vec<String> = lines.iter().map(usize::to_string).collect();
    match (&lines[..], unnamed) {
        ([], _) => String::new(),
        ([line], 0) => format!(" (also in line {line})"),
        ([lines @ .., last], 0) => format!(" (also in lines {} and {last})", lines.join(", ")),
        (lines, _) => format!(" (also in lines {} and {unnamed} more)", lines.join(", ")),
    }
}
