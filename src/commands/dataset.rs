//! The data: printed, compared with a page that Twilio published, made from one.

use std::path::Path;

use anyhow::{Result, bail};

use super::{Outcome, editions, keep_verdict, name_of, read_text};
use crate::cli::{DatasetVerb, DiffArgs, ImportArgs, ShowArgs, is_stdin};
use crate::dataset::{self, Atlas, Connection, Edition};
use crate::output::{Talk, write_stdout};
use crate::page::difference::{Change, Extent, changes, missing};
use crate::page::{Heading, Page, PageError};
use crate::policy::Plane;
use crate::report;
use crate::select;

/// As many faults of a page as are told.
const FAULTS_LIMIT: usize = 20;

const PLANES: [Plane; 2] = [Plane::Signaling, Plane::Media];

pub fn run(verb: &DatasetVerb, talk: Talk) -> Result<Outcome> {
    match verb {
        DatasetVerb::Show(args) => show(args),
        DatasetVerb::Diff(args) => diff(args, talk),
        DatasetVerb::Import(args) => import(args, talk),
    }
}

fn show(args: &ShowArgs) -> Result<Outcome> {
    let atlas = dataset::atlas()?;
    for edition in editions(args.source(), &atlas)? {
        if args.json {
            write_stdout(&format!("{}\n", serde_json::to_string_pretty(&edition)?))?;
        } else {
            write_stdout(&dataset::to_yaml(&edition)?)?;
        }
    }
    Ok(Outcome::Done)
}

fn diff(args: &DiffArgs, talk: Talk) -> Result<Outcome> {
    let atlas = dataset::atlas()?;
    if is_stdin(&args.page) && args.published.reads_stdin() {
        bail!("--dataset and the page cannot both be read from stdin; give one of them as a file");
    }
    let named = args.published.named_source();
    let candidates = match named.clone() {
        Some(source) => editions(source, &atlas)?,
        None => dataset::editions()?,
    };
    if named.is_some() && candidates.len() > 1 {
        bail!("a page is compared with one list; name one --edition");
    }
    let mut regions = Vec::new();
    for edition in &candidates {
        let of = std::slice::from_ref(edition);
        regions.push(select::regions(args.published.regions(), of, &atlas)?);
    }
    let page = match read(&args.page, &atlas)? {
        Ok(page) => page,
        Err(errors) => return Ok(refused(talk, &args.page, &errors)),
    };
    let planes = args.published.planes();
    let mut compared = Vec::new();
    for (edition, regions) in candidates.into_iter().zip(&regions) {
        let extent = Extent {
            regions,
            planes: &planes,
        };
        let missing = missing(&page, extent);
        if !missing.is_empty() {
            return Ok(refused(talk, &args.page, &missing));
        }
        compared.push((changes(&page, &edition, &atlas, extent), edition));
    }
    let Some((changes, edition)) = nearest(compared) else {
        bail!("there is no edition to compare with");
    };
    let comparison = report::Comparison {
        page: name_of(&args.page),
        edition: &edition,
        chosen: named.is_none(),
        changes: &changes,
        regions: atlas.regions.len(),
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

/// The edition that differs least; of several, one that is in force.
fn nearest(compared: Vec<(Vec<Change>, Edition)>) -> Option<(Vec<Change>, Edition)> {
    compared
        .into_iter()
        .min_by_key(|(changes, edition)| (changes.len(), edition.superseded.is_some()))
}

fn import(args: &ImportArgs, talk: Talk) -> Result<Outcome> {
    let atlas = dataset::atlas()?;
    let regions = select::regions(&args.region, &dataset::editions()?, &atlas)?;
    let page = match read(&args.page, &atlas)? {
        Ok(page) => page,
        Err(errors) => return Ok(refused(talk, &args.page, &errors)),
    };
    let extent = Extent {
        regions: &regions,
        planes: &PLANES,
    };
    let missing = missing(&page, extent);
    if !missing.is_empty() {
        return Ok(refused(talk, &args.page, &missing));
    }
    let compared = dataset::editions()?.into_iter();
    let compared = compared.map(|edition| (changes(&page, &edition, &atlas, extent), edition));
    let looks_like = nearest(compared.collect()).map(|(_, edition)| edition.connection);
    let name = name_of(&args.page);
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
    dataset::parse_edition(&name, &text, &atlas)?;
    write_stdout(&text)?;
    Ok(Outcome::Done)
}

fn read(file: &Path, atlas: &Atlas) -> Result<Result<Page, Vec<PageError>>> {
    Ok(Page::read(&read_text(file)?, atlas))
}

/// Tells what is wrong with a page.
fn refused(talk: Talk, file: &Path, errors: &[PageError]) -> Outcome {
    let name = name_of(file);
    for error in errors.iter().take(FAULTS_LIMIT) {
        let place = error
            .line
            .map_or_else(String::new, |line| format!(":{line}"));
        talk.error(&format!("{name}{place}: {}", error.problem));
    }
    if errors.len() > FAULTS_LIMIT {
        talk.error(&format!(
            "{name}: {} more such faults",
            errors.len() - FAULTS_LIMIT
        ));
    }
    Outcome::Failed
}
