//! Fuzzes a page on which Twilio publishes a list.

use twilio_sip_allow::dataset::{Connection, Region, parse_edition, to_yaml};
use twilio_sip_allow::page::difference::{Extent, changes, missing};
use twilio_sip_allow::page::{Heading, Page};
use twilio_sip_allow::policy::Plane;
use twilio_sip_allow::report::{Compared, Comparison};

use crate::{EDITIONS, REFERENCE_DATA, assert_clean, json, text};

pub fn try_out(data: &[u8]) {
    let text = text(data);
    match Page::read(&text, &REFERENCE_DATA) {
        Ok(page) => {
            compare(&page);
            import(&page);
        }
        Err(errors) => {
            assert!(!errors.is_empty());
            let count = text.split(['\n', '\r']).count();
            for error in errors {
                assert!(error.line.is_none_or(|line| (1..=count).contains(&line)));
                assert!(!error.problem.is_empty());
            }
        }
    }
}

fn compare(page: &Page) {
    for edition in EDITIONS.iter() {
        let regions = edition.regions(&REFERENCE_DATA);
        let extent = Extent {
            regions: &regions,
            planes: &Plane::ALL,
            others: true,
        };
        if !missing(page, extent).is_empty() {
            continue;
        }
        let old = Page::of_edition(edition, &REFERENCE_DATA);
        let changes = changes(&old, page, &REFERENCE_DATA, extent);
        let comparison = Comparison {
            new: Compared {
                file: Some("a page"),
                edition: None,
            },
            old: Compared {
                file: None,
                edition: Some(edition),
            },
            chosen: true,
            changes: &changes,
            equal: &[],
            regions: REFERENCE_DATA.regions.len(),
            part: None,
        };
        assert_clean(&comparison.text());
        json(&comparison.json());
    }
}

/// Tests that an imported page is a valid dataset.
fn import(page: &Page) {
    let all: Vec<&Region> = REFERENCE_DATA.regions.iter().collect();
    for regions in [&all[..], &all[4..5]] {
        let heading = Heading {
            name: "imported".into(),
            title: "Imported".to_owned(),
            source: "a page".to_owned(),
            in_force_since: None,
            retrieved: None,
            connection: Connection::Public,
        };
        if let Ok(edition) = page.import(heading, regions) {
            let yaml = to_yaml(&edition).unwrap();
            parse_edition("imported", &yaml, &REFERENCE_DATA).unwrap();
        }
    }
}
