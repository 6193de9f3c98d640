//! The whole process, in every format, against a Rust program that does nothing.
//!
//! `cargo bench --bench startup` prints ratios of wall time and of peak memory, all of one run:
//! the calls alternate, so whatever else the machine does hits all of them alike.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

const ROUNDS: usize = 1000;
const WARM_UP: usize = 20;

struct Measured {
    name: String,
    command: Command,
    micros: Vec<u128>,
    peak_kib: i64,
}

fn main() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let mut all = vec![measured("nothing", Command::new(build_nothing(&folder)))];
    for format in ["iptables", "nftables", "pf", "aws-sg", "cisco"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_twilio-sip-allow"));
        command.args(["--quiet", "--format", format]);
        all.push(measured(format, command));
    }
    for round in 0..WARM_UP + ROUNDS {
        for one in &mut all {
            run(one, round >= WARM_UP);
        }
    }
    report(&mut all);
}

fn measured(name: &str, mut command: Command) -> Measured {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    Measured {
        name: name.to_owned(),
        command,
        micros: Vec::new(),
        peak_kib: 0,
    }
}

/// A program that does nothing, built as the release profile builds ours.
fn build_nothing(folder: &Path) -> PathBuf {
    let source = folder.join("nothing.rs");
    let program = folder.join("nothing");
    std::fs::write(&source, "fn main() {}\n").expect("the folder is writable");
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let built = Command::new(rustc)
        .args(["-C", "opt-level=3", "-C", "lto", "-C", "codegen-units=1"])
        .args(["-C", "panic=abort", "-C", "strip=symbols", "-o"])
        .args([&program, &source])
        .status()
        .expect("rustc runs");
    assert!(built.success());
    program
}

#[expect(
    clippy::zombie_processes,
    reason = "wait4 reaps it, and says its memory"
)]
fn run(one: &mut Measured, counts: bool) {
    let start = Instant::now();
    let child = one.command.spawn().expect("the program starts");
    let (status, peak_kib) = wait(child.id());
    let micros = start.elapsed().as_micros();
    assert_eq!(status, 0, "{}", one.name);
    if counts {
        one.micros.push(micros);
        one.peak_kib = one.peak_kib.max(peak_kib);
    }
}

/// Waits for a child: its status and its peak memory in KiB.
fn wait(id: u32) -> (i32, i64) {
    let mut status = 0;
    let pid = libc::pid_t::try_from(id).expect("a process id");
    // SAFETY: both pointers are to live values of the types that wait4(2) fills; a zeroed rusage
    // is a valid one.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        assert_eq!(libc::wait4(pid, &raw mut status, 0, &raw mut usage), pid);
        usage
    };
    (status, usage.ru_maxrss)
}

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
        #[allow(clippy::cast_precision_loss, reason = "small numbers")]
        let ratios = (
            median as f64 / time as f64,
            one.peak_kib as f64 / memory as f64,
        );
        println!(
            "{:10} {median:>8} {:>6.2} {:>10} {:>6.2}",
            one.name, ratios.0, one.peak_kib, ratios.1
        );
    }
    println!(
        "(a child's peak includes this launcher's memory at the start: {} KiB)",
        own_kib()
    );
    let program = std::fs::metadata(env!("CARGO_BIN_EXE_twilio-sip-allow"));
    println!(
        "binary: {} bytes",
        program.expect("the program is there").len()
    );
}

fn own_kib() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.map_or("unknown".to_owned(), |line| {
        line.trim().trim_end_matches(" kB").to_owned()
    })
}
