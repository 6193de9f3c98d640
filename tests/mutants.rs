//! Small edits of right rulesets: each is found by `check`, or means the same to judges that share
//! nothing with it: the readers and the probes of the packet tests.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};

use common::judge::{chance, drift, pick, policy_of};
use common::lab::iptables_names;
use common::namespace::Namespace;
use common::oracle::{Oracle, Random, Selected, Site, Tcp, probes};
use common::{FORMATS, facts, readers, render, tell};

const TEST: &str = "no_mutant_is_missed_in_any_format";

/// Of each format.
const MUTANTS: usize = 2_400;

/// How many mutants are made of one ruleset.
const PER_RULESET: usize = 60;

const SITE: Site = Site {
    hosts: [0xc000_020a, 0xc000_020b],
};

fn selected(random: &mut Random) -> Selected {
    let region = pick(random, &facts::region_ids()).clone();
    let edition = *pick(random, &common::EDITIONS);
    let mut selected = Selected::new(edition, &region);
    if chance(random, 3) {
        selected.direction = if chance(random, 2) { "in" } else { "out" };
    }
    if chance(random, 4) && selected.direction != "out" {
        selected.rtp_ports = Some((30000, 30999));
    }
    selected
}

/// A text with one small edit, and what it was.
fn mutant(text: &str, random: &mut Random) -> (String, String) {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let rules: Vec<usize> = (0..lines.len()).filter(|at| is_rule(&lines[*at])).collect();
    let at = if chance(random, 8) {
        usize::try_from(random.between(0, lines.len() as u64 - 1)).unwrap()
    } else {
        *pick(random, &rules)
    };
    let before = lines[at].clone();
    let what = match random.between(0, 9) {
        0 => {
            lines.remove(at);
            "line dropped"
        }
        1 => {
            lines.insert(at, before.clone());
            "line doubled"
        }
        2 => {
            let other = *pick(random, &rules);
            lines.swap(at, other);
            "lines swapped"
        }
        3 => {
            lines[at] = with_words(&before, random, |words, random| {
                let word = random.between(0, words.len() as u64 - 1);
                words.remove(usize::try_from(word).unwrap());
            });
            "word dropped"
        }
        4 => {
            lines[at] = with_words(&before, random, |words, random| {
                let mut at = || usize::try_from(random.between(0, words.len() as u64 - 1)).unwrap();
                let (one, other) = (at(), at());
                words.swap(one, other);
            });
            "words swapped"
        }
        5 => {
            lines[at] = turned(&before);
            "verdict turned"
        }
        6 => {
            lines[at] = with_byte(&before, random, |byte, random| {
                let bit = random.between(0, 3);
                byte ^ (1 << bit)
            });
            "bit turned"
        }
        7 => {
            lines[at] = with_byte(&before, random, |_, random| {
                *pick(random, b"0123456789 ./:-\"{}")
            });
            "character changed"
        }
        _ => {
            lines[at] = with_number(&before, random);
            "number changed"
        }
    };
    let after = lines.get(at).cloned().unwrap_or_default();
    (
        lines.join("\n") + "\n",
        format!("{what}\n- {before}\n+ {after}"),
    )
}

fn is_rule(line: &str) -> bool {
    let line = line.trim_start();
    let is_comment = line.is_empty() || line.starts_with(['#', '!']);
    !is_comment && line.bytes().any(|b| b.is_ascii_digit())
}

fn with_words(
    line: &str,
    random: &mut Random,
    edit: impl Fn(&mut Vec<&str>, &mut Random),
) -> String {
    let mut words: Vec<&str> = line.split(' ').collect();
    edit(&mut words, random);
    words.join(" ")
}

fn with_byte(line: &str, random: &mut Random, edit: impl Fn(u8, &mut Random) -> u8) -> String {
    let mut bytes = line.as_bytes().to_vec();
    if let Some(last) = bytes.len().checked_sub(1) {
        let at = usize::try_from(random.between(0, last as u64)).unwrap();
        bytes[at] = edit(bytes[at], random);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One of the line's numbers up or down by one, doubled, halved, or with a bit turned.
fn with_number(line: &str, random: &mut Random) -> String {
    let bytes = line.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let starts: Vec<usize> = (0..bytes.len())
        .filter(|at| digit(*at) && (*at == 0 || !digit(at - 1)))
        .collect();
    if starts.is_empty() {
        return line.to_owned();
    }
    let start = *pick(random, &starts);
    let end = (start..=bytes.len()).find(|at| !digit(*at)).unwrap();
    let Ok(number) = line[start..end].parse::<u64>() else {
        return line.to_owned();
    };
    let changed = match random.between(0, 4) {
        0 => number + 1,
        1 => number.saturating_sub(1),
        2 => number * 2,
        3 => number / 2,
        _ => number ^ (1 << random.between(0, 15)),
    };
    format!("{}{changed}{}", &line[..start], &line[end..])
}

fn turned(line: &str) -> String {
    for (from, to) in [
        ("-j ACCEPT", "-j DROP"),
        (" accept", " drop"),
        ("pass ", "block "),
        ("permit", "deny"),
        ("\"IpPermissions\"", "\"IpPermissionsEgress\""),
    ] {
        if line.contains(from) {
            return line.replacen(from, to, 1);
        }
    }
    line.to_owned()
}

/// Judges of what `check` takes for the same.
struct Judges {
    format: &'static str,
    /// Where texts are loaded that the reader does not understand.
    namespace: Option<Namespace>,
    folder: tempfile::TempDir,
    names: String,
}

impl Judges {
    fn new(format: &'static str) -> Option<Judges> {
        let folder = tempfile::tempdir().unwrap();
        let (namespace, names) = match format {
            "nftables" => (Some(Namespace::new(TEST, &["nft"])?), String::new()),
            "iptables" => (
                Some(Namespace::new(TEST, &["nft", "xtables-nft-multi"])?),
                iptables_names(folder.path(), "nft"),
            ),
            _ => (None, String::new()),
        };
        Some(Judges {
            format,
            namespace,
            folder,
            names,
        })
    }

    /// Whether every packet of the packet tests has the verdict that the published figures give
    /// it, by the tests' own readers.
    fn means_the_same(&self, text: &str, selected: &Selected) -> Result<(), String> {
        let clauses = match self.clauses(&readable(self.format, text, selected)) {
            Ok(clauses) => clauses,
            Err(why) => self.clauses(&self.listed(text).ok_or(why)??)?,
        };
        let tcp = match self.format {
            "pf" => Tcp::Opening,
            "cisco" => Tcp::WayBack,
            _ => Tcp::Any,
        };
        let oracle = Oracle::new(selected, SITE, tcp);
        let mut random = Random::new(1);
        for direction in ["in", "out"] {
            for (packet, _) in probes(selected, SITE, direction, &mut random) {
                let passes = readers::passes(&clauses, &packet).0;
                if passes != oracle.allows(&packet).is_some() {
                    return Err(format!("{packet:?}: passes: {passes}"));
                }
            }
        }
        Ok(())
    }

    fn clauses(&self, text: &str) -> Result<Vec<readers::Clause>, String> {
        std::panic::set_hook(Box::new(|_| {}));
        let clauses = catch_unwind(AssertUnwindSafe(|| readers::clauses(self.format, text)));
        let _ = std::panic::take_hook();
        clauses.map_err(|_| "the reader does not understand it".to_owned())
    }

    /// The text as the kernel prints it back, for a format that has one.
    fn listed(&self, text: &str) -> Option<Result<String, String>> {
        let namespace = self.namespace.as_ref()?;
        let file = self.folder.path().join("mutant");
        std::fs::write(&file, text).unwrap();
        let (load, list) = match self.format {
            "nftables" => ("nft -f", "nft list ruleset"),
            _ => ("iptables-restore --noflush", "iptables-save -t filter"),
        };
        let (ok, printed) = namespace.try_script(&format!(
            "{}\nnft flush ruleset\n{load} {}\n{list}",
            self.names,
            file.display()
        ));
        Some(if !ok {
            Err(format!("it does not load: {printed}"))
        } else if self.format == "nftables" {
            Ok(readers::unit_blocks(&printed))
        } else {
            // A chain without rules need not be there.
            let lines = readers::unit_lines(&printed);
            let rules: Vec<&str> = lines.lines().filter(|l| l.starts_with("-A")).collect();
            let chains = ":TWILIO-SIP-IN - [0:0]\n:TWILIO-SIP-OUT - [0:0]";
            Ok(format!("*filter\n{chains}\n{}\nCOMMIT\n", rules.join("\n")))
        })
    }
}

/// A text as the reader takes it: that of security groups reads the direction from descriptions,
/// which `check` does not look at.
fn readable(format: &str, text: &str, selected: &Selected) -> String {
    let Ok(mut group) = serde_json::from_str::<serde_json::Value>(text) else {
        return text.to_owned();
    };
    if format != "aws-sg" {
        return text.to_owned();
    }
    for (key, permissions) in group.as_object_mut().into_iter().flatten() {
        let way = match (selected.direction, key.as_str()) {
            ("out", _) | (_, "IpPermissionsEgress") => " out, ",
            _ => " in, ",
        };
        for permission in permissions.as_array_mut().into_iter().flatten() {
            for range in permission["IpRanges"].as_array_mut().into_iter().flatten() {
                range["Description"] = way.into();
            }
        }
    }
    group.to_string()
}

fn no_mutant_is_missed(format: &'static str) {
    let Some(judges) = Judges::new(format) else {
        return;
    };
    let mut random = Random::new(6);
    let (mut found, mut refused, mut same) = (0, 0, 0);
    let mut missed = Vec::new();
    while found + refused + same + missed.len() < MUTANTS {
        let selected = selected(&mut random);
        let text = render(&format!("{} --format {format}", selected.options(SITE)));
        let policy = policy_of(&selected, SITE);
        for _ in 0..PER_RULESET {
            let (mutant, what) = mutant(&text, &mut random);
            match drift(format, &policy, &mutant) {
                _ if mutant == text => {}
                Err(_) => refused += 1,
                Ok(drift) if !drift.is_none() => found += 1,
                Ok(_) => match judges.means_the_same(&mutant, &selected) {
                    Ok(()) => same += 1,
                    Err(why) => missed.push(format!("{what}\n  {why}")),
                },
            }
        }
    }
    tell(&format!(
        "mutants: {format}: {found} found, {refused} refused, {same} mean the same, {} missed",
        missed.len()
    ));
    let count = missed.len();
    assert!(
        missed.is_empty(),
        "{format}: {count} missed, the first:\n{}",
        missed[..count.min(8)].join("\n")
    );
    assert!(found > MUTANTS / 10, "{format}: only {found} were found");
}

#[test]
fn no_mutant_is_missed_in_any_format() {
    for format in FORMATS {
        no_mutant_is_missed(format);
    }
}
