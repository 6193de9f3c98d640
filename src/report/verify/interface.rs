//! The interface of all reports of `verify`.

use std::io::{self, Write};

use super::verified::VerifiedMachine;
use crate::policy::Scope;
use crate::verify::Verdict;

/// The numbers of machines in a report.
#[derive(Clone, Copy, Debug, Default)]
pub struct MachineCounts {
    pub machines: usize,
    /// The machines with packets that never pass.
    pub blocked: usize,
    /// The machines whose packets all pass, some of them only under some conditions.
    pub depending: usize,
    /// The machines on which others reach SIP.
    pub exposed: usize,
}

impl MachineCounts {
    pub fn of(machine: &VerifiedMachine) -> Self {
        let blocked = machine.count(Verdict::Blocked) > 0;
        let depending = machine.count(Verdict::Depends) > 0;
        MachineCounts {
            machines: 1,
            blocked: blocked.into(),
            depending: (depending && !blocked).into(),
            exposed: machine.sip_exposures().next().is_some().into(),
        }
    }

    pub fn add(&mut self, more: MachineCounts) {
        self.machines += more.machines;
        self.blocked += more.blocked;
        self.depending += more.depending;
        self.exposed += more.exposed;
    }
}

/// A form of the report.
pub trait MachineReport: Sync {
    /// Returns the text before the machines.
    fn head(&self, scope: &Scope, counts: &MachineCounts) -> String;

    /// Writes the part of one machine.
    fn machine(&self, machine: &VerifiedMachine, to: &mut dyn Write) -> io::Result<()>;

    /// Returns the text between two machines.
    fn separator(&self) -> &'static str {
        "\n"
    }

    /// Returns the text after the machines.
    fn end(&self) -> &'static str {
        ""
    }
}
