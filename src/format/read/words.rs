//! Words separated by blanks.

/// The remaining words of a line.
#[derive(Clone, Copy)]
pub(in crate::format) struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    pub fn new(text: &'a str) -> Self {
        Words {
            rest: text.trim_ascii_start(),
        }
    }

    pub fn rest(self) -> &'a str {
        self.rest
    }

    pub fn peek(self) -> Option<&'a str> {
        let end = self.rest.bytes().position(|b| b.is_ascii_whitespace());
        let word = &self.rest[..end.unwrap_or(self.rest.len())];
        (!word.is_empty()).then_some(word)
    }

    pub fn next(&mut self) -> Option<&'a str> {
        let word = self.peek()?;
        self.rest = self.rest[word.len()..].trim_ascii_start();
        Some(word)
    }

    pub fn next_if(&mut self, holds: impl Fn(&str) -> bool) -> Option<&'a str> {
        self.peek().filter(|word| holds(word))?;
        self.next()
    }

    /// Returns the next word. `what` describes it in the error message if there is none.
    pub fn need(&mut self, what: &str) -> Result<&'a str, String> {
        self.next()
            .ok_or_else(|| format!("expected {what} at the end of the line"))
    }

    /// Refuses any remaining words.
    pub fn finish(mut self) -> Result<(), String> {
        match self.next() {
            None => Ok(()),
            Some(word) => Err(format!("expected the end of the line, not '{word}'")),
        }
    }
}
