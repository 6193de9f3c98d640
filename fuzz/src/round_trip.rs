//! Renders any selection of any list in every format, and parses it again.

use ipnet::Ipv4Net;
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use twilio_sip_allow::dataset::{Data, Edition, SHORTEST_PREFIX, parse_edition};
use twilio_sip_allow::format::registry::formats;
use twilio_sip_allow::format::{self, FormatError, OutputOption, Unit};
use twilio_sip_allow::policy::{Direction, Plane, Transport};
use twilio_sip_allow::select::{self, Selection};

use crate::{EDITIONS, REFERENCE_DATA, assert_in_sync};

/// A selection that a user may want.
#[derive(Arbitrary, Debug)]
pub struct Wish {
    /// One bit for each embedded edition.
    editions: u8,
    own: Option<OwnList>,
    /// One bit for each region; 0 means all.
    regions: u8,
    /// Two bits; 0 means both.
    directions: u8,
    planes: u8,
    transports: Option<[bool; 3]>,
    local_addresses: Vec<Network>,
    local_sip_port: Option<u16>,
    local_tls_port: Option<u16>,
    local_rtp_ports: Option<(u16, u16)>,
    name: Option<String>,
    table: Option<String>,
}

#[derive(Arbitrary, Debug)]
struct OwnList {
    udp: u16,
    tcp: u16,
    tls: u16,
    media: [u16; 2],
    networks: Vec<Listed>,
}

#[derive(Arbitrary, Debug)]
struct Listed {
    media: bool,
    /// The number of a region. The number after the last region means all regions.
    region: u8,
    network: Network,
}

#[derive(Arbitrary, Debug)]
struct Network {
    address: u32,
    length: u8,
}

impl Network {
    /// Returns a network that is narrow enough for a dataset.
    fn network(&self) -> Ipv4Net {
        let shortest = SHORTEST_PREFIX;
        let length = shortest + self.length % (33 - shortest);
        Ipv4Net::new(self.address.into(), length).unwrap().trunc()
    }
}

/// Returns the elements whose bit is set, or all elements if no bit is set.
fn chosen<T: Clone>(all: &[T], bits: u8) -> Vec<T> {
    let set = all.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1);
    let set: Vec<T> = set.map(|(_, one)| one.clone()).collect();
    if set.is_empty() { all.to_vec() } else { set }
}

/// Renders a selection if it is valid, and compares the parsed result.
pub fn round_trip(wish: &Wish) {
    let Some(editions) = editions(wish) else {
        return;
    };
    let Some(selection) = selection(wish) else {
        return;
    };
    let Ok(policy) = select::policy(&selection, &editions, &REFERENCE_DATA) else {
        return;
    };
    select::notices(&selection, &policy, &editions, &REFERENCE_DATA).for_each(drop);
    let name = wish.name.as_deref().and_then(|name| name.parse().ok());
    for format in formats() {
        let takes_table = format.info().options.contains(&OutputOption::Table);
        let table = wish.table.clone().filter(|_| takes_table);
        let unit = Unit {
            name: name.clone().unwrap_or_default(),
            table,
            ..Unit::default()
        };
        match format::render(format, &policy, &unit) {
            Ok(text) if format.parser().is_some() => {
                assert_in_sync(format, &policy, &unit, &text);
            }
            Ok(_)
            | Err(
                FormatError::NoEffect { .. }
                | FormatError::Inexpressible { .. }
                | FormatError::NameTooLong { .. }
                | FormatError::Table { .. },
            ) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

fn editions(wish: &Wish) -> Option<Vec<Edition>> {
    if let Some(own) = &wish.own {
        let edition = parse_edition("own.yaml", &own.yaml(), &REFERENCE_DATA);
        let one_port_for_two = own.tcp.max(1) == own.tls.max(1);
        assert_eq!(edition.is_err(), one_port_for_two, "{edition:?}");
        return Some(vec![edition.ok()?]);
    }
    let names: Vec<String> = EDITIONS
        .iter()
        .map(|edition| edition.name.to_string())
        .collect();
    Some(select::editions(&chosen(&names, wish.editions), &Data::Embedded).unwrap())
}

fn selection(wish: &Wish) -> Option<Selection> {
    let ids: Vec<String> = REFERENCE_DATA
        .regions
        .iter()
        .map(|region| region.id.to_string())
        .collect();
    let local: Vec<Ipv4Net> = wish.local_addresses.iter().map(Network::network).collect();
    let rtp = wish
        .local_rtp_ports
        .map(|(first, last)| format!("{first}-{last}").parse());
    if wish.local_sip_port == Some(0) || wish.local_tls_port == Some(0) {
        return None;
    }
    Some(Selection {
        regions: chosen(&ids, wish.regions),
        directions: chosen(&[Direction::In, Direction::Out], wish.directions),
        planes: chosen(&Plane::ALL, wish.planes),
        transports: wish.transports.map(|wanted| {
            let pairs = Transport::ALL.into_iter().zip(wanted);
            pairs
                .filter(|(_, wanted)| *wanted)
                .map(|(one, _)| one)
                .collect()
        }),
        local_addresses: select::local_addresses(&local),
        local_sip_port: wish.local_sip_port,
        local_tls_port: wish.local_tls_port,
        local_rtp_ports: rtp.transpose().ok()?,
    })
}

impl OwnList {
    fn yaml(&self) -> String {
        let [udp, tcp, tls] = [self.udp, self.tcp, self.tls].map(|port| port.max(1));
        let mut media = self.media.map(|port| port.max(1));
        media.sort_unstable();
        format!(
            "edition: own\ntitle: Own\nconnection: public\nsource: here\n\
             signaling:\n  ports: {{udp: {udp}, tcp: {tcp}, tls: {tls}}}\n  networks: {}\n\
             media:\n  ports: {}-{}\n  networks: {}\n",
            self.plane(false),
            media[0],
            media[1],
            self.plane(true)
        )
    }

    /// Returns the networks of a plane as YAML. It leaves out networks that a dataset may not have:
    /// those that overlap with another network of the same region or of all regions.
    fn plane(&self, media: bool) -> String {
        let regions = REFERENCE_DATA.regions.iter().map(|region| &*region.id);
        let names: Vec<&str> = regions.chain(["all"]).collect();
        let all = names.len() - 1;
        let mut lists = vec![Vec::new(); names.len()];
        lists[all].push("192.0.2.0/24".parse().unwrap());
        for listed in self.networks.iter().filter(|listed| listed.media == media) {
            let (at, network) = (
                usize::from(listed.region) % names.len(),
                listed.network.network(),
            );
            let beside = |other: usize| other == at || other == all || at == all;
            let mut others = (0..names.len()).filter(|other| beside(*other));
            let overlaps = |other: &Ipv4Net| other.contains(&network) || network.contains(other);
            if !others.any(|other| lists[other].iter().any(overlaps)) {
                lists[at].push(network);
            }
        }
        let listed = names
            .iter()
            .zip(&lists)
            .filter(|(_, list)| !list.is_empty());
        let rows = listed.map(|(name, list)| {
            let list: Vec<String> = list.iter().map(Ipv4Net::to_string).collect();
            format!("{name}: [{}]", list.join(", "))
        });
        format!("{{{}}}", rows.collect::<Vec<_>>().join(", "))
    }
}
