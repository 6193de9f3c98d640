//! Shows a list of networks, compares two lists, or converts a page into a list.

mod diff;
mod refusal;

use std::path::Path;

use anyhow::{Result, bail};

use super::data::{DataInUse, SignedBundle, read_bundle};
use super::selected::editions;
use super::standard_input::note_terminal;
use crate::cli::{DataOptions, DatasetVerb, ImportArgs, ShowArgs};
use crate::dataset::{self, Connection, Data, Edition, ReferenceData};
use crate::input::{self, name_of};
use crate::limits::{Limit, Limits};
use crate::outcome::Outcome;
use crate::output::{Console, write_stdout};
use crate::page::difference::{Extent, changes, missing};
use crate::page::{Heading, Page, PageError};
use crate::policy::Plane;
use crate::report::{section, table};
use crate::select::{self, CURRENT, UPCOMING, names};
use crate::terminal::{escape_hidden, json_document};
use refusal::refuse_page;

pub fn run(
    verb: &DatasetVerb,
    options: &DataOptions,
    limits: Limits,
    console: Console,
) -> Result<Outcome> {
    let data = || DataInUse::open(options, limits).map(|in_use| in_use.data);
    match verb {
        DatasetVerb::Show(args) => show(args, &data()?, limits),
        DatasetVerb::Diff(args) => diff::run(args, &data()?, limits, console),
        DatasetVerb::Import(args) => import(args, &data()?, limits, console),
        DatasetVerb::Verify(args) => verify(&args.file, options, limits),
        DatasetVerb::Bundle => bundle(&data()?),
    }
}

fn show(args: &ShowArgs, data: &Data, limits: Limits) -> Result<Outcome> {
    let reference_data = data.reference_data()?;
    let [edition] = &editions(args.source(), data, limits, reference_data)?[..] else {
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

fn bundle(data: &Data) -> Result<Outcome> {
    write_stdout(&data.bundle()?.to_yaml()?)?;
    Ok(Outcome::Done)
}

/// Verifies a bundle under the conditions of `--data`, and prints what it contains.
fn verify(file: &Path, options: &DataOptions, limits: Limits) -> Result<Outcome> {
    let SignedBundle {
        bundle,
        key,
        comment,
    } = read_bundle(file, options, limits)?;
    let rows = [
        ("key", format!("{} ({})", key.text, key.file)),
        // minisign separates the parts of its comment by tabs.
        ("comment", comment.replace('\t', ", ")),
        ("date", bundle.date.to_string()),
        ("data in the program", dataset::embedded_date()?.to_string()),
    ];
    let rows: Vec<Vec<String>> = rows
        .map(|(name, value)| vec![name.to_owned(), escape_hidden(&value)])
        .to_vec();
    let editions = bundle.editions.iter();
    let editions = editions.map(|edition| vec![edition.name.to_string(), edition.status()]);
    let text = format!(
        "the signature of {} is valid\n{}{}",
        escape_hidden(&name_of(file)),
        table(&rows),
        section("editions", &editions.collect::<Vec<_>>())
    );
    write_stdout(&text)?;
    Ok(Outcome::Done)
}

fn import(args: &ImportArgs, data: &Data, limits: Limits, console: Console) -> Result<Outcome> {
    let reference_data = data.reference_data()?;
    let editions = data.editions()?;
    let regions = select::regions(&args.region, &editions, reference_data)?;
    check_new_name(&args.name, data)?;
    let page = match read_page(&args.page, limits, reference_data, console)? {
        Ok(page) => page,
        Err(errors) => return Ok(refuse_page(console, &name_of(&args.page), &errors)),
    };
    let extent = Extent {
        regions: &regions,
        planes: &Plane::ALL,
        others: false,
    };
    let missing = missing(&page, extent);
    if !missing.is_empty() {
        return Ok(refuse_page(console, &name_of(&args.page), &missing));
    }
    let name = escape_hidden(&name_of(&args.page));
    let connection = args
        .connection()
        .or_else(|| connection_of_nearest(&page, &editions, reference_data, extent));
    let heading = Heading {
        name: args.name.clone(),
        title: args
            .title
            .clone()
            .unwrap_or_else(|| format!("Imported from {name}")),
        source: args.source.clone().unwrap_or_else(|| name.clone()),
        in_force_since: args.date.clone(),
        retrieved: args.retrieved.clone(),
        connection: connection.unwrap_or(Connection::Public),
    };
    let edition = page
        .import(heading, &regions)
        .map_err(|e| anyhow::anyhow!("{name}:{e}"))?;
    let text = dataset::to_yaml(&edition)?;
    // Ensure that --dataset accepts the output.
    dataset::parse_edition(&name, &text, reference_data)?;
    write_stdout(&text)?;
    Ok(Outcome::Done)
}

/// Returns an error if the name has a meaning for `--edition` already.
fn check_new_name(name: &str, data: &Data) -> Result<()> {
    let mut reserved = [CURRENT, UPCOMING, names::ALL]
        .into_iter()
        .chain(data.edition_names());
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
        let lists = Page::of_edition(edition, reference_data);
        let changes = changes(&lists, page, reference_data, extent);
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
