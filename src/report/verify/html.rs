//! The report of `verify` as a web page (HTML Standard). It loads nothing from elsewhere, and has no scripts.

use std::io::{self, Write};

use serde::Serialize;

use super::condition::Unknown;
use super::findings::{self, FoundExposure, FoundProblem};
use super::interface::{MachineCounts, MachineReport};
use super::picture::{Picture, pictures};
use super::text;
use super::verified::{Line, VerifiedMachine, place_of};
use super::words;
use crate::firewall::Decision;
use crate::policy::{Direction, Plane, Scope};
use crate::template;
use crate::terminal::escape_hidden;
use crate::verify::Verdict;

pub struct VerifyHtml;

/// The maximum number of problems and of exposures that the page shows for each machine.
const MAX_SHOWN: usize = 100;

const PAGE: &str = include_str!("../../../templates/verify.html.j2");
const MACHINE: &str = include_str!("../../../templates/verify_machine.html.j2");

/// The place of the machines in the page. The rest of the page is the same for every result.
const MACHINES: &str = "<!-- machines -->\n";

#[derive(Serialize)]
struct PageView {
    machines: usize,
    /// The result for several machines.
    counted: String,
    verdict: &'static str,
    scope: String,
    tool: &'static str,
}

#[derive(Serialize)]
struct SectionView {
    machine: MachineView,
}

#[derive(Serialize)]
struct MachineView {
    number: usize,
    name: String,
    verdict: &'static str,
    calls: String,
    is_exposed: bool,
    others: &'static str,
    facts: Vec<String>,
    pictures: Vec<Picture>,
    rows: Vec<Row>,
    problems: Vec<ProblemView>,
    hidden_problems: usize,
    exposures: Vec<ExposureView>,
    hidden_exposures: usize,
    notes: Vec<String>,
}

/// A row of the matrix.
#[derive(Serialize)]
struct Row {
    plane: String,
    direction: &'static str,
    service: String,
    verdict: &'static str,
    regions: String,
    problem: Option<usize>,
}

#[derive(Serialize)]
struct ProblemView {
    verdict: &'static str,
    affected: Vec<String>,
    example: String,
    path: Vec<LineView>,
    changed: Option<LineView>,
    exempt: Option<LineView>,
    conditions: Vec<LineView>,
    /// The reason why the packets are stopped, if the line does not say it.
    cause: &'static str,
    stop: Option<LineView>,
    remedy: String,
}

#[derive(Serialize)]
struct ExposureView {
    is_sip: bool,
    is_certain: bool,
    sources: String,
    ports: Vec<String>,
    /// The reason, if the line does not say it.
    reason: &'static str,
    accepted: Option<LineView>,
    changed: Option<LineView>,
    conditions: Vec<LineView>,
    remedy: String,
}

#[derive(Serialize)]
struct LineView {
    /// A note before the place, such as a hook or a condition.
    note: String,
    place: String,
    text: String,
}

impl MachineReport for VerifyHtml {
    fn head(&self, scope: &Scope, counts: &MachineCounts) -> io::Result<String> {
        let view = PageView {
            machines: counts.machines,
            counted: text::head(scope, counts).trim_end().to_owned(),
            verdict: words::verdict(counts.verdict()),
            scope: words::scope(scope),
            tool: concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")),
        };
        let head = PAGE.split(MACHINES).next().unwrap_or_default();
        rendered("verify.html.j2", head, &view)
    }

    fn machine(&self, machine: &VerifiedMachine, to: &mut dyn Write) -> io::Result<()> {
        let view = SectionView {
            machine: view(machine),
        };
        let section = rendered("verify_machine.html.j2", MACHINE, &view)?;
        to.write_all(section.as_bytes())
    }

    fn end(&self) -> String {
        PAGE.split(MACHINES).nth(1).unwrap_or_default().to_owned()
    }
}

fn rendered(name: &str, source: &str, view: &impl Serialize) -> io::Result<String> {
    template::render_html(name, source, template::value(view)).map_err(io::Error::other)
}

fn view(machine: &VerifiedMachine) -> MachineView {
    let problems = findings::problems(machine);
    let exposures = findings::exposures(machine);
    let rows = machine.calls.iter().flat_map(|call| {
        let groups = call.groups.iter();
        groups.map(|group| Row {
            plane: call.plane.to_string(),
            direction: match call.direction {
                Direction::In => "from Twilio",
                Direction::Out => "to Twilio",
            },
            service: words::service(call),
            verdict: words::verdict(group.verdict),
            regions: words::regions(call, group),
            problem: problems.index_of(group).map(|index| index + 1),
        })
    });
    let shown = problems.found.iter().take(MAX_SHOWN);
    let shown_exposures = exposures.iter().take(MAX_SHOWN);
    MachineView {
        number: machine.number,
        name: words::name(&machine.name),
        verdict: words::verdict(machine.verdict()),
        calls: words::calls(machine),
        is_exposed: machine.sip_exposures().next().is_some(),
        others: words::others(machine),
        facts: facts(machine),
        pictures: pictures(machine, &problems),
        rows: rows.collect(),
        problems: shown.map(|found| problem_view(machine, found)).collect(),
        hidden_problems: problems.found.len().saturating_sub(MAX_SHOWN),
        exposures: shown_exposures
            .map(|found| exposure_view(machine, found))
            .collect(),
        hidden_exposures: exposures.len().saturating_sub(MAX_SHOWN),
        notes: machine
            .notes
            .iter()
            .map(|note| escape_hidden(note))
            .collect(),
    }
}

/// Returns the circumstances of the result, in words.
fn facts(machine: &VerifiedMachine) -> Vec<String> {
    let position = if machine.is_router {
        "the machine is a router in front of the PBX"
    } else {
        "the PBX runs on this machine"
    };
    let interface = match &machine.interface {
        Some(name) => format!("Twilio is reached by the interface {}", words::name(name)),
        None => "Twilio is reached by any interface but lo".to_owned(),
    };
    vec![position.to_owned(), interface]
}

fn problem_view(machine: &VerifiedMachine, found: &FoundProblem) -> ProblemView {
    let problem = found.problem;
    let at = place_of(problem.cause);
    let path = problem.path.iter().filter(|_| machine.traces);
    ProblemView {
        verdict: words::verdict(found.verdict),
        affected: found.affected(),
        example: words::packet(&problem.example, problem.stage),
        path: path
            .map(|decision| decision_view(machine, decision))
            .collect(),
        changed: problem
            .translated_by
            .map(|at| line_view("", &machine.line(at))),
        exempt: problem
            .untracked_by
            .map(|at| line_view("", &machine.line(at))),
        conditions: condition_views(machine, &problem.assumed),
        cause: words::cause(problem.cause),
        stop: at
            .filter(|_| found.shows_stop())
            .map(|at| line_view("", &machine.line(at))),
        remedy: found.remedy.clone(),
    }
}

fn exposure_view(machine: &VerifiedMachine, found: &FoundExposure) -> ExposureView {
    let exposure = found.exposure;
    let decision = exposure.decision.as_ref();
    let accepted = decision.map(|decision| decision.at);
    let accepted = accepted.filter(|at| !exposure.assumed.contains(at));
    ExposureView {
        is_sip: exposure.plane == Plane::Signaling,
        is_certain: exposure.verdict == Verdict::Passes,
        sources: words::sources(exposure),
        ports: found.ports.clone(),
        reason: match decision {
            None => "no base chain of the input gets the packets",
            Some(decision) if decision.is_policy => "no rule denies the packets",
            Some(_) => "",
        },
        accepted: accepted.map(|at| line_view("", &machine.line(at))),
        changed: exposure
            .translated_by
            .map(|at| line_view("", &machine.line(at))),
        conditions: condition_views(machine, &exposure.assumed),
        remedy: found.remedy.clone(),
    }
}

fn condition_views(machine: &VerifiedMachine, assumed: &[u32]) -> Vec<LineView> {
    let lines = assumed.iter().map(|at| machine.line(*at));
    let views = lines.map(|line| line_view(Unknown::of(&line.text).name(), &line));
    views.collect()
}

fn decision_view(machine: &VerifiedMachine, decision: &Decision) -> LineView {
    let hook = machine
        .base_chain(decision)
        .map_or("", |chain| &*chain.hook);
    line_view(&escape_hidden(hook), &machine.line(decision.at))
}

fn line_view(note: &str, line: &Line) -> LineView {
    LineView {
        note: note.to_owned(),
        place: words::place(line),
        text: escape_hidden(&line.text),
    }
}
