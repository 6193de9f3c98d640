//! Terraform and OpenTofu: variables with Twilio's networks and ports, as JSON.
//!
//! Each plane has two variables: its networks, and its protocols and ports. A configuration combines
//! them to rules. The key `//` is a comment, which the JSON syntax of HCL ignores (HCL JSON Syntax
//! Specification, "Bodies").

use minijinja::Value;
use serde_json::{Map, json};

use crate::firewall::DeployedUnit;
use crate::format::error::FormatError;
use crate::format::interface::{Format, FormatInfo, Listing, Parser, needed_rules};
use crate::format::json::{TEMPLATE, laid_out};
use crate::format::output_option::OutputOption;
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::format::render::header::{Commands, head};
use crate::format::unit::Unit;
use crate::policy::{Granularity, Policy, Rule};

mod names;
mod plane;
mod variables;

use names::{Variables, is_of_plane};
use plane::{check_plane, ports_of};

pub struct Tfvars;

static INFO: FormatInfo = FormatInfo {
    name: "tfvars",
    aliases: &["auto.tfvars", "tfvars-json", "terraform-variables"],
    summary: "Terraform and OpenTofu: variables with networks and ports of each plane, as JSON",
    documentation: "Save the output as `twilio-sip.auto.tfvars.json` in the folder of the configuration, or name it \
         with `-var-file`. A new output replaces the file as a whole. Each plane has two variables. \
         `twilio_sip_signaling_cidr_blocks` has the type `list(string)`. `twilio_sip_signaling_ports` has the type \
         `list(object({ protocol = string, from_port = number, to_port = number }))`. The variables for media \
         contain `media` instead of `signaling`. Your configuration declares the variables, and combines each \
         network with each of the ports ([example](../examples/terraform-variables)). The variables contain no direction. So if your ports differ from Twilio's \
         ports, select one direction. `--local-address` is refused. Several editions are refused if their networks \
         have different ports in the same plane.",
    template: TEMPLATE,
    is_stateless: false,
    options: &[OutputOption::Name],
    granularity: Granularity::Packet,
};

impl Format for Tfvars {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn load_command(&self, _unit: &Unit) -> String {
        "terraform apply -var-file FILE (whose name ends in .tfvars.json)".to_owned()
    }

    fn supported_part(&self, policy: &Policy, _unit: &Unit) -> Result<Option<Policy>, FormatError> {
        let mut rules = policy.rules.iter();
        if !rules.all(|rule| rule.local.networks.is_empty()) {
            return Err(FormatError::Inexpressible {
                format: INFO.name,
                what: "--local-address: it contains only Twilio's addresses; leave the option out",
            });
        }
        let mut planes = policy.scope.planes.iter();
        planes.try_for_each(|plane| check_plane(&INFO, policy, *plane))?;
        Ok(None)
    }

    fn template_context(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        let head = head(self, policy, unit, &Commands::default());
        let mut document = Map::new();
        document.insert("//".to_owned(), json!(head));
        for plane in &policy.scope.planes {
            let Variables { networks, ports } = Variables::new(&unit.name, *plane);
            let mut rules = policy.rules.iter().filter(|rule| rule.plane == *plane);
            let cidrs = rules
                .clone()
                .take(1)
                .flat_map(|rule| rule.remote.networks.iter());
            let cidrs: Vec<_> = cidrs.map(|remote| remote.network).collect();
            let direction = rules.next().map(|rule| rule.direction);
            let of_plane = direction.map(|direction| ports_of(policy, *plane, direction));
            document.insert(networks, json!(cidrs));
            document.insert(ports, json!(of_plane.unwrap_or_default()));
        }
        Ok(laid_out(&document.into()))
    }

    fn is_typical_line(&self, line: &str) -> bool {
        // The syntax that is not JSON.
        let name = line.split_once('=').map_or("", |(name, _)| name.trim());
        self.typical_keys().contains(&name)
    }

    fn typical_keys(&self) -> &'static [&'static str] {
        &[
            "twilio_sip_signaling_cidr_blocks",
            "twilio_sip_signaling_ports",
            "twilio_sip_media_cidr_blocks",
            "twilio_sip_media_ports",
        ]
    }

    fn parser(&self) -> Option<&dyn Parser> {
        Some(self)
    }
}

impl Parser for Tfvars {
    fn listing(&self) -> Listing {
        Listing {
            command: "cat twilio-sip.auto.tfvars.json",
            without_rules: "{}\n",
        }
    }

    fn parse(&self, text: &str, wanted: UnitQuery) -> ReadResult {
        variables::read(text, wanted)
    }

    fn expected<'a>(&self, policy: &'a Policy, unit: &DeployedUnit) -> Vec<&'a Rule> {
        let mut rules = needed_rules(&INFO, policy, unit.direction);
        rules.retain(|rule| is_of_plane(&unit.name, rule.plane));
        rules
    }

    fn is_selected(&self, policy: &Policy, unit: &DeployedUnit) -> bool {
        let mut planes = policy.scope.planes.iter();
        planes.any(|plane| is_of_plane(&unit.name, *plane))
    }
}
