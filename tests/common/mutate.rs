//! Small edits of correct texts. `check` must report or reject each one, unless an independent reader
//! finds the same meaning in it.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use super::judge::{chance, drift, pick, policy_of};
use super::oracle::{Oracle, Random, Selected, Site, Tcp, probes};
use super::readers::{self, Clause};
use super::{EDITIONS, facts, render, tell};

/// The number of mutants of one ruleset.
const PER_RULESET: usize = 60;

pub const SITE: Site = Site {
    hosts: [0xc000_020a, 0xc000_020b],
};

fn selected(random: &mut Random) -> Selected {
    let region = pick(random, &facts::region_ids()).clone();
    let edition = *pick(random, &EDITIONS);
    let mut selected = Selected::new(edition, &region);
    if chance(random, 3) {
        selected.direction = if chance(random, 2) { "in" } else { "out" };
    }
    if chance(random, 4) && selected.direction != "out" {
        selected.rtp_ports = Some((30000, 30999));
    }
    selected
}

/// A text with one small edit, and the description of the edit.
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
            "line duplicated"
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
            lines[at] = reversed(&before);
            "verdict reversed"
        }
        6 => {
            lines[at] = with_byte(&before, random, |byte, random| {
                let bit = random.between(0, 3);
                byte ^ (1 << bit)
            });
            "bit flipped"
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
    let is_comment = line.is_empty() || line.starts_with(['#', '!', ';']);
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

/// Changes a number in the line: adds or subtracts one, doubles or halves it, or flips a bit.
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

fn reversed(line: &str) -> String {
    for (from, to) in [
        ("-j ACCEPT", "-j DROP"),
        ("then accept", "then discard"),
        ("=accept", "=drop"),
        ("<accept/>", "<drop/>"),
        (" accept", " drop"),
        ("ufw allow", "ufw deny"),
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

/// Fails if `check` reports a mutant as in sync although `means_the_same` returns false for it.
///
/// `make_renderable` removes the options that the format rejects from a selection.
pub fn assert_none_is_missed(
    format: &str,
    mutants: usize,
    make_renderable: impl Fn(&mut Selected),
    means_the_same: impl Fn(&str, &Selected) -> Result<(), String>,
) {
    let mut random = Random::new(6);
    let (mut found, mut refused, mut same) = (0, 0, 0);
    let mut missed = Vec::new();
    while found + refused + same + missed.len() < mutants {
        let mut selected = selected(&mut random);
        make_renderable(&mut selected);
        let text = render(&format!("{} --format {format}", selected.options(SITE)));
        let policy = policy_of(&selected, SITE);
        for _ in 0..PER_RULESET {
            let (mutant, what) = mutant(&text, &mut random);
            match drift(format, &policy, &mutant) {
                _ if mutant == text => {}
                Err(_) => refused += 1,
                Ok(drift) if !drift.is_none() => found += 1,
                Ok(_) => match means_the_same(&mutant, &selected) {
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
    // Most mutants of a prefix list are invalid JSON or networks with host bits.
    let one_in = if format == "aws-prefix-list" { 20 } else { 10 };
    assert!(
        found > mutants / one_in,
        "{format}: check found only {found} mutants"
    );
}

/// True if every packet of the packet tests gets the verdict that follows from the published networks.
pub fn pass_as_published(clauses: &[Clause], selected: &Selected, tcp: Tcp) -> Result<(), String> {
    let oracle = Oracle::new(selected, SITE, tcp);
    let mut random = Random::new(1);
    for direction in ["in", "out"] {
        for (packet, _) in probes(selected, SITE, direction, &mut random) {
            let passes = readers::passes(clauses, &packet).0;
            if passes != oracle.allows(&packet).is_some() {
                return Err(format!("{packet:?}: passes: {passes}"));
            }
        }
    }
    Ok(())
}

/// Runs a reader of the tests. Returns an error if the reader panics, which it does at unknown text.
pub fn read<T>(reader: impl FnOnce() -> T) -> Result<T, String> {
    thread_local! {
        static IS_READING: Cell<bool> = const { Cell::new(false) };
    }
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !IS_READING.get() {
                usual(panic);
            }
        }));
    });
    IS_READING.set(true);
    let read = catch_unwind(AssertUnwindSafe(reader));
    IS_READING.set(false);
    read.map_err(|_| "the reader does not support this text".to_owned())
}
