//! Technical facts about Twilio's SIP service, which `list` prints. Rules do not need them, so they are
//! parsed separately.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::editions::{DatasetError, parse_embedded};

/// The facts, which apply to every region.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "the keys of 'sip'")]
pub struct SipFacts {
    pub audio_codec: String,
    /// The method of transmitting DTMF tones.
    pub dtmf: String,
    /// The SRTP crypto suites (RFC 4568) that Twilio accepts, in no particular order.
    pub srtp_to_twilio: Vec<String>,
    /// The SRTP crypto suites that Twilio offers.
    pub srtp_from_twilio: Vec<String>,
    /// The host name in Twilio's certificate.
    pub certificate: String,
    /// The port of SIP over TLS if the URI does not contain one.
    pub default_tls_port: u16,
    /// Host names by kind, with placeholders such as `{edge}` for the names of a region.
    pub domains: BTreeMap<String, String>,
}

/// Returns the embedded facts.
pub fn sip_facts() -> Result<SipFacts, DatasetError> {
    parse_embedded("sip", embedded!("sip"))
}
