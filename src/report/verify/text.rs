//! The report of `verify` for people.

use std::collections::HashSet;
use std::io::{self, Write};

use super::condition::Unknown;
use super::findings::{self, FoundExposure, FoundProblem};
use super::interface::{MachineCounts, MachineReport};
use super::verified::{VerifiedMachine, place_of};
use super::words;
use crate::firewall::Decision;
use crate::policy::{Plane, Scope};
use crate::terminal::{GREEN, RED, YELLOW, clip, escape_hidden, escape_hidden_at_start, painted};
use crate::verify::{Call, Group, Stage, Verdict};

pub struct VerifyText {
    /// True if the words of the result are colored.
    pub colored: bool,
}

/// The maximum number of exposures that the report shows for each machine.
const MAX_EXPOSURES: usize = 20;

/// The maximum length of a line, in characters. Remedies are longer if they need it.
const MAX_LINE: usize = 200;

impl MachineReport for VerifyText {
    fn head(&self, scope: &Scope, counts: &MachineCounts) -> io::Result<String> {
        Ok(head(scope, counts))
    }

    fn machine(&self, machine: &VerifiedMachine, to: &mut dyn Write) -> io::Result<()> {
        writeln!(
            to,
            "{}: {}; {}",
            words::name(&escape_hidden_at_start(&machine.name)),
            self.verdict(machine.verdict(), &words::calls(machine)),
            self.others(machine)
        )?;
        self.calls(machine, to)?;
        exposures(machine, to)?;
        for note in &machine.notes {
            writeln!(to, "note: {}", escape_hidden(note))?;
        }
        Ok(())
    }

    fn separator(&self) -> &'static str {
        "\n"
    }
}

/// Returns the result for several machines on one line, and an empty line; empty for one machine.
pub(super) fn head(scope: &Scope, counts: &MachineCounts) -> String {
    let MachineCounts {
        machines,
        blocked,
        depending,
        exposed,
        ..
    } = counts;
    if *machines == 1 {
        return String::new();
    }
    let good = machines - blocked - depending;
    format!(
        "{machines} machines: calls get through on {good}, may get through on {depending}, do NOT get through on {blocked}; \
         others reach SIP on {exposed} ({})\n\n",
        words::scope(scope)
    )
}

impl VerifyText {
    /// Writes the rows of the matrix. The details of a problem follow the last row that has it.
    fn calls(&self, machine: &VerifiedMachine, to: &mut dyn Write) -> io::Result<()> {
        let problems = findings::problems(machine);
        let calls = machine.calls.iter();
        let rows = calls.flat_map(|call| call.groups.iter().map(move |group| (call, group)));
        let rows: Vec<(&Call, &Group)> = rows.collect();
        let width = rows.iter().map(|(call, _)| words::service(call).len());
        let width = width.max().unwrap_or_default();
        let mut shown = HashSet::new();
        for (number, (call, group)) in rows.iter().enumerate() {
            let way = format!("{} {}", call.plane, call.direction);
            let verdict = match group.verdict {
                Verdict::Passes => "passes ",
                Verdict::Depends => "DEPENDS",
                Verdict::Blocked => "BLOCKED",
            };
            let row = format!(
                "  {way:<13}  {:<width$}  {}  {}",
                words::service(call),
                self.verdict(group.verdict, verdict),
                words::regions(call, group)
            );
            writeln!(to, "{row}")?;
            if let (Some(passage), None, true) = (&group.passage, &group.problem, machine.traces) {
                let example = words::packet(&passage.example, Stage::First);
                detail("example", &example, to)?;
                path(machine, &passage.path, to)?;
            }
            let next = rows.get(number + 1);
            let next = next.and_then(|(_, next)| problems.index_of(next));
            let index = problems.index_of(group);
            let Some(index) = index.filter(|index| next != Some(*index)) else {
                continue;
            };
            let found = &problems.found[index];
            if shown.insert(index) {
                problem_lines(machine, found, to)?;
            } else {
                let first = found.affected.first();
                let first = first.map_or_else(String::new, |(call, _)| words::kind(call));
                detail("see", &format!("{first}, above"), to)?;
            }
        }
        Ok(())
    }

    fn verdict(&self, verdict: Verdict, text: &str) -> String {
        self.painted(
            text,
            match verdict {
                Verdict::Passes => GREEN,
                Verdict::Depends => YELLOW,
                Verdict::Blocked => RED,
            },
        )
    }

    fn others(&self, machine: &VerifiedMachine) -> String {
        let is_exposed = machine.sip_exposures().next().is_some();
        self.painted(words::others(machine), if is_exposed { RED } else { GREEN })
    }

    fn painted(&self, text: &str, color: &str) -> String {
        if self.colored {
            painted(text, color)
        } else {
            text.to_owned()
        }
    }
}

fn detail(label: &str, text: &str, to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "      {label:<8} {}", clip(text.to_owned(), MAX_LINE))
}

fn problem_lines(
    machine: &VerifiedMachine,
    found: &FoundProblem,
    to: &mut dyn Write,
) -> io::Result<()> {
    let problem = found.problem;
    detail(
        "example",
        &words::packet(&problem.example, problem.stage),
        to,
    )?;
    if machine.traces {
        path(machine, &problem.path, to)?;
    }
    if let Some(at) = problem
        .translated_by
        .filter(|at| place_of(problem.cause) != Some(*at))
    {
        detail("changed", &words::line(&machine.line(at)), to)?;
    }
    if let Some(at) = problem.untracked_by {
        detail("exempt", &words::line(&machine.line(at)), to)?;
    }
    unknown(machine, &problem.assumed, to)?;
    if found.verdict == Verdict::Blocked {
        detail("stopped", &words::stop(machine, problem), to)?;
    } else if found.shows_stop() {
        detail("or else", &words::stop(machine, problem), to)?;
    }
    writeln!(to, "      remedy   {}", found.remedy)
}

fn exposures(machine: &VerifiedMachine, to: &mut dyn Write) -> io::Result<()> {
    let found = findings::exposures(machine);
    let mut last = None;
    for found in found.iter().take(MAX_EXPOSURES) {
        let plane = found.exposure.plane;
        if last.replace(plane) != Some(plane) {
            let title = match plane {
                Plane::Signaling => "others who reach SIP:",
                Plane::Media => "others who reach RTP (this does not change the exit status):",
            };
            writeln!(to, "{title}")?;
        }
        exposure_lines(machine, found, to)?;
    }
    match found.len().saturating_sub(MAX_EXPOSURES) {
        0 => Ok(()),
        more => writeln!(to, "  {more} more not shown; use --report json to see all"),
    }
}

/// Writes the rules with unknown conditions.
fn unknown(machine: &VerifiedMachine, assumed: &[u32], to: &mut dyn Write) -> io::Result<()> {
    for at in assumed {
        let line = machine.line(*at);
        let condition = Unknown::of(&line.text).name();
        detail(
            "depends",
            &format!("on {condition}: {}", words::line(&line)),
            to,
        )?;
    }
    Ok(())
}

/// Writes the decisions of base chains.
fn path(machine: &VerifiedMachine, path: &[Decision], to: &mut dyn Write) -> io::Result<()> {
    for decision in path {
        let how = if decision.is_policy {
            "the policy accepts: "
        } else {
            ""
        };
        let hook = machine
            .base_chain(decision)
            .map_or("", |chain| &*chain.hook);
        let line = words::line(&machine.line(decision.at));
        detail("path", &format!("{}: {how}{line}", escape_hidden(hook)), to)?;
    }
    Ok(())
}

fn exposure_lines(
    machine: &VerifiedMachine,
    found: &FoundExposure,
    to: &mut dyn Write,
) -> io::Result<()> {
    let exposure = found.exposure;
    let may = if exposure.verdict == Verdict::Depends {
        "may reach"
    } else {
        "->"
    };
    let ports = found.ports.join(", ");
    writeln!(to, "  {} {may} {ports}", words::sources(exposure))?;
    if let Some(at) = exposure.translated_by {
        detail("changed", &words::line(&machine.line(at)), to)?;
    }
    let accepting = exposure.decision.as_ref().map(|decision| decision.at);
    // The list of conditions already shows an accepting rule that depends on one.
    if accepting.is_none_or(|at| !exposure.assumed.contains(&at)) {
        detail("accepted", &let_in(machine, found), to)?;
    }
    unknown(machine, &exposure.assumed, to)?;
    writeln!(to, "      remedy   {}", found.remedy)
}

/// Returns the rule that lets others in.
pub(super) fn let_in(machine: &VerifiedMachine, found: &FoundExposure) -> String {
    match &found.exposure.decision {
        None => "by default: no base chain of the input gets them".to_owned(),
        Some(decision) => {
            let line = words::line(&machine.line(decision.at));
            if decision.is_policy {
                format!("no rule denies them: {line}")
            } else {
                line
            }
        }
    }
}
