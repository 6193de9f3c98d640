//! Asterisk: an `identify` section of `pjsip.conf`, which says whose calls are an endpoint's.
//!
//! Asterisk, `res_pjsip_endpoint_identifier_ip`: a request from an address that matches belongs to
//! the endpoint that is named. RTP passes it by.

use ipnet::Ipv4Net;
use minijinja::Value;
use serde::Serialize;

use super::parse::{Parsed, Wanted};
use super::{Dialect, FormatError, Reader, Spelled, Unit, addresses, head};
use crate::firewall::DeployedUnit;
use crate::policy::Granularity;
use crate::policy::{Direction, Policy};
use crate::template;

mod comments;
mod config;
mod criteria;
mod listing;

/// The row of the table of formats.
pub struct Asterisk;

/// As many characters of a label as a comment holds.
const COMMENT_LIMIT: usize = 200;

#[derive(Serialize)]
struct View {
    head: Vec<String>,
    name: String,
    matches: Vec<Spelled>,
}

impl Dialect for Asterisk {
    fn name(&self) -> &'static str {
        "asterisk"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["pjsip", "pjsip.conf"]
    }

    fn about(&self) -> &'static str {
        "Asterisk: an identify section of pjsip.conf, for signaling that comes in"
    }

    fn contract(&self) -> &'static str {
        "The file is replaced as a whole, and a reload brings it into force. It matches where \
         SIP comes from: RTP and what goes out are not in it, and a call without signaling in \
         is refused."
    }

    fn load(&self, _unit: &Unit) -> String {
        "asterisk -rx 'pjsip reload' (once '#include FILE' is in pjsip.conf)".to_owned()
    }

    fn template(&self) -> (&'static str, &'static str) {
        ("asterisk.j2", include_str!("../../templates/asterisk.j2"))
    }

    fn part_of(&self, policy: &Policy) -> Result<Option<Policy>, FormatError> {
        addresses::sip_sources(self, policy).map(Some)
    }

    fn view(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        let list = addresses::only_list(self, policy, COMMENT_LIMIT, |n: Ipv4Net| n.to_string())?;
        Ok(template::value(&View {
            head: head(self, policy, unit, &[]),
            // Names of endpoints are told apart by case too.
            name: unit.name.to_string(),
            matches: list.spelled,
        }))
    }

    fn granularity(&self) -> Granularity {
        Granularity::RemoteAddress
    }

    fn reader(&self) -> Option<&dyn Reader> {
        Some(self)
    }
}

impl Reader for Asterisk {
    /// All `identify` sections of an endpoint are one unit: any of them identifies it.
    fn parse(&self, text: &str, wanted: Wanted) -> Parsed {
        let endpoint = wanted.unit.name.to_string();
        let mut criteria = criteria::Criteria::new(wanted.limits);
        let is_there = if listing::is_listing(text) {
            listing::read(text, &endpoint, &mut criteria)?
        } else {
            config::read(text, &endpoint, &mut criteria, wanted.limits)?
        };
        let absent = || format!("no identify section in the text is for the endpoint {endpoint}");
        Ok(vec![DeployedUnit {
            steps: criteria.steps,
            unmeasured: criteria.unmeasured,
            absent: (!is_there).then(absent),
            ..DeployedUnit::empty(Direction::In, format!("identify {endpoint}"))
        }])
    }
}
