//! The outputs of commands on one machine.

use crate::format::read::lines::place;
use crate::read_error::ReadError;

/// A part of an input.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    /// The place in the whole input.
    pub at: usize,
    pub text: &'a str,
}

impl Part<'_> {
    /// Returns an error of this part as an error of the whole input.
    pub fn moved(self, error: ReadError) -> ReadError {
        let at = self.at.saturating_add(error.at() as usize);
        error.moved_to(place(at))
    }
}

/// An output that the collector prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    Host,
    User,
    Nftables,
    IptablesNft,
    IptablesLegacy,
    Sets,
    Addresses,
    Routes,
    Forwarding,
}

/// The names of the sections of a capture.
const NAMES: [(Output, &str); 9] = [
    (Output::Host, "host"),
    (Output::User, "user"),
    (Output::Nftables, "nft list ruleset"),
    (Output::IptablesNft, "iptables-nft-save"),
    (Output::IptablesLegacy, "iptables-legacy-save"),
    (Output::Sets, "ipset save"),
    (Output::Addresses, "ip address"),
    (Output::Routes, "ip route"),
    (Output::Forwarding, "ip_forward"),
];

impl Output {
    pub const RULES: [Output; 3] = [
        Output::Nftables,
        Output::IptablesNft,
        Output::IptablesLegacy,
    ];

    pub fn of_name(name: &str) -> Option<Output> {
        let found = NAMES.iter().find(|(_, known)| *known == name);
        found.map(|(output, _)| *output)
    }

    pub fn name(self) -> &'static str {
        NAMES[self as usize].1
    }
}

/// The reason why an output is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gap<'a> {
    NotGiven,
    /// The machine does not have the command.
    NotInstalled,
    /// The kernel has no such tables.
    NoTables,
    Failed {
        status: u32,
        messages: &'a str,
    },
}

impl Gap<'_> {
    /// True if the machine cannot have what the output would show.
    pub fn is_empty(self) -> bool {
        match self {
            Gap::NoTables => true,
            // The messages of EPROTONOSUPPORT and EOPNOTSUPP, which mean that the kernel has no nftables.
            Gap::Failed { messages, .. } => {
                messages.contains("Protocol not supported")
                    || messages.contains("Operation not supported")
            }
            Gap::NotGiven | Gap::NotInstalled => false,
        }
    }

    /// Describes the gap as the start of a sentence.
    pub fn reason(self, output: Output) -> String {
        let command = output.name();
        match self {
            Gap::NotGiven => format!("the output of '{command}' is not in the input"),
            Gap::NotInstalled => format!("'{command}' is not installed on the machine"),
            Gap::NoTables => format!("'{command}' would show no tables"),
            Gap::Failed { status, messages } => {
                let mut lines = messages.lines().map(str::trim);
                let message = lines.find(|line| !line.is_empty());
                let message = message.map_or_else(String::new, |line| format!(": {line}"));
                format!("'{command}' failed with status {status}{message}")
            }
        }
    }
}

/// The outputs of one machine, as far as they are in the input.
#[derive(Clone, Debug)]
pub(super) struct Outputs<'a>([Result<Part<'a>, Gap<'a>>; NAMES.len()]);

impl<'a> Outputs<'a> {
    /// Creates the outputs of an input that contains none.
    pub fn none() -> Self {
        Outputs([Err(Gap::NotGiven); NAMES.len()])
    }

    pub fn get(&self, output: Output) -> Result<Part<'a>, Gap<'a>> {
        self.0[output as usize]
    }

    /// Adds an output, or the reason why it is missing. Returns false if it was already there.
    #[must_use]
    pub fn add(&mut self, output: Output, found: Result<Part<'a>, Gap<'a>>) -> bool {
        let before = std::mem::replace(&mut self.0[output as usize], found);
        matches!(before, Err(Gap::NotGiven))
    }

    /// Returns the first output of the collector that is not in the input.
    pub fn first_not_given(&self) -> Option<Output> {
        let not_given =
            |(output, _): &&(Output, _)| matches!(self.get(*output), Err(Gap::NotGiven));
        NAMES.iter().find(not_given).map(|(output, _)| *output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_in_the_order_of_the_outputs() {
        for (index, (output, _)) in NAMES.into_iter().enumerate() {
            assert_eq!(output as usize, index);
        }
    }
}
