//! The new addresses and ports of translated packets (nft(8), "NAT statements").

use super::value::{Part, Type, Value};
use crate::firewall::Translation;
use crate::packets::Interval;

/// A new destination. `None` if a value is not written as numbers.
pub(super) fn destination(address: Option<&Value>, port: Option<&Value>) -> Option<Translation> {
    Some(Translation::Destination {
        addresses: interval(Type::Address, address)?,
        ports: interval(Type::Port, port)?,
    })
}

/// The machine itself as the new destination.
pub(super) fn redirection(port: Option<&Value>) -> Translation {
    Translation::Redirect {
        ports: interval(Type::Port, port).unwrap_or(Some(Interval::PORTS)),
    }
}

/// The interval of a value, if there is one. `None` if a value is not written as numbers.
fn interval(kind: Type, value: Option<&Value>) -> Option<Option<Interval>> {
    let Some(value) = value else {
        return Some(None);
    };
    match kind.part(value) {
        Ok(Part::Interval(interval)) => Some(Some(interval)),
        _ => None,
    }
}
