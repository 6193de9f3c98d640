//! The options that select published networks and the packets to allow.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use ipnet::Ipv4Net;

use super::suggested_values::SuggestedValues;
use crate::input::is_stdin;
use crate::policy::{Direction, Plane, PortRange, Transport, parse_network};
use crate::select::{Selection, local_addresses};

/// The details in the help of `--dataset`.
pub(super) const DATASET_DETAILS: &str = "\
    The list is a YAML file: \"twilio-sip-allow dataset show\" prints an example, and data/README.md describes its \
    schema. \"-\" reads it from stdin. This option cannot be used together with --edition.";

/// The options that select published networks.
#[derive(Args)]
#[command(next_help_heading = "Selection")]
pub struct PublishedArgs {
    /// Regions, countries or continents [default: all]
    ///
    /// A region has several names, and you can use any of them: a place (tokyo), an edge location
    /// (ashburn), an Interconnect edge location (tokyo-ix), a legacy ID (jp1), an AWS region
    /// (ap-northeast-1), or a name that Twilio prints, such as "US East Coast (Virginia)" or "North America San
    /// Jose", in English or Japanese. Case, accents, spaces, hyphens, underscores and parentheses do not matter. Separate
    /// several names with commas, or repeat the option. Twilio asks its customers to allow all regions.
    #[arg(
        short, long, value_name = "NAME", value_delimiter = ',', env = "TWILIO_SIP_ALLOW_REGION",
        hide_env = true, hide_possible_values = true, value_parser = SuggestedValues::REGIONS
    )]
    region: Vec<String>,
    /// The published lists to use [default: regional (superseded)]
    ///
    /// "current" is the list for the public internet that is in force. "upcoming" selects lists that are
    /// announced but not yet in force: use "current,upcoming" around the day of a change. If there are none,
    /// a note says so. The default list was in force until 2024-02-21. If you name several lists, the rules allow the networks of all of them. Run
    /// "twilio-sip-allow list editions" to see every list.
    #[arg(
        short, long, value_name = "NAME", value_delimiter = ',', env = "TWILIO_SIP_ALLOW_EDITION",
        hide_env = true, value_parser = SuggestedValues::EDITIONS
    )]
    edition: Option<Vec<String>>,
    /// Use your own list instead of an edition
    #[arg(
        long, value_name = "FILE", env = "TWILIO_SIP_ALLOW_DATASET", hide_env = true,
        long_help = format!("Use your own list instead of an edition\n\n{DATASET_DETAILS}"),
        value_hint = ValueHint::FilePath
    )]
    dataset: Option<PathBuf>,
    /// The traffic to select: SIP (signaling), RTP (media), or both
    #[arg(
        long,
        value_enum,
        ignore_case = true,
        default_value_t,
        value_name = "PLANE",
        env = "TWILIO_SIP_ALLOW_PLANE",
        hide_env = true
    )]
    plane: PlaneArg,
}

/// The options that select packets, for every command that needs a policy.
#[derive(Args)]
#[command(next_help_heading = "Selection")]
pub struct SelectionArgs {
    #[command(flatten)]
    pub published: PublishedArgs,
    /// Packets from Twilio (in), to Twilio (out), or both
    ///
    /// "inbound" and "ingress" also mean "in". "outbound" and "egress" also mean "out".
    #[arg(
        short,
        long,
        value_enum,
        ignore_case = true,
        default_value_t,
        value_name = "DIRECTION",
        env = "TWILIO_SIP_ALLOW_DIRECTION",
        hide_env = true
    )]
    direction: DirectionArg,
    /// The transport protocols for signaling [default: udp,tcp,tls]
    #[arg(
        long,
        value_enum,
        ignore_case = true,
        value_name = "TRANSPORT",
        value_delimiter = ',',
        env = "TWILIO_SIP_ALLOW_TRANSPORT",
        hide_env = true
    )]
    transport: Option<Vec<TransportArg>>,
    /// The addresses on your side [default: any]
    ///
    /// An address, or a network in CIDR notation. Separate several with commas, or repeat the option.
    #[arg(
        long, value_name = "CIDR", value_delimiter = ',', value_parser = parse_local_address,
        env = "TWILIO_SIP_ALLOW_LOCAL_ADDRESS", hide_env = true
    )]
    local_address: Vec<Ipv4Net>,
    /// Your port for SIP over UDP and TCP [default: the port of the edition, 5060]
    #[arg(
        long, value_name = "PORT", value_parser = parse_port, allow_negative_numbers = true,
        env = "TWILIO_SIP_ALLOW_LOCAL_SIP_PORT", hide_env = true
    )]
    local_sip_port: Option<u16>,
    /// Your port for SIP over TLS [default: the port of the edition, 5061]
    #[arg(
        long, value_name = "PORT", value_parser = parse_port, allow_negative_numbers = true,
        env = "TWILIO_SIP_ALLOW_LOCAL_TLS_PORT", hide_env = true
    )]
    local_tls_port: Option<u16>,
    /// Your RTP ports [default: the ports of the edition]
    ///
    /// One port, or a range such as 10000-20000 or 10000:20000.
    #[arg(
        long, value_name = "FIRST-LAST", value_parser = PortRange::from_option,
        allow_negative_numbers = true, env = "TWILIO_SIP_ALLOW_LOCAL_RTP_PORTS", hide_env = true
    )]
    local_rtp_ports: Option<PortRange>,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum DirectionArg {
    #[value(aliases = ["inbound", "ingress"])]
    In,
    #[value(aliases = ["outbound", "egress"])]
    Out,
    #[default]
    Both,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum PlaneArg {
    #[value(alias = "sip")]
    Signaling,
    #[value(alias = "rtp")]
    Media,
    #[default]
    Both,
}

#[derive(Clone, Copy, ValueEnum)]
enum TransportArg {
    Udp,
    Tcp,
    Tls,
}

/// The place that networks are read from.
#[derive(Clone, Debug)]
pub enum Source {
    /// Names of editions.
    Editions(Vec<String>),
    /// A dataset that the user wrote.
    File(PathBuf),
}

impl Source {
    /// The names of editions. Empty for a dataset.
    pub fn names(&self) -> &[String] {
        match self {
            Source::Editions(names) => names,
            Source::File(_) => &[],
        }
    }
}

impl PublishedArgs {
    /// True for `--dataset -`.
    pub fn reads_stdin(&self) -> bool {
        self.dataset.as_deref().is_some_and(is_stdin)
    }

    /// True for `--dataset`.
    pub fn is_own_list(&self) -> bool {
        self.dataset.is_some()
    }

    /// The source that the user named with `--dataset` or `--edition`.
    pub fn named_source(&self) -> Option<Source> {
        match (&self.dataset, &self.edition) {
            (Some(file), _) => Some(Source::File(file.clone())),
            (None, Some(names)) => Some(Source::Editions(names.clone())),
            (None, None) => None,
        }
    }

    /// The source that the user named, or else the edition `default`.
    pub fn source(&self, default: &str) -> Source {
        self.named_source()
            .unwrap_or_else(|| Source::Editions(vec![default.to_owned()]))
    }

    /// Names of regions, continents and countries. Empty means all.
    pub fn regions(&self) -> &[String] {
        &self.region
    }

    pub fn planes(&self) -> Vec<Plane> {
        match self.plane {
            PlaneArg::Signaling => vec![Plane::Signaling],
            PlaneArg::Media => vec![Plane::Media],
            PlaneArg::Both => Plane::ALL.to_vec(),
        }
    }
}

impl SelectionArgs {
    pub fn selection(&self) -> Selection {
        let transports = self.transport.as_ref();
        Selection {
            regions: self.published.region.clone(),
            directions: match self.direction {
                DirectionArg::In => vec![Direction::In],
                DirectionArg::Out => vec![Direction::Out],
                DirectionArg::Both => vec![Direction::In, Direction::Out],
            },
            planes: self.published.planes(),
            transports: transports.map(|list| list.iter().map(|t| Transport::from(*t)).collect()),
            local_addresses: local_addresses(&self.local_address),
            local_sip_port: self.local_sip_port,
            local_tls_port: self.local_tls_port,
            local_rtp_ports: self.local_rtp_ports,
        }
    }
}

fn parse_port(text: &str) -> Result<u16, String> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!(
            "'{text}' is not a port; use a number from 1 to 65535"
        ));
    }
    let ports = PortRange::from_option(text).map_err(|e| e.to_string())?;
    Ok(ports.first())
}

/// Parses as [`parse_network`] does, but rejects `0.0.0.0`, which people write to mean any address.
pub(super) fn parse_local_address(text: &str) -> Result<Ipv4Net, String> {
    let network = parse_network(text).map_err(|e| e.to_string())?;
    if network.addr().is_unspecified() && network.prefix_len() == 32 {
        return Err(format!(
            "'{text}' is not the address of a host; to allow any address on your side, remove the option"
        ));
    }
    Ok(network)
}

impl From<TransportArg> for Transport {
    fn from(transport: TransportArg) -> Self {
        match transport {
            TransportArg::Udp => Transport::Udp,
            TransportArg::Tcp => Transport::Tcp,
            TransportArg::Tls => Transport::Tls,
        }
    }
}
