//! A change request for a network team, as an HTML page (HTML Standard). It loads nothing from
//! elsewhere, and has no scripts.

use minijinja::Value;
use serde::Serialize;

use crate::format::error::FormatError;
use crate::format::interface::{Format, FormatInfo};
use crate::format::output_option::OutputOption;
use crate::format::render::change_request::Request;
use crate::format::render::networks::{NetworkList, NetworkLists};
use crate::format::unit::Unit;
use crate::policy::{Granularity, Policy, RemoteNetwork};
use crate::template;

pub struct Html;

#[derive(Serialize)]
struct View {
    request: Request,
    regions: Vec<Region>,
}

/// A row of the chart: a region, with one cell for its networks in each group.
#[derive(Serialize)]
struct Region {
    name: String,
    cells: Vec<Vec<Network>>,
}

#[derive(Serialize)]
struct Network {
    cidr: String,
    addresses: u64,
    /// The width of the bar in percent: the share of address bits that are not fixed.
    width: u32,
    /// True if the network serves every region.
    shared: bool,
}

static INFO: FormatInfo = FormatInfo {
    name: "html",
    aliases: &["htm", "page"],
    summary: "Change request for a network team, as a web page",
    documentation: "The page contains the same request as `markdown`, and a chart of the networks that each region \
         opens. It is one file, without scripts or external resources. It follows the reader's light or dark theme, \
         and can be printed.",
    template: ("html.j2", include_str!("../../templates/html.j2")),
    is_stateless: true,
    options: &[OutputOption::Name],
    granularity: Granularity::Packet,
};

impl Format for Html {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn load_command(&self, _unit: &Unit) -> String {
        "xdg-open FILE".to_owned()
    }

    fn template_context(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        Ok(template::value(&View {
            request: Request::new(self, policy, unit, escaped),
            regions: regions(policy),
        }))
    }

    fn is_typical_line(&self, line: &str) -> bool {
        line.starts_with("<title>Change request: let Twilio's SIP calls through")
    }
}

/// Escapes text between tags, where other characters need no escape.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn regions(policy: &Policy) -> Vec<Region> {
    let lists = NetworkLists::new(policy, usize::MAX, |network| network.to_string());
    let planes = policy.scope.planes.iter();
    let columns: Vec<&NetworkList> = planes.flat_map(|plane| lists.of(*plane)).collect();
    let cell = |list: &&NetworkList, region: &str| {
        let networks = list.networks.iter();
        let networks = networks.filter_map(|network| Network::of_region(network, region));
        networks.collect()
    };
    let regions = policy.scope.regions.iter();
    let row = regions.map(|region| Region {
        name: escaped(region),
        cells: columns.iter().map(|list| cell(list, region)).collect(),
    });
    row.collect()
}

impl Network {
    /// Returns `None` if the network does not serve the region.
    fn of_region(remote: &RemoteNetwork, region: &str) -> Option<Network> {
        let own = |name: &str| name == region;
        let mut regions = remote.origins.iter().map(|origin| origin.region.as_deref());
        let shared = regions.clone().any(|region| region.is_none());
        let free = u32::from(32 - remote.network.prefix_len());
        (shared || regions.any(|region| region.is_some_and(own))).then(|| Network {
            cidr: remote.network.to_string(),
            addresses: 1 << free,
            // Even a single address has a visible bar.
            width: (free + 1) * 100 / 33,
            shared,
        })
    }
}
