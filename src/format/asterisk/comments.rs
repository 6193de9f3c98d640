//! Comments in Asterisk's configuration files (Asterisk documentation, "Comments").

/// Separates code from comments, line by line.
#[derive(Default)]
pub(super) struct Comments {
    /// The start of a block comment that has not ended yet.
    pub open: Option<u32>,
}

/// The maximum length of a line. Asterisk reads a line and its end into 8192 bytes.
const LINE_LIMIT: usize = 8_190;

const BLOCK: &str = ";--";
const BLOCK_END: &str = "--;";

impl Comments {
    /// Returns the part of a line that is not a comment.
    pub fn code<'a>(&mut self, at: u32, line: &'a str) -> Result<&'a str, String> {
        if line.len() > LINE_LIMIT {
            return Err(format!(
                "the line is longer than {LINE_LIMIT} bytes, so Asterisk ignores it; shorten it"
            ));
        }
        if self.open.is_some() {
            return self.goes_on(line).map(|()| "");
        }
        let mut from = 0;
        while let Some(found) = line[from..].find(';') {
            let start = from + found;
            let rest = &line[start..];
            if line[..start].ends_with('\\') {
                from = start + 1;
                continue;
            }
            if line[..=start].ends_with(BLOCK_END) {
                return Err(format!(
                    "'{BLOCK_END}' is not in a block comment, and makes Asterisk ignore what follows; \
                     remove it"
                ));
            }
            if rest.starts_with(BLOCK) && !rest.starts_with(";---") {
                let inside = &rest[BLOCK.len()..];
                if inside.starts_with(';') {
                    return Err("';--;' is ambiguous: it may or may not end the comment; write ';' or ';--'".to_owned());
                }
                self.open = Some(at);
                self.goes_on(inside)?;
            }
            return Ok(&line[..start]);
        }
        Ok(line)
    }

    /// Reads a line, or the rest of one, within a block comment.
    fn goes_on(&mut self, text: &str) -> Result<(), String> {
        let end = text.find(BLOCK_END);
        let inside = end.map_or(text, |end| &text[..end + 2]);
        if inside.contains(BLOCK) {
            return Err(
                "block comments cannot be nested; end the first comment before the next one"
                    .to_owned(),
            );
        }
        let Some(end) = end else { return Ok(()) };
        self.open = None;
        let after = text[end + BLOCK_END.len()..].trim_ascii();
        if after.is_empty() {
            Ok(())
        } else {
            Err(format!(
                "expected the end of the line after '{BLOCK_END}', not '{after}'"
            ))
        }
    }
}
