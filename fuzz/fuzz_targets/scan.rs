#![no_main]

use twilio_sip_allow_fuzz::{scan, within_limits};

libfuzzer_sys::fuzz_target!(|data: &[u8]| within_limits(|| scan::try_out(data)));
