//! `check` on large inputs, beside what other programs need for theirs.
//!
//! `cargo bench --bench check` prints, all of one run: a unit of one million rules and one of half
//! as many; ten thousand files of sixty rules; and on the same rules `iptables-restore --test` (in
//! a network namespace of its own, as root), on their networks `iprange --diff`. Each is the
//! fastest of several alternating rounds.

mod measure;

use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use measure::{launcher, peak_kib, time};

const ROUNDS: usize = 5;
const FILES: usize = 10_000;

/// The media network of edition `global`, and its ports.
const NETWORK: (u32, u32) = (0xa856_8000, 18);
const PORTS: (u32, u32) = (10_000, 60_000);

/// What allows exactly the media of that edition: parts of the network, times parts of the ports.
struct Parts {
    prefix: u32,
    ports: u32,
}

impl Parts {
    const MILLION: Parts = Parts {
        prefix: 32,
        ports: 62,
    };
    const HALF: Parts = Parts {
        prefix: 31,
        ports: 62,
    };
    const SIXTY: Parts = Parts {
        prefix: 20,
        ports: 15,
    };

    fn count(&self) -> u32 {
        (1 << (self.prefix - NETWORK.1)) * self.ports
    }

    /// Address, first and last port of each.
    fn each(&self) -> impl Iterator<Item = (Ipv4Addr, u32, u32)> {
        let size = (PORTS.1 - PORTS.0 + 1).div_ceil(self.ports);
        let addresses = 0..1 << (self.prefix - NETWORK.1);
        let shift = 32 - self.prefix;
        let count = self.ports;
        addresses.flat_map(move |part| {
            (0..count).map(move |number| {
                let first = PORTS.0 + number * size;
                let last = (first + size - 1).min(PORTS.1);
                (Ipv4Addr::from(NETWORK.0 + (part << shift)), first, last)
            })
        })
    }

    fn iptables(&self) -> String {
        let mut text = "*filter\n:TWILIO-SIP-IN - [0:0]\n".to_owned();
        for (address, first, last) in self.each() {
            let _ = writeln!(
                text,
                "-A TWILIO-SIP-IN -s {address}/{} -p udp -m udp --dport {first}:{last} -m comment --comment \"all regions media\" -j ACCEPT",
                self.prefix
            );
        }
        text + "COMMIT\n"
    }

    fn nftables(&self) -> String {
        let mut text = r#"{"nftables": [{"metainfo": {"version": "1.0.6", "release_name": "Lester Gooch #5", "json_schema_version": 1}}, {"table": {"family": "inet", "name": "filter", "handle": 1}}, {"chain": {"family": "inet", "table": "filter", "name": "twilio_sip_in", "handle": 2}}"#.to_owned();
        for (handle, (address, first, last)) in (3..).zip(self.each()) {
            let address = if self.prefix == 32 {
                format!("\"{address}\"")
            } else {
                format!(
                    r#"{{"prefix": {{"addr": "{address}", "len": {}}}}}"#,
                    self.prefix
                )
            };
            let _ = write!(
                text,
                r#", {{"rule": {{"family": "inet", "table": "filter", "chain": "twilio_sip_in", "handle": {handle}, "comment": "media", "expr": [{{"match": {{"op": "==", "left": {{"payload": {{"protocol": "ip", "field": "saddr"}}}}, "right": {address}}}}}, {{"match": {{"op": "==", "left": {{"payload": {{"protocol": "udp", "field": "dport"}}}}, "right": {{"range": [{first}, {last}]}}}}}}, {{"accept": null}}]}}}}"#
            );
        }
        text + "]}\n"
    }

    fn cisco(&self) -> String {
        let mut text = "ip access-list extended TWILIO-SIP-IN\n".to_owned();
        let wildcard = Ipv4Addr::from((1u32 << (32 - self.prefix)) - 1);
        for (number, (address, first, last)) in (1..).zip(self.each()) {
            let _ = writeln!(
                text,
                " {} permit udp {address} {wildcard} any range {first} {last}",
                number * 10
            );
        }
        text
    }

    fn render(&self, format: &str) -> String {
        match format {
            "iptables" => self.iptables(),
            "nftables" => self.nftables(),
            _ => self.cisco(),
        }
    }
}

fn main() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let launcher = launcher(&folder);
    println!("fastest of {ROUNDS} alternating rounds; ratio: a million rules against half of them");
    println!(
        "{:34} {:>9} {:>8} {:>6} {:>14} {:>10}",
        "", "rules", "ms", "ratio", "rules a second", "peak MB"
    );
    for format in ["iptables", "nftables", "cisco"] {
        one_unit(&folder, &launcher, format);
        many_files(&folder, &launcher, format);
    }
    peers(&folder);
}

fn check(format: &str, files: &[PathBuf]) -> Vec<String> {
    let options = "check --quiet --limit input=1G,rules=2M,boxes=2M,work=2G --edition global --plane media --direction in --format";
    let mut command = vec![env!("CARGO_BIN_EXE_twilio-sip-allow").to_owned()];
    command.extend(options.split(' ').map(str::to_owned));
    command.push(format.to_owned());
    command.extend(files.iter().map(|file| file.display().to_string()));
    command
}

fn write(path: PathBuf, text: &str) -> PathBuf {
    std::fs::write(&path, text).expect("the folder is writable");
    path
}

fn fastest(commands: &[Vec<String>]) -> Vec<u128> {
    let mut best = vec![u128::MAX; commands.len()];
    for _ in 0..ROUNDS {
        for (command, best) in commands.iter().zip(&mut best) {
            *best = time(command).min(*best);
        }
    }
    best
}

fn one_unit(folder: &Path, launcher: &str, format: &str) {
    let sizes = [Parts::HALF, Parts::MILLION];
    let commands: Vec<Vec<String>> = sizes
        .iter()
        .map(|parts| {
            let name = format!("{format}-{}", parts.count());
            check(format, &[write(folder.join(name), &parts.render(format))])
        })
        .collect();
    let best = fastest(&commands);
    for ((parts, command), micros) in sizes.iter().zip(&commands).zip(&best) {
        let ratio = (*micros > best[0]).then(|| float(*micros) / float(best[0]));
        let peak = peak_kib(launcher, command);
        line(
            &format!("{format}, one unit"),
            u64::from(parts.count()),
            *micros,
            ratio,
            Some(peak),
        );
    }
}

fn many_files(folder: &Path, launcher: &str, format: &str) {
    let text = Parts::SIXTY.render(format);
    let many = folder.join(format!("many-{format}"));
    std::fs::create_dir_all(&many).expect("the folder is writable");
    let files: Vec<PathBuf> = (0..FILES)
        .map(|number| write(many.join(number.to_string()), &text))
        .collect();
    let command = check(format, &files);
    let best = fastest(std::slice::from_ref(&command))[0];
    let rules = u64::from(Parts::SIXTY.count()) * FILES as u64;
    let peak = peak_kib(launcher, &command);
    line(
        &format!("{format}, {FILES} files"),
        rules,
        best,
        None,
        Some(peak),
    );
    let _ = std::fs::remove_dir_all(many);
}

/// Other programs on the same million of rules.
fn peers(folder: &Path) {
    let rules = u64::from(Parts::MILLION.count());
    let file = folder
        .join(format!("iptables-{rules}"))
        .display()
        .to_string();
    let restore = [
        "unshare",
        "--net",
        "iptables-restore",
        "--test",
        "--noflush",
        &file,
    ];
    peer("iptables-restore --test", rules, &restore);
    let mut networks = String::new();
    for (address, ..) in Parts::MILLION.each() {
        let _ = writeln!(networks, "{address}");
    }
    let networks = write(folder.join("networks"), &networks)
        .display()
        .to_string();
    let expected = write(folder.join("expected"), "168.86.128.0/18\n")
        .display()
        .to_string();
    let diff = ["iprange", &networks, "--diff", &expected];
    peer("iprange --diff, addresses alone", rules, &diff);
}

fn peer(name: &str, rules: u64, command: &[&str]) {
    let command: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
    let tried = Command::new(&command[0])
        .args(&command[1..])
        .stdin(Stdio::null())
        .output();
    match tried {
        Ok(output) if output.status.success() => {
            // Once is enough: some of them take minutes.
            line(name, rules, time(&command), None, None);
        }
        Ok(output) => println!("{name}: {}", String::from_utf8_lossy(&output.stderr).trim()),
        Err(error) => println!("{name}: cannot be run: {error}"),
    }
}

fn line(name: &str, rules: u64, micros: u128, ratio: Option<f64>, peak_kib: Option<u64>) {
    let ratio = ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
    let peak = peak_kib.map_or_else(String::new, |kib| (kib / 1024).to_string());
    let rate = u128::from(rules) * 1_000_000 / micros;
    let millis = micros / 1000;
    println!("{name:34} {rules:>9} {millis:>8} {ratio:>6} {rate:>14} {peak:>10}");
}

#[allow(clippy::cast_precision_loss, reason = "small numbers")]
fn float(micros: u128) -> f64 {
    micros as f64
}
