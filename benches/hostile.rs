//! How long an answer to a hostile input takes, and how much memory: a second and 256 MB at most.
//!
//! `cargo bench --bench hostile`; the inputs are those of `tests/hostile.rs`.

#[allow(dead_code, reason = "what must be answered is for the tests")]
#[path = "../tests/common/hostile.rs"]
mod hostile;
mod measure;

use std::path::PathBuf;

use hostile::INPUTS;
use measure::{launcher, peak_kib, time};

const ROUNDS: usize = 3;

fn main() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let launcher = launcher(&folder);
    let file = folder.join("FILE");
    println!("fastest of {ROUNDS} calls");
    println!("{:45} {:>8} {:>8}", "", "ms", "peak MB");
    for input in INPUTS {
        std::fs::write(&file, (input.make)()).expect("the folder is writable");
        let program = env!("CARGO_BIN_EXE_twilio-sip-allow");
        let args = input.args.replace("FILE", &file.display().to_string());
        // The answer to most of them is an error.
        let call = format!("{program} {args} || true");
        let command = ["sh", "-c", &call].map(str::to_owned);
        let micros = (0..ROUNDS).map(|_| time(&command)).min().unwrap_or(0);
        let mib = peak_kib(&launcher, &command) / 1024;
        let millis = micros / 1000;
        let over = if millis > 1000 || mib > 256 {
            "  OVER"
        } else {
            ""
        };
        println!("{:45} {millis:>8} {mib:>8}{over}", input.name);
    }
    let _ = std::fs::remove_file(file);
}
