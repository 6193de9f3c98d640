//! LiveKit: the allowed addresses of an inbound SIP trunk, as JSON.
//!
//! A trunk accepts a request if its source is in `allowed_addresses` (`matchAddrMasks` in
//! `sip/sip.go` of LiveKit's protocol). The requests are JSON of Protocol Buffers
//! (`CreateSIPInboundTrunkRequest` and `UpdateSIPInboundTrunkRequest` in `livekit_sip.proto`), which
//! refuses unknown keys, so there are no comments.

use minijinja::Value;
use serde_json::json;

use crate::format::error::FormatError;
use crate::format::interface::{Format, FormatInfo, Listing, Parser};
use crate::format::json::{TEMPLATE, laid_out};
use crate::format::output_option::OutputOption;
use crate::format::read::address_list::AddressList;
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::format::render::address_list;
use crate::format::unit::Unit;
use crate::policy::{Granularity, Policy};
use crate::terminal::json_document;

mod allowed;
mod excerpt;
mod trunks;

pub struct LiveKit;

static INFO: FormatInfo = FormatInfo {
    name: "livekit",
    aliases: &["livekit-sip", "lk"],
    summary: "LiveKit: allowed addresses of an inbound SIP trunk as JSON, for incoming signaling",
    documentation: "The output creates a trunk. If you load it twice, you get two trunks. If `--name` is the id of a \
         trunk (`--name ST_...`), the output replaces only the addresses of this trunk, and loading it again changes \
         nothing. A note shows the command that loads it, which needs an access token with the grant `sip.admin`. Do \
         not load such an output with `lk sip inbound update`, which would replace the whole trunk. LiveKit adds the \
         metadata of a trunk to participants, so the output has no edition or date. The list matches the sources of \
         SIP requests. It contains neither RTP nor outgoing traffic, so a selection without incoming signaling is \
         refused.",
    template: TEMPLATE,
    is_stateless: false,
    options: &[OutputOption::Name],
    granularity: Granularity::RemoteAddress,
};

impl Format for LiveKit {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn load_command(&self, unit: &Unit) -> String {
        if is_trunk_id(&unit.name.to_string()) {
            "curl --fail -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' --data @FILE \
             https://SERVER/twirp/livekit.SIP/UpdateSIPInboundTrunk"
                .to_owned()
        } else {
            "lk sip inbound create FILE".to_owned()
        }
    }

    fn supported_part(&self, policy: &Policy, _unit: &Unit) -> Result<Option<Policy>, FormatError> {
        let part = address_list::sip_sources(&INFO, policy)?;
        address_list::check_only_list(&INFO, &part)?;
        Ok(Some(part))
    }

    fn template_context(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        let addresses = addresses(policy);
        let name = unit.name.to_string();
        let request = if is_trunk_id(&name) {
            update(&name, &addresses)
        } else {
            json!({ "trunk": { "name": name, "allowed_addresses": addresses } })
        };
        Ok(laid_out(&request))
    }

    fn notices(&self, _policy: &Policy, unit: &Unit) -> Vec<String> {
        let command = self.load_command(unit);
        vec![if is_trunk_id(&unit.name.to_string()) {
            format!(
                "to replace the addresses of the trunk, save the output as FILE, and run: {command}"
            )
        } else {
            format!(
                "the output creates a trunk: save it as FILE, and run: {command} (for an existing trunk, use --name with \
                 its id, ST_...)"
            )
        }]
    }

    fn typical_keys(&self) -> &'static [&'static str] {
        &[
            "trunk",
            "sip_trunk_id",
            "sipTrunkId",
            "allowed_addresses",
            "allowedAddresses",
        ]
    }

    fn parser(&self) -> Option<&dyn Parser> {
        Some(self)
    }
}

impl Parser for LiveKit {
    fn listing(&self) -> Listing {
        Listing {
            command: "lk sip inbound list -j",
            without_rules: "{}\n",
        }
    }

    fn parse(&self, text: &str, wanted: UnitQuery) -> ReadResult {
        let name = wanted.unit.name.to_string();
        let mut accepted = AddressList::new(wanted.limits);
        let (label, absent) = match trunks::find(text, wanted)? {
            Ok(trunk) => {
                trunk.accept(&mut accepted)?;
                (trunk.to_string(), None)
            }
            Err(absent) => (name, Some(absent)),
        };
        Ok(vec![accepted.into_unit(format!("trunk {label}"), absent)])
    }

    fn excerpt(&self) -> fn(&str, u32) -> String {
        excerpt::without_secrets
    }

    /// A trunk with an id is updated, because creating it again would make a second one.
    fn stepwise_repair(
        &self,
        policy: &Policy,
        text: &str,
        wanted: UnitQuery,
    ) -> Option<Result<String, FormatError>> {
        let trunk = trunks::find(text, wanted).ok()?.ok()?;
        let id = trunk.id()?;
        let repair = address_list::sip_sources(&INFO, policy).and_then(|part| {
            address_list::check_only_list(&INFO, &part)?;
            let document = json_document(&update(id, &addresses(&part)));
            document.map_err(|error| FormatError::Irreparable(error.to_string()))
        });
        Some(repair)
    }
}

/// True for the id of a trunk. LiveKit's ids of trunks start with `ST_`.
fn is_trunk_id(name: &str) -> bool {
    name.starts_with("ST_")
}

/// Returns the networks, always with a prefix length. LiveKit also compares each entry with the host
/// in the From header, which a caller chooses. A host in a valid header contains no slash.
fn addresses(policy: &Policy) -> Vec<String> {
    // All rules have the same networks.
    let networks = policy.rules.iter().take(1);
    let networks = networks.flat_map(|rule| rule.remote.networks.iter());
    networks.map(|remote| remote.network.to_string()).collect()
}

/// The request that replaces the addresses of a trunk, and nothing else.
fn update(id: &str, addresses: &[String]) -> serde_json::Value {
    json!({
        "sip_trunk_id": id,
        "update": { "allowed_addresses": { "set": addresses } },
    })
}
