//! The tokens of nft's text syntax.

use std::net::Ipv6Addr;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Word(&'a str),
    /// A text between quotation marks.
    Quoted(&'a str),
    Sign(&'a str),
    NewLine,
    End,
}

impl Token<'_> {
    /// The token as messages show it.
    pub fn shown(self) -> String {
        match self {
            Token::Word(text) | Token::Sign(text) => format!("'{text}'"),
            Token::Quoted(text) => format!("'\"{text}\"'"),
            Token::NewLine => "the end of the line".to_owned(),
            Token::End => "the end of the statement".to_owned(),
        }
    }
}

pub(super) const NOT_CLOSED: &str = "a quotation mark is not closed";

/// Splits a text into tokens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tokens<'a> {
    pub text: &'a str,
    /// The place where the search for the next token starts.
    pub at: usize,
}

const SIGNS: [&str; 6] = ["==", "!=", "<=", ">=", "<<", ">>"];

impl<'a> Tokens<'a> {
    pub fn new(text: &'a str) -> Self {
        Tokens { text, at: 0 }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Skips spaces, comments and continued line ends, but not other line ends.
    pub fn skip_space(&mut self) {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at) {
                Some(b' ' | b'\t' | b'\r') => self.at += 1,
                Some(b'\\') if bytes.get(self.at + 1) == Some(&b'\n') => self.at += 2,
                Some(b'#') => self.at = end_of_line(self.text, self.at),
                _ => return,
            }
        }
    }

    pub fn next(&mut self) -> Result<Token<'a>, String> {
        self.skip_space();
        let bytes = &self.text.as_bytes()[self.at..];
        let Some(&first) = bytes.first() else {
            return Ok(Token::End);
        };
        if let Some(length) = self.word_with_colons(first) {
            return Ok(Token::Word(self.take(length)));
        }
        let length = match first {
            b'\n' => {
                self.at += 1;
                return Ok(Token::NewLine);
            }
            b'"' => {
                let start = self.at + 1;
                self.at = end_of_quotation(self.text, self.at)?;
                return Ok(Token::Quoted(&self.text[start..self.at - 1]));
            }
            b'0'..=b'9' => length_while(bytes, |b| b.is_ascii_alphanumeric() || b"._".contains(&b)),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'*' => length_while(bytes, |b| {
                b.is_ascii_alphanumeric() || b"._-/*".contains(&b)
            }),
            _ => {
                let sign = SIGNS.iter().find(|sign| bytes.starts_with(sign.as_bytes()));
                let one = || self.rest().chars().next().map_or(1, char::len_utf8);
                return Ok(Token::Sign(
                    self.take(sign.map_or_else(one, |sign| sign.len())),
                ));
            }
        };
        Ok(Token::Word(self.take(length)))
    }

    /// Reads the name of a table, a chain or a set, if one comes next. It ends at a space, at one of `separators`, or at
    /// a sign that ends a statement or begins a block, a comment or a text.
    ///
    /// nft prints names without quotation marks, even if it could not load them again, such as the `~log0` of
    /// iptables-nft.
    pub fn name(&mut self, separators: &[char]) -> Option<&'a str> {
        self.skip_space();
        let rest = self.rest();
        let ends = |c: char| {
            c.is_whitespace() || c.is_control() || "{};\"#\\".contains(c) || separators.contains(&c)
        };
        let length = rest.find(ends).unwrap_or(rest.len());
        let is_variable = rest.starts_with('$');
        (length > 0 && !is_variable).then(|| self.take(length))
    }

    /// The length of the Ethernet address, IPv6 address or traffic control handle that comes next and starts with `first`.
    fn word_with_colons(&self, first: u8) -> Option<usize> {
        let bytes = self.rest().as_bytes();
        match first {
            b'0'..=b'9' | b'a'..=b'f' if is_ether_address(bytes) => Some(ETHER_ADDRESS),
            b'0'..=b'9' | b'a'..=b'f' => self.ipv6_address().or_else(|| class_id(bytes)),
            b'A'..=b'F' | b':' => self.ipv6_address(),
            _ => None,
        }
    }

    /// The length of the IPv6 address that comes next. It may end with an IPv4 address.
    fn ipv6_address(&self) -> Option<usize> {
        let bytes = self.rest().as_bytes();
        if !may_have_colons(bytes) {
            return None;
        }
        let of_address = |b: &u8| b.is_ascii_hexdigit() || b":.".contains(b);
        let longest = bytes.iter().take(IPV6_ADDRESS + 1);
        let length = longest.take_while(|byte| of_address(byte)).count();
        let ends = !bytes
            .get(length)
            .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
        let is_address = |text: &str| text.parse::<Ipv6Addr>().is_ok();
        (ends && is_address(&self.rest()[..length])).then_some(length)
    }

    fn take(&mut self, length: usize) -> &'a str {
        let taken = &self.rest()[..length];
        self.at += length;
        taken
    }
}

fn length_while(bytes: &[u8], holds: impl Fn(u8) -> bool) -> usize {
    let end = bytes.iter().position(|byte| !holds(*byte));
    end.unwrap_or(bytes.len())
}

/// False if the text starts with neither an IPv6 address nor a traffic control handle: both have a colon after at most
/// four digits.
///
/// Most words have none there, and this test is faster than reading digits.
fn may_have_colons(bytes: &[u8]) -> bool {
    match bytes.first_chunk::<5>() {
        Some(start) => start.contains(&b':'),
        None => bytes.contains(&b':'),
    }
}

/// The greatest length of an IPv6 address, such as `0000:0000:0000:0000:0000:ffff:255.255.255.255`.
const IPV6_ADDRESS: usize = 45;

/// The length of `00:53:00:ab:cd:ef`.
const ETHER_ADDRESS: usize = 17;

/// True if the text starts with the MAC address of an interface, as nft prints it.
fn is_ether_address(bytes: &[u8]) -> bool {
    let colons = |(at, byte): (usize, &u8)| match at % 3 {
        2 => *byte == b':',
        _ => byte.is_ascii_hexdigit(),
    };
    bytes.get(2) == Some(&b':')
        && bytes
            .get(..17)
            .is_some_and(|b| b.iter().enumerate().all(colons))
        && !bytes
            .get(ETHER_ADDRESS)
            .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b':')
}

/// The length of the traffic control handle that the text starts with, such as `1:2`.
fn class_id(bytes: &[u8]) -> Option<usize> {
    if !may_have_colons(bytes) {
        return None;
    }
    let digits = |bytes: &[u8]| {
        let length = bytes.iter().take_while(|b| b.is_ascii_hexdigit()).count();
        (1..=4).contains(&length).then_some(length)
    };
    let major = digits(bytes)?;
    let rest = bytes.get(major..)?.strip_prefix(b":")?;
    let length = major + 1 + digits(rest)?;
    let is_longer = |b: &u8| b.is_ascii_alphanumeric() || b":._-".contains(b);
    (!bytes.get(length).is_some_and(is_longer)).then_some(length)
}

/// The place of the newline that ends a line, or the end of the text.
pub(super) fn end_of_line(text: &str, at: usize) -> usize {
    text[at..]
        .find('\n')
        .map_or(text.len(), |length| at + length)
}

/// The place after the closing mark of the quotation that starts at `at`. nft has no escapes.
pub(super) fn end_of_quotation(text: &str, at: usize) -> Result<usize, String> {
    match text[at + 1..].find('"') {
        Some(length) => Ok(at + length + 2),
        None => Err(NOT_CLOSED.to_owned()),
    }
}
