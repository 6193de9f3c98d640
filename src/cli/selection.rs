//! The options that select what Twilio published, and what to allow of it.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use ipnet::Ipv4Net;

use super::suggested_values::SuggestedValues;
use crate::input::is_stdin;
use crate::policy::{Direction, Plane, PortRange, Transport, parse_network};
use crate::select::{Selection, local_addresses};

/// The regions, the list and the planes.
#[derive(Args)]
#[command(next_help_heading = "Selection")]
pub struct PublishedArgs {
    /// Regions by any of their names, continents, countries, or all
    ///
    /// A place (tokyo), an edge location (ashburn), an Interconnect edge location (tokyo-ix), a legacy
    /// id (jp1), an AWS region (ap-northeast-1), or a name that Twilio prints, such as "US East Coast
    /// (Virginia)", in English or Japanese. Case, accents, spaces, hyphens, underscores and
    /// parentheses make no difference. Can be repeated; without it, every region is selected, as
    /// Twilio asks for.
    #[arg(
        short, long, value_name = "NAME", value_delimiter = ',', env = "TWILIO_SIP_ALLOW_REGION",
        hide_env = true, hide_possible_values = true, value_parser = SuggestedValues::REGIONS
    )]
    region: Vec<String>,
    /// Published lists, united; "current" is the one in force [default: regional, superseded]
    ///
    /// "current" stands for the list for the public internet that is in force. The default is the
    /// list that was in force until 2024-02-21. See "list editions".
    #[arg(
        short, long, value_name = "NAME", value_delimiter = ',', env = "TWILIO_SIP_ALLOW_EDITION",
        hide_env = true, value_parser = SuggestedValues::EDITIONS
    )]
    edition: Option<Vec<String>>,
    /// Your own list instead of an edition
    ///
    /// A YAML file of the schema in data/README.md; "-" is stdin. Not with --edition.
    #[arg(
        long, value_name = "FILE", env = "TWILIO_SIP_ALLOW_DATASET", hide_env = true,
        value_hint = ValueHint::FilePath
    )]
    dataset: Option<PathBuf>,
    /// SIP (signaling), RTP (media), or both
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

/// The packets to allow, for every command that needs a policy.
#[derive(Args)]
#[command(next_help_heading = "Selection")]
pub struct SelectionArgs {
    /// The part that Twilio published.
    #[command(flatten)]
    pub published: PublishedArgs,
    /// Packets from Twilio (in), to Twilio (out), or both
    ///
    /// "inbound" and "ingress" mean in, "outbound" and "egress" mean out.
    #[arg(
        short,
        long,
        value_enum,
        ignore_case = true,
        default_value_t,
        value_name = "WAY",
        env = "TWILIO_SIP_ALLOW_DIRECTION",
        hide_env = true
    )]
    direction: DirectionArg,
    /// How signaling travels [default: udp,tcp,tls]
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
    /// Your own side's addresses [default: any]
    ///
    /// An address or a network in CIDR notation. Can be repeated.
    #[arg(
        long, value_name = "CIDR", value_delimiter = ',', value_parser = parse_local_address,
        env = "TWILIO_SIP_ALLOW_LOCAL_ADDRESS", hide_env = true
    )]
    local_address: Vec<Ipv4Net>,
    /// Your own port of SIP over UDP and TCP [default: the edition's, 5060]
    #[arg(
        long, value_name = "PORT", value_parser = parse_port, allow_negative_numbers = true,
        env = "TWILIO_SIP_ALLOW_LOCAL_SIP_PORT", hide_env = true
    )]
    local_sip_port: Option<u16>,
    /// Your own port of SIP over TLS [default: the edition's, 5061]
    #[arg(
        long, value_name = "PORT", value_parser = parse_port, allow_negative_numbers = true,
        env = "TWILIO_SIP_ALLOW_LOCAL_TLS_PORT", hide_env = true
    )]
    local_tls_port: Option<u16>,
    /// Your own RTP ports [default: the edition's]
    ///
    /// A range such as 10000-20000 or 10000:20000, or one port.
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

/// The source of the networks.
#[derive(Clone, Debug)]
pub enum Source {
    /// Names of embedded editions.
    Editions(Vec<String>),
    /// A user's own dataset.
    File(PathBuf),
}

impl PublishedArgs {
    /// True if the user's own list is read from stdin.
    pub fn reads_stdin(&self) -> bool {
        self.dataset.as_deref().is_some_and(is_stdin)
    }

    /// True if the networks come from the user's own list.
    pub fn is_own_list(&self) -> bool {
        self.dataset.is_some()
    }

    /// The source of the networks, if the user names one.
    pub fn named_source(&self) -> Option<Source> {
        match (&self.dataset, &self.edition) {
            (Some(file), _) => Some(Source::File(file.clone())),
            (None, Some(names)) => Some(Source::Editions(names.clone())),
            (None, None) => None,
        }
    }

    /// The source of the networks; `default` is the edition when the user names none.
    pub fn source(&self, default: &str) -> Source {
        self.named_source()
            .unwrap_or_else(|| Source::Editions(vec![default.to_owned()]))
    }

    /// Names of regions, continents and countries; empty means all.
    pub fn regions(&self) -> &[String] {
        &self.region
    }

    /// The selected planes: one or both.
    pub fn planes(&self) -> Vec<Plane> {
        match self.plane {
            PlaneArg::Signaling => vec![Plane::Signaling],
            PlaneArg::Media => vec![Plane::Media],
            PlaneArg::Both => Plane::ALL.to_vec(),
        }
    }
}

impl SelectionArgs {
    /// The options as a [`Selection`].
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
            "'{text}' is not a port; write a number from 1 to 65535, as in 5060"
        ));
    }
    let ports = PortRange::from_option(text).map_err(|e| e.to_string())?;
    Ok(ports.first())
}

/// As [`parse_network`], but refuses `0.0.0.0`, which people write when they mean any address.
fn parse_local_address(text: &str) -> Result<Ipv4Net, String> {
    let network = parse_network(text).map_err(|e| e.to_string())?;
    if network.addr().is_unspecified() && network.prefix_len() == 32 {
        return Err(format!(
            "'{text}' is no host's address; for any address, leave the option out"
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
