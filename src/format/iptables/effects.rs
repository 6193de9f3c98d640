//! The effects of targets that change packets (iptables-extensions(8)).

use super::values::{masked_network, number, value_and_mask};
use super::words::Words;
use crate::firewall::{Change, MarkChange, RuleAction, Translation};
use crate::format::read::number::is_number;
use crate::format::read::values::{address, port_range};
use crate::packets::Interval;

/// Returns the effect of a target with these options; `None` if it has no effect on later rules.
pub(super) fn effect<'a>(target: &str, options: &'a str) -> Option<RuleAction<'a>> {
    let change = match target {
        "MARK" => mark_change(options).map_or(Change::UnknownMark, Change::Mark),
        "CONNMARK" => connection_mark(options),
        "HMARK" => Change::UnknownMark,
        "SET" if has(options, "--map-mark") => Change::UnknownMark,
        "NOTRACK" => Change::Untrack,
        "CT" if has(options, "--notrack") => Change::Untrack,
        "DNAT" | "NETMAP" | "REDIRECT" | "SNAT" | "MASQUERADE" => {
            let translation = translation(target, options);
            return Some(translation.map_or(RuleAction::Undecided, RuleAction::Translate));
        }
        _ => return None,
    };
    Some(RuleAction::Change(change))
}

/// Returns the change of a mark that one of the options of MARK specifies; `None` if there is another number of them.
fn mark_change(options: &str) -> Option<MarkChange> {
    let mut words = Words::of(options);
    let mut found = None;
    while let Some(option) = words.next().ok()? {
        let change: fn(&str) -> Option<MarkChange> = match option {
            "--set-xmark" => |text| {
                let (flipped, cleared) = value_and_mask(text)?;
                Some(MarkChange { cleared, flipped })
            },
            "--set-mark" => |text| {
                let (value, mask) = value_and_mask(text)?;
                let cleared = value | mask;
                Some(MarkChange {
                    cleared,
                    flipped: value,
                })
            },
            "--and-mark" => |text| {
                let cleared = !number(text)?;
                Some(MarkChange {
                    cleared,
                    flipped: 0,
                })
            },
            "--or-mark" => |text| {
                let bits = number(text)?;
                Some(MarkChange {
                    cleared: bits,
                    flipped: bits,
                })
            },
            "--xor-mark" => |text| {
                let flipped = number(text)?;
                Some(MarkChange {
                    cleared: 0,
                    flipped,
                })
            },
            _ => continue,
        };
        let change = change(words.next().ok()??)?;
        if found.replace(change).is_some() {
            return None;
        }
    }
    found
}

fn connection_mark(options: &str) -> Change {
    let is_shifted = has(options, "--left-shift-mark") || has(options, "--right-shift-mark");
    let mask = |name| match value(options, name).or(value(options, "--mask")) {
        Some(text) => number(text),
        None => Some(u32::MAX),
    };
    let masks = (mask("--nfmask"), mask("--ctmask"));
    let saves = has(options, "--save-mark");
    if saves == has(options, "--restore-mark") {
        let change = mark_change(options).filter(|_| !saves && !is_shifted);
        return change.map_or(Change::UnknownConnectionMark, Change::ConnectionMark);
    }
    match (saves, masks) {
        (true, (Some(taken), Some(cleared))) if !is_shifted => Change::SaveMark { cleared, taken },
        (true, _) => Change::UnknownConnectionMark,
        (false, (Some(cleared), Some(taken))) if !is_shifted => {
            Change::RestoreMark { cleared, taken }
        }
        (false, _) => Change::UnknownMark,
    }
}

/// Returns the new source or destination; `None` if the options do not show it.
fn translation(target: &str, options: &str) -> Option<Translation> {
    match target {
        "DNAT" => {
            let is_repeated = options.matches("--to-destination").count() > 1;
            let (addresses, ports) = destination(value(options, "--to-destination")?)?;
            (!is_repeated).then_some(Translation::Destination { addresses, ports })
        }
        // Each address gets the address with the same host bits. The model has no such mapping, so any address of
        // the network may be the destination. After routing, NETMAP changes the source, but no later hook decides
        // about the destination there.
        "NETMAP" => Some(Translation::Destination {
            addresses: Some(masked_network(value(options, "--to")?).ok()?),
            ports: None,
        }),
        "REDIRECT" => {
            let ports = match value(options, "--to-ports") {
                Some(text) => Some(ports(text)?),
                None => None,
            };
            Some(Translation::Redirect { ports })
        }
        _ => Some(Translation::Source),
    }
}

/// Reads `10.0.0.1`, `10.0.0.1-10.0.0.9`, `:5060`, or an address with ports, such as `10.0.0.1:5060-5070`.
fn destination(text: &str) -> Option<(Option<Interval>, Option<Interval>)> {
    let (range, after) = text
        .split_once(':')
        .map_or((text, None), |(range, after)| (range, Some(after)));
    let addresses = match range.split_once('-') {
        _ if range.is_empty() => None,
        Some((first, last)) => Some(Interval::new(address(first).ok()?, address(last).ok()?)?),
        None => Some(Interval::single(address(range).ok()?)),
    };
    let ports = match after {
        Some(text) => Some(ports(text)?),
        None => None,
    };
    Some((addresses, ports))
}

/// Reads `5060`, `5060-5070`, or `5060-5070/5000`, whose last number is the port that becomes the first one.
fn ports(text: &str) -> Option<Interval> {
    let (range, base) = text.split_once('/').unwrap_or((text, "0"));
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let ports = port_range(first, last).ok();
    ports.filter(|_| is_number(base))
}

fn has(options: &str, name: &str) -> bool {
    options.split([' ', '\t']).any(|word| word == name)
}

/// Returns the word after an option.
fn value<'a>(options: &'a str, name: &str) -> Option<&'a str> {
    let mut words = options.split([' ', '\t']).filter(|word| !word.is_empty());
    words.find(|word| *word == name)?;
    words.next()
}
