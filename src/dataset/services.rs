//! Addresses of Twilio that are no part of any edition, such as those of its STUN and TURN servers.
//!
//! They explain addresses in texts, and never become rules.

use ipnet::Ipv4Net;
use serde::Serialize;

use super::editions::{DatasetError, Date, Networks, parse_embedded};
use crate::policy::Plane;

/// A service with addresses of its own, or a list that was in use before the first edition.
#[derive(Clone, Debug, serde::Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Such as `stun-turn`.
    pub id: String,
    /// The name in reports, such as `STUN/TURN`.
    pub name: String,
    /// The page or documents with the addresses.
    pub source: String,
    /// The date on the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dated: Option<Date>,
    /// The plane of SIP calls, if it was a list for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plane: Option<Plane>,
    /// True if the networks are address space, from which SIP has its addresses too.
    #[serde(default)]
    pub address_space: bool,
    /// In words, such as `tcp 443`.
    pub ports: String,
    /// When Twilio stopped using the addresses for the service, such as `on 2023-11-16` or `before 2015`. `None` if
    /// the service still uses them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded: Option<String>,
    /// Networks by place. A place can be a region without SIP, or an exchange.
    pub(super) networks: Networks,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Services {
    services: Vec<Service>,
}

/// Returns all services.
pub fn services() -> Result<Vec<Service>, DatasetError> {
    let parsed: Services = parse_embedded("other-services", embedded!("other-services"))?;
    Ok(parsed.services)
}

impl Service {
    /// Returns each network with its place.
    pub fn networks(&self) -> impl Iterator<Item = (&str, Ipv4Net)> {
        let places = self.networks.by_region.iter();
        places.flat_map(|(place, networks)| networks.iter().map(move |n| (place.as_str(), *n)))
    }

    /// Returns the status, such as `in force` or `superseded before 2015`.
    pub fn status(&self) -> String {
        match &self.superseded {
            Some(when) => format!("superseded {when}"),
            None => "in force".to_owned(),
        }
    }
}
