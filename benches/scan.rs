//! `scan` on a tree of 200 MB, beside ripgrep with a pattern of IPv4 addresses; `explain` on
//! 100,000 lines, beside `wc -l`.
//!
//! `cargo bench --bench scan` prints the fastest of several alternating rounds of each, and ratios.
//! ripgrep counts all matches on two threads, as `scan` looks at all of them. The tree has no
//! address of Twilio's; what judging costs is shown by files that have nothing else, and by the
//! ratio to files of half their size.

mod measure;

use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use measure::{launcher, peak_kib, time};

const ROUNDS: usize = 7;
const FILES: usize = 400;
const FILE_SIZE: usize = 512 << 10;
const LINES: u32 = 100_000;

/// Four figures of up to three digits, as a whole word.
const PATTERN: &str = r"\b(?:\d{1,3}\.){3}\d{1,3}\b";

fn main() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let launcher = launcher(&folder);
    scan(&folder, &launcher);
    judge(&folder, &launcher);
    explain(&folder, &launcher);
}

fn scan(folder: &Path, launcher: &str) {
    let tree = folder.join("tree");
    let _ = std::fs::remove_dir_all(&tree);
    std::fs::create_dir_all(&tree).expect("the folder is writable");
    let mut size = 0;
    let mut random = Random(1);
    for number in 0..FILES {
        let text = file(&mut random);
        size += text.len();
        std::fs::write(tree.join(format!("{number}.txt")), text).expect("the folder is writable");
    }
    let tree = tree.display().to_string();
    let program = env!("CARGO_BIN_EXE_twilio-sip-allow");
    let own = words(&[program, "scan", "--fail-on", "none", &tree]);
    let rg = words(&[
        "rg",
        "--no-config",
        "--threads",
        "2",
        "--count-matches",
        PATTERN,
        &tree,
    ]);
    println!("scan of {FILES} files, {} MB", size / 1_000_000);
    compare(launcher, &own, ("rg", &rg));
    std::fs::remove_dir_all(&tree).expect("the folder is ours");
}

/// Files that say Twilio, with addresses of which each has to be judged.
fn judge(folder: &Path, launcher: &str) {
    let program = env!("CARGO_BIN_EXE_twilio-sip-allow");
    for (name, separator, network) in [
        ("lines in force", "\n", 0xa856_8000),
        ("lines unpublished", "\n", 0xa756_8000),
        ("one line in force", " ", 0xa856_8000),
        ("one line unpublished", " ", 0xa756_8000),
    ] {
        let write = |count: u32| {
            let mut random = Random(3);
            let addresses =
                (0..count).map(|_| Ipv4Addr::from(network | random.below(1 << 14)).to_string());
            let text = format!(
                "# Twilio\n{}\n",
                addresses.collect::<Vec<_>>().join(separator)
            );
            let file = folder.join(format!("addresses-{count}.txt"));
            std::fs::write(&file, text).expect("the folder is writable");
            words(&[
                program,
                "scan",
                "--fail-on",
                "none",
                &file.display().to_string(),
            ])
        };
        println!("scan of {LINES} addresses, {name}");
        compare(launcher, &write(LINES), ("half of them", &write(LINES / 2)));
    }
}

fn explain(folder: &Path, launcher: &str) {
    let mut text = String::new();
    let mut random = Random(2);
    for number in 0..LINES {
        // Every other one is of the media network in force.
        let address = if number % 2 == 0 {
            0xa856_8000 | random.below(1 << 14)
        } else {
            random.below(u32::MAX)
        };
        writeln!(text, "{}", Ipv4Addr::from(address)).expect("a string takes all");
    }
    let lines = folder.join("addresses.txt");
    std::fs::write(&lines, text).expect("the folder is writable");
    let lines = lines.display().to_string();
    let program = env!("CARGO_BIN_EXE_twilio-sip-allow");
    let own = words(&["sh", "-c", "exec \"$0\" explain < \"$1\"", program, &lines]);
    let wc = words(&["sh", "-c", "exec wc -l < \"$1\"", "wc", &lines]);
    println!("explain of {LINES} lines");
    compare(launcher, &own, ("wc -l", &wc));
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[allow(clippy::cast_precision_loss, reason = "small numbers")]
fn compare(launcher: &str, own: &[String], (name, peer): (&str, &[String])) {
    let mut best = [u128::MAX; 2];
    for _ in 0..ROUNDS {
        best = [time(own).min(best[0]), time(peer).min(best[1])];
    }
    println!(
        "  twilio-sip-allow {:>8} µs, peak {} KiB",
        best[0],
        peak_kib(launcher, own)
    );
    println!(
        "  {name:16} {:>8} µs, ratio {:.2}",
        best[1],
        best[0] as f64 / best[1] as f64
    );
}

/// Numbers that are the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as u32) % limit
    }
}

/// Lines as they stand in source code, configurations and logs.
fn file(random: &mut Random) -> String {
    const WORDS: [&str; 16] = [
        "let",
        "config",
        "server",
        "return",
        "value.len()",
        "self.items",
        "allow",
        "deny",
        "the",
        "route",
        "// see",
        "timeout",
        "= 0.25;",
        "port",
        "version",
        "media",
    ];
    let mut text = String::with_capacity(FILE_SIZE + 200);
    while text.len() < FILE_SIZE {
        let address = Ipv4Addr::from(random.below(u32::MAX));
        match random.below(20) {
            0 => writeln!(text, "    allow {address}/{};", 8 + random.below(25)),
            1 | 2 => writeln!(
                text,
                "2026-01-{:02} 10:{:02}:{:02} ACCEPT SRC={address} DST=10.0.0.{} LEN={}",
                1 + random.below(28),
                random.below(60),
                random.below(60),
                random.below(256),
                random.below(1500)
            ),
            3 => writeln!(
                text,
                "  \"version\": \"{}.{}.{}\",",
                random.below(20),
                random.below(20),
                random.below(20)
            ),
            _ => {
                for _ in 0..4 + random.below(8) {
                    text.push_str(WORDS[random.below(16) as usize]);
                    text.push(' ');
                }
                writeln!(text)
            }
        }
        .expect("a string takes all");
    }
    text
}
