#![no_main]

use twilio_sip_allow_fuzz::{deployed, within_limits};

libfuzzer_sys::fuzz_target!(|data: &[u8]| within_limits(|| deployed::try_out("iptables", data)));
