//! Shows a list of networks, compares a list with a page, or converts a page into a list.

use std::path::Path;

use anyhow::{Result, bail};

use super::input_errors::{InputError, report_input_errors};
use super::selected::editions;
use super::standard_input::note_terminal;
use crate::cli::{DatasetVerb, DiffArgs, ImportArgs, ShowArgs};
use crate::dataset::{self, Connection, Edition, ReferenceData, Region};
use crate::input::{self, is_stdin, name_of};
use crate::limits::{Limit, Limits};
use crate::outcome::Outcome;
use crate::output::{Console, write_stdout};
use crate::page::difference::{Change, Extent, changes, missing};
use crate::page::{Heading, Page, PageError};
use crate::policy::{ALL_REGIONS, Plane};
use crate::report::Comparison;
use crate::select::{self, CURRENT, names};
use crate::terminal::{escape_hidden, json_document};

pub fn run(verb: &DatasetVerb, limits: Limits, console: Console) -> Result<Outcome> {
    match verb {
        DatasetVerb::Show(args) => show(args, limits),
        DatasetVerb::Diff(args) => diff(args, limits, console),
        DatasetVerb::Import(args) => import(args, limits, console),
    }
}

fn show(args: &ShowArgs, limits: Limits) -> Result<Outcome> {
    let reference_data = dataset::reference_data()?;
    let [edition] = &editions(args.source(), limits, &reference_data)?[..] else {
        bail!("'dataset show' prints one edition; name only one with --edition");
    };
    let text = if args.json {
        json_document(edition)?
    } else {
        dataset::to_yaml(edition)?
    };
    write_stdout(&text)?;
    Ok(Outcome::Done)
}

fn diff(args: &DiffArgs, limits: Limits, console: Console) -> Result<Outcome> {
    if is_stdin(&args.page) && args.published.reads_stdin() {
        bail!("--dataset and the page cannot both be read from stdin; use a file for one of them");
    }
    let reference_data = dataset::reference_data()?;
    let editions = if args.any_edition {
        dataset::editions()?
    } else {
        vec![edition_to_compare(args, limits, &reference_data)?]
    };
    let candidates = candidates(args, editions, &reference_data)?;
    let page = match read_page(&args.page, limits, &reference_data, console)? {
        Ok(page) => page,
        Err(errors) => return Ok(refuse_page(console, &args.page, &errors)),
    };
    let compare = |candidate| compare(args, &page, candidate, &reference_data);
    let compared: Vec<_> = match candidates.iter().map(compare).collect() {
        Ok(compared) => compared,
        Err(errors) => return Ok(refuse_page(console, &args.page, &errors)),
    };
    let Some((changes, nearest)) = compared.into_iter().min_by_key(distance) else {
        bail!("there is no edition to compare with");
    };
    let equal = if changes.is_empty() {
        Vec::new()
    } else {
        equal_editions(args, &page, &reference_data)?
    };
    let comparison = Comparison {
        page: name_of(&args.page),
        edition: &nearest.edition,
        chosen: args.any_edition,
        changes: &changes,
        equal: &equal,
        regions: reference_data.regions.len(),
        part: compared_part(args, &nearest.regions),
    };
    report(args, &comparison)
}

/// An edition that a page is compared with.
struct Candidate<'a> {
    edition: Edition,
    /// The regions that the page must list.
    regions: Vec<&'a Region>,
}

/// Returns the edition that the user named, or else the current one.
fn edition_to_compare(
    args: &DiffArgs,
    limits: Limits,
    reference_data: &ReferenceData,
) -> Result<Edition> {
    let mut editions = editions(args.published.source(CURRENT), limits, reference_data)?;
    match (editions.pop(), editions.is_empty()) {
        (Some(edition), true) => Ok(edition),
        _ => bail!("'dataset diff' compares a page with one edition; name only one with --edition"),
    }
}

/// Returns the editions, each with its selected regions.
fn candidates<'a>(
    args: &DiffArgs,
    editions: Vec<Edition>,
    reference_data: &'a ReferenceData,
) -> Result<Vec<Candidate<'a>>> {
    let candidate = |edition: Edition| {
        let names = args.published.regions();
        let regions = select::regions(names, std::slice::from_ref(&edition), reference_data)?;
        Ok(Candidate { edition, regions })
    };
    editions.into_iter().map(candidate).collect()
}

/// Compares the page with a candidate. Returns errors if the page lacks selected regions.
fn compare<'c, 'r>(
    args: &DiffArgs,
    page: &Page,
    candidate: &'c Candidate<'r>,
    reference_data: &ReferenceData,
) -> Result<(Vec<Change>, &'c Candidate<'r>), Vec<PageError>> {
    let extent = Extent {
        regions: &candidate.regions,
        planes: &args.published.planes(),
        others: args.published.regions().is_empty(),
    };
    let missing = missing(page, extent);
    if missing.is_empty() {
        let changes = changes(page, &candidate.edition, reference_data, extent);
        Ok((changes, candidate))
    } else {
        Err(missing)
    }
}

/// Returns the embedded editions that equal the page in the compared part.
fn equal_editions(
    args: &DiffArgs,
    page: &Page,
    reference_data: &ReferenceData,
) -> Result<Vec<Edition>> {
    let candidates = candidates(args, dataset::editions()?, reference_data)?;
    let is_equal = |candidate: &Candidate| {
        let compared = compare(args, page, candidate, reference_data);
        compared.is_ok_and(|(changes, _)| changes.is_empty())
    };
    let equal = candidates.into_iter().filter(is_equal);
    Ok(equal.map(|candidate| candidate.edition).collect())
}

/// A sort key: the fewest changes first. Among equals, editions in force precede superseded ones.
fn distance((changes, candidate): &(Vec<Change>, &Candidate)) -> (usize, bool) {
    (changes.len(), candidate.edition.superseded.is_some())
}

/// Describes the compared part of the page, such as `media of tokyo`. `None` if all of it was compared.
fn compared_part(args: &DiffArgs, regions: &[&Region]) -> Option<String> {
    let planes = args.published.planes();
    let names_regions = !args.published.regions().is_empty();
    if !names_regions && planes.len() == Plane::ALL.len() {
        return None;
    }
    let regions = if names_regions {
        let ids: Vec<&str> = regions.iter().map(|region| &*region.id).collect();
        ids.join(", ")
    } else {
        ALL_REGIONS.to_owned()
    };
    let planes: Vec<String> = planes.iter().map(ToString::to_string).collect();
    Some(format!("{} of {regions}", planes.join(" and ")))
}

fn report(args: &DiffArgs, comparison: &Comparison) -> Result<Outcome> {
    let text = if args.json {
        comparison.json()
    } else {
        comparison.text()
    };
    let verdict = if comparison.changes.is_empty() {
        Outcome::Done
    } else {
        Outcome::Drift
    };
    verdict.after_writing(write_stdout(&text))
}

fn import(args: &ImportArgs, limits: Limits, console: Console) -> Result<Outcome> {
    let reference_data = dataset::reference_data()?;
    let editions = dataset::editions()?;
    let regions = select::regions(&args.region, &editions, &reference_data)?;
    check_new_name(&args.name)?;
    let page = match read_page(&args.page, limits, &reference_data, console)? {
        Ok(page) => page,
        Err(errors) => return Ok(refuse_page(console, &args.page, &errors)),
    };
    let extent = Extent {
        regions: &regions,
        planes: &Plane::ALL,
        others: false,
    };
    let missing = missing(&page, extent);
    if !missing.is_empty() {
        return Ok(refuse_page(console, &args.page, &missing));
    }
    let name = escape_hidden(&name_of(&args.page));
    let connection = args
        .connection()
        .or_else(|| connection_of_nearest(&page, &editions, &reference_data, extent));
    let heading = Heading {
        name: args.name.clone(),
        title: args
            .title
            .clone()
            .unwrap_or_else(|| format!("Imported from {name}")),
        source: args.source.clone().unwrap_or_else(|| name.clone()),
        in_force_since: args.date.clone(),
        connection: connection.unwrap_or(Connection::Public),
    };
    let edition = page
        .import(heading, &regions)
        .map_err(|e| anyhow::anyhow!("{name}:{e}"))?;
    let text = dataset::to_yaml(&edition)?;
    // Ensure that --dataset accepts the output.
    dataset::parse_edition(&name, &text, &reference_data)?;
    write_stdout(&text)?;
    Ok(Outcome::Done)
}

/// Returns an error if the name has a meaning for `--edition` already.
fn check_new_name(name: &str) -> Result<()> {
    let mut reserved = [CURRENT, names::ALL]
        .into_iter()
        .chain(dataset::edition_names());
    if reserved.any(|reserved| reserved == name) {
        bail!("the name '{name}' is reserved, because --edition uses it; choose another --name");
    }
    Ok(())
}

/// Returns the connection of the edition with the fewest differences from the page.
fn connection_of_nearest(
    page: &Page,
    editions: &[Edition],
    reference_data: &ReferenceData,
    extent: Extent,
) -> Option<Connection> {
    let nearest = editions.iter().min_by_key(|edition| {
        let changes = changes(page, edition, reference_data, extent);
        (changes.len(), edition.superseded.is_some())
    });
    nearest.map(|edition| edition.connection)
}

fn read_page(
    file: &Path,
    limits: Limits,
    reference_data: &ReferenceData,
    console: Console,
) -> Result<Result<Page, Vec<PageError>>> {
    note_terminal(&[file], "the page", console);
    let text = input::text(file, limits, Limit::List)?;
    Ok(Page::read(&text, reference_data))
}

/// Reports the errors in a page.
fn refuse_page(console: Console, file: &Path, errors: &[PageError]) -> Outcome {
    let errors = errors.iter().map(|error| InputError {
        line: error.line,
        cause: error.problem.clone(),
        found: String::new(),
    });
    let outcome = report_input_errors(console, &name_of(file), errors);
    console.note(
        "the page may be incomplete, damaged or in a new layout; if its text was copied from a browser, use its \
         Markdown instead (the address of the page with .md at its end), or the HTML that the browser saves",
    );
    outcome
}
