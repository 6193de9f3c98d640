//! The calls of anchors, and the anchors whose rules are in a main ruleset.

use super::tokens::{Token, Tokens};

/// The most bytes of an anchor's path, `MAXPATHLEN` without the closing NUL.
const PATH_LIMIT: usize = 1_023;

/// Words that may follow the keyword of a call without a name.
const AFTER_ANCHOR: &[&str] = &[
    "in",
    "out",
    "log",
    "quick",
    "on",
    "inet",
    "inet6",
    "proto",
    "all",
    "from",
    "to",
    "user",
    "group",
    "flags",
    "icmp-type",
    "icmp6-type",
    "tos",
    "ttl",
    "prio",
    "keep",
    "no",
    "modulate",
    "synproxy",
    "fragment",
    "allow-opts",
    "label",
    "queue",
    "tag",
    "tagged",
    "received-on",
    "probability",
    "rtable",
    "max-pkt-rate",
    "once",
    "set",
    "scrub",
];

/// The anchor that a call evaluates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The path from the main ruleset; `None` for an anchor that no path names.
    pub path: Option<String>,
    /// True for a call such as `anchor "a/*"`, which evaluates the anchors below `a` instead of its rules.
    pub is_wildcard: bool,
}

impl Target {
    pub fn is(&self, anchor: &str) -> bool {
        self.path.as_deref() == Some(anchor)
    }

    /// True if an anchor may be this one, or one below it.
    pub fn may_contain(&self, anchor: &str) -> bool {
        let Some(path) = &self.path else {
            return true;
        };
        let below = anchor.strip_prefix(path.as_str());
        below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
    }
}

/// The anchors that are being read, outermost first.
#[derive(Default)]
pub(super) struct OpenAnchors(Vec<Target>);

impl OpenAnchors {
    /// The innermost anchor; `None` for the main ruleset.
    pub fn innermost(&self) -> Option<&Target> {
        self.0.last()
    }

    pub fn enter(&mut self, target: Target) {
        self.0.push(target);
    }

    pub fn leave(&mut self) {
        self.0.pop();
    }

    /// Reads the rest of a call whose conditions do not matter, and enters its rules if they follow. Returns the anchor
    /// that it evaluates.
    pub fn skip_call(&mut self, tokens: &mut Tokens) -> Result<Target, String> {
        tokens.begin_call();
        let target = self.resolve(name(tokens)?);
        tokens.skip_errors();
        if tokens.take_block()? {
            self.enter(target.clone());
        }
        Ok(target)
    }

    /// Finds the anchor that a call within the innermost anchor evaluates. Names are relative to that anchor, unless
    /// they begin with a slash (pf.conf(5)).
    pub fn resolve(&self, name: Option<&str>) -> Target {
        let name = name.unwrap_or("*");
        let (name, is_wildcard) = match name.strip_suffix("/*") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let here = self.innermost().map_or(Some(""), |t| t.path.as_deref());
        Target {
            path: path(here, name).filter(|path| path.len() <= PATH_LIMIT),
            is_wildcard,
        }
    }
}

/// The path of a name, from the path of the anchor that contains the call.
fn path(here: Option<&str>, name: &str) -> Option<String> {
    let (mut above, mut name) = match name.strip_prefix('/') {
        Some(name) => ("", name),
        None => (here?, name),
    };
    while let Some(rest) = name.strip_prefix("../") {
        above = match above.rsplit_once('/') {
            Some((above, _)) => above,
            None if above.is_empty() => return None,
            None => "",
        };
        name = rest;
    }
    let is_plain = |part: &str| !["", ".", ".."].contains(&part) && !part.contains('*');
    if !name.split('/').all(is_plain) {
        return None;
    }
    Some(if above.is_empty() {
        name.to_owned()
    } else {
        [above, "/", name].concat()
    })
}

/// Reads the name in a call, if it has one.
pub(super) fn name<'a>(tokens: &mut Tokens<'a>) -> Result<Option<&'a str>, String> {
    let name = match tokens.peek()? {
        Token::Quoted(name) => name,
        Token::Word(name) if !AFTER_ANCHOR.contains(&name) => name,
        _ => return Ok(None),
    };
    tokens.next()?;
    Ok(Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_relative_to_the_anchor_that_contains_the_call() {
        for (here, name, expected) in [
            ("", "a", Some("a")),
            ("", "a/b", Some("a/b")),
            ("", "/a", Some("a")),
            ("a", "b", Some("a/b")),
            ("a", "/b", Some("b")),
            ("a/b", "../c", Some("a/c")),
            ("a/b", "../../c", Some("c")),
            ("a", "../../c", None),
            ("", "../c", None),
            ("", "", None),
            ("", "a//b", None),
            ("", "*", None),
            ("", "a*", None),
            ("a", "..", None),
        ] {
            let mut open = OpenAnchors::default();
            if !here.is_empty() {
                let target = open.resolve(Some(here));
                open.enter(target);
            }
            let found = open.resolve(Some(name));
            assert_eq!(found.path.as_deref(), expected, "{here} {name}");
            assert!(!found.is_wildcard, "{here} {name}");
        }
        let all = OpenAnchors::default().resolve(Some("a/b/*"));
        assert_eq!((all.path.as_deref(), all.is_wildcard), (Some("a/b"), true));
    }
}
