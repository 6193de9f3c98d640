#![no_main]

use twilio_sip_allow_fuzz::{template, within_limits};

libfuzzer_sys::fuzz_target!(|data: &[u8]| within_limits(|| template::try_out(data)));
