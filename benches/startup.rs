//! The whole process, in every format, against a Rust program that does nothing.
//!
//! `cargo bench --bench startup` prints ratios of wall time and of peak memory, all of one run:
//! the calls alternate, so whatever else the machine does hits all of them alike.

mod measure;

use std::path::PathBuf;

use measure::{build, launcher, peak_kib, time};

const ROUNDS: usize = 1000;
const WARM_UP: usize = 20;

struct Measured {
    name: String,
    command: Vec<String>,
    micros: Vec<u128>,
    peak_kib: u64,
}

fn main() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let nothing = build(&folder, "nothing", "fn main() {}", &[]);
    let launcher = launcher(&folder);
    let mut all = vec![measured("nothing", vec![nothing])];
    for format in ["iptables", "nftables", "pf", "aws-sg", "cisco"] {
        let program = env!("CARGO_BIN_EXE_twilio-sip-allow");
        let command = [program, "--quiet", "--format", format].map(str::to_owned);
        all.push(measured(format, command.to_vec()));
    }
    for round in 0..WARM_UP + ROUNDS {
        for one in &mut all {
            let micros = time(&one.command);
            if round >= WARM_UP {
                one.micros.push(micros);
            }
        }
    }
    for one in &mut all {
        one.peak_kib = (0..10)
            .map(|_| peak_kib(&launcher, &one.command))
            .max()
            .unwrap_or(0);
    }
    report(&mut all);
}

fn measured(name: &str, command: Vec<String>) -> Measured {
    Measured {
        name: name.to_owned(),
        command,
        micros: Vec::new(),
        peak_kib: 0,
    }
}

#[allow(clippy::cast_precision_loss, reason = "small numbers")]
fn report(all: &mut [Measured]) {
    println!("{ROUNDS} alternating runs each; medians of wall time, maxima of peak memory");
    println!(
        "{:10} {:>8} {:>6} {:>10} {:>6}",
        "", "µs", "ratio", "peak KiB", "ratio"
    );
    let mut floor = None;
    for one in all {
        one.micros.sort_unstable();
        let median = one.micros[one.micros.len() / 2];
        let (time, memory) = *floor.get_or_insert((median, one.peak_kib));
        println!(
            "{:10} {median:>8} {:>6.2} {:>10} {:>6.2}",
            one.name,
            median as f64 / time as f64,
            one.peak_kib,
            one.peak_kib as f64 / memory as f64
        );
    }
    let program = std::fs::metadata(env!("CARGO_BIN_EXE_twilio-sip-allow"));
    println!(
        "binary: {} bytes",
        program.expect("the program is there").len()
    );
}
