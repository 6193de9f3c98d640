//! Fuzzes listings of firewalls: parses, compares, reports and repairs them.

use std::sync::LazyLock;

use ipnet::Ipv4Net;
use twilio_sip_allow::firewall::{DeployedUnit, Drift};
use twilio_sip_allow::format::read::{Lines, UnitQuery};
use twilio_sip_allow::format::{self, Format, Unit, UnitName};
use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::policy::{Direction, Policy};
use twilio_sip_allow::report::{CheckedFile, Expectation, GitHub, Json, Report, Summary, Text};
use twilio_sip_allow::select::{self, Selection};

use crate::{BOTH, assert_clean, drift, everything, json, parsed, policy, text};

/// The query and the expected rules.
struct Case {
    unit: Unit,
    policy: Policy,
}

/// The first byte of an input selects a case: `0` selects the first one, and so on. Any other byte
/// selects a case too.
static CASES: LazyLock<[Case; 7]> = LazyLock::new(|| {
    let tokyo = |directions: &[Direction]| Selection {
        regions: vec!["tokyo".to_owned()],
        directions: directions.to_vec(),
        ..everything()
    };
    // The policies are small, because the deployed rules matter more than the expected ones.
    let networks = ["198.51.100.7/32", "203.0.113.8/29"].map(|n| n.parse::<Ipv4Net>().unwrap());
    let local = Selection {
        local_addresses: select::local_addresses(&networks),
        local_sip_port: Some(5070),
        local_rtp_ports: Some("16384-32767".parse().unwrap()),
        ..tokyo(&BOTH)
    };
    let [incoming, outgoing] = [&BOTH[..1], &BOTH[1..]];
    let case = |name: &str, table: Option<&str>, editions: &[&str], selection: &Selection| Case {
        unit: Unit {
            name: UnitName::deployed(name).unwrap(),
            table: table.map(str::to_owned),
            ..Unit::default()
        },
        policy: policy(editions, selection),
    };
    [
        case("twilio-sip", None, &["regional"], &tokyo(&BOTH)),
        case("twilio-sip", None, &["regional"], &tokyo(incoming)),
        case("twilio-sip", None, &["regional"], &tokyo(outgoing)),
        case("twilio-sip", None, &["global"], &tokyo(&BOTH)),
        case("twilio-sip", None, &["regional", "global"], &local),
        case("own", None, &["regional"], &tokyo(incoming)),
        case("own", Some("ip own"), &["interconnect"], &tokyo(outgoing)),
    ]
});

/// The formats without a target of their own. The first letter of an input selects the format.
#[rustfmt::skip]
const OTHERS: &[&str] = &[
    "ipset",
    "ufw",
    "firewalld",
    "terraform",
    "cloudformation",
    "aws-prefix-list",
    "asterisk",
    "kamailio",
    "cisco-asa",
    "junos",
    "mikrotik",
    "freeswitch",
    "cisco-cube",
    "livekit",
    "tfvars",
];

/// Tests an input that starts with the letter of its format.
pub fn try_out_other(data: &[u8]) {
    if let Some((letter, rest)) = data.split_first() {
        let number = usize::from(letter.wrapping_sub(b'a'));
        try_out(OTHERS[number % OTHERS.len()], rest);
    }
}

/// Tests an input that starts with the digit of its case.
pub fn try_out(format: &str, data: &[u8]) {
    let Some((first, rest)) = data.split_first() else {
        return;
    };
    let case = &CASES[usize::from(first.wrapping_sub(b'0')) % CASES.len()];
    let (format, text) = (format::registry::find(format).unwrap(), text(rest));
    let wanted = UnitQuery {
        unit: &case.unit,
        directions: &case.policy.scope.directions,
        limits: Limits::default(),
    };
    let Some(units) = parsed(format, &text, wanted) else {
        return;
    };
    let Some(drift) = drift(format, &case.policy, &units) else {
        return;
    };
    report(format, &case.policy, &text, &units, &drift);
    repair(format, &case.policy, &text, wanted);
}

fn report(format: &dyn Format, policy: &Policy, text: &str, units: &[DeployedUnit], drift: &Drift) {
    let absent = |unit: &'_ DeployedUnit| unit.absent.is_some();
    let empty = units.iter().filter(|unit| absent(unit));
    let checked = CheckedFile {
        file: "a file".into(),
        name: "a file".to_owned(),
        text,
        excerpt: format::excerpt(format),
        lines: Lines::of(text),
        drift,
        units: units.iter().map(|unit| unit.name.as_str()).collect(),
        empty: empty
            .map(|unit| {
                (
                    unit.name.as_str(),
                    unit.absent.as_deref().unwrap_or_default(),
                )
            })
            .collect(),
        unselected: None,
        diagnosis: None,
    };
    let expectation = Expectation {
        format: format.info().name,
        granularity: format.info().granularity,
        scope: &policy.scope,
    };
    let written = |report: &dyn Report| {
        let head = report.head(&expectation, &Summary::of(drift, &checked.units));
        let mut file = Vec::new();
        report
            .file(&checked, &mut file)
            .expect("memory never fails");
        let file = String::from_utf8(file).expect("reports are text");
        format!("{head}{file}{}", report.end())
    };
    assert_clean(&written(&Text {
        colored: false,
        verbose: true,
    }));
    let annotations = written(&GitHub { verbose: true });
    assert_clean(&annotations);
    let mut commands = annotations.lines().skip(1);
    assert!(
        commands.all(|line| line.starts_with("::error ")),
        "{annotations}"
    );
    let report = json(&written(&Json));
    let verdict = if drift.is_none() { "in sync" } else { "drift" };
    assert_eq!(report["files"][0]["verdict"], verdict);
}

/// Tests a repair that depends on the listing. Other repairs are rendered outputs, which the target
/// `round_trip` tests.
fn repair(format: &dyn Format, policy: &Policy, text: &str, wanted: UnitQuery) {
    let steps = format
        .parser()
        .and_then(|parser| parser.stepwise_repair(policy, text, wanted));
    if let Some(Ok(steps)) = steps {
        json(&steps);
    }
}
