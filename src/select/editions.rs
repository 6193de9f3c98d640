//! Looks up the embedded editions by name.

use super::error::SelectError;
use super::names::CURRENT;
use crate::dataset::{self, Connection, Edition, ReferenceData};
use crate::firewall::PublishedNetwork;
use crate::names::{did_you_mean, is_spelling, normalize_name};
use crate::packets::{Interval, normalized};
use crate::policy::{Plane, Transport};

/// Returns the embedded editions with these names, without duplicates, in the user's order.
pub fn embedded_editions(names: &[String]) -> Result<Vec<Edition>, SelectError> {
    let mut editions: Vec<Edition> = Vec::new();
    for name in names {
        let wanted = normalize_name(name);
        let found = if wanted == CURRENT {
            dataset::edition_in_force(Connection::Public)?
        } else {
            let known = dataset::edition_names().find(|known| is_spelling(known, &wanted));
            match known {
                Some(known) => dataset::edition(known)?,
                None => None,
            }
        };
        let edition = found.ok_or_else(|| SelectError::UnknownEdition {
            name: name.clone(),
            suggestion: did_you_mean(name, [CURRENT].into_iter().chain(dataset::edition_names())),
            known: dataset::edition_names().collect::<Vec<_>>().join(", "),
        })?;
        if !editions.iter().any(|e| e.name == edition.name) {
            editions.push(edition);
        }
    }
    Ok(editions)
}

/// Returns every network that any embedded edition publishes.
pub fn known_networks(
    reference_data: &ReferenceData,
) -> Result<Vec<PublishedNetwork>, SelectError> {
    let mut known = Vec::new();
    for edition in dataset::editions()? {
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
