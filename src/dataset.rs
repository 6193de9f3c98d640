//! Published data: YAML to validated editions and regions.
//!
//! The files of `data/`, which the program embeds, and a user's own file go through the same
//! checks: the former by a test, the latter at run time. The schema is described in
//! `data/README.md`.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::Arc;

use ipnet::Ipv4Net;
use serde::de::{
    self, Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess,
    Visitor,
};
use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::policy::{Plane, PortRange, PortRangeError, Transport, parse_network};
use crate::terminal::is_hidden;
use crate::yaml;

/// A file of `data/` as the build script turned it into JSON.
macro_rules! embedded {
    ($name:literal) => {
        include_str!(concat!(env!("OUT_DIR"), "/", $name, ".json"))
    };
}

/// The embedded editions, by name, in the order in which Twilio published them.
const EDITIONS: [(&str, &str); 4] = [
    ("regional", embedded!("regional")),
    ("regional-expanded", embedded!("regional-expanded")),
    ("global", embedded!("global")),
    ("interconnect", embedded!("interconnect")),
];

/// The shortest prefix that a dataset may have. A provider's list holds nothing so wide as a /7;
/// a slip such as `0.0.0.0/0` would open the telephone system to everybody.
pub const SHORTEST_PREFIX: u8 = 8;

/// The most networks that a plane of a dataset may have; Twilio's largest list has about a hundred. Some
/// formats take a kilobyte for each network of each rule.
const MOST_NETWORKS: usize = 5_000;

/// Key of the networks that serve every region.
const ALL: &str = "all";

/// Why a dataset is refused: the file, with line and column where they are known, and the reason,
/// which begins with the path of keys to the place.
#[derive(Debug, Error)]
#[error("{file}: {reason}")]
pub struct DatasetError {
    file: String,
    reason: String,
}

/// The regions with all their names, and the technical facts of Twilio's SIP service.
#[derive(Debug, serde::Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ReferenceData {
    /// The continents of the regions.
    pub continents: Vec<RegionGroup>,
    /// The countries of the regions.
    pub countries: Vec<RegionGroup>,
    /// In the order in which Twilio lists them.
    pub regions: Vec<Region>,
    /// Facts that apply to every region.
    pub sip: SipFacts,
}

/// A continent or a country.
#[derive(Debug, serde::Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RegionGroup {
    /// Such as `asia-pacific` or `usa`.
    pub id: String,
    /// In English and Japanese.
    pub names: Vec<String>,
}

/// One of Twilio's places.
#[derive(Debug, serde::Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// The place in English, in lower case: `tokyo`, `sao-paulo`.
    pub id: Arc<str>,
    /// As printed: `Asia Pacific Tokyo`.
    pub name: String,
    /// As printed in Japanese.
    pub name_ja: String,
    /// The place alone, in Japanese.
    pub place_ja: String,
    /// Further spellings in use.
    #[serde(default)]
    pub also: Vec<String>,
    /// The edge location.
    pub edge: String,
    /// The edge location of Twilio Interconnect.
    pub interconnect_edge: String,
    /// Other printed names of the Interconnect exchange.
    #[serde(default)]
    pub interconnect_also: Vec<String>,
    /// The id of early days: `us1`.
    pub legacy_id: String,
    /// The AWS region that it sits in.
    pub aws_region: String,
    /// The id of its continent.
    pub continent: String,
    /// The id of its country.
    pub country: String,
    /// The region that takes over when this one is down, where Twilio names one.
    #[serde(default)]
    pub failover: Option<Arc<str>>,
}

/// Technical facts of Twilio's SIP service.
#[derive(Debug, serde::Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SipFacts {
    /// The codec of the audio.
    pub audio_codec: String,
    /// The transmission of DTMF tones.
    pub dtmf: String,
    /// SRTP crypto suites (RFC 4568) that Twilio takes, in any order.
    pub srtp_to_twilio: Vec<String>,
    /// SRTP crypto suites that Twilio offers.
    pub srtp_from_twilio: Vec<String>,
    /// The name in Twilio's certificate.
    pub certificate: String,
    /// The port of SIP over TLS, unless the URI names another.
    pub default_tls_port: u16,
    /// Host names by kind; `{edge}` and the like stand for the region's names.
    pub domains: BTreeMap<String, String>,
}

/// One published list of networks and ports.
#[derive(Debug, serde::Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "the keys of an edition")]
pub struct Edition {
    /// Such as `regional`: lower-case letters, digits and hyphens.
    #[serde(rename = "edition", deserialize_with = "edition_name")]
    pub name: Arc<str>,
    /// One line on what it is.
    #[serde(deserialize_with = "line")]
    pub title: String,
    /// The network that it is for.
    pub connection: Connection,
    /// The address or document of the publication.
    #[serde(deserialize_with = "line")]
    pub source: String,
    /// The day on which it was announced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announced: Option<Date>,
    /// The first day that it held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_force_since: Option<Date>,
    /// Its end and its successor; `None` while it is in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded: Option<Superseded>,
    /// SIP.
    pub signaling: Signaling,
    /// RTP.
    pub media: Media,
}

/// The network that an edition is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Connection {
    /// The public internet.
    Public,
    /// Twilio Interconnect, a private connection.
    Interconnect,
}

/// The end of an edition.
#[derive(Clone, Debug, serde::Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "a date, and by what edition")]
pub struct Superseded {
    /// The first day that it no longer held.
    pub date: Date,
    /// The edition that holds instead.
    #[serde(deserialize_with = "edition_name")]
    pub by: Arc<str>,
}

/// The signaling plane of an edition.
#[derive(Debug, serde::Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Signaling {
    /// One port a transport.
    pub ports: SignalingPorts,
    /// By region.
    pub networks: Networks,
}

/// The ports of SIP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SignalingPorts {
    /// SIP over UDP.
    #[serde(deserialize_with = "port")]
    pub udp: u16,
    /// SIP over TCP.
    #[serde(deserialize_with = "port")]
    pub tcp: u16,
    /// SIP over TLS.
    #[serde(deserialize_with = "port")]
    pub tls: u16,
}

impl SignalingPorts {
    /// The port of one transport.
    pub fn of(self, transport: Transport) -> u16 {
        match transport {
            Transport::Udp => self.udp,
            Transport::Tcp => self.tcp,
            Transport::Tls => self.tls,
        }
    }
}

/// The media plane of an edition.
#[derive(Debug, serde::Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Media {
    /// UDP.
    #[serde(deserialize_with = "port_range", serialize_with = "first_and_last")]
    pub ports: PortRange,
    /// By region.
    pub networks: Networks,
}

/// Networks by region, as published.
#[derive(Debug, Default)]
pub struct Networks {
    /// Those that serve every region.
    pub all: Vec<Ipv4Net>,
    /// Those of one region, by its id, in the order of the file.
    pub by_region: Vec<(String, Vec<Ipv4Net>)>,
}

/// A day, `YYYY-MM-DD`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Date(String);

/// The regions and the facts, embedded.
pub fn reference_data() -> Result<ReferenceData, DatasetError> {
    parse_embedded("regions", embedded!("regions"))
}

/// The names of the embedded editions.
pub fn edition_names() -> impl Iterator<Item = &'static str> {
    EDITIONS.iter().map(|(name, _)| *name)
}

/// An embedded edition; `None` when there is none of that name.
pub fn edition(name: &str) -> Result<Option<Edition>, DatasetError> {
    let found = EDITIONS.iter().find(|(known, _)| *known == name);
    found
        .map(|(name, text)| parse_embedded(name, text))
        .transpose()
}

/// All embedded editions.
pub fn editions() -> Result<Vec<Edition>, DatasetError> {
    edition_names()
        .filter_map(|name| edition(name).transpose())
        .collect()
}

/// Reads an edition from YAML; `file` is only named in errors.
pub fn parse_edition(
    file: &str,
    text: &str,
    reference_data: &ReferenceData,
) -> Result<Edition, DatasetError> {
    let edition: Edition = yaml::parse(text).map_err(|error| DatasetError {
        file: format!("{file}{}", error.position()),
        reason: error.reason,
    })?;
    edition
        .validate(reference_data)
        .map_err(|reason| DatasetError {
            file: file.to_owned(),
            reason,
        })?;
    Ok(edition)
}

/// An edition as a file that [`parse_edition`] reads.
pub fn to_yaml(edition: &Edition) -> Result<String, DatasetError> {
    yaml::write(edition).map_err(|error| DatasetError {
        file: edition.name.to_string(),
        reason: error.reason,
    })
}

fn parse_embedded<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, DatasetError> {
    serde_json::from_str(text).map_err(|error| DatasetError {
        file: format!("embedded {name}"),
        reason: error.to_string(),
    })
}

impl Edition {
    /// Describes the status: `in force since 2024-02-21`, or `superseded on 2024-02-21 by global`.
    pub fn status(&self) -> String {
        match (&self.superseded, &self.in_force_since) {
            (Some(end), _) => format!("superseded on {} by {}", end.date, end.by),
            (None, Some(date)) => format!("in force since {date}"),
            (None, None) => "in force".to_owned(),
        }
    }

    /// The regions that it lists, in the order of the data.
    pub fn regions<'a>(&self, reference_data: &'a ReferenceData) -> Vec<&'a Region> {
        let lists = [&self.signaling.networks, &self.media.networks];
        let by_name = lists.iter().flat_map(|networks| &networks.by_region);
        let named: Vec<&str> = by_name.map(|(region, _)| region.as_str()).collect();
        let every_region = named.is_empty();
        let listed = |region: &&Region| every_region || named.contains(&&*region.id);
        reference_data.regions.iter().filter(listed).collect()
    }

    /// The networks of a plane.
    pub fn networks(&self, plane: Plane) -> &Networks {
        match plane {
            Plane::Signaling => &self.signaling.networks,
            Plane::Media => &self.media.networks,
        }
    }

    /// Every network that it publishes, by plane, those for all regions first.
    pub fn published<'a>(
        &self,
        reference_data: &'a ReferenceData,
    ) -> Vec<(Plane, Option<&'a Region>, Ipv4Net)> {
        let mut published = Vec::new();
        for plane in Plane::ALL {
            let networks = self.networks(plane);
            published.extend(networks.all.iter().map(|network| (plane, None, *network)));
            for region in self.regions(reference_data) {
                let own = networks.of(&region.id).filter(|(_, own)| *own);
                published.extend(own.map(|(network, _)| (plane, Some(region), network)));
            }
        }
        published
    }

    /// Checks the rules that concern several fields. The error is the place in the file and the reason.
    fn validate(&self, reference_data: &ReferenceData) -> Result<(), String> {
        for plane in Plane::ALL {
            self.networks(plane).validate(plane, reference_data)?;
        }
        for region in self.regions(reference_data) {
            for plane in Plane::ALL {
                let networks = self.networks(plane);
                if networks.of(&region.id).next().is_none() {
                    return Err(format!(
                        "{plane}.networks: no network for {}, which the other plane lists",
                        region.id
                    ));
                }
            }
        }
        let SignalingPorts { tcp, tls, .. } = self.signaling.ports;
        if tcp == tls {
            return Err(format!(
                "signaling.ports: tcp and tls are both {tcp}; one TCP port cannot be both"
            ));
        }
        if self
            .superseded
            .as_ref()
            .is_some_and(|end| end.by == self.name)
        {
            return Err(format!(
                "superseded.by: {} cannot supersede itself",
                self.name
            ));
        }
        match (&self.in_force_since, &self.superseded) {
            (Some(start), Some(end)) if end.date < *start => Err(format!(
                "superseded.date: {} is before in_force_since, {start}",
                end.date
            )),
            _ => Ok(()),
        }
    }
}

impl Networks {
    /// The networks that serve a region, and whether each is its own rather than everybody's.
    pub fn of<'a>(&'a self, region: &'a str) -> impl Iterator<Item = (Ipv4Net, bool)> + 'a {
        let own = self.by_region.iter().filter(move |(id, _)| id == region);
        own.flat_map(|(_, networks)| networks.iter().map(|n| (*n, true)))
            .chain(self.all.iter().map(|n| (*n, false)))
    }

    fn validate(&self, plane: Plane, reference_data: &ReferenceData) -> Result<(), String> {
        let place = |region: &str| format!("{plane}.networks.{region}");
        if self.all.is_empty() && self.by_region.is_empty() {
            return Err(format!("{plane}.networks: there is no network"));
        }
        no_overlap(self.all.iter().copied()).map_err(|e| format!("{}: {e}", place(ALL)))?;
        for (region, _) in &self.by_region {
            if !reference_data
                .regions
                .iter()
                .any(|known| *known.id == **region)
            {
                let ids: Vec<_> = reference_data
                    .regions
                    .iter()
                    .map(|known| &*known.id)
                    .collect();
                return Err(format!(
                    "{}: unknown region; use {ALL} or one of {}",
                    place(region),
                    ids.join(", ")
                ));
            }
            let networks = self.of(region).map(|(network, _)| network);
            no_overlap(networks).map_err(|e| format!("{}: {e}", place(region)))?;
        }
        Ok(())
    }
}

/// Refuses networks that share an address: one of them must be a slip.
fn no_overlap(networks: impl Iterator<Item = Ipv4Net>) -> Result<(), String> {
    let mut sorted: Vec<Ipv4Net> = networks.collect();
    sorted.sort_unstable();
    let clash = sorted
        .windows(2)
        .find(|pair| pair[1].network() <= pair[0].broadcast());
    match clash {
        Some(pair) if pair[0] == pair[1] => Err(format!("{} is listed twice", pair[0])),
        Some(pair) => Err(format!("{} and {} overlap", pair[0], pair[1])),
        None => Ok(()),
    }
}

impl<'de> Deserialize<'de> for Networks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ByRegion;

        impl<'de> Visitor<'de> for ByRegion {
            type Value = Networks;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("lists of networks by region")
            }

            // A map of std's would take a region that stands twice, and keep the second.
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Networks, A::Error> {
                let mut networks = Networks::default();
                let mut seen = HashSet::new();
                let mut room = MOST_NETWORKS;
                while let Some(region) = map.next_key::<String>()? {
                    if !seen.insert(region.clone()) {
                        return Err(de::Error::custom(format!("{region} stands twice")));
                    }
                    let listed = map.next_value_seed(List { room })?;
                    if listed.is_empty() {
                        return Err(de::Error::custom(format!("{region} has no network")));
                    }
                    room -= listed.len();
                    if region == ALL {
                        networks.all = listed;
                    } else {
                        networks.by_region.push((region, listed));
                    }
                }
                Ok(networks)
            }
        }

        deserializer.deserialize_map(ByRegion)
    }
}

/// Reads the networks of one region. They are counted as they are read, because a YAML alias may
/// repeat them for many regions.
struct List {
    /// The number of further networks that the plane may have.
    room: usize,
}

impl<'de> DeserializeSeed<'de> for List {
    type Value = Vec<Ipv4Net>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Ipv4Net>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List {
    type Value = Vec<Ipv4Net>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Ipv4Net>, A::Error> {
        let mut networks = Vec::new();
        while let Some(Network(network)) = list.next_element()? {
            if networks.len() == self.room {
                return Err(de::Error::custom(format!(
                    "this plane has more than {MOST_NETWORKS} networks; a list may have {MOST_NETWORKS}"
                )));
            }
            networks.push(network);
        }
        Ok(networks)
    }
}

/// A network as a dataset may have it.
struct Network(Ipv4Net);

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text("a network", |text| {
            let network = parse_network(text).map_err(|e| e.to_string())?;
            if network.prefix_len() < SHORTEST_PREFIX {
                return Err(format!(
                    "'{text}' is too wide; a network of a dataset has a prefix of \
                     {SHORTEST_PREFIX} or more"
                ));
            }
            Ok(Network(network))
        }))
    }
}

impl std::str::FromStr for Date {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if is_date(text) {
            Ok(Date(text.to_owned()))
        } else {
            Err(format!(
                "'{text}' is not a date; write YEAR-MONTH-DAY, as in 2024-02-21"
            ))
        }
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text("a date", str::parse))
    }
}

/// A description of the expected text, and its parser. The parser runs inside the visitor, where
/// `serde_yaml` still knows the place to name in an error.
struct Text<T>(&'static str, fn(&str) -> Result<T, String>);

impl<T> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        (self.1)(text).map_err(E::custom)
    }
}

/// Returns true for a day of the Gregorian calendar in ISO 8601 format.
fn is_date(text: &str) -> bool {
    let mut parts = text.split('-').map(|part| {
        let digits = part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse::<u32>().ok()).flatten()
    });
    let (Some(Some(year)), Some(Some(month)), Some(Some(day)), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    text.len() == 10 && text.as_bytes()[4] == b'-' && (1..=days).contains(&day)
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Connection::Public => "public internet",
            Connection::Interconnect => "Twilio Interconnect",
        })
    }
}

impl Serialize for Networks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let all = (!self.all.is_empty()).then_some((ALL, &self.all));
        let by_region = self
            .by_region
            .iter()
            .map(|(id, networks)| (id.as_str(), networks));
        serializer.collect_map(by_region.chain(all))
    }
}

/// A name that every dialect can print.
pub fn name(text: &str) -> Result<Arc<str>, String> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let word = |word: &str| !word.is_empty() && word.bytes().all(plain);
    if text.len() <= 32 && text.split('-').all(word) {
        Ok(text.into())
    } else {
        Err(format!(
            "'{text}' is not a name; use 1 to 32 lower-case letters and digits, with single hyphens \
             between them"
        ))
    }
}

/// Text on one line that shows what it says.
pub fn visible_line(text: &str) -> Result<String, String> {
    match text.chars().find(|c| is_hidden(*c)) {
        Some(c) => Err(format!(
            "'{text}' holds {}, which does not show; write one line of visible text",
            c.escape_unicode()
        )),
        None if text.trim().is_empty() => Err("the text is empty".to_owned()),
        None => Ok(text.to_owned()),
    }
}

fn edition_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<str>, D::Error> {
    deserializer.deserialize_str(Text("a name", name))
}

fn line<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    deserializer.deserialize_str(Text("one line of text", visible_line))
}

fn port_range<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PortRange, D::Error> {
    deserializer.deserialize_str(Text("a range of ports", |text| {
        text.parse().map_err(|e: PortRangeError| e.to_string())
    }))
}

/// As [`port_range`] takes it: one port is a range too.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives it so")]
fn first_and_last<S: Serializer>(ports: &PortRange, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{}-{}", ports.first(), ports.last()))
}

fn port<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    struct Port;

    impl Visitor<'_> for Port {
        type Value = u16;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a port from 1 to 65535")
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<u16, E> {
            u16::try_from(number)
                .ok()
                .filter(|port| *port > 0)
                .ok_or_else(|| E::invalid_value(de::Unexpected::Unsigned(number), &self))
        }
    }

    deserializer.deserialize_u16(Port)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The files themselves, so that what the build script made of them is not believed.
    fn data(name: &str) -> String {
        let path = format!("{}/data/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    #[test]
    fn the_files_are_valid_and_name_themselves_as_the_table_does() {
        let reference_data: ReferenceData = yaml::parse(&data("regions")).unwrap();
        let names: Vec<_> = edition_names().collect();
        for name in &names {
            let edition =
                parse_edition(name, &data(&format!("editions/{name}")), &reference_data).unwrap();
            assert_eq!(&*edition.name, *name);
            assert_eq!(edition.regions(&reference_data).len(), 8, "{name}");
            if let Some(end) = &edition.superseded {
                assert!(names.contains(&&*end.by), "{} is unknown", end.by);
            }
        }
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/data/editions");
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), names.len());
    }

    #[test]
    fn what_is_embedded_is_what_the_files_say() {
        let reference_data: ReferenceData = yaml::parse(&data("regions")).unwrap();
        assert_eq!(
            format!("{reference_data:?}"),
            format!("{:?}", super::reference_data().unwrap())
        );
        for embedded in editions().unwrap() {
            let text = data(&format!("editions/{}", embedded.name));
            let edition = parse_edition("file", &text, &reference_data).unwrap();
            assert_eq!(format!("{edition:?}"), format!("{embedded:?}"));
        }
    }

    #[test]
    fn exactly_one_public_edition_is_in_force() {
        let editions = editions().unwrap();
        let current = editions
            .iter()
            .filter(|e| e.connection == Connection::Public && e.superseded.is_none());
        assert_eq!(current.map(|e| &*e.name).collect::<Vec<_>>(), ["global"]);
    }

    #[test]
    fn regions_refer_to_what_exists() {
        let reference_data = reference_data().unwrap();
        for region in &reference_data.regions {
            let is_on = |continent: &RegionGroup| continent.id == region.continent;
            assert!(reference_data.continents.iter().any(is_on), "{}", region.id);
            let is_in = |country: &RegionGroup| country.id == region.country;
            assert!(reference_data.countries.iter().any(is_in), "{}", region.id);
            if let Some(failover) = &region.failover {
                let found = reference_data.regions.iter().find(|r| r.id == *failover);
                assert!(found.is_some(), "{failover} is no region");
            }
        }
    }

    #[test]
    fn only_days_of_the_calendar_are_dates() {
        for good in ["2024-02-29", "2000-02-29", "2023-12-31"] {
            assert!(is_date(good), "{good}");
        }
        for bad in [
            "2023-02-29",
            "1900-02-29",
            "2023-04-31",
            "2023-13-01",
            "2023-00-10",
            "2023-01-00",
            "2023-1-01",
            "23-01-0101",
            "2023-01-01-",
            "2023/01/01",
            "+023-01-01",
            "",
            "--",
        ] {
            assert!(!is_date(bad), "{bad}");
        }
    }
}
