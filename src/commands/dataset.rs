//! The data: printed, compared with a page that Twilio published, made from one.

use std::path::Path;

use anyhow::{Result, bail};

use super::{Outcome, editions, keep_verdict, tell_faults};
use crate::cli::{DatasetVerb, DiffArgs, ImportArgs, ShowArgs};
use crate::dataset::{self, Connection, Edition, ReferenceData, Region};
use crate::input::{self, is_stdin, name_of};
use crate::limits::{Limit, Limits};
use crate::output::{Console, write_stdout};
use crate::page::difference::{Change, Extent, changes, missing};
use crate::page::{Heading, Page, PageError};
use crate::policy::{ALL_REGIONS, Plane};
use crate::report;
use crate::select::{self, CURRENT, names};
use crate::terminal::{escape_hidden, json_escaped};

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
        bail!("one list is printed at a time; name one --edition");
    };
    let text = if args.json {
        json_escaped(&(serde_json::to_string_pretty(edition)? + "\n")).into_owned()
    } else {
        dataset::to_yaml(edition)?
    };
    write_stdout(&text)?;
    Ok(Outcome::Done)
}

fn diff(args: &DiffArgs, limits: Limits, console: Console) -> Result<Outcome> {
    let reference_data = dataset::reference_data()?;
    if is_stdin(&args.page) && args.published.reads_stdin() {
        bail!("--dataset and the page cannot both be read from stdin; give one of them as a file");
    }
    let named = args.published.named_source();
    let candidates = match named.clone() {
        Some(source) => editions(source, limits, &reference_data)?,
        None => dataset::editions()?,
    };
    if named.is_some() && candidates.len() > 1 {
        bail!("a page is compared with one list; name one --edition");
    }
    let mut regions = Vec::new();
    for edition in &candidates {
        let of = std::slice::from_ref(edition);
        regions.push(select::regions(
            args.published.regions(),
            of,
            &reference_data,
        )?);
    }
    let page = match read(&args.page, limits, &reference_data)? {
        Ok(page) => page,
        Err(errors) => return Ok(refused(console, &args.page, &errors)),
    };
    let planes = args.published.planes();
    let mut compared = Vec::new();
    for (edition, regions) in candidates.into_iter().zip(&regions) {
        let extent = Extent {
            regions,
            planes: &planes,
            others: args.published.regions().is_empty(),
        };
        let missing = missing(&page, extent);
        if !missing.is_empty() {
            return Ok(refused(console, &args.page, &missing));
        }
        compared.push((changes(&page, &edition, &reference_data, extent), edition));
    }
    let Some((changes, edition)) = nearest(compared) else {
        bail!("there is no edition to compare with");
    };
    let comparison = report::Comparison {
        page: name_of(&args.page),
        edition: &edition,
        chosen: named.is_none(),
        changes: &changes,
        regions: reference_data.regions.len(),
        part: part(args.published.regions(), &planes, &regions),
    };
    let text = if args.json {
        comparison.json()
    } else {
        comparison.text()
    };
    let verdict = if changes.is_empty() {
        Outcome::Done
    } else {
        Outcome::Drift
    };
    keep_verdict(write_stdout(&text), verdict)
}

/// The part of the page that was compared, unless it was all of it: `media of tokyo`. What names
/// stand for is the same for every edition.
fn part(names: &[String], planes: &[Plane], regions: &[Vec<&Region>]) -> Option<String> {
    if names.is_empty() && planes.len() == Plane::ALL.len() {
        return None;
    }
    let of = match regions.first() {
        Some(named) if !names.is_empty() => {
            let ids: Vec<&str> = named.iter().map(|region| &*region.id).collect();
            ids.join(", ")
        }
        _ => ALL_REGIONS.to_owned(),
    };
    let planes: Vec<String> = planes.iter().map(ToString::to_string).collect();
    Some(format!("{} of {of}", planes.join(" and ")))
}

/// The edition that differs least; of several, one that is in force.
fn nearest(compared: Vec<(Vec<Change>, Edition)>) -> Option<(Vec<Change>, Edition)> {
    compared
        .into_iter()
        .min_by_key(|(changes, edition)| (changes.len(), edition.superseded.is_some()))
}

fn import(args: &ImportArgs, limits: Limits, console: Console) -> Result<Outcome> {
    let reference_data = dataset::reference_data()?;
    let editions = dataset::editions()?;
    let regions = select::regions(&args.region, &editions, &reference_data)?;
    if [CURRENT, names::ALL]
        .into_iter()
        .chain(dataset::edition_names())
        .any(|name| name == &*args.name)
    {
        bail!(
            "'{}' is the name of what is part of this program; give another --name",
            args.name
        );
    }
    let page = match read(&args.page, limits, &reference_data)? {
        Ok(page) => page,
        Err(errors) => return Ok(refused(console, &args.page, &errors)),
    };
    let extent = Extent {
        regions: &regions,
        planes: &Plane::ALL,
        others: false,
    };
    let missing = missing(&page, extent);
    if !missing.is_empty() {
        return Ok(refused(console, &args.page, &missing));
    }
    let compared = editions
        .into_iter()
        .map(|edition| (changes(&page, &edition, &reference_data, extent), edition));
    let looks_like = nearest(compared.collect()).map(|(_, edition)| edition.connection);
    let name = escape_hidden(&name_of(&args.page));
    let heading = Heading {
        name: args.name.clone(),
        title: args
            .title
            .clone()
            .unwrap_or_else(|| format!("Imported from {name}")),
        source: args.source.clone().unwrap_or_else(|| name.clone()),
        in_force_since: args.date.clone(),
        connection: args
            .connection()
            .or(looks_like)
            .unwrap_or(Connection::Public),
    };
    let edition = page
        .import(heading, &regions)
        .map_err(|e| anyhow::anyhow!("{name}:{e}"))?;
    let text = dataset::to_yaml(&edition)?;
    // What is printed is what --dataset takes, with all its checks.
    dataset::parse_edition(&name, &text, &reference_data)?;
    write_stdout(&text)?;
    Ok(Outcome::Done)
}

fn read(
    file: &Path,
    limits: Limits,
    reference_data: &ReferenceData,
) -> Result<Result<Page, Vec<PageError>>> {
    Ok(Page::read(
        &input::text(file, limits, Limit::List)?,
        reference_data,
    ))
}

/// Tells what is wrong with a page.
fn refused(console: Console, file: &Path, errors: &[PageError]) -> Outcome {
    let name = name_of(file);
    let faults = errors.iter().map(|error| match error.line {
        Some(_) => format!("{name}:{error}"),
        None => format!("{name}: {error}"),
    });
    tell_faults(console, &faults.collect::<Vec<_>>())
}
