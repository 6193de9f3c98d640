//! Fuzzes a user's own list.

use twilio_sip_allow::dataset::{Edition, parse_edition, to_yaml};
use twilio_sip_allow::format::{self, FormatError, Unit};
use twilio_sip_allow::select;

use crate::{REFERENCE_DATA, assert_in_sync, everything, text};

pub fn try_out(data: &[u8]) {
    match parse_edition("own.yaml", &text(data), &REFERENCE_DATA) {
        Ok(edition) => use_it(edition),
        Err(error) => assert!(error.to_string().starts_with("own.yaml:")),
    }
}

/// Tests that an accepted list is the same after writing and parsing it, and that it can be
/// rendered.
fn use_it(edition: Edition) {
    let yaml = to_yaml(&edition).unwrap();
    let again = parse_edition("again.yaml", &yaml, &REFERENCE_DATA).unwrap();
    assert_eq!(yaml, to_yaml(&again).unwrap());
    let selection = everything();
    let editions = [edition];
    let policy = select::policy(&selection, &editions, &REFERENCE_DATA).unwrap();
    select::notices(&selection, &policy, &editions, &REFERENCE_DATA).for_each(drop);
    for format in format::registry::readable() {
        let unit = Unit::default();
        match format::render(format, &policy, &unit) {
            Ok(text) => assert_in_sync(format, &policy, &unit, &text),
            // Some formats support only one direction, one plane, or a limited number of networks.
            Err(FormatError::Inexpressible { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}
