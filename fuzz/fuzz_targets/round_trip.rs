#![no_main]

use twilio_sip_allow_fuzz::round_trip::{Wish, round_trip};
use twilio_sip_allow_fuzz::within_limits;

libfuzzer_sys::fuzz_target!(|wish: Wish| within_limits(|| round_trip(&wish)));
