//! Comments of Asterisk's configuration files (its documentation, "Comments").

/// Separates code from comments, line by line.
#[derive(Default)]
pub(super) struct Comments {
    /// The place of a comment of many lines that has not ended.
    pub open: Option<u32>,
}

/// Asterisk reads a line into 8192 bytes, with its end.
const LINE_LIMIT: usize = 8_190;

const BLOCK: &str = ";--";
const BLOCK_END: &str = "--;";

impl Comments {
    /// The part of a line that is no comment.
    pub fn code<'a>(&mut self, at: u32, line: &'a str) -> Result<&'a str, String> {
        if line.len() > LINE_LIMIT {
            return Err(format!(
                "Asterisk skips a line of more than {LINE_LIMIT} bytes; expected shorter ones"
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
                    "'{BLOCK_END}' ends no comment here, and Asterisk passes over all that follows; \
                     expected none"
                ));
            }
            if rest.starts_with(BLOCK) && !rest.starts_with(";---") {
                let inside = &rest[BLOCK.len()..];
                if inside.starts_with(';') {
                    return Err("it is not known whether the comment ends here".to_owned());
                }
                self.open = Some(at);
                self.goes_on(inside)?;
            }
            return Ok(&line[..start]);
        }
        Ok(line)
    }

    /// Reads on in a comment of many lines.
    fn goes_on(&mut self, text: &str) -> Result<(), String> {
        let end = text.find(BLOCK_END);
        let inside = end.map_or(text, |end| &text[..end + 2]);
        if inside.contains(BLOCK) {
            return Err("a comment begins within a comment; expected one at a time".to_owned());
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
