#![no_main]

use twilio_sip_allow_fuzz::{explain, within_limits};

libfuzzer_sys::fuzz_target!(|data: &[u8]| within_limits(|| explain::try_out(data)));
