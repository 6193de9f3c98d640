#![no_main]

use twilio_sip_allow_fuzz::{dataset, within_limits};

libfuzzer_sys::fuzz_target!(|data: &[u8]| within_limits(|| dataset::try_out(data)));
