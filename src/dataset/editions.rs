//! Parses published data from YAML into validated editions and regions.
//!
//! The embedded files of `data/` and a user's own file must pass the same checks. A test checks the
//! embedded files; a user's file is checked at run time. `data/README.md` describes the schema.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, LazyLock};

use ipnet::Ipv4Net;
use serde::de::{
    self, Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess,
    Visitor,
};
use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::policy::{Plane, PortRange, PortRangeError, Transport, parse_network};
use crate::terminal::is_hidden;
use crate::yaml::{self, YamlError};

/// The names, connections and texts of the embedded editions, in the order of their publication.
const EDITIONS: [(&str, Connection, &str); 4] = [
    ("regional", Connection::Public, embedded!("regional")),
    (
        "regional-expanded",
        Connection::Public,
        embedded!("regional-expanded"),
    ),
    ("global", Connection::Public, embedded!("global")),
    (
        "interconnect",
        Connection::Interconnect,
        embedded!("interconnect"),
    ),
];

/// The embedded regions, which are parsed once.
static REGIONS: LazyLock<Result<ReferenceData, DatasetError>> =
    LazyLock::new(|| parse_embedded("regions", embedded!("regions")));

/// The shortest prefix length in a dataset. No provider publishes a network as wide as a /7, but a
/// typing error such as `0.0.0.0/0` would open the telephone system to everybody.
pub const SHORTEST_PREFIX: u8 = 8;

/// The maximum number of networks in one plane of a dataset. Twilio's largest list has about a
/// hundred. Some formats need a kilobyte for each network of each rule.
const MOST_NETWORKS: usize = 5_000;

/// The key of networks that serve every region.
pub(super) const ALL: &str = "all";

/// The reason why a dataset is invalid. The message starts with the file, and line and column if
/// known. The reason starts with the path of keys to the error.
#[derive(Clone, Debug, Error)]
#[error("{file}: {reason}")]
pub struct DatasetError {
    file: String,
    reason: String,
}

impl DatasetError {
    pub(super) fn new(file: &str, reason: impl Into<String>) -> DatasetError {
        DatasetError {
            file: file.to_owned(),
            reason: reason.into(),
        }
    }
}

/// All regions with their names.
#[derive(Clone, Debug, serde::Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ReferenceData {
    pub continents: Vec<RegionGroup>,
    pub countries: Vec<RegionGroup>,
    /// In Twilio's order.
    pub regions: Vec<Region>,
}

/// A continent or a country.
#[derive(Clone, Debug, serde::Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RegionGroup {
    /// Such as `asia-pacific` or `usa`.
    pub id: String,
    /// English and Japanese names.
    pub names: Vec<String>,
}

/// A Twilio region.
#[derive(Clone, Debug, serde::Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// The place in English, in lower case, such as `tokyo` or `sao-paulo`.
    pub id: Arc<str>,
    /// As Twilio prints it, such as `Asia Pacific Tokyo`.
    pub name: String,
    /// As Twilio prints it in Japanese.
    pub name_ja: String,
    /// The name of the place in Japanese.
    pub place_ja: String,
    /// Other spellings in use.
    #[serde(default)]
    pub also: Vec<String>,
    pub edge: String,
    pub interconnect_edge: String,
    /// Other names of the Interconnect exchange that Twilio prints.
    #[serde(default)]
    pub interconnect_also: Vec<String>,
    /// The state or country of the Interconnect exchange, if the region is in another one.
    #[serde(default)]
    pub interconnect_area: Vec<String>,
    /// The id before edge locations were introduced, such as `us1`.
    pub legacy_id: String,
    pub aws_region: String,
    pub continent: String,
    pub country: String,
    /// The region that takes over if this one is down, if Twilio names one.
    #[serde(default)]
    pub failover: Option<Arc<str>>,
}

/// One published list of networks and ports.
#[derive(Clone, Debug, serde::Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "the keys of an edition")]
pub struct Edition {
    /// Such as `regional`; consists of lower-case letters, digits and hyphens.
    #[serde(rename = "edition", deserialize_with = "edition_name")]
    pub name: Arc<str>,
    /// A description on one line.
    #[serde(deserialize_with = "line")]
    pub title: String,
    pub connection: Connection,
    /// The URL or document of the publication.
    #[serde(deserialize_with = "line")]
    pub source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announced: Option<Date>,
    /// The first day on which the edition was in force, or will be if it is upcoming.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_force_since: Option<Date>,
    /// True if the edition is announced but not yet in force. The data decides this, not the clock, so that
    /// the same data always gives the same rules.
    #[serde(default, skip_serializing_if = "is_false")]
    pub upcoming: bool,
    /// The day on which the list was last read from the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retrieved: Option<Date>,
    /// The SHA-256 sum of the page on that day, in lower-case hexadecimal digits.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "sha256"
    )]
    pub page_sha256: Option<String>,
    /// `None` until another edition replaces this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded: Option<Superseded>,
    pub signaling: Signaling,
    pub media: Media,
}

/// The network that an edition is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Connection {
    /// The public internet.
    Public,
    /// Twilio Interconnect, a private connection.
    Interconnect,
}

/// The end of an edition.
#[derive(Clone, Debug, serde::Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "the keys 'date' and 'by'")]
pub struct Superseded {
    /// The first day on which the edition was no longer in force.
    pub date: Date,
    /// The edition that replaced this one.
    #[serde(deserialize_with = "edition_name")]
    pub by: Arc<str>,
}

/// The signaling plane of an edition.
#[derive(Clone, Debug, serde::Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "the keys 'ports' and 'networks'")]
pub struct Signaling {
    pub ports: SignalingPorts,
    pub networks: Networks,
}

/// The SIP port of each transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "the keys 'udp', 'tcp' and 'tls'")]
pub struct SignalingPorts {
    #[serde(deserialize_with = "port")]
    pub udp: u16,
    #[serde(deserialize_with = "port")]
    pub tcp: u16,
    #[serde(deserialize_with = "port")]
    pub tls: u16,
}

impl SignalingPorts {
    pub fn of(self, transport: Transport) -> u16 {
        match transport {
            Transport::Udp => self.udp,
            Transport::Tcp => self.tcp,
            Transport::Tls => self.tls,
        }
    }
}

/// The media plane of an edition.
#[derive(Clone, Debug, serde::Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "the keys 'ports' and 'networks'")]
pub struct Media {
    /// UDP ports.
    #[serde(deserialize_with = "port_range", serialize_with = "first_and_last")]
    pub ports: PortRange,
    pub networks: Networks,
}

/// Networks by region, as published.
#[derive(Clone, Debug, Default)]
pub struct Networks {
    /// Networks that serve every region.
    pub all: Vec<Ipv4Net>,
    /// The networks of single regions, by the region's id, in the order of the file.
    pub by_region: Vec<(String, Vec<Ipv4Net>)>,
}

/// A date in the form `YYYY-MM-DD`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Date(String);

/// The content of `data/bundle.yaml`.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Dated {
    date: Date,
}

/// Returns the date of the embedded data.
pub fn embedded_date() -> Result<Date, DatasetError> {
    let Dated { date } = parse_embedded("bundle", embedded!("bundle"))?;
    Ok(date)
}

/// Returns the embedded regions.
pub fn reference_data() -> Result<&'static ReferenceData, DatasetError> {
    REGIONS.as_ref().map_err(Clone::clone)
}

/// Returns the names of the embedded editions.
pub fn edition_names() -> impl Iterator<Item = &'static str> {
    EDITIONS.iter().map(|(name, ..)| *name)
}

/// Returns an embedded edition; `None` if the name is unknown.
pub fn edition(name: &str) -> Result<Option<Edition>, DatasetError> {
    let found = EDITIONS.iter().find(|(known, ..)| *known == name);
    found
        .map(|(name, _, text)| parse_embedded(name, text))
        .transpose()
}

/// Returns the embedded edition in force for a connection.
pub fn edition_in_force(connection: Connection) -> Result<Option<Edition>, DatasetError> {
    // It is among the newest ones.
    for (name, of, text) in EDITIONS.into_iter().rev() {
        if of == connection {
            let edition: Edition = parse_embedded(name, text)?;
            if edition.is_in_force() {
                return Ok(Some(edition));
            }
        }
    }
    Ok(None)
}

/// Returns the embedded editions that are upcoming for a connection. Parses no other edition.
pub fn upcoming_editions(connection: Connection) -> Result<Vec<Edition>, DatasetError> {
    let names: Vec<String> = parse_embedded("upcoming", embedded!("upcoming"))?;
    let mut upcoming = Vec::new();
    for name in names {
        upcoming.extend(edition(&name)?.filter(|edition| edition.connection == connection));
    }
    Ok(upcoming)
}

/// Returns all embedded editions.
pub fn editions() -> Result<Vec<Edition>, DatasetError> {
    edition_names()
        .filter_map(|name| edition(name).transpose())
        .collect()
}

/// Parses an edition from YAML. `file` appears only in errors.
pub fn parse_edition(
    file: &str,
    text: &str,
    reference_data: &ReferenceData,
) -> Result<Edition, DatasetError> {
    let edition: Edition = yaml::parse(text).map_err(|error| unreadable(file, error))?;
    edition
        .validate(reference_data)
        .map_err(|reason| DatasetError::new(file, reason))?;
    Ok(edition)
}

/// The error for a file that is not the expected YAML.
pub(super) fn unreadable(file: &str, error: YamlError) -> DatasetError {
    DatasetError {
        file: format!("{file}{}", error.position()),
        reason: error.reason,
    }
}

/// Returns true for a text in the form of a dataset, and false for a page. A dataset has the keys
/// `edition` and `signaling`, in YAML or JSON.
pub fn is_dataset(text: &str) -> bool {
    let has_key = |key: &str| {
        text.lines().any(|line| {
            let after = line
                .trim_start_matches(['{', '"', ' ', ','])
                .strip_prefix(key);
            after.is_some_and(|after| after.trim_start_matches('"').starts_with(':'))
        })
    };
    has_key("edition") && has_key("signaling")
}

/// Formats an edition as YAML that [`parse_edition`] accepts.
pub fn to_yaml(edition: &Edition) -> Result<String, DatasetError> {
    yaml::write(edition).map_err(|error| unreadable(&edition.name, error))
}

pub(super) fn parse_embedded<T: DeserializeOwned>(
    name: &str,
    text: &str,
) -> Result<T, DatasetError> {
    serde_json::from_str(text).map_err(|error| DatasetError {
        file: format!("embedded {name}"),
        reason: error.to_string(),
    })
}

impl Edition {
    /// Returns the status, such as `in force since 2024-02-21`, `superseded on 2024-02-21 by global` or
    /// `upcoming, in force from 2024-02-21`.
    pub fn status(&self) -> String {
        match (&self.superseded, &self.in_force_since) {
            (Some(end), _) => format!("superseded on {} by {}", end.date, end.by),
            (None, Some(date)) if self.upcoming => format!("upcoming, in force from {date}"),
            (None, None) if self.upcoming => "upcoming".to_owned(),
            (None, Some(date)) => format!("in force since {date}"),
            (None, None) => "in force".to_owned(),
        }
    }

    /// True if the edition is neither upcoming nor superseded.
    pub fn is_in_force(&self) -> bool {
        !self.upcoming && self.superseded.is_none()
    }

    /// Returns the regions that the edition lists, in the order of the data.
    pub fn regions<'a>(&self, reference_data: &'a ReferenceData) -> Vec<&'a Region> {
        let lists = [&self.signaling.networks, &self.media.networks];
        let by_name = lists.iter().flat_map(|networks| &networks.by_region);
        let named: Vec<&str> = by_name.map(|(region, _)| region.as_str()).collect();
        let every_region = named.is_empty();
        let listed = |region: &&Region| every_region || named.contains(&&*region.id);
        reference_data.regions.iter().filter(listed).collect()
    }

    pub fn networks(&self, plane: Plane) -> &Networks {
        match plane {
            Plane::Signaling => &self.signaling.networks,
            Plane::Media => &self.media.networks,
        }
    }

    /// Returns every published network by plane, starting with those that serve every region.
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

    /// Checks conditions on more than one field. The error contains the path to the field and the
    /// reason.
    pub(super) fn validate(&self, reference_data: &ReferenceData) -> Result<(), String> {
        for plane in Plane::ALL {
            self.networks(plane).validate(plane, reference_data)?;
        }
        for region in self.regions(reference_data) {
            for plane in Plane::ALL {
                let networks = self.networks(plane);
                if networks.of(&region.id).next().is_none() {
                    return Err(format!(
                        "{plane}.networks: no network for region '{}', although the other plane has one",
                        region.id
                    ));
                }
            }
        }
        let SignalingPorts { tcp, tls, .. } = self.signaling.ports;
        if tcp == tls {
            return Err(format!(
                "signaling.ports: tcp and tls are both {tcp}; they need different ports"
            ));
        }
        if self
            .superseded
            .as_ref()
            .is_some_and(|end| end.by == self.name)
        {
            return Err(format!(
                "superseded.by: '{}' cannot supersede itself",
                self.name
            ));
        }
        if self.upcoming && self.superseded.is_some() {
            return Err(
                "upcoming: a superseded edition cannot be upcoming; remove one of the two keys"
                    .to_owned(),
            );
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
    /// Returns the networks that serve a region. The flag is true for networks of this region
    /// alone.
    pub fn of<'a>(&'a self, region: &'a str) -> impl Iterator<Item = (Ipv4Net, bool)> + 'a {
        let own = self.by_region.iter().filter(move |(id, _)| id == region);
        own.flat_map(|(_, networks)| networks.iter().map(|n| (*n, true)))
            .chain(self.all.iter().map(|n| (*n, false)))
    }

    fn validate(&self, plane: Plane, reference_data: &ReferenceData) -> Result<(), String> {
        let place = |region: &str| format!("{plane}.networks.{region}");
        if self.all.is_empty() && self.by_region.is_empty() {
            return Err(format!("{plane}.networks: no network is listed"));
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

/// Rejects networks that have an address in common, because one of them must be a mistake.
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

            // A map of the standard library would silently keep the second of two equal regions.
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Networks, A::Error> {
                let mut networks = Networks::default();
                let mut seen = HashSet::new();
                let mut room = MOST_NETWORKS;
                while let Some(region) = map.next_key::<String>()? {
                    if !seen.insert(region.clone()) {
                        return Err(de::Error::custom(format!("'{region}' is listed twice")));
                    }
                    let listed = map.next_value_seed(List { room })?;
                    if listed.is_empty() {
                        return Err(de::Error::custom(format!("'{region}' has no network")));
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

/// Parses the networks of one region. It counts them at once, because a YAML alias may repeat them
/// for many regions.
struct List {
    /// The number of networks that the plane may still have.
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
                    "more than {MOST_NETWORKS} networks in one plane, which is the maximum"
                )));
            }
            networks.push(network);
        }
        Ok(networks)
    }
}

/// A network that is allowed in a dataset.
struct Network(Ipv4Net);

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text("a network", |text| {
            let network = parse_network(text).map_err(|e| e.to_string())?;
            if network.prefix_len() < SHORTEST_PREFIX {
                return Err(format!(
                    "'{text}' is too wide; use a prefix length of {SHORTEST_PREFIX} or more"
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

/// A description of the expected text, and its parser. The parser runs inside the visitor, because
/// only there `serde_yaml` adds the position to the error.
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

impl Date {
    /// Returns the number of days since 1970-01-01.
    pub fn day_number(&self) -> i64 {
        // A valid date has three numbers.
        let mut parts = self.0.split('-').map(|part| part.parse().unwrap_or(0));
        let mut part = || -> i64 { parts.next().unwrap_or(0) };
        let (year, month, day) = (part(), part(), part());
        // Years that start in March end with the leap day.
        let year = if month < 3 { year - 1 } else { year };
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        365 * year + leap_days + day_of_year - DAYS_BEFORE_1970
    }
}

/// The days from 0000-03-01 to 1970-01-01.
const DAYS_BEFORE_1970: i64 = 719_468;

/// Returns true for a day of the Gregorian calendar in the form `YYYY-MM-DD` (ISO 8601).
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

/// Parses a name that every format can print.
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

/// Accepts one line of text without invisible characters.
pub fn visible_line(text: &str) -> Result<String, String> {
    match text.chars().find(|c| is_hidden(*c)) {
        Some(c) => Err(format!(
            "'{text}' contains the invisible character {}; use one line of visible text",
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

fn sha256<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let sum = deserializer.deserialize_str(Text("a SHA-256 sum", |text| {
        let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() == 64 && text.bytes().all(is_digit) {
            Ok(text.to_owned())
        } else {
            Err(format!(
                "'{text}' is not a SHA-256 sum; use 64 digits from 0 to 9 and a to f"
            ))
        }
    }))?;
    Ok(Some(sum))
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_false(flag: &bool) -> bool {
    !flag
}

fn port_range<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PortRange, D::Error> {
    deserializer.deserialize_str(Text("a range of ports", |text| {
        text.parse().map_err(|e: PortRangeError| e.to_string())
    }))
}

/// Writes ports so that [`port_range`] can parse them: one port becomes a range too.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
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

    /// Reads the file itself, to test the build script too.
    fn data(name: &str) -> String {
        let path = format!("{}/data/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    #[test]
    fn the_files_are_valid_and_contain_the_names_in_the_table() {
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
    fn the_embedded_editions_are_equal_to_the_files() {
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
    fn regions_refer_only_to_known_continents_countries_and_regions() {
        let reference_data = reference_data().unwrap();
        for region in &reference_data.regions {
            let is_on = |continent: &RegionGroup| continent.id == region.continent;
            assert!(reference_data.continents.iter().any(is_on), "{}", region.id);
            let is_in = |country: &RegionGroup| country.id == region.country;
            assert!(reference_data.countries.iter().any(is_in), "{}", region.id);
            if let Some(failover) = &region.failover {
                let found = reference_data.regions.iter().find(|r| r.id == *failover);
                assert!(found.is_some(), "{failover} is not a region");
            }
        }
    }

    /// The numbers are those of the program `date` of GNU: `date -u -d 2024-02-29 +%s`, divided by 86400.
    #[test]
    fn dates_are_numbered_from_1970() {
        for (date, number) in [
            ("1970-01-01", 0),
            ("1969-12-31", -1),
            ("2000-02-29", 11_016),
            ("2000-03-01", 11_017),
            ("2024-02-29", 19_782),
            ("2026-12-01", 20_788),
            ("2100-03-01", 47_541),
            ("0001-01-01", -719_162),
            ("9999-12-31", 2_932_896),
        ] {
            let date: Date = date.parse().unwrap();
            assert_eq!(date.day_number(), number, "{date}");
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
