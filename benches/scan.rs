//! Measures `scan` on a tree of 200 MB, compared with ripgrep and a pattern for IPv4 addresses, and
//! on files in which it must classify each address. Measures `explain` on 100,000 lines, compared
//! with `wc -l`.
//!
//! `cargo bench --bench scan`. ripgrep counts all matches on two threads, because `scan` looks at
//! all of them. The tree has no Twilio address. The files that consist only of addresses show the
//! cost of classifying them.

mod measure;

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use measure::job::{Job, fastest};
use measure::random::Random;
use measure::section::Section;
use measure::table::{Table, count, kib, millis, ratio};
use measure::{file, folder};

const ROUNDS: usize = 7;
const FILES: usize = 400;
const FILE_SIZE: usize = 512 << 10;
const LINES: u32 = 100_000;

/// The media network of edition `global`, and the same network with a typing error.
const IN_FORCE: u32 = 0xa856_8000;
const UNPUBLISHED: u32 = 0xa756_8000;

/// Four numbers of up to three digits as a whole word.
const PATTERN: &str = r"\b(?:\d{1,3}\.){3}\d{1,3}\b";

fn main() {
    let mut section = Section::new("scan", "Scan and explain");
    scan(&mut section);
    judge(&mut section);
    explain(&mut section);
    section.write();
}

fn scan_job() -> Job {
    Job::own("scan --fail-on none")
}

fn scan(section: &mut Section) {
    let trees = [("tree", FILES), ("half", FILES / 2), ("tenth", FILES / 10)];
    let mut megabytes = 0;
    let jobs = trees.map(|(name, files)| {
        let tree = folder(name);
        let mut random = Random(1);
        for number in 0..files {
            let text = text(&mut random);
            megabytes += if name == "tree" { text.len() } else { 0 };
            std::fs::write(tree.join(format!("{number}.txt")), text).expect("the tree is writable");
        }
        let scan = scan_job().arg(&tree);
        let found = scan.output();
        assert_eq!(found.trim_end(), "no Twilio addresses found");
        let rg = Job::new("rg --no-config --threads 2 --count-matches");
        (scan, rg.arg(PATTERN).arg(tree))
    });
    let [(own, rg), (half, _), (tenth, _)] = &jobs;
    let has_rg = Job::new("rg --version").works();
    let mut timed = vec![own, half];
    timed.extend(has_rg.then_some(rg));
    let times = fastest(ROUNDS, &timed);
    let peer = |cell: &dyn Fn() -> String| if has_rg { cell() } else { "missing".to_owned() };
    let mut table = Table::new(
        "| MB | ms | to half of them | ripgrep ms | ratio | peak MB | instructions, of a tenth",
    );
    table.row([
        format!("{FILES} files"),
        count((megabytes / 1_000_000) as u64),
        millis(times[0]),
        ratio(times[0], times[1]),
        peer(&|| millis(times[2])),
        peer(&|| ratio(times[0], times[2])),
        kib(own.peak(1)),
        count(tenth.instructions()),
    ]);
    section.add(format_args!(
        "`scan` of files without a Twilio address, on all cores, compared with ripgrep, which \
         counts strings that look like addresses; fastest of {ROUNDS} runs:"
    ));
    section.add(table);
    for (name, _) in trees {
        std::fs::remove_dir_all(folder(name)).expect("the folder is ours");
    }
}

/// Files that mention Twilio, with addresses that must each be classified.
fn judge(section: &mut Section) {
    let mut table = Table::new(HEAD);
    for (name, separator, network, verdict) in [
        ("separate lines, in force", "\n", IN_FORCE, "current"),
        (
            "separate lines, unpublished",
            "\n",
            UNPUBLISHED,
            "unpublished",
        ),
        ("one line, in force", " ", IN_FORCE, "current"),
        ("one line, unpublished", " ", UNPUBLISHED, "unpublished"),
    ] {
        let job = |lines: u32| {
            let mut random = Random(3);
            let addresses =
                (0..lines).map(|_| Ipv4Addr::from(network | random.below(1 << 14)).to_string());
            let addresses = addresses.collect::<Vec<_>>().join(separator);
            let text = format!("# Twilio\n{addresses}\n");
            let job = scan_job().arg(file(&format!("addresses-{lines}.txt"), &text));
            let found = job.output();
            let (summary, expected) = (found.lines().last(), format!(" {lines} {verdict}"));
            assert!(
                summary.is_some_and(|line| line.contains(&expected)),
                "{summary:?}"
            );
            job
        };
        compare(&mut table, name, job);
    }
    section.add(format_args!(
        "`scan` of one file in which every address must be classified; fastest of {ROUNDS} runs:"
    ));
    section.add(table);
}

fn explain(section: &mut Section) {
    let job = |lines: u32| {
        let mut text = String::new();
        let mut random = Random(2);
        for number in 0..lines {
            // Every second address is in the current media network.
            let address = if number % 2 == 0 {
                IN_FORCE | random.below(1 << 14)
            } else {
                random.below(u32::MAX)
            };
            writeln!(text, "{}", Ipv4Addr::from(address)).expect("writing to a string never fails");
        }
        let lines = file(&format!("explain-{lines}.txt"), &text);
        (
            Job::own("explain").stdin(lines.clone()),
            Job::new("wc -l").stdin(lines),
        )
    };
    let (own, wc) = job(LINES);
    let media = own
        .output()
        .lines()
        .filter(|line| line.contains("): media of all regions ("))
        .count();
    assert_eq!(media, LINES as usize / 2);
    let mut table = Table::new(HEAD);
    compare(&mut table, "explain", |lines| job(lines).0);
    let times = fastest(ROUNDS, &[&own, &wc]);
    table.row([
        "`wc -l`".to_owned(),
        count(u64::from(LINES)),
        millis(times[1]),
    ]);
    section.add(format_args!(
        "`explain` of a file of addresses, half of which belong to Twilio; fastest of {ROUNDS} runs. \
         `wc -l` of the same file takes 1/{} of the time:",
        ratio(times[0], times[1])
    ));
    section.add(table);
}

const HEAD: &str = "| addresses | ms | to half of them | peak MB | instructions, each | to half";

/// Adds a row for a job with [`LINES`] addresses and with half of them.
fn compare(table: &mut Table, name: &str, job: impl Fn(u32) -> Job) {
    let [all, half] = [job(LINES), job(LINES / 2)];
    let times = fastest(ROUNDS, &[&all, &half]);
    let [instructions, fewer] = [all.instructions(), half.instructions()];
    table.row([
        name.to_owned(),
        count(u64::from(LINES)),
        millis(times[0]),
        ratio(times[0], times[1]),
        kib(all.peak(1)),
        count(instructions.map(|all| all / u64::from(LINES))),
        instructions
            .zip(fewer)
            .map_or_else(String::new, |(all, half)| ratio(all, half)),
    ]);
}

/// Writes lines that are typical of source code, configurations and logs.
fn text(random: &mut Random) -> String {
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
        .expect("writing to a string never fails");
    }
    text
}
