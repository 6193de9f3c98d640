//! Reads the published networks and ports from `tests/facts`. The arithmetic is independent of the
//! program.

use std::collections::BTreeMap;

/// The first and the last address, as numbers.
pub type Range = (u32, u32);

/// A kind of packet: its direction, its protocol, and the ports on both sides.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub direction: &'static str,
    pub protocol: String,
    pub source_ports: (u16, u16),
    pub destination_ports: (u16, u16),
    pub established: bool,
}

/// The remote addresses that are allowed for each kind of packet.
pub type Allowed = BTreeMap<Key, Vec<Range>>;

pub const ANY_PORT: (u16, u16) = (0, 65535);

fn rows(name: &str) -> Vec<Vec<String>> {
    let path = format!("{}/tests/facts/{name}.csv", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let cells = |line: &str| line.split(',').map(str::to_owned).collect();
    text.lines().skip(1).map(cells).collect()
}

/// The rows of `regions.csv`.
pub fn regions() -> Vec<Vec<String>> {
    rows("regions")
}

/// The rows of `other_services.csv`: the service, the place, the network, the ports, and whether it is in force.
pub fn other_services() -> Vec<Vec<String>> {
    rows("other_services")
}

/// The rows of `region_names.csv`: the name, the regions, and the connection.
pub fn region_names() -> Vec<Vec<String>> {
    rows("region_names")
}

pub fn region_ids() -> Vec<String> {
    regions().iter().map(|row| row[0].clone()).collect()
}

/// Parses `a.b.c.d` as a number.
pub fn address(text: &str) -> u32 {
    let parts: Vec<u32> = text
        .split('.')
        .map(|part| {
            assert!(
                !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()),
                "{text}"
            );
            part.parse().unwrap()
        })
        .collect();
    assert!(
        parts.len() == 4 && parts.iter().all(|part| *part < 256),
        "{text}"
    );
    parts.iter().fold(0, |sum, part| sum * 256 + part)
}

/// Parses `a.b.c.d/n` or a single address into the first and the last address.
pub fn network(text: &str) -> Range {
    let (start, bits) = text.split_once('/').unwrap_or((text, "32"));
    let (start, bits) = (address(start), bits.parse::<u32>().unwrap());
    assert!(bits <= 32, "{text}");
    let size = 1u64 << (32 - bits);
    assert_eq!(u64::from(start) % size, 0, "{text} has host bits");
    (start, u32::try_from(u64::from(start) + size - 1).unwrap())
}

/// Sorts the ranges and merges those that overlap or are adjacent.
pub fn united(mut ranges: Vec<Range>) -> Vec<Range> {
    ranges.sort_unstable();
    let mut result: Vec<Range> = Vec::new();
    for (first, last) in ranges {
        match result.last_mut() {
            Some(before) if u64::from(first) <= u64::from(before.1) + 1 => {
                before.1 = before.1.max(last);
            }
            _ => result.push((first, last)),
        }
    }
    result
}

/// The region ids for a list of ids, continents and `all`.
fn ids_of(names: &str) -> Vec<String> {
    let wanted: Vec<&str> = names.split(',').collect();
    let rows = regions();
    let named = rows.iter().filter(|row| {
        wanted
            .iter()
            .any(|name| *name == "all" || *name == row[0] || *name == row[7])
    });
    named.map(|row| row[0].clone()).collect()
}

/// The editions whose rows contain the networks of the edition.
fn sources<'a>(edition: &'a str, plane: &str) -> Vec<&'a str> {
    match (edition, plane) {
        ("regional-expanded", "media") => vec!["regional", "regional-expanded"],
        ("regional-expanded" | "global", "signaling") => vec!["regional"],
        _ => vec![edition],
    }
}

/// The networks that an edition publishes for a plane of some regions. [`ids_of`] parses the regions.
pub fn published(edition: &str, region: &str, plane: &str) -> Vec<Range> {
    let sources = sources(edition, plane);
    let ids = ids_of(region);
    assert!(!ids.is_empty(), "{region}");
    let of_region = |cell: &str| cell == "*" || ids.iter().any(|id| id == cell);
    let found: Vec<Range> = rows("editions")
        .iter()
        .filter(|row| sources.contains(&row[0].as_str()) && row[2] == plane && of_region(&row[1]))
        .map(|row| network(&row[3]))
        .collect();
    assert!(!found.is_empty(), "{edition} {region} {plane}");
    united(found)
}

/// Every network of every edition, as edition, plane, region or `all regions`, and network.
pub fn listed() -> Vec<(String, String, String, Range)> {
    let rows = rows("editions");
    let mut listed = Vec::new();
    for edition in super::EDITIONS {
        for plane in ["signaling", "media"] {
            let sources = sources(edition, plane);
            let own = rows
                .iter()
                .filter(|row| sources.contains(&row[0].as_str()) && row[2] == plane);
            listed.extend(own.map(|row| {
                let region = if row[1] == "*" {
                    "all regions"
                } else {
                    &row[1]
                };
                (
                    edition.to_owned(),
                    plane.to_owned(),
                    region.to_owned(),
                    network(&row[3]),
                )
            }));
        }
    }
    listed
}

pub struct Ports {
    pub udp: u16,
    pub tcp: u16,
    pub tls: u16,
    pub media: (u16, u16),
}

pub fn ports(edition: &str) -> Ports {
    let rows = rows("ports");
    let row = rows.iter().find(|row| row[0] == edition).expect(edition);
    let number = |column: usize| row[column].parse().unwrap();
    Ports {
        udp: number(1),
        tcp: number(2),
        tls: number(3),
        media: (number(4), number(5)),
    }
}

/// The packets that a selection must allow, without local options.
pub fn expected(case: &super::Case, stateless: bool) -> Allowed {
    let mut allowed = Allowed::new();
    let mut allow =
        |direction, protocol: &str, source, destination, established, ranges: &[Range]| {
            let key = Key {
                direction,
                protocol: protocol.to_owned(),
                source_ports: source,
                destination_ports: destination,
                established,
            };
            allowed.entry(key).or_default().extend_from_slice(ranges);
        };
    let directions: &[&'static str] = match case.direction {
        "in" => &["in"],
        "out" => &["out"],
        _ => &["in", "out"],
    };
    for edition in case.edition.split(',') {
        let ports = ports(edition);
        for &direction in directions {
            if case.plane != "media" {
                let networks = published(edition, &case.region, "signaling");
                for (protocol, port) in [("udp", ports.udp), ("tcp", ports.tcp), ("tcp", ports.tls)]
                {
                    allow(
                        direction,
                        protocol,
                        ANY_PORT,
                        (port, port),
                        false,
                        &networks,
                    );
                    if stateless && protocol == "tcp" {
                        allow(direction, protocol, (port, port), ANY_PORT, true, &networks);
                    }
                }
            }
            if case.plane != "signaling" {
                let networks = published(edition, &case.region, "media");
                allow(direction, "udp", ANY_PORT, ports.media, false, &networks);
            }
        }
    }
    allowed
}

/// Splits a range of a few ports into single ports, such as 5060-5061 in AWS.
pub fn with_single_ports(allowed: Allowed) -> Allowed {
    let mut result = Allowed::new();
    for (key, ranges) in allowed {
        let (first, last) = key.destination_ports;
        let few = last - first < 10;
        let parts: Vec<(u16, u16)> = if few {
            (first..=last).map(|port| (port, port)).collect()
        } else {
            vec![(first, last)]
        };
        for destination_ports in parts {
            let key = Key {
                destination_ports,
                ..key.clone()
            };
            result.entry(key).or_default().extend_from_slice(&ranges);
        }
    }
    result
}

/// Each kind of packet with its merged CIDRs, as text that can be compared.
pub fn lines(allowed: &Allowed) -> String {
    let mut lines = Vec::new();
    for (key, ranges) in allowed {
        for cidr in cidrs(&united(ranges.clone())) {
            lines.push(format!("{key:?} {cidr}"));
        }
    }
    lines.join("\n")
}

/// Splits ranges into CIDRs, with the largest possible CIDR at each address. This is independent of the
/// program's own merging.
pub fn cidrs(ranges: &[Range]) -> Vec<String> {
    let mut result = Vec::new();
    for &(first, last) in ranges {
        let (mut at, end) = (u64::from(first), u64::from(last) + 1);
        while at < end {
            let mut size = 1u64 << at.trailing_zeros().min(32);
            while at + size > end {
                size /= 2;
            }
            let address = std::net::Ipv4Addr::from(u32::try_from(at).unwrap());
            result.push(format!("{address}/{}", 32 - size.trailing_zeros()));
            at += size;
        }
    }
    result
}

/// Fails with the text `what` unless exactly the expected packets are allowed, in the fewest networks.
pub fn assert_exact(what: &str, expected: &Allowed, found: &Allowed) {
    if let Some(difference) = super::first_difference(&lines(expected), &lines(found)) {
        panic!("{what}\n{difference}");
    }
    for (key, networks) in found {
        let fewest = cidrs(&united(networks.clone()));
        assert_eq!(
            networks.len(),
            fewest.len(),
            "{what}\n{key:?} could be {fewest:?}"
        );
    }
}
