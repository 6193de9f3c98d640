//! Measures how fast the static program of a release starts: the whole process of a small render,
//! beside programs that do nothing.
//!
//! `cargo bench --bench start`, after the program was built

mod measure;

use std::path::Path;

use measure::job::{Job, medians};
use measure::program::build_with;
use measure::section::Section;
use measure::table::{Table, count, kib, millis, ratio};

const ROUNDS: usize = 1000;

/// The command that builds the program, as for a release.
const BUILD: &str = "packaging/build x86_64-linux";

/// The program that the command builds.
const PROGRAM: &str = "target/x86_64-unknown-linux-gnu/dist/twilio-sip-allow";

/// The flags of the build that matter to a program that does nothing.
const STATIC: [&str; 4] = [
    "-C",
    "target-feature=+crt-static",
    "-C",
    "relocation-model=static",
];

const RENDER: &str = "--edition current --region tokyo --format nftables --quiet";

/// The most that a render may need. Other programs on the machine hardly change these figures.
const MOST_PAGE_FAULTS: u64 = 120;
const MOST_INSTRUCTIONS: u64 = 900_000;
const MOST_KIB: u64 = 3_906; // 4 MB

fn main() {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(PROGRAM);
    let Ok(file) = program.metadata() else {
        println!("There is no {PROGRAM}. Build it: {BUILD}");
        return;
    };
    let nothing = |name, flags: &[&str]| {
        let flags = [&["-O"], flags].concat();
        Job::new(&build_with(name, "fn main() {}", &flags))
    };
    let render = Job::new("").arg(&program);
    let rows = [
        ("nothing, dynamic", nothing("nothing-dynamic", &[])),
        ("nothing, static", nothing("nothing-static", &STATIC)),
        ("a render, static", RENDER.split(' ').fold(render, Job::arg)),
    ];
    // Each variable costs instructions, in the C library too.
    let rows = rows.map(|(name, job)| (name, job.without_environment()));
    let times = medians(ROUNDS, &rows.each_ref().map(|(_, job)| job));
    let faults = rows.each_ref().map(|(_, job)| job.page_faults(10));
    let instructions = rows.each_ref().map(|(_, job)| job.instructions());
    let peaks = rows.each_ref().map(|(_, job)| job.peak(10));
    let mut table = Table::new("| ms | ratio | peak MB | page faults | instructions");
    for (row, (name, _)) in rows.iter().enumerate() {
        table.row([
            (*name).to_owned(),
            millis(times[row]),
            ratio(times[row], times[0]),
            kib(peaks[row]),
            count(faults[row]),
            count(instructions[row]),
        ]);
    }
    let mut section = Section::new("start", "Start of a release");
    section.add(format_args!(
        "The program of `{BUILD}` with the options `{RENDER}` and an empty environment, compared with \
         `fn main() {{}}`. Times are medians of {ROUNDS} runs, peaks and page faults are the highest of 10:"
    ));
    section.add(table);
    section.add(format_args!("The binary has {} bytes.", count(file.len())));
    section.write();
    assert!(faults[2] <= MOST_PAGE_FAULTS, "too many page faults");
    assert!(peaks[2] <= MOST_KIB, "too much memory");
    assert!(
        instructions[2] <= Some(MOST_INSTRUCTIONS),
        "too many instructions"
    );
}
