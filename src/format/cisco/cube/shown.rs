//! Output of `show ip address trusted list` (Cisco Unified CME Administrator Guide, "Toll Fraud Prevention").

use super::trusted::{MODE, Trusted};
use crate::format::cisco::session::{SEVERAL_DEVICES, Session};
use crate::format::read::lines::lines;
use crate::read_error::ReadError;

const HEADING: &str = "IP Address Trusted Authentication";

const EXPECTED: &str = "expected the complete output of 'show ip address trusted list'";

/// The heading of the list, in older and in newer versions.
const LISTS: [&str; 2] = [
    "IP Address Trusted List:",
    "Configured IP Address Trusted List:",
];

/// Words in the headings of other addresses from which the router accepts calls. They are not part of the list.
const OTHERS: [&str; 2] = ["session target", "server"];

pub(super) const MORE_THAN_ONE: &str = "the input has more than the output of 'show ip address trusted list'; provide \
                                        only this output, or only the output of 'show running-config'";

/// True if a text is the output of this command: its first line, apart from prompts, is the heading.
pub(super) fn is_shown(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim);
    let first = lines.find(|line| !line.is_empty() && !is_prompt(line));
    first.is_some_and(is_heading)
}

/// True if a line is the heading of this output.
pub(super) fn is_heading(line: &str) -> bool {
    line == HEADING
}

/// True if a line begins a configuration.
fn is_configuration(line: &str) -> bool {
    line == MODE
        || line == "Building configuration..."
        || line.starts_with("Current configuration :")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    /// Before the heading.
    Start,
    State,
    List,
    /// The addresses of phones that have registered.
    Dynamic,
    Other,
}

struct Shown<'a> {
    section: Section,
    trusted: Trusted,
    /// For the administration state and the operation state: true if it was read.
    states: [bool; 2],
    session: Session<'a>,
}

pub(super) fn read(text: &str, trusted: Trusted) -> Result<Trusted, Vec<ReadError>> {
    let mut shown = Shown {
        section: Section::Start,
        trusted,
        states: [false; 2],
        session: Session::default(),
    };
    for (at, line) in lines(text).map_err(|error| vec![error])? {
        let read = shown.line(at, line.trim());
        read.map_err(|problem| vec![ReadError::new(at, problem)])?;
    }
    if shown.states == [true; 2] {
        Ok(shown.trusted)
    } else {
        Err(vec![ReadError::new(
            0,
            format!("a state is missing; {EXPECTED}"),
        )])
    }
}

impl<'a> Shown<'a> {
    fn line(&mut self, at: u32, line: &'a str) -> Result<(), String> {
        self.session.line(line)?;
        if line.is_empty() || is_prompt(line) {
            return Ok(());
        }
        if is_configuration(line) {
            return Err(MORE_THAN_ONE.to_owned());
        }
        if is_heading(line) {
            let is_first = self.section == Section::Start;
            self.section = Section::State;
            return is_first
                .then_some(())
                .ok_or_else(|| SEVERAL_DEVICES.to_owned());
        }
        let unexpected = || format!("unexpected line; {EXPECTED}");
        if self.section == Section::Start {
            return Err(unexpected());
        }
        if line.ends_with(':') {
            return self.heading(line);
        }
        if line.starts_with("IP Address Trusted Call Block Cause:") {
            self.section = Section::Other;
            return Ok(());
        }
        match self.section {
            Section::State => self.state(at, line),
            Section::List => self.trusted.entry(at, line),
            Section::Dynamic => Ok(()),
            _ if line.starts_with("ipv4 ") || line.starts_with("ipv6 ") => Err(unexpected()),
            _ => Ok(()),
        }
    }

    fn heading(&mut self, line: &str) -> Result<(), String> {
        let lower = line.to_ascii_lowercase();
        if LISTS.contains(&line) {
            if self.trusted.exists {
                return Err("the input has the list twice; pass it once".to_owned());
            }
            self.trusted.exists = true;
            self.section = Section::List;
        } else if lower.contains("dynamic") {
            self.section = Section::Dynamic;
        } else if OTHERS.iter().any(|other| lower.contains(other)) {
            self.section = Section::Other;
        } else {
            return Err(format!("unknown heading '{line}'; {EXPECTED}"));
        }
        Ok(())
    }

    /// Reads a state. The list is in force if both are up.
    fn state(&mut self, at: u32, line: &str) -> Result<(), String> {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let state = match name {
            "Administration State" => 0,
            "Operation State" => 1,
            _ => return Err(format!("unexpected line; {EXPECTED}")),
        };
        if std::mem::replace(&mut self.states[state], true) {
            return Err(SEVERAL_DEVICES.to_owned());
        }
        match value.trim() {
            "UP" => Ok(()),
            "DOWN" => {
                self.trusted.is_off.get_or_insert(at);
                Ok(())
            }
            other => Err(format!("unknown state '{other}'; expected UP or DOWN")),
        }
    }
}

/// True for the prompt of a terminal, with or without a command.
fn is_prompt(line: &str) -> bool {
    let name = line.find(['#', '>']).map(|sign| &line[..sign]);
    let is_name = |c: char| c.is_ascii_alphanumeric() || "._-:/@".contains(c);
    name.is_some_and(|name| !name.is_empty() && name.chars().all(is_name))
}
