//! Measures `check` on large inputs of every format, and other programs on the same input.
//!
//! `cargo bench --bench check`

mod measure;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use measure::job::{Job, fastest};
use measure::random::Random;
use measure::rules::{LISTINGS, Listing, Parts};
use measure::section::Section;
use measure::table::{Table, count, kib, millis, ratio};
use measure::{file, folder};

const ROUNDS: usize = 5;
const FILES: usize = 10_000;

/// The arguments of every call of `check`.
const OPTIONS: &str = "check --quiet --edition global --plane media --direction in";

/// A million rules are more than a firewall has and more than the default limits allow.
const LIMITS: &str = "input=1G,rules=2M,boxes=2M,work=2G";

fn main() {
    let mut section = Section::new("check", "Check");
    units(&mut section);
    many_files(&mut section);
    chains(&mut section);
    peers(&mut section);
    section.write();
}

fn check(format: &str, files: &[PathBuf]) -> Job {
    Job::own(OPTIONS).arg("--format").arg(format).args(files)
}

fn units(section: &mut Section) {
    let mut table = Table::new(
        "| rules | ms | to half of them | rules a second | peak MB | instructions, of rules | each | to half",
    );
    for listing in LISTINGS {
        let folder = folder("units");
        let unit = |parts: &Parts| {
            let (format, name, text) = listing;
            let file = folder.join(format!("{name}-{}", parts.count()));
            std::fs::write(&file, text(parts)).expect("the folder is writable");
            in_sync(check(format, &[file]).arg("--limit").arg(LIMITS))
        };
        let [million, half] = [unit(&Parts::MILLION), unit(&Parts::MILLION.half())];
        let [part, half_part] = [unit(&Parts::THOUSANDS), unit(&Parts::THOUSANDS.half())];
        let times = fastest(ROUNDS, &[&million, &half]);
        let rules = u64::from(Parts::MILLION.count());
        let counted = u64::from(Parts::THOUSANDS.count());
        let (instructions, half_instructions) = (part.instructions(), half_part.instructions());
        table.row([
            listing.1.to_owned(),
            count(rules),
            millis(times[0]),
            ratio(times[0], times[1]),
            rate(rules, times[0]),
            kib(million.peak(1)),
            count(counted),
            count(instructions.map(|all| all / counted)),
            doubled(instructions, half_instructions),
        ]);
        std::fs::remove_dir_all(folder).expect("the folder is ours");
    }
    section.add(format_args!(
        "A listing of a million rules that is in sync; fastest of {ROUNDS} runs:"
    ));
    section.add(table);
}

fn many_files(section: &mut Section) {
    let rules = u64::from(Parts::SIXTY.count());
    let mut table = Table::new(
        "| files | ms | to half of them | rules a second | peak MB | instructions, of files | each | to half",
    );
    for listing in LISTINGS {
        let folder = folder("many");
        let files = copies(&folder, listing);
        let of = |number: usize| in_sync(check(listing.0, &files[..number]));
        let times = fastest(ROUNDS, &[&of(FILES), &of(FILES / 2)]);
        let counted = FILES / 50;
        let (instructions, half) = (of(counted).instructions(), of(counted / 2).instructions());
        table.row([
            listing.1.to_owned(),
            count(FILES as u64),
            millis(times[0]),
            ratio(times[0], times[1]),
            rate(rules * FILES as u64, times[0]),
            kib(of(FILES).peak(1)),
            count(counted as u64),
            count(instructions.map(|all| all / counted as u64)),
            doubled(instructions, half),
        ]);
        std::fs::remove_dir_all(folder).expect("the folder is ours");
    }
    section.add(format_args!(
        "Files of {rules} rules each, on all cores; fastest of {ROUNDS} runs:"
    ));
    section.add(table);
}

fn copies(folder: &Path, (_, _, text): Listing) -> Vec<PathBuf> {
    let text = text(&Parts::SIXTY);
    let write = |number: usize| {
        let path = folder.join(number.to_string());
        std::fs::write(&path, &text).expect("the folder is writable");
        path
    };
    (0..FILES).map(write).collect()
}

/// Returns the job after testing that it reports no drift.
fn in_sync(job: Job) -> Job {
    let verdict = job.output();
    assert!(verdict.starts_with("in sync: "), "{verdict}");
    job
}

/// A user's own chain with many overlapping rules, compared with `iptables-restore`.
fn chains(section: &mut Section) {
    let mut table = Table::new("| chain | rules | ms | to iptables-restore --test | peak MB");
    let restore = "unshare --net iptables-restore";
    for (name, rules) in [
        (
            "sources, destinations, ports and denies",
            overlapping(5_000),
        ),
        ("20,000 banned sources, 50 ports", banned(20_000)),
    ] {
        let text = format!("*filter\n:FORWARD DROP [0:0]\n{}COMMIT\n", rules.concat());
        let chain = file("chain", &text);
        let own = "check --quiet --edition current --direction in --format iptables --name FORWARD";
        let own = Job::own(own).arg(&chain).ends_with(1);
        let peer = Job::new(restore).arg("--test").arg("--noflush").arg(&chain);
        let (times, beside) = if Job::new(restore).arg("--version").works() {
            let times = fastest(ROUNDS, &[&own, &peer]);
            (times.clone(), ratio(times[0], times[1]))
        } else {
            (fastest(ROUNDS, &[&own]), "missing".to_owned())
        };
        table.row([
            name.to_owned(),
            count(rules.len() as u64),
            millis(times[0]),
            beside,
            kib(own.peak(1)),
        ]);
    }
    section.add(format_args!(
        "A user's own chain, which has drift; fastest of {ROUNDS} runs:"
    ));
    section.add(table);
}

fn overlapping(count: u32) -> Vec<String> {
    let mut random = Random(7);
    let rule = |_| {
        let mut host = || {
            let [a, b, c] = [64, 256, 254].map(|limit| random.below(limit));
            format!("10.{a}.{b}.{c}/32")
        };
        let (source, destination) = (host(), host());
        let port = 1_000 + random.below(70);
        match random.below(20) {
            0..7 => {
                format!("-A FORWARD -s {source} -d {destination} -p tcp --dport {port} -j ACCEPT\n")
            }
            7..10 => format!("-A FORWARD -d {destination} -p udp --dport {port} -j ACCEPT\n"),
            10..12 => format!("-A FORWARD -s {source} -j ACCEPT\n"),
            12..14 => format!("-A FORWARD -i eth1 -o eth0 -d {destination} -j ACCEPT\n"),
            14..17 => format!("-A FORWARD -s {source} -p tcp --dport {port} -j ACCEPT\n"),
            17 => format!("-A FORWARD -s {source} -j DROP\n"),
            _ => format!("-A FORWARD -s {source} -d {destination} -j DROP\n"),
        }
    };
    (0..count).map(rule).collect()
}

fn banned(count: u32) -> Vec<String> {
    let mut random = Random(8);
    let ban = |_| {
        let [a, b, c] = [200, 256, 254].map(|limit| random.below(limit));
        format!("-A FORWARD -s {}.{b}.{c}.1/32 -j DROP\n", a + 11)
    };
    let accept = |port| format!("-A FORWARD -p tcp --dport {port} -j ACCEPT\n");
    (0..count)
        .map(ban)
        .chain((1_000..1_050).map(accept))
        .collect()
}

/// Other programs on the same million rules. They run only once, because one of them takes a
/// minute.
fn peers(section: &mut Section) {
    let rules = u64::from(Parts::MILLION.count());
    let mut networks = String::new();
    for (address, ..) in Parts::MILLION.each() {
        writeln!(networks, "{address}").expect("writing to a string never fails");
    }
    let chains = file("restore", &LISTINGS[0].2(&Parts::MILLION));
    let restore = "unshare --net iptables-restore";
    let iprange = Job::new("iprange")
        .arg(file("networks", &networks))
        .arg("--diff");
    let peers = [
        (
            "iptables-restore --test, the same file",
            Job::new(restore).arg("--version"),
            Job::new(restore).arg("--test").arg("--noflush").arg(chains),
        ),
        (
            "iprange --diff, the addresses alone",
            Job::new("which iprange"),
            iprange.arg(file("expected", "168.86.128.0/18\n")),
        ),
    ];
    let mut table = Table::new("| rules | ms | rules a second");
    for (name, probe, job) in peers {
        if !probe.works() {
            table.row([name.to_owned(), "missing".to_owned()]);
            continue;
        }
        let time = job.time();
        table.row([
            name.to_owned(),
            count(rules),
            millis(time),
            rate(rules, time),
        ]);
    }
    section.add(
        "Other programs, in one run; `iptables-restore` runs in a separate network namespace:",
    );
    section.add(table);
}

fn rate(rules: u64, time: std::time::Duration) -> String {
    let micros = u64::try_from(time.as_micros()).expect("a run ends in a lifetime");
    count(rules * 1_000_000 / micros)
}

fn doubled(all: Option<u64>, half: Option<u64>) -> String {
    all.zip(half)
        .map_or_else(String::new, |(all, half)| ratio(all, half))
}
