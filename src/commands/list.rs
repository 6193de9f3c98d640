use std::borrow::Cow;

use anyhow::Result;
use serde_json::{Value, json};

use crate::cli::{ListArgs, ListWhat};
use crate::dataset::{Data, Edition, ReferenceData, Region, RegionGroup, SipFacts};
use crate::format::registry::{self, FAMILIES, Family};
use crate::format::{Format, Unit};
use crate::output::write_stdout;
use crate::report::{section, table};
use crate::select::names;
use crate::terminal::json_document;

/// The site whose paths the sources of editions name.
const TWILIO: &str = "https://www.twilio.com/";

pub fn run(args: &ListArgs, data: &Data) -> Result<()> {
    let reference_data = data.reference_data()?;
    let text = match args.what {
        ListWhat::Regions if args.json => {
            json_document(&regions_json(reference_data, &data.sip_facts()?))?
        }
        ListWhat::Regions if args.long => regions_long(reference_data, &data.sip_facts()?),
        ListWhat::Regions => regions(reference_data),
        ListWhat::Formats if args.json => json_document(&formats_json())?,
        ListWhat::Formats => formats(args.long),
        ListWhat::Editions if args.json => {
            json_document(&editions_json(&data.editions()?, reference_data))?
        }
        ListWhat::Editions => editions(&data.editions()?, reference_data, args.long),
    };
    write_stdout(&text)
}

fn regions(reference_data: &ReferenceData) -> String {
    let mut rows = vec![
        [
            "REGION",
            "NAME",
            "EDGE",
            "INTERCONNECT",
            "LEGACY",
            "AWS REGION",
            "CONTINENT",
            "COUNTRY",
            "FAILOVER",
            "JAPANESE",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    rows.extend(reference_data.regions.iter().map(|region| {
        vec![
            region.id.to_string(),
            region.name.clone(),
            region.edge.clone(),
            region.interconnect_edge.clone(),
            region.legacy_id.clone(),
            region.aws_region.clone(),
            region.continent.clone(),
            region.country.clone(),
            region.failover.as_deref().unwrap_or("-").to_owned(),
            region.name_ja.clone(),
        ]
    }));
    table(&rows)
}

fn regions_long(reference_data: &ReferenceData, sip: &SipFacts) -> String {
    let mut text = regions(reference_data);
    text.push_str(&section(
        "continents",
        &group_rows(&reference_data.continents),
    ));
    text.push_str(&section(
        "countries",
        &group_rows(&reference_data.countries),
    ));
    text.push_str(&region_details(reference_data, sip));
    text.push_str(&sip_facts(sip));
    text
}

fn group_rows(groups: &[RegionGroup]) -> Vec<Vec<String>> {
    let row = |group: &RegionGroup| vec![group.id.clone(), group.names.join(", ")];
    groups.iter().map(row).collect()
}

/// For each region, its other names and its domains.
fn region_details(reference_data: &ReferenceData, sip: &SipFacts) -> String {
    let mut text = String::new();
    for region in &reference_data.regions {
        let mut rows = vec![vec![
            "other names".to_owned(),
            other_names(region).join(", "),
        ]];
        for (kind, pattern) in &sip.domains {
            rows.push(vec![format!("{kind} domain"), domain(pattern, region)]);
        }
        text += &section(&region.id, &rows);
    }
    text
}

/// The names that are not in the table of regions.
fn other_names(region: &Region) -> Vec<String> {
    let mut names = vec![region.place_ja.clone()];
    names.extend(region.also.iter().cloned());
    let is_new = |name: &Cow<str>| names::public_names_of(region).all(|known| known != *name);
    let exchange = names::interconnect_names_of(region).skip(1).filter(is_new);
    names.extend(exchange.map(Cow::into_owned));
    names.extend(region.interconnect_area.iter().cloned());
    names
}

fn domain(pattern: &str, region: &Region) -> String {
    pattern
        .replace("{edge}", &region.edge)
        .replace("{interconnect_edge}", &region.interconnect_edge)
        .replace("{legacy_id}", &region.legacy_id)
}

fn sip_facts(sip: &SipFacts) -> String {
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let mut rows = vec![
        row("audio codec", sip.audio_codec.clone()),
        row("DTMF", sip.dtmf.clone()),
        row("SRTP to Twilio", sip.srtp_to_twilio.join(", ")),
        row("SRTP from Twilio", sip.srtp_from_twilio.join(", ")),
        row("certificate", sip.certificate.clone()),
        row("default TLS port", sip.default_tls_port.to_string()),
    ];
    for (kind, pattern) in &sip.domains {
        rows.push(row(&format!("{kind} domain"), pattern.clone()));
    }
    section("every region", &rows)
}

fn regions_json(reference_data: &ReferenceData, sip: &SipFacts) -> Value {
    let regions = reference_data.regions.iter().map(|region| {
        let domains = sip.domains.iter();
        let domains = domains.map(|(kind, pattern)| (kind.clone(), domain(pattern, region).into()));
        let mut value = json!(region);
        value["domains"] = Value::Object(domains.collect());
        value
    });
    json!({
        "regions": regions.collect::<Vec<_>>(),
        "continents": reference_data.continents,
        "countries": reference_data.countries,
        "sip": sip,
    })
}

fn formats(long: bool) -> String {
    let mut rows = vec![["FORMAT", "FOR"].map(str::to_owned).to_vec()];
    for family in FAMILIES {
        rows.push(vec![family.name.to_owned()]);
        rows.extend(family.formats.iter().map(|format| {
            let info = format.info();
            vec![format!("  {}", info.name), info.summary.to_owned()]
        }));
    }
    let mut text = table(&rows);
    if long {
        let row = |format: &dyn Format, text| vec![format.info().name.to_owned(), text];
        let aliases = registry::formats().map(|f| row(f, f.info().aliases.join(", ")));
        text += &section("other names", &aliases.collect::<Vec<_>>());
        let loads = registry::formats().map(|f| row(f, f.load_command(&Unit::default())));
        text += &section("to load an output", &loads.collect::<Vec<_>>());
    }
    text
}

fn formats_json() -> Value {
    let row = |family: &Family, format: &dyn Format| {
        let info = format.info();
        json!({
            "name": info.name,
            "family": family.name,
            "aliases": info.aliases,
            "summary": info.summary,
            "documentation": info.documentation,
            "load": format.load_command(&Unit::default()),
            "options": info.options.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "read_by_check": format.parser().is_some(),
        })
    };
    let rows = FAMILIES.iter().flat_map(|family| {
        let formats = family.formats.iter();
        formats.map(move |format| row(family, *format))
    });
    json!({ "formats": rows.collect::<Vec<_>>() })
}

fn editions(editions: &[Edition], reference_data: &ReferenceData, long: bool) -> String {
    let mut rows = vec![
        [
            "EDITION",
            "CONNECTION",
            "REGIONS",
            "SIP UDP/TCP/TLS",
            "RTP",
            "STATUS",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    rows.extend(editions.iter().map(|edition| {
        let sip = edition.signaling.ports;
        vec![
            edition.name.to_string(),
            edition.connection.to_string(),
            edition.regions(reference_data).len().to_string(),
            format!("{}/{}/{}", sip.udp, sip.tcp, sip.tls),
            edition.media.ports.to_string(),
            edition.status(),
        ]
    }));
    let mut text = table(&rows);
    if long {
        for edition in editions {
            let mut rows = vec![
                vec!["title".to_owned(), edition.title.clone()],
                vec!["source".to_owned(), with_addresses(&edition.source)],
            ];
            if let Some(date) = &edition.announced {
                rows.push(vec!["announced".to_owned(), date.to_string()]);
            }
            if let Some(date) = &edition.retrieved {
                rows.push(vec!["retrieved".to_owned(), date.to_string()]);
            }
            text += &section(&edition.name, &rows);
        }
    }
    text
}

/// Completes the paths of Twilio's pages in the source of an edition to addresses.
fn with_addresses(source: &str) -> String {
    let words = source.split(' ').map(|word| {
        let is_path = word.starts_with("docs/");
        let site = if is_path { TWILIO } else { "" };
        format!("{site}{word}")
    });
    words.collect::<Vec<_>>().join(" ")
}

fn editions_json(editions: &[Edition], reference_data: &ReferenceData) -> Value {
    let row = |edition: &Edition| {
        json!({
            "edition": edition.name,
            "title": edition.title,
            "connection": edition.connection,
            "source": edition.source,
            "announced": edition.announced,
            "in_force_since": edition.in_force_since,
            "upcoming": edition.upcoming,
            "retrieved": edition.retrieved,
            "page_sha256": edition.page_sha256,
            "superseded": edition.superseded,
            "status": edition.status(),
            "regions": edition.regions(reference_data).iter().map(|r| &*r.id).collect::<Vec<_>>(),
            "signaling": {
                "ports": edition.signaling.ports,
                "networks": edition.signaling.networks,
            },
            "media": {
                "ports": edition.media.ports,
                "networks": edition.media.networks,
            },
        })
    };
    json!({ "editions": editions.iter().map(row).collect::<Vec<_>>() })
}
