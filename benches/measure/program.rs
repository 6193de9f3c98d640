//! Programs that the benchmarks build.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

/// A program that runs its arguments, prints their peak memory in KiB and their minor page faults, and exits with their
/// status. The peak of a child includes the memory of its parent at the start, so this is a small static
/// program.
const LAUNCHER: &str = r#"
use std::process::{Command, Stdio};
unsafe extern "C" {
    fn wait4(pid: i32, status: *mut i32, options: i32, usage: *mut [i64; 18]) -> i32;
}
fn main() {
    let mut args = std::env::args_os().skip(1);
    let mut command = Command::new(args.next().unwrap());
    let child = command.args(args).stdout(Stdio::null()).spawn().unwrap();
    // struct rusage: two struct timeval, then ru_maxrss, and ru_minflt after three others (getrusage(2), 64-bit Linux).
    let (mut status, mut usage) = (0, [0; 18]);
    unsafe { wait4(child.id() as i32, &mut status, 0, &mut usage) };
    // wait(2): the signal that ended it, and its exit status.
    assert_eq!(status & 0x7f, 0);
    println!("{} {}", usage[4], usage[8]);
    std::process::exit(status >> 8);
}
"#;

/// Returns the path of the launcher, which measures the memory of other programs.
pub fn launcher() -> &'static str {
    static BUILT: OnceLock<String> = OnceLock::new();
    BUILT.get_or_init(|| build("launcher", LAUNCHER, &["-C", "target-feature=+crt-static"]))
}

/// Builds a program with the settings of our profile for benchmarks.
pub fn build(name: &str, source: &str, more: &[&str]) -> String {
    let ours = "-C opt-level=3 -C lto -C codegen-units=1 -C panic=abort -C strip=symbols";
    let flags: Vec<&str> = ours.split(' ').chain(more.iter().copied()).collect();
    build_with(name, source, &flags)
}

/// Builds a program with these flags of the compiler.
pub fn build_with(name: &str, source: &str, flags: &[&str]) -> String {
    let file = super::file(&format!("{name}.rs"), source);
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let built = Command::new(rustc)
        .arg("--edition=2024")
        .args(flags)
        .arg("-o")
        .args([&program, &file])
        .status()
        .expect("rustc runs");
    assert!(built.success(), "{name} cannot be built");
    program.display().to_string()
}
