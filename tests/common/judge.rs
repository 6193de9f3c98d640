//! Runs the logic of `check` in this process, because starting a process for each text is slow.

use ipnet::Ipv4Net;
use twilio_sip_allow::firewall::{DeployedUnit, Drift};
use twilio_sip_allow::format::read::{Lines, UnitQuery, excerpt};
use twilio_sip_allow::format::{self, Format, Unit, UnitName};
use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::policy::{Direction, Plane, Policy, Transport};
use twilio_sip_allow::report::{CheckedFile, Report, Text};
use twilio_sip_allow::select::{self, Selection};
use twilio_sip_allow::{dataset, policy};

use super::Case;
use super::oracle::{Random, Selected, Site, dotted};

pub const BOTH: [Direction; 2] = [Direction::In, Direction::Out];

pub fn dialect(name: &str) -> &'static dyn Format {
    format::registry::find(name).unwrap()
}

pub fn everything() -> Selection {
    Selection {
        regions: Vec::new(),
        directions: BOTH.to_vec(),
        planes: vec![Plane::Signaling, Plane::Media],
        transports: None,
        local_addresses: select::local_addresses(&[]),
        local_sip_port: None,
        local_tls_port: None,
        local_rtp_ports: None,
    }
}

pub fn policy(editions: &[&str], selection: &Selection) -> Result<Policy, String> {
    let reference_data = dataset::reference_data().unwrap();
    let names: Vec<String> = editions.iter().map(|e| (*e).to_owned()).collect();
    let editions = select::editions(&names, &dataset::Data::Embedded).unwrap();
    select::policy(selection, &editions, reference_data).map_err(|error| error.to_string())
}

fn directions(word: &str) -> Vec<Direction> {
    match word {
        "in" => vec![Direction::In],
        "out" => vec![Direction::Out],
        _ => BOTH.to_vec(),
    }
}

fn planes(word: &str) -> Vec<Plane> {
    match word {
        "signaling" => vec![Plane::Signaling],
        "media" => vec![Plane::Media],
        _ => vec![Plane::Signaling, Plane::Media],
    }
}

/// The policy for a case of the matrix.
pub fn policy_of_case(case: &Case) -> Policy {
    let editions: Vec<&str> = case.edition.split(',').collect();
    let selection = Selection {
        regions: case.region.split(',').map(str::to_owned).collect(),
        directions: directions(case.direction),
        planes: planes(case.plane),
        ..everything()
    };
    policy(&editions, &selection).unwrap()
}

/// The policy for a selection of the packet tests.
pub fn policy_of(selected: &Selected, site: Site) -> Policy {
    let local: Vec<Ipv4Net> = selected
        .first_host_only
        .then(|| policy::parse_network(&dotted(site.hosts[0])).unwrap())
        .into_iter()
        .collect();
    let transport = |name: &&str| match *name {
        "udp" => Transport::Udp,
        "tcp" => Transport::Tcp,
        _ => Transport::Tls,
    };
    let transports = selected.transports.iter().map(transport).collect();
    let ports = |(first, last): (u16, u16)| format!("{first}-{last}").parse().unwrap();
    let selection = Selection {
        regions: selected.region.split(',').map(str::to_owned).collect(),
        directions: directions(selected.direction),
        planes: planes(selected.plane),
        transports: (selected.transports.len() < 3).then_some(transports),
        local_addresses: select::local_addresses(&local),
        local_sip_port: selected.sip_port,
        local_tls_port: selected.tls_port,
        local_rtp_ports: selected.rtp_ports.map(ports),
    };
    self::policy(&selected.editions, &selection).unwrap()
}

/// The units in the text, or the errors, one per line.
pub fn units(
    format: &str,
    text: &str,
    name: &str,
    directions: &[Direction],
) -> Result<Vec<DeployedUnit>, Vec<String>> {
    let unit = Unit {
        name: UnitName::deployed(name).unwrap(),
        table: None,
        ..Unit::default()
    };
    let wanted = UnitQuery {
        unit: &unit,
        directions,
        limits: Limits::default(),
    };
    format::parse(dialect(format), text, wanted).map_err(|errors| {
        let lines = Lines::of(text);
        let message = |e: &format::read::ReadError| {
            format!(
                "{}: {}, in: {}",
                lines.number(e.at()),
                e.problem(),
                excerpt(text, e.at())
            )
        };
        errors.iter().map(message).collect()
    })
}

/// The drift between the policy and the text.
pub fn drift(format: &str, policy: &Policy, text: &str) -> Result<Drift, Vec<String>> {
    let units = units(format, text, "twilio-sip", &policy.scope.directions)?;
    let part = dialect(format)
        .supported_part(policy, &Unit::default())
        .map_err(|e| vec![e.to_string()])?;
    let policy = part.as_ref().unwrap_or(policy);
    format::compare(dialect(format), policy, &units, Limits::default(), || &[])
        .map_err(|e| vec![e.to_string()])
}

/// Fails unless the text contains exactly the rules of the policy.
pub fn assert_in_sync(what: &str, format: &str, policy: &Policy, text: &str) {
    match drift(format, policy, text) {
        Ok(drift) if drift.is_none() => {}
        Ok(drift) => panic!("{what}: {format}: {}\n{text}", report_text(&drift, text)),
        Err(refused) => panic!("{what}: {format}: {refused:#?}\n{text}"),
    }
}

/// Returns the part of the text report about this input.
pub fn report_text(drift: &Drift, text: &str) -> String {
    let checked = CheckedFile {
        file: "-".into(),
        name: "stdin".to_owned(),
        text,
        excerpt,
        lines: Lines::of(text),
        drift,
        units: Vec::new(),
        empty: Vec::new(),
        unselected: None,
        diagnosis: None,
    };
    let mut lines = Vec::new();
    let report = Text {
        colored: false,
        verbose: true,
    };
    report.file(&checked, &mut lines).unwrap();
    String::from_utf8(lines).unwrap()
}

pub fn pick<'a, T>(random: &mut Random, list: &'a [T]) -> &'a T {
    &list[usize::try_from(random.between(0, list.len() as u64 - 1)).unwrap()]
}

pub fn chance(random: &mut Random, one_in: u64) -> bool {
    random.between(1, one_in) == 1
}
