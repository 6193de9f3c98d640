//! Formats that list addresses: the exact drift, or an error with a reason.

use crate::common::judge::{dialect, everything, policy};
use twilio_sip_allow::firewall::{Attribution, DeployedUnit, Drift, Part};
use twilio_sip_allow::format::read::{Lines, UnitQuery};
use twilio_sip_allow::format::{self, Unit, UnitName};
use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::packets::{Dimension, Interval};
use twilio_sip_allow::policy::{Direction, Policy};
use twilio_sip_allow::select::Selection;

mod asterisk;
mod cisco_cube;
mod freeswitch;
mod ipset;
mod kamailio;
mod livekit;
mod tfvars;

/// The expected policy, and the name of the unit to compare with it.
struct Expected {
    format: &'static str,
    policy: Policy,
    unit: Unit,
    limits: Limits,
}

type Problems = Vec<(usize, String)>;

impl Expected {
    fn new(format: &'static str, editions: &[&str], selection: &Selection) -> Expected {
        Expected {
            format,
            policy: policy(editions, selection).unwrap(),
            unit: Unit::default(),
            limits: Limits::default(),
        }
    }

    /// The policy for Tokyo in edition `regional`.
    fn tokyo(format: &'static str, directions: &[Direction]) -> Expected {
        let selection = Selection {
            regions: vec!["tokyo".to_owned()],
            directions: directions.to_vec(),
            ..everything()
        };
        Expected::new(format, &["regional"], &selection)
    }

    fn named(mut self, name: &str) -> Expected {
        self.unit.name = UnitName::deployed(name).unwrap();
        self
    }

    fn limited(mut self, bound: &str) -> Expected {
        self.limits = self.limits.with(&[bound.parse().unwrap()]);
        self
    }

    fn text(&self) -> String {
        format::render(dialect(self.format), &self.policy, &self.unit).unwrap()
    }

    fn wanted(&self) -> UnitQuery<'_> {
        UnitQuery {
            unit: &self.unit,
            directions: &self.policy.scope.directions,
            limits: self.limits,
        }
    }

    /// The units, or the line and the problem of each error.
    fn units(&self, text: &str) -> Result<Vec<DeployedUnit>, Problems> {
        format::parse(dialect(self.format), text, self.wanted()).map_err(|errors| {
            let errors = errors.into_iter();
            errors
                .map(|e| (Lines::of(text).number(e.at()), e.problem()))
                .collect()
        })
    }

    fn check(&self, text: &str) -> Result<Drift, Problems> {
        let units = self.units(text)?;
        let format = dialect(self.format);
        let part = format.supported_part(&self.policy, &self.unit).unwrap();
        let policy = part.as_ref().unwrap_or(&self.policy);
        Ok(format::compare(format, policy, &units, self.limits, || &[]).unwrap())
    }

    /// The differences, one for each part. Empty if in sync.
    fn drift(&self, text: &str) -> Vec<String> {
        let drift = self.check(text);
        let drift = drift.unwrap_or_else(|errors| panic!("{errors:?}\n{text}"));
        let parts = drift
            .parts()
            .map(|(side, part)| format!("{side} {}", description(part)));
        let unmeasured = drift
            .unmeasured
            .iter()
            .map(|(_, unmeasured)| format!("beyond {}", unmeasured.what));
        parts.chain(unmeasured).collect()
    }

    /// The errors in one text, one per line, each with its line number.
    fn refusal(&self, text: &str) -> String {
        match self.check(text) {
            Ok(drift) => panic!("not rejected: {drift:?}\n{text}"),
            Err(errors) => {
                let lines = errors
                    .iter()
                    .map(|(line, problem)| format!("{line}: {problem}"));
                lines.collect::<Vec<_>>().join("\n")
            }
        }
    }

    /// The output of `--print-repair`.
    fn repair(&self, text: &str) -> Result<String, String> {
        let format = dialect(self.format);
        let units = self.units(text).unwrap();
        format::repair(format, &self.policy, text, self.wanted(), &units)
            .map_err(|error| error.to_string())
    }
}

/// Describes a part of the drift, such as `in 192.0.2.0/24 signaling tokyo`. Ports and `sometimes` appear if they
/// apply.
fn description(part: &Part) -> String {
    let remote = part.packets.set(Dimension::Remote).hull().networks();
    let remote: Vec<String> = remote.map(|network| network.to_string()).collect();
    let mut words = vec![part.direction.to_string(), remote.join("+")];
    let ports = part.packets.set(Dimension::RemotePort).hull();
    if ports != Interval::PORTS {
        words.push(format!("ports {}-{}", ports.first, ports.last));
    }
    if !part.condition.is_true() {
        words.push("sometimes".to_owned());
    }
    if let Attribution::Rule {
        subject, region, ..
    } = &part.attribution
    {
        words.push(format!("{subject} {region}"));
    }
    words.join(" ")
}

/// The rows of a table. `|` stands for a line break.
fn rows(table: &str) -> impl Iterator<Item = String> {
    table
        .lines()
        .filter(|row| !row.is_empty())
        .map(|row| row.replace('|', "\n"))
}

/// The rows of a table of texts and expected results, split at `=>`.
fn pairs(table: &str) -> impl Iterator<Item = (String, String)> {
    rows(table).map(|row| {
        let (text, expected) = row.split_once(" => ").unwrap_or_else(|| panic!("{row}"));
        (text.to_owned(), expected.to_owned())
    })
}

/// Asserts that each truncated text has errors or drift, except those that `whole` accepts as complete.
fn assert_cuts_are_found(expected: &Expected, text: &str, whole: impl Fn(&str) -> bool) {
    assert_eq!(expected.drift(text), [""; 0]);
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        let cut = &text[..end];
        let in_sync = expected.check(cut).is_ok_and(|drift| drift.is_none());
        assert!(!in_sync || whole(cut), "{cut}");
    }
}
