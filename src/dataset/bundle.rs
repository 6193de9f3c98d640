//! Bundles: files that replace the embedded data as a whole. `docs/bundles.md` describes the format.
//!
//! A bundle comes from outside, so its names and texts must pass the same checks as those of a user's
//! own list, because they become parts of rules and comments.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::editions::{
    ALL, Connection, DatasetError, Date, Edition, ReferenceData, Region, RegionGroup,
    edition_names, editions, embedded_date, name, reference_data, unreadable, visible_line,
};
use super::services::{Service, services};
use super::sip::{SipFacts, sip_facts};
use crate::yaml;

/// The version of the format. A program refuses bundles of any other version.
const VERSION: u32 = 1;

/// The maximum number of editions, services, regions, continents and countries, and of the names of one
/// region.
const MOST: usize = 100;

/// The maximum number of networks of all services together. `scan` compares each address with all of
/// them.
const MOST_OF_SERVICES: usize = 5_000;

/// The maximum length of a text, in bytes.
const LONGEST: usize = 1_000;

/// Everything that the embedded data contains.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "the keys of a bundle")]
pub struct Bundle {
    /// The version of the format.
    #[serde(rename = "bundle")]
    version: u32,
    /// The day on which the data last changed, or was last compared with Twilio's pages.
    pub date: Date,
    /// The content of `data/regions.yaml`.
    pub reference: ReferenceData,
    /// The content of `data/sip.yaml`.
    pub sip: SipFacts,
    /// In the order of publication.
    pub editions: Vec<Edition>,
    /// The content of `data/other-services.yaml`.
    pub services: Vec<Service>,
}

/// The part of a bundle that every version of the format has.
#[derive(Deserialize)]
#[serde(expecting = "the keys of a bundle")]
struct Versioned {
    bundle: u32,
}

/// Returns a bundle of the embedded data.
pub fn embedded_bundle() -> Result<Bundle, DatasetError> {
    Ok(Bundle {
        version: VERSION,
        date: embedded_date()?,
        reference: reference_data()?.clone(),
        sip: sip_facts()?,
        editions: editions()?,
        services: services()?,
    })
}

/// Parses a bundle. `file` appears only in errors.
pub fn parse_bundle(file: &str, text: &str) -> Result<Bundle, DatasetError> {
    let parsed = yaml::parse_without_aliases(text);
    let Versioned { bundle: version } = parsed.map_err(|error| unreadable(file, error))?;
    if version != VERSION {
        return Err(DatasetError::new(
            file,
            format!(
                "bundle: version {version} of the format is unknown, this program reads version {VERSION}; \
                 update the program"
            ),
        ));
    }
    let bundle: Bundle = yaml::parse(text).map_err(|error| unreadable(file, error))?;
    bundle
        .validate()
        .map_err(|reason| DatasetError::new(file, reason))?;
    Ok(bundle)
}

impl Bundle {
    /// Formats the bundle as YAML that [`parse_bundle`] accepts.
    pub fn to_yaml(&self) -> Result<String, DatasetError> {
        yaml::write(self).map_err(|error| unreadable("bundle", error))
    }

    /// Checks everything that the types do not ensure. The error contains the path to the value and the
    /// reason.
    fn validate(&self) -> Result<(), String> {
        self.reference.validate().map_err(under("reference"))?;
        self.sip.validate().map_err(under("sip"))?;
        self.validate_editions()?;
        self.validate_services()
    }

    fn validate_services(&self) -> Result<(), String> {
        let ids = self.services.iter().map(|service| service.id.as_str());
        distinct("services", ids.clone())?;
        let known = services().map_err(|error| error.to_string())?;
        if let Some(missing) = known
            .iter()
            .find(|known| !ids.clone().any(|id| id == known.id))
        {
            return Err(format!(
                "services: the service '{}' is missing; a bundle must contain every service that this program \
                 knows",
                missing.id
            ));
        }
        let networks = self
            .services
            .iter()
            .map(|service| service.networks().count());
        if networks.sum::<usize>() > MOST_OF_SERVICES {
            return Err(format!(
                "services: more than {MOST_OF_SERVICES} networks, which is the maximum"
            ));
        }
        for service in &self.services {
            let path = format!("services.{}", service.id);
            service.validate().map_err(under(&path))?;
        }
        Ok(())
    }

    fn validate_editions(&self) -> Result<(), String> {
        let names = self.editions.iter().map(|edition| &*edition.name);
        distinct("editions", names.clone())?;
        // `scan` and `explain` know old addresses from old editions.
        if let Some(missing) =
            edition_names().find(|known| !names.clone().any(|name| name == *known))
        {
            return Err(format!(
                "editions: the edition '{missing}' is missing; a bundle must contain every edition that this \
                 program knows"
            ));
        }
        for edition in &self.editions {
            let path = format!("editions.{}", edition.name);
            let texts = [("title", &edition.title), ("source", &edition.source)];
            check_texts(texts).map_err(under(&path))?;
            edition.validate(&self.reference).map_err(under(&path))?;
            let is_unknown = |by: &str| names.clone().all(|name| name != by);
            let end = edition.superseded.as_ref();
            if let Some(end) = end.filter(|end| is_unknown(&end.by)) {
                return Err(format!(
                    "{path}.superseded.by: there is no edition '{}'",
                    end.by
                ));
            }
        }
        let is_current =
            |edition: &&Edition| edition.connection == Connection::Public && edition.is_in_force();
        match self.editions.iter().filter(is_current).count() {
            1 => Ok(()),
            count => Err(format!(
                "editions: {count} editions for the public internet are in force; exactly one must be"
            )),
        }
    }
}

/// Adds a path of keys before a reason.
fn under(path: &str) -> impl Fn(String) -> String {
    move |reason| format!("{path}.{reason}")
}

/// Returns an error if there are too many names, or two equal ones.
fn distinct<'a>(list: &str, names: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(format!("{list}: '{name}' is listed twice"));
        }
        if seen.len() > MOST {
            return Err(format!("{list}: more than {MOST}, which is the maximum"));
        }
    }
    Ok(())
}

/// Checks texts with their keys. Each must be one line of visible text.
fn check_texts<'a, T: AsRef<str> + 'a>(
    texts: impl IntoIterator<Item = (&'a str, &'a T)>,
) -> Result<(), String> {
    for (key, text) in texts {
        let text = text.as_ref();
        if text.len() > LONGEST {
            return Err(format!("{key}: the text has more than {LONGEST} bytes"));
        }
        visible_line(text).map_err(|reason| format!("{key}: {reason}"))?;
    }
    Ok(())
}

/// Checks texts that must be names, with their keys.
fn check_names<'a>(names: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<(), String> {
    for (key, text) in names {
        name(text).map_err(|reason| format!("{key}: {reason}"))?;
    }
    Ok(())
}

/// Checks a list of at most [`MOST`] texts.
fn check_list(key: &str, texts: &[String]) -> Result<(), String> {
    if texts.len() > MOST {
        return Err(format!("{key}: more than {MOST}, which is the maximum"));
    }
    check_texts(texts.iter().map(|text| (key, text)))
}

impl ReferenceData {
    fn validate(&self) -> Result<(), String> {
        for (list, groups) in [
            ("continents", &self.continents),
            ("countries", &self.countries),
        ] {
            distinct(list, groups.iter().map(|group| group.id.as_str()))?;
            for group in groups {
                group.validate().map_err(under(list))?;
            }
        }
        if self.regions.is_empty() {
            return Err("regions: there is no region".to_owned());
        }
        distinct("regions", self.regions.iter().map(|region| &*region.id))?;
        for region in &self.regions {
            let path = format!("regions.{}", region.id);
            region.validate(self).map_err(under(&path))?;
        }
        Ok(())
    }
}

impl RegionGroup {
    fn validate(&self) -> Result<(), String> {
        check_names([("id", self.id.as_str())])?;
        if self.names.is_empty() {
            return Err(format!("{}.names: there is no name", self.id));
        }
        check_list("names", &self.names).map_err(under(&self.id))
    }
}

impl Region {
    fn validate(&self, reference: &ReferenceData) -> Result<(), String> {
        if &*self.id == ALL {
            return Err(format!("id: '{}' means every region", self.id));
        }
        check_names([
            ("id", &*self.id),
            ("edge", &self.edge),
            ("interconnect_edge", &self.interconnect_edge),
            ("legacy_id", &self.legacy_id),
            ("aws_region", &self.aws_region),
        ])?;
        check_texts([
            ("name", &self.name),
            ("name_ja", &self.name_ja),
            ("place_ja", &self.place_ja),
        ])?;
        check_list("also", &self.also)?;
        check_list("interconnect_also", &self.interconnect_also)?;
        check_list("interconnect_area", &self.interconnect_area)?;
        let is_group = |groups: &[RegionGroup], id: &str| groups.iter().any(|group| group.id == id);
        if !is_group(&reference.continents, &self.continent) {
            return Err(format!(
                "continent: there is no continent '{}'",
                self.continent
            ));
        }
        if !is_group(&reference.countries, &self.country) {
            return Err(format!("country: there is no country '{}'", self.country));
        }
        match &self.failover {
            Some(failover)
                if !reference
                    .regions
                    .iter()
                    .any(|region| region.id == *failover) =>
            {
                Err(format!("failover: there is no region '{failover}'"))
            }
            _ => Ok(()),
        }
    }
}

impl SipFacts {
    fn validate(&self) -> Result<(), String> {
        check_list("srtp_to_twilio", &self.srtp_to_twilio)?;
        check_list("srtp_from_twilio", &self.srtp_from_twilio)?;
        if self.domains.len() > MOST {
            return Err(format!("domains: more than {MOST}, which is the maximum"));
        }
        check_names(self.domains.keys().map(|kind| ("domains", kind.as_str())))?;
        check_texts(self.domains.values().map(|domain| ("domains", domain)))?;
        check_texts([
            ("audio_codec", &self.audio_codec),
            ("dtmf", &self.dtmf),
            ("certificate", &self.certificate),
        ])
    }
}

impl Service {
    fn validate(&self) -> Result<(), String> {
        check_names([("id", self.id.as_str())])?;
        check_texts([
            ("name", &self.name),
            ("source", &self.source),
            ("ports", &self.ports),
        ])?;
        check_texts(self.superseded.iter().map(|when| ("superseded", when)))?;
        check_names(self.networks().map(|(place, _)| ("networks", place)))?;
        if self.networks.all.is_empty() {
            Ok(())
        } else {
            Err("networks.all: list the networks of a service by place".to_owned())
        }
    }
}
