//! The statements of rules (libnftables-json(5), "Statements").

use serde::de::{Error as _, IgnoredAny, MapAccess};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::object::{Details, Known, Tagged, tagged};
use super::parse::parsed;
use super::source::ParsedSource;
use super::value::{ParsedKeys, ParsedValue};
use super::verdict::ParsedDecision;
use crate::firewall::{RuleAction, Translation};
use crate::format::nftables::extension::effect_of_target;
use crate::format::nftables::families::Families;
use crate::format::nftables::key::{Key, Operator, Source};
use crate::format::nftables::rule::{Rule, Statement};
use crate::format::nftables::translation::{destination, redirection};
use crate::format::nftables::words::{UNSUPPORTED, is_listed, unsupported_statement};

/// Parses the statements in the `expr` of a rule. Fails at the first one that cannot be read or is unsupported.
pub(super) fn statements(text: &str) -> Result<Vec<Statement<'_>>, String> {
    let statements: Vec<SupportedStatement> = parsed(text)?;
    Ok(statements.into_iter().map(|parsed| parsed.0).collect())
}

/// Parses the statements one by one, and adds them to a rule as far as they can be read.
pub(super) fn add_readable<'a>(text: &'a str, rule: &mut Rule<'a, '_>) {
    let statements = match parsed::<Vec<&RawValue>>(text) {
        Ok(statements) => statements,
        Err(problem) => return rule.give_up(problem.into()),
    };
    for raw in statements {
        match parsed::<ParsedStatement>(raw.get()) {
            Ok(parsed) => rule.add(parsed.0),
            Err(problem) if is_match(raw.get()) => rule.fail(problem.into()),
            Err(problem) => {
                rule.note(problem.into());
                rule.add(Statement::UNDECIDED);
            }
        }
    }
}

/// True for a statement that can only end the rule.
fn is_match(statement: &str) -> bool {
    let inside = statement.strip_prefix('{').map(str::trim_start);
    inside.is_some_and(|inside| inside.starts_with("\"match\""))
}

struct SupportedStatement<'a>(Statement<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for SupportedStatement<'a> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        match ParsedStatement::deserialize(input)?.0 {
            Statement::Unsupported(problem, _) => Err(D::Error::custom(problem)),
            statement => Ok(SupportedStatement(statement)),
        }
    }
}

struct ParsedStatement<'a>(Statement<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for ParsedStatement<'a> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        tagged(input)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Match<'a> {
    op: &'a str,
    left: ParsedKeys,
    #[serde(borrow)]
    right: ParsedValue<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VerdictMap<'a> {
    key: ParsedKeys,
    #[serde(borrow)]
    data: ParsedValue<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "the reason affects only the reply to the sender")]
struct Reject<'a> {
    r#type: Option<&'a str>,
    expr: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    key: ParsedKeys,
    value: ParsedSource,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Duplicate {
    addr: ParsedSource,
    dev: Option<ParsedSource>,
}

/// `{"tcp option": {...}}`
struct TcpOption;

impl<'a> Deserialize<'a> for TcpOption {
    fn deserialize<D: Deserializer<'a>>(input: D) -> Result<Self, D::Error> {
        tagged(input)
    }
}

impl<'a> Tagged<'a> for TcpOption {
    const EXPECTED: &'static str = "an option of TCP";

    fn read<A: MapAccess<'a>>(key: &str, map: &mut A) -> Result<Self, A::Error> {
        if key == "tcp option" {
            map.next_value_seed(Details(&["name", "field"]))?;
            return Ok(TcpOption);
        }
        Err(A::Error::custom(format!("'reset {key}' is not supported")))
    }
}

/// A match or target of iptables. nft prints only its name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Extension<'a> {
    r#type: &'a str,
    name: &'a str,
}

impl<'a> Tagged<'a> for ParsedStatement<'a> {
    const EXPECTED: &'static str = "a statement of nft";

    fn read<A: MapAccess<'a>>(key: &str, map: &mut A) -> Result<Self, A::Error> {
        let statement = match key {
            "match" => {
                let Match { op, left, right } = map.next_value()?;
                let operator = Operator::named(op)
                    .ok_or_else(|| A::Error::custom(format!("'{op}' is not an operator of nft")))?;
                Statement::Match {
                    keys: left.0,
                    operator,
                    value: right.0,
                }
            }
            "vmap" => {
                let VerdictMap { key, data } = map.next_value()?;
                Statement::VerdictMap {
                    keys: key.0,
                    value: data.0,
                }
            }
            "accept" | "drop" | "continue" | "return" | "jump" | "goto" => {
                Statement::Verdict(ParsedDecision::read(key, map)?.0)
            }
            "reject" => reject(map.next_value()?).map_err(A::Error::custom)?,
            "xt" => extension(map.next_value()?),
            "counter" => no_effect(map, &["packets", "bytes"])?,
            "last" => no_effect(map, &["used"])?,
            "log" => no_effect(map, LOG)?,
            "limit" => narrowing(map, LIMIT)?,
            "quota" => narrowing(map, QUOTA)?,
            "ct count" => narrowing(map, &["val", "inv"])?,
            "ct helper" | "ct timeout" | "secmark" => no_effect(map, &[])?,
            // It ends the rule for a connection that is already known.
            "ct expectation" => narrowing(map, &[])?,
            "mangle" => change(map.next_value()?).map_err(A::Error::custom)?,
            "reset" => {
                map.next_value::<TcpOption>()?;
                Statement::Change {
                    target: Key::tcp_option(),
                    source: Source::default(),
                }
            }
            "dup" => {
                let Duplicate { addr, dev } = map.next_value()?;
                Statement::Copy(addr.0.and(dev.map_or(Source::default(), |dev| dev.0)))
            }
            "notrack" => {
                map.next_value::<()>()?;
                Statement::Untrack
            }
            _ if is_listed(UNSUPPORTED, key) || key.starts_with("ct ") => {
                unsupported(key, map.next_value()?)
            }
            _ => {
                return Err(A::Error::custom(format!("statement '{key}' is unknown")));
            }
        };
        Ok(ParsedStatement(statement))
    }
}

fn change<'a>(change: Change) -> Result<Statement<'a>, String> {
    let target = change.key.0.single();
    let target = target.ok_or("expected a single key to set")?;
    Ok(Statement::Change {
        target,
        source: change.value.0,
    })
}

fn reject<'a>(reject: Option<Reject>) -> Result<Statement<'a>, String> {
    match reject.and_then(|reject| reject.r#type) {
        Some("tcp reset") => Ok(Statement::Reset),
        Some("icmp") => Ok(Statement::Reject(Families::IPV4)),
        Some("icmpv6") => Ok(Statement::Reject(Families::IPV6)),
        None | Some("icmpx") => Ok(Statement::Verdict(Some(RuleAction::Deny))),
        Some(other) => Err(format!("'reject with {other}' is not supported")),
    }
}

fn extension<'a>(extension: Option<Extension>) -> Statement<'a> {
    let parts = extension.map(|extension| (extension.r#type, extension.name));
    let effect = match parts {
        Some(("match", "comment")) => return Statement::NoEffect,
        Some(("match", _)) => Statement::Narrowing,
        Some(("target", name)) => effect_of_target(name),
        _ => Statement::UNDECIDED,
    };
    Statement::Unsupported(EXTENSION.to_owned(), Box::new(effect))
}

const EXTENSION: &str = "nft does not show what a match or target of iptables does; provide the output of 'iptables-save'";

/// `{"dnat": {...}}`
#[derive(Default, Deserialize)]
struct Translate<'a> {
    family: Option<&'a str>,
    #[serde(borrow)]
    addr: Option<&'a RawValue>,
    #[serde(borrow)]
    port: Option<&'a RawValue>,
}

/// A statement that a unit cannot contain, as far as its effect is known.
fn unsupported<'a>(key: &str, details: &'a RawValue) -> Statement<'a> {
    let effect = match key {
        "set" | "map" | "meter" | "flow" => Statement::Narrowing,
        "dnat" | "snat" | "redirect" | "masquerade" => {
            parsed(details.get()).map_or(Statement::UNDECIDED, |parts| translate(key, parts))
        }
        _ => Statement::UNDECIDED,
    };
    Statement::Unsupported(unsupported_statement(key), Box::new(effect))
}

fn translate<'a>(key: &str, parts: Option<Translate<'a>>) -> Statement<'a> {
    let parts = parts.unwrap_or_default();
    let families = match parts.family {
        Some("ip") => Families::IPV4,
        Some("ip6") => Families::IPV6,
        _ => Families::BOTH,
    };
    let value = |part: Option<&'a RawValue>| match part {
        None => Some(None),
        Some(part) => parsed::<ParsedValue>(part.get())
            .ok()
            .map(|value| Some(value.0)),
    };
    let translation = match (key, value(parts.addr), value(parts.port)) {
        ("dnat", Some(address), Some(port)) => destination(address.as_ref(), port.as_ref()),
        ("redirect", _, Some(port)) => Some(redirection(port.as_ref())),
        ("dnat" | "redirect", ..) => None,
        _ => Some(Translation::Source),
    };
    Statement::Translate(families, translation)
}

const LOG: Known = &[
    "prefix",
    "group",
    "snaplen",
    "queue-threshold",
    "level",
    "flags",
];
const LIMIT: Known = &["rate", "rate_unit", "per", "burst", "burst_unit", "inv"];
const QUOTA: Known = &["val", "val_unit", "used", "used_unit", "inv"];

fn no_effect<'a, A: MapAccess<'a>>(map: &mut A, known: Known) -> Result<Statement<'a>, A::Error> {
    map.next_value_seed(Details(known))?;
    Ok(Statement::NoEffect)
}

fn narrowing<'a, A: MapAccess<'a>>(map: &mut A, known: Known) -> Result<Statement<'a>, A::Error> {
    map.next_value_seed(Details(known))?;
    Ok(Statement::Narrowing)
}
