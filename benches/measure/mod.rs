//! What the benchmarks share: programs are built, timed, and asked for their peak memory.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

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

/// Builds the program that [`peak_kib`] starts others with.
pub fn launcher(folder: &Path) -> String {
    build(
        folder,
        "launcher",
        LAUNCHER,
        &["-C", "target-feature=+crt-static"],
    )
}

/// Builds a program as the release profile builds ours.
pub fn build(folder: &Path, name: &str, source: &str, more: &[&str]) -> String {
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

/// The wall time of a call that must succeed, in microseconds.
pub fn time(command: &[String]) -> u128 {
    let mut command = prepared(command);
    let start = Instant::now();
    let status = command.status().expect("the program starts");
    let micros = start.elapsed().as_micros();
    assert!(status.success());
    micros
}

/// The peak memory of a call that must succeed.
pub fn peak_kib(launcher: &str, command: &[String]) -> u64 {
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
