//! A policy as a format writes it.

use std::borrow::Cow;

use crate::format::error::FormatError;
use crate::format::interface::Format;
use crate::format::unit::Unit;
use crate::policy::{Policy, PortRange};
use crate::template;

/// The policy in a firewall's language.
pub fn render(format: &dyn Format, policy: &Policy, unit: &Unit) -> Result<String, FormatError> {
    let (file, source) = format.info().template;
    let policy = supported(format, policy, unit)?;
    let context = format.template_context(&policy, unit)?;
    Ok(template::render(file, source, context)?)
}

/// The part of a policy that an output of a format can express: all of it, or a part that the user may
/// have meant alone. Everything else is refused.
pub fn supported<'p>(
    format: &dyn Format,
    policy: &'p Policy,
    unit: &Unit,
) -> Result<Cow<'p, Policy>, FormatError> {
    refuse_without_effect(policy, format.info().is_stateless)?;
    let part = format.supported_part(policy, unit)?;
    Ok(part.map_or(Cow::Borrowed(policy), Cow::Owned))
}

/// A local port that the user gave and that no rule has: one of the options is not what was meant.
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
        Some((option, _)) => Err(FormatError::NoEffect { option }),
        None => Ok(()),
    }
}
