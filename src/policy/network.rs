//! Remote networks: parsing them, merging them, and tracing them to the published lists.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use ipnet::Ipv4Net;
use thiserror::Error;

use crate::packets::{Interval, joined};

/// The label of networks that are not published for a single region.
pub const ALL_REGIONS: &str = "all regions";

/// The published entry that a network comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    pub edition: Arc<str>,
    /// The id of the region; `None` if the edition publishes the network for every region.
    pub region: Option<Arc<str>>,
}

/// A network of Twilio, and every published entry that it contains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteNetwork {
    /// Has no host bits.
    pub network: Ipv4Net,
    /// In the order of the data, without duplicates.
    pub origins: Vec<Origin>,
}

impl Origin {
    fn region_name(&self) -> &str {
        self.region.as_deref().unwrap_or(ALL_REGIONS)
    }
}

impl RemoteNetwork {
    /// Returns the regions that the network belongs to, such as `tokyo` or `all regions`.
    /// `with_editions` adds the editions, as in `tokyo (regional, regional-expanded)`.
    pub fn label(&self, with_editions: bool) -> String {
        if let ([origin], false) = (&self.origins[..], with_editions) {
            return origin.region_name().to_owned();
        }
        let mut labels: Vec<(&str, Vec<&str>)> = Vec::new();
        for origin in &self.origins {
            let region = origin.region_name();
            match labels.iter_mut().find(|(name, _)| *name == region) {
                Some((_, editions)) => editions.push(&origin.edition),
                None => labels.push((region, vec![&origin.edition])),
            }
        }
        let words = labels.into_iter().map(|(region, editions)| {
            if with_editions {
                format!("{region} ({})", editions.join(", "))
            } else {
                region.to_owned()
            }
        });
        words.collect::<Vec<_>>().join(", ")
    }
}

/// Merges published networks into the fewest CIDRs that contain exactly the same addresses.
///
/// The result is disjoint. Its order is that of the first published network in each CIDR.
pub fn merge(published: &[(Ipv4Net, Origin)]) -> Vec<RemoteNetwork> {
    let (merged, homes) = merged_and_homes(published);
    let mut places = vec![None; merged.len()];
    let mut result: Vec<RemoteNetwork> = Vec::with_capacity(merged.len());
    for ((_, origin), home) in published.iter().zip(homes) {
        let place = *places[home].get_or_insert(result.len());
        if place == result.len() {
            result.push(RemoteNetwork {
                network: merged[home],
                // Most networks have only one.
                origins: Vec::with_capacity(1),
            });
        }
        let origins = &mut result[place].origins;
        if !origins.contains(origin) {
            origins.push(origin.clone());
        }
    }
    result
}

/// Returns the merged networks, ascending, and for each published network the index of the merged
/// network that contains it.
fn merged_and_homes(published: &[(Ipv4Net, Origin)]) -> (Vec<Ipv4Net>, Vec<usize>) {
    let spans = published
        .iter()
        .map(|(network, _)| Interval::from(*network));
    let mut ascending: Vec<(Interval, usize)> = spans.zip(0..).collect();
    ascending.sort_unstable_by_key(|(span, _)| span.first);
    let spans = joined(ascending.iter().map(|(span, _)| *span));
    let merged: Vec<Ipv4Net> = spans.flat_map(Interval::networks).collect();
    let mut homes = vec![0; published.len()];
    let mut home = 0;
    for (span, position) in ascending {
        // Exactly one merged network contains the span: the first network that does not end before
        // the span.
        while Interval::from(merged[home]).last < span.first {
            home += 1;
        }
        homes[position] = home;
    }
    (merged, homes)
}

/// The first address and the prefix length of networks that are not for hosts on the internet (RFC 6890, and RFC 5771 for
/// multicast).
const NOT_PUBLIC: [(u32, u32); 15] = [
    (0x0000_0000, 8),
    (0x0a00_0000, 8),
    (0x6440_0000, 10),
    (0x7f00_0000, 8),
    (0xa9fe_0000, 16),
    (0xac10_0000, 12),
    (0xc000_0000, 24),
    (0xc000_0200, 24),
    (0xc058_6300, 24),
    (0xc0a8_0000, 16),
    (0xc612_0000, 15),
    (0xc633_6400, 24),
    (0xcb00_7100, 24),
    (0xe000_0000, 4),
    (0xf000_0000, 4),
];

/// Returns the networks that are not for hosts on the internet.
pub fn not_public() -> impl Iterator<Item = Interval> {
    let networks = NOT_PUBLIC.iter();
    networks.map(|(first, length)| Interval::network(*first, *length))
}

/// Formats a network as nft does: a /32 as an address, everything else in CIDR notation.
pub fn address_or_cidr(network: Ipv4Net) -> String {
    if network.prefix_len() == 32 {
        network.addr().to_string()
    } else {
        network.to_string()
    }
}

/// Formats addresses as `192.0.2.1`, `192.0.2.0/24` or `192.0.2.1-192.0.2.7`.
pub fn notation(span: Interval) -> String {
    let mut networks = span.networks();
    match (networks.next(), networks.next()) {
        (Some(one), None) => address_or_cidr(one),
        _ => format!(
            "{}-{}",
            Ipv4Addr::from(span.first),
            Ipv4Addr::from(span.last)
        ),
    }
}

/// The reason why a text is not an IPv4 network.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum NetworkError {
    #[error("'{0}' is not an IPv4 network; write it as in 192.0.2.0/24 or 192.0.2.1")]
    Form(String),
    /// A number of the address or the prefix length is too high.
    #[error("'{0}' is not an IPv4 network: '{1}' is out of range 0 to {2}")]
    OutOfRange(String, String, u8),
    #[error("'{0}' is IPv6; Twilio's SIP service has IPv4 addresses only")]
    Ipv6(String),
    /// Bits after the prefix are set.
    #[error("'{0}' has host bits set; the network is {1}")]
    HostBits(String, Ipv4Net),
}

/// Parses a CIDR, or an address as a /32.
pub fn parse_network(text: &str) -> Result<Ipv4Net, NetworkError> {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let parts = address.parse::<Ipv4Addr>().ok().zip(prefix_len(prefix));
    let Some(network) = parts.and_then(|(address, prefix)| Ipv4Net::new(address, prefix).ok())
    else {
        if address.parse::<Ipv6Addr>().is_ok() {
            return Err(NetworkError::Ipv6(text.to_owned()));
        }
        return Err(out_of_range(text, address, prefix)
            .unwrap_or_else(|| NetworkError::Form(text.to_owned())));
    };
    if network.addr() != network.network() {
        return Err(NetworkError::HostBits(text.to_owned(), network.trunc()));
    }
    Ok(network)
}

/// Returns the error for a text in the form of a network that contains a number that is too high.
fn out_of_range(text: &str, address: &str, prefix: Option<&str>) -> Option<NetworkError> {
    let is_number =
        |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = address.split('.').take(5).collect();
    if parts.len() != 4 || !parts.iter().chain(&prefix).all(is_number) {
        return None;
    }
    let exceeds = |part: &str, most: u8| part.parse::<u16>().is_ok_and(|n| n > u16::from(most));
    let most = parts.iter().map(|part| (*part, u8::MAX));
    let (part, most) = most
        .chain(prefix.map(|prefix| (prefix, 32)))
        .find(|(part, most)| exceeds(part, *most))?;
    Some(NetworkError::OutOfRange(
        text.to_owned(),
        part.to_owned(),
        most,
    ))
}

/// Parses a prefix length. Leading zeros and signs are errors, although number parsers accept them.
fn prefix_len(text: Option<&str>) -> Option<u8> {
    let Some(text) = text else { return Some(32) };
    let plain = text == "0" || text.starts_with(|c| matches!(c, '1'..='9'));
    text.parse().ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(region: &str) -> Origin {
        Origin {
            edition: "test".into(),
            region: Some(region.into()),
        }
    }

    fn merged(published: &[(&str, &str)]) -> Vec<(String, String)> {
        let published: Vec<_> = published
            .iter()
            .map(|(network, region)| (network.parse().unwrap(), origin(region)))
            .collect();
        merge(&published)
            .iter()
            .map(|n| (n.network.to_string(), n.label(false)))
            .collect()
    }

    fn expected(rows: &[(&str, &str)]) -> Vec<(String, String)> {
        let own = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
        rows.iter().map(own).collect()
    }

    #[test]
    fn four_adjacent_addresses_become_a_30() {
        let addresses = [
            "54.65.63.192/32",
            "54.65.63.193/32",
            "54.65.63.194/32",
            "54.65.63.195/32",
        ];
        let rows: Vec<_> = addresses.iter().map(|a| (*a, "tokyo")).collect();
        assert_eq!(merged(&rows), expected(&[("54.65.63.192/30", "tokyo")]));
    }

    #[test]
    fn three_addresses_become_a_31_and_a_32_and_never_a_30() {
        let rows = [
            ("208.78.112.64/32", "a"),
            ("208.78.112.65/32", "a"),
            ("208.78.112.66/32", "a"),
        ];
        assert_eq!(
            merged(&rows),
            expected(&[("208.78.112.64/31", "a"), ("208.78.112.66/32", "a")])
        );
    }

    #[test]
    fn merging_never_crosses_a_gap_and_never_widens_an_odd_start() {
        let rows = [
            ("10.0.0.1/32", "a"),
            ("10.0.0.2/32", "b"),
            ("10.0.0.4/32", "a"),
        ];
        assert_eq!(
            merged(&rows),
            expected(&[
                ("10.0.0.1/32", "a"),
                ("10.0.0.2/32", "b"),
                ("10.0.0.4/32", "a")
            ])
        );
    }

    #[test]
    fn a_merged_network_names_every_origin() {
        let rows = [
            ("10.0.0.128/25", "b"),
            ("10.0.0.0/25", "a"),
            ("10.0.0.7/32", "a"),
        ];
        assert_eq!(merged(&rows), expected(&[("10.0.0.0/24", "b, a")]));
    }

    #[test]
    fn merges_at_the_edges_of_the_address_space() {
        let rows = [("0.0.0.0/1", "a"), ("128.0.0.0/1", "a")];
        assert_eq!(merged(&rows), expected(&[("0.0.0.0/0", "a")]));
        let rows = [
            ("255.255.255.254/32", "a"),
            ("255.255.255.255/32", "a"),
            ("0.0.0.0/32", "b"),
        ];
        assert_eq!(
            merged(&rows),
            expected(&[("255.255.255.254/31", "a"), ("0.0.0.0/32", "b")])
        );
    }

    #[test]
    fn labels_name_editions_only_on_request() {
        let network = RemoteNetwork {
            network: "10.0.0.0/24".parse().unwrap(),
            origins: vec![
                Origin {
                    edition: "regional".into(),
                    region: Some("tokyo".into()),
                },
                Origin {
                    edition: "global".into(),
                    region: None,
                },
                Origin {
                    edition: "regional-expanded".into(),
                    region: Some("tokyo".into()),
                },
            ],
        };
        assert_eq!(network.label(false), "tokyo, all regions");
        assert_eq!(
            network.label(true),
            "tokyo (regional, regional-expanded), all regions (global)"
        );
    }

    #[test]
    fn errors_about_networks_say_what_would_work() {
        for (text, message) in [
            (
                "",
                "'' is not an IPv4 network; write it as in 192.0.2.0/24 or 192.0.2.1",
            ),
            (
                "10.0.0.0/33",
                "'10.0.0.0/33' is not an IPv4 network: '33' is out of range 0 to 32",
            ),
            (
                "10.0.256.0/24",
                "'10.0.256.0/24' is not an IPv4 network: '256' is out of range 0 to 255",
            ),
            (
                "10.0.0.0/2400",
                "'10.0.0.0/2400' is not an IPv4 network; write it as in 192.0.2.0/24 or 192.0.2.1",
            ),
            (
                "10.0.0.0/08",
                "'10.0.0.0/08' is not an IPv4 network; write it as in 192.0.2.0/24 or 192.0.2.1",
            ),
            (
                "10.0.0/24",
                "'10.0.0/24' is not an IPv4 network; write it as in 192.0.2.0/24 or 192.0.2.1",
            ),
            (
                "010.0.0.0/24",
                "'010.0.0.0/24' is not an IPv4 network; write it as in 192.0.2.0/24 or 192.0.2.1",
            ),
            (
                " 10.0.0.0/24",
                "' 10.0.0.0/24' is not an IPv4 network; write it as in 192.0.2.0/24 or 192.0.2.1",
            ),
            (
                "2001:db8::/32",
                "'2001:db8::/32' is IPv6; Twilio's SIP service has IPv4 addresses only",
            ),
            (
                "10.0.0.1/24",
                "'10.0.0.1/24' has host bits set; the network is 10.0.0.0/24",
            ),
        ] {
            let error = parse_network(text).expect_err(text);
            assert_eq!(error.to_string(), message);
        }
    }
}
