//! The formats for front ends of the Linux firewall. A reader of the tests reads each output, the real
//! program loads it in a network namespace, and the test reads the kernel's rules. The tests that load
//! rules need root.
//!
//! Sources of the readers: ipset(8), iptables(8), iptables-extensions(8), "set" and "multiport",
//! ufw(8), "RULE SYNTAX", firewalld.policy(5) and firewalld.richlanguage(5).

use std::collections::BTreeMap;
use std::path::Path;

use crate::common::facts::{ANY_PORT, Allowed, Key, Range, network};
use crate::common::judge::{self, assert_in_sync, chance, policy_of_case};
use crate::common::lab::{BackEnd, IPTABLES_FIREWALL, Lab, Place, iptables_names};
use crate::common::mutate;
use crate::common::namespace::Namespace;
use crate::common::oracle::{Oracle, Random, Selected, Tcp, dotted, probes};
use crate::common::wire::Shape;
use crate::common::{
    Case, GOLDEN, Tool, assert_golden, facts, first_difference, head_commands, matrix, render, tell,
};
use twilio_sip_allow::packets::{Action, Dimension, Interval};
use twilio_sip_allow::policy::Direction;

fn assert_same(case: &str, what: &str, expected: &str, found: &str) {
    if let Some(difference) = first_difference(expected, found) {
        panic!("{case}: {what}\n{difference}");
    }
}

fn assert_allows(case: &Case, what: &str, found: &Allowed) {
    let expected = facts::expected(case, false);
    assert_same(
        &case.options(),
        what,
        &facts::lines(&expected),
        &facts::lines(found),
    );
}

/// Splits the output of a script at its `echo @@` lines.
fn sections(text: &str) -> Vec<&str> {
    text.split("@@\n").collect()
}

/// Splits a line into words. Text in single or double quotes is one word, without the quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = line.trim();
    while let Some(first) = rest.chars().next() {
        let (word, after) = if first == '"' || first == '\'' {
            rest[1..].split_once(first).expect(line)
        } else {
            rest.split_once(' ').unwrap_or((rest, ""))
        };
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    words
}

fn port_range(text: &str) -> (u16, u16) {
    let (first, last) = text.split_once(':').unwrap_or((text, text));
    (first.parse().expect(text), last.parse().expect(text))
}

/// The sets that the lines of `ipset restore` or `ipset save` create.
#[derive(Default)]
struct Sets(BTreeMap<String, Vec<Range>>);

impl Sets {
    fn after(text: &str) -> Sets {
        let mut sets = Sets::default();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.for_each(|line| sets.obey(line));
        sets
    }

    fn obey(&mut self, line: &str) {
        let words = words(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words[..] {
            [
                "create",
                name,
                "hash:net",
                "family",
                "inet",
                ref options @ ..,
            ] => {
                assert!(name.len() <= 31, "{line}");
                assert!(options.contains(&"comment"), "{line}");
                if self.0.contains_key(name) {
                    assert!(options.contains(&"-exist"), "{line}");
                } else {
                    self.0.insert(name.to_owned(), Vec::new());
                }
            }
            ["flush", name] => self.set(name).clear(),
            ["add", name, address, "comment", comment] => {
                assert!(comment.len() <= 255 && !comment.is_empty(), "{line}");
                let address = network(address);
                assert_ne!(address, (0, u32::MAX), "{line}");
                assert!(!self.set(name).contains(&address), "{line}");
                self.set(name).push(address);
            }
            ["swap", a, b] => {
                let first = self.set(a).clone();
                let second = std::mem::replace(self.set(b), first);
                *self.set(a) = second;
            }
            ["destroy", name] => {
                self.0.remove(name).expect(line);
            }
            _ => panic!("{line}"),
        }
    }

    fn set(&mut self, name: &str) -> &mut Vec<Range> {
        self.0.get_mut(name).expect(name)
    }
}

/// The packets that rules of the chains INPUT and OUTPUT (without `-A`) allow from and to any local
/// address, or `local`. Each rule uses one set.
fn allowed_by_set_rules<'a>(
    rules: impl Iterator<Item = &'a str>,
    sets: &Sets,
    local: Option<&str>,
) -> Allowed {
    let mut allowed = Allowed::new();
    for line in rules {
        let words: Vec<&str> = line.split(' ').collect();
        let (direction, side, own) = match words[0] {
            "INPUT" => ("in", "src", "-d"),
            "OUTPUT" => ("out", "dst", "-s"),
            _ => panic!("{line}"),
        };
        let mut at = 1;
        if let Some(local) = local {
            assert_eq!(words[1..3], [own, local], "{line}");
            at = 3;
        }
        let [
            "-p",
            protocol,
            "-m",
            module,
            "--dport",
            ports,
            "-m",
            "set",
            "--match-set",
            set,
            matched,
            "-j",
            "ACCEPT",
        ] = words[at..]
        else {
            panic!("{line}")
        };
        assert_eq!((protocol, matched), (module, side), "{line}");
        let key = Key {
            direction,
            protocol: protocol.to_owned(),
            source_ports: ANY_PORT,
            destination_ports: port_range(ports),
            established: false,
        };
        allowed.entry(key).or_default().extend(&sets.0[set]);
    }
    allowed
}

/// The rules that the hook commands of an output add, without `-A`.
fn hooked_rules(text: &str) -> Vec<&str> {
    let hooks = text
        .lines()
        .filter_map(|line| line.strip_prefix("# hook: "));
    hooks
        .map(|hook| {
            let (check, insert) = hook.split_once(" || ").expect(hook);
            let check = check.strip_suffix(" 2>/dev/null").expect(hook);
            let rule = check.strip_prefix("iptables -C ").expect(hook);
            assert_eq!(insert.strip_prefix("iptables -I "), Some(rule), "{hook}");
            rule
        })
        .collect()
}

#[test]
fn ipset_every_selection_allows_exactly_the_published_networks() {
    for case in matrix() {
        let text = render(&format!("{} --format ipset", case.options()));
        let sets = Sets::after(&text);
        let names: Vec<&str> = sets.0.keys().map(String::as_str).collect();
        let usual = [
            "twilio-sip-media",
            "twilio-sip-media-2",
            "twilio-sip-signaling",
        ];
        assert_eq!(names, usual, "{}", case.options());
        let found = allowed_by_set_rules(hooked_rules(&text).into_iter(), &sets, None);
        facts::assert_exact(&case.options(), &facts::expected(&case, false), &found);
    }
}

#[test]
fn ipset_golden_files_are_unchanged() {
    assert_golden(GOLDEN.map(|(name, options)| (name, options, "ipset")));
}

#[test]
fn ipset_hooks_contain_local_addresses() {
    let local = "--region tokyo --local-address 192.0.2.10 --local-sip-port 5070 --format ipset";
    let text = render(local);
    let sets = Sets::after(&text);
    let found = allowed_by_set_rules(
        hooked_rules(&text).into_iter(),
        &sets,
        Some("192.0.2.10/32"),
    );
    let ports: Vec<_> = found
        .keys()
        .map(|key| (key.direction, &*key.protocol, key.destination_ports))
        .collect();
    let expected = [
        ("in", "tcp", (5061, 5061)),
        ("in", "tcp", (5070, 5070)),
        ("in", "udp", (5070, 5070)),
        ("in", "udp", (10000, 20000)),
        ("out", "tcp", (5060, 5060)),
        ("out", "tcp", (5061, 5061)),
        ("out", "udp", (5060, 5060)),
        ("out", "udp", (10000, 20000)),
    ];
    assert_eq!(ports, expected);
    let two = render("--region tokyo --local-address 192.0.2.10,198.51.100.0/24 --format ipset");
    assert_eq!(hooked_rules(&two).len(), 2 * expected.len(), "{two}");
}

/// The output of `ipset save` in sorted order and without the random hash seed.
fn saved_sets(text: &str) -> String {
    let mut lines: Vec<String> = text
        .lines()
        .map(|line| match line.split_once(" initval ") {
            Some((before, _)) => before.to_owned(),
            None => line.to_owned(),
        })
        .collect();
    lines.sort();
    lines.join("\n")
}

/// The rules of INPUT and OUTPUT with a set in the output of `iptables-save`, without `-A`.
fn set_rules(saved: &str) -> Vec<&str> {
    let rules = saved.lines().filter_map(|line| line.strip_prefix("-A "));
    rules
        .filter(|line| line.contains(" --match-set twilio-sip-"))
        .collect()
}

/// Other rules of a user.
const OTHERS: &str = "
iptables-restore <<'EOF'
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
EOF
ipset destroy
ipset create twilio-sip hash:net
ipset add twilio-sip 192.0.2.0/24
";

fn ipset_case(namespace: &Namespace, names: &str, folder: &Path, case: &Case) {
    let options = case.options();
    let text = render(&format!("{options} --format ipset"));
    let file = folder.join("sets");
    std::fs::write(&file, &text).unwrap();
    let load = &head_commands(&text, "load", &file)[0];
    let hooks = head_commands(&text, "hook", &file).join("\n");
    let remove = head_commands(&text, "remove", &file).join("\n");
    // It would save the rules of the namespace as those of this machine.
    let remove = remove.replace("netfilter-persistent", "not-installed");
    let printed = namespace.script(&format!(
        "{names}{OTHERS}
iptables-save -t filter; echo @@
ipset save; echo @@
{load}; ipset save; echo @@
{hooks}
{load}; {load}
{hooks}
ipset save; echo @@
iptables-save -t filter; echo @@
{remove}
ipset save; echo @@
iptables-save -t filter"
    ));
    let [
        rules_before,
        before,
        first,
        third,
        rules,
        after,
        rules_after,
    ] = sections(&printed)[..]
    else {
        panic!("{options}: {printed}");
    };
    let rule_lines = |text: &str| {
        let lines = text.lines().filter(|line| line.starts_with("-A "));
        lines.collect::<Vec<_>>().join("\n")
    };
    assert_same(
        &options,
        "removing leaves rules",
        &rule_lines(rules_before),
        &rule_lines(rules_after),
    );
    let same = |what: &str, expected: &str, found: &str| {
        assert_same(&options, what, &saved_sets(expected), &saved_sets(found));
    };
    same("the third load differs from the first", first, third);
    same("another set changed", before, after);
    let hooked = set_rules(rules);
    assert_eq!(
        hooked.len(),
        hooked_rules(&text).len(),
        "{options}: {rules}"
    );
    let found = allowed_by_set_rules(hooked.into_iter(), &kernel_sets(third), None);
    assert_allows(case, "the kernel holds something else", &found);
}

/// The sets of this program in the output of `ipset save`.
fn kernel_sets(saved: &str) -> Sets {
    let ours = saved.lines().filter(|line| line.contains(" twilio-sip-"));
    let ours: Vec<&str> = ours.collect();
    Sets::after(&ours.join("\n"))
}

fn ipset_test(test: &str, back_end: &str) {
    let tool = format!("xtables-{back_end}-multi");
    let Some(namespace) = Namespace::new(test, &["ipset", &tool]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let names = iptables_names(folder.path(), back_end);
    for case in matrix() {
        ipset_case(&namespace, &names, folder.path(), &case);
    }
}

#[test]
fn ipset_accepts_every_selection_for_iptables_nft() {
    ipset_test("ipset_accepts_every_selection_for_iptables_nft", "nft");
}

#[test]
fn ipset_accepts_every_selection_for_iptables_legacy() {
    ipset_test(
        "ipset_accepts_every_selection_for_iptables_legacy",
        "legacy",
    );
}

/// Loading a smaller selection removes networks of a larger one, although rules use the sets.
#[test]
fn ipset_load_replaces_the_previous_rules() {
    let test = "ipset_load_replaces_the_previous_rules";
    let Some(namespace) = Namespace::new(test, &["ipset", "xtables-nft-multi"]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let names = iptables_names(folder.path(), "nft");
    let wide = render("--edition regional,global --format ipset");
    let file = folder.path().join("wide");
    std::fs::write(&file, &wide).unwrap();
    let hooks = head_commands(&wide, "hook", &file).join("\n");
    namespace.script(&format!(
        "{names}\nipset restore -file {}\n{hooks}",
        file.display()
    ));
    for (narrow, held) in [
        (
            "--region tokyo",
            &["54.65.63.192/26", "54.65.63.192/30"][..],
        ),
        ("--region tokyo --plane media", &["54.65.63.192/26"]),
        ("--region sydney --plane signaling", &["54.252.254.64/30"]),
    ] {
        let text = render(&format!("{narrow} --format ipset"));
        std::fs::write(folder.path().join("narrow"), text).unwrap();
        let saved = namespace.script(&format!(
            "cd {}\nipset restore -file wide\nipset restore -file narrow\nipset save",
            folder.path().display()
        ));
        let sets = kernel_sets(&saved);
        let held: Vec<Range> = held.iter().map(|text| network(text)).collect();
        let mut found: Vec<Range> = sets.0.into_values().flatten().collect();
        found.sort_by_key(|range| std::cmp::Reverse(range.1));
        assert_eq!(found, held, "{narrow}: {saved}");
    }
}

#[test]
fn ipset_failed_load_keeps_the_old_sets_and_the_next_load_works() {
    let test = "ipset_failed_load_keeps_the_old_sets_and_the_next_load_works";
    let Some(namespace) = Namespace::new(test, &["ipset"]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let old = render("--region tokyo --format ipset");
    let new = render("--region sydney --format ipset");
    write("old", &old);
    write("new", &new);
    // The kernel rejects the last line that fills the set.
    let broken = new.replacen("\nswap ", "\nadd twilio-sip-media-new 0.0.0.0/0\nswap ", 1);
    write("broken", &broken);
    let printed = namespace.script(&format!(
        "cd {}
ipset restore -file old; ipset save; echo @@
if ipset restore -file broken; then echo loaded; fi; echo @@
ipset save twilio-sip-signaling; ipset save twilio-sip-media; ipset save twilio-sip-media-2; echo @@
ipset restore -file new; ipset save",
        folder.path().display()
    ));
    let [before, failed, kept, after] = sections(&printed)[..] else {
        panic!("{printed}");
    };
    assert!(failed.contains("Error in line"), "{failed}");
    assert_same(
        "broken",
        "the old sets",
        &saved_sets(before),
        &saved_sets(kept),
    );
    assert_eq!(kernel_sets(after).0, Sets::after(&new).0, "{after}");
}

#[test]
fn ipset_names_are_limited_as_in_the_kernel() {
    let longest = "a".repeat(17);
    let stderr = Tool::line(&format!("--name {longest}a --format ipset"))
        .run()
        .refused();
    let made = format!("'{longest}a-signaling-new' has 32 characters, but at most 31 are allowed");
    assert!(stderr.contains(&made), "{stderr}");
    let test = "ipset_names_are_limited_as_in_the_kernel";
    let Some(namespace) = Namespace::new(test, &["ipset"]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sets");
    for name in [longest.as_str(), "PBX_a-1", "restore"] {
        let text = render(&format!("--region tokyo --name {name} --format ipset"));
        std::fs::write(&file, text).unwrap();
        let set = format!("{}-signaling", name.to_lowercase().replace('_', "-"));
        let printed = namespace.script(&format!(
            "ipset restore -file {}; ipset test {set} 54.65.63.195; ! ipset test {set} 54.65.63.196",
            file.display()
        ));
        assert!(printed.contains(&format!("is in set {set}.")), "{printed}");
    }
}

/// The result of `check` for the sets of the kernel, in both listing forms of ipset.
#[test]
fn ipset_check_reads_the_sets_of_the_kernel() {
    let test = "ipset_check_reads_the_sets_of_the_kernel";
    let Some(namespace) = Namespace::new(test, &["ipset"]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sets");
    let listings = |commands: &str| {
        let printed = namespace.script(&format!(
            "cd {}\n{commands}\nipset save; echo @@\nipset list",
            folder.path().display()
        ));
        sections(&printed)
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let mut cases = matrix();
    cases.retain(|case| {
        case.direction == "both" && (case.region == "all" || case.region == "tokyo")
    });
    for case in cases {
        let options = format!("{} --format ipset", case.options());
        std::fs::write(&file, render(&options)).unwrap();
        let policy = policy_of_case(&case);
        for listing in listings("ipset restore -file sets") {
            assert_in_sync(&options, "ipset", &policy, &listing);
        }
        // Changed with ipset commands, and repaired with the output of --print-repair.
        let plane = if case.plane == "media" {
            "media"
        } else {
            "signaling"
        };
        let set = format!("twilio-sip-{plane}");
        let first =
            facts::published(case.edition.split(',').next().unwrap(), &case.region, plane)[0];
        let inside = dotted(first.0);
        for (change, missing, extra) in [
            (format!("ipset add {set} {inside} nomatch"), true, false),
            (format!("ipset add {set} 192.0.2.0/24"), false, true),
            (format!("ipset flush {set}"), true, false),
            (format!("ipset destroy {set}"), true, false),
        ] {
            for listing in listings(&change) {
                let drift = judge::drift("ipset", &policy, &listing).unwrap();
                let found = (!drift.missing.is_empty(), !drift.extra.is_empty());
                assert_eq!(found, (missing, extra), "{options}: {change}\n{listing}");
                std::fs::write(folder.path().join("drifted"), listing).unwrap();
            }
            let drifted = folder.path().join("drifted");
            let drifted = drifted.display();
            let ran = Tool::line(&format!("check {options} --print-repair {drifted}")).run();
            assert_eq!(ran.status, 1, "{ran}");
            std::fs::write(&file, ran.stdout).unwrap();
            for listing in listings("ipset restore -file sets") {
                assert_in_sync(&options, "ipset", &policy, &listing);
            }
        }
    }
}

/// Commands that create a random set of networks or addresses in 10.0.0.0/24.
fn random_set(random: &mut Random) -> String {
    let (kind, lengths) = match random.between(0, 3) {
        0 => ("hash:ip netmask 29", (32, 32)),
        1 => ("bitmap:ip range 10.0.0.0/24", (32, 32)),
        _ => ("hash:net comment counters", (24, 32)),
    };
    let mut commands = format!("ipset create own {kind}\n");
    for _ in 0..random.between(1, 12) {
        let network = format!(
            "10.0.0.{}/{}",
            random.between(0, 255),
            random.between(lengths.0, lengths.1)
        );
        if kind.starts_with("hash:net") {
            let options = if chance(random, 2) { " nomatch" } else { "" };
            commands +=
                &format!("ipset add own {network}{options} comment '{network} nomatch' -exist\n");
        } else {
            let address = network.strip_suffix("/32").unwrap();
            commands += &format!("ipset add own {address} -exist\n");
        }
        if chance(random, 6) {
            commands += &format!("ipset del own {} -exist\n", network.replace("/32", ""));
        }
    }
    commands
}

/// Asks `ipset test` for each address if the set contains it.
#[test]
fn ipset_check_interprets_sets_as_the_kernel_does() {
    let test = "ipset_check_interprets_sets_as_the_kernel_does";
    let Some(namespace) = Namespace::new(test, &["ipset"]) else {
        return;
    };
    let mut random = Random::new(9);
    let (mut held, mut not_held) = (0, 0);
    for _ in 0..60 {
        let commands = random_set(&mut random);
        let tests = "for n in $(seq 0 255); do echo \"test own 10.0.0.$n\"; done > $tests
while read line; do if ipset $line -q; then printf 1; else printf 0; fi; done < $tests";
        let printed = namespace.script(&format!(
            "tests=$(mktemp)\nipset destroy\n{commands}ipset save; echo @@\nipset list; echo @@\n{tests}\nrm $tests"
        ));
        let [saved, listed, tested] = sections(&printed)[..] else {
            panic!("{printed}");
        };
        for listing in [saved, listed] {
            let units = judge::units("ipset", listing, "own", &[Direction::In]).unwrap();
            let [unit] = &units[..] else {
                panic!("{units:?}")
            };
            let decides = |n: u32| {
                let address = Interval::single(u32::from_be_bytes([10, 0, 0, 0]) + n);
                let holds = |span: Interval| span.holds(address);
                let step = unit
                    .steps
                    .iter()
                    .find(|s| holds(s.packets.interval(Dimension::Remote)));
                step.is_some_and(|step| step.action == Action::Accept)
            };
            let found: String = (0..256)
                .map(|n| if decides(n) { '1' } else { '0' })
                .collect();
            assert_eq!(found, tested.trim(), "{commands}\n{listing}");
        }
        held += tested.matches('1').count();
        not_held += tested.matches('0').count();
    }
    assert!(held > 1000 && not_held > 1000, "{held} {not_held}");
}

/// The kernel decides: after loading the mutant, it contains exactly the published networks or not.
#[test]
fn ipset_check_finds_every_mutant() {
    let test = "ipset_check_finds_every_mutant";
    let Some(namespace) = Namespace::new(test, &["ipset"]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sets");
    mutate::assert_none_is_missed(
        "ipset",
        2000,
        // With few regions, most lines are commands that cannot be changed without an error.
        |selected| selected.region = "all".to_owned(),
        |mutant, selected| {
            std::fs::write(&file, mutant).unwrap();
            let (loaded, printed) = namespace.try_script(&format!(
                "ipset destroy; ipset restore -file {}; ipset save",
                file.display()
            ));
            if !loaded {
                return Err(printed);
            }
            for (set, wanted) in [
                ("signaling", published(selected, "signaling")),
                ("media", published(selected, "media")),
                ("media-2", Vec::new()),
            ] {
                let prefix = format!("add twilio-sip-{set} ");
                let entries = printed
                    .lines()
                    .filter_map(|line| line.strip_prefix(&prefix));
                let held = entries.map(|entry| network(entry.split(' ').next().unwrap()));
                if facts::united(held.collect()) != wanted {
                    return Err(printed);
                }
            }
            Ok(())
        },
    );
}

fn published(selected: &Selected, plane: &str) -> Vec<Range> {
    facts::published(selected.editions[0], &selected.region, plane)
}

/// The packets that lines of `ufw show added` allow from and to any local address, or `local`.
fn allowed_by_ufw<'a>(lines: impl Iterator<Item = &'a str>, local: &str) -> Allowed {
    let mut allowed = Allowed::new();
    for line in lines {
        let words = words(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let [
            "ufw",
            "allow",
            ends @ ..,
            "proto",
            protocol,
            "comment",
            comment,
        ] = &words[..]
        else {
            panic!("{line}")
        };
        assert!(comment.starts_with("twilio-sip: "), "{line}");
        let (direction, remote, port) = match ends {
            ["from", remote, "to", own, "port", port] if *own == local => ("in", remote, port),
            ["out", "to", remote, "port", port] if local == "any" => ("out", remote, port),
            ["out", "from", own, "to", remote, "port", port] if *own == local => {
                ("out", remote, port)
            }
            _ => panic!("{line}"),
        };
        let key = Key {
            direction,
            protocol: (*protocol).to_owned(),
            source_ports: ANY_PORT,
            destination_ports: port_range(port),
            established: false,
        };
        allowed.entry(key).or_default().push(network(remote));
    }
    allowed
}

/// The rules in an output's script.
fn ufw_rules(text: &str) -> impl Iterator<Item = &str> {
    let (_, rest) = text.split_once("<<'END'\n").expect(text);
    let (rules, _) = rest.split_once("\nEND\n").expect(text);
    rules.lines()
}

#[test]
fn ufw_every_selection_allows_exactly_the_published_networks() {
    for case in matrix() {
        let text = render(&format!("{} --format ufw", case.options()));
        let found = allowed_by_ufw(ufw_rules(&text), "any");
        facts::assert_exact(&case.options(), &facts::expected(&case, false), &found);
    }
}

#[test]
fn ufw_golden_files_are_unchanged() {
    assert_golden(GOLDEN.map(|(name, options)| (name, options, "ufw")));
}

/// The packets that a selection must allow. Local RTP ports are the only local option.
fn expected_of(selected: &Selected) -> Allowed {
    let media = facts::ports(selected.editions[0]).media;
    let allowed = facts::expected(&selected.case(), false).into_iter();
    let with_ports = |(mut key, networks): (Key, Vec<Range>)| {
        if key.direction == "in" && key.destination_ports == media {
            key.destination_ports = selected.rtp_ports.unwrap_or(media);
        }
        (key, networks)
    };
    allowed.map(with_ports).collect()
}

/// True if a strict reader finds exactly the packets that the selection must allow.
fn means_the_same(selected: &Selected, reader: impl FnOnce() -> Allowed) -> Result<(), String> {
    let found = facts::lines(&mutate::read(reader)?);
    match first_difference(&facts::lines(&expected_of(selected)), &found) {
        None => Ok(()),
        Some(difference) => Err(difference),
    }
}

#[test]
fn ufw_check_finds_every_mutant() {
    mutate::assert_none_is_missed(
        "ufw",
        2_000,
        |_| (),
        |text, selected| means_the_same(selected, || allowed_by_ufw(ufw_rules(text), "any")),
    );
}

/// The `iptables-save` output for the chains of ufw's user rules, without `-A`.
fn ufw_chains(saved: &str) -> Vec<&str> {
    let rules = saved.lines().filter_map(|line| line.strip_prefix("-A "));
    let of_users =
        |line: &&str| line.starts_with("ufw-user-input ") || line.starts_with("ufw-user-output ");
    rules.filter(of_users).collect()
}

/// The packets that rules of these chains allow from and to any local address.
fn allowed_by_ufw_chains(rules: &[&str]) -> Allowed {
    let mut allowed = Allowed::new();
    for line in rules {
        let words: Vec<&str> = line.split(' ').collect();
        let [
            chain,
            side,
            remote,
            "-p",
            protocol,
            "-m",
            module,
            option,
            ports,
            "-j",
            "ACCEPT",
        ] = words[..]
        else {
            panic!("{line}")
        };
        let direction = match (chain, side) {
            ("ufw-user-input", "-s") => "in",
            ("ufw-user-output", "-d") => "out",
            _ => panic!("{line}"),
        };
        let several = (module, option) == ("multiport", "--dports");
        assert!(
            several || (module, option) == (protocol, "--dport"),
            "{line}"
        );
        let key = Key {
            direction,
            protocol: protocol.to_owned(),
            source_ports: ANY_PORT,
            destination_ports: port_range(ports),
            established: false,
        };
        allowed.entry(key).or_default().push(network(remote));
    }
    allowed
}

const UFW_TOOLS: [&str; 3] = ["ufw", "iptables", "mount"];

/// The first lines of a script. They enable ufw with some rules of a user. The files of ufw are bind
/// mounts that no other process sees.
fn ufw_setup(folder: &Path, rules: &str) -> String {
    format!(
        "cd {}
rm -rf etc default; cp -a /etc/ufw etc; cp /etc/default/ufw default
mount --bind etc /etc/ufw
mount --bind default /etc/default/ufw
{{
ufw --force reset
ufw default deny incoming; ufw default deny outgoing
{rules}
ufw --force enable
}} >setup.log
",
        folder.display()
    )
}

/// A namespace, a folder, and the first lines of a script.
fn ufw(test: &str) -> Option<(Namespace, tempfile::TempDir, String)> {
    let namespace = Namespace::new(test, &UFW_TOOLS)?;
    let folder = tempfile::tempdir().unwrap();
    let setup = ufw_setup(
        folder.path(),
        "ufw allow 22/tcp comment 'mine'
ufw deny 5060/udp comment 'twilio-sip: mine, though it says so'
ufw allow out 53/udp comment 'twilio-sip-b: of another unit'",
    );
    Some((namespace, folder, setup))
}

fn ufw_case(namespace: &Namespace, folder: &Path, setup: &str, case: &Case) {
    let options = case.options();
    let text = render(&format!("{options} --format ufw"));
    let file = folder.join("script");
    std::fs::write(&file, &text).unwrap();
    let load = &head_commands(&text, "load", &file)[0];
    let remove = &head_commands(&text, "remove", &file)[0];
    let printed = namespace.script(&format!(
        "{setup}
ufw show added; echo @@
iptables-save -t filter; echo @@
{load}; ufw show added; echo @@
iptables-save -t filter; echo @@
{load}; sh <{file}; ufw show added; echo @@
{{ {remove}; }} >/dev/null; ufw show added; echo @@
iptables-save -t filter",
        file = file.display()
    ));
    let [
        added_before,
        before,
        added,
        loaded,
        added_again,
        removed,
        after,
    ] = sections(&printed)[..]
    else {
        panic!("{options}: {printed}");
    };
    assert_same(
        &options,
        "loading again changes something",
        added,
        added_again,
    );
    assert_same(&options, "something is left", added_before, removed);
    let (before, loaded, after) = (ufw_chains(before), ufw_chains(loaded), ufw_chains(after));
    assert_eq!(before, after, "{options}");
    let own: Vec<&str> = loaded
        .iter()
        .filter(|line| !before.contains(line))
        .copied()
        .collect();
    assert_allows(
        case,
        "the kernel holds something else",
        &allowed_by_ufw_chains(&own),
    );
    let shown = added.lines().filter(|line| !added_before.contains(line));
    assert_allows(
        case,
        "ufw shows something else",
        &allowed_by_ufw(shown, "any"),
    );
    // The rules of this program come first in each chain, so that no rule of the user overrides them.
    for chain in ["ufw-user-input ", "ufw-user-output "] {
        let of_chain: Vec<_> = loaded
            .iter()
            .filter(|line| line.starts_with(chain))
            .collect();
        let others = of_chain.iter().skip_while(|line| own.contains(line));
        assert_eq!(
            others.filter(|line| own.contains(line)).count(),
            0,
            "{of_chain:?}"
        );
    }
}

/// Only some selections, because ufw needs a third of a second per rule.
#[test]
fn ufw_adds_the_rules_once_and_lists_them() {
    let test = "ufw_adds_the_rules_once_and_lists_them";
    let Some((namespace, folder, setup)) = ufw(test) else {
        return;
    };
    for (edition, region, direction, plane) in [
        ("regional,global", "tokyo", "both", "both"),
        ("global", "all", "in", "both"),
        ("interconnect", "frankfurt", "out", "signaling"),
        ("regional-expanded", "europe", "in", "media"),
    ] {
        let case = Case {
            edition: edition.to_owned(),
            region: region.to_owned(),
            direction,
            plane,
        };
        ufw_case(&namespace, folder.path(), &setup, &case);
    }
}

/// The rules of `ufw show added` without its title.
fn shown(added: &str) -> Vec<&str> {
    added
        .lines()
        .filter(|line| line.starts_with("ufw "))
        .collect()
}

#[test]
fn ufw_load_replaces_the_previous_rules() {
    let test = "ufw_load_replaces_the_previous_rules";
    let Some((namespace, folder, setup)) = ufw(test) else {
        return;
    };
    let write = |name: &str, options: &str| {
        let text = render(&format!("{options} --format ufw"));
        std::fs::write(folder.path().join(name), &text).unwrap();
        text
    };
    write("wide", "--edition regional,global --region tokyo,sydney");
    let narrow = write("narrow", "--region tokyo --direction in");
    let local = write(
        "local",
        "--region tokyo --local-address 192.0.2.10,198.51.100.0/24",
    );
    let printed = namespace.script(&format!(
        "{setup}
ufw show added; echo @@
sh wide; sh narrow; ufw show added; echo @@
sh local; ufw show added; echo @@
ufw --force disable >setup.log; sh narrow; ufw show added"
    ));
    let [mine, narrowed, moved, disabled] = sections(&printed)[..] else {
        panic!("{printed}");
    };
    for (text, found) in [(&narrow, narrowed), (&local, moved), (&narrow, disabled)] {
        let mut expected: Vec<&str> = ufw_rules(text).chain(shown(mine)).collect();
        let mut found = shown(found);
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected, "{printed}");
    }
    let here = ufw_rules(&local).filter(|line| !line.contains("198.51.100.0/24"));
    let found = allowed_by_ufw(here, "192.0.2.10");
    assert_eq!(found.len(), 8, "{local}");
}

/// ufw identifies a rule by its addresses, ports and protocol, so it does not add a second equal rule.
#[test]
fn ufw_takes_over_an_equal_rule_of_the_user() {
    let test = "ufw_takes_over_an_equal_rule_of_the_user";
    let Some((namespace, folder, setup)) = ufw(test) else {
        return;
    };
    let options = "--region tokyo --direction in --plane signaling";
    let text = render(&format!("{options} --format ufw"));
    std::fs::write(folder.path().join("script"), &text).unwrap();
    let printed = namespace.script(&format!(
        "{setup}
ufw show added; echo @@
ufw deny from 54.65.63.192/30 to any port 5060 proto udp >setup.log
ufw allow from 54.65.63.192/30 to any port 5060 proto tcp comment 'by hand' >setup.log
sh script; ufw show added"
    ));
    let [mine, found] = sections(&printed)[..] else {
        panic!("{printed}");
    };
    let mut expected: Vec<&str> = ufw_rules(&text).chain(shown(mine)).collect();
    let mut found = shown(found);
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected, "{printed}");
}

/// If a ufw version listed rules in another form, the script could delete every rule as outdated.
#[test]
fn ufw_script_deletes_nothing_if_ufw_lists_rules_in_another_form() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("script", &render("--region tokyo --format ufw"));
    write(
        "ufw",
        "#!/bin/sh
echo \"$@\" >>\"$CALLS\"
[ \"$1\" != show ] || echo \"ufw allow from 54.65.63.192/30 to any app SIP comment 'twilio-sip: old'\"
",
    );
    let run = |path: &str| {
        let output = std::process::Command::new("sh")
            .arg(folder.path().join("script"))
            .env("PATH", format!("{path}:/usr/bin:/bin"))
            .env("CALLS", folder.path().join("calls"))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let status = std::process::Command::new("chmod")
        .arg("+x")
        .arg(folder.path().join("ufw"))
        .status();
    assert!(status.unwrap().success());
    let stderr = run(&folder.path().display().to_string());
    let message =
        "ufw does not show the rules above as added, so none of an earlier load was deleted\n";
    assert!(stderr.ends_with(message), "{stderr}");
    let calls = std::fs::read_to_string(folder.path().join("calls")).unwrap();
    assert!(
        calls.contains("prepend allow from 54.65.63.192/30"),
        "{calls}"
    );
    assert!(!calls.contains("delete"), "{calls}");
    // Nothing is deleted if ufw is not installed.
    let stderr = run("/nowhere");
    assert!(
        stderr.contains("ufw: not found") && stderr.ends_with(message),
        "{stderr}"
    );
}

/// Rules of a user in every form that ufw accepts.
const UFW_FORMS: &str = "
ufw limit ssh
ufw allow out 53/udp comment 'twilio-sip-b: of another unit'
ufw deny from 10.0.0.1/255.0.255.0
ufw reject log from 10.0.0.1/32 port 5060 to any port 80,443,8080:8090 proto tcp
ufw allow log-all proto udp from any to any
ufw allow OpenSSH
ufw allow from 1.2.3.4 app OpenSSH to any app 'WWW Full'
ufw allow to any app 'WWW Full' comment 'two words'
ufw deny in on eth0 log to any port 5061
ufw allow out on eth0 to 1.2.3.4 port sip
ufw route allow in on eth1 out on eth2
ufw route deny in on eth1 out on eth2 from 1.2.3.4 to any port 80 proto tcp comment 'r'
ufw route allow to any port 80
ufw allow from 2001:db8::/32 to any port 5060 proto udp
ufw allow from any to any proto esp
ufw deny out to any
";

/// `check` finds each change that ufw makes in its listing, and a load repairs it.
#[test]
fn ufw_check_finds_and_repairs_changes_by_ufw() {
    let test = "ufw_check_finds_and_repairs_changes_by_ufw";
    let Some((namespace, folder, setup)) = ufw(test) else {
        return;
    };
    let selection = "--edition regional --region tokyo";
    let text = render(&format!("{selection} --format ufw"));
    std::fs::write(folder.path().join("script"), text).unwrap();
    let signaling = "from 54.65.63.192/30 to any port 5060 proto udp";
    let media = "to 54.65.63.192/26 port 10000:20000 proto udp";
    let changes = [
        (
            format!("delete allow {signaling}"),
            "missing in  udp from 54.65.63.192/30 to any port 5060 (signaling udp of tokyo, edition regional)",
        ),
        (
            format!("limit {signaling} comment 'twilio-sip: tokyo'"),
            "missing in  udp from 54.65.63.192/30 to any port 5060 in state new, allowed only under some conditions",
        ),
        (
            format!("deny out {media} comment 'twilio-sip: tokyo'"),
            "missing out udp from any to 54.65.63.192/26 port 10000-20000 (media of tokyo, edition regional)",
        ),
        (
            format!(
                "delete allow out {media}; ufw allow out on eth0 {media} comment 'twilio-sip: one'"
            ),
            "missing out udp from any to 54.65.63.192/26 port 10000-20000, allowed only under some conditions",
        ),
        (
            "allow from 192.0.2.1 port 2 to any port 9 comment 'twilio-sip: old'".to_owned(),
            "extra   in  tcp, udp from 192.0.2.1 port 2 to any port 9\n",
        ),
    ];
    let steps = changes.iter().map(|(change, _)| {
        format!(
            "ufw {change} >setup.log
ufw show added >deployed; $check deployed || echo \"status $?\"
$check --print-repair deployed >repair 2>report || true
sh repair; echo @@
"
        )
    });
    let printed = namespace.script(&format!(
        "{setup}{{ {UFW_FORMS} }} >setup.log
check='{} check -q {selection} --format ufw'
ufw show added >deployed; $check deployed || echo \"status $?\"
sh script; echo @@
{}ufw show added | $check",
        env!("CARGO_BIN_EXE_twilio-sip-allow"),
        steps.collect::<String>()
    ));
    let mut reports = sections(&printed).into_iter();
    let before = reports.next().unwrap();
    let absent =
        "twilio-sip accepts nothing: no rule for outgoing packets has a comment 'twilio-sip: ...'";
    assert!(
        before.contains(absent) && before.ends_with("status 1\n"),
        "{printed}"
    );
    for ((change, part), report) in changes.iter().zip(&mut reports) {
        assert!(
            report.contains(part) && report.ends_with("status 1\n"),
            "{change}: {report}"
        );
        assert!(
            report.contains(": 1 missing") || report.contains(": 0 missing, 1 extra"),
            "{report}"
        );
    }
    assert!(
        reports.next().unwrap().starts_with("in sync: "),
        "{printed}"
    );
}

/// The value after `name="`, and the rest of the text.
fn attribute<'a>(text: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let text = text.strip_prefix(name)?.strip_prefix("=\"")?;
    text.split_once('"')
}

/// The packets that a policy file allows from and to any local address. The reader only accepts the
/// layout of this program.
fn allowed_by_policy(text: &str, direction: &'static str) -> Allowed {
    let mut allowed = Allowed::new();
    let rules = text.lines().filter(|line| line.contains("<rule"));
    for line in rules {
        let rule = line.strip_prefix("  <rule family=\"ipv4\"><").expect(line);
        let element = match direction {
            "in" => "source ",
            _ => "destination ",
        };
        let rule = rule.strip_prefix(element).expect(line);
        let (remote, rule) = attribute(rule, "address").expect(line);
        let (ports, rule) =
            attribute(rule.strip_prefix("/><port ").expect(line), "port").expect(line);
        let (protocol, rule) = attribute(rule.trim_start(), "protocol").expect(line);
        let comment = rule.strip_prefix("/><accept/></rule> <!-- ").expect(line);
        let comment = comment.strip_suffix(" -->").expect(line);
        assert!(!comment.contains("--"), "{line}");
        let key = Key {
            direction,
            protocol: protocol.to_owned(),
            source_ports: ANY_PORT,
            destination_ports: port_range(&ports.replace('-', ":")),
            established: false,
        };
        allowed.entry(key).or_default().push(network(remote));
    }
    allowed
}

/// The selections with one direction, since a policy has only one.
fn one_way() -> Vec<Case> {
    let cases = matrix().into_iter();
    cases.filter(|case| case.direction != "both").collect()
}

#[test]
fn firewalld_every_selection_allows_exactly_the_published_networks() {
    for case in one_way() {
        let text = render(&format!("{} --format firewalld", case.options()));
        let found = allowed_by_policy(&text, case.direction);
        facts::assert_exact(&case.options(), &facts::expected(&case, false), &found);
    }
}

#[test]
fn firewalld_golden_files_are_unchanged() {
    let union = "--edition regional,global --region tokyo,virginia --direction out";
    assert_golden([
        ("tokyo", "--region tokyo --direction in", "firewalld"),
        ("all", "--direction in", "firewalld"),
        ("union", union, "firewalld"),
    ]);
}

#[test]
fn firewalld_needs_a_direction_and_a_valid_name() {
    let stderr = Tool::line("--format firewalld").run().refused();
    let remedy = "render --direction in and --direction out separately";
    assert!(stderr.contains(remedy), "{stderr}");
    let name = "a".repeat(14);
    for (direction, limit) in [("out", 13), ("in", 14)] {
        let options = format!("--direction {direction} --format firewalld --name");
        let text = render(&format!("{options} {}", &name[..limit]));
        let path = format!(
            "/etc/firewalld/policies/{}-{direction}.xml\n",
            &name[..limit]
        );
        assert!(text.contains(&path), "{text}");
        let stderr = Tool::line(&format!("{options} {}a", &name[..limit]))
            .run()
            .refused();
        let made = "has 18 characters, but at most 17 are allowed";
        assert!(stderr.contains(made), "{stderr}");
    }
}

/// The same rules in the layout of this program. Spaces between attributes and comments are irrelevant
/// in XML.
fn laid_out(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let (rule, _comment) = line.split_once("<!--").unwrap_or((line, ""));
        let words: Vec<&str> = rule.split_whitespace().collect();
        format!("  {} <!-- x -->\n", words.join(" "))
    });
    lines.collect()
}

/// The same text without the host bits in networks, because firewalld ignores them.
fn masked(text: &str) -> String {
    let (first, rest) = text.split_once(" address=\"").unwrap_or((text, ""));
    let parts = rest.split(" address=\"").filter(|part| !part.is_empty());
    let mut masked = first.to_owned();
    for part in parts {
        let (address, after) = part.split_once('"').unwrap();
        let (base, bits) = address.split_once('/').unwrap_or((address, "32"));
        let hosts = u32::MAX.checked_shr(bits.parse().unwrap()).unwrap_or(0);
        let base = std::net::Ipv4Addr::from(facts::address(base) & !hosts);
        masked += &format!(" address=\"{base}/{bits}\"{after}");
    }
    masked
}

#[test]
fn firewalld_check_finds_every_mutant() {
    mutate::assert_none_is_missed(
        "firewalld",
        2_000,
        |selected| {
            if selected.direction == "both" {
                selected.direction = "in";
            }
        },
        |text, selected| {
            means_the_same(selected, || {
                allowed_by_policy(&masked(&laid_out(text)), selected.direction)
            })
        },
    );
}

/// Debian's firewalld, whose modules need the Python of the system.
fn firewalld(test: &str) -> Option<(Namespace, tempfile::TempDir)> {
    let tools = [
        "firewalld",
        "firewall-cmd",
        "firewall-offline-cmd",
        "dbus-daemon",
        "nft",
    ];
    let namespace = Namespace::new(test, &tools)?;
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("etc/policies")).unwrap();
    std::fs::copy(
        "/etc/firewalld/firewalld.conf",
        folder.path().join("etc/firewalld.conf"),
    )
    .unwrap();
    Some((namespace, folder))
}

/// The packets that rich rules of firewalld allow from and to any local address.
fn allowed_by_rich_rules<'a>(
    rules: impl Iterator<Item = &'a str>,
    direction: &'static str,
) -> Allowed {
    let mut allowed = Allowed::new();
    for line in rules {
        let side = if direction == "in" {
            "source"
        } else {
            "destination"
        };
        let start = format!("rule family=\"ipv4\" {side} ");
        let rule = line.strip_prefix(&start).expect(line);
        let (remote, rule) = attribute(rule, "address").expect(line);
        let (ports, rule) =
            attribute(rule.strip_prefix(" port ").expect(line), "port").expect(line);
        let (protocol, rule) = attribute(rule.trim_start(), "protocol").expect(line);
        assert_eq!(rule, " accept", "{line}");
        let key = Key {
            direction,
            protocol: protocol.to_owned(),
            source_ports: ANY_PORT,
            destination_ports: port_range(&ports.replace('-', ":")),
            established: false,
        };
        allowed.entry(key).or_default().push(network(remote));
    }
    allowed
}

/// Prints each policy in a folder as firewalld's own reader interprets it.
const READ_POLICIES: &str = "
import sys
from firewall.core.io.policy import policy_reader
for number in range(int(sys.argv[2])):
    policy = policy_reader(f'p{number}.xml', sys.argv[1])
    print('@@')
    print(policy.target, policy.priority, *policy.ingress_zones, *policy.egress_zones)
    for rule in policy.rules:
        print(rule)
";

#[test]
fn firewalld_reads_every_selection() {
    let test = "firewalld_reads_every_selection";
    let Some((namespace, folder)) = firewalld(test) else {
        return;
    };
    let cases = one_way();
    let policies = folder.path().join("etc/policies");
    for (number, case) in cases.iter().enumerate() {
        let text = render(&format!("{} --format firewalld", case.options()));
        std::fs::write(policies.join(format!("p{number}.xml")), text).unwrap();
    }
    let printed = namespace.script(&format!(
        "firewall-offline-cmd --system-config {0}/etc --check-config
/usr/bin/python3 - {0}/etc/policies {1} <<'EOF'{READ_POLICIES}EOF",
        folder.path().display(),
        cases.len()
    ));
    let sections = sections(&printed);
    assert_eq!(sections[0], "", "complaints");
    assert_eq!(sections.len() - 1, cases.len());
    for (case, section) in cases.iter().zip(&sections[1..]) {
        let (policy, rules) = section.split_once('\n').unwrap();
        let ends = if case.direction == "in" {
            "ANY HOST"
        } else {
            "HOST ANY"
        };
        assert_eq!(policy, format!("CONTINUE -1 {ends}"), "{}", case.options());
        let found = allowed_by_rich_rules(rules.lines(), case.direction);
        assert_allows(case, "by firewalld's reader", &found);
    }
    // The reader reports the parts that firewalld would ignore.
    let wrong = render("--region tokyo --direction in --format firewalld").replace("5061", "65536");
    std::fs::write(policies.join("wrong.xml"), wrong).unwrap();
    let (_, printed) = namespace.try_script(&format!(
        "firewall-offline-cmd --system-config {}/etc --check-config",
        folder.path().display()
    ));
    assert!(printed.contains("INVALID_PORT: 65536"), "{printed}");
}

/// The packets that the chains of two policies in `nft list ruleset` accept from and to any local
/// address.
fn allowed_by_policy_chains(ruleset: &str) -> Allowed {
    let mut allowed = Allowed::new();
    for (direction, chain, side) in [
        ("in", "filter_IN_policy_twilio-sip-in_allow", "saddr"),
        ("out", "filter_OUT_policy_twilio-sip-out_allow", "daddr"),
    ] {
        let Some((_, rest)) = ruleset.split_once(&format!("chain {chain} {{\n")) else {
            continue;
        };
        let (rules, _) = rest.split_once("\t}\n").expect(rest);
        for line in rules.lines() {
            let words: Vec<&str> = line.trim().split(' ').collect();
            let ["ip", matched, remote, protocol, "dport", ports, "accept"] = words[..] else {
                panic!("{line}")
            };
            assert_eq!(matched, side, "{line}");
            let key = Key {
                direction,
                protocol: protocol.to_owned(),
                source_ports: ANY_PORT,
                destination_ports: port_range(&ports.replace('-', ":")),
                established: false,
            };
            allowed.entry(key).or_default().push(network(remote));
        }
    }
    allowed
}

/// A D-Bus configuration without access control, because the bus has no other users.
const BUS: &str = "<busconfig>
<listen>unix:path=bus</listen>
<policy context='default'>
<allow own='*'/><allow send_destination='*' eavesdrop='true'/><allow eavesdrop='true'/>
</policy>
</busconfig>
";

/// Starts D-Bus and firewalld with the configuration in the folder, and stops both at the end.
fn daemon(folder: &Path) -> String {
    std::fs::write(folder.join("bus.conf"), BUS).unwrap();
    format!(
        "cd {0}
mount --bind etc /etc/firewalld
export DBUS_SYSTEM_BUS_ADDRESS=unix:path={0}/bus
ip link set lo up
dbus-daemon --config-file=bus.conf --nofork >bus.log 2>&1 &
bus=$!
trap 'kill $bus' EXIT
for _ in $(seq 200); do [ ! -S bus ] || break; sleep 0.1; done
firewalld --nofork --nopid --log-file log >daemon.log 2>&1 &
firewalld=$!
trap 'kill $firewalld; wait $firewalld || true; kill $bus' EXIT
for _ in $(seq 20); do ! timeout 5 firewall-cmd --state >/dev/null 2>&1 || break; sleep 0.5; done
timeout 5 firewall-cmd --state >/dev/null
",
        folder.display()
    )
}

#[test]
fn firewalld_loads_and_lists_a_policy() {
    let test = "firewalld_loads_and_lists_a_policy";
    let Some((namespace, folder)) = firewalld(test) else {
        return;
    };
    let mut loads = Vec::new();
    let case = |region: &str, direction| Case {
        edition: "regional,global".to_owned(),
        region: region.to_owned(),
        direction,
        plane: "both",
    };
    for (region, direction) in [
        ("all", "in"),
        ("all", "out"),
        ("tokyo", "in"),
        ("tokyo", "out"),
    ] {
        let text = render(&format!(
            "{} --format firewalld",
            case(region, direction).options()
        ));
        let file = folder.path().join(format!("{region}-{direction}"));
        std::fs::write(&file, &text).unwrap();
        // The head is an indented XML text.
        let head = text.replace("    ", "# ");
        assert_eq!(
            head_commands(&head, "hook", &file),
            ["firewall-cmd --reload"]
        );
        loads.push(head_commands(&head, "load", &file).remove(0));
    }
    let [all_in, all_out, tokyo_in, tokyo_out] = &loads[..] else {
        panic!("{loads:?}")
    };
    let reload = "firewall-cmd --reload >/dev/null\nnft -s list ruleset";
    let printed = namespace.script(&format!(
        "{}nft -s list ruleset; echo @@
{all_in}; {all_out}; {reload}; echo @@
{all_in}; {all_out}; {reload}; echo @@
{tokyo_in}; {tokyo_out}; {reload}; echo @@
rm etc/policies/*; {reload}; echo @@
cat log",
        daemon(folder.path())
    ));
    let [before, wide, again, narrow, after, log] = sections(&printed)[..] else {
        panic!("{printed}");
    };
    assert_same("all", "loading again changes something", wide, again);
    assert_same("none", "something is left", before, after);
    for (region, ruleset) in [("all", wide), ("tokyo", narrow)] {
        let found = allowed_by_policy_chains(ruleset);
        assert_allows(
            &case(region, "both"),
            "the kernel holds something else",
            &found,
        );
    }
    assert!(!log.contains("ERROR") && !log.contains("WARNING"), "{log}");
}

/// `check` finds each change by firewall-cmd in the file that firewalld writes, and a load repairs it.
#[test]
fn firewalld_check_finds_and_repairs_changes_by_firewall_cmd() {
    let test = "firewalld_check_finds_and_repairs_changes_by_firewall_cmd";
    let Some((namespace, folder)) = firewalld(test) else {
        return;
    };
    let policy = "etc/policies/twilio-sip-in.xml";
    let selection = "--edition regional --region tokyo --direction in";
    let text = render(&format!("{selection} --format firewalld"));
    std::fs::write(folder.path().join(policy), text).unwrap();
    let sip = "source address=54.65.63.192/30 port port=5060 protocol=udp accept";
    let missing = "missing in  udp from 54.65.63.192/30 to any port 5060";
    let changes = [
        (format!("--remove-rich-rule='rule family=ipv4 {sip}'"), missing),
        (
            "--add-rich-rule='rule priority=-5 family=ipv4 source not address=10.0.0.0/8 port port=5060 protocol=udp drop'".to_owned(),
            missing,
        ),
        (
            "--add-rich-rule='rule priority=7 protocol value=gre nflog group=3 accept limit value=3/h'".to_owned(),
            "extra   in  protocol 47 from any to any, allowed only under some conditions",
        ),
        ("--add-port=22/tcp".to_owned(), "extra   in  tcp from any to any port 22\n"),
        ("--set-target=ACCEPT".to_owned(), "extra   in  packets of IPv6\n"),
        (
            "--remove-ingress-zone=ANY >/dev/null
firewall-cmd --permanent --policy=twilio-sip-in --add-ingress-zone=work"
                .to_owned(),
            "missing in  udp from 54.65.63.192/30 to any port 5060, allowed only under some conditions",
        ),
    ];
    let steps = changes.iter().map(|(change, _)| {
        format!(
            "firewall-cmd --permanent --policy=twilio-sip-in {change} >/dev/null
$check {policy} || echo \"status $?\"
$check --print-repair {policy} >repair 2>report || true
firewall-cmd --reload >/dev/null
firewall-cmd --list-all-policies >listed; $check listed || echo \"status $?\"
install -m 644 repair {policy}; $check {policy} >report
firewall-cmd --reload >/dev/null
firewall-cmd --info-policy=twilio-sip-in | $check >report; echo @@
"
        )
    });
    let steps: String = steps.collect();
    let printed = namespace.script(&format!(
        "{}check='{} check -q {selection} --format firewalld'
# Written anew, and the same.
firewall-cmd --permanent --policy=twilio-sip-in --add-protocol=gre >/dev/null
firewall-cmd --permanent --policy=twilio-sip-in --remove-protocol=gre >/dev/null
$check {policy}; grep -c '^    <accept/>$' {policy}; echo @@
{steps}cat log",
        daemon(folder.path()),
        env!("CARGO_BIN_EXE_twilio-sip-allow"),
    ));
    let mut reports = sections(&printed).into_iter();
    let before = reports.next().unwrap();
    assert!(
        before.starts_with("in sync: ") && before.ends_with("\n4\n"),
        "{printed}"
    );
    for ((change, part), report) in changes.iter().zip(&mut reports) {
        // In the file, and in the running configuration.
        for place in ["\netc/policies/twilio-sip-in.xml\n", "\nlisted\n"] {
            let (_, found) = report.split_once(place).expect(report);
            let (found, _) = found.split_once("status 1\n").expect(report);
            assert!(found.contains(part), "{change}: {report}");
        }
    }
    let log = reports.next().unwrap();
    assert!(!log.contains("ERROR") && !log.contains("WARNING"), "{log}");
}

/// Sends the probes of a selection in both directions through a firewall that drops everything except
/// the rules that a script loads. Only packets that open a connection are sent, because each of these
/// front ends handles established connections itself.
fn assert_passes(lab: &Lab, selected: &Selected, seed: u64, firewall: &str) {
    lab.load_firewall(firewall, "");
    let oracle = Oracle::new(selected, lab.site, Tcp::Any);
    let mut random = Random::new(seed);
    let mut allowed = 0;
    for direction in ["in", "out"] {
        let mut probes = probes(selected, lab.site, direction, &mut random);
        probes.retain(|(packet, shape)| {
            let opens = packet.protocol == "udp" || packet.protocol == "tcp" && !packet.ack;
            opens && *shape == Shape::Whole
        });
        let passed = lab.passed(direction, &probes);
        for ((packet, _), passed) in probes.iter().zip(&passed) {
            let expected = oracle.allows(packet);
            assert_eq!(
                *passed,
                expected.is_some(),
                "seed {seed}: {expected:?} {packet:?}"
            );
        }
        allowed += passed.iter().filter(|passed| **passed).count();
        tell(&format!(
            "packets: {direction}: {} tried (seed {seed})",
            probes.len()
        ));
    }
    assert!(allowed > 10, "only {allowed} packets pass");
}

/// A selection with its local options, a lab, and a folder for files.
fn lab(test: &str) -> Option<(Lab, Selected, u64, tempfile::TempDir)> {
    let lab = Lab::new(test, BackEnd::IptablesNft, Place::OnPbx)?;
    let selected = Selected {
        first_host_only: true,
        sip_port: Some(5070),
        editions: vec!["regional", "global"],
        ..Selected::new("regional", "tokyo")
    };
    let seed = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    Some((lab, selected, seed, tempfile::tempdir().unwrap()))
}

#[test]
fn exactly_the_published_packets_pass_ipset() {
    let test = "exactly_the_published_packets_pass_ipset";
    if Namespace::new(test, &["ipset"]).is_none() {
        return;
    }
    let Some((lab, selected, seed, folder)) = lab(test) else {
        return;
    };
    let text = render(&format!("{} --format ipset", selected.options(lab.site)));
    let file = folder.path().join("sets");
    std::fs::write(&file, &text).unwrap();
    let load = head_commands(&text, "load", &file).remove(0);
    let hooks = head_commands(&text, "hook", &file).join("\n");
    assert_passes(
        &lab,
        &selected,
        seed,
        &format!("{IPTABLES_FIREWALL}\n{load}\n{hooks}"),
    );
}

#[test]
fn exactly_the_published_packets_pass_ufw() {
    let test = "exactly_the_published_packets_pass_ufw";
    if Namespace::new(test, &UFW_TOOLS).is_none() {
        return;
    }
    let Some((lab, selected, seed, folder)) = lab(test) else {
        return;
    };
    let text = render(&format!("{} --format ufw", selected.options(lab.site)));
    std::fs::write(folder.path().join("script"), text).unwrap();
    // Deny rules of the user do not affect the result.
    let setup = ufw_setup(
        folder.path(),
        "ufw deny 5060:5075/udp; ufw deny out 5060/udp",
    );
    assert_passes(&lab, &selected, seed, &format!("{setup}sh script"));
}

#[test]
fn exactly_the_published_packets_pass_firewalld() {
    let test = "exactly_the_published_packets_pass_firewalld";
    let Some((_, folder)) = firewalld(test) else {
        return;
    };
    let Some((lab, selected, seed, _)) = lab(test) else {
        return;
    };
    let policies = folder.path().join("etc/policies");
    for direction in ["in", "out"] {
        let one_way = Selected {
            direction,
            sip_port: selected.sip_port.filter(|_| direction == "in"),
            ..selected.clone()
        };
        let text = render(&format!("{} --format firewalld", one_way.options(lab.site)));
        std::fs::write(policies.join(format!("twilio-sip-{direction}.xml")), text).unwrap();
    }
    // A policy of the user that denies all other outbound packets, and a zone that denies inbound
    // packets.
    std::fs::write(
        policies.join("mine.xml"),
        "<policy target=\"DROP\" priority=\"10\">
<ingress-zone name=\"HOST\"/><egress-zone name=\"ANY\"/>
</policy>",
    )
    .unwrap();
    let conf = folder.path().join("etc/firewalld.conf");
    let text = std::fs::read_to_string(&conf).unwrap();
    let text = text.replace("DefaultZone=public", "DefaultZone=drop");
    let text = text.replace("CleanupOnExit=yes", "CleanupOnExit=no");
    std::fs::write(&conf, text).unwrap();
    assert_passes(&lab, &selected, seed, &daemon(folder.path()));
}
