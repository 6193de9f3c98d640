//! The new addresses and ports of translated packets (nft(8), "NAT statements").

use super::value::{Part, Type, Value};
use crate::firewall::Translation;
use crate::packets::Interval;

/// A new destination that the rule does not show.
pub(super) const ANYWHERE: Translation = Translation::Destination {
    addresses: Some(Interval::ADDRESSES),
    ports: Some(Interval::PORTS),
};

/// A new destination. `None` if a value is not written as numbers.
pub(super) fn destination(address: Option<&Value>, port: Option<&Value>) -> Option<Translation> {
    let known = |kind, value: Option<&Value>| match value {
        Some(value) => interval(kind, value).ok_or(()).map(Some),
        None => Ok(None),
    };
    let addresses = known(Type::Address, address).ok()?;
    let ports = known(Type::Port, port).ok()?;
    Some(Translation::Destination { addresses, ports })
}

/// The machine itself as the new destination. The port may be any if it is not written as numbers.
pub(super) fn redirection(port: Option<&Value>) -> Translation {
    let known = |port| interval(Type::Port, port).unwrap_or(Interval::PORTS);
    Translation::Redirect {
        ports: port.map(known),
    }
}

fn interval(kind: Type, value: &Value) -> Option<Interval> {
    match kind.part(value) {
        Ok(Part::Interval(interval)) => Some(interval),
        _ => None,
    }
}
