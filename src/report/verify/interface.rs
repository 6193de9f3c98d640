//! The interface of all reports of `verify`.

use std::io::{self, Write};

use super::verified::VerifiedMachine;
use crate::policy::Scope;
use crate::verify::Verdict;

/// The numbers of machines in a report.
#[derive(Clone, Copy, Debug, Default)]
pub struct MachineCounts {
    pub machines: usize,
    /// The machines that cause exit status 1.
    pub failing: usize,
    /// The machines with packets that never pass.
    pub blocked: usize,
    /// The machines whose packets all pass, some of them only under some conditions.
    pub depending: usize,
    /// The machines on which others reach SIP.
    pub exposed: usize,
}

impl MachineCounts {
    pub fn of(machine: &VerifiedMachine) -> Self {
        let verdict = machine.verdict();
        MachineCounts {
            machines: 1,
            failing: machine.fails().into(),
            blocked: (verdict == Verdict::Blocked).into(),
            depending: (verdict == Verdict::Depends).into(),
            exposed: machine.sip_exposures().next().is_some().into(),
        }
    }

    pub fn add(&mut self, more: MachineCounts) {
        self.machines += more.machines;
        self.failing += more.failing;
        self.blocked += more.blocked;
        self.depending += more.depending;
        self.exposed += more.exposed;
    }

    /// Returns the worst verdict of all machines.
    pub fn verdict(&self) -> Verdict {
        match (self.blocked, self.depending) {
            (0, 0) => Verdict::Passes,
            (0, _) => Verdict::Depends,
            _ => Verdict::Blocked,
        }
    }
}

/// A form of the report.
pub trait MachineReport: Sync {
    /// Returns the text before the machines.
    fn head(&self, scope: &Scope, counts: &MachineCounts) -> io::Result<String>;

    /// Writes the part of one machine. The part may be empty.
    fn machine(&self, machine: &VerifiedMachine, to: &mut dyn Write) -> io::Result<()>;

    /// Returns the text between two parts that are not empty.
    fn separator(&self) -> &'static str {
        ""
    }

    /// Returns the text after the machines.
    fn end(&self) -> String {
        String::new()
    }
}
