//! Measures `verify` on whole firewalls, and the programs that load them on the same input.
//!
//! `cargo bench --bench verify`

mod measure;

use std::fmt::Write as _;
use std::path::PathBuf;

use measure::job::{Job, fastest};
use measure::random::Random;
use measure::section::Section;
use measure::table::{Table, count, kib, millis, ratio};
use measure::{file, folder};

const ROUNDS: usize = 5;
const CAPTURES: usize = 1_000;
const RULES_OF_CAPTURE: u32 = 500;

/// The arguments of every call. The firewalls let all calls through, and nobody else, so the exit status is 0.
const OPTIONS: &str = "verify --quiet --edition global --direction in --interface eth0";

/// The rules at the start and at the end of each firewall of iptables.
const IPTABLES_START: &str = "\
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:BANNED - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -j BANNED
";

fn main() {
    let mut section = Section::new("verify", "Verify");
    firewalls(&mut section);
    many_captures(&mut section);
    section.write();
}

fn verify(files: &[PathBuf]) -> Job {
    Job::own(OPTIONS).args(files)
}

/// Returns the rules for Twilio in a chain of iptables.
fn twilio(chain: &str) -> String {
    let rules = Job::own("--quiet --edition global --direction in --format iptables").output();
    let own = rules
        .lines()
        .filter(|line| line.starts_with("-A TWILIO-SIP-IN "));
    own.fold(String::new(), |mut all, line| {
        let rule = line.replacen("TWILIO-SIP-IN", chain, 1);
        writeln!(all, "{rule}").expect("writing to a string never fails");
        all
    })
}

fn iptables(rules: u32) -> String {
    let mut random = Random(11);
    let mut text = IPTABLES_START.to_owned();
    for number in 0..rules {
        let host = host(&mut random);
        let port = 1 + random.below(5_000);
        let line = match number % 4 {
            0 | 1 => format!("-A BANNED -s {host}/32 -j DROP"),
            2 => format!("-A BANNED -s {host}/32 -p tcp -m tcp --dport {port} -j ACCEPT"),
            _ => format!("-A BANNED -p tcp -m tcp --dport {port} -j DROP"),
        };
        writeln!(text, "{line}").expect("writing to a string never fails");
    }
    [&text, &twilio("INPUT"), "COMMIT\n"].concat()
}

/// Returns an address that is not Twilio's.
fn host(random: &mut Random) -> String {
    let [a, b, c, d] = [28, 256, 256, 254].map(|limit| random.below(limit));
    format!("{}.{b}.{c}.{}", a + 1, d + 1)
}

/// Returns a ruleset with as many rules, and a set with as many networks.
fn nftables(rules: u32) -> String {
    let mut random = Random(12);
    let mut networks: Vec<u32> = (0..rules).map(|_| random.below(0x1c_0000)).collect();
    networks.sort_unstable();
    networks.dedup();
    let networks = networks.iter().map(|network| {
        let [a, b, c] = [network >> 16, network >> 8 & 255, network & 255];
        format!("{}.{b}.{c}.0/24", a + 1)
    });
    let networks: Vec<String> = networks.collect();
    let mut text = format!(
        "table inet filter {{\n\tset banned {{\n\t\ttype ipv4_addr\n\t\tflags interval\n\t\telements = {{ {} }}\n\t}}\n\n\
         \tchain input {{\n\t\ttype filter hook input priority filter; policy drop;\n\
         \t\tiifname \"lo\" accept\n\t\tct state established,related accept\n\t\tip saddr @banned drop\n",
        networks.join(", ")
    );
    for number in 0..rules {
        let host = host(&mut random);
        let port = 1 + random.below(5_000);
        let line = match number % 4 {
            0 | 1 => format!("ip saddr {host} drop"),
            2 => format!("ip saddr {host} tcp dport {port} accept"),
            _ => format!("tcp dport {port} drop"),
        };
        writeln!(text, "\t\t{line}").expect("writing to a string never fails");
    }
    text + &nftables_of_twilio() + "\t}\n}\n"
}

/// Returns the rules for Twilio in a chain of nftables, without sets.
fn nftables_of_twilio() -> String {
    let mut text = String::new();
    for line in twilio("INPUT").lines() {
        let word = |option: &str| {
            let mut words = line.split(' ');
            words.find(|word| *word == option)?;
            words.next()
        };
        let [source, protocol, ports] = ["-s", "-p", "--dport"].map(word);
        if let (Some(source), Some(protocol), Some(ports)) = (source, protocol, ports) {
            let ports = ports.replace(':', "-");
            writeln!(
                text,
                "\t\tip saddr {source} {protocol} dport {ports} accept"
            )
            .expect("writing to a string never fails");
        }
    }
    text
}

fn firewalls(section: &mut Section) {
    let mut table =
        Table::new("| rules | ms | to half of them | loading program | its ms | ratio | peak MB");
    let restore = "unshare --net iptables-restore --test";
    let check = "unshare --net nft --check --file";
    for (name, rules, text, loads) in [
        ("iptables", 5_000, iptables as fn(u32) -> String, restore),
        ("iptables", 100_000, iptables, restore),
        (
            "nftables, with a set of as many networks",
            100_000,
            nftables,
            check,
        ),
    ] {
        let whole = file("firewall", &text(rules));
        let half = file("half", &text(rules / 2));
        let [own, half] = [&whole, &half].map(|file| verify(std::slice::from_ref(file)));
        let other = Job::new(loads).arg(&whole);
        let other = Some(other).filter(Job::works);
        let jobs: Vec<&Job> = [&own, &half].into_iter().chain(&other).collect();
        let times = fastest(ROUNDS, &jobs);
        let beside = times.get(2);
        table.row([
            name.to_owned(),
            count(u64::from(rules)),
            millis(times[0]),
            ratio(times[0], times[1]),
            loads.trim_start_matches("unshare --net ").to_owned(),
            beside.map_or_else(|| "missing".to_owned(), |time| millis(*time)),
            beside.map_or_else(String::new, |time| ratio(times[0], *time)),
            kib(own.peak(1)),
        ]);
    }
    section.add(format_args!(
        "A firewall that lets all calls through, and no other packets to SIP; fastest of {ROUNDS} runs:"
    ));
    section.add(table);
}

fn many_captures(section: &mut Section) {
    let folder = folder("captures");
    let text = iptables(RULES_OF_CAPTURE);
    let files: Vec<PathBuf> = (0..CAPTURES)
        .map(|number| {
            let file = folder.join(number.to_string());
            std::fs::write(&file, &text).expect("the folder is writable");
            file
        })
        .collect();
    let own = verify(&files);
    let half = verify(&files[..CAPTURES / 2]);
    let times = fastest(ROUNDS, &[&own, &half]);
    let mut table = Table::new("| firewalls | rules of each | ms | to half of them | peak MB");
    table.row([
        String::new(),
        count(CAPTURES as u64),
        count(u64::from(RULES_OF_CAPTURE)),
        millis(times[0]),
        ratio(times[0], times[1]),
        kib(own.peak(1)),
    ]);
    std::fs::remove_dir_all(folder).expect("the folder is ours");
    section.add(format_args!(
        "Many firewalls in one call; fastest of {ROUNDS} runs:"
    ));
    section.add(table);
}
