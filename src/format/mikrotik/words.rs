//! Words and strings of a command (RouterOS documentation, "Scripting", "Line joining" and "Constant
//! Escape Sequences").

use std::borrow::Cow;

/// The remaining words of a command. A quoted string is one word.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    pub fn new(text: &'a str) -> Self {
        Words { rest: text }
    }

    pub fn next(&mut self) -> Result<Option<&'a str>, String> {
        let text = skip_space(self.rest);
        let end = end_of_word(text)?;
        self.rest = &text[end..];
        Ok((end > 0).then(|| &text[..end]))
    }

    /// Returns the next word without reading it.
    pub fn peek(mut self) -> Result<Option<&'a str>, String> {
        self.next()
    }

    pub fn rest(self) -> &'a str {
        skip_space(self.rest)
    }

    /// Reads the remaining properties. Each may occur only once.
    pub fn properties(mut self) -> Result<Vec<Property<'a>>, String> {
        let mut properties: Vec<Property> = Vec::new();
        while let Some(word) = self.next()? {
            if properties.len() == PROPERTY_LIMIT {
                return Err(format!(
                    "the command has more than {PROPERTY_LIMIT} properties"
                ));
            }
            properties.push(Property::read(word)?);
        }
        let mut names: Vec<&str> = properties.iter().map(|property| property.name).collect();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(format!("'{}' occurs twice", pair[0])),
            None => Ok(properties),
        }
    }
}

/// The maximum number of properties. RouterOS has about sixty for a rule.
const PROPERTY_LIMIT: usize = 128;

/// Skips space, and backslashes that join lines.
fn skip_space(text: &str) -> &str {
    let mut text = text;
    loop {
        let rest = text.trim_start_matches([' ', '\t']);
        match joined(rest) {
            Some(rest) => text = rest,
            None => return rest,
        }
    }
}

/// Returns the text after a backslash at the end of a line and the next line's indentation.
fn joined(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('\\')?;
    let rest = rest
        .strip_prefix("\r\n")
        .or_else(|| rest.strip_prefix('\n'))?;
    Some(rest.trim_start_matches([' ', '\t']))
}

/// Returns the end of a word. A backslash continues a word on the next line only after `=` or `!`.
fn end_of_word(text: &str) -> Result<usize, String> {
    let bytes = text.as_bytes();
    let (mut at, mut in_string) = (0, false);
    while let Some(byte) = bytes.get(at) {
        at += match byte {
            b'"' => {
                in_string = !in_string;
                1
            }
            b'\\' if in_string => 2,
            b'#' if at == 0 => {
                return Err(format!("'#' begins a comment within a command; {EXPORT}"));
            }
            b' ' | b'\t' if !in_string => return Ok(at),
            b'\\' if text[at..].starts_with("\\\r\n") || text[at..].starts_with("\\\n") => {
                if !text[..at].ends_with(['=', '!']) {
                    return Ok(at);
                }
                text.len() - at - skip_space(&text[at..]).len()
            }
            b';' | b'{' | b'}' if !in_string => {
                return Err(format!(
                    "unexpected '{}' of the scripting language; {EXPORT}",
                    char::from(*byte)
                ));
            }
            _ => 1,
        };
    }
    if in_string {
        Err("the closing quotation mark is missing".to_owned())
    } else {
        Ok(text.len())
    }
}

/// The input that messages ask for.
pub(super) const EXPORT: &str = "expected the output of '/export' or '/ip firewall export'";

/// A property: `name=value`, `name=!value`, or `!name` for a property that is not set.
#[derive(Debug)]
pub(super) struct Property<'a> {
    pub name: &'a str,
    /// `None` if the property is not set.
    pub value: Option<Cow<'a, str>>,
    pub negated: bool,
}

impl<'a> Property<'a> {
    pub fn read(word: &'a str) -> Result<Self, String> {
        let plain = |name: &str| {
            let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            !name.is_empty() && name.bytes().all(known)
        };
        let unset = word.strip_prefix('!').filter(|name| plain(name));
        if let Some(name) = unset {
            return Ok(Property {
                name,
                value: None,
                negated: false,
            });
        }
        let (name, value) = word
            .split_once('=')
            .filter(|(name, _)| plain(name))
            .ok_or_else(|| format!("expected a property such as protocol=udp, not '{word}'"))?;
        let value = skip_space(value);
        let (negated, value) = match value.strip_prefix('!') {
            Some(rest) => (true, skip_space(rest)),
            None => (false, value),
        };
        let value = self::value(value).map_err(|problem| format!("{name}: {problem}"))?;
        // An export writes the exclamation mark within the quotation marks that a name needs.
        let (negated, value) = match value.strip_prefix('!') {
            Some(_) if negated => return Err(format!("'{name}' is negated twice")),
            Some(rest) => (true, Cow::Owned(rest.to_owned())),
            None => (negated, value),
        };
        Ok(Property {
            name,
            value: Some(value),
            negated,
        })
    }

    /// Returns the value of a property that must be set and not negated.
    pub fn plain(&self) -> Result<&str, String> {
        match &self.value {
            Some(value) if !self.negated && !value.is_empty() => Ok(value),
            _ => Err(format!("'{}' has no value", self.name)),
        }
    }

    pub fn flag(&self) -> Result<bool, String> {
        match self.value.as_deref() {
            None => Ok(false),
            Some("yes") if !self.negated => Ok(true),
            Some("no") if !self.negated => Ok(false),
            _ => Err(format!("expected {0}=yes or {0}=no", self.name)),
        }
    }
}

/// Parses a bare word or a string.
fn value(text: &str) -> Result<Cow<'_, str>, String> {
    let Some(quoted) = text.strip_prefix('"') else {
        return match text.find(['"', '\\', '[', ']', '(', ')', '$', '#']) {
            None => Ok(Cow::Borrowed(text)),
            Some(_) => Err(format!("expected a word or a string, not '{text}'")),
        };
    };
    let inside = quoted
        .strip_suffix('"')
        .ok_or("expected a space after a string")?;
    if inside.contains(['\\', '"', '$']) {
        unescaped(inside).map(Cow::Owned)
    } else {
        Ok(Cow::Borrowed(inside))
    }
}

/// Escape sequences of one letter, and the characters that they stand for.
const ESCAPES: [(u8, u8); 12] = [
    (b'"', b'"'),
    (b'\\', b'\\'),
    (b'$', b'$'),
    (b'?', b'?'),
    (b'_', b' '),
    (b'n', b'\n'),
    (b'r', b'\r'),
    (b't', b'\t'),
    (b'a', 7),
    (b'b', 8),
    (b'f', 12),
    (b'v', 11),
];

fn unescaped(text: &str) -> Result<String, String> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '"', '$']) {
        let (plain, special) = rest.split_at(at);
        bytes.extend_from_slice(plain.as_bytes());
        if let Some(after) = joined(special) {
            rest = after;
            continue;
        }
        if special.starts_with('"') {
            return Err("expected a space after a string".to_owned());
        }
        if special.starts_with('$') {
            return Err("the string contains a variable, whose value is unknown".to_owned());
        }
        let (byte, length) = escape(&special.as_bytes()[1..]).ok_or_else(|| {
            let shown: String = special.chars().take(3).collect();
            format!("unknown escape sequence '{shown}'")
        })?;
        bytes.push(byte);
        rest = &special[length..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    // Names only have to be distinguished, so bytes of another encoding are escaped.
    let escaped = |bytes: &[u8]| bytes.escape_ascii().to_string();
    Ok(String::from_utf8(bytes).unwrap_or_else(|error| escaped(error.as_bytes())))
}

/// Returns the character of an escape sequence, and the length of the sequence with its backslash. After
/// the backslash comes a letter, or a hexadecimal number of two digits in upper case.
fn escape(after: &[u8]) -> Option<(u8, usize)> {
    let first = *after.first()?;
    if let Some((_, made)) = ESCAPES.iter().find(|(known, _)| *known == first) {
        return Some((*made, 2));
    }
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    };
    Some((digit(first)? << 4 | digit(*after.get(1)?)?, 3))
}
