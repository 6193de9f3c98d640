//! Looks up editions by name.

use super::error::SelectError;
use super::names::{CURRENT, UPCOMING};
use crate::dataset::{Connection, Data, Edition, ReferenceData};
use crate::firewall::PublishedNetwork;
use crate::names::{did_you_mean, is_spelling, normalize_name};
use crate::packets::{Interval, normalized};
use crate::policy::{Plane, Transport};

/// Returns the editions with these names, without duplicates, in the user's order.
///
/// # Errors
///
/// If a name is unknown, or if no edition is left because none is upcoming.
pub fn editions(names: &[String], data: &Data) -> Result<Vec<Edition>, SelectError> {
    let mut editions: Vec<Edition> = Vec::new();
    for name in names {
        for edition in named(name, data)? {
            if !editions.iter().any(|e| e.name == edition.name) {
                editions.push(edition);
            }
        }
    }
    if editions.is_empty() && !names.is_empty() {
        return Err(SelectError::NothingUpcoming);
    }
    Ok(editions)
}

/// Returns the editions that a name means. Only [`UPCOMING`] can mean none or several.
fn named(name: &str, data: &Data) -> Result<Vec<Edition>, SelectError> {
    let wanted = normalize_name(name);
    if wanted == UPCOMING {
        return Ok(data.upcoming_editions(Connection::Public)?);
    }
    let known = data.edition_names();
    let found = if wanted == CURRENT {
        data.edition_in_force(Connection::Public)?
    } else {
        let mut names = known.iter();
        let name = names.find(|known| is_spelling(known, &wanted));
        name.map(|name| data.edition(name)).transpose()?.flatten()
    };
    let found = found.ok_or_else(|| SelectError::UnknownEdition {
        name: name.to_owned(),
        suggestion: did_you_mean(
            name,
            [CURRENT, UPCOMING].into_iter().chain(known.iter().copied()),
        ),
        known: known.join(", "),
    })?;
    Ok(vec![found])
}

/// Returns every network that any edition publishes.
pub fn known_networks(
    data: &Data,
    reference_data: &ReferenceData,
) -> Result<Vec<PublishedNetwork>, SelectError> {
    let mut known = Vec::new();
    for edition in data.editions()? {
        let sip = Transport::ALL
            .map(|transport| Interval::single(edition.signaling.ports.of(transport).into()));
        let sip = normalized(sip.to_vec());
        let rtp = vec![edition.media.ports.into()];
        for (plane, region, network) in edition.published(reference_data) {
            let ports = match plane {
                Plane::Signaling => &sip,
                Plane::Media => &rtp,
            };
            known.push(PublishedNetwork {
                addresses: network.into(),
                plane,
                ports: ports.clone(),
                region: region.map(|region| region.id.clone()),
                edition: edition.name.clone(),
            });
        }
    }
    Ok(known)
}
