//! Ranges of UDP and TCP ports.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::packets::Interval;

/// Ports from `first` to `last`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortRange {
    first: u16,
    last: u16,
}

/// The reason why a text is not a range of ports.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PortRangeError {
    #[error(
        "'{0}' is not a range of ports; write FIRST-LAST, with ports from 1 to 65535, as in 10000-20000"
    )]
    Form(String),
    /// Port 0 is reserved (RFC 6335, section 6).
    #[error("port '{0}' is out of range; ports go from 1 to 65535")]
    OutOfRange(String),
    #[error("'{0}' is reversed; write the lower port first: {2}-{1}")]
    Reversed(String, u16, u16),
}

impl PortRange {
    /// Every port, as in a rule without a port criterion. As in firewalls, this includes port 0.
    pub const ANY: PortRange = PortRange {
        first: 0,
        last: u16::MAX,
    };

    pub const fn single(port: u16) -> Self {
        PortRange {
            first: port,
            last: port,
        }
    }

    /// Returns the ports from `first` to `last`, or `None` if there are none.
    pub fn new(first: u16, last: u16) -> Option<Self> {
        (first <= last).then_some(PortRange { first, last })
    }

    pub fn first(self) -> u16 {
        self.first
    }

    pub fn last(self) -> u16 {
        self.last
    }

    /// Returns true if the range is [`PortRange::ANY`].
    pub fn is_any(self) -> bool {
        self == Self::ANY
    }

    /// Formats a single port as a number, and a range with `separator` between the two ports.
    pub fn with_separator(self, separator: &str) -> String {
        if self.first == self.last {
            self.first.to_string()
        } else {
            format!("{}{separator}{}", self.first, self.last)
        }
    }

    /// Parses the value of a command-line option: `10000-20000`, `10000:20000`, or one port.
    pub fn from_option(text: &str) -> Result<Self, PortRangeError> {
        let (first, last) = text.split_once(['-', ':']).unwrap_or((text, text));
        Self::between(text, first, last)
    }

    /// Parses a range from its two numbers. `text` is the whole value, for errors.
    fn between(text: &str, first: &str, last: &str) -> Result<Self, PortRangeError> {
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !is_number(first) || !is_number(last) {
            return Err(PortRangeError::Form(text.to_owned()));
        }
        let port = |part: &str| {
            let port = part.parse().ok().filter(|port| *port > 0);
            port.ok_or_else(|| PortRangeError::OutOfRange(part.to_owned()))
        };
        let (first, last) = (port(first)?, port(last)?);
        if first > last {
            return Err(PortRangeError::Reversed(text.to_owned(), first, last));
        }
        Ok(PortRange { first, last })
    }

    /// Returns both ranges as one if there is no gap between them.
    pub fn joined(self, other: PortRange) -> Option<PortRange> {
        let (low, high) = if self <= other {
            (self, other)
        } else {
            (other, self)
        };
        (u32::from(high.first) <= u32::from(low.last) + 1).then_some(PortRange {
            first: low.first,
            last: low.last.max(high.last),
        })
    }
}

impl From<PortRange> for Interval {
    fn from(ports: PortRange) -> Self {
        Interval {
            first: ports.first.into(),
            last: ports.last.into(),
        }
    }
}

impl FromStr for PortRange {
    type Err = PortRangeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once('-');
        let (first, last) = parts.ok_or_else(|| PortRangeError::Form(text.to_owned()))?;
        Self::between(text, first, last)
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_any() {
            f.pad("any")
        } else {
            f.pad(&self.with_separator("-"))
        }
    }
}

impl Serialize for PortRange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_ranges_that_touch_or_overlap() {
        let range = |text: &str| text.parse::<PortRange>().unwrap();
        let sip = PortRange::single(5060);
        let tls = PortRange::single(5061);
        assert_eq!(sip.joined(tls), Some(range("5060-5061")));
        assert_eq!(tls.joined(sip), Some(range("5060-5061")));
        assert_eq!(sip.joined(PortRange::single(5062)), None);
        assert_eq!(
            range("10-20").joined(range("12-15")),
            Some(range("10-20")),
            "the outer range holds the inner one"
        );
        let top = PortRange::single(u16::MAX);
        assert_eq!(top.joined(range("1-2")), None, "no overflow at the top");
        assert_eq!(top.joined(PortRange::ANY), Some(PortRange::ANY));
    }

    #[test]
    fn errors_about_port_ranges_say_what_would_work() {
        for (text, message) in [
            (
                "",
                "'' is not a range of ports; write FIRST-LAST, with ports from 1 to 65535, as in 10000-20000",
            ),
            (
                "10000",
                "'10000' is not a range of ports; write FIRST-LAST, with ports from 1 to 65535, as in 10000-20000",
            ),
            (
                "10000:20000",
                "'10000:20000' is not a range of ports; write FIRST-LAST, with ports from 1 to 65535, as in 10000-20000",
            ),
            (
                "1-65536",
                "port '65536' is out of range; ports go from 1 to 65535",
            ),
            (
                "1-99999999999",
                "port '99999999999' is out of range; ports go from 1 to 65535",
            ),
            (
                "+1-2",
                "'+1-2' is not a range of ports; write FIRST-LAST, with ports from 1 to 65535, as in 10000-20000",
            ),
            (
                "-",
                "'-' is not a range of ports; write FIRST-LAST, with ports from 1 to 65535, as in 10000-20000",
            ),
            ("0-5", "port '0' is out of range; ports go from 1 to 65535"),
            (
                "20000-10000",
                "'20000-10000' is reversed; write the lower port first: 10000-20000",
            ),
        ] {
            let error = text.parse::<PortRange>().expect_err(text);
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn an_option_accepts_two_notations_of_a_range_and_one_port() {
        let range = |text: &str| text.parse::<PortRange>().unwrap();
        for (text, ports) in [
            ("10000-20000", range("10000-20000")),
            ("10000:20000", range("10000-20000")),
            ("10000", PortRange::single(10000)),
        ] {
            assert_eq!(PortRange::from_option(text), Ok(ports), "{text}");
        }
        for (text, message) in [
            (
                "70000",
                "port '70000' is out of range; ports go from 1 to 65535",
            ),
            (
                "20000:10000",
                "'20000:10000' is reversed; write the lower port first: 10000-20000",
            ),
            (
                "-5",
                "'-5' is not a range of ports; write FIRST-LAST, with ports from 1 to 65535, as in 10000-20000",
            ),
            (
                "1-2-3",
                "'1-2-3' is not a range of ports; write FIRST-LAST, with ports from 1 to 65535, as in 10000-20000",
            ),
        ] {
            let error = PortRange::from_option(text).expect_err(text);
            assert_eq!(error.to_string(), message);
        }
    }
}
