//! Code that the fuzz targets share. Each module passes any bytes through one part of the program,
//! and panics if an invariant is broken.

pub mod arguments;
pub mod dataset;
pub mod deployed;
pub mod explain;
pub mod page;
pub mod round_trip;
pub mod scan;
pub mod template;

use std::borrow::Cow;
use std::sync::LazyLock;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use twilio_sip_allow::catalog::Catalog;
use twilio_sip_allow::dataset::{self as data, Edition, ReferenceData};
use twilio_sip_allow::firewall::{DeployedUnit, Drift, PublishedNetwork};
use twilio_sip_allow::format::read::{Lines, UnitQuery, excerpt};
use twilio_sip_allow::format::{self, Format, Unit};
use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::policy::{Direction, Plane, Policy};
use twilio_sip_allow::select::{self, Selection};

/// The maximum processor time for one input. The limit of libFuzzer is in wall-clock time, which
/// also passes while other programs use the processor.
const TIME_LIMIT: Duration = Duration::from_secs(1);

/// Runs one input, and panics if it takes too long.
pub fn within_limits(run: impl FnOnce()) {
    let now = || Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap();
    let start = now();
    run();
    let spent = now() - start;
    assert!(spent <= TIME_LIMIT, "it took {spent:?}");
}

pub const BOTH: [Direction; 2] = [Direction::In, Direction::Out];

pub static REFERENCE_DATA: LazyLock<&ReferenceData> =
    LazyLock::new(|| data::reference_data().unwrap());

pub static EDITIONS: LazyLock<Vec<Edition>> = LazyLock::new(|| data::editions().unwrap());

pub static PUBLISHED: LazyLock<Vec<PublishedNetwork>> =
    LazyLock::new(|| select::known_networks(&data::Data::Embedded, &REFERENCE_DATA).unwrap());

/// The catalog with `global` as the selected edition.
pub static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    let editions = data::editions().unwrap();
    Catalog::new(
        editions,
        None,
        &["global".into()],
        data::services().unwrap(),
        &REFERENCE_DATA,
    )
});

pub fn everything() -> Selection {
    Selection {
        regions: Vec::new(),
        directions: BOTH.to_vec(),
        planes: Plane::ALL.to_vec(),
        transports: None,
        local_addresses: select::local_addresses(&[]),
        local_sip_port: None,
        local_tls_port: None,
        local_rtp_ports: None,
    }
}

pub fn policy(editions: &[&str], selection: &Selection) -> Policy {
    let names: Vec<String> = editions.iter().map(|name| (*name).to_owned()).collect();
    let editions = select::editions(&names, &data::Data::Embedded).unwrap();
    select::policy(selection, &editions, &REFERENCE_DATA).unwrap()
}

/// Converts an input to text. Invalid UTF-8 is replaced, because commands would reject the whole
/// input.
pub fn text(data: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(data)
}

/// Parses the units in a text. Returns `None` if the text is invalid.
pub fn parsed(format: &dyn Format, text: &str, wanted: UnitQuery) -> Option<Vec<DeployedUnit>> {
    let assert_place = |at: u32| assert!(text.is_char_boundary(at as usize), "{at}");
    match format::parse(format, text, wanted) {
        Ok(units) => {
            assert!(!units.is_empty());
            for unit in &units {
                unit.steps.iter().for_each(|step| assert_place(step.at));
                unit.unmeasured
                    .iter()
                    .for_each(|part| assert_place(part.at));
            }
            Some(units)
        }
        Err(errors) => {
            assert!(!errors.is_empty());
            let lines = Lines::of(text);
            for error in errors {
                assert_place(error.at());
                assert!(lines.number(error.at()) > 0);
                assert!(!error.problem().is_empty());
                excerpt(text, error.at());
            }
            None
        }
    }
}

/// Compares units with a policy. Returns `None` if the units exceed a limit, or if the format
/// cannot express the policy.
pub fn drift(format: &dyn Format, policy: &Policy, units: &[DeployedUnit]) -> Option<Drift> {
    let part = format.supported_part(policy, &Unit::default()).ok()?;
    let policy = part.as_ref().unwrap_or(policy);
    format::compare(format, policy, units, Limits::default(), || {
        PUBLISHED.as_slice()
    })
    .ok()
}

/// Tests that a rendered text accepts exactly the packets of the policy.
pub fn assert_in_sync(format: &dyn Format, policy: &Policy, unit: &Unit, text: &str) {
    let wanted = UnitQuery {
        unit,
        directions: &policy.scope.directions,
        limits: Limits::default(),
    };
    let units = format::parse(format, text, wanted);
    let units = units.unwrap_or_else(|errors| panic!("{errors:?}\n{text}"));
    let drift = drift(format, policy, &units);
    assert!(
        drift.as_ref().is_some_and(Drift::is_none),
        "{drift:?}\n{text}"
    );
}

/// Tests that a text for people or logs has no characters that move the cursor or reverse the text.
pub fn assert_clean(text: &str) {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let hidden = text
        .chars()
        .find(|c| (c.is_control() && *c != '\n') || turns(*c));
    assert!(hidden.is_none(), "{hidden:?} in {text}");
}

pub fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}
