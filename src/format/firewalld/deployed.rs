//! A deployed policy: its direction and the order of its rules (firewalld.policies(5)).

use std::collections::BTreeSet;

use super::rule::{self, Effect, Part};
use crate::firewall::{DeployedUnit, Unmeasured};
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::format::unit::Unit;
use crate::limits::Limit;
use crate::packets::{Action, Condition, HeaderBox, Step};
use crate::policy::Direction;
use crate::read_error::{ErrorCollector, ReadError};
pub(super) struct Deployed<'a> {
    pub at: u32,
    pub target: &'a str,
    pub ingress: Vec<&'a str>,
    pub egress: Vec<&'a str>,
    /// The place, the attributes and the parts of each rule.
    pub rules: Vec<(u32, Part<'a>, Vec<Part<'a>>)>,
    /// True if the policy is disabled, as with `<disable/>`. No version of firewalld applies such a policy: versions
    /// before 2.4 do not know the element and reject the file.
    pub is_disabled: bool,
}

/// Converts an element outside of a rule to the parts of a rule.
pub(super) fn lone(element: Part) -> Vec<Part> {
    let accept = |name| Part {
        name,
        attributes: Vec::new(),
        limited: false,
    };
    match element.name {
        "icmp-block" => vec![element],
        _ => vec![element, accept("accept")],
    }
}

/// A rule without attributes.
pub(super) const NO_ATTRIBUTES: Part = Part {
    name: "rule",
    attributes: Vec::new(),
    limited: false,
};

/// The name of our policy for a direction.
pub(super) fn policy_name(unit: &Unit, direction: Direction) -> String {
    format!("{}-{direction}", unit.name.lower_with_hyphens())
}

/// The unit of a policy, which has exactly one direction.
pub(super) fn units(policy: &Deployed, wanted: UnitQuery) -> ReadResult {
    let refused = |problem| vec![ReadError::new(policy.at, problem)];
    let (direction, everywhere) = direction(policy).map_err(refused)?;
    if !wanted.directions.contains(&direction) {
        let problem = format!(
            "this policy has direction '{direction}', which is not selected; provide the policy of the other direction"
        );
        return Err(vec![ReadError::new(policy.at, problem)]);
    }
    let mut unit = DeployedUnit::empty(direction, policy_name(wanted.unit, direction));
    if policy.is_disabled {
        let absent = "the policy is disabled, so firewalld does not apply it";
        unit.absent = Some(absent.to_owned());
        return Ok(vec![unit]);
    }
    let rules = in_order(policy, wanted)?;
    let mut add = |at, effect: &Effect| {
        if effect.ipv6 && effect.action == Action::Accept {
            let what = "packets of IPv6".to_owned();
            unit.unmeasured.push(Unmeasured { what, at });
        }
        unit.steps.extend(effect.boxes.iter().map(|packets| Step {
            packets: packets.to_remote_local(direction),
            condition: effect.condition & Condition::true_if(everywhere),
            action: effect.action,
            at,
        }));
    };
    for (at, effect) in &rules {
        add(*at, effect);
    }
    if policy.target == "ACCEPT" {
        let rest = Effect {
            boxes: vec![HeaderBox::ALL],
            condition: Condition::True,
            action: Action::Accept,
            priority: 0,
            ipv6: true,
        };
        add(policy.at, &rest);
    } else if !["CONTINUE", "REJECT", "DROP"].contains(&policy.target) {
        let problem = format!(
            "expected target CONTINUE, ACCEPT, REJECT or DROP, not '{}'",
            policy.target
        );
        return Err(refused(problem));
    }
    Ok(vec![unit])
}

/// The direction of the policy, and true if it applies to all zones.
fn direction(policy: &Deployed) -> Result<(Direction, bool), String> {
    let (ingress, egress) = (distinct(&policy.ingress), distinct(&policy.egress));
    let (direction, other) = match (&ingress[..], &egress[..]) {
        ([], _) | (_, []) => {
            return Err(
                "the policy has no ingress zone or no egress zone, so firewalld does not apply it"
                    .to_owned(),
            );
        }
        (["HOST"], other) => (Direction::Out, other),
        (other, ["HOST"]) => (Direction::In, other),
        _ => {
            return Err("the policy applies only to forwarded packets; expected HOST as the ingress or the egress zone"
                .to_owned());
        }
    };
    match other {
        ["ANY"] => Ok((direction, true)),
        zones if zones.contains(&"ANY") || zones.contains(&"HOST") => Err(
            "firewalld accepts ANY or HOST only as the only zone of its end, and HOST only at one end"
                .to_owned(),
        ),
        _ => Ok((direction, false)),
    }
}

fn distinct<'a>(zones: &[&'a str]) -> Vec<&'a str> {
    zones
        .iter()
        .copied()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

type Effects = Vec<(u32, Effect)>;

/// The effects of the rules in the order of evaluation.
fn in_order(policy: &Deployed, wanted: UnitQuery) -> Result<Effects, Vec<ReadError>> {
    let mut effects = Effects::new();
    let mut errors = ErrorCollector::default();
    let mut count = 0_usize;
    for (at, rule, parts) in &policy.rules {
        let effect = rule::effect(rule, parts, wanted.limits).and_then(|effect| {
            count = count.saturating_add(effect.as_ref().map_or(1, |effect| effect.boxes.len()));
            wanted.limits.check(Limit::Rules, count)?;
            Ok(effect)
        });
        match effect {
            Ok(effect) => effects.extend(effect.map(|effect| (*at, effect))),
            Err(problem) => errors.add(ReadError::new(*at, problem)),
        }
        if errors.is_full() {
            break;
        }
    }
    effects.sort_by_key(|(_, effect)| place(effect));
    errors.extend(undefined_order(&effects));
    errors.finish(effects)
}

/// The sort key of a rule. Rules are sorted by priority, and with priority 0, denying rules come first.
fn place(effect: &Effect) -> (i16, bool) {
    (
        effect.priority,
        effect.priority == 0 && effect.action == Action::Accept,
    )
}

/// The error about rules of the same priority with different actions: their order is undefined.
fn undefined_order(effects: &Effects) -> Option<ReadError> {
    let mut neighbours = effects.windows(2);
    let found = neighbours.find(|pair| {
        let [(_, one), (_, other)] = pair else {
            return false;
        };
        one.action != other.action && place(one) == place(other)
    })?;
    let (at, effect) = found.last()?;
    let problem = format!(
        "rules of priority {} both accept and deny, and their order in firewalld is undefined; use \
         different priorities",
        effect.priority
    );
    Some(ReadError::new(*at, problem))
}
