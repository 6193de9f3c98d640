#![no_main]

use twilio_sip_allow_fuzz::{page, within_limits};

libfuzzer_sys::fuzz_target!(|data: &[u8]| within_limits(|| page::try_out(data)));
