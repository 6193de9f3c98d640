#![no_main]

use twilio_sip_allow_fuzz::{arguments, within_limits};

libfuzzer_sys::fuzz_target!(|data: &[u8]| within_limits(|| arguments::try_out(data)));
