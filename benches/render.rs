//! Measures rendering as a whole process in every format, and compares it with a Rust program that
//! does nothing and with Aerleon for an equivalent policy.
//!
//! `cargo bench --bench render`

mod measure;

use std::path::{Path, PathBuf};

use measure::job::{Job, fastest, medians};
use measure::program::build;
use measure::section::Section;
use measure::table::{Table, count, kib, millis, ratio};
use measure::{file, folder};

const ROUNDS: usize = 1000;
const AERLEON_ROUNDS: usize = 10;
const FORMATS: [&str; 5] = ["iptables", "nftables", "pf", "aws-sg", "cisco"];

fn main() {
    let mut section = Section::new("render", "Render");
    for format in FORMATS {
        right_output(format);
    }
    nothing(&mut section);
    aerleon(&mut section);
    section.write();
}

fn render(format: &str) -> Job {
    Job::own("--quiet --format").arg(format)
}

/// Compares the output with the golden file of the tests, which firewalls and other programs
/// accept.
fn right_output(format: &str) {
    let golden = format!("{}/tests/golden/all.{format}", env!("CARGO_MANIFEST_DIR"));
    let golden = std::fs::read_to_string(golden).expect("the golden file is there");
    let output = render(format).output();
    let version = concat!("allow ", env!("CARGO_PKG_VERSION"));
    let output = output.replace(version, "allow VERSION");
    assert!(output == golden, "{format} differs");
}

fn nothing(section: &mut Section) {
    let nothing = Job::new(&build("nothing", "fn main() {}", &[]));
    let mut rows = vec![("nothing", nothing)];
    rows.extend(FORMATS.map(|format| (format, render(format))));
    let jobs: Vec<&Job> = rows.iter().map(|(_, job)| job).collect();
    let times = medians(ROUNDS, &jobs);
    let peaks: Vec<u64> = jobs.iter().map(|job| job.peak(10)).collect();
    let mut table = Table::new("| ms | ratio | peak MB | ratio | instructions");
    for (((name, job), time), peak) in rows.iter().zip(&times).zip(&peaks) {
        table.row([
            (*name).to_owned(),
            millis(*time),
            ratio(*time, times[0]),
            kib(*peak),
            ratio(*peak, peaks[0]),
            count(job.instructions()),
        ]);
    }
    section.add(format_args!(
        "All regions, compared with the empty program `fn main() {{}}`. Times are medians of \
         {ROUNDS} runs, peaks are the highest of 10:"
    ));
    section.add(table);
    let program = std::fs::metadata(env!("CARGO_BIN_EXE_twilio-sip-allow"));
    let size = program.expect("the program is there").len();
    section.add(format_args!("The binary has {} bytes.", count(size)));
}

/// For each format: the equivalent generator of Aerleon, and the file that it writes.
const GENERATORS: [(&str, &str, &str); 4] = [
    ("iptables", "iptables", "twilio"),
    ("nftables", "nftables", "twilio.nft"),
    ("pf", "packetfilter", "twilio.pf"),
    ("cisco", "cisco", "twilio.acl"),
];

fn aerleon(section: &mut Section) {
    let Some(program) = aerleon_program() else {
        section.add("Aerleon is missing: `python3 -m venv` or `pip install` failed.");
        return;
    };
    let base = folder("aerleon");
    let definitions = folder("aerleon/definitions");
    std::fs::write(definitions.join("services.yaml"), SERVICES).expect("the folder is writable");
    std::fs::write(definitions.join("networks.yaml"), networks()).expect("the folder is writable");
    let job = |name: &str, generators: &[&str]| {
        let folder = folder(&format!("aerleon/{name}/pol"));
        let policy = folder.join("twilio.yaml");
        std::fs::write(&policy, policy_for(generators)).expect("the folder is writable");
        let job = Job::new("")
            .arg(&program)
            .arg("--base_directory")
            .arg(&base);
        let job = job.arg("--definitions_directory").arg(&definitions);
        let job = job.arg("--policy_file").arg(policy);
        job.arg("--output_directory").arg(base.join("out"))
    };
    let all = job("all", &GENERATORS.map(|(_, generator, _)| generator));
    all.output();
    let judged = same_rules(&base.join("out").join("all"));
    let mut table = Table::new("| Aerleon ms | ours ms | Aerleon ÷ ours");
    let mut total = std::time::Duration::ZERO;
    for format in FORMATS {
        let Some((_, generator, _)) = GENERATORS.iter().find(|(name, ..)| *name == format) else {
            table.row([format.to_owned(), "no generator".to_owned()]);
            continue;
        };
        let times = fastest(
            AERLEON_ROUNDS,
            &[&job(format, &[generator]), &render(format)],
        );
        total += times[1];
        table.row([
            format.to_owned(),
            millis(times[0]),
            millis(times[1]),
            ratio(times[0], times[1]),
        ]);
    }
    let at_once = fastest(AERLEON_ROUNDS, &[&all])[0];
    table.row([
        "the four, Aerleon in one run".to_owned(),
        millis(at_once),
        millis(total),
        ratio(at_once, total),
    ]);
    section.add(format_args!(
        "Compared with Aerleon 1.18.0 (PyPI), with the policy and services of `benches/aerleon` and \
         the networks of `dataset show`; fastest of {AERLEON_ROUNDS} runs. `check` finds Aerleon's \
         outputs for {judged} in sync with this program's selection. Aerleon's nftables rules also \
         require a new connection. Aerleon's files are already up to date, so it writes none:"
    ));
    section.add(table);
}

const SERVICES: &str = include_str!("aerleon/services.yaml");
const POLICY: &str = include_str!("aerleon/policy.yaml");

/// Returns Aerleon's program. Creates its Python environment if it does not exist.
fn aerleon_program() -> Option<PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench-python");
    let program = python.join("bin/aclgen");
    let make = Job::new("python3 -m venv").arg(&python);
    let pip = Job::new("")
        .arg(python.join("bin/pip"))
        .arg("install")
        .arg("-qr");
    let install = pip.arg(manifest.join("benches/aerleon/requirements.txt"));
    let there = program.exists() || (make.works() && install.works());
    there.then_some(program)
}

/// Returns the policy with only the targets of these generators.
fn policy_for(generators: &[&str]) -> String {
    let all = GENERATORS.map(|(_, generator, _)| format!("      {generator}: "));
    let unwanted = |line: &str| {
        let target = all.iter().find(|target| line.starts_with(*target));
        target.is_some_and(|target| !generators.contains(&target.trim_matches([' ', ':'])))
    };
    let lines = POLICY.split_inclusive('\n');
    lines.filter(|line| !unwanted(line)).collect()
}

/// Returns the networks of the default selection in the format of Aerleon.
fn networks() -> String {
    let list = Job::own("dataset show --json --edition regional").output();
    let list: serde_json::Value = serde_json::from_str(&list).expect("the list is JSON");
    let mut text = "networks:\n".to_owned();
    for plane in ["signaling", "media"] {
        text += &format!("  {}:\n    values:\n", plane.to_uppercase());
        let regions = list[plane]["networks"].as_object().expect("by region");
        for network in regions
            .values()
            .flat_map(|networks| networks.as_array().expect("a list"))
        {
            text += &format!("    - address: {}\n", network.as_str().expect("a network"));
        }
    }
    text
}

/// Tests with `check` that Aerleon's outputs are equivalent to ours. Returns the names of the
/// tested formats, separated by commas.
fn same_rules(out: &Path) -> String {
    let read = |name: &str| std::fs::read_to_string(out.join(name)).expect("aclgen has written it");
    let rules = read("twilio")
        .replace("-N TWILIO-SIP-IN", "")
        .replace("-N TWILIO-SIP-OUT", "");
    let chains = "*filter\n:TWILIO-SIP-IN - [0:0]\n:TWILIO-SIP-OUT - [0:0]\n";
    // The grammar of pf does not allow `any` in a list.
    let pf = read("twilio.pf").replace("{ any }", "any");
    let texts = [
        ("iptables", format!("{chains}{rules}COMMIT\n")),
        ("pf", pf),
        ("cisco", read("twilio.acl")),
    ];
    for (format, text) in &texts {
        let check = Job::own("check --quiet --format").arg(format);
        let verdict = check.arg(file(&format!("aerleon-{format}"), text)).output();
        assert!(
            verdict.starts_with("in sync: "),
            "Aerleon's {format}: {verdict}"
        );
    }
    texts.map(|(format, _)| format).join(", ")
}
