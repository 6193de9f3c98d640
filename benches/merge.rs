//! Compares merging networks by `policy::merge`, which rendering uses, with iprange.
//!
//! `cargo bench --bench merge`. Both sides are whole processes that read a file of networks and
//! print CIDRs. Our side is this benchmark itself, started with the argument `job` and the file.
//! The outputs are compared before the measurement.

mod measure;

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use measure::file;
use measure::job::{Job, fastest};
use measure::random::Random;
use measure::section::Section;
use measure::table::{Table, count, kib, millis, ratio};
use twilio_sip_allow::policy::{Origin, address_or_cidr, merge, parse_network};

/// The number of networks, and the number of rounds, of which the fastest is reported.
const SIZES: [(usize, usize); 3] = [(1_000, 300), (100_000, 40), (1_000_000, 10)];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match &arguments[1..] {
        [word, file] if word == "job" => print_merged(Path::new(file)),
        _ => compare(),
    }
}

fn print_merged(file: &Path) {
    let mut input = BufReader::new(std::fs::File::open(file).expect("the file is there"));
    let origin = Origin {
        edition: "bench".into(),
        region: None,
    };
    let (mut line, mut published) = (String::new(), Vec::new());
    while input.read_line(&mut line).expect("the file is text") > 0 {
        let network = parse_network(line.trim_end()).expect("each line is a network");
        published.push((network, origin.clone()));
        line.clear();
    }
    let mut output = BufWriter::new(std::io::stdout().lock());
    let merged = merge(&published);
    for merged in &merged {
        writeln!(output, "{}", address_or_cidr(merged.network)).expect("stdout is open");
    }
    output.flush().expect("stdout is open");
    // The process ends here, so freeing the memory would only take time.
    std::mem::forget((published, merged));
}

fn compare() {
    let mut section = Section::new("merge", "Merge");
    let has_iprange = Job::new("which iprange").works();
    let mut table = Table::new(
        "networks | ms | to half of them | iprange ms | ratio | peak MB | iprange MB \
         | instructions | to half | iprange's | ratio",
    );
    for (size, rounds) in SIZES {
        let files = [size, size / 2].map(networks);
        let [own, half] = files.each_ref().map(|file| ours(file));
        let iprange = Job::new("iprange").arg(&files[0]);
        let mut jobs = vec![&own, &half];
        if has_iprange {
            assert_eq!(sorted(&own), sorted(&iprange), "of {size} networks");
            jobs.push(&iprange);
        }
        let times = fastest(rounds, &jobs);
        let instructions: Vec<Option<u64>> = jobs.iter().map(|job| job.instructions()).collect();
        let against = |at: usize| match (instructions[0], instructions.get(at)) {
            (Some(own), Some(Some(other))) => ratio(own, *other),
            _ => String::new(),
        };
        let peer = |cell: &dyn Fn() -> String| {
            if has_iprange {
                cell()
            } else {
                "missing".into()
            }
        };
        table.row([
            count(size as u64),
            millis(times[0]),
            ratio(times[0], times[1]),
            peer(&|| millis(times[2])),
            peer(&|| ratio(times[0], times[2])),
            kib(own.peak(3)),
            peer(&|| kib(iprange.peak(3))),
            count(instructions[0]),
            against(1),
            peer(&|| count(instructions[2])),
            against(2),
        ]);
    }
    section.add(
        "Merges a file of networks into CIDRs, compared with iprange (Debian), which prints the \
         same. The file contains single networks, runs of adjacent ones, nested and repeated ones, \
         at random. Unlike iprange, this program also records where each network comes from. \
         Fastest of 300, 40 and 10 runs:",
    );
    section.add(table);
    section.write();
}

fn ours(file: &Path) -> Job {
    let program = std::env::current_exe().expect("this program has a path");
    Job::new("").arg(program).arg("job").arg(file)
}

fn sorted(job: &Job) -> Vec<String> {
    let mut lines: Vec<String> = job.output().lines().map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

/// Writes a file with this number of networks, similar to those in lists of addresses.
fn networks(size: usize) -> PathBuf {
    let mut random = Random(7);
    let mut lines = Vec::with_capacity(size + 16);
    while lines.len() < size {
        add_some(&mut random, &mut lines);
    }
    lines.truncate(size);
    file(&format!("networks-{size}"), &(lines.join("\n") + "\n"))
}

/// Adds a single network, a run of adjacent ones, some inside a /20, or a duplicate.
fn add_some(random: &mut Random, lines: &mut Vec<String>) {
    let prefix = 24 + random.below(9);
    let size = 1 << (32 - prefix);
    let address = random.below(u32::MAX);
    let within = |mask: u32, offset: u32| {
        let first = (address & !mask) + (offset & mask) / size * size;
        let address = Ipv4Addr::from(first);
        if prefix == 32 {
            address.to_string()
        } else {
            format!("{address}/{prefix}")
        }
    };
    match random.below(4) {
        0 => lines.push(within(0xffff, address)),
        1 => {
            let run = 2 + random.below(15);
            lines.extend((0..run).map(|part| within(0xffff, address.wrapping_add(part * size))));
        }
        2 => {
            lines.push(format!("{}/20", Ipv4Addr::from(address & !0xfff)));
            lines.extend((0..4).map(|_| within(0xfff, random.below(1 << 12))));
        }
        _ => {
            let again = random.below(u32::MAX) as usize % lines.len().max(1);
            lines.extend(lines.get(again).cloned());
        }
    }
}
