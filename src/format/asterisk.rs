//! Asterisk: an `identify` section of `pjsip.conf`, which says whose calls are an endpoint's.
//!
//! Asterisk, `res_pjsip_endpoint_identifier_ip`: a request from an address that matches belongs to
//! the endpoint that is named. RTP passes it by.

use ipnet::Ipv4Net;
use minijinja::Value;
use serde::Serialize;

use super::{Dialect, FormatError, Spelled, Unit, addresses, head};
use crate::policy::Policy;
use crate::template;

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

    fn view(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        let policy = addresses::sip_sources(self, policy)?;
        let list = addresses::only_list(self, &policy, COMMENT_LIMIT, |n: Ipv4Net| n.to_string())?;
        Ok(template::value(&View {
            head: head(self, &policy, unit, &[]),
            // Names of endpoints are told apart by case too.
            name: unit.name.to_string(),
            matches: list.spelled,
        }))
    }
}
