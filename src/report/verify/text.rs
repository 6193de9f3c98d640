//! The report of `verify` for people.

use std::io::{self, Write};

use super::interface::{MachineCounts, MachineReport};
use super::verified::{VerifiedMachine, place_of};
use super::words;
use crate::policy::{ALL_REGIONS, Scope};
use crate::terminal::{GREEN, RED, escape_hidden, painted};
use crate::verify::{Call, Exposure, Group, Problem, Stage, Verdict};

pub struct VerifyText {
    /// True if the words of the result are colored.
    pub colored: bool,
}

/// The most exposures that the report shows for each machine.
const MAX_EXPOSURES: usize = 20;

impl MachineReport for VerifyText {
    fn head(&self, _scope: &Scope, counts: &MachineCounts) -> String {
        let MachineCounts {
            machines,
            blocked,
            depending,
            exposed,
        } = counts;
        if *machines == 1 {
            return String::new();
        }
        let good = machines - blocked - depending;
        format!(
            "{machines} machines: calls get through on {good}, are blocked on {blocked}, depend on unknown conditions on \
             {depending}; others reach SIP on {exposed}\n\n"
        )
    }

    fn machine(&self, machine: &VerifiedMachine, to: &mut dyn Write) -> io::Result<()> {
        writeln!(to, "{}: {}", machine.name, self.summary(machine))?;
        for call in &machine.calls {
            self.call(machine, call, to)?;
        }
        exposures(machine, to)?;
        for note in &machine.notes {
            writeln!(to, "note: {}", escape_hidden(note))?;
        }
        Ok(())
    }
}

impl VerifyText {
    fn summary(&self, machine: &VerifiedMachine) -> String {
        let (blocked, depends) = (
            machine.count(Verdict::Blocked),
            machine.count(Verdict::Depends),
        );
        let calls = match (blocked, depends) {
            (0, 0) => self.good("calls get through"),
            (0, _) => format!(
                "{}: {depends} depend on unknown conditions",
                self.bad("calls may get through")
            ),
            (_, 0) => format!(
                "{}: {blocked} blocked",
                self.bad("calls do NOT get through")
            ),
            _ => format!(
                "{}: {blocked} blocked, {depends} depend on unknown conditions",
                self.bad("calls do NOT get through")
            ),
        };
        let exposed = machine.sip_exposures().next().is_some();
        let others = if exposed {
            self.bad("others reach SIP")
        } else {
            self.good("nobody else reaches SIP")
        };
        format!("{calls}; {others}")
    }

    fn call(&self, machine: &VerifiedMachine, call: &Call, to: &mut dyn Write) -> io::Result<()> {
        for group in &call.groups {
            let verdict = self.verdict(group.verdict);
            let regions = regions(call, group);
            writeln!(to, "  {:<34} {verdict}  {regions}", words::kind(call))?;
            if let Some(problem) = &group.problem {
                problem_lines(machine, call, problem, group.verdict, to)?;
            }
        }
        Ok(())
    }

    fn verdict(&self, verdict: Verdict) -> String {
        match verdict {
            Verdict::Passes => self.good("passes "),
            Verdict::Depends => self.bad("DEPENDS"),
            Verdict::Blocked => self.bad("BLOCKED"),
        }
    }

    fn painted(&self, words: &str, color: &str) -> String {
        if self.colored {
            painted(words, color)
        } else {
            words.to_owned()
        }
    }

    fn good(&self, words: &str) -> String {
        self.painted(words, GREEN)
    }

    fn bad(&self, words: &str) -> String {
        self.painted(words, RED)
    }
}

/// Returns the regions of a group, or their number if there are no others.
fn regions(call: &Call, group: &Group) -> String {
    let is_all = call.groups.len() == 1;
    match (&group.regions[..], is_all) {
        ([only], _) if **only == *ALL_REGIONS => ALL_REGIONS.to_owned(),
        (regions, true) if regions.len() > 1 => format!("all {} regions", regions.len()),
        (regions, _) => regions.join(", "),
    }
}

fn problem_lines(
    machine: &VerifiedMachine,
    call: &Call,
    problem: &Problem,
    verdict: Verdict,
    to: &mut dyn Write,
) -> io::Result<()> {
    let stage = match problem.stage {
        Stage::First => "new connection",
        Stage::Replies => "reply of an established connection",
        Stage::Later => "later packet of an established connection",
    };
    writeln!(
        to,
        "      example  {}, {stage}",
        words::packet(&problem.example)
    )?;
    if machine.traces {
        for decision in &problem.path {
            let deciding = machine.deciding(decision.at);
            let how = if decision.is_policy {
                "policy of"
            } else {
                "accepted in"
            };
            let chain = escape_hidden(&machine.chain_of(decision));
            let text = escape_hidden(&deciding.text);
            writeln!(
                to,
                "      path     {how} {chain}, line {}: {text}",
                deciding.line
            )?;
        }
    }
    let word = if verdict == Verdict::Blocked {
        "stopped "
    } else {
        "may stop"
    };
    let cause = words::cause(machine, problem);
    match place_of(problem.cause) {
        Some(at) => writeln!(to, "      {word} {cause}, {}", line(machine, at))?,
        None => writeln!(to, "      {word} {cause}")?,
    }
    for at in &problem.assumed {
        writeln!(
            to,
            "      unknown  whether this matches, {}",
            line(machine, *at)
        )?;
    }
    writeln!(to, "      remedy   {}", words::remedy(call, problem))
}

fn exposures(machine: &VerifiedMachine, to: &mut dyn Write) -> io::Result<()> {
    if machine.exposures.is_empty() {
        return Ok(());
    }
    writeln!(to, "others who reach these ports:")?;
    for exposure in machine.exposures.iter().take(MAX_EXPOSURES) {
        let may = if exposure.verdict == Verdict::Depends {
            " (may)"
        } else {
            ""
        };
        writeln!(
            to,
            "  {}{may} -> {} {}",
            words::sources(exposure),
            exposure.protocol,
            words::ports(exposure.ports)
        )?;
        write!(to, "{}", let_in(machine, exposure))?;
    }
    let hidden = machine.exposures.len().saturating_sub(MAX_EXPOSURES);
    if hidden > 0 {
        writeln!(
            to,
            "  {hidden} more not shown; use --report json to see all"
        )?;
    }
    Ok(())
}

fn let_in(machine: &VerifiedMachine, exposure: &Exposure) -> String {
    let mut lines = String::new();
    match &exposure.decision {
        Some(decision) if decision.is_policy => {
            lines += &format!(
                "      no rule denies them, policy in {}\n",
                line(machine, decision.at)
            );
        }
        Some(decision) => {
            lines += &format!("      accepted in {}\n", line(machine, decision.at));
        }
        None => lines += "      no chain of the firewall sees them\n",
    }
    if let Some(at) = exposure.translated_by {
        lines += &format!(
            "      after a change of the destination in {}\n",
            line(machine, at)
        );
    }
    for at in &exposure.assumed {
        lines += &format!(
            "      unknown whether this matches, {}\n",
            line(machine, *at)
        );
    }
    lines
}

/// Returns a line of the input with its number.
fn line(machine: &VerifiedMachine, at: u32) -> String {
    let deciding = machine.deciding(at);
    format!("line {}: {}", deciding.line, escape_hidden(&deciding.text))
}
