//! Verdicts (libnftables-json(5), "Verdict statements").

use serde::de::{Error as _, MapAccess};
use serde::{Deserialize, Deserializer};

use super::object::{Tagged, tagged};
use crate::firewall::RuleAction;
use crate::format::nftables::value::Decision;

pub(super) struct ParsedDecision<'a>(pub Decision<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for ParsedDecision<'a> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        tagged(input)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Target<'a> {
    target: &'a str,
}

impl<'a> Tagged<'a> for ParsedDecision<'a> {
    const EXPECTED: &'static str = "a verdict";

    fn read<A: MapAccess<'a>>(key: &str, map: &mut A) -> Result<Self, A::Error> {
        let decision = match key {
            "jump" => Some(RuleAction::Jump(map.next_value::<Target>()?.target)),
            "goto" => Some(RuleAction::Goto(map.next_value::<Target>()?.target)),
            _ => {
                map.next_value::<()>()?;
                match key {
                    "accept" => Some(RuleAction::Accept),
                    "drop" => Some(RuleAction::Deny),
                    "return" => Some(RuleAction::Return),
                    "continue" => None,
                    _ => return Err(A::Error::custom(format!("'{key}' is not a verdict"))),
                }
            }
        };
        Ok(ParsedDecision(decision))
    }
}
