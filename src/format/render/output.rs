//! Renders a policy in a format.

use std::borrow::Cow;

use crate::format::error::FormatError;
use crate::format::interface::Format;
use crate::format::unit::Unit;
use crate::policy::{Policy, PortRange};
use crate::template;

/// Renders a policy.
pub fn render(format: &dyn Format, policy: &Policy, unit: &Unit) -> Result<String, FormatError> {
    let (file, source) = format.info().template;
    let policy = supported(format, policy, unit)?;
    let context = format.template_context(&policy, unit)?;
    Ok(template::render(file, source, context)?)
}

/// Returns the part of a policy that a format can express: the whole policy, or a part that the user may
/// have meant. Anything else is an error.
pub fn supported<'p>(
    format: &dyn Format,
    policy: &'p Policy,
    unit: &Unit,
) -> Result<Cow<'p, Policy>, FormatError> {
    refuse_without_effect(policy, format.info().is_stateless)?;
    let part = format.supported_part(policy, unit)?;
    Ok(part.map_or(Cow::Borrowed(policy), Cow::Owned))
}

/// Returns a notice about selected directions and planes that a format cannot express.
pub fn narrowing(format: &dyn Format, policy: &Policy, part: &Policy) -> Option<String> {
    let (all, kept) = (&policy.scope, &part.scope);
    let planes = all
        .planes
        .iter()
        .filter(|plane| !kept.planes.contains(plane));
    let directions = all.directions.iter();
    let directions = directions.filter(|direction| !kept.directions.contains(direction));
    let planes = planes.map(ToString::to_string);
    let left_out = planes.chain(directions.map(|direction| format!("direction {direction}")));
    let left_out: Vec<String> = left_out.collect();
    (!left_out.is_empty()).then(|| {
        format!(
            "{} cannot express {}: it covers only {}, direction {}",
            format.info().name,
            left_out.join(" or "),
            list(&kept.planes),
            list(&kept.directions),
        )
    })
}

fn list(words: &[impl ToString]) -> String {
    let words: Vec<String> = words.iter().map(ToString::to_string).collect();
    words.join(" and ")
}

/// Refuses a local port that no rule uses, because then one of the options is a mistake.
pub(super) fn refuse_without_effect(
    policy: &Policy,
    is_stateless: bool,
) -> Result<(), FormatError> {
    let way_back = policy.tcp_return.iter().filter(|_| is_stateless);
    let ports: Vec<PortRange> = policy
        .rules
        .iter()
        .chain(way_back)
        .map(|r| r.local.ports)
        .collect();
    let given = &policy.scope.local_ports;
    match given.iter().find(|(_, given)| !ports.contains(given)) {
        Some((option, _)) => Err(FormatError::NoEffect {
            option,
            traffic: match *option {
                "--local-sip-port" => "SIP over UDP or TCP",
                "--local-tls-port" => "SIP over TLS",
                _ => "RTP",
            },
        }),
        None => Ok(()),
    }
}
