//! Fuzzes a user's own template.

use std::sync::LazyLock;

use twilio_sip_allow::format::{Unit, render_template};
use twilio_sip_allow::policy::Policy;

use crate::{everything, policy, text};

static POLICY: LazyLock<Policy> = LazyLock::new(|| policy(&["regional"], &everything()));

pub fn try_out(data: &[u8]) {
    match render_template("own.j2", &text(data), &POLICY, &Unit::default()) {
        Ok(text) => assert!(!text.trim().is_empty()),
        Err(error) => assert!(error.to_string().starts_with("own.j2:")),
    }
}
