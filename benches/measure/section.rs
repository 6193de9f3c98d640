//! Replaces the section of one benchmark in `docs/benchmarks.md`.

use std::fmt::{Display, Write as _};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/benchmarks.md");

/// A section with a heading, the command and tables.
pub struct Section {
    name: &'static str,
    text: String,
}

impl Section {
    /// Starts the section of `cargo bench --bench NAME`.
    pub fn new(name: &'static str, heading: &str) -> Section {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let mut section = Section {
            name,
            text: String::new(),
        };
        section.add(format_args!("## {heading}"));
        section.add(format_args!(
            "`cargo bench --bench {name}`, on a machine with {cores} cores."
        ));
        section
    }

    /// Adds a paragraph or a table, and prints it at once.
    pub fn add(&mut self, text: impl Display) {
        let text = text.to_string();
        println!("{}\n", text.trim_end());
        let _ = write!(self.text, "{}\n\n", text.trim_end());
    }

    /// Writes the section between its two marks in the document.
    pub fn write(self) {
        let old = std::fs::read_to_string(DOCUMENT).expect("the document is there");
        let marks = [
            format!("<!-- {} -->\n\n", self.name),
            format!("<!-- end of {} -->\n", self.name),
        ];
        let parts = old.split_once(&marks[0]).and_then(|(before, rest)| {
            let (_, after) = rest.split_once(&marks[1])?;
            Some((before, after))
        });
        let (before, after) = parts.unwrap_or_else(|| panic!("{DOCUMENT} has no {marks:?}"));
        let new = [before, &marks[0], &self.text, &marks[1], after].concat();
        std::fs::write(DOCUMENT, new).expect("the document is writable");
    }
}
