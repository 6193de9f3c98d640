//! Reads the statements of most rules from the exact text that nft prints, without a JSON parser.
//!
//! The JSON parser takes several times as long, and a listing may contain 100,000 rules. It reads every rule that
//! differs from this text in any way, even in a space, and creates all error messages.

use super::value::word_value;
use crate::firewall::RuleAction;
use crate::format::nftables::key::{Key, Keys, Operator};
use crate::format::nftables::rule::Statement;
use crate::format::nftables::value::{Element, Scalar, Value};

/// Returns the statements in the `expr` of a rule; `None` if the JSON parser must read it. The text must be valid
/// JSON.
pub(super) fn statements(text: &str) -> Option<Vec<Statement<'_>>> {
    let mut rest = Rest(text);
    rest.skip("[")?;
    let mut statements = Vec::new();
    loop {
        statements.push(rest.statement()?);
        if !rest.starts(", ") {
            break;
        }
    }
    rest.skip("]")?;
    rest.0.is_empty().then_some(statements)
}

/// The text that is not yet read. Every function returns `None` at a text that it does not expect.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    /// Skips a text if it is next.
    fn starts(&mut self, text: &str) -> bool {
        let rest = self.0.strip_prefix(text);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn skip(&mut self, text: &str) -> Option<()> {
        self.starts(text).then_some(())
    }

    /// Reads the rest of a string without escapes, and its closing quotation mark.
    fn string(&mut self) -> Option<&'a str> {
        let is_end = |byte| matches!(byte, b'"' | b'\\');
        let end = self.0.bytes().position(is_end)?;
        let (string, rest) = self.0.split_at_checked(end)?;
        self.0 = rest.strip_prefix('"')?;
        Some(string)
    }

    fn number(&mut self) -> Option<u64> {
        let is_other = |byte: u8| !byte.is_ascii_digit();
        let end = self.0.bytes().position(is_other)?;
        let (digits, rest) = self.0.split_at_checked(end)?;
        self.0 = rest;
        digits.parse().ok()
    }

    fn statement(&mut self) -> Option<Statement<'a>> {
        self.skip("{\"")?;
        Some(match self.string()? {
            "match" => {
                let statement = self.comparison()?;
                self.skip("}}")?;
                statement
            }
            "counter" => {
                self.counter()?;
                Statement::NoEffect
            }
            "accept" => self.verdict(RuleAction::Accept)?,
            "drop" => self.verdict(RuleAction::Deny)?,
            "return" => self.verdict(RuleAction::Return)?,
            "jump" => {
                self.skip(": {\"target\": \"")?;
                let target = self.string()?;
                self.skip("}}")?;
                Statement::Verdict(Some(RuleAction::Jump(target)))
            }
            _ => return None,
        })
    }

    fn verdict(&mut self, action: RuleAction<'a>) -> Option<Statement<'a>> {
        self.skip(": null}")?;
        Some(Statement::Verdict(Some(action)))
    }

    fn counter(&mut self) -> Option<()> {
        self.skip(": {\"packets\": ")?;
        self.number()?;
        self.skip(", \"bytes\": ")?;
        self.number()?;
        self.skip("}}")
    }

    fn comparison(&mut self) -> Option<Statement<'a>> {
        self.skip(": {\"op\": \"")?;
        let operator = Operator::named(self.string()?)?;
        self.skip(", \"left\": {\"")?;
        let key = match self.string()? {
            "payload" => {
                self.skip(": {\"protocol\": \"")?;
                let protocol = self.string()?;
                self.skip(", \"field\": \"")?;
                Key::payload(protocol, self.string()?)
            }
            "meta" => {
                self.skip(": {\"key\": \"")?;
                Key::meta(self.string()?)
            }
            "ct" => {
                self.skip(": {\"key\": \"")?;
                Key::ct(self.string()?, false)
            }
            _ => return None,
        };
        self.skip("}}, \"right\": ")?;
        Some(Statement::Match {
            keys: Keys::one(key.ok()?),
            operator,
            value: self.value()?,
        })
    }

    fn value(&mut self) -> Option<Value<'a>> {
        if !self.starts("{\"set\": [") {
            return self.simple_value();
        }
        let mut elements = Vec::new();
        loop {
            elements.push(Element {
                value: self.simple_value()?,
                decision: None,
                expires: false,
                at: None,
            });
            if !self.starts(", ") {
                break;
            }
        }
        self.skip("]}")?;
        Some(Value::Set(elements))
    }

    /// Reads a value that may be an element of a set.
    fn simple_value(&mut self) -> Option<Value<'a>> {
        if self.starts("\"") {
            return self.string().map(word_value);
        }
        if self.starts("{\"prefix\": {\"addr\": \"") {
            let Value::One(address) = word_value(self.string()?) else {
                return None;
            };
            self.skip(", \"len\": ")?;
            let length = self.number()?;
            self.skip("}}")?;
            return Some(Value::Prefix(address, length));
        }
        if self.starts("{\"range\": [") {
            let first = self.scalar()?;
            self.skip(", ")?;
            let last = self.scalar()?;
            self.skip("]}")?;
            return Some(Value::Range(first, last));
        }
        self.number()
            .map(|number| Value::One(Scalar::Number(number)))
    }

    fn scalar(&mut self) -> Option<Scalar<'a>> {
        if self.starts("\"") {
            return match word_value(self.string()?) {
                Value::One(scalar) => Some(scalar),
                _ => None,
            };
        }
        self.number().map(Scalar::Number)
    }
}

#[cfg(test)]
mod tests {
    use serde::de::IgnoredAny;

    use super::*;
    use crate::format::nftables::json::statement;

    fn parsed_statements(text: &str) -> Result<String, String> {
        statement::statements(text).map(|all| format!("{all:?}"))
    }

    /// Rules in the output of nft 1.0.6.
    const USUAL: [&str; 9] = [
        r#"[{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": {"prefix": {"addr": "168.86.128.0", "len": 18}}}}, {"match": {"op": "==", "left": {"payload": {"protocol": "udp", "field": "dport"}}, "right": {"range": [10000, 60000]}}}, {"accept": null}]"#,
        r#"[{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "@twilio_sip_media"}}, {"counter": {"packets": 7, "bytes": 420}}, {"drop": null}]"#,
        r#"[{"match": {"op": "!=", "left": {"payload": {"protocol": "ip", "field": "daddr"}}, "right": {"set": [{"range": ["10.0.0.1", "10.0.0.9"]}, "54.171.127.192", {"prefix": {"addr": "54.172.60.0", "len": 30}}]}}}, {"return": null}]"#,
        r#"[{"match": {"op": "==", "left": {"meta": {"key": "l4proto"}}, "right": {"set": ["tcp", "udp"]}}}, {"match": {"op": "==", "left": {"payload": {"protocol": "th", "field": "dport"}}, "right": 5060}}, {"accept": null}]"#,
        r#"[{"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": "new"}}, {"jump": {"target": "twilio_sip_in"}}]"#,
        r#"[{"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "lo"}}, {"accept": null}]"#,
        r#"[{"match": {"op": ">=", "left": {"payload": {"protocol": "udp", "field": "sport"}}, "right": 1024}}, {"accept": null}]"#,
        r#"[{"counter": {"packets": 0, "bytes": 0}}]"#,
        r#"[{"jump": {"target": "other"}}]"#,
    ];

    #[test]
    fn reads_the_text_of_nft_as_the_json_parser_does() {
        for text in USUAL {
            let read = statements(text).map(|all| format!("{all:?}"));
            assert_eq!(read, parsed_statements(text).ok(), "{text}");
            assert!(read.is_some(), "{text}");
        }
    }

    #[test]
    fn reads_no_edited_text_differently_from_the_json_parser() {
        const INSERTED: [&str; 14] = [
            "",
            "0",
            "-",
            ".5",
            "e1",
            "9999999999999999999",
            "@",
            "\\",
            "\\u0031",
            "\"",
            "]",
            ", ",
            "{",
            "é",
        ];
        let mut read = 0;
        for text in USUAL {
            for (at, next) in text.char_indices() {
                for inserted in INSERTED {
                    for skipped in [0, next.len_utf8()] {
                        let edited = [&text[..at], inserted, &text[at + skipped..]].concat();
                        if serde_json::from_str::<IgnoredAny>(&edited).is_err() {
                            continue;
                        }
                        if let Some(all) = statements(&edited) {
                            read += 1;
                            let all = format!("{all:?}");
                            assert_eq!(Ok(all), parsed_statements(&edited), "{edited}");
                        }
                    }
                }
            }
        }
        assert!(read > 1000, "{read}");
    }
}
