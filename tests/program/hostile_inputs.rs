//! Hostile inputs get a clear answer, and no file and no stdin makes the program hang.

use crate::common;

use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::common::hostile::{Hostile, INPUTS};
use crate::common::{CLOCK, Tool};

/// The maximum memory for every input, in kilobytes.
const MEMORY: u32 = 256 << 10;

/// Only a guard against hanging. `benches/hostile.rs` measures the time.
const SECONDS: u32 = 120;

#[test]
fn hostile_inputs_get_a_clear_answer_within_256_mb() {
    let inputs = Mutex::new(INPUTS.iter());
    std::thread::scope(|scope| {
        scope.spawn(|| answered(&inputs));
        answered(&inputs);
    });
}

/// Tries inputs until none is left. Both threads take the next one, so that they end at about the same time.
fn answered(inputs: &Mutex<impl Iterator<Item = &'static Hostile>>) {
    let folder = tempfile::tempdir().unwrap();
    while let Some(hostile) = inputs.lock().ok().and_then(|mut inputs| inputs.next()) {
        let name = hostile.name;
        let start = Instant::now();
        let (status, stdout, stderr) = answer(hostile, folder.path());
        if let Some(wanted) = hostile.answer.strip_prefix("stdout: ") {
            assert!(
                status == Some(0) || status == Some(1),
                "{name}: {status:?} {stderr}"
            );
            assert!(stdout.contains(wanted), "{name}: {stdout:.2000}");
            assert_eq!(stderr, "", "{name}");
        } else {
            assert_eq!(status, Some(2), "{name}: {stderr:.2000}");
            assert_eq!(stdout, "", "{name}");
            assert!(stderr.contains(hostile.answer), "{name}: {stderr:.2000}");
            assert!(
                stderr.len() < 100_000,
                "{name}: the message has {} bytes",
                stderr.len()
            );
        }
        println!("{:6.1} s  {name}", start.elapsed().as_secs_f64());
    }
}

fn answer(hostile: &Hostile, folder: &Path) -> (Option<i32>, String, String) {
    std::fs::write(folder.join("FILE"), (hostile.make)()).unwrap();
    let call = format!(
        "ulimit -v {MEMORY}; exec timeout {SECONDS} '{}' {}",
        env!("CARGO_BIN_EXE_twilio-sip-allow"),
        hostile.args
    );
    let output = Command::new("sh")
        .args(["-c", &call])
        .current_dir(folder)
        // Threads reserve more address space than they use.
        .env("MALLOC_ARENA_MAX", "1")
        .env(CLOCK.0, CLOCK.1)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).expect(hostile.name);
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// Every limit can be raised, and then the answer is correct.
#[test]
fn accepts_the_same_input_after_the_limit_is_raised() {
    let rules = |count: u32| {
        let one = |n: u32| {
            format!(
                "-A TWILIO-SIP-IN -s 10.{}.{}.0/25 -j ACCEPT\n",
                n >> 8,
                n & 255
            )
        };
        let all: String = (0..count).map(one).collect();
        format!("*filter\n:TWILIO-SIP-IN - [0:0]\n:TWILIO-SIP-OUT - [0:0]\n{all}COMMIT\n")
    };
    let check = "check -q -f iptables --direction in";
    let jumps: Vec<String> = (0..6).map(|n| format!("-A C{n} -j C{}\n", n + 1)).collect();
    let chains: Vec<String> = (0..=6).map(|n| format!(":C{n} - [0:0]\n")).collect();
    let deep = format!(
        "*filter\n:TWILIO-SIP-IN - [0:0]\n:TWILIO-SIP-OUT - [0:0]\n{}-A TWILIO-SIP-IN -j C0\n{}-A C6 -j ACCEPT\nCOMMIT\n",
        chains.concat(),
        jumps.concat()
    );
    for (limit, low, high, input) in [
        ("input", "1K", "1M", rules(100)),
        ("rules", "99", "100", rules(100)),
        ("boxes", "99", "1000", rules(100)),
        ("work", "200", "100K", rules(100)),
        ("depth", "7", "8", deep),
        ("output", "1K", "1M", rules(100)),
    ] {
        let call = |bound: &str| {
            let line = format!("{check} --limit {limit}={bound} FILE");
            Tool::line(&line).file("FILE", &input).run()
        };
        let refused = call(low).refused();
        assert!(
            refused.contains(&format!("raise the limit with --limit {limit}=NUMBER")),
            "{limit}: {refused}"
        );
        let free = Tool::line(&format!("{check} FILE"))
            .file("FILE", &input)
            .run();
        let raised = call(high);
        assert_eq!(
            (raised.status, &raised.stdout),
            (1, &free.stdout),
            "{limit}: {raised}"
        );
        assert!(
            raised.stdout.contains("extra   in  any protocol"),
            "{raised}"
        );
    }
    let list = common::render("--edition current --format nftables");
    for (line, limit) in [
        ("scan --limit addresses=FIGURE FILE", "addresses"),
        ("scan --limit input=FIGURE FILE", "input"),
    ] {
        let call = |figure: &str| {
            Tool::line(&line.replace("FIGURE", figure))
                .file("FILE", &list)
                .run()
        };
        let refused = call("3").refused();
        assert!(
            refused.contains(&format!("raise the limit with --limit {limit}=NUMBER")),
            "{refused}"
        );
        assert_eq!(call("1M").status, 0);
    }
    let template = |limit: &str| {
        Tool::line(&format!("-q --region tokyo --template FILE {limit}"))
            .file("FILE", "{{ 'x' * 1000 }}")
            .run()
    };
    assert_eq!(template("--limit output=1000").ok(), "x".repeat(1000));
    let refused = template("--limit output=999").refused();
    assert!(
        refused.contains(
            "FILE:1: the output has more than 999 bytes; raise the limit with --limit output=NUMBER"
        ),
        "{refused}"
    );
    let refused = Tool::line("-f nft --dataset FILE --limit list=10")
        .file("FILE", &list)
        .run()
        .refused();
    assert!(
        refused.contains("it has more than 10 bytes; raise the limit with --limit list=NUMBER"),
        "{refused}"
    );
}

/// Folders and devices, by name and as stdin, for every verb that reads a file.
#[test]
fn rejects_folders_and_devices() {
    for (line, reads_folders) in [
        ("check -q -f iptables FILE", false),
        ("scan FILE", true),
        ("-q -f nft --dataset FILE", false),
        ("-q --template FILE", false),
        ("dataset diff FILE", false),
        ("dataset import --name x FILE", false),
    ] {
        let call = |file: &str| Tool::line(&line.replace("FILE", file)).run();
        if !reads_folders {
            let printed = call("/").refused();
            assert!(
                printed.contains("cannot read /: it is a folder"),
                "{line}: {printed}"
            );
        }
        for device in ["/dev/zero", "/dev/null", "/dev/random"] {
            let printed = call(device).refused();
            assert!(
                printed.contains(&format!("cannot read {device}: it is a device, not a file")),
                "{line}: {printed}"
            );
        }
        // The stdin of the test is /dev/null, and the runtime also opens it in place of a closed stdin.
        let printed = call("-").refused();
        assert!(printed.contains("cannot read stdin: it is closed, or a device such as /dev/null; pipe something into it, or name a file"), "{line}: {printed}");
    }
    let printed = Tool::line("explain -").run().refused();
    assert!(
        printed.contains("cannot read stdin: it is closed"),
        "{printed}"
    );
    for redirection in ["<&-", "</dev/zero", "</"] {
        let call = format!(
            "'{}' check -f pf {redirection}",
            env!("CARGO_BIN_EXE_twilio-sip-allow")
        );
        let output = Command::new("sh").args(["-c", &call]).output().unwrap();
        let printed = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{redirection}: {printed}");
        assert!(
            printed.contains("cannot read stdin: it is "),
            "{redirection}: {printed}"
        );
    }
}

/// A named pipe, such as `<(ssh pbx iptables-save)`, is read to its end.
#[test]
fn reads_a_pipe_like_a_file() {
    let rules = common::render("-f iptables");
    let mut tool = Tool::line("check -q -f iptables pipe");
    let pipe = tool.folder().join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let writer = std::thread::spawn(move || std::fs::write(pipe, rules).unwrap());
    assert_eq!(
        tool.run().ok().lines().next(),
        Some(
            "in sync: exactly the iptables rules for all regions, edition regional (superseded on 2024-02-21 by global), signaling and media in and out (TWILIO-SIP-IN, TWILIO-SIP-OUT)"
        )
    );
    writer.join().unwrap();
}

/// While a file is rewritten, every answer is about the complete old or new text, or is an error about
/// the change.
#[test]
fn rejects_a_file_that_changes_while_it_is_read() {
    let rules = common::render("-f iptables");
    let padding = format!("# {}\n", "x".repeat(98)).repeat(200_000);
    let text = format!("{padding}{rules}");
    let mut tool = Tool::line("check -q -f iptables rules").file("rules", &text);
    let path = tool.folder().join("rules");
    let stop = AtomicBool::new(false);
    let mut changed = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
            while !stop.load(Ordering::Relaxed) {
                // The last rules are missing for a moment, and the text ends with a complete line.
                file.set_len((padding.len() + 500) as u64).unwrap();
                file.seek(SeekFrom::Start(padding.len() as u64)).unwrap();
                file.write_all(rules.as_bytes()).unwrap();
            }
        });
        for _ in 0..20 {
            let ran = tool.run();
            if ran
                .stderr
                .contains("cannot read rules: it was changed while it was read; try again")
            {
                changed += 1;
                ran.refused();
            } else {
                // It was read between two changes, when the text has no COMMIT.
                assert!(ran.status == 0 || ran.status == 2, "{ran}");
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(changed > 0, "no call read the file during a change");
}

/// If a file is replaced while it is open, the program reads the old file.
#[test]
fn reads_the_old_or_the_new_version_of_a_replaced_file() {
    let rules = common::render("-f iptables");
    let padding = format!("# {}\n", "x".repeat(98)).repeat(100_000);
    let good = format!("{padding}{rules}");
    let bad = format!("{padding}{}", rules.replace("5061", "5062"));
    let mut tool = Tool::line("check -q -f iptables rules")
        .file("rules", &good)
        .file("good", &good)
        .file("bad", &bad);
    let folder = tool.folder().to_owned();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for name in ["bad", "good"].iter().cycle() {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                std::fs::copy(folder.join(name), folder.join("next")).unwrap();
                std::fs::rename(folder.join("next"), folder.join("rules")).unwrap();
            }
        });
        for _ in 0..20 {
            let ran = tool.run();
            assert!(
                ran.status == 0 || ran.status == 1 && ran.stdout.contains("5061"),
                "{ran}"
            );
        }
        stop.store(true, Ordering::Relaxed);
    });
}

/// Byte order marks and line ends of other systems are ignored.
#[test]
fn ignores_byte_order_marks_and_carriage_returns() {
    for format in common::READ_BY_CHECK {
        let renderable = match *format {
            "aws-sg" => "--direction in",
            other => common::renderable(other),
        };
        let options = format!("-q --edition current {renderable} -f {format}");
        let rules = Tool::line(&options).run().ok();
        let windows = format!("\u{feff}{}", rules.replace('\n', "\r\n"));
        let printed = Tool::line(&format!("check {options} rules"))
            .file("rules", windows)
            .run();
        assert_eq!(printed.status, 0, "{format}: {printed}");
    }
}

/// The lowest value of a limit with which `check` accepts the text.
fn least(limit: &str, format: &str, text: &str) -> u32 {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deployed");
    std::fs::write(&file, text).unwrap();
    let taken = |bound: u32| {
        let options = format!("check --region tokyo --direction in --quiet --format {format}");
        let mut tool = Tool::line(&format!("{options} --limit {limit}={bound}"));
        tool.command().arg(&file);
        let ran = tool.run();
        let printed = format!("raise the limit with --limit {limit}=NUMBER");
        assert!(ran.status < 2 || ran.stderr.contains(&printed), "{ran}");
        ran.status < 2
    };
    let (mut low, mut high) = (1, 1000);
    while low < high {
        let middle = u32::midpoint(low, high);
        if taken(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// Every limit is exact.
#[test]
fn limits_are_exact() {
    let iptables = |rules: &str| format!("*filter\n:TWILIO-SIP-IN - [0:0]\n{rules}COMMIT\n");
    let nftables = |chains: &[(&str, &str)]| {
        let chains = chains
            .iter()
            .map(|(name, rule)| format!("chain {name} {{\n{rule}\n}}\n"));
        format!("table inet filter {{\n{}}}\n", chains.collect::<String>())
    };
    // Rules without a verdict, rules as the kernel counts them, and rules that lists multiply.
    let log = iptables(&"-A TWILIO-SIP-IN -j LOG\n".repeat(7));
    assert_eq!(least("rules", "iptables", &log), 7);
    // More than the four networks of the selection, which the same limit counts.
    let ports = nftables(&[("twilio_sip_in", "udp dport { 1, 3, 5, 7, 9 } accept")]);
    assert_eq!(least("rules", "nftables", &ports), 5);
    let pass =
        "pass in quick inet proto udp from { 10.0.0.1, 10.0.0.3 } to any port { 5060, 5062 }\n";
    assert_eq!(least("rules", "pf", pass), 4);
    assert_eq!(least("rules", "pf", &pass.repeat(2)), 8);
    // Three members of a group. They are read once for each group that contains them: C, B and A.
    let groups = "object-group network C\n host 10.0.0.1\n host 10.0.0.3\n host 10.0.0.5\n\
                  object-group network B\n group-object C\n\
                  object-group network A\n group-object B\n\
                  ip access-list extended TWILIO-SIP-IN\n permit udp object-group A any eq 5060\n";
    assert_eq!(least("rules", "cisco", groups), 3 * 3);
    assert_eq!(least("depth", "cisco", groups), 3);
    let groups = groups.replace(" host", " network-object host");
    let (groups, _) = groups.split_once("ip access-list").unwrap();
    let entry = "access-list TWILIO-SIP-IN extended permit udp object-group A any eq 5060\n";
    let text = format!("{groups}{entry}");
    assert_eq!(least("rules", "cisco-asa", &text), 3 * 3);
    assert_eq!(
        least("rules", "cisco-asa", &format!("{text}{}", entry.repeat(3))),
        4 * 3
    );
    assert_eq!(least("depth", "cisco-asa", &text), 3);
    let jumps = nftables(&[
        ("twilio_sip_in", "jump a"),
        ("a", "jump b"),
        ("b", "jump c"),
        ("c", "accept"),
    ]);
    assert_eq!(least("depth", "nftables", &jumps), 4);
    // Signaling over three transports is missing, and media.
    assert_eq!(least("boxes", "iptables", &iptables("")), 4);
    // Each corner that is cut out turns one part into four.
    for count in [10, 20] {
        let element = |at: u32| format!("10.0.{at}.1 . {}", 5060 + 2 * at);
        let elements: Vec<String> = (0..count).map(element).collect();
        let rule = format!(
            "ip saddr . udp dport != {{ {} }} accept",
            elements.join(", ")
        );
        let effort: u32 = (0..count).map(|cut| 1 + 3 * cut).sum();
        let text = nftables(&[("twilio_sip_in", &rule)]);
        assert_eq!(least("boxes", "nftables", &text), effort);
    }
    // 32 steps for each stored word of a macro: 8 addresses, commas and braces.
    let addresses: Vec<String> = (0..8).map(|at| format!("10.0.{at}.1")).collect();
    let pass = "pass in quick inet proto udp from $a to any port 5060\n";
    let text = format!("a = \"{{ {} }}\"\n{pass}", addresses.join(", "));
    assert_eq!(least("work", "pf", &text), 17 * 32);
}
