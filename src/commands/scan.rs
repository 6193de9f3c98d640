//! Finds Twilio addresses in files and folders.

mod collected;
mod fixes;
mod walk;

use anyhow::Result;
use serde_json::json;

use self::walk::Scan;
use super::data::DataInUse;
use super::selected::{catalog, edition_notices, editions, print_notices};
use super::standard_input::note_terminal;
use crate::cli::{FindingsReport, FixMode, PublishedArgs, ScanArgs};
use crate::dataset::{Edition, ReferenceData};
use crate::input;
use crate::limits::Limits;
use crate::outcome::Outcome;
use crate::output::Console;
use crate::packets::normalized;
use crate::policy::ALL_REGIONS;
use crate::report::{Findings, Shape};
use crate::scan::{Expected, Scanner};
use crate::select::{self, CURRENT, Notice};

pub(super) fn run(
    args: &ScanArgs,
    data: &DataInUse,
    limits: Limits,
    console: Console,
) -> Result<Outcome> {
    let files = args.files()?;
    note_terminal(&files, "the text", console);
    if !args.names_files() && input::stdin_is_piped() {
        console.note("scanning the current folder; to scan standard input, use '-'");
    }
    let fails_on = args.fails_on()?;
    let reference_data = data.data.reference_data()?;
    let source = args.published.source(CURRENT);
    let selected = editions(source, &data.data, limits, reference_data)?;
    let regions = select::regions(args.published.regions(), &selected, reference_data)?;
    let regions: Vec<&str> = regions.iter().map(|region| &*region.id).collect();
    let expected = expected(&args.published, &selected, &regions, reference_data);
    let summary = json!({
        "editions": selected.iter().map(|edition| &*edition.name).collect::<Vec<_>>(),
        "regions": regions,
        "planes": args.published.planes(),
    });
    let mut notices = edition_notices(&args.published, &selected, data)?;
    let catalog = catalog(&args.published, &data.data, selected, reference_data)?;
    let scanner = Scanner::new(&catalog, expected, reference_data, limits);
    let findings = Findings {
        shape: shape(args, console),
        fails_on: &fails_on,
        list_current: args.list_current,
        expected: summary,
    };
    let scan = Scan::new(&scanner, &findings, args.fix_mode());
    for file in &files {
        scan.add(file);
    }
    let mut collected = scan.into_collected();
    if let Some(error) = collected.failed {
        return Err(error.into());
    }
    if !collected.problems.is_empty() {
        collected.problems.report(console);
        return Ok(Outcome::Failed);
    }
    if args.fix_mode() == FixMode::Fix && !collected.fixes.write(console) {
        return Ok(Outcome::Failed);
    }
    notices.extend(collected.fixes.warning().map(Notice::Warning));
    if args.fix_mode() != FixMode::Report {
        let notes = collected.fixes.notes(args.fix_mode() == FixMode::Diff);
        notices.extend(notes.into_iter().map(Notice::Note));
    }
    notices.extend(collected.binary_note().map(Notice::Note));
    let (written, counts) = collected.print(&findings);
    print_notices(&notices, console);
    let outcome = if findings.any_fails(&counts) {
        Outcome::Drift
    } else {
        Outcome::Done
    };
    outcome.after_writing(written)
}

fn shape(args: &ScanArgs, console: Console) -> Shape {
    match args.report() {
        _ if args.fix_mode() == FixMode::Diff => Shape::Diff,
        FindingsReport::Text => Shape::Text(console.colors_stdout()),
        FindingsReport::Lines => Shape::Lines(console.colors_stdout()),
        FindingsReport::Json => Shape::Json,
        FindingsReport::Sarif => Shape::Sarif,
        FindingsReport::Github => Shape::GitHub,
    }
}

/// The networks that a file with Twilio addresses must contain, by plane and region.
fn expected(
    args: &PublishedArgs,
    editions: &[Edition],
    regions: &[&str],
    reference_data: &ReferenceData,
) -> Vec<Expected> {
    let mut expected = Vec::new();
    for plane in args.planes() {
        let of = |wanted: Option<&str>| {
            let all = editions
                .iter()
                .flat_map(|edition| edition.published(reference_data));
            let own = all.filter(|(p, region, _)| *p == plane && region.map(|r| &*r.id) == wanted);
            normalized(own.map(|(_, _, network)| network.into()).collect())
        };
        let mut add = |region: &str, networks| {
            expected.push(Expected {
                plane,
                region: region.to_owned(),
                networks,
            });
        };
        for region in regions {
            add(region, of(Some(region)));
        }
        add(ALL_REGIONS, of(None));
    }
    expected
}
