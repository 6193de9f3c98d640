//! The whole process, in every format, against a Rust program that does nothing.
//!
//! `cargo bench --bench startup` prints ratios of wall time and of peak memory, all of one run:
//! the calls alternate, so whatever else the machine does hits all of them alike.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

const ROUNDS: usize = 1000;
const WARM_UP: usize = 20;

/// Runs its arguments and prints the peak memory of that in KiB. A child's peak counts what its
/// parent had when it was started, so this is a small static program.
const LAUNCHER: &str = r#"
use std::process::{Command, Stdio};
unsafe extern "C" {
    fn wait4(pid: i32, status: *mut i32, options: i32, usage: *mut [i64; 18]) -> i32;
}
fn main() {
    let mut args = std::env::args_os().skip(1);
    let mut command = Command::new(args.next().unwrap());
    let child = command.args(args).stdout(Stdio::null()).spawn().unwrap();
    // struct rusage: two struct timeval, then ru_maxrss (getrusage(2), 64-bit Linux).
    let (mut status, mut usage) = (0, [0; 18]);
    unsafe { wait4(child.id() as i32, &mut status, 0, &mut usage) };
    assert_eq!(status, 0);
    println!("{}", usage[4]);
}
"#;

struct Measured {
    name: String,
    command: Vec<String>,
    micros: Vec<u128>,
    peak_kib: u64,
}

fn main() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let nothing = build(&folder, "nothing", "fn main() {}", &[]);
    let launcher = build(
        &folder,
        "launcher",
        LAUNCHER,
        &["-C", "target-feature=+crt-static"],
    );
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

/// Builds a program as the release profile builds ours.
fn build(folder: &Path, name: &str, source: &str, more: &[&str]) -> String {
    let (file, program) = (folder.join(format!("{name}.rs")), folder.join(name));
    std::fs::write(&file, source).expect("the folder is writable");
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let built = Command::new(rustc)
        .args([
            "--edition=2024",
            "-C",
            "opt-level=3",
            "-C",
            "lto",
            "-C",
            "codegen-units=1",
        ])
        .args(["-C", "panic=abort", "-C", "strip=symbols"])
        .args(more)
        .arg("-o")
        .args([&program, &file])
        .status()
        .expect("rustc runs");
    assert!(built.success());
    program.display().to_string()
}

fn time(command: &[String]) -> u128 {
    let mut command = prepared(command);
    let start = Instant::now();
    let status = command.status().expect("the program starts");
    let micros = start.elapsed().as_micros();
    assert!(status.success());
    micros
}

fn peak_kib(launcher: &str, command: &[String]) -> u64 {
    let launched = [&[launcher.to_owned()], command].concat();
    let output = prepared(&launched)
        .stdout(Stdio::piped())
        .output()
        .expect("the launcher starts");
    String::from_utf8_lossy(&output.stdout)
        .trim()
        .parse()
        .expect("a number")
}

fn prepared(words: &[String]) -> Command {
    let mut command = Command::new(&words[0]);
    command
        .args(&words[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
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
