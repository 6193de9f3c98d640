//! The report of `verify` as SARIF, for code scanning.

use std::io::{self, Write};

use super::interface::{MachineCounts, MachineReport};
use super::messages::{self, Kind, Message};
use super::verified::VerifiedMachine;
use super::words;
use crate::policy::Scope;
use crate::report::sarif::{self, Region, SarifResult, SarifRule};

pub struct VerifySarif;

const RULES: [SarifRule; Kind::ALL.len()] = [
    SarifRule {
        id: "blocked",
        description: "Twilio packets that do not pass the firewall",
    },
    SarifRule {
        id: "depends",
        description: "Twilio packets that pass the firewall only under some conditions",
    },
    SarifRule {
        id: "exposed",
        description: "Others than Twilio who reach the ports of calls",
    },
];

impl MachineReport for VerifySarif {
    fn head(&self, _scope: &Scope, _counts: &MachineCounts) -> io::Result<String> {
        Ok(sarif::around_results(&RULES).0)
    }

    fn machine(&self, machine: &VerifiedMachine, to: &mut dyn Write) -> io::Result<()> {
        for (number, message) in messages::all(machine).iter().enumerate() {
            if number > 0 {
                to.write_all(self.separator().as_bytes())?;
            }
            to.write_all(result(machine, message).as_bytes())?;
        }
        Ok(())
    }

    fn separator(&self) -> &'static str {
        ","
    }

    fn end(&self) -> String {
        format!("\n      {}", sarif::around_results(&RULES).1)
    }
}

fn result(machine: &VerifiedMachine, message: &Message) -> String {
    let rule = RULES.iter().position(|rule| rule.id == message.kind.name());
    let result = SarifResult {
        rule: rule.unwrap_or_default(),
        level: message.level,
        message: &format!("{}: {}", words::name(&machine.name), message.text),
        file: machine.file,
        region: Region {
            line: message.line,
            ..Region::default()
        },
        fix: &[],
    };
    sarif::result(&RULES, &result)
}
